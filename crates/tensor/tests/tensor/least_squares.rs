//! Sums of squares and products, and the coefficients that they give.

use proptest::prelude::*;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Z64, Z128};
use sharewell_tensor::Tensor;
use sharewell_tensor::linear::{Definite, gram, least_squares};

use crate::linear::{spec, uniform};
use crate::{Program, Secret, everywhere};

/// `X^T X` at a scale.
#[derive(Debug)]
struct Gram {
    shape: [usize; 2],
    frac_bits: u32,
    to: u32,
}

impl Program for Gram {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, _: P::AShare) -> Result<P::AShare> {
        let x = Tensor::<P>::new(x, &self.shape, self.frac_bits);
        let out = gram(p, &x, self.to)?;
        assert_eq!((out.shape(), out.frac_bits()), (&[self.shape[1]; 2][..], self.to));
        Ok(out.into_shares())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_gram_matrix_is_symmetric_and_off_by_one_unit_at_most(
        (m, n, frac_bits, to) in (0..7usize, 0..7usize, 0..10u32, 0..21u32),
        seed in any::<u64>(),
    ) {
        let mut random = uniform(seed);
        let values: Vec<i128> =
            (0..m * n).map(|_| ((random() * 2.0 - 1.0) * 1e8) as i128).collect();
        let to = to.min(2 * frac_bits);
        let case = Gram { shape: [m, n], frac_bits, to };
        let x = Secret { values: values.clone(), bits: 28 };
        let all = everywhere::<Z64>(&case, &x, &Secret { values: vec![], bits: 0 });
        for opened in &all.opened {
            for i in 0..n {
                for j in 0..n {
                    let wide: i128 = (0..m).map(|k| values[k * n + i] * values[k * n + j]).sum();
                    let got = opened[i * n + j];
                    let up = got - (wide >> (2 * frac_bits - to));
                    prop_assert!((0..=i128::from(to < 2 * frac_bits)).contains(&up));
                    prop_assert_eq!(got, opened[j * n + i]);
                    prop_assert!(i != j || all.intervals[i * n + i].lo == Some(0));
                }
            }
        }
    }
}

/// Coefficients of three columns and a constant, of observations that are all fixed point.
#[derive(Debug)]
struct Regression {
    rows: usize,
    ridge: i128,
    spec: Definite,
}

impl Program for Regression {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let x = Tensor::<P>::new(x, &[self.rows, 4], 10);
        let y = Tensor::<P>::new(y, &[self.rows, 1], 10);
        let (w, ok) = least_squares(p, [&x, &y], self.ridge, self.spec, 20)?;
        Ok(P::AShare::concat(&[w.shares(), &ok]))
    }
}

#[test]
fn least_squares_finds_the_coefficients_and_ridge_shrinks_them() {
    let mut random = uniform(3);
    let rows = 60;
    let mut one = |i: usize| if i.is_multiple_of(4) { 1024.0 } else { 2000.0 * (random() - 0.5) };
    let x: Vec<i128> = (0..rows * 4).map(|i| one(i).round() as i128).collect();
    let truth = [3, -2, 1, 5];
    let y = x.chunks(4).map(|row| row.iter().zip(truth).map(|(x, w)| x * w).sum());
    let y = Secret { values: y.collect(), bits: 14 };
    let x = Secret { values: x, bits: 11 };
    for (ridge, shrunk) in [(0, 0.0), (1i128 << 24, 0.1)] {
        let case = Regression { rows, ridge, spec: spec(4, 30, 16, 31) };
        for opened in everywhere::<Z128>(&case, &x, &y).opened {
            let (w, ok) = opened.split_at(4);
            assert_eq!(ok, [1]);
            for (w, truth) in w.iter().zip(truth) {
                let w = *w as f64 / 1_048_576.0 / truth as f64;
                assert!((w - 1.0).abs() < 1e-5 || (shrunk..1.0).contains(&w), "{w}");
                assert_eq!(ridge > 0, w < 0.99);
            }
        }
    }
}
