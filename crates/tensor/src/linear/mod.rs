//! Linear algebra on secret matrices.

mod definite;
mod gram;
mod schedule;

pub use definite::{Definite, inverse, least_squares, solve};
pub use gram::gram;
