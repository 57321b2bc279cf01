//! Quantiles and tests by rank, from counts per cell of a public grid.
//!
//! Cells are in ascending order. Where the grid holds every value that occurs (integers) the
//! answers are those of the records themselves; on a coarser one values of a cell count as ties.

use super::{Finding, Result, Undefined, at_least, tails};

/// The largest product of group sizes for which Kolmogorov and Smirnov's test is exact.
const PATHS: u128 = 1_000_000_000;

fn total(counts: &[u64]) -> Result<u64> {
    let all = counts.iter().try_fold(0u64, |n, x| n.checked_add(*x));
    let n = all.ok_or(Undefined::Argument("a count"))?;
    at_least("records in each group", 1, n)?;
    Ok(n)
}

fn same_grid(groups: &[&[u64]]) -> Result<()> {
    let same = groups.windows(2).all(|pair| pair[0].len() == pair[1].len());
    if same { Ok(()) } else { Err(Undefined::Shape("histograms")) }
}

/// The cell of a quantile: the first in which the share of records reaches `probability` (R
/// type 1).
///
/// Reference: `numpy.quantile(method="inverted_cdf")`; R `quantile(type = 1)`.
///
/// # Errors
/// Without records, or for a probability outside 0 to 1.
pub fn quantile(counts: &[u64], probability: f64) -> Result<usize> {
    let n = total(counts)? as f64;
    if !(0.0..=1.0).contains(&probability) {
        return Err(Undefined::Argument("a probability"));
    }
    // As R, so that the rounding of the product does not move a whole rank.
    let rank = (n * probability * (1.0 - 4.0 * f64::EPSILON)).max(0.5);
    let mut reached = 0.0;
    let cell = counts.iter().position(|x| {
        reached += *x as f64;
        reached >= rank
    });
    cell.ok_or(Undefined::Empty("records"))
}

/// What ranks need of some groups: the sum of the mid-ranks of each, and the ties.
struct Ranks {
    sizes: Vec<f64>,
    sums: Vec<f64>,
    n: f64,
    /// Sum of t^3 - t over the sizes t of ties.
    ties: f64,
}

fn ranks(groups: &[&[u64]]) -> Result<Ranks> {
    same_grid(groups)?;
    let sizes = groups.iter().map(|g| Ok(total(g)? as f64)).collect::<Result<Vec<f64>>>()?;
    let mut sums = vec![0.0; groups.len()];
    let (mut below, mut ties) = (0.0, 0.0);
    for cell in 0..groups.first().map_or(0, |g| g.len()) {
        let tied: f64 = groups.iter().map(|g| g[cell] as f64).sum();
        for (sum, group) in sums.iter_mut().zip(groups) {
            *sum += group[cell] as f64 * (below + (tied + 1.0) / 2.0);
        }
        ties += tied * (tied - 1.0) * (tied + 1.0);
        below += tied;
    }
    Ok(Ranks { n: below, sizes, sums, ties })
}

/// Mann and Whitney's U of the first group with tie-corrected normal p-value, with or without
/// the continuity correction of 1/2. The estimate is U / (n1 n2): the chance that a record of
/// the first group exceeds one of the second, ties counting half.
///
/// Assumes independent records and, for a difference of location, equal shapes. Reference:
/// `scipy.stats.mannwhitneyu(method="asymptotic")`; R `wilcox.test(exact = FALSE)`.
///
/// # Errors
/// With an empty group, or where all records are tied.
pub fn mann_whitney(first: &[u64], second: &[u64], continuity: bool) -> Result<Finding> {
    let Ranks { sizes, sums, n, ties } = ranks(&[first, second])?;
    let pairs = sizes[0] * sizes[1];
    let u = sums[0] - sizes[0] * (sizes[0] + 1.0) / 2.0;
    let variance = pairs / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return Err(Undefined::Constant("the column"));
    }
    let apart = (u - pairs / 2.0).abs() - if continuity { 0.5 } else { 0.0 };
    let p = tails::normal_two_sided(apart.max(0.0) / variance.sqrt());
    Ok(Finding::named("Mann-Whitney").n(n as u64).estimate(u / pairs).test(u, p))
}

/// Kruskal and Wallis' test that groups share one distribution: H over its tie correction,
/// chi-squared with one degree less than groups.
///
/// Reference: `scipy.stats.kruskal`; R `kruskal.test`.
///
/// # Errors
/// With fewer than two groups, an empty one, or where all records are tied.
pub fn kruskal_wallis(groups: &[&[u64]]) -> Result<Finding> {
    at_least("groups", 2, groups.len() as u64)?;
    let Ranks { sizes, sums, n, ties } = ranks(groups)?;
    let untied = 1.0 - ties / (n * (n - 1.0) * (n + 1.0));
    if untied.is_nan() || untied <= 0.0 {
        return Err(Undefined::Constant("the column"));
    }
    // About the mean rank: the customary difference of large sums would cancel.
    let apart = |(size, sum): (&f64, &f64)| size * (sum / size - (n + 1.0) / 2.0).powi(2);
    let h = 12.0 / (n * (n + 1.0)) * sizes.iter().zip(&sums).map(apart).sum::<f64>() / untied;
    Ok(Finding::named("Kruskal-Wallis").n(n as u64).chi_squared(h, (groups.len() - 1) as f64))
}

/// The largest difference of the two cumulative shares (Kolmogorov, Smirnov), with the limiting
/// p-value 2 sum (-1)^(k-1) e^(-2 k^2 x^2), x = D sqrt(n1 n2 / (n1 + n2)).
///
/// Reference: R `ks.test(exact = FALSE)`; `scipy.special.kolmogorov(x)`. Conservative with ties.
///
/// # Errors
/// With an empty group or different grids.
pub fn kolmogorov_smirnov(first: &[u64], second: &[u64]) -> Result<Finding> {
    let (d, n1, n2) = largest_step(first, second)?;
    let d = d as f64 / n1 as f64 / n2 as f64;
    let size = (n1 as f64).recip() + (n2 as f64).recip();
    Ok(Finding::named("Kolmogorov-Smirnov")
        .n(n1.saturating_add(n2))
        .estimate(d)
        .test(d, kolmogorov(d / size.sqrt())))
}

/// [`kolmogorov_smirnov`] with its exact p-value given the ties: the share of all orders of the
/// records whose path leaves the band (Hodges 1958; Schröer and Trenkler 1995).
///
/// Reference: R `ks.test(exact = TRUE)`; without ties `scipy.stats.ks_2samp(method="exact")`.
///
/// # Errors
/// As there, and for more than a thousand million pairs of records.
pub fn kolmogorov_smirnov_exact(first: &[u64], second: &[u64]) -> Result<Finding> {
    let (d, n1, n2) = largest_step(first, second)?;
    if u128::from(n1) * u128::from(n2) > PATHS {
        return Err(Undefined::Argument("the number of pairs of records"));
    }
    // Only between ties is the difference looked at.
    let mut ends = vec![false; (n1 + n2) as usize + 1];
    let mut reached = 0;
    for (x, y) in first.iter().zip(second) {
        reached += (x + y) as usize;
        ends[reached] = reached > 0;
    }
    let leaves = |i: u64, j: u64| {
        let apart = (u128::from(i) * u128::from(n2)).abs_diff(u128::from(j) * u128::from(n1));
        ends[(i + j) as usize] && apart >= d
    };
    // Of the paths to (i, j), the share that has left: the last step came from either side.
    let mut share = vec![0.0f64; n2 as usize + 1];
    for i in 0..=n1 {
        for j in 0..=n2 {
            let steps = (i + j) as f64;
            let before = if j == 0 { 0.0 } else { share[j as usize - 1] };
            let mixed = if i + j == 0 {
                0.0
            } else {
                i as f64 / steps * share[j as usize] + j as f64 / steps * before
            };
            share[j as usize] = if leaves(i, j) { 1.0 } else { mixed };
        }
    }
    let p = share.last().copied().unwrap_or(1.0);
    Ok(Finding { p: Some(p), ..kolmogorov_smirnov(first, second)? })
}

/// Largest |c1 n2 - c2 n1| of the cumulative counts c, and the sizes n.
fn largest_step(first: &[u64], second: &[u64]) -> Result<(u128, u64, u64)> {
    same_grid(&[first, second])?;
    let (n1, n2) = (total(first)?, total(second)?);
    let (mut c1, mut c2, mut largest) = (0u64, 0u64, 0);
    for (x, y) in first.iter().zip(second) {
        c1 += x;
        c2 += y;
        let apart = (u128::from(c1) * u128::from(n2)).abs_diff(u128::from(c2) * u128::from(n1));
        largest = apart.max(largest);
    }
    Ok((largest, n1, n2))
}

/// P(K > x) of Kolmogorov's distribution, by whichever of its two series converges at once.
fn kolmogorov(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.18 {
        let odd = |k: i32| f64::from(2 * k - 1);
        let term = |k| (-(odd(k) * PI / x).powi(2) / 8.0).exp();
        return 1.0 - (2.0 * PI).sqrt() / x * (1..=6).map(term).sum::<f64>();
    }
    let term = |k: i32| (-2.0 * (f64::from(k) * x).powi(2)).exp();
    2.0 * (term(1) - term(2) + term(3) - term(4) + term(5))
}

/// Population stability index, sum (p - q) ln(p / q) over the shares of the cells, one half
/// record being added to each: below 0.1 stable, above 0.25 another population (Siddiqi 2006).
///
/// # Errors
/// With an empty group or different grids.
pub fn stability_index(first: &[u64], second: &[u64]) -> Result<f64> {
    same_grid(&[first, second])?;
    let shares = |counts: &[u64]| {
        let n = total(counts)? as f64 + counts.len() as f64 / 2.0;
        Ok(counts.iter().map(|x| (*x as f64 + 0.5) / n).collect::<Vec<f64>>())
    };
    let (p, q) = (shares(first)?, shares(second)?);
    Ok(p.iter().zip(&q).map(|(p, q)| (p - q) * (p / q).ln()).sum())
}

#[cfg(test)]
mod tests;
