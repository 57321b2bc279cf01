//! Survival of one group from its risk table: at each time of a public grid, how many were still
//! observed and how many had the event.
//!
//! Assumes that leaving observation says nothing of the event to come. Exact where the grid
//! holds every time at which an event happened.

use super::{Confidence, Finding, Interval, Result, Undefined, at_least};

/// One time of a risk table.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct AtRisk {
    /// The time.
    pub time: f64,
    /// Observed until then without an event before.
    pub at_risk: u64,
    /// Events at that time.
    pub events: u64,
}

/// On which scale the interval of a survival probability is symmetric.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Scale {
    /// S itself, cut to 0 and 1: R `conf.type = "plain"`.
    Plain,
    /// ln S, cut to 1: R `conf.type = "log"`, its default.
    Log,
    /// ln(-ln S): R `conf.type = "log-log"`, lifelines.
    LogLog,
}

/// The curve from one event time to the next.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Step {
    /// Since when.
    pub time: f64,
    /// Observed until then.
    pub at_risk: u64,
    /// Events then.
    pub events: u64,
    /// Kaplan and Meier's estimate, product of (1 - d/n).
    pub survival: f64,
    /// Greenwood's error S sqrt(sum d / (n (n - d))); none after the last one at risk failed.
    pub standard_error: Option<f64>,
    /// Interval of the survival, where there is an error.
    pub interval: Option<Interval>,
    /// Nelson and Aalen's cumulative hazard, sum of d/n.
    pub hazard: f64,
    /// Its error, sqrt(sum d / n^2).
    pub hazard_error: f64,
}

pub(super) fn check(rows: &[AtRisk]) -> Result<()> {
    at_least("times", 1, rows.len() as u64)?;
    if rows.iter().any(|row| row.events > row.at_risk) {
        return Err(Undefined::Argument("a number of events"));
    }
    let ascending = rows.windows(2).all(|pair| pair[0].time < pair[1].time);
    if !ascending || rows.iter().any(|row| !row.time.is_finite() || row.time < 0.0) {
        return Err(Undefined::Argument("a time"));
    }
    let falling = rows.windows(2).all(|pair| pair[0].at_risk - pair[0].events >= pair[1].at_risk);
    if !falling {
        return Err(Undefined::Argument("a number at risk"));
    }
    Ok(())
}

/// The survival curve, a step for each time with an event.
///
/// Reference: R `survival::survfit`; `lifelines.KaplanMeierFitter` (log-log),
/// `NelsonAalenFitter`; Kaplan and Meier 1958, Greenwood 1926.
///
/// # Errors
/// If times do not ascend, or more have an event or are at risk than can be.
pub fn kaplan_meier(rows: &[AtRisk], scale: Scale, confidence: Confidence) -> Result<Vec<Step>> {
    check(rows)?;
    let (mut survival, mut greenwood) = (1.0, 0.0);
    let (mut hazard, mut hazard_variance) = (0.0, 0.0);
    let step = |row: &AtRisk| {
        let (n, d) = (row.at_risk as f64, row.events as f64);
        survival *= (n - d) / n;
        greenwood += d / (n * (n - d));
        hazard += d / n;
        hazard_variance += d / (n * n);
        let error = (survival > 0.0).then(|| survival * greenwood.sqrt());
        Step {
            time: row.time,
            at_risk: row.at_risk,
            events: row.events,
            survival,
            standard_error: error,
            interval: error.map(|_| limits(survival, greenwood.sqrt(), scale, confidence)),
            hazard,
            hazard_error: hazard_variance.sqrt(),
        }
    };
    Ok(rows.iter().filter(|row| row.events > 0).map(step).collect())
}

/// `error` is that of ln S.
fn limits(survival: f64, error: f64, scale: Scale, confidence: Confidence) -> Interval {
    let half = confidence.z() * error;
    let log = survival.ln();
    match scale {
        Scale::Plain => {
            Interval::around(survival, half * survival, confidence).map(|s| s.clamp(0.0, 1.0))
        }
        Scale::Log => Interval::around(log, half, confidence).map(|l| l.exp().min(1.0)),
        Scale::LogLog => {
            let around = Interval::around((-log).ln(), -half / log, confidence);
            let Interval { lower, upper, .. } = around.map(|x| (-x.exp()).exp());
            Interval { lower: upper, upper: lower, confidence }
        }
    }
}

/// The first time at which a share `probability` has had the event (0.5: the median), with the
/// interval of Brookmeyer and Crowley 1982: where the limits of the curve cross. What is not
/// reached is infinite.
///
/// Reference: R `quantile(survfit(...))`; `lifelines` `median_survival_time_`.
///
/// # Errors
/// For a probability that is not between 0 and 1.
pub fn time_quantile(curve: &[Step], probability: f64) -> Result<Finding> {
    if !(probability > 0.0 && probability < 1.0) {
        return Err(Undefined::Argument("a probability"));
    }
    // A curve that ends at exactly the level has reached it, rounding or not.
    let level = 1.0 - probability + 1e-12;
    let first = |below: &dyn Fn(&Step) -> bool| {
        curve.iter().find(|s| below(s)).map_or(f64::INFINITY, |s| s.time)
    };
    let limit = |lower: bool| {
        first(&|s| match s.interval {
            Some(i) => (if lower { i.lower } else { i.upper }) <= level,
            None => lower,
        })
    };
    let found = Finding::named("time to event")
        .n(curve.first().map_or(0, |s| s.at_risk))
        .estimate(first(&|s| s.survival <= level));
    let Some(Interval { confidence, .. }) = curve.iter().find_map(|s| s.interval) else {
        return Ok(found);
    };
    Ok(found.interval(Interval { lower: limit(true), upper: limit(false), confidence }))
}

/// Restricted mean survival time, the area under the curve until `horizon`, with variance sum of
/// A^2 d / (n (n - d)), A being the area from each time on.
///
/// Reference: R `survRM2::rmst1`; `lifelines.utils.restricted_mean_survival_time`.
///
/// # Errors
/// If the table is in error, or nobody was observed until the horizon.
pub fn restricted_mean(rows: &[AtRisk], horizon: f64, confidence: Confidence) -> Result<Finding> {
    let curve = kaplan_meier(rows, Scale::Plain, confidence)?;
    let seen = rows.iter().rev().find(|r| r.at_risk > 0).map_or(0.0, |r| r.time);
    let ended = curve.last().is_some_and(|s| s.survival == 0.0);
    if !(horizon > 0.0 && horizon.is_finite()) || (horizon > seen && !ended) {
        return Err(Undefined::Argument("the horizon"));
    }
    let steps: Vec<&Step> = curve.iter().filter(|s| s.time < horizon).collect();
    // From the horizon back: each step's own share, and the area of all after it.
    let (mut area, mut variance, mut until) = (0.0, 0.0, horizon);
    for step in steps.iter().rev() {
        area += step.survival * (until - step.time);
        until = step.time;
        let (n, d) = (step.at_risk as f64, step.events as f64);
        if area > 0.0 {
            variance += area * area * d / (n * (n - d));
        }
    }
    let error = f64::sqrt(variance);
    let half = confidence.z() * error;
    let mean = area + until;
    Ok(Finding { standard_error: Some(error), ..Finding::named("restricted mean survival time") }
        .n(rows.first().map_or(0, |r| r.at_risk))
        .estimate(mean)
        .interval(Interval::around(mean, half, confidence)))
}

#[cfg(test)]
pub(super) mod tests;
