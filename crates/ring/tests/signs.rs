//! Signs of products of bits against their definition, bit by bit.

use proptest::prelude::*;
use sharewell_ring::backend::{self, Backend};
use sharewell_ring::{Fp61, Key, Prg};

/// `(x, y, s)` at one place.
type Triple = [i64; 3];

fn sign(bit: i64) -> i64 {
    1 - 2 * (bit & 1)
}

fn left([x, y, s]: Triple) -> [i64; 4] {
    [[0, 0], [1, 0], [0, 1], [1, 1]].map(|at| if at == [x, y] { sign(s) } else { 0 })
}

fn right([x, y, s]: Triple) -> [i64; 4] {
    [[0, 0], [1, 0], [0, 1], [1, 1]].map(|[a, b]| sign(s + a * y + b * x))
}

fn words(len: usize, seed: u64) -> [Vec<u64>; 3] {
    [0, 1, 2].map(|i| {
        let mut bytes = vec![0; 8 * len];
        Prg::new(&Key::from_bytes([3; 16])).fill_bytes(seed.wrapping_mul(3) + i, 0, &mut bytes);
        bytes.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect()
    })
}

/// The triples at one bit of the words of all rows, zeros past the end.
fn column(words: &[Vec<u64>; 3], rows: usize, word: usize, bit: usize) -> Vec<Triple> {
    let (block, lane) = (word / 8 * 8 * rows, word % 8);
    let in_row = (words[0].len() - block).min(8 * rows).div_ceil(rows);
    let at = |row, which: &Vec<u64>| {
        which.get(block + row * in_row + lane).map_or(0, |w| (w >> bit & 1) as i64)
    };
    (0..rows).map(|row| words.each_ref().map(|which| at(row, which))).collect()
}

#[test]
fn inner_products_are_signs_for_all_bits() {
    for bits in 0..64 {
        let at = |i: i64| bits >> i & 1;
        let (l, r) = ([at(0), at(1), at(2)], [at(3), at(4), at(5)]);
        let product: i64 = left(l).into_iter().zip(right(r)).map(|(l, r)| l * r).sum();
        assert_eq!(product, sign(l[0] * r[1] + l[1] * r[0] + l[2] + r[2]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn correlations_equal_their_definition(len in 0usize..180, rows in 1usize..6, seed: u32) {
        let (l, r) = (words(len, seed.into()), words(len, u64::from(seed) + 1));
        let size = 4 * rows;
        let mut want = vec![0; size * size];
        for (word, bit) in (0..len.div_ceil(rows)).flat_map(|w| (0..64).map(move |b| (w, b))) {
            let coordinates = |words, of: fn(Triple) -> [i64; 4]| {
                column(words, rows, word, bit).into_iter().flat_map(of).collect::<Vec<_>>()
            };
            let (l, r) = (coordinates(&l, left), coordinates(&r, right));
            for (i, want) in want.iter_mut().enumerate() {
                *want += l[i / size] * r[i % size];
            }
        }
        let [l, r] = [&l, &r].map(|words| words.each_ref().map(Vec::as_slice));
        for on in Backend::available() {
            prop_assert_eq!(backend::correlate(on, l, r, rows), want.clone(), "{:?}", on);
        }
    }

    #[test]
    fn entries_of_tables_are_added_up(len in 0usize..250, rows in 1usize..20, seed: u32) {
        let all = words(len, seed.into());
        let entries = words(8 * rows, u64::from(seed) + 1);
        // Every other one as large as it can be, so that a sum that wraps is seen.
        let entry = |(i, &word): (usize, &u64)| if i % 2 == 0 { -Fp61::ONE } else { Fp61::new(word) };
        let entries: Vec<Fp61> = entries[0].iter().enumerate().map(entry).collect();
        let tables = entries.as_chunks().0;
        let want: Vec<Fp61> = (0..64 * len.div_ceil(rows))
            .map(|place| {
                let (word, bit) = (place / 64, 8 * (place % 8) + place / 8 % 8);
                let column = column(&all, rows, word, bit);
                let picked = column.iter().zip(tables);
                picked.map(|([x, y, s], table)| table[(x + 2 * y + 4 * s) as usize]).sum()
            })
            .collect();
        let all = all.each_ref().map(Vec::as_slice);
        for on in Backend::available() {
            let mut got = vec![Fp61::ONE; want.len()];
            backend::look_up(on, all, tables, &mut got);
            prop_assert_eq!(&got, &want, "{:?}", on);
        }
    }
}

#[test]
fn the_greatest_entries_do_not_overflow_inside() {
    let ones = vec![u64::MAX; 64];
    for on in Backend::available() {
        let mut sums = vec![Fp61::ZERO; 64];
        backend::look_up(on, [&ones; 3], &[[-Fp61::ONE; 8]; 64], &mut sums);
        assert!(sums.iter().all(|&sum| sum == -Fp61::new(64)), "{on:?}");
    }
}
