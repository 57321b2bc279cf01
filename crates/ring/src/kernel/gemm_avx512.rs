//! Tiles for AVX-512 with DQ (64-bit lanes multiply) and IFMA (52-bit limbs).

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::blocked::{DEPTH, Tile, blocked};
use crate::{Dims, Z32, Z64, Z128};

/// Blocked `z += x * y` with AVX-512 tiles.
#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw,avx512ifma")]
pub(super) fn gemm<T: Tile>(z: &mut [T::Ring], x: &[T::Ring], y: &[T::Ring], d: Dims) {
    // SAFETY: the tiles of this module need no more than is enabled here.
    unsafe { blocked::<T>(z, x, y, d) }
}

/// A step of a panel, aligned as vectors load it best.
#[derive(Copy, Clone, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(super) struct Aligned<T>(T);

/// Z_2^32: `vpmulld`.
pub(super) struct T32;
impl Tile for T32 {
    type Ring = Z32;
    const ROWS: usize = 12;
    const COLS: usize = 32;
    type Left = [u32; 12];
    type Right = Aligned<[[u32; 16]; 2]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z32) {
        to[row] = x.0;
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z32) {
        to.0[col / 16][col % 16] = y.0;
    }
    #[target_feature(enable = "avx512f")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z32]) {
        let mut sum = [[_mm512_setzero_si512(); 2]; 12];
        for (x, y) in left.iter().zip(right) {
            let y: [__m512i; 2] = [cast(y.0[0]), cast(y.0[1])];
            for (sum, &x) in sum.iter_mut().zip(x) {
                let x = _mm512_set1_epi32(x as i32);
                sum[0] = _mm512_add_epi32(sum[0], _mm512_mullo_epi32(x, y[0]));
                sum[1] = _mm512_add_epi32(sum[1], _mm512_mullo_epi32(x, y[1]));
            }
        }
        for (out, sum) in out.chunks_exact_mut(16).zip(sum.as_flattened()) {
            out.copy_from_slice(&cast::<_, [Z32; 16]>(*sum));
        }
    }
}

/// Z_2^64: `vpmullq`.
pub(super) struct T64;
impl Tile for T64 {
    type Ring = Z64;
    const ROWS: usize = 12;
    const COLS: usize = 16;
    type Left = [u64; 12];
    type Right = Aligned<[[u64; 8]; 2]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z64) {
        to[row] = x.0;
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z64) {
        to.0[col / 8][col % 8] = y.0;
    }
    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z64]) {
        let mut sum = [[_mm512_setzero_si512(); 2]; 12];
        for (x, y) in left.iter().zip(right) {
            let y: [__m512i; 2] = [cast(y.0[0]), cast(y.0[1])];
            for (sum, &x) in sum.iter_mut().zip(x) {
                let x = _mm512_set1_epi64(x as i64);
                sum[0] = _mm512_add_epi64(sum[0], _mm512_mullo_epi64(x, y[0]));
                sum[1] = _mm512_add_epi64(sum[1], _mm512_mullo_epi64(x, y[1]));
            }
        }
        for (out, sum) in out.chunks_exact_mut(8).zip(sum.as_flattened()) {
            out.copy_from_slice(&cast::<_, [Z64; 8]>(*sum));
        }
    }
}

/// Z_2^128 in limbs of 52, 52 and 24 bits: `vpmadd52luq` and `vpmadd52huq`.
///
/// Sums by weight: that of weight 2^104 wraps as it should. At 2^52 every step adds three
/// numbers of 52 bits, so that 2^12 / 3 steps fit in 64 bits, and a panel has fewer.
pub(super) struct T128;
const _: () = assert!(DEPTH <= (1 << 12) / 3);

impl Tile for T128 {
    type Ring = Z128;
    const ROWS: usize = 8;
    const COLS: usize = 8;
    type Left = [[u64; 3]; 8];
    type Right = Aligned<[[u64; 8]; 3]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z128) {
        to[row] = limbs(x);
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z128) {
        let limbs = limbs(y);
        (0..3).for_each(|i| to.0[i][col] = limbs[i]);
    }
    #[target_feature(enable = "avx512f,avx512ifma")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z128]) {
        let mut sum = [[_mm512_setzero_si512(); 3]; 8];
        for (x, y) in left.iter().zip(right) {
            let y: [__m512i; 3] = [cast(y.0[0]), cast(y.0[1]), cast(y.0[2])];
            for (sum, x) in sum.iter_mut().zip(x) {
                let x0 = _mm512_set1_epi64(x[0] as i64);
                sum[0] = _mm512_madd52lo_epu64(sum[0], x0, y[0]);
                sum[1] = _mm512_madd52hi_epu64(sum[1], x0, y[0]);
                sum[1] = _mm512_madd52lo_epu64(sum[1], x0, y[1]);
                sum[2] = _mm512_madd52hi_epu64(sum[2], x0, y[1]);
                sum[2] = _mm512_madd52lo_epu64(sum[2], x0, y[2]);
                let x1 = _mm512_set1_epi64(x[1] as i64);
                sum[1] = _mm512_madd52lo_epu64(sum[1], x1, y[0]);
                sum[2] = _mm512_madd52hi_epu64(sum[2], x1, y[0]);
                sum[2] = _mm512_madd52lo_epu64(sum[2], x1, y[1]);
                let x2 = _mm512_set1_epi64(x[2] as i64);
                sum[2] = _mm512_madd52lo_epu64(sum[2], x2, y[0]);
            }
        }
        for (out, sum) in out.chunks_exact_mut(8).zip(sum) {
            let [at_0, at_52, at_104] = sum.map(cast::<_, [u64; 8]>);
            for (i, out) in out.iter_mut().enumerate() {
                *out = Z128(
                    u128::from(at_0[i])
                        .wrapping_add(u128::from(at_52[i]) << 52)
                        .wrapping_add(u128::from(at_104[i]) << 104),
                );
            }
        }
    }
}

/// [`T128`] modulo 2^104: two limbs, and four instructions instead of nine.
pub(super) struct T104;

impl Tile for T104 {
    type Ring = Z128;
    const ROWS: usize = 12;
    const COLS: usize = 8;
    type Left = [[u64; 2]; 12];
    type Right = Aligned<[[u64; 8]; 2]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z128) {
        let [low, high, _] = limbs(x);
        to[row] = [low, high];
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z128) {
        let [low, high, _] = limbs(y);
        (to.0[0][col], to.0[1][col]) = (low, high);
    }
    #[target_feature(enable = "avx512f,avx512ifma")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z128]) {
        let mut sum = [[_mm512_setzero_si512(); 2]; 12];
        for (x, y) in left.iter().zip(right) {
            let y: [__m512i; 2] = [cast(y.0[0]), cast(y.0[1])];
            for (sum, x) in sum.iter_mut().zip(x) {
                let x0 = _mm512_set1_epi64(x[0] as i64);
                sum[0] = _mm512_madd52lo_epu64(sum[0], x0, y[0]);
                sum[1] = _mm512_madd52hi_epu64(sum[1], x0, y[0]);
                sum[1] = _mm512_madd52lo_epu64(sum[1], x0, y[1]);
                let x1 = _mm512_set1_epi64(x[1] as i64);
                sum[1] = _mm512_madd52lo_epu64(sum[1], x1, y[0]);
            }
        }
        for (out, sum) in out.chunks_exact_mut(8).zip(sum) {
            let [at_0, at_52] = sum.map(cast::<_, [u64; 8]>);
            for (i, out) in out.iter_mut().enumerate() {
                *out = Z128(u128::from(at_0[i]).wrapping_add(u128::from(at_52[i]) << 52));
            }
        }
    }
}

#[inline(always)]
fn limbs(x: Z128) -> [u64; 3] {
    const MASK: u128 = (1 << 52) - 1;
    [(x.0 & MASK) as u64, (x.0 >> 52 & MASK) as u64, (x.0 >> 104) as u64]
}
