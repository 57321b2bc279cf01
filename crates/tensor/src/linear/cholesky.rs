//! Cholesky's factor of a symmetric positive definite matrix.
//!
//! Column after column: the inverse root of the pivot, the column times it, and its products
//! taken off what is left, all at once. Who wants to solve a system needs no factor:
//! [`super::solve`] takes far fewer rounds.
//!
//! Source: the right-looking form, Golub and Van Loan, Matrix Computations, 4.2.

use sharewell_mpc::{Known, Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};

use super::{Definite, definite, symmetric};
use crate::Tensor;
use crate::function::{Root, square_root};

/// Bits by which the elements of a factor may be above 1 before the flag falls.
const MARGIN: u32 = 1;

/// Scales: of the matrix and its factor, and of inverse roots.
struct Scales {
    working: u32,
    root: Root,
    /// Bits of the greatest inverse root.
    root_bits: u32,
}

impl Scales {
    /// With room for the product of an inverse root and anything that is left while the factor's
    /// elements are not above `2^MARGIN`: so nothing can wrap around before the flag falls.
    fn of(spec: &Definite, bits: u32) -> Option<Self> {
        let root_bits = spec.condition_bits.div_ceil(2) + 1;
        let left = 2 * MARGIN + 1 + spec.order.next_power_of_two().ilog2();
        let working = bits.checked_sub(4 + left + root_bits)? / 2;
        let bits_left = working + left;
        let root = Root { bits: bits_left, scale: working, frac_bits: working, inverse: true };
        let out = Self { working, root, root_bits };
        // The least pivot stays above half of what it should be.
        let least = (-f64::from(spec.condition_bits)).exp2();
        (working > 0 && root.fits(bits) && out.residual(spec, bits) < least / 2.0).then_some(out)
    }

    /// Relative to `2^trace_bits`.
    fn residual(&self, spec: &Definite, bits: u32) -> f64 {
        let n = spec.order as f64;
        let root = self.root.accuracy(bits);
        // No inverse root is below 1, but for roundings of the trace.
        let relative = root.relative + 1.1 * root.absolute;
        n * (n + 3.0) * (-f64::from(self.working)).exp2() + 2.1 * relative
    }
}

impl Definite {
    /// The worst Frobenius norm of `A - L L^T`, as integers, of the factor that [`cholesky`]
    /// finds; `None` if the ring is too small for it.
    #[must_use]
    pub fn factor_residual(&self, bits: u32) -> Option<f64> {
        let relative = Scales::of(self, bits)?.residual(self, bits);
        Some(relative * f64::from(self.trace_bits + 1).exp2())
    }
}

/// The lower triangular `L` with `L L^T = A` and a positive diagonal, at the scale that it comes
/// in, and one flag: 1 if it is known to be right, 0 if the promise was broken and the factor
/// means nothing.
///
/// Shapes: [n, n] → [n, n] and `[1]`. Domain: as `spec` promises, right-hand sides apart;
/// [`Definite::factor_residual`] must be known, and is the error: each inverse root adds twice its
/// relative error, each column taken off one unit in the last place to each element left.
///
/// Cost: for each column [`square_root`] of one number and two [`Protocol::mul_trunc`], of the
/// column and of what is left: `n^3 / 6` products in all. For the flag [`Protocol::msb`] and
/// [`Protocol::b2a`] of `n^2 + 3 n` elements and [`Protocol::is_zero`] of one. In `Rep3` over 128
/// bits 42 rounds for each column, and for order 100 7 MB from the party that sends most.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shape is not the promised order's, or if `spec` does not fit the ring.
pub fn cholesky<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    spec: Definite,
) -> Result<(Tensor<P>, P::AShare)> {
    let n = spec.order;
    assert_eq!(a.shape(), [n, n], "{spec:?}");
    definite::require_trace(p, a.shares(), spec)?;
    let scales = Scales::of(&spec, P::Ring::BITS)
        .unwrap_or_else(|| panic!("{spec:?} does not fit {} bits", P::Ring::BITS));
    // The root of the scale must be one too.
    let trace_bits = spec.trace_bits + (spec.trace_bits + a.frac_bits()) % 2;
    let mut left = a.shares().gather(&symmetric::half(n));
    if trace_bits > scales.working {
        left = p.trunc(&left, trace_bits - scales.working)?;
    } else {
        left.scale(&[P::Ring::ONE.shl(scales.working - trace_bits)]);
    }
    let (mut columns, mut roots, mut positive) = (vec![], vec![], vec![]);
    for m in (1..=n).rev() {
        let (column, rest) = left.split(m);
        let (column, root, sign) = scaled_column(p, column, &scales)?;
        left = without(p, rest, &column, scales.working)?;
        columns.push(column);
        roots.push(root);
        positive.push(sign);
    }
    columns.push(p.public(&[P::Ring::ZERO]));
    let [factor, roots, positive] = [&columns, &roots, &positive]
        .map(|parts| P::AShare::concat(&parts.iter().collect::<Vec<_>>()));
    let largest = 1i128 << (scales.working + MARGIN);
    let largest_root = 1i128 << (scales.working + scales.root_bits);
    let limits = [vec![largest; factor.len()], vec![largest_root; n]].concat();
    let mut wrong = p.public(&[P::Ring::from_u128(n as u128)]);
    wrong -= &positive.sum(1);
    let ok = definite::all_inside(p, &P::AShare::concat(&[&factor, &roots]), &limits, wrong)?;
    let above = factor.len() - 1;
    let mut place = symmetric::whole(n);
    (0..n * n).filter(|at| at % n > at / n).for_each(|at| place[at] = above);
    let twice = (2 * scales.working + a.frac_bits()).checked_sub(trace_bits);
    let frac_bits = twice.expect("a trace that is not beyond the working scale") / 2;
    let mut factor = factor.gather(&place);
    // What is stated is the error of the product, not of an element.
    p.note(&mut factor, Known::Error(f64::INFINITY, &[]));
    Ok((Tensor::new(factor, &[n, n], frac_bits), ok))
}

/// A column over the root of its first element; the inverse root; whether there is one.
fn scaled_column<P: Protocol>(
    p: &mut P,
    mut column: P::AShare,
    scales: &Scales,
) -> Result<(P::AShare, P::AShare, P::AShare)> {
    let Scales { working, root, root_bits } = *scales;
    let limit = (1i128 << (working + 1)) - 1;
    p.note_bound(&mut column, -limit, limit);
    let pivot = Tensor::new(column.gather(&[0]), &[1], working);
    let (inverse, positive) = square_root(p, &pivot, root)?;
    let mut inverse = inverse.into_shares();
    p.note_bound(&mut inverse, 0, 1 << (working + root_bits));
    let times = inverse.gather(&vec![0; column.len()]);
    let mut column = p.mul_trunc(&column, &times, working)?;
    p.note_bound(&mut column, -(1 << (working + MARGIN)), 1 << (working + MARGIN));
    Ok((column, inverse, positive))
}

/// What is left of a half, the products of a column's elements taken off.
fn without<P: Protocol>(
    p: &mut P,
    mut rest: P::AShare,
    column: &P::AShare,
    working: u32,
) -> Result<P::AShare> {
    let below = column.gather(&(1..column.len()).collect::<Vec<_>>());
    let [left, right] = symmetric::rows_and_columns(below.len()).map(|at| below.gather(&at));
    rest -= &p.mul_trunc(&left, &right, working)?;
    Ok(rest)
}
