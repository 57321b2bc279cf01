//! Powers: to a whole number by repeated squaring, to a real one by a logarithm, a product and
//! an exponential. Exponents are public.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Ring};

use super::division::Accuracy;
use super::exponential::{Exponential, exponential};
use super::logarithm::{Base, Logarithm, logarithm};
use super::piecewise::Argument;
use super::polynomial::constant;
use super::reciprocal::{scaled, ulp};
use crate::Tensor;
use crate::tensor::elementwise;

/// What is known of a base, its whole exponent, and what is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// Of the base.
    pub argument: Argument,
    /// The exponent.
    pub exponent: u32,
    /// Fractional bits of the result.
    pub frac_bits: u32,
}

/// Smallest scale that a base is cut to.
const PRECISION_MIN: u32 = 8;

/// Factors of one product, as powers of the base.
#[derive(Copy, Clone)]
struct Product {
    left: u32,
    right: u32,
}

impl Power {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        let Argument { bits: width, frac_bits } = self.argument;
        let result = self.exponent.saturating_mul(self.growth()).saturating_add(self.frac_bits);
        width + 2 < bits
            && frac_bits <= bits / 2
            && self.exponent < 1 << 16
            && result.saturating_add(2) < bits
            && self.precision(bits) >= frac_bits.min(PRECISION_MIN)
    }

    /// Bits before the point that a factor of the base adds.
    fn growth(&self) -> u32 {
        self.argument.bits.saturating_sub(self.argument.frac_bits)
    }

    /// Scale above which nothing is kept: a product of two such fits, whatever its size.
    fn precision(&self, bits: u32) -> u32 {
        (bits - 3).saturating_sub(self.exponent.saturating_mul(self.growth())) / 2
    }

    /// Scale at which the base is multiplied.
    fn base_scale(&self, bits: u32) -> u32 {
        let scale = self.argument.frac_bits;
        if self.exponent < 2 { scale } else { scale.min(self.precision(bits)) }
    }

    /// Scale that a power is cut to if its product has a finer one.
    fn kept(&self, power: u32, bits: u32) -> u32 {
        if power == self.exponent { self.frac_bits } else { self.precision(bits) }
    }

    /// From the exponent's second bit on: a square, and one factor more where it is set.
    fn products(&self) -> impl Iterator<Item = Product> {
        let exponent = self.exponent;
        let prefixes = (0..exponent.checked_ilog2().unwrap_or(0)).rev().map(move |b| exponent >> b);
        prefixes.flat_map(|prefix| {
            let half = prefix / 2;
            let square = Product { left: half, right: half };
            let more = Product { left: prefix - 1, right: 1 };
            std::iter::once(square).chain((prefix % 2 == 1).then_some(more))
        })
    }

    /// The worst error.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> f64 {
        let greatest = (f64::from(self.argument.bits) - f64::from(self.argument.frac_bits)).exp2();
        let size = |power: u32| greatest.powi(power as i32);
        let base_scale = self.base_scale(bits);
        let of_base = if base_scale < self.argument.frac_bits { ulp(base_scale) } else { 0.0 };
        let (mut error, mut scale) = (of_base, base_scale);
        for Product { left, right } in self.products() {
            let (other, other_scale) =
                if right == 1 { (of_base, base_scale) } else { (error, scale) };
            error = error * size(right) + other * size(left) + error * other;
            let exact = scale + other_scale;
            scale = exact.min(self.kept(left + right, bits));
            error += if exact > scale { ulp(scale) } else { 0.0 };
        }
        error + if self.frac_bits < scale { ulp(self.frac_bits) } else { 0.0 }
    }

    /// What [`power`] gives of a chunk.
    fn evaluate<P: Protocol>(&self, p: &mut P, x: &Tensor<P>) -> Result<Tensor<P>> {
        let bits = P::Ring::BITS;
        let limit = (1i128 << self.argument.bits) - 1;
        p.require_bound("power", x.shares(), -limit, limit)?;
        if self.exponent == 0 {
            let one = constant(p, P::Ring::ONE.shl(self.frac_bits), x.len());
            return Ok(Tensor::new(one, x.shape(), self.frac_bits));
        }
        let x = x.rescale_down(p, self.base_scale(bits))?;
        let mut y = x.clone();
        for Product { left, right } in self.products() {
            let other = if right == 1 { &x } else { &y };
            let scale = (y.frac_bits() + other.frac_bits()).min(self.kept(left + right, bits));
            y = y.mul(p, other, scale)?;
        }
        if y.frac_bits() > self.frac_bits {
            return y.rescale_down(p, self.frac_bits);
        }
        Ok(y.rescale_up(self.frac_bits))
    }
}

/// `x^exponent` at scale `spec.frac_bits`.
///
/// Domain: as `spec` promises; [`Power::fits`] must hold. Error: [`Power::accuracy`]. Cost:
/// [`Protocol::mul_trunc`] for each bit of the exponent but the first, twice for those set.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is of another scale.
pub fn power<P: Protocol>(p: &mut P, x: &Tensor<P>, spec: Power) -> Result<Tensor<P>> {
    let bits = P::Ring::BITS;
    assert_eq!(x.frac_bits(), spec.argument.frac_bits, "{spec:?}");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [shares] = elementwise(p, [x], |p, [x]| Ok([spec.evaluate(p, x)?.into_shares()]))?;
    Ok(Tensor::new(shares, x.shape(), spec.frac_bits))
}

/// What is known of a positive base, its real exponent, and what is asked for.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct RealPower {
    /// Of the base.
    pub argument: Argument,
    /// The exponent.
    pub exponent: f64,
    /// Results from `2^result_bits` on are flagged.
    pub result_bits: u32,
    /// Fractional bits of the result.
    pub frac_bits: u32,
}

/// Bits of a double's digits.
const EXPONENT_BITS_MAX: u32 = 52;

impl RealPower {
    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.exponent.abs() < 1024.0
            && self.argument.bits < 120
            && self.argument.frac_bits < 120
            && self.logarithm(bits).fits(bits)
            && self.exponent_bits(bits) >= 8
            && self.exponential(bits).fits(bits)
    }

    /// The worst error where the base is positive and the result not flagged.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let of_log = self.logarithm(bits).accuracy(bits).absolute;
        let rounded = self.log_limit() as f64 * ulp(self.exponent_bits(bits));
        let of_product =
            of_log * self.exponent.abs() + rounded + ulp(self.logarithm(bits).frac_bits);
        let Accuracy { absolute, relative } = self.exponential(bits).accuracy(bits);
        // 2^e - 1 < 0.7 e (1 + e) for e < 1.
        let grown = 0.7 * of_product * (1.0 + of_product);
        Accuracy { absolute, relative: relative + grown * (1.0 + relative) }
    }

    fn logarithm(&self, bits: u32) -> Logarithm {
        let Argument { bits: width, frac_bits: scale } = self.argument;
        Logarithm { bits: width, scale, frac_bits: (bits / 2 - 6).min(46), base: Base::Two }
    }

    /// The magnitude of the base's logarithm is at most this.
    fn log_limit(&self) -> i128 {
        let Argument { bits, frac_bits } = self.argument;
        i128::from(bits.saturating_sub(frac_bits).max(frac_bits)) + 1
    }

    /// Fractional bits of the exponent: what the ring leaves beside the logarithm.
    fn exponent_bits(&self, bits: u32) -> u32 {
        let whole = (self.exponent.abs() + 1.0).log2().ceil() as u32;
        let log = 128 - self.log_limit().leading_zeros() + self.logarithm(bits).frac_bits;
        EXPONENT_BITS_MAX.min((bits - 3).saturating_sub(whole + log))
    }

    fn exponential(&self, bits: u32) -> Exponential {
        let argument_frac_bits = self.logarithm(bits).frac_bits;
        let limit = (self.log_limit() as f64 * self.exponent.abs()).ceil() as i128 + 1;
        let most = limit << argument_frac_bits;
        let Self { result_bits, frac_bits, .. } = *self;
        let base = Base::Two;
        Exponential { base, least: -most, most, argument_frac_bits, result_bits, frac_bits }
    }

    /// What [`real_power`] gives of a chunk.
    fn evaluate<P: Protocol>(&self, p: &mut P, x: &Tensor<P>) -> Result<[P::AShare; 2]> {
        let bits = P::Ring::BITS;
        let (log, positive) = logarithm(p, x, self.logarithm(bits))?;
        let mut log = log.into_shares();
        let exponential_of = self.exponential(bits);
        let limit = self.log_limit() << exponential_of.argument_frac_bits;
        p.note_bound(&mut log, -limit, limit);
        let exponent_bits = self.exponent_bits(bits);
        let factor = scaled::<P::Ring>(self.exponent, exponent_bits).to_i128();
        let product =
            Tensor::<P>::new(log, x.shape(), exponential_of.argument_frac_bits).times(factor);
        let product = p.trunc(product.shares(), exponent_bits)?;
        let product = Tensor::new(product, x.shape(), exponential_of.argument_frac_bits);
        let (value, small) = exponential(p, &product, exponential_of)?;
        let mut value = value.into_shares();
        let greatest = f64::from(self.result_bits).exp2();
        let arguments = [(x.shares(), f64::INFINITY)];
        self.accuracy(bits).note(p, &mut value, (greatest, self.frac_bits), &arguments);
        Ok([value, p.mul(&positive, &small)?])
    }
}

/// `x^exponent` at scale `spec.frac_bits`, and whether `x` is positive and the result below
/// `2^result_bits`, as 0 or 1: where it is not, the result means nothing.
///
/// Domain: as `spec` promises; [`RealPower::fits`] must hold. Error: [`RealPower::accuracy`].
/// Cost: [`logarithm`], [`Protocol::trunc`], [`exponential`], one product.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `spec` does not fit the ring or is of another scale.
pub fn real_power<P: Protocol>(
    p: &mut P,
    x: &Tensor<P>,
    spec: RealPower,
) -> Result<(Tensor<P>, P::AShare)> {
    let bits = P::Ring::BITS;
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [value, defined] = elementwise(p, [x], |p, [x]| spec.evaluate(p, x))?;
    Ok((Tensor::new(value, x.shape(), spec.frac_bits), defined))
}
