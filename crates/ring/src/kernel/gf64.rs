//! Loops over GF(2^64), eight elements at a time: carry-less products, added up before they are
//! reduced.

use super::Backend;
#[cfg(target_arch = "x86_64")]
use super::{Level, gf64_x86 as x86};
use crate::Gf64;

/// As many elements as the widest vectors hold.
pub(super) type Lanes = [u64; 8];

/// Products of polynomials of 64 coefficients, lane by lane.
#[derive(Copy, Clone, Default)]
pub(super) struct Products {
    pub(super) low: Lanes,
    pub(super) high: Lanes,
}

impl Products {
    #[inline(always)]
    fn xor(self, by: Self) -> Self {
        Self { low: xor(self.low, by.low), high: xor(self.high, by.high) }
    }

    /// The remainders modulo x^64 + x^4 + x^3 + x + 1: x^64 is x^4 + x^3 + x + 1, and what that
    /// carries beyond bit 63 once more.
    #[inline(always)]
    fn reduced(self) -> Lanes {
        let left = |x: Lanes, by: u32| std::array::from_fn(|i| x[i] << by);
        let right = |x: Lanes, by: u32| std::array::from_fn(|i| x[i] >> by);
        let folded = |x| xor(xor(x, left(x, 1)), xor(left(x, 3), left(x, 4)));
        let carried = xor(xor(right(self.high, 63), right(self.high, 61)), right(self.high, 60));
        xor(xor(self.low, folded(self.high)), folded(carried))
    }
}

#[inline(always)]
fn xor(x: Lanes, y: Lanes) -> Lanes {
    std::array::from_fn(|i| x[i] ^ y[i])
}

/// Neither branches nor looks anything up.
#[inline(always)]
fn portable(x: &Lanes, y: &Lanes) -> Products {
    let product = |x: u64, y: u64| {
        (0..64).fold(0, |sum, i| sum ^ u128::from(x) << i & u128::from(y >> i & 1).wrapping_neg())
    };
    let products: [u128; 8] = std::array::from_fn(|i| product(x[i], y[i]));
    Products { low: products.map(|z| z as u64), high: products.map(|z| (z >> 64) as u64) }
}

/// Compiles a loop with each way to multiply, and dispatches on a [`Backend`] in front.
macro_rules! loops {
    ($($(#[$doc:meta])* pub fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?
        = |$mul:ident| $of:expr;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(on: Backend, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,pclmulqdq")]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    let $mul = |x: &Lanes, y: &Lanes| x86::products_avx2(x, y);
                    $of
                }
                #[target_feature(enable = "avx2,avx512f,pclmulqdq,vpclmulqdq")]
                fn avx512($($arg: $ty),*) $(-> $ret)? {
                    let $mul = |x: &Lanes, y: &Lanes| x86::products_avx512(x, y);
                    $of
                }
                match on.0 {
                    Level::Plain => {}
                    // SAFETY: a `Backend` exists only where the processor has its features.
                    Level::Avx2 => return unsafe { avx2($($arg),*) },
                    // SAFETY: as above.
                    Level::Avx512 => return unsafe { avx512($($arg),*) },
                }
            }
            let _ = on;
            let $mul = portable;
            $of
        }
    )*};
}
loops! {
    /// `x * y`.
    pub fn mul(x: Gf64, y: Gf64) -> Gf64
        = |mul| Gf64(mul(&padded(&[x.0]), &padded(&[y.0])).reduced()[0]);
    /// `x *= y`, element-wise.
    pub fn mul_assign(x: &mut [Gf64], y: &[Gf64])
        = |mul| each(x, [y], |x, [y]| mul(&x, &y).reduced());
    /// `z += x * y`, element-wise.
    pub fn mul_add(z: &mut [Gf64], x: &[Gf64], y: &[Gf64])
        = |mul| each(z, [x, y], |z, [x, y]| xor(z, mul(&x, &y).reduced()));
    /// `z += x0 * (y0 + y1) + x1 * y0`, element-wise.
    pub fn cross_add(z: &mut [Gf64], x: [&[Gf64]; 2], y: [&[Gf64]; 2])
        = |mul| each(z, [x[0], x[1], y[0], y[1]], |z, [x0, x1, y0, y1]| {
            xor(z, mul(&x0, &xor(y0, y1)).xor(mul(&x1, &y0)).reduced())
        });
    /// `sum_i x_i * y_i`.
    pub fn dot(x: &[Gf64], y: &[Gf64]) -> Gf64 = |mul| sum_of_products(x, y, mul);
}

super::multiversion! {
    /// `x = c * y + (1 - c) * x`, element-wise, for `c` 0 or 1.
    pub fn choose_assign[](x: &mut [Gf64], y: &[Gf64], c: &[Gf64]) = masked;
}

/// `z = f(z, x)`, eight elements at a time, the last of them filled up with zeros. `f` is called
/// in one place, so that it is inlined.
#[inline(always)]
fn each<const N: usize>(z: &mut [Gf64], x: [&[Gf64]; N], f: impl Fn(Lanes, [Lanes; N]) -> Lanes) {
    x.iter().for_each(|x| assert_eq!(x.len(), z.len()));
    let (z, z_rest) = bytemuck::must_cast_slice_mut::<_, u64>(z).as_chunks_mut();
    let x = x.map(|x| bytemuck::must_cast_slice::<_, u64>(x).as_chunks());
    let (whole, rest) = (x.map(|(whole, _)| whole), x.map(|(_, rest)| [padded(rest)]));
    let mut last = [padded(z_rest)];
    for (z, x) in [(z, whole), (&mut last[..], rest.each_ref().map(|x| &x[..]))] {
        let x = x.map(|x| &x[..z.len()]);
        for (i, z) in z.iter_mut().enumerate() {
            *z = f(*z, x.map(|x| x[i]));
        }
    }
    z_rest.copy_from_slice(&last[0][..z_rest.len()]);
}

#[inline(always)]
fn sum_of_products(x: &[Gf64], y: &[Gf64], mul: impl Fn(&Lanes, &Lanes) -> Products) -> Gf64 {
    assert_eq!(x.len(), y.len());
    let [(x, x_rest), (y, y_rest)] = [x, y].map(|x| bytemuck::must_cast_slice(x).as_chunks());
    let whole = x.iter().zip(y).fold(Products::default(), |sum, (x, y)| sum.xor(mul(x, y)));
    let sums = whole.xor(mul(&padded(x_rest), &padded(y_rest))).reduced();
    Gf64(sums.into_iter().fold(0, |sum, x| sum ^ x))
}

#[inline(always)]
fn masked(x: &mut [Gf64], y: &[Gf64], c: &[Gf64]) {
    assert_eq!([y.len(), c.len()], [x.len(); 2]);
    for (x, (&y, &c)) in x.iter_mut().zip(y.iter().zip(c)) {
        x.0 ^= (x.0 ^ y.0) & c.0.wrapping_neg();
    }
}

#[inline(always)]
fn padded(x: &[u64]) -> Lanes {
    let mut out = [0; 8];
    out[..x.len()].copy_from_slice(x);
    out
}
