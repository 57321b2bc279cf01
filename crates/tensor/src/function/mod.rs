//! Numeric functions, each with its domain, its worst error and its cost.

mod division;
mod normalise;
mod reciprocal;

pub use division::{Accuracy, Quotient, divide, divide_public};
