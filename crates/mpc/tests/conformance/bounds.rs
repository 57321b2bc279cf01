//! What `Bounds` proves is true, and what it cannot prove it refuses.

use proptest::prelude::*;
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Arithmetic, Error, Protocol, Result, circuit};
use sharewell_ring::{Integer, Z32, Z64, Z128};

use crate::program::{Op, Program};
use crate::random::{Recipe, cook, recipe};

/// The exact reals that an arithmetic program stands for, or nothing if it does more.
fn exact<R: Integer>(program: &Program<R>) -> Option<Vec<Vec<f64>>> {
    let real = |x: &R| x.to_i128() as f64;
    let mut x: Vec<Vec<f64>> =
        program.inputs.iter().map(|x| x.iter().map(real).collect()).collect();
    let zip = |a: &[f64], b: &[f64], op: fn(f64, f64) -> f64| -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| op(*a, *b)).collect()
    };
    let shifted = |x: &[f64], by: u32| x.iter().map(|x| x / 2f64.powi(by as i32)).collect();
    for op in &program.ops {
        let z = match op {
            Op::Public(values) => values.iter().map(real).collect(),
            Op::Add(i, j) => zip(&x[*i], &x[*j], |a, b| a + b),
            Op::Sub(i, j) => zip(&x[*i], &x[*j], |a, b| a - b),
            Op::Mul(i, j) => zip(&x[*i], &x[*j], |a, b| a * b),
            Op::Scale(i, by) => x[*i].iter().map(|x| x * real(&by[0])).collect(),
            Op::Dot(i, j, 1) => vec![zip(&x[*i], &x[*j], |a, b| a * b).iter().sum()],
            Op::Trunc(i, by) | Op::TruncExact(i, by) => shifted(&x[*i], *by),
            Op::MulTrunc(i, j, by) => shifted(&zip(&x[*i], &x[*j], |a, b| a * b), *by),
            _ => return None,
        };
        x.push(z);
    }
    Some(x)
}

/// Only operations that `exact` knows.
fn arithmetic() -> impl Strategy<Value = Recipe> {
    let kinds = prop::sample::select(vec![0u8, 1, 2, 7, 9, 11, 12, 13, 16]);
    let choices = prop::collection::vec((kinds, any::<[u8; 3]>()), 1..=8);
    let bits = prop::sample::select(vec![2u32, 9, 14]);
    (choices, 1usize..6, bits, any::<u64>()).prop_map(|(choices, len, bits, seed)| {
        let choices = choices.into_iter().map(|(kind, [a, b, c])| [kind, a, b, c]).collect();
        Recipe { choices, len, bits, seed }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_reference_result_lies_in_the_proved_interval(recipe in recipe(Z64::BITS)) {
        let (program, intervals) = cook::<Z64>(&recipe);
        let opened = program.open(&mut Plain::new(1), &program.all_inputs()).unwrap();
        for (value, bound) in opened.ints.concat().into_iter().zip(intervals) {
            let (lo, hi) = (bound.lo.unwrap(), bound.hi.unwrap());
            prop_assert!((lo..=hi).contains(&value.to_i128()), "{value:?} outside {bound}");
        }
    }

    #[test]
    fn the_reference_result_is_within_the_proved_error_of_the_exact_one(recipe in arithmetic()) {
        let (program, intervals) = cook::<Z64>(&recipe);
        let exact = exact(&program).expect("arithmetic only").concat();
        let opened = program.open(&mut Plain::new(1), &program.all_inputs()).unwrap();
        for ((value, exact), bound) in opened.ints.concat().into_iter().zip(exact).zip(intervals) {
            let difference = (value.to_i128() as f64 - exact).abs();
            // The reals here are themselves rounded to 53 bits.
            let slack = exact.abs() * 1e-12;
            prop_assert!(difference <= bound.error + slack, "{value:?}, {exact}, {bound:?}");
        }
    }
}

/// What becomes of one operation on inputs in these ranges.
fn verdict<R: Integer>(ranges: [(i128, i128); 2], ops: &[Op<R>]) -> Result<Vec<Interval>> {
    let inputs = ranges.map(|(lo, hi)| vec![Interval::between(lo, hi)]);
    let mut bounds = Bounds::<R>::new(inputs);
    let program = Program { inputs: vec![vec![R::ZERO]; 2], ops: ops.to_vec() };
    program.open(&mut bounds, &[])?;
    Ok(bounds.outputs().to_vec())
}

fn is_refused<R: Integer>(step: &str, ranges: [(i128, i128); 2], ops: &[Op<R>]) -> bool {
    matches!(verdict(ranges, ops), Err(Error::Overflow { step: s, .. }) if s == step)
}

fn at_the_limits<R: Integer>() {
    let top = |bits: u32| i128::MAX >> (128 - bits);
    let bottom = |bits: u32| i128::MIN >> (128 - bits);
    let whole = (bottom(R::BITS), top(R::BITS));
    let fits = (bottom(R::BITS - 1), top(R::BITS - 1));
    let beyond = (0, top(R::BITS - 1) + 1);
    let one = (-1, 1);

    assert!(verdict::<R>([whole, whole], &[]).is_ok());
    assert!(is_refused::<R>("open", [whole, one], &[Op::Add(0, 1)]));
    assert!(verdict::<R>([fits, fits], &[Op::Add(0, 1)]).is_ok());

    let by = R::BITS / 3;
    assert!(verdict::<R>([fits, one], &[Op::Trunc(0, by), Op::TruncExact(0, by)]).is_ok());
    assert!(is_refused::<R>("trunc", [beyond, one], &[Op::Trunc(0, by)]));
    assert!(is_refused::<R>("trunc", [beyond, one], &[Op::TruncExact(0, by)]));
    let half = 1 << (R::BITS / 2 - 1);
    let product = [(-half, half), (1 - half, half)];
    assert!(is_refused::<R>("trunc", product, &[Op::MulTrunc(0, 1, by)]));
    let product = [(-half, half), (1 - half, half - 1)];
    assert!(verdict::<R>(product, &[Op::MulTrunc(0, 1, by)]).is_ok());
    assert!(is_refused::<R>("mul", [whole, one], &[Op::Add(0, 0), Op::Mul(2, 1)]));

    let less = |bits| [Op::LessThan(0, 1, bits)];
    assert!(verdict::<R>([fits, fits], &less(R::BITS - 1)).is_ok());
    assert!(is_refused::<R>("msb", [whole, (-1, 0)], &less(R::BITS - 1)));
    assert!(verdict::<R>([(-8, 7), (-8, 7)], &less(4)).is_ok());
    assert!(is_refused::<R>("msb", [(-8, 8), (-8, 7)], &less(4)));
    assert!(verdict::<R>([(-8, 7), (-8, 7)], &[Op::Equal(0, 1, 4)]).is_ok());
    assert!(is_refused::<R>("is_zero", [(-8, 8), (-8, 7)], &[Op::Equal(0, 1, 4)]));
    assert!(verdict::<R>([whole, whole], &[Op::Equal(0, 1, R::BITS)]).is_ok());
    // Two values a whole ring apart would look equal.
    let twice = [Op::Add(0, 0), Op::Equal(2, 1, R::BITS)];
    assert!(is_refused::<R>("equal", [whole, whole], &twice));
}

#[test]
fn what_fits_is_accepted_and_one_more_is_refused() {
    at_the_limits::<Z32>();
    at_the_limits::<Z64>();
    at_the_limits::<Z128>();
}

#[test]
fn an_input_beyond_the_ring_is_refused() {
    assert!(is_refused::<Z32>("input", [(0, 1 << 31), (0, 0)], &[]));
    assert!(verdict::<Z32>([(-1 << 31, (1 << 31) - 1), (0, 0)], &[]).is_ok());
}

#[test]
fn products_beyond_128_bits_are_refused_and_not_forgotten() {
    let wide = (i128::MIN, i128::MAX);
    let ops = [Op::Mul(0, 1), Op::Trunc(2, 16)];
    assert!(is_refused::<Z128>("trunc", [wide, (0, 2)], &ops));
    assert!(is_refused::<Z128>("trunc", [wide, wide], &ops));
    assert!(is_refused::<Z128>("open", [wide, (0, 2)], &[Op::Mul(0, 1), Op::Sub(2, 2)]));
}

#[test]
fn a_sum_may_leave_the_ring_and_come_back_by_public_values() {
    let big = Op::Public(vec![Z32(1 << 30)]);
    let back = [big.clone(), big, Op::Add(2, 3), Op::Scale(4, vec![Z32(2)]), Op::Add(0, 5)];
    assert!(is_refused::<Z32>("open", [(0, 9), (0, 0)], &back));
    let zero = [back.as_slice(), &[Op::Sub(6, 5), Op::Mul(7, 7)]].concat();
    let mut bounds =
        Bounds::<Z32>::new([(0, 9), (0, 0)].map(|(a, b)| vec![Interval::between(a, b)]));
    let program = Program { inputs: vec![vec![Z32(0)]; 2], ops: zero };
    let registers = program.run(&mut bounds, &[]).expect("the product's factors fit");
    assert!(registers.ints[8].elements().eq([Interval::between(0, 81)]));
}

#[test]
fn differences_that_surely_wrap_around_are_compared_all_the_same() {
    let (low, high) = ((i128::from(i64::MIN), -(1 << 62) - 1), (1 << 62, i128::from(i64::MAX)));
    let ops = [Op::LessThan(0, 1, 64), Op::LessThan(1, 0, 64)];
    assert!(verdict::<Z64>([high, low], &ops).is_ok());
    let larger = verdict::<Z64>([high, low], &[Op::Max(0, 1, 64)]).unwrap();
    assert_eq!(larger.last(), Some(&Interval::between(low.0, high.1)));
}

#[test]
fn a_limited_number_keeps_its_error() {
    let mut bounds = Bounds::<Z64>::new([vec![Interval::between(-900, 900)]]);
    let mut given = bounds.input(&[], &[1]).unwrap();
    let x = bounds.trunc(&given.remove(0), 1).unwrap();
    let [lo, hi] = [-3, 5].map(|limit| bounds.public(&[Z64::from_i128(limit)]));
    let limited = circuit::clamp(&mut bounds, &x, [&lo, &hi], 12).unwrap();
    assert!(limited.elements().eq([Interval { error: 1.0, ..Interval::between(-3, 5) }]));
}

#[test]
fn a_choice_lies_where_its_candidates_lie() {
    let mut ops = vec![];
    for level in 0..20 {
        // The smaller of the last result and the other input, again and again.
        ops.push(Op::Min(if level == 0 { 0 } else { level + 1 }, 1, 10));
    }
    let bounds = verdict::<Z32>([(-7, 300), (-500, 2)], &ops).unwrap();
    assert_eq!(bounds.last(), Some(&Interval::between(-500, 300)));
}
