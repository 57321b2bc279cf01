//! The multi-item gamma Poisson shrinker: disproportionality of a whole table of drugs and
//! events, each cell shrunk towards what the others say.
//!
//! The count N of a cell is Poisson with mean lambda E; lambda comes from a mixture of two gamma
//! distributions, whose five parameters are those that make the table likeliest. Reference: R
//! `openEBGM`, `PhViD::GPS`; DuMouchel 1999.

use statrs::function::gamma::{digamma, ln_gamma};

use super::{
    Result, Undefined, at_least,
    tails::{gamma, gamma_density, gamma_quantile, root},
};

/// A cell of the table.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Cell {
    /// Reports with the drug and the event.
    pub reports: u64,
    /// Reports expected if both were independent.
    pub expected: f64,
}

/// Which cells a table lists.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// All of them.
    Listed,
    /// Those with a report; the likelihood is then given that there is one.
    LeftOut,
}

/// A mixture of two gamma distributions of lambda; the first has the larger mean.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Prior {
    /// Shape and rate of the first.
    pub first: [f64; 2],
    /// Shape and rate of the second.
    pub second: [f64; 2],
    /// Share of the first.
    pub share: f64,
}

/// A prior fitted to a table.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Fit {
    /// The likeliest prior.
    pub prior: Prior,
    /// Its log-likelihood.
    pub log_likelihood: f64,
}

/// What the prior and a cell say of its lambda.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// Empirical Bayes geometric mean.
    pub ebgm: f64,
    /// 5 % quantile; a signal from 2 (FDA).
    pub eb05: f64,
    /// 95 % quantile.
    pub eb95: f64,
}

/// Where the climb starts, as shapes, rates and share: DuMouchel's, and two farther apart. The
/// likelihood has several maxima, and flat ridges between.
const STARTS: [[f64; 5]; 3] =
    [[0.2, 0.1, 2.0, 4.0, 1.0 / 3.0], [1.0, 0.1, 1.5, 1.5, 0.3], [3.0, 0.4, 4.0, 4.0, 0.1]];

/// The likeliest prior of a table.
///
/// # Errors
/// With fewer than five cells, an expected number that is not positive, zero cells in a table
/// that leaves them out, or where no climb settles.
pub fn fit(cells: &[Cell], zeros: Zeros) -> Result<Fit> {
    at_least("cells", 5, cells.len() as u64)?;
    for cell in cells {
        super::positive("an expected number", cell.expected)?;
        if zeros == Zeros::LeftOut && cell.reports == 0 {
            return Err(Undefined::Argument("a cell without reports"));
        }
    }
    let height = |t: &[f64; 5]| log_likelihood(cells, zeros, t);
    let climbs = STARTS.iter().filter_map(|s| climb(free(s), height));
    let best = climbs.max_by(|a, b| a.1.total_cmp(&b.1));
    let (at, log_likelihood) = best.ok_or(Undefined::NotConverged { steps: STEPS })?;
    Ok(Fit { prior: prior(&at), log_likelihood })
}

/// Parameters on the whole line: logarithms, and the log-odds of the share.
fn free([a1, b1, a2, b2, share]: &[f64; 5]) -> [f64; 5] {
    [a1.ln(), b1.ln(), a2.ln(), b2.ln(), (share / (1.0 - share)).ln()]
}

fn prior(free: &[f64; 5]) -> Prior {
    let [a1, b1, a2, b2] = [free[0], free[1], free[2], free[3]].map(f64::exp);
    let share = 1.0 / (1.0 + (-free[4]).exp());
    if a1 / b1 >= a2 / b2 {
        Prior { first: [a1, b1], second: [a2, b2], share }
    } else {
        Prior { first: [a2, b2], second: [a1, b1], share: 1.0 - share }
    }
}

/// ln P(N) of a negative binomial count, and its derivatives by ln shape and ln rate.
fn component(n: f64, expected: f64, shape: f64, rate: f64) -> (f64, [f64; 2]) {
    let stay = -(expected / rate).ln_1p();
    let go = -(rate / expected).ln_1p();
    let height = ln_gamma(shape + n) - ln_gamma(shape) - ln_gamma(n + 1.0) + shape * stay + n * go;
    let by_shape = digamma(shape + n) - digamma(shape) + stay;
    let by_rate = (shape * expected - n * rate) / (rate + expected);
    (height, [shape * by_shape, by_rate])
}

/// ln P(N) of the mixture, and its derivatives by the free parameters.
fn mixture(n: f64, expected: f64, free: &[f64; 5]) -> (f64, [f64; 5]) {
    let [a1, b1, a2, b2] = [free[0], free[1], free[2], free[3]].map(f64::exp);
    let share = 1.0 / (1.0 + (-free[4]).exp());
    let (h1, g1) = component(n, expected, a1, b1);
    let (h2, g2) = component(n, expected, a2, b2);
    let odds = free[4] + h1 - h2;
    let of_first = 1.0 / (1.0 + (-odds).exp());
    let of_second = 1.0 / (1.0 + odds.exp());
    // ln(share e^h1 + (1 - share) e^h2) from the larger term.
    let ln_share = -(-free[4]).exp().ln_1p();
    let ln_rest = -free[4].exp().ln_1p();
    let height = if odds > 0.0 {
        ln_share + h1 + (-odds).exp().ln_1p()
    } else {
        ln_rest + h2 + odds.exp().ln_1p()
    };
    let [s1, r1] = g1.map(|g| of_first * g);
    let [s2, r2] = g2.map(|g| of_second * g);
    (height, [s1, r1, s2, r2, of_first - share])
}

fn log_likelihood(cells: &[Cell], zeros: Zeros, free: &[f64; 5]) -> (f64, [f64; 5]) {
    let (mut height, mut gradient) = (0.0, [0.0; 5]);
    for cell in cells {
        let (h, g) = mixture(cell.reports as f64, cell.expected, free);
        height += h;
        (0..5).for_each(|j| gradient[j] += g[j]);
        if zeros == Zeros::LeftOut {
            let (h, g) = mixture(0.0, cell.expected, free);
            let odds = 1.0 / (-h).exp_m1();
            height -= (-h.exp_m1()).ln();
            (0..5).for_each(|j| gradient[j] += odds * g[j]);
        }
    }
    (height, gradient)
}

/// Steps of one climb.
const STEPS: usize = 2000;

/// Broyden, Fletcher, Goldfarb and Shanno's quasi-Newton method, upwards.
fn climb(
    start: [f64; 5],
    height: impl Fn(&[f64; 5]) -> (f64, [f64; 5]),
) -> Option<([f64; 5], f64)> {
    let dot = |x: &[f64; 5], y: &[f64; 5]| (0..5).map(|j| x[j] * y[j]).sum::<f64>();
    let along = |x: &[f64; 5], l: f64, d: &[f64; 5]| -> [f64; 5] {
        std::array::from_fn(|j| x[j] + l * d[j])
    };
    let unit = |i: usize, j: usize| f64::from(u8::from(i == j));
    let fresh: [[f64; 5]; 5] = std::array::from_fn(|i| std::array::from_fn(|j| unit(i, j)));
    let mut inverse = fresh;
    let mut at = start;
    let (mut here, mut slope) = height(&at);
    for _ in 0..STEPS {
        let mut direction: [f64; 5] = std::array::from_fn(|j| dot(&inverse[j], &slope));
        if dot(&direction, &slope) <= 0.0 {
            inverse = fresh;
            direction = slope;
        }
        let longest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
        let mut length = (2.0 / longest).min(1.0);
        let rise = dot(&direction, &slope);
        if !rise.is_finite() {
            return None;
        }
        if rise < 1e-14 * here.abs().max(1.0) {
            return Some((at, here));
        }
        let (next, (there, ahead)) = loop {
            let next = along(&at, length, &direction);
            let found = height(&next);
            if found.0 >= here + 1e-4 * length * rise {
                break (next, found);
            }
            length /= 2.0;
            if length < 1e-12 {
                // No higher point can be told apart: this is the maximum as far as doubles see.
                return Some((at, here));
            }
        };
        update(&mut inverse, &along(&next, -1.0, &at), &along(&slope, -1.0, &ahead));
        (at, here, slope) = (next, there, ahead);
    }
    None
}

/// The update of the inverse curvature by a step and how much the slope fell along it.
fn update(inverse: &mut [[f64; 5]; 5], step: &[f64; 5], fall: &[f64; 5]) {
    let dot = |x: &[f64; 5], y: &[f64; 5]| (0..5).map(|j| x[j] * y[j]).sum::<f64>();
    let curvature = dot(step, fall);
    if curvature <= 1e-300 {
        return;
    }
    let moved: [f64; 5] = std::array::from_fn(|i| dot(&inverse[i], fall));
    let scale = (1.0 + dot(fall, &moved) / curvature) / curvature;
    for (i, row) in inverse.iter_mut().enumerate() {
        for (j, x) in row.iter_mut().enumerate() {
            *x += scale * step[i] * step[j] - (moved[i] * step[j] + step[i] * moved[j]) / curvature;
        }
    }
}

impl Prior {
    /// The cell's geometric mean and quantiles: lambda is again a mixture, of gamma(shape + N,
    /// rate + E), with weights in proportion to how well each explains N.
    ///
    /// # Errors
    /// If the expected number is not positive.
    pub fn shrink(&self, cell: &Cell) -> Result<Shrunk> {
        let e = super::positive("an expected number", cell.expected)?;
        let n = cell.reports as f64;
        let both = [self.first, self.second];
        let [h1, h2] = both.map(|[shape, rate]| component(n, e, shape, rate).0);
        let odds = h1 - h2 + self.share.ln() - (-self.share).ln_1p();
        let weights = [1.0 / (1.0 + (-odds).exp()), 1.0 / (1.0 + odds.exp())];
        let posterior = both.map(|[shape, rate]| [shape + n, rate + e]);
        let ln_mean: f64 = (0..2)
            .filter(|k| weights[*k] > 0.0)
            .map(|k| weights[k] * (digamma(posterior[k][0]) - posterior[k][1].ln()))
            .sum();
        let quantile = |p: f64| quantile(&weights, &posterior, p);
        Ok(Shrunk { ebgm: ln_mean.exp(), eb05: quantile(0.05), eb95: quantile(0.95) })
    }
}

fn quantile(weights: &[f64; 2], gammas: &[[f64; 2]; 2], probability: f64) -> f64 {
    let ends = gammas.map(|[shape, rate]| (gamma_quantile(probability, shape) / rate).ln());
    let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    let slack = 1e-9 * low.abs().max(high.abs()).max(1.0);
    root(low - slack, high + slack, (low + high) / 2.0, |t| {
        let (mut below, mut density) = (0.0, 0.0);
        for (weight, [shape, rate]) in weights.iter().zip(gammas) {
            let x = t.exp() * rate;
            below += weight * gamma(*shape, x).0.exp();
            density += weight * gamma_density(*shape, x);
        }
        (below - probability, density)
    })
    .exp()
}

#[cfg(test)]
mod tests;
