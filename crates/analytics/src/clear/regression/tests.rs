//! Derivatives against differences, Cox regression against statsmodels 0.15.0 (`PHReg(ties="efron")`)
//! and lifelines 0.30; the other families are compared in the tests of [`crate::clear::newton`] and of
//! the examples.

use super::*;
use crate::clear::{close, newton::maximise};

/// Response (0/1), count, time, and two predictors, made up; for Cox regression times are
/// rounded.
const ROWS: [[f64; 5]; 12] = [
    [0.0, 2.0, 5.3, -1.7, 1.0],
    [1.0, 0.0, 2.7, -1.3, 1.0],
    [0.0, 1.0, 2.2, -1.4, 0.0],
    [1.0, 1.0, 2.5, -0.4, 1.0],
    [0.0, 0.0, 3.7, -2.3, 0.0],
    [1.0, 4.0, 2.4, -0.2, 1.0],
    [0.0, 2.0, 4.8, -1.0, 0.0],
    [1.0, 11.0, 8.7, 0.9, 1.0],
    [0.0, 2.0, 6.9, 1.0, 1.0],
    [1.0, 7.0, 3.5, 1.4, 1.0],
    [1.0, 0.0, 3.5, 0.8, 0.0],
    [1.0, 6.0, 7.3, -0.1, 0.0],
];

const COX: Family = Family::Cox { times: 10, most: 12 };
const ALL: [Family; 5] =
    [Family::Logistic, Family::Poisson, Family::NegativeBinomial, Family::Weibull, COX];
/// Those of which an intercept is part.
const FULL: [Family; 3] = [Family::Logistic, Family::Poisson, Family::Weibull];

fn records(family: Family, centres: [f64; 3], units: [f64; 3]) -> Vec<Record> {
    let record = |[event, count, time, x1, x2]: &[f64; 5]| {
        let mut x = vec![1.0, (x1 - centres[0]) / units[0], (x2 - centres[1]) / units[1]];
        if family == Family::Weibull {
            x.push((time.ln() - centres[2]) / units[2]);
        }
        if family == COX {
            x.remove(0);
        }
        if family == Family::NegativeBinomial {
            x.push(0.0);
        }
        let counts = matches!(family, Family::Poisson | Family::NegativeBinomial);
        let response = if counts { *count } else { *event };
        Record { response, time: if family == COX { time.round() } else { time.ln() }, x }
    };
    ROWS.iter().map(record).collect()
}

fn slope(family: Family, records: &[Record], at: &[f64]) -> Slope {
    let at = At::new(at);
    let here = family.slope(&family.sums(records, &at), &at).0;
    // Wherever the level, the slope is the same.
    let moved = family.next(&family.sums(records, &at), &at.coefficients);
    let there = family.slope(&family.sums(records, &moved), &moved).0;
    let close = |x: f64, y: f64| (x - y).abs() <= 1e-9 * x.abs().max(1.0);
    assert!(close(here.log_likelihood, there.log_likelihood) || here.log_likelihood.is_infinite());
    assert!(here.gradient.iter().zip(&there.gradient).all(|(x, y)| close(*x, *y)));
    here
}

fn fitted(family: Family, records: &[Record]) -> Maximum {
    let sum = |of: fn(&Record) -> f64| records.iter().map(of).sum::<f64>();
    let (events, time) = (sum(|r| r.response), sum(|r| r.time.exp()));
    let start = family.start(records.len() as f64, events, time, records[0].x.len()).unwrap();
    maximise(&start, |at| Ok::<_, Undefined>(slope(family, records, at))).unwrap()
}

#[test]
fn the_derivatives_are_those_of_the_log_likelihood() {
    for family in ALL {
        let records = records(family, [0.0; 3], [1.0; 3]);
        let at = [-0.7, 0.3, -0.2, 1.3]; // A positive shape is last.
        let at = &at[..records[0].x.len()];
        let here = slope(family, &records, at);
        for j in 0..at.len() {
            let moved = |by: f64| {
                let mut at = at.to_vec();
                at[j] += by;
                slope(family, &records, &at)
            };
            let (less, more) = (moved(-1e-5), moved(1e-5));
            let difference = (more.log_likelihood - less.log_likelihood) / 2e-5;
            assert!((here.gradient[j] - difference).abs() < 1e-6, "{family:?} {j}");
            for k in 0..at.len() {
                let difference = (less.gradient[k] - more.gradient[k]) / 2e-5;
                assert!((here.information[j][k] - difference).abs() < 1e-5, "{family:?} {j} {k}");
            }
        }
    }
}

#[test]
fn sums_over_parts_are_the_sum_over_all() {
    for family in ALL {
        let records = records(family, [0.0; 3], [1.0; 3]);
        let at = At::new(&vec![0.2; records[0].x.len()]);
        let (first, second) = records.split_at(5);
        let parts = [first, second, &[]].map(|part| family.sums(part, &at));
        for (i, all) in family.sums(&records, &at).iter().enumerate() {
            let sum: f64 = parts.iter().map(|part| part[i]).sum();
            assert!((sum - all).abs() < 1e-12 * all.abs().max(1.0), "{family:?} {i}");
        }
    }
}

#[test]
fn cox_regression_is_that_of_statsmodels_with_ties_as_efron_has_them() {
    let mut records = records(COX, [0.0; 3], [1.0; 3]);
    let fit = fitted(COX, &records);
    close(Some(fit.log_likelihood), -11.97628794490405, 1e-12);
    let want =
        [(0.0474767078653455, 0.38632834902857327), (0.38365513003013046, 0.9395826183579118)];
    for (j, (estimate, error)) in want.into_iter().enumerate() {
        close(Some(fit.coefficients[j]), estimate, 1e-9);
        close(Some(fit.covariance[j][j].sqrt()), error, 1e-9);
    }
    // Who says that there are more events than records is not believed.
    let mut sums = COX.sums(&records, &At::new(&[0.0; 2]));
    let event = COX.len(2) / 10 - 3;
    sums[event] += 1e9;
    assert!(COX.slope(&sums, &At::new(&[0.0; 2])).0.log_likelihood.is_nan());
    records.iter_mut().for_each(|record| record.response = 0.0);
    assert_eq!(COX.start(12.0, 0.0, 12.0, 2), Err(Undefined::Empty("events")));
}

/// statsmodels 0.15.0, `NegativeBinomial(loglike_method="nb2", exposure)`.
#[test]
fn counts_that_vary_more_are_those_of_statsmodels() {
    const WANT: [(f64, f64); 3] = [
        (-0.444_723_815_922_925_04, 0.239_057_427_257_824_53),
        (0.492_226_574_651_886, 0.225_204_168_392_520_72),
        (0.246_819_281_708_443_14, 0.284_297_547_730_316_9),
    ];
    let family = Family::NegativeBinomial;
    let mut records = records(family, [0.0; 3], [1.0; 3]);
    for record in &mut records {
        record.x.remove(2);
    }
    let fit = fitted(family, &records);
    close(Some(fit.log_likelihood), -23.089_231_409_248_81, 1e-12);
    let alpha = fit.coefficients[2].exp();
    let found = [fit.coefficients[0], fit.coefficients[1], alpha];
    let errors = [0, 1, 2].map(|j| fit.covariance[j][j].sqrt());
    let errors = [errors[0], errors[1], alpha * errors[2]];
    for ((found, error), (want, want_error)) in found.into_iter().zip(errors).zip(WANT) {
        close(Some(found), want, 1e-8);
        close(Some(error), want_error, 1e-7);
    }
    // Counts that vary less have no dispersion.
    records.iter_mut().for_each(|record| record.response = (record.time.exp() / 2.0).round());
    let start = family.start(12.0, 27.0, 53.5, 3).unwrap();
    let failed = maximise(&start, |at| Ok::<_, Undefined>(slope(family, &records, at)));
    assert!(
        matches!(
            failed,
            Err(Undefined::Separated { column: 2 } | Undefined::Singular { column: 2 })
        ),
        "{failed:?}"
    );
}

#[test]
fn functions_of_gamma_are_the_same_by_either_way() {
    let by_terms = dispersed::gammas(1000.0, 3.7);
    let more = dispersed::gammas(1001.0, 3.7);
    let by_functions = [
        by_terms[0] + (3.7f64 + 1000.0).ln(),
        by_terms[1] + 1.0 / 1003.7,
        by_terms[2] - 1.0 / (1003.7 * 1003.7),
    ];
    for (more, want) in more.into_iter().zip(by_functions) {
        close(Some(more), want, 1e-11);
    }
}

#[test]
fn centres_and_units_change_nothing_but_the_way() {
    for family in FULL {
        let plain = fitted(family, &records(family, [0.0; 3], [1.0; 3]));
        let (centres, units) = ([0.7, 0.5, 1.4], [2.5, 0.5, 1.0]);
        let centred = records(family, centres, units);
        let p = centred[0].x.len();
        let centres = [&[0.0], &centres[..p - 1]].concat();
        let units = [&[1.0], &units[..p - 1]].concat();
        let told = uncentred(&fitted(family, &centred), &centres, &units);
        close(Some(told.log_likelihood), plain.log_likelihood, 1e-12);
        for j in 0..p {
            close(Some(told.coefficients[j]), plain.coefficients[j], 1e-9);
            for k in 0..p {
                close(Some(told.covariance[j][k]), plain.covariance[j][k], 1e-8);
            }
        }
    }
}

#[test]
fn the_start_is_the_best_of_records_that_do_not_differ() {
    let alone = |family: Family| {
        let mut records = records(family, [0.0; 3], [1.0; 3]);
        if family == Family::Weibull {
            records.iter_mut().for_each(|r| r.x = vec![1.0, r.time]);
        } else {
            records.iter_mut().for_each(|r| r.x.truncate(1));
        }
        let sum = |of: fn(&Record) -> f64| records.iter().map(of).sum::<f64>();
        let (events, time) = (sum(|r| r.response), sum(|r| r.time.exp()));
        let start = family.start(12.0, events, time, records[0].x.len()).unwrap();
        slope(family, &records, &start).gradient[0]
    };
    FULL.iter().for_each(|family| assert!(alone(*family).abs() < 1e-7, "{family:?}"));
    for family in ALL {
        assert_eq!(family.start(9.0, 0.0, 4.0, 2), Err(Undefined::Empty("events")));
    }
    let constant = Undefined::Constant("the response");
    assert_eq!(Family::Logistic.start(9.0, 9.0, 0.0, 2), Err(constant));
    assert_eq!(Family::Poisson.start(9.0, 9.0, 0.0, 2), Err(Undefined::Argument("the time")));
}

#[test]
fn what_is_much_too_large_is_not_finite_and_no_panic() {
    let is_finite = |family: Family, at: f64| {
        let records = records(family, [0.0; 3], [1.0; 3]);
        let at = At::new(&vec![at; records[0].x.len()]);
        family.sums(&records, &at).iter().all(|sum| sum.is_finite())
    };
    for family in ALL {
        assert_eq!(is_finite(family, 1e5), family == Family::Logistic);
        assert_eq!(is_finite(family, -1.0), family != Family::Weibull);
    }
}

#[test]
fn the_sandwich_is_that_of_its_definition_and_grows_by_n_over_n_minus_p() {
    for family in [Family::Logistic, Family::Poisson] {
        let records = records(family, [0.0; 3], [1.0; 3]);
        let fit = fitted(family, &records);
        let at = At::new(&fit.coefficients);
        let sums = family.scores(&records, &at);
        assert_eq!((sums.len(), sums[0]), (scores_len(3), 12.0));
        let influence = |record: &Record| {
            let score = family.of_record(record, dot(&record.x, &fit.coefficients))[1];
            let along = |row: &Vec<f64>| score * dot(row, &record.x);
            fit.covariance.iter().map(along).collect::<Vec<f64>>()
        };
        let [plain, small] = [false, true].map(|small| sandwich(&fit, &sums, small).unwrap());
        for i in 0..3 {
            for j in 0..3 {
                let product = |record: &Record| influence(record)[i] * influence(record)[j];
                let want: f64 = records.iter().map(product).sum();
                close(Some(plain.covariance[i][j]), want, 1e-9);
                close(Some(small.covariance[i][j]), want * 12.0 / 9.0, 1e-9);
            }
        }
        let few = [&[3.0], &sums[1..]].concat();
        assert!(sandwich(&fit, &few, true).is_err(), "no record is left over");
        let wrong = [&[12.0], &vec![-1.0; sums.len() - 1][..]].concat();
        assert!(sandwich(&fit, &wrong, false).is_err(), "no variance is negative");
    }
}

#[test]
fn predictions_are_counted_in_bins_that_must_hold_all_records() {
    let records = records(Family::Logistic, [0.0; 3], [1.0; 3]);
    for scale in [0.0, 0.7, 1e3] {
        let at = At::new(&[0.3 * scale, -scale, 0.5 * scale]);
        let sums = predictions(&records, &at, 20);
        let bins = in_bins(&sums, 12, 7).unwrap();
        let mut squares = 0.0;
        let mut want = vec![(0, 0, 0.0); 20];
        for record in &records {
            let odds = dot(&record.x, &at.coefficients);
            let p = 1.0 / (1.0 + (-odds).exp());
            let bin = &mut want[(odds + 10.0).floor().clamp(0.0, 19.0) as usize];
            *bin = (bin.0 + 1, bin.1 + record.response as u64, bin.2 + p);
            squares += (record.response - p).powi(2);
        }
        assert!((sums[0] - squares).abs() < 1e-12);
        for (bin, (n, events, predicted)) in bins.iter().zip(want) {
            assert_eq!((bin.n, bin.events), (n, events));
            assert!((bin.predicted - predicted).abs() < 1e-12);
        }
        assert!(in_bins(&sums, 11, 7).is_err() && in_bins(&sums, 12, 6).is_err());
        let mut wrong = sums.clone();
        wrong[1] += 1e18;
        assert!(in_bins(&wrong, 12, 7).is_err());
    }
}
