//! Equality, by comparing the bits of two summands.

use std::borrow::Cow;

use sharewell_ring::Integer;

use super::convert::test;
use crate::chunks::{bit_chunk, bits_in_chunks, chunk, difference};
use crate::{BitShare, Known, Protocol, Result, Share, Test};

/// Whether `x` is zero, given `|x| < 2^bits`: `x = u - v` is zero where `u` and `v` agree.
///
/// Cost: [`Protocol::difference_bits`], then `bits - 1` AND gates in `log2(bits)` rounds; in
/// `Rep3` `bits + 3 (bits - 1)` bits in all, 253 for 64. Where rounds are dear,
/// [`Protocol::test_quickly`]: 1553 bits in 3 rounds.
///
/// # Errors
/// If a link fails.
pub fn is_zero<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::BShare> {
    bits_in_chunks(p, x.len(), |p, range| test(p, &chunk::<P>(x, range), bits, Test::Zero))
}

/// Whether `x = y`; requires `|x - y| < 2^bits`, or with all the ring's bits nothing.
///
/// Cost: as [`is_zero`].
///
/// # Errors
/// If a link fails; [`crate::Error::Overflow`] if with all the ring's bits an operand could have
/// left the ring: two that are a whole ring apart would look equal.
pub fn equal<P: Protocol>(p: &mut P, x: &P::AShare, y: &P::AShare, bits: u32) -> Result<P::BShare> {
    let whole = bits == P::Ring::BITS;
    let top = i128::MAX >> (128 - P::Ring::BITS);
    for x in [x, y].into_iter().filter(|_| whole) {
        p.require_bound("equal", x, !top, top)?;
    }
    bits_in_chunks(p, x.len(), |p, range| {
        let mut difference = difference::<P>(x, y, range);
        if whole {
            p.note(&mut difference, Known::Wrapped);
        }
        p.is_zero(&difference, bits)
    })
}

/// The AND of all planes.
///
/// Cost: `width - 1` AND gates in `log2(width)` rounds.
///
/// # Errors
/// If a link fails.
pub fn all_ones<P: Protocol>(p: &mut P, x: &P::BShare, width: usize) -> Result<P::BShare> {
    bits_in_chunks(p, x.len(), |p, range| ones_of_chunk(p, bit_chunk::<P>(x, range), width))
}

fn ones_of_chunk<P: Protocol>(
    p: &mut P,
    mut x: Cow<P::BShare>,
    mut width: usize,
) -> Result<P::BShare> {
    while width > 1 {
        let half = width / 2;
        let range = |from: usize, to: usize| (from..to).collect::<Vec<_>>();
        let both = p.and(&x.pick(&range(0, half)), &x.pick(&range(half, 2 * half)))?;
        x = Cow::Owned(if width.is_multiple_of(2) {
            both
        } else {
            P::BShare::stack(&[&both, &x.pick(&[width - 1])])
        });
        width -= half;
    }
    Ok(x.into_owned())
}
