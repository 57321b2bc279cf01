//! Moments from pooled sums, without opening the sums.

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

/// Bits that the last division of a variance keeps if it can: twelve digits.
const PRECISION: u32 = 44;

/// The sample variance `(sum x^2 - (sum x)^2 / n) / (n - 1)`, divisor `n - 1`.
///
/// Error, with `X` the greatest deviation: `2 X` times that of the mean, plus that of the last
/// division. Centring keeps the sums small; it does not change the variance.
/// Cost: two [`divide`]s and a product. Undefined below two records.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
pub fn variance<P: Protocol>(p: &mut P, moments: Moments<P>) -> Fallible<Value<P>> {
    let bits = P::Ring::BITS;
    let step = "variance";
    let Moments { sum, squares, count, deviation } = moments;
    let (sum_bits, count_bits) = (sum.bits(), count.bits());
    let spread_bits = bits_of(0, deviation);
    let used = sum_bits + count_bits.max(spread_bits);
    fits!(Overflow::unless(step, used + 1, bits - 5));
    let mean_spec = Quotient {
        numerator_bits: sum_bits,
        divisor_bits: count_bits,
        frac_bits: (bits - 5 - used).min(40),
    };
    if !mean_spec.fits(bits) {
        return Ok(Err(Overflow { step, needs: sum_bits + 13, limit: bits - 3 }));
    }
    let mean_accuracy = mean_spec.accuracy(bits);
    let (mean, occupied) = divide(p, &sum.raw, &count.raw, mean_spec)?;
    let mean_error = mean_accuracy.absolute + mean_accuracy.relative * deviation as f64;
    let slack = (mean_error * f64::from(mean_spec.frac_bits).exp2()).ceil() as i128;
    let mean_max = (deviation << mean_spec.frac_bits).saturating_add(slack + 1);
    let mean = noted(p, mean, -mean_max, mean_max);

    const LAST: u32 = 4;
    let used = squares.bits() + count_bits;
    fits!(Overflow::unless(step, used, bits - 6 - LAST));
    // Each fractional bit of its numerator costs the last division a bit of precision.
    let beside_precision = (bits - 5 - PRECISION).saturating_sub(squares.bits());
    let keep = (bits - 6 - LAST - used).min(mean_spec.frac_bits).min(beside_precision);
    let product = sum.raw.mul(p, &mean, keep)?;
    let numerator = squares.raw.clone().rescale_up(keep).sub(&product);
    // Rounding may leave it just below zero.
    let numerator_max = (squares.hi + 1) << keep;
    let numerator = noted(p, numerator, -numerator_max, numerator_max);
    let cells = count.raw.len();
    // None of an empty cell, which has no record to take away.
    let degrees = noted(p, count.raw.sub(&Tensor::integers(occupied)), 0, count.hi);
    let spec = Quotient {
        numerator_bits: squares.bits() + keep + 1,
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
    let quantum = 10f64.powi(-squares.decimals);
    let ulp = (-f64::from(keep)).exp2();
    let x = deviation as f64;
    let numerator_error = (2.0 * x * mean_error + 2.0 * ulp) * (1.0 + accuracy.relative);
    let absolute = (numerator_error + accuracy.absolute * ulp) * quantum;
    let hi = fits!(variance_max(deviation, fraction));
    let raw = Tensor::new(shares, &[cells], fraction);
    let (decimals, relative) = (squares.decimals, accuracy.relative);
    let defined = Some(defined);
    let grain = quantum / (count.hi.max(1) as f64).powi(2);
    let variance = Value { raw, decimals, lo: 0, hi, absolute, relative, grain, defined };
    let slack = error_max(&variance, hi);
    let (lo, hi) = (-slack, hi + slack);
    let raw = noted(p, variance.raw, lo, hi);
    Ok(Ok(Value { raw, lo, hi, ..variance }))
}

/// The greatest variance of so spread values: `n / (n - 1)` of the square, with two records.
fn variance_max(deviation: i128, fraction: u32) -> Result<i128, Overflow> {
    let square = deviation.checked_mul(deviation);
    let most = square.and_then(|square| square.checked_mul(4 << fraction)).map(|twice| twice / 2);
    let needs = 2 * bits_of(0, deviation) + fraction + 2;
    most.ok_or(Overflow { step: "variance", needs, limit: 127 })
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
