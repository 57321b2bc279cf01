//! Division of integers, exact over its whole domain.

use proptest::prelude::*;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::function::{IntegerQuotient, divide_integers};

use crate::{Everywhere, Program, Secret, everywhere, integers, magnitude, plainly};

/// Quotients, remainders, then whether the divisors are not zero.
impl Program for IntegerQuotient {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let out = divide_integers(p, &integers(x), &integers(y), *self)?;
        Ok(P::AShare::concat(&[out.quotient.shares(), out.remainder.shares(), &out.nonzero]))
    }
}

fn secrets(pairs: &[(i128, i128)], spec: IntegerQuotient) -> [Secret; 2] {
    let (a, b) = pairs.iter().copied().unzip();
    [Secret { values: a, bits: spec.numerator_bits }, Secret { values: b, bits: spec.divisor_bits }]
}

fn exact(opened: &[i128], pairs: &[(i128, i128)], spec: IntegerQuotient) {
    let n = pairs.len();
    for (i, &(a, b)) in pairs.iter().enumerate() {
        let got = (opened[i], opened[n + i], opened[2 * n + i]);
        let want = if b == 0 { (0, 0, 0) } else { (a / b, a % b, 1) };
        assert_eq!(got, want, "{a} / {b}, {spec:?}");
    }
}

fn check<R: Integer>(pairs: &[(i128, i128)], spec: IntegerQuotient) {
    let [a, b] = secrets(pairs, spec);
    let Everywhere { opened, .. } = everywhere::<R>(&spec, &a, &b);
    opened.iter().for_each(|opened| exact(opened, pairs, spec));
}

/// Multiples of divisors beside powers of two, and their neighbours.
fn edges(spec: IntegerQuotient) -> Vec<(i128, i128)> {
    let [a, b] = [spec.numerator_bits, spec.divisor_bits].map(|bits| (1i128 << bits) - 1);
    let powers = (0..=spec.divisor_bits).flat_map(|k| [-1, 0, 1].map(|by| (1i128 << k) + by));
    let divisors: Vec<i128> = powers.filter(|d| *d <= b).chain([b / 3]).collect();
    let of = |d: i128| {
        let most = a / d.max(1) * d;
        let half = most / 2 / d.max(1) * d;
        [a, a / 3, most, most - 1, most + 1, half, half - 1, d - 1, d, 0].map(|x| (x, d))
    };
    divisors.into_iter().flat_map(of).filter(|(x, _)| (0..=a).contains(x)).collect()
}

fn specs(bits: u32) -> impl Strategy<Value = IntegerQuotient> {
    (1..bits, 1..bits)
        .prop_map(|(numerator_bits, divisor_bits)| IntegerQuotient { numerator_bits, divisor_bits })
        .prop_filter("fits", move |spec| spec.fits(bits))
}

fn cases(bits: u32) -> impl Strategy<Value = (IntegerQuotient, Vec<(i128, i128)>)> {
    specs(bits).prop_flat_map(|spec| {
        let pair = (magnitude(spec.numerator_bits), magnitude(spec.divisor_bits));
        (Just(spec), prop::collection::vec(pair, 0..20))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn quotients_and_remainders_are_exact(
        (narrow, x) in cases(64),
        (wide, y) in cases(128),
    ) {
        check::<Z64>(&x, narrow);
        check::<Z128>(&y, wide);
    }
}

/// For each width of the divisor the widest numerators, and narrower ones.
fn widths(bits: u32) -> impl Iterator<Item = IntegerQuotient> {
    let spec = move |divisor_bits| {
        let of = move |numerator_bits| IntegerQuotient { numerator_bits, divisor_bits };
        let widest = (1..bits).rev().map(of).find(|spec| spec.fits(bits));
        widest.into_iter().flat_map(move |w| [w, of(w.numerator_bits.min(divisor_bits)), of(1)])
    };
    (1..bits).flat_map(spec)
}

#[test]
fn edges_of_every_width_are_divided_exactly() {
    fn plain<R: Integer>(spec: IntegerQuotient) {
        let pairs = edges(spec);
        let [a, b] = secrets(&pairs, spec);
        exact(&plainly::<R>(&spec, &a, &b), &pairs, spec);
    }
    widths(64).for_each(plain::<Z64>);
    widths(128).step_by(7).for_each(plain::<Z128>);
    for (numerator_bits, divisor_bits) in [(30, 30), (48, 13), (13, 48), (1, 1)] {
        let spec = IntegerQuotient { numerator_bits, divisor_bits };
        check::<Z64>(&edges(spec), spec);
        check::<Z128>(&edges(spec), spec);
    }
}

#[test]
fn vectors_longer_than_a_frame_are_divided_exactly() {
    let spec = IntegerQuotient { numerator_bits: 30, divisor_bits: 30 };
    let pairs: Vec<_> = edges(spec).into_iter().cycle().take((1 << 13) + 77).collect();
    check::<Z64>(&pairs, spec);
}
