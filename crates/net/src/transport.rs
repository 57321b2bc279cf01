//! The one trait that programs are written against.
//!
//! It is an object (`Arc<dyn Transport>`): a virtual call per frame costs nothing and keeps a type
//! parameter out of every signature above.

use std::sync::Arc;

use crate::{Abort, Frame, Lane, PartyId, Place, Result, Step};

/// Authenticated, reliable, ordered links from one party to every other. Bytes only.
pub trait Transport: Send + Sync {
    /// The party at this end.
    fn me(&self) -> PartyId;

    /// How many parties there are, this one included.
    fn parties(&self) -> u8;

    /// The name and address of a peer, where the transport knows them.
    fn place(&self, _peer: PartyId) -> Place {
        Place::default()
    }

    /// Queues and returns; never waits for the peer, so no cycle of senders can lock.
    ///
    /// What is sent to a peer that has already finished its run is dropped.
    ///
    /// # Errors
    /// `Exhausted` if the queue to that peer is full; what ended the links if they have ended.
    ///
    /// # Panics
    /// If `to` is this party, is none of the parties, or the body exceeds [`crate::FRAME_LIMIT`].
    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()>;

    /// Waits for the next frame of one peer on one lane, until the deadline.
    ///
    /// `step` names what is waited for, in errors and meters.
    ///
    /// # Errors
    /// `Timeout` at the deadline; `Closed`, `Aborted`, `Malformed` or `Exhausted` as soon as it is
    /// known that the frame cannot come.
    ///
    /// # Panics
    /// If `from` is this party or none of the parties.
    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame>;

    /// Tells every peer that this party gives up, so that they end at once with the same reason.
    /// Only the first call counts. Every later `send` and `recv` of this party fails too.
    fn abort(&self, reason: Abort);
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn me(&self) -> PartyId {
        (**self).me()
    }

    fn parties(&self) -> u8 {
        (**self).parties()
    }

    fn place(&self, peer: PartyId) -> Place {
        (**self).place(peer)
    }

    fn send(&self, to: PartyId, step: Step, frame: Frame) -> Result<()> {
        (**self).send(to, step, frame)
    }

    fn recv(&self, from: PartyId, step: Step, lane: Lane) -> Result<Frame> {
        (**self).recv(from, step, lane)
    }

    fn abort(&self, reason: Abort) {
        (**self).abort(reason);
    }
}
