//! Division against exact rationals, over its whole domain, under every interpreter.

use proptest::prelude::*;
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Arithmetic, Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Quotient, divide};

/// Everything opened: quotients, then the flags.
fn program<P: Protocol>(
    p: &mut P,
    n: usize,
    spec: Quotient,
    mine: &[P::Ring],
) -> Result<Vec<P::Ring>> {
    let lens = [2 * n, 0, 0];
    let both = p.input(mine, &lens)?.swap_remove(0);
    let (a, b) = sharewell_mpc::Share::split(both, n);
    let (q, nonzero) = divide(p, &Tensor::integers(a), &Tensor::integers(b), spec)?;
    let mut out = p.reveal(q.shares())?;
    out.extend(p.reveal(&nonzero)?);
    Ok(out)
}

fn inputs<R: Integer>(pairs: &[(i128, i128)]) -> Vec<R> {
    let a = pairs.iter().map(|(a, _)| *a);
    a.chain(pairs.iter().map(|(_, b)| *b)).map(R::from_i128).collect()
}

fn check<R: Integer>(opened: &[R], pairs: &[(i128, i128)], spec: Quotient) {
    let n = pairs.len();
    let accuracy = spec.accuracy(R::BITS);
    for (i, &(a, b)) in pairs.iter().enumerate() {
        assert_eq!(opened[n + i].to_i128(), i128::from(b != 0), "whether {b} is zero");
        if b != 0 {
            let exact = a as f64 / b as f64;
            let got = opened[i].to_i128() as f64 / f64::from(spec.frac_bits).exp2();
            let bound = accuracy.absolute + accuracy.relative * exact.abs();
            assert!((got - exact).abs() <= bound, "{a} / {b}: {got}, bound {bound:e} {spec:?}");
        }
    }
}

fn everywhere<R: Integer>(pairs: &[(i128, i128)], spec: Quotient) {
    let n = pairs.len();
    let x = inputs::<R>(pairs);
    let plain = program(&mut Plain::<R>::new(1), n, spec, &x).expect("no links");
    check(&plain, pairs, spec);
    let a = 1i128 << spec.numerator_bits;
    let b = 1i128 << spec.divisor_bits;
    let mut ranges = vec![Interval::between(1 - a, a - 1); n];
    ranges.extend(vec![Interval::between(0, b - 1); n]);
    let mut bounds = Bounds::<R>::new([ranges, vec![], vec![]]);
    program(&mut bounds, n, spec, &[]).expect("nothing overflows");
    let outcome = Sim::new(3).run(|party, entropy| {
        let mine = if party.me().0 == 0 { x.clone() } else { vec![] };
        program(&mut Rep3::<R>::connect(party, &[0; 32], entropy)?, n, spec, &mine)
    });
    for output in outcome {
        check(&output.expect("honest links"), pairs, spec);
    }
}

fn operand(bits: u32) -> impl Strategy<Value = i128> {
    (0..=bits, any::<u128>()).prop_map(move |(width, x)| {
        if width == 0 { 0 } else { (x >> (128 - width)) as i128 | 1 << (width - 1) }
    })
}

fn operands(a: u32, b: u32) -> impl Strategy<Value = Vec<(i128, i128)>> {
    let a = (operand(a), any::<bool>()).prop_map(|(a, negative)| if negative { -a } else { a });
    prop::collection::vec((a, operand(b)), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn quotients_of_wide_integers_are_within_their_bound(pairs in operands(50, 47)) {
        everywhere::<Z128>(&pairs, Quotient { numerator_bits: 50, divisor_bits: 47, frac_bits: 28 });
    }

    #[test]
    fn quotients_by_small_counts_are_within_their_bound(pairs in operands(78, 10)) {
        everywhere::<Z128>(&pairs, Quotient { numerator_bits: 78, divisor_bits: 10, frac_bits: 36 });
    }

    #[test]
    fn quotients_in_64_bits_are_within_their_bound(pairs in operands(24, 14)) {
        everywhere::<Z64>(&pairs, Quotient { numerator_bits: 24, divisor_bits: 14, frac_bits: 20 });
    }

    #[test]
    fn quotients_by_one_bit_are_within_their_bound(pairs in operands(40, 1)) {
        everywhere::<Z128>(&pairs, Quotient { numerator_bits: 40, divisor_bits: 1, frac_bits: 40 });
    }
}

#[test]
fn extreme_operands_are_within_the_bound() {
    let spec = Quotient { numerator_bits: 50, divisor_bits: 47, frac_bits: 28 };
    let (a, b) = ((1i128 << 50) - 1, (1i128 << 47) - 1);
    everywhere::<Z128>(&[(a, 1), (-a, 1), (a, b), (1, b), (0, b), (0, 0), (a, 0), (1, 1)], spec);
    everywhere::<Z128>(&[], spec);
}
