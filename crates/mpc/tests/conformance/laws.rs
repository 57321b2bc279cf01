//! The laws that hold for every program.

use sharewell_mpc::CHUNK;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::sim::{Outcome, View};
use sharewell_ring::{Integer, Ring, Z64, Z128};

use crate::cases::{self, Case};
use crate::choice::Choice;
use crate::program::{Op, Opened, Program};
use crate::subject::{MaliciousOver, Rep3Over, Subject, run, sim, tally};

/// Runs a program, every register opened, with a seed and every view kept.
pub(crate) fn measured<S: Subject>(
    program: &Program<S::Ring>,
    seed: u64,
) -> Outcome<Opened<S::Ring>> {
    let sim = sim::<S>().seed(seed).views();
    run::<S, _>(&sim, |p, me| program.open(p, &program.inputs[me]))
}

/// All parties open the same values; the run costs what was quoted, to the byte, the frame
/// and the round; its shape is that of a run on other inputs.
pub(crate) fn cost_and_shape<S: Subject>(program: &Program<S::Ring>) -> Opened<S::Ring> {
    let outcome = measured::<S>(program, 1);
    let mut quote = tally::<S>();
    program.open(&mut quote, &[]).unwrap();
    assert_eq!(outcome.cost.messages, quote.tallied(), "measured and quoted");

    let mut others = program.clone();
    for x in &mut others.inputs {
        x.iter_mut().for_each(|x| *x = x.shr(3));
        x.reverse();
    }
    let other = measured::<S>(&others, 2);
    assert_eq!(outcome.cost.shape, other.cost.shape, "traffic shape of two inputs");

    let mut opened = outcome.values().unwrap();
    let first = opened.swap_remove(0);
    assert!(opened.iter().all(|o| *o == first), "the parties open different values");
    first
}

/// A run replays from its seed, and from no other.
fn replays<S: Subject>(program: &Program<S::Ring>) {
    let [first, again, other] = [1, 1, 3].map(|seed| by_lane(&measured::<S>(program, seed)));
    assert!(first == again, "bytes of two runs of one seed");
    let hides_nothing = program.inputs.iter().all(Vec::is_empty);
    assert!(hides_nothing || first != other, "bytes of two seeds");
}

/// Lanes of one party run at once; only each lane's order is determined.
fn by_lane<T>(outcome: &Outcome<T>) -> Vec<Vec<View>> {
    let mut views = outcome.views.clone();
    views.iter_mut().for_each(|view| view.sort_by_key(|v| (v.lane, v.from)));
    views
}

fn check<S: Subject>(case: &Case<S::Ring>, n: usize) {
    let Case { name, program, slack } = case;
    let plain = program.open(&mut Plain::new(1), &program.all_inputs()).unwrap();
    let opened = cost_and_shape::<S>(program);
    assert_eq!(opened.bits, plain.bits, "{name} of {n}");
    for (register, (got, want)) in opened.ints.iter().zip(&plain.ints).enumerate() {
        let slack = if register < program.inputs.len() { 0 } else { *slack };
        assert_eq!(got.len(), want.len(), "{name} of {n}: length");
        for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
            let difference = (got - want).to_i128();
            assert!(
                (0..=slack).contains(&difference),
                "{name} of {n}: element {i} of register {register} is {got:?}, not {want:?}"
            );
        }
    }
}

/// Every operation, around the sizes of words and those from which vectors are cut in tiles.
pub(crate) fn every_operation<S: Subject>() {
    // The checks of small runs are most of these; their own tests take every length.
    let lens: &[usize] = match S::CARD.statistical_bits {
        Some(_) => &[0, 1, 65, 1025],
        None => &[0, 1, 63, 64, 65, 1023, 1025],
    };
    for &n in lens {
        cases::all::<S::Ring>(n).iter().for_each(|case| check::<S>(case, n));
    }
    cases::all::<S::Ring>(65).iter().for_each(|case| replays::<S>(&case.program));
}

/// Random values are the same at all parties, other ones each time and with each seed.
pub(crate) fn random_values<S: Subject>() {
    let ops =
        vec![Op::Random(200), Op::Random(200), Op::RandomBits(200, 3), Op::RandomBits(200, 3)];
    let program = Program { inputs: vec![vec![]; 3], ops };
    let [first, other] = [1, 2].map(|seed| {
        let mut opened = measured::<S>(&program, seed).values().unwrap();
        let one = opened.swap_remove(0);
        assert!(opened.iter().all(|o| *o == one), "the parties open different values");
        one
    });
    for (x, y) in first.ints[3..].iter().zip(&other.ints[3..]) {
        assert!(x != y && x.iter().all(|x| !y.contains(x) || S::Ring::BITS < 64));
    }
    assert_ne!(first.ints[3], first.ints[4]);
    assert_ne!(first.bits[0], first.bits[1]);
    for x in &first.bits {
        assert!((0..8).all(|value| x.contains(&Z128(value))), "three random bits");
    }
}

/// Vectors that travel in several frames.
pub(crate) fn long_vectors<S: Subject>() {
    let n = (1 << 18) / S::Ring::BYTES + 77;
    let long = [
        "input",
        "mul",
        "trunc",
        "mul_trunc",
        "and",
        "msb",
        "b2a",
        "b2a_dot",
        "select",
        "fork",
        "one_hot of 2",
        "shuffle",
        "place",
        "clamp",
        "extremes of rows",
        "top_k",
        "a2b",
        "is_zero",
        "mul_bits",
        "trunc_exact",
    ];
    for case in cases::all::<S::Ring>(n).iter().filter(|case| long.contains(&case.name)) {
        check::<S>(case, n);
    }
}

/// What a protocol opens of a program on long vectors, beside what is computed in the clear; it
/// costs what was quoted.
fn long_and_quoted<S: Subject<Ring = Z64>>(n: usize, ops: Vec<Op<Z64>>) -> [Opened<Z64>; 2] {
    let x: Vec<Z64> = (0..n as u64).map(|i| Z64(i * i % 16) - Z64(8)).collect();
    let y = x.iter().rev().copied().collect();
    let program = Program { inputs: vec![x, y, vec![]], ops };
    let plain = program.open(&mut Plain::new(1), &program.all_inputs()).unwrap();
    let outcome = run::<S, _>(&sim::<S>(), |p, me| program.open(p, &program.inputs[me]));
    let mut quote = tally::<S>();
    program.open(&mut quote, &[]).unwrap();
    assert_eq!(outcome.cost.messages, quote.tallied(), "measured and quoted");
    [outcome.values().unwrap().swap_remove(0), plain]
}

/// Vectors whose messages go through a round in several windows.
#[test]
#[ignore = "long: scripts/test runs it"]
fn products_and_conversions_of_more_than_a_window_are_right_and_quoted_exactly() {
    let ops = vec![
        Op::Trunc(0, 2),
        Op::MulTrunc(0, 1, 2),
        Op::A2b(0, 1),
        Op::B2a(0),
        Op::MulBits(0, 1),
        Op::Mul(0, 1),
    ];
    let [opened, plain] = long_and_quoted::<Rep3Over<Z64>>(3 * CHUNK + 77, ops);
    for (register, (got, want)) in opened.ints.iter().zip(&plain.ints).enumerate() {
        let slack = i128::from(register == 3 || register == 4);
        let near = |(&x, &y): (&Z64, &Z64)| (0..=slack).contains(&(x - y).to_i128());
        assert!(got.len() == want.len() && got.iter().zip(want).all(near), "register {register}");
    }
}

/// Vectors that go through a circuit in several chunks.
#[test]
#[ignore = "long: scripts/test runs it"]
fn comparisons_of_more_than_a_chunk_are_right_and_quoted_exactly() {
    let ops = vec![
        Op::LessThan(0, 1, 5),
        Op::Equal(0, 1, 5),
        Op::TruncExact(0, 2),
        Op::A2b(1, 3),
        Op::Select(0, 1, 0),
        Op::Choose(Choice::Clamp(0, 1, 0), 5),
        Op::Choose(Choice::Sign(1), 5),
    ];
    let [opened, plain] = long_and_quoted::<Rep3Over<Z64>>(CHUNK + 77, ops);
    assert!(opened == plain, "opened and computed in the clear");
}

/// So much that it is checked on the way: products, gates, and lifted bits of truncations.
#[test]
#[ignore = "long: scripts/test runs it"]
fn what_is_owed_beyond_a_check_is_right_and_quoted_exactly() {
    let (n, some) = ((1 << 20) + 70, (1 << 15) + 7);
    let ops = vec![
        Op::Mul(0, 1),
        Op::RandomBits(n, 17),
        Op::And(0, 0),
        Op::Xor(0, 1),
        Op::Gather(3, (0..some).collect()),
        Op::TruncExact(4, 2),
    ];
    let [opened, plain] = long_and_quoted::<MaliciousOver<Z64>>(n, ops);
    assert_eq!(opened.ints, plain.ints);
    assert!(opened.bits[2].iter().all(|x| *x == Z128::ZERO), "a bit and itself is itself");
}
