//! Who takes part, what each has agreed to, and the log that proves it.
//!
//! A [`Consortium`] is a document that its members sign; so is a study. What a member says of a
//! document is a [`Statement`] under its signature; [`Standing`] is what all statements come to.
//! A [`Policy`] limits what a member's own steward may approve. Every node keeps a [`Log`] of all
//! this and of the [`Receipt`]s of its runs: each entry names the one before, so that whoever has
//! the last one can tell whether any has been changed, removed or moved.
//!
//! Nothing here computes on records or talks to a network.
#![forbid(unsafe_code)]

mod agree;
mod book;
mod error;
pub mod event;
mod export;
mod hex;
mod home;
mod key;
mod ledger;
mod links;
mod log;
mod member;
mod policy;
mod receipt;
mod signed;
mod standing;
mod statement;
mod time;
mod verify;

/// This program, as statements, logs and receipts name it.
pub const SOFTWARE: &str = concat!("sharewell ", env!("CARGO_PKG_VERSION"));

pub use agree::{Proposal, Refused};
pub use book::{Case, End, Run, book};
pub use error::Error;
pub use event::Event;
pub use hex::Digest;
pub use home::{Home, Limits, Word};
pub use key::{read_key, write_key};
pub use ledger::{Budget, Ledger, Line, Spend, State, Total};
pub use links::Measured;
pub use log::{Entry, Log};
pub use member::{Consortium, Member, Role};
pub use policy::{Differencing, Hours, Past, Policy};
pub use receipt::{Countersigned, Receipt, Signer};
pub use signed::Signed;
pub use standing::{Said, Standing, Subject, standing};
pub use statement::{Kind, Statement, Verdict, read_statements, signatures_beside};
pub use time::Time;
pub use verify::{Verified, verify};
