//! The rings themselves: scalars as transparent newtypes, slices through kernels.

use std::fmt::Debug;
use std::ops::{Add, Mul, Neg, Sub};

use bytemuck::Pod;
use zeroize::DefaultIsZeroes;

use crate::Z192;
use crate::kernel::{self, Backend};

/// Dimensions of a matrix product: `[m, k] x [k, n] -> [m, n]`, row-major.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Dims {
    /// Rows of the left factor and of the product.
    pub m: usize,
    /// Columns of the left factor, rows of the right one.
    pub k: usize,
    /// Columns of the right factor and of the product.
    pub n: usize,
}

/// A commutative ring whose elements are plain little-endian words.
pub trait Ring:
    Pod
    + DefaultIsZeroes
    + Eq
    + Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// Bytes of one element on the wire.
    const BYTES: usize;
    /// The neutral element of addition.
    const ZERO: Self;
    /// The neutral element of multiplication.
    const ONE: Self;

    /// `x += y`, element-wise.
    fn add_assign(x: &mut [Self], y: &[Self]);
    /// `x -= y`, element-wise.
    fn sub_assign(x: &mut [Self], y: &[Self]);
    /// `x *= y`, element-wise.
    fn mul_assign(x: &mut [Self], y: &[Self]);
    /// `z += x * y`, element-wise.
    fn mul_add(z: &mut [Self], x: &[Self], y: &[Self]);
    /// `x = c * y + (1 - c) * x`, element-wise and without a branch, for `c` 0 or 1.
    fn choose_assign(x: &mut [Self], y: &[Self], c: &[Self]);
    /// `z += x0 * (y0 + y1) + x1 * y0`, element-wise: one party's part of a replicated product.
    fn cross_add(z: &mut [Self], x: [&[Self]; 2], y: [&[Self]; 2]);
    /// `z += x * y` as matrices.
    fn matmul_add(z: &mut [Self], x: &[Self], y: &[Self], d: Dims);
    /// `sum_i x_i * y_i`.
    fn dot(x: &[Self], y: &[Self]) -> Self;
}

/// A ring of integers modulo a power of two, in two's complement where it is read as signed.
pub trait Integer: Ring {
    /// Bits of one element.
    const BITS: u32;

    /// The residue of a signed integer.
    fn from_i128(x: i128) -> Self;
    /// The representative in `[-2^(BITS-1), 2^(BITS-1))`.
    fn to_i128(self) -> i128;
    /// The residue of an unsigned integer.
    fn from_u128(x: u128) -> Self;
    /// The representative in `[0, 2^BITS)`.
    fn to_u128(self) -> u128;
    /// Logical shift to the right; zero from `BITS` on.
    #[must_use]
    fn shr(self, by: u32) -> Self;
    /// Shift to the left; zero from `BITS` on.
    #[must_use]
    fn shl(self, by: u32) -> Self;
    /// The top bit, as 0 or 1.
    #[must_use]
    fn msb(self) -> Self {
        self.shr(Self::BITS - 1)
    }

    /// `x >>= by`, element-wise and logical.
    fn shr_assign(x: &mut [Self], by: u32) {
        kernel::shr_assign(Backend::best(), x, by);
    }
    /// `x -= y << by`, element-wise; `y` may be of another ring.
    fn sub_shl<S: Integer>(x: &mut [Self], y: &[S], by: u32) {
        kernel::sub_shl(Backend::best(), x, y, by);
    }
    /// The bits of words as elements 0 or 1.
    ///
    /// # Panics
    /// If there are not as many words as the elements need.
    fn lift(x: &mut [Self], bits: &[Bits]) {
        kernel::lift(Backend::best(), x, bytemuck::cast_slice(bits));
    }
    /// The top bits of elements, 64 to a word, zeros past the last one.
    #[must_use]
    fn top_bits(x: &[Self]) -> Vec<Bits> {
        let mut out = kernel::zeroed(x.len().div_ceil(64));
        kernel::top_bits(Backend::best(), bytemuck::cast_slice_mut(&mut out), x);
        out
    }
}

macro_rules! ring {
    ($name:ident, $word:ty, $doc:literal) => {
        #[doc = $doc]
        #[derive(Copy, Clone, Default, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
        #[repr(transparent)]
        pub struct $name(pub $word);
        impl Add for $name {
            type Output = Self;
            #[inline(always)]
            fn add(self, y: Self) -> Self {
                Self(self.0.wrapping_add(y.0))
            }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline(always)]
            fn sub(self, y: Self) -> Self {
                Self(self.0.wrapping_sub(y.0))
            }
        }
        impl Mul for $name {
            type Output = Self;
            #[inline(always)]
            fn mul(self, y: Self) -> Self {
                Self(self.0.wrapping_mul(y.0))
            }
        }
        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(self.0.wrapping_neg())
            }
        }
        impl Integer for $name {
            const BITS: u32 = <$word>::BITS;
            #[inline(always)]
            fn from_i128(x: i128) -> Self {
                Self(x as $word)
            }
            #[inline(always)]
            fn to_i128(self) -> i128 {
                let unused = 128 - Self::BITS;
                ((self.0 as u128) << unused) as i128 >> unused
            }
            #[inline(always)]
            fn from_u128(x: u128) -> Self {
                Self(x as $word)
            }
            #[inline(always)]
            fn to_u128(self) -> u128 {
                self.0 as u128
            }
            #[inline(always)]
            fn shr(self, by: u32) -> Self {
                Self(self.0.checked_shr(by).unwrap_or(0))
            }
            #[inline(always)]
            fn shl(self, by: u32) -> Self {
                Self(self.0.checked_shl(by).unwrap_or(0))
            }
        }
    };
}
ring!(Z16, u16, "Integers modulo 2^16: narrow messages and small flags.");
ring!(Z32, u32, "Integers modulo 2^32.");
ring!(Z64, u64, "Integers modulo 2^64.");
ring!(Z128, u128, "Integers modulo 2^128.");

/// 64 bits side by side: addition is XOR, multiplication is AND.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Bits(pub u64);
#[expect(clippy::suspicious_arithmetic_impl, reason = "this ring's arithmetic is bitwise")]
impl Add for Bits {
    type Output = Self;
    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(self.0 ^ y.0)
    }
}
#[expect(clippy::suspicious_arithmetic_impl, reason = "this ring's arithmetic is bitwise")]
impl Sub for Bits {
    type Output = Self;
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        Self(self.0 ^ y.0)
    }
}
#[expect(clippy::suspicious_arithmetic_impl, reason = "this ring's arithmetic is bitwise")]
impl Mul for Bits {
    type Output = Self;
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self(self.0 & y.0)
    }
}
impl Neg for Bits {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self
    }
}

/// The kernels with the back end `$on`.
macro_rules! kernels {
    ($name:ident, $zero:expr, $one:expr, $on:expr) => {
        impl DefaultIsZeroes for $name {}

        impl Ring for $name {
            const BYTES: usize = size_of::<Self>();
            const ZERO: Self = Self($zero);
            const ONE: Self = Self($one);
            fn add_assign(x: &mut [Self], y: &[Self]) {
                kernel::add_assign($on, x, y);
            }
            fn sub_assign(x: &mut [Self], y: &[Self]) {
                kernel::sub_assign($on, x, y);
            }
            fn mul_assign(x: &mut [Self], y: &[Self]) {
                kernel::mul_assign($on, x, y);
            }
            fn mul_add(z: &mut [Self], x: &[Self], y: &[Self]) {
                kernel::mul_add($on, z, x, y);
            }
            fn choose_assign(x: &mut [Self], y: &[Self], c: &[Self]) {
                kernel::choose_assign($on, x, y, c);
            }
            fn cross_add(z: &mut [Self], x: [&[Self]; 2], y: [&[Self]; 2]) {
                kernel::cross_add($on, z, x, y);
            }
            fn matmul_add(z: &mut [Self], x: &[Self], y: &[Self], d: Dims) {
                kernel::matmul_add($on, z, x, y, d);
            }
            fn dot(x: &[Self], y: &[Self]) -> Self {
                kernel::dot($on, x, y)
            }
        }
    };
}
kernels!(Z16, 0, 1, Backend::best());
kernels!(Z32, 0, 1, Backend::best());
kernels!(Z64, 0, 1, Backend::best());
kernels!(Z128, 0, 1, Backend::best());
// The compiler finds vectors where three limbs have none to gain.
kernels!(Z192, [0; 3], [1, 0, 0], Backend::plain());
kernels!(Bits, 0, !0, Backend::best());
