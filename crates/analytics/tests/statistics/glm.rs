//! Hidden regressions against Newton's method in the clear, which is held against statsmodels.

use proptest::prelude::*;
use sharewell_analytics::clear::Result as Found;
use sharewell_analytics::clear::newton::{Maximum, maximise};
use sharewell_analytics::clear::regression::{self, At, Record};
use sharewell_analytics::glm::{self, FRAC_BITS, Family, Model, RECORD_BITS, Records};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::rep3_malicious::{self, Rep3Malicious};
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z128};
use sharewell_tensor::Tensor;

/// Integers as they are shared: what explains, responses, and offsets if there are some.
#[derive(Clone, Debug)]
struct Data {
    model: Model,
    x: Vec<i128>,
    y: Vec<i128>,
    offset: Option<Vec<i128>>,
}

/// What is opened of a fit.
#[derive(Clone, Debug, PartialEq)]
struct Opened {
    converged: bool,
    coefficients: Vec<f64>,
    covariance: Vec<f64>,
    log_likelihood: f64,
    null: f64,
    saturated: f64,
}

fn fixed(x: f64, frac_bits: u32) -> i128 {
    (x * f64::from(frac_bits).exp2()).round() as i128
}

fn number(x: i128, frac_bits: u32) -> f64 {
    x as f64 / f64::from(frac_bits).exp2()
}

impl Data {
    /// Rows of what explains without the constant, and responses; `padding` rows do not count.
    fn logistic(x: &[Vec<f64>], y: &[bool], padding: usize, steps: u32) -> Self {
        let y = y.iter().map(|y| i128::from(*y)).collect();
        Self::new(Family::Logistic, (x, y, None), padding, steps)
    }

    fn poisson(x: &[Vec<f64>], y: &[u64], time: &[f64], padding: usize) -> Self {
        let offset: Vec<i128> = time.iter().map(|time| fixed(time.ln(), FRAC_BITS)).collect();
        let ends = [offset.iter().min(), offset.iter().max()].map(|x| x.copied().unwrap_or(0));
        let most = y.iter().copied().max().unwrap_or(0).max(1);
        let family = Family::Poisson { most, offsets: (ends[0], ends[1]) };
        let y = y.iter().map(|y| i128::from(*y)).collect();
        Self::new(family, (x, y, Some(offset)), padding, 8)
    }

    fn new(
        family: Family,
        (x, mut y, mut offset): (&[Vec<f64>], Vec<i128>, Option<Vec<i128>>),
        padding: usize,
        steps: u32,
    ) -> Self {
        let (rows, columns) = (x.len() + padding, x[0].len() + 1);
        let row = |x: &Vec<f64>| {
            let rest = x.iter().map(|x| fixed(*x, RECORD_BITS)).collect::<Vec<_>>();
            [vec![1 << RECORD_BITS], rest].concat()
        };
        let mut all: Vec<i128> = x.iter().flat_map(row).collect();
        all.resize(rows * columns, 0);
        y.resize(rows, 0);
        if let Some(offset) = &mut offset {
            offset.resize(rows, 0);
        }
        let ridge = vec![0.0; columns];
        Self { model: Model { family, rows, columns, steps, ridge }, x: all, y, offset }
    }

    /// The inputs one after the other, and what is promised of each.
    fn inputs(&self) -> Vec<(&[i128], (i128, i128))> {
        let one = 1 << RECORD_BITS;
        let (most, offsets) = match self.model.family {
            Family::Logistic => (1, (0, 0)),
            Family::Poisson { most, offsets } => (most.into(), offsets),
        };
        let offset = self.offset.iter().map(|x| (&x[..], (offsets.0.min(0), offsets.1.max(0))));
        [(&self.x[..], (-one, one)), (&self.y[..], (0, most))].into_iter().chain(offset).collect()
    }

    fn open<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<Vec<i128>>> {
        let mut shared = vec![];
        for (giver, (values, _)) in self.inputs().into_iter().enumerate() {
            let known = me.is_none_or(|me| me == giver);
            let mine: Vec<P::Ring> =
                values.iter().filter(|_| known).map(|x| P::Ring::from_i128(*x)).collect();
            let mut lens = [0; 3];
            lens[giver] = values.len();
            shared.push(p.input(&mine, &lens)?.swap_remove(giver));
        }
        let Model { rows, columns, .. } = self.model;
        let mut shared = shared.into_iter();
        let mut tensor = |shape: &[usize], scale| {
            shared.next().map(|shares| Tensor::<P>::new(shares, shape, scale))
        };
        let x = tensor(&[rows, columns], RECORD_BITS).expect("what explains");
        let y = tensor(&[rows], 0).expect("responses");
        let offset = tensor(&[rows], FRAC_BITS);
        let records = Records { x: &x, y: &y, offset: offset.as_ref() };
        let fit = glm::fit(p, &records, &self.model)?;
        let mut open = |x: &P::AShare| -> Result<Vec<i128>> {
            Ok(p.reveal(x)?.into_iter().map(Integer::to_i128).collect())
        };
        let heights = [&fit.log_likelihood, &fit.null_log_likelihood, &fit.saturated];
        let scales = [&fit.covariance].into_iter().chain(heights);
        Ok(vec![
            open(&fit.converged)?,
            open(fit.coefficients.shares())?,
            open(fit.covariance.shares())?,
            open(fit.log_likelihood.shares())?,
            open(fit.null_log_likelihood.shares())?,
            open(fit.saturated.shares())?,
            scales.map(|x| i128::from(x.frac_bits())).collect(),
        ])
    }

    /// In the clear.
    fn plainly(&self) -> Opened {
        opened(&self.open(&mut Plain::<Z128>::new(1), None).expect("no links"))
    }

    /// Newton's method in the clear, on the same numbers.
    fn reference(&self) -> Found<Maximum> {
        let columns = self.model.columns;
        let record = |i: usize| Record {
            response: self.y[i] as f64,
            time: self.offset.as_ref().map_or(0.0, |offset| number(offset[i], FRAC_BITS)),
            x: self.x[i * columns..][..columns].iter().map(|x| number(*x, RECORD_BITS)).collect(),
        };
        let all = (0..self.model.rows).filter(|i| self.x[i * columns] != 0);
        let records: Vec<Record> = all.map(record).collect();
        let family = match self.model.family {
            Family::Logistic => regression::Family::Logistic,
            Family::Poisson { .. } => regression::Family::Poisson,
        };
        let events = records.iter().map(|record| record.response).sum();
        let time = records.iter().map(|record| record.time.exp()).sum();
        let start = family.start(records.len() as f64, events, time, columns)?;
        maximise(&start, |at| -> Found<_> {
            let mut slope = family.slope(&family.sums(&records, &At::new(at)), &At::new(at)).0;
            for (j, ridge) in self.model.ridge.iter().enumerate() {
                slope.log_likelihood -= ridge * at[j] * at[j] / 2.0;
                slope.gradient[j] -= ridge * at[j];
                slope.information[j][j] += ridge;
            }
            Ok(slope)
        })
    }

    /// What is left out of the log-likelihood of counts, and what of the ridge's.
    fn without(&self, found: &Maximum) -> f64 {
        let factorial = |y: &i128| (1..=*y).map(|k| (k as f64).ln()).sum::<f64>();
        let ridge = self.model.ridge.iter().zip(&found.coefficients);
        found.log_likelihood
            + self.y.iter().map(factorial).sum::<f64>()
            + ridge.map(|(ridge, b)| ridge * b * b / 2.0).sum::<f64>()
    }
}

fn opened(raw: &[Vec<i128>]) -> Opened {
    let numbers = |at: usize, scale: i128| -> Vec<f64> {
        raw[at].iter().map(|x| number(*x, scale as u32)).collect()
    };
    Opened {
        converged: raw[0] == [1],
        coefficients: numbers(1, FRAC_BITS.into()),
        covariance: numbers(2, raw[6][0]),
        log_likelihood: numbers(3, raw[6][1])[0],
        null: numbers(4, raw[6][2])[0],
        saturated: numbers(5, raw[6][3])[0],
    }
}

/// Coefficients to so many parts of their standard errors, these to so many of their own.
fn agrees(data: &Data, fit: &Opened, tolerance: f64) {
    let found = data.reference().expect("a maximum");
    assert!(fit.converged, "{found:?}");
    let columns = data.model.columns;
    for j in 0..columns {
        let error = found.covariance[j][j].sqrt();
        let gap = (fit.coefficients[j] - found.coefficients[j]).abs() / error;
        assert!(gap < tolerance, "coefficient {j} is off by {gap:e} of its error {error}");
        for k in 0..columns {
            let scale = error * found.covariance[k][k].sqrt();
            let gap = (fit.covariance[j * columns + k] - found.covariance[j][k]).abs() / scale;
            assert!(gap < tolerance, "covariance {j} {k} is off by {gap:e} of {scale}");
        }
    }
    let (height, rows) = (data.without(&found), data.model.rows as f64);
    let gap = (fit.log_likelihood - height).abs() / rows;
    assert!(gap < tolerance, "log-likelihood {} for {height}", fit.log_likelihood);
    let of_count = |y: &i128| if *y > 1 { *y as f64 * (*y as f64).ln() } else { 0.0 } - *y as f64;
    let saturated = match data.model.family {
        Family::Logistic => 0.0,
        Family::Poisson { .. } => data.y.iter().map(of_count).sum(),
    };
    assert!((fit.saturated - saturated).abs() / rows < tolerance, "{fit:?}: {saturated}");
}

/// Numbers from 0 to 1 that look random.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Records whose responses follow a model of these coefficients.
fn drawn(seed: u64, rows: usize, coefficients: &[f64], padding: usize) -> Data {
    let mut next = noise(seed);
    let columns = coefficients.len() - 1;
    let x: Vec<Vec<f64>> =
        (0..rows).map(|_| (0..columns).map(|_| 2.0 * next() - 1.0).collect()).collect();
    let argument = |x: &Vec<f64>| -> f64 {
        coefficients[0] + x.iter().zip(&coefficients[1..]).map(|(x, b)| x * b).sum::<f64>()
    };
    let y: Vec<bool> = x.iter().map(|x| next() < 1.0 / (1.0 + (-argument(x)).exp())).collect();
    Data::logistic(&x, &y, padding, 8)
}

fn counts(seed: u64, rows: usize, coefficients: &[f64], padding: usize) -> Data {
    let mut next = noise(seed);
    let columns = coefficients.len() - 1;
    let x: Vec<Vec<f64>> =
        (0..rows).map(|_| (0..columns).map(|_| 2.0 * next() - 1.0).collect()).collect();
    let time: Vec<f64> = (0..rows).map(|_| 5.0 + 200.0 * next()).collect();
    let mut count = |x: &Vec<f64>, time: f64| {
        let argument: f64 = x.iter().zip(&coefficients[1..]).map(|(x, b)| x * b).sum();
        let mean = (coefficients[0] + argument).exp() * time;
        let (mut left, mut y) = (next().ln(), 0);
        while left > -mean {
            left += next().ln();
            y += 1;
        }
        y
    };
    let y: Vec<u64> = x.iter().zip(&time).map(|(x, time)| count(x, *time)).collect();
    Data::poisson(&x, &y, &time, padding)
}

#[test]
fn a_logistic_fit_is_that_in_the_clear() {
    for (seed, rows, coefficients) in
        [(1, 40, &[-0.3, 0.8][..]), (2, 400, &[0.5, -1.0, 0.4, 2.0, 0.0]), (3, 3000, &[-4.0, 1.5])]
    {
        let data = drawn(seed, rows, coefficients, 7);
        agrees(&data, &data.plainly(), 1e-7);
    }
}

#[test]
fn a_poisson_fit_with_exposures_is_that_in_the_clear() {
    for (seed, rows, coefficients) in
        [(1, 30, &[-3.0, 0.8][..]), (2, 300, &[-1.0, -1.0, 0.4, 1.0]), (3, 2000, &[-8.0, 1.5])]
    {
        let data = counts(seed, rows, coefficients, 5);
        agrees(&data, &data.plainly(), 1e-7);
    }
}

#[test]
fn a_ridge_is_taken_off_the_likelihood() {
    for mut data in [drawn(4, 60, &[0.3, 1.0, -0.5], 3), counts(4, 60, &[-2.0, 1.0, -0.5], 3)] {
        data.model.ridge = vec![0.0, 2.5, 1000.0];
        let free =
            Data { model: Model { ridge: vec![0.0; 3], ..data.model.clone() }, ..data.clone() };
        let [shrunk, free] = [&data, &free].map(Data::plainly);
        agrees(&data, &shrunk, 1e-7);
        assert!(shrunk.coefficients[2].abs() < 0.5 * free.coefficients[2].abs());
    }
}

#[test]
fn the_null_log_likelihood_is_that_of_a_constant_alone() {
    for data in [drawn(5, 200, &[-1.0, 2.0], 3), counts(5, 50, &[-3.0, 1.0], 3)] {
        let columns = data.model.columns;
        let x = data.x.chunks(columns).map(|row| row[0]).collect();
        let model = Model { columns: 1, ridge: vec![0.0], ..data.model.clone() };
        let constant = Data { model, x, ..data.clone() };
        let (fit, null) = (data.plainly(), constant.plainly());
        assert!(fit.converged && null.converged && fit.log_likelihood > null.log_likelihood);
        assert!((fit.null - null.log_likelihood).abs() < 1e-7 * data.model.rows as f64);
        agrees(&constant, &null, 1e-7);
    }
}

#[test]
fn a_small_group_with_far_more_events_than_all_others_is_reached() {
    let x: Vec<Vec<f64>> = (0..2000).map(|i| vec![if i < 40 { 1.0 } else { -1.0 }]).collect();
    let y: Vec<bool> = (0..2000).map(|i| if i < 40 { i % 3 > 0 } else { i % 400 == 0 }).collect();
    let data = Data::logistic(&x, &y, 0, 8);
    agrees(&data, &data.plainly(), 1e-7);
    let y: Vec<u64> =
        y.iter().enumerate().map(|(i, y)| u64::from(*y) * (1 + i as u64 % 4)).collect();
    let data = Data::poisson(&x, &y, &vec![1.0; 2000], 0);
    agrees(&data, &data.plainly(), 1e-7);
}

#[test]
fn a_column_far_from_its_centre_and_narrow_is_as_good() {
    let mut next = noise(6);
    let x: Vec<Vec<f64>> = (0..500).map(|_| vec![-0.99 + next() / 100.0, next()]).collect();
    let y: Vec<bool> = x.iter().map(|x| (x[0] + 0.985) * 300.0 + next() > 0.5).collect();
    let data = Data::logistic(&x, &y, 0, 10);
    let fit = data.plainly();
    assert!(fit.coefficients[1] > 100.0, "{fit:?}");
    agrees(&data, &fit, 1e-6);
}

#[test]
fn what_has_no_maximum_is_flagged_whatever_the_number_of_steps() {
    let x: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i % 20) / 20.0 - 0.4]).collect();
    let positive: Vec<bool> = x.iter().map(|x| x[0] > 0.0).collect();
    let twice: Vec<Vec<f64>> = x.iter().map(|x| vec![x[0], x[0]]).collect();
    let constant: Vec<Vec<f64>> = x.iter().map(|x| vec![x[0], 0.3]).collect();
    let mixed: Vec<bool> = (0..40).map(|i| i % 7 < 3).collect();
    let group: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(u8::from(i < 20))]).collect();
    let only: Vec<bool> = (0..40).map(|i| i < 20 && i % 2 == 0).collect();
    for steps in [1, 8, 14, 25, 40] {
        for (what, x, y) in [
            ("complete separation", &x, &positive),
            ("a group without events", &group, &only),
            ("a column twice", &twice, &mixed),
            ("a column that does not vary", &constant, &mixed),
            ("no event", &x, &vec![false; 40]),
            ("no other", &x, &vec![true; 40]),
        ] {
            let fit = Data::logistic(x, y, 3, steps).plainly();
            assert!(!fit.converged, "{what} in {steps} steps: {fit:?}");
        }
    }
}

#[test]
fn too_few_steps_are_flagged_and_enough_are_not() {
    let converged = |steps: u32| {
        let mut data = drawn(7, 300, &[0.5, 2.0, -1.0], 0);
        data.model.steps = steps;
        data.plainly().converged
    };
    assert_eq!([0, 1, 2, 6, 8, 20].map(converged), [false, false, false, true, true, true]);
}

/// A fit by a protocol: all parties open the same, at the price quoted.
fn jointly<P: Protocol<Ring = Z128>>(
    data: &Data,
    card: &'static sharewell_mpc::Card,
    connect: fn(sharewell_mpc::Party, &[u8; 32], sharewell_mpc::Entropy) -> Result<P>,
) -> Opened {
    let mut tally = Tally::<Z128>::new(card, 3);
    data.open(&mut tally, None).expect("no links");
    let outcome = Sim::new(3).run(|party, entropy| {
        let me = usize::from(party.me().0);
        data.open(&mut connect(party, &[0; 32], entropy)?, Some(me))
    });
    assert_eq!(outcome.cost.messages, tally.tallied(), "the price");
    let all = outcome.values().expect("honest links");
    assert!(all.iter().all(|raw| *raw == all[0]));
    opened(&all[0])
}

#[test]
fn three_parties_find_the_same_at_the_price_quoted_and_within_proven_ranges() {
    for data in [drawn(8, 50, &[0.5, -1.0, 1.0], 4), counts(8, 40, &[-3.0, 1.0], 2)] {
        for fit in [
            jointly(&data, &rep3::CARD, Rep3::connect),
            jointly(&data, &rep3_malicious::CARD, Rep3Malicious::connect),
        ] {
            agrees(&data, &fit, 1e-7);
        }
        let ranges = data.inputs().into_iter().enumerate().map(|(giver, (values, (lo, hi)))| {
            let mut givers = vec![vec![]; 3];
            givers[giver] = vec![Interval::between(lo, hi); values.len()];
            givers
        });
        let ranges: Vec<Vec<Interval>> = ranges.flatten().collect();
        let mut bounds = Bounds::<Z128>::new(ranges);
        data.open(&mut bounds, None).expect("nothing overflows");
        let raw = data.open(&mut Plain::<Z128>::new(1), None).expect("no links");
        for (value, interval) in raw[..6].iter().flatten().zip(bounds.outputs()) {
            let range = interval.lo.expect("a bound")..=interval.hi.expect("a bound");
            assert!(range.contains(value), "{value} outside {interval}");
        }
    }
}

#[test]
fn a_model_that_no_ring_holds_is_refused() {
    let model = |rows: usize, ridge: &[f64], family: Family| {
        let model = Model { family, rows, columns: ridge.len(), steps: 8, ridge: ridge.to_vec() };
        assert!(!model.fits(64));
        model.fits(128)
    };
    let poisson = |most: u64, offsets: (i128, i128)| Family::Poisson { most, offsets };
    let wide = (-1 << 44, 1 << 44);
    assert!(model(20, &[0.0; 2], Family::Logistic));
    assert!(model(1_000_000, &[0.0; 32], Family::Logistic));
    assert!(model(1_000_000, &[0.0; 32], poisson(1000, wide)));
    assert!(!model(20, &[0.0; 33], Family::Logistic));
    assert!(!model(20, &[0.0, f64::NAN], Family::Logistic));
    assert!(!model(20, &[], Family::Logistic));
    assert!(!model(0, &[0.0], Family::Logistic));
    assert!(!model(1_000_000, &[0.0; 2], poisson(1 << 29, wide)));
    assert!(!model(20, &[0.0; 2], poisson(3, (0, 1 << 48))));
    assert!(drawn(9, 20, &[0.0, 0.0], 0).model.mean_error(128) < 5e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_fit_is_that_in_the_clear_or_is_flagged(
        seed in any::<u64>(),
        rows in 10usize..300,
        padding in 0usize..50,
        coefficients in prop::collection::vec(-2.0..2.0, 1..5),
        logistic in any::<bool>(),
    ) {
        let mut coefficients = coefficients;
        let data = if logistic {
            drawn(seed, rows, &coefficients, padding)
        } else {
            coefficients[0] -= 3.0;
            counts(seed, rows, &coefficients, padding)
        };
        let fit = data.plainly();
        match data.reference() {
            Ok(_) if fit.converged => agrees(&data, &fit, 1e-6),
            // Eight steps can be too few, at the edge of separation.
            Ok(found) => {
                let far = found.coefficients.iter().any(|b| b.abs() > 4.0);
                prop_assert!(far, "{found:?}");
            }
            Err(why) => prop_assert!(!fit.converged, "{why:?}"),
        }
    }
}
