//! Where the keys of two givers meet: bins, so that each key of one is compared with a few of
//! the other instead of with all.
//!
//! The first giver puts each of its keys into one of three bins that the key names, at most
//! one key to a bin (cuckoo hashing); the second puts each of its keys into all three. A key
//! that both have is then in the first giver's bin and among the second's for that bin. Bins
//! are padded, so that what they look like says nothing; only the sizes of both sets do.
//!
//! Source: Pinkas, Schneider, Zohner 2014 (eprint 2014/447) and Pinkas, Schneider, Segev,
//! Zohner 2015 (eprint 2015/634); differs: each of the three hash functions has bins of its
//! own, so that a key's bins are different ones.

use std::ops::Range;

use sharewell_ring::{Integer, Key, Prg};

/// Hash functions, each with a third of the bins.
const FUNCTIONS: usize = 3;
/// Bins of each function per key of the first giver. In all 1.35 bins per key: large sets need
/// 1.09, and with 1.27 Pinkas, Schneider and Zohner (2018) measure failures below `2^-40`.
const BINS_PER_KEY: f64 = 0.45;
/// Bins of each function at the least, or few keys could be left over: four keys of the same
/// three bins.
const BINS_MIN: usize = 256;
/// Evictions after which a key counts as left over; a thousandth is already rare.
const EVICTIONS_MAX: usize = 20_000;
/// No row.
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
        let mut coins = self.coins();
        for row in 0..keys.len() as u32 {
            insert(&mut rows, &homes, row, &mut coins)?;
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

    /// Choices of whom to evict.
    fn coins(&self) -> impl FnMut() -> usize {
        let mut drawn = [0; 4096];
        let (mut block, mut at) = (0, drawn.len());
        move || {
            if at == drawn.len() {
                self.hash.fill_bytes(1, block, &mut drawn);
                (block, at) = (block + drawn.len() as u64 / 16, 0);
            }
            at += 1;
            usize::from(drawn[at - 1])
        }
    }
}

/// Puts a row into one of its bins; a row that was there goes to another of its own.
fn insert(
    rows: &mut [u32],
    homes: &[[u32; FUNCTIONS]],
    mut row: u32,
    coin: &mut impl FnMut() -> usize,
) -> Result<(), Unplaced> {
    let mut from = EMPTY;
    for _ in 0..EVICTIONS_MAX {
        let homes = homes[row as usize];
        if let Some(&free) = homes.iter().find(|bin| rows[**bin as usize] == EMPTY) {
            rows[free as usize] = row;
            return Ok(());
        }
        let others = homes.map(|bin| bin != from);
        let choices: Vec<u32> =
            homes.into_iter().zip(others).filter(|(_, other)| *other).map(|(bin, _)| bin).collect();
        from = choices[coin() % choices.len()];
        std::mem::swap(&mut rows[from as usize], &mut row);
    }
    Err(Unplaced::Crowded)
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
