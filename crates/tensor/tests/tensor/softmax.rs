//! Softmax against doubles.

use proptest::prelude::*;
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::function::{Argument, Softmax, softmax};

use crate::{Program, Secret, everywhere, signed};

impl Program for Softmax {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let x = Tensor::<P>::integers(x);
        let shape = [x.len() / self.len, self.len];
        let x = Tensor::new(x.into_shares(), &shape, self.argument.frac_bits);
        let y = softmax(p, &x, *self)?;
        assert_eq!((y.shape(), y.frac_bits()), (&shape[..], self.frac_bits));
        Ok(y.into_shares())
    }
}

fn exact(row: &[i128], frac_bits: u32) -> Vec<f64> {
    let greatest = row.iter().max().copied().unwrap_or(0);
    let unit = f64::from(frac_bits).exp2();
    let weights: Vec<f64> = row.iter().map(|x| ((x - greatest) as f64 / unit).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|x| x / sum).collect()
}

/// The greatest error as a part of the error stated, which it does not exceed.
fn check<R: Integer>(spec: Softmax, values: &[i128]) -> f64 {
    assert!(spec.fits(R::BITS), "{spec:?}");
    let x = Secret { values: values.to_vec(), bits: spec.argument.bits };
    let y = Secret { values: vec![], bits: 0 };
    let bound = spec.accuracy(R::BITS);
    let exact: Vec<f64> =
        values.chunks(spec.len).flat_map(|row| exact(row, spec.argument.frac_bits)).collect();
    let mut worst = 0.0f64;
    for opened in &everywhere::<R>(&spec, &x, &y).opened {
        for (got, exact) in opened.iter().zip(&exact) {
            let got = *got as f64 / f64::from(spec.frac_bits).exp2();
            let error = (got - exact).abs();
            assert!(error <= bound, "{got}, not {exact}: {} of {bound}, {spec:?}", error / bound);
            worst = worst.max(error / bound);
        }
    }
    worst
}

fn spec(bits: u32, len: usize, frac_bits: u32) -> Softmax {
    Softmax { argument: Argument { bits, frac_bits: 16 }, len, frac_bits }
}

#[test]
fn rows_of_every_kind_are_within_the_bound() {
    for len in [1, 2, 3, 10, 31, 257] {
        let n = len as i128;
        let most = (1 << 20) - 1;
        let rows: [Vec<i128>; 6] = [
            vec![0; len],
            (0..n).map(|i| i * 9_999 % most).collect(),
            (0..n).map(|i| if i == 0 { most } else { -most }).collect(),
            (0..n).map(|i| if i + 1 == n { most } else { most - 70_000 }).collect(),
            vec![-most; len],
            (0..n).map(|i| (i - n / 2) * 3000).collect(),
        ];
        check::<Z64>(spec(20, len, 16), &rows.concat());
        check::<Z128>(spec(20, len, 30), &rows.concat());
    }
    check::<Z64>(spec(20, 5, 16), &[]);
}

#[test]
fn the_bound_of_softmax_is_nearly_reached_and_below_two_units() {
    let of = spec(22, 100, 16);
    assert!(of.accuracy(64) < 2.0 / 65_536.0, "{}", of.accuracy(64));
    let values: Vec<i128> = (0..1000).map(|i| (i * i * 7_919) % 500_000 - 250_000).collect();
    assert!(check::<Z64>(of, &values) > 0.3);
    assert!(!spec(62, 5, 16).fits(64) && !spec(20, 0, 16).fits(64) && !spec(20, 5, 40).fits(64));
}

fn cases() -> impl Strategy<Value = (Softmax, Vec<i128>)> {
    let of = (1..40u32, 0..30u32, 1..12usize, 4..24u32);
    of.prop_flat_map(|(bits, scale, len, frac_bits)| {
        let argument = Argument { bits, frac_bits: scale };
        let rows =
            (0..5usize).prop_flat_map(move |rows| prop::collection::vec(signed(bits), rows * len));
        (Just(Softmax { argument, len, frac_bits }), rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn softmax_of_any_rows_is_within_its_bound((spec, values) in cases()) {
        if spec.fits(64) {
            check::<Z64>(spec, &values);
        }
        check::<Z128>(spec, &values);
    }
}
