//! Tiles for AVX2, which multiplies 32-bit lanes only.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::blocked::{DEPTH, Tile, blocked};
use crate::{Dims, Z32, Z64, Z128};

/// Blocked `z += x * y` with AVX2 tiles.
#[target_feature(enable = "avx2")]
pub(super) fn gemm<T: Tile>(z: &mut [T::Ring], x: &[T::Ring], y: &[T::Ring], d: Dims) {
    // SAFETY: AVX2 is enabled, and the tiles of this module need no more.
    unsafe { blocked::<T>(z, x, y, d) }
}

/// A step of a panel, aligned as vectors load it best.
#[derive(Copy, Clone, bytemuck::Zeroable)]
#[repr(C, align(32))]
pub(super) struct Aligned<T>(T);

/// Z_2^32: `vpmulld`.
pub(super) struct T32;
impl Tile for T32 {
    type Ring = Z32;
    const ROWS: usize = 6;
    const COLS: usize = 16;
    type Left = [u32; 6];
    type Right = Aligned<[[u32; 8]; 2]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z32) {
        to[row] = x.0;
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z32) {
        to.0[col / 8][col % 8] = y.0;
    }
    #[target_feature(enable = "avx2")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z32]) {
        let mut sum = [[_mm256_setzero_si256(); 2]; 6];
        for (x, y) in left.iter().zip(right) {
            let y: [__m256i; 2] = [cast(y.0[0]), cast(y.0[1])];
            for (sum, &x) in sum.iter_mut().zip(x) {
                let x = _mm256_set1_epi32(x as i32);
                sum[0] = _mm256_add_epi32(sum[0], _mm256_mullo_epi32(x, y[0]));
                sum[1] = _mm256_add_epi32(sum[1], _mm256_mullo_epi32(x, y[1]));
            }
        }
        for (out, sum) in out.chunks_exact_mut(8).zip(sum.as_flattened()) {
            out.copy_from_slice(&cast::<_, [Z32; 8]>(*sum));
        }
    }
}

/// Z_2^64, two multiplications for four products: with `x = x0 + 2^32 x1` and `y` alike,
/// `vpmuludq` sums `x0 y0` and `vpmulld` on swapped halves of `y` sums `x0 y1` and `x1 y0` side
/// by side, modulo 2^32; the two sums are folded once per tile.
pub(super) struct T64;
impl Tile for T64 {
    type Ring = Z64;
    const ROWS: usize = 6;
    const COLS: usize = 4;
    type Left = [u64; 6];
    /// As they are, and with their halves swapped.
    type Right = Aligned<[[u64; 4]; 2]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z64) {
        to[row] = x.0;
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z64) {
        to.0[0][col] = y.0;
        to.0[1][col] = y.0.rotate_left(32);
    }
    #[target_feature(enable = "avx2")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z64]) {
        let mut low = [_mm256_setzero_si256(); 6];
        let mut cross = low;
        for (x, y) in left.iter().zip(right) {
            let (y, swapped): (__m256i, __m256i) = (cast(y.0[0]), cast(y.0[1]));
            for i in 0..6 {
                let x = _mm256_set1_epi64x(x[i] as i64);
                low[i] = _mm256_add_epi64(low[i], _mm256_mul_epu32(x, y));
                cross[i] = _mm256_add_epi32(cross[i], _mm256_mullo_epi32(x, swapped));
            }
        }
        for (i, out) in out.chunks_exact_mut(4).enumerate() {
            out.copy_from_slice(&cast::<_, [Z64; 4]>(fold(low[i], cross[i])));
        }
    }
}

/// Z_2^128. The products of lower words, of full 128 bits, come from three limbs of `x` by two
/// of `y`: each of at most 54 bits, so that 2^10 steps fit in 64, and a panel has fewer. The
/// products of lower with upper words are as for Z_2^64. The two take loops of their own, so
/// that each loop's sums fit in registers.
pub(super) struct T128;

/// An element as its words and its lower word as limbs of 22, 21 and 21 bits.
#[derive(Copy, Clone, bytemuck::Zeroable)]
pub(super) struct Left128 {
    words: [u64; 2],
    limbs: [u32; 3],
}

const _: () = assert!(DEPTH <= 1 << 10);

impl Tile for T128 {
    type Ring = Z128;
    const ROWS: usize = 2;
    const COLS: usize = 4;
    type Left = [Left128; 2];
    /// Lower words, upper words, each as they are and with their halves swapped.
    type Right = Aligned<[[u64; 4]; 4]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z128) {
        let low = x.0 as u64;
        let limbs = [low & 0x3f_ffff, low >> 22 & 0x1f_ffff, low >> 43].map(|limb| limb as u32);
        to[row] = Left128 { words: [low, (x.0 >> 64) as u64], limbs };
    }
    #[inline(always)]
    fn put_right(to: &mut Self::Right, col: usize, y: Z128) {
        let (low, high) = (y.0 as u64, (y.0 >> 64) as u64);
        to.0[0][col] = low;
        to.0[1][col] = low.rotate_left(32);
        to.0[2][col] = high;
        to.0[3][col] = high.rotate_left(32);
    }
    #[target_feature(enable = "avx2")]
    unsafe fn product(left: &[Self::Left], right: &[Self::Right], out: &mut [Z128]) {
        let lower = sum_lower_words(left, right);
        let cross = sum_cross_words(left, right);
        for ((out, lower), cross) in out.chunks_exact_mut(4).zip(lower).zip(cross) {
            for i in 0..4 {
                let [y0, y1] = lower.map(|sums| {
                    let [x0, x1, x2] = sums.map(|sum| u128::from(cast::<_, [u64; 4]>(sum)[i]));
                    x0 + (x1 << 22) + (x2 << 43)
                });
                let upper = u128::from(cross[i]) << 64;
                out[i] = Z128(y0.wrapping_add(y1 << 32).wrapping_add(upper));
            }
        }
    }
}

/// For each row, the sums of the products of the lower and the upper half of `y`'s lower word
/// with the limbs of `x`.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_lower_words(
    left: &[<T128 as Tile>::Left],
    right: &[<T128 as Tile>::Right],
) -> [[[__m256i; 3]; 2]; 2] {
    let mut sums = [[[_mm256_setzero_si256(); 3]; 2]; 2];
    for (x, y) in left.iter().zip(right) {
        let y: [__m256i; 2] = [cast(y.0[0]), cast(y.0[1])];
        for (sums, x) in sums.iter_mut().zip(x) {
            for (limb, &x) in x.limbs.iter().enumerate() {
                let x = _mm256_set1_epi32(x as i32);
                sums[0][limb] = _mm256_add_epi64(sums[0][limb], _mm256_mul_epu32(x, y[0]));
                sums[1][limb] = _mm256_add_epi64(sums[1][limb], _mm256_mul_epu32(x, y[1]));
            }
        }
    }
    sums
}

/// For each row, the sum of the products of lower with upper words, modulo 2^64.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_cross_words(
    left: &[<T128 as Tile>::Left],
    right: &[<T128 as Tile>::Right],
) -> [[u64; 4]; 2] {
    let mut low = [_mm256_setzero_si256(); 2];
    let mut cross = low;
    for (x, y) in left.iter().zip(right) {
        let y: [__m256i; 4] = y.0.map(cast);
        for i in 0..2 {
            let lower = _mm256_set1_epi64x(x[i].words[0] as i64);
            let upper = _mm256_set1_epi64x(x[i].words[1] as i64);
            low[i] = _mm256_add_epi64(low[i], _mm256_mul_epu32(lower, y[2]));
            low[i] = _mm256_add_epi64(low[i], _mm256_mul_epu32(upper, y[0]));
            cross[i] = _mm256_add_epi32(cross[i], _mm256_mullo_epi32(lower, y[3]));
            cross[i] = _mm256_add_epi32(cross[i], _mm256_mullo_epi32(upper, y[1]));
        }
    }
    [0, 1].map(|i| cast(fold(low[i], cross[i])))
}

/// Products modulo 2^64, from those of lower halves and those of lower with upper halves.
#[inline]
#[target_feature(enable = "avx2")]
fn fold(low: __m256i, cross: __m256i) -> __m256i {
    let halves = _mm256_add_epi32(cross, _mm256_srli_epi64::<32>(cross));
    _mm256_add_epi64(low, _mm256_slli_epi64::<32>(halves))
}
