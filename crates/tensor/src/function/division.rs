//! Division: normalise the divisor, Newton's iteration for its reciprocal, multiply.
//!
//! With `b` in `[1, 2^L)` and `v` the power of two that moves its leading one to bit `L - 1`,
//! `d = b v / 2^L` lies in `[1/2, 1)`. A parabola gives `1/d` to 6.63 bits, each step
//! `y <- y (2 - d y)` doubles that. Then `a / b = a y v / 2^L`.
//!
//! Source: Newton-Raphson division; the parabola is the minimax fit of `1/d` on `[1/2, 1)`.

use sharewell_mpc::{BitShare, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};

use crate::Tensor;

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

/// Bits to which the parabola knows `1/d`, times a hundred.
const START_BITS_X100: u32 = 663;
/// Largest internal precision: more than that a double cannot show.
const PRECISION_MAX: u32 = 57;

impl Quotient {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        let quotient = self.numerator_bits + self.divisor_bits + self.frac_bits;
        quotient + 2 < bits && self.divisor_bits > 0 && self.precision(bits) >= 12
    }

    /// Fractional bits of the reciprocal: what the ring leaves beside the numerator, and
    /// beside the square of itself.
    fn precision(&self, bits: u32) -> u32 {
        let beside_numerator = (bits - 4).saturating_sub(self.numerator_bits);
        PRECISION_MAX.min(bits / 2 - 4).min(beside_numerator)
    }

    fn steps(&self, bits: u32) -> u32 {
        (0..).find(|s| START_BITS_X100 << s >= self.precision(bits) * 100).unwrap_or(4)
    }

    /// The worst error of the integer quotient.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let precision = f64::from(self.precision(bits));
        let start = f64::from(START_BITS_X100 << self.steps(bits)) / 100.0;
        // The last step's own roundings and the divisor's: below ten units.
        let relative = (-start).exp2() + 10.0 * (-precision).exp2();
        Accuracy { absolute: 2.0 * (-f64::from(self.frac_bits)).exp2(), relative }
    }
}

/// `a / b` as an integer quotient at scale `spec.frac_bits` (the operands' own scales are the
/// caller's to account for), and whether `b` is not zero, as 0 or 1. Where `b` is zero the
/// quotient means nothing.
///
/// Domain: as `spec` promises; [`Quotient::fits`] must hold. Error: [`Quotient::accuracy`].
/// Cost for `L = divisor_bits`: [`Protocol::a2b`] of `L` bits, `log2 L` rounds of ANDs,
/// [`Protocol::b2a`] of `L` planes, about `3 + 2 steps` products of 2 rounds each, and one
/// [`Protocol::trunc_exact`].
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
    assert_eq!(a.shape(), b.shape(), "tensors of different shapes");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let limit = |bits: u32| (1i128 << bits) - 1;
    let numerator = limit(spec.numerator_bits);
    p.require_bound("divide", a.shares(), -numerator, numerator)?;
    p.require_bound("divide by", b.shares(), 0, limit(spec.divisor_bits))?;
    let precision = spec.precision(bits);
    let (divisor, power, nonzero) = normalise(p, b.shares(), spec.divisor_bits)?;
    let d = fraction(p, &divisor, &power, spec.divisor_bits, precision)?;
    let y = reciprocal(p, &d, precision, spec.steps(bits))?;

    // a y at scale `frac_bits`, then moved back by the power: v / 2^L.
    let mut ay = Tensor::<P>::integers(a.shares().clone());
    let keep = spec.frac_bits.min(precision);
    ay = ay.mul(p, &Tensor::new(y, &[a.len()], precision), keep)?;
    let ay = ay.rescale_up(spec.frac_bits);
    // Rounded down exactly: the quotient may be published, and the coin of the cheaper
    // truncation depends on shares (`docs/truncation.md`).
    let wide = p.mul(ay.shares(), &power)?;
    let quotient = p.trunc_exact(&wide, spec.divisor_bits)?;
    Ok((Tensor::new(quotient, a.shape(), spec.frac_bits), nonzero))
}

/// The divisor (1 in place of 0), the power of two that moves its leading one to bit
/// `width - 1`, and whether it was not zero.
fn normalise<P: Protocol>(
    p: &mut P,
    b: &P::AShare,
    width: u32,
) -> Result<(P::AShare, P::AShare, P::AShare)> {
    let n = b.len();
    let planes = width as usize;
    let bits = p.a2b(b, width)?;
    let mut leading = circuit::suffix_or(p, &bits, planes)?;
    let above = leading.pick(&(1..planes).collect::<Vec<_>>());
    let top = leading.pick(&[planes - 1]);
    let mut none = top.clone();
    none ^= &top;
    leading ^= &P::BShare::stack(&[&above, &none]);

    let flags = p.b2a(&leading)?;
    let by_secret: Vec<usize> = (0..n).flat_map(|i| (0..planes).map(move |j| j * n + i)).collect();
    let flags = flags.gather(&by_secret);
    let mut nonzero = flags.sum(n);
    p.note_bound(&mut nonzero, 0, 1);
    let powers: Vec<P::Ring> =
        (0..n).flat_map(|_| (0..width).rev().map(|j| P::Ring::ONE.shl(j))).collect();
    let mut power = flags;
    power.scale(&powers);
    let mut power = power.sum(n);

    let mut zero = p.public(&vec![P::Ring::ONE; n]);
    zero -= &nonzero;
    let mut divisor = b.clone();
    divisor += &zero;
    p.note_bound(&mut divisor, 1, (1 << width) - 1);
    zero.scale(&[P::Ring::ONE.shl(width - 1)]);
    power += &zero;
    p.note_bound(&mut power, 1, 1 << (width - 1));
    Ok((divisor, power, nonzero))
}

/// `d = b v / 2^L` at scale `precision`.
fn fraction<P: Protocol>(
    p: &mut P,
    divisor: &P::AShare,
    power: &P::AShare,
    width: u32,
    precision: u32,
) -> Result<P::AShare> {
    let mut d = p.mul(divisor, power)?;
    p.note_bound(&mut d, 1 << (width - 1), (1 << width) - 1);
    if width > precision {
        d = p.trunc(&d, width - precision)?;
    } else {
        d.scale(&[P::Ring::ONE.shl(precision - width)]);
    }
    p.note_bound(&mut d, 1 << (precision - 1), 1 << precision);
    Ok(d)
}

/// `1 / d` for `d` in `[1/2, 1]`, both at scale `precision`.
fn reciprocal<P: Protocol>(
    p: &mut P,
    d: &P::AShare,
    precision: u32,
    steps: u32,
) -> Result<P::AShare> {
    let n = d.len();
    let scaled = |c: f64| P::Ring::from_i128((c * f64::from(precision).exp2()) as i128);
    let constant = |p: &P, c: f64| p.public(&vec![scaled(c); n]);
    let limit = 1i128 << (precision + 1);
    // 4.2424 - 5.8182 d + 2.5859 d^2 = 4.2424 + d (2.5859 d - 5.8182)
    let mut inner = d.clone();
    inner.scale(&[scaled(2.585_858_586)]);
    inner = p.trunc(&inner, precision)?;
    inner -= &constant(p, 5.818_181_818);
    let mut y = p.mul_trunc(d, &inner, precision)?;
    y += &constant(p, 4.242_424_242);
    p.note_bound(&mut y, limit / 4, limit + limit / 32);
    for _ in 0..steps {
        let mut gap = constant(p, 2.0);
        gap -= &p.mul_trunc(d, &y, precision)?;
        p.note_bound(&mut gap, limit / 4, limit);
        y = p.mul_trunc(&y, &gap, precision)?;
        p.note_bound(&mut y, limit / 4, limit + limit / 32);
    }
    Ok(y)
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
    let wide = x.clone().times(factor.round_ties_even() as i128);
    let shares = p.trunc(wide.shares(), by)?;
    Ok(Tensor::new(shares, x.shape(), x.frac_bits()))
}
