//! Carry-less products with PCLMULQDQ and VPCLMULQDQ: of the even lanes, of the odd ones, then
//! the low halves together and the high ones.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;

use super::gf64::{Lanes, Products};

#[inline]
#[target_feature(enable = "avx2,pclmulqdq")]
pub(super) fn products_avx2(x: &Lanes, y: &Lanes) -> Products {
    let [x, y]: [[__m128i; 4]; 2] = [cast(*x), cast(*y)];
    let halves: [[__m128i; 2]; 4] = std::array::from_fn(|i| {
        let even = _mm_clmulepi64_si128::<0x00>(x[i], y[i]);
        let odd = _mm_clmulepi64_si128::<0x11>(x[i], y[i]);
        [_mm_unpacklo_epi64(even, odd), _mm_unpackhi_epi64(even, odd)]
    });
    Products { low: cast(halves.map(|z| z[0])), high: cast(halves.map(|z| z[1])) }
}

#[inline]
#[target_feature(enable = "avx2,avx512f,pclmulqdq,vpclmulqdq")]
pub(super) fn products_avx512(x: &Lanes, y: &Lanes) -> Products {
    let [x, y]: [__m512i; 2] = [cast(*x), cast(*y)];
    let even = _mm512_clmulepi64_epi128::<0x00>(x, y);
    let odd = _mm512_clmulepi64_epi128::<0x11>(x, y);
    let [low, high] = [_mm512_unpacklo_epi64(even, odd), _mm512_unpackhi_epi64(even, odd)];
    Products { low: cast(low), high: cast(high) }
}
