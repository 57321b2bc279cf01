//! A layer that remembers: what a party receives, and the shape of its traffic.
//!
//! Two tests live on it: what a party receives must be independent of the others' inputs, and the
//! shape of the traffic (who, to whom, on which lane, how many bytes, in which order) must not
//! depend on any secret.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Abort, Frame, Lane, PartyId, Place, Result, Step, Transport};

/// What anyone on the network sees of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Passage {
    /// Who sent it.
    pub from: PartyId,
    /// Who receives it.
    pub to: PartyId,
    /// The lane.
    pub lane: Lane,
    /// Bytes of its body.
    pub len: usize,
}

/// Keeps a copy of every frame received, and the shape of everything that passes.
#[derive(Debug)]
pub struct Recorded<T> {
    inner: T,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    received: Vec<(PartyId, Frame)>,
    shape: Vec<Passage>,
}

impl<T> Recorded<T> {
    /// Records from now on.
    pub fn new(inner: T) -> Self {
        Self { inner, record: Mutex::default() }
    }

    /// Every frame received, with its sender, in the order of reception.
    pub fn received(&self) -> Vec<(PartyId, Frame)> {
        self.lock().received.clone()
    }

    /// Everything sent and received, in order.
    pub fn shape(&self) -> Vec<Passage> {
        self.lock().shape.clone()
    }

    /// The transport below.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Transport> Transport for Recorded<T> {
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
        let passage = Passage { from: self.me(), to, lane: frame.lane, len: frame.body.len() };
        self.lock().shape.push(passage);
        self.inner.send(to, step, frame)
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        let frame = self.inner.recv(from, step, lane)?;
        let mut record = self.lock();
        record.shape.push(Passage { from, to: self.me(), lane, len: frame.body.len() });
        record.received.push((from, frame.clone()));
        Ok(frame)
    }

    fn abort(&self, reason: Abort) {
        self.inner.abort(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory;

    #[test]
    fn what_is_received_and_the_shape_of_all_are_kept_in_order() -> Result<()> {
        let links: Vec<_> = memory::mesh(2).into_iter().map(Recorded::new).collect();
        let frame = |len| Frame { lane: Lane(5), seq: 0, clock: 0, step: 0, body: vec![1; len] };
        let (zero, one, step, lane) = (PartyId(0), PartyId(1), Step("x"), Lane(5));
        links[0].send(one, step, frame(3))?;
        links[1].send(zero, step, frame(4))?;
        links[0].recv(one, step, lane)?;
        assert_eq!(links[0].received(), [(one, frame(4))]);
        assert_eq!(
            links[0].shape(),
            [
                Passage { from: zero, to: one, lane, len: 3 },
                Passage { from: one, to: zero, lane, len: 4 }
            ]
        );
        assert!(links[1].received().is_empty());
        Ok(())
    }
}
