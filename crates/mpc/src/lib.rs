//! Secure computation: protocols, the circuits written once over all of them, and the
//! simulation in which both are tested.
//!
//! A program is an ordinary blocking function, generic over one parameter `P`: [`Protocol`].
//! The same program can be run by very different interpreters:
//!
//! | interpreter | a "share" is | it yields |
//! |---|---|---|
//! | [`protocols::rep3::Rep3`] | this party's shares | the result, jointly |
//! | [`protocols::plain::Plain`] | the value itself | the reference answer |
//! | [`protocols::tally::Tally`] | a length | exact rounds and bytes: the quote |
//! | [`protocols::bounds::Bounds`] | intervals | the proof that nothing overflows |
//!
//! `docs/adr/0004` says why blocking and why vectors.
#![forbid(unsafe_code)]

mod chunks;
pub mod circuit;
mod error;
mod lookahead;
pub mod order;
pub mod pace;
mod party;
mod protocol;
pub mod protocols;
mod prss;
mod replicated;
mod rows;
pub mod sample;
mod script;
mod share;
pub mod sim;
mod wiped;

pub use chunks::{CHUNK, bit_chunk, bits_in_chunks, chunk, in_chunks, rows_in_chunks};
pub use error::{Error, Result, Suspects};
pub use lookahead::{Blocks, Carries, Lookahead};
pub use pace::Tariff;
pub use party::{Entropy, Party};
pub use protocol::{Arithmetic, Known, Protocol, Security, Split, Test};
pub use prss::{KEYS, Prss, Side};
pub use rows::{Rows, RowsOf, Way};
pub use script::{Card, Columns, Costs, Message, Owing, Phase, Script};
pub use share::{BitLinear, BitShare, Linear, Share};
