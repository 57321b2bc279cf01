//! Programs made of several operations, for comparison with what others measured.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{self, Argument, Fit, Sigmoid};

use super::check::{all, near};
use super::draw::mix;
use super::ring::Mul;
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&TenMul);
    visitor.visit(&Logistic);
}

struct TenMul;
impl Operation for TenMul {
    fn card(&self) -> Card {
        Card {
            name: "mul 10 x 1 M",
            group: "Programs",
            what: "ten times n products of integers, one after the other",
            unit: Unit::Elements(10),
            ..Mul.card()
        }
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Mul.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        for _ in 1..10 {
            p.mul(on.integers(0), on.integers(1))?;
        }
        Mul.run(p, on)
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        Mul.check(n, x, z)
    }
}

/// Logistic regression by gradient descent, from zero, over the rows in their order.
struct Logistic;
impl Logistic {
    const FEATURES: usize = 100;
    /// With the constant.
    const COLUMNS: usize = Self::FEATURES + 1;
    const BATCH: usize = 100;
    const EPOCHS: usize = 10;
    /// A batch's gradient, summed over its rows, is divided by `2^RATE_BITS`.
    const RATE_BITS: u32 = 8;
    const FRAC_BITS: u32 = 20;
    /// A step moves no weight by more than `100 * 2 / 2^8`, so that after a hundred steps
    /// `|x w| < 101 * 2 * 79 < 2^14`.
    const SIGMOID: Sigmoid = Sigmoid {
        argument: Argument { bits: 14 + Self::FRAC_BITS, frac_bits: Self::FRAC_BITS },
        frac_bits: Self::FRAC_BITS,
        fit: Fit::Accurate,
    };
    /// Of every weight. A step of this length does not move two weight vectors apart, so errors
    /// add up: of the sigmoid, at most `|X| |e| / 2^8 < 4e-6` a step in the norm, for `|X| < 25`;
    /// of two roundings `2e-5`. A hundred steps make ten epochs of a thousand rows.
    const ERROR: f64 = 2.5e-3;

    fn row(operand: &Operand, row: usize) -> Vec<f64> {
        let unit = f64::from(Self::FRAC_BITS).exp2();
        let row = (row * Self::COLUMNS..).take(Self::COLUMNS);
        row.map(|at| operand.at(at) as f64 / unit).collect()
    }

    /// In the clear.
    fn weights(n: usize, x: &[Operand]) -> Vec<f64> {
        let rows: Vec<(Vec<f64>, f64)> =
            (0..n).map(|i| (Self::row(&x[0], i), f64::from(x[1].at(i) != 0))).collect();
        let mut w = vec![0.0; Self::COLUMNS];
        for _ in 0..Self::EPOCHS {
            for batch in rows.chunks(Self::BATCH) {
                let mut gradient = vec![0.0; w.len()];
                for (x, y) in batch {
                    let z: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
                    let error = 1.0 / (1.0 + (-z).exp()) - y;
                    gradient.iter_mut().zip(x).for_each(|(g, x)| *g += error * x);
                }
                let rate = f64::from(Self::RATE_BITS).exp2();
                w.iter_mut().zip(gradient).for_each(|(w, g)| *w -= g / rate);
            }
        }
        w
    }
}
impl Operation for Logistic {
    fn card(&self) -> Card {
        Card {
            name: "logistic",
            what: "ten epochs of logistic regression on n rows of 100 features, in batches of 100",
            range: "|x| <= 2, y 0 or 1; at most 1000 rows".into(),
            error: format!("{:.1e} of every weight", Self::ERROR),
            source: "gradient descent; sigmoid and products as above",
            n: 1000,
            unit: Unit::Elements(Self::EPOCHS),
            ..TenMul.card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 127, 307]
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let one = 1 << Self::FRAC_BITS;
        let feature = move |at: usize| match at % Self::COLUMNS {
            Self::FEATURES => one,
            _ => (mix(1, at as u64) % (4 * one as u128 + 1)) as i128 - 2 * one,
        };
        let label = move |i: usize| {
            let x = |j| feature(i * Self::COLUMNS + j);
            if x(0) + x(1) - x(2) + x(3) / 2 > 0 { one } else { 0 }
        };
        let x = Operand::new(n * Self::COLUMNS, (-2 * one, 2 * one), feature);
        vec![x, Operand::new(n, (0, one), label)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let frac_bits = Self::FRAC_BITS;
        let zero = p.public(&[P::Ring::ZERO; Self::COLUMNS]);
        let mut w = Tensor::<P>::new(zero, &[Self::COLUMNS, 1], frac_bits);
        for _ in 0..Self::EPOCHS {
            let (mut x, mut y) = (on.integers(0).clone(), on.integers(1).clone());
            while !y.is_empty() {
                let rows = y.len().min(Self::BATCH);
                let (batch, x_left) = x.split(rows * Self::COLUMNS);
                let (labels, y_left) = y.split(rows);
                (x, y) = (x_left, y_left);
                let batch = Tensor::new(batch, &[rows, Self::COLUMNS], frac_bits);
                let z = batch.matmul(p, &w, frac_bits)?;
                let predicted = function::sigmoid(p, &z, Self::SIGMOID)?;
                let error = predicted.sub(&Tensor::new(labels, &[rows, 1], frac_bits));
                // The same integers at a finer scale are a fraction of the gradient.
                let gradient = batch.transpose().matmul(p, &error, frac_bits - Self::RATE_BITS)?;
                let step = gradient.into_shares();
                w = w.sub(&Tensor::new(step, &[Self::COLUMNS, 1], frac_bits));
            }
        }
        Ok(vec![Secret::Integers(w.into_shares())])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let unit = f64::from(Self::FRAC_BITS).exp2();
        let weights = Self::weights(n, x);
        all(&z[0], weights.len(), |i| near(weights[i] * unit, Self::ERROR * unit))
    }
}
