//! The prime field of 2^61 - 1 elements, for proofs about bits: sums of millions of small
//! integers do not wrap, and a product is one instruction and a few shifts.
//!
//! Nothing here branches on an element or uses one as an index.

use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use crate::kernel::{self, Backend};

/// An element of the field of 2^61 - 1 elements, always in `[0, 2^61 - 1)`.
#[derive(Copy, Clone, Default, Debug, PartialEq, Eq, bytemuck::Zeroable, bytemuck::NoUninit)]
#[repr(transparent)]
pub struct Fp61(u64);

impl Fp61 {
    /// The number of elements: a Mersenne prime.
    pub const MODULUS: u64 = (1 << 61) - 1;
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1);
    /// A half.
    pub const HALF: Self = Self(1 << 60);

    /// The residue of an integer; of a uniform word, uniform up to a distance of 2^-61.
    #[must_use]
    #[inline(always)]
    pub const fn new(x: u64) -> Self {
        Self(reduced_once((x & Self::MODULUS) + (x >> 61)))
    }

    /// The residue of an integer.
    #[must_use]
    #[inline(always)]
    pub const fn from_u128(x: u128) -> Self {
        let low = x as u64 & Self::MODULUS;
        let middle = (x >> 61) as u64 & Self::MODULUS;
        Self::new(low + middle + (x >> 122) as u64)
    }

    /// The element that this integer stands for, if it stands for one.
    #[must_use]
    pub const fn canonical(x: u64) -> Option<Self> {
        if x < Self::MODULUS { Some(Self(x)) } else { None }
    }

    /// An integer below [`Self::MODULUS`], as kernels make them.
    #[inline(always)]
    pub(crate) const fn below_modulus(x: u64) -> Self {
        debug_assert!(x < Self::MODULUS);
        Self(x)
    }

    /// The representative in `[0, 2^61 - 1)`.
    #[must_use]
    #[inline(always)]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The multiplicative inverse; zero of zero.
    #[must_use]
    pub fn inverse(self) -> Self {
        // Fermat: the power MODULUS - 2, whose bits are all ones but the second.
        let mut power = Self::ONE;
        for bit in (0..61).rev() {
            power = power * power;
            if bit != 1 {
                power = power * self;
            }
        }
        power
    }

    /// `sum_i x_i * y_i`, reduced as seldom as can be.
    ///
    /// # Panics
    /// If the lengths differ.
    #[must_use]
    pub fn dot(x: &[Self], y: &[Self]) -> Self {
        assert_eq!(x.len(), y.len(), "factors of different lengths");
        kernel::field_dot(Backend::best(), x, y)
    }

    /// Weighted sums of every `n`-th element, for `n` the length of the result:
    /// `out_c = sum_k weights_k * x_(k n + c)`. Elements past the end of `x` are zeros.
    ///
    /// # Panics
    /// If `x` is longer than `n` times the weights.
    pub fn fold(out: &mut [Self], x: &[Self], weights: &[Self]) {
        assert!(x.len() <= out.len() * weights.len(), "more elements than weights");
        kernel::field_fold(Backend::best(), out, x, weights);
    }

    /// The values at `0, 1, .., 2 (nodes - 1)` of `sum_c p_c q_c`, where the polynomials `p_c`
    /// and `q_c` take the values `x_(k n + c)` and `y_(k n + c)` at `k < nodes`, as few of them
    /// (`n`) as hold all elements. Elements past the end are zeros.
    ///
    /// # Panics
    /// If the lengths differ or there is no node.
    #[must_use]
    pub fn products(x: &[Self], y: &[Self], nodes: usize) -> Vec<Self> {
        assert!(x.len() == y.len() && nodes > 0, "factors of different lengths, or no node");
        kernel::field_products(Backend::best(), x, y, nodes)
    }

    /// The weights with which the values of a polynomial at `0, 1, .., nodes - 1` give its value
    /// at `at`, as Lagrange has them, if its degree is less than `nodes`.
    ///
    /// # Panics
    /// If there is no node.
    #[must_use]
    pub fn lagrange(nodes: usize, at: Self) -> Vec<Self> {
        let node = |k: usize| Self::new(k as u64);
        // The products of `at - j` over all j < k, and of 1 / j over all j in 1..=k.
        let (mut before, mut inverse) = (vec![Self::ONE; nodes], vec![Self::ONE; nodes]);
        for k in 1..nodes {
            before[k] = before[k - 1] * (at - node(k - 1));
        }
        inverse[nodes - 1] = (1..nodes).map(node).fold(Self::ONE, Mul::mul).inverse();
        for k in (1..nodes).rev() {
            inverse[k - 1] = inverse[k] * node(k);
        }
        let mut after = Self::ONE;
        let mut weights = before;
        for k in (0..nodes).rev() {
            let weight = weights[k] * after * inverse[k] * inverse[nodes - 1 - k];
            weights[k] = if (nodes - 1 - k).is_multiple_of(2) { weight } else { -weight };
            after = after * (at - node(k));
        }
        weights
    }
}

/// `x` modulo `MODULUS`, for `x` below twice that.
#[inline(always)]
const fn reduced_once(x: u64) -> u64 {
    let less = x.wrapping_sub(Fp61::MODULUS);
    // The top bit is set if that was negative.
    less.wrapping_add(Fp61::MODULUS & (less >> 63).wrapping_neg())
}

impl Add for Fp61 {
    type Output = Self;
    #[inline(always)]
    fn add(self, y: Self) -> Self {
        Self(reduced_once(self.0 + y.0))
    }
}

impl Sub for Fp61 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        let less = self.0.wrapping_sub(y.0);
        Self(less.wrapping_add(Self::MODULUS & (less >> 63).wrapping_neg()))
    }
}

impl Mul for Fp61 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        Self::from_u128(u128::from(self.0) * u128::from(y.0))
    }
}

impl Neg for Fp61 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl AddAssign for Fp61 {
    #[inline(always)]
    fn add_assign(&mut self, y: Self) {
        *self = *self + y;
    }
}

impl SubAssign for Fp61 {
    #[inline(always)]
    fn sub_assign(&mut self, y: Self) {
        *self = *self - y;
    }
}

impl std::iter::Sum for Fp61 {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}
