//! Circuits by themselves: right at every width, and as large and deep as their table says.

use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{BitLinear, Protocol, Result, circuit};
use sharewell_ring::{Planes, Z64, Z128};

use crate::cases::edges;
use crate::subject::{Rep3Over, tally};

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

#[test]
fn equality_and_prefixes_have_the_gates_that_their_docs_say() {
    for (bits, depth) in [(1, 0), (8, 3), (33, 6), (64, 6), (128, 7)] {
        let all = gates(bits, |p, x, width| circuit::all_ones(p, x.clone(), width));
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
        let all = circuit::all_ones(&mut p, u.clone(), width).unwrap().0[0].to_values::<Z128>();
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
