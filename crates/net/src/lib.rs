//! Links between parties: frames, in-memory and mutual-TLS transports, shaping, metering,
//! tampering.
//!
//! Everything a party says to another passes through one small trait, [`Transport`]: `send` queues
//! and returns, `recv` names one peer and one lane and waits until a deadline. There is no `select`
//! and no polling, so a program over it is a Kahn process (Kahn 1974): it computes the same under
//! every schedule, and only failures depend on time. Two things end a link ([`Memory`], [`Tls`]);
//! the rest are layers around any transport ([`Shaped`], [`Metered`], [`Tampered`], [`Recorded`]),
//! so that what is measured or attacked in a test is the code that runs in production.
//!
//! This crate sees bytes only. It authenticates, orders, bounds and measures them; what they mean,
//! and whether a frame is the one that was expected, is the business of the floor above.
#![forbid(unsafe_code)]

mod error;
mod frame;
mod inbox;
mod key;
pub mod memory;
mod metered;
mod recorded;
pub mod sealed;
mod shaped;
pub mod talk;
mod tampered;
pub mod tls;
mod transport;
mod wire;

pub use error::{Abort, Ending, Error, Obstacle, Place, Refusal, Result};
pub use frame::{FRAME_LIMIT, Frame, HEADER_LEN, Lane, PartyId, Step};
pub use inbox::Limits;
pub use key::{Identity, NotAKey, PublicKey};
pub use memory::{Memory, Wan};
pub use metered::{Flow, Meter, Metered, Traffic};
pub use recorded::{Passage, Recorded};
pub use shaped::Shaped;
pub use tampered::{Fate, Tampered};
pub use tls::Tls;
pub use transport::Transport;
