//! What hangs on the sign of a number, and where it lies beside two limits.

use sharewell_ring::{Integer, Ring};

use super::less_than::{choice, less_than};
use crate::chunks::{CHUNK, chunk, in_chunks};
use crate::{Known, Protocol, Result, Share};

/// -1, 0 or 1, given `-2^(bits-1) <= x < 2^(bits-1)`; `bits` may be the ring's.
///
/// The signs of `x` and of `-x` in one comparison. Only `-2^(BITS-1)` is negative both ways.
///
/// Cost: [`Protocol::msb`] of `bits + 1` bits and [`Protocol::b2a`] of two vectors at once; with
/// all the ring's bits one multiplication more.
///
/// # Errors
/// If a link fails.
pub fn sign<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        Ok([sign_of_chunk(p, &chunk::<P>(x, range), bits)?])
    })?;
    Ok(out)
}

fn sign_of_chunk<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::AShare> {
    let whole = bits == P::Ring::BITS;
    let mut opposite = p.public(&vec![P::Ring::ZERO; x.len()]);
    opposite -= x;
    if whole {
        // -2^(BITS-1) is its own opposite.
        p.note(&mut opposite, Known::Wrapped);
    }
    let both = P::AShare::concat(&[x, &opposite]);
    let signs = p.msb(&both, if whole { bits } else { bits + 1 })?;
    let (negative, mut sign) = p.b2a(&signs)?.split(x.len());
    if whole {
        let twice = p.mul(&negative, &sign)?;
        sign -= &twice;
    }
    sign -= &negative;
    p.note_bound(&mut sign, -1, 1);
    Ok(sign)
}

/// The magnitude, given `-2^(bits-1) <= x < 2^(bits-1)`; that of `-2^(BITS-1)` leaves the ring.
///
/// Cost: [`Protocol::msb`] of `bits` bits, [`Protocol::b2a`] and one multiplication.
///
/// # Errors
/// If a link fails.
pub fn abs<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::AShare> {
    let whole = limit(P::Ring::BITS);
    p.require_bound("abs", x, -whole, whole)?;
    let mut out = unless_negative(p, x, bits, -1)?;
    p.note_bound(&mut out, 0, whole.min(limit(bits).saturating_add(1)));
    Ok(out)
}

/// `max(x, 0)`, given `-2^(bits-1) <= x < 2^(bits-1)`; `bits` may be the ring's.
///
/// Cost: as [`abs`].
///
/// # Errors
/// If a link fails.
pub fn relu<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::AShare> {
    let mut out = unless_negative(p, x, bits, 0)?;
    p.note_bound(&mut out, 0, limit(bits));
    Ok(out)
}

/// The nearest number between two limits, secret or public; one of them where they cross.
/// Ranges as in [`less_than`].
///
/// Both limits are held against `x` at once: one round more than [`super::min`].
///
/// Cost: [`less_than`] and [`Protocol::b2a`] of two vectors at once, then two multiplications.
///
/// # Errors
/// If a link fails.
pub fn clamp<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    [lo, hi]: [&P::AShare; 2],
    bits: u32,
) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let [x, lo, hi] = [x, lo, hi].map(|x| chunk::<P>(x, range.clone()));
        let pairs = [P::AShare::concat(&[&x, &hi]), P::AShare::concat(&[&lo, &x])];
        let beyond = less_than(p, &pairs[0], &pairs[1], bits)?;
        let (below, above) = p.b2a(&beyond)?.split(x.len());
        let out = choose(p, &below, &lo, &x)?;
        let mut out = choose(p, &above, &hi, &out)?;
        p.note(&mut out, Known::Between(&lo, &hi));
        Ok([out])
    })?;
    Ok(out)
}

/// `c ? x : y`, element-wise, for `c` in the ring, 0 or 1.
///
/// Cost: one multiplication.
///
/// # Errors
/// If a link fails.
pub fn choose<P: Protocol>(
    p: &mut P,
    c: &P::AShare,
    x: &P::AShare,
    y: &P::AShare,
) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let [c, x, y] = [c, x, y].map(|x| chunk::<P>(x, range.clone()));
        Ok([choice(p, &x, &y, |p, gap| p.mul(&c, gap))?])
    })?;
    Ok(out)
}

/// `x`, or `factor` times it where it is negative.
fn unless_negative<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    bits: u32,
    factor: i128,
) -> Result<P::AShare> {
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let x = chunk::<P>(x, range);
        let negative = p.msb(&x, bits)?;
        let mut by = p.b2a(&negative)?;
        by.scale(&[P::Ring::from_i128(factor - 1)]);
        by += &p.public(&vec![P::Ring::ONE; x.len()]);
        Ok([p.mul(&by, &x)?])
    })?;
    Ok(out)
}

/// The greatest number of so many bits.
fn limit(bits: u32) -> i128 {
    i128::MAX >> (128 - bits)
}
