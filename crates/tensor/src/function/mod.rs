//! Numeric functions, each with its domain, its worst error and its cost.

mod division;

pub use division::{Accuracy, Quotient, divide, divide_public};
