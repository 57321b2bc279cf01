//! Moments from pooled sums, without opening the sums.

mod correlation;

pub use correlation::correlation;

use sharewell_mpc::Protocol;
use sharewell_ring::Integer;
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Quotient, divide};

use crate::Value;
use crate::value::{Fallible, Overflow, bits_of, fits};

/// The arithmetic mean `sum / count`, given that every summand lies in `[lo, hi]` raw units.
///
/// Error: that of one division, which the range of the summands does not enter.
/// Cost: [`divide`]. Undefined where the count is zero.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
pub fn mean<P: Protocol>(
    p: &mut P,
    sum: Value<P>,
    count: Value<P>,
    (lo, hi): (i128, i128),
) -> Fallible<Value<P>> {
    let mean = fits!(sum.div(p, count)?);
    let frac_bits = mean.raw.frac_bits();
    fits!(Overflow::unless("mean", bits_of(lo, hi) + frac_bits, P::Ring::BITS - 4));
    let [lo, hi] = [lo << frac_bits, hi << frac_bits];
    let slack = error_max(&mean, lo.abs().max(hi.abs()));
    let (lo, hi) = (lo - slack, hi + slack);
    // The quotient of an empty cell is zero, whatever the range.
    let raw = noted(p, mean.raw, lo.min(0), hi.max(0));
    Ok(Ok(Value { raw, lo, hi, ..mean }))
}

/// Pooled sums of `x - c` for a public centre `c`, with what bounds them.
#[derive(Debug)]
pub struct Moments<P: Protocol> {
    /// Sum of the centred values, exact.
    pub sum: Value<P>,
    /// Sum of their squares, exact.
    pub squares: Value<P>,
    /// How many.
    pub count: Value<P>,
    /// Greatest magnitude of one centred value, in raw units.
    pub deviation: i128,
}

/// Pooled sums of pairs `x - c` and `y - d` for public centres, with what bounds them.
#[derive(Debug)]
pub struct Comoments<P: Protocol> {
    /// Sums of either, exact.
    pub sums: [Value<P>; 2],
    /// Sum of their products, exact.
    pub products: Value<P>,
    /// How many.
    pub count: Value<P>,
    /// Greatest magnitude of either, in raw units.
    pub deviations: [i128; 2],
}

/// What a sum of squares or products is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divisor {
    /// `n - 1`: the records are a sample.
    Sample,
    /// `n`: they are all there are.
    Population,
}

/// Bits that the last division of a variance keeps if it can: twelve digits.
const PRECISION: u32 = 44;

/// The variance `(sum x^2 - (sum x)^2 / n) / (n - 1)`, or with divisor `n`.
///
/// Error, with `X` the greatest deviation: `2 X` times that of the mean, plus that of the last
/// division. Centring keeps the sums small; it does not change the variance.
/// Cost: two [`divide`]s and a product. Undefined where the divisor is zero.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
pub fn variance<P: Protocol>(
    p: &mut P,
    moments: Moments<P>,
    divisor: Divisor,
) -> Fallible<Value<P>> {
    let Moments { sum, squares, count, deviation } = moments;
    let (sums, deviations) = ([sum.clone(), sum], [deviation; 2]);
    let moments = Comoments { sums, products: squares, count, deviations };
    comoment(p, moments, divisor, "variance")
}

/// The covariance `(sum x y - sum x sum y / n) / (n - 1)`, or with divisor `n`.
///
/// Error, cost and domain: those of [`variance`], with `X` the greatest deviation of `x`.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
pub fn covariance<P: Protocol>(
    p: &mut P,
    moments: Comoments<P>,
    divisor: Divisor,
) -> Fallible<Value<P>> {
    comoment(p, moments, divisor, COVARIANCE)
}

const COVARIANCE: &str = "covariance";

fn comoment<P: Protocol>(
    p: &mut P,
    moments: Comoments<P>,
    divisor: Divisor,
    step: &'static str,
) -> Fallible<Value<P>> {
    let bits = P::Ring::BITS;
    let Comoments { sums: [sum, other], products, count, deviations } = moments;
    let count_bits = count.bits();
    let used = (sum.bits() + bits_of(0, deviations[1])).max(other.bits() + count_bits);
    fits!(Overflow::unless(step, used + 1, bits - 5));
    let frac_bits = (bits - 5 - used).min(40);
    let (mean, occupied, mean_error) =
        fits!(centred_mean(p, &other, &count, (deviations[1], frac_bits))?);

    const LAST: u32 = 4;
    let used = products.bits() + count_bits;
    fits!(Overflow::unless(step, used, bits - 6 - LAST));
    // Each fractional bit of its numerator costs the last division a bit of precision.
    let beside_precision = (bits - 5 - PRECISION).saturating_sub(products.bits());
    let keep = (bits - 6 - LAST - used).min(frac_bits).min(beside_precision);
    let product = sum.raw.mul(p, &mean, keep)?;
    let numerator = products.raw.clone().rescale_up(keep).sub(&product);
    // Rounding may leave that of a variance just below zero.
    let numerator_max = (products.lo.abs().max(products.hi.abs()) + 1) << keep;
    let numerator = noted(p, numerator, -numerator_max, numerator_max);
    let cells = count.raw.len();
    let degrees = match divisor {
        // None of an empty cell, which has no record to take away.
        Divisor::Sample => noted(p, count.raw.sub(&Tensor::integers(occupied)), 0, count.hi),
        Divisor::Population => count.raw.clone(),
    };
    let spec = Quotient {
        numerator_bits: products.bits() + keep + 1,
        divisor_bits: count_bits,
        frac_bits: LAST,
    };
    if !spec.fits(bits) {
        return Ok(Err(Overflow { step, needs: spec.numerator_bits + 13, limit: bits - 3 }));
    }
    let accuracy = spec.accuracy(bits);
    let (quotient, defined) = divide(p, &numerator, &degrees, spec)?;
    let shares = quotient.into_shares();
    let fraction = keep + LAST;
    let quantum = 10f64.powi(-products.decimals);
    let ulp = (-f64::from(keep)).exp2();
    let x = deviations[0] as f64;
    let numerator_error = (2.0 * x * mean_error + 2.0 * ulp) * (1.0 + accuracy.relative);
    let absolute = (numerator_error + accuracy.absolute * ulp) * quantum;
    let hi = fits!(comoment_max(deviations, fraction));
    let lo = if step == COVARIANCE { -hi } else { 0 };
    let raw = Tensor::new(shares, &[cells], fraction);
    let (decimals, relative) = (products.decimals, accuracy.relative);
    let defined = Some(defined);
    let grain = quantum / (count.hi.max(1) as f64).powi(2);
    let value = Value { raw, decimals, lo, hi, absolute, relative, grain, defined };
    let slack = error_max(&value, hi);
    let (lo, hi) = (lo - slack, hi + slack);
    let raw = noted(p, value.raw, lo, hi);
    Ok(Ok(Value { raw, lo, hi, ..value }))
}

/// The mean of values that are at most `deviation` from their centre, where there are any, and
/// its worst error.
fn centred_mean<P: Protocol>(
    p: &mut P,
    sum: &Value<P>,
    count: &Value<P>,
    (deviation, frac_bits): (i128, u32),
) -> Fallible<(Tensor<P>, P::AShare, f64)> {
    let bits = P::Ring::BITS;
    let spec = Quotient { numerator_bits: sum.bits(), divisor_bits: count.bits(), frac_bits };
    if !spec.fits(bits) {
        return Ok(Err(Overflow { step: "mean", needs: sum.bits() + 13, limit: bits - 3 }));
    }
    let accuracy = spec.accuracy(bits);
    let (mean, occupied) = divide(p, &sum.raw, &count.raw, spec)?;
    let error = accuracy.absolute + accuracy.relative * deviation as f64;
    let slack = (error * f64::from(frac_bits).exp2()).ceil() as i128;
    let most = (deviation << frac_bits).saturating_add(slack + 1);
    Ok(Ok((noted(p, mean, -most, most), occupied, error)))
}

/// The greatest magnitude of so spread values: `n / (n - 1)` of the product, with two records.
fn comoment_max([x, y]: [i128; 2], fraction: u32) -> Result<i128, Overflow> {
    let product = x.checked_mul(y);
    let most = product.and_then(|product| product.checked_mul(4 << fraction));
    let needs = bits_of(0, x) + bits_of(0, y) + fraction + 2;
    most.map(|twice| twice / 2).ok_or(Overflow { step: "variance", needs, limit: 127 })
}

/// Worst error of a value up to `magnitude`, both in raw units.
fn error_max<P: Protocol>(value: &Value<P>, magnitude: i128) -> i128 {
    ((value.absolute / value.unit() + value.relative * magnitude as f64).ceil() as i128)
        .saturating_add(1)
}

fn noted<P: Protocol>(p: &mut P, x: Tensor<P>, lo: i128, hi: i128) -> Tensor<P> {
    let (shape, frac_bits) = (x.shape().to_vec(), x.frac_bits());
    let mut shares = x.into_shares();
    p.note_bound(&mut shares, lo, hi);
    Tensor::new(shares, &shape, frac_bits)
}
