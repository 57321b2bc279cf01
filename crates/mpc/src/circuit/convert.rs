//! From the ring to bits, by the protocol's own summands.

use sharewell_ring::Integer;

use super::{carry_of_blocks, sum_of_blocks};
use crate::chunks::{bits_in_chunks, chunk};
use crate::{BitShare, Carries, Protocol, Result, Share};

/// The low `bits` bits of `x`, least significant plane first.
///
/// Cost: [`Protocol::lookahead`] for all carries, then [`sum_of_blocks`]: with two summands in
/// `Rep3` 761 bits in all for 64, in 7 rounds.
/// Source: ABY3 (eprint 2018/403) 5.3 with two summands instead of three.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the ring has fewer bits.
pub fn a2b<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::BShare> {
    high_bits(p, x, bits, 0)
}

/// The planes `drop..bits` of `x`, or of `x - 2^drop`: what the lower bits carry over is left
/// out, for callers to whom one unit of the lowest plane kept does not matter.
///
/// Cost: as [`a2b`] of the planes kept only.
/// Source: as [`a2b`].
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the ring has fewer than `bits` bits or none is kept.
pub fn high_bits<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32, drop: u32) -> Result<P::BShare> {
    assert!(drop < bits && bits <= P::Ring::BITS, "bits {drop}..{bits} of {}", P::Ring::BITS);
    bits_in_chunks(p, x.len(), |p, range| {
        let lookahead = p.lookahead(&chunk::<P>(x, range), drop..bits, Carries::All)?;
        sum_of_blocks(p, lookahead)
    })
}

/// The sign bit of `x`, given `-2^(bits-1) <= x < 2^(bits-1)`: 1 for negative.
///
/// Cost: [`Protocol::lookahead`], then [`carry_of_blocks`]: with two summands in `Rep3` 373
/// bits in all for 64 in 6 rounds, 176 for 32 in 5.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `bits` is zero or the ring has fewer.
pub fn msb<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::BShare> {
    assert!((1..=P::Ring::BITS).contains(&bits), "{bits} bits of {}", P::Ring::BITS);
    bits_in_chunks(p, x.len(), |p, range| {
        let lookahead = p.lookahead(&chunk::<P>(x, range), 0..bits, Carries::Top)?;
        let mut sign = lookahead.sums.clone();
        if bits > 1 {
            sign ^= &carry_of_blocks(p, &lookahead)?;
        }
        Ok(sign)
    })
}

/// [`Protocol::b2a_dot`] by converting every bit.
///
/// Cost: [`Protocol::b2a`].
///
/// # Errors
/// If a link fails.
pub fn b2a_dot<P: Protocol>(
    p: &mut P,
    x: &P::BShare,
    weights: &[Vec<P::Ring>],
) -> Result<P::AShare> {
    let n = x.len();
    let bits = p.b2a(x)?;
    let rows = weights.iter().map(|row| {
        let by_secret: Vec<usize> =
            (0..n).flat_map(|i| (0..row.len()).map(move |plane| plane * n + i)).collect();
        let mut bits = bits.gather(&by_secret);
        bits.scale(&row.repeat(n));
        bits.sum(n)
    });
    Ok(P::AShare::concat(&rows.collect::<Vec<_>>().iter().collect::<Vec<_>>()))
}
