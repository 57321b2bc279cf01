//! Means and variances of random samples.

use proptest::prelude::*;
use sharewell_analytics::stats::{Divisor, Moments, mean, variance};
use sharewell_analytics::{Fallible, Overflow, Value};
use sharewell_mpc::Protocol;
use sharewell_ring::{Z64, Z128};

use crate::fraction::Fraction;
use crate::{Input, Opened, Program, everywhere, plainly, range, within};

/// One sample per cell: values, and how often each occurs.
#[derive(Clone, Debug)]
struct Samples {
    decimals: i32,
    lo: i128,
    hi: i128,
    records_max: i128,
    cells: Vec<Vec<(i128, i128)>>,
}

impl Samples {
    fn count(&self, cell: usize) -> i128 {
        self.cells[cell].iter().map(|(_, times)| times).sum()
    }

    fn power_sum(&self, cell: usize, power: u32) -> i128 {
        self.cells[cell].iter().map(|(x, times)| x.pow(power) * times).sum()
    }

    fn deviation(&self) -> i128 {
        self.lo.abs().max(self.hi.abs())
    }

    fn counts(&self) -> Input {
        let cells = (0..self.cells.len()).map(|cell| self.count(cell)).collect();
        Input { decimals: 0, lo: 0, hi: self.records_max, cells }
    }

    /// Sums of powers, with the bounds that a planner has.
    fn sums(&self, power: u32) -> Input {
        let of = |x: i128| x.pow(power) * self.records_max;
        let (lo, hi) = match power {
            1 => (of(self.lo.min(0)), of(self.hi.max(0))),
            _ => (0, of(self.deviation())),
        };
        let cells = (0..self.cells.len()).map(|cell| self.power_sum(cell, power)).collect();
        Input { decimals: self.decimals * power as i32, lo, hi, cells }
    }

    fn mean(&self, cell: usize) -> Option<Fraction> {
        let quantum = Fraction::decimal(1, self.decimals)?;
        Fraction::new(self.power_sum(cell, 1), self.count(cell))?.mul(quantum)
    }

    fn variance(&self, cell: usize) -> Option<Fraction> {
        let (n, sum) = (self.count(cell), self.power_sum(cell, 1));
        let quantum = Fraction::decimal(1, 2 * self.decimals)?;
        let spread =
            (self.power_sum(cell, 2).checked_mul(n)?).checked_sub(sum.checked_mul(sum)?)?;
        Fraction::new(spread, n * (n - 1))?.mul(quantum)
    }
}

struct Mean((i128, i128));

impl Program for Mean {
    fn run<P: Protocol>(&self, p: &mut P, mut inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        let (count, sum) = (inputs.remove(1), inputs.remove(0));
        mean(p, sum, count, self.0)
    }
}

/// Of values up to this deviation.
struct Variance(i128);

impl Program for Variance {
    fn run<P: Protocol>(&self, p: &mut P, mut inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        let (count, squares, sum) = (inputs.remove(2), inputs.remove(1), inputs.remove(0));
        variance(p, Moments { sum, squares, count, deviation: self.0 }, Divisor::Sample)
    }
}

/// The root of such a variance.
struct Deviation(i128);

impl Program for Deviation {
    fn run<P: Protocol>(&self, p: &mut P, inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        match Variance(self.0).run(p, inputs)? {
            Ok(variance) => variance.root(p),
            Err(overflow) => Ok(Err(overflow)),
        }
    }
}

type Checked = Result<Vec<Opened>, Overflow>;

fn check_mean(samples: &Samples) -> Checked {
    let inputs = [samples.sums(1), samples.counts()];
    let opened = everywhere::<Z128>(&Mean((samples.lo, samples.hi)), &inputs)?;
    let exact: Vec<_> = (0..samples.cells.len()).map(|cell| samples.mean(cell)).collect();
    for opened in &opened {
        opened.check(&exact);
    }
    Ok(opened)
}

fn check_variance(samples: &Samples) -> Checked {
    let inputs = [samples.sums(1), samples.sums(2), samples.counts()];
    let opened = everywhere::<Z128>(&Variance(samples.deviation()), &inputs)?;
    let exact: Vec<_> = (0..samples.cells.len()).map(|cell| samples.variance(cell)).collect();
    for opened in &opened {
        opened.check(&exact);
    }
    Ok(opened)
}

fn check_deviation(samples: &Samples) -> Checked {
    let inputs = [samples.sums(1), samples.sums(2), samples.counts()];
    let opened = everywhere::<Z128>(&Deviation(samples.deviation()), &inputs)?;
    for opened in &opened {
        for (cell, &raw) in opened.raw.iter().enumerate() {
            let Some(variance) = samples.variance(cell) else { continue };
            assert!((opened.lo..=opened.hi).contains(&raw), "cell {cell} of {opened:?}");
            let (got, want) = (raw as f64 * opened.unit, variance.to_f64().max(0.0).sqrt());
            let bound = opened.absolute + opened.relative * want;
            let doubles = 1e-14 * want;
            assert!((got - want).abs() <= bound + doubles, "cell {cell}: {got} {want} {bound}");
        }
    }
    Ok(opened)
}

/// Samples of one to `2^20` records, the greatest number possible among them.
fn samples(bits: u32, least: i128) -> impl Strategy<Value = Samples> {
    (range(bits), 0..4, 0..20u32).prop_flat_map(move |((lo, hi), decimals, rows)| {
        let records_max = (1i128 << rows).max(6 * least);
        let sample = prop::collection::vec((within(lo, hi), within(1, records_max / 6)), 1..=5);
        let filled = move |(mut sample, fill): (Vec<(i128, i128)>, bool)| {
            let count: i128 = sample.iter().map(|(_, times)| times).sum();
            let missing = if fill { records_max - count } else { (least - count).max(0) };
            sample[0].1 += missing;
            sample
        };
        let cell = (sample, any::<bool>()).prop_map(filled);
        prop::collection::vec(cell, 4).prop_map(move |cells| Samples {
            decimals,
            lo,
            hi,
            records_max,
            cells,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_mean_is_within_its_error_and_among_the_values(samples in samples(50, 1)) {
        let opened = check_mean(&samples).expect("50 bits of 20 bits of records fit");
        prop_assert!(opened[0].relative < 1e-12 && opened[0].absolute < 1e-6, "{:?}", opened[0]);
    }

    #[test]
    fn a_variance_is_within_its_error(samples in samples(32, 1)) {
        let opened = check_variance(&samples).expect("32 bits of 20 bits of records fit");
        prop_assert!(opened[0].relative < 1e-10, "{:?}", opened[0]);
    }

    #[test]
    fn a_standard_deviation_on_shares_is_within_its_error(samples in samples(32, 1)) {
        let opened = check_deviation(&samples).expect("32 bits of 20 bits of records fit");
        // As many bits as show in the greatest one.
        prop_assert!(opened[0].relative < 1e-7, "{:?}", opened[0]);
    }
}

fn cells(samples: &[&[(i128, i128)]], (lo, hi): (i128, i128), records_max: i128) -> Samples {
    let cells = samples.iter().map(|sample| sample.to_vec()).collect();
    Samples { decimals: 1, lo, hi, records_max, cells }
}

#[test]
fn corners_of_the_moments_are_within_their_errors() {
    let (lo, hi, n) = (-1_000_000, 1_000_000, 300_000);
    let corners: [&[(i128, i128)]; 8] = [
        &[(hi, n)],
        &[(lo, n)],
        &[(0, n)],
        &[(lo, n / 2), (hi, n / 2)],
        &[(lo, 1), (hi, 1)],
        &[(hi, 2)],
        &[(lo, 1), (hi, n - 1)],
        &[(7, 1)],
    ];
    let samples = cells(&corners, (lo, hi), n);
    check_mean(&samples).expect("fits");
    check_deviation(&samples).expect("fits");
    let opened = check_variance(&samples).expect("fits");
    // One record has no variance.
    assert_eq!(opened[0].defined.as_ref().map(|defined| defined[7]), Some(0));
    check_mean(&cells(&[&[(hi, n)], &[(hi - 1, 1)]], (hi - 1, hi), n)).expect("fits");
    check_mean(&cells(&[&[]], (lo, hi), n)).expect("an empty cell is undefined");
}

#[test]
fn the_error_of_a_variance_is_useful() {
    // Ages in tenths of an hour, centred: 3 providers of 100,000 rows.
    let n = 300_000;
    let samples = cells(&[&[(-500_000, n / 2), (500_000, n / 2)]], (-500_000, 500_000), n);
    let opened = check_variance(&samples).expect("fits").remove(1);
    let variance = samples.variance(0).expect("a sample").to_f64();
    let part = (opened.absolute + opened.relative * variance) / variance;
    assert!(part < 1e-10, "{part:e} of the variance");
    // The bound's part that follows the range is less than a thousandth of a unit.
    assert!(opened.absolute < 1e-3, "{:e}", opened.absolute);
}

#[test]
fn moments_that_need_more_than_the_ring_are_refused() {
    let one = |bits: u32, records_max| {
        let top = (1i128 << bits) - 1;
        cells(&[&[(top, 1), (0, 1)]], (-top, top), records_max)
    };
    assert!(check_variance(&one(38, 1 << 20)).is_ok());
    assert_eq!(
        check_variance(&one(40, 1 << 20)).map(drop),
        Err(Overflow { step: "variance", needs: 121, limit: 118 })
    );
    let wide = one(100, 1 << 20);
    let inputs = [wide.sums(1), wide.counts()];
    let refusal = plainly::<Z128>(&Mean((wide.lo, wide.hi)), &inputs).map(drop);
    assert_eq!(refusal, Err(Overflow { step: "divide", needs: 142, limit: 125 }));
    let small = one(20, 1 << 10);
    let inputs = [small.sums(1), small.sums(2), small.counts()];
    let refusal = plainly::<Z64>(&Variance(small.deviation()), &inputs).map(drop);
    assert_eq!(refusal, Err(Overflow { step: "variance", needs: 61, limit: 54 }));
}

/// The quotient of two means, of values in these ranges.
struct Ratio([(i128, i128); 2]);

impl Program for Ratio {
    fn run<P: Protocol>(&self, p: &mut P, mut inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        let (count, y, x) = (inputs.remove(2), inputs.remove(1), inputs.remove(0));
        let x = mean(p, x, count.clone(), self.0[0])?;
        let y = mean(p, y, count, self.0[1])?;
        match x.and_then(|x| Ok((x, y?))) {
            Ok((x, y)) => x.div(p, y),
            Err(overflow) => Ok(Err(overflow)),
        }
    }
}

#[test]
fn the_error_of_a_quotient_of_means_is_useful_if_the_divisor_stays_away_from_zero() {
    let ratio = |lo: i128| {
        let [x, y] = [(-1000, 1000), (lo, lo + 500)];
        let samples = |(lo, hi)| cells(&[&[(lo, 3), (hi, 4)], &[(lo, 70)]], (lo, hi), 100);
        let (above, below) = (samples(x), samples(y));
        let inputs = [above.sums(1), below.sums(1), above.counts()];
        let opened = everywhere::<Z128>(&Ratio([x, y]), &inputs).expect("fits");
        let exact = |cell| above.mean(cell)?.div(below.mean(cell)?);
        for opened in &opened {
            opened.check(&[exact(0), exact(1)]);
        }
        opened[0].clone()
    };
    for lo in [1, 20, 1000] {
        let opened = ratio(lo);
        assert!(opened.relative < 1e-9 && opened.absolute < 1e-6, "{opened:?}");
    }
    // A mean that may be anything above zero may be as small as its error.
    assert!(ratio(0).relative >= 1.0);
}
