//! AES-128 in counter mode with AES-NI and VAES: as many blocks in flight as hide the latency
//! of a round.

use std::arch::x86_64::*;

use bytemuck::must_cast as cast;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The eleven round keys; wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Schedule([[u8; 16]; 11]);

/// Key expansion, FIPS 197 section 5.2.
#[target_feature(enable = "aes,sse2")]
pub(super) fn expand(key: &[u8; 16]) -> Schedule {
    let mut keys = Schedule([*key; 11]);
    let mut last = cast(*key);
    macro_rules! rounds {
        ($($round:literal: $constant:literal),*) => {$(
            last = next_key(last, _mm_aeskeygenassist_si128::<$constant>(last));
            keys.0[$round] = cast(last);
        )*};
    }
    rounds!(1: 0x01, 2: 0x02, 3: 0x04, 4: 0x08, 5: 0x10);
    rounds!(6: 0x20, 7: 0x40, 8: 0x80, 9: 0x1b, 10: 0x36);
    keys
}

#[target_feature(enable = "aes,sse2")]
fn next_key(last: __m128i, assist: __m128i) -> __m128i {
    let last = _mm_xor_si128(last, _mm_slli_si128::<4>(last));
    let last = _mm_xor_si128(last, _mm_slli_si128::<8>(last));
    _mm_xor_si128(last, _mm_shuffle_epi32::<0xff>(assist))
}

/// A function that fills a slice from the block `at` on, with vectors of `$lanes` blocks.
macro_rules! fill {
    ($name:ident, $features:literal, $vector:ty, $lanes:literal, $group:literal,
     $splat:expr, $add:ident, $xor:ident, $round:ident, $last:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name(keys: &Schedule, at: [u64; 2], out: &mut [u8]) {
            /// Bytes made at once.
            const BYTES: usize = 16 * $lanes * $group;
            #[inline]
            #[target_feature(enable = $features)]
            fn group(keys: &[$vector; 11], first: $vector) -> [u8; BYTES] {
                let mut x = [first; $group];
                for (i, x) in x.iter_mut().enumerate() {
                    let ahead: [[u64; 2]; $lanes] = [[(i * $lanes) as u64, 0]; $lanes];
                    *x = $xor($add(*x, cast(ahead)), keys[0]);
                }
                for key in &keys[1..10] {
                    x.iter_mut().for_each(|x| *x = $round(*x, *key));
                }
                x.iter_mut().for_each(|x| *x = $last(*x, keys[10]));
                cast(x)
            }
            let keys = keys.0.map(|key| $splat(cast(key)));
            let mut next: [[u64; 2]; $lanes] = [at; $lanes];
            for (i, next) in next.iter_mut().enumerate() {
                next[0] = next[0].wrapping_add(i as u64);
            }
            let mut next: $vector = cast(next);
            let step: [[u64; 2]; $lanes] = [[$lanes * $group, 0]; $lanes];
            let (whole, rest) = out.as_chunks_mut::<BYTES>();
            for out in whole {
                *out = group(&keys, next);
                next = $add(next, cast(step));
            }
            if !rest.is_empty() {
                rest.copy_from_slice(&group(&keys, next)[..rest.len()]);
            }
        }
    };
}
fill!(
    fill_128,
    "aes,sse2",
    __m128i,
    1,
    8,
    std::convert::identity,
    _mm_add_epi64,
    _mm_xor_si128,
    _mm_aesenc_si128,
    _mm_aesenclast_si128
);
fill!(
    fill_256,
    "avx2,vaes",
    __m256i,
    2,
    8,
    _mm256_broadcastsi128_si256,
    _mm256_add_epi64,
    _mm256_xor_si256,
    _mm256_aesenc_epi128,
    _mm256_aesenclast_epi128
);
fill!(
    fill_512,
    "avx512f,vaes",
    __m512i,
    4,
    8,
    _mm512_broadcast_i32x4,
    _mm512_add_epi64,
    _mm512_xor_si512,
    _mm512_aesenc_epi128,
    _mm512_aesenclast_epi128
);
