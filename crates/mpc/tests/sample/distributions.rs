//! Goodness of fit with fixed seeds, against the distributions as they are defined. A sample
//! large enough to pass must fail a distribution that is a little different.

use std::collections::BTreeMap;

use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::sample::{self, Probability, Ratio};
use sharewell_mpc::{Protocol, Share};
use sharewell_ring::{Z64, Z128};

use crate::{DISTANCE_BITS, Sampler};

/// By how many standard deviations Pearson's statistic lies above its mean. Values expected
/// fewer than 25 times are taken together.
fn misfit(drawn: &[i128], chance: impl Fn(i128) -> f64, range: i128) -> f64 {
    let mut counts: BTreeMap<i128, f64> = BTreeMap::new();
    drawn.iter().for_each(|x| *counts.entry(*x).or_default() += 1.0);
    let n = drawn.len() as f64;
    let (mut statistic, mut cells) = (0.0, 0.0);
    let (mut rare, mut rare_seen) = (n, n);
    for x in -range..=range {
        let (expected, seen) = (n * chance(x), counts.get(&x).copied().unwrap_or(0.0));
        if expected >= 25.0 {
            statistic += (seen - expected).powi(2) / expected;
            cells += 1.0;
            (rare, rare_seen) = (rare - expected, rare_seen - seen);
        }
    }
    if rare >= 25.0 {
        statistic += (rare_seen - rare).powi(2) / rare;
        cells += 1.0;
    } else {
        assert!(rare_seen <= rare + 30.0, "{rare_seen} rare values instead of {rare}");
    }
    let freedom: f64 = cells - 1.0;
    (statistic - freedom) / (2.0 * freedom).sqrt()
}

fn holds(sampler: Sampler, drawn: &[i128], chance: impl Fn(i128) -> f64, range: i128) {
    let misfit = misfit(drawn, chance, range);
    assert!(misfit < 4.0, "{sampler:?} is off by {misfit} standard deviations");
}

fn laplace(scale: f64) -> impl Fn(i128) -> f64 {
    let a = (-1.0 / scale).exp();
    move |x| (1.0 - a) / (1.0 + a) * a.powi(x.unsigned_abs() as i32)
}

fn gaussian(variance: f64) -> impl Fn(i128) -> f64 {
    let weight = move |x: i128| (-((x * x) as f64) / (2.0 * variance)).exp();
    let all: f64 = (-2000..=2000).map(weight).sum();
    move |x| weight(x) / all
}

const SCALES: [(u64, u64); 7] = [(1, 3), (1, 1), (3, 2), (10, 1), (4, 1), (100, 7), (50, 1)];

#[test]
fn discrete_laplace_fits_its_definition_and_not_its_neighbours() {
    for (seed, (num, den)) in (1..).zip(SCALES) {
        let sampler = Sampler::Laplace(Ratio { num, den });
        let drawn = sampler.plainly::<Z64>(100_000, seed);
        let scale = num as f64 / den as f64;
        holds(sampler, &drawn, laplace(scale), 2000);
        assert!(misfit(&drawn, laplace(scale * 1.06), 2000) > 6.0, "{sampler:?} fits anything");
    }
}

#[test]
fn discrete_gaussian_fits_its_definition_and_not_its_neighbours() {
    for (seed, (num, den)) in (1..).zip([(1, 3), (1, 1), (3, 2), (10, 1), (100, 7), (900, 1)]) {
        let sampler = Sampler::Gaussian(Ratio { num, den });
        let drawn = sampler.plainly::<Z64>(60_000, seed);
        let variance = num as f64 / den as f64;
        holds(sampler, &drawn, gaussian(variance), 1000);
        assert!(misfit(&drawn, gaussian(variance * 1.12), 1000) > 6.0, "{sampler:?} fits all");
    }
}

#[test]
fn uniform_integers_fit_and_reach_both_ends() {
    for (seed, bound) in (1..).zip([2, 3, 5, 6, 7, 10, 100, 1000]) {
        let sampler = Sampler::Uniform(bound);
        let drawn = sampler.plainly::<Z64>(100_000, seed);
        let inside = 0..bound as i128;
        assert!(drawn.iter().all(|x| inside.contains(x)));
        let chance = |x| if inside.contains(&x) { 1.0 / bound as f64 } else { 0.0 };
        holds(sampler, &drawn, chance, 1000);
        assert!(drawn.contains(&0) && drawn.contains(&(bound as i128 - 1)));
    }
}

#[test]
fn wide_uniform_integers_fill_their_range_evenly() {
    for bound in [3 << 40, (1 << 62) + 1, (1 << 63) - 1] {
        let sampler = Sampler::Uniform(bound);
        let eighths = |x: &i128| x * 8 / bound as i128;
        let drawn: Vec<i128> = sampler.plainly::<Z64>(50_000, 3).iter().map(eighths).collect();
        holds(sampler, &drawn, |x| if (0..8).contains(&x) { 0.125 } else { 0.0 }, 8);
    }
}

#[test]
fn coins_of_several_chances_fit_and_are_independent() {
    let chances = [(1, 3), (1, 2), (999, 1000), (1, 1000), (5, 7)];
    let ratio = |(num, den)| Probability::ratio(Ratio { num, den });
    let mut p = Plain::<Z64>::new(8);
    let n = 200_000;
    let coins = sample::bernoulli(&mut p, &chances.map(ratio), n, 64).unwrap();
    let bits: Vec<Z64> = p.b2a(&coins).unwrap().0[0].clone();
    let bit = |coin: usize, i: usize| bits[coin * n + i].0 as f64;
    let near = |sum: f64, chance: f64| {
        let deviations = (sum - n as f64 * chance) / (n as f64 * chance * (1.0 - chance)).sqrt();
        assert!(deviations.abs() < 4.0, "{sum} of {n}, expected {chance}: {deviations}");
    };
    let of = |(num, den): (u64, u64)| num as f64 / den as f64;
    for (j, &chance) in chances.iter().enumerate() {
        near((0..n).map(|i| bit(j, i)).sum(), of(chance));
        for (k, &other) in chances.iter().enumerate().skip(j + 1) {
            near((0..n).map(|i| bit(j, i) * bit(k, i)).sum(), of(chance) * of(other));
        }
        near((1..n).map(|i| bit(j, i) * bit(j, i - 1)).sum(), of(chance).powi(2));
    }
}

#[test]
fn normal_deviates_have_normal_moments_and_quantiles() {
    let n = 50_000;
    let one = f64::from(1 << 16);
    for drawn in
        [Sampler::Normal(16).plainly::<Z64>(n, 1), Sampler::Normal(16).plainly::<Z128>(n, 2)]
    {
        let x: Vec<f64> = drawn.iter().map(|x| *x as f64 / one).collect();
        // Moments of a normal variable, and the standard deviation of their estimates.
        for (k, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let mean = x.iter().map(|x| x.powi(k)).sum::<f64>() / n as f64;
            let deviations = (mean - moment) / (f64::sqrt(variance) / (n as f64).sqrt());
            assert!(deviations.abs() < 4.0, "moment {k}: {mean}");
        }
        let below = [(-2.0, 0.022_750), (-1.0, 0.158_655), (-0.5, 0.308_538), (0.3, 0.617_911)];
        for (z, chance) in below {
            let part = x.iter().filter(|x| **x < z).count() as f64;
            let spread = (n as f64 * chance * (1.0 - chance)).sqrt();
            assert!(((part - n as f64 * chance) / spread).abs() < 4.0, "{part} below {z}");
        }
    }
}

#[test]
fn three_parties_draw_from_the_same_distributions() {
    let n = 4000;
    let laplace_3 = Sampler::Laplace(Ratio { num: 3, den: 1 });
    holds(laplace_3, &laplace_3.jointly::<Z64>(n), laplace(3.0), 200);
    let gaussian_5 = Sampler::Gaussian(Ratio { num: 5, den: 1 });
    holds(gaussian_5, &gaussian_5.jointly::<Z128>(n), gaussian(5.0), 200);
    let die = Sampler::Uniform(6);
    let chance = |x| if (0..6).contains(&x) { 1.0 / 6.0 } else { 0.0 };
    holds(die, &die.jointly::<Z64>(n), chance, 10);
    let coin = Sampler::Bernoulli(Ratio { num: 2, den: 7 });
    let chance = |x| [5.0 / 7.0, 2.0 / 7.0].get(x as usize).copied().unwrap_or(0.0);
    holds(coin, &coin.jointly::<Z64>(n), chance, 1);
}

/// The numbers of one vector, and of one call and the next, do not hang together.
#[test]
fn successive_numbers_are_uncorrelated() {
    let n = 100_000;
    let mut p = Plain::<Z64>::new(4);
    let scale = Ratio { num: 20, den: 1 };
    let mut draw = || {
        let drawn = sample::discrete_laplace(&mut p, scale, n, DISTANCE_BITS).unwrap();
        assert_eq!(drawn.len(), n);
        drawn.0[0].iter().map(|x| x.0 as i64 as f64).collect::<Vec<f64>>()
    };
    let (x, y) = (draw(), draw());
    let correlation = |x: &[f64], y: &[f64]| {
        let of = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        of(x, y) / (of(x, x) * of(y, y)).sqrt()
    };
    let limit = 4.0 / (n as f64).sqrt();
    assert!(correlation(&x, &y).abs() < limit);
    assert!(correlation(&x[1..], &x[..n - 1]).abs() < limit);
    assert!(correlation(&x[64..], &x[..n - 64]).abs() < limit);
}
