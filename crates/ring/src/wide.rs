//! What proofs about long vectors need of the ring they are made in: random linear
//! combinations, and elements that travel without the bytes that nobody reads.

use crate::kernel::{self, Backend, gf64};
use crate::{Gf64, Ring, Z128, Z192};

/// A ring so large that a random linear combination of its elements hides no error.
pub trait Wide: Ring {
    /// `sum_i by_i * x_i` for each of the vectors of coefficients, in one pass over `x`.
    ///
    /// A coefficient is the element whose lowest word it is.
    ///
    /// # Panics
    /// If there are not as many coefficients as elements.
    #[must_use]
    fn weighted_sums<const N: usize>(x: &[Self], by: [&[u64]; N]) -> [Self; N];

    /// `sum_i by_i * x_i`, as [`Self::weighted_sums`].
    #[must_use]
    fn weighted_sum(x: &[Self], by: &[u64]) -> Self {
        Self::weighted_sums(x, [by])[0]
    }

    /// Appends the `width` lowest bytes of each element.
    ///
    /// # Panics
    /// If an element has fewer bytes, or `width` is 0.
    fn pack(x: &[Self], width: usize, out: &mut Vec<u8>);

    /// Appends the elements that [`Self::pack`] wrote, zeros for the bytes it left out.
    ///
    /// # Panics
    /// If `bytes` are not whole elements of `width` bytes, or `width` is not one of `pack`'s.
    fn unpack(bytes: &[u8], width: usize, out: &mut Vec<Self>);
}

macro_rules! packed {
    ($limbs:literal) => {
        fn pack(x: &[Self], width: usize, out: &mut Vec<u8>) {
            kernel::pack::<Self>(x, width, out);
        }
        fn unpack(bytes: &[u8], width: usize, out: &mut Vec<Self>) {
            kernel::unpack::<Self, $limbs>(bytes, width, out);
        }
    };
}

impl Wide for Z128 {
    fn weighted_sums<const N: usize>(x: &[Self], by: [&[u64]; N]) -> [Self; N] {
        kernel::weighted_sums(Backend::best(), x, by, |x, by| Self(x.0.wrapping_mul(by.into())))
    }
    packed!(2);
}

impl Wide for Z192 {
    fn weighted_sums<const N: usize>(x: &[Self], by: [&[u64]; N]) -> [Self; N] {
        kernel::weighted_sums(Backend::best(), x, by, Self::scaled)
    }
    packed!(3);
}

impl Wide for Gf64 {
    fn weighted_sums<const N: usize>(x: &[Self], by: [&[u64]; N]) -> [Self; N] {
        by.map(|by| gf64::dot(Backend::best(), x, bytemuck::must_cast_slice(by)))
    }
    packed!(1);
}
