//! Inverses of symmetric positive definite matrices, and systems of equations in them.
//!
//! Newton's iteration `X <- X (2 I - A X)` squares the residual `I - A X` and so mends its own
//! roundings: it ends at a residual of a few units in the last place, however ill the condition.
//! An elimination would need a reciprocal for each column, one after the other: here the rounds
//! do not grow with the order at all. While eigenvalues of `A X` are spread over `[d, 1]`, steps
//! `X <- g X ((1 + d) I - A X)` bring the least of them up fourfold instead of twofold.
//!
//! Source: Schulz 1933; Ben-Israel and Cohen, SIAM J. Numer. Anal. 3, 1966; the scaled steps are
//! those of Pan and Schreiber, SIAM J. Sci. Stat. Comput. 12, 1991.

use sharewell_mpc::{Known, Protocol, Result, Share};
use sharewell_ring::{Dims, Integer, Ring};

use super::gram;
use super::schedule::{GAIN_BITS, Schedule, Step};
use crate::Tensor;

/// What is promised of a symmetric matrix `A` of integers (its own scale left out of account).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Definite {
    /// Rows and columns.
    pub order: usize,
    /// The trace is below `2^trace_bits`, and every element in magnitude.
    pub trace_bits: u32,
    /// No eigenvalue is below `2^(trace_bits - condition_bits)`.
    pub condition_bits: u32,
    /// Elements of right-hand sides, as integers, are below `2^rhs_bits` in magnitude.
    pub rhs_bits: u32,
}

impl Definite {
    /// Whether a ring of `bits` bits gives an inverse of any use: with order 100 and a condition
    /// of `2^20`, 128 bits do; with order 8 and `2^12`, 64 bits.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        Schedule::of(self, bits).is_some()
    }

    /// The worst spectral norm of `I - A X`, for the inverse `X` found: about
    /// `2 order 2^-(BITS - condition_bits - 4) / 2` where the trace leaves that room.
    ///
    /// # Panics
    /// If the ring is too small: [`Self::fits`].
    #[must_use]
    pub fn residual(&self, bits: u32) -> f64 {
        self.schedule(bits).residual
    }

    fn schedule(&self, bits: u32) -> Schedule {
        Schedule::of(self, bits).unwrap_or_else(|| panic!("{self:?} does not fit {bits} bits"))
    }
}

/// The inverse, at the scale that it comes in, and one flag: 1 if it is known to be right, 0 if
/// the promise was broken and the inverse means nothing.
///
/// Shapes: [n, n] → [n, n] and `[1]`. Domain: as `spec` promises, which intervals cannot prove;
/// [`Definite::fits`] must hold. Error: `|X - 1/A| <= residual |1/A|` in the spectral norm, with
/// [`Definite::residual`]; with the flag 1, `n residual |1/A|` for any matrix. The flag is 1 for
/// all that the promise holds of, and for another matrix if it was inverted all the same.
///
/// Cost: 4 rounds for each of about `condition_bits / 2 + 5` steps, two matrix products and
/// truncations of `n^2` elements each; for the flag [`Protocol::msb`] and [`Protocol::b2a`] of
/// `4 n^2` elements and [`Protocol::is_zero`] of one. In `Rep3` over 128 bits, order 100 and
/// condition `2^20`: 73 rounds, and 13 MB from the party that sends most.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shape is not the promised order's, or if `spec` does not fit the ring.
pub fn inverse<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    spec: Definite,
) -> Result<(Tensor<P>, P::AShare)> {
    let (x, ok) = iterate(p, a, spec)?;
    // The mean of both halves is as near as the worse of them; half a unit makes it exact.
    let mut mean = x.clone().add(&x.transpose()).into_shares();
    let schedule = spec.schedule(P::Ring::BITS);
    let greatest = f64::from(spec.condition_bits + schedule.solution_bits + 1).exp2();
    p.note(&mut mean, Known::Error(schedule.residual * greatest, &[(a.shares(), f64::INFINITY)]));
    Ok((Tensor::new(mean, a.shape(), x.frac_bits() + 1), ok))
}

/// `x` with `A x = b`, at the scale asked for, and a flag as of [`inverse`].
///
/// Shapes: [n, n] and [n, m] → [n, m] and `[1]`. Domain: as [`inverse`]. Error, for each column:
/// `residual |x|` in the Euclidean norm, and one unit in the last place of each element.
///
/// Cost: as [`inverse`], and a matrix product and truncation of `n m` elements.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// As [`inverse`], and if the right-hand sides do not fit the matrix or the scale is finer than
/// `X`'s and `b`'s together.
pub fn solve<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    b: &Tensor<P>,
    spec: Definite,
    frac_bits: u32,
) -> Result<(Tensor<P>, P::AShare)> {
    let limit = (1i128 << spec.rhs_bits) - 1;
    p.require_bound("right-hand side", b.shares(), -limit, limit)?;
    let (x, ok) = iterate(p, a, spec)?;
    let [n, m] = b.matrix();
    assert_eq!(n, spec.order, "right-hand sides for {spec:?}");
    // A X = I - E, so X^T b = (I - E^T) x: relative to the solution itself.
    let mut wide = p.matmul(x.transpose().shares(), b.shares(), Dims { m: n, k: n, n: m })?;
    let bits = spec.schedule(P::Ring::BITS).solution_bits + spec.condition_bits + 1;
    let root = n.next_power_of_two().ilog2().div_ceil(2);
    note(p, &mut wide, bits + spec.rhs_bits + root);
    let wide = Tensor::new(wide, b.shape(), x.frac_bits() + b.frac_bits());
    let mut solution = wide.rescale_down(p, frac_bits)?.into_shares();
    // |x| <= |1/A| |b|, and |1/A| of integers is 2^(condition - trace).
    let inverse =
        [spec.condition_bits, a.frac_bits(), frac_bits].map(f64::from).iter().sum::<f64>()
            - f64::from(spec.trace_bits + b.frac_bits());
    let moved = (n as f64).sqrt() * inverse.exp2();
    let own = spec.residual(P::Ring::BITS) * moved * f64::from(spec.rhs_bits).exp2() + 1.0;
    let arguments = [(a.shares(), f64::INFINITY), (b.shares(), moved)];
    p.note(&mut solution, Known::Error(own, &arguments));
    Ok((Tensor::new(solution, b.shape(), frac_bits), ok))
}

/// Coefficients `w` that make `|y - X w|^2 + ridge |w|^2` least, and a flag as of [`inverse`].
///
/// Shapes: `x` [m, n] and `y` [m, k] of one scale → [n, k]. `ridge` is an integer at the scale of
/// `X^T X`, twice that of `X`. Domain: `spec` promises of `X^T X + ridge I` and `X^T y`. Error,
/// cost: as [`solve`], and [`gram`] and one more matrix product.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// As [`solve`], and if the scales differ.
pub fn least_squares<P: Protocol>(
    p: &mut P,
    [x, y]: [&Tensor<P>; 2],
    ridge: i128,
    spec: Definite,
    frac_bits: u32,
) -> Result<(Tensor<P>, P::AShare)> {
    assert_eq!(x.frac_bits(), y.frac_bits(), "scales");
    let full = 2 * x.frac_bits();
    let mut a = gram(p, x, full)?;
    let ridge = p.public(&scaled_identity(spec.order, P::Ring::from_i128(ridge)));
    a = a.clone().add(&Tensor::new(ridge, a.shape(), full));
    let b = x.transpose().matmul(p, y, full)?;
    solve(p, &a, &b, spec, frac_bits)
}

/// `X` with `A X` near `I`, and whether it is.
///
/// All of it on `A / 2^trace_bits`, whose eigenvalues lie below 1.
fn iterate<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    spec: Definite,
) -> Result<(Tensor<P>, P::AShare)> {
    let Definite { order: n, trace_bits, condition_bits, .. } = spec;
    assert_eq!(a.shape(), [n, n], "{spec:?}");
    require_trace(p, a.shares(), spec)?;
    let schedule = spec.schedule(P::Ring::BITS);
    let Schedule { solution_bits, factor_bits, .. } = schedule;
    let full = trace_bits + solution_bits;
    let d = Dims { m: n, k: n, n };
    let mut x = p.public(&scaled_identity(n, P::Ring::ONE.shl(solution_bits)));
    let mut ax = a.shares().clone();
    ax.scale(&[P::Ring::ONE.shl(solution_bits)]);
    for (i, step) in schedule.steps.iter().enumerate() {
        let mut factor = p.public(&scaled_identity(n, top(*step, full)));
        factor -= &ax;
        factor.scale(&[P::Ring::from_u128(u128::from(step.gain))]);
        note(p, &mut factor, full + GAIN_BITS + 3);
        let scale = if i == 0 { solution_bits } else { factor_bits };
        let factor = p.trunc(&factor, full + GAIN_BITS - scale)?;
        x = if i == 0 {
            factor
        } else {
            let mut wide = p.matmul(&x, &factor, d)?;
            note(p, &mut wide, condition_bits + 1 + solution_bits + factor_bits);
            p.trunc(&wide, factor_bits)?
        };
        note(p, &mut x, condition_bits + 1 + solution_bits);
        ax = p.matmul(a.shares(), &x, d)?;
        note(p, &mut ax, full + 1);
    }
    let ok = certify(p, &x, ax, spec, &schedule)?;
    let frac_bits = full.checked_sub(a.frac_bits()).expect("a trace that is not all fraction");
    Ok((Tensor::new(x, &[n, n], frac_bits), ok))
}

pub(super) fn require_trace<P: Protocol>(p: &mut P, a: &P::AShare, spec: Definite) -> Result<()> {
    let limit = (1i128 << spec.trace_bits) - 1;
    p.require_bound("definite", a, -limit, limit)?;
    let trace = a.gather(&(0..spec.order).map(|i| i * (spec.order + 1)).collect::<Vec<_>>()).sum(1);
    p.require_bound("trace", &trace, i128::MIN, limit)
}

/// Whether all of `X` is as small as any inverse is, and all of `I - A X` within the residual.
///
/// With `X` so small, nothing in `A X` can have wrapped around, whatever `A` was: what looks like
/// an inverse is one.
fn certify<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    ax: P::AShare,
    spec: Definite,
    schedule: &Schedule,
) -> Result<P::AShare> {
    let n = spec.order;
    let full = spec.trace_bits + schedule.solution_bits;
    let mut gap = ax;
    gap -= &p.public(&scaled_identity(n, P::Ring::ONE.shl(full)));
    let tolerance = (schedule.residual * f64::from(full).exp2()).ceil() as i128;
    let largest = 1i128 << (spec.condition_bits + 1 + schedule.solution_bits);
    let limits = [largest, tolerance].map(|x| vec![x; n * n]).concat();
    let none = p.public(&[P::Ring::ZERO]);
    all_inside(p, &P::AShare::concat(&[x, &gap]), &limits, none)
}

/// Whether all of `x` is no farther from 0 than its limit, whatever it is; and `wrong` is 0, which
/// counts no more than there are elements.
pub(super) fn all_inside<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    limits: &[i128],
    mut wrong: P::AShare,
) -> Result<P::AShare> {
    let limits: Vec<P::Ring> = limits.iter().map(|x| P::Ring::from_i128(*x)).collect();
    let mut above = p.public(&limits);
    above -= x;
    let mut below = p.public(&limits);
    below += x;
    let outside = p.msb(&P::AShare::concat(&[&above, &below]), P::Ring::BITS)?;
    wrong += &p.b2a(&outside)?.sum(1);
    let ok = p.is_zero(&wrong, (3 * limits.len() + 1).ilog2() + 1)?;
    p.b2a(&ok)
}

/// In a product of what the promise holds of, mathematics knows what intervals cannot.
fn note<P: Protocol>(p: &mut P, x: &mut P::AShare, bits: u32) {
    p.note_bound(x, -(1 << bits), 1 << bits);
}

/// `1 + least` at scale `bits`.
fn top<R: Integer>(step: Step, bits: u32) -> R {
    R::from_i128((1 << bits) + (step.least * f64::from(bits).exp2()) as i128)
}

fn scaled_identity<R: Integer>(n: usize, by: R) -> Vec<R> {
    (0..n * n).map(|i| if i % (n + 1) == 0 { by } else { R::ZERO }).collect()
}
