//! Against scipy 1.17.1 on the records; permutations where there are ties.

use super::*;
use crate::clear::close;

/// Values and the counts of each arm.
fn arms() -> (Vec<u64>, [Vec<u64>; 4]) {
    let text = include_str!("../../../tests/data/actg175_cd420_by_arm.csv");
    let rows: Vec<Vec<u64>> = text
        .lines()
        .skip(2)
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    let column = |j: usize| rows.iter().map(|row| row[j]).collect();
    (column(0), [1, 2, 3, 4].map(column))
}

fn histogram(values: &[usize]) -> Vec<u64> {
    let mut counts = vec![0; 24];
    values.iter().for_each(|v| counts[*v] += 1);
    counts
}

#[test]
fn quantiles_of_the_trial_are_those_of_numpy() {
    let (values, arms) = arms();
    let all: Vec<u64> = (0..values.len()).map(|i| arms.iter().map(|a| a[i]).sum()).collect();
    for (probability, value) in
        [(0.0, 49), (0.05, 163), (0.25, 269), (0.5, 353), (0.75, 460), (0.95, 619), (1.0, 1119)]
    {
        assert_eq!(values[quantile(&all, probability).unwrap()], value);
    }
    assert_eq!(quantile(&[1; 20], 0.15), Ok(2));
    assert_eq!(quantile(&[0, 3, 0, 1], 0.75), Ok(1));
    assert!(quantile(&[0, 0], 0.5).is_err());
    assert!(quantile(&[1], f64::NAN).is_err());
}

#[test]
fn two_arms_are_ranked_as_by_scipy() {
    let (_, [control, treated, ..]) = arms();
    let found = mann_whitney(&treated, &control, true).unwrap();
    assert_eq!(found.statistic, Some(172815.5));
    close(found.estimate, 0.6223010831676893, 1e-14);
    close(found.p, 6.261362779005809e-12, 1e-10);
    close(mann_whitney(&treated, &control, false).unwrap().p, 6.256920590757509e-12, 1e-10);
    let steps = kolmogorov_smirnov(&treated, &control).unwrap();
    close(steps.statistic, 0.19697951775991704, 1e-14);
    close(steps.p, 2.6383753741055674e-9, 1e-10);
    let exact = kolmogorov_smirnov_exact(&treated, &control).unwrap().p.unwrap();
    assert!(exact < 1.9495127604187864e-9 && exact > 1e-9, "{exact:e}");
}

#[test]
fn four_arms_are_ranked_as_by_scipy() {
    let (_, arms) = arms();
    let groups: Vec<&[u64]> = arms.iter().map(Vec::as_slice).collect();
    let found = kruskal_wallis(&groups).unwrap();
    close(found.statistic, 49.03566519223331, 1e-11);
    close(found.p, 1.2818497351061152e-10, 1e-10);
}

#[test]
fn small_groups_with_ties_are_ranked_as_by_scipy() {
    let x = histogram(&[1, 2, 2, 3, 3, 3, 5]);
    let y = histogram(&[3, 3, 4, 4, 5, 5, 5, 6]);
    close(mann_whitney(&x, &y, true).unwrap().p, 0.023544998657247497, 1e-12);
    close(mann_whitney(&x, &y, false).unwrap().p, 0.020122007274682642, 1e-12);
    let found = kruskal_wallis(&[&x, &y, &histogram(&[1, 1, 4, 6])]).unwrap();
    close(found.statistic, 4.582110389610383, 1e-12);
    close(found.p, 0.10115966236643678, 1e-12);
    close(mann_whitney(&[400, 0], &[0, 500], true).unwrap().p, 1.62615959311437e-197, 1e-10);
}

#[test]
fn kolmogorovs_distribution_is_that_of_scipy() {
    for (x, p) in [
        (0.3, 0.9999906941986655),
        (0.5, 0.9639452436648751),
        (1.0, 0.26999967167735456),
        (1.3, 0.06809222184476636),
        (3.0, 3.045995948942526e-8),
        (15.0, 7.387766136974512e-196),
    ] {
        close(kolmogorov(x), p, 1e-11);
    }
}

#[test]
fn exact_steps_are_those_of_scipy_and_of_all_permutations() {
    let p = |x: &[usize], y: &[usize]| {
        kolmogorov_smirnov_exact(&histogram(x), &histogram(y)).unwrap().p
    };
    let y = [2, 3, 6, 7, 8, 10, 11, 14, 15, 16];
    close(p(&[1, 4, 5, 9, 12, 13], &y), 0.8354145854145854, 1e-13);
    close(p(&[1, 1, 2, 3], &[2, 2, 4, 4, 5]), 1.0 / 6.0, 1e-13);
    close(p(&[1, 1, 2, 2], &[2, 3, 4, 4, 5]), 1.0 / 21.0, 1e-13);
    let apart = kolmogorov_smirnov_exact(&[12, 0], &[0, 15]).unwrap();
    close(apart.p, 1.0 / 17_383_860.0, 1e-12);
    let (low, high): (Vec<_>, Vec<_>) = ((0..10).collect(), (10..22).collect());
    close(p(&low, &high), 2.0 / 646_646.0, 1e-12);
    assert_eq!(kolmogorov_smirnov_exact(&[3], &[4]).unwrap().p, Some(1.0));
    assert!(kolmogorov_smirnov_exact(&[1 << 20], &[1 << 20]).is_err());
}

#[test]
fn what_is_empty_or_tied_throughout_is_refused() {
    assert!(mann_whitney(&[3], &[4], true).is_err());
    assert!(mann_whitney(&[3, 0], &[0, 0], true).is_err());
    assert!(mann_whitney(&[3, 1], &[1], true).is_err());
    assert!(kruskal_wallis(&[&[3], &[4]]).is_err());
    assert!(kruskal_wallis(&[&[3, 1]]).is_err());
    assert!(kolmogorov_smirnov(&[u64::MAX, 1], &[1, 1]).is_err());
    assert_eq!(stability_index(&[5, 3], &[5, 3]), Ok(0.0));
    let (p, q): (f64, f64) = (5.5 / 9.0, 1.5 / 9.0);
    let two = (p - q) * (p / q).ln() + (q - p) * ((1.0 - p) / (1.0 - q)).ln();
    close(stability_index(&[5, 3], &[1, 7]).unwrap(), two, 1e-13);
}
