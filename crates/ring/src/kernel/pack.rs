//! Elements on the wire without their highest bytes.
//!
//! Whole elements are stored and loaded at the distance of the narrow ones: the next element
//! overwrites the bytes too many of the one before it, and a mask clears them.

use crate::Ring;

/// Appends the `width` lowest bytes of each element.
///
/// # Panics
/// If an element has fewer bytes, or `width` is 0.
pub fn pack<R: Ring>(x: &[R], width: usize, out: &mut Vec<u8>) {
    /// Elements that are packed at once, in the first-level cache.
    const TILE: usize = 128;
    /// Bytes of the largest element.
    const ELEMENT: usize = 24;
    assert!((1..=R::BYTES).contains(&width) && R::BYTES <= ELEMENT, "{width} bytes of an element");
    out.reserve(x.len() * width);
    let mut tile = [0; TILE * ELEMENT];
    for x in x.chunks(TILE) {
        for (i, x) in x.iter().enumerate() {
            tile[i * width..][..R::BYTES].copy_from_slice(bytemuck::bytes_of(x));
        }
        out.extend_from_slice(&tile[..x.len() * width]);
    }
}

/// Appends the elements that [`pack`] wrote, zeros for the bytes it left out.
///
/// # Panics
/// If `bytes` are not whole elements of `width` bytes, an element has not `LIMBS` words, or
/// `width` is not one of `pack`'s.
pub fn unpack<R: Ring, const LIMBS: usize>(bytes: &[u8], width: usize, out: &mut Vec<R>) {
    assert!(
        (1..=R::BYTES).contains(&width) && R::BYTES == 8 * LIMBS,
        "{width} bytes of an element"
    );
    assert!(bytes.len().is_multiple_of(width), "{} bytes by {width}", bytes.len());
    let mut mask = [0u64; LIMBS];
    bytemuck::bytes_of_mut(&mut mask)[..width].fill(0xff);
    let len = bytes.len() / width;
    // From here on the load of a whole element would reach beyond the end.
    let whole = bytes.len().checked_sub(R::BYTES).map_or(0, |last| last / width + 1).min(len);
    out.extend((0..whole).map(|i| {
        let mut limbs: [u64; LIMBS] =
            bytemuck::pod_read_unaligned(&bytes[i * width..][..8 * LIMBS]);
        limbs.iter_mut().zip(mask).for_each(|(limb, mask)| *limb &= mask);
        bytemuck::cast::<_, R>(limbs)
    }));
    out.extend((whole..len).map(|i| {
        let mut x = R::ZERO;
        bytemuck::bytes_of_mut(&mut x)[..width].copy_from_slice(&bytes[i * width..][..width]);
        x
    }));
}
