//! Against mpmath 1.4 at 50 digits (tails) and scipy 1.17.1 (quantiles).

use proptest::prelude::*;

use super::*;
use crate::clear::close;

#[test]
fn normal_tails_keep_their_digits() {
    for (z, upper) in [
        (-3.0, 0.9986501019683699),
        (0.0, 0.5),
        (0.5, 0.3085375387259869),
        (3.0, 0.0013498980316300945),
        (7.1, 6.237844463331575e-13),
        (21.2, 4.774822670395008e-100),
        (37.5, 4.605353009581955e-308),
    ] {
        close(normal_upper(z), upper, 1e-12);
    }
    for (upper, z) in [
        (0.025, 1.9599639845400545),
        (0.9, -1.2815515655446004),
        (1e-12, 7.034483825301131),
        (1e-100, 21.273453560965322),
        (1e-300, 37.0470962993612),
    ] {
        close(normal_quantile(upper), z, 1e-14);
    }
}

#[test]
fn chi_squared_tails_keep_their_digits() {
    for (x, degrees, upper) in [
        (0.001, 1.0, 0.9747728793699604),
        (3.8, 1.0, 0.0512525828573695),
        (50.9, 1.0, 9.719358654333303e-13),
        (1400.0, 1.0, 2.1010145162642175e-306),
        (7.0, 5.0, 0.2206403079367108),
        (700.0, 5.0, 4.9119861035732e-149),
        (90.0, 100.0, 0.7531979655998297),
        (1500.0, 100.0, 2.52543202888637e-248),
        (1e6, 1e6, 0.4998119368033945),
        (1.01e6, 1e6, 9.068528823262077e-13),
        (12.0, 0.5, 0.00016064532585434746),
    ] {
        close(chi_squared_upper(x, degrees), upper, 1e-11);
    }
}

#[test]
fn student_tails_keep_their_digits() {
    for (t, degrees, p) in [
        (0.1, 1.0, 0.9365489651388929),
        (12.7, 1.0, 0.05002432768934416),
        (1e20, 1.0, 6.366197723675813e-21),
        (2.0, 9.5, 0.07488635774798941),
        (60.0, 9.5, 1.407526594580965e-13),
        (59.06136586588633, 431.0, 1.0100819291677872e-208),
        (7.5, 1013.929052582436, 1.3910905655460152e-13),
        (8.0, 1e6, 1.245506343320252e-15),
        (37.0, 1e6, 1.8299730861802263e-299),
        (40.0, 30.0, 1.3726045194406403e-27),
    ] {
        close(student_two_sided(t, degrees), p, 1e-11);
        close(student_two_sided(-t, degrees), p, 1e-11);
    }
    for (upper, degrees, t) in [
        (0.025, 1.0, 12.706204736174705),
        (0.025, 3.7, 2.8675207071911903),
        (0.025, 431.0, 1.9654833203397442),
        (0.005, 1e6, 2.5758342201053344),
        (1e-12, 12.0, 28.68765664933175),
    ] {
        close(student_quantile(upper, degrees), t, 1e-12);
    }
}

#[test]
fn f_tails_keep_their_digits() {
    for (f, numerator, denominator, upper) in [
        (46.27243958524319, 10.0, 431.0, 3.828649038185622e-62),
        (0.2, 3.0, 20.0, 0.895144887869975),
        (19.5, 3.0, 2135.0, 1.7982215524782945e-12),
        (1500.0, 2.0, 50.0, 2.3267735847918344e-45),
        (1.01, 1e6, 2e6, 4.510337412974946e-9),
    ] {
        close(f_upper(f, numerator, denominator), upper, 1e-11);
    }
}

#[test]
fn gamma_and_beta_quantiles_are_those_of_scipy() {
    for (shape, lower, x) in [
        (0.5, 1e-10, 7.85398163397448e-21),
        (0.5, 0.5, 0.227468211559786),
        (2.0, 0.025, 0.24220927854396496),
        (937.5, 0.025, 878.4412993689325),
        (1e6, 0.975, 1001960.9109654503),
        (100000.5, 0.05, 99480.91944641781),
    ] {
        close(gamma_quantile(lower, shape), x, 1e-12);
    }
    for (a, b, lower, x) in [
        (1.0, 1e9, 0.025, 2.531780798396938e-11),
        (3.0, 4.0, 0.5, 0.42140719069071303),
        (27.0, 269.0, 0.025, 0.06118398455345537),
        (5e5, 5e5, 0.975, 0.5009799812961253),
        (0.5, 0.5, 0.01, 0.00024671981713422146),
        (1e6, 1.0, 0.025, 0.9999963111273498),
    ] {
        close(beta_quantile(lower, a, b), x, 1e-12);
    }
}

#[test]
fn discrete_densities_keep_their_digits() {
    close(ln_binomial(12, 70, 0.25, 0.75), -3.3255548830706863, 1e-12);
    close(ln_binomial(0, 1_000_000, 0.001, 0.999), -1000.5003335835336, 1e-12);
    close(ln_binomial(500, 1_000_000, 0.001, 0.999), -157.5776731618934, 1e-12);
    close(ln_hypergeometric(27, 79, 523, 295), -6.357494416212513, 1e-12);
    close(ln_hypergeometric(700, 1000, 99_000, 1000), -2953.0108639229006, 1e-12);
    assert_eq!(ln_hypergeometric(5, 4, 9, 6), f64::NEG_INFINITY);
    assert_eq!(ln_hypergeometric(0, 4, 3, 6), f64::NEG_INFINITY);
}

#[test]
fn nonsense_gives_nan_and_ends() {
    assert!(student_two_sided(f64::NAN, 3.0).is_nan());
    assert!(student_two_sided(1.0, -3.0).is_nan());
    assert!(chi_squared_upper(f64::NAN, 3.0).is_nan());
    assert!(chi_squared_upper(1.0, 0.0).is_nan());
    assert_eq!(f_upper(f64::INFINITY, 3.0, 4.0), 0.0);
    assert_eq!(student_two_sided(f64::INFINITY, 4.0), 0.0);
    assert_eq!(chi_squared_upper(f64::INFINITY, 4.0), 0.0);
}

proptest! {
    #[test]
    fn quantiles_invert_the_tails(ln_p in -690.0..-0.7f64, shape in 0.3..1e5f64, b in 0.3..1e4f64) {
        let p = ln_p.exp();
        prop_assert!((gamma(shape, gamma_quantile(p, shape)).0 - ln_p).abs() < 1e-9 * shape.max(1.0).sqrt());
        let x = normal_quantile(p);
        prop_assert!((normal_upper(x).ln() - ln_p).abs() < 1e-9);
        let t = student_quantile(p, b + 20.0);
        prop_assert!((student_two_sided(t, b + 20.0).ln() - LN_2 - ln_p).abs() < 1e-9);
        let x = beta_quantile(p, shape.min(50.0), b);
        prop_assume!(x > 1e-290);
        prop_assert!((beta(shape.min(50.0), b, x, 1.0 - x).0 - ln_p).abs() < 1e-8);
    }

    #[test]
    fn an_exact_test_sums_what_is_at_most_as_probable(
        marked in 0u64..30, plain in 0u64..30, share in 0.0..1.0f64, at in 0.0..1.0f64,
    ) {
        let draws = ((marked + plain) as f64 * share) as u64;
        let (low, high) = (draws.saturating_sub(plain), draws.min(marked));
        let k = low + ((high - low) as f64 * at) as u64;
        let ln = |k| ln_hypergeometric(k, marked, plain, draws);
        let all: f64 = (low..=high)
            .map(|j| ln(j).exp())
            .filter(|p| *p <= ln(k).exp() * (1.0 + 1e-7))
            .sum();
        prop_assert!((exact_two_sided(k, low, high, ln) - all).abs() < 1e-12);
    }
}
