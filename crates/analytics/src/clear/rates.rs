//! Rates of events per exposure, compared. Assumes Poisson counts: events that are
//! independent and an exposure that is known. [`crate::poisson`] has the single rate.

use statrs::function::gamma::ln_gamma;

use super::{Confidence, Finding, Interval, Result, Undefined, at_least, positive, tails};
use crate::poisson::{Truncation, rate};

/// Events and the exposure in which they came.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Exposed {
    /// Events.
    pub events: u64,
    /// Hours, cycles, person-years, kilometres.
    pub exposure: f64,
}

/// The first rate over the second. Given all events, those of the first are binomial; p and
/// the limits (Clopper-Pearson) are exact for that.
///
/// Reference: R `poisson.test(c(r1, r2), c(T1, T2))`; `scipy.stats.binomtest`.
///
/// # Errors
/// Without an event, or with an exposure that is not positive.
pub fn rate_ratio(first: Exposed, second: Exposed, confidence: Confidence) -> Result<Finding> {
    let (t1, t2) = (positive("exposure", first.exposure)?, positive("exposure", second.exposure)?);
    let all = first.events.saturating_add(second.events);
    at_least("events", 1, all)?;
    let (p, q) = (t1 / (t1 + t2), t2 / (t1 + t2));
    let pvalue = tails::exact_two_sided(first.events, 0, all, |k| tails::ln_binomial(k, all, p, q));
    let (lower, upper) = super::two_by_two::clopper_pearson(first.events, all, confidence);
    let ratio = |share: f64| share / (1.0 - share) * (t2 / t1);
    Ok(Finding { p: Some(pvalue), ..Finding::named("rate ratio").n(all) }
        .estimate(first.events as f64 / t1 / (second.events as f64 / t2))
        .interval(Interval { lower, upper, confidence }.map(ratio)))
}

/// The ratio by the normal interval of its logarithm, whose se is sqrt(1/r1 + 1/r2).
///
/// Source: Rothman, Modern Epidemiology, section on person-time data.
///
/// # Errors
/// With no event on either side, or with an exposure that is not positive.
pub fn rate_ratio_wald(first: Exposed, second: Exposed, confidence: Confidence) -> Result<Finding> {
    let (t1, t2) = (positive("exposure", first.exposure)?, positive("exposure", second.exposure)?);
    at_least("events on each side", 1, first.events.min(second.events))?;
    let (r1, r2) = (first.events as f64, second.events as f64);
    let error = (1.0 / r1 + 1.0 / r2).sqrt();
    let n = first.events.saturating_add(second.events);
    let ratio = (r1 / t1 / (r2 / t2)).ln();
    Ok(Finding::named("rate ratio (Wald)").n(n).wald(ratio, error, confidence).exponential())
}

/// Whether contributors share one rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Homogeneity {
    /// Pearson's sum of (r - e)^2 / e with e = r T_k / T.
    pub pearson: Finding,
    /// Likelihood ratio, 2 sum r ln(r / e).
    pub likelihood: Finding,
    /// Probability of all divisions of the events that are at most as probable as this one;
    /// `None` where there are too many to add up.
    pub exact_p: Option<f64>,
    /// Pearson's statistic over its degrees of freedom: above 1 the common rate's interval is
    /// too narrow by its root.
    pub dispersion: f64,
}

/// Divisions of the events that [`homogeneity`] is ready to add up.
const DIVISIONS: f64 = 1e6;

/// Whether contributors share one rate. Should stand beside every pooled rate.
///
/// Reference: `scipy.stats.chisquare(r, e)`, `power_divergence(lambda_="log-likelihood")`, R
/// `EMT::multinomial.test`.
///
/// # Errors
/// With fewer than two contributors, without an event, or with an exposure that is not positive.
pub fn homogeneity(contributors: &[Exposed]) -> Result<Homogeneity> {
    at_least("contributors", 2, contributors.len() as u64)?;
    for c in contributors {
        positive("exposure", c.exposure)?;
    }
    let events = contributors.iter().fold(0u64, |n, c| n.saturating_add(c.events));
    at_least("events", 1, events)?;
    let all: f64 = contributors.iter().map(|c| c.exposure).sum();
    let (mut pearson, mut likelihood) = (0.0, 0.0);
    for c in contributors {
        let (r, e) = (c.events as f64, events as f64 * (c.exposure / all));
        pearson += (r - e) * (r - e) / e;
        likelihood += if c.events == 0 { 0.0 } else { 2.0 * r * (r / e).ln() };
    }
    let degrees = (contributors.len() - 1) as f64;
    let named = |name: &str| Finding::named(name).n(events);
    let shares: Vec<f64> = contributors.iter().map(|c| (c.exposure / all).ln()).collect();
    let observed: Vec<u64> = contributors.iter().map(|c| c.events).collect();
    Ok(Homogeneity {
        pearson: named("homogeneity").chi_squared(pearson, degrees),
        likelihood: named("homogeneity (likelihood ratio)")
            .chi_squared(likelihood.max(0.0), degrees),
        exact_p: multinomial_p(&observed, &shares, events),
        dispersion: pearson / degrees,
    })
}

fn multinomial_p(observed: &[u64], ln_shares: &[f64], events: u64) -> Option<f64> {
    let divisions: f64 =
        (1..observed.len()).map(|j| (events as f64 + j as f64) / j as f64).product();
    if divisions > DIVISIONS {
        return None;
    }
    let ln_part = |k: u64, ln_share: f64| k as f64 * ln_share - ln_gamma(k as f64 + 1.0);
    let ln_observed: f64 = observed.iter().zip(ln_shares).map(|(k, s)| ln_part(*k, *s)).sum();
    let limit = ln_observed + 1e-7;
    // Depth first over (contributor, events left, ln of the part so far).
    let mut stack = vec![(0, events, 0.0)];
    let mut total = 0.0;
    let constant = ln_gamma(events as f64 + 1.0);
    while let Some((at, left, so_far)) = stack.pop() {
        if at + 1 == ln_shares.len() {
            let ln = so_far + ln_part(left, ln_shares[at]);
            total += if ln <= limit { (ln + constant).exp() } else { 0.0 };
        } else {
            stack
                .extend((0..=left).map(|k| (at + 1, left - k, so_far + ln_part(k, ln_shares[at]))));
        }
    }
    Some(total.min(1.0))
}

/// Standardised mortality (or failure) ratio: `observed` events over those expected at
/// reference rates, sum of exposure times rate, with the exact limits of Garwood 1936; p
/// against 1 is exact.
///
/// Reference: R `poisson.test(observed, expected)`.
///
/// # Errors
/// If the expected number is not positive.
pub fn standardised_ratio(observed: u64, expected: f64, confidence: Confidence) -> Result<Finding> {
    let expected = positive("the expected number of events", expected)?;
    let found = rate(observed, expected, confidence.probability(), Truncation::Time)
        .ok_or(Undefined::Argument("the expected number of events"))?;
    // Beyond this no probability counts.
    let most = observed as f64 + 2.0 * expected + 60.0 * expected.sqrt() + 1000.0;
    let p =
        tails::exact_two_sided(observed, 0, most as u64, |k| tails::ln_poisson_count(k, expected));
    Ok(Finding { p: Some(p), ..Finding::named("standardised ratio").n(observed) }
        .estimate(found.rate)
        .interval(Interval { lower: found.lower, upper: found.upper, confidence }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::{Degrees, close};

    const P95: Confidence = Confidence::P95;

    /// Diesel generator fans (Nelson 1982) by operator.
    const FANS: [Exposed; 3] = [
        Exposed { events: 5, exposure: 118_210.0 },
        Exposed { events: 2, exposure: 111_420.0 },
        Exposed { events: 5, exposure: 114_810.0 },
    ];

    #[test]
    fn operators_are_compared_as_by_the_reference() {
        let same = homogeneity(&FANS).unwrap();
        close(same.pearson.statistic, 1.3510482081074158, 1e-12);
        assert_eq!(same.pearson.degrees, Some(Degrees::One(2.0)));
        close(same.pearson.p, 0.508889639580153, 1e-12);
        close(same.likelihood.statistic, 1.5190249148301893, 1e-12);
        close(same.exact_p, 0.5503558281188821, 1e-11);
        close(same.dispersion, 1.3510482081074158 / 2.0, 1e-12);
    }

    #[test]
    fn an_operator_is_compared_with_the_rest_as_by_r() {
        let rest = Exposed { events: 7, exposure: 226_230.0 };
        let exact = rate_ratio(FANS[0], rest, P95).unwrap();
        close(exact.estimate, 1.3669981993304892, 1e-12);
        close(exact.interval.unwrap().lower, 0.3421140071318632, 1e-11);
        close(exact.interval.unwrap().upper, 5.003467324793142, 1e-11);
        close(exact.p, 0.5598834039076919, 1e-11);
        let wald = rate_ratio_wald(FANS[0], rest, P95).unwrap().interval.unwrap();
        close(wald.lower, 0.43386573600245026, 1e-12);
        close(wald.upper, 4.307056127986669, 1e-12);
    }

    /// scipy 1.17.1 `binomtest`.
    #[test]
    fn ratios_of_rates_are_exact_into_far_tails() {
        for (events, all, share, p) in [
            (60, 65, 0.3, 6.097471540824868e-26),
            (0, 9, 0.4, 0.013878784),
            (5300, 10_000, 0.5, 2.076033695920612e-9),
            (700, 1000, 0.3, 2.2874345421940546e-149),
        ] {
            let first = Exposed { events, exposure: share };
            let second = Exposed { events: all - events, exposure: 1.0 - share };
            close(rate_ratio(first, second, P95).unwrap().p, p, 1e-10);
        }
        let one_sided = rate_ratio(FANS[0], Exposed { events: 0, exposure: 1.0 }, P95).unwrap();
        assert_eq!(one_sided.estimate, Some(f64::INFINITY));
        assert_eq!(one_sided.interval.unwrap().upper, f64::INFINITY);
    }

    /// R `poisson.test(observed, expected)`, whose sums were made with scipy 1.17.1.
    #[test]
    fn standardised_ratios_are_those_of_r() {
        for (observed, expected, ratio, lower, upper, p) in [
            (
                12,
                4.5,
                2.6666666666666665,
                1.3779055797160484,
                4.6581300107059915,
                0.0024042835731015,
            ),
            (0, 2.0, 0.0, 0.0, 1.8444397270569677, 0.2782118227380656),
            (3, 3.2, 0.9375, 0.19333503840487543, 2.739772834294476, 1.0),
            (
                150,
                60.5,
                2.479338842975207,
                2.0984489471280146,
                2.9093746462326364,
                2.936284536796e-22,
            ),
        ] {
            let found = standardised_ratio(observed, expected, P95).unwrap();
            close(found.estimate, ratio, 1e-12);
            close(found.interval.unwrap().lower, lower, 1e-9);
            close(found.interval.unwrap().upper, upper, 1e-9);
            close(found.p, p, 1e-9);
        }
    }

    #[test]
    fn no_event_and_no_exposure_are_refused() {
        let none = Exposed { events: 0, exposure: 5.0 };
        let bad = Exposed { events: 3, exposure: 0.0 };
        assert!(rate_ratio(none, none, P95).is_err());
        assert!(rate_ratio(none, bad, P95).is_err());
        assert!(rate_ratio_wald(FANS[0], none, P95).is_err());
        assert!(homogeneity(&[none, none]).is_err());
        assert!(homogeneity(&FANS[..1]).is_err());
        assert!(standardised_ratio(3, 0.0, P95).is_err());
        let many = FANS.map(|f| Exposed { events: f.events * 1_000_000, ..f });
        assert_eq!(homogeneity(&many).unwrap().exact_p, None);
    }
}
