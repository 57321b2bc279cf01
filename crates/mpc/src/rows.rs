//! Rows that move together, and permutations known in the clear.

use sharewell_ring::Integer;

use crate::{Arithmetic, Protocol};

/// Columns of equal length whose rows move together.
#[derive(Clone, Debug)]
pub struct Rows<A, B> {
    /// Columns of ring elements.
    pub ints: Vec<A>,
    /// Columns of bits, each of one or several planes.
    pub bits: Vec<B>,
}

impl<A, B> Rows<A, B> {
    /// Columns of ring elements alone.
    #[must_use]
    pub fn ints(ints: Vec<A>) -> Self {
        Self { ints, bits: vec![] }
    }

    /// Columns of bits alone.
    #[must_use]
    pub fn bits(bits: Vec<B>) -> Self {
        Self { ints: vec![], bits }
    }
}

/// The columns of a protocol.
pub type RowsOf<P> = Rows<<P as Arithmetic>::AShare, <P as Protocol>::BShare>;

/// In which direction a permutation is applied.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the original order to the permuted one.
    Forward,
    /// Back to the original order.
    Backward,
}

/// The most rows that can be permuted: their numbers are signed elements of 32 bits.
pub(crate) const ROWS_MAX: usize = 1 << 31;

/// A uniform permutation, from uniform words.
///
/// Source: Fisher and Yates; indices without bias and almost without division after Lemire,
/// "Fast random integer generation in an interval" (2019).
///
/// # Panics
/// If there are more than `ROWS_MAX` rows.
pub(crate) fn uniform(len: usize, mut words: impl Iterator<Item = u64>) -> Vec<u32> {
    assert!(len <= ROWS_MAX, "{len} rows in one permutation");
    let mut next = || words.next().expect("a generator does not end");
    let mut below = |bound: u64| {
        let mut wide = u128::from(next()) * u128::from(bound);
        if (wide as u64) < bound {
            let surplus = bound.wrapping_neg() % bound;
            while (wide as u64) < surplus {
                wide = u128::from(next()) * u128::from(bound);
            }
        }
        (wide >> 64) as usize
    };
    let mut out: Vec<u32> = (0..len as u32).collect();
    for i in (1..len).rev() {
        out.swap(i, below(i as u64 + 1));
    }
    out
}

/// Applies a permutation: forward, row `permutation[i]` comes to place `i`.
pub(crate) fn permuted<T: Copy>(x: &[T], permutation: &[u32], way: Way) -> Vec<T> {
    assert_eq!(x.len(), permutation.len(), "rows of a permutation");
    match way {
        Way::Forward => permutation.iter().map(|&i| x[i as usize]).collect(),
        Way::Backward => {
            let mut out = x.to_vec();
            x.iter().zip(permutation).for_each(|(&x, &i)| out[i as usize] = x);
            out
        }
    }
}

/// For each place the row that goes there, if the rows' destinations are a permutation.
pub(crate) fn sources<R: Integer>(destinations: &[R]) -> Option<Vec<usize>> {
    let mut out = vec![usize::MAX; destinations.len()];
    for (row, to) in destinations.iter().enumerate() {
        let place = out.get_mut(usize::try_from(to.to_u128()).ok()?)?;
        if std::mem::replace(place, row) != usize::MAX {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sharewell_ring::{Prg, Z32, Z64};

    use super::*;

    fn words(seed: u64) -> impl Iterator<Item = u64> {
        let prg = Prg::new(&sharewell_ring::Key(u128::from(seed).to_le_bytes()));
        (0..).map(move |i| {
            let mut word = [Z64(0)];
            prg.fill(0, i, &mut word);
            word[0].0
        })
    }

    #[test]
    fn every_permutation_is_as_likely_as_every_other() {
        let mut words = words(1);
        let mut counts = BTreeMap::<Vec<u32>, f64>::new();
        let draws = 24_000;
        for _ in 0..draws {
            *counts.entry(uniform(4, &mut words)).or_default() += 1.0;
        }
        assert_eq!(counts.len(), 24);
        let expected = f64::from(draws) / 24.0;
        let chi_square: f64 = counts.values().map(|n| (n - expected).powi(2) / expected).sum();
        // 23 degrees of freedom: beyond 60 once in 30,000 draws of the seed.
        assert!(chi_square < 60.0, "chi square {chi_square}");
    }

    #[test]
    fn a_word_that_would_bias_an_index_is_drawn_again() {
        // 2^64 = 1 modulo 3: the word 0 is one too many, of 3 equal parts.
        let drawn = |words: &[u64]| uniform(3, words.iter().copied());
        assert_eq!(drawn(&[0, u64::MAX, u64::MAX]), [0, 1, 2]);
        assert_eq!(drawn(&[1, u64::MAX]), drawn(&[0, 1, u64::MAX]));
    }

    #[test]
    fn permutations_are_undone_backward_and_bad_ones_are_none() {
        let permutation = uniform(1000, words(2));
        let x: Vec<u64> = (0..1000).map(|x| x * x).collect();
        let there = permuted(&x, &permutation, Way::Forward);
        assert_ne!(there, x);
        assert_eq!(permuted(&there, &permutation, Way::Backward), x);
        let destinations: Vec<Z32> = permutation.iter().map(|&i| Z32(i)).collect();
        let sources = sources(&destinations).expect("a permutation");
        assert!((0..1000).all(|row| sources[permutation[row] as usize] == row));
        for bad in [&[0, 0][..], &[0, 2], &[u32::MAX]] {
            let bad: Vec<Z32> = bad.iter().map(|&i| Z32(i)).collect();
            assert_eq!(super::sources(&bad), None);
        }
    }
}
