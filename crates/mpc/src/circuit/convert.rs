//! From the ring to bits, by the protocol's own summands.

use sharewell_ring::Integer;

use super::{all_ones, carry_of_blocks, not, sum_of_blocks};
use crate::chunks::{bits_in_chunks, chunk};
use crate::pace::cheapest;
use crate::{BitShare, Carries, Protocol, Result, Share, Test};

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
/// bits in all for 64 in 6 rounds, 176 for 32 in 5. Where rounds are dear,
/// [`Protocol::test_quickly`]: 1529 and 761 bits in 3 rounds.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `bits` is zero or the ring has fewer.
pub fn msb<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::BShare> {
    assert!((1..=P::Ring::BITS).contains(&bits), "{bits} bits of {}", P::Ring::BITS);
    bits_in_chunks(p, x.len(), |p, range| test(p, &chunk::<P>(x, range), bits, Test::Negative))
}

/// A test, by gates or in few rounds, whichever is cheaper.
pub(super) fn test<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    bits: u32,
    test: Test,
) -> Result<P::BShare> {
    let quickly = cheapest(p, [false, true], |t, quickly| {
        let x = t.vector(x.len());
        if quickly { t.test_quickly(&x, bits, test) } else { test_by_gates(t, &x, bits, test) }
            .map(drop)
    })?;
    if quickly { p.test_quickly(x, bits, test) } else { test_by_gates(p, x, bits, test) }
}

/// A test in few bytes.
///
/// Cost: as [`msb`] and [`super::is_zero`] have it.
///
/// # Errors
/// If a link fails.
pub fn test_by_gates<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    bits: u32,
    test: Test,
) -> Result<P::BShare> {
    if test == Test::Zero {
        let mut equal = p.difference_bits(x, bits)?;
        not(p, &mut equal, bits as usize);
        return all_ones(p, &equal, bits as usize);
    }
    let lookahead = p.lookahead(x, 0..bits, Carries::Top)?;
    let mut sign = lookahead.sums.clone();
    if bits > 1 {
        sign ^= &carry_of_blocks(p, &lookahead)?;
    }
    Ok(sign)
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
