//! Where the keys of two givers meet: bins, so that each key of one is compared with a few of
//! the other instead of with all.
//!
//! The first giver puts each of its keys into one of three bins that the key names, at most
//! one key to a bin (cuckoo hashing); the second puts each of its keys into all three. A key
//! that both have is then in the first giver's bin and among the second's for that bin. Bins
//! are padded, so that what they look like says nothing; only the sizes of both sets do.
//!
//! There is no place for all keys exactly where some `t` of them have fewer than `t` bins
//! between them (Hall's theorem). A smallest such set has `t - 1`, each the bin of two keys or
//! more; so of `n` keys in three times `m` bins, one hash function's beside another's, the
//! chance is at most the sum over `t` from 4 on, and over `a + b + c = t - 1`, of
//!
//! `(n choose t)` times the product for `a`, `b` and `c` of `(m choose a) A(t, a) / m^t`,
//!
//! with `A(t, a)` the ways to put `t` keys into `a` bins, two or more to each. Four keys of the
//! same three bins are nearly all of that sum: it falls as `m^-5`. With the bins that are taken
//! here it is below `2^-44` for every number of keys, `2^-93` for a million, which a test works
//! out. As the giver that has no place for its keys has shared nothing yet, all that another
//! seed would tell is that this has happened.
//!
//! Source: Pinkas, Schneider, Zohner 2018 (eprint 2016/930) for three hash functions without a
//! stash, whose failures they measure; Pinkas, Schneider, Segev, Zohner 2015 (eprint 2015/634);
//! Yeo, Crypto 2023 (arXiv 2306.11220) for the small sets that decide. Differs: each hash
//! function has bins of its own, so that a key's bins are different ones.

use std::ops::Range;

use sharewell_ring::{Integer, Key, Prg};

/// Hash functions, each with a third of the bins.
const FUNCTIONS: usize = 3;
/// Bins of each function per key of the first giver. In all 1.35 bins per key: large sets need
/// 1.09.
const BINS_PER_KEY: f64 = 0.45;
/// Bins of each function at the least, or few keys could be left over.
const BINS_MIN: usize = 512;
/// No row, and nothing before.
const EMPTY: u32 = u32::MAX;

/// Why a giver's keys have no place. Seen by that giver alone, before it shares anything.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplaced {
    /// Two rows have the same key.
    #[error("two rows have the same key")]
    Duplicate,
    /// A key does not fit the bits that were agreed.
    #[error("a key has more than {0} bits")]
    Wide(u32),
    /// There are more or fewer keys than were agreed.
    #[error("{got} keys, {agreed} agreed")]
    Count {
        /// Keys given.
        got: usize,
        /// Keys that the bins are for.
        agreed: usize,
    },
    /// The bins do not take the keys, which has a probability below `2^-40`: another seed will.
    /// Who asks for one tells the others this much of its keys.
    #[error("the bins do not take these keys")]
    Crowded,
}

/// The bins that two givers agree on, from public numbers and a seed of their session.
#[derive(Debug)]
pub struct Bins {
    keys: [usize; 2],
    key_bits: u32,
    /// Bins of each function.
    each: usize,
    load: usize,
    hash: Prg,
}

impl Bins {
    /// For `first` and `second` different keys below `2^key_bits`. The seed must be fixed
    /// after the keys are, or keys could be chosen that do not fit.
    ///
    /// # Panics
    /// If there are no key bits or more than 62, or more than 2^31 bins.
    #[must_use]
    pub fn new(first: usize, second: usize, key_bits: u32, seed: [u8; 16]) -> Self {
        assert!((2..=62).contains(&key_bits), "keys of {key_bits} bits");
        let each = ((first as f64 * BINS_PER_KEY) as usize + 1).max(BINS_MIN);
        assert!(each < 1 << 29, "{first} keys");
        let load = load(second, each);
        Self { keys: [first, second], key_bits, each, load, hash: Prg::new(&Key(seed)) }
    }

    /// All bins.
    #[must_use]
    pub fn count(&self) -> usize {
        FUNCTIONS * self.each
    }

    /// The second giver's keys in a bin, at most: more than that come together in any bin with
    /// a probability below `2^-40`.
    #[must_use]
    pub fn load(&self) -> usize {
        self.load
    }

    /// How many keys each giver has.
    #[must_use]
    pub fn keys(&self) -> [usize; 2] {
        self.keys
    }

    /// Bits of a key.
    #[must_use]
    pub fn key_bits(&self) -> u32 {
        self.key_bits
    }

    /// The first giver's private work: every key to one bin.
    ///
    /// # Errors
    /// [`Unplaced`].
    pub fn place(&self, keys: &[u64]) -> Result<Placement, Unplaced> {
        self.check(keys, self.keys[0])?;
        let homes: Vec<[u32; FUNCTIONS]> = keys.iter().map(|key| self.homes(*key)).collect();
        let mut rows = vec![EMPTY; self.count()];
        let mut search = Search { seen: vec![EMPTY; self.count()], queue: vec![] };
        for row in 0..keys.len() as u32 {
            search.insert(&mut rows, &homes, row)?;
        }
        Ok(Placement { rows, bins: self.count(), empty: -1 })
    }

    /// The second giver's private work: every key to all its bins.
    ///
    /// # Errors
    /// [`Unplaced`].
    pub fn spread(&self, keys: &[u64]) -> Result<Placement, Unplaced> {
        self.check(keys, self.keys[1])?;
        let bins = self.count();
        let mut rows = vec![EMPTY; self.load * bins];
        let mut used = vec![0usize; bins];
        for (row, key) in keys.iter().enumerate() {
            for bin in self.homes(*key) {
                let used = &mut used[bin as usize];
                if *used == self.load {
                    return Err(Unplaced::Crowded);
                }
                rows[*used * bins + bin as usize] = row as u32;
                *used += 1;
            }
        }
        Ok(Placement { rows, bins, empty: -2 })
    }

    fn check(&self, keys: &[u64], agreed: usize) -> Result<(), Unplaced> {
        if keys.len() != agreed {
            return Err(Unplaced::Count { got: keys.len(), agreed });
        }
        if keys.iter().any(|key| key >> self.key_bits > 0) {
            return Err(Unplaced::Wide(self.key_bits));
        }
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        match sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            true => Err(Unplaced::Duplicate),
            false => Ok(()),
        }
    }

    /// A key's bin for each function.
    fn homes(&self, key: u64) -> [u32; FUNCTIONS] {
        const BITS: u32 = 42;
        let mut block = [0; 16];
        self.hash.fill_bytes(0, key, &mut block);
        let word = u128::from_le_bytes(block);
        // Off from uniform by a part of 2^-13 at most: 2^29 bins of 2^42 words.
        let bin = |i: usize| {
            let part = (word >> (BITS * i as u32)) as u64 & ((1 << BITS) - 1);
            i * self.each + ((u128::from(part) * self.each as u128) >> BITS) as usize
        };
        std::array::from_fn(|i| bin(i) as u32)
    }
}

/// For a free bin, breadth first: it is found if there is one to be had at all.
struct Search {
    /// The last row for which each bin was looked at.
    seen: Vec<u32>,
    /// Bins, each with the place in the queue of the bin whose row could go there.
    queue: Vec<(u32, u32)>,
}

impl Search {
    /// Puts a row into one of its bins; a row that was there goes to another of its own, and so
    /// on to a free one.
    fn insert(
        &mut self,
        rows: &mut [u32],
        homes: &[[u32; FUNCTIONS]],
        row: u32,
    ) -> Result<(), Unplaced> {
        self.queue.clear();
        self.queue.extend(homes[row as usize].map(|bin| (bin, EMPTY)));
        let mut at = 0;
        while let Some(&(bin, _)) = self.queue.get(at) {
            let held = rows[bin as usize];
            if held == EMPTY {
                self.shift(rows, at, row);
                return Ok(());
            }
            for bin in homes[held as usize] {
                if std::mem::replace(&mut self.seen[bin as usize], row) != row {
                    self.queue.push((bin, at as u32));
                }
            }
            at += 1;
        }
        Err(Unplaced::Crowded)
    }

    /// Moves every row on the way to a free bin one bin on.
    fn shift(&self, rows: &mut [u32], mut at: usize, row: u32) {
        loop {
            let (bin, from) = self.queue[at];
            let Some((before, _)) = self.queue.get(from as usize) else {
                rows[bin as usize] = row;
                return;
            };
            rows[bin as usize] = rows[*before as usize];
            at = from as usize;
        }
    }
}

/// The least number that of `balls` in `each` bins of three functions no bin exceeds but with
/// a probability of `2^-40`.
///
/// The chance of `k + 1` balls in a bin is that of `k` times `f_k = (balls - k) / (k + 1) /
/// (each - 1)`, which falls with `k`. So the chance of `k + 1` is at most the product of the
/// factors below 1 up to `f_k`, and that of more balls than `k` at most `1 / (1 - f_k)` of it.
/// Both givers must find the same number: only exactly rounded operations take part.
fn load(balls: usize, each: usize) -> usize {
    // Half of it, for rounding.
    let limit = 0.5f64.powi(41) / (FUNCTIONS * each) as f64;
    let (mut chance, mut count) = (1.0, 0);
    loop {
        let factor = (balls - count) as f64 / (count + 1) as f64 / (each - 1) as f64;
        chance *= factor.min(1.0);
        if chance <= limit * (1.0 - factor) {
            return count;
        }
        count += 1;
    }
}

/// Which of a giver's rows is in which place: `slots` for each bin, all bins for the first
/// slot, then for the next.
#[derive(Debug)]
pub struct Placement {
    rows: Vec<u32>,
    bins: usize,
    empty: i128,
}

impl Placement {
    /// What the giver shares for a range of bins: its keys, then each of its columns, in the
    /// order of their places.
    ///
    /// # Panics
    /// If the columns are not as long as the keys were, or there are no such bins.
    #[must_use]
    pub fn share<R: Integer>(&self, bins: Range<usize>, keys: &[u64], columns: &[&[R]]) -> Vec<R> {
        let places = || {
            let slots = self.rows.chunks(self.bins.max(1));
            slots.flat_map(|slot| &slot[bins.clone()]).map(|row| *row as usize)
        };
        let key = |row: usize| keys.get(row).map_or(self.empty, |key| i128::from(*key));
        let mut out: Vec<R> = places().map(|row| R::from_i128(key(row))).collect();
        for column in columns {
            assert_eq!(column.len(), keys.len(), "a value for every key");
            out.extend(places().map(|row| column.get(row).copied().unwrap_or(R::ZERO)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use statrs::function::factorial::{ln_binomial, ln_factorial};

    use super::{Bins, EMPTY, Unplaced, load};

    fn keys(n: usize, step: u64) -> Vec<u64> {
        (0..n as u64).map(|i| i * step).collect()
    }

    #[test]
    fn every_key_has_one_place_of_its_own_or_three() {
        for (n, step) in [(0, 1), (1, 1), (5, 1), (512, 7), (1000, 1), (20_000, 1 << 20)] {
            let bins = Bins::new(n, n, 40, [7; 16]);
            let keys = keys(n, step);
            let placed = bins.place(&keys).expect("there is room");
            let spread = bins.spread(&keys).expect("there is room");
            let mut seen = vec![0; n];
            for (bin, &row) in placed.rows.iter().enumerate().filter(|(_, row)| **row != EMPTY) {
                seen[row as usize] += 1;
                let met = (0..bins.load()).filter(|s| spread.rows[s * bins.count() + bin] == row);
                assert_eq!(met.count(), 1, "a key meets itself once");
            }
            assert!(seen.iter().all(|count| *count == 1));
            assert_eq!(spread.rows.iter().filter(|row| **row != EMPTY).count(), 3 * n);
        }
    }

    #[test]
    fn keys_that_cannot_be_placed_are_refused() {
        let bins = Bins::new(3, 2, 8, [0; 16]);
        assert_eq!(bins.place(&[1, 2, 1]).err(), Some(Unplaced::Duplicate));
        assert_eq!(bins.place(&[1, 2, 256]).err(), Some(Unplaced::Wide(8)));
        assert_eq!(bins.spread(&[1]).err(), Some(Unplaced::Count { got: 1, agreed: 2 }));
        assert!(bins.place(&[0, 255, 7]).is_ok());
    }

    fn ln_choose(n: usize, k: usize) -> f64 {
        ln_binomial(n as u64, k as u64)
    }

    /// The ways to put `t` keys into `a` bins, two or more to each.
    fn ways(t: usize, a: usize) -> f64 {
        match (t, a) {
            (0, 0) => 1.0,
            (_, 0) => 0.0,
            // What the first bin gets.
            _ => (2..=t).map(|k| ln_choose(t, k).exp() * ways(t - k, a - 1)).sum(),
        }
    }

    /// The module's sum, term by term up to sets of ten keys. Beyond, `(m choose a)` and the like
    /// are summed up to `(3m choose t - 1)`, and `A(t, a) / t!`, a coefficient of
    /// `(e^z - 1 - z)^a`, is at most that over `z^t`, for any `z`.
    fn unplaceable(n: usize, m: usize) -> f64 {
        let few = |t: usize| {
            let part = |a: usize| (ln_choose(m, a) - t as f64 * (m as f64).ln()).exp() * ways(t, a);
            let parts: Vec<f64> = (0..t).map(part).collect();
            let split = |a: usize| (0..t - a).map(move |b| [a, b, t - 1 - a - b]);
            let all: f64 =
                (0..t).flat_map(split).map(|s| s.map(|a| parts[a]).iter().product::<f64>()).sum();
            ln_choose(n, t).exp() * all
        };
        let many = |t: usize| {
            let z: f64 = 2.149;
            let each = (z.exp() - 1.0 - z).ln();
            let endpoints = 3.0 * (ln_factorial(t as u64) - t as f64 * (z * m as f64).ln());
            (ln_choose(n, t) + ln_choose(3 * m, t - 1) + endpoints + (t - 1) as f64 * each).exp()
        };
        (4..=n.min(10)).map(few).sum::<f64>() + (11..=n).map(many).sum::<f64>()
    }

    #[test]
    fn keys_have_places_but_with_the_stated_chance_however_many_they_are() {
        assert_eq!(
            [(4, 1), (4, 2), (5, 2), (3, 2)].map(|(t, a)| ways(t, a).round()),
            [1., 6., 20., 0.]
        );
        let chance = |n| unplaceable(n, Bins::new(n, n, 40, [0; 16]).each);
        let mut worst = 0.0f64;
        for n in (0..60).chain((60..3_000).step_by(41)).chain([1_137, 1_138, 10_000, 100_000]) {
            worst = worst.max(chance(n));
        }
        // Nor is it far below: four keys in the same three bins of 512.
        assert!((-45.0..-44.0).contains(&worst.log2()), "2^{}", worst.log2());
        assert!(chance(1_000_000).log2() < -93.0);
    }

    /// Eleven keys in twelve bins: placed if and only if there is a way, by trying all.
    #[test]
    fn keys_are_placed_wherever_there_is_a_way() {
        fn fits(homes: &[[u32; 3]], taken: u32) -> bool {
            homes.split_first().is_none_or(|(first, rest)| {
                first.iter().any(|bin| taken >> bin & 1 == 0 && fits(rest, taken | 1 << bin))
            })
        }
        let mut seen = [0; 2];
        for seed in 0..200 {
            let bins = Bins { each: 4, ..Bins::new(11, 0, 40, [seed; 16]) };
            let keys = keys(11, 3);
            let homes: Vec<[u32; 3]> = keys.iter().map(|key| bins.homes(*key)).collect();
            let placed = bins.place(&keys);
            assert_eq!(placed.is_ok(), fits(&homes, 0));
            seen[usize::from(placed.is_ok())] += 1;
            for (bin, row) in placed.iter().flat_map(|p| p.rows.iter().enumerate()) {
                assert!(*row == EMPTY || homes[*row as usize].contains(&(bin as u32)));
            }
        }
        assert!(seen.iter().all(|times| *times > 10), "{seen:?}");
    }

    #[test]
    fn sets_of_every_small_size_are_placed() {
        for n in 0..700 {
            let bins = Bins::new(n, n, 40, [n as u8; 16]);
            let (placed, spread) = (bins.place(&keys(n, 5)), bins.spread(&keys(n, 5)));
            assert!(placed.is_ok() && spread.is_ok(), "{n} keys");
        }
    }

    /// The exact chance that a bin has more than the load, times the number of bins.
    fn overflow(balls: usize, each: usize, load: usize) -> f64 {
        let p = 1.0 / each as f64;
        let mut term = (1.0 - p).powi(balls as i32);
        let mut sum = 0.0;
        for k in 0..(load + 200).min(balls) {
            term *= (balls - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            if k + 1 > load {
                sum += term;
            }
        }
        3.0 * each as f64 * sum
    }

    #[test]
    fn bins_are_as_large_as_the_stated_chance_asks_and_hardly_larger() {
        for (balls, each) in
            [(1, 256), (100, 256), (1000, 450), (1_000_000, 450_001), (50_000, 256)]
        {
            let load = load(balls, each);
            assert!(overflow(balls, each, load) < 0.5f64.powi(40), "{balls} in {each}: {load}");
            let less = load - (load / 20).max(2).min(load);
            assert!(less < 2 || overflow(balls, each, less) > 0.5f64.powi(40), "{load}");
        }
        assert_eq!((load(0, 256), load(1, 256)), (0, 1));
    }
}
