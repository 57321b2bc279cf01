//! Agreement with Google's dp-accounting and OpenDP, whose answers are in `reference.json`; and what
//! holds whatever the numbers.
#![expect(clippy::unwrap_used, reason = "a panic is a test's report")]

use proptest::prelude::*;
use serde_json::Value;
use sharewell_dp::{Curve, delta_of, epsilon_of, epsilon_of_rho, rho_for};

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn number(of: &Value, key: &str) -> f64 {
    of[key].as_f64().unwrap_or_else(|| panic!("{key} of {of}"))
}

/// Google's figure is the best of six thousand orders, and so a hair above the best of all.
fn agrees(found: f64, grid: f64) {
    assert!(found <= grid * (1.0 + 1e-6) && found >= grid * (1.0 - 1e-4), "{found} {grid}");
}

#[test]
fn concentrated_privacy_converts_as_opendp_and_dp_accounting_have_it() {
    for case in reference()["rho_delta"].as_array().unwrap() {
        let (rho, delta) = (number(case, "rho"), number(case, "delta"));
        let found = epsilon_of_rho(rho, delta);
        let opendp = number(case, "opendp");
        assert!((found / opendp - 1.0).abs() < 1e-9, "{found} {opendp}");
        agrees(found, number(case, "dp_accounting"));
        agrees(epsilon_of(&Curve::gaussian(rho), delta), number(case, "dp_accounting"));
        // And back, rounded down to three digits.
        let back = rho_for(found, delta);
        assert!(back <= rho && back > 0.98 * rho, "{back} {rho}");
    }
}

#[test]
fn laplace_noise_and_mixtures_add_up_as_dp_accounting_has_it() {
    let reference = reference();
    let laplace = |scale: f64, n: usize| {
        (0..n).fold(Curve::default(), |sum, _| sum.and(&Curve::laplace(1.0 / scale)))
    };
    for case in reference["rdp"].as_array().unwrap() {
        let scale = number(case, "laplace_scale");
        let n = number(case, "n") as usize;
        let found = epsilon_of(&laplace(scale, n), number(case, "delta"));
        // Google's accountant by Rényi divergence does not know the plain sum.
        let sum = n as f64 / scale;
        agrees(found, number(case, "epsilon").min(sum));
    }
    for case in reference["compose"].as_array().unwrap() {
        let mut curve = Curve::gaussian(number(case, "rho"));
        for of in case["laplace"].as_array().unwrap() {
            let (scale, n) = (of[0].as_f64().unwrap(), of[1].as_u64().unwrap() as usize);
            curve = curve.and(&laplace(scale, n));
        }
        agrees(epsilon_of(&curve, number(case, "delta")), number(case, "epsilon"));
    }
}

proptest! {
    #[test]
    fn what_is_promised_is_kept(epsilon in 1e-3..20.0f64, log in -14.0..-1.0f64) {
        let delta = 10f64.powf(log);
        let rho = rho_for(epsilon, delta);
        prop_assert!(rho > 0.0 && delta_of(rho, epsilon) <= delta);
        prop_assert!(epsilon_of_rho(rho, delta) <= epsilon * (1.0 + 1e-9));
        // One percent more noise would not be asked for.
        prop_assert!(delta_of(1.02 * rho, epsilon) > delta);
    }

    #[test]
    fn more_releases_cost_more_and_a_greater_delta_less(
        rho in 1e-5..2.0f64, epsilon in 1e-3..5.0f64, log in -12.0..-2.0f64,
    ) {
        let delta = 10f64.powf(log);
        let one = Curve::laplace(epsilon);
        let both = one.clone().and(&Curve::gaussian(rho));
        prop_assert!(epsilon_of(&both, delta) >= epsilon_of(&one, delta) - 1e-9);
        prop_assert!(epsilon_of(&both, delta) >= epsilon_of(&Curve::gaussian(rho), delta) - 1e-9);
        prop_assert!(epsilon_of(&both, 2.0 * delta) <= epsilon_of(&both, delta) + 1e-9);
        let pure = Curve::pure(epsilon);
        prop_assert!(epsilon_of(&pure, delta) <= epsilon + 1e-12);
        prop_assert!((epsilon_of(&one, 0.0) - epsilon).abs() < 1e-9);
        // Laplace is better than anything that is merely as private.
        prop_assert!(epsilon_of(&one, delta) <= epsilon_of(&pure, delta) + 1e-6);
    }
}

#[test]
fn nothing_costs_nothing_and_no_delta_allows_no_gaussian() {
    assert_eq!(epsilon_of(&Curve::default(), 0.0), 0.0);
    assert_eq!(delta_of(0.0, 1.0), 0.0);
    assert_eq!([rho_for(0.0, 1e-6), rho_for(1.0, 0.0)], [0.0; 2]);
    assert_eq!(epsilon_of_rho(0.1, 0.0), f64::INFINITY);
    assert_eq!(epsilon_of(&Curve::gaussian(0.1), 0.0), f64::INFINITY);
}
