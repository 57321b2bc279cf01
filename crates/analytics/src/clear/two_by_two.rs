//! Proportions and the two-by-two table.
//!
//! Assumes independent records. The normal intervals of the ratios need every cell above 0; the
//! exact ones need nothing.

use super::{Confidence, Finding, Interval, Result, Undefined, at_least, tails};

/// Counts of a two-by-two table.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct TwoByTwo {
    /// Exposed, with the event.
    pub a: u64,
    /// Exposed, without.
    pub b: u64,
    /// Not exposed, with the event.
    pub c: u64,
    /// Not exposed, without.
    pub d: u64,
}

/// How the interval of a proportion is made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProportionInterval {
    /// Wilson 1927, by inverting the score test.
    Wilson,
    /// Clopper and Pearson 1934, exact: never covers less than it says.
    ClopperPearson,
}

/// `events` out of `n`, with sqrt(p (1 - p) / n) as standard error.
///
/// Reference: `statsmodels.stats.proportion.proportion_confint(method="wilson" | "beta")`; R
/// `binom.test`.
///
/// # Errors
/// Without records, or with more events than records.
pub fn proportion(
    events: u64,
    n: u64,
    interval: ProportionInterval,
    confidence: Confidence,
) -> Result<Finding> {
    at_least("records", 1, n)?;
    let failures = n.checked_sub(events).ok_or(Undefined::Argument("events"))? as f64;
    let (x, total) = (events as f64, n as f64);
    let p = x / total;
    let (lower, upper) = match interval {
        ProportionInterval::Wilson => {
            let z = confidence.z();
            let (shrunk, square) = (total + z * z, z * z / 2.0);
            let half = z * (x * failures / total + square / 2.0).sqrt();
            // At 0 and n a limit is 0 or 1 itself.
            let lower = if events == 0 { 0.0 } else { (x + square - half) / shrunk };
            let upper = if events == n { 1.0 } else { (x + square + half) / shrunk };
            (lower, upper)
        }
        ProportionInterval::ClopperPearson => clopper_pearson(events, n, confidence),
    };
    Ok(Finding {
        standard_error: Some((p * (failures / total) / total).sqrt()),
        ..Finding::named("proportion").n(n).estimate(p)
    }
    .interval(Interval { lower, upper, confidence }))
}

/// The exact limits of a probability of which `events` of `n` trials succeeded.
pub(super) fn clopper_pearson(events: u64, n: u64, confidence: Confidence) -> (f64, f64) {
    let (x, failures) = (events as f64, (n - events) as f64);
    let tail = confidence.tail();
    let lower = if events == 0 { 0.0 } else { tails::beta_quantile(tail, x, failures + 1.0) };
    let upper = if events == n { 1.0 } else { tails::beta_quantile(1.0 - tail, x + 1.0, failures) };
    (lower, upper)
}

impl TwoByTwo {
    /// a, b, c, d.
    pub(super) fn cells(&self) -> [f64; 4] {
        [self.a, self.b, self.c, self.d].map(|x| x as f64)
    }

    /// Exposed, not exposed, with event, without.
    pub(super) fn margins(&self) -> [f64; 4] {
        let [a, b, c, d] = self.cells();
        [a + b, c + d, a + c, b + d]
    }

    pub(super) fn total(&self) -> f64 {
        self.cells().iter().sum()
    }

    /// ad - bc, exact before it is rounded: in large tables both products lose the difference.
    pub(super) fn determinant(&self) -> f64 {
        let product = |x: u64, y: u64| u128::from(x) * u128::from(y);
        let (ad, bc) = (product(self.a, self.d), product(self.b, self.c));
        let size = ad.abs_diff(bc) as f64;
        if ad < bc { -size } else { size }
    }

    /// Hypergeometric variance of cell a given the margins.
    pub(super) fn variance(&self) -> f64 {
        let [r1, r0, c1, c0] = self.margins();
        let n = self.total();
        (r1 / n) * (r0 / n) * c1 * (c0 / (n - 1.0))
    }

    fn finding(&self, name: &str) -> Finding {
        let n = [self.b, self.c, self.d].iter().fold(self.a, |n, x| n.saturating_add(*x));
        Finding::named(name).n(n)
    }

    fn margins_above_zero(&self) -> Result<[f64; 4]> {
        let margins = self.margins();
        if margins.contains(&0.0) {
            return Err(Undefined::Empty("a row or a column of the table"));
        }
        Ok(margins)
    }

    /// Risk of the exposed over that of the others; se of the logarithm is
    /// sqrt(1/a - 1/(a+b) + 1/c - 1/(c+d)).
    ///
    /// Reference: `statsmodels.stats.contingency_tables.Table2x2.riskratio_confint`; Katz 1978.
    ///
    /// # Errors
    /// With no event on one side.
    pub fn risk_ratio(&self, confidence: Confidence) -> Result<Finding> {
        at_least("events in each group", 1, self.a.min(self.c))?;
        let [a, b, c, d] = self.cells();
        let [r1, r0, ..] = self.margins();
        let error = (b / (a * r1) + d / (c * r0)).sqrt();
        let logarithm = ((a / r1) / (c / r0)).ln();
        Ok(self.finding("risk ratio").wald(logarithm, error, confidence).exponential())
    }

    /// ad / bc; se of the logarithm is sqrt(1/a + 1/b + 1/c + 1/d) (Woolf 1955).
    ///
    /// Reference: `Table2x2.oddsratio_confint`.
    ///
    /// # Errors
    /// With an empty cell.
    pub fn odds_ratio(&self, confidence: Confidence) -> Result<Finding> {
        at_least("records in each cell", 1, self.a.min(self.b).min(self.c).min(self.d))?;
        let [a, b, c, d] = self.cells();
        let error = (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
        let logarithm = ((a / b) * (d / c)).ln();
        Ok(self.finding("odds ratio").wald(logarithm, error, confidence).exponential())
    }

    /// Risk of the exposed minus that of the others; se is sqrt(ab/(a+b)^3 + cd/(c+d)^3).
    ///
    /// Reference: `statsmodels.stats.proportion.confint_proportions_2indep(method="wald")`.
    ///
    /// # Errors
    /// With an empty group, or where neither risk varies.
    pub fn risk_difference(&self, confidence: Confidence) -> Result<Finding> {
        let [a, b, c, d] = self.cells();
        let [r1, r0, ..] = self.margins();
        at_least("records in each group", 1, r1.min(r0) as u64)?;
        let error = (a * b / r1.powi(3) + c * d / r0.powi(3)).sqrt();
        if error == 0.0 {
            return Err(Undefined::Constant("the event in both groups"));
        }
        Ok(self.finding("risk difference").wald(a / r1 - c / r0, error, confidence))
    }

    /// Pearson's chi-squared, n (ad - bc)^2 / (product of the margins), with one degree of
    /// freedom; with Yates' correction |ad - bc| is less by n/2, but never below 0.
    ///
    /// Reference: `scipy.stats.chi2_contingency(correction=...)`; R `chisq.test`.
    ///
    /// # Errors
    /// With an empty row or column.
    pub fn chi_squared(&self, yates: bool) -> Result<Finding> {
        let [r1, r0, c1, c0] = self.margins_above_zero()?;
        let n = self.total();
        let correction = if yates { n / 2.0 } else { 0.0 };
        let apart = (self.determinant().abs() - correction).max(0.0);
        let name = if yates { "chi-squared (Yates)" } else { "chi-squared" };
        Ok(self.finding(name).chi_squared((apart / r1 / c1) * (apart / r0 / c0) * n, 1.0))
    }

    /// Fisher's exact test: the two-sided p-value sums the tables with these margins that are
    /// at most as probable. The estimate is ad / bc where bc is not 0.
    ///
    /// Reference: `scipy.stats.fisher_exact`; p also of R `fisher.test`, whose estimate is
    /// the conditional one.
    ///
    /// # Errors
    /// With more records than 64 bits count.
    pub fn fisher(&self) -> Result<Finding> {
        let add = |x: u64, y: u64| x.checked_add(y).ok_or(Undefined::Argument("the table"));
        let (draws, marked) = (add(self.a, self.b)?, add(self.a, self.c)?);
        let plain = add(self.b, self.d)?;
        add(marked, plain)?;
        let (low, high) = (draws.saturating_sub(plain), draws.min(marked));
        let p = tails::exact_two_sided(self.a, low, high, |k| {
            tails::ln_hypergeometric(k, marked, plain, draws)
        });
        let [a, b, c, d] = self.cells();
        Ok(Finding { p: Some(p), ..self.finding("Fisher's exact test").estimate(a * d / (b * c)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::close;

    const P95: Confidence = Confidence::P95;

    fn agrees(finding: &Finding, [estimate, lower, upper]: [f64; 3]) {
        let interval = finding.interval.expect("an interval");
        for (got, want) in [
            (finding.estimate.unwrap(), estimate),
            (interval.lower, lower),
            (interval.upper, upper),
        ] {
            close(got, want, 1e-12);
        }
    }

    /// The indomethacin trial (Elmunzer 2012; R medicaldata `indo_rct`, MIT), by scipy.
    #[test]
    fn the_trial_has_the_measures_of_the_reference_tools() {
        let t = TwoByTwo { a: 27, b: 268, c: 52, d: 255 };
        agrees(
            &t.risk_ratio(P95).unwrap(),
            [0.5403520208604955, 0.3491931722260057, 0.8361569746244784],
        );
        agrees(
            &t.odds_ratio(P95).unwrap(),
            [0.4940442020665901, 0.30099575927826555, 0.8109073502592645],
        );
        agrees(
            &t.risk_difference(P95).unwrap(),
            [-0.07785568376304311, -0.13117739447385038, -0.02453397305223584],
        );
        let plain = t.chi_squared(false).unwrap();
        close(plain.statistic, 7.998503680817984, 1e-12);
        close(plain.p, 0.004681602159120042, 1e-11);
        close(t.chi_squared(true).unwrap().statistic, 7.330183814401741, 1e-12);
        close(t.fisher().unwrap().p, 0.005339051289453799, 1e-11);
        let small = TwoByTwo { a: 1, b: 11, c: 1, d: 12 };
        assert_eq!(small.fisher().unwrap().p, Some(1.0));
        assert_eq!(small.chi_squared(true).unwrap().statistic, Some(0.0));
    }

    /// scipy 1.17.1; the last by exact integer arithmetic.
    #[test]
    fn fishers_test_is_exact_into_far_tails() {
        for ([a, b, c, d], p) in [
            ([0, 10, 12, 3], 0.00010768609503297887),
            ([3, 4, 5, 6], 1.0),
            ([150, 850, 20, 980], 8.12010029592069e-28),
            ([0, 0, 3, 4], 1.0),
            ([5, 0, 1, 9], 0.0019980019980019984),
            ([400, 100, 100, 400], 3.288680537741644e-85),
        ] {
            close(TwoByTwo { a, b, c, d }.fisher().unwrap().p, p, 1e-11);
        }
        let huge = TwoByTwo { a: u64::MAX, b: 1, c: 1, d: 1 };
        assert_eq!(huge.fisher(), Err(Undefined::Argument("the table")));
    }

    #[test]
    fn chi_squared_of_a_database_of_reports_keeps_its_digits() {
        let t = TwoByTwo { a: 936, b: 1_000_000, c: 3000, d: 62_000_000 };
        close(t.chi_squared(false).unwrap().statistic, 12398.91328296487, 1e-11);
        let t = TwoByTwo { a: 400, b: 100, c: 100, d: 400 };
        close(t.chi_squared(false).unwrap().p, 2.8156843046193504e-80, 1e-11);
    }

    /// statsmodels 0.15.0 `proportion_confint`.
    #[test]
    fn proportions_have_the_limits_of_the_reference() {
        use ProportionInterval::{ClopperPearson, Wilson};
        for (k, n, wilson, exact) in [
            (0, 10, [0.0, 0.27753279986288926], [0.0, 0.30849710781876083]),
            (10, 10, [0.7224672001371106, 1.0], [0.6915028921812392, 1.0]),
            (
                27,
                295,
                [0.06366418120753481, 0.12988814265325588],
                [0.06118398455345537, 0.13036911078717373],
            ),
            (
                3,
                1_000_000,
                [1.0202712409681232e-6, 8.821149774312438e-6],
                [6.186725501906401e-7, 8.76724778806768e-6],
            ),
        ] {
            for (method, [lower, upper]) in [(Wilson, wilson), (ClopperPearson, exact)] {
                let interval = proportion(k, n, method, P95).unwrap().interval.unwrap();
                close(interval.lower, lower, 1e-10);
                close(interval.upper, upper, 1e-10);
            }
        }
        assert!(proportion(0, 0, Wilson, P95).is_err());
        assert!(proportion(3, 2, Wilson, P95).is_err());
    }

    #[test]
    fn empty_cells_and_margins_are_refused_by_name() {
        let none = TwoByTwo { a: 0, b: 5, c: 0, d: 7 };
        assert!(none.risk_ratio(P95).is_err());
        assert!(none.odds_ratio(P95).is_err());
        assert_eq!(none.risk_difference(P95), Err(Undefined::Constant("the event in both groups")));
        assert_eq!(
            none.chi_squared(false),
            Err(Undefined::Empty("a row or a column of the table"))
        );
        assert!(TwoByTwo { a: 0, b: 0, c: 1, d: 7 }.risk_difference(P95).is_err());
    }
}
