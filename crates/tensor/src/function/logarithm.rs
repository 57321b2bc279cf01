//! Logarithms: normalise, a polynomial on `[1/2, 1)`, and the place of the leading one.
//!
//! With `x = d 2^(L - h)`, `log x = log d + (L - h) log 2`; multiples of a public number are read
//! off the place as powers of two are. The polynomial is one in `t = d - 3/4`, `|t| <= 1/4`, for
//! there its coefficients' terms fall and none cancels another. It is evaluated by blocks of
//! four coefficients: `t^2, t^3, t^4`, then one product for each block but the first.
//!
//! Source: Paterson and Stockmeyer 1973 for the evaluation; minimax fits by `fits/roots.py`.

use std::f64::consts;

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Integer;

use super::Accuracy;
use super::normalise::{Layout, Places, Power, fraction};
use super::polynomial::{constant, evaluate, evaluation_error};
use super::reciprocal::{scaled, ulp};
use crate::Tensor;
use crate::tensor::elementwise;

/// `ln(3/4 + t)` for `|t| <= 1/4`: the worst error, then blocks of four coefficients.
const FITS: [(f64, &[[f64; 4]]); 4] = [
    (
        1.93e-7,
        &[
            [-0.2876818889956159, 1.3333315108090187, -0.8889816023727731, 0.790439168110327],
            [-0.7828640111270341, 0.8275891133744587, -1.1145068573943722, 1.3419820230960944],
        ],
    ),
    (
        1.12e-10,
        &[
            [-0.2876820723459961, 1.3333333316910376, -0.8888890096661458, 0.7901240896777975],
            [-0.7901011887843777, 0.8427275139109004, -0.9379350447920426, 1.0736478207496658],
            [-1.2039213826222683, 1.399316889479142, -2.373472194664073, 3.037243942173243],
        ],
    ),
    (
        7.25e-14,
        &[
            [-0.2876820724517123, 1.333333333331883, -0.8888888890285399, 0.7901234577803214],
            [-0.7901234102691658, 0.842798154664095, -0.9364485025930562, 1.0702382578758975],
            [-1.2482259392638944, 1.4789331828464307, -1.7879133405854672, 2.1765018929778437],
            [-2.4100525570223654, 2.8666669685803106, -6.017294287719097, 7.912888915195406],
        ],
    ),
    (
        2.5e-16,
        &[
            [-0.2876820724517809, 1.3333333333333321, -0.8888888888890402, 0.7901234567914766],
            [-0.790123456710763, 0.8427983534816772, -0.9364426315758331, 1.0702201942894505],
            [-1.2485884948212378, 1.479805541833857, -1.7758704000623688, 2.152694169583568],
            [-2.6272884129778205, 3.2305340015254767, -4.085018063111664, 5.128216852768433],
            [-5.247798215038607, 6.228390551606909, -16.611119699521574, 22.185174724765478],
        ],
    ),
];

/// The base of a logarithm.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// 2.
    Two,
    /// e.
    E,
    /// 10.
    Ten,
}

impl Base {
    /// `log(2^k)` at scale `precision`, to half a unit in the last place, for `k` below 128.
    fn of_power<R: Integer>(self, k: u32, precision: u32) -> R {
        const SCALE: u32 = 120;
        let log_2: u128 = match self {
            Self::Two => 1 << SCALE,
            Self::E => 921350637599661305226344307672478454,
            Self::Ten => 400137497807575639648484801758215752,
        };
        let by = SCALE - precision;
        R::from_u128((u128::from(k) * log_2 + (1 << (by - 1))) >> by)
    }

    /// `log2(base)`.
    pub(crate) fn factor_to_two(self) -> f64 {
        match self {
            Self::Two => 1.0,
            Self::E => consts::LOG2_E,
            Self::Ten => consts::LOG2_10,
        }
    }

    /// `1 / ln(base)`.
    fn factor(self) -> f64 {
        match self {
            Self::Two => consts::LOG2_E,
            Self::E => 1.0,
            Self::Ten => consts::LOG10_E,
        }
    }
}

/// What is known of the argument of a logarithm, and what is asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Logarithm {
    /// `-2^bits <= x < 2^bits`, as an integer at its own scale.
    pub bits: u32,
    /// Fractional bits of `x`.
    pub scale: u32,
    /// Fractional bits of the result.
    pub frac_bits: u32,
    /// Of which logarithm.
    pub base: Base,
}

/// Bits beyond those of the result: the roundings inside do not show in it.
const GUARD: u32 = 4;
/// Largest precision: that of the coefficients.
const PRECISION_MAX: u32 = 52;

impl Logarithm {
    fn layout(&self) -> Layout {
        Layout { width: self.bits, signed: true, top: self.bits, group: 1 }
    }

    /// Products of numbers below 2 at this scale leave room for a sign.
    fn precision(&self, bits: u32) -> u32 {
        PRECISION_MAX.min((bits - 4) / 2).min(self.frac_bits + GUARD)
    }

    /// The shortest polynomial that errs by less than the roundings.
    fn fit(&self, bits: u32) -> (f64, &'static [[f64; 4]]) {
        let enough = |(error, _): &&(f64, _)| *error <= 2.0 * ulp(self.precision(bits));
        *FITS.iter().find(enough).unwrap_or(&FITS[FITS.len() - 1])
    }

    fn polynomial(&self, bits: u32) -> Vec<f64> {
        let (_, blocks) = self.fit(bits);
        blocks.as_flattened().iter().map(|c| c * self.base.factor()).collect()
    }

    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        self.bits > 0
            && self.bits + 3 < bits
            && self.scale < 128
            && self.precision(bits) >= self.frac_bits
            && self.precision(bits) >= 6
            // Place and scale are below 128, their logarithms' sum below 2^8.
            && self.precision(bits) + 8 < bits - 2
    }

    /// The worst error where `x` is positive; none of it is relative.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let precision = self.precision(bits);
        let factor = self.base.factor();
        let (fit, _) = self.fit(bits);
        // A unit of `d` where it was cut; four multiples of log 2 are rounded; a truncation.
        let argument = if self.bits > precision { 2.0 * factor } else { 0.0 };
        let units = argument + 3.0 + evaluation_error(&self.polynomial(bits), 0.25);
        let last = if precision > self.frac_bits { ulp(self.frac_bits) } else { 0.0 };
        Accuracy { absolute: fit * factor + units * ulp(precision) + last, relative: 0.0 }
    }
}

/// `log(x)`, and whether `x` is positive, as 0 or 1: where it is not, the result is zero, and the
/// caller must not take it for one.
///
/// Domain: as `spec` promises; [`Logarithm::fits`] must hold. Error: [`Logarithm::accuracy`];
/// the last bit is rounded at random, so that a result to be published should be asked for with
/// more bits and cut by [`Protocol::trunc_exact`].
/// Cost for `L = bits`: [`Protocol::a2b`] of `L + 1` bits, `log2 L` rounds of ANDs,
/// [`Protocol::b2a_dot`] of `2 sqrt(L)` planes, and eight products, or up to eleven for more
/// bits of the result.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the scale of `x` is not that of `spec`, or `spec` does not fit the ring.
pub fn logarithm<P: Protocol>(
    p: &mut P,
    x: &Tensor<P>,
    spec: Logarithm,
) -> Result<(Tensor<P>, P::AShare)> {
    let bits = P::Ring::BITS;
    assert_eq!(x.frac_bits(), spec.scale, "the scale of a logarithm's argument");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [result, positive] = elementwise(p, [x], |p, [x]| logarithms(p, x.shares(), spec))?;
    Ok((Tensor::new(result, x.shape(), spec.frac_bits), positive))
}

fn logarithms<P: Protocol>(p: &mut P, x: &P::AShare, spec: Logarithm) -> Result<[P::AShare; 2]> {
    let (bits, n) = (P::Ring::BITS, x.len());
    p.require_bound("logarithm", x, -(1 << spec.bits), (1 << spec.bits) - 1)?;
    let (layout, precision) = (spec.layout(), spec.precision(bits));
    let of_power = |k: u32| spec.base.of_power::<P::Ring>(k, precision);
    let places = Places::find(p, x, layout)?;
    let mut read = places.read(p, layout, &[Power::Rising(1)], &[&of_power])?;
    let (mut power, mut below) = (read.powers.remove(0), read.sums.remove(0));
    p.note_bound(&mut power, 0, 1 << layout.last());
    p.note_bound(&mut below, 0, of_power(layout.last()).to_i128() + 1);
    let mut t = fraction(p, x, (&power, &read.positive), layout, precision)?;
    t -= &constant(p, scaled(0.75, precision), n);

    let result = evaluate(p, &t, &spec.polynomial(bits), precision)?;
    let mut result = p.trunc(&result, precision)?;
    result += &constant(p, of_power(spec.bits) - of_power(spec.scale), n);
    result -= &below;
    let result = p.trunc(&result, precision - spec.frac_bits)?;
    let mut result = p.mul(&result, &read.positive)?;
    let arguments = [(x, f64::INFINITY)];
    spec.accuracy(bits).note(p, &mut result, (0.0, spec.frac_bits), &arguments);
    Ok([result, read.positive])
}
