//! Regressions of which no step is opened.

use sharewell_analytics::clear::Undefined;
use sharewell_analytics::clear::newton::{Maximum, maximise};
use sharewell_analytics::clear::regression::{self, At, Record};
use sharewell_analytics::glm::{self, FRAC_BITS, Family, Model, RECORD_BITS, Records};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z128};

use super::check::{all, exact, near};
use super::draw::mix;
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Logistic);
    visitor.visit(&Poisson);
}

/// With the constant.
const COLUMNS: usize = 12;
const STEPS: u32 = 8;
/// Of the first columns; the others explain nothing.
const COEFFICIENTS: [f64; 4] = [-0.5, 1.0, -0.5, 0.25];
/// Of a coefficient, in standard errors.
const ERROR: f64 = 1e-6;
/// Scales of the covariance and of the log-likelihood as they are checked.
const CHECKED_BITS: [u32; 2] = [40, 20];

fn card() -> Card {
    Card {
        what: "Newton's method, eight steps, on n rows of 12 columns: coefficients, their \
               covariance, the log-likelihood, and whether the steps came to an end",
        error: format!("{ERROR:.0e} of each standard error"),
        source: "McCullagh, Nelder 1989, 2.5; no step is opened",
        unit: Unit::Elements(1),
        ring_bits: Z128::BITS,
        ..Card::of("Programs", 1000)
    }
}

fn model(family: Family, rows: usize) -> Model {
    Model { family, rows, columns: COLUMNS, steps: STEPS, ridge: vec![0.0; COLUMNS] }
}

/// A number from 0 to 1 of each record.
fn noise(seed: u64, row: usize) -> f64 {
    (mix(seed, row as u64) >> 75) as f64 / 53f64.exp2()
}

fn feature(at: usize) -> i128 {
    let one = 1 << RECORD_BITS;
    if at.is_multiple_of(COLUMNS) {
        one
    } else {
        (mix(1, at as u64) % (2 * one as u128)) as i128 - one
    }
}

fn argument(row: usize) -> f64 {
    let x = |j: usize| feature(row * COLUMNS + j) as f64 / f64::from(RECORD_BITS).exp2();
    COEFFICIENTS.iter().enumerate().map(|(j, b)| b * x(j)).sum()
}

fn features(n: usize) -> Operand {
    let one = 1 << RECORD_BITS;
    Operand::new(n * COLUMNS, (-one, one), feature)
}

fn run<P: Protocol>(p: &mut P, on: &Given<P>, family: Family) -> Result<Vec<Secret<P>>> {
    let x = on.tensor(0, &[on.n, COLUMNS], RECORD_BITS);
    let y = on.tensor(1, &[on.n], 0);
    let offset = matches!(family, Family::Poisson { .. });
    let offset = offset.then(|| on.tensor(2, &[on.n], FRAC_BITS));
    let records = Records { x: &x, y: &y, offset: offset.as_ref() };
    let fit = glm::fit(p, &records, &model(family, on.n))?;
    let covariance = fit.covariance.rescale_down(p, CHECKED_BITS[0])?;
    let height = fit.log_likelihood.rescale_down(p, CHECKED_BITS[1])?;
    let all = [fit.converged, fit.coefficients.into_shares()];
    let all = all.into_iter().chain([covariance, height].map(|x| x.into_shares()));
    Ok(all.map(Secret::Integers).collect())
}

/// In the clear.
fn reference(n: usize, x: &[Operand], family: regression::Family) -> Maximum {
    let number =
        |operand: &Operand, at: usize, bits: u32| operand.at(at) as f64 / f64::from(bits).exp2();
    let record = |row: usize| Record {
        response: x[1].at(row) as f64,
        time: x.get(2).map_or(0.0, |offset| number(offset, row, FRAC_BITS)),
        x: (0..COLUMNS).map(|j| number(&x[0], row * COLUMNS + j, RECORD_BITS)).collect(),
    };
    let records: Vec<Record> = (0..n).map(record).collect();
    let events = records.iter().map(|record| record.response).sum();
    let time = records.iter().map(|record| record.time.exp()).sum();
    let start = family.start(n as f64, events, time, COLUMNS);
    let found = start.and_then(|start| {
        maximise(&start, |at| -> std::result::Result<_, Undefined> {
            let at = At::new(at);
            Ok(family.slope(&family.sums(&records, &at), &at).0)
        })
    });
    found.expect("records that differ")
}

fn check<R: Integer>(found: &Maximum, height: f64, z: &[Vec<R>]) -> std::result::Result<(), Wrong> {
    let unit = |bits: u32| f64::from(bits).exp2();
    let error = |j: usize| found.covariance[j][j].sqrt();
    all(&z[0], 1, |_| exact(1))?;
    all(&z[1], COLUMNS, |j| {
        let b = found.coefficients[j];
        near(b * unit(FRAC_BITS), ERROR * error(j) * unit(FRAC_BITS))
    })?;
    all(&z[2], COLUMNS * COLUMNS, |at| {
        let (i, j) = (at / COLUMNS, at % COLUMNS);
        let scale = unit(CHECKED_BITS[0]);
        near(found.covariance[i][j] * scale, ERROR * error(i) * error(j) * scale + 1.0)
    })?;
    let scale = unit(CHECKED_BITS[1]);
    all(&z[3], 1, |_| near(height * scale, ERROR * height.abs() * scale + 1.0))
}

struct Logistic;
impl Operation for Logistic {
    fn card(&self) -> Card {
        Card { name: "logistic regression", range: "|x| <= 1, y 0 or 1; 128 bits".into(), ..card() }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![50, 90]
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let label = |row: usize| i128::from(noise(2, row) < 1.0 / (1.0 + (-argument(row)).exp()));
        vec![features(n), Operand::new(n, (0, 1), label)]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        run(p, on, Family::Logistic)
    }
    fn check<R: Integer>(
        &self,
        n: usize,
        x: &[Operand],
        z: &[Vec<R>],
    ) -> std::result::Result<(), Wrong> {
        let found = reference(n, x, regression::Family::Logistic);
        check(&found, found.log_likelihood, z)
    }
}

struct Poisson;
impl Poisson {
    /// The greatest count.
    const MOST: u64 = 40;
    const OFFSETS: (i128, i128) = (0, 3 << FRAC_BITS);
    const FAMILY: Family = Family::Poisson { most: Self::MOST, offsets: Self::OFFSETS };

    fn offset(row: usize) -> f64 {
        3.0 * noise(3, row)
    }

    /// Without waiting for rare ones.
    fn count(row: usize) -> i128 {
        let mean = (argument(row) - 1.0 + Self::offset(row)).exp();
        let (mut left, mut y) = (noise(4, row), 0);
        let mut mass = (-mean).exp();
        while left > mass && y < Self::MOST {
            left -= mass;
            y += 1;
            mass *= mean / y as f64;
        }
        y.into()
    }
}
impl Operation for Poisson {
    fn card(&self) -> Card {
        Card {
            name: "Poisson regression",
            range: "|x| <= 1, y from 0 to 40, exposures from 1 to e^3; 128 bits".into(),
            ..card()
        }
    }
    fn sizes(&self) -> Vec<usize> {
        Logistic.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let unit = f64::from(FRAC_BITS).exp2();
        let offset = move |row: usize| (Self::offset(row) * unit) as i128;
        vec![
            features(n),
            Operand::new(n, (0, Self::MOST.into()), Self::count),
            Operand::new(n, Self::OFFSETS, offset),
        ]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        run(p, on, Self::FAMILY)
    }
    fn check<R: Integer>(
        &self,
        n: usize,
        x: &[Operand],
        z: &[Vec<R>],
    ) -> std::result::Result<(), Wrong> {
        let found = reference(n, x, regression::Family::Poisson);
        let factorial = |y: i128| (1..=y).map(|k| (k as f64).ln()).sum::<f64>();
        let left_out: f64 = x[1].values().map(factorial).sum();
        check(&found, found.log_likelihood + left_out, z)
    }
}
