//! The reciprocal of a normalised number.
//!
//! A cubic gives `1/d` to nine bits; each step `y <- y (2 - d y)` squares the error `1 - d y`,
//! which is computed exactly, modulo the ring, so that only the correction `y (1 - d y)` is
//! rounded. A step's error is never negative: half its bound, added, halves it.
//!
//! The first step needs few bits of `d` and makes few; all its factors are cut to what it needs,
//! for a truncation by at most 32 bits costs half of a longer one.
//!
//! Source: Newton-Raphson division; the cubic's fit is in `fits/roots.py`.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::polynomial::constant;

/// Bits of the cubic's argument.
const COARSE: u32 = 15;
/// Scales of what the cubic and the steps before the last one make.
const SCALES: [u32; 3] = [16, 16, 30];
/// Largest precision: more than that a double cannot show.
pub(crate) const PRECISION_MAX: u32 = 57;
/// Smallest precision worth the start.
pub(crate) const PRECISION_MIN: u32 = 12;

const RECIPROCAL: Cubic = Cubic {
    a: -1.505_994_929_908_050_6,
    b: 1.070_002_630_411_710_7,
    leading_twice: -7,
    c: 5.270_982_276_874_618,
    error: 1.81e-3,
};

/// A cubic `(d (d + a) + b) (leading d + c)`: every factor is exact in few bits.
pub(crate) struct Cubic {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) leading_twice: i128,
    pub(crate) c: f64,
    /// Worst relative error of the fit.
    pub(crate) error: f64,
}

impl Cubic {
    /// At the returned scale, for `d` at scale `precision`, which is cut: the argument as it is
    /// used and its scale are given too.
    ///
    /// Cost: [`Protocol::trunc`], a product and [`Protocol::mul_trunc`].
    ///
    /// # Errors
    /// If a link fails.
    pub(crate) fn evaluate<P: Protocol>(
        &self,
        p: &mut P,
        d: &P::AShare,
        precision: u32,
    ) -> Result<[P::AShare; 2]> {
        let (scale, to) = scales(precision);
        let mut d = p.trunc(d, precision - scale)?;
        p.note_bound(&mut d, 1 << (scale - 2), (1 << scale) + 1);
        let mut left = d.clone();
        left += &constant(p, scaled(self.a, scale), d.len());
        left = p.mul(&d, &left)?;
        left += &constant(p, scaled(self.b, 2 * scale), d.len());
        let mut right = d.clone();
        right.scale(&[P::Ring::from_i128(self.leading_twice)]);
        right += &constant(p, scaled(self.c, scale + 1), d.len());
        let y = p.mul_trunc(&left, &right, 3 * scale + 1 - to)?;
        Ok([d, y])
    }

    /// The worst relative error as evaluated at that precision, roundings of the coefficients
    /// and of the result with it, for the argument as cut.
    pub(crate) fn start_error(&self, precision: u32) -> f64 {
        let (scale, to) = scales(precision);
        self.error + 2.0 * ulp(scale) + ulp(to)
    }
}

/// Of the cubic's argument, and of its value.
pub(crate) fn scales(precision: u32) -> (u32, u32) {
    (COARSE.min(precision), SCALES[0].min(precision))
}

/// A unit in the last place.
pub(crate) fn ulp(scale: u32) -> f64 {
    (-f64::from(scale)).exp2()
}

/// A public number at a scale, to the nearest.
pub(crate) fn scaled<R: Integer>(c: f64, scale: u32) -> R {
    R::from_i128((c * f64::from(scale).exp2()).round_ties_even() as i128)
}

/// One step of an iteration.
#[derive(Copy, Clone)]
pub(crate) struct Step {
    /// Whether it works with the argument as cut.
    pub(crate) coarse: bool,
    /// Scale of the argument.
    pub(crate) argument: u32,
    /// Scales before and after.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// Worst relative error before.
    pub(crate) error: f64,
}

/// The steps, and the error after the last one, by the worst error `after` a step.
pub(crate) fn schedule(
    cubic: &Cubic,
    (precision, steps): (u32, u32),
    after: impl Fn(&Step) -> f64,
) -> (Vec<Step>, f64) {
    let (cut, mut from) = scales(precision);
    let mut error = cubic.start_error(precision);
    let mut all = vec![];
    for step in 1..=steps {
        let to = SCALES.get(step as usize).map_or(precision, |to| precision.min(*to));
        let to = if step == steps { precision } else { to };
        let coarse = step == 1 && cut < precision;
        let argument = if step == 1 { cut } else { precision };
        let now = Step { coarse, argument, from, to, error };
        error = after(&now);
        from = to;
        all.push(now);
    }
    (all, error)
}

/// Steps after which the iteration adds no more to the error than roundings at scale
/// `precision` do.
pub(crate) fn steps(precision: u32) -> u32 {
    match precision {
        0..=15 => 1,
        16..=32 => 2,
        _ => 3,
    }
}

fn after(step: &Step) -> f64 {
    let cut = if step.coarse { 2.01 * ulp(step.argument) } else { 0.0 };
    step.error * step.error * 0.51 + cut + ulp(step.to)
}

/// The worst relative error of [`reciprocal`], an error of one unit of `d` included.
pub(crate) fn relative_error(precision: u32, steps: u32) -> f64 {
    schedule(&RECIPROCAL, (precision, steps), after).1 + 2.0 * ulp(precision)
}

/// `1 / d` for `d` in `[1/2, 1]`, both at scale `precision`, in one step or more.
///
/// Domain: `precision + 21` bits below the ring's for one or two steps, twice as many more for
/// three. Error: [`relative_error`]. Cost: [`Protocol::trunc`], a product and
/// [`Protocol::mul_trunc`], then for each step a product and [`Protocol::mul_trunc`]: 10 rounds
/// for two steps.
///
/// # Errors
/// If a link fails.
pub(crate) fn reciprocal<P: Protocol>(
    p: &mut P,
    d: &P::AShare,
    precision: u32,
    steps: u32,
) -> Result<P::AShare> {
    let [cut, mut y] = RECIPROCAL.evaluate(p, d, precision)?;
    for step in schedule(&RECIPROCAL, (precision, steps), after).0 {
        note_near(p, &mut y, (1.0, 2.0), step.error, step.from);
        let scale = step.argument + step.from;
        let mut gap = one_and(p, step.error * step.error / 2.0, scale, d.len());
        gap -= &p.mul(if step.coarse { &cut } else { d }, &y)?;
        note_near(p, &mut gap, (0.0, 0.0), step.error, scale);
        let more = p.mul_trunc(&y, &gap, step.from + scale - step.to)?;
        y.scale(&[P::Ring::ONE.shl(step.to - step.from)]);
        y += &more;
    }
    note_near(p, &mut y, (1.0, 2.0), relative_error(precision, steps), precision);
    Ok(y)
}

/// Public `1 + more`.
pub(crate) fn one_and<P: Protocol>(p: &P, more: f64, scale: u32, len: usize) -> P::AShare {
    constant(p, P::Ring::ONE.shl(scale) + scaled(more, scale), len)
}

/// Notes that `x` is between two numbers or farther from them by thrice `error` at most.
pub(crate) fn note_near<P: Protocol>(
    p: &mut P,
    x: &mut P::AShare,
    (lo, hi): (f64, f64),
    error: f64,
    scale: u32,
) {
    let at = |x: f64| (x * f64::from(scale).exp2()) as i128;
    let slack = at(3.0 * error) + 1;
    p.note_bound(x, at(lo) - slack, at(hi) + slack);
}
