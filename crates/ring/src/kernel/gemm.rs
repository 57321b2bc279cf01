//! Matrix products: which way to go for which ring, shape and back end.

use super::{Backend, plain};
#[cfg(target_arch = "x86_64")]
use super::{Level, gemm_avx2 as avx2, gemm_avx512 as avx512};
use crate::{Bits, Dims, Gf64, Ring, Z16, Z32, Z64, Z128, Z192};

/// Fewer rows or columns than these, or inner steps, are not worth packing.
const SKINNY: usize = 8;
const SHALLOW: usize = 4;

/// Rings with a matrix product for every back end.
pub trait Gemm: Ring {
    /// `z += x * y` on packed panels; lengths are as `d` says.
    fn blocked(on: Backend, z: &mut [Self], x: &[Self], y: &[Self], d: Dims);
}

/// `z += x * y` as matrices.
///
/// # Panics
/// If a slice's length is not what the dimensions say.
pub fn matmul_add<R: Gemm>(on: Backend, z: &mut [R], x: &[R], y: &[R], d: Dims) {
    assert_eq!((z.len(), x.len(), y.len()), (d.m * d.n, d.m * d.k, d.k * d.n));
    if d.n < SKINNY && d.m > d.n {
        narrow(on, z, x, y, d);
    } else if d.m < SKINNY || d.k < SHALLOW {
        streamed(on, z, x, y, d);
    } else {
        R::blocked(on, z, x, y, d);
    }
}

/// [`matmul_add`] of which only the 104 lowest bits of each result mean anything.
///
/// # Panics
/// As [`matmul_add`].
pub fn matmul_add_104(on: Backend, z: &mut [Z128], x: &[Z128], y: &[Z128], d: Dims) {
    #[cfg(target_arch = "x86_64")]
    if on.0 == Level::Avx512 && d.m.min(d.n) >= SKINNY && d.k >= SHALLOW {
        assert_eq!((z.len(), x.len(), y.len()), (d.m * d.n, d.m * d.k, d.k * d.n));
        // SAFETY: a `Backend` exists only where the processor has its features.
        return unsafe { avx512::gemm::<avx512::T104>(z, x, y, d) };
    }
    matmul_add(on, z, x, y, d);
}

super::multiversion! {
    fn narrow[R: Ring](z: &mut [R], x: &[R], y: &[R], d: Dims) = plain::matmul_add_narrow;
    fn streamed[R: Ring](z: &mut [R], x: &[R], y: &[R], d: Dims) = plain::matmul_add;
}

macro_rules! gemm {
    ($ring:ident, $avx2:ty, $avx512:ty) => {
        impl Gemm for $ring {
            fn blocked(on: Backend, z: &mut [Self], x: &[Self], y: &[Self], d: Dims) {
                #[cfg(target_arch = "x86_64")]
                match on.0 {
                    Level::Plain => {}
                    // SAFETY: a `Backend` exists only where the processor has its features.
                    Level::Avx2 => return unsafe { avx2::gemm::<$avx2>(z, x, y, d) },
                    // SAFETY: as above.
                    Level::Avx512 => return unsafe { avx512::gemm::<$avx512>(z, x, y, d) },
                }
                streamed(on, z, x, y, d);
            }
        }
    };
}
gemm!(Z32, avx2::T32, avx512::T32);
gemm!(Z64, avx2::T64, avx512::T64);
gemm!(Z128, avx2::T128, avx512::T128);

/// Rings whose products nothing but small public factors and selections need.
macro_rules! streamed {
    ($($ring:ident),*) => {$(
        impl Gemm for $ring {
            fn blocked(on: Backend, z: &mut [Self], x: &[Self], y: &[Self], d: Dims) {
                streamed(on, z, x, y, d);
            }
        }
    )*};
}
streamed!(Z16, Z192, Gf64, Bits);
