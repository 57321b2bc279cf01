//! The plain loops: the definition that every other kernel is tested against.

use crate::{Dims, Ring};

pub(crate) fn add_assign<R: Ring>(x: &mut [R], y: &[R]) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x + y);
}

pub(crate) fn sub_assign<R: Ring>(x: &mut [R], y: &[R]) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x - y);
}

pub(crate) fn mul_assign<R: Ring>(x: &mut [R], y: &[R]) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x * y);
}

pub(crate) fn cross_add<R: Ring>(z: &mut [R], x: [&[R]; 2], y: [&[R]; 2]) {
    let n = z.len();
    let (x0, x1, y0, y1) = (&x[0][..n], &x[1][..n], &y[0][..n], &y[1][..n]);
    for i in 0..n {
        z[i] = z[i] + x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i];
    }
}

pub(crate) fn dot<R: Ring>(x: &[R], y: &[R]) -> R {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).fold(R::ZERO, |sum, (&x, &y)| sum + x * y)
}

pub(crate) fn matmul_add<R: Ring>(z: &mut [R], x: &[R], y: &[R], d: Dims) {
    assert_eq!((z.len(), x.len(), y.len()), (d.m * d.n, d.m * d.k, d.k * d.n));
    for i in 0..d.m {
        for l in 0..d.k {
            let x = x[i * d.k + l];
            for j in 0..d.n {
                z[i * d.n + j] = z[i * d.n + j] + x * y[l * d.n + j];
            }
        }
    }
}
