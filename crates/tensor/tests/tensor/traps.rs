//! What other packages answer wrongly without a word: right within the stated error, or flagged.

use sharewell_ring::{Z64, Z128};
use sharewell_tensor::function::{
    Accuracy, Base, BoundedQuotient, Exponential, Logarithm, Quotient,
};

use crate::{Program, Secret, everywhere};

/// Sixteen fractional bits, as those packages have by default.
const FRAC_BITS: u32 = 16;
const ONE: i128 = 1 << FRAC_BITS;

const EXPONENTIAL: Exponential = Exponential {
    base: Base::E,
    least: -16 * ONE,
    most: 16 * ONE,
    argument_frac_bits: FRAC_BITS,
    result_bits: 15,
    frac_bits: FRAC_BITS,
};

const QUOTIENT: BoundedQuotient = BoundedQuotient {
    numerator_bits: 31,
    divisor_bits: 31,
    quotient_bits: 15,
    frac_bits: FRAC_BITS,
};

/// Under every interpreter, at all parties, over 64 bits.
fn opened(program: &impl Program, x: Vec<i128>, y: Vec<i128>, bits: u32) -> Vec<Vec<i128>> {
    everywhere::<Z64>(program, &Secret { values: x, bits }, &Secret { values: y, bits }).opened
}

fn near(got: i128, exact: f64, stated: Accuracy) {
    let got = got as f64 / ONE as f64;
    let bound = stated.absolute + stated.relative * exact.abs();
    assert!((got - exact).abs() <= bound, "{got} is not {exact} within {bound}");
}

#[test]
fn the_exponential_of_eight_is_right() {
    let stated = EXPONENTIAL.accuracy(64);
    for opened in opened(&EXPONENTIAL, vec![24 * ONE], vec![], 22) {
        assert_eq!(opened[1], 1, "small enough");
        near(opened[0], 8f64.exp(), stated);
    }
    // Of 2981 it is no more than a hundredth.
    assert!(stated.absolute + stated.relative * 8f64.exp() < 1e-2, "{stated:?}");
}

#[test]
fn one_over_a_millionth_is_right_or_flagged() {
    // With thirty fractional bits the divisor is 1074 units: in the ring of 128 bits it is right.
    let one = 1i128 << 30;
    let exact = Quotient { numerator_bits: 31, divisor_bits: 31, frac_bits: FRAC_BITS };
    let [x, y] = [one, 1074].map(|x| Secret { values: vec![x], bits: 31 });
    for opened in everywhere::<Z128>(&exact, &x, &y).opened {
        assert_eq!(opened[1], 1);
        near(opened[0], one as f64 / 1074.0, exact.accuracy(128));
    }
    // Where no quotient above 2^15 was asked for it is flagged, as is, with sixteen fractional
    // bits, the divisor that was lost already.
    for (a, b) in [(one, 1074), (ONE, 0)] {
        for opened in opened(&QUOTIENT, vec![a], vec![b], 31) {
            assert_eq!(opened, [0, 0], "{a} / {b}");
        }
    }
}

#[test]
fn the_logarithm_of_minus_one_is_flagged() {
    for base in [Base::E, Base::Two, Base::Ten] {
        let spec = Logarithm { bits: 31, scale: FRAC_BITS, frac_bits: FRAC_BITS, base };
        for opened in opened(&spec, vec![-ONE, 0, ONE], vec![], 31) {
            assert_eq!(opened[..2], [0, 0], "no logarithm");
            assert_eq!(opened[3..], [0, 0, 1], "and said to be none");
            near(opened[2], 0.0, spec.accuracy(64));
        }
    }
}

#[test]
fn products_of_hundred_thousands_and_of_millions_are_right() {
    /// Of fixed-point numbers.
    struct Product;
    impl Program for Product {
        fn run<P: sharewell_mpc::Protocol>(
            &self,
            p: &mut P,
            x: P::AShare,
            y: P::AShare,
        ) -> sharewell_mpc::Result<P::AShare> {
            p.mul_trunc(&x, &y, FRAC_BITS)
        }
    }
    let factors = |x: i128| Secret { values: vec![x * ONE], bits: 128 - (x * ONE).leading_zeros() };
    for (x, bits) in [(100_000, 64), (100_000, 128), (4_000_000, 64), (4_000_000, 128)] {
        let x_fixed = factors(x);
        if bits == 64 {
            // Beyond the ring: said before anything runs.
            let refused = crate::proven::<Z64>(&Product, &x_fixed, &x_fixed);
            assert!(refused.is_err_and(|error| error.to_string().contains("trunc")), "{x}");
        } else {
            for opened in everywhere::<Z128>(&Product, &x_fixed, &x_fixed).opened {
                assert!((opened[0] - x * x * ONE).abs() <= 1, "{x}: {opened:?}");
            }
        }
    }
}

/// How many of each.
const MANY: i128 = 100_000;

#[test]
fn a_hundred_thousand_exponentials_are_within_the_stated_bound() {
    // From the least result that shows to the greatest, evenly.
    let width = 22 * ONE + ONE * 3 / 8;
    let above_least: Vec<i128> = (0..MANY).map(|i| 4 * ONE + width * i / MANY).collect();
    let stated = EXPONENTIAL.accuracy(64);
    for opened in opened(&EXPONENTIAL, above_least.clone(), vec![], 22) {
        let (got, small) = opened.split_at(above_least.len());
        assert!(small.iter().all(|flag| *flag == 1));
        for (x, got) in above_least.iter().zip(got) {
            near(*got, ((x - 16 * ONE) as f64 / ONE as f64).exp(), stated);
        }
    }
    assert!(stated.relative < 1e-5 && stated.absolute < 2e-5, "{stated:?}");
}

#[test]
fn a_hundred_thousand_divisions_are_within_the_stated_bound() {
    // Divisors of every size, and dividends such that the quotients are.
    let divisor = |i: i128| 1 + ((i * i * 7 + i) % (1 << (3 + i % 28)));
    let dividend = |i: i128| (i * 104_729 + 1) % (divisor(i) << 13).min((1 << 31) - 1);
    let (x, y): (Vec<_>, Vec<_>) = (0..MANY).map(|i| (dividend(i), divisor(i))).unzip();
    let stated = QUOTIENT.accuracy(64);
    for opened in opened(&QUOTIENT, x.clone(), y.clone(), 31) {
        let (got, defined) = opened.split_at(x.len());
        assert!(defined.iter().all(|flag| *flag == 1));
        for ((a, b), got) in x.iter().zip(&y).zip(got) {
            near(*got, *a as f64 / *b as f64, stated);
        }
    }
    assert!(stated.relative < 1e-5 && stated.absolute < 3e-5, "{stated:?}");
}
