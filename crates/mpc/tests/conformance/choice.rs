//! Signs, limits, winners: against their definitions on integers.

use proptest::prelude::*;
use sharewell_mpc::circuit::{self, Extreme, Rows};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Error, Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};

use crate::cases::{Case, case, edges};
use crate::program::{Int, Op, Program};

/// An operation of the family, and of the rows their number and who wins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice {
    Sign(Int),
    Abs(Int),
    Relu(Int),
    Clamp(Int, Int, Int),
    Extreme(Int, (usize, Extreme)),
    ArgExtreme(Int, (usize, Extreme)),
    TopK(Int, (usize, Extreme), usize),
}

impl Choice {
    pub(crate) fn apply<P: Protocol>(
        self,
        p: &mut P,
        x: &[P::AShare],
        bits: u32,
    ) -> Result<Vec<P::AShare>> {
        let rows = |(rows, extreme)| Rows { rows, bits, extreme };
        Ok(match self {
            Self::Sign(i) => vec![circuit::sign(p, &x[i], bits)?],
            Self::Abs(i) => vec![circuit::abs(p, &x[i], bits)?],
            Self::Relu(i) => vec![circuit::relu(p, &x[i], bits)?],
            Self::Clamp(i, lo, hi) => vec![circuit::clamp(p, &x[i], [&x[lo], &x[hi]], bits)?],
            Self::Extreme(i, of) => vec![circuit::extreme(p, &x[i], rows(of))?],
            Self::ArgExtreme(i, of) => pair(circuit::arg_extreme(p, &x[i], rows(of))?),
            Self::TopK(i, of, k) => pair(circuit::top_k(p, &x[i], rows(of), k)?),
        })
    }

    /// The definition, on integers.
    fn of(self, x: &[Vec<i128>]) -> Vec<Vec<i128>> {
        let each = |i: Int, f: fn(i128) -> i128| vec![x[i].iter().map(|x| f(*x)).collect()];
        match self {
            Self::Sign(i) => each(i, i128::signum),
            Self::Abs(i) => each(i, i128::abs),
            Self::Relu(i) => each(i, |x| x.max(0)),
            Self::Clamp(i, lo, hi) => {
                let near =
                    |j: usize| if x[hi][j] < x[i][j] { x[hi][j] } else { x[lo][j].max(x[i][j]) };
                vec![(0..x[i].len()).map(near).collect()]
            }
            Self::Extreme(i, of) => vec![first(&x[i], of, 1).0],
            Self::ArgExtreme(i, of) => pair(first(&x[i], of, 1)),
            Self::TopK(i, of, k) => pair(first(&x[i], of, k)),
        }
    }
}

fn pair<T>((x, y): (T, T)) -> Vec<T> {
    vec![x, y]
}

/// The first `k` of each row and their indices, by a stable sort.
fn first(x: &[i128], (rows, extreme): (usize, Extreme), k: usize) -> (Vec<i128>, Vec<i128>) {
    let n = x.len().checked_div(rows).unwrap_or(1).max(1);
    let first = |row: &[i128]| {
        let mut pairs: Vec<(i128, i128)> = row.iter().copied().zip(0..).collect();
        pairs.sort_by_key(|(x, _)| if extreme == Extreme::Min { *x } else { !x });
        pairs.truncate(k);
        pairs
    };
    x.chunks(n).flat_map(first).unzip()
}

/// Few distinct numbers, so that many are equal.
fn crowded<R: Integer>(n: usize, bits: u32, seed: u64) -> Vec<R> {
    edges::<R>(n, bits, if seed.is_multiple_of(2) { 1 } else { 7 }, seed)
        .into_iter()
        .map(|x| R::from_i128(x.to_i128() >> (bits - 3) << (bits - 3)))
        .collect()
}

pub(crate) fn cases<R: Integer>(n: usize) -> Vec<Case<R>> {
    let (all, most) = (R::BITS, R::BITS - 1);
    let any = edges::<R>(n, all, 1, 61);
    let [x, y, z] = [1, 3, 10].map(|stride| edges::<R>(n, most, stride, 62));
    let small = edges::<R>(n, 12, 1, 63);
    let crowd = crowded::<R>(n, most, 64);
    let rows = [1, 2, 3, 5].into_iter().find(|rows| n > 1 && n.is_multiple_of(*rows * 5));
    let rows = rows.unwrap_or(n);
    let k = n.checked_div(rows).unwrap_or(1).min(3);
    let each = |of: [Choice; 3], bits| of.map(|choice| Op::Choose(choice, bits));
    let (most_of, least_of) = ((rows, Extreme::Max), (rows, Extreme::Min));
    let winners = [
        Op::Choose(Choice::ArgExtreme(0, most_of), most),
        Op::Choose(Choice::ArgExtreme(1, least_of), most),
        Op::Choose(Choice::Extreme(0, least_of), most),
    ];
    let signs = |i| [Choice::Sign(i), Choice::Abs(i), Choice::Relu(i)];
    let top = |of, k| Op::Choose(Choice::TopK(0, of, k), 12);
    vec![
        case("sign, abs, relu", [&any, &[], &[]], each(signs(0), all)),
        case("sign, abs, relu of few bits", [&[], &small, &[]], each(signs(1), 12)),
        case("clamp", [&x, &y, &z], [Op::Choose(Choice::Clamp(0, 1, 2), most)]),
        case("extremes of rows", [&x, &crowd, &[]], winners),
        case("top_k", [&small, &[], &[]], [top(most_of, k), top(least_of, 1)]),
    ]
}

/// A choice, its operands, and the width promised of them.
fn drawn(ring_bits: u32) -> impl Strategy<Value = (Choice, Vec<Vec<i128>>, u32)> {
    let shape = (0..7usize, 1..6usize, 1..14usize, 1..14usize, any::<bool>());
    (shape, any::<u64>(), 0..4usize).prop_map(move |((kind, rows, n, k, min), seed, width)| {
        let of = (rows, if min { Extreme::Min } else { Extreme::Max });
        let choice = [
            Choice::Sign(0),
            Choice::Abs(0),
            Choice::Relu(0),
            Choice::Clamp(0, 1, 2),
            Choice::Extreme(0, of),
            Choice::ArgExtreme(0, of),
            Choice::TopK(0, of, k.min(n)),
        ][kind];
        let widest = match choice {
            Choice::Sign(_) | Choice::Relu(_) => ring_bits,
            Choice::TopK(..) => ring_bits - 5,
            _ => ring_bits - 1,
        };
        let bits = [2, 9, ring_bits / 2, widest][width];
        let operand = |i: u64| match seed % 3 {
            0 if bits > 3 => crowded::<Z128>(rows * n, bits, seed ^ i),
            _ => edges::<Z128>(rows * n, bits, [1, 3, 10][i as usize], seed ^ i),
        };
        let operands = (0..3).map(|i| operand(i).into_iter().map(Integer::to_i128).collect());
        (choice, operands.collect(), bits)
    })
}

fn opened<P>(p: &mut P, x: &[Vec<i128>], op: (Choice, u32)) -> Result<Vec<Vec<P::Ring>>>
where
    P: Protocol + Send,
{
    let inputs: Vec<Vec<P::Ring>> =
        x.iter().map(|x| x.iter().map(|x| P::Ring::from_i128(*x)).collect()).collect();
    let program = Program { inputs, ops: vec![Op::Choose(op.0, op.1)] };
    Ok(program.open(p, &program.all_inputs())?.ints.split_off(3))
}

fn right_and_proven<R: Integer>((choice, x, bits): (Choice, Vec<Vec<i128>>, u32)) {
    let want = choice.of(&x);
    let got = opened(&mut Plain::<R>::new(1), &x, (choice, bits)).unwrap();
    let got: Vec<Vec<i128>> = got.iter().map(|x| x.iter().map(|x| x.to_i128()).collect()).collect();
    assert_eq!(got, want, "{choice:?} of {x:?}, {bits} bits");
    let (min, max) = (i128::MIN >> (128 - bits), i128::MAX >> (128 - bits));
    let ranges = x.iter().map(|x| vec![Interval::between(min, max); x.len()]);
    let mut bounds = Bounds::<R>::new(ranges);
    opened(&mut bounds, &x, (choice, bits)).unwrap();
    let proven = &bounds.outputs()[x.iter().map(Vec::len).sum()..];
    for (want, proven) in want.concat().iter().zip(proven) {
        let (lo, hi) = (proven.lo.unwrap(), proven.hi.unwrap());
        assert!((lo..=hi).contains(want), "{want} outside {proven}: {choice:?}");
        assert!(
            lo >= min && hi <= max.saturating_add(1).max(20),
            "{proven} says too little: {choice:?}"
        );
        assert!(proven.error == 0.0, "{choice:?} is exact");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn choices_are_those_of_their_definitions(narrow in drawn(64), wide in drawn(128)) {
        right_and_proven::<Z64>(narrow);
        right_and_proven::<Z128>(wide);
    }
}

/// What is proven of a choice from operands in these ranges.
fn verdict(choice: Choice, bits: u32, ranges: [(i128, i128); 3]) -> Result<Vec<Interval>> {
    let mut bounds = Bounds::<Z64>::new(ranges.map(|(lo, hi)| vec![Interval::between(lo, hi); 6]));
    opened(&mut bounds, &[vec![0; 6], vec![0; 6], vec![0; 6]], (choice, bits))?;
    Ok(bounds.outputs()[18..].to_vec())
}

#[test]
fn what_is_chosen_lies_as_close_as_its_definition_says() {
    let ranges = [(-5, 9), (-2, -1), (3, 4)];
    let is = |choice, lo, hi| {
        let bounds = verdict(choice, 8, ranges).unwrap();
        assert!(bounds.iter().all(|x| *x == Interval::between(lo, hi)), "{choice:?}: {bounds:?}");
    };
    is(Choice::Sign(0), -1, 1);
    is(Choice::Abs(0), 0, 9);
    is(Choice::Relu(0), 0, 9);
    is(Choice::Clamp(0, 1, 2), -2, 4);
    is(Choice::Extreme(0, (2, Extreme::Min)), -5, 9);
    let top = verdict(Choice::TopK(0, (1, Extreme::Max), 5), 8, ranges).unwrap();
    assert_eq!(top[..5], [Interval::between(-5, 9); 5]);
    assert_eq!(top[5..], [Interval::between(0, 5); 5]);
}

#[test]
fn operands_wider_than_promised_are_refused() {
    let of = (2, Extreme::Max);
    let choices = [
        // One bit is to spare for the opposite.
        (Choice::Sign(0), 7),
        (Choice::Abs(0), 8),
        (Choice::Relu(0), 8),
        (Choice::Clamp(0, 0, 0), 8),
        (Choice::Extreme(0, of), 8),
        (Choice::ArgExtreme(0, of), 8),
        (Choice::TopK(0, of, 2), 8),
    ];
    for (choice, bits) in choices {
        let at = |lo, hi| verdict(choice, bits, [(lo, hi); 3]);
        let limit = 128;
        assert!(at(1 - limit, limit - 1).is_ok(), "{choice:?}");
        let refused = at(-limit, limit);
        assert!(matches!(refused, Err(Error::Overflow { step: "msb", .. })), "{choice:?}");
    }
    // The magnitude of the least number is none of the ring's.
    let least = [(i128::from(i64::MIN), 0); 3];
    assert!(matches!(verdict(Choice::Abs(0), 64, least), Err(Error::Overflow { .. })));
}
