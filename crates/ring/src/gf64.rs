//! The field of 2^64 elements.

use std::ops::{Add, Mul, Neg, Sub};

use crate::kernel::{self, Backend, gf64};
use crate::{Dims, Ring};

/// GF(2^64) as polynomials over GF(2) modulo x^64 + x^4 + x^3 + x + 1, the coefficient of x^i
/// in bit i: addition is XOR, multiplication is carry-less. In constant time.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Gf64(pub u64);

#[expect(clippy::suspicious_arithmetic_impl, reason = "this field's arithmetic is on polynomials")]
impl Add for Gf64 {
    type Output = Self;
    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(self.0 ^ y.0)
    }
}
#[expect(clippy::suspicious_arithmetic_impl, reason = "this field's arithmetic is on polynomials")]
impl Sub for Gf64 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Self(self.0 ^ y.0)
    }
}
impl Mul for Gf64 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        gf64::mul(Backend::best(), self, y)
    }
}
impl Neg for Gf64 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self
    }
}

impl zeroize::DefaultIsZeroes for Gf64 {}

impl Ring for Gf64 {
    const BYTES: usize = 8;
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);

    fn add_assign(x: &mut [Self], y: &[Self]) {
        kernel::add_assign(Backend::best(), x, y);
    }
    fn sub_assign(x: &mut [Self], y: &[Self]) {
        kernel::sub_assign(Backend::best(), x, y);
    }
    fn mul_assign(x: &mut [Self], y: &[Self]) {
        gf64::mul_assign(Backend::best(), x, y);
    }
    fn mul_add(z: &mut [Self], x: &[Self], y: &[Self]) {
        gf64::mul_add(Backend::best(), z, x, y);
    }
    fn choose_assign(x: &mut [Self], y: &[Self], c: &[Self]) {
        gf64::choose_assign(Backend::best(), x, y, c);
    }
    fn cross_add(z: &mut [Self], x: [&[Self]; 2], y: [&[Self]; 2]) {
        gf64::cross_add(Backend::best(), z, x, y);
    }
    fn matmul_add(z: &mut [Self], x: &[Self], y: &[Self], d: Dims) {
        kernel::matmul_add(Backend::best(), z, x, y, d);
    }
    fn dot(x: &[Self], y: &[Self]) -> Self {
        gf64::dot(Backend::best(), x, y)
    }
}
