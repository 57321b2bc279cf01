//! Distributions whose tails keep their relative accuracy, down to the smallest double.
//!
//! Incomplete gamma and beta integrals as series and continued fractions (DLMF 8.7.1, 8.9.2,
//! 8.17.22), times a density in the saddle-point form of Loader ("Fast and accurate computation
//! of binomial probabilities", 2000), which loses no digit to the cancellation of large
//! logarithms. The tail that is small is computed itself, never as 1 minus the other. Agrees
//! with `scipy.stats` and R's `p*` functions to 1e-10, for degrees of freedom to 10^8.

use std::f64::consts::{LN_2, PI, SQRT_2};

use statrs::function::{erf, gamma::ln_gamma};

/// Terms of a series or continued fraction; about the root of the largest parameter is needed.
const TERMS: usize = 1_000_000;

/// P(Z > z) of a standard normal variate; `scipy.stats.norm.sf`.
#[must_use]
pub fn normal_upper(z: f64) -> f64 {
    let beyond = normal_two_sided(z) / 2.0;
    if z < 0.0 { 1.0 - beyond } else { beyond }
}

/// P(|Z| > |z|).
#[must_use]
pub fn normal_two_sided(z: f64) -> f64 {
    chi_squared_upper(z * z, 1.0)
}

/// The z with P(Z > z) = `upper`; `scipy.stats.norm.isf`.
#[must_use]
pub fn normal_quantile(upper: f64) -> f64 {
    if upper > 0.5 {
        return -normal_quantile(1.0 - upper);
    }
    let mut z = SQRT_2 * erf::erfc_inv(2.0 * upper);
    for _ in 0..2 {
        let density = (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
        if density > 0.0 {
            z += (normal_upper(z) - upper) / density;
        }
    }
    z
}

/// P(X > x) of chi-squared; `scipy.stats.chi2.sf`.
#[must_use]
pub fn chi_squared_upper(x: f64, degrees: f64) -> f64 {
    gamma(degrees / 2.0, x / 2.0).1.exp()
}

/// P(|T| > |t|) of Student's t; twice `scipy.stats.t.sf`.
#[must_use]
pub fn student_two_sided(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    let total = degrees + square;
    if total.is_infinite() {
        return if degrees.is_infinite() { normal_two_sided(t) } else { 0.0 };
    }
    beta(degrees / 2.0, 0.5, degrees / total, square / total).0.exp()
}

/// The t with P(T > t) = `upper`; `scipy.stats.t.isf`.
#[must_use]
pub fn student_quantile(upper: f64, degrees: f64) -> f64 {
    if upper > 0.5 {
        return -student_quantile(1.0 - upper, degrees);
    }
    // P(|T| > t) is the lower tail of a beta variate x = df / (df + t^2).
    let x = beta_logit_quantile(2.0 * upper, degrees / 2.0, 0.5);
    (degrees * (-x).exp()).sqrt()
}

/// P(F > f) of Fisher's F; `scipy.stats.f.sf`.
#[must_use]
pub fn f_upper(f: f64, numerator: f64, denominator: f64) -> f64 {
    let scaled = numerator * f;
    let total = denominator + scaled;
    if total.is_infinite() {
        return 0.0;
    }
    beta(denominator / 2.0, numerator / 2.0, denominator / total, scaled / total).0.exp()
}

/// The x with P(X <= x) = `lower` of a gamma variate of unit scale; `scipy.stats.gamma.ppf`.
#[must_use]
pub fn gamma_quantile(lower: f64, shape: f64) -> f64 {
    let target = lower.ln();
    let upper_target = (-lower).ln_1p();
    // Solved in ln x, where the logarithm of either tail is nearly straight.
    let log = root(-750.0 / shape.min(1.0), 710.0, shape.ln(), |t| {
        let x = t.exp();
        let (below, above) = gamma(shape, x);
        let density = ln_poisson(shape, x) + shape.ln();
        if lower <= 0.5 {
            (below - target, (density - below).exp())
        } else {
            (upper_target - above, (density - above).exp())
        }
    });
    log.exp()
}

/// The x with P(X <= x) = `lower` of a beta variate; `scipy.stats.beta.ppf`.
#[must_use]
pub fn beta_quantile(lower: f64, a: f64, b: f64) -> f64 {
    let t = beta_logit_quantile(lower, a, b);
    1.0 / (1.0 + (-t).exp())
}

/// ln(x / (1 - x)) of the beta quantile, which keeps the digits at both ends.
fn beta_logit_quantile(lower: f64, a: f64, b: f64) -> f64 {
    let target = lower.ln();
    let upper_target = (-lower).ln_1p();
    root(-750.0 / a.min(1.0), 750.0 / b.min(1.0), (a / b).ln(), |t| {
        let (x, y) = (1.0 / (1.0 + (-t).exp()), 1.0 / (1.0 + t.exp()));
        let (below, above) = beta(a, b, x, y);
        let density = ln_beta_kernel(a, b, x, y);
        if lower <= 0.5 {
            (below - target, (density - below).exp())
        } else {
            (upper_target - above, (density - above).exp())
        }
    })
}

/// ln P(X <= x) and ln P(X > x) of a gamma variate of unit scale.
#[must_use]
pub fn gamma(shape: f64, x: f64) -> (f64, f64) {
    if x.is_nan() || shape.is_nan() || shape <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if x == f64::INFINITY {
        return (0.0, f64::NEG_INFINITY);
    }
    let density = ln_poisson(shape, x);
    if x < shape + 1.0 {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..TERMS {
            term *= x / (shape + k as f64);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let below = (density + sum.ln()).min(0.0);
        (below, ln_complement(below))
    } else {
        let steps = (1..TERMS).map(|k| {
            let k = k as f64;
            (-k * (k - shape), x + 2.0 * k + 1.0 - shape)
        });
        let above = (density + shape.ln() - continued(x + 1.0 - shape, steps).ln()).min(0.0);
        (ln_complement(above), above)
    }
}

/// x times the density at x of a gamma variate of unit scale: how fast the tail falls in ln x.
pub(crate) fn gamma_density(shape: f64, x: f64) -> f64 {
    (ln_poisson(shape, x) + shape.ln()).exp()
}

/// ln P(X <= x) and ln P(X > x) of a beta variate; `y` is 1 - x, with the digits that 1 - x
/// would lose.
#[must_use]
pub fn beta(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if !(a > 0.0 && b > 0.0 && x >= 0.0 && y >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if y == 0.0 {
        return (0.0, f64::NEG_INFINITY);
    }
    let kernel = ln_beta_kernel(a, b, x, y);
    let small = |a: f64, b: f64, x: f64| {
        let steps = (1..TERMS).map(|k| (beta_step(a, b, x, k), 1.0));
        (kernel - a.ln() - continued(1.0, steps).ln()).min(0.0)
    };
    if x * (a + b + 2.0) < a + 1.0 {
        let below = small(a, b, x);
        (below, ln_complement(below))
    } else {
        let above = small(b, a, y);
        (ln_complement(above), above)
    }
}

/// The k-th numerator of DLMF 8.17.22.
fn beta_step(a: f64, b: f64, x: f64, k: usize) -> f64 {
    let m = (k / 2) as f64;
    if k.is_multiple_of(2) {
        m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
    } else {
        -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
    }
}

/// `first + n1 / (d1 + n2 / (d2 + ...))` by the modified method of Lentz.
fn continued(first: f64, steps: impl Iterator<Item = (f64, f64)>) -> f64 {
    const TINY: f64 = 1e-300;
    let off_zero = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut value = off_zero(first);
    let (mut c, mut d) = (value, 0.0);
    for (numerator, denominator) in steps {
        d = 1.0 / off_zero(denominator + numerator * d);
        c = off_zero(denominator + numerator / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// ln(1 - e^x) for x <= 0.
fn ln_complement(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// ln n! minus Stirling's approximation.
fn stirling_error(n: f64) -> f64 {
    if n > 15.0 {
        let s = 1.0 / (n * n);
        let tail = 1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0);
        (1.0 / 12.0 - s * (1.0 / 360.0 - s * tail)) / n
    } else {
        ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - (2.0 * PI).ln() / 2.0
    }
}

/// x ln(x / mean) + mean - x without cancellation.
fn deviance(x: f64, mean: f64) -> f64 {
    let v = (x - mean) / (x + mean);
    if v.abs() >= 0.1 {
        return x * (x / mean).ln() + mean - x;
    }
    let mut sum = (x - mean) * v;
    let mut power = 2.0 * x * v;
    for j in 1..1000 {
        power *= v * v;
        let next = sum + power / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// ln(mean^x e^-mean / Gamma(x + 1)) for x > 0.
fn ln_poisson(x: f64, mean: f64) -> f64 {
    -stirling_error(x) - deviance(x, mean) - (2.0 * PI * x).ln() / 2.0
}

/// ln(x^a y^b / B(a, b)), y = 1 - x.
fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    ln_choose(a, b, x, y) + (a * (b / (a + b))).ln()
}

/// ln(Gamma(a + b + 1) / (Gamma(a + 1) Gamma(b + 1)) p^a q^b), for a and b above 0.
fn ln_choose(a: f64, b: f64, p: f64, q: f64) -> f64 {
    let n = a + b;
    stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * p)
        - deviance(b, n * q)
        + (n / (2.0 * PI * a) / b).ln() / 2.0
}

/// ln P(X = k) of a binomial variate of `n` trials, `k` of them successes of probability `p`
/// and `q` = 1 - p; `scipy.stats.binom.logpmf`.
#[must_use]
pub fn ln_binomial(k: u64, n: u64, p: f64, q: f64) -> f64 {
    let (a, b) = (k as f64, n.saturating_sub(k) as f64);
    match (k, n.checked_sub(k)) {
        (_, None) => f64::NEG_INFINITY,
        (0, Some(0)) => 0.0,
        (0, _) => b * if p < 0.5 { (-p).ln_1p() } else { q.ln() },
        (_, Some(0)) => a * if q < 0.5 { (-q).ln_1p() } else { p.ln() },
        _ => ln_choose(a, b, p, q),
    }
}

/// ln P(X = k) of a Poisson variate; `scipy.stats.poisson.logpmf`.
#[must_use]
pub fn ln_poisson_count(k: u64, mean: f64) -> f64 {
    if k == 0 { -mean } else { ln_poisson(k as f64, mean) }
}

/// ln P(X = k) that k of `draws` are marked, out of `marked` and `plain`;
/// `scipy.stats.hypergeom.logpmf`.
#[must_use]
pub fn ln_hypergeometric(k: u64, marked: u64, plain: u64, draws: u64) -> f64 {
    let all = marked.saturating_add(plain);
    let Some(others) = draws.checked_sub(k) else { return f64::NEG_INFINITY };
    if k > marked || others > plain {
        return f64::NEG_INFINITY;
    }
    let p = draws as f64 / all as f64;
    let q = (all - draws) as f64 / all as f64;
    ln_binomial(k, marked, p, q) + ln_binomial(others, plain, p, q) - ln_binomial(draws, all, p, q)
}

/// The two-sided p-value of an exact test as R and scipy define it: the probability of all
/// values between `low` and `high` that are at most as probable as the observed one, for a
/// unimodal distribution. Ties within 1e-7 count as equal, as in R.
pub(crate) fn exact_two_sided(
    observed: u64,
    low: u64,
    high: u64,
    ln_probability: impl Fn(u64) -> f64,
) -> f64 {
    let limit = ln_probability(observed) + 1e-7;
    let mode = first(low + 1, high + 1, |k| ln_probability(k) < ln_probability(k - 1)) - 1;
    if ln_probability(mode) <= limit {
        return 1.0;
    }
    let left = first(low, mode, |k| ln_probability(k) > limit);
    let right = first(mode, high + 1, |k| ln_probability(k) <= limit);
    let sum = |values: &mut dyn Iterator<Item = u64>| {
        let mut total = 0.0;
        for k in values {
            let term = ln_probability(k).exp();
            total += term;
            if term <= total * 1e-17 {
                break;
            }
        }
        total
    };
    (sum(&mut (low..left).rev()) + sum(&mut (right..=high))).min(1.0)
}

/// The first k from `low` where a condition that then stays true holds, or `high`.
fn first(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Where an increasing function (value, slope) is 0: Newton's steps, halving the bracket
/// where they leave it or stall.
pub(crate) fn root(mut low: f64, mut high: f64, start: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut x = start.clamp(low, high);
    let mut last = f64::INFINITY;
    for _ in 0..200 {
        let (value, slope) = f(x);
        if value == 0.0 {
            break;
        }
        if value > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let newton = x - value / slope;
        if (newton - x).abs() <= 1e-13 * x.abs().max(1.0) {
            return newton.clamp(low, high);
        }
        let stalls = value.abs() > 0.5 * last;
        last = value.abs();
        let inside = newton > low && newton < high;
        x = if inside && !stalls { newton } else { low + (high - low) / 2.0 };
    }
    x
}

#[cfg(test)]
mod tests;
