//! Bit transposes: one byte of 64 values becomes one word of eight planes, and back.
//!
//! A width costs as many bytes as it needs. Words of a plane are made a cache line at a time,
//! so that no line is written twice, however far apart the planes lie.

#[cfg(target_arch = "x86_64")]
use super::bits_x86 as x86;
use super::{Backend, Level};
use crate::Integer;

/// Words of a cache line.
const LINE: usize = 8;

/// One byte of each of 64 values.
pub(super) type Bytes = [u8; 64];
/// The same bits: word `b` holds bit `b` of every byte.
pub(super) type Words = [u64; 8];

/// Writes the low bits of all values to as many planes as there are; the bits past the last
/// value become zero.
pub fn slice_bits<R: Integer>(on: Backend, planes: &mut [u64], values: &[R]) {
    match on.0 {
        Level::Plain => slice(planes, values, words),
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::slice_avx2(planes, values) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::slice_avx512(planes, values) },
    }
}

/// Sets every value to the bits that the planes hold of it.
pub fn unslice_bits<R: Integer>(on: Backend, values: &mut [R], planes: &[u64]) {
    match on.0 {
        Level::Plain => unslice(values, planes, bytes),
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::unslice_avx2(values, planes) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::unslice_avx512(values, planes) },
    }
}

#[inline(always)]
pub(super) fn slice<R: Integer>(planes: &mut [u64], values: &[R], words: impl Fn(&Bytes) -> Words) {
    let per_plane = values.len().div_ceil(64);
    for (line, values) in values.chunks(64 * LINE).enumerate() {
        let here = line * LINE..line * LINE + values.len().div_ceil(64);
        for (byte, planes) in planes.chunks_mut(8 * per_plane).enumerate() {
            let mut tile = [[0; LINE]; 8];
            for (word, values) in values.chunks(64).enumerate() {
                let mut bytes = [0; 64];
                for (to, value) in bytes.iter_mut().zip(values) {
                    *to = value.shr(8 * byte as u32).to_u128() as u8;
                }
                let words = words(&bytes);
                (0..8).for_each(|b| tile[b][word] = words[b]);
            }
            for (plane, words) in planes.chunks_exact_mut(per_plane).zip(&tile) {
                plane[here.clone()].copy_from_slice(&words[..here.len()]);
            }
        }
    }
}

#[inline(always)]
pub(super) fn unslice<R: Integer>(
    values: &mut [R],
    planes: &[u64],
    bytes: impl Fn(&Words) -> Bytes,
) {
    let per_plane = values.len().div_ceil(64);
    values.fill(R::ZERO);
    for (line, values) in values.chunks_mut(64 * LINE).enumerate() {
        let here = line * LINE..line * LINE + values.len().div_ceil(64);
        for (byte, planes) in planes.chunks(8 * per_plane).enumerate() {
            let mut tile = [[0; LINE]; 8];
            for (plane, words) in planes.chunks_exact(per_plane).zip(&mut tile) {
                words[..here.len()].copy_from_slice(&plane[here.clone()]);
            }
            for (word, values) in values.chunks_mut(64).enumerate() {
                let bytes = bytes(&tile.map(|words| words[word]));
                for (value, byte_here) in values.iter_mut().zip(bytes) {
                    *value = *value + R::from_u128(byte_here.into()).shl(8 * byte as u32);
                }
            }
        }
    }
}

fn words(bytes: &Bytes) -> Words {
    let groups: [[u8; 8]; 8] = bytemuck::must_cast(*bytes);
    swap_bytes(groups.map(|group| swap_bits(u64::from_le_bytes(group))))
}

fn bytes(words: &Words) -> Bytes {
    let groups = swap_bytes(*words);
    bytemuck::must_cast(groups.map(|group| swap_bits(group).to_le_bytes()))
}

/// The transpose of 8 by 8 bits; Warren, "Hacker's Delight", section 7-3.
fn swap_bits(x: u64) -> u64 {
    let swap = |x: u64, by: u32, mask: u64| {
        let differ = (x ^ (x >> by)) & mask;
        x ^ differ ^ (differ << by)
    };
    let x = swap(x, 7, 0x00aa_00aa_00aa_00aa);
    let x = swap(x, 14, 0x0000_cccc_0000_cccc);
    swap(x, 28, 0x0000_0000_f0f0_f0f0)
}

/// The transpose of 8 by 8 bytes.
fn swap_bytes(x: Words) -> Words {
    let rows = x.map(u64::to_le_bytes);
    std::array::from_fn(|i| u64::from_le_bytes(rows.map(|row| row[i])))
}
