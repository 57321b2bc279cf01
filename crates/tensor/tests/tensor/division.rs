//! Division against exact rationals, over its whole domain.

use proptest::prelude::*;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Quotient, divide, divide_public};

use crate::{Program, Secret, everywhere, integers, magnitude, plainly, signed};

/// Quotients, then whether their divisors are not zero.
impl Program for Quotient {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let (quotient, nonzero) = divide(p, &integers(x), &integers(y), *self)?;
        Ok(P::AShare::concat(&[quotient.shares(), &nonzero]))
    }
}

fn secrets(pairs: &[(i128, i128)], spec: Quotient) -> [Secret; 2] {
    let (a, b) = pairs.iter().copied().unzip();
    [Secret { values: a, bits: spec.numerator_bits }, Secret { values: b, bits: spec.divisor_bits }]
}

/// The greatest error of all quotients as a part of the error stated, which it does not exceed.
fn worst<R: Integer>(opened: &[i128], pairs: &[(i128, i128)], spec: Quotient) -> f64 {
    let accuracy = spec.accuracy(R::BITS);
    let (quotients, nonzero) = opened.split_at(pairs.len());
    let mut worst = 0.0f64;
    for (&(a, b), (&q, &nonzero)) in pairs.iter().zip(quotients.iter().zip(nonzero)) {
        assert_eq!(nonzero, i128::from(b != 0), "whether {b} is zero");
        if b == 0 {
            assert_eq!(q, 0, "{a} / 0");
        } else {
            // All of it times the divisor and 2^frac_bits: integers.
            let wide = a << spec.frac_bits;
            let error = (q * b - wide).abs() as f64;
            let scale = f64::from(spec.frac_bits).exp2();
            let bound =
                accuracy.absolute * scale * b as f64 + accuracy.relative * wide.abs() as f64;
            assert!(error <= bound, "{a} / {b} = {q}: {} of the bound, {spec:?}", error / bound);
            worst = worst.max(error / bound);
        }
    }
    worst
}

fn check<R: Integer>(pairs: &[(i128, i128)], spec: Quotient) {
    let [a, b] = secrets(pairs, spec);
    for opened in &everywhere::<R>(&spec, &a, &b).opened {
        worst::<R>(opened, pairs, spec);
    }
}

fn pairs(spec: Quotient) -> impl Strategy<Value = Vec<(i128, i128)>> {
    prop::collection::vec((signed(spec.numerator_bits), magnitude(spec.divisor_bits)), 0..20)
}

fn spec(numerator_bits: u32, divisor_bits: u32, frac_bits: u32) -> Quotient {
    Quotient { numerator_bits, divisor_bits, frac_bits }
}

/// Anything that fits a ring of so many bits.
fn specs(bits: u32) -> impl Strategy<Value = Quotient> {
    (1..=bits - 4, 0..=40u32, 0..=bits)
        .prop_map(|(divisor, frac, numerator)| spec(numerator, divisor, frac))
        .prop_filter("fits", move |spec| spec.fits(bits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quotients_in_64_bits_are_within_their_bound(
        (spec, pairs) in specs(64).prop_flat_map(|spec| (Just(spec), pairs(spec))),
    ) {
        check::<Z64>(&pairs, spec);
    }

    #[test]
    fn quotients_in_128_bits_are_within_their_bound(
        (spec, pairs) in specs(128).prop_flat_map(|spec| (Just(spec), pairs(spec))),
    ) {
        check::<Z128>(&pairs, spec);
    }
}

/// Edges of both operands' ranges, and divisors beside every power of two.
fn edges(spec: Quotient) -> Vec<(i128, i128)> {
    let a = (1i128 << spec.numerator_bits) - 1;
    let b = (1i128 << spec.divisor_bits) - 1;
    let powers = (0..=spec.divisor_bits).flat_map(|k| [-1, 0, 1].map(|by| (1i128 << k) + by));
    let divisors: Vec<i128> = powers.filter(|d| *d <= b).chain([0, b / 3]).collect();
    let numerators = [a, -a, a / 3, 1.min(a), 0];
    numerators.into_iter().flat_map(|a| divisors.iter().map(move |b| (a, *b))).collect()
}

/// The widest numerators for each width of the divisor, at several scales.
fn widest(bits: u32, frac_bits: &[u32]) -> Vec<Quotient> {
    let widest = |divisor, frac| {
        (0..bits).rev().map(|numerator| spec(numerator, divisor, frac)).find(|spec| spec.fits(bits))
    };
    (1..=60).flat_map(|divisor| frac_bits.iter().filter_map(move |f| widest(divisor, *f))).collect()
}

#[test]
fn edges_of_every_width_are_within_the_bound() {
    for spec in widest(64, &[0, 16]) {
        check::<Z64>(&edges(spec), spec);
    }
    for spec in widest(128, &[16]) {
        check::<Z128>(&edges(spec), spec);
    }
}

/// Divisors near both ends of every binade, numerators spread over their range.
fn dense(spec: Quotient) -> Vec<(i128, i128)> {
    let a = (1i128 << spec.numerator_bits) - 1;
    let b = (1i128 << spec.divisor_bits) - 1;
    let numerator = |i: i128| (a / 97 * i).wrapping_add(i * i).clamp(-a, a);
    let divisor = |i: i128| (b >> (i % i128::from(spec.divisor_bits))).saturating_sub(i / 7).max(1);
    (-97..=97).map(|i| (numerator(i), divisor(i.abs()))).collect()
}

fn sweep<R: Integer>() {
    for spec in widest(R::BITS, &[0, 1, 8, 16, 28, 40]) {
        let narrow = Quotient { numerator_bits: spec.numerator_bits.min(20), ..spec };
        for spec in [spec, narrow] {
            let pairs = [dense(spec), edges(spec)].concat();
            let [a, b] = secrets(&pairs, spec);
            let worst = worst::<R>(&plainly::<R>(&spec, &a, &b), &pairs, spec);
            // Only 0 to divide, or only by 1: nothing to be rounded.
            let exact = spec.numerator_bits == 0 || spec.divisor_bits == 1;
            assert!(exact || worst >= 1e-3, "a bound {:e} times too wide: {spec:?}", 1.0 / worst);
        }
    }
}

#[test]
fn the_bound_is_kept_and_nearly_reached_at_every_width_and_scale() {
    sweep::<Z64>();
    sweep::<Z128>();
}

#[test]
fn vectors_longer_than_a_frame_are_divided_within_the_bound() {
    let spec = spec(20, 20, 16);
    let pairs: Vec<_> = dense(spec).into_iter().cycle().take((1 << 13) + 77).collect();
    check::<Z64>(&pairs, spec);
}

#[test]
fn a_ring_too_small_is_said_beforehand() {
    for (bits, fitting) in [(64, spec(40, 11, 10)), (128, spec(77, 20, 28))] {
        assert!(fitting.fits(bits));
        assert!(!Quotient { divisor_bits: fitting.divisor_bits + 1, ..fitting }.fits(bits));
        assert!(!Quotient { numerator_bits: fitting.numerator_bits + 1, ..fitting }.fits(bits));
        assert!(!Quotient { frac_bits: fitting.frac_bits + 1, ..fitting }.fits(bits));
        assert!(!Quotient { divisor_bits: 0, ..fitting }.fits(bits));
    }
    // What is left for the reciprocal would be too coarse.
    assert!(!spec(49, 1, 1).fits(64) && spec(48, 1, 1).fits(64));
}

/// `x / (divisor / 2^shift)`.
#[derive(Debug)]
struct Public {
    divisor: i128,
    shift: u32,
    precision: u32,
}

impl Program for Public {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let divisor = self.divisor as f64 / f64::from(self.shift).exp2();
        let x: Tensor<P> = integers(x);
        Ok(divide_public(p, &x, divisor, self.precision)?.into_shares())
    }
}

fn check_public<R: Integer>(values: &[i128], bits: u32, public: &Public) {
    let (x, y) = (Secret { values: values.to_vec(), bits }, Secret { values: vec![], bits: 0 });
    for opened in &everywhere::<R>(public, &x, &y).opened {
        for (x, got) in values.iter().zip(opened) {
            // |got - x / d| <= 1 + |x / d| / 2^precision, times the divisor.
            let wide = x << public.shift;
            let error = (got * public.divisor - wide).abs();
            let bound = public.divisor.abs() + (wide.abs() >> public.precision) + 1;
            let Public { divisor, shift, precision } = public;
            assert!(error <= bound, "{x} / {divisor} 2^{shift} = {got}, precision {precision}");
        }
    }
}

fn publics() -> impl Strategy<Value = (Vec<i128>, Public)> {
    let divisor = (1..1_000_000i128, any::<bool>(), 0..20u32, 1..30u32);
    (prop::collection::vec(signed(30), 0..20), divisor).prop_map(|(values, divisor)| {
        let (divisor, negative, shift, precision) = divisor;
        let divisor = if negative { -divisor } else { divisor };
        (values, Public { divisor, shift: shift.min(precision), precision })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quotients_by_public_divisors_are_within_their_bound((values, public) in publics()) {
        check_public::<Z64>(&values, 30, &public);
        check_public::<Z128>(&values, 30, &public);
    }
}
