//! Cox's proportional hazards, from sums at each time of a public grid.
//!
//! Source: Cox 1972; ties: Efron 1977, as in Therneau and Grambsch, Modeling Survival Data, 3.3.

use super::{At, Record, triangle};
use crate::clear::newton::Slope;
use crate::clear::solve::dot;

/// What rounding leaves of a variance of equal values, as a share of their squares.
const ROUNDING: f64 = 1e-12;

/// Of one time: the sums of the hazard exp(x'b - level), of it times x and times x x' (the lower triangle), over
/// records whose observation ends then.
#[derive(Clone)]
struct Risk {
    one: f64,
    x: Vec<f64>,
    xx: Vec<f64>,
}

impl Risk {
    fn none(p: usize) -> Self {
        Self { one: 0.0, x: vec![0.0; p], xx: vec![0.0; p * (p + 1) / 2] }
    }

    fn read(sums: &[f64], p: usize) -> Self {
        Self { one: sums[0], x: sums[1..=p].to_vec(), xx: sums[1 + p..].to_vec() }
    }

    /// With `share` of another.
    fn plus(&self, share: f64, other: &Self) -> Self {
        let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x + share * y).collect();
        Self {
            one: self.one + share * other.one,
            x: sum(&self.x, &other.x),
            xx: sum(&self.xx, &other.xx),
        }
    }
}

/// Numbers of [`Risk`].
fn risk_len(p: usize) -> usize {
    1 + p + p * (p + 1) / 2
}

/// Numbers of a time: the risk that ends, that which ends by an event, and the number of events and
/// the sum of x over them.
fn width(p: usize) -> usize {
    2 * risk_len(p) + 1 + p
}

pub(super) fn len(times: usize, p: usize) -> usize {
    times * width(p)
}

/// The sums of some records; `time` is the place of a record's time in the grid.
///
/// # Panics
/// If a time lies outside.
pub(super) fn sums(records: &[Record], at: &At, times: usize) -> Vec<f64> {
    let (at, level) = (&at.coefficients[..], at.level);
    let (p, risk) = (at.len(), risk_len(at.len()));
    let mut sums = vec![0.0; len(times, p)];
    for record in records {
        let of_time = &mut sums[record.time as usize * width(p)..][..width(p)];
        let weight = (dot(&record.x, at) - level).exp();
        let of_record = std::iter::once(1.0).chain(record.x.iter().copied());
        let products = of_record.chain(
            (0..p)
                .flat_map(|i| (0..=i).map(move |j| (i, j)))
                .map(|(i, j)| record.x[i] * record.x[j]),
        );
        let products: Vec<f64> = products.collect();
        for (i, product) in products.iter().enumerate() {
            of_time[i] += weight * product;
            of_time[risk + i] += record.response * weight * product;
        }
        for (sum, product) in of_time[2 * risk..].iter_mut().zip(&products) {
            *sum += record.response * product;
        }
    }
    sums
}

/// The mean of x over all records, weighted by their hazards.
pub(super) fn mean(sums: &[f64], p: usize) -> Vec<f64> {
    let of_times =
        sums.chunks_exact(width(p)).map(|of_time| Risk::read(&of_time[..risk_len(p)], p));
    let all = of_times.fold(Risk::none(p), |all, of_time| all.plus(1.0, &of_time));
    all.x.iter().map(|x| if all.one > 0.0 { x / all.one } else { 0.0 }).collect()
}

/// The partial log-likelihood of all records whose sums these are; not a number if they say that
/// there are more than `most`.
pub(super) fn slope(sums: &[f64], at: &At, most: u64) -> Slope {
    let (at, level) = (&at.coefficients[..], at.level);
    let (p, risk) = (at.len(), risk_len(at.len()));
    let mut slope = Slope::zero(p);
    let events: f64 = sums.chunks_exact(width(p)).map(|of_time| of_time[2 * risk].max(0.0)).sum();
    if events > most as f64 + 0.5 {
        slope.log_likelihood = f64::NAN;
        return slope;
    }
    let mut at_risk = Risk::none(p);
    for of_time in sums.chunks_exact(width(p)).rev() {
        at_risk = at_risk.plus(1.0, &Risk::read(&of_time[..risk], p));
        let tied = Risk::read(&of_time[risk..2 * risk], p);
        let (events, x) = (of_time[2 * risk].round(), &of_time[2 * risk + 1..]);
        slope.log_likelihood += dot(x, at) - events * level;
        slope.gradient.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        for before in 0..events as u64 {
            let now = at_risk.plus(-(before as f64) / events, &tied);
            slope.log_likelihood -= now.one.ln();
            for i in 0..p {
                slope.gradient[i] -= now.x[i] / now.one;
                for j in 0..p {
                    let product = now.xx[triangle(i, j)] / now.one;
                    let variance = product - now.x[i] / now.one * (now.x[j] / now.one);
                    // Among equal values rounding is all that is left.
                    let is_rounding = i == j && variance < ROUNDING * product;
                    slope.information[i][j] += if is_rounding { 0.0 } else { variance };
                }
            }
        }
    }
    slope
}
