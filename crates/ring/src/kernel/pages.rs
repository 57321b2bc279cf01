//! Memory for long vectors.
//!
//! A vector of megabytes is fresh pages from the kernel, and with pages of 4 KiB the faults
//! cost more than the arithmetic that fills them. Where the system grants large pages on
//! request, this requests them.

use bytemuck::Zeroable;

/// From here on large pages are worth asking for.
#[cfg(target_os = "linux")]
const LARGE_BYTES: usize = 4 << 20;

/// A vector of zeros.
#[must_use]
pub fn zeroed<R: Zeroable>(len: usize) -> Vec<R> {
    let out: Vec<R> = bytemuck::allocation::zeroed_vec(len);
    #[cfg(target_os = "linux")]
    if len * size_of::<R>() >= LARGE_BYTES {
        ask_for_large_pages(&out);
    }
    out
}

/// An empty vector with room for `len` elements.
#[must_use]
pub fn reserved<R>(len: usize) -> Vec<R> {
    let out = Vec::with_capacity(len);
    #[cfg(target_os = "linux")]
    if len * size_of::<R>() >= LARGE_BYTES {
        ask_for_large_pages(&out);
    }
    out
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<R>(x: &Vec<R>) {
    use rustix::mm::{Advice, madvise};
    const PAGE: usize = 4096;
    let start = x.as_ptr().cast::<u8>();
    let skip = start.align_offset(PAGE);
    let len = (x.capacity() * size_of::<R>()).saturating_sub(skip) / PAGE * PAGE;
    // SAFETY: the range lies within the allocation of `x` and begins at a page; this
    // advice changes how pages are backed, never what they hold.
    let advised = unsafe { madvise(start.add(skip).cast_mut().cast(), len, Advice::LinuxHugepage) };
    // A kernel without large pages refuses, and small ones serve.
    let _ = advised;
}

#[cfg(test)]
mod tests {
    use super::zeroed;
    use crate::{Z64, Z128};

    #[test]
    fn vectors_of_every_size_begin_as_zeros() {
        for len in [0, 1, 511, 512, 513, 600_001, 1 << 20] {
            assert!(zeroed::<Z64>(len).iter().all(|x| x.0 == 0));
        }
        assert_eq!(zeroed::<Z128>(300_000).len(), 300_000);
    }
}
