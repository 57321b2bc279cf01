//! Matrices and systems of equations.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z64};
use sharewell_tensor::linear::{self, Definite, Spectrum};

use super::check::{all, exact, near, rounded, some};
use super::draw::mix;
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Gram);
    visitor.visit(&Solve);
    visitor.visit(&Cholesky);
    visitor.visit(&Eigenvector);
}

const FRAC_BITS: u32 = 16;

struct Gram;
impl Operation for Gram {
    fn card(&self) -> Card {
        Card {
            name: "gram",
            group: "Linear algebra",
            what: "X^T X of an n x n matrix of fixed point",
            range: "every |sum| < 2^(k-2)".into(),
            error: "1 unit".into(),
            source: "one matrix product; half of it truncated",
            n: 1000,
            unit: Unit::Side,
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 13, 97]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = (1 << 24) - 1;
        vec![draw.integers(n * n, -limit, limit)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let gram = linear::gram(p, &on.tensor(0, &[on.n, on.n], FRAC_BITS), FRAC_BITS)?;
        Ok(integers(gram.into_shares()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let step = if n > 100 { 997 } else { 1 };
        let product = |i, j| (0..n).map(|k| x[0].at(k * n + i) * x[0].at(k * n + j)).sum();
        some(&z[0], n * n, step, |at| rounded(product(at / n, at % n), FRAC_BITS))
    }
}

/// With a right-hand side; of a matrix whose diagonal outweighs its rows.
struct Solve;
impl Solve {
    const DIAGONAL_BITS: u32 = 20;
    const RHS_BITS: u32 = 16;

    fn spec(n: usize) -> Definite {
        let trace_bits = Self::DIAGONAL_BITS + n.max(1).next_power_of_two().ilog2();
        Definite { order: n, trace_bits, condition_bits: 8, rhs_bits: Self::RHS_BITS }
    }
}
impl Operation for Solve {
    fn card(&self) -> Card {
        let residual = Self::spec(8).residual(64);
        Card {
            name: "solve",
            group: "Linear algebra",
            what: "x with A x = b, A symmetric positive definite of order n, and whether it is",
            range: "trace < 2^23, eigenvalues >= 2^15; elements of b < 2^16".into(),
            error: format!("{residual:.1e} of the norm, and 1 unit"),
            source: "Schulz 1933; Pan, Schreiber 1991",
            n: 8,
            unit: Unit::Side,
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![1, 2, 7, 8]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let limit = 1 << Self::DIAGONAL_BITS;
        let a = Operand::new(n * n, (1 - limit, limit - 1), move |at| {
            let (i, j) = (at / n, at % n);
            let part =
                |bits: u32| (mix(1, (i.min(j) * n + i.max(j)) as u64) >> (128 - bits)) as i128;
            // Rows without their diagonal sum to less than a quarter of it.
            if i == j { limit / 2 + part(Self::DIAGONAL_BITS - 1) } else { part(14) - (1 << 13) }
        });
        vec![a, draw.signed(n, Self::RHS_BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (a, b) = (on.tensor(0, &[on.n, on.n], 0), on.tensor(1, &[on.n, 1], 0));
        let (x, flag) = linear::solve(p, &a, &b, Self::spec(on.n), FRAC_BITS)?;
        Ok(vec![Secret::Integers(x.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let unit = f64::from(FRAC_BITS).exp2();
        let a = x[0].values().map(|a| a as f64).collect();
        let solution = eliminated(a, x[1].values().map(|b| b as f64 * unit).collect());
        let norm = solution.iter().map(|x| x * x).sum::<f64>().sqrt();
        let error = Self::spec(n).residual(R::BITS) * norm + 1.0;
        all(&z[0], n, |i| near(solution[i], error))?;
        all(&z[1], 1, |_| exact(1))
    }
}

struct Cholesky;
impl Cholesky {
    /// Of the factor as it is checked.
    const FRAC_BITS: u32 = 8;

    fn residual<R: Integer>(n: usize) -> f64 {
        Solve::spec(n).factor_residual(R::BITS).expect("a ring for the factor")
    }
}
impl Operation for Cholesky {
    fn card(&self) -> Card {
        Card {
            name: "cholesky",
            what: "the factor L of A = L L^T, A as above, and whether it is one",
            error: format!("|A - L L^T| < {:.0}", Self::residual::<Z64>(8)),
            source: "Cholesky's method, a column at a time",
            ..Solve.card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        Solve.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Solve.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let a = on.tensor(0, &[on.n, on.n], 0);
        let (factor, flag) = linear::cholesky(p, &a, Solve::spec(on.n))?;
        let factor = factor.rescale_down(p, Self::FRAC_BITS)?;
        Ok(vec![Secret::Integers(factor.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        // No element is above the root of the trace.
        let most = 1 << (Solve::spec(n).trace_bits / 2 + 1 + Self::FRAC_BITS);
        all(&z[0], n * n, |at| if at % n > at / n { rounded(0, 1) } else { -most..=most })?;
        all(&z[1], 1, |_| exact(1))?;
        let unit = (-f64::from(Self::FRAC_BITS)).exp2();
        let factor: Vec<f64> = z[0].iter().map(|z| z.to_i128() as f64 * unit).collect();
        let product =
            |i: usize, j: usize| (0..n).map(|k| factor[i * n + k] * factor[j * n + k]).sum::<f64>();
        let gap = |at: usize| (product(at / n, at % n) - x[0].at(at) as f64).powi(2);
        let norm = (0..n * n).map(gap).sum::<f64>().sqrt();
        // Each element of the factor was rounded.
        let size = factor.iter().map(|l| l * l).sum::<f64>().sqrt();
        let most = Self::residual::<R>(n) + 2.1 * size * n as f64 * unit;
        let wrong = Wrong { at: 0, got: norm as i128, lo: 0, hi: most as i128 };
        if norm <= most { Ok(()) } else { Err(wrong) }
    }
}

/// Of `u u^T` and a little on the diagonal: `u` itself.
struct Eigenvector;
impl Eigenvector {
    /// Of the vector as it is checked.
    const FRAC_BITS: u32 = 12;

    fn spec(n: usize) -> Spectrum {
        let trace_bits = Solve::spec(n).trace_bits;
        Spectrum { order: n, count: 1, trace_bits, weight_bits: 3, gap_bits: 3 }
    }

    /// An element of `u`.
    fn element(i: usize) -> i128 {
        512 + (mix(2, i as u64) >> 119) as i128
    }
}
impl Operation for Eigenvector {
    fn card(&self) -> Card {
        Card {
            name: "eigenvector",
            what: "the leading eigenvector of a semidefinite matrix of order n",
            range: "trace < 2^23, eigenvalue >= 2^20 and above the next by an eighth".into(),
            error: format!("{:.1e}, and 1 unit", Self::spec(8).errors(64)[0]),
            source: "repeated squaring of the matrix",
            ..Solve.card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        Solve.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Solve::DIAGONAL_BITS) - 1;
        let element = move |at: usize| {
            let (i, j) = (at / n, at % n);
            Self::element(i) * Self::element(j) + if i == j { 1_000 } else { 0 }
        };
        vec![Operand::new(n * n, (0, limit), element)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let a = on.tensor(0, &[on.n, on.n], 0);
        let found = linear::leading_eigenvectors(p, &a, Self::spec(on.n))?;
        Ok(integers(found.vectors.rescale_down(p, Self::FRAC_BITS)?.into_shares()))
    }
    fn check<R: Integer>(&self, n: usize, _: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let norm = (0..n).map(|i| Self::element(i).pow(2) as f64).sum::<f64>().sqrt();
        let unit = f64::from(Self::FRAC_BITS).exp2();
        let error = Self::spec(n).errors(R::BITS)[0] * unit + 1.0;
        all(&z[0], n, |i| near(Self::element(i) as f64 / norm * unit, error))
    }
}

/// Gaussian elimination, for a matrix whose diagonal outweighs its rows.
fn eliminated(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for pivot in 0..n {
        for row in (0..n).filter(|row| *row != pivot) {
            let factor = a[row * n + pivot] / a[pivot * n + pivot];
            (pivot..n).for_each(|j| a[row * n + j] -= factor * a[pivot * n + j]);
            b[row] -= factor * b[pivot];
        }
    }
    (0..n).map(|i| b[i] / a[i * n + i]).collect()
}
