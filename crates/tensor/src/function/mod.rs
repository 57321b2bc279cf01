//! Numeric functions, each with its domain, its worst error and its cost.
//!
//! A cost's rounds are those of a chunk of [`crate::FUNCTION_CHUNK`] elements; longer tensors go
//! chunk by chunk, in memory for one.

mod bounded_division;
mod division;
mod exponential;
mod integer_division;
mod logarithm;
mod normal;
pub(crate) mod normalise;
mod piecewise;
mod polynomial;
mod power;
pub(crate) mod reciprocal;
mod sigmoid;
mod softmax;
mod square_root;

pub use bounded_division::{BoundedQuotient, divide_bounded};
pub use division::{Accuracy, Quotient, divide, divide_public};
pub use exponential::{Exponential, exponential};
pub use integer_division::{Divided, IntegerQuotient, divide_integers};
pub use logarithm::{Base, Logarithm, logarithm};
pub use normal::{Normal, NormalQuantile, normal_cdf, normal_quantile};
pub use normalise::leading_power;
pub use piecewise::Argument;
pub use power::{Power, RealPower, power, real_power};
pub use sigmoid::{Fit, Sigmoid, sigmoid, tanh};
pub use softmax::{Softmax, softmax};
pub use square_root::{InverseRoot, Root, square_root};
