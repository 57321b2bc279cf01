//! Division of which the quotient is bounded: right or flagged, over its whole domain.

use proptest::prelude::*;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::function::{BoundedQuotient, divide_bounded};

use crate::{Program, Secret, everywhere, integers, magnitude, plainly, signed};

/// Quotients, then whether they are defined.
impl Program for BoundedQuotient {
    fn run<P: Protocol>(&self, p: &mut P, x: P::AShare, y: P::AShare) -> Result<P::AShare> {
        let (quotient, defined) = divide_bounded(p, &integers(x), &integers(y), *self)?;
        assert_eq!(quotient.frac_bits(), self.frac_bits);
        Ok(P::AShare::concat(&[quotient.shares(), &defined]))
    }
}

fn secrets(pairs: &[(i128, i128)], spec: BoundedQuotient) -> [Secret; 2] {
    let (a, b) = pairs.iter().copied().unzip();
    [Secret { values: a, bits: spec.numerator_bits }, Secret { values: b, bits: spec.divisor_bits }]
}

/// The greatest error as a part of the error stated, which it does not exceed; what is defined
/// is as promised.
fn worst<R: Integer>(opened: &[i128], pairs: &[(i128, i128)], spec: BoundedQuotient) -> f64 {
    let accuracy = spec.accuracy(R::BITS);
    let (quotients, defined) = opened.split_at(pairs.len());
    let scale = f64::from(spec.frac_bits).exp2();
    let mut worst = 0.0f64;
    for (&(a, b), (&q, &defined)) in pairs.iter().zip(quotients.iter().zip(defined)) {
        let size = a.abs() as f64 / b as f64 / f64::from(spec.quotient_bits).exp2();
        let whole = spec.quotient_bits == spec.numerator_bits;
        match defined {
            0 => {
                assert!(b == 0 || (!whole && size > 15.0 / 32.0), "{a} / {b} is flagged, {spec:?}");
                assert_eq!(q, 0, "{a} / {b}, {spec:?}");
            }
            _ => {
                assert!(defined == 1 && b != 0 && size <= 17.0 / 16.0, "{a} / {b}, {spec:?}");
                let exact = a as f64 / b as f64 * scale;
                let bound = accuracy.absolute * scale + accuracy.relative * exact.abs();
                let error = (q as f64 - exact).abs();
                let reference = 4e-16 * exact.abs();
                assert!(error <= bound + reference, "{a} / {b} = {q}, not {exact}, {spec:?}");
                worst = worst.max(error / bound);
            }
        }
    }
    worst
}

fn check<R: Integer>(pairs: &[(i128, i128)], spec: BoundedQuotient) {
    let [a, b] = secrets(pairs, spec);
    for opened in &everywhere::<R>(&spec, &a, &b).opened {
        worst::<R>(opened, pairs, spec);
    }
}

fn specs(bits: u32) -> impl Strategy<Value = BoundedQuotient> {
    let spec = |(numerator_bits, divisor_bits, quotient_bits, frac_bits)| BoundedQuotient {
        numerator_bits,
        divisor_bits,
        quotient_bits,
        frac_bits,
    };
    (1..bits, 1..bits - 4, 1..bits, 0..=40u32)
        .prop_map(move |(n, d, q, f)| (n, d.min(bits - 2 - n.min(bits - 3)).max(1), q.min(n), f))
        .prop_map(spec)
        .prop_filter("fits", move |spec| spec.fits(bits))
}

fn cases(bits: u32) -> impl Strategy<Value = (BoundedQuotient, Vec<(i128, i128)>)> {
    specs(bits).prop_flat_map(|spec| {
        let pair = (signed(spec.numerator_bits), magnitude(spec.divisor_bits));
        (Just(spec), prop::collection::vec(pair, 0..20))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn bounded_quotients_are_right_or_flagged((narrow, x) in cases(64), (wide, y) in cases(128)) {
        check::<Z64>(&x, narrow);
        check::<Z128>(&y, wide);
    }
}

/// Fixed point of 16 fractional bits, operands and quotient of 31 bits: what does not fit
/// [`sharewell_tensor::function::divide`] in 64 bits.
const FIXED: BoundedQuotient =
    BoundedQuotient { numerator_bits: 31, divisor_bits: 31, quotient_bits: 15, frac_bits: 16 };

/// Numerators beside all the limits for divisors beside all powers of two.
fn edges(spec: BoundedQuotient) -> Vec<(i128, i128)> {
    let [a, b] = [spec.numerator_bits, spec.divisor_bits].map(|bits| (1i128 << bits) - 1);
    let powers = (0..=spec.divisor_bits).flat_map(|k| [-1, 0, 1].map(|by| (1i128 << k) + by));
    let divisors: Vec<i128> = powers.filter(|d| *d <= b).chain([b / 3]).collect();
    let of = |d: i128| {
        let limit = d << spec.quotient_bits;
        let near = [limit, limit / 32 * 15, limit / 16 * 17, d, a, a / 3, 1, 0];
        let signed = near.into_iter().flat_map(|x| [x - 1, x, x + 1, -x]);
        signed.map(move |x| (x.clamp(-a, a), d))
    };
    divisors.into_iter().flat_map(of).collect()
}

#[test]
fn fixed_point_quotients_in_64_bits_are_right_or_flagged() {
    assert!(FIXED.fits(64));
    let accuracy = FIXED.accuracy(64);
    assert!(accuracy.absolute <= 1.51 * 2f64.powi(-16) && accuracy.relative <= 2f64.powi(-25));
    // Longer than a frame.
    let pairs: Vec<_> = edges(FIXED).into_iter().cycle().take((1 << 13) + 77).collect();
    check::<Z64>(&pairs, FIXED);
    check::<Z128>(&edges(FIXED), FIXED);
}

#[test]
fn the_bound_of_bounded_quotients_is_kept_and_nearly_reached() {
    fn sweep<R: Integer>(width: u32) {
        let fitting = (0..R::BITS).rev().map(|numerator_bits| BoundedQuotient {
            numerator_bits,
            divisor_bits: width,
            quotient_bits: numerator_bits.min(12),
            frac_bits: 9,
        });
        let spec = fitting.into_iter().find(|spec| spec.fits(R::BITS)).expect("some fit");
        let pairs = edges(spec);
        let [a, b] = secrets(&pairs, spec);
        let worst = worst::<R>(&plainly::<R>(&spec, &a, &b), &pairs, spec);
        assert!(width < 2 || worst >= 0.02, "{} times too wide: {spec:?}", 1.0 / worst);
    }
    (1..50).for_each(sweep::<Z64>);
    (1..100).step_by(7).for_each(sweep::<Z128>);
}
