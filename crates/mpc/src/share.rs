//! Vectors of shares: everything about them that is local.

use std::ops::{AddAssign, BitXorAssign, Range, SubAssign};

use sharewell_ring::{Bits, Planes, Ring, zeroed};

/// A vector of shares: one party's part of a vector of secrets.
/// Everything here is local; nothing here can reach the network.
pub trait Share<R>:
    Clone + std::fmt::Debug + Send + Sync + for<'a> AddAssign<&'a Self> + for<'a> SubAssign<&'a Self>
{
    /// Secrets in the vector.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Times public values, element-wise; one value serves all elements.
    fn scale(&mut self, by: &[R]);
    /// Several vectors, one after the other.
    #[must_use]
    fn concat(parts: &[&Self]) -> Self;
    /// The first `at` elements and the rest.
    #[must_use]
    fn split(self, at: usize) -> (Self, Self);
    /// Elements of a public range.
    #[must_use]
    fn take(&self, range: Range<usize>) -> Self;
    /// Elements by public index: reshape, broadcast, transpose.
    #[must_use]
    fn gather(&self, index: &[usize]) -> Self;
    /// Sums of each of `rows` equal consecutive blocks.
    #[must_use]
    fn sum(&self, rows: usize) -> Self;
    /// Each element becomes the sum of all up to it.
    fn prefix_sum(&mut self);
    /// A vector of `len` elements that begins with these; the others are to be [`Self::put`].
    #[must_use]
    fn with_room(&self, len: usize) -> Self;
    /// Writes elements over those from `at` on.
    fn put(&mut self, at: usize, part: &Self);
}

/// Boolean shares of a vector, bit-sliced: `width` planes of `len` bits each.
pub trait BitShare: Clone + Send + Sync + for<'a> BitXorAssign<&'a Self> {
    /// Secrets per plane.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Planes by public index.
    #[must_use]
    fn pick(&self, planes: &[usize]) -> Self;
    /// The planes of several vectors of equal length, one after the other.
    #[must_use]
    fn stack(parts: &[&Self]) -> Self;
    /// Several vectors of equally many planes, one after the other.
    #[must_use]
    fn concat(parts: &[&Self]) -> Self;
    /// Secrets by public index, in all planes.
    #[must_use]
    fn gather(&self, index: &[usize]) -> Self;
    /// Secrets of a public range, in all planes.
    #[must_use]
    fn take(&self, range: Range<usize>) -> Self;
    /// AND with public planes; one plane serves all.
    fn mask(&mut self, by: &Planes);
    /// A vector of `len` secrets that begins with these; the others are to be [`Self::put`].
    #[must_use]
    fn with_room(&self, len: usize) -> Self;
    /// Writes secrets over those from `at`, a multiple of 64, on.
    fn put(&mut self, at: usize, part: &Self);
}

/// `N` components per secret, each a vector of its own: additive sharing is `N = 1`,
/// replicated or authenticated sharing `N = 2`.
#[derive(Clone)]
pub struct Linear<R, const N: usize>(pub [Vec<R>; N]);

impl<R, const N: usize> std::fmt::Debug for Linear<R, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Linear({} shares)", self.0[0].len())
    }
}

impl<R: Ring, const N: usize> AddAssign<&Self> for Linear<R, N> {
    fn add_assign(&mut self, y: &Self) {
        self.0.iter_mut().zip(&y.0).for_each(|(x, y)| R::add_assign(x, y));
    }
}

impl<R: Ring, const N: usize> SubAssign<&Self> for Linear<R, N> {
    fn sub_assign(&mut self, y: &Self) {
        self.0.iter_mut().zip(&y.0).for_each(|(x, y)| R::sub_assign(x, y));
    }
}

impl<R: Ring, const N: usize> Share<R> for Linear<R, N> {
    fn len(&self) -> usize {
        self.0[0].len()
    }
    fn scale(&mut self, by: &[R]) {
        for x in &mut self.0 {
            match by {
                [one] => x.iter_mut().for_each(|x| *x = *x * *one),
                _ => R::mul_assign(x, by),
            }
        }
    }
    fn concat(parts: &[&Self]) -> Self {
        Self(std::array::from_fn(|i| joined(parts.iter().map(|p| &p.0[i][..]))))
    }
    fn split(mut self, at: usize) -> (Self, Self) {
        let rest = std::array::from_fn(|i| self.0[i].split_off(at));
        // Or the first part would hold the memory of the whole.
        self.0.iter_mut().for_each(Vec::shrink_to_fit);
        (self, Self(rest))
    }
    fn take(&self, range: Range<usize>) -> Self {
        Self(self.0.each_ref().map(|x| x[range.clone()].to_vec()))
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self(std::array::from_fn(|i| index.iter().map(|&j| self.0[i][j]).collect()))
    }
    fn sum(&self, rows: usize) -> Self {
        let sum = |x: &[R]| x.iter().fold(R::ZERO, |sum, &x| sum + x);
        Self(std::array::from_fn(|i| blocks(&self.0[i], rows).map(sum).collect()))
    }
    fn prefix_sum(&mut self) {
        for x in &mut self.0 {
            let mut sum = R::ZERO;
            for x in x {
                sum = sum + *x;
                *x = sum;
            }
        }
    }
    fn with_room(&self, len: usize) -> Self {
        Self(self.0.each_ref().map(|x| {
            let mut out = zeroed(len);
            out[..x.len()].copy_from_slice(x);
            out
        }))
    }
    fn put(&mut self, at: usize, part: &Self) {
        let parts = self.0.iter_mut().zip(&part.0);
        parts.for_each(|(x, part)| x[at..at + part.len()].copy_from_slice(part));
    }
}

/// `rows` equal consecutive blocks of a slice, empty ones included.
pub(crate) fn blocks<T>(x: &[T], rows: usize) -> impl Iterator<Item = &[T]> {
    let width = block_len(x.len(), rows);
    (0..rows).map(move |i| &x[i * width..(i + 1) * width])
}

/// Elements of each of `rows` equal blocks.
pub(crate) fn block_len(len: usize, rows: usize) -> usize {
    let width = len.checked_div(rows).unwrap_or(0);
    assert_eq!(width * rows, len, "{len} elements are not {rows} equal rows");
    width
}

/// Slices one after the other: whole copies into memory of the right size.
fn joined<'a, T: Copy + 'a>(parts: impl Iterator<Item = &'a [T]> + Clone) -> Vec<T> {
    let mut out = Vec::with_capacity(parts.clone().map(<[T]>::len).sum());
    parts.for_each(|part| out.extend_from_slice(part));
    out
}

/// `N` bit-sliced components per secret.
#[derive(Clone)]
pub struct BitLinear<const N: usize>(pub [Planes; N]);

impl<const N: usize> std::fmt::Debug for BitLinear<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BitLinear({} x {} shares)", self.0[0].width(), self.0[0].len())
    }
}

impl<const N: usize> BitXorAssign<&Self> for BitLinear<N> {
    fn bitxor_assign(&mut self, y: &Self) {
        self.0.iter_mut().zip(&y.0).for_each(|(x, y)| x.xor_assign(y));
    }
}

impl<const N: usize> BitShare for BitLinear<N> {
    fn len(&self) -> usize {
        self.0[0].len()
    }
    fn pick(&self, planes: &[usize]) -> Self {
        Self(std::array::from_fn(|i| {
            let x = &self.0[i];
            let words = joined(planes.iter().map(|&p| x.planes(p..p + 1)));
            Planes::from_words(x.len(), words)
        }))
    }
    fn stack(parts: &[&Self]) -> Self {
        let of = |i: usize| parts.iter().map(|part| &part.0[i]).collect::<Vec<_>>();
        Self(std::array::from_fn(|i| Planes::stack(&of(i))))
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self(self.0.each_ref().map(|x| x.gather(index)))
    }
    fn take(&self, range: Range<usize>) -> Self {
        Self(self.0.each_ref().map(|x| x.take_values(range.clone())))
    }
    fn concat(parts: &[&Self]) -> Self {
        let of = |i: usize| parts.iter().map(|part| &part.0[i]).collect::<Vec<_>>();
        Self(std::array::from_fn(|i| Planes::concat(&of(i))))
    }
    fn mask(&mut self, by: &Planes) {
        let words = by.words();
        for x in &mut self.0 {
            for x in x.words_mut().chunks_mut(words.len().max(1)) {
                Bits::mul_assign(x, words);
            }
        }
    }
    fn with_room(&self, len: usize) -> Self {
        let mut out = Self(self.0.each_ref().map(|x| Planes::zero(len, x.width())));
        out.put(0, self);
        out
    }
    fn put(&mut self, at: usize, part: &Self) {
        self.0.iter_mut().zip(&part.0).for_each(|(x, part)| x.put_values(at, part));
    }
}
