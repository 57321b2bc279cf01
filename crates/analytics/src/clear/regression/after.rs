//! What is asked of the records once more, at the estimates.
//!
//! Sources: White 1980, A heteroskedasticity-consistent covariance matrix estimator; White 1982,
//! Maximum likelihood estimation of misspecified models (the sandwich); MacKinnon and White 1985
//! (HC1).

use super::{At, Family, Record, triangle};
use crate::clear::detector::Group;
use crate::clear::newton::Maximum;
use crate::clear::solve::dot;
use crate::clear::{Result, Undefined, at_least};

/// Log-odds of the first and the last bin's outer edges: beyond lie less than five in a hundred
/// thousand.
const FARTHEST: f64 = 10.0;

/// Numbers of a party's scores.
#[must_use]
pub const fn scores_len(coefficients: usize) -> usize {
    1 + coefficients * (coefficients + 1) / 2
}

/// Numbers of a party's predictions.
#[must_use]
pub const fn predictions_len(bins: usize) -> usize {
    1 + 3 * bins
}

impl Family {
    /// How many records there are, and the sums of the products of their scores (the derivatives of
    /// their log-likelihoods): the lower triangle. Of the families whose log-likelihood is a sum
    /// over records: logistic and Poisson.
    #[must_use]
    pub fn scores(self, records: &[Record], at: &At) -> Vec<f64> {
        let p = at.coefficients.len();
        let mut sums = vec![0.0; scores_len(p)];
        sums[0] = records.len() as f64;
        for record in records {
            let [_, score, _] = self.of_record(record, dot(&record.x, &at.coefficients));
            for i in 0..p {
                for j in 0..=i {
                    let product = (score * record.x[i]) * (score * record.x[j]);
                    sums[1 + triangle(i, j)] += product;
                }
            }
        }
        sums
    }
}

/// A fit whose errors hold though its model of the variance does not: the covariance C S C, of the
/// model's C and the sums S of the products of scores (HC0), times n / (n - coefficients) if `small`
/// (HC1).
///
/// Reference: R `sandwich::vcovHC`; statsmodels `cov_type = "HC0"`.
///
/// # Errors
/// With as many coefficients as records.
///
/// # Panics
/// Unless there are [`scores_len`] sums.
pub fn sandwich(fit: &Maximum, sums: &[f64], small: bool) -> Result<Maximum> {
    let (p, c) = (fit.coefficients.len(), &fit.covariance);
    assert_eq!(sums.len(), scores_len(p), "products of scores");
    at_least("records", p as u64 + 1, sums[0].max(0.0) as u64)?;
    let factor = if small { sums[0] / (sums[0] - p as f64) } else { 1.0 };
    let scores: Vec<Vec<f64>> =
        (0..p).map(|i| (0..p).map(|j| factor * sums[1 + triangle(i, j)]).collect()).collect();
    // Both are symmetric: columns are rows.
    let times = |row: &Vec<f64>, of: &[Vec<f64>]| of.iter().map(|of| dot(row, of)).collect();
    let half: Vec<Vec<f64>> = c.iter().map(|row| times(row, &scores)).collect();
    let covariance: Vec<Vec<f64>> = half.iter().map(|row| times(row, c)).collect();
    let positive = (0..p).all(|i| covariance[i][i] > 0.0 && covariance[i][i].is_finite());
    positive
        .then(|| Maximum { covariance, ..fit.clone() })
        .ok_or(Undefined::Argument("the products of scores"))
}

/// Of logistic regression: the sum of (response - probability)^2, and of each bin the records, the
/// events and the sum of the predicted probabilities. The bins are equally wide in log-odds, from
/// -10 to 10, and the outer ones have no end.
#[must_use]
pub fn predictions(records: &[Record], at: &At, bins: usize) -> Vec<f64> {
    let mut sums = vec![0.0; predictions_len(bins)];
    for record in records {
        let odds = dot(&record.x, &at.coefficients);
        let bin = (odds + FARTHEST) / (2.0 * FARTHEST) * bins as f64;
        let bin = (bin.max(0.0) as usize).min(bins - 1);
        let [_, rest, _] = Family::Logistic.of_record(record, odds);
        sums[0] += rest * rest;
        let numbers = [1.0, record.response, record.response - rest];
        sums[1 + 3 * bin..].iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
    }
    sums
}

/// The bins of all records, whose sums these are, if they hold so many records and events.
///
/// # Errors
/// If they do not: a party has counted wrongly.
pub fn in_bins(sums: &[f64], records: u64, events: u64) -> Result<Vec<Group>> {
    let is_count = |x: f64| x >= 0.0 && x <= records as f64;
    let sane = |bin: &[f64]| bin.iter().all(|x| is_count(*x)) && bin[1] <= bin[0];
    let bins = sums[1..].chunks_exact(3);
    let sane = bins.clone().all(sane);
    let group = |bin: &[f64]| Group { n: bin[0] as u64, events: bin[1] as u64, predicted: bin[2] };
    let groups: Vec<Group> = bins.map(group).collect();
    let sum = |of: fn(&Group) -> u64| groups.iter().fold(0u64, |sum, g| sum.saturating_add(of(g)));
    let all = sane && sum(|group| group.n) == records && sum(|group| group.events) == events;
    all.then_some(groups).ok_or(Undefined::Argument("the records in the bins"))
}
