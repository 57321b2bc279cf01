//! Square roots and their inverses: normalise to an even power of two, Newton's iteration for
//! `1 / sqrt(d)`.
//!
//! With `x = d 2^(top - 2 h)` and `d` in `[1/4, 1)`, `sqrt(x) = sqrt(d) 2^(top/2 - h)`: no
//! root of two is needed, and the place `h` has half as many values as that of a leading one.
//! A cubic gives `y = 1 / sqrt(d)` to seven bits; each step `y <- y + y (1 - d y^2) / 2`
//! makes of an error `e` one of `-3/2 e^2`, never positive: half its bound, added, halves it.
//! The root itself comes of the last step with `d y` in place of the factor `y`.
//!
//! Source: Newton's iteration as in Keller and Sun, ICML 2022 (eprint 2022/933); places in
//! pairs of bits and the cubic are ours, its fit is in `fits/roots.py`.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::Accuracy;
use super::normalise::{Layout, Places, Power, fraction};
use super::reciprocal::{Cubic, PRECISION_MIN, Step, note_near, one_and, schedule, ulp};
use crate::Tensor;
use crate::tensor::elementwise;

const INVERSE_ROOT: Cubic = Cubic {
    a: -1.041_587_016_750_403_7,
    b: 0.833_680_798_672_096_4,
    leading_twice: -5,
    c: 3.753_083_457_210_203,
    error: 7.48e-3,
};

/// Beyond, three steps would not do.
const PRECISION_MAX: u32 = 54;

/// What is known of the argument of a root, and the scale asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// `-2^bits <= x < 2^bits`, as an integer at its own scale.
    pub bits: u32,
    /// Fractional bits of `x`.
    pub scale: u32,
    /// Fractional bits of the result.
    pub frac_bits: u32,
    /// Whether it is `1 / sqrt(x)` that is asked for.
    pub inverse: bool,
}

impl Root {
    /// Pairs of bits, such that the top one stands at an even power of two.
    fn layout(&self) -> Layout {
        let top = self.bits + (self.bits + self.scale) % 2;
        Layout { width: self.bits, signed: true, top, group: 2 }
    }

    /// Half of the power of two at the top.
    fn half(&self) -> i32 {
        (self.layout().top as i32 - self.scale as i32) / 2
    }

    /// Bits of the greatest result before its fractional ones.
    fn whole(&self) -> i32 {
        if self.inverse { self.scale.div_ceil(2) as i32 } else { self.half() }
    }

    /// Bits of the power that the normalised result is multiplied by, and one more of the
    /// result itself.
    fn power_bits(&self) -> u32 {
        self.layout().greatest() + 1
    }

    /// What the ring leaves, and no more than shows in the greatest result.
    fn precision(&self, bits: u32) -> u32 {
        let beside_power = (bits - 3).saturating_sub(self.power_bits());
        let shown = (self.whole() + self.frac_bits as i32 + 4).max(PRECISION_MIN as i32);
        PRECISION_MAX.min(bits / 2 - 4).min(beside_power).min(shown.unsigned_abs())
    }

    fn steps(&self, bits: u32) -> u32 {
        match self.precision(bits) {
            0..=13 => 1,
            14..=30 => 2,
            _ => 3,
        }
    }

    /// Bits to drop of the product with the power; below zero, to add.
    fn excess(&self, bits: u32) -> i32 {
        let power =
            if self.inverse { self.half() } else { self.layout().greatest() as i32 - self.half() };
        self.precision(bits) as i32 + power - self.frac_bits as i32
    }

    /// Whether a ring of `bits` bits holds every intermediate value.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        let limit = bits as i32 - 3;
        let result = self.whole() + self.frac_bits as i32 + 1;
        self.bits > 0
            && self.bits + 3 < bits
            && self.precision(bits) >= PRECISION_MIN
            && result <= limit
            && (self.power_bits() + self.precision(bits)) as i32 - self.excess(bits).min(0) <= limit
            && self.excess(bits) <= limit
    }

    /// The worst error where `x` is positive.
    #[must_use]
    pub fn accuracy(&self, bits: u32) -> Accuracy {
        let precision = self.precision(bits);
        let (_, error) = schedule(&INVERSE_ROOT, (precision, self.steps(bits)), after);
        // Half the relative error of `d`, which is 1/4 at least; and of roundings one more of
        // `d y`, which like the result is 1/2 at least.
        let argument = if self.layout().top > precision { 2.0 } else { 0.0 };
        let product = if self.inverse { 0.0 } else { 3.0 };
        let relative = error + (argument + product) * ulp(precision);
        let absolute = if self.excess(bits) > 0 { ulp(self.frac_bits) } else { 0.0 };
        Accuracy { absolute, relative }
    }
}

/// The worst relative error after a step: Newton's, what was cut of `d`, and the roundings of
/// `d y^2` and of the result.
fn after(step: &Step) -> f64 {
    let cut = if step.coarse { 2.01 * ulp(step.argument) } else { 0.0 };
    0.76 * step.error * step.error + cut + 0.51 * ulp(step.argument) + ulp(step.to)
}

/// `sqrt(x)` or `1 / sqrt(x)`, and whether `x` is positive, as 0 or 1: where it is not, the
/// result is zero, and the caller must not take it for one (but as the root of 0, which it is).
///
/// Domain: as `spec` promises; [`Root::fits`] must hold. Error: [`Root::accuracy`]; the last bit
/// is rounded at random, so that a result to be published should be asked for with more bits
/// and cut by [`Protocol::trunc_exact`].
/// Cost for `L = bits`: [`Protocol::a2b`] of `L + 1` bits, `log2 L` rounds of ANDs,
/// [`Protocol::b2a_dot`] of `2 sqrt(L / 2)` planes, and about `9 + 4 steps` products.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the scale of `x` is not that of `spec`, or `spec` does not fit the ring.
pub fn square_root<P: Protocol>(
    p: &mut P,
    x: &Tensor<P>,
    spec: Root,
) -> Result<(Tensor<P>, P::AShare)> {
    let bits = P::Ring::BITS;
    assert_eq!(x.frac_bits(), spec.scale, "the scale of a root's argument");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let [result, positive] = elementwise(p, [x], |p, [x]| roots(p, x.shares(), spec))?;
    Ok((Tensor::new(result, x.shape(), spec.frac_bits), positive))
}

/// `1 / sqrt(x)` in two parts: `mantissa 2^(h - top / 2)`.
#[derive(Debug)]
pub struct InverseRoot<P: Protocol> {
    /// Between 1 and 2, at scale [`Self::PRECISION`]; of what is not positive too.
    pub mantissa: P::AShare,
    /// `2^h`; 0 of what is not positive.
    pub power: P::AShare,
    /// Whether `x` is positive, as 0 or 1.
    pub positive: P::AShare,
    /// Even: `x 2^(2 h)` is below two to this.
    pub top: u32,
}

impl<P: Protocol> InverseRoot<P> {
    /// Fractional bits of the mantissa.
    pub const PRECISION: u32 = 46;

    fn spec(bits: u32) -> Root {
        Root { bits, scale: 0, frac_bits: Self::PRECISION, inverse: true }
    }

    /// Whether a ring of `ring_bits` bits holds every intermediate value, for `x` below two to
    /// `bits`.
    #[must_use]
    pub fn fits(bits: u32, ring_bits: u32) -> bool {
        let spec = Self::spec(bits);
        spec.fits(ring_bits)
            && spec.layout().top + 3 < ring_bits
            && Self::PRECISION + 4 < ring_bits / 2
    }

    /// The worst relative error of the mantissa.
    #[must_use]
    pub fn accuracy(bits: u32) -> f64 {
        let (_, error) = schedule(&INVERSE_ROOT, (Self::PRECISION, 3), after);
        let argument = if Self::spec(bits).layout().top > Self::PRECISION { 2.0 } else { 0.0 };
        error + argument * ulp(Self::PRECISION)
    }

    /// Of integers `-2^bits <= x < 2^bits`: as accurate for a small one as for a large one, since
    /// nobody multiplies the two parts before what the power multiplies has become small.
    ///
    /// Cost: that of [`square_root`], two products less.
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// Unless [`Self::fits`] holds.
    pub fn of(p: &mut P, x: &P::AShare, bits: u32) -> Result<Self> {
        assert!(Self::fits(bits, P::Ring::BITS), "{bits} bits in {}", P::Ring::BITS);
        let spec = Self::spec(bits);
        p.require_bound("inverse root", x, -(1 << bits), (1 << bits) - 1)?;
        let layout = spec.layout();
        let (d, power, positive) = normalised(p, x, (layout, Power::Rising(1)), Self::PRECISION)?;
        let mantissa = newton(p, &d, (Self::PRECISION, 3), true)?;
        Ok(Self { mantissa, power, positive, top: layout.top })
    }
}

/// `d = x 2^(2 h - top)` at scale `precision`, a power of two, and whether `x` is positive.
fn normalised<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    (layout, out): (Layout, Power),
    precision: u32,
) -> Result<(P::AShare, P::AShare, P::AShare)> {
    let places = Places::find(p, x, layout)?;
    let mut read = places.read(p, layout, &[Power::Rising(2), out], &[])?;
    let [squared, power] = &mut read.powers[..] else { unreachable!("as many as were asked for") };
    p.note_bound(squared, 0, 1 << (2 * layout.last()));
    p.note_bound(power, 0, 1 << layout.greatest());
    let d = fraction(p, x, (squared, &read.positive), layout, precision)?;
    Ok((d, read.powers.swap_remove(1), read.positive))
}

fn roots<P: Protocol>(p: &mut P, x: &P::AShare, spec: Root) -> Result<[P::AShare; 2]> {
    let bits = P::Ring::BITS;
    p.require_bound("square root", x, -(1 << spec.bits), (1 << spec.bits) - 1)?;
    let (layout, precision) = (spec.layout(), spec.precision(bits));
    let out = if spec.inverse { Power::Rising(1) } else { Power::Falling(1) };
    let (d, power, positive) = normalised(p, x, (layout, out), precision)?;
    let normalised = newton(p, &d, (precision, spec.steps(bits)), spec.inverse)?;

    let excess = spec.excess(bits);
    let mut result = p.mul_trunc(&normalised, &power, excess.max(0).unsigned_abs())?;
    result.scale(&[P::Ring::ONE.shl((-excess).max(0).unsigned_abs())]);
    let mut result = p.mul(&result, &positive)?;
    // A root of x >= 2^-scale is moved by less than a unit of x times 2^(scale/2).
    let half = (f64::from(spec.frac_bits) - f64::from(spec.scale) / 2.0).exp2();
    let moved = if spec.inverse { f64::INFINITY } else { half };
    let greatest = f64::from(spec.whole()).exp2();
    let arguments = [(x, moved)];
    spec.accuracy(bits).note(p, &mut result, (greatest, spec.frac_bits), &arguments);
    Ok([result, positive])
}

/// `1 / sqrt(d)`, or `sqrt(d)`, at the scale of `d`.
fn newton<P: Protocol>(
    p: &mut P,
    d: &P::AShare,
    (precision, steps): (u32, u32),
    inverse: bool,
) -> Result<P::AShare> {
    let [cut, mut y] = INVERSE_ROOT.evaluate(p, d, precision)?;
    let (schedule, error) = schedule(&INVERSE_ROOT, (precision, steps), after);
    for (at, step) in schedule.iter().enumerate() {
        let Step { argument, from, to, .. } = *step;
        let last = at + 1 == schedule.len();
        note_near(p, &mut y, (1.0, 2.0), step.error, from);
        let mut dy = p.mul(if step.coarse { &cut } else { d }, &y)?;
        note_near(p, &mut dy, (0.5, 1.0), step.error, argument + from);
        let mut gap = one_and(p, 1.5 * step.error * step.error, argument, d.len());
        gap -= &p.mul_trunc(&dy, &y, 2 * from)?;
        note_near(p, &mut gap, (0.0, 0.0), 1.1 * step.error + ulp(argument), argument);
        let (base, from) = if last && !inverse { (dy, argument + from) } else { (y, from) };
        y = corrected(p, base, &gap, (from, argument, to))?;
    }
    let range = if inverse { (1.0, 2.0) } else { (0.5, 1.0) };
    note_near(p, &mut y, range, error + 3.0 * ulp(precision), precision);
    Ok(y)
}

/// `y + y gap / 2` at scale `to`.
fn corrected<P: Protocol>(
    p: &mut P,
    mut y: P::AShare,
    gap: &P::AShare,
    (from, gap_scale, to): (u32, u32, u32),
) -> Result<P::AShare> {
    if from > to {
        y = p.trunc(&y, from - to)?;
    }
    let from = from.min(to);
    let more = p.mul_trunc(&y, gap, from + gap_scale + 1 - to)?;
    y.scale(&[P::Ring::ONE.shl(to - from)]);
    y += &more;
    Ok(y)
}
