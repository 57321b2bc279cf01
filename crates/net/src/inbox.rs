//! Where received frames wait: queues by peer and lane, and the one place that says why a wait
//! ended.
//!
//! One lock per endpoint and a condition per peer. A lane's wait never touches another lane's
//! frames, and whatever ends the run (a peer that dies, gives up, or breaks the framing) wakes
//! every wait at once, whomever it waits for.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{Abort, Ending, Error, Frame, Lane, PartyId, Place, Result, Step};

/// What one endpoint may wait for and hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for one frame. It must exceed the longest local computation of a peer.
    pub deadline: Duration,
    /// Most bytes that may lie received and unread, and most bytes queued towards one peer.
    pub queued_bytes: usize,
}

impl Default for Limits {
    /// 30 s and 1 GiB: a protocol in step holds a few vectors, far below.
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), queued_bytes: 1 << 30 }
    }
}

/// What a queued frame is charged beside its body, so that empty frames are bounded too.
pub(crate) const FRAME_CHARGE: usize = 128;

/// Why every wait of an endpoint ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Gone { peer: PartyId, how: Ending },
    Aborted { peer: PartyId, reason: Abort },
    Malformed { peer: PartyId, what: &'static str },
    Exhausted { peer: PartyId, what: &'static str },
}

/// A frame and the virtual time at which it arrives (0 where time is real).
#[derive(Debug)]
struct Arrival {
    frame: Frame,
    time_ns: u64,
}

#[derive(Debug, Default)]
struct Sender {
    lanes: BTreeMap<Lane, VecDeque<Arrival>>,
    finished: bool,
}

#[derive(Debug)]
struct State {
    senders: Vec<Sender>,
    bytes: usize,
    fault: Option<Fault>,
}

/// Received frames of one endpoint.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    arrived: Vec<Condvar>,
    places: Vec<Place>,
    limits: Limits,
}

impl Inbox {
    /// An empty inbox for frames of one party at each of `places`.
    pub(crate) fn new(places: Vec<Place>, limits: Limits) -> Self {
        let n = places.len();
        let senders = (0..n).map(|_| Sender::default()).collect();
        Self {
            state: Mutex::new(State { senders, bytes: 0, fault: None }),
            arrived: (0..n).map(|_| Condvar::new()).collect(),
            places,
            limits,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn place(&self, peer: PartyId) -> Place {
        self.places[usize::from(peer.0)].clone()
    }

    /// Files a frame; one that would exceed the budget ends the run.
    pub(crate) fn push(&self, from: PartyId, frame: Frame, time_ns: u64) {
        let charge = frame.body.len() + FRAME_CHARGE;
        let mut state = self.lock();
        if state.bytes + charge > self.limits.queued_bytes {
            drop(state);
            return self.fail(Fault::Exhausted { peer: from, what: "unread frames from" });
        }
        state.bytes += charge;
        let lanes = &mut state.senders[usize::from(from.0)].lanes;
        lanes.entry(frame.lane).or_default().push_back(Arrival { frame, time_ns });
        drop(state);
        self.arrived[usize::from(from.0)].notify_all();
    }

    /// Notes that a peer has said all it had to say.
    pub(crate) fn finish(&self, peer: PartyId) {
        self.lock().senders[usize::from(peer.0)].finished = true;
        self.arrived[usize::from(peer.0)].notify_all();
    }

    /// Ends every wait, now and later. The first reason stays.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut state = self.lock();
        state.fault.get_or_insert(fault);
        drop(state);
        self.arrived.iter().for_each(Condvar::notify_all);
    }

    /// True once every wait ends with an error.
    pub(crate) fn is_failed(&self) -> bool {
        self.lock().fault.is_some()
    }

    /// Gives a peer that cannot be written to a moment to be heard: if it has neither finished nor
    /// told another reason by then, it is gone in this way.
    pub(crate) fn settle(&self, peer: PartyId, patience: Duration, how: Ending) -> bool {
        let i = usize::from(peer.0);
        let open = |state: &mut State| state.fault.is_none() && !state.senders[i].finished;
        let woken = self.arrived[i].wait_timeout_while(self.lock(), patience, open);
        let mut state = woken.unwrap_or_else(PoisonError::into_inner).0;
        let unheard = open(&mut state);
        let finished = state.senders[i].finished;
        drop(state);
        if unheard {
            self.fail(Fault::Gone { peer, how });
        }
        finished
    }

    /// What ended the run, for a send that comes after.
    pub(crate) fn check(&self, step: Step) -> Result<()> {
        let fault = self.lock().fault;
        fault.map_or(Ok(()), |fault| Err(self.error(fault, step, Duration::ZERO)))
    }

    /// Waits for the next frame of one peer on one lane, and tells its virtual arrival time.
    pub(crate) fn wait(&self, from: PartyId, step: Step, lane: Lane) -> Result<(Frame, u64)> {
        let start = Instant::now();
        let mut state = self.lock();
        loop {
            // After an abort nothing more is read: a peer may have given up because of it.
            if let Some(fault @ Fault::Aborted { .. }) = state.fault {
                return Err(self.error(fault, step, start.elapsed()));
            }
            if let Some(found) = state.take(from, lane) {
                return Ok((found.frame, found.time_ns));
            }
            let waited = start.elapsed();
            if let Some(fault) = state.fault {
                return Err(self.error(fault, step, waited));
            }
            if state.senders[usize::from(from.0)].finished {
                let fault = Fault::Gone { peer: from, how: Ending::Finished };
                return Err(self.error(fault, step, waited));
            }
            let Some(left) = self.limits.deadline.checked_sub(waited).filter(|t| !t.is_zero())
            else {
                return Err(Error::Timeout { peer: from, at: self.place(from), step, waited });
            };
            let condition = &self.arrived[usize::from(from.0)];
            let woken = condition.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn error(&self, fault: Fault, step: Step, waited: Duration) -> Error {
        match fault {
            Fault::Gone { peer, how } => {
                Error::Closed { peer, at: self.place(peer), how, step, waited }
            }
            Fault::Aborted { peer, reason } => {
                // The peer may have named a party that does not exist.
                let whom = reason.whom().and_then(|whom| self.places.get(usize::from(whom.0)));
                let whom = whom.cloned().unwrap_or_default();
                Error::Aborted { peer, at: self.place(peer), reason, whom }
            }
            Fault::Malformed { peer, what } => {
                Error::Malformed { peer, at: self.place(peer), what }
            }
            Fault::Exhausted { peer, what } => {
                let limit = self.limits.queued_bytes;
                Error::Exhausted { peer, at: self.place(peer), what, limit }
            }
        }
    }

    // No code panics while it holds this lock, and if one did the queues would still be whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, from: PartyId, lane: Lane) -> Option<Arrival> {
        let lanes = &mut self.senders[usize::from(from.0)].lanes;
        let queue = lanes.get_mut(&lane)?;
        let found = queue.pop_front()?;
        if queue.is_empty() {
            lanes.remove(&lane);
        }
        self.bytes -= found.frame.body.len() + FRAME_CHARGE;
        Some(found)
    }
}
