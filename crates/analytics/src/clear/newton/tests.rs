//! Against statsmodels 0.15.0 (`Logit`, `GLM(Poisson, exposure)`, `PHReg(ties="breslow")`) on
//! made-up records.

use super::*;
use crate::clear::close;
use crate::clear::regression::{At, Family, Record};

/// x1, x2, outcome, exposure, count, time, event.
const ROWS: [[f64; 7]; 24] = [
    [-1.7, 1.0, 0.0, 5.3, 2.0, 29.0, 1.0],
    [-1.3, 1.0, 0.0, 2.7, 0.0, 6.0, 1.0],
    [-1.4, 1.0, 0.0, 2.2, 1.0, 2.0, 1.0],
    [-0.4, 1.0, 0.0, 2.5, 1.0, 1.0, 0.0],
    [-2.3, 0.0, 0.0, 3.7, 0.0, 3.0, 0.0],
    [-0.2, 1.0, 0.0, 2.4, 4.0, 16.0, 1.0],
    [-1.0, 0.0, 0.0, 4.8, 2.0, 4.0, 0.0],
    [0.9, 1.0, 0.0, 8.7, 11.0, 3.0, 1.0],
    [1.0, 1.0, 1.0, 6.9, 2.0, 13.0, 1.0],
    [1.4, 1.0, 1.0, 3.5, 7.0, 6.0, 0.0],
    [0.8, 1.0, 1.0, 3.5, 0.0, 4.0, 1.0],
    [-0.1, 1.0, 1.0, 7.3, 6.0, 30.0, 1.0],
    [0.9, 1.0, 1.0, 8.8, 13.0, 2.0, 1.0],
    [1.5, 0.0, 1.0, 5.9, 3.0, 6.0, 1.0],
    [-0.7, 0.0, 0.0, 3.1, 2.0, 1.0, 1.0],
    [0.6, 1.0, 1.0, 4.6, 4.0, 1.0, 0.0],
    [-0.0, 0.0, 0.0, 2.3, 0.0, 8.0, 1.0],
    [1.4, 0.0, 1.0, 4.5, 3.0, 6.0, 1.0],
    [-0.8, 0.0, 0.0, 8.1, 4.0, 6.0, 1.0],
    [-0.3, 1.0, 0.0, 2.6, 1.0, 7.0, 0.0],
    [0.4, 1.0, 1.0, 4.5, 4.0, 5.0, 1.0],
    [0.3, 0.0, 0.0, 6.1, 8.0, 9.0, 1.0],
    [-1.6, 0.0, 0.0, 8.6, 1.0, 2.0, 1.0],
    [0.4, 1.0, 0.0, 6.0, 1.0, 5.0, 1.0],
];

fn logistic(records: &[(Vec<f64>, f64)]) -> Result<Maximum> {
    maximise(&vec![0.0; records[0].0.len()], |b| Ok(logistic_slope(records, b)))
}

fn slope_in(family: Family, records: &[Record], b: &[f64]) -> Slope {
    let at = At::new(b);
    family.slope(&family.sums(records, &at), &at).0
}

fn logistic_slope(records: &[(Vec<f64>, f64)], b: &[f64]) -> Slope {
    let record = |(x, y): &(Vec<f64>, f64)| Record { response: *y, time: 0.0, x: x.clone() };
    let records: Vec<Record> = records.iter().map(record).collect();
    slope_in(Family::Logistic, &records, b)
}

fn poisson() -> Result<Maximum> {
    let record = |[x1, x2, _, exposure, count, ..]: [f64; 7]| Record {
        response: count,
        time: exposure.ln(),
        x: vec![1.0, x1, x2],
    };
    let records = ROWS.map(record);
    maximise(&[0.0; 3], |b| Ok(slope_in(Family::Poisson, &records, b)))
}

fn cox() -> Result<Maximum> {
    maximise(&[0.0; 2], |b| {
        let mut slope = Slope::zero(2);
        for [x1, x2, .., time, event] in ROWS {
            if event == 0.0 {
                continue;
            }
            let (mut s0, mut s1, mut s2) = (0.0, [0.0; 2], [[0.0; 2]; 2]);
            for [z1, z2, ..] in ROWS.iter().filter(|r| r[5] >= time) {
                let (z, risk) = ([*z1, *z2], dot(&[*z1, *z2], b).exp());
                s0 += risk;
                for j in 0..2 {
                    s1[j] += risk * z[j];
                    (0..2).for_each(|k| s2[j][k] += risk * z[j] * z[k]);
                }
            }
            slope.log_likelihood += dot(&[x1, x2], b) - f64::ln(s0);
            for j in 0..2 {
                slope.gradient[j] += [x1, x2][j] - s1[j] / s0;
                for k in 0..2 {
                    slope.information[j][k] += s2[j][k] / s0 - s1[j] * s1[k] / (s0 * s0);
                }
            }
        }
        Ok(slope)
    })
}

fn agrees(fit: &Maximum, estimates: &[f64], errors: &[f64], p: &[f64], height: f64) {
    let names: Vec<String> = estimates.iter().map(|_| "x".to_owned()).collect();
    let found = fit.wald(&names, 24, Confidence::P95).unwrap();
    for (j, f) in found.iter().enumerate() {
        close(f.estimate, estimates[j], 1e-9);
        close(f.standard_error, errors[j], 1e-9);
        close(f.p, p[j], 1e-8);
    }
    close(fit.log_likelihood, height, 1e-11);
    assert!(fit.steps <= 10, "{}", fit.steps);
}

fn records() -> Vec<(Vec<f64>, f64)> {
    ROWS.map(|r| (vec![1.0, r[0], r[1]], r[2])).to_vec()
}

#[test]
fn logistic_regression_is_that_of_statsmodels() {
    let fit = logistic(&records()).unwrap();
    agrees(
        &fit,
        &[-2.705942401420116, 3.284851580528054, 1.7420131382985797],
        &[1.8950747463264865, 1.3374617927361596, 1.8459169913743878],
        &[0.15332593438427916, 0.014047988207613648, 0.34531708313647125],
        -6.713122002072476,
    );
    close(fit.aic(), 19.42624400414495, 1e-11);
    let without: Vec<_> = records().into_iter().map(|(x, y)| (x[..2].to_vec(), y)).collect();
    let smaller = logistic(&without).unwrap();
    let ratio = likelihood_ratio(&smaller, &fit).unwrap();
    close(ratio.statistic, 2.0 * (fit.log_likelihood - smaller.log_likelihood), 1e-12);
    assert!(likelihood_ratio(&fit, &smaller).is_err());
}

#[test]
fn poisson_regression_is_that_of_statsmodels() {
    agrees(
        &poisson().unwrap(),
        &[-0.6774831979116579, 0.40299721411662404, 0.29169120911164226],
        &[0.21011361840799184, 0.1272000710038893, 0.25010384330273305],
        &[0.0012625194702378902, 0.0015337787682596436, 0.24350109712576062],
        -48.522309560780954,
    );
}

#[test]
fn cox_regression_is_that_of_statsmodels() {
    agrees(
        &cox().unwrap(),
        &[0.06872431015858736, -0.5202025410619802],
        &[0.2502669677269394, 0.5412265878070711],
        &[0.7836204936451836, 0.33647433162079554],
        -39.24603182612756,
    );
}

#[test]
fn a_separated_outcome_is_said_to_be_so() {
    // Only beyond 0 do outcomes happen.
    let complete: Vec<_> =
        ROWS.iter().map(|r| (vec![1.0, r[0]], f64::from(u8::from(r[0] > 0.35)))).collect();
    assert_eq!(logistic(&complete), Err(Undefined::Separated { column: 1 }));
    // None of a category has the outcome.
    let quasi: Vec<_> = (0..4000)
        .map(|i| {
            let category = f64::from(u8::from(i % 40 == 0));
            let outcome = category == 0.0 && i % 3 == 0;
            (vec![1.0, category, f64::from(i % 7)], f64::from(u8::from(outcome)))
        })
        .collect();
    assert_eq!(logistic(&quasi), Err(Undefined::Separated { column: 1 }));
    let none: Vec<_> = records().into_iter().map(|(x, _)| (x, 0.0)).collect();
    assert!(matches!(logistic(&none), Err(Undefined::Separated { .. })));
}

#[test]
fn rare_events_and_a_maximum_at_the_start_are_not_separated() {
    let rare: Vec<_> = (0..100_000)
        .map(|i| (vec![1.0, f64::from(i % 2)], f64::from(u8::from(i % 20_000 < 2))))
        .collect();
    let fit = logistic(&rare).unwrap();
    close(fit.coefficients[0], (5.0f64 / 49_995.0).ln(), 1e-10);
    let even: Vec<_> = (0..8).map(|i| (vec![1.0], f64::from(i % 2))).collect();
    assert_eq!(logistic(&even).unwrap().coefficients, [0.0]);
}

#[test]
fn sums_that_were_rounded_settle_where_they_are_rounded() {
    let records = records();
    let exact = logistic(&records).unwrap();
    let round = |x: &mut f64| *x = (*x * 65_536.0).round() / 65_536.0;
    let fit = maximise(&[0.0; 3], |b| {
        let mut slope = logistic_slope(&records, b);
        slope.gradient.iter_mut().for_each(round);
        Ok::<_, Undefined>(slope)
    })
    .unwrap();
    for (got, want) in fit.coefficients.iter().zip(&exact.coefficients) {
        assert!((got - want).abs() < 1e-3, "{got} {want}");
    }
}

#[test]
fn singular_columns_and_bad_slopes_are_refused() {
    let twice: Vec<_> =
        records().into_iter().map(|(x, y)| (vec![1.0, x[1], x[1] * 3.0], y)).collect();
    assert_eq!(logistic(&twice), Err(Undefined::Singular { column: 2 }));
    let slope =
        |x: f64| Slope { log_likelihood: 0.0, gradient: vec![x], information: vec![vec![1.0]] };
    let nan = maximise(&[0.0], |_| Ok(slope(f64::NAN)));
    assert_eq!(nan, Err(Undefined::Argument("the slope of the log-likelihood")));
    assert!(maximise(&[0.0, 0.0], |_| Ok::<_, Undefined>(slope(1.0))).is_err());
    assert!(maximise(&[], |_| Ok::<_, Undefined>(slope(1.0))).is_err());
    let failed = maximise(&[0.0], |_| Err(Undefined::Empty("link")));
    assert_eq!(failed, Err(Undefined::Empty("link")));
    let endless = maximise(&[0.0], |_| Ok::<_, Undefined>(slope(1.0)));
    assert_eq!(endless, Err(Undefined::NotConverged { steps: MOST_STEPS }));
}
