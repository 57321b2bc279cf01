//! Plans, quotes and runs a study.
//!
//! [`Plan::of`] turns a study into a local phase per provider and one secure phase for all,
//! proves that nothing can overflow, and prices it; nothing of it needs data. [`run`] executes
//! one party's part over links; [`Outcome`] is what that party may know afterwards.
//!
//! The public interface has no type parameters, [`catalogue`] apart: the one place where a
//! protocol's name becomes a type is `dispatch`.
#![forbid(unsafe_code)]

mod arrange;
pub mod bench;
mod builder;
pub mod catalogue;
mod choice;
mod commitment;
mod dispatch;
mod error;
mod grouped;
mod hidden;
mod joint;
mod leakage;
mod learning;
mod noise;
mod outcome;
mod path;
mod plan;
mod plot;
mod precision;
mod quote;
mod receipt;
mod release;
mod rows;
mod rule;
mod run;
mod statistic;

#[cfg(test)]
extern crate self as sharewell_engine;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

pub use choice::{Candidate, Withstands};
pub use commitment::{Binding, Commitment, Opening};
pub use error::{Error, Refusal};
pub use leakage::Leak;
pub use noise::NoiseOf;
pub use outcome::{Actual, Cell, Note, Outcome, Report, ResultTable, StepCost};
pub use plan::{LocalValues, Plan};
pub use plot::Plot;
pub use precision::Precision;
pub use quote::{Estimate, LinkBytes, Quote};
pub use receipt::results_digest;
pub use release::Log;
pub use run::{Peer, Seat, Stage, Wide, decline, route, run};
pub use sharewell_consortium::{Countersigned, Receipt, Signer};
pub use sharewell_net::tls::Door;
pub use sharewell_net::{Identity, PublicKey};
