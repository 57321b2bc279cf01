//! A vector of authenticated shares.

use std::ops::{AddAssign, Range, SubAssign};
use std::sync::Arc;

use super::domain::Authentic;
use super::ledger::Shared;
use crate::{Linear, Share};

/// Replicated shares of values and of their tags: `alpha` times the value, over `Z_2^(k+s)`.
/// Only the value modulo `2^k` means anything.
#[derive(Clone)]
pub struct Authenticated<R: Authentic> {
    pub(super) value: Shared<R::Wide>,
    pub(super) tag: Shared<R::Wide>,
}

impl<R: Authentic> Authenticated<R> {
    fn map(&self, f: impl Fn(&Linear<R::Wide, 2>) -> Linear<R::Wide, 2>) -> Self {
        Self { value: Arc::new(f(&self.value)), tag: Arc::new(f(&self.tag)) }
    }

    /// Values and tags, to be changed.
    fn both_mut(&mut self) -> [&mut Linear<R::Wide, 2>; 2] {
        [&mut self.value, &mut self.tag].map(Arc::make_mut)
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
        let [value, tag] = self.both_mut();
        *value += &*y.value;
        *tag += &*y.tag;
    }
}

impl<R: Authentic> SubAssign<&Self> for Authenticated<R> {
    fn sub_assign(&mut self, y: &Self) {
        let [value, tag] = self.both_mut();
        *value -= &*y.value;
        *tag -= &*y.tag;
    }
}

impl<R: Authentic> Share<R> for Authenticated<R> {
    fn len(&self) -> usize {
        self.value.len()
    }
    fn scale(&mut self, by: &[R]) {
        let by: Vec<R::Wide> = by.iter().map(|&x| x.widen()).collect();
        self.both_mut().into_iter().for_each(|x| x.scale(&by));
    }
    fn concat(parts: &[&Self]) -> Self {
        let of = |f: fn(&Self) -> &Linear<R::Wide, 2>| {
            Arc::new(Linear::concat(&parts.iter().map(|part| f(part)).collect::<Vec<_>>()))
        };
        Self { value: of(|part| &part.value), tag: of(|part| &part.tag) }
    }
    fn split(self, at: usize) -> (Self, Self) {
        let split = |x: Shared<R::Wide>| {
            let (first, rest) = Arc::unwrap_or_clone(x).split(at);
            (Arc::new(first), Arc::new(rest))
        };
        let ((value, values), (tag, tags)) = (split(self.value), split(self.tag));
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
        self.both_mut().into_iter().for_each(Linear::prefix_sum);
    }
    fn with_room(&self, len: usize) -> Self {
        self.map(|x| x.with_room(len))
    }
    fn put(&mut self, at: usize, part: &Self) {
        let [value, tag] = self.both_mut();
        value.put(at, &part.value);
        tag.put(at, &part.tag);
    }
}
