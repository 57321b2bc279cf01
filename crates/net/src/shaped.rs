//! A layer that makes a near peer far: round-trip time and bandwidth in real time.
//!
//! Every outgoing link has a line and a thread: a frame occupies the line for its bytes, travels
//! for half the round-trip time, and is then given to the transport below. `send` never waits.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    Abort, Error, Frame, Lane, PartyId, Place, Result, Step, Transport, Wan, inbox::FRAME_CHARGE,
};

/// Most bytes in flight on one line. A line of 1 Gbit/s and 1 s holds an eighth of it.
const LINE_LIMIT: usize = 1 << 30;

/// Delays what is sent over the transport below as a wide-area network would.
///
/// Each party shapes what it sends, so a network of shaped parties has the whole round-trip time.
/// Dropping it delivers what is in flight, each frame at its time.
pub struct Shaped<T> {
    // Dropped after the lines have ended, so the transport below ends last.
    lines: Vec<Option<Line>>,
    wan: Wan,
    inner: Arc<T>,
}

struct Line {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    flying: VecDeque<(Instant, Step, Frame)>,
    bytes: usize,
    free: Instant,
    closing: bool,
    failed: Option<Error>,
}

impl<T: Transport + 'static> Shaped<T> {
    /// Shapes what goes out.
    ///
    /// # Errors
    /// `Io` if a thread cannot be started.
    pub fn new(inner: T, wan: Wan) -> Result<Self> {
        let inner = Arc::new(inner);
        let lines = (0..inner.parties())
            .map(PartyId)
            .map(|to| (to != inner.me()).then(|| Line::start(to, Arc::clone(&inner))).transpose())
            .collect::<Result<_>>()?;
        Ok(Self { lines, wan, inner })
    }

    /// The transport below.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for Shaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Shaped");
        out.field("wan", &self.wan).field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<T: Transport> Transport for Shaped<T> {
    fn me(&self) -> PartyId {
        self.inner.me()
    }

    fn parties(&self) -> u8 {
        self.inner.parties()
    }

    fn place(&self, peer: PartyId) -> Place {
        self.inner.place(peer)
    }

    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()> {
        let line = self.lines[usize::from(to.0)].as_ref();
        line.expect("a party does not send to itself").send(to, step, self.wan, frame)
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        self.inner.recv(from, step, lane)
    }

    fn abort(&self, reason: Abort) {
        // Not shaped: what has failed need not be measured.
        self.inner.abort(reason);
        self.lines.iter().flatten().for_each(|line| line.shared.lock().flying.clear());
    }
}

impl Line {
    fn start<T: Transport + 'static>(to: PartyId, inner: Arc<T>) -> Result<Self> {
        let state = State {
            flying: VecDeque::new(),
            bytes: 0,
            free: Instant::now(),
            closing: false,
            failed: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let line = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("line-{}", to.0))
            .spawn(move || {
                while let Some((step, frame)) = line.next() {
                    if let Err(error) = inner.send(to, step, frame) {
                        line.lock().failed = Some(error);
                    }
                }
            })
            .map_err(|e| Error::Io { what: "cannot start a thread", kind: e.kind() })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    fn send(&self, to: PartyId, step: Step, wan: Wan, frame: Frame) -> Result<()> {
        let mut state = self.shared.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        let charge = frame.body.len() + FRAME_CHARGE;
        if state.bytes + charge > LINE_LIMIT {
            let (what, limit) = ("frames in flight to", LINE_LIMIT);
            return Err(Error::Exhausted { peer: to, at: Place::default(), what, limit });
        }
        state.bytes += charge;
        state.free =
            state.free.max(Instant::now()) + Duration::from_nanos(wan.busy_ns(frame.wire_len()));
        let due = state.free + Duration::from_nanos(wan.latency_ns());
        state.flying.push_back((due, step, frame));
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        if std::thread::panicking() {
            state.flying.clear();
        }
        drop(state);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of it has nothing left to spoil.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next frame to be due; none when the line is closed and empty.
    fn next(&self) -> Option<(Step, Frame)> {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            state = match state.flying.front() {
                Some((due, ..)) if *due <= now => {
                    let (_, step, frame) = state.flying.pop_front()?;
                    state.bytes -= frame.body.len() + FRAME_CHARGE;
                    return Some((step, frame));
                }
                Some((due, ..)) => {
                    let left = *due - now;
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None if state.closing => return None,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory;

    const LANE: Lane = Lane(0);

    fn frame(seq: u32, len: usize) -> Frame {
        Frame { lane: LANE, seq, clock: 0, step: 0, body: vec![0; len] }
    }

    #[test]
    fn a_frame_arrives_no_earlier_than_its_time_and_send_does_not_wait() -> Result<()> {
        let wan = Wan { rtt: Duration::from_millis(400), bits_per_s: 8_000_000 };
        let mut links = memory::mesh(2);
        let (b, a) = (links.pop().expect("two"), links.pop().expect("two"));
        let a = Shaped::new(a, wan)?;
        let start = Instant::now();
        // 10 kB each at 1 MB/s: 10 ms on the line, one after the other.
        (0..3).try_for_each(|seq| a.send(PartyId(1), Step("x"), frame(seq, 9968)))?;
        assert!(start.elapsed() < Duration::from_millis(200), "send waited");
        for seq in 0..3_u32 {
            let got = b.recv(PartyId(0), Step("x"), LANE)?;
            assert_eq!(got.seq, seq);
            assert!(start.elapsed() >= Duration::from_millis(200 + 10 * (u64::from(seq) + 1)));
        }
        Ok(())
    }

    #[test]
    fn what_is_in_flight_at_the_end_arrives() -> Result<()> {
        let wan = Wan { rtt: Duration::from_millis(20), bits_per_s: 1_000_000_000 };
        let mut links = memory::mesh(2);
        let (b, a) = (links.pop().expect("two"), links.pop().expect("two"));
        let a = Shaped::new(a, wan)?;
        a.send(PartyId(1), Step("x"), frame(7, 10))?;
        drop(a);
        assert_eq!(b.recv(PartyId(0), Step("x"), LANE)?.seq, 7);
        assert!(b.recv(PartyId(0), Step("x"), LANE).is_err());
        Ok(())
    }
}
