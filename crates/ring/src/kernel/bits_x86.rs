//! Bit transposes with AVX2 and AVX-512: instructions that take one bit of every byte.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::bits::{Bytes, Words, slice, unslice};
use crate::Integer;

#[target_feature(enable = "avx2")]
pub(super) fn slice_avx2<R: Integer>(planes: &mut [u64], values: &[R]) {
    slice(planes, values, |bytes| {
        let mut halves: [__m256i; 2] = cast(*bytes);
        let mut words = [0; 8];
        for word in words.iter_mut().rev() {
            let [low, high] = halves.map(|half| _mm256_movemask_epi8(half) as u32);
            *word = u64::from(high) << 32 | u64::from(low);
            halves = halves.map(|half| _mm256_add_epi8(half, half));
        }
        words
    });
}

#[target_feature(enable = "avx2")]
pub(super) fn unslice_avx2<R: Integer>(values: &mut [R], planes: &[u64]) {
    // Byte i of a vector takes byte i / 8 of the plane's half word, and of that bit i % 8.
    let spread: __m256i = cast(std::array::from_fn::<u8, 32, _>(|i| (i / 8) as u8));
    let select: __m256i = cast([0x8040_2010_0804_0201u64; 4]);
    let half = |words: &Words, shift: u32| {
        let mut sum = _mm256_setzero_si256();
        for (b, word) in words.iter().enumerate() {
            let word = _mm256_set1_epi32((word >> shift) as u32 as i32);
            let picked = _mm256_and_si256(_mm256_shuffle_epi8(word, spread), select);
            let mask = _mm256_cmpeq_epi8(picked, select);
            sum = _mm256_or_si256(sum, _mm256_and_si256(mask, _mm256_set1_epi8((1u8 << b) as i8)));
        }
        sum
    };
    unslice(values, planes, |words| cast([half(words, 0), half(words, 32)]));
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
pub(super) fn slice_avx512<R: Integer>(planes: &mut [u64], values: &[R]) {
    slice(planes, values, |bytes: &Bytes| -> Words {
        let bytes: __m512i = cast(*bytes);
        std::array::from_fn(|b| _mm512_test_epi8_mask(bytes, _mm512_set1_epi8((1u8 << b) as i8)))
    });
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
pub(super) fn unslice_avx512<R: Integer>(values: &mut [R], planes: &[u64]) {
    unslice(values, planes, |words: &Words| -> Bytes {
        let mut sum = _mm512_setzero_si512();
        for (b, &word) in words.iter().enumerate() {
            sum = _mm512_mask_add_epi8(sum, word, sum, _mm512_set1_epi8((1u8 << b) as i8));
        }
        cast(sum)
    });
}
