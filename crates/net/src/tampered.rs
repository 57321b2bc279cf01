//! A layer that cheats: for tests of what honest parties do about it.
//!
//! The adversary sees every frame before it leaves and may change it, cut it, lose it, repeat it or
//! hold it back. Frames are counted, so that a test can spoil each of them in turn.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{Abort, Frame, Lane, PartyId, Place, Result, Step, Transport};

/// What becomes of an outgoing frame, after the adversary has changed it as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is sent.
    Deliver,
    /// It is lost.
    Drop,
    /// It is sent twice.
    Replay,
    /// It is held back until the next frame to the same peer has overtaken it.
    Delay,
}

type Act = dyn FnMut(PartyId, usize, &mut Frame) -> Fate + Send;

/// Gives every outgoing frame to an adversary.
pub struct Tampered<T> {
    inner: T,
    adversary: Mutex<Adversary>,
}

struct Adversary {
    act: Box<Act>,
    count: usize,
    held: BTreeMap<PartyId, Vec<(Step, Frame)>>,
}

impl<T> Tampered<T> {
    /// `act` is called with the receiver, the number of the frame among all that this party sends,
    /// and the frame.
    pub fn new(
        inner: T,
        act: impl FnMut(PartyId, usize, &mut Frame) -> Fate + Send + 'static,
    ) -> Self {
        let adversary = Adversary { act: Box::new(act), count: 0, held: BTreeMap::new() };
        Self { inner, adversary: Mutex::new(adversary) }
    }

    /// The transport below.
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for Tampered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tampered").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<T: Transport> Transport for Tampered<T> {
    fn me(&self) -> PartyId {
        self.inner.me()
    }

    fn parties(&self) -> u8 {
        self.inner.parties()
    }

    fn place(&self, peer: PartyId) -> Place {
        self.inner.place(peer)
    }

    fn send(&self, to: PartyId, step: Step, mut frame: Frame) -> Result<()> {
        let mut adversary = self.adversary.lock().unwrap_or_else(PoisonError::into_inner);
        let index = adversary.count;
        adversary.count += 1;
        match (adversary.act)(to, index, &mut frame) {
            Fate::Drop => return Ok(()),
            Fate::Delay => {
                adversary.held.entry(to).or_default().push((step, frame));
                return Ok(());
            }
            Fate::Replay => self.inner.send(to, step, frame.clone())?,
            Fate::Deliver => {}
        }
        self.inner.send(to, step, frame)?;
        let held = adversary.held.remove(&to).unwrap_or_default();
        held.into_iter().try_for_each(|(step, frame)| self.inner.send(to, step, frame))
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        self.inner.recv(from, step, lane)
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
    fn each_fate_befalls_exactly_the_frame_it_is_for() -> Result<()> {
        let lane = Lane(0);
        for (fate, arrives) in [
            (Fate::Deliver, vec![0, 99, 2, 3]),
            (Fate::Drop, vec![0, 2, 3]),
            (Fate::Replay, vec![0, 99, 99, 2, 3]),
            (Fate::Delay, vec![0, 2, 99, 3]),
        ] {
            let mut links = memory::mesh(2);
            let honest = links.pop().expect("two");
            let cheat = Tampered::new(links.pop().expect("two"), move |to, index, frame| {
                assert_eq!((to, frame.seq as usize), (PartyId(1), index));
                if index == 1 {
                    frame.body[0] = 99;
                    frame.body.truncate(1);
                    fate
                } else {
                    Fate::Deliver
                }
            });
            for seq in 0..4 {
                let body = vec![seq as u8; 2];
                cheat.send(PartyId(1), Step("x"), Frame { lane, seq, clock: 0, step: 0, body })?;
            }
            drop(cheat);
            let mut got = Vec::new();
            while let Ok(frame) = honest.recv(PartyId(0), Step("x"), lane) {
                assert_eq!(frame.body.len(), if frame.body[0] == 99 { 1 } else { 2 });
                got.push(frame.body[0]);
            }
            assert_eq!(got, arrives, "{fate:?}");
        }
        Ok(())
    }
}
