//! Bit-sliced vectors.

use std::ops::Range;

use crate::kernel::{self, Backend};
use crate::{Bits, Integer, Ring, Z64, reserved, zeroed};

/// `width` bits of each of `len` values, bit-sliced: plane `b` holds bit `b` of every value,
/// 64 values to a word; bits past `len` in a plane's last word are padding of no meaning.
///
/// What makes planes from values leaves zeros in the padding, and equality ignores it.
#[derive(Clone, Debug, Default)]
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
        Self { len, words: zeroed(width * Self::words_per_plane(len)) }
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
        kernel::slice_bits(Backend::best(), bytemuck::cast_slice_mut(&mut out.words), x);
        out
    }

    /// The inverse of [`Self::slice_values`]: values below `2^width`.
    #[must_use]
    pub fn to_values<R: Integer>(&self) -> Vec<R> {
        let mut out = zeroed(self.len);
        kernel::unslice_bits(Backend::best(), &mut out, bytemuck::cast_slice(&self.words));
        out
    }

    /// Bits as elements 0 or 1, plane after plane with no padding between, from bit `at` on.
    ///
    /// # Panics
    /// If there are fewer bits.
    pub fn lift<R: Integer>(&self, at: usize, out: &mut [R]) {
        let (mut at, mut out) = (at, out);
        while !out.is_empty() {
            let (plane, from) = (at / self.len, at % self.len);
            let (here, rest) = out.split_at_mut(out.len().min(self.len - from));
            let words = &self.planes(plane..plane + 1)[from / 64..];
            let mut aligned = zeroed::<Bits>(Self::words_per_plane(here.len()));
            shift_down(&mut aligned, words, from as u32 % 64);
            R::lift(here, &aligned);
            at += here.len();
            out = rest;
        }
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

    /// A copy of some planes.
    ///
    /// # Panics
    /// If the planes do not exist.
    #[must_use]
    pub fn take_planes(&self, range: Range<usize>) -> Self {
        Self { len: self.len, words: self.planes(range).to_vec() }
    }

    /// A copy of some values, in all planes.
    ///
    /// # Panics
    /// If the values do not exist.
    #[must_use]
    pub fn take_values(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {}", self.len);
        if range.is_empty() {
            return Self::default();
        }
        let mut out = Self::zero(range.len(), self.width());
        let per = Self::words_per_plane(range.len());
        for (to, from) in out.words.chunks_exact_mut(per).zip(self.each_plane()) {
            shift_down(to, &from[range.start / 64..], range.start as u32 % 64);
        }
        out.clear_padding();
        out
    }

    /// Values by index, in all planes.
    ///
    /// # Panics
    /// If the values do not exist.
    #[must_use]
    pub fn gather(&self, index: &[usize]) -> Self {
        let mut words = reserved(self.width() * Self::words_per_plane(index.len()));
        for at in (0..self.width()).step_by(64) {
            let part = self.take_planes(at..self.width().min(at + 64));
            let rows: Vec<Z64> = part.to_values();
            let moved: Vec<Z64> = index.iter().map(|&i| rows[i]).collect();
            words.extend_from_slice(&Self::slice_values(&moved, part.width()).words);
        }
        Self { len: index.len(), words }
    }

    /// The values before `at` and the rest.
    ///
    /// # Panics
    /// If there are fewer than `at` values.
    #[must_use]
    pub fn split(&self, at: usize) -> (Self, Self) {
        (self.take_values(0..at), self.take_values(at..self.len))
    }

    /// The planes of all parts, those of the first part lowest.
    ///
    /// # Panics
    /// If the parts differ in length.
    #[must_use]
    pub fn stack(parts: &[&Self]) -> Self {
        let len = parts.first().map_or(0, |part| part.len);
        assert!(parts.iter().all(|part| part.len == len), "planes of several lengths");
        let mut words = reserved(parts.iter().map(|part| part.words.len()).sum());
        parts.iter().for_each(|part| words.extend_from_slice(&part.words));
        Self { len, words }
    }

    /// The planes `times` over, one copy above the other.
    #[must_use]
    pub fn repeat(&self, times: usize) -> Self {
        Self { len: self.len, words: self.words.repeat(times) }
    }

    /// The values of all parts, one after the other.
    ///
    /// # Panics
    /// If parts that are not empty differ in width.
    #[must_use]
    pub fn concat(parts: &[&Self]) -> Self {
        let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).collect();
        let width = parts.first().map_or(0, |part| part.width());
        assert!(parts.iter().all(|part| part.width() == width), "planes of several widths");
        let mut out = Self::zero(parts.iter().map(|part| part.len).sum(), width);
        let per = Self::words_per_plane(out.len);
        let mut at = 0;
        for part in parts {
            for (to, from) in out.words.chunks_exact_mut(per.max(1)).zip(part.each_plane()) {
                add_shifted_up(&mut to[at / 64..], from, at as u32 % 64, part.last_mask());
            }
            at += part.len;
        }
        out
    }

    /// Writes values over those from `at` on, in all planes, in whole words.
    ///
    /// # Panics
    /// If `at` is not a multiple of 64, the part ends amid other values, or widths differ.
    pub fn put_values(&mut self, at: usize, part: &Self) {
        assert!(at.is_multiple_of(64) && at + part.len <= self.len, "values from {at} on");
        let whole = part.len.is_multiple_of(64) || at + part.len == self.len;
        assert!(whole && (part.is_empty() || part.width() == self.width()), "whole words");
        let (from, per) = (at / 64, Self::words_per_plane(self.len));
        for (to, part) in self.words.chunks_exact_mut(per.max(1)).zip(part.each_plane()) {
            to[from..from + part.len()].copy_from_slice(part);
        }
    }

    /// Adds without carry, bit by bit.
    ///
    /// # Panics
    /// If lengths or widths differ.
    pub fn xor_assign(&mut self, y: &Self) {
        assert_eq!((self.len, self.words.len()), (y.len, y.words.len()));
        Bits::add_assign(&mut self.words, &y.words);
    }

    /// Multiplies bit by bit.
    ///
    /// # Panics
    /// If lengths or widths differ.
    pub fn and_assign(&mut self, y: &Self) {
        assert_eq!((self.len, self.words.len()), (y.len, y.words.len()));
        Bits::mul_assign(&mut self.words, &y.words);
    }

    /// Flips every bit.
    pub fn not_assign(&mut self) {
        self.words.iter_mut().for_each(|word| word.0 = !word.0);
        self.clear_padding();
    }

    fn each_plane(&self) -> impl Iterator<Item = &[Bits]> {
        self.words.chunks_exact(Self::words_per_plane(self.len).max(1))
    }

    /// Ones where a plane's last word holds values.
    fn last_mask(&self) -> Bits {
        Bits(u64::MAX >> (self.len.wrapping_neg() % 64))
    }

    fn clear_padding(&mut self) {
        let mask = self.last_mask();
        for plane in self.words.chunks_exact_mut(Self::words_per_plane(self.len).max(1)) {
            plane[plane.len() - 1] = plane[plane.len() - 1] * mask;
        }
    }
}

/// Fills `to` with the bits of `from` from bit `by` on; `by` is below 64.
fn shift_down(to: &mut [Bits], from: &[Bits], by: u32) {
    for (i, to) in to.iter_mut().enumerate() {
        let above = from.get(i + 1).map_or(0, |word| word.0);
        *to = Bits(from[i].0 >> by | above.unbounded_shl(64 - by));
    }
}

/// Adds the bits of `from`, the last word masked, from bit `by` of `to` on; `by` is below 64.
fn add_shifted_up(to: &mut [Bits], from: &[Bits], by: u32, last: Bits) {
    for (i, &word) in from.iter().enumerate() {
        let word = if i + 1 == from.len() { word * last } else { word };
        to[i].0 |= word.0 << by;
        if let Some(to) = to.get_mut(i + 1) {
            to.0 |= word.0.unbounded_shr(64 - by);
        }
    }
}

impl PartialEq for Planes {
    fn eq(&self, y: &Self) -> bool {
        let last = |plane: &[Bits]| plane[plane.len() - 1] * self.last_mask();
        self.len == y.len
            && self.words.len() == y.words.len()
            && self
                .each_plane()
                .zip(y.each_plane())
                .all(|(x, y)| x[..x.len() - 1] == y[..y.len() - 1] && last(x) == last(y))
    }
}
impl Eq for Planes {}
