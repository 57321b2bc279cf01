//! Powers against exact integers and doubles.

use proptest::prelude::*;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Argument, Power, RealPower, power, real_power};

use crate::{Program, Secret, everywhere, signed};

impl Program for Power {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let shape = [x.len()];
        let y = power(p, &Tensor::new(x, &shape, self.argument.frac_bits), *self)?;
        assert_eq!((y.shape(), y.frac_bits()), (&shape[..], self.frac_bits));
        Ok(y.into_shares())
    }
}

/// Powers, then whether they mean something.
impl Program for RealPower {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let shape = [x.len()];
        let (y, good) = real_power(p, &Tensor::new(x, &shape, self.argument.frac_bits), *self)?;
        assert_eq!((y.shape(), y.frac_bits()), (&shape[..], self.frac_bits));
        Ok(P::AShare::concat(&[y.shares(), &good]))
    }
}

fn check<R: Integer>(spec: Power, values: &[i128]) -> f64 {
    let x = Secret { values: values.to_vec(), bits: spec.argument.bits };
    let y = Secret { values: vec![], bits: 0 };
    let bound = spec.accuracy(R::BITS);
    let mut worst = 0.0f64;
    for opened in &everywhere::<R>(&spec, &x, &y).opened {
        for (&x, &got) in values.iter().zip(opened) {
            let real = x as f64 / f64::from(spec.argument.frac_bits).exp2();
            let exact = real.powi(spec.exponent as i32);
            let got = got as f64 / f64::from(spec.frac_bits).exp2();
            let error = (got - exact).abs();
            // Doubles are rounded themselves.
            let slack = exact.abs() * 1e-14;
            assert!(error <= bound + slack, "{real} gives {got}, not {exact}; {bound}, {spec:?}");
            worst = worst.max(error / bound);
        }
    }
    worst
}

fn spec(bits: u32, frac_bits: u32, exponent: u32, result: u32) -> Power {
    Power { argument: Argument { bits, frac_bits }, exponent, frac_bits: result }
}

#[test]
fn whole_powers_are_exact_where_nothing_is_dropped() {
    let all: Vec<i128> = (-127..=127).collect();
    for exponent in 0..=8 {
        let integers = spec(7, 0, exponent, 0);
        assert!(integers.fits(64) && integers.accuracy(64) == 0.0, "{exponent}");
        for opened in everywhere::<Z64>(
            &integers,
            &Secret { values: all.clone(), bits: 7 },
            &Secret { values: vec![], bits: 0 },
        )
        .opened
        {
            let exact: Vec<i128> = all.iter().map(|x| x.pow(exponent)).collect();
            assert_eq!(opened, exact);
        }
    }
    assert!(!spec(7, 0, 9, 0).fits(64) && spec(7, 0, 9, 0).fits(128));
}

#[test]
fn the_bound_of_whole_powers_is_nearly_reached() {
    let values: Vec<i128> = (-200..=200).map(|i| i * 1310 + i % 7).collect();
    for exponent in [2, 3, 7, 12] {
        let narrow = spec(18, 16, exponent, 16);
        assert!(narrow.fits(64) && check::<Z64>(narrow, &values) > 0.02, "{exponent}");
    }
    assert!(check::<Z128>(spec(18, 16, 11, 24), &values) > 0.02);
}

fn powers(bits: u32) -> impl Strategy<Value = (Power, Vec<i128>)> {
    (1..bits - 3, 0..bits, 0..40u32, 0..bits / 2)
        .prop_map(|(bits, scale, exponent, result)| spec(bits, scale, exponent, result))
        .prop_filter("fits", move |spec| spec.fits(bits))
        .prop_flat_map(|spec| {
            (Just(spec), prop::collection::vec(signed(spec.argument.bits), 0..20))
        })
}

fn check_real<R: Integer>(spec: RealPower, values: &[i128]) {
    assert!(spec.fits(R::BITS), "{spec:?}");
    let x = Secret { values: values.to_vec(), bits: spec.argument.bits };
    let y = Secret { values: vec![], bits: 0 };
    let accuracy = spec.accuracy(R::BITS);
    for opened in &everywhere::<R>(&spec, &x, &y).opened {
        let (results, good) = opened.split_at(values.len());
        for ((&x, &got), &good) in values.iter().zip(results).zip(good) {
            let real = x as f64 / f64::from(spec.argument.frac_bits).exp2();
            let exact = real.powf(spec.exponent);
            let limit = f64::from(spec.result_bits).exp2();
            let either = (0.97..1.03).contains(&(exact / limit));
            assert!(either || good == i128::from(x > 0 && exact < limit), "{real}: {exact} {good}");
            let got = got as f64 / f64::from(spec.frac_bits).exp2();
            let bound = accuracy.absolute + accuracy.relative * exact;
            let wrong = (got - exact).abs() > bound;
            assert!(good == 0 || !wrong, "{real} gives {got}, not {exact}; {bound}, {spec:?}");
        }
    }
}

#[test]
fn real_powers_are_within_their_bound_and_others_flagged() {
    let octaves = (0..=24).flat_map(|k| [-1, 0, 1].map(|by| (1i128 << k) + by));
    let values: Vec<i128> = octaves
        .chain((0..300).map(|i| i * 55_555))
        .chain([0, -1, -99_999])
        .filter(|x| *x < 1 << 24)
        .collect();
    for exponent in [0.5, -0.5, 1.0 / 3.0, 2.5, -1.0, 0.0, 0.001, -3.75] {
        let argument = Argument { bits: 24, frac_bits: 16 };
        let of = RealPower { argument, exponent, result_bits: 14, frac_bits: 16 };
        check_real::<Z64>(of, &values);
        check_real::<Z128>(RealPower { result_bits: 20, frac_bits: 24, ..of }, &values);
        assert!(of.accuracy(64).relative < 1e-5, "{:?}", of.accuracy(64));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_whole_power_that_fits_is_within_its_bound(narrow in powers(64), wide in powers(128)) {
        check::<Z64>(narrow.0, &narrow.1);
        check::<Z128>(wide.0, &wide.1);
    }
}
