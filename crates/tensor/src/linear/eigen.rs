//! The leading eigenvectors of a positive semidefinite matrix: principal components.
//!
//! Power iteration by squaring the matrix itself: `m` squarings are `2^m` steps, and end at the
//! projector onto the leading eigenvector, whose largest column is taken. Rounding errors of one
//! step are squared away by the next as the other eigenvalues are. Then that component is taken
//! off, and so on. Traces are brought back to about 1 by a reciprocal of 13 bits: a scale is all
//! that they are for.
//!
//! Source: repeated squaring and Hotelling's deflation, Wilkinson, The Algebraic Eigenvalue
//! Problem, chapter 9.

use sharewell_mpc::circuit::{Extreme, Rows, arg_extreme, equal};
use sharewell_mpc::{Known, Protocol, Result, Share};
use sharewell_ring::{Dims, Integer, Ring};

use super::definite::all_inside;
use super::{gram, symmetric};
use crate::Tensor;
use crate::function::normalise::normalise;
use crate::function::reciprocal::{reciprocal, steps};
use crate::function::{Root, square_root};

/// Bits of the least trace that its reciprocal is made of.
const COARSE: u32 = 13;
/// Precision of that reciprocal.
const RECIPROCAL_BITS: u32 = 15;
/// Fractional bits of what a matrix is multiplied by, for a trace of about 1.
const FACTOR_BITS: u32 = RECIPROCAL_BITS + 1;

/// What is promised of a symmetric positive semidefinite matrix of integers (its own scale left
/// out of account), and how many eigenvectors are asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Spectrum {
    /// Rows and columns.
    pub order: usize,
    /// How many are asked for.
    pub count: usize,
    /// The trace is below `2^trace_bits`, and every element in magnitude.
    pub trace_bits: u32,
    /// No eigenvalue asked for is below `2^(trace_bits - weight_bits)`.
    pub weight_bits: u32,
    /// Each eigenvalue asked for is above the next by `2^-gap_bits` of itself.
    pub gap_bits: u32,
}

/// Eigenvectors, the leading one first.
#[derive(Debug)]
pub struct Components<P: Protocol> {
    /// One in each row, [count, n], of norm 1; its largest element is positive.
    pub vectors: Tensor<P>,
    /// Their eigenvalues, `[count]`.
    pub values: Tensor<P>,
    /// 1 if they are known to be that, 0 if the promise was broken and they mean nothing, `[1]`.
    pub ok: P::AShare,
}

impl Spectrum {
    fn order_bits(&self) -> u32 {
        self.order.next_power_of_two().ilog2()
    }

    /// Fractional bits of the matrix, of traces and of vectors.
    fn working(&self, bits: u32) -> u32 {
        (bits - 8 - self.order_bits()) / 2
    }

    /// That of a vector's norm, which is at least `1 / sqrt(order)` before.
    fn root(&self, bits: u32) -> Root {
        let working = self.working(bits);
        Root { bits: working + 1, scale: working, frac_bits: working, inverse: true }
    }

    /// After which all but the leading eigenvalue are below a unit in the last place.
    fn squarings(&self, bits: u32) -> u32 {
        let times = f64::from(self.working(bits) + self.order_bits()) * std::f64::consts::LN_2;
        self.gap_bits + times.log2().ceil() as u32
    }

    /// How large each of what [`gap`] gives may be: half of the projector's trace, which is 1; of
    /// its other eigenvalues, the root of a unit, which is far above what the promise leaves;
    /// the eigenvalue less 1, for it is not negative; elements of the vector; and of its residual.
    fn limits(&self, bits: u32, error: f64) -> Vec<i128> {
        let working = self.working(bits);
        let one = 1i128 << working;
        let residual = (3.0 * error * f64::from(working).exp2()).ceil() as i128;
        let mut limits = vec![one / 2, 1 << (2 * working - working / 2), one];
        limits.extend(vec![one + one / 64; self.order]);
        limits.extend(vec![residual; self.order]);
        limits
    }

    /// Whether a ring of `bits` bits gives vectors of any use.
    #[must_use]
    pub fn fits(&self, bits: u32) -> bool {
        let coarse = self.weight_bits.max(self.order_bits()) + COARSE;
        (1..=self.order).contains(&self.count)
            && self.working(bits) > coarse
            && self.working(bits) + coarse - COARSE + FACTOR_BITS + 5 <= bits
            && self.root(bits).fits(bits)
            && self.errors(bits).iter().all(|error| *error <= 1.0 / 256.0)
    }

    /// The worst Euclidean distance of each vector, in their order, from the exact one of norm 1.
    /// Its eigenvalue is off by at most twice that part of `2^trace_bits`.
    #[must_use]
    pub fn errors(&self, bits: u32) -> Vec<f64> {
        let n = self.order as f64;
        let unit = (-f64::from(self.working(bits))).exp2();
        let gap = (-f64::from(self.gap_bits)).exp2();
        let weight = f64::from(self.weight_bits).exp2();
        // The norm of a matrix of roundings is `n` units. Those of a square are scaled up by at
        // most `n`, and turn the leading vector by their part of the gap that is then left.
        let left = |k: u32| 1.0 - (f64::from(k).exp2() * (-gap).ln_1p()).exp();
        let squares: f64 = (1..=self.squarings(bits)).map(|k| 1.0 / left(k)).sum();
        let turned = n * n * (n + 1.0) * unit * squares;
        let root = self.root(bits).accuracy(bits);
        // Of the projector's largest column, which is at least `1 / sqrt(n)`, and its norm.
        let column = n.sqrt() * n * (n + 2.0) * unit;
        let norm = root.relative + root.absolute + (n + n.sqrt()) * unit;
        let mut matrix = n * unit;
        let mut errors = vec![];
        for _ in 0..self.count {
            // What was wrong with the matrix turns its vector by its part of the gap.
            let from_matrix = (matrix * weight + n * n * unit) / gap;
            let error = 1.1 * (turned + from_matrix) + column + norm;
            matrix += 4.0 * error + 3.0 * n * unit;
            errors.push(error);
        }
        errors
    }
}

/// The eigenvectors of the greatest eigenvalues, and these, at the scale that they come in, and
/// one flag.
///
/// Shapes: [n, n] → [count, n], `[count]` and `[1]`. Domain: as `spec` promises, which intervals
/// cannot prove but for the trace; [`Spectrum::fits`] must hold. Error: [`Spectrum::errors`].
///
/// The flag is 1 for all that the promise holds of. With the flag 1, whatever the matrix is, each
/// vector `v` and its eigenvalue `z` are a pair of what was left of it: no element of `A v - z v`
/// is above three times the vector's error, as a part of `2^trace_bits`. And squaring had come to
/// its end, which takes a gap of a third of the promised one at least: of two eigenvalues that are
/// nearer than that, any mixture of the vectors would be such a pair, and the flag is 0.
///
/// Cost, for each vector: about `gap_bits + 5` squarings of `n^2 / 2` truncated elements, with a
/// reciprocal of one number; [`arg_extreme`] of `n` numbers, [`square_root`] of one, and four
/// products more. For the flag [`Protocol::msb`] and [`Protocol::b2a`] of `4 n + 6` numbers for
/// each vector, and [`Protocol::is_zero`] of one. In `Rep3` over 64 bits, order 8 and `gap_bits`
/// 3: 304 rounds and 34 kB from the party that sends most.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the shape is not the promised order's, or if `spec` does not fit the ring.
pub fn leading_eigenvectors<P: Protocol>(
    p: &mut P,
    a: &Tensor<P>,
    spec: Spectrum,
) -> Result<Components<P>> {
    let (n, bits) = (spec.order, P::Ring::BITS);
    assert_eq!(a.shape(), [n, n], "{spec:?}");
    assert!(spec.fits(bits), "{spec:?} does not fit {bits} bits");
    let working = spec.working(bits);
    let mut half = a.shares().gather(&symmetric::half(n));
    let limit = (1i128 << spec.trace_bits) - 1;
    p.require_bound("eigenvectors", &half, -limit, limit)?;
    let trace = half.gather(&symmetric::diagonal(n)).sum(1);
    p.require_bound("trace", &trace, i128::MIN, limit)?;
    if spec.trace_bits > working {
        half = p.trunc(&half, spec.trace_bits - working)?;
    } else {
        half.scale(&[P::Ring::ONE.shl(working - spec.trace_bits)]);
    }
    let (mut vectors, mut values) = (vec![], vec![]);
    let arguments = [(a.shares(), f64::INFINITY)];
    let (mut gaps, mut limits) = (vec![], vec![]);
    for (found, error) in spec.errors(bits).into_iter().enumerate() {
        let projector = projector(p, &half, &spec)?;
        let vector = largest_column(p, &projector, &spec)?;
        let (mut image, value) = rayleigh(p, &half, &vector, working)?;
        let scaled = p.mul_trunc(&vector, &value.gather(&vec![0; n]), working)?;
        image -= &scaled;
        gaps.push(gap(p, [&projector, &vector, &image, &value], working)?);
        limits.extend(spec.limits(bits, error));
        if found + 1 < spec.count {
            half = without(p, half, [&vector, &scaled], working)?;
        }
        let error = error * f64::from(working).exp2();
        for (found, error, all) in
            [(vector, error, &mut vectors), (value, 2.0 * error, &mut values)]
        {
            let mut found = found;
            p.note(&mut found, Known::Error(error, &arguments));
            all.push(found);
        }
    }
    let none = p.public(&[P::Ring::ZERO]);
    let ok = all_inside(p, &P::AShare::concat(&gaps.iter().collect::<Vec<_>>()), &limits, none)?;
    let [vectors, values] =
        [vectors, values].map(|parts| P::AShare::concat(&parts.iter().collect::<Vec<_>>()));
    let scale = (working + a.frac_bits()).checked_sub(spec.trace_bits);
    let scale = scale.expect("a trace that is not beyond the working scale");
    Ok(Components {
        vectors: Tensor::new(vectors, &[spec.count, n], working),
        values: Tensor::new(values, &[spec.count], scale),
        ok,
    })
}

/// What is small if a vector is what it should be, in the order of [`Spectrum::limits`].
fn gap<P: Protocol>(
    p: &mut P,
    [projector, vector, residual, value]: [&P::AShare; 4],
    working: u32,
) -> Result<P::AShare> {
    let n = vector.len();
    let mut trace = projector.gather(&symmetric::diagonal(n)).sum(1);
    note_positive(p, &mut trace, working);
    // Squared eigenvalues sum to the square of their sum if there is but one.
    let whole = projector.gather(&symmetric::whole(n));
    let mut minus = whole.clone();
    minus.scale(&[-P::Ring::ONE]);
    let left = P::AShare::concat(&[&trace, &whole]);
    let mut others = p.dot(&left, &P::AShare::concat(&[&trace, &minus]), 1)?;
    note(p, &mut others, 2 * working);
    let one = p.public(&[P::Ring::ONE.shl(working)]);
    trace -= &one;
    let mut value = value.clone();
    value -= &one;
    Ok(P::AShare::concat(&[&trace, &others, &value, vector, residual]))
}

/// Any number of about 1, and of what is a part of it.
fn note<P: Protocol>(p: &mut P, x: &mut P::AShare, working: u32) {
    p.note_bound(x, -(1 << (working + 1)), 1 << (working + 1));
}

/// A number of about 1 that is not negative.
fn note_positive<P: Protocol>(p: &mut P, x: &mut P::AShare, working: u32) {
    p.note_bound(x, 0, (1 << (working + 1)) - 1);
}

/// The projector onto the leading eigenvector, but for its scale.
fn projector<P: Protocol>(p: &mut P, half: &P::AShare, spec: &Spectrum) -> Result<P::AShare> {
    let (n, working) = (spec.order, spec.working(P::Ring::BITS));
    let mut half = with_trace_one(p, half, spec.weight_bits, spec)?;
    for _ in 0..spec.squarings(P::Ring::BITS) {
        let whole = Tensor::<P>::new(half.gather(&symmetric::whole(n)), &[n, n], working);
        let square = gram(p, &whole, working)?.into_shares();
        half = with_trace_one(p, &square.gather(&symmetric::half(n)), spec.order_bits(), spec)?;
    }
    Ok(half)
}

/// Over its trace, which is `2^-least_bits` at least, but for a part of `2^-12`.
fn with_trace_one<P: Protocol>(
    p: &mut P,
    half: &P::AShare,
    least_bits: u32,
    spec: &Spectrum,
) -> Result<P::AShare> {
    let working = spec.working(P::Ring::BITS);
    let coarse = least_bits + COARSE;
    let mut trace = half.gather(&symmetric::diagonal(spec.order)).sum(1);
    note_positive(p, &mut trace, working);
    let mut trace = p.trunc(&trace, working - coarse)?;
    note_positive(p, &mut trace, coarse);
    let normalised = normalise(p, &trace, coarse + 1)?;
    let d = normalised.fraction(p, RECIPROCAL_BITS)?;
    let y = reciprocal(p, &d, RECIPROCAL_BITS, steps(RECIPROCAL_BITS))?;
    let mut factor = p.mul(&y, &normalised.power)?;
    p.note_bound(&mut factor, 0, 1 << (least_bits + FACTOR_BITS + 1));
    let mut out = p.mul_trunc(half, &factor.gather(&vec![0; half.len()]), FACTOR_BITS)?;
    note(p, &mut out, working);
    Ok(out)
}

/// The column of the greatest diagonal element, of norm 1.
fn largest_column<P: Protocol>(p: &mut P, half: &P::AShare, spec: &Spectrum) -> Result<P::AShare> {
    let (n, working) = (spec.order, spec.working(P::Ring::BITS));
    let mut diagonal = half.gather(&symmetric::diagonal(n));
    note_positive(p, &mut diagonal, working);
    let rows = Rows { rows: 1, bits: working + 2, extreme: Extreme::Max };
    let (_, index) = arg_extreme(p, &diagonal, rows)?;
    let all: Vec<P::Ring> = (0..n).map(|i| P::Ring::from_u128(i as u128)).collect();
    let all = p.public(&all);
    let here = equal(p, &index.gather(&vec![0; n]), &all, spec.order_bits().max(1))?;
    let here = p.b2a(&here)?;
    let whole = half.gather(&symmetric::whole(n));
    let mut column = p.matmul(&whole, &here, Dims { m: n, k: n, n: 1 })?;
    note(p, &mut column, working);

    let mut square = p.dot(&column, &column, 1)?;
    note_positive(p, &mut square, 2 * working);
    let mut square = p.trunc(&square, working)?;
    note_positive(p, &mut square, working);
    let (norm, _) = square_root(p, &Tensor::new(square, &[1], working), spec.root(P::Ring::BITS))?;
    let mut norm = norm.into_shares();
    p.note_bound(&mut norm, 0, 1 << (working + spec.order_bits().div_ceil(2) + 1));
    let mut out = p.mul_trunc(&column, &norm.gather(&vec![0; n]), working)?;
    note(p, &mut out, working);
    Ok(out)
}

/// `A v` and `v^T A v`.
fn rayleigh<P: Protocol>(
    p: &mut P,
    half: &P::AShare,
    v: &P::AShare,
    working: u32,
) -> Result<(P::AShare, P::AShare)> {
    let n = v.len();
    let whole = half.gather(&symmetric::whole(n));
    let mut image = p.matmul_trunc(&whole, v, Dims { m: n, k: n, n: 1 }, working)?;
    note(p, &mut image, working);
    let value = p.dot(&image, v, 1)?;
    let mut value = p.trunc(&value, working)?;
    note(p, &mut value, working);
    Ok((image, value))
}

/// `A - value v v^T`, given `v` and `value v`.
fn without<P: Protocol>(
    p: &mut P,
    mut half: P::AShare,
    [v, scaled]: [&P::AShare; 2],
    working: u32,
) -> Result<P::AShare> {
    let [rows, columns] = symmetric::rows_and_columns(v.len());
    half -= &p.mul_trunc(&scaled.gather(&rows), &v.gather(&columns), working)?;
    note(p, &mut half, working);
    Ok(half)
}
