//! Division whose quotient is far smaller than its operands allow, as in fixed point: what would
//! not fit is flagged, as is a divisor of zero, and the ring needs no room for it.
//!
//! With `b = d 2^L / v`, `a v / 2^L` is at most the quotient and at least half of it: its size is
//! tested before anything is computed from it.
//!
//! Source: as [`super::divide`]; the order of the products and the test are ours.

use sharewell_mpc::{BitShare, Protocol, Result, circuit};
use sharewell_ring::Integer;

use super::Accuracy;
use super::division::scale_up;
use super::normalise::normalise;
use super::reciprocal::{PRECISION_MAX, PRECISION_MIN, reciprocal, relative_error, steps, ulp};
use crate::Tensor;
use crate::tensor::elementwise;

/// What is known of a division's operands and of its quotient, and the scale asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct BoundedQuotient {
    /// `|a| < 2^numerator_bits`, as an integer at its own scale.
    pub numerator_bits: u32,
    /// `0 <= b < 2^divisor_bits`, as an integer at its own scale.
    pub divisor_bits: u32,
    /// Integer quotients are below `2^quotient_bits`. Those above 15/32 of it may be flagged, and
    /// all above 17/16 of it are.
    pub quotient_bits: u32,
    /// Fractional bits of the integer quotient `a / b`.
    pub frac_bits: u32,
}

impl BoundedQuotient {
    /// Fractional bits of `a v / 2^L`: two more than the quotient's hide its rounding.
    fn guard(&self) -> u32 {
        self.divisor_bits.min(self.frac_bits + 2)
    }

    fn precision(&self, bits: u32) -> u32 {
        let shown = (self.quotient_bits + self.frac_bits + 3).max(PRECISION_MIN);
        let room = (bits - 4).saturating_sub(self.quotient_bits + self.guard());
        PRECISION_MAX.min(bits / 2).min(room).min(shown)
    }

    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.divisor_bits > 0
            && self.quotient_bits > 0
            && self.quotient_bits <= self.numerator_bits
            && self.numerator_bits + self.divisor_bits + 1 < bits
            && self.precision(bits)
                >= PRECISION_MIN.max(self.frac_bits.saturating_sub(self.guard()))
    }

    /// The worst error of a quotient that is not flagged.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let precision = self.precision(bits);
        let cut = if self.guard() < self.divisor_bits { 2.01 * ulp(self.guard()) } else { 0.0 };
        let absolute = cut + ulp(self.frac_bits);
        Accuracy { absolute, relative: relative_error(precision, steps(precision)) }
    }
}

/// `a / b` as an integer quotient at scale `spec.frac_bits`, and whether it is one, as 0 or 1:
/// where `b` is zero or the quotient is too large it is zero, and the caller must not take it
/// for one.
///
/// Domain: as `spec` promises; [`BoundedQuotient::fits`] must hold. Error:
/// [`BoundedQuotient::accuracy`]. Cost: as [`super::divide`], and for the test
/// [`circuit::high_bits`] and an AND of the bits by which a quotient may be too large.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shapes differ or `spec` does not fit the ring.
pub fn divide_bounded<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: BoundedQuotient,
) -> Result<(Tensor<P>, P::AShare)> {
    let bits = P::Ring::BITS;
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [quotient, defined] = elementwise(p, [a, b], |p, [a, b]| divided(p, a, b, spec))?;
    Ok((Tensor::new(quotient, a.shape(), spec.frac_bits), defined))
}

fn divided<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: BoundedQuotient,
) -> Result<[P::AShare; 2]> {
    let (bits, width) = (P::Ring::BITS, spec.divisor_bits);
    let numerator = (1 << spec.numerator_bits) - 1;
    p.require_bound("divide", a.shares(), -numerator, numerator)?;
    p.require_bound("divide by", b.shares(), 0, (1 << width) - 1)?;
    let (precision, guard) = (spec.precision(bits), spec.guard());
    let divisor = normalise(p, b.shares(), width)?;
    let d = divisor.fraction(p, precision)?;
    let y = reciprocal(p, &d, precision, steps(precision))?;

    let normalised = p.mul(a.shares(), &divisor.power)?;
    let limit = spec.quotient_bits + width - 1;
    let mut defined = divisor.nonzero;
    if spec.quotient_bits < spec.numerator_bits {
        let small = within(p, &normalised, limit, spec.numerator_bits + width)?;
        defined = p.mul(&small, &defined)?;
        p.note_bound(&mut defined, 0, 1);
    }
    let normalised = p.trunc(&normalised, width - guard)?;
    let mut normalised = p.mul(&normalised, &defined)?;
    let whole = 1i128 << (spec.quotient_bits + guard - 1);
    let limit = whole + whole / 16 + 2;
    p.note_bound(&mut normalised, -limit, limit);
    let quotient = p.mul(&normalised, &y)?;
    // Rounded down exactly, as a quotient of `divide`.
    let excess = precision + guard - spec.frac_bits;
    let mut quotient = p.trunc_exact(&quotient, excess)?;
    let arguments = [(a.shares(), scale_up(spec.frac_bits)), (b.shares(), f64::INFINITY)];
    let greatest = scale_up(spec.quotient_bits) * 17.0 / 16.0;
    spec.accuracy(bits).note(p, &mut quotient, (greatest, spec.frac_bits), &arguments);
    Ok([quotient, defined])
}

/// How much of its limit a number may be off in [`within`].
const SLACK_BITS: u32 = 5;

/// Whether `|x| < 2^limit`, as 0 or 1, given `|x| < 2^(bits-1)`; of numbers that are off the
/// limit by a part `2^-SLACK_BITS` of it or less, either may be said.
///
/// Cost: [`circuit::high_bits`] from the slack on, [`circuit::all_ones`] of `bits - limit - 1`
/// planes, [`Protocol::b2a`].
fn within<P: Protocol>(p: &mut P, x: &P::AShare, limit: u32, bits: u32) -> Result<P::AShare> {
    let drop = limit.saturating_sub(SLACK_BITS);
    let high = circuit::high_bits(p, x, bits, drop)?;
    // Whether all bits from the limit on are the sign.
    let planes = (limit - drop) as usize..(bits - drop) as usize - 1;
    let mut equal = high.pick(&planes.clone().collect::<Vec<_>>());
    equal ^= &high.pick(&planes.clone().map(|plane| plane + 1).collect::<Vec<_>>());
    circuit::not(p, &mut equal, planes.len());
    let within = circuit::all_ones(p, &equal, planes.len())?;
    p.b2a(&within)
}
