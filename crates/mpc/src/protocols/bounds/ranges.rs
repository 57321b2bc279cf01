//! Vectors of intervals: equal neighbours are kept once, so that a table takes no more than what
//! tells its columns apart.

use std::ops::{AddAssign, Range, SubAssign};

use sharewell_ring::Integer;

use super::Interval;
use crate::Share;
use crate::share::block_len;

/// A vector of intervals.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    /// Where each run of equal ones ends, and what they are.
    runs: Vec<(usize, Interval)>,
}

impl FromIterator<Interval> for Ranges {
    fn from_iter<T: IntoIterator<Item = Interval>>(all: T) -> Self {
        let mut out = Self::default();
        all.into_iter().for_each(|x| out.push(1, x));
        out
    }
}

impl From<Vec<Interval>> for Ranges {
    fn from(all: Vec<Interval>) -> Self {
        all.into_iter().collect()
    }
}

impl Ranges {
    pub(super) fn uniform(len: usize, x: Interval) -> Self {
        let mut out = Self::default();
        out.push(len, x);
        out
    }

    fn push(&mut self, count: usize, x: Interval) {
        let end = self.size() + count;
        match self.runs.last_mut() {
            _ if count == 0 => {}
            Some((last, same)) if *same == x => *last = end,
            _ => self.runs.push((end, x)),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.runs.last().map_or(0, |(end, _)| *end)
    }

    /// Each run once.
    pub(super) fn each(&self) -> impl Iterator<Item = &Interval> {
        self.runs.iter().map(|(_, x)| x)
    }

    /// How many there are of each run.
    fn counted(&self) -> impl Iterator<Item = (usize, Interval)> {
        let starts = [0].into_iter().chain(self.runs.iter().map(|(end, _)| *end));
        self.runs.iter().zip(starts).map(|((end, x), start)| (end - start, *x))
    }

    /// All of them.
    pub fn elements(&self) -> impl Iterator<Item = Interval> {
        self.counted().flat_map(|(count, x)| std::iter::repeat_n(x, count))
    }

    pub(super) fn map(&self, f: impl Fn(&Interval) -> Interval) -> Self {
        let mut out = Self::default();
        self.counted().for_each(|(count, x)| out.push(count, f(&x)));
        out
    }

    pub(super) fn zip(&self, y: &Self, f: impl Fn(&Interval, &Interval) -> Interval) -> Self {
        assert_eq!(self.size(), y.size(), "vectors of different lengths");
        let mut out = Self::default();
        let (mut i, mut j, mut from) = (0, 0, 0);
        while let (Some((end, x)), Some((other, y))) = (self.runs.get(i), y.runs.get(j)) {
            let to = *end.min(other);
            out.push(to - from, f(x, y));
            i += usize::from(*end == to);
            j += usize::from(*other == to);
            from = to;
        }
        out
    }

    pub(super) fn hull(&self) -> Interval {
        Interval::hull(self.each())
    }

    fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.end <= self.size(), "{range:?} of {}", self.size());
        let mut out = Self::default();
        let first = self.runs.partition_point(|(end, _)| *end <= range.start);
        let mut from = range.start;
        for (end, x) in &self.runs[first..] {
            let to = range.end.min(*end);
            if to <= from {
                break;
            }
            out.push(to - from, *x);
            from = to;
        }
        out
    }

    fn append(&mut self, other: &Self) {
        other.counted().for_each(|(count, x)| self.push(count, x));
    }

    fn total(&self) -> Interval {
        let none = Interval::between(0, 0);
        self.counted().fold(none, |sum, (count, x)| sum.add(&x.times(count)))
    }

    pub(super) fn blocks(&self, rows: usize) -> impl Iterator<Item = Self> {
        let width = block_len(self.size(), rows);
        (0..rows).map(move |row| self.slice(row * width..(row + 1) * width))
    }
}

impl AddAssign<&Self> for Ranges {
    fn add_assign(&mut self, y: &Self) {
        *self = self.zip(y, Interval::add);
    }
}
impl SubAssign<&Self> for Ranges {
    fn sub_assign(&mut self, y: &Self) {
        *self = self.zip(y, |x, y| x.add(&y.negated()));
    }
}
impl<R: Integer> Share<R> for Ranges {
    fn len(&self) -> usize {
        self.size()
    }
    fn scale(&mut self, by: &[R]) {
        let exact = |by: &R| Interval::between(by.to_i128(), by.to_i128());
        *self = match by {
            [by] => self.map(|x| x.mul(&exact(by))),
            _ => self.zip(&by.iter().map(exact).collect(), Interval::mul),
        };
    }
    fn take(&self, range: Range<usize>) -> Self {
        self.slice(range)
    }
    fn concat(parts: &[&Self]) -> Self {
        let mut out = Self::default();
        parts.iter().for_each(|part| out.append(part));
        out
    }
    fn split(self, at: usize) -> (Self, Self) {
        (self.slice(0..at), self.slice(at..self.size()))
    }
    fn gather(&self, index: &[usize]) -> Self {
        let len = self.size();
        assert!(index.iter().all(|i| *i < len), "a place beyond {len}");
        if let [(_, x)] = self.runs[..] {
            return Self::uniform(index.len(), x);
        }
        // Places are mostly near the one before.
        let mut run = 0;
        let mut out = Self::default();
        for &i in index {
            let start = if run == 0 { 0 } else { self.runs[run - 1].0 };
            if !(start..self.runs[run].0).contains(&i) {
                run = self.runs.partition_point(|(end, _)| *end <= i);
            }
            out.push(1, self.runs[run].1);
        }
        out
    }
    fn sum(&self, rows: usize) -> Self {
        self.blocks(rows).map(|block| block.total()).collect()
    }
    fn prefix_sum(&mut self) {
        let mut sum = Interval::between(0, 0);
        *self = self
            .elements()
            .map(|x| {
                sum = sum.add(&x);
                sum
            })
            .collect();
    }
    fn with_room(&self, len: usize) -> Self {
        let mut out = self.slice(0..len.min(self.size()));
        out.push(len - out.size(), Interval::between(0, 0));
        out
    }
    fn put(&mut self, at: usize, part: &Self) {
        let mut out = self.slice(0..at);
        out.append(part);
        out.append(&self.slice(at + part.size()..self.size()));
        *self = out;
    }
}
