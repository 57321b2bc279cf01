//! Roots and logarithms against references of 53 bits or more, over their whole domain.

use proptest::prelude::*;
use sharewell_mpc::{Error, Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Accuracy, Base, Logarithm, Root, logarithm, square_root};

use crate::{Program, Secret, everywhere, plainly, proven, signed};

/// A function of one number, with a flag for where it is defined: positive numbers.
trait Function: Program + Copy + std::fmt::Debug {
    fn bits(&self) -> u32;
    fn accuracy(&self, bits: u32) -> Accuracy;
    /// By how much `got` is too large, and the exact value, at the result's scale both.
    fn compare(&self, x: i128, got: i128) -> (f64, f64);
    fn frac_bits(&self) -> u32;
}

/// Errors of the references themselves, which are sums of two doubles at most.
const REFERENCE: f64 = 4e-16;

impl Program for Root {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let n = x.len();
        let (root, positive) = square_root(p, &Tensor::new(x, &[n], self.scale), *self)?;
        assert_eq!((root.frac_bits(), root.shape()), (self.frac_bits, &[n][..]));
        Ok(P::AShare::concat(&[root.shares(), &positive]))
    }
}

impl Function for Root {
    fn bits(&self) -> u32 {
        self.bits
    }
    fn accuracy(&self, bits: u32) -> Accuracy {
        Self::accuracy(self, bits)
    }
    fn compare(&self, x: i128, got: i128) -> (f64, f64) {
        let x = x as f64 / f64::from(self.scale).exp2();
        let exact = if self.inverse { 1.0 / x.sqrt() } else { x.sqrt() };
        let exact = exact * f64::from(self.frac_bits).exp2();
        ((got as f64) - exact, exact)
    }
    fn frac_bits(&self) -> u32 {
        self.frac_bits
    }
}

impl Program for Logarithm {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let n = x.len();
        let (log, positive) = logarithm(p, &Tensor::new(x, &[n], self.scale), *self)?;
        assert_eq!((log.frac_bits(), log.shape()), (self.frac_bits, &[n][..]));
        Ok(P::AShare::concat(&[log.shares(), &positive]))
    }
}

impl Function for Logarithm {
    fn bits(&self) -> u32 {
        self.bits
    }
    fn accuracy(&self, bits: u32) -> Accuracy {
        Self::accuracy(self, bits)
    }
    /// The difference is taken in fixed point: a double would not hold a large logarithm to
    /// the last bit that is promised.
    fn compare(&self, x: i128, got: i128) -> (f64, f64) {
        const SCALE: u32 = 112;
        let (log_2, factor) = match self.base {
            Base::Two => (1i128 << SCALE, std::f64::consts::LOG2_E),
            Base::E => (3_599_025_928_123_676_973_540_407_451_845_619, 1.0),
            Base::Ten => (1_563_037_100_810_842_342_376_893_756_868_030, std::f64::consts::LOG10_E),
        };
        let width = 128 - x.leading_zeros();
        let fraction = x as f64 / f64::from(width).exp2();
        let small = (fraction.ln() * factor * f64::from(SCALE).exp2()) as i128;
        let exact = (i128::from(width) - i128::from(self.scale)) * log_2 + small;
        let difference = (got << (SCALE - self.frac_bits)) - exact;
        let down = f64::from(self.frac_bits).exp2() / f64::from(SCALE).exp2();
        (difference as f64 * down, exact as f64 * down)
    }
    fn frac_bits(&self) -> u32 {
        self.frac_bits
    }
}

/// The greatest error as a part of the error stated, which it does not exceed.
fn worst<R: Integer>(opened: &[i128], x: &[i128], spec: impl Function) -> f64 {
    let (values, positive) = opened.split_at(x.len());
    let Accuracy { absolute, relative } = spec.accuracy(R::BITS);
    let scale = f64::from(spec.frac_bits()).exp2();
    let mut worst = 0.0f64;
    for (&x, (&got, &positive)) in x.iter().zip(values.iter().zip(positive)) {
        assert_eq!(positive, i128::from(x > 0), "whether {x} is positive");
        if x <= 0 {
            assert_eq!(got, 0, "of {x}, {spec:?}");
            continue;
        }
        let (error, exact) = spec.compare(x, got);
        let bound = absolute * scale + relative * exact.abs();
        let reference = REFERENCE * exact.abs().max(scale);
        assert!(error.abs() <= bound + reference, "of {x}: {got}, not {exact}, {spec:?}");
        worst = worst.max(error.abs() / bound.max(1e-300));
    }
    worst
}

fn secrets(x: &[i128], spec: impl Function) -> [Secret; 2] {
    [Secret { values: x.to_vec(), bits: spec.bits() }, Secret { values: vec![], bits: 0 }]
}

fn check<R: Integer>(x: &[i128], spec: impl Function) {
    let [values, none] = secrets(x, spec);
    for opened in &everywhere::<R>(&spec, &values, &none).opened {
        worst::<R>(opened, x, spec);
    }
}

/// Numbers beside every power of two, and ends of the range.
fn edges(bits: u32) -> Vec<i128> {
    let most = (1i128 << bits) - 1;
    let powers = (0..=bits).flat_map(|k| [-1, 0, 1].map(|by| (1i128 << k) + by));
    let ends = [most, most - 1, most / 3, -most, -most / 3, -1, 0];
    powers.filter(|x| *x <= most).chain(ends).collect()
}

/// All over every binade.
fn dense(bits: u32) -> Vec<i128> {
    let value = |k: u32, i: u128| ((1 << k) + (((1u128 << k) * i) / 23)) as i128;
    let binade = |k| (0..23).map(move |i| value(k, i) + (i % 3) as i128);
    let most = (1i128 << bits) - 1;
    (0..bits).flat_map(binade).filter(|x| *x <= most).chain(edges(bits)).collect()
}

/// The bound is kept, and where anything is rounded it is not idle.
fn sweep<R: Integer>(spec: impl Function) {
    let x = dense(spec.bits());
    let [values, none] = secrets(&x, spec);
    let worst = worst::<R>(&plainly::<R>(&spec, &values, &none), &x, spec);
    assert!(spec.bits() < 3 || worst >= 0.02, "a bound {} times too wide: {spec:?}", 1.0 / worst);
}

fn roots(bits: u32) -> impl Strategy<Value = Root> {
    let root = |(bits, scale, frac_bits, inverse)| Root { bits, scale, frac_bits, inverse };
    (1..bits - 3, 0..bits / 2, 0..bits / 2, any::<bool>())
        .prop_map(root)
        .prop_filter("fits", move |spec| spec.fits(bits))
}

fn logarithms(bits: u32) -> impl Strategy<Value = Logarithm> {
    let base = prop_oneof![Just(Base::Two), Just(Base::E), Just(Base::Ten)];
    (1..bits - 3, 0..bits, 0..bits / 2, base)
        .prop_map(|(bits, scale, frac_bits, base)| Logarithm { bits, scale, frac_bits, base })
        .prop_filter("fits", move |spec| spec.fits(bits))
}

fn with_values<F: Function>(
    spec: impl Strategy<Value = F>,
) -> impl Strategy<Value = (F, Vec<i128>)> {
    spec.prop_flat_map(|spec| (Just(spec), prop::collection::vec(signed(spec.bits()), 0..20)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn roots_are_within_their_bound(
        (narrow, x) in with_values(roots(64)),
        (wide, y) in with_values(roots(128)),
    ) {
        check::<Z64>(&x, narrow);
        check::<Z128>(&y, wide);
    }

    #[test]
    fn logarithms_are_within_their_bound(
        (narrow, x) in with_values(logarithms(64)),
        (wide, y) in with_values(logarithms(128)),
    ) {
        check::<Z64>(&x, narrow);
        check::<Z128>(&y, wide);
    }
}

/// Widths of either parity that fit, at several scales.
fn all<F: Function>(
    bits: u32,
    spec: impl Fn(u32, u32, u32) -> F,
    fits: impl Fn(&F) -> bool,
) -> Vec<F> {
    let scales = [(0, 0), (0, 16), (1, 8), (16, 16), (13, 25), (40, 20), (52, 44)];
    let at = |width| scales.map(|(scale, frac_bits)| spec(width, scale, frac_bits));
    let step = if bits > 64 { 7 } else { 3 };
    (1..bits - 3).step_by(step).flat_map(at).filter(fits).collect()
}

#[test]
fn roots_of_all_widths_and_scales_keep_their_bound_and_nearly_reach_it() {
    for inverse in [false, true] {
        let root = |bits, scale, frac_bits| Root { bits, scale, frac_bits, inverse };
        let narrow = all(64, root, |root| root.fits(64));
        assert!(narrow.len() > 50);
        narrow.into_iter().for_each(sweep::<Z64>);
        all(128, root, |root| root.fits(128)).into_iter().for_each(sweep::<Z128>);
    }
}

#[test]
fn logarithms_of_all_widths_and_scales_keep_their_bound_and_nearly_reach_it() {
    for base in [Base::Two, Base::E, Base::Ten] {
        let log = |bits, scale, frac_bits| Logarithm { bits, scale, frac_bits, base };
        let narrow = all(64, log, |log| log.fits(64));
        assert!(narrow.len() > 50);
        narrow.into_iter().for_each(sweep::<Z64>);
        all(128, log, |log| log.fits(128)).into_iter().for_each(sweep::<Z128>);
    }
}

#[test]
fn edges_are_within_the_bound_at_the_parties_too() {
    for bits in [1, 2, 31, 32, 60] {
        for inverse in [false, true] {
            let root = Root { bits, scale: 16, frac_bits: 16, inverse };
            check::<Z64>(&edges(bits), root);
            check::<Z128>(&edges(bits), Root { frac_bits: 40, scale: 15, ..root });
        }
        let log = Logarithm { bits, scale: 16, frac_bits: 16, base: Base::E };
        check::<Z64>(&edges(bits), log);
        check::<Z128>(&edges(bits), Logarithm { frac_bits: 44, base: Base::Two, ..log });
    }
}

#[test]
fn vectors_longer_than_a_frame_and_of_none_are_within_the_bound() {
    let root = Root { bits: 31, scale: 16, frac_bits: 16, inverse: false };
    let log = Logarithm { bits: 31, scale: 16, frac_bits: 16, base: Base::Two };
    let long: Vec<i128> = dense(31).into_iter().cycle().take((1 << 13) + 77).collect();
    for x in [&long[..], &[]] {
        check::<Z64>(x, root);
        check::<Z64>(x, log);
    }
}

#[test]
fn arguments_that_may_leave_the_domain_are_refused() {
    let root = Root { bits: 20, scale: 0, frac_bits: 8, inverse: true };
    let log = Logarithm { bits: 20, scale: 0, frac_bits: 8, base: Base::Ten };
    let wide = Secret { values: vec![1], bits: 21 };
    let none = Secret { values: vec![], bits: 0 };
    let refusals = [
        (proven::<Z64>(&root, &wide, &none), "square root"),
        (proven::<Z128>(&log, &wide, &none), "logarithm"),
    ];
    for (refusal, name) in refusals {
        assert!(matches!(refusal, Err(Error::Overflow { step, .. }) if step == name), "{name}");
    }
}

#[test]
fn sixteen_fractional_bits_in_64_are_off_by_less_than_two_units() {
    let unit = 2f64.powi(-16);
    for bits in 17..=60 {
        let root = Root { bits, scale: 16, frac_bits: 16, inverse: false };
        let Accuracy { absolute, relative } = root.accuracy(64);
        let greatest = f64::from(bits - 16).exp2().sqrt();
        assert!(absolute <= unit && relative <= 2f64.powi(-24).max(unit / greatest), "{root:?}");
        let log = Logarithm { bits, scale: 16, frac_bits: 16, base: Base::E };
        assert!(log.accuracy(64).absolute <= 1.8 * unit, "{:?}", log.accuracy(64));
    }
}

#[test]
fn a_ring_too_small_is_said_beforehand() {
    let root = Root { bits: 60, scale: 16, frac_bits: 16, inverse: false };
    assert!(root.fits(64) && !Root { bits: 61, ..root }.fits(64));
    assert!(!Root { frac_bits: 45, ..root }.fits(64) && !Root { bits: 0, ..root }.fits(64));
    let log = Logarithm { bits: 60, scale: 16, frac_bits: 30, base: Base::E };
    assert!(log.fits(64) && !Logarithm { bits: 61, ..log }.fits(64));
    assert!(!Logarithm { frac_bits: 31, ..log }.fits(64));
}
