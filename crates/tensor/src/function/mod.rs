//! Numeric functions, each with its domain, its worst error and its cost.

mod division;
mod integer_division;
mod logarithm;
mod normalise;
mod reciprocal;
mod square_root;

pub use division::{Accuracy, Quotient, divide, divide_public};
pub use integer_division::{Divided, IntegerQuotient, divide_integers};
pub use logarithm::{Base, Logarithm, logarithm};
pub use square_root::{Root, square_root};
