//! The golden table of costs: `UPDATE_GOLDEN=1` rewrites it, a reviewer reads the difference.

use std::fmt::Write;
use std::time::Duration;

use sharewell_mpc::circuit::{self, Extreme};
use sharewell_mpc::protocols::tally::{Length, Tallied, Tally};
use sharewell_mpc::{Arithmetic, Result, Split};
use sharewell_net::Wan;
use sharewell_ring::{Dims, Integer, Ring, Z32, Z64, Z128};

use crate::choice::Choice;
use crate::program::{Op, Program};
use crate::subject::{Rep3Over, Subject, run, sim, tally};

const HEAD: &str = "\
# What each operation costs: rounds, and payload bytes that each party sends.
# Operands are public, so only the operation counts. UPDATE_GOLDEN=1 rewrites this file.
#
# protocol  operation      ring   n       rounds  P0       P1       P2
";

fn operations<R: Integer>(n: usize) -> Vec<(&'static str, Program<R>)> {
    let x = vec![R::ONE; n];
    let (f, bits) = (R::BITS / 4, R::BITS);
    let d = Dims { m: n, k: 1, n: 1 };
    let plane = Op::PublicBits(x.clone(), 1);
    let one_row = (1, Extreme::Max);
    let [none, bit] = [vec![], vec![plane]];
    let byte = vec![Op::PublicBits(x.clone(), 8)];
    let to = (0..n as u128).map(R::from_u128).collect();
    // Registers 0 to 2 are the empty inputs, 3 and 4 the operands, 5 a scalar, 6 destinations.
    let scalar = Op::Public(vec![R::ONE]);
    let operands = vec![Op::Public(x.clone()), Op::Public(x), scalar, Op::Public(to)];
    let table = [
        ("random", &none, Op::Random(n)),
        ("mul", &none, Op::Mul(3, 4)),
        ("dot", &none, Op::Dot(3, 4, 1)),
        ("matmul", &none, Op::Matmul(3, 5, d)),
        ("trunc", &none, Op::Trunc(3, f)),
        ("mul_trunc", &none, Op::MulTrunc(3, 4, f)),
        ("matmul_trunc", &none, Op::MatmulTrunc(3, 5, d, f)),
        ("trunc_exact", &none, Op::TruncExact(3, f)),
        ("mul_sum", &none, Op::MulSum(3, 4, 1)),
        ("one_hot", &bit, Op::OneHot(0)),
        ("shuffle twice", &bit, Op::Shuffle(3, 0)),
        ("place", &bit, Op::Place(6, 3, 0)),
        ("and", &bit, Op::And(0, 0)),
        ("summands", &none, Op::Summands(3, bits, Split::Sum)),
        ("a2b", &none, Op::A2b(3, bits)),
        ("b2a", &bit, Op::B2a(0)),
        ("b2a_dot of 8", &byte, Op::B2aDot(0, vec![vec![R::ONE; 8]])),
        ("msb", &none, Op::Msb(3, bits)),
        ("msb of 16", &none, Op::Msb(3, 16)),
        ("is_zero", &none, Op::IsZero(3, bits)),
        ("less_than", &none, Op::LessThan(3, 4, bits - 1)),
        ("mul_bits", &bit, Op::MulBits(0, 3)),
        ("select", &bit, Op::Select(0, 3, 4)),
        ("min", &none, Op::Min(3, 4, bits - 1)),
        ("sign", &none, Op::Choose(Choice::Sign(3), bits)),
        ("abs", &none, Op::Choose(Choice::Abs(3), bits)),
        ("relu", &none, Op::Choose(Choice::Relu(3), bits)),
        ("clamp", &none, Op::Choose(Choice::Clamp(3, 3, 4), bits - 1)),
        ("max of 1 row", &none, Op::Choose(Choice::Extreme(3, one_row), bits - 1)),
        ("argmax of 1", &none, Op::Choose(Choice::ArgExtreme(3, one_row), bits - 1)),
        ("top 1 of 1", &none, Op::Choose(Choice::TopK(3, one_row, 1), 16)),
    ];
    let program = |(name, before, op): (_, &Vec<Op<R>>, _)| {
        let ops = [operands.as_slice(), before, &[op]].concat();
        (name, Program { inputs: vec![vec![]; 3], ops })
    };
    table.into_iter().map(program).collect()
}

fn quoted<S: Subject>(program: &Program<S::Ring>) -> Tallied {
    let mut quote = tally::<S>();
    program.run(&mut quote, &[]).unwrap();
    quote.tallied()
}

fn line(what: [&str; 3], n: usize, cost: &Tallied) -> String {
    let [protocol, name, ring] = what;
    let [a, b, c] = [0, 1, 2].map(|i| cost.bytes_sent_by(i));
    let line = format!(
        "{protocol:<11} {name:<14} {ring:<6} {n:<7} {:<7} {a:<8} {b:<8} {c}\n",
        cost.rounds
    );
    line
}

fn table<S: Subject>(out: &mut String, lens: &[usize]) {
    for &n in lens {
        for (name, program) in operations::<S::Ring>(n) {
            let ring = format!("Z{}", S::Ring::BITS);
            let row = line([S::CARD.name, name, &ring], n, &quoted::<S>(&program));
            out.write_str(&row).unwrap();
        }
        let mut opening = tally::<S>();
        let program = Program { inputs: vec![], ops: vec![Op::Public(vec![S::Ring::ONE; n])] };
        program.open(&mut opening, &[]).unwrap();
        let ring = format!("Z{}", S::Ring::BITS);
        let row = line([S::CARD.name, "reveal", &ring], n, &opening.tallied());
        out.write_str(&row).unwrap();
    }
}

#[test]
fn costs_are_those_of_the_golden_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/costs.txt");
    let mut found = String::from(HEAD);
    table::<Rep3Over<Z32>>(&mut found, &[1, 1000]);
    table::<Rep3Over<Z64>>(&mut found, &[1, 1000, 100_000]);
    table::<Rep3Over<Z128>>(&mut found, &[1, 1000]);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert!(found == golden, "costs differ from {path}; UPDATE_GOLDEN=1 rewrites it");
}

#[test]
fn a_comparison_over_a_wide_area_takes_its_rounds_and_its_bytes_and_no_more() {
    type S = Rep3Over<Z64>;
    let wan = Wan { rtt: Duration::from_millis(100), bits_per_s: 100_000_000 };
    let program = Program {
        inputs: vec![vec![]; 3],
        ops: vec![Op::Public(vec![Z64(1); 10_000]), Op::Msb(3, 64)],
    };
    let sim = sim::<S>().wan(wan);
    let time = || run::<S, _>(&sim, |p, _| program.run(p, &[]).map(drop)).cost.time;
    let cost = quoted::<S>(&program);
    // Rounds wait for each other; the bytes of a round travel one after the other.
    let least = f64::from(cost.rounds) * 0.05;
    let most = least + cost.wire_bytes() as f64 * 8.0 / 1e8;
    assert!((least..most).contains(&time().as_secs_f64()), "{:?} of {least}..{most} s", time());
    assert_eq!(time(), time());
}

#[test]
fn operations_on_public_operands_cost_what_the_table_says() {
    type S = Rep3Over<Z64>;
    for (name, program) in [operations::<Z64>(1000), operations(5000)].concat() {
        let outcome = run::<S, _>(&sim::<S>(), |p, _| program.run(p, &[]).map(drop));
        assert_eq!(outcome.cost.messages, quoted::<S>(&program), "{name}");
        outcome.values().unwrap();
    }
}

/// Bytes that a program holds at most, beside its operand of 1000 numbers.
fn held<T>(program: impl FnOnce(&mut Tally<Z64>, Length) -> Result<T>) -> u64 {
    let mut quote = tally::<Rep3Over<Z64>>();
    let x = quote.public(&[Z64(1); 1000]);
    let before = quote.held_bytes();
    quote.reset_memory();
    program(&mut quote, x).unwrap();
    quote.memory_bytes() - before
}

#[test]
fn lanes_hold_together_what_each_holds_alone_however_they_are_scheduled() {
    let less = |p: &mut Tally<Z64>, x: &Length| circuit::less_than(p, x, &x.clone(), 63);
    let square = |p: &mut Tally<Z64>, x: &Length| p.mul(x, &x.clone());
    let alone = held(|p, x| less(p, &x)) + held(|p, x| square(p, &x));
    for _ in 0..100 {
        assert_eq!(held(|p, x| p.join(|p| less(p, &x), |p| square(p, &x))), alone);
        assert_eq!(held(|p, x| p.join(|p| square(p, &x), |p| less(p, &x))), alone);
        let nested = held(|p, x| {
            let both = |p: &mut Tally<Z64>| p.join(|p| less(p, &x), |p| square(p, &x));
            p.join(both, both)
        });
        assert_eq!(nested, 2 * alone);
    }
}

#[test]
fn what_one_lane_drops_may_be_held_while_the_other_runs() {
    let x_bytes = 2 * 8 * 1000;
    let alone = held(|p, x| p.mul(&x, &x));
    let drops = |x: Length| {
        move |_: &mut Tally<Z64>| {
            drop(x);
            Ok(())
        }
    };
    assert_eq!(held(|p, x| p.join(drops(x.clone()), |p| p.mul(&x, &x))), x_bytes + alone);
    assert_eq!(held(|p, x| p.join(|p| p.mul(&x, &x), drops(x.clone()))), x_bytes + alone);
}

#[test]
fn programs_one_after_the_other_hold_what_the_larger_one_holds() {
    let twice = |p: &mut Tally<Z64>, x: Length| {
        let both = |p: &mut Tally<Z64>| p.join(|p| p.mul(&x, &x), |p| p.mul(&x, &x));
        drop(both(p)?);
        both(p)
    };
    assert_eq!(held(twice), 2 * held(|p, x| p.mul(&x, &x)));
}
