//! Links inside one process: for tests, simulation and exact wide-area tables.
//!
//! A frame moves from sender to receiver without a copy. With a [`Wan`] the mesh keeps *virtual
//! time*: nobody sleeps, every frame carries the time at which it would arrive, and a receiver's
//! clock is moved there. The result is exact and repeatable as long as a party uses one thread; the
//! lanes of one party share its clock, so lanes that really run at once may take either order.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Abort, Ending, FRAME_LIMIT, Frame, Lane, Limits, PartyId, Place, Result, Step, Transport,
    inbox::{Fault, Inbox},
};

/// A wide-area network in which every pair of parties has the same link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wan {
    /// Time of a message there and back; a frame takes half of it.
    pub rtt: Duration,
    /// What one direction of one link carries.
    pub bits_per_s: u64,
}

impl Wan {
    /// How long the link is busy with so many bytes, in nanoseconds.
    pub(crate) fn busy_ns(&self, bytes: usize) -> u64 {
        let ns = bytes as u128 * 8_000_000_000 / u128::from(self.bits_per_s.max(1));
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// How long a frame travels, in nanoseconds.
    pub(crate) fn latency_ns(&self) -> u64 {
        u64::try_from(self.rtt.as_nanos() / 2).unwrap_or(u64::MAX)
    }
}

/// One party's end of in-memory links.
///
/// Dropping it tells the others that this party has finished; dropping it while its thread panics
/// tells them that it died. Either way what they wait for in vain fails at once.
#[derive(Debug)]
pub struct Memory {
    me: PartyId,
    inboxes: Arc<[Inbox]>,
    time: Option<VirtualTime>,
}

#[derive(Debug)]
struct VirtualTime {
    wan: Wan,
    clock: Mutex<Clock>,
}

#[derive(Debug)]
struct Clock {
    now_ns: u64,
    free_ns: Vec<u64>,
}

/// Links between `parties` ends, with the default limits.
#[must_use]
pub fn mesh(parties: u8) -> Vec<Memory> {
    build(parties, Limits::default(), None)
}

/// Links with these limits.
#[must_use]
pub fn mesh_with(parties: u8, limits: Limits) -> Vec<Memory> {
    build(parties, limits, None)
}

/// Links of a wide-area network in virtual time. A frame occupies its link for its body and header.
#[must_use]
pub fn virtual_mesh(parties: u8, wan: Wan) -> Vec<Memory> {
    build(parties, Limits::default(), Some(wan))
}

fn build(parties: u8, limits: Limits, wan: Option<Wan>) -> Vec<Memory> {
    let n = usize::from(parties);
    let inboxes: Arc<[Inbox]> =
        (0..n).map(|_| Inbox::new(vec![Place::default(); n], limits)).collect();
    (0..parties)
        .map(|me| Memory {
            me: PartyId(me),
            inboxes: Arc::clone(&inboxes),
            time: wan.map(|wan| VirtualTime {
                wan,
                clock: Mutex::new(Clock { now_ns: 0, free_ns: vec![0; n] }),
            }),
        })
        .collect()
}

impl Memory {
    /// Virtual time that has passed for this party; zero where time is real.
    #[must_use]
    pub fn virtual_time(&self) -> Duration {
        let time = self.time.as_ref();
        Duration::from_nanos(time.map_or(0, |time| time.lock().now_ns))
    }

    fn inbox(&self, party: PartyId) -> &Inbox {
        &self.inboxes[usize::from(party.0)]
    }

    fn others(&self) -> impl Iterator<Item = &Inbox> {
        let me = usize::from(self.me.0);
        self.inboxes.iter().enumerate().filter(move |(i, _)| *i != me).map(|(_, inbox)| inbox)
    }
}

impl Transport for Memory {
    fn me(&self) -> PartyId {
        self.me
    }

    fn parties(&self) -> u8 {
        u8::try_from(self.inboxes.len()).expect("the mesh was built from a u8")
    }

    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()> {
        assert_ne!(to, self.me, "a party does not send to itself");
        assert!(frame.body.len() <= FRAME_LIMIT, "body of {} bytes", frame.body.len());
        self.inbox(self.me).check(step)?;
        let time_ns = self.time.as_ref().map_or(0, |time| time.depart(to, frame.wire_len()));
        self.inbox(to).push(self.me, frame, time_ns);
        Ok(())
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        assert_ne!(from, self.me, "a party does not receive from itself");
        let (frame, time_ns) = self.inbox(self.me).wait(from, step, lane)?;
        if let Some(time) = &self.time {
            let mut clock = time.lock();
            clock.now_ns = clock.now_ns.max(time_ns);
        }
        Ok(frame)
    }

    fn abort(&self, reason: Abort) {
        self.inboxes.iter().for_each(|i| i.fail(Fault::Aborted { peer: self.me, reason }));
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let fault = Fault::Gone { peer: self.me, how: Ending::Died };
            self.others().for_each(|inbox| inbox.fail(fault));
        } else {
            self.others().for_each(|inbox| inbox.finish(self.me));
        }
    }
}

impl VirtualTime {
    /// Puts so many bytes on the link and says when they arrive.
    fn depart(&self, to: PartyId, bytes: usize) -> u64 {
        let mut clock = self.lock();
        let start = clock.now_ns.max(clock.free_ns[usize::from(to.0)]);
        let sent = start.saturating_add(self.wan.busy_ns(bytes));
        clock.free_ns[usize::from(to.0)] = sent;
        sent.saturating_add(self.wan.latency_ns())
    }

    fn lock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
