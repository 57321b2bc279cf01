//! Loops over GF(2^64): carry-less products, added up before they are reduced.

use super::Backend;
#[cfg(target_arch = "x86_64")]
use super::Level;
use crate::Gf64;

/// The product of two polynomials of 64 coefficients; neither branches nor looks anything up.
#[inline(always)]
fn portable(x: u64, y: u64) -> u128 {
    (0..64).fold(0, |sum, i| sum ^ (u128::from(x) << i & u128::from(y >> i & 1).wrapping_neg()))
}

/// The same with the processor's instruction.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "pclmulqdq")]
fn clmul(x: u64, y: u64) -> u128 {
    use std::arch::x86_64::{_mm_clmulepi64_si128, _mm_cvtsi64_si128};
    let [x, y] = [x, y].map(|x| _mm_cvtsi64_si128(x as i64));
    bytemuck::must_cast(_mm_clmulepi64_si128::<0>(x, y))
}

/// The remainder modulo x^64 + x^4 + x^3 + x + 1: x^64 is x^4 + x^3 + x + 1, and what that
/// carries beyond bit 63 once more.
#[inline(always)]
fn reduced(x: u128) -> Gf64 {
    let folded = |x: u64| {
        let x = u128::from(x);
        x ^ x << 1 ^ x << 3 ^ x << 4
    };
    let once = folded((x >> 64) as u64);
    Gf64(x as u64 ^ once as u64 ^ folded((once >> 64) as u64) as u64)
}

/// Compiles a loop with each way to multiply, and dispatches on a [`Backend`] in front.
macro_rules! loops {
    ($($(#[$doc:meta])* pub fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)? = $of:path;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(on: Backend, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,pclmulqdq")]
                fn x86($($arg: $ty),*) $(-> $ret)? {
                    $of($($arg,)* |x, y| clmul(x, y))
                }
                if on.0 != Level::Plain {
                    // SAFETY: a `Backend` above the plain one exists only where the processor
                    // has these features.
                    return unsafe { x86($($arg),*) };
                }
            }
            let _ = on;
            $of($($arg,)* portable)
        }
    )*};
}
loops! {
    /// `x *= y`, element-wise.
    pub fn mul_assign(x: &mut [Gf64], y: &[Gf64]) = mul_assign_by;
    /// `z += x * y`, element-wise.
    pub fn mul_add(z: &mut [Gf64], x: &[Gf64], y: &[Gf64]) = mul_add_by;
    /// `z += x0 * (y0 + y1) + x1 * y0`, element-wise.
    pub fn cross_add(z: &mut [Gf64], x: [&[Gf64]; 2], y: [&[Gf64]; 2]) = cross_add_by;
    /// `sum_i x_i * y_i`.
    pub fn dot(x: &[Gf64], y: &[Gf64]) -> Gf64 = dot_by;
}

super::multiversion! {
    /// `x = c * y + (1 - c) * x`, element-wise, for `c` 0 or 1.
    pub fn choose_assign[](x: &mut [Gf64], y: &[Gf64], c: &[Gf64]) = masked;
}

#[inline(always)]
fn masked(x: &mut [Gf64], y: &[Gf64], c: &[Gf64]) {
    assert_eq!([y.len(), c.len()], [x.len(); 2]);
    for (x, (&y, &c)) in x.iter_mut().zip(y.iter().zip(c)) {
        x.0 ^= (x.0 ^ y.0) & c.0.wrapping_neg();
    }
}

#[inline(always)]
fn mul_assign_by(x: &mut [Gf64], y: &[Gf64], mul: impl Fn(u64, u64) -> u128) {
    assert_eq!(x.len(), y.len());
    x.iter_mut().zip(y).for_each(|(x, y)| *x = reduced(mul(x.0, y.0)));
}

#[inline(always)]
fn mul_add_by(z: &mut [Gf64], x: &[Gf64], y: &[Gf64], mul: impl Fn(u64, u64) -> u128) {
    assert_eq!([x.len(), y.len()], [z.len(); 2]);
    z.iter_mut().zip(x.iter().zip(y)).for_each(|(z, (x, y))| *z = *z + reduced(mul(x.0, y.0)));
}

#[inline(always)]
fn cross_add_by(z: &mut [Gf64], x: [&[Gf64]; 2], y: [&[Gf64]; 2], mul: impl Fn(u64, u64) -> u128) {
    let n = z.len();
    assert_eq!([x[0].len(), x[1].len(), y[0].len(), y[1].len()], [n; 4]);
    let (x0, x1, y0, y1) = (&x[0][..n], &x[1][..n], &y[0][..n], &y[1][..n]);
    for i in 0..n {
        let cross = mul(x0[i].0, y0[i].0 ^ y1[i].0) ^ mul(x1[i].0, y0[i].0);
        z[i] = z[i] + reduced(cross);
    }
}

#[inline(always)]
fn dot_by(x: &[Gf64], y: &[Gf64], mul: impl Fn(u64, u64) -> u128) -> Gf64 {
    assert_eq!(x.len(), y.len());
    reduced(x.iter().zip(y).fold(0, |sum, (x, y)| sum ^ mul(x.0, y.0)))
}
