//! Bit transposes with AVX2 and AVX-512: shuffles that move bytes, instructions that take one
//! bit of every byte.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::bits::{Bytes, Values, Words, slice, unslice};

#[target_feature(enable = "avx2")]
pub(super) fn slice_avx2(planes: &mut [u64], values: Values<&[u8]>) {
    slice(
        planes,
        values,
        |values, rows| rows_of(values, rows),
        |bytes| {
            let mut halves: [__m256i; 2] = cast(*bytes);
            let mut words = [0; 8];
            for word in words.iter_mut().rev() {
                let [low, high] = halves.map(|half| _mm256_movemask_epi8(half) as u32);
                *word = u64::from(high) << 32 | u64::from(low);
                halves = halves.map(|half| _mm256_add_epi8(half, half));
            }
            words
        },
    );
}

#[target_feature(enable = "avx2")]
pub(super) fn unslice_avx2(values: Values<&mut [u8]>, planes: &[u64]) {
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
    let bytes_of = |words: &Words| -> Bytes { cast([half(words, 0), half(words, 32)]) };
    unslice(values, planes, |rows, values| values_of(rows, values), bytes_of);
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
pub(super) fn slice_avx512(planes: &mut [u64], values: Values<&[u8]>) {
    slice(
        planes,
        values,
        |values, rows| rows_of(values, rows),
        |bytes| {
            let bytes: __m512i = cast(*bytes);
            std::array::from_fn(|b| {
                _mm512_test_epi8_mask(bytes, _mm512_set1_epi8((1u8 << b) as i8))
            })
        },
    );
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
pub(super) fn unslice_avx512(values: Values<&mut [u8]>, planes: &[u64]) {
    unslice(
        values,
        planes,
        |rows, values| values_of(rows, values),
        |words| {
            let mut sum = _mm512_setzero_si512();
            for (b, &word) in words.iter().enumerate() {
                sum = _mm512_mask_add_epi8(sum, word, sum, _mm512_set1_epi8((1u8 << b) as i8));
            }
            cast(sum)
        },
    );
}

/// Turns 64 values into as many rows as they have bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn rows_of(values: &[u8], rows: &mut [Bytes]) {
    match rows.len() {
        2 => rows_of_size::<2>(values, rows),
        4 => rows_of_size::<4>(values, rows),
        8 => rows_of_size::<8>(values, rows),
        16 => rows_of_size::<16>(values, rows),
        size => unreachable!("a ring of {size} bytes"),
    }
}

/// Turns as many rows as values have bytes into 64 values.
#[inline]
#[target_feature(enable = "avx2")]
fn values_of(rows: &[Bytes], values: &mut [u8]) {
    match rows.len() {
        2 => values_of_size::<2>(rows, values),
        4 => values_of_size::<4>(rows, values),
        8 => values_of_size::<8>(rows, values),
        16 => values_of_size::<16>(rows, values),
        size => unreachable!("a ring of {size} bytes"),
    }
}

/// Sixteen values of `SIZE` bytes fill the low halves of as many vectors, sixteen more the high
/// halves. Four interleavings rotate the four bits of a value's number past those of the byte's.
#[inline]
#[target_feature(enable = "avx2")]
fn rows_of_size<const SIZE: usize>(values: &[u8], rows: &mut [Bytes]) {
    let pieces: &[[u8; 16]] = bytemuck::cast_slice(values);
    for half in 0..2 {
        let [low, high] = [2 * half * SIZE, (2 * half + 1) * SIZE];
        let mut x: [__m256i; SIZE] =
            std::array::from_fn(|i| cast([pieces[low + i], pieces[high + i]]));
        for _ in 0..4 {
            x = interleave(x);
        }
        for (row, x) in rows.iter_mut().zip(x) {
            row[32 * half..][..32].copy_from_slice(&cast::<_, [u8; 32]>(x));
        }
    }
}

/// The inverse of [`rows_of_size`]: the bits of the byte's number rotate past the value's.
#[inline]
#[target_feature(enable = "avx2")]
fn values_of_size<const SIZE: usize>(rows: &[Bytes], values: &mut [u8]) {
    let pieces: &mut [[u8; 16]] = bytemuck::cast_slice_mut(values);
    for half in 0..2 {
        let mut x: [__m256i; SIZE] = std::array::from_fn(|i| {
            let halves: [__m256i; 2] = cast(rows[i]);
            halves[half]
        });
        for _ in 0..SIZE.ilog2() {
            x = interleave(x);
        }
        for (i, x) in x.into_iter().enumerate() {
            [pieces[2 * half * SIZE + i], pieces[(2 * half + 1) * SIZE + i]] = cast(x);
        }
    }
}

/// Interleaves the bytes of the first half of the vectors with those of the second, in each
/// half of a vector apart: the bits of a byte's place rotate by one.
#[inline]
#[target_feature(enable = "avx2")]
fn interleave<const SIZE: usize>(x: [__m256i; SIZE]) -> [__m256i; SIZE] {
    let mut out = x;
    for i in 0..SIZE / 2 {
        out[2 * i] = _mm256_unpacklo_epi8(x[i], x[i + SIZE / 2]);
        out[2 * i + 1] = _mm256_unpackhi_epi8(x[i], x[i + SIZE / 2]);
    }
    out
}
