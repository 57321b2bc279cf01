//! Counts of bits for [`crate::Signs`], and sums of table entries that bits choose. No bit is an
//! index into memory: entries are picked by masks, or inside a register.

#[cfg(target_arch = "x86_64")]
use super::signs_x86 as x86;
use super::{Backend, Level};
use crate::Fp61;

/// Words of a row that lie side by side.
pub(super) const LANES: usize = 8;
/// Blocks that stay in the cache at once.
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

/// Words of all rows, one row after the other.
pub(super) struct Block<'a> {
    words: [&'a [u64]; 3],
    /// Words of a row: [`LANES`], or fewer at the end.
    len: usize,
}

impl<'a> Block<'a> {
    fn all(words: [&'a [u64]; 3], rows: usize) -> impl Iterator<Item = Self> {
        let (len, most) = (words[0].len(), LANES * rows);
        (0..len).step_by(most).map(move |at| {
            let words = words.map(|words| &words[at..len.min(at + most)]);
            Self { words, len: words[0].len().div_ceil(rows) }
        })
    }

    /// One triple of words of a row; zeros past the end.
    #[inline(always)]
    pub(super) fn triple(&self, row: usize, lane: usize) -> [u64; 3] {
        let at = row * self.len + lane;
        self.words.map(|words| words.get(at).copied().unwrap_or_default())
    }

    /// The words of a row, zeros past their end.
    #[inline(always)]
    fn row(&self, row: usize) -> [Lanes; 3] {
        let at = row * self.len;
        self.words.map(|words| {
            let rest = words.get(at..words.len().min(at + self.len)).unwrap_or_default();
            if let Some(lanes) = rest.first_chunk() {
                return *lanes;
            }
            let mut lanes = [0; LANES];
            lanes[..rest.len()].copy_from_slice(rest);
            lanes
        })
    }
}

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
pub fn look_up(on: Backend, words: [&[u64]; 3], tables: &[[Fp61; 8]], out: &mut [Fp61]) {
    match on.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Backend` exists only where the processor has its features.
        Level::Avx512 => unsafe { x86::look_up_avx512(words, tables, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { x86::look_up_avx2(words, tables, out) },
        Level::Plain => look_up_by(words, tables, out, polynomial, plain_sum),
    }
}

#[inline(always)]
pub(super) fn correlated(
    left: [&[u64]; 3],
    right: [&[u64]; 3],
    rows: usize,
    count: impl Fn(&mut Counts, &[Left], &[Right]),
) -> Vec<i64> {
    let mut negative: Vec<Counts> = vec![[[0; LANES]; 16]; rows * rows];
    // How often each of the left side's coordinates is not zero, by lane.
    let mut sizes = vec![[[0; LANES]; 4]; rows];
    let mut lefts: Vec<[Left; TILE]> = vec![Default::default(); rows];
    let mut rights: Vec<[Right; TILE]> = vec![Default::default(); rows];
    let left: Vec<Block> = Block::all(left, rows).collect();
    let right: Vec<Block> = Block::all(right, rows).collect();
    for (left, right) in left.chunks(TILE).zip(right.chunks(TILE)) {
        for i in 0..rows {
            for (at, (left, right)) in left.iter().zip(right).enumerate() {
                lefts[i][at] = coordinates(left.row(i));
                rights[i][at] = signs(right.row(i));
            }
        }
        for (i, lefts) in lefts.iter().map(|lefts| &lefts[..left.len()]).enumerate() {
            for (ones, _) in lefts {
                let sizes = sizes[i].as_flattened_mut().iter_mut();
                sizes.zip(ones.as_flattened()).for_each(|(n, x)| *n += u64::from(x.count_ones()));
            }
            for (rights, counts) in rights.iter().zip(&mut negative[i * rows..]) {
                count(counts, lefts, rights);
            }
        }
    }
    // Past the end of the last block all bits are zeros: those places are taken off the first
    // coordinate, and count as negative nowhere.
    let past = left.last().map_or(0, |block| 64 * (LANES - block.len) as u64);
    let entry = |i: usize, j: usize| {
        let (a, b) = (i % 4, j % 4);
        let all = sizes[i / 4][a].iter().sum::<u64>() - if a == 0 { past } else { 0 };
        let negative = &negative[i / 4 * rows + j / 4][4 * a + b];
        all.cast_signed() - 2 * negative.iter().sum::<u64>().cast_signed()
    };
    (0..16 * rows * rows).map(|at| entry(at / (4 * rows), at % (4 * rows))).collect()
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
pub(super) fn look_up_by<T>(
    words: [&[u64]; 3],
    tables: &[[Fp61; 8]],
    out: &mut [Fp61],
    form: impl Fn([u64; 8]) -> T,
    sum: impl Fn(&Block, usize, &[T], &mut [Fp61; 64]),
) {
    let tables: Vec<T> = tables.iter().map(|table| form(table.map(Fp61::get))).collect();
    let mut out = out.as_chunks_mut().0.iter_mut();
    for block in Block::all(words, tables.len()) {
        for (lane, out) in out.by_ref().take(block.len).enumerate() {
            sum(&block, lane, &tables, out);
        }
    }
}

/// The coefficients, modulo 2^64, of the polynomial in three bits whose values are these.
fn polynomial(table: [u64; 8]) -> [u64; 8] {
    let mut c = table;
    for bit in [1, 2, 4] {
        (0..8).filter(|i| i & bit != 0).for_each(|i| c[i] = c[i].wrapping_sub(c[i - bit]));
    }
    c
}

/// Computes the polynomials by masks.
fn plain_sum(block: &Block, lane: usize, polynomials: &[[u64; 8]], out: &mut [Fp61; 64]) {
    let mut sums = [[0u64; LANES]; 8];
    for (row, c) in polynomials.iter().enumerate() {
        if row % LAZY == LAZY - 1 {
            sums.as_flattened_mut().iter_mut().for_each(|sum| *sum = Fp61::new(*sum).get());
        }
        let words = block.triple(row, lane);
        for (b, sums) in sums.iter_mut().enumerate() {
            for (i, sum) in sums.iter_mut().enumerate() {
                let [x, y, sign] = words.map(|w| (w >> (8 * i + b) & 1).wrapping_neg());
                let of = |c: &[u64]| {
                    let with_y = (c[3] & x).wrapping_add(c[2]) & y;
                    (c[1] & x).wrapping_add(c[0]).wrapping_add(with_y)
                };
                *sum = sum.wrapping_add(of(&c[..4])).wrapping_add(of(&c[4..]) & sign);
            }
        }
    }
    out.iter_mut().zip(sums.as_flattened()).for_each(|(out, &sum)| *out = Fp61::new(sum));
}
