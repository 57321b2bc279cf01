//! Order, and choice by a secret bit.

use crate::{Protocol, Result};

/// Whether `x < y`, both in `[-2^(bits-1), 2^(bits-1))`; `bits` is below the ring's width,
/// so that the difference cannot wrap.
///
/// Cost: [`Protocol::msb`] of `bits + 1` bits.
///
/// # Errors
/// If a link fails.
pub fn less_than<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    y: &P::AShare,
    bits: u32,
) -> Result<P::BShare> {
    let mut difference = x.clone();
    difference -= y;
    p.msb(&difference, bits + 1)
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
    let mut gap = x.clone();
    gap -= y;
    let mut out = p.mul_bits(c, &gap)?;
    out += y;
    p.note_choice(&mut out, x, y);
    Ok(out)
}

/// The smaller of each pair; ranges as in [`less_than`].
///
/// Cost: [`less_than`] and [`select`].
///
/// # Errors
/// If a link fails.
pub fn min<P: Protocol>(p: &mut P, x: &P::AShare, y: &P::AShare, bits: u32) -> Result<P::AShare> {
    let smaller = less_than(p, x, y, bits)?;
    select(p, &smaller, x, y)
}

/// The larger of each pair; ranges as in [`less_than`].
///
/// Cost: as [`min`].
///
/// # Errors
/// If a link fails.
pub fn max<P: Protocol>(p: &mut P, x: &P::AShare, y: &P::AShare, bits: u32) -> Result<P::AShare> {
    let smaller = less_than(p, x, y, bits)?;
    select(p, &smaller, y, x)
}
