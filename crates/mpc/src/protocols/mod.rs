//! The protocols, one folder each; none imports another.

pub mod bounds;
pub mod plain;
pub mod rep3;
pub mod rep3_malicious;
pub mod tally;

use crate::Card;

/// Every protocol that a study can ask for.
pub const ALL: &[&Card] = &[&rep3::CARD, &rep3_malicious::CARD];
