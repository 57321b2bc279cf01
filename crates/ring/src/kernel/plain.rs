//! The plain loops: the definition that every other kernel is tested against, and, compiled
//! with wider instructions, the element-wise kernels themselves.

use super::zeroed;
use crate::{Dims, Ring};

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
