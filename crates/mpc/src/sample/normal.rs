//! Normal deviates in fixed point.

use super::{Ratio, discrete_gaussian};
use crate::{Protocol, Result};

/// Fractional bits that deviates may have.
const FRAC_BITS_MAX: u32 = 31;

/// Independent standard normal deviates: integers that stand for `x / 2^frac_bits`.
///
/// Distribution: the discrete Gaussian of variance `4^frac_bits`
/// ([`super::discrete_gaussian()`], its distance and cost), that is the normal density on the
/// multiples of `2^-frac_bits`. Mean zero exactly; by Poisson's summation formula its
/// normalisation differs from the integral's by a relative `2 exp(-2 pi^2 4^frac_bits)` and its
/// variance from 1 by `16 pi^2 4^frac_bits` times that: below `2^-100` from two fractional bits
/// on. A deviate is below 16 in magnitude, whatever the distance.
/// Source: the discrete Gaussian's.
///
/// # Errors
/// As [`super::discrete_gaussian()`]: a ring of 64 bits takes 26 fractional bits.
///
/// # Panics
/// If there are more than 31 fractional bits, or the distance is out of range.
pub fn normal<P: Protocol>(
    p: &mut P,
    frac_bits: u32,
    len: usize,
    distance_bits: u32,
) -> Result<P::AShare> {
    assert!(frac_bits <= FRAC_BITS_MAX, "{frac_bits} fractional bits");
    discrete_gaussian(p, Ratio { num: 1 << (2 * frac_bits), den: 1 }, len, distance_bits)
}
