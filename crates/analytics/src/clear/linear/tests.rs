//! Against statsmodels 0.15.0 and the definition of ridge in numpy.

use super::*;
use crate::clear::close;

const P95: Confidence = Confidence::P95;

fn diabetes() -> Products {
    let text = include_str!("../../../tests/data/diabetes_products.csv");
    let mut lines = text.lines().skip(1);
    let mut names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let mut rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    names.pop();
    let yy = rows.pop().unwrap().pop().unwrap();
    let xy = rows.iter_mut().map(|row| row.pop().unwrap()).collect();
    let centres = (vec![0.0; names.len()], 0.0);
    Products { n: 442, weight: 442.0, names, xx: rows, xy, yy, intercept: Some(0), centres }
}

fn agree(found: &[Finding], of: impl Fn(&Finding) -> Option<f64>, want: &[f64], relative: f64) {
    assert_eq!(found.len(), want.len());
    for (f, want) in found.iter().zip(want) {
        close(of(f), *want, relative);
    }
}

#[test]
fn raw_columns_are_fitted_as_by_statsmodels() {
    let fit = least_squares(&diabetes(), P95).unwrap();
    let params = [
        -334.5671385187829,
        -0.03636122422362999,
        -22.85964809049841,
        5.602962091923721,
        1.1168079933181854,
        -1.0899963340632133,
        0.7464504555141966,
        0.3720047150891103,
        6.533831935990226,
        68.48312496478749,
        0.28011698932150403,
    ];
    let errors = [
        67.45462110434148,
        0.2170414354087623,
        5.835821285014891,
        0.717105500560912,
        0.22523816918826903,
        0.57333185855006,
        0.5308343897660232,
        0.7824638456267176,
        5.958637837216319,
        15.669719238707158,
        0.2733139503593659,
    ];
    let p = [
        1.016617292004222e-06,
        0.8670306337000675,
        0.00010416711927693777,
        4.2963914195184215e-14,
        1.0242783922114858e-06,
        0.057947605369203146,
        0.16039024001498067,
        0.6347232557752437,
        0.2734586936606863,
        1.555899086539604e-05,
        0.3059895261964225,
    ];
    agree(&fit.coefficients, |f| f.estimate, &params, 1e-9);
    agree(&fit.coefficients, |f| f.standard_error, &errors, 1e-10);
    agree(&fit.coefficients, |f| f.p, &p, 1e-8);
    close(fit.log_likelihood, -2385.9928621235194, 1e-12);
    close(fit.aic, 4793.985724247039, 1e-12);
    close(fit.bic, 4838.990132949893, 1e-12);
}

#[test]
fn standardised_columns_are_fitted_as_by_statsmodels() {
    let fit = least_squares(&diabetes().standardised().unwrap(), P95).unwrap();
    let params = [
        152.133484162896,
        -0.47666029999095083,
        -11.419792555829657,
        24.754567621640962,
        15.446887881063017,
        -37.72264945486802,
        22.701858143107515,
        4.811584187525456,
        8.431582746254595,
        35.77493807414776,
        3.2203186754145063,
    ];
    let p = [
        1.0100819291677907e-208,
        0.8670306337000921,
        0.00010416711927693614,
        4.296391419518753e-14,
        1.02427839221143e-06,
        0.057947605369198164,
        0.16039024001496457,
        0.6347232557752045,
        0.2734586936606779,
        1.5558990865393342e-05,
        0.3059895261964225,
    ];
    agree(&fit.coefficients, |f| f.estimate, &params, 1e-9);
    agree(&fit.coefficients, |f| f.p, &p, 1e-8);
    let bmi = fit.coefficients[3].interval.unwrap();
    close(bmi.lower, 18.527406865528214, 1e-11);
    close(bmi.upper, 30.98172837775371, 1e-11);
    close(fit.r_squared, 0.5177484222203498, 1e-12);
    close(fit.adjusted_r_squared, 0.5065592904853231, 1e-12);
    close(fit.sigma, 54.15423932805569, 1e-12);
    let overall = fit.overall.unwrap();
    close(overall.statistic, 46.27243958524319, 1e-11);
    close(overall.p, 3.8286490381855213e-62, 1e-9);
    assert_eq!(overall.degrees, Some(Degrees::Two(10.0, 431.0)));
}

#[test]
fn ridge_shrinks_as_by_its_definition() {
    let products = diabetes().standardised().unwrap();
    let fit = ridge(&products, 10.0).unwrap();
    let params = [
        152.13348416289594,
        -0.2579537732972008,
        -10.947920319100012,
        24.62718747193773,
        15.110923879962073,
        -11.29190204765509,
        1.7979856719523857,
        -6.575807979873951,
        5.605606064110463,
        25.35345447053214,
        3.5274175325908046,
    ];
    let errors = [
        2.762608520233188,
        2.8184809022563826,
        3.0362803764167947,
        2.996177989181967,
        5.626312085927039,
        5.314464597278497,
        4.6850527702757425,
        5.737108168968513,
        3.8451488822333273,
        3.0294744595704404,
    ];
    agree(&fit.coefficients, |f| f.estimate, &params, 1e-10);
    agree(&fit.coefficients[1..], |f| f.standard_error, &errors, 1e-10);
    close(fit.effective_parameters, 9.827727047931223, 1e-11);
    close(fit.sigma * fit.sigma, 2937.5357539510505, 1e-11);
    let none = ridge(&products, 0.0).unwrap();
    let ordinary = least_squares(&products, P95).unwrap();
    for (r, o) in none.coefficients.iter().zip(&ordinary.coefficients) {
        close(r.estimate, o.estimate.unwrap(), 1e-11);
        close(r.standard_error, o.standard_error.unwrap(), 1e-11);
    }
}

#[test]
fn without_an_intercept_the_sum_of_squares_is_explained() {
    let mut products = diabetes();
    products.names.remove(0);
    products.xx.remove(0);
    products.xx.iter_mut().for_each(|row| {
        row.remove(0);
    });
    products.xy.remove(0);
    products.centres.0.remove(0);
    products.intercept = None;
    let fit = least_squares(&products, P95).unwrap();
    let first: Vec<Finding> = fit.coefficients[..3].to_vec();
    agree(
        &first,
        |f| f.estimate,
        &[0.022296429852876207, -26.072788584495875, 5.353725917566857],
        1e-9,
    );
    agree(
        &first,
        |f| f.standard_error,
        &[0.22256002903241048, 5.956068462453591, 0.7346227247780585],
        1e-10,
    );
    close(fit.r_squared, 0.8960283788293706, 1e-12);
    close(fit.overall.unwrap().statistic, 372.29799371795724, 1e-10);
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let mut twice = diabetes();
    twice.names.push("age again".into());
    let copy: Vec<f64> = twice.xx[1].clone();
    twice.xx.iter_mut().zip(&copy).for_each(|(row, x)| row.push(*x));
    twice.xx.push([copy, vec![twice.xx[1][1]]].concat());
    twice.xy.push(twice.xy[1]);
    twice.centres.0.push(0.0);
    assert_eq!(least_squares(&twice, P95), Err(Undefined::Singular { column: 11 }));
    assert!(ridge(&twice, 1.0).is_ok());
    let flat = Products {
        n: 5,
        weight: 5.0,
        names: vec!["const".into(), "x".into()],
        xx: vec![vec![5.0, 15.0], vec![15.0, 45.0]],
        xy: vec![10.0, 30.0],
        yy: 30.0,
        intercept: Some(0),
        centres: (vec![0.0; 2], 0.0),
    };
    assert_eq!(least_squares(&flat, P95), Err(Undefined::Singular { column: 1 }));
    assert!(flat.standardised().is_err());
    let exact = Products { xx: vec![vec![5.0, 15.0], vec![15.0, 55.0]], ..flat };
    let exact = Products { xy: vec![15.0, 55.0], yy: 55.0, ..exact };
    assert!(matches!(least_squares(&exact, P95), Err(Undefined::Constant(_))));
    assert!(least_squares(&Products { yy: 20.0, ..exact.clone() }, P95).is_err());
    assert!(least_squares(&Products { weight: 6.0, ..exact.clone() }, P95).is_err());
    assert!(least_squares(&Products { yy: f64::NAN, ..exact.clone() }, P95).is_err());
    assert!(least_squares(&Products { xy: vec![1.0], ..exact.clone() }, P95).is_err());
    assert!(ridge(&exact, -1.0).is_err());
}

#[test]
fn where_the_public_centres_are_does_not_matter() {
    let here = diabetes();
    let n = here.n as f64;
    let centre = |j: usize| if j == 0 { 0.0 } else { (7 * j) as f64 };
    let off = 100.0;
    let p = here.names.len();
    let there = Products {
        xx: (0..p)
            .map(|j| {
                let moved = |k: usize| {
                    here.xx[j][k] - centre(j) * here.xx[0][k] - centre(k) * here.xx[j][0]
                        + n * centre(j) * centre(k)
                };
                (0..p).map(moved).collect()
            })
            .collect(),
        xy: (0..p)
            .map(|j| {
                here.xy[j] - centre(j) * here.xy[0] - off * here.xx[0][j] + n * off * centre(j)
            })
            .collect(),
        yy: here.yy - 2.0 * off * here.xy[0] + n * off * off,
        centres: ((0..p).map(centre).collect(), off),
        ..here.clone()
    };
    let [x, y] = [&here, &there].map(|of| least_squares(of, P95).unwrap().coefficients);
    let [v, w] = [&here, &there].map(|of| ridge(of, 40.0).unwrap().coefficients);
    for (here, there) in x.iter().zip(&y).chain(v.iter().zip(&w)) {
        close(there.estimate, here.estimate.unwrap(), 1e-9);
        close(there.standard_error, here.standard_error.unwrap(), 1e-9);
    }
    assert!(least_squares(&Products { intercept: None, ..there }, P95).is_err());
}

/// Rows times the roots of their weights, without an intercept but with the column of the roots.
#[test]
fn weights_count_as_if_rows_were_scaled_by_their_roots() {
    let rows: Vec<[f64; 3]> = (0..12)
        .map(f64::from)
        .map(|i| [1.0 + (i * 7.0) % 5.0, (i * 3.0) % 7.0, (i * i * 11.0) % 13.0])
        .collect();
    let sum = |of: &dyn Fn(&[f64; 3]) -> f64| rows.iter().map(of).sum::<f64>();
    let weighted = Products {
        n: 12,
        weight: sum(&|r| r[0]),
        names: vec!["intercept".into(), "x".into()],
        xx: vec![
            vec![sum(&|r| r[0]), sum(&|r| r[0] * r[1])],
            vec![sum(&|r| r[0] * r[1]), sum(&|r| r[0] * r[1] * r[1])],
        ],
        xy: vec![sum(&|r| r[0] * r[2]), sum(&|r| r[0] * r[1] * r[2])],
        yy: sum(&|r| r[0] * r[2] * r[2]),
        intercept: Some(0),
        centres: (vec![0.0; 2], 0.0),
    };
    let scaled = Products { intercept: None, weight: 12.0, ..weighted.clone() };
    let [x, y] = [&weighted, &scaled].map(|of| least_squares(of, P95).unwrap());
    assert_eq!((x.degrees, y.degrees), (10.0, 10.0));
    close(x.sigma, y.sigma, 1e-12);
    for (x, y) in x.coefficients.iter().zip(&y.coefficients) {
        close(x.estimate, y.estimate.unwrap(), 1e-11);
        close(x.standard_error, y.standard_error.unwrap(), 1e-11);
    }
}
