//! Linear algebra on secret matrices.

mod cholesky;
mod definite;
mod eigen;
mod gram;
mod schedule;
mod symmetric;

pub use cholesky::cholesky;
pub use definite::{Definite, inverse, least_squares, solve};
pub use eigen::{Components, Spectrum, leading_eigenvectors};
pub use gram::gram;
