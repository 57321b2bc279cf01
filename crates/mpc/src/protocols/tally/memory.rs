//! Vectors of shares that know only their size, and count it while they live.

use std::ops::{AddAssign, BitXorAssign, Range, SubAssign};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sharewell_ring::Planes;

use crate::{BitShare, Share};

/// Bytes that one party holds, now and at most so far.
#[derive(Debug, Default)]
pub(super) struct Meter {
    now: AtomicU64,
    most: AtomicU64,
}

impl Meter {
    pub(super) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    pub(super) fn reset(&self) {
        self.most.store(self.now(), Ordering::Relaxed);
    }

    /// So many bytes beside what is held, for as long as a step takes.
    pub(super) fn pass(&self, bytes: u64) {
        self.most.fetch_max(self.now.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
    }

    /// Runs two programs one after the other, and counts what they hold at most if they run at
    /// once, under whatever schedule: the most that each adds to what was held when it began.
    pub(super) fn at_once<A, B>(
        &self,
        left: impl FnOnce() -> A,
        right: impl FnOnce() -> B,
    ) -> (A, B) {
        let before = self.most();
        self.reset();
        let a = left();
        let (with_left, between) = (self.most(), self.now());
        self.reset();
        let b = right();
        let both = with_left + (self.most() - between);
        self.most.store(before.max(both), Ordering::Relaxed);
        (a, b)
    }
}

/// Bytes that are held for as long as this lives.
#[derive(Debug)]
pub(super) struct Held {
    bytes: u64,
    meter: Option<Arc<Meter>>,
}

impl Held {
    pub(super) fn new(bytes: usize, meter: Option<Arc<Meter>>) -> Self {
        let bytes = bytes as u64;
        if let Some(meter) = &meter {
            meter.now.fetch_add(bytes, Ordering::Relaxed);
            meter.pass(0);
        }
        Self { bytes, meter }
    }

    /// So many other bytes.
    fn other(&self, bytes: usize) -> Self {
        Self::new(bytes, self.meter.clone())
    }

    fn pass(&self, bytes: usize) {
        if let Some(meter) = &self.meter {
            meter.pass(bytes as u64);
        }
    }
}

impl Clone for Held {
    fn clone(&self) -> Self {
        self.other(self.bytes as usize)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            meter.now.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// Bytes of a place in a list of indices.
const INDEX_BYTES: usize = size_of::<usize>();

/// A vector of shares that knows only its length.
#[derive(Clone, Debug)]
pub struct Length {
    pub(super) len: usize,
    /// Bytes of an element, all components together.
    element: usize,
    held: Held,
}

impl Length {
    pub(super) fn new(len: usize, element: usize, meter: Option<Arc<Meter>>) -> Self {
        Self { len, element, held: Held::new(len * element, meter) }
    }

    fn of(&self, len: usize) -> Self {
        Self { len, element: self.element, held: self.held.other(len * self.element) }
    }
}

impl AddAssign<&Self> for Length {
    fn add_assign(&mut self, y: &Self) {
        assert_eq!(self.len, y.len, "vectors of different lengths");
    }
}
impl SubAssign<&Self> for Length {
    fn sub_assign(&mut self, y: &Self) {
        assert_eq!(self.len, y.len, "vectors of different lengths");
    }
}
impl<R> Share<R> for Length {
    fn len(&self) -> usize {
        self.len
    }
    fn scale(&mut self, by: &[R]) {
        assert!(by.len() == self.len || by.len() == 1, "{} factors for {}", by.len(), self.len);
        self.held.pass(size_of_val(by));
    }
    fn take(&self, range: Range<usize>) -> Self {
        assert!(range.end <= self.len, "{range:?} of {}", self.len);
        self.of(range.len())
    }
    fn concat(parts: &[&Self]) -> Self {
        let len = parts.iter().map(|part| part.len).sum();
        parts.first().map_or_else(|| Self::new(0, 0, None), |part| part.of(len))
    }
    fn split(self, at: usize) -> (Self, Self) {
        let rest = self.of(self.len - at);
        (self.of(at), rest)
    }
    fn gather(&self, index: &[usize]) -> Self {
        let out = self.of(index.len());
        self.held.pass(index.len() * INDEX_BYTES);
        out
    }
    fn sum(&self, rows: usize) -> Self {
        self.of(rows)
    }
    fn prefix_sum(&mut self) {}
    fn with_room(&self, len: usize) -> Self {
        self.of(len)
    }
    fn put(&mut self, at: usize, part: &Self) {
        assert!(at + part.len <= self.len, "{} elements from {at} on of {}", part.len, self.len);
    }
}

/// Bit planes that know only their shape.
#[derive(Clone, Debug)]
pub struct Area {
    pub(super) len: usize,
    pub(super) width: usize,
    components: usize,
    held: Held,
}

impl Area {
    pub(super) fn new(
        [len, width]: [usize; 2],
        components: usize,
        meter: Option<Arc<Meter>>,
    ) -> Self {
        let bytes = components * width * Planes::words_per_plane(len) * 8;
        Self { len, width, components, held: Held::new(bytes, meter) }
    }

    fn of(&self, len: usize, width: usize) -> Self {
        Self::new([len, width], self.components, self.held.meter.clone())
    }

    pub(super) fn words(&self) -> usize {
        self.width * Planes::words_per_plane(self.len)
    }
}
impl BitXorAssign<&Self> for Area {
    fn bitxor_assign(&mut self, y: &Self) {
        assert_eq!(self.len, y.len, "planes of different lengths");
        // Public planes of nothing have lost their width.
        assert!(self.len == 0 || self.width == y.width, "planes of different widths");
    }
}
impl BitShare for Area {
    fn len(&self) -> usize {
        self.len
    }
    fn pick(&self, planes: &[usize]) -> Self {
        assert!(self.len == 0 || planes.iter().all(|p| *p < self.width), "no such plane");
        self.of(self.len, planes.len())
    }
    fn stack(parts: &[&Self]) -> Self {
        let width = parts.iter().map(|part| part.width).sum();
        parts.first().map_or_else(|| Self::new([0, 0], 0, None), |part| part.of(part.len, width))
    }
    fn gather(&self, index: &[usize]) -> Self {
        let out = self.of(index.len(), self.width);
        // Rows of up to 64 planes, before and after.
        let rows = self.len + index.len();
        self.held.pass(index.len() * INDEX_BYTES + rows * size_of::<u64>());
        out
    }
    fn take(&self, range: Range<usize>) -> Self {
        self.of(range.len(), self.width)
    }
    fn concat(parts: &[&Self]) -> Self {
        let width = parts.iter().map(|part| part.width).max().unwrap_or(0);
        let len = parts.iter().map(|part| part.len).sum();
        parts.first().map_or_else(|| Self::new([0, 0], 0, None), |part| part.of(len, width))
    }
    fn mask(&mut self, _: &Planes) {}
    fn with_room(&self, len: usize) -> Self {
        self.of(len, self.width)
    }
    fn put(&mut self, at: usize, part: &Self) {
        assert!(at + part.len <= self.len, "{} bits from {at} on of {}", part.len, self.len);
    }
}
