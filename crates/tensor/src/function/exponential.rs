//! The exponential: an integer power of two times a polynomial of the fraction.
//!
//! With `y = x log2 base + m` and `J` its integer part, `base^x = 2^-m 2^J 2^(y - J)`. The bits
//! of `J` give `2^J` as a product, exactly; the fraction is left by subtracting `J` from `y`.
//! `J` comes from the high bits of `y` without the carry of the lower ones: where it is taken
//! one less, the fraction is a little above 1, and the polynomial holds there too.
//!
//! Source: Aly and Smart, ACNS 2019 (eprint 2019/354) 4.2 for the split; polynomials from
//! `crates/tensor/fits/fit.py`.

use sharewell_mpc::circuit::{self, Below};
use sharewell_mpc::{BitShare, Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::division::Accuracy;
use super::logarithm::Base;
use super::polynomial::{add_scaled, constant, evaluate, evaluation_error, pieces};
use super::reciprocal::scaled;
use crate::Tensor;
use crate::tensor::elementwise;

/// What is known of the exponent, and what is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Exponential {
    /// What is raised.
    pub base: Base,
    /// Every exponent `x` is at least this, as an integer at its own scale.
    pub least: i128,
    /// Every exponent `x` is at most this.
    pub most: i128,
    /// The exponents' scale.
    pub argument_frac_bits: u32,
    /// Results from `2^result_bits` on are too large: they are flagged.
    pub result_bits: u32,
    /// Fractional bits of the result.
    pub frac_bits: u32,
}

/// Planes of the fraction that the integer part is found with: it is taken for one less only
/// where the fraction is below `2^-FINE`.
const FINE: u32 = 6;
/// The fraction less 1/2 is at most this.
const REACH: f64 = 0.516;
/// Smallest scale of the fraction that is worth a run.
const PRECISION_MIN: u32 = 12;
/// Largest scale of the fraction: more than that a double cannot show.
const PRECISION_MAX: u32 = 50;
/// Bits of `log2 e` that a double shows.
const FACTOR_BITS_MAX: u32 = 52;

impl Exponential {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        let precision = self.precision(bits);
        let numbers = self.least <= self.most && self.magnitude() + 6 < bits;
        numbers
            && self.end() > 1
            && precision >= PRECISION_MIN
            && self.argument_frac_bits + self.factor_bits(bits) >= precision
            && precision + self.width() + 2 < bits
    }

    /// Bits of the exponents' magnitude.
    fn magnitude(&self) -> u32 {
        128 - self.least.unsigned_abs().max(self.most.unsigned_abs()).leading_zeros()
    }

    /// `m`: what is below `2^-m` becomes zero.
    fn offset(&self) -> u32 {
        self.frac_bits + 1
    }

    /// Scale of `y` and of the polynomial.
    fn precision(&self, bits: u32) -> u32 {
        let beside_power = (bits - 3).saturating_sub(self.end());
        PRECISION_MAX.min(bits / 2 - 3).min(beside_power)
    }

    /// Fractional bits of the factor that leads to base 2; none for base 2.
    fn factor_bits(&self, bits: u32) -> u32 {
        match self.base {
            Base::E | Base::Ten => FACTOR_BITS_MAX.min((bits - 4).saturating_sub(self.magnitude())),
            Base::Two => self.precision(bits).saturating_sub(self.argument_frac_bits),
        }
    }

    /// Least and greatest `y`, rounded outwards to whole numbers.
    fn range(&self) -> (i128, i128) {
        let factor = self.base.factor_to_two();
        let y = |x: i128| x as f64 * factor / f64::from(self.argument_frac_bits).exp2();
        let offset = i128::from(self.offset());
        (
            (y(self.least) - 1e-3).floor() as i128 + offset,
            (y(self.most) + 1e-3).ceil() as i128 + offset,
        )
    }

    /// Bits of the integer part of `y` or of one less, its sign included.
    fn width(&self) -> u32 {
        let (least, most) = self.range();
        let magnitude = |x: i128| 128 - x.unsigned_abs().leading_zeros();
        magnitude(least - 1).max(magnitude(most)) + 1
    }

    /// `J` is below this wherever the result is.
    fn end(&self) -> u32 {
        self.offset() + self.result_bits
    }

    /// Bits of `J` that can be set where it is in range, one at least.
    fn count(&self) -> usize {
        let most = self.range().1.clamp(1, i128::from(self.end()) - 1);
        128 - most.leading_zeros() as usize
    }

    /// A polynomial no better than what the result shows, and the bits that it is good to.
    fn fit(&self, bits: u32) -> (f64, &'static [f64]) {
        let wanted = f64::from(self.precision(bits).min(self.result_bits + self.frac_bits + 1));
        *FITS.iter().find(|(good, _)| *good >= wanted).unwrap_or(&FITS[FITS.len() - 1])
    }

    /// The worst error.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let (good, coefficients) = self.fit(bits);
        let unit = (-f64::from(self.precision(bits))).exp2();
        // Of the polynomial, whose least value is 1, and its own rounding.
        let units = evaluation_error(coefficients, REACH) + 1.0;
        // Errors of `y`: a rounding, and the factor's where the result is neither 0 nor flagged.
        let reach = f64::from(self.offset().max(self.result_bits) + 1);
        let of_factor = reach * (-f64::from(self.factor_bits(bits))).exp2();
        let of_y = if self.base == Base::Two { unit } else { unit + of_factor };
        let relative = (-good).exp2() + units * unit + 0.7 * of_y;
        Accuracy { absolute: 1.1 * (-f64::from(self.frac_bits)).exp2(), relative }
    }
}

/// `base^x` at scale `spec.frac_bits`, and whether it is below `2^result_bits`, as 0 or 1.
/// Where it is not, the result is `2^result_bits`; where it is below `2^-(frac_bits + 1)`, 0.
/// Within 2 % of `2^result_bits` either answer may come.
///
/// Domain: as `spec` promises; [`Exponential::fits`] must hold. Error:
/// [`Exponential::accuracy`]. Cost, with `B = log2(frac_bits + 1 + result_bits)` rounded up and
/// polynomials of degree `d`: [`Protocol::trunc`] twice, [`circuit::high_bits`] of about
/// `B + 7` planes, [`Protocol::b2a`] of `B` planes and up to two more, `B` products in
/// `1 + log2 B` rounds, a polynomial of degree `d`.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is of another scale.
pub fn exponential<P: Protocol>(
    p: &mut P,
    x: &Tensor<P>,
    spec: Exponential,
) -> Result<(Tensor<P>, P::AShare)> {
    let bits = P::Ring::BITS;
    assert_eq!(x.frac_bits(), spec.argument_frac_bits, "{spec:?}");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [value, small] = elementwise(p, [x], |p, [x]| spec.evaluate(p, x.shares()))?;
    Ok((Tensor::new(value, x.shape(), spec.frac_bits), small))
}

/// The integer part of `y`.
struct Split<P: Protocol> {
    /// Itself, wherever `y` is in range.
    integer: P::AShare,
    /// `2^1`, `2^2`, `2^4` .. or 1, by its bits; the last one 0 where `y` is out of range.
    factors: Vec<P::AShare>,
    range: InRange<P::AShare>,
}

/// Whether a number is in range.
struct InRange<T> {
    /// Nothing if it cannot be out of it.
    inside: Option<T>,
    /// Whether it is above it; nothing if it cannot be.
    above: Option<T>,
}

impl Exponential {
    /// What [`exponential`] gives of a chunk.
    fn evaluate<P: Protocol>(&self, p: &mut P, x: &P::AShare) -> Result<[P::AShare; 2]> {
        p.require_bound("exponential", x, self.least, self.most)?;
        let precision = self.precision(P::Ring::BITS);
        let y = self.binary(p, x)?;
        let split = self.split(p, &y)?;
        let t = self.fraction(p, y, &split)?;
        let fraction = self.polynomial(p, &t)?;
        let power = self.power(p, split.factors)?;
        let mut value =
            p.mul_trunc(&power, &fraction, self.offset() + precision - self.frac_bits)?;
        let limit = P::Ring::ONE.shl(self.result_bits + self.frac_bits);
        let mut small = constant(p, P::Ring::ONE, x.len());
        if let Some(above) = split.range.above {
            add_scaled(&mut value, &above, limit);
            small -= &above;
            p.note_bound(&mut small, 0, 1);
        }
        let most = limit.to_i128() + (limit.to_i128() >> 5) + 2;
        p.note_bound(&mut value, 0, most);
        let greatest = f64::from(self.result_bits).exp2();
        let accuracy = self.accuracy(P::Ring::BITS);
        accuracy.note(p, &mut value, (greatest, self.frac_bits), &[(x, f64::INFINITY)]);
        Ok([value, small])
    }

    /// `y` at scale `precision`.
    fn binary<P: Protocol>(&self, p: &mut P, x: &P::AShare) -> Result<P::AShare> {
        let bits = P::Ring::BITS;
        let (precision, factor_bits) = (self.precision(bits), self.factor_bits(bits));
        let mut y = x.clone();
        y.scale(&[scaled(self.base.factor_to_two(), factor_bits)]);
        let mut y = p.trunc(&y, self.argument_frac_bits + factor_bits - precision)?;
        let offset = P::Ring::from_i128(i128::from(self.offset()) << precision);
        y += &constant(p, offset, x.len());
        let (least, most) = self.range();
        p.note_bound(&mut y, least << precision, most << precision);
        Ok(y)
    }

    fn split<P: Protocol>(&self, p: &mut P, y: &P::AShare) -> Result<Split<P>> {
        let precision = self.precision(P::Ring::BITS);
        let width = self.width();
        let high = circuit::high_bits(p, y, precision + width, precision - FINE)?;
        let count = self.count();
        let top = FINE as usize + count - 1;
        let low = high.pick(&(FINE as usize..top).collect::<Vec<_>>());
        let mut planes = vec![low];
        let InRange { inside, above } = self.in_range(p, &high, (width + FINE) as usize)?;
        if let Some(inside) = &inside {
            let set = p.and(inside, &high.pick(&[top]))?;
            let mut unset = inside.clone();
            unset ^= &set;
            planes.extend([set, unset]);
            planes.extend(above.clone());
        } else {
            planes.push(high.pick(&[top]));
        }
        let bits = p.b2a(&P::BShare::stack(&planes.iter().collect::<Vec<_>>()))?;
        let others = usize::from(inside.is_some()) + usize::from(above.is_some());
        let mut bits = pieces::<P>(&bits, count + others);
        let above = above.and_then(|_| bits.pop());
        let unset = inside.and_then(|_| bits.pop());
        Ok(self.assembled(p, &bits, unset, above))
    }

    /// Whether the integer part, whose planes begin at `FINE`, is in range, and whether it is
    /// above it; nothing where the exponents' range tells.
    fn in_range<P: Protocol>(
        &self,
        p: &mut P,
        high: &P::BShare,
        planes: usize,
    ) -> Result<InRange<P::BShare>> {
        let (least, most) = self.range();
        let positive = (least < 1).then(|| {
            let mut positive = high.pick(&[planes - 1]);
            circuit::not(p, &mut positive, 1);
            positive
        });
        if most <= i128::from(self.end()) {
            return Ok(InRange { inside: positive, above: None });
        }
        let limit = u128::from(self.end()) << FINE;
        let question = Below { low: 0, width: planes - 1, limit };
        let below = circuit::less_than_public(p, high, &[question])?;
        let Some(positive) = positive else {
            let mut above = below.clone();
            circuit::not(p, &mut above, 1);
            return Ok(InRange { inside: Some(below), above: Some(above) });
        };
        let inside = p.and(&positive, &below)?;
        let mut above = positive;
        above ^= &inside;
        Ok(InRange { inside: Some(inside), above: Some(above) })
    }

    /// From the bits of the integer part as ring elements; `unset` is for a number in range
    /// whose top bit is not set.
    fn assembled<P: Protocol>(
        &self,
        p: &mut P,
        bits: &[P::AShare],
        unset: Option<P::AShare>,
        above: Option<P::AShare>,
    ) -> Split<P> {
        let len = bits[0].len();
        let top = bits.len() - 1;
        let mut integer = constant(p, P::Ring::ZERO, len);
        let mut factors = vec![];
        for (b, bit) in bits.iter().enumerate() {
            add_scaled(&mut integer, bit, P::Ring::ONE.shl(b as u32));
            let power = P::Ring::ONE.shl(1 << b);
            let (mut factor, by) = match &unset {
                Some(unset) if b == top => (unset.clone(), power),
                _ => (constant(p, P::Ring::ONE, len), power - P::Ring::ONE),
            };
            add_scaled(&mut factor, bit, by);
            p.note_bound(&mut factor, 0, power.to_i128());
            factors.push(factor);
        }
        let inside = unset.map(|mut unset| {
            unset += &bits[top];
            p.note_bound(&mut unset, 0, 1);
            unset
        });
        Split { integer, factors, range: InRange { inside, above } }
    }

    /// `y - J - 1/2` at scale `precision`, as if `y = J` where it is out of range.
    fn fraction<P: Protocol>(
        &self,
        p: &mut P,
        mut y: P::AShare,
        split: &Split<P>,
    ) -> Result<P::AShare> {
        let precision = self.precision(P::Ring::BITS);
        add_scaled(&mut y, &split.integer, -P::Ring::ONE.shl(precision));
        if let Some(inside) = &split.range.inside {
            y = p.mul(inside, &y)?;
        }
        p.note_bound(&mut y, 0, (1 << precision) + (1 << (precision - FINE)));
        y -= &constant(p, P::Ring::ONE.shl(precision - 1), y.len());
        Ok(y)
    }

    /// `2^(t + 1/2)` at scale `precision`.
    fn polynomial<P: Protocol>(&self, p: &mut P, t: &P::AShare) -> Result<P::AShare> {
        let bits = P::Ring::BITS;
        let precision = self.precision(bits);
        let (_, coefficients) = self.fit(bits);
        let sum = evaluate(p, t, coefficients, precision)?;
        let mut value = p.trunc(&sum, precision)?;
        p.note_bound(&mut value, 0, (1 << (precision + 1)) + (1 << (precision - 4)));
        Ok(value)
    }

    /// The product of the factors.
    fn power<P: Protocol>(&self, p: &mut P, mut factors: Vec<P::AShare>) -> Result<P::AShare> {
        let len = factors[0].len();
        while factors.len() > 1 {
            let odd = factors.split_off(factors.len() / 2 * 2);
            let of = |parity: usize| {
                let some: Vec<&P::AShare> = factors.iter().skip(parity).step_by(2).collect();
                P::AShare::concat(&some)
            };
            let (left, right) = (of(0), of(1));
            let products = p.mul(&left, &right)?;
            factors = pieces::<P>(&products, factors.len() / 2);
            factors.extend(odd);
        }
        let mut power = factors.pop().unwrap_or_else(|| constant(p, P::Ring::ONE, len));
        p.note_bound(&mut power, 0, 1 << (self.end() - 1));
        Ok(power)
    }
}

/// `2^(t + 1/2)` for `t` in `[-1/2, 1/2 + 2^-FINE]`, and the bits that each is good to.
#[rustfmt::skip] // one row per polynomial
#[expect(clippy::approx_constant, reason = "a fit's coefficient is near the square root of two")]
static FITS: [(f64, &[f64]); 8] = [
    (13.61, &[
        1.4141037441747761, 0.9803754968155748, 0.34323480320925936, 0.07843376853301534,
    ]),
    (18.44, &[
        1.4142127125444026, 0.9802194170803127, 0.3397490019256756, 0.07910241671898613,
        0.01360558625856384,
    ]),
    (23.53, &[
        1.414213676208415, 0.980257936521189, 0.3397234780695738, 0.07849659944003509,
        0.013686411374121306, 0.0018875335622648844,
    ]),
    (28.84, &[
        1.4142135629544892, 0.9802581834238364, 0.339731553969722, 0.07849341065723786,
        0.013602253130098248, 0.0018953957853463464, 0.0002181735557422083,
    ]),
    (34.35, &[
        1.4142135623099292, 0.9802581436160642, 0.3397315921422207, 0.07849466007411489,
        0.013601933347775541, 0.001885659755192557, 0.0002188040205450668,
        2.1613232191704806e-05,
    ]),
    (40.03, &[
        1.4142135623728735, 0.9802581434464178, 0.3397315842039147, 0.07849466439497056,
        0.01360208837815666, 0.001885633713686031, 0.00021783909836326407,
        2.1654261594654883e-05, 1.8732907853265402e-06,
    ]),
    (45.86, &[
        1.414213562373117, 0.9802581434684902, 0.3397315841787875, 0.07849466324328386,
        0.013602088762292455, 0.0018856498620538251, 0.00021783736244222515,
        2.157059963654169e-05, 1.8753942070198014e-06, 1.4431491733724574e-07,
    ]),
    (51.82, &[
        1.4142135623730951, 0.9802581434685548, 0.33973158418306715, 0.0784946632406246,
        0.013602088628811643, 0.001885649889519313, 0.00021783881546403035,
        2.1570507833833682e-05, 1.8689472107885648e-06, 1.4438639505170367e-07,
        1.0005567070119819e-08,
    ]),
];
