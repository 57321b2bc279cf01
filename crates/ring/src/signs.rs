//! Signs of products of bits as inner products over the field of 2^61 - 1 elements.
//!
//! One side holds bits `(x, y, s)`, the other `(x', y', s')`, 64 of each to a word. The sign
//! `(-1)^(x y' + y x' + s + s')` is the inner product of two vectors of four numbers, places
//! numbered by two bits `(a, b)`:
//!
//! ```text
//! left_(a,b)  = (-1)^s if (x, y) = (a, b), else 0
//! right_(a,b) = (-1)^(s' + a y' + b x')
//! ```
//!
//! So sums over many are counts of bits, and what a side makes of its vectors with given
//! weights is one of eight numbers for each of its triples: neither multiplies anything.

use crate::kernel::{self, Backend};
use crate::{Bits, Fp61};

/// One side's bits, in as many words each.
#[derive(Copy, Clone)]
pub struct Signs<'a> {
    /// The first factors.
    pub x: &'a [Bits],
    /// The second factors.
    pub y: &'a [Bits],
    /// The signs.
    pub sign: &'a [Bits],
}

impl std::fmt::Debug for Signs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signs({} words)", self.x.len())
    }
}

impl Signs<'_> {
    pub(crate) fn words(&self) -> [&[u64]; 3] {
        let words = [self.x, self.y, self.sign].map(bytemuck::must_cast_slice::<Bits, u64>);
        assert!(words.iter().all(|x| x.len() == words[0].len()), "words of three lengths");
        words
    }

    /// Sums over all places of products of coordinates, by rows. Of each `8 rows` words in turn
    /// every row has 8, one row after the other; of those that are left as many as they are
    /// enough for, with zeros past the end. The matrix of `4 rows` by `4 rows` holds at `(4 i +
    /// a + 2 b, 4 j + c + 2 d)` the sum of `left_(a,b)` in row `i` times `right_(c,d)` in row `j`
    /// of the other side.
    ///
    /// # Panics
    /// If the lengths differ or there is no row.
    #[must_use]
    pub fn correlate(self, right: Self, rows: usize) -> Vec<i64> {
        assert!(self.x.len() == right.x.len() && rows > 0, "sides of different lengths");
        kernel::correlate(Backend::best(), self.words(), right.words(), rows)
    }

    /// Writes the sum over all rows of the number that the row's table holds for each triple, at
    /// `x + 2 y + 4 sign`: 64 elements for each word of a row, that of bit `8 i + j` at place
    /// `8 j + i`. Rows as in [`Self::correlate`], as many as tables.
    ///
    /// # Panics
    /// If there is no table, or not as much room as elements.
    pub fn look_up(self, tables: &[[Fp61; 8]], out: &mut [Fp61]) {
        let words = self.words();
        assert!(!tables.is_empty(), "no table");
        assert_eq!(out.len(), 64 * words[0].len().div_ceil(tables.len()), "room for elements");
        kernel::look_up(Backend::best(), words, tables, out);
    }
}
