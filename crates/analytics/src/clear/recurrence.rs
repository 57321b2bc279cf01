//! Events that come again: how many a unit has had by an age, and the mean time between them, for
//! repairable systems and recurrent illness.

use super::survival::AtRisk;
use super::{Confidence, Finding, Interval, Result, Undefined, at_least};
use crate::poisson::{self, Truncation};

/// What happens at one time of a public grid.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Leaving {
    /// The time, as each unit counts it from its own beginning.
    pub time: f64,
    /// Units whose observation ends then; events at the same time come before.
    pub ended: u64,
    /// Events of all units.
    pub events: u64,
}

/// The mean cumulative function from one event time to the next.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Step {
    /// Since when.
    pub time: f64,
    /// Units observed until then.
    pub at_risk: u64,
    /// Events then.
    pub events: u64,
    /// Events that a unit has had on average, the sum of d / r.
    pub mean: f64,
    /// sqrt(sum of d / r^2): that of a Poisson process, whose events know nothing of each other.
    pub standard_error: f64,
    /// Symmetric for the logarithm.
    pub interval: Interval,
}

/// Nelson's estimate of how many events a unit has had by each time.
///
/// Input: for each time the units whose observation ends and the events of all. Assumes that the
/// end of observation says nothing of the events to come; the error also that they are those of a
/// Poisson process: where some units have many, it is too small.
///
/// Reference: Nelson, Recurrent Events Data Analysis (2003), 3; Lawless and Nadeau 1995;
/// lifelines `NelsonAalenFitter` with `entry` at the event before, R `survfit` of counting
/// processes. Exact where the grid holds every time.
///
/// # Errors
/// If times do not ascend, or there is an event after the last unit's end.
pub fn mean_function(rows: &[Leaving], confidence: Confidence) -> Result<Vec<Step>> {
    at_least("times", 1, rows.len() as u64)?;
    let ascending = rows.windows(2).all(|pair| pair[0].time < pair[1].time);
    if !ascending || rows.iter().any(|row| !row.time.is_finite() || row.time < 0.0) {
        return Err(Undefined::Argument("a time"));
    }
    let (mut mean, mut variance) = (0.0, 0.0);
    let mut steps = vec![];
    for AtRisk { time, at_risk, events } in at_risk(rows) {
        if events == 0 {
            continue;
        }
        if at_risk == 0 {
            return Err(Undefined::Argument("a number of events"));
        }
        let (r, d) = (at_risk as f64, events as f64);
        mean += d / r;
        variance += d / (r * r);
        let standard_error = f64::sqrt(variance);
        let half = confidence.z() * standard_error / mean;
        let interval = Interval::around(f64::ln(mean), half, confidence).map(f64::exp);
        steps.push(Step { time, at_risk, events, mean, standard_error, interval });
    }
    Ok(steps)
}

/// Units that are observed until the end of each time, and its events.
fn at_risk(rows: &[Leaving]) -> Vec<AtRisk> {
    let mut observed = 0;
    let mut all: Vec<AtRisk> = rows
        .iter()
        .rev()
        .map(|row| {
            observed += row.ended;
            AtRisk { time: row.time, at_risk: observed, events: row.events }
        })
        .collect();
    all.reverse();
    all
}

/// Mean time between events, exposure / events, with the exact (Garwood) interval of observation
/// that ended at fixed times. Without events the limit above does not exist.
///
/// Reference: IEC 60605-4; `scipy.stats.chi2`, R `poisson.test`.
///
/// # Errors
/// Without exposure, or [`Undefined::Empty`] without events.
pub fn mean_time_between(events: u64, exposure: f64, confidence: Confidence) -> Result<Finding> {
    let rate = poisson::rate(events, exposure, confidence.probability(), Truncation::Time);
    let rate = rate.ok_or(Undefined::Argument("the exposure"))?;
    if events == 0 {
        return Err(Undefined::Empty("events"));
    }
    let interval = Interval { lower: 1.0 / rate.upper, upper: 1.0 / rate.lower, confidence };
    let found = Finding::named("mean time between events").n(events);
    Ok(found.estimate(exposure / events as f64).interval(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(time: f64, ended: u64, events: u64) -> Leaving {
        Leaving { time, ended, events }
    }

    #[test]
    fn three_units_have_the_mean_function_of_the_definition() {
        // Units observed until 5, 8 and 12; events at 5, 7, 8 (two) and 12.
        let rows = [row(5.0, 1, 1), row(7.0, 0, 1), row(8.0, 1, 2), row(12.0, 1, 1)];
        let steps = mean_function(&rows, Confidence::new(0.95).unwrap()).unwrap();
        let at_risk: Vec<u64> = steps.iter().map(|step| step.at_risk).collect();
        assert_eq!(at_risk, [3, 2, 2, 1]);
        let means = [1.0 / 3.0, 5.0 / 6.0, 11.0 / 6.0, 17.0 / 6.0];
        let variances = [1.0 / 9.0, 13.0 / 36.0, 31.0 / 36.0, 67.0 / 36.0];
        for ((step, mean), variance) in steps.iter().zip(means).zip(variances) {
            assert!((step.mean - mean).abs() < 1e-14 && step.interval.lower < mean);
            assert!((step.standard_error - f64::sqrt(variance)).abs() < 1e-14);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let confidence = Confidence::new(0.95).unwrap();
        assert!(mean_function(&[], confidence).is_err());
        assert!(mean_function(&[row(1.0, 1, 0), row(1.0, 1, 0)], confidence).is_err());
        assert!(mean_function(&[row(1.0, 1, 0), row(2.0, 0, 1)], confidence).is_err());
        assert_eq!(mean_function(&[row(1.0, 3, 0)], confidence), Ok(vec![]));
        assert!(mean_time_between(0, 5.0, confidence).is_err());
        assert!(mean_time_between(2, 0.0, confidence).is_err());
    }

    /// scipy 1.15: 100 / 5, 200 / chi2.ppf([0.975, 0.025], [12, 10]).
    #[test]
    fn the_mean_time_between_events_has_the_exact_interval() {
        let confidence = Confidence::new(0.95).unwrap();
        let found = mean_time_between(5, 100.0, confidence).unwrap();
        let interval = found.interval.unwrap();
        assert_eq!(found.estimate, Some(20.0));
        assert!((interval.lower - 8.570_205_177_585_66).abs() < 1e-9, "{interval:?}");
        assert!((interval.upper - 61.595_835_116_736_51).abs() < 1e-9, "{interval:?}");
    }
}
