//! The tensor: shares with a shape and a scale.

use sharewell_mpc::{Arithmetic, CHUNK, Protocol, Result, Share, in_chunks};
use sharewell_ring::{Dims, Integer, Ring};

/// Elements of a chunk of a numeric function, which holds more beside each than a comparison
/// and sends more.
pub const FUNCTION_CHUNK: usize = CHUNK / 4;

/// Secret numbers in row-major order, each an integer over `2^frac_bits`.
pub struct Tensor<P: Arithmetic> {
    shares: P::AShare,
    shape: Vec<usize>,
    frac_bits: u32,
}

impl<P: Arithmetic> Clone for Tensor<P> {
    fn clone(&self) -> Self {
        Self::new(self.shares.clone(), &self.shape, self.frac_bits)
    }
}

impl<P: Arithmetic> std::fmt::Debug for Tensor<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({:?}, {} fractional bits)", self.shape, self.frac_bits)
    }
}

impl<P: Arithmetic> Tensor<P> {
    /// Shares with a shape and a scale.
    ///
    /// # Panics
    /// If the shape does not hold the shares.
    #[must_use]
    pub fn new(shares: P::AShare, shape: &[usize], frac_bits: u32) -> Self {
        assert_eq!(shares.len(), shape.iter().product::<usize>(), "shape {shape:?}");
        Self { shares, shape: shape.to_vec(), frac_bits }
    }

    /// Integers as a vector.
    #[must_use]
    pub fn integers(shares: P::AShare) -> Self {
        let shape = [shares.len()];
        Self::new(shares, &shape, 0)
    }

    /// The shares.
    #[must_use]
    pub fn shares(&self) -> &P::AShare {
        &self.shares
    }

    /// The shares.
    #[must_use]
    pub fn into_shares(self) -> P::AShare {
        self.shares
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The scale.
    #[must_use]
    pub fn frac_bits(&self) -> u32 {
        self.frac_bits
    }

    /// The same numbers in another shape.
    ///
    /// # Panics
    /// If the shape holds another number of elements.
    #[must_use]
    pub fn reshape(self, shape: &[usize]) -> Self {
        Self::new(self.shares, shape, self.frac_bits)
    }

    /// A matrix with rows and columns exchanged. Local.
    ///
    /// # Panics
    /// If this is no matrix.
    #[must_use]
    pub fn transpose(&self) -> Self {
        let [rows, cols] = self.matrix();
        let index: Vec<usize> =
            (0..cols).flat_map(|j| (0..rows).map(move |i| i * cols + j)).collect();
        Self::new(self.shares.gather(&index), &[cols, rows], self.frac_bits)
    }

    /// The same numbers at a finer scale. Local and exact.
    ///
    /// # Panics
    /// If the scale is coarser.
    #[must_use]
    pub fn rescale_up(mut self, frac_bits: u32) -> Self {
        let by = frac_bits.checked_sub(self.frac_bits).expect("a finer scale");
        if by > 0 {
            self.shares.scale(&[P::Ring::ONE.shl(by)]);
            self.frac_bits = frac_bits;
        }
        self
    }

    /// Element-wise sum at the finer of both scales. Local and exact.
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "panics on shapes, as no operator should")]
    pub fn add(self, y: &Self) -> Self {
        let (mut x, y) = self.aligned(y);
        x.shares += &y.shares;
        x
    }

    /// Element-wise difference at the finer of both scales. Local and exact.
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "panics on shapes, as no operator should")]
    pub fn sub(self, y: &Self) -> Self {
        let (mut x, y) = self.aligned(y);
        x.shares -= &y.shares;
        x
    }

    /// Times a public integer. Local and exact.
    #[must_use]
    pub fn times(mut self, factor: i128) -> Self {
        self.shares.scale(&[P::Ring::from_i128(factor)]);
        self
    }

    /// Sum over the last axis. Local and exact.
    #[must_use]
    pub fn sum(&self) -> Self {
        let shape = &self.shape[..self.shape.len().saturating_sub(1)];
        Self::new(self.shares.sum(shape.iter().product()), shape, self.frac_bits)
    }

    fn aligned(self, y: &Self) -> (Self, Self) {
        assert_eq!(self.shape, y.shape, "tensors of different shapes");
        let frac_bits = self.frac_bits.max(y.frac_bits);
        (self.rescale_up(frac_bits), y.clone().rescale_up(frac_bits))
    }

    pub(crate) fn matrix(&self) -> [usize; 2] {
        match self.shape[..] {
            [rows, cols] => [rows, cols],
            _ => panic!("a matrix, not shape {:?}", self.shape),
        }
    }
}

impl<P: Protocol> Tensor<P> {
    /// Element-wise product at the scale asked for, at most the sum of both.
    ///
    /// Domain: the product at full scale below `2^(BITS-2)`. Error: one unit in the last
    /// place, none at full scale. Cost: [`Protocol::mul_trunc`].
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// If the shapes differ or the scale is finer than the product's.
    pub fn mul(&self, p: &mut P, y: &Self, frac_bits: u32) -> Result<Self> {
        assert_eq!(self.shape, y.shape, "tensors of different shapes");
        let by = self.drop_bits(y, frac_bits);
        let shares = p.mul_trunc(&self.shares, &y.shares, by)?;
        Ok(Self::new(shares, &self.shape, frac_bits))
    }

    /// Matrix product at the scale asked for, truncated once, after the inner sum.
    ///
    /// Domain, error: as [`Self::mul`]. Cost: [`Protocol::matmul_trunc`], whatever the inner
    /// length.
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// If the factors are no matrices that fit, or as [`Self::mul`].
    pub fn matmul(&self, p: &mut P, y: &Self, frac_bits: u32) -> Result<Self> {
        let ([m, k], [rows, n]) = (self.matrix(), y.matrix());
        assert_eq!(k, rows, "inner dimensions");
        let by = self.drop_bits(y, frac_bits);
        let shares = p.matmul_trunc(&self.shares, &y.shares, Dims { m, k, n }, by)?;
        Ok(Self::new(shares, &[m, n], frac_bits))
    }

    /// The same numbers at a coarser scale.
    ///
    /// Domain: `|x| < 2^(BITS-2)`. Error: one unit in the last place. Cost:
    /// [`Protocol::trunc`].
    ///
    /// # Errors
    /// If a link fails.
    ///
    /// # Panics
    /// If the scale is finer.
    pub fn rescale_down(&self, p: &mut P, frac_bits: u32) -> Result<Self> {
        let by = self.frac_bits.checked_sub(frac_bits).expect("a coarser scale");
        Ok(Self::new(p.trunc(&self.shares, by)?, &self.shape, frac_bits))
    }

    fn drop_bits(&self, y: &Self, frac_bits: u32) -> u32 {
        let full = self.frac_bits + y.frac_bits;
        full.checked_sub(frac_bits).expect("no finer scale than the product's")
    }
}

/// A function of each element by itself, in chunks of [`FUNCTION_CHUNK`]; what is given to `op`
/// of long tensors are vectors.
///
/// # Errors
/// As `op`.
///
/// # Panics
/// If shapes differ.
pub(crate) fn elementwise<P: Protocol, const N: usize, const M: usize>(
    p: &mut P,
    of: [&Tensor<P>; N],
    mut op: impl FnMut(&mut P, [&Tensor<P>; N]) -> Result<[P::AShare; M]>,
) -> Result<[P::AShare; M]> {
    let shape = of[0].shape();
    assert!(of.iter().all(|x| x.shape() == shape), "tensors of different shapes");
    let len = of[0].len();
    in_chunks(p, len, FUNCTION_CHUNK, |p, range| {
        if range.len() == len {
            return op(p, of);
        }
        let part =
            |x: &Tensor<P>| Tensor::new(x.shares.take(range.clone()), &[range.len()], x.frac_bits);
        op(p, of.map(part).each_ref())
    })
}
