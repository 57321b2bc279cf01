//! Order and movement: right at the edges, stable, quoted exactly, within bounds, and telling
//! nothing.

mod task;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sharewell_mpc::order::{self, Key, SortBy, Ties};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::tally::Tally;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Arithmetic, Error, Protocol, Result, Rows};
use sharewell_net::{Fate, Frame, PartyId, Step};
use sharewell_ring::{Integer, Planes, Ring, Z32, Z64, Z128};

use task::Task;

use crate::cases::{edges, noise};
use crate::subject::{Rep3At, Rep3Far, Rep3Over, Subject, run, sim, tally};

/// Right, as `Plain` says, as quoted, and of a shape that tells nothing.
fn check<S: Subject>(task: Task, x: &[Vec<S::Ring>; 3]) {
    let lens = x.each_ref().map(Vec::len);
    let measured = |x: &[Vec<S::Ring>; 3], seed| {
        run::<S, _>(&sim::<S>().seed(seed), |p, me| task.open(p, &x[me], lens))
    };
    let outcome = measured(x, 1);
    let mut quote = tally::<S>();
    task.open(&mut quote, &[], lens).unwrap();
    assert_eq!(outcome.cost.messages, quote.tallied(), "{task:?} of {lens:?}");
    let others = x.each_ref().map(|x| vec![S::Ring::ONE; x.len()]);
    assert_eq!(measured(&others, 2).cost.shape, outcome.cost.shape, "{task:?} of {lens:?}");
    let expected = task.expected(x);
    assert_eq!(task.open(&mut Plain::new(1), &x.concat(), lens).unwrap(), expected, "{task:?}");
    for opened in outcome.values().unwrap() {
        assert!(opened == expected, "{task:?} of {lens:?}: {opened:?}, not {expected:?}");
    }
}

/// Tasks with the bits of their keys: the first two inputs', signed and otherwise.
fn tasks(bits: u32) -> Vec<Task> {
    let sort = |signed, descending, digit| Task::Sort { bits, signed, descending, digit };
    let mut tasks = vec![
        sort(true, false, 3),
        sort(true, true, 1),
        sort(true, true, 0),
        Task::Permutations(bits),
        Task::Compaction,
        Task::Segments,
        Task::Quantiles(bits),
    ];
    tasks.extend([Ties::Min, Ties::DoubledMean, Ties::Dense].map(|ties| Task::Rank(bits, ties)));
    tasks
}

fn every_task<R: Integer>() {
    for n in [0, 1, 2, 67] {
        for bits in [3, R::BITS] {
            let x = [edges(n, bits, 1, 61), edges(n, bits, 10, 62), edges(n, R::BITS - 3, 3, 63)];
            tasks(bits).into_iter().for_each(|task| check::<Rep3Over<R>>(task, &x));
        }
        let whole = |x: Vec<R>| x.into_iter().map(|x| x.shr(R::BITS - 7)).collect::<Vec<R>>();
        let x =
            [edges(n, R::BITS, 1, 64), edges(n, R::BITS, 10, 65), edges(n, 9, 1, 66)].map(whole);
        let sort = |descending| Task::Sort { bits: 7, signed: false, descending, digit: 4 };
        let two_keys = |digit| Task::TwoKeys([8, 7], digit);
        for task in [sort(false), sort(true), two_keys(5), two_keys(0)] {
            check::<Rep3Over<R>>(task, &x);
        }
    }
}

#[test]
fn every_task_is_right_quoted_exactly_and_oblivious_over_32_bits() {
    every_task::<Z32>();
}

#[test]
fn every_task_is_right_quoted_exactly_and_oblivious_over_64_bits() {
    every_task::<Z64>();
}

#[test]
fn every_task_is_right_quoted_exactly_and_oblivious_over_128_bits() {
    every_task::<Z128>();
}

#[test]
fn every_task_is_right_quoted_exactly_and_oblivious_where_rounds_are_dear() {
    for n in [0, 1, 67] {
        let x = [edges(n, 64, 1, 61), edges(n, 64, 10, 62), edges(n, 61, 3, 63)];
        tasks(64).into_iter().for_each(|task| check::<Rep3Far<Z64>>(task, &x));
        // Neither the fewest bytes nor the fewest rounds.
        check::<Rep3At<Z64, 1024>>(Task::Rank(64, Ties::Min), &x);
        check::<Rep3Far<Z64>>(Task::Merge(64), &x);
    }
}

#[test]
fn what_is_sorted_is_merged_at_every_length_and_width() {
    for lens in [[0, 0], [0, 5], [1, 1], [64, 64], [67, 30], [5, 200]] {
        for bits in [2, 9, 64] {
            let x = edges::<Z64>(lens[0], bits, 1, 71);
            check::<Rep3Over<Z64>>(Task::Merge(bits), &[x, edges(lens[1], bits, 3, 72), vec![]]);
        }
    }
}

#[test]
fn vectors_longer_than_a_frame_are_sorted() {
    let mut noise = noise(7);
    let mut column = |bits| (0..20_000).map(|_| Z64::from_i128(noise() >> (128 - bits))).collect();
    let x = [column(9), column(64), column(3)];
    check::<Rep3Over<Z64>>(Task::Sort { bits: 9, signed: true, descending: false, digit: 3 }, &x);
    check::<Rep3Over<Z64>>(Task::Segments, &x);
}

#[test]
fn random_columns_of_every_length_and_width_are_sorted_stably() {
    let config = Config { cases: 60, ..Config::default() };
    let law = |(n, bits, digit, seed): (usize, u32, usize, u64)| {
        let mut noise = noise(seed);
        let mut column = |bits| (0..n).map(|_| Z64::from_i128(noise() >> (128 - bits))).collect();
        let x = [column(bits), column(64), (0..n).map(|i| Z64(i as u64)).collect()];
        let descending = seed % 2 == 0;
        check::<Rep3Over<Z64>>(Task::Sort { bits, signed: true, descending, digit }, &x);
        Ok(())
    };
    let strategy = (0usize..200, 1u32..=64, 1usize..7, any::<u64>());
    TestRunner::new(config).run(&strategy, law).unwrap();
}

#[test]
fn bounds_accept_the_declared_range_and_refuse_what_is_wider() {
    let task = Task::Sort { bits: 8, signed: true, descending: false, digit: 3 };
    let verdict = |task: Task, range: (i128, i128)| {
        let ranges = vec![vec![Interval::between(range.0, range.1); 5]; 3];
        let mut bounds = Bounds::<Z64>::new(ranges);
        task.open(&mut bounds, &[], [5; 3]).map(|_| bounds.outputs().to_vec())
    };
    let bounds = verdict(task, (-128, 127)).unwrap();
    assert_eq!(bounds, vec![Interval::between(-128, 127); 15]);
    assert!(verdict(task, (-128, 128)).is_err() && verdict(task, (-129, 0)).is_err());
    let unsigned = Task::Sort { bits: 8, signed: false, descending: true, digit: 3 };
    assert!(verdict(unsigned, (0, 255)).is_ok() && verdict(unsigned, (-1, 255)).is_err());
    let ranks = verdict(Task::Rank(8, Ties::DoubledMean), (-128, 127)).unwrap();
    assert_eq!(ranks, vec![Interval::between(0, 10); 5]);
    let whole = (i64::MIN.into(), i64::MAX.into());
    let full = Task::Sort { bits: 64, signed: true, descending: false, digit: 3 };
    assert!(verdict(full, whole).is_ok());
    for task in tasks(8) {
        for bound in verdict(task, (0, 100)).unwrap() {
            assert!(bound.lo.unwrap() >= 0 && bound.hi.unwrap() <= 500, "{task:?}: {bound}");
        }
    }
}

#[test]
fn sorts_and_merges_of_a_hundred_thousand_rows_keep_to_their_marks() {
    const ROWS: usize = 100_000;
    let quote = |program: &dyn Fn(&mut Tally<Z64>) -> Result<()>| {
        let mut p = tally::<Rep3Over<Z64>>();
        program(&mut p).unwrap();
        (p.tallied().bytes_per_party(), p.tallied().rounds)
    };
    let sort = |bits: u32, digit| {
        quote(&|p| {
            let x = p.public(&vec![Z64(0); ROWS]);
            let key = Key::signed(p, &x, bits)?;
            order::sort_by(p, &[key], SortBy::Digits(digit)).map(drop)
        })
    };
    let (bytes, rounds) = sort(64, order::DIGIT);
    assert!(bytes < 120_000_000 && rounds <= 110, "{bytes} bytes, {rounds} rounds");
    let (wide, few) = sort(64, 4);
    assert!(bytes < wide && wide < 150_000_000 && few <= 80, "{wide} bytes, {few} rounds");
    let merged = quote(&|p| {
        let half = |p: &mut Tally<Z64>| {
            let bits = p.public_bits(&Planes::zero(ROWS / 2, 64));
            Key { bits, width: 64 }
        };
        let (first, second) = (half(p), half(p));
        order::merge(p, [&first, &second]).map(drop)
    });
    assert!(merged.0 * 5 < bytes * 2, "{} bytes", merged.0);
}

#[test]
fn whatever_one_party_sends_in_a_sort_nobody_panics_or_waits_in_vain() {
    let sort = |sim: &Sim| {
        run::<Rep3Over<Z64>, _>(sim, |p, _| {
            let x = p.public(&[3, 1, 2].map(Z64));
            let key = Key::unsigned(p, &x, 2)?;
            let to = order::sort_by(p, &[key], SortBy::Digits(1))?;
            let sorted = order::apply(p, &to, Rows::ints(vec![x]))?;
            p.reveal(&sorted.ints[0])
        })
    };
    let honest = sort(&sim::<Rep3Over<Z64>>());
    let mut caught = 0;
    for (corrupt, sent) in (0..).zip(&honest.sent) {
        for target in 0..sent.len() {
            let alter = move |_: PartyId, index: usize, frame: &mut Frame| {
                if index == target {
                    frame.body.iter_mut().for_each(|byte| *byte ^= 0x55);
                }
                Fate::Deliver
            };
            let end = sort(&sim::<Rep3Over<Z64>>().adversary(PartyId(corrupt), alter));
            caught += usize::from(matches!(end.values(), Err(Error::Cheating { .. })));
        }
    }
    assert!(caught > 20, "destinations are checked: {caught}");
}

/// The destinations that P0 is told in sorts of three rows by two bits, bit by bit, one sort
/// after the other.
fn opened(keys: [u64; 3], sorts: usize) -> Vec<Vec<u32>> {
    const OPEN: Step = Step("shuffle open");
    let sim = sim::<Rep3Over<Z64>>().views();
    let outcome = run::<Rep3Over<Z64>, _>(&sim, |p, _| {
        let bits = p.public_bits(&Planes::slice_values(&keys.map(Z64), 2));
        let key = [Key { bits, width: 2 }];
        for _ in 0..sorts {
            order::sort_by(p, &key, SortBy::Digits(1))?;
        }
        Ok(())
    });
    // Of the shuffles, two in each sort, a third has P0 in the role that is told by both others.
    let told = outcome.views[0].iter().filter(|view| view.step == OPEN);
    let parts: Vec<Vec<Z32>> = told.map(|view| bytemuck::pod_collect_to_vec(&view.body)).collect();
    let whole = |pair: &[Vec<Z32>]| {
        let mut sum = pair[0].clone();
        Z32::add_assign(&mut sum, &pair[1]);
        sum.into_iter().map(|x| x.0).collect()
    };
    outcome.outputs.into_iter().for_each(|end| end.unwrap());
    parts.chunks(2).map(whole).collect()
}

#[test]
fn what_a_sort_opens_is_uniform_whatever_the_keys_are() {
    for keys in [[0, 0, 0], [3, 1, 2], [1, 1, 0]] {
        let mut counts = BTreeMap::<Vec<u32>, f64>::new();
        opened(keys, 900).into_iter().for_each(|order| *counts.entry(order).or_default() += 1.0);
        assert_eq!(counts.values().sum::<f64>(), 600.0);
        assert_eq!(counts.len(), 6, "{keys:?}");
        let chi_square: f64 = counts.values().map(|n| (n - 100.0).powi(2) / 100.0).sum();
        // 5 degrees of freedom: beyond 30 once in 60,000 seeds.
        assert!(chi_square < 30.0, "{keys:?}: {chi_square}");
    }
}
