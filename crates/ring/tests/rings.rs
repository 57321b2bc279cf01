//! The laws of the rings and how their elements travel.

use proptest::prelude::*;
use sharewell_ring::{Bits, Gf64, Integer, Ring, Z16, Z32, Z64, Z128, Z192};

fn check_axioms<R: Ring>(x: R, y: R, z: R) {
    assert_eq!((x + y) + z, x + (y + z));
    assert_eq!(x + y, y + x);
    assert_eq!(x + R::ZERO, x);
    assert_eq!(x + -x, R::ZERO);
    assert_eq!(x - y, x + -y);
    assert_eq!((x * y) * z, x * (y * z));
    assert_eq!(x * y, y * x);
    assert_eq!(x * R::ONE, x);
    assert_eq!(x * R::ZERO, R::ZERO);
    assert_eq!(x * (y + z), x * y + x * z);
}

/// `value` modulo 2^BITS, in ordinary arithmetic.
fn check_integer<R: Integer>(value: u128, by: u32) {
    let mask = u128::MAX >> (128 - R::BITS);
    let x = R::from_u128(value);
    assert_eq!(x.to_u128(), value & mask);
    assert_eq!(R::from_i128(value as i128), x);
    assert_eq!(R::from_i128(x.to_i128()), x);
    let half = 1u128 << (R::BITS - 1);
    let negative = value & mask >= half;
    let signed = (value & mask).wrapping_sub(if negative { half.wrapping_mul(2) } else { 0 });
    assert_eq!(x.to_i128(), signed as i128);
    assert_eq!(x.msb(), if negative { R::ONE } else { R::ZERO });
    let within = by < R::BITS;
    assert_eq!(x.shr(by).to_u128(), if within { (value & mask) >> by } else { 0 });
    assert_eq!(x.shl(by).to_u128(), if within { value << by & mask } else { 0 });
    assert_eq!(bytemuck::bytes_of(&x), &value.to_le_bytes()[..R::BYTES]);
    assert_eq!(R::BITS as usize, 8 * R::BYTES);
}

/// Numbers that are often at an edge.
fn edgy() -> impl Strategy<Value = u128> {
    let edges = prop::sample::select(vec![0, 1 << 15, 1 << 16, 1 << 31, 1 << 63, 1 << 127]);
    let near_edge = (edges, -2i128..3).prop_map(|(at, by)| u128::wrapping_add(at, by as u128));
    prop_oneof![any::<u128>(), near_edge]
}

/// An element of Z_2^192 whose value modulo 2^128 is `low`.
fn z192(low: u128, high: u128) -> Z192 {
    Z192([low as u64, (low >> 64) as u64, high as u64])
}

/// The schoolbook product of residues, byte by byte.
fn z192_product(x: Z192, y: Z192) -> Z192 {
    let (x, y): ([u8; 24], [u8; 24]) = (bytemuck::cast(x), bytemuck::cast(y));
    let (mut out, mut carry) = ([0u8; 24], 0u32);
    for (k, out) in out.iter_mut().enumerate() {
        carry += (0..=k).map(|i| u32::from(x[i]) * u32::from(y[k - i])).sum::<u32>();
        *out = carry as u8;
        carry >>= 8;
    }
    bytemuck::cast(out)
}

proptest! {
    #[test]
    fn the_laws_of_a_commutative_ring_hold(x in edgy(), y in edgy(), z in edgy()) {
        check_axioms(Z16(x as u16), Z16(y as u16), Z16(z as u16));
        check_axioms(Z32(x as u32), Z32(y as u32), Z32(z as u32));
        check_axioms(Z64(x as u64), Z64(y as u64), Z64(z as u64));
        check_axioms(Z128(x), Z128(y), Z128(z));
        check_axioms(z192(x, y), z192(y, z), z192(z, x));
        check_axioms(Bits(x as u64), Bits(y as u64), Bits(z as u64));
        check_axioms(Gf64(x as u64), Gf64(y as u64), Gf64(z as u64));
    }

    #[test]
    fn z192_calculates_modulo_its_power_of_two(
        x in edgy(), y in edgy(), high in edgy(), other in edgy(),
    ) {
        let (a, b) = (z192(x, high), z192(y, other));
        prop_assert_eq!(a * b, z192_product(a, b));
        prop_assert_eq!((a + b).low128(), x.wrapping_add(y));
        let carry = u64::from(x.checked_add(y).is_none());
        let top = (high as u64).wrapping_add(other as u64).wrapping_add(carry);
        prop_assert_eq!((a + b).0[2], top);
        prop_assert_eq!((a - b) + b, a);
    }

    #[test]
    fn z192_extends_signed_integers(x in edgy(), y in edgy()) {
        let [x, y] = [x as i128, y as i128].map(|x| x >> 2);
        prop_assert_eq!(Z192::from_i128(x) + Z192::from_i128(y), Z192::from_i128(x + y));
        prop_assert_eq!(Z192::from_i128(x) - Z192::from_i128(y), Z192::from_i128(x - y));
        prop_assert_eq!(Z192::from_i128(x).low128(), x as u128);
        let (x, y) = (x >> 63, y >> 63);
        prop_assert_eq!(Z192::from_i128(x) * Z192::from_i128(y), Z192::from_i128(x * y));
    }

    #[test]
    fn every_element_of_gf64_but_zero_has_an_inverse(x in 1u64.., by in 0u32..64) {
        // x^(2^64 - 2), and so on down to the field of two elements.
        let powers = |x: Gf64| std::iter::successors(Some(x), |&x| Some(x * x));
        for x in [Gf64(x), Gf64(1 << by)] {
            let inverse = powers(x).skip(1).take(63).fold(Gf64::ONE, |y, x| y * x);
            prop_assert_eq!(x * inverse, Gf64::ONE);
            prop_assert_eq!(powers(x).nth(64), Some(x));
        }
    }

    #[test]
    fn integers_are_residues_in_little_endian_order(value in edgy(), by in 0u32..140) {
        check_integer::<Z16>(value, by);
        check_integer::<Z32>(value, by);
        check_integer::<Z64>(value, by);
        check_integer::<Z128>(value, by);
    }
}

#[test]
fn adding_to_the_greatest_wraps_to_zero() {
    assert_eq!(Z16(u16::MAX) + Z16::ONE, Z16::ZERO);
    assert_eq!(Z32(u32::MAX) + Z32::ONE, Z32::ZERO);
    assert_eq!(Z64(u64::MAX) + Z64::ONE, Z64::ZERO);
    assert_eq!(Z128(u128::MAX) + Z128::ONE, Z128::ZERO);
    assert_eq!(Z192([u64::MAX; 3]) + Z192::ONE, Z192::ZERO);
    assert_eq!(Bits(u64::MAX) + Bits::ONE, Bits::ZERO);
}

#[test]
fn gf64_reduces_by_its_polynomial() {
    let x = Gf64(2);
    assert_eq!(Gf64(1 << 63) * x, Gf64(0x1b));
    assert_eq!(Gf64(1 << 63) * Gf64(1 << 63), Gf64(0xc000_0000_0000_005a));
    assert_eq!(Gf64(u64::MAX) * Gf64(u64::MAX), Gf64(0x5555_5555_5555_5513));
    assert_eq!(
        Gf64(0x0123_4567_89ab_cdef) * Gf64(0xfedc_ba98_7654_3210),
        Gf64(0x4882_7ab5_5d97_6fa0)
    );
    // The polynomial is irreducible: x generates no field between GF(2) and GF(2^64).
    let conjugate = (0..32).fold(x, |x, _| x * x);
    assert_ne!(conjugate, x);
}
