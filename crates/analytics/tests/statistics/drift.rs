//! Indices of drift beside their formulas in the clear.

use proptest::prelude::*;
use sharewell_analytics::drift::{Sample, kolmogorov_smirnov, population_stability};
use sharewell_analytics::{Fallible, Overflow, Value};
use sharewell_mpc::{Protocol, Share};
use sharewell_ring::{Z64, Z128};

use crate::{Input, Opened, Program, everywhere, plainly};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    KolmogorovSmirnov,
    PopulationStability,
}

/// An index of two samples, each its cumulative counts and its number of values; or, with a limit
/// in hundredths, whether it is within that.
struct Drift(Of, Option<i128>);

impl Program for Drift {
    fn run<P: Protocol>(&self, p: &mut P, inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        let sample = |input: &Value<P>| {
            let counts = input.raw.shares();
            let (below, count) = counts.clone().split(counts.len() - 1);
            Sample { below, count, count_max: input.hi as u64 }
        };
        let [a, b] = [sample(&inputs[0]), sample(&inputs[1])];
        let index = match self.0 {
            Of::KolmogorovSmirnov => kolmogorov_smirnov(p, &a, &b)?,
            Of::PopulationStability => population_stability(p, &a, &b)?,
        };
        match (index, self.1) {
            (Err(overflow), _) => Ok(Err(overflow)),
            (Ok(index), None) => index.value(p),
            (Ok(index), Some(limit)) => index.is_within(p, limit, 2),
        }
    }
}

fn cumulative(bins: &[u32]) -> Vec<i128> {
    let mut total = 0;
    bins.iter()
        .map(|&count| {
            total += i128::from(count);
            total
        })
        .collect()
}

fn inputs(bins: &[Vec<u32>; 2], most: i128) -> Vec<Input> {
    bins.iter()
        .map(|bins| Input { decimals: 0, lo: 0, hi: most, cells: cumulative(bins) })
        .collect()
}

/// As numpy and scipy calculate them of the bins; `None` of an empty sample.
fn reference(of: Of, [a, b]: &[Vec<u32>; 2]) -> Option<f64> {
    let n = [a, b].map(|bins| f64::from(bins.iter().sum::<u32>()));
    match of {
        Of::KolmogorovSmirnov => {
            let gap = |(x, y): (&i128, &i128)| (*x as f64 / n[0] - *y as f64 / n[1]).abs();
            let gaps = cumulative(a).iter().zip(&cumulative(b)).map(gap).fold(0.0, f64::max);
            (n[0] > 0.0 && n[1] > 0.0).then_some(gaps)
        }
        Of::PopulationStability => {
            let half = a.len() as f64 / 2.0;
            let term = |(x, y): (&u32, &u32)| {
                let p = (f64::from(*x) + 0.5) / (n[0] + half);
                let q = (f64::from(*y) + 0.5) / (n[1] + half);
                (p - q) * (p / q).ln()
            };
            Some(a.iter().zip(b).map(term).sum())
        }
    }
}

fn check(opened: &Opened, want: Option<f64>, of: Of) {
    assert_eq!(opened.defined.as_ref().is_none_or(|defined| defined == &[1]), want.is_some());
    let Some(want) = want else { return };
    let got = opened.raw[0] as f64 * opened.unit;
    let bound = opened.absolute + opened.relative * want + 1e-12;
    assert!((got - want).abs() <= bound, "{of:?}: {got}, not {want}, within {bound:e}");
    assert!(bound < 1e-4, "{of:?}: a bound of {bound:e} says nothing");
    assert!((opened.lo..=opened.hi).contains(&opened.raw[0]), "{opened:?}");
}

fn samples() -> impl Strategy<Value = [Vec<u32>; 2]> {
    let count = prop_oneof![4 => 0u32..300, 1 => Just(0)];
    (2..9usize).prop_flat_map(move |bins| {
        let side = prop_oneof![
            6 => prop::collection::vec(count.clone(), bins),
            1 => Just(vec![0; bins]),
        ];
        [side.clone(), side]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_index_of_drift_is_within_its_stated_error(bins in samples()) {
        for of in [Of::KolmogorovSmirnov, Of::PopulationStability] {
            let opened = plainly::<Z128>(&Drift(of, None), &inputs(&bins, 3_000)).expect("it fits");
            check(&opened, reference(of, &bins), of);
        }
    }

    #[test]
    fn the_verdict_is_that_of_the_index(bins in samples(), limit in 0i128..200) {
        for of in [Of::KolmogorovSmirnov, Of::PopulationStability] {
            let want = reference(of, &bins).unwrap_or(0.0);
            let limit_is = limit as f64 / 100.0;
            prop_assume!((want - limit_is).abs() > 1e-4);
            let drift = Drift(of, Some(limit));
            let opened = plainly::<Z128>(&drift, &inputs(&bins, 3_000)).expect("it fits");
            prop_assert_eq!(opened.raw[0], i128::from(want <= limit_is), "{:?} {}", of, want);
        }
    }
}

#[test]
fn three_parties_calculate_what_one_does() {
    let bins = [vec![8, 0, 30, 4], vec![100, 3, 25, 0]];
    for of in [Of::KolmogorovSmirnov, Of::PopulationStability] {
        for opened in everywhere::<Z128>(&Drift(of, None), &inputs(&bins, 200)).expect("it fits") {
            check(&opened, reference(of, &bins), of);
        }
        for (limit, within) in [(1, 0), (300, 1)] {
            let drift = Drift(of, Some(limit));
            for opened in everywhere::<Z128>(&drift, &inputs(&bins, 200)).expect("it fits") {
                assert_eq!(opened.raw, [within], "{of:?}");
            }
        }
    }
    let drift = Drift(Of::KolmogorovSmirnov, Some(50));
    assert_eq!(plainly::<Z64>(&drift, &inputs(&bins, 200)).expect("it fits").raw, [0]);
}

#[test]
fn a_limit_that_is_met_exactly_is_kept() {
    // 1/4 and 3/4 of the values lie below the edge.
    let bins = [vec![1, 3], vec![3, 1]];
    for (limit, within) in [(49, 0), (50, 1)] {
        let drift = Drift(Of::KolmogorovSmirnov, Some(limit));
        assert_eq!(plainly::<Z64>(&drift, &inputs(&bins, 9)).expect("it fits").raw, [within]);
    }
}

#[test]
fn what_the_ring_cannot_hold_is_refused() {
    let bins = [vec![1, 3], vec![3, 1]];
    let refused = |of, most| -> Overflow {
        plainly::<Z64>(&Drift(of, Some(10)), &inputs(&bins, most)).expect_err("too large")
    };
    assert_eq!(refused(Of::KolmogorovSmirnov, 1 << 40).step, "drift");
    assert_eq!(refused(Of::PopulationStability, 1 << 20).step, "drift");
}
