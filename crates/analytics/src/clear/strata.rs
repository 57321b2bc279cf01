//! Two-by-two tables in strata, such as one per site: Cochran-Mantel-Haenszel.
//!
//! Strata of fewer than two records, or with an empty row or column, say nothing of the
//! association and are left out; zero cells need no correction.

use super::{Confidence, Finding, Result, Undefined, tails::root, two_by_two::TwoByTwo};

/// The strata that speak.
fn informative(tables: &[TwoByTwo]) -> Result<Vec<TwoByTwo>> {
    let some: Vec<_> = tables.iter().copied().filter(|t| !t.margins().contains(&0.0)).collect();
    if some.is_empty() { Err(Undefined::Empty("informative strata")) } else { Ok(some) }
}

fn finding(name: &str, tables: &[TwoByTwo]) -> Finding {
    Finding::named(name).n(tables.iter().map(TwoByTwo::total).sum::<f64>() as u64)
}

/// Cochran-Mantel-Haenszel test of association within strata: (|sum (a - E)| - 1/2)^2 / sum V
/// with hypergeometric E and V, chi-squared with one degree of freedom.
///
/// As in R the continuity correction is left out where the sum is below 1/2. Reference: R
/// `mantelhaen.test(correct = ...)`; Mantel and Haenszel 1959.
///
/// # Errors
/// Without an informative stratum.
pub fn cochran_mantel_haenszel(tables: &[TwoByTwo], continuity: bool) -> Result<Finding> {
    let tables = informative(tables)?;
    let apart = tables.iter().map(|t| t.determinant() / t.total()).sum::<f64>().abs();
    let variance: f64 = tables.iter().map(TwoByTwo::variance).sum();
    let correction = if continuity && apart >= 0.5 { 0.5 } else { 0.0 };
    Ok(finding("Cochran-Mantel-Haenszel", &tables)
        .chi_squared((apart - correction).powi(2) / variance, 1.0))
}

/// The common odds ratio sum (ad/n) / sum (bc/n), its logarithm with the variance of Robins,
/// Breslow and Greenland 1986, valid for few large and for many small strata.
///
/// Reference: `statsmodels.stats.contingency_tables.StratifiedTable.oddsratio_pooled_confint`;
/// R `mantelhaen.test`.
///
/// # Errors
/// Where numerator or denominator is 0: the ratio is then 0, infinite or undefined.
pub fn mantel_haenszel(tables: &[TwoByTwo], confidence: Confidence) -> Result<Finding> {
    let tables = informative(tables)?;
    let [mut r, mut s, mut pr, mut mixed, mut qs] = [0.0; 5];
    for t in &tables {
        let ([a, b, c, d], n) = (t.cells(), t.total());
        let (up, down) = (a / n * d, b / n * c);
        let (p, q) = ((a + d) / n, (b + c) / n);
        r += up;
        s += down;
        pr += p * up;
        mixed += p * down + q * up;
        qs += q * down;
    }
    if r == 0.0 || s == 0.0 {
        return Err(Undefined::Empty("concordant or discordant pairs in any stratum"));
    }
    let variance = pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s);
    Ok(finding("Mantel-Haenszel odds ratio", &tables)
        .wald((r / s).ln(), variance.sqrt(), confidence)
        .exponential())
}

/// Whether the strata share one odds ratio (Breslow and Day 1980): the sum of (a - A)^2 /
/// Var(A), where A gives the stratum the Mantel-Haenszel odds ratio; `tarone` subtracts what
/// makes it exactly chi-squared in large samples (Tarone 1985).
///
/// Reference: `StratifiedTable.test_equal_odds(adjust=tarone)`; R `DescTools::BreslowDayTest`.
///
/// # Errors
/// With fewer than two informative strata, or without a Mantel-Haenszel odds ratio.
pub fn breslow_day(tables: &[TwoByTwo], tarone: bool) -> Result<Finding> {
    let ratio = mantel_haenszel(tables, Confidence::P95)?.estimate.unwrap_or(f64::NAN);
    let tables = informative(tables)?;
    super::at_least("informative strata", 2, tables.len() as u64)?;
    let (mut statistic, mut apart, mut spread) = (0.0, 0.0, 0.0);
    for t in &tables {
        let expected = cell_with_odds_ratio(t, ratio);
        let [r1, r0, c1, _] = t.margins();
        let others = [expected, r1 - expected, c1 - expected, r0 - c1 + expected];
        let variance = 1.0 / others.iter().map(|x| 1.0 / x).sum::<f64>();
        let difference = t.cells()[0] - expected;
        statistic += difference * difference / variance;
        apart += difference;
        spread += variance;
    }
    if tarone {
        statistic -= apart * apart / spread;
    }
    let name = if tarone { "Breslow-Day (Tarone)" } else { "Breslow-Day" };
    Ok(finding(name, &tables).chi_squared(statistic, (tables.len() - 1) as f64))
}

/// Cell a of the table with these margins and this odds ratio, on the scale where its
/// logarithm is monotone.
fn cell_with_odds_ratio(t: &TwoByTwo, ratio: f64) -> f64 {
    let [r1, r0, c1, _] = t.margins();
    let (low, high) = ((c1 - r0).max(0.0), r1.min(c1));
    let target = ratio.ln();
    let at = |u: f64| low + (high - low) / (1.0 + (-u).exp());
    let u = root(-700.0, 700.0, 0.0, |u| {
        let x = at(u);
        let cells = [x, r1 - x, c1 - x, r0 - c1 + x];
        let value = (x / (r1 - x)).ln() + ((r0 - c1 + x) / (c1 - x)).ln() - target;
        let width = (x - low) * (high - x) / (high - low);
        (value, cells.iter().map(|c| 1.0 / c).sum::<f64>() * width)
    });
    at(u)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::{Degrees, close};

    /// The indomethacin trial (Elmunzer 2012; R medicaldata `indo_rct`, MIT) by site.
    const SITES: [TwoByTwo; 3] = [
        TwoByTwo { a: 11, b: 66, c: 25, d: 62 },
        TwoByTwo { a: 15, b: 191, c: 26, d: 181 },
        TwoByTwo { a: 1, b: 11, c: 1, d: 12 },
    ];

    #[test]
    fn the_trial_by_site_is_tested_as_by_r() {
        let plain = cochran_mantel_haenszel(&SITES, false).unwrap();
        close(plain.statistic, 7.62944936471579, 1e-12);
        close(plain.p, 0.005742283117048018, 1e-11);
        let corrected = cochran_mantel_haenszel(&SITES, true).unwrap();
        close(corrected.statistic, 6.969944574673463, 1e-12);
        close(corrected.p, 0.008289006411819795, 1e-11);
        let ratio = mantel_haenszel(&SITES, Confidence::P95).unwrap();
        close(ratio.estimate, 0.49777103407166223, 1e-12);
        close(ratio.interval.unwrap().lower, 0.30180118769229913, 1e-12);
        close(ratio.interval.unwrap().upper, 0.820990812711418, 1e-12);
        let same = breslow_day(&SITES, false).unwrap();
        close(same.statistic, 0.5842007749845308, 1e-11);
        assert_eq!(same.degrees, Some(Degrees::One(2.0)));
        close(same.p, 0.7466935735154376, 1e-11);
    }

    /// statsmodels 0.15.0 `StratifiedTable`.
    #[test]
    fn strata_that_differ_are_found_as_by_the_reference() {
        let tables = [[4, 16, 1, 19], [9, 11, 3, 18], [1, 25, 5, 22], [30, 70, 12, 95]]
            .map(|[a, b, c, d]| TwoByTwo { a, b, c, d });
        for (finding, statistic, p) in [
            (breslow_day(&tables, false), 10.15950636806315, 0.01725781669631854),
            (breslow_day(&tables, true), 10.149605085479806, 0.01733632192402934),
            (cochran_mantel_haenszel(&tables, false), 11.806030714083368, 0.0005903916749030458),
            (cochran_mantel_haenszel(&tables, true), 10.874090580250169, 0.000975189021540479),
        ] {
            let finding = finding.unwrap();
            close(finding.statistic, statistic, 1e-10);
            close(finding.p, p, 1e-10);
        }
        let ratio = mantel_haenszel(&tables, Confidence::P95).unwrap();
        close(ratio.estimate, 2.628728119764688, 1e-12);
        close(ratio.interval.unwrap().upper, 4.6376545813202, 1e-10);
    }

    #[test]
    fn silent_strata_change_nothing_and_none_is_refused() {
        let silent = TwoByTwo { a: 0, b: 5, c: 0, d: 9 };
        let more: Vec<_> = SITES.iter().copied().chain([silent]).collect();
        assert_eq!(
            cochran_mantel_haenszel(&more, true).unwrap(),
            cochran_mantel_haenszel(&SITES, true).unwrap()
        );
        assert_eq!(breslow_day(&more, true).unwrap(), breslow_day(&SITES, true).unwrap());
        assert!(cochran_mantel_haenszel(&[silent], true).is_err());
        let one_sided = TwoByTwo { a: 0, b: 5, c: 3, d: 9 };
        assert!(mantel_haenszel(&[one_sided], Confidence::P95).is_err());
        assert!(breslow_day(&SITES[..1], false).is_err());
    }
}
