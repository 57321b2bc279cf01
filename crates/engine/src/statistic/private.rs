//! Statistics of noisy sums, with intervals that include the noise.
//!
//! Noise like that in the sums is added to them again, many times, and what that does to the
//! estimates is what the first noise has done to them: the parametric bootstrap (Ferrando, Wang and
//! Sheldon 2022, "Parametric bootstrap for differentially private confidence intervals"). An error of
//! sampling is drawn beside it, from the standard error. It costs no privacy.

mod histogram;

use sharewell_analytics::clear::tails::normal_quantile;
use sharewell_analytics::clear::{Confidence, Finding};
use sharewell_ring::{Key, Prg, hash};
use sharewell_study::RowExpr;

use super::sheet::{Entry, Sheet};
use super::{Released, linear};
use crate::Plot;
use crate::noise::Noise;
use crate::plan::{Column, Joint, Plan};

pub(super) use histogram::histogram;

/// How often noise is drawn again.
const DRAWS: usize = 1000;
/// Of these at most so many may leave no estimate.
const FAILURES: usize = DRAWS / 40;

/// Why there is no interval, or no estimate at all.
const TOO_NOISY: &str = "undefined: the noise is larger than what the records say. More records, fewer \
                         predictors, narrower ranges, `ridge` or a greater epsilon help";

/// Uniform numbers that everybody draws alike from what was released.
struct Uniform(Prg, u64);

impl Uniform {
    fn of(released: &[f64]) -> Self {
        let bytes: Vec<u8> = released.iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut key = [0; 16];
        key.copy_from_slice(&hash::digest(&[b"sharewell bootstrap", &bytes])[..16]);
        Self(Prg::new(&Key(key)), 0)
    }

    /// Between 0 and 1, and neither of them.
    fn next(&mut self) -> f64 {
        let mut bytes = [0; 16];
        self.0.fill_bytes(0, self.1, &mut bytes);
        self.1 += 1;
        let number = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
        ((number >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }
}

/// The noise of one item.
struct Noisy<'a> {
    noise: &'a Noise,
    /// One step of the noise.
    quantum: f64,
    /// It reaches so far, with 95 %.
    within: f64,
}

impl<'a> Noisy<'a> {
    /// # Panics
    /// If the item is no sum.
    fn of(plan: &'a Plan, item: usize) -> Self {
        let Column::Clear(Joint::Slot(slot)) = &plan.columns[item].1 else {
            unreachable!("noise is in sums")
        };
        let (noise, quantum) = (&plan.noise[*slot], 10f64.powi(-plan.slots[*slot].decimals));
        Self { noise, quantum, within: noise.within(0.05) * quantum }
    }

    fn draw(&self, uniform: &mut Uniform) -> f64 {
        // What noise adds to a count is whole.
        self.noise.quantile(uniform.next()).round() * self.quantum
    }
}

/// Linear regression from noisy sums and products.
pub(super) fn regression(
    plan: &Plan,
    of: (&RowExpr, &[RowExpr]),
    ridge: f64,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let columns = ["term", "estimate", "lower", "upper"];
    let mut sheet = Sheet::new("coefficients, intervals with the noise", &columns);
    let table = &plan.study().table;
    let names = linear::terms(table, of.1);
    let found = sums(plan, released).and_then(|sums| {
        let last = sums.len() - 1;
        // Noise may leave less than nothing of the response unexplained. Its squares, the last sum,
        // are in the standard errors alone: as large as the noise lets them be.
        let reach = Noisy::of(plan, last).within;
        let fit = |sums: &[f64], more: f64| {
            let sum =
                |item: usize, _: usize| Ok(sums[item] + if item == last { more } else { 0.0 });
            linear::coefficients(table, of, ridge, confidence, &sum)
        };
        let first = [0.0, 1.0, 3.0].into_iter().find_map(|times| fit(&sums, times * reach).ok());
        let estimates = first.ok_or_else(|| TOO_NOISY.to_owned())?;
        // Of these the estimates count alone.
        let again = |sums: &[f64]| fit(sums, 1000.0 * reach);
        let intervals = intervals(plan, (&sums, &estimates), &again, confidence.tail());
        Ok((estimates, intervals))
    });
    for (at, name) in names.iter().enumerate() {
        let term = Entry::text(name);
        match &found {
            Err(reason) => sheet.row_without(vec![term], reason),
            Ok((estimates, None)) => {
                sheet.row_without(vec![term, Entry::number(estimates[at].estimate)], TOO_NOISY);
            }
            Ok((estimates, Some(intervals))) => {
                let [lower, upper] = intervals[at].map(Entry::Number);
                sheet.row(vec![term, Entry::number(estimates[at].estimate), lower, upper]);
            }
        }
    }
    vec![sheet.drawn(Plot::forest(false))]
}

/// Estimates from sums.
type Fit<'a> = dyn Fn(&[f64]) -> Result<Vec<Finding>, String> + 'a;

/// What was released of every item.
fn sums(plan: &Plan, released: &Released<'_>) -> Result<Vec<f64>, String> {
    (0..plan.columns.len()).map(|item| released(item, 0)).collect()
}

/// The sums with noise once more.
fn noisier(plan: &Plan, sums: &[f64], uniform: &mut Uniform) -> Vec<f64> {
    let drawn: Vec<f64> = plan
        .noise
        .iter()
        .zip(&plan.slots)
        .map(|(noise, slot)| noise.quantile(uniform.next()) * 10f64.powi(-slot.decimals))
        .collect();
    let of_column = |column: &Column| match column {
        Column::Clear(Joint::Slot(slot)) => drawn[*slot],
        _ => 0.0,
    };
    let noises = plan.columns.iter().map(|(_, column)| of_column(column));
    sums.iter().zip(noises).map(|(sum, noise)| sum + noise).collect()
}

fn intervals(
    plan: &Plan,
    (sums, estimates): (&[f64], &[Finding]),
    fit: &Fit<'_>,
    tail: f64,
) -> Option<Vec<[f64; 2]>> {
    let uniform = &mut Uniform::of(sums);
    let mut errors: Vec<Vec<f64>> = vec![vec![]; estimates.len()];
    for _ in 0..DRAWS {
        let sums = noisier(plan, sums, uniform);
        let Ok(again) = fit(&sums) else { continue };
        for ((again, first), errors) in again.iter().zip(estimates).zip(&mut errors) {
            let (Some(x), Some(y)) = (again.estimate, first.estimate) else { continue };
            let sampling = first.standard_error.unwrap_or(0.0) * normal_quantile(uniform.next());
            errors.push(x - y + sampling);
        }
    }
    let interval = |(errors, first): (&mut Vec<f64>, &Finding)| {
        if errors.len() + FAILURES < DRAWS {
            return None;
        }
        errors.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| errors[((errors.len() - 1) as f64 * share).round() as usize];
        let estimate = first.estimate?;
        Some([estimate - at(1.0 - tail), estimate - at(tail)])
    };
    errors.iter_mut().zip(estimates).map(interval).collect()
}
