//! Fixed point: how near it comes, and what it refuses.

use proptest::prelude::*;
use sharewell_ring::fixed::{Error, decode, encode};
use sharewell_ring::{Integer, Z16, Z32, Z64, Z128};

fn check_error<R: Integer>(unit: f64, frac_bits: u32, bits: u32) {
    let frac_bits = frac_bits % bits;
    let limit = 2f64.powi(bits as i32 - 1 - frac_bits as i32);
    let v = unit * limit;
    let half_ulp = 2f64.powi(-1 - frac_bits as i32);
    match encode::<R>(v, frac_bits, bits) {
        Ok(x) => {
            assert!((decode(x, frac_bits) - v).abs() <= half_ulp, "{v} with {frac_bits} bits");
            assert!(x.to_i128() >= i128::MIN >> (128 - bits));
            assert!(x.to_i128() <= i128::MAX >> (128 - bits));
        }
        Err(e) => {
            assert_eq!(e, Error::OutOfRange { bits, frac_bits });
            assert!(v >= limit - half_ulp || v < -limit, "{v} refused");
        }
    }
}

fn check_boundaries<R: Integer>(frac_bits: u32, bits: u32) {
    let limit = 2f64.powi(bits as i32 - 1 - frac_bits as i32);
    let half_ulp = 2f64.powi(-1 - frac_bits as i32);
    let (min, max) = (i128::MIN >> (128 - bits), i128::MAX >> (128 - bits));
    let refused = Err(Error::OutOfRange { bits, frac_bits });
    assert_eq!(encode::<R>(limit, frac_bits, bits), refused);
    assert_eq!(encode::<R>(f64::MAX, frac_bits, bits), refused);
    assert_eq!(encode::<R>(f64::MIN, frac_bits, bits), refused);
    assert_eq!(encode::<R>(-limit, frac_bits, bits), Ok(R::from_i128(min)));
    assert_eq!(encode::<R>(5e-324, frac_bits, bits), Ok(R::ZERO));
    if bits <= 53 {
        assert_eq!(encode::<R>(limit - 2.0 * half_ulp, frac_bits, bits), Ok(R::from_i128(max)));
        assert_eq!(encode::<R>(limit - half_ulp, frac_bits, bits), refused);
        let below = (limit - half_ulp).next_down();
        assert_eq!(encode::<R>(below, frac_bits, bits), Ok(R::from_i128(max)));
        assert_eq!(encode::<R>(-limit - 2.0 * half_ulp, frac_bits, bits), refused);
        assert_eq!(encode::<R>(-limit - half_ulp, frac_bits, bits), Ok(R::from_i128(min)));
        assert_eq!(encode::<R>((-limit - half_ulp).next_down(), frac_bits, bits), refused);
    } else {
        let largest = encode::<R>(limit.next_down(), frac_bits, bits);
        assert_eq!(largest, Ok(R::from_i128(max - (1 << (bits - 54)) + 1)));
        assert_eq!(encode::<R>((-limit).next_down(), frac_bits, bits), refused);
    }
}

fn check_not_finite<R: Integer>() {
    for v in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(encode::<R>(v, 7, R::BITS), Err(Error::NotFinite));
    }
}

#[test]
fn the_boundaries_are_refused_and_what_is_inside_is_not() {
    for bits in 2..=128 {
        for frac_bits in [0, 1, bits / 2, bits - 1] {
            if bits <= 16 {
                check_boundaries::<Z16>(frac_bits.min(15), bits);
            }
            if bits <= 32 {
                check_boundaries::<Z32>(frac_bits.min(31), bits);
            }
            if bits <= 64 {
                check_boundaries::<Z64>(frac_bits.min(63), bits);
            }
            check_boundaries::<Z128>(frac_bits, bits);
        }
    }
}

#[test]
fn what_is_not_a_finite_number_is_refused() {
    check_not_finite::<Z16>();
    check_not_finite::<Z32>();
    check_not_finite::<Z64>();
    check_not_finite::<Z128>();
}

#[test]
fn a_width_beyond_the_ring_is_the_rings() {
    assert_eq!(encode::<Z32>(-32768.0, 16, 60), Ok(Z32(1 << 31)));
    assert!(encode::<Z32>(32768.0, 16, 60).is_err());
}

#[test]
fn ties_go_to_the_even_neighbour() {
    for (v, want) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (-2.5, -2)] {
        assert_eq!(encode::<Z64>(v, 0, 64), Ok(Z64::from_i128(want)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_error_is_at_most_half_a_unit_in_the_last_place(
        unit in -1.1f64..1.1, frac_bits: u32, bits in 1u32..129,
    ) {
        check_error::<Z16>(unit, frac_bits, bits.min(16));
        check_error::<Z32>(unit, frac_bits, bits.min(32));
        check_error::<Z64>(unit, frac_bits, bits.min(64));
        check_error::<Z128>(unit, frac_bits, bits);
    }

    #[test]
    fn encoding_undoes_decoding(x in -(1i128 << 53)..1 << 53, frac_bits in 0u32..64) {
        let (x64, x128) = (Z64::from_i128(x), Z128::from_i128(x));
        prop_assert_eq!(encode(decode(x64, frac_bits), frac_bits, 64), Ok(x64));
        prop_assert_eq!(encode(decode(x128, frac_bits), frac_bits, 128), Ok(x128));
    }
}
