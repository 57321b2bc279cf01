//! Time to first infection in chronic granulomatous disease (Fleming and Harrington 1991), by
//! lifelines 0.30.3 and the formulas.

use super::*;
use crate::clear::close;

const P95: Confidence = Confidence::P95;

/// Time, at risk and events under placebo, at risk and events under treatment.
pub(in crate::clear) const TRIAL: [[u64; 5]; 43] = [
    [4, 65, 1, 63, 0],
    [6, 64, 1, 63, 0],
    [8, 63, 1, 63, 0],
    [11, 62, 1, 63, 0],
    [14, 61, 1, 63, 0],
    [18, 60, 1, 63, 0],
    [19, 59, 1, 63, 0],
    [23, 58, 1, 63, 0],
    [52, 57, 1, 63, 0],
    [57, 56, 1, 63, 0],
    [65, 55, 0, 63, 1],
    [67, 55, 1, 62, 0],
    [82, 54, 0, 62, 1],
    [91, 54, 1, 61, 0],
    [99, 51, 1, 61, 0],
    [104, 50, 1, 61, 0],
    [113, 49, 0, 61, 1],
    [118, 49, 0, 60, 1],
    [120, 49, 1, 59, 0],
    [146, 48, 1, 59, 1],
    [165, 47, 0, 57, 1],
    [167, 47, 0, 56, 1],
    [168, 47, 1, 55, 0],
    [175, 46, 1, 55, 0],
    [187, 45, 0, 54, 1],
    [206, 42, 1, 50, 0],
    [207, 41, 0, 50, 1],
    [211, 40, 1, 49, 0],
    [219, 38, 0, 48, 1],
    [226, 38, 1, 47, 0],
    [236, 36, 1, 47, 0],
    [246, 34, 1, 46, 0],
    [264, 30, 1, 42, 0],
    [265, 28, 0, 42, 1],
    [267, 28, 0, 40, 1],
    [274, 23, 0, 33, 1],
    [280, 20, 1, 29, 0],
    [292, 17, 1, 27, 0],
    [294, 15, 1, 25, 0],
    [304, 12, 1, 22, 0],
    [318, 7, 1, 20, 0],
    [334, 4, 1, 16, 0],
    [373, 0, 0, 6, 1],
];

fn group(column: usize) -> Vec<AtRisk> {
    let row =
        |r: &[u64; 5]| AtRisk { time: r[0] as f64, at_risk: r[column], events: r[column + 1] };
    TRIAL.iter().map(row).collect()
}

fn at(curve: &[Step], time: f64) -> Step {
    *curve.iter().find(|s| s.time == time).unwrap()
}

#[test]
fn both_curves_are_those_of_lifelines() {
    let curve = kaplan_meier(&group(1), Scale::LogLog, P95).unwrap();
    for (time, survival, error, hazard, [lower, upper]) in [
        (
            4.0,
            0.9846153846153847,
            0.015265813487902579,
            0.015384615384615385,
            [0.8957736795909979, 0.9978184520262453],
        ),
        (
            23.0,
            0.876923076923077,
            0.04074857129781272,
            0.13026230465803096,
            [0.7689328976117826, 0.9364603327178935],
        ),
        (
            168.0,
            0.7354449472096528,
            0.055107339135371074,
            0.3044895793452085,
            [0.6092266496604387, 0.8265196857828365],
        ),
    ] {
        let step = at(&curve, time);
        close(step.survival, survival, 1e-12);
        close(step.standard_error, error, 1e-12);
        close(step.hazard, hazard, 1e-12);
        close(step.interval.unwrap().lower, lower, 1e-12);
        close(step.interval.unwrap().upper, upper, 1e-12);
    }
    let last = curve.last().unwrap();
    close(last.survival, 0.2990865104908744, 1e-12);
    close(last.standard_error, 0.11056236910924482, 1e-12);
    close(last.hazard_error, 0.11087387925967038f64.sqrt(), 1e-12);
    assert_eq!(time_quantile(&curve, 0.5).unwrap().estimate, Some(304.0));
    let treated = kaplan_meier(&group(3), Scale::LogLog, P95).unwrap();
    assert_eq!(time_quantile(&treated, 0.5).unwrap().estimate, Some(f64::INFINITY));
    assert_eq!(treated.len(), 14);
    close(at(&treated, 373.0).interval.unwrap().lower, 0.3474122751966377, 1e-12);
    assert_eq!(time_quantile(&treated, 0.5).unwrap().interval.unwrap().lower, 373.0);
}

#[test]
fn the_mean_until_a_horizon_is_the_area_under_the_curve() {
    for (column, mean, error) in
        [(1, 239.26674341010232, 14.62274960475108), (3, 296.42368406969564, 8.943738600613587)]
    {
        let found = restricted_mean(&group(column), 330.0, P95).unwrap();
        close(found.estimate, mean, 1e-12);
        close(found.standard_error, error, 1e-12);
    }
    assert!(restricted_mean(&group(1), 400.0, P95).is_err());
    assert!(restricted_mean(&group(1), f64::NAN, P95).is_err());
    let before = restricted_mean(&group(1), 2.0, P95).unwrap();
    assert_eq!((before.estimate, before.standard_error), (Some(2.0), Some(0.0)));
}

#[test]
fn other_scales_keep_to_probabilities() {
    for scale in [Scale::Plain, Scale::Log] {
        for step in kaplan_meier(&group(1), scale, P95).unwrap() {
            let Interval { lower, upper, .. } = step.interval.unwrap();
            assert!(0.0 <= lower && lower < step.survival && step.survival < upper && upper <= 1.0);
        }
    }
}

#[test]
fn a_group_that_failed_and_one_that_never_did_end_the_curve() {
    let row = |time, at_risk, events| AtRisk { time, at_risk, events };
    let failed = kaplan_meier(&[row(1.0, 3, 1), row(2.0, 2, 2)], Scale::LogLog, P95).unwrap();
    assert_eq!(
        (failed[1].survival, failed[1].standard_error, failed[1].interval),
        (0.0, None, None)
    );
    assert_eq!(time_quantile(&failed, 0.9).unwrap().estimate, Some(2.0));
    close(
        restricted_mean(&[row(1.0, 3, 1), row(2.0, 2, 2)], 9.0, P95).unwrap().estimate,
        5.0 / 3.0,
        1e-12,
    );
    let never = [row(1.0, 3, 0), row(2.0, 2, 0)];
    assert_eq!(kaplan_meier(&never, Scale::Log, P95), Ok(vec![]));
    assert_eq!(time_quantile(&[], 0.5).unwrap().interval, None);
    assert_eq!(restricted_mean(&never, 2.0, P95).unwrap().estimate, Some(2.0));
    for bad in [
        vec![],
        vec![row(1.0, 3, 4)],
        vec![row(1.0, 3, 1), row(2.0, 3, 0)],
        vec![row(2.0, 3, 1), row(1.0, 2, 0)],
        vec![row(f64::NAN, 3, 1)],
    ] {
        assert!(kaplan_meier(&bad, Scale::Log, P95).is_err());
    }
}
