//! Features of mean zero and standard deviation one.

use sharewell_analytics::models::{FARTHEST, INVERSE_BITS, feature_bits, standardise};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;

const ROWS: usize = 40;
const FEATURES: usize = 4;
const FRAC: u32 = 18;

/// A number of each record: with a mean, of small spread, with one far away, and constant.
fn feature(row: usize, at: usize) -> f64 {
    let wave = ((row * 37 + at * 11) % 101) as f64 / 101.0 - 0.5;
    match at {
        0 => 0.4 + wave,
        1 => -0.75 + wave / 64.0,
        2 => {
            if row == 3 {
                1.0
            } else {
                wave / 256.0
            }
        }
        _ => 0.3,
    }
}

fn counts(row: usize) -> bool {
    row % 5 != 4
}

fn given(scale: u32) -> Vec<i128> {
    let one = f64::from(scale).exp2();
    let x =
        (0..ROWS * FEATURES).map(|i| (feature(i / FEATURES, i % FEATURES) * one).round() as i128);
    x.chain((0..ROWS).map(|row| i128::from(counts(row)))).collect()
}

/// Opens the result, means, inverses and which vary.
fn open<P: Protocol>(p: &mut P, me: Option<usize>) -> Result<Vec<Vec<i128>>> {
    let scale = feature_bits(ROWS, FRAC);
    let mine = given(scale).into_iter().filter(|_| me.is_none_or(|me| me == 0));
    let mine: Vec<P::Ring> = mine.map(P::Ring::from_i128).collect();
    let shared = p.input(&mine, &[ROWS * (FEATURES + 1), 0, 0])?.swap_remove(0);
    let (x, counts) = sharewell_mpc::Share::split(shared, ROWS * FEATURES);
    let x = Tensor::<P>::new(x, &[ROWS, FEATURES], scale);
    let found = standardise(p, &x, &counts, FRAC)?;
    let all = [found.x.shares(), found.means.shares(), found.inverses.shares(), &found.varies];
    all.into_iter()
        .map(|of| Ok(p.reveal(of)?.into_iter().map(Integer::to_i128).collect()))
        .collect()
}

fn check(opened: &[Vec<i128>]) {
    let number = |x: i128, bits: u32| x as f64 / f64::from(bits).exp2();
    assert_eq!(opened[3], [1, 1, 1, 0], "one feature is constant");
    for j in 0..FEATURES - 1 {
        let of: Vec<f64> =
            (0..ROWS).filter(|row| counts(*row)).map(|row| feature(row, j)).collect();
        let n = of.len() as f64;
        let mean = of.iter().sum::<f64>() / n;
        let deviation = (of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let got = number(opened[1][j], feature_bits(ROWS, FRAC));
        assert!((got - mean).abs() < 3e-5, "mean {j}: {got}, not {mean}");
        let inverse = number(opened[2][j], INVERSE_BITS);
        let off = (inverse * deviation - 1.0).abs();
        assert!(off < 5e-3, "inverse {j}: {inverse}, not {}", 1.0 / deviation);
        for row in 0..ROWS {
            let z = (feature(row, j) - got) * inverse;
            let z = z.clamp(-f64::from(FARTHEST), FARTHEST.into());
            let found = number(opened[0][row * FEATURES + j], FRAC);
            assert!((found - z).abs() < 5e-3, "{row} {j}: {found}, not {z}");
        }
    }
}

#[test]
fn features_are_standardised_over_the_records_that_count() {
    check(&open(&mut Plain::<Z64>::new(1), None).unwrap());
    check(&open(&mut Plain::<Z128>::new(1), None).unwrap());
    let outcome = Sim::new(3).run(|party, entropy| {
        let me = usize::from(party.me().0);
        open(&mut Rep3::<Z64>::connect(party, &[0; 32], entropy)?, Some(me))
    });
    outcome.values().unwrap().iter().for_each(|opened| check(opened));
    let one = 1 << feature_bits(ROWS, FRAC);
    let x = vec![Interval::between(-one, one); ROWS * FEATURES];
    let all = [x, vec![Interval::between(0, 1); ROWS]].concat();
    let mut bounds = Bounds::<Z64>::new([all, vec![], vec![]]);
    open(&mut bounds, None).unwrap();
}
