//! Counts that vary more than Poisson's: the negative binomial regression with a quadratic
//! variance, mu + alpha mu^2 (NB2). The last coefficient is ln alpha.
//!
//! Sources: Cameron and Trivedi, Regression Analysis of Count Data, 3.3.1; Lawless 1987.

use statrs::function::gamma::{digamma, ln_gamma};

use super::Record;
use crate::clear::newton::Slope;
use crate::clear::solve::{Cholesky, dot};

/// Up to this count, differences of functions of gamma are sums of so many terms, in which nothing
/// cancels.
const FEW: f64 = 1000.0;

/// The log-likelihood of the records with its derivatives, minus the second ones.
pub(super) fn slope(records: &[Record], at: &[f64]) -> Slope {
    let p = at.len();
    let (beta, log_alpha) = at.split_at(p - 1);
    // 1 / alpha.
    let theta = (-log_alpha[0]).exp();
    let mut sum = Slope::zero(p);
    for Record { response, time, x } in records {
        let mean = (dot(&x[..p - 1], beta) + time).exp();
        let all = mean + theta;
        let [gammas, first, second] = gammas(*response, theta);
        sum.log_likelihood += gammas - ln_gamma(response + 1.0) - theta * (mean / theta).ln_1p()
            + if *response > 0.0 { response * (mean / all).ln() } else { 0.0 };
        let score = theta * (response - mean) / all;
        let weight = (response + theta) * mean * theta / (all * all);
        // By theta, then by ln alpha.
        let slope = first - (mean / theta).ln_1p() + (mean - response) / all;
        let bend = second + mean / (theta * all) - (mean - response) / (all * all);
        let cross = -theta * (response - mean) * mean / (all * all);
        sum.gradient[p - 1] -= theta * slope;
        sum.information[p - 1][p - 1] -= theta * theta * bend + theta * slope;
        for (j, x_j) in x[..p - 1].iter().enumerate() {
            sum.gradient[j] += score * x_j;
            sum.information[p - 1][j] -= cross * x_j;
            for (k, x_k) in x[..=j].iter().enumerate() {
                sum.information[j][k] += weight * x_j * x_k;
            }
        }
    }
    sum
}

/// ln Gamma(y + theta) - ln Gamma(theta), with its derivatives by theta.
pub(super) fn gammas(y: f64, theta: f64) -> [f64; 3] {
    if y <= FEW {
        let terms = (0..y as u64).map(|k| k as f64);
        let height = terms.clone().map(|k| (theta + k).ln()).sum();
        let first = terms.clone().map(|k| 1.0 / (theta + k)).sum();
        let second: f64 = terms.map(|k| -1.0 / (theta + k).powi(2)).sum();
        return [height, first, second];
    }
    let height = ln_gamma(y + theta) - ln_gamma(theta);
    let first = digamma(y + theta) - digamma(theta);
    [height, first, trigamma(y + theta) - trigamma(theta)]
}

/// The derivative of digamma, for positive numbers: by recurrence to where its series is exact.
fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 20.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = 1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square / 30.0));
    sum + inverse + square / 2.0 + inverse * square * series
}

/// Far from its maximum the likelihood bends the wrong way in ln alpha. There a step goes up in
/// that direction by itself, as far as the bend is strong.
pub(super) fn definite(mut slope: Slope) -> Slope {
    let last = slope.gradient.len() - 1;
    if Cholesky::of(&slope.information).is_ok() {
        return slope;
    }
    for j in 0..last {
        slope.information[last][j] = 0.0;
        slope.information[j][last] = 0.0;
    }
    let bend = slope.information[last][last].abs();
    // No step in ln alpha is longer than 1.
    slope.information[last][last] = bend.max(slope.gradient[last].abs()).max(f64::MIN_POSITIVE);
    slope
}
