//! What proofs about long vectors need of the ring they are made in: random linear
//! combinations, and elements that travel without the bytes that nobody reads.

use crate::kernel::{self, Backend, gf64};
use crate::{Dims, Gf64, Ring, Z128, Z192};

/// A ring with so many bits more than the values in it, or a field so large, that a random linear
/// combination of elements shows an error in any of them.
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

    /// [`Ring::matmul_add`] modulo `2^(k+40)`, for the widest ring `Z_2^k` that is proved in this
    /// one: what the results have above those bits means nothing.
    fn matmul_add_low(z: &mut [Self], x: &[Self], y: &[Self], d: Dims) {
        Self::matmul_add(z, x, y, d);
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
        let add = |(low, high): (u128, u64), x: Self, by: u64| {
            let [x0, x1] = bytemuck::must_cast(x);
            (low.wrapping_add(product(x0, by)), x1.wrapping_mul(by).wrapping_add(high))
        };
        sums(x, by, add, |(low, high)| Self(low.wrapping_add(u128::from(high) << 64)))
    }
    fn matmul_add_low(z: &mut [Self], x: &[Self], y: &[Self], d: Dims) {
        kernel::matmul_add_104(Backend::best(), z, x, y, d);
    }
    packed!(2);
}

impl Wide for Z192 {
    fn weighted_sums<const N: usize>(x: &[Self], by: [&[u64]; N]) -> [Self; N] {
        let add = |(low, middle, high): (u128, u128, u64), x: Self, by: u64| {
            let [x0, x1, x2] = x.0;
            let (low, carry) = low.overflowing_add(product(x0, by));
            let high = x2.wrapping_mul(by).wrapping_add(high).wrapping_add(u64::from(carry));
            (low, middle.wrapping_add(product(x1, by)), high)
        };
        sums(x, by, add, |(low, middle, high)| {
            let words = |x: u128| [x as u64, (x >> 64) as u64];
            let ([x0, x1], [y1, y2]) = (words(low), words(middle));
            Self([x0, x1, high]) + Self([0, y1, y2])
        })
    }
    packed!(3);
}

impl Wide for Gf64 {
    fn weighted_sums<const N: usize>(x: &[Self], by: [&[u64]; N]) -> [Self; N] {
        by.map(|by| gf64::dot(Backend::best(), x, bytemuck::must_cast_slice(by)))
    }
    packed!(1);
}

#[inline(always)]
fn product(x: u64, y: u64) -> u128 {
    u128::from(x) * u128::from(y)
}

/// Sums of products in accumulators `A`, one for each place that products of words have, so that
/// none waits for another's carry. One sum after the other, as that is what fits the registers,
/// over tiles of `x` that stay in the first-level cache.
#[inline(always)]
fn sums<W: Wide, A: Default, const N: usize>(
    x: &[W],
    by: [&[u64]; N],
    add: impl Fn(A, W, u64) -> A,
    total: impl Fn(A) -> W,
) -> [W; N] {
    const TILE: usize = 512;
    by.iter().for_each(|by| assert_eq!(by.len(), x.len()));
    let mut sums = [W::ZERO; N];
    for (i, x) in x.chunks(TILE).enumerate() {
        for (sum, by) in sums.iter_mut().zip(by) {
            let terms = x.iter().zip(&by[i * TILE..]);
            *sum = *sum + total(terms.fold(A::default(), |sum, (&x, &by)| add(sum, x, by)));
        }
    }
    sums
}
