//! The layer between a simulated party and its links: it writes down what passes, key
//! agreement apart, and lets an adversary spoil it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sharewell_net::{Abort, Fate, Frame, Lane, Memory, PartyId, Result, Step, Tampered, Transport};

use crate::prss::KEYS;

/// A frame that a party sends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The sender.
    pub from: PartyId,
    /// The receiver.
    pub to: PartyId,
    /// The step that sends it.
    pub step: Step,
    /// The lane.
    pub lane: Lane,
    /// The sender's clock.
    pub clock: u32,
    /// Bytes of its body.
    pub len: usize,
}

/// A frame that a party has received.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// The sender.
    pub from: PartyId,
    /// The step that waited for it.
    pub step: Step,
    /// The lane.
    pub lane: Lane,
    /// Its body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "View(`{}` from {}, {} bytes)", self.step, self.from, self.body.len())
    }
}

/// What a corrupt party does with a frame before it travels: told its receiver and its number.
pub(super) type Act = dyn Fn(PartyId, usize, &mut Frame) -> Fate + Send + Sync;

/// What one party has sent and received, key agreement apart.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) sent: Vec<Sent>,
    pub(super) received: Vec<View>,
    pub(super) set_up: Duration,
    pub(super) end: Duration,
}

/// A link that writes down what passes.
pub(super) struct Tap {
    link: Arc<Memory>,
    spoilt: Option<Tampered<Arc<Memory>>>,
    keep_views: bool,
    log: Mutex<Log>,
}

impl Tap {
    pub(super) fn new(link: Memory, act: Option<Arc<Act>>, keep_views: bool) -> Self {
        let link = Arc::new(link);
        let spoil = |act: Arc<Act>| {
            Tampered::new(link.clone(), move |to, index, frame| act(to, index, frame))
        };
        let spoilt = act.map(spoil);
        Self { link, spoilt, keep_views, log: Mutex::default() }
    }

    pub(super) fn take_log(&self) -> Log {
        Log { end: self.link.virtual_time(), ..std::mem::take(&mut *self.log()) }
    }

    // Nothing panics while it holds this lock.
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Tap {
    fn me(&self) -> PartyId {
        self.link.me()
    }

    fn parties(&self) -> u8 {
        self.link.parties()
    }

    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()> {
        if step == KEYS {
            return self.link.send(to, step, frame);
        }
        let (lane, clock, len) = (frame.lane, frame.clock, frame.body.len());
        self.log().sent.push(Sent { from: self.me(), to, step, lane, clock, len });
        match &self.spoilt {
            Some(spoilt) => spoilt.send(to, step, frame),
            None => self.link.send(to, step, frame),
        }
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        let frame = self.link.recv(from, step, lane)?;
        if step == KEYS {
            self.log().set_up = self.link.virtual_time();
        } else if self.keep_views {
            self.log().received.push(View { from, step, lane, body: frame.body.clone() });
        }
        Ok(frame)
    }

    fn abort(&self, reason: Abort) {
        self.link.abort(reason);
    }
}
