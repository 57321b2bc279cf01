//! Circuits by themselves: right at every width, and as large and deep as their table says.

use proptest::prelude::*;
use sharewell_mpc::circuit::{self, Below};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::tally::{Length, Tallied};
use sharewell_mpc::{Arithmetic, BitLinear, Protocol, Result};
use sharewell_ring::{Planes, Z64, Z128};

use crate::cases::edges;
use crate::subject::{Rep3Over, run, sim, tally};

/// AND gates and depth of a circuit of so many planes, for each of 64 secrets.
fn gates(width: usize, circuit: impl Fn(&mut Quote, &Area, usize) -> Result<Area>) -> (u64, u32) {
    let mut quote = tally::<Rep3Over<Z64>>();
    let planes = quote.public_bits(&Planes::zero(64, width));
    circuit(&mut quote, &planes, width).unwrap();
    // One word to the previous party for each gate.
    (quote.tallied().links.get(&(1, 0)).copied().unwrap_or(0) / 8, quote.tallied().rounds)
}

type Quote = sharewell_mpc::protocols::tally::Tally<Z64>;
type Area = <Quote as Protocol>::BShare;

#[test]
fn adders_have_the_gates_and_the_depth_of_their_table() {
    let signs = [(8, 17, 3), (16, 40, 4), (32, 87, 5), (48, 135, 6), (64, 182, 6), (128, 373, 7)];
    for (bits, and, depth) in signs {
        let carry = gates(bits - 1, |p, x, width| circuit::carry(p, x, x, width));
        assert_eq!(carry, (and, depth), "sign of {bits} bits");
    }
    let sums = [(8, 19, 4), (16, 57, 5), (32, 151, 6), (48, 247, 7), (64, 373, 7), (128, 883, 8)];
    for (bits, and, depth) in sums {
        let sum = gates(bits, |p, x, width| circuit::sum(p, x, x, width));
        assert_eq!(sum, (and, depth), "sum of {bits} bits");
    }
}

/// Bits that all parties send together for one of 64 values, and rounds.
fn price(op: impl Fn(&mut Quote, &Length) -> Result<Area>) -> (u64, u32) {
    let mut quote = tally::<Rep3Over<Z64>>();
    let values = quote.public(&[Z64(0); 64]);
    op(&mut quote, &values).unwrap();
    let Tallied { links, rounds, .. } = quote.tallied();
    (links.values().sum::<u64>() / 8, rounds)
}

#[test]
fn conversions_and_comparisons_cost_the_bits_and_rounds_that_their_docs_say() {
    for (bits, sent, rounds) in [(64, 373, 6), (32, 176, 5), (16, 79, 4), (2, 4, 2), (1, 1, 1)] {
        assert_eq!(price(|p, x| p.msb(x, bits)), (sent, rounds), "sign of {bits} bits");
    }
    assert_eq!(price(|p, x| p.a2b(x, 64)), (761, 7), "64 bits");
    assert_eq!(price(|p, x| p.is_zero(x, 64)), (253, 7), "64 bits against zero");
}

#[test]
fn equality_and_prefixes_have_the_gates_that_their_docs_say() {
    for (bits, depth) in [(1, 0), (8, 3), (33, 6), (64, 6), (128, 7)] {
        let all = gates(bits, circuit::all_ones);
        assert_eq!(all, (bits as u64 - 1, depth), "all_ones of {bits}");
    }
    for (bits, and, depth) in [(8, 12, 3), (64, 192, 6), (128, 448, 7)] {
        let prefix = gates(bits, circuit::suffix_or);
        assert_eq!(prefix, (and, depth), "suffix_or of {bits}");
    }
}

fn planes(x: &[Z128], width: usize) -> BitLinear<1> {
    BitLinear([Planes::slice_values(x, width)])
}

#[test]
fn circuits_are_right_at_every_width() {
    let mut p = Plain::<Z64>::new(1);
    for width in 1..=128 {
        let bits = u32::try_from(width).unwrap();
        let (x, y) = (edges::<Z128>(150, bits, 1, 50), edges::<Z128>(150, bits, 10, 51));
        let low = |x: u128| if width == 128 { x } else { x & ((1 << width) - 1) };
        let (u, v) = (planes(&x, width), planes(&y, width));
        let sum = circuit::sum(&mut p, &u, &v, width).unwrap().0[0].to_values::<Z128>();
        let carry = circuit::carry(&mut p, &u, &v, width).unwrap().0[0].to_values::<Z128>();
        let or = circuit::suffix_or(&mut p, &u, width).unwrap().0[0].to_values::<Z128>();
        let all = circuit::all_ones(&mut p, &u, width).unwrap().0[0].to_values::<Z128>();
        for i in 0..x.len() {
            let (a, b) = (low(x[i].0), low(y[i].0));
            let (wrapped, overflows) = a.overflowing_add(b);
            assert_eq!(sum[i].0, low(wrapped), "{a} + {b} of {width} bits");
            let carries = overflows || low(wrapped) != wrapped;
            assert_eq!(carry[i].0, u128::from(carries), "carry of {a} + {b} of {width} bits");
            let smeared = a.checked_ilog2().map_or(0, |top| u128::MAX >> (127 - top));
            assert_eq!(or[i].0, smeared, "suffix OR of {a} of {width} bits");
            assert_eq!(all[i].0, u128::from(a == low(u128::MAX)), "{a} of {width} bits");
        }
    }
}

fn below(x: &[Z128], width: usize, questions: &[Below]) -> Vec<u128> {
    let mut p = Plain::<Z64>::new(1);
    let answers = circuit::less_than_public(&mut p, &planes(x, width), questions).unwrap();
    answers.0[0].to_values::<Z128>().iter().map(|x| x.0).collect()
}

/// Limits of every width, those with many zeros or ones among them.
fn limits(width: usize) -> impl Strategy<Value = u128> {
    let top = u128::MAX >> (128 - width);
    let shift = 0..width as u32;
    prop_oneof![
        any::<u128>().prop_map(move |x| x & top),
        shift.clone().prop_map(|by| 1 << by),
        shift.clone().prop_map(move |by| top >> by),
        (any::<u128>(), shift).prop_map(move |(x, by)| (x >> by << by) & top),
        Just(top.saturating_add(1)),
    ]
}

proptest! {
    #[test]
    fn order_against_public_numbers_is_right_at_every_width_and_place(
        (width, low, limits, noise) in (1usize..=128).prop_flat_map(|width| {
            (Just(width), 0..width, prop::collection::vec(limits(width), 1..6), any::<u64>())
        }),
    ) {
        let mut x = edges::<Z128>(40, width as u32, 1, noise);
        x.extend(limits.iter().flat_map(|&c| [Z128(c), Z128(c.wrapping_sub(1))]));
        let all = limits.iter().flat_map(|&limit| {
            [Below { low: 0, width, limit }, Below { low, width: width - low, limit: limit >> low }]
        });
        let questions: Vec<Below> = all.collect();
        for (x, answers) in x.iter().zip(below(&x, width, &questions)) {
            let x = x.0 & (u128::MAX >> (128 - width));
            for (i, q) in questions.iter().enumerate() {
                prop_assert_eq!(answers >> i & 1, u128::from(x >> q.low < q.limit), "{} {:?}", x, q);
            }
        }
    }

    #[test]
    fn order_against_public_numbers_has_the_gates_that_its_doc_says(
        (width, limit) in (1usize..=128).prop_flat_map(|width| (Just(width), limits(width))),
    ) {
        let once = [Below { low: 0, width, limit }];
        let ask = |questions: &[Below]| gates(width, |p, x, _| circuit::less_than_public(p, x, questions));
        let looked_at = if limit == 0 { 1 } else { width as u32 - limit.trailing_zeros().min(width as u32 - 1) };
        let (and, rounds) = ask(&once);
        prop_assert!(and < 2 * u64::from(looked_at), "{} of {}", and, looked_at);
        prop_assert!(rounds <= looked_at.next_power_of_two().ilog2());
        prop_assert_eq!(ask(&[once[0], once[0]]), (and, rounds), "shared");
    }
}

#[test]
fn high_bits_are_those_of_the_number_or_of_one_unit_less() {
    let x = edges::<Z64>(300, 64, 1, 60);
    for (bits, drop) in [(64, 40), (64, 0), (20, 7), (33, 32)] {
        let opened = run::<Rep3Over<Z64>, _>(&sim::<Rep3Over<Z64>>(), |p, me| {
            let inputs = p.input([&x[..], &[], &[]][me], &[x.len(), 0, 0])?;
            let high = circuit::high_bits(p, &inputs[0], bits, drop)?;
            p.reveal_bits(&high)
        });
        let opened = opened.values().unwrap();
        let low = |x: u64| x & (u64::MAX >> (64 - (bits - drop)));
        let mut less = 0;
        for (x, high) in x.iter().zip(opened[0].to_values::<Z64>()) {
            let exact = low(x.0 >> drop);
            let one_less = low(exact.wrapping_sub(1));
            assert!(high.0 == exact || high.0 == one_less, "{x:?} {bits} {drop}");
            less += u32::from(high.0 != exact);
        }
        assert_eq!(less > 0, drop > 0, "with nothing left out nothing is missing");
    }
}

fn end() -> impl Strategy<Value = i128> {
    let any = any::<i64>().prop_map(i128::from);
    prop_oneof![4 => -9..9i128, 2 => any, 1 => Just(i64::MIN.into()), 1 => Just(i64::MAX.into())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Edges of ranges and of the ring among the elements.
    #[test]
    fn one_element_outside_its_range_is_found_whatever_it_is(
        ends in prop::collection::vec((end(), end()), 1..5),
        noise in prop::collection::vec(end(), 5),
    ) {
        let narrow = |&(a, b): &(i128, i128)| {
            (a.min(b), a.max(b).min(a.min(b) + i128::from(i64::MAX)))
        };
        let ranges: Vec<(i128, i128)> = ends.iter().map(narrow).collect();
        let edge = |(i, (lo, hi)): (usize, &(i128, i128))| match noise[i] % 6 {
            0 => *lo,
            1 => *hi,
            2 => lo - 1,
            3 => hi + 1,
            4 => (lo + hi) / 2,
            _ => noise[i],
        };
        let inside: Vec<i128> = ranges.iter().map(|(lo, _)| *lo).collect();
        let tried: Vec<i128> = ranges.iter().enumerate().map(edge).collect();
        let mut p = Plain::<Z64>::new(1);
        let share = |p: &Plain<Z64>, x: &[i128]| {
            p.public(&x.iter().map(|x| Z64(*x as u64)).collect::<Vec<_>>())
        };
        let vectors = [share(&p, &inside), share(&p, &tried)];
        let found = circuit::outside(&mut p, &vectors.each_ref(), &ranges).unwrap();
        let found = p.b2a(&found).unwrap();
        let is_outside = tried.iter().zip(&ranges).any(|(x, (lo, hi))| {
            let x = i128::from(*x as i64);
            x < *lo || x > *hi
        });
        prop_assert_eq!(p.reveal(&found).unwrap(), [Z64(0), Z64(is_outside.into())]);
    }
}
