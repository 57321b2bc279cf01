//! Loops over slices, chosen at run time by what the processor can do.
//!
//! A [`Backend`] is a proof: it can only be had where the processor has its instructions, so
//! the functions that take one are safe. All `unsafe` of the workspace is below this module.

mod aes;
#[cfg(target_arch = "x86_64")]
mod aes_x86;
mod bits;
#[cfg(target_arch = "x86_64")]
mod bits_x86;
#[cfg(target_arch = "x86_64")]
mod blocked;
mod field;
#[cfg(target_arch = "x86_64")]
mod field_avx512;
mod gemm;
#[cfg(target_arch = "x86_64")]
mod gemm_avx2;
#[cfg(target_arch = "x86_64")]
mod gemm_avx512;
pub mod gf64;
#[cfg(target_arch = "x86_64")]
mod gf64_x86;
mod pack;
mod pages;
mod plain;
mod signs;
#[cfg(target_arch = "x86_64")]
mod signs_x86;

use std::sync::LazyLock;

pub use aes::{AesBackend, Counter};
pub use bits::{slice_bits, unslice_bits};
pub use field::{field_dot, field_fold, field_products};
pub use gemm::{Gemm, matmul_add, matmul_add_104};
pub use pack::{pack, unpack};
pub use pages::{reserved, zeroed};
pub use plain::transpose;
pub use signs::{correlate, look_up};

use crate::{Integer, Ring};

/// A set of instructions that this processor has.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend(Level);

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Plain,
    /// With PCLMULQDQ and POPCNT, which no processor with AVX2 lacks.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// With DQ, VL, BW, IFMA, VPOPCNTDQ and VPCLMULQDQ: Intel from Ice Lake, AMD from Zen 4. Older
    /// ones multiply 64-bit lanes no faster than AVX2 does, so they are served by that.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    fn is_here(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("pclmulqdq")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_here()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512ifma")
                    && is_x86_feature_detected!("avx512vpopcntdq")
                    && is_x86_feature_detected!("vpclmulqdq")
            }
        }
    }
}

static BEST: LazyLock<Backend> = LazyLock::new(|| Backend::available()[0]);

impl Backend {
    /// Every back end of this processor, the fastest first, plain loops last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let levels = [
            #[cfg(target_arch = "x86_64")]
            Level::Avx512,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2,
            Level::Plain,
        ];
        levels.into_iter().filter(|level| level.is_here()).map(Self).collect()
    }

    /// The one that every processor has.
    #[must_use]
    pub fn plain() -> Self {
        Self(Level::Plain)
    }

    /// The fastest back end of this processor.
    #[must_use]
    pub fn best() -> Self {
        *BEST
    }
}

/// Compiles a plain function once per back end, so that the compiler vectorises it for each,
/// and dispatches on a [`Backend`] in front.
macro_rules! multiversion {
    ($($(#[$doc:meta])* $vis:vis fn $name:ident[$($generic:tt)*]($($arg:ident: $ty:ty),*) $(-> $ret:ty)?
        = $plain:path;)*) => {$(
        $(#[$doc])*
        #[inline]
        $vis fn $name<$($generic)*>(on: $crate::kernel::Backend, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2<$($generic)*>($($arg: $ty),*) $(-> $ret)? {
                    $plain($($arg),*)
                }
                #[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl,avx512bw")]
                fn avx512<$($generic)*>($($arg: $ty),*) $(-> $ret)? {
                    $plain($($arg),*)
                }
                match on.0 {
                    $crate::kernel::Level::Plain => {}
                    // SAFETY: a `Backend` exists only where the processor has its features.
                    $crate::kernel::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    // SAFETY: as above.
                    $crate::kernel::Level::Avx512 => return unsafe { avx512($($arg),*) },
                }
            }
            let _ = on;
            $plain($($arg),*)
        }
    )*};
}
use multiversion;

multiversion! {
    /// `x += y`, element-wise.
    pub fn add_assign[R: Ring](x: &mut [R], y: &[R]) = plain::add_assign;
    /// `x -= y`, element-wise.
    pub fn sub_assign[R: Ring](x: &mut [R], y: &[R]) = plain::sub_assign;
    /// `x *= y`, element-wise.
    pub fn mul_assign[R: Ring](x: &mut [R], y: &[R]) = plain::mul_assign;
    /// `z += x0 * (y0 + y1) + x1 * y0`, element-wise.
    pub fn cross_add[R: Ring](z: &mut [R], x: [&[R]; 2], y: [&[R]; 2]) = plain::cross_add;
    /// `z += x * y`, element-wise.
    pub fn mul_add[R: Ring](z: &mut [R], x: &[R], y: &[R]) = plain::mul_add;
    /// `x = c * y + (1 - c) * x`, element-wise, for `c` 0 or 1.
    pub fn choose_assign[R: Ring](x: &mut [R], y: &[R], c: &[R]) = plain::choose_assign;
    /// `x >>= by`, element-wise and logical.
    pub fn shr_assign[R: Integer](x: &mut [R], by: u32) = plain::shr_assign;
    /// `x -= y << by`, element-wise.
    pub fn sub_shl[R: Integer, S: Integer](x: &mut [R], y: &[S], by: u32) = plain::sub_shl;
    /// The bits of words as elements 0 or 1.
    pub fn lift[R: Integer](x: &mut [R], bits: &[u64]) = plain::lift;
    /// The top bits of elements, 64 to a word.
    pub fn top_bits[R: Integer](bits: &mut [u64], x: &[R]) = plain::top_bits;
    /// `sum_i x_i * y_i`.
    pub fn dot[R: Ring](x: &[R], y: &[R]) -> R = plain::dot;
}
