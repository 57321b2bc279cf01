//! Bit transposes in two steps: 64 values become rows of one byte each, a row becomes words
//! of eight planes; and back.
//!
//! Words of a plane are made a cache line at a time, so that no line is written twice, however
//! far apart the planes lie.

#[cfg(target_arch = "x86_64")]
use super::bits_x86 as x86;
use super::{Backend, Level};
use crate::Integer;

/// Words of a cache line.
const LINE: usize = 8;
/// Bytes of the widest value.
const WIDEST: usize = 16;

/// One byte of each of 64 values.
pub(super) type Bytes = [u8; 64];
/// The same bits: word `b` holds bit `b` of every byte.
pub(super) type Words = [u64; 8];

/// Writes the low bits of all values to as many planes as there are, at most 128; the bits past
/// the last value become zero.
pub fn slice_bits<R: Integer>(on: Backend, planes: &mut [u64], values: &[R]) {
    let values = Values { bytes: bytemuck::cast_slice(values), size: R::BYTES };
    match on.0 {
        Level::Plain => slice(planes, values, plain_rows, words),
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::slice_avx2(planes, values) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::slice_avx512(planes, values) },
    }
}

/// Sets every value to the bits that the planes, at most 128, hold of it.
pub fn unslice_bits<R: Integer>(on: Backend, values: &mut [R], planes: &[u64]) {
    let values = Values { bytes: bytemuck::cast_slice_mut(values), size: R::BYTES };
    match on.0 {
        Level::Plain => unslice(values, planes, plain_values, bytes),
        // SAFETY: a `Backend` exists only where the processor has its features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::unslice_avx2(values, planes) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::unslice_avx512(values, planes) },
    }
}

/// Values of `size` bytes, in little-endian order.
#[derive(Copy, Clone)]
pub(super) struct Values<B> {
    bytes: B,
    size: usize,
}

/// Bit-slices values by way of rows: row `j` holds byte `j` of every value.
#[inline(always)]
pub(super) fn slice(
    planes: &mut [u64],
    values: Values<&[u8]>,
    rows_of: impl Fn(&[u8], &mut [Bytes]),
    words_of: impl Fn(&Bytes) -> Words,
) {
    let Values { bytes: values, size } = values;
    let per_plane = (values.len() / size).div_ceil(64);
    let needed = planes.len().div_ceil(8 * per_plane.max(1)).min(size);
    let (mut rows, mut tile) = ([[0; 64]; WIDEST], [[[0; LINE]; 8]; WIDEST]);
    for (line, values) in values.chunks(64 * LINE * size).enumerate() {
        let blocks = values.chunks(64 * size);
        let here = line * LINE..line * LINE + blocks.len();
        for (word, values) in blocks.enumerate() {
            if values.len() == 64 * size {
                rows_of(values, &mut rows[..size]);
            } else {
                let mut padded = [0; 64 * WIDEST];
                padded[..values.len()].copy_from_slice(values);
                rows_of(&padded[..64 * size], &mut rows[..size]);
            }
            for (row, tile) in rows[..needed].iter().zip(&mut tile) {
                let words = words_of(row);
                (0..8).for_each(|b| tile[b][word] = words[b]);
            }
        }
        for (plane, words) in planes.chunks_exact_mut(per_plane).zip(tile.as_flattened()) {
            plane[here.clone()].copy_from_slice(&words[..here.len()]);
        }
    }
}

/// The inverse of [`slice`].
#[inline(always)]
pub(super) fn unslice(
    values: Values<&mut [u8]>,
    planes: &[u64],
    values_of: impl Fn(&[Bytes], &mut [u8]),
    bytes_of: impl Fn(&Words) -> Bytes,
) {
    let Values { bytes: values, size } = values;
    let per_plane = (values.len() / size).div_ceil(64);
    let needed = planes.len().div_ceil(8 * per_plane.max(1)).min(size);
    let (mut rows, mut tile) = ([[0; 64]; WIDEST], [[[0; LINE]; 8]; WIDEST]);
    for (line, values) in values.chunks_mut(64 * LINE * size).enumerate() {
        let blocks = values.chunks_mut(64 * size);
        let here = line * LINE..line * LINE + blocks.len();
        for (plane, words) in planes.chunks_exact(per_plane).zip(tile.as_flattened_mut()) {
            words[..here.len()].copy_from_slice(&plane[here.clone()]);
        }
        for (word, values) in blocks.enumerate() {
            for (row, tile) in rows[..needed].iter_mut().zip(&tile) {
                *row = bytes_of(&tile.map(|words| words[word]));
            }
            if values.len() == 64 * size {
                values_of(&rows[..size], values);
            } else {
                let mut padded = [0; 64 * WIDEST];
                values_of(&rows[..size], &mut padded[..64 * size]);
                values.copy_from_slice(&padded[..values.len()]);
            }
        }
    }
}

fn plain_rows(values: &[u8], rows: &mut [Bytes]) {
    for (i, value) in values.chunks_exact(rows.len()).enumerate() {
        rows.iter_mut().zip(value).for_each(|(row, &byte)| row[i] = byte);
    }
}

fn plain_values(rows: &[Bytes], values: &mut [u8]) {
    for (i, value) in values.chunks_exact_mut(rows.len()).enumerate() {
        rows.iter().zip(value).for_each(|(row, byte)| *byte = row[i]);
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
