//! Disproportionality: is an event reported with a drug more often than with all others?
//!
//! In the two-by-two table of reports the exposed are those that name the drug. Reports are
//! spontaneous, so these are signals to look into, not risks. Reference: R `PhViD`; Norén,
//! Hopstadius and Bate 2013; van Puijenbroek 2002; Evans 2001.

use super::{
    Confidence, Finding, Interval, Result, Undefined, at_least, tails, two_by_two::TwoByTwo,
};

/// Norén's information component, log2 of observed over expected, both shrunk by a half.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct InformationComponent {
    /// log2((a + 1/2) / (E + 1/2)).
    pub estimate: f64,
    /// log2 of the quantiles of the gamma posterior, of shape a + 1/2 and rate E + 1/2.
    pub interval: Interval,
    /// IC - 3.3 (a + 1/2)^-1/2 - 2 (a + 1/2)^-3/2, the approximation to the lower 95 % limit
    /// that is often published in its stead.
    pub lower_closed_form: f64,
}

/// What the customary thresholds say.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Flags {
    /// Evans: PRR >= 2, chi-squared with Yates' correction >= 4, at least 3 reports.
    pub evans: bool,
    /// Lower limit of the reporting odds ratio above 1 (EMA asks for 3 reports as well).
    pub reporting_odds_ratio: bool,
    /// Lower limit of the information component above 0.
    pub information_component: bool,
}

/// All measures of one drug and one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Reports with both.
    pub reports: u64,
    /// Reports expected if drug and event were independent.
    pub expected: f64,
    /// Reporting odds ratio, ad / bc.
    pub reporting_odds_ratio: Finding,
    /// Proportional reporting ratio, a/(a+b) over c/(c+d).
    pub proportional_ratio: Finding,
    /// Chi-squared with Yates' correction.
    pub yates: Finding,
    /// Information component.
    pub information: InformationComponent,
    /// What the thresholds say.
    pub flags: Flags,
}

/// All measures of one pair.
///
/// # Errors
/// With an empty cell; [`information_component`] alone needs none filled.
pub fn signal(table: &TwoByTwo, confidence: Confidence) -> Result<Signal> {
    at_least("reports in each cell", 1, table.a.min(table.b).min(table.c).min(table.d))?;
    let reporting_odds_ratio = table.odds_ratio(confidence)?.renamed("reporting odds ratio");
    let proportional_ratio = table.risk_ratio(confidence)?.renamed("proportional reporting ratio");
    let yates = table.chi_squared(true)?;
    let expected = expected(&[*table])?;
    let information = information_component(table.a, expected, confidence)?;
    let above = |x: Option<f64>, least: f64| x.is_some_and(|x| x >= least);
    let flags = Flags {
        evans: above(proportional_ratio.estimate, 2.0)
            && above(yates.statistic, 4.0)
            && table.a >= 3,
        reporting_odds_ratio: reporting_odds_ratio.interval.is_some_and(|i| i.lower > 1.0),
        information_component: information.interval.lower > 0.0,
    };
    Ok(Signal {
        reports: table.a,
        expected,
        reporting_odds_ratio,
        proportional_ratio,
        yates,
        information,
        flags,
    })
}

/// Reports expected if drug and event were independent within each stratum: the sum of
/// (a + b)(a + c) / n.
///
/// # Errors
/// Without a report.
pub fn expected(strata: &[TwoByTwo]) -> Result<f64> {
    let filled = strata.iter().filter(|t| t.total() > 0.0);
    at_least("strata with reports", 1, filled.clone().count() as u64)?;
    Ok(filled
        .map(|t| {
            let [drug, _, event, _] = t.margins();
            drug * (event / t.total())
        })
        .sum())
}

/// The information component of `reports` where `expected` were to be expected.
///
/// # Errors
/// If the expected number is negative or not finite.
pub fn information_component(
    reports: u64,
    expected: f64,
    confidence: Confidence,
) -> Result<InformationComponent> {
    if !(expected >= 0.0 && expected.is_finite()) {
        return Err(Undefined::Argument("the expected number of reports"));
    }
    let rate = expected + 0.5;
    let shape = reports as f64 + 0.5;
    let quantile = |lower: f64| (tails::gamma_quantile(lower, shape) / rate).log2();
    let estimate = (shape / rate).log2();
    let tail = confidence.tail();
    Ok(InformationComponent {
        estimate,
        interval: Interval { lower: quantile(tail), upper: quantile(1.0 - tail), confidence },
        lower_closed_form: estimate - 3.3 * shape.powf(-0.5) - 2.0 * shape.powf(-1.5),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::close;

    const P95: Confidence = Confidence::P95;

    /// FAERS 2014Q3 to 2020Q4 (US Government), rosuvastatin and rhabdomyolysis, by scipy.
    #[test]
    fn a_known_signal_has_the_measures_of_the_reference() {
        let table = TwoByTwo { a: 936, b: 121_514, c: 35_383, d: 63_818_777 };
        let s = signal(&table, P95).unwrap();
        close(s.reporting_odds_ratio.estimate, 13.893234188217392, 1e-12);
        close(s.reporting_odds_ratio.interval.unwrap().lower, 13.016960855915059, 1e-12);
        close(s.proportional_ratio.estimate, 13.794679127374831, 1e-12);
        close(s.proportional_ratio.interval.unwrap().upper, 14.716151042586123, 1e-12);
        close(s.yates.statistic, 10815.063433243824, 1e-12);
        close(s.expected, 69.51386686478074, 1e-12);
        close(s.information.estimate, 3.741566400501329, 1e-12);
        close(s.information.interval.lower, 3.647642661188213, 1e-11);
        close(s.information.interval.upper, 3.8324897579030686, 1e-11);
        close(s.information.lower_closed_form, 3.6336615384308413, 1e-12);
        assert!(s.flags.evans && s.flags.reporting_odds_ratio && s.flags.information_component);
    }

    /// As above: atorvastatin, electromyogram abnormal and myasthenic syndrome.
    #[test]
    fn few_reports_are_flagged_as_by_the_reference() {
        let s = signal(&TwoByTwo { a: 2, b: 197_388, c: 134, d: 63_779_086 }, P95).unwrap();
        close(s.yates.statistic, 2.790381296736768, 1e-11);
        close(s.information.interval.lower, -1.14580179848197, 1e-11);
        assert!(!s.flags.evans && s.flags.reporting_odds_ratio && !s.flags.information_component);
        let s = signal(&TwoByTwo { a: 1, b: 197_389, c: 661, d: 63_778_559 }, P95).unwrap();
        close(s.information.interval.lower, -4.558512134397485, 1e-11);
        close(s.information.interval.upper, 0.8784726550865257, 1e-11);
        assert!(!s.flags.reporting_odds_ratio);
    }

    #[test]
    fn no_report_leaves_an_information_component_alone() {
        let table = TwoByTwo { a: 0, b: 10, c: 5, d: 90 };
        assert!(signal(&table, P95).is_err());
        let e = expected(&[table, TwoByTwo { a: 0, b: 0, c: 0, d: 0 }]).unwrap();
        close(e, 50.0 / 105.0, 1e-14);
        assert!(information_component(0, e, P95).unwrap().estimate < 0.0);
        assert!(information_component(0, -0.4, P95).is_err());
        assert!(information_component(0, f64::NAN, P95).is_err());
        assert!(expected(&[]).is_err());
    }
}
