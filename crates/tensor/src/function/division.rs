//! Division: normalise the divisor, Newton's iteration for its reciprocal, multiply.
//!
//! With `b = d 2^L / v` as [`normalise`] gives it, `a / b = a y v / 2^L` for `y = 1 / d`.

use sharewell_mpc::{Known, Protocol, Result};
use sharewell_ring::Integer;

use super::normalise::normalise;
use super::reciprocal::{PRECISION_MAX, PRECISION_MIN, reciprocal, relative_error, steps};
use crate::Tensor;
use crate::tensor::elementwise;

/// What is known of a division's operands, and the scale asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Quotient {
    /// `|a| < 2^numerator_bits`, as an integer at its own scale.
    pub numerator_bits: u32,
    /// `0 <= b < 2^divisor_bits`, as an integer at its own scale.
    pub divisor_bits: u32,
    /// Fractional bits of the integer quotient `a / b`.
    pub frac_bits: u32,
}

/// The worst error: `absolute + relative * |exact value|`.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// Independent of the value.
    pub absolute: f64,
    /// Per unit of the value.
    pub relative: f64,
}

impl Accuracy {
    /// Says so of results at a scale that are at most `greatest`, with the arguments and how far
    /// a unit of their own error moves a result.
    pub(crate) fn note<P: Protocol>(
        &self,
        p: &mut P,
        x: &mut P::AShare,
        (greatest, frac_bits): (f64, u32),
        arguments: &[(&P::AShare, f64)],
    ) {
        let error = (self.absolute + self.relative * greatest) * f64::from(frac_bits).exp2();
        p.note(x, Known::Error(error, arguments));
    }
}

impl Quotient {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        let quotient = self.numerator_bits + self.divisor_bits + self.frac_bits;
        quotient + 2 < bits && self.divisor_bits > 0 && self.precision(bits) >= PRECISION_MIN
    }

    /// Fractional bits of the reciprocal: what the ring leaves beside the numerator, and no more
    /// than shows in the greatest quotient.
    fn precision(&self, bits: u32) -> u32 {
        let beside_numerator = (bits - 4).saturating_sub(self.numerator_bits);
        let shown = (self.numerator_bits + self.frac_bits + 3).max(PRECISION_MIN);
        PRECISION_MAX.min(bits / 2).min(beside_numerator).min(shown)
    }

    /// The worst error of the integer quotient.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let precision = self.precision(bits);
        let relative = relative_error(precision, steps(precision));
        Accuracy { absolute: 2.0 * (-f64::from(self.frac_bits)).exp2(), relative }
    }
}

/// `a / b` as an integer quotient at scale `spec.frac_bits` (the operands' own scales are the
/// caller's to account for), and whether `b` is not zero, as 0 or 1: where it is zero, so is the
/// quotient, and the caller must not take it for one.
///
/// Domain: as `spec` promises; [`Quotient::fits`] must hold. Error: [`Quotient::accuracy`].
/// Cost for `L = divisor_bits`: [`Protocol::a2b`] of `L` bits, `log2 L` rounds of ANDs,
/// [`Protocol::b2a_dot`] of `2 sqrt(L)` planes, about `7 + 2 steps` products, and one
/// [`Protocol::trunc_exact`] by `L`: 36 rounds and 638 bytes in all in `Rep3` for numerators and
/// divisors of 30 bits in a ring of 64.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shapes differ or `spec` does not fit the ring.
pub fn divide<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: Quotient,
) -> Result<(Tensor<P>, P::AShare)> {
    let bits = P::Ring::BITS;
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [quotient, nonzero] = elementwise(p, [a, b], |p, [a, b]| divided(p, a, b, spec))?;
    Ok((Tensor::new(quotient, a.shape(), spec.frac_bits), nonzero))
}

fn divided<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: Quotient,
) -> Result<[P::AShare; 2]> {
    let limit = |bits: u32| (1i128 << bits) - 1;
    let numerator = limit(spec.numerator_bits);
    p.require_bound("divide", a.shares(), -numerator, numerator)?;
    p.require_bound("divide by", b.shares(), 0, limit(spec.divisor_bits))?;
    let precision = spec.precision(P::Ring::BITS);
    let divisor = normalise(p, b.shares(), spec.divisor_bits)?;
    let d = divisor.fraction(p, precision)?;
    let y = reciprocal(p, &d, precision, steps(precision))?;

    // a y at scale `frac_bits`, then moved back by the power: v / 2^L.
    let mut ay = Tensor::<P>::integers(a.shares().clone());
    let keep = spec.frac_bits.min(precision);
    ay = ay.mul(p, &Tensor::new(y, &[a.len()], precision), keep)?;
    let ay = ay.rescale_up(spec.frac_bits);
    // Rounded down exactly: the quotient may be published, and the coin of the cheaper
    // truncation depends on shares (`docs/truncation.md`).
    let wide = p.mul(ay.shares(), &divisor.power)?;
    let mut quotient = p.trunc_exact(&wide, spec.divisor_bits)?;
    let arguments = [(a.shares(), scale_up(spec.frac_bits)), (b.shares(), f64::INFINITY)];
    let greatest = scale_up(spec.numerator_bits);
    spec.accuracy(P::Ring::BITS).note(p, &mut quotient, (greatest, spec.frac_bits), &arguments);
    Ok([quotient, divisor.nonzero])
}

/// Two to a power.
pub(crate) fn scale_up(bits: u32) -> f64 {
    f64::from(bits).exp2()
}

/// `x / divisor` for a public divisor, at the scale of `x`.
///
/// Domain: `|x| 2^precision < 2^(BITS-2)` with `precision` the bits asked for; error: one
/// unit in the last place and `2^-precision |x / divisor|`. Cost: [`Protocol::trunc`].
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the divisor's magnitude is not between `2^-precision` and `2^(BITS-2-precision)`, or if
/// the precision is above the 52 bits of the divisor itself.
pub fn divide_public<P: Protocol>(
    p: &mut P,
    x: &Tensor<P>,
    divisor: f64,
    precision: u32,
) -> Result<Tensor<P>> {
    assert!(divisor.is_normal() && precision <= 52, "division by {divisor}, {precision} bits");
    // For a divisor of magnitude `m 2^e` with `1 <= m < 2`, the factor `2^precision / m` keeps
    // as many bits whatever `e` is.
    let exponent = (divisor.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    let by = precision.checked_add_signed(exponent).filter(|by| *by <= P::Ring::BITS - 2);
    let by = by.unwrap_or_else(|| panic!("division by {divisor}, {precision} bits"));
    let factor = f64::from(by).exp2() / divisor;
    let [shares] = elementwise(p, [x], |p, [x]| {
        let wide = x.clone().times(factor.round_ties_even() as i128);
        let mut shares = p.trunc(wide.shares(), by)?;
        let greatest = scale_up(P::Ring::BITS - 2 - precision) / divisor.abs();
        let own = Accuracy { absolute: 1.0, relative: 1.0 / scale_up(precision) };
        own.note(p, &mut shares, (greatest, 0), &[(x.shares(), 1.0 / divisor.abs())]);
        Ok([shares])
    })?;
    Ok(Tensor::new(shares, x.shape(), x.frac_bits()))
}
