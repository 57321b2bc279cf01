//! Order, and choice by a secret bit.

use sharewell_ring::Integer;

use crate::chunks::{CHUNK, bit_chunk, bits_in_chunks, chunk, difference, in_chunks};
use crate::{BitShare, Known, Protocol, Result, Share};

/// Whether `x < y`, both in `[-2^(bits-1), 2^(bits-1))`; `bits` may be the ring's: then any two
/// elements of the ring are compared, as signed integers.
///
/// `Bounds` refuses, as step `msb`, numbers that it cannot prove to be in that range: with less
/// than the ring's bits a difference of more than `bits + 1`, with all of them an `x` or `y` that
/// may itself have left the ring. What is exact is compared exactly; of numbers with an error,
/// the answer is that of the numbers as they are.
///
/// Cost: [`Protocol::msb`] of `bits + 1` bits; with all the ring's bits, where the difference
/// can wrap, of three vectors at once, and one AND gate in one round more. Long vectors in
/// chunks, as [`crate::in_chunks`] has it; so for all that is built on it.
///
/// # Errors
/// If a link fails.
pub fn less_than<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    y: &P::AShare,
    bits: u32,
) -> Result<P::BShare> {
    if bits == P::Ring::BITS {
        return bits_in_chunks(p, x.len(), |p, range| {
            less_than_anywhere(p, &chunk::<P>(x, range.clone()), &chunk::<P>(y, range))
        });
    }
    bits_in_chunks(p, x.len(), |p, range| p.msb(&difference::<P>(x, y, range), bits + 1))
}

/// In the whole ring: where the signs differ, that of `x` decides, for the difference may wrap.
fn less_than_anywhere<P: Protocol>(p: &mut P, x: &P::AShare, y: &P::AShare) -> Result<P::BShare> {
    let bits = P::Ring::BITS;
    let mut difference = x.clone();
    difference -= y;
    p.note(&mut difference, Known::Wrapped);
    let n = x.len();
    let signs = p.msb(&P::AShare::concat(&[x, y, &difference]), bits)?;
    let [of_x, mut differ, mut out] = [0, 1, 2].map(|i| signs.take(i * n..(i + 1) * n));
    differ ^= &of_x;
    let mut other = of_x;
    other ^= &out;
    out ^= &p.and(&differ, &other)?;
    Ok(out)
}

/// `c ? x : y`, element-wise, for one plane `c`.
///
/// Cost: [`Protocol::mul_bits`].
///
/// # Errors
/// If a link fails.
pub fn select<P: Protocol>(
    p: &mut P,
    c: &P::BShare,
    x: &P::AShare,
    y: &P::AShare,
) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let c = bit_chunk::<P>(c, range.clone());
        let (x, y) = (chunk::<P>(x, range.clone()), chunk::<P>(y, range));
        Ok([choice(p, &x, &y, |p, gap| p.mul_bits(&c, gap))?])
    })?;
    Ok(out)
}

/// `y + c (x - y)`, where `times` multiplies by `c`, which is 0 or 1.
pub(super) fn choice<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    y: &P::AShare,
    times: impl FnOnce(&mut P, &P::AShare) -> Result<P::AShare>,
) -> Result<P::AShare> {
    let mut gap = x.clone();
    gap -= y;
    p.note(&mut gap, Known::Wrapped);
    let mut out = times(p, &gap)?;
    out += y;
    p.note(&mut out, Known::OneOf(x, y));
    Ok(out)
}

/// The smaller of each pair; ranges as in [`less_than`].
///
/// Cost: [`less_than`] and [`select`].
///
/// # Errors
/// If a link fails.
pub fn min<P: Protocol>(p: &mut P, x: &P::AShare, y: &P::AShare, bits: u32) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let (x, y) = (chunk::<P>(x, range.clone()), chunk::<P>(y, range));
        let smaller = less_than(p, &x, &y, bits)?;
        Ok([select(p, &smaller, &x, &y)?])
    })?;
    Ok(out)
}

/// The larger of each pair; ranges as in [`less_than`].
///
/// Cost: as [`min`].
///
/// # Errors
/// If a link fails.
pub fn max<P: Protocol>(p: &mut P, x: &P::AShare, y: &P::AShare, bits: u32) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let (x, y) = (chunk::<P>(x, range.clone()), chunk::<P>(y, range));
        let smaller = less_than(p, &x, &y, bits)?;
        Ok([select(p, &smaller, &y, &x)?])
    })?;
    Ok(out)
}
