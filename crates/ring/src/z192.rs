//! Integers of three words: room for an authenticated value of 128 bits.

use std::ops::{Add, Mul, Neg, Sub};

/// Integers modulo 2^192: limbs of 64 bits, the least significant first.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Z192(pub [u64; 3]);

impl Z192 {
    /// The residue of a signed integer.
    #[inline(always)]
    #[must_use]
    pub fn from_i128(x: i128) -> Self {
        Self([x as u64, (x >> 64) as u64, (x >> 127) as u64])
    }

    /// The residue modulo 2^128.
    #[inline(always)]
    #[must_use]
    pub fn low128(self) -> u128 {
        u128::from(self.0[1]) << 64 | u128::from(self.0[0])
    }
}

impl Add for Z192 {
    type Output = Self;
    #[inline(always)]
    fn add(self, y: Self) -> Self {
        let (z0, carry) = self.0[0].carrying_add(y.0[0], false);
        let (z1, carry) = self.0[1].carrying_add(y.0[1], carry);
        Self([z0, z1, self.0[2].carrying_add(y.0[2], carry).0])
    }
}
impl Sub for Z192 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        let (z0, borrow) = self.0[0].borrowing_sub(y.0[0], false);
        let (z1, borrow) = self.0[1].borrowing_sub(y.0[1], borrow);
        Self([z0, z1, self.0[2].borrowing_sub(y.0[2], borrow).0])
    }
}
impl Mul for Z192 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        let ([x0, x1, x2], [y0, y1, y2]) = (self.0, y.0);
        let (z0, carry) = x0.carrying_mul(y0, 0);
        let (z1, carry0) = x0.carrying_mul(y1, carry);
        let (z1, carry1) = x1.carrying_mul(y0, z1);
        let top = x0.wrapping_mul(y2).wrapping_add(x1.wrapping_mul(y1));
        let top = top.wrapping_add(x2.wrapping_mul(y0));
        Self([z0, z1, top.wrapping_add(carry0).wrapping_add(carry1)])
    }
}
impl Neg for Z192 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::default() - self
    }
}
