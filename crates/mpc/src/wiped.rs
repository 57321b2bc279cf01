//! Vectors that leave nothing of their content behind in memory.

use std::fmt;
use std::ops::{Deref, DerefMut};

use sharewell_ring::reserved;
use zeroize::{DefaultIsZeroes, Zeroize};

/// A vector that is wiped when it is cleared, when it grows out of its memory, and at its end.
/// It does not print.
pub(crate) struct Wiped<T: DefaultIsZeroes>(Vec<T>);

impl<T: DefaultIsZeroes> Wiped<T> {
    /// No elements any more; the memory serves again.
    pub(crate) fn clear(&mut self) {
        self.overwrite();
        self.0.clear();
    }

    /// Adds elements at the end.
    pub(crate) fn extend_from_slice(&mut self, x: &[T]) {
        let len = self.len() + x.len();
        if len > self.0.capacity() {
            let mut larger = reserved(len.max(2 * self.0.capacity()));
            larger.extend_from_slice(&self.0);
            self.overwrite();
            self.0 = larger;
        }
        self.0.extend_from_slice(x);
    }

    fn overwrite(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl<T: DefaultIsZeroes> From<Vec<T>> for Wiped<T> {
    fn from(x: Vec<T>) -> Self {
        Self(x)
    }
}

impl<T: DefaultIsZeroes> Default for Wiped<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T: DefaultIsZeroes> Deref for Wiped<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: DefaultIsZeroes> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: DefaultIsZeroes> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.overwrite();
    }
}

impl<T: DefaultIsZeroes> fmt::Debug for Wiped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({} elements)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Wiped;

    #[test]
    fn what_is_added_is_there_in_order_and_gone_when_cleared() {
        let mut x = Wiped::<u64>::default();
        let all: Vec<u64> = (1..100).collect();
        all.chunks(7).for_each(|part| x.extend_from_slice(part));
        assert_eq!(*x, all);
        let (at, room) = (x.0.as_ptr(), x.0.capacity());
        x.overwrite();
        assert_eq!(*x, [0; 99]);
        x.clear();
        assert!(x.is_empty());
        x.extend_from_slice(&all);
        assert_eq!((x.0.as_ptr(), x.0.capacity()), (at, room));
        assert_eq!(format!("{x:?}"), "Wiped(99 elements)");
    }
}
