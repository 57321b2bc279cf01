//! Against scipy 1.17.1; sums of CD4 counts in ACTG 175 (lifelines, MIT) by arm, less 350.

use proptest::prelude::*;

use super::*;
use crate::clear::close;

const P95: Confidence = Confidence::P95;

fn arms() -> [Moments; 4] {
    [
        (532, -7374.0, 9_209_356.0),
        (522, 27_756.0, 14_204_384.0),
        (524, 11_548.0, 9_790_466.0),
        (561, 13_646.0, 12_492_260.0),
    ]
    .map(|(n, sum, squares)| Moments::new(n, 350.0, sum, squares).unwrap())
}

#[test]
fn two_arms_differ_as_by_scipy() {
    let [control, treated, ..] = arms();
    let found = welch(&treated, &control, P95).unwrap();
    close(found.estimate, 67.0333160487425, 1e-13);
    close(found.statistic, 7.53987128463311, 1e-12);
    let Some(Degrees::One(degrees)) = found.degrees else { panic!("degrees") };
    close(degrees, 1013.929052582436, 1e-12);
    close(found.p, 1.0421105464547706e-13, 1e-10);
    close(found.interval.unwrap().lower, 49.58740734832109, 1e-12);
    close(found.interval.unwrap().upper, 84.47922474916392, 1e-12);
    let found = pooled(&treated, &control, P95).unwrap();
    close(found.statistic, 7.552417907837002, 1e-12);
    close(found.p, 9.250650833778298e-14, 1e-10);
    close(found.interval.unwrap().lower, 49.61714300656313, 1e-12);
    close(cohens_d(&treated, &control, P95).unwrap().estimate, 0.4652809280950242, 1e-12);
}

#[test]
fn four_arms_differ_as_by_scipy() {
    let found = anova(&arms()).unwrap();
    close(found.statistic, 19.509814296799323, 1e-12);
    close(found.p, 1.7730586585456132e-12, 1e-10);
    assert_eq!(found.degrees, Some(Degrees::Two(3.0, 2135.0)));
}

#[test]
fn differences_within_pairs_are_tested_as_by_scipy() {
    let change = Moments::new(2139, 0.0, 44_504.0, 32_915_510.0).unwrap();
    let found = change.mean_test(0.0, P95).unwrap();
    close(found.statistic, 7.8667141289340785, 1e-12);
    close(found.p, 5.730047574069876e-15, 1e-10);
    close(found.interval.unwrap().lower, 15.619310546910553, 1e-12);
    let moved = change.mean_test(5.0, P95).unwrap();
    close(moved.interval.unwrap().upper, 25.992657662533112, 1e-12);
    close(moved.estimate, change.mean(), 1e-15);
    assert!(moved.p > found.p);
}

#[test]
fn correlation_has_the_p_value_and_the_interval_of_scipy() {
    let x = Moments::new(2139, 0.0, 749_722.0, 292_838_206.0).unwrap();
    let y = Moments::new(2139, 0.0, 794_226.0, 339_627_166.0).unwrap();
    let sums = [749_722.0, 794_226.0, 299_774_931.0];
    let found = correlation(&x, &y, sums, P95).unwrap();
    close(found.estimate, 0.5835782819432496, 1e-12);
    close(found.p, 1.8061276721873817e-195, 1e-10);
    close(found.interval.unwrap().lower, 0.5549208778745073, 1e-12);
    close(found.interval.unwrap().upper, 0.6108523036405858, 1e-12);
    let itself = correlation(&x, &x, [sums[0], sums[0], 292_838_206.0], P95).unwrap();
    assert_eq!((itself.estimate, itself.p), (Some(1.0), Some(0.0)));
    let table = covariances(
        2139,
        &sums[..2],
        &[vec![292_838_206.0, sums[2]], vec![sums[2], 339_627_166.0]],
    )
    .unwrap();
    close(table[0][1], 10008.32073532171, 1e-12);
    close(table[1][1], 20919.256875847062, 1e-12);
}

#[test]
fn shape_is_that_of_scipy() {
    let powers = [45_576.0, 45_696_466.0, 7_599_686_970.0, 4_326_782_120_086.0];
    let (skewness, kurtosis) = shape(2139, powers).unwrap();
    close(skewness, 0.7298342786811395, 1e-11);
    close(kurtosis, 1.0657496200422445, 1e-11);
}

#[test]
fn what_does_not_vary_is_refused() {
    let flat = Moments::new(5, 10.0, 0.0, 0.0).unwrap();
    let one = Moments::new(1, 0.0, 3.0, 9.0).unwrap();
    assert_eq!(welch(&flat, &flat, P95), Err(Undefined::Constant("either group")));
    assert!(pooled(&flat, &flat, P95).is_err());
    assert!(welch(&flat, &one, P95).is_err());
    assert!(anova(&[flat, flat]).is_err());
    assert!(anova(&[one, one]).is_err());
    assert!(flat.mean_test(0.0, P95).is_err());
    assert!(correlation(&flat, &flat, [0.0; 3], P95).is_err());
    assert!(Moments::new(0, 0.0, 0.0, 0.0).is_err());
    assert!(Moments::new(2, 0.0, f64::NAN, 0.0).is_err());
    assert!(shape(4, [0.0; 4]).is_err());
    assert!(covariances(4, &[1.0], &[]).is_err());
}

proptest! {
    #[test]
    fn a_centre_keeps_the_variance_of_a_column_far_from_zero(
        years in proptest::collection::vec(1990i32..2020, 2..200),
    ) {
        let n = years.len() as f64;
        let off = years.iter().map(|y| f64::from(y - 2005));
        let (sum, squares) = (off.clone().sum(), off.map(|x| x * x).sum());
        let it = Moments::new(years.len() as u64, 2005.0, sum, squares).unwrap();
        let mean = years.iter().map(|y| f64::from(*y)).sum::<f64>() / n;
        let variance =
            years.iter().map(|y| (f64::from(*y) - mean).powi(2)).sum::<f64>() / (n - 1.0);
        prop_assert!((it.mean() - mean).abs() < 1e-9);
        prop_assert!((it.variance().unwrap() - variance).abs() <= 1e-10 * variance);
    }
}
