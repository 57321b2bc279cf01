//! Field elements eight at a time with AVX-512 IFMA, which multiplies 52 bits by 52.
//!
//! `x = x0 + 2^52 x1`, and so sums of products are three sums, of weights 1, 2^52 and 2^104. Each
//! takes at most three halves of products, below 2^52, at a time.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use crate::Fp61;

/// Products that the three sums have room for.
const LAZY: usize = 1 << 10;
/// Vectors of columns that are worked on at once.
const TILE: usize = 4;

/// A sum of products, in three parts.
type Sum = [__m512i; 3];

#[target_feature(enable = "avx512f")]
fn modulus() -> __m512i {
    _mm512_set1_epi64(Fp61::MODULUS.cast_signed())
}

/// `sum += x y`.
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_product(sum: &mut Sum, x: __m512i, y: __m512i) {
    let (x1, y1) = (_mm512_srli_epi64::<52>(x), _mm512_srli_epi64::<52>(y));
    let [low, middle, high] = *sum;
    let low = _mm512_madd52lo_epu64(low, x, y);
    let middle = _mm512_madd52hi_epu64(middle, x, y);
    let middle = _mm512_madd52lo_epu64(middle, x, y1);
    let middle = _mm512_madd52lo_epu64(middle, x1, y);
    let high = _mm512_madd52hi_epu64(high, x, y1);
    let high = _mm512_madd52hi_epu64(high, x1, y);
    let high = _mm512_madd52lo_epu64(high, x1, y1);
    *sum = [low, middle, high];
}

/// The residues of sums: 2^61 is 1, so 2^52 times `2^9 a + b` is `a + 2^52 b`.
#[target_feature(enable = "avx512f")]
fn residues([low, middle, high]: Sum) -> __m512i {
    let p = modulus();
    let low = _mm512_add_epi64(_mm512_and_si512(low, p), _mm512_srli_epi64::<61>(low));
    let shifted = |x, left: u32, right: u32| {
        let (left, right) =
            (_mm_cvtsi32_si128(left.cast_signed()), _mm_cvtsi32_si128(right.cast_signed()));
        _mm512_add_epi64(_mm512_and_si512(_mm512_sll_epi64(x, left), p), _mm512_srl_epi64(x, right))
    };
    let sum = _mm512_add_epi64(shifted(middle, 52, 9), shifted(high, 43, 18));
    let sum = _mm512_add_epi64(sum, low);
    reduced_once(_mm512_add_epi64(_mm512_and_si512(sum, p), _mm512_srli_epi64::<61>(sum)))
}

#[target_feature(enable = "avx512f")]
fn reduced_once(x: __m512i) -> __m512i {
    _mm512_min_epu64(x, _mm512_sub_epi64(x, modulus()))
}

#[target_feature(enable = "avx512f")]
fn add(x: __m512i, y: __m512i) -> __m512i {
    reduced_once(_mm512_add_epi64(x, y))
}

#[target_feature(enable = "avx512f")]
fn sub(x: __m512i, y: __m512i) -> __m512i {
    let less = _mm512_sub_epi64(x, y);
    _mm512_min_epu64(less, _mm512_add_epi64(less, modulus()))
}

/// Eight elements from `at` on, zeros past the end.
#[target_feature(enable = "avx512f")]
fn load(x: &[Fp61], at: usize) -> __m512i {
    let rest = x.get(at..).unwrap_or_default();
    if let Some(eight) = rest.first_chunk::<8>() {
        return cast(eight.map(Fp61::get));
    }
    let mut eight = [Fp61::ZERO; 8];
    eight[..rest.len()].copy_from_slice(rest);
    cast(eight.map(Fp61::get))
}

/// The elements of residues.
fn elements(x: __m512i) -> [Fp61; 8] {
    let words: [u64; 8] = cast(x);
    words.map(Fp61::below_modulus)
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn dot(x: &[Fp61], y: &[Fp61]) -> Fp61 {
    let mut sum = [_mm512_setzero_si512(); 3];
    for at in (0..x.len()).step_by(8) {
        if at % (8 * LAZY) == 8 * (LAZY - 1) {
            sum = [residues(sum), _mm512_setzero_si512(), _mm512_setzero_si512()];
        }
        add_product(&mut sum, load(x, at), load(y, at));
    }
    elements(residues(sum)).into_iter().sum()
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn fold(out: &mut [Fp61], x: &[Fp61], weights: &[Fp61]) {
    let n = out.len().max(1);
    for (block, out) in out.chunks_mut(8).enumerate() {
        let mut sum = [_mm512_setzero_si512(); 3];
        for (k, (weight, plane)) in weights.iter().zip(x.chunks(n)).enumerate() {
            if k % LAZY == LAZY - 1 {
                sum = [residues(sum), _mm512_setzero_si512(), _mm512_setzero_si512()];
            }
            let weight = _mm512_set1_epi64(weight.get().cast_signed());
            add_product(&mut sum, load(plane, 8 * block), weight);
        }
        out.copy_from_slice(&elements(residues(sum))[..out.len()]);
    }
}

type Column = [__m512i; TILE];

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn products(x: &[Fp61], y: &[Fp61], nodes: usize) -> Vec<Fp61> {
    let zero = _mm512_setzero_si512();
    let n = x.len().div_ceil(nodes).max(1);
    let mut values = [vec![[zero; TILE]; 2 * nodes - 1], vec![[zero; TILE]; 2 * nodes - 1]];
    let mut differences = vec![[zero; TILE]; nodes];
    let mut sums = vec![[zero; 3]; 2 * nodes - 1];
    for (tile, at) in (0..n).step_by(8 * TILE).enumerate() {
        let used = TILE.min((n - at).div_ceil(8));
        for (values, all) in values.iter_mut().zip([x, y]) {
            for (value, plane) in values[..nodes].iter_mut().zip(all.chunks(n)) {
                (0..used).for_each(|i| value[i] = load(plane, at + 8 * i));
            }
            match nodes {
                8 => extend_all::<8>(values, used),
                16 => extend_all::<16>(values, used),
                _ => extend(values, &mut differences, used),
            }
        }
        let [p, q] = &values;
        for (sum, (p, q)) in sums.iter_mut().zip(p.iter().zip(q)) {
            (0..used).for_each(|i| add_product(sum, p[i], q[i]));
            if tile % (LAZY / TILE) == LAZY / TILE - 1 {
                *sum = [residues(*sum), zero, zero];
            }
        }
    }
    sums.into_iter().map(|sum| elements(residues(sum)).into_iter().sum()).collect()
}

/// As the plain one, in the first vectors, and each value is loaded once.
#[target_feature(enable = "avx512f")]
fn extend(values: &mut [Column], differences: &mut [Column], used: usize) {
    let nodes = differences.len();
    differences.copy_from_slice(&values[..nodes]);
    for i in 0..used {
        for order in 1..nodes {
            let mut last = differences[0][i];
            for at in 0..nodes - order {
                let next = differences[at + 1][i];
                differences[at][i] = sub(next, last);
                last = next;
            }
        }
        for value in &mut values[nodes..] {
            let mut higher = differences[0][i];
            for difference in &mut differences[1..] {
                higher = add(difference[i], higher);
                difference[i] = higher;
            }
            value[i] = higher;
        }
    }
}

/// The same for a fixed number of nodes, whose differences stay in registers.
#[target_feature(enable = "avx512f")]
fn extend_all<const NODES: usize>(values: &mut [Column], used: usize) {
    for i in 0..used {
        let mut differences: [__m512i; NODES] = std::array::from_fn(|k| values[k][i]);
        for order in 1..NODES {
            for at in 0..NODES - order {
                differences[at] = sub(differences[at + 1], differences[at]);
            }
        }
        for value in &mut values[NODES..] {
            for at in 1..NODES {
                differences[at] = add(differences[at], differences[at - 1]);
            }
            value[i] = differences[NODES - 1];
        }
    }
}
