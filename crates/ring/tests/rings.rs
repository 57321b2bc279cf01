//! The laws of the rings and how their elements travel.

use proptest::prelude::*;
use sharewell_ring::{Bits, Integer, Ring, Z16, Z32, Z64, Z128};

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

proptest! {
    #[test]
    fn the_laws_of_a_commutative_ring_hold(x in edgy(), y in edgy(), z in edgy()) {
        check_axioms(Z16(x as u16), Z16(y as u16), Z16(z as u16));
        check_axioms(Z32(x as u32), Z32(y as u32), Z32(z as u32));
        check_axioms(Z64(x as u64), Z64(y as u64), Z64(z as u64));
        check_axioms(Z128(x), Z128(y), Z128(z));
        check_axioms(Bits(x as u64), Bits(y as u64), Bits(z as u64));
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
    assert_eq!(Bits(u64::MAX) + Bits::ONE, Bits::ZERO);
}
