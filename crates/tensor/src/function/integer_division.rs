//! Exact division of integers: long division in large digits, by one reciprocal.
//!
//! With `b = d 2^L / v` and `y = 1 / d` to some thirty bits, `r y v / 2^L` is a quotient of `r`
//! but for its last bits. What it leaves of `r` is divided again, until the quotient is too
//! small by less than three; then two comparisons tell by how much.
//!
//! Source: long division by an approximate reciprocal with correction, Knuth, The Art of
//! Computer Programming 2, 4.3.1.

use sharewell_mpc::{Known, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};

use super::normalise::normalise;
use super::polynomial::constant;
use super::reciprocal::{PRECISION_MAX, PRECISION_MIN, reciprocal, relative_error, steps};
use crate::Tensor;
use crate::tensor::elementwise;

/// What is known of an integer division's operands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct IntegerQuotient {
    /// `0 <= a < 2^numerator_bits`.
    pub numerator_bits: u32,
    /// `0 <= b < 2^divisor_bits`.
    pub divisor_bits: u32,
}

/// What an integer division gives; all zero where the divisor is.
#[derive(Debug)]
pub struct Divided<P: Protocol> {
    /// `floor(a / b)`.
    pub quotient: Tensor<P>,
    /// `a - b floor(a / b)`.
    pub remainder: Tensor<P>,
    /// Whether the divisor is not zero, as 0 or 1.
    pub nonzero: P::AShare,
}

/// One digit of the long division.
struct Digit {
    /// Before it, what is left is smaller than this times the divisor.
    before: f64,
    /// Fractional bits of `r v / 2^L`.
    guard: u32,
}

impl IntegerQuotient {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.divisor_bits > 0
            && self.numerator_bits + self.divisor_bits + 2 < bits
            && self.precision(bits) >= PRECISION_MIN
    }

    fn precision(&self, bits: u32) -> u32 {
        PRECISION_MAX.min(bits / 2).min((bits - 4).saturating_sub(self.numerator_bits))
    }

    /// The digits; the last one's errors but for the rounding are below one half.
    fn digits(&self, bits: u32) -> Vec<Digit> {
        let precision = self.precision(bits);
        let relative = relative_error(precision, steps(precision));
        let mut before = f64::from(self.numerator_bits).exp2();
        let mut all = vec![];
        loop {
            let left = bits - 4 - precision - before.log2().ceil() as u32;
            let guard = left.min(self.divisor_bits);
            let cut =
                if guard < self.divisor_bits { 2.0 * (-f64::from(guard)).exp2() } else { 0.0 };
            let error = before * relative * 1.01 + cut * 1.01;
            all.push(Digit { before, guard });
            if error <= 0.5 {
                return all;
            }
            // Rounding, and the margin that is taken off.
            before = error + 3.0;
        }
    }
}

/// `a / b`, rounded down, and the remainder, exactly.
///
/// Domain: as `spec` promises; [`IntegerQuotient::fits`] must hold.
/// Cost for `L = divisor_bits`: as [`super::divide`] up to the reciprocal, then for each of
/// about `numerator_bits / 25` digits and one more three products and two truncations, and two
/// [`Protocol::msb`] of `L + 2` bits at once.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shapes differ, an operand has fractional bits, or `spec` does not fit the ring.
pub fn divide_integers<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: IntegerQuotient,
) -> Result<Divided<P>> {
    let bits = P::Ring::BITS;
    assert_eq!((a.frac_bits(), b.frac_bits()), (0, 0), "integers");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let parts = elementwise(p, [a, b], |p, [a, b]| divided(p, a, b, spec))?;
    let [quotient, remainder, nonzero] = parts;
    let integers = |x| Tensor::new(x, a.shape(), 0);
    Ok(Divided { quotient: integers(quotient), remainder: integers(remainder), nonzero })
}

/// Quotient, remainder, and whether the divisor is not zero.
fn divided<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: IntegerQuotient,
) -> Result<[P::AShare; 3]> {
    let (bits, width) = (P::Ring::BITS, spec.divisor_bits);
    p.require_bound("divide", a.shares(), 0, (1 << spec.numerator_bits) - 1)?;
    p.require_bound("divide by", b.shares(), 0, (1 << width) - 1)?;
    let precision = spec.precision(bits);
    let divisor = normalise(p, b.shares(), width)?;
    let d = divisor.fraction(p, precision)?;
    let y = reciprocal(p, &d, precision, steps(precision))?;

    // Zero by zero, so that what is left stays below the divisor's multiples.
    let mut left = p.mul(a.shares(), &divisor.nonzero)?;
    let mut quotient = constant(p, P::Ring::ZERO, a.len());
    for Digit { before, guard } in spec.digits(bits) {
        // b v < 2^L.
        let limit = (before * f64::from(width).exp2()) as i128 + 1;
        p.note_bound(&mut left, -limit, limit);
        let mut normalised = p.mul(&left, &divisor.power)?;
        p.note_bound(&mut normalised, -limit, limit);
        let normalised = p.trunc(&normalised, width - guard)?;
        let mut digit = p.mul(&normalised, &y)?;
        let margin = P::Ring::from_u128(3).shl(precision + guard - 1);
        digit -= &constant(p, margin, a.len());
        let digit = p.trunc(&digit, precision + guard)?;
        quotient += &digit;
        left -= &p.mul(&digit, b.shares())?;
    }
    corrected(p, [a, b], (quotient, left), divisor.nonzero, spec)
}

/// With `left` from 0 to less than `3 b`.
fn corrected<P: Protocol>(
    p: &mut P,
    [a, b]: [&Tensor<P>; 2],
    (mut quotient, mut left): (P::AShare, P::AShare),
    nonzero: P::AShare,
    spec: IntegerQuotient,
) -> Result<[P::AShare; 3]> {
    let (n, width) = (b.len(), spec.divisor_bits);
    p.note_bound(&mut left, 0, 3 << width);
    let mut less = left.clone();
    less -= b.shares();
    let mut much_less = less.clone();
    much_less -= b.shares();
    let mut gaps = P::AShare::concat(&[&less, &much_less]);
    p.note_bound(&mut gaps, -(2 << width), (2 << width) - 1);
    let mut enough = p.msb(&gaps, width + 2)?;
    circuit::not(p, &mut enough, 1);
    let (mut more, twice) = p.b2a(&enough)?.split(n);
    more += &twice;
    quotient += &more;
    let products = p.mul(
        &P::AShare::concat(&[&quotient, &more]),
        &P::AShare::concat(&[&nonzero, b.shares()]),
    )?;
    let (mut quotient, taken) = products.split(n);
    left -= &taken;
    p.note_bound(&mut quotient, 0, (1 << spec.numerator_bits) - 1);
    p.note_bound(&mut left, 0, (1 << width) - 1);
    // Exact, of exact operands.
    let arguments = [a, b].map(|x| (x.shares(), f64::INFINITY));
    p.note(&mut quotient, Known::Error(0.0, &arguments));
    p.note(&mut left, Known::Error(0.0, &arguments));
    Ok([quotient, left, nonzero])
}
