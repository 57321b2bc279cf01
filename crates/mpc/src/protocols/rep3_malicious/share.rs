//! A vector of authenticated shares.

use std::ops::{AddAssign, Range, SubAssign};

use super::domain::Authentic;
use crate::{Linear, Share};

/// Replicated shares of values and of their tags: `alpha` times the value, over `Z_2^(k+s)`.
/// Only the value modulo `2^k` means anything.
#[derive(Clone)]
pub struct Authenticated<R: Authentic> {
    pub(super) value: Linear<R::Wide, 2>,
    pub(super) tag: Linear<R::Wide, 2>,
}

impl<R: Authentic> Authenticated<R> {
    fn map(&self, f: impl Fn(&Linear<R::Wide, 2>) -> Linear<R::Wide, 2>) -> Self {
        Self { value: f(&self.value), tag: f(&self.tag) }
    }

    /// The components modulo `2^k`: a replicated sharing as well.
    pub(super) fn narrow(&self) -> [Vec<R>; 2] {
        self.value.0.each_ref().map(|x| x.iter().map(|&x| R::narrow(x)).collect())
    }
}

impl<R: Authentic> std::fmt::Debug for Authenticated<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authenticated({} shares)", self.len())
    }
}

impl<R: Authentic> AddAssign<&Self> for Authenticated<R> {
    fn add_assign(&mut self, y: &Self) {
        self.value += &y.value;
        self.tag += &y.tag;
    }
}

impl<R: Authentic> SubAssign<&Self> for Authenticated<R> {
    fn sub_assign(&mut self, y: &Self) {
        self.value -= &y.value;
        self.tag -= &y.tag;
    }
}

impl<R: Authentic> Share<R> for Authenticated<R> {
    fn len(&self) -> usize {
        self.value.len()
    }
    fn scale(&mut self, by: &[R]) {
        let by: Vec<R::Wide> = by.iter().map(|&x| x.widen()).collect();
        self.value.scale(&by);
        self.tag.scale(&by);
    }
    fn concat(parts: &[&Self]) -> Self {
        let of = |f: fn(&Self) -> &Linear<R::Wide, 2>| {
            Linear::concat(&parts.iter().map(|part| f(part)).collect::<Vec<_>>())
        };
        Self { value: of(|part| &part.value), tag: of(|part| &part.tag) }
    }
    fn split(self, at: usize) -> (Self, Self) {
        let (value, values) = self.value.split(at);
        let (tag, tags) = self.tag.split(at);
        (Self { value, tag }, Self { value: values, tag: tags })
    }
    fn take(&self, range: Range<usize>) -> Self {
        self.map(|x| x.take(range.clone()))
    }
    fn gather(&self, index: &[usize]) -> Self {
        self.map(|x| x.gather(index))
    }
    fn sum(&self, rows: usize) -> Self {
        self.map(|x| x.sum(rows))
    }
    fn prefix_sum(&mut self) {
        self.value.prefix_sum();
        self.tag.prefix_sum();
    }
    fn with_room(&self, len: usize) -> Self {
        self.map(|x| x.with_room(len))
    }
    fn put(&mut self, at: usize, part: &Self) {
        self.value.put(at, &part.value);
        self.tag.put(at, &part.tag);
    }
}
