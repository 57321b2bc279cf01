//! Counts of bits for [`crate::Signs`], and sums of table entries that bits choose. No bit is an
//! index into memory: entries are picked by masks, or inside a register.

#[cfg(target_arch = "x86_64")]
use super::signs_x86 as x86;
use super::{Backend, Level};
use crate::Fp61;

/// Words that are worked on at once.
pub(super) const LANES: usize = 8;
/// Times that many words of each row stay in the cache.
const TILE: usize = 8;
/// Elements that are summed before a reduction.
pub(super) const LAZY: usize = 7;

/// As many words.
pub(super) type Lanes = [u64; LANES];
/// For each pair of coordinates the places where the product is negative, by lane.
pub(super) type Counts = [Lanes; 16];
/// Where each of the left side's coordinates is not zero, and the sign.
pub(super) type Left = ([Lanes; 4], Lanes);
/// The signs of the right side's coordinates.
pub(super) type Right = [Lanes; 4];
/// One number below the field's modulus for each triple of bits.
pub(super) type Table = [u64; 8];

/// The matrix of [`crate::Signs::correlate`].
pub fn correlate(on: Backend, left: [&[u64]; 3], right: [&[u64]; 3], rows: usize) -> Vec<i64> {
    match on.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Backend` exists only where the processor has its features.
        Level::Avx512 => unsafe { x86::correlate_avx512(left, right, rows) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { x86::correlate_avx2(left, right, rows) },
        Level::Plain => correlated(left, right, rows, plain_count),
    }
}

/// The sums of [`crate::Signs::look_up`].
pub fn look_up(on: Backend, words: [&[u64]; 3], tables: &[[Fp61; 8]]) -> Vec<Fp61> {
    match on.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Backend` exists only where the processor has its features.
        Level::Avx512 => unsafe { x86::look_up_avx512(words, tables) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { x86::look_up_avx2(words, tables) },
        Level::Plain => looked_up(words, tables, plain_sum),
    }
}

#[inline(always)]
pub(super) fn correlated(
    left: [&[u64]; 3],
    right: [&[u64]; 3],
    rows: usize,
    count: impl Fn(&mut Counts, &[Left], &[Right]),
) -> Vec<i64> {
    let n = left[0].len().div_ceil(rows);
    let mut negative: Vec<Counts> = vec![[[0; LANES]; 16]; rows * rows];
    // How often each of the left side's coordinates is not zero, by lane.
    let mut sizes = vec![[0u64; 4]; rows];
    for at in (0..n).step_by(TILE * LANES) {
        let blocks = (n - at).min(TILE * LANES).div_ceil(LANES);
        let tile = |words, i| tile(words, i, n, at);
        let lefts: Vec<[Left; TILE]> = (0..rows).map(|i| tile(left, i).map(coordinates)).collect();
        let rights: Vec<[Right; TILE]> = (0..rows).map(|i| tile(right, i).map(signs)).collect();
        for (i, left) in lefts.iter().enumerate() {
            for (size, a) in sizes[i].iter_mut().zip(0..) {
                let words = left[..blocks].iter().flat_map(|(ones, _)| ones[a]);
                *size += words.map(|word| u64::from(word.count_ones())).sum::<u64>();
            }
            for (right, counts) in rights.iter().zip(&mut negative[i * rows..]) {
                count(counts, &left[..blocks], &right[..blocks]);
            }
        }
    }
    // The last block of a row may reach past its end, where all bits are zeros: those places
    // are taken off the first coordinate, and count as negative nowhere.
    let past = (n.next_multiple_of(LANES) - n) as u64 * 64;
    let entry = |i: usize, j: usize| {
        let (a, b) = (i % 4, j % 4);
        let all = sizes[i / 4][a] - if a == 0 { past } else { 0 };
        let negative = &negative[i / 4 * rows + j / 4][4 * a + b];
        all.cast_signed() - 2 * negative.iter().sum::<u64>().cast_signed()
    };
    (0..16 * rows * rows).map(|at| entry(at / (4 * rows), at % (4 * rows))).collect()
}

/// The words of a tile of row `i`, zeros past the end of the row or of all.
#[inline(always)]
fn tile(words: [&[u64]; 3], i: usize, n: usize, at: usize) -> [[Lanes; 3]; TILE] {
    let mut out = [[[0; LANES]; 3]; TILE];
    for (which, words) in words.into_iter().enumerate() {
        let row = words.get(i * n..words.len().min((i + 1) * n)).unwrap_or_default();
        let here = row.get(at..).unwrap_or_default();
        for (out, block) in out.iter_mut().zip(here.chunks(LANES)) {
            out[which][..block.len()].copy_from_slice(block);
        }
    }
    out
}

#[inline(always)]
fn coordinates([x, y, sign]: [Lanes; 3]) -> Left {
    let each = |f: fn(u64, u64) -> u64| std::array::from_fn(|lane| f(x[lane], y[lane]));
    ([each(|x, y| !x & !y), each(|x, y| x & !y), each(|x, y| !x & y), each(|x, y| x & y)], sign)
}

#[inline(always)]
fn signs([x, y, sign]: [Lanes; 3]) -> Right {
    let each = |f: fn(u64, u64) -> u64| std::array::from_fn(|i| sign[i] ^ f(x[i], y[i]));
    [each(|_, _| 0), each(|_, y| y), each(|x, _| x), each(|x, y| x ^ y)]
}

#[inline(always)]
pub(super) fn plain_count(counts: &mut Counts, left: &[Left], right: &[Right]) {
    for ((ones, sign), right) in left.iter().zip(right) {
        for (at, counts) in counts.iter_mut().enumerate() {
            let (ones, right) = (&ones[at / 4], &right[at % 4]);
            for lane in 0..LANES {
                counts[lane] += u64::from((ones[lane] & (sign[lane] ^ right[lane])).count_ones());
            }
        }
    }
}

#[inline(always)]
pub(super) fn looked_up(
    words: [&[u64]; 3],
    tables: &[[Fp61; 8]],
    sum: impl Fn(&[[u64; 3]], &[Table]) -> [Lanes; 8],
) -> Vec<Fp61> {
    let n = words[0].len().div_ceil(tables.len());
    let tables: Vec<Table> = tables.iter().map(|table| table.map(Fp61::get)).collect();
    let mut triples = vec![[0; 3]; tables.len()];
    let mut out = Vec::with_capacity(64 * n);
    for at in 0..n {
        for (row, triple) in triples.iter_mut().enumerate() {
            *triple = words.map(|words| words.get(row * n + at).copied().unwrap_or_default());
        }
        let sums = sum(&triples, &tables);
        out.extend(sums.as_flattened().iter().map(|&sum| Fp61::new(sum)));
    }
    out
}

/// Picks by masks: the entry is a polynomial in the three bits with integer coefficients.
#[inline(always)]
pub(super) fn plain_sum(triples: &[[u64; 3]], tables: &[Table]) -> [Lanes; 8] {
    let mut sums = [[0u64; LANES]; 8];
    for (row, (&[x, y, sign], table)) in triples.iter().zip(tables).enumerate() {
        if row % LAZY == LAZY - 1 {
            sums.as_flattened_mut().iter_mut().for_each(|sum| *sum = Fp61::new(*sum).get());
        }
        let mut c = *table;
        for bit in [1, 2, 4] {
            (0..8).filter(|i| i & bit != 0).for_each(|i| c[i] = c[i].wrapping_sub(c[i - bit]));
        }
        for (b, sums) in sums.iter_mut().enumerate() {
            for (lane, sum) in sums.iter_mut().enumerate() {
                let [x, y, sign] = [x, y, sign].map(|w| (w >> (8 * lane + b) & 1).wrapping_neg());
                let of = |c: &[u64]| {
                    let with_y = (c[3] & x).wrapping_add(c[2]) & y;
                    (c[1] & x).wrapping_add(c[0]).wrapping_add(with_y)
                };
                *sum = sum.wrapping_add(of(&c[..4])).wrapping_add(of(&c[4..]) & sign);
            }
        }
    }
    sums
}
