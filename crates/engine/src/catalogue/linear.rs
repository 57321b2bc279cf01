//! Matrices and systems of equations.

use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z64};
use sharewell_tensor::linear::{self, Definite, Spectrum};

use super::check::{all, exact, near, rounded, some};
use super::draw::mix;
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong, integers};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Gram);
    visitor.visit(&Transpose);
    visitor.visit(&Inverse);
    visitor.visit(&Solve);
    visitor.visit(&LeastSquares);
    visitor.visit(&Cholesky);
    visitor.visit(&Eigenvector);
    visitor.visit(&Components);
}

const FRAC_BITS: u32 = 16;

struct Gram;
impl Operation for Gram {
    fn card(&self) -> Card {
        Card {
            name: "gram",
            what: "X^T X of an n x n matrix of fixed point",
            range: "every |sum| < 2^(k-2)".into(),
            error: "1 unit".into(),
            source: "one matrix product; half of it truncated",
            unit: Unit::Side,
            ..Card::of("Linear algebra", 1000)
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

struct Transpose;
impl Operation for Transpose {
    fn card(&self) -> Card {
        Card {
            name: "transpose",
            what: "an n x n matrix with rows and columns exchanged",
            source: "local",
            unit: Unit::Side,
            ..Card::of("Linear algebra", 1000)
        }
    }
    fn sizes(&self) -> Vec<usize> {
        Gram.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        vec![draw.signed(n * n, R::BITS)]
    }
    fn run<P: Protocol>(&self, _: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(integers(on.tensor(0, &[on.n, on.n], 0).transpose().into_shares()))
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        all(&z[0], n * n, |at| exact(x[0].at(at % n * n + at / n)))
    }
}

/// Of a matrix as [`Solve`] has it.
struct Inverse;
impl Inverse {
    /// Of the inverse as it is checked.
    const FRAC_BITS: u32 = 40;
}
impl Operation for Inverse {
    fn card(&self) -> Card {
        let residual = Solve::spec(8).residual(64);
        Card {
            name: "inverse",
            what: "the inverse of A, symmetric positive definite of order n, and whether it is",
            range: "trace < 2^23, eigenvalues >= 2^15".into(),
            error: format!("{residual:.1e} of the norm, and 1 unit"),
            ..Solve.card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        Solve.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Cholesky.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let a = on.tensor(0, &[on.n, on.n], 0);
        let (x, flag) = linear::inverse(p, &a, Solve::spec(on.n))?;
        let x = x.rescale_down(p, Self::FRAC_BITS)?;
        Ok(vec![Secret::Integers(x.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let unit = f64::from(Self::FRAC_BITS).exp2();
        let column = |j: usize| {
            let b = (0..n).map(|i| if i == j { unit } else { 0.0 }).collect();
            eliminated(x[0].values().map(|a| a as f64).collect(), b)
        };
        let columns: Vec<Vec<f64>> = (0..n).map(column).collect();
        let norm = columns.iter().flatten().map(|x| x * x).sum::<f64>().sqrt();
        let error = Solve::spec(n).residual(R::BITS) * norm + 1.0;
        all(&z[0], n * n, |at| near(columns[at % n][at / n], error))?;
        all(&z[1], 1, |_| exact(1))
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
            what: "x with A x = b, A symmetric positive definite of order n, and whether it is",
            range: "trace < 2^23, eigenvalues >= 2^15; elements of b < 2^16".into(),
            error: format!("{residual:.1e} of the norm, and 1 unit"),
            source: "Schulz 1933; Pan, Schreiber 1991",
            unit: Unit::Side,
            ..Card::of("Linear algebra", 8)
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

/// Of four times as many rows as columns, and a ridge.
struct LeastSquares;
impl LeastSquares {
    const ROWS: usize = 4;
    const LARGEST: i128 = 263;
    const RHS_BITS: u32 = 6;
    const RIDGE: i128 = 1_000;

    /// Of each column's four elements near 256 the squares are above `2^18`; what lies beside
    /// them takes less than half of that.
    fn spec(n: usize) -> Definite {
        let order_bits = n.max(1).next_power_of_two().ilog2();
        let (trace_bits, rhs_bits) = (19 + 2 * order_bits, 16 + order_bits);
        Definite { order: n, trace_bits, condition_bits: trace_bits - 17, rhs_bits }
    }
}
impl Operation for LeastSquares {
    fn card(&self) -> Card {
        let residual = Self::spec(8).residual(64);
        Card {
            name: "least_squares",
            what: "w of n with |y - X w|^2 + 1000 |w|^2 least, X of 4 n rows, and whether it is",
            range: "|X| < 264, |y| <= 32, eigenvalues of X^T X >= 2^17".into(),
            error: format!("{residual:.1e} of the norm, and 1 unit"),
            unit: Unit::Elements(1),
            ..Solve.card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        Solve.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let x = move |at: usize| {
            let noise = (mix(3, at as u64) >> 124) as i128 - 8;
            if at / n % n == at % n { 256 + noise } else { noise }
        };
        let x = Operand::new(Self::ROWS * n * n, (-8, Self::LARGEST), x);
        vec![x, draw.signed(Self::ROWS * n, Self::RHS_BITS)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let rows = Self::ROWS * on.n;
        let (x, y) = (on.tensor(0, &[rows, on.n], 0), on.tensor(1, &[rows, 1], 0));
        let spec = Self::spec(on.n);
        let (w, flag) = linear::least_squares(p, [&x, &y], Self::RIDGE, spec, FRAC_BITS)?;
        Ok(vec![Secret::Integers(w.into_shares()), Secret::Integers(flag)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let unit = f64::from(FRAC_BITS).exp2();
        let rows = Self::ROWS * n;
        let dot = |i, j| (0..rows).map(|k| x[0].at(k * n + i) * x[0].at(k * n + j)).sum::<i128>();
        let a = |i, j| (dot(i, j) + if i == j { Self::RIDGE } else { 0 }) as f64;
        let b = |i| (0..rows).map(|k| x[0].at(k * n + i) * x[1].at(k)).sum::<i128>() as f64 * unit;
        let a = (0..n * n).map(|at| a(at / n, at % n)).collect();
        let solution = eliminated(a, (0..n).map(b).collect());
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
            what: "the leading eigenvector of a semidefinite matrix of order n, and whether it is",
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
        let vectors = found.vectors.rescale_down(p, Self::FRAC_BITS)?.into_shares();
        Ok(vec![Secret::Integers(vectors), Secret::Integers(found.ok)])
    }
    fn check<R: Integer>(&self, n: usize, _: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let norm = (0..n).map(|i| Self::element(i).pow(2) as f64).sum::<f64>().sqrt();
        let unit = f64::from(Self::FRAC_BITS).exp2();
        let error = Self::spec(n).errors(R::BITS)[0] * unit + 1.0;
        all(&z[1], 1, |_| exact(1))?;
        all(&z[0], n, |i| near(Self::element(i) as f64 / norm * unit, error))
    }
}

/// Two of them: of `2 u u^T + v v^T` and a little on the diagonal, where `v` is at right angles
/// to `u`.
struct Components;
impl Components {
    fn spec(n: usize) -> Spectrum {
        let trace_bits = Solve::spec(n).trace_bits;
        Spectrum { order: n, count: n.min(2), trace_bits, weight_bits: 5, gap_bits: 1 }
    }

    /// An element of one of both vectors, for the neighbours' products to cancel.
    fn element(n: usize, of: usize, i: usize) -> i128 {
        let u = |i: usize| Eigenvector::element(i) * 9 / 16;
        match (of, i % 2) {
            (0, _) => u(i),
            (_, 0) if i + 1 == n => 0,
            (_, 0) => u(i + 1),
            _ => -u(i - 1),
        }
    }

    /// An eigenvector of norm 1 whose largest element is positive, and its eigenvalue.
    fn exact(n: usize, of: usize) -> (Vec<f64>, f64) {
        let x: Vec<f64> = (0..n).map(|i| Self::element(n, of, i) as f64).collect();
        let square = x.iter().map(|x| x * x).sum::<f64>();
        let largest = x.iter().fold(0.0, |a: f64, b| if b.abs() > a.abs() { *b } else { a });
        let norm = square.sqrt() * largest.signum();
        (x.iter().map(|x| x / norm).collect(), square * (2 - of) as f64 + 1_000.0)
    }
}
impl Operation for Components {
    fn card(&self) -> Card {
        Card {
            name: "eigenvectors",
            what: "2 leading eigenpairs of a semidefinite matrix of order n, and whether they are",
            range: "trace < 2^22, eigenvalues >= 2^17 and twice the next".into(),
            error: format!("{:.1e}, and 1 unit", Self::spec(4).errors(64)[1]),
            n: 4,
            ..Eigenvector.card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![1, 2, 3, 4]
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let limit = (1 << Solve::DIAGONAL_BITS) - 1;
        let element = move |at: usize| {
            let product = |of| Self::element(n, of, at / n) * Self::element(n, of, at % n);
            2 * product(0) + product(1) + if at / n == at % n { 1_000 } else { 0 }
        };
        vec![Operand::new(n * n, (-limit, limit), element)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let a = on.tensor(0, &[on.n, on.n], 0);
        let found = linear::leading_eigenvectors(p, &a, Self::spec(on.n))?;
        let vectors = found.vectors.rescale_down(p, Eigenvector::FRAC_BITS)?;
        let values = found.values.rescale_down(p, 0)?;
        let integers = [vectors.into_shares(), values.into_shares(), found.ok];
        Ok(integers.map(Secret::Integers).into())
    }
    fn check<R: Integer>(&self, n: usize, _: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let spec = Self::spec(n);
        let (errors, unit) = (spec.errors(R::BITS), f64::from(Eigenvector::FRAC_BITS).exp2());
        let pairs: Vec<_> = (0..spec.count).map(|of| Self::exact(n, of)).collect();
        all(&z[0], spec.count * n, |at| {
            near(pairs[at / n].0[at % n] * unit, errors[at / n] * unit + 1.0)
        })?;
        let trace = f64::from(spec.trace_bits).exp2();
        all(&z[1], spec.count, |of| near(pairs[of].1, 2.0 * errors[of] * trace + 1.0))?;
        all(&z[2], 1, |_| exact(1))
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
