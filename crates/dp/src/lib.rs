//! What differential privacy costs, in the clear: how much noise an (epsilon, delta) takes, and
//! what several releases together cost.
//!
//! A release is epsilon-differentially private with delta if, whatever one unit (a record, an
//! organisation) adds, the probability of any set of results grows by a factor of at most
//! `exp(epsilon)`, but for delta. Releases add up in Rényi divergence ([`Curve`]): the sum of their
//! curves is the curve of all, and is converted once, at the end. Zero-concentrated privacy with
//! `rho` ([`delta_of`], [`rho_for`]) is the curve `rho alpha`, that of the (discrete) Gaussian.
//!
//! Everything is rounded to the safe side: a converted epsilon is not below the exact one, an
//! allowed rho not above it.
#![forbid(unsafe_code)]

mod curve;
mod zcdp;

pub use curve::{Curve, epsilon_of};
pub use zcdp::{delta_of, epsilon_of_rho, rho_for};
