//! The same with AVX2 and AVX-512: counts of whole registers, tables inside a register.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::signs::{Block, Counts, LAZY, Left, Right, correlated, look_up_by, plain_count};
use crate::Fp61;

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn correlate_avx2(left: [&[u64]; 3], right: [&[u64]; 3], rows: usize) -> Vec<i64> {
    correlated(left, right, rows, plain_count)
}

/// The lower and the upper halves of a table's numbers.
type Halves = [[u32; 8]; 2];

#[target_feature(enable = "avx2")]
pub(super) fn look_up_avx2(words: [&[u64]; 3], tables: &[[Fp61; 8]], out: &mut [Fp61]) {
    let halves = |table: [u64; 8]| [table.map(|x| x as u32), table.map(|x| (x >> 32) as u32)];
    look_up_by(words, tables, out, halves, |block, lane, tables, out| {
        sum_halves(block, lane, tables, out);
    });
}

#[target_feature(enable = "avx2")]
fn sum_halves(block: &Block, lane: usize, tables: &[Halves], out: &mut [Fp61; 64]) {
    let modulus = _mm256_set1_epi64x(Fp61::MODULUS.cast_signed());
    for half in 0..2 {
        let mut sums = [_mm256_setzero_si256(); 8];
        for (row, &[low, high]) in tables.iter().enumerate() {
            if row % LAZY == LAZY - 1 {
                for sum in &mut sums {
                    let low = _mm256_and_si256(*sum, modulus);
                    *sum = _mm256_add_epi64(low, _mm256_srli_epi64::<61>(*sum));
                }
            }
            let mut places =
                places(block.triple(row, lane).map(|word| (word >> (32 * half)) as u32));
            let (low, high): (__m256i, __m256i) = (cast(low), cast(high));
            for b in 0..4 {
                let low = _mm256_permutevar8x32_epi32(low, places);
                let high = _mm256_permutevar8x32_epi32(high, places);
                let even = _mm256_blend_epi32::<0xaa>(low, _mm256_slli_epi64::<32>(high));
                let odd = _mm256_blend_epi32::<0xaa>(_mm256_srli_epi64::<32>(low), high);
                sums[b] = _mm256_add_epi64(sums[b], even);
                sums[b + 4] = _mm256_add_epi64(sums[b + 4], odd);
                places = _mm256_srli_epi32::<8>(places);
            }
        }
        for (out, sum) in out.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
            let words: [u64; 4] = cast(sum);
            out[4 * half..][..4].copy_from_slice(&words.map(Fp61::new));
        }
    }
}

/// A byte for each triple, its place in a table.
#[target_feature(enable = "avx2")]
fn places(words: [u32; 3]) -> __m256i {
    // Byte i of a vector takes byte i / 8 of the word, and of that bit i % 8.
    let spread: __m256i = cast(std::array::from_fn::<u8, 32, _>(|i| (i / 8) as u8));
    let select: __m256i = cast([0x8040_2010_0804_0201u64; 4]);
    let mut places = _mm256_setzero_si256();
    for (bit, word) in words.into_iter().enumerate() {
        let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(word.cast_signed()), spread);
        let ones = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, select), select);
        places = _mm256_or_si256(places, _mm256_and_si256(ones, _mm256_set1_epi8(1 << bit)));
    }
    places
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw,avx512vpopcntdq")]
pub(super) fn correlate_avx512(left: [&[u64]; 3], right: [&[u64]; 3], rows: usize) -> Vec<i64> {
    correlated(left, right, rows, |counts, left, right| count(counts, left, right))
}

#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn count(counts: &mut Counts, left: &[Left], right: &[Right]) {
    /// `a & (b ^ c)`, as the table of a ternary function.
    const AND_XOR: i32 = 0x60;
    let mut sums: [__m512i; 16] = cast(*counts);
    for ((ones, sign), right) in left.iter().zip(right) {
        let (ones, right): ([__m512i; 4], [__m512i; 4]) = (cast(*ones), cast(*right));
        let sign: __m512i = cast(*sign);
        for (at, sum) in sums.iter_mut().enumerate() {
            let negative = _mm512_ternarylogic_epi64::<AND_XOR>(ones[at / 4], sign, right[at % 4]);
            *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(negative));
        }
    }
    *counts = cast(sums);
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
pub(super) fn look_up_avx512(words: [&[u64]; 3], tables: &[[Fp61; 8]], out: &mut [Fp61]) {
    look_up_by(
        words,
        tables,
        out,
        |table| table,
        |block, lane, tables, out| {
            sum(block, lane, tables, out);
        },
    );
}

#[target_feature(enable = "avx512f,avx512bw")]
fn sum(block: &Block, lane: usize, tables: &[[u64; 8]], out: &mut [Fp61; 64]) {
    let modulus = _mm512_set1_epi64(Fp61::MODULUS.cast_signed());
    let folded = |x| _mm512_add_epi64(_mm512_and_si512(x, modulus), _mm512_srli_epi64::<61>(x));
    let mut sums = [_mm512_setzero_si512(); 8];
    for (row, table) in tables.iter().enumerate() {
        if row % LAZY == LAZY - 1 {
            sums.iter_mut().for_each(|sum| *sum = folded(*sum));
        }
        // A byte for each triple; a shift brings those of every eighth one to where a
        // permutation looks for places.
        let [x, y, sign] = block.triple(row, lane);
        let places = _mm512_maskz_set1_epi8(x, 1);
        let places = _mm512_mask_add_epi8(places, y, places, _mm512_set1_epi8(2));
        let mut places = _mm512_mask_add_epi8(places, sign, places, _mm512_set1_epi8(4));
        let table: __m512i = cast(*table);
        for sum in &mut sums {
            *sum = _mm512_add_epi64(*sum, _mm512_permutexvar_epi64(places, table));
            places = _mm512_srli_epi64::<8>(places);
        }
    }
    for (out, sum) in out.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
        let sum = folded(sum);
        let words: [u64; 8] = cast(_mm512_min_epu64(sum, _mm512_sub_epi64(sum, modulus)));
        *out = words.map(Fp61::below_modulus);
    }
}
