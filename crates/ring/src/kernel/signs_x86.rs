//! The same with AVX2 and AVX-512: counts of whole registers, tables inside a register.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::signs::{Counts, LAZY, Lanes, Left, Right, Table, correlated, looked_up};
use super::signs::{plain_count, plain_sum};
use crate::Fp61;

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn correlate_avx2(left: [&[u64]; 3], right: [&[u64]; 3], rows: usize) -> Vec<i64> {
    correlated(left, right, rows, plain_count)
}

#[target_feature(enable = "avx2")]
pub(super) fn look_up_avx2(words: [&[u64]; 3], tables: &[[Fp61; 8]]) -> Vec<Fp61> {
    looked_up(words, tables, plain_sum)
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
pub(super) fn look_up_avx512(words: [&[u64]; 3], tables: &[[Fp61; 8]]) -> Vec<Fp61> {
    looked_up(words, tables, |triples, tables| sum(triples, tables))
}

#[target_feature(enable = "avx512f,avx512bw")]
fn sum(triples: &[[u64; 3]], tables: &[Table]) -> [Lanes; 8] {
    let modulus = _mm512_set1_epi64(Fp61::MODULUS.cast_signed());
    let mut sums = [_mm512_setzero_si512(); 8];
    for (row, (&[x, y, sign], table)) in triples.iter().zip(tables).enumerate() {
        if row % LAZY == LAZY - 1 {
            for sum in &mut sums {
                let low = _mm512_and_si512(*sum, modulus);
                *sum = _mm512_add_epi64(low, _mm512_srli_epi64::<61>(*sum));
            }
        }
        // A byte for each triple; a shift brings those of every eighth one to where a
        // permutation looks for places.
        let places = _mm512_maskz_set1_epi8(x, 1);
        let places = _mm512_mask_add_epi8(places, y, places, _mm512_set1_epi8(2));
        let mut places = _mm512_mask_add_epi8(places, sign, places, _mm512_set1_epi8(4));
        let table: __m512i = cast(*table);
        for sum in &mut sums {
            *sum = _mm512_add_epi64(*sum, _mm512_permutexvar_epi64(places, table));
            places = _mm512_srli_epi64::<8>(places);
        }
    }
    cast(sums)
}
