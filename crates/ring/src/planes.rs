//! Bit-sliced vectors.

use std::ops::Range;

use crate::{Bits, Integer};

/// `width` bits of each of `len` values, bit-sliced: plane `b` holds bit `b` of every value,
/// 64 values to a word; bits past `len` in a plane's last word are padding of no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planes {
    len: usize,
    words: Vec<Bits>,
}

impl Planes {
    /// Words of one plane of `len` values.
    #[must_use]
    pub fn words_per_plane(len: usize) -> usize {
        len.div_ceil(64)
    }

    /// Planes of zeros.
    #[must_use]
    pub fn zero(len: usize, width: usize) -> Self {
        Self { len, words: vec![Bits(0); width * Self::words_per_plane(len)] }
    }

    /// From words, plane after plane.
    ///
    /// # Panics
    /// If the words do not fill whole planes of `len` values.
    #[must_use]
    pub fn from_words(len: usize, words: Vec<Bits>) -> Self {
        let per = Self::words_per_plane(len);
        assert!(if per == 0 { words.is_empty() } else { words.len().is_multiple_of(per) });
        Self { len, words }
    }

    /// The low `width` bits of every value.
    #[must_use]
    pub fn slice_values<R: Integer>(x: &[R], width: usize) -> Self {
        let mut out = Self::zero(x.len(), width);
        let per = Self::words_per_plane(x.len());
        for (i, x) in x.iter().enumerate() {
            let x = x.to_u128();
            for b in 0..width {
                out.words[b * per + i / 64].0 |= ((x >> b & 1) as u64) << (i % 64);
            }
        }
        out
    }

    /// The inverse of [`Self::slice_values`]: values below `2^width`.
    #[must_use]
    pub fn to_values<R: Integer>(&self) -> Vec<R> {
        let per = Self::words_per_plane(self.len);
        (0..self.len)
            .map(|i| {
                let bit = |b: usize| u128::from(self.words[b * per + i / 64].0 >> (i % 64) & 1);
                R::from_u128((0..self.width()).fold(0, |x, b| x | bit(b) << b))
            })
            .collect()
    }

    /// Values per plane.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of planes; zero for an empty vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.words.len().checked_div(Self::words_per_plane(self.len)).unwrap_or(0)
    }

    /// All words, plane after plane.
    #[must_use]
    pub fn words(&self) -> &[Bits] {
        &self.words
    }

    /// All words, plane after plane.
    #[must_use]
    pub fn words_mut(&mut self) -> &mut [Bits] {
        &mut self.words
    }

    /// The words of some planes.
    ///
    /// # Panics
    /// If the planes do not exist.
    #[must_use]
    pub fn planes(&self, range: Range<usize>) -> &[Bits] {
        let per = Self::words_per_plane(self.len);
        &self.words[range.start * per..range.end * per]
    }
}
