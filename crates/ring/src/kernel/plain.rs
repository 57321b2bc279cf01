//! The plain loops: the definition that every other kernel is tested against, and, compiled
//! with wider instructions, the element-wise kernels themselves.

use super::zeroed;
use crate::{Dims, Integer, Ring};

#[inline(always)]
pub(super) fn add_assign<R: Ring>(x: &mut [R], y: &[R]) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x + y);
}

#[inline(always)]
pub(super) fn sub_assign<R: Ring>(x: &mut [R], y: &[R]) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x - y);
}

#[inline(always)]
pub(super) fn mul_assign<R: Ring>(x: &mut [R], y: &[R]) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x * y);
}

#[inline(always)]
pub(super) fn cross_add<R: Ring>(z: &mut [R], x: [&[R]; 2], y: [&[R]; 2]) {
    let n = z.len();
    assert_eq!([x[0].len(), x[1].len(), y[0].len(), y[1].len()], [n; 4]);
    let (x0, x1, y0, y1) = (&x[0][..n], &x[1][..n], &y[0][..n], &y[1][..n]);
    for i in 0..n {
        z[i] = z[i] + x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i];
    }
}

#[inline(always)]
pub(super) fn mul_add<R: Ring>(z: &mut [R], x: &[R], y: &[R]) {
    let n = z.len();
    assert_eq!([x.len(), y.len()], [n; 2]);
    z.iter_mut().zip(x.iter().zip(y)).for_each(|(z, (&x, &y))| *z = *z + x * y);
}

#[inline(always)]
pub(super) fn choose_assign<R: Ring>(x: &mut [R], y: &[R], c: &[R]) {
    let n = x.len();
    assert_eq!([y.len(), c.len()], [n; 2]);
    x.iter_mut().zip(y.iter().zip(c)).for_each(|(x, (&y, &c))| *x = *x + c * (y - *x));
}

#[inline(always)]
pub(super) fn shr_assign<R: Integer>(x: &mut [R], by: u32) {
    x.iter_mut().for_each(|x| *x = x.shr(by));
}

#[inline(always)]
pub(super) fn sub_shl<R: Integer, S: Integer>(x: &mut [R], y: &[S], by: u32) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, y)| *x = *x - R::from_u128(y.to_u128()).shl(by));
}

#[inline(always)]
pub(super) fn lift<R: Integer>(x: &mut [R], bits: &[u64]) {
    assert_eq!(x.len().div_ceil(64), bits.len());
    for (x, &word) in x.chunks_mut(64).zip(bits) {
        for (i, x) in x.iter_mut().enumerate() {
            *x = R::from_u128(u128::from(word >> i & 1));
        }
    }
}

#[inline(always)]
pub(super) fn top_bits<R: Integer>(bits: &mut [u64], x: &[R]) {
    assert_eq!(x.len().div_ceil(64), bits.len());
    for (word, x) in bits.iter_mut().zip(x.chunks(64)) {
        *word = 0;
        for (i, x) in x.iter().enumerate() {
            *word |= (x.msb().to_u128() as u64) << i;
        }
    }
}

#[inline(always)]
pub(super) fn dot<R: Ring>(x: &[R], y: &[R]) -> R {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).fold(R::ZERO, |sum, (&x, &y)| sum + x * y)
}

/// `z += x * y`, streaming the rows of `y`: the definition, and the best there is for few rows.
#[inline(always)]
pub(super) fn matmul_add<R: Ring>(z: &mut [R], x: &[R], y: &[R], d: Dims) {
    if d.n == 0 || d.k == 0 {
        return;
    }
    for (z, x) in z.chunks_exact_mut(d.n).zip(x.chunks_exact(d.k)) {
        for (&x, y) in x.iter().zip(y.chunks_exact(d.n)) {
            z.iter_mut().zip(y).for_each(|(z, &y)| *z = *z + x * y);
        }
    }
}

/// `z += x * y` by dot products with the columns of `y`: for few columns.
#[inline(always)]
pub(super) fn matmul_add_narrow<R: Ring>(z: &mut [R], x: &[R], y: &[R], d: Dims) {
    if d.n == 0 || d.k == 0 {
        return;
    }
    let columns = transpose(y, d.k, d.n);
    for (z, x) in z.chunks_exact_mut(d.n).zip(x.chunks_exact(d.k)) {
        for (z, y) in z.iter_mut().zip(columns.chunks_exact(d.k)) {
            *z = *z + dot(x, y);
        }
    }
}

/// The transpose of a row-major matrix of `rows` times `cols` elements.
///
/// # Panics
/// If `x` does not have that many elements.
#[must_use]
pub fn transpose<R: Ring>(x: &[R], rows: usize, cols: usize) -> Vec<R> {
    /// Side of the blocks that are moved at once: both fit in the first-level cache.
    const SIDE: usize = 16;
    assert_eq!(x.len(), rows * cols);
    let mut out = zeroed(x.len());
    for i0 in (0..rows).step_by(SIDE) {
        for j0 in (0..cols).step_by(SIDE) {
            for j in j0..(j0 + SIDE).min(cols) {
                let to = &mut out[j * rows..][i0..(i0 + SIDE).min(rows)];
                for (i, to) in (i0..).zip(to) {
                    *to = x[i * cols + j];
                }
            }
        }
    }
    out
}
