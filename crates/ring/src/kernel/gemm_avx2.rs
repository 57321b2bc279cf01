//! Tiles for AVX2, which multiplies 32-bit lanes only.

use std::arch::x86_64::*;

use bytemuck::{Zeroable, must_cast as cast};

use super::blocked::{Tile, blocked};
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
    const DEPTH: usize = 256;
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
    const DEPTH: usize = 256;
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
            let halves = _mm256_add_epi32(cross[i], _mm256_srli_epi64::<32>(cross[i]));
            let sum = _mm256_add_epi64(low[i], _mm256_slli_epi64::<32>(halves));
            out.copy_from_slice(&cast::<_, [Z64; 4]>(sum));
        }
    }
}

/// Z_2^128 in four limbs of 32 bits, eight multiplications for four products.
///
/// Sums by weight: those of weight 2^64 and 2^96 wrap as they should. Those of weight 1 and
/// 2^32 may overflow their 64 bits, so the upper halves of their terms are summed as well:
/// of a sum `s` modulo 2^64 and the sum `h` of upper halves, `s - 2^32 h` is the sum of the
/// lower halves, exactly, as it is below 2^64.
pub(super) struct T128;
impl Tile for T128 {
    type Ring = Z128;
    const ROWS: usize = 2;
    const COLS: usize = 4;
    const DEPTH: usize = 128;
    type Left = [[u64; 2]; 2];
    /// Lower words, lower words swapped, upper words, upper words swapped.
    type Right = Aligned<[[u64; 4]; 4]>;

    #[inline(always)]
    fn put_left(to: &mut Self::Left, row: usize, x: Z128) {
        to[row] = [x.0 as u64, (x.0 >> 64) as u64];
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
        let mut sums = [Sums128::zeroed(); 2];
        for (x, y) in left.iter().zip(right) {
            let y = y.0.map(cast);
            sums[0].add(x[0], y);
            sums[1].add(x[1], y);
        }
        for (out, sums) in out.chunks_exact_mut(4).zip(sums) {
            let words = [sums.at_0, sums.upper_0, sums.at_32, sums.upper_32, sums.at_64];
            let words = words.map(cast::<_, [u64; 4]>);
            let at_96 = cast::<_, [u64; 4]>(sums.at_96);
            for (i, out) in out.iter_mut().enumerate() {
                let [at_0, upper_0, at_32, upper_32, at_64] = words.map(|word| word[i]);
                *out = Z128(
                    exact(at_0, upper_0)
                        .wrapping_add(exact(at_32, upper_32) << 32)
                        .wrapping_add(u128::from(at_64) << 64)
                        .wrapping_add(u128::from(at_96[i].wrapping_add(at_96[i] >> 32)) << 96),
                );
            }
        }
    }
}

/// The whole of a sum of 64-bit terms, from the sum modulo 2^64 and that of the upper halves.
#[inline(always)]
fn exact(sum: u64, upper: u64) -> u128 {
    u128::from(sum.wrapping_sub(upper << 32)) + (u128::from(upper) << 32)
}

/// Four sums of products, by weight.
#[derive(Copy, Clone, bytemuck::Zeroable)]
struct Sums128 {
    at_0: __m256i,
    upper_0: __m256i,
    at_32: __m256i,
    upper_32: __m256i,
    at_64: __m256i,
    at_96: __m256i,
}

impl Sums128 {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, x: [u64; 2], y: [__m256i; 4]) {
        let [y01, y10, y23, y32] = y;
        let x01 = _mm256_set1_epi64x(x[0] as i64);
        let x1 = _mm256_set1_epi64x((x[0] >> 32) as i64);
        let x23 = _mm256_set1_epi64x(x[1] as i64);
        let term = _mm256_mul_epu32(x01, y01);
        self.at_0 = _mm256_add_epi64(self.at_0, term);
        self.upper_0 = _mm256_add_epi64(self.upper_0, _mm256_srli_epi64::<32>(term));
        for term in [_mm256_mul_epu32(x01, y10), _mm256_mul_epu32(x1, y01)] {
            self.at_32 = _mm256_add_epi64(self.at_32, term);
            self.upper_32 = _mm256_add_epi64(self.upper_32, _mm256_srli_epi64::<32>(term));
        }
        for (x, y) in [(x01, y23), (x1, y10), (x23, y01)] {
            self.at_64 = _mm256_add_epi64(self.at_64, _mm256_mul_epu32(x, y));
        }
        for (x, y) in [(x01, y32), (x23, y10)] {
            self.at_96 = _mm256_add_epi32(self.at_96, _mm256_mullo_epi32(x, y));
        }
    }
}
