//! The field of 2^61 - 1 elements against ordinary integers.

use proptest::prelude::*;
use sharewell_ring::Fp61;
use sharewell_ring::backend::{self, Backend};

const P: u128 = (1 << 61) - 1;

fn element(x: u128) -> Fp61 {
    Fp61::from_u128(x)
}

fn value(x: Fp61) -> u128 {
    assert!(u128::from(x.get()) < P, "not canonical");
    x.get().into()
}

/// Residues that are often at an edge.
fn residue() -> impl Strategy<Value = u128> {
    let edge = prop::sample::select(vec![0, 1, 2, 7, (1 << 60) - 1, 1 << 60, P - 2, P - 1]);
    prop_oneof![0..P, edge]
}

fn residues(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u128>> {
    prop::collection::vec(residue(), len)
}

fn power(x: u128, exponent: u128) -> u128 {
    (0..exponent).fold(1, |power, _| power * x % P)
}

/// The value of the polynomial with these coefficients.
fn evaluate(coefficients: &[u128], at: u128) -> u128 {
    coefficients.iter().rev().fold(0, |sum, c| (sum * at + c) % P)
}

proptest! {
    #[test]
    fn operations_are_those_of_integers_modulo_the_prime(x in residue(), y in residue()) {
        let (a, b) = (element(x), element(y));
        prop_assert_eq!(value(a), x);
        prop_assert_eq!(value(a + b), (x + y) % P);
        prop_assert_eq!(value(a - b), (x + P - y) % P);
        prop_assert_eq!(value(a * b), x * y % P);
        prop_assert_eq!(value(-a), (P - x) % P);
        prop_assert_eq!(value(a * a.inverse()), u128::from(x != 0));
    }

    #[test]
    fn any_integer_has_its_residue(x: u128, small: u64) {
        prop_assert_eq!(value(element(x)), x % P);
        prop_assert_eq!(value(Fp61::new(small)), u128::from(small) % P);
    }

    #[test]
    fn inner_products_and_folds_equal_their_definition(
        x in residues(0..200), weights in residues(1..80), columns in 1usize..70,
    ) {
        let x: Vec<_> = x.into_iter().take(weights.len() * columns).collect();
        let [a, w] = [&x, &weights].map(|x| x.iter().map(|&x| element(x)).collect::<Vec<_>>());
        let reversed: Vec<_> = a.iter().rev().copied().collect();
        let dot = x.iter().zip(x.iter().rev()).fold(0, |sum, (x, y)| (sum + x * y) % P);
        let mut folded = vec![0; columns];
        for (i, x) in x.iter().enumerate() {
            let sum = &mut folded[i % columns];
            *sum = (*sum + weights[i / columns] * x) % P;
        }
        for on in Backend::available() {
            prop_assert_eq!(value(backend::field_dot(on, &a, &reversed)), dot);
            let mut got = vec![Fp61::ONE; columns];
            backend::field_fold(on, &mut got, &a, &w);
            prop_assert_eq!(got.into_iter().map(value).collect::<Vec<_>>(), folded.clone());
        }
    }

    #[test]
    fn a_polynomial_is_found_from_its_values(
        coefficients in residues(1..40), at in residue(), spare in 0usize..3,
    ) {
        let nodes = coefficients.len() + spare;
        let values: Vec<_> = (0..nodes).map(|k| element(evaluate(&coefficients, k as u128))).collect();
        let found = Fp61::dot(&values, &Fp61::lagrange(nodes, element(at)));
        prop_assert_eq!(value(found), evaluate(&coefficients, at));
    }

    #[test]
    fn products_of_polynomials_are_those_of_their_values(
        elements in prop::collection::vec((residue(), residue()), 1..300), nodes in 1usize..20,
    ) {
        let (x, y): (Vec<_>, Vec<_>) =
            elements.into_iter().map(|(x, y)| (element(x), element(y))).unzip();
        let n = x.len().div_ceil(nodes);
        let at = |all: &[Fp61], weights: &[Fp61], c: usize| -> Fp61 {
            let term = |(k, &weight)| weight * all.get(k * n + c).copied().unwrap_or_default();
            weights.iter().enumerate().map(term).sum()
        };
        let want: Vec<Fp61> = (0..2 * nodes - 1)
            .map(|node| {
                let weights = Fp61::lagrange(nodes, Fp61::new(node as u64));
                (0..n).map(|c| at(&x, &weights, c) * at(&y, &weights, c)).sum()
            })
            .collect();
        for on in Backend::available() {
            prop_assert_eq!(backend::field_products(on, &x, &y, nodes), want.clone());
        }
    }
}

#[test]
fn halves_are_where_they_should_be() {
    assert_eq!((-Fp61::HALF).get(), 1_152_921_504_606_846_975);
    assert_eq!((-Fp61::new(2)).get(), 2_305_843_009_213_693_949);
    assert_eq!(Fp61::HALF + Fp61::HALF, Fp61::ONE);
    assert_eq!(value(element(3).inverse()) * 3 % P, 1);
    assert_eq!(Fp61::ZERO.inverse(), Fp61::ZERO);
    assert_eq!(value(element(power(3, 61))), power(3, 61));
}

#[test]
fn only_residues_are_canonical() {
    let p = Fp61::MODULUS;
    assert_eq!(Fp61::canonical(p - 1), Some(-Fp61::ONE));
    assert_eq!(Fp61::canonical(0), Some(Fp61::ZERO));
    for x in [p, p + 1, 1 << 61, u64::MAX] {
        assert_eq!(Fp61::canonical(x), None);
    }
}

/// The sums inside are as large as they can be.
#[test]
fn sums_of_greatest_elements_do_not_overflow_inside() {
    let greatest = vec![-Fp61::ONE; 5000];
    for on in Backend::available() {
        assert_eq!(backend::field_dot(on, &greatest, &greatest), Fp61::new(5000));
        let mut out = vec![Fp61::ZERO; 50];
        backend::field_fold(on, &mut out, &greatest, &greatest[..100]);
        assert!(out.iter().all(|&x| x == Fp61::new(100)), "{on:?}");
        let products = backend::field_products(on, &greatest, &greatest, 10);
        assert!(products.iter().all(|&x| x == Fp61::new(500)), "{on:?}");
    }
}
