//! The node of one organisation: a process beside its records that talks to the other nodes, to
//! programs and to people, all at one port, and runs what all parties have approved.
//!
//! What the node knows is its folder ([`sharewell_consortium::Home`]), above all the log: whatever
//! is not there did not happen, and a node that is stopped at any moment goes on from it. Three
//! things go on at a time: nodes ask each other what is new ([`exchange`]), runs that a party has
//! called for are begun and watched (`runs`), and calls at the port go where they belong
//! (`door`). A run is a process of its own, to which its parties' calls are handed over.
#![forbid(unsafe_code)]

mod cases;
pub mod client;
mod door;
mod error;
pub mod exchange;
mod node;
mod runs;
pub mod token;
mod web;
pub mod worker;

pub use error::Error;
pub use node::{Config, serve};
