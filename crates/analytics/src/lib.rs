//! Statistics, tables and the release gate, over shares.
//!
//! A [`Value`] is a secret number per cell with what is known of it before anything runs: the
//! range that the schema proves, and the worst error so far. Every function here says both of
//! its result.
#![forbid(unsafe_code)]

pub mod benchmark;
pub mod clear;
pub mod drift;
pub mod glm;
pub mod models;
pub mod poisson;
pub mod release;
pub mod stats;
pub mod table;
mod value;

pub use value::{Fallible, Overflow, Value};
