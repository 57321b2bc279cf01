//! Softmax: each element's share of its row's exponentials.
//!
//! Subtracting the row's greatest makes every exponent 0 at most and one of them 0: results do
//! not change, nothing can overflow, and the sum lies between 1 and the length of the row.

use sharewell_mpc::circuit::{self, Extreme, Rows};
use sharewell_mpc::{Protocol, Result, Share, chunk, in_chunks};
use sharewell_ring::{Integer, Ring};

use super::exponential::{Exponential, exponential};
use super::logarithm::Base;
use super::normalise::normalise;
use super::piecewise::{Argument, note_probability};
use super::reciprocal::{reciprocal, relative_error, steps, ulp};
use crate::{FUNCTION_CHUNK, Tensor};

/// What is known of the arguments, and what is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Softmax {
    /// Of each argument.
    pub argument: Argument,
    /// Arguments in a row.
    pub len: usize,
    /// Fractional bits of the results.
    pub frac_bits: u32,
}

/// Largest scale of the reciprocal: that of a double's digits.
const PRECISION_MAX: u32 = 50;

impl Softmax {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        if self.len == 0 || self.argument.bits + 2 >= bits {
            return false;
        }
        let weights = self.weights();
        weights.fits(bits)
            && self.precision(bits) + self.room() + 3 <= bits
            && weights.frac_bits + 3 + self.frac_bits <= bits
    }

    /// The worst error.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> f64 {
        let weight = self.weights().accuracy(bits);
        let precision = self.precision(bits);
        // The element's own error, that of the sum, the reciprocal's and two roundings.
        weight.absolute * (self.len as f64 + 1.0)
            + weight.relative * 2.0
            + relative_error(precision, steps(precision))
            + ulp(self.inverse_frac_bits(bits))
            + ulp(self.frac_bits)
    }

    /// The sum of a row is below `2^room`.
    fn room(&self) -> u32 {
        self.len.ilog2() + 2
    }

    /// Exponentials fine enough that a row of their errors does not show.
    fn weights(&self) -> Exponential {
        Exponential {
            base: Base::E,
            least: -(1 << (self.argument.bits + 1)),
            most: 0,
            argument_frac_bits: self.argument.frac_bits,
            result_bits: 1,
            frac_bits: self.frac_bits + self.room() + 1,
        }
    }

    fn precision(&self, bits: u32) -> u32 {
        PRECISION_MAX.min(bits / 2 - 2).min(self.weights().frac_bits + 3)
    }

    /// Scale of the sum's reciprocal.
    fn inverse_frac_bits(&self, bits: u32) -> u32 {
        self.precision(bits).min(bits - 3 - self.weights().frac_bits)
    }
}

/// `e^x` over the sum of all `e^x` in the same row, the last axis, at scale `spec.frac_bits`.
///
/// Domain: as `spec` promises; [`Softmax::fits`] must hold. Error: [`Softmax::accuracy`].
/// Cost, for rows of `n`: [`circuit::extreme`], [`exponential`] of every element, one
/// reciprocal for each row, one [`Protocol::mul_trunc`] for each element.
/// Source: the usual form that cannot overflow (Goodfellow, Bengio, Courville 2016, 4.1).
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is not that of `x`.
pub fn softmax<P: Protocol>(p: &mut P, x: &Tensor<P>, spec: Softmax) -> Result<Tensor<P>> {
    let bits = P::Ring::BITS;
    assert_eq!(x.frac_bits(), spec.argument.frac_bits, "{spec:?}");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    assert_eq!(x.shape().last(), Some(&spec.len), "{spec:?}");
    // Whole rows.
    let size = (FUNCTION_CHUNK / spec.len).max(1) * spec.len;
    let [shares] = in_chunks(p, x.len(), size, |p, range| {
        Ok([softmax_of_rows(p, &chunk::<P>(x.shares(), range), spec)?])
    })?;
    Ok(Tensor::new(shares, x.shape(), spec.frac_bits))
}

fn softmax_of_rows<P: Protocol>(p: &mut P, x: &P::AShare, spec: Softmax) -> Result<P::AShare> {
    let bits = P::Ring::BITS;
    let limit = (1i128 << spec.argument.bits) - 1;
    p.require_bound("softmax", x, -limit, limit)?;
    let rows = x.len() / spec.len;
    let row_of: Vec<usize> = (0..x.len()).map(|i| i / spec.len).collect();
    let (weights, sums) = weights(p, x, rows, spec)?;
    let inverse = inverse(p, &sums, spec)?.gather(&row_of);
    let by = spec.weights().frac_bits + spec.inverse_frac_bits(bits) - spec.frac_bits;
    let mut shares = p.mul_trunc(&weights, &inverse, by)?;
    let argument = (x, spec.argument.frac_bits, 0.5);
    note_probability(p, &mut shares, (spec.accuracy(bits), spec.frac_bits), argument);
    Ok(shares)
}

/// Every element's exponential, and each row's sum of them.
fn weights<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    rows: usize,
    spec: Softmax,
) -> Result<(P::AShare, P::AShare)> {
    let exponent = spec.weights();
    let of = Rows { rows, bits: spec.argument.bits + 1, extreme: Extreme::Max };
    let greatest = if rows == 0 { x.clone() } else { circuit::extreme(p, x, of)? };
    let row_of: Vec<usize> = (0..x.len()).map(|i| i / spec.len).collect();
    let mut below = x.clone();
    below -= &greatest.gather(&row_of);
    p.note_bound(&mut below, exponent.least, 0);
    let below = Tensor::new(below, &[x.len()], exponent.argument_frac_bits);
    let weights = exponential(p, &below, exponent)?.0.into_shares();
    let mut sums = weights.sum(rows);
    // One of them is e^0.
    let half = 1i128 << (exponent.frac_bits - 1);
    p.note_bound(&mut sums, half, (half << (spec.room() + 1)) - 1);
    Ok((weights, sums))
}

/// `1 / sum` at scale `inverse_frac_bits`.
fn inverse<P: Protocol>(p: &mut P, sums: &P::AShare, spec: Softmax) -> Result<P::AShare> {
    let bits = P::Ring::BITS;
    let (room, precision) = (spec.room(), spec.precision(bits));
    let mut normalised = normalise(p, sums, spec.weights().frac_bits + room)?;
    p.note_bound(&mut normalised.power, 1, 1 << room);
    let d = normalised.fraction(p, precision)?;
    let y = reciprocal(p, &d, precision, steps(precision))?;
    // 1 / sum = y power / 2^room
    let scale = spec.inverse_frac_bits(bits);
    let mut inverse = p.mul_trunc(&y, &normalised.power, precision + room - scale)?;
    p.note_bound(&mut inverse, 0, P::Ring::ONE.shl(scale).to_i128() * 17 / 16);
    Ok(inverse)
}
