//! From the ring to bits, by the protocol's own summands.

use sharewell_ring::Integer;

use super::{carry, sum};
use crate::{BitShare, Protocol, Result, Share, Split};

/// The low `bits` bits of `x`, least significant plane first.
///
/// Cost: [`Protocol::summands`], then the whole sum of [`super::sum`].
/// Source: ABY3 (eprint 2018/403) 5.3 with two summands instead of three.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the ring has fewer bits.
pub fn a2b<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::BShare> {
    assert!(bits <= P::Ring::BITS, "{bits} bits of {}", P::Ring::BITS);
    let (u, v) = p.summands(x, bits, Split::Sum)?;
    sum(p, &u, &v, bits as usize)
}

/// The planes `drop..bits` of `x`, or of `x - 2^drop`: what the lower bits carry over is left
/// out, for callers to whom one unit of the lowest plane kept does not matter.
///
/// Cost: [`Protocol::summands`], then the sum of the planes kept only.
/// Source: as [`a2b`].
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the ring has fewer than `bits` bits or none is kept.
pub fn high_bits<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32, drop: u32) -> Result<P::BShare> {
    assert!(drop < bits && bits <= P::Ring::BITS, "bits {drop}..{bits} of {}", P::Ring::BITS);
    let (u, v) = p.summands(x, bits, Split::Sum)?;
    let kept: Vec<usize> = (drop as usize..bits as usize).collect();
    sum(p, &u.pick(&kept), &v.pick(&kept), kept.len())
}

/// The sign bit of `x`, given `-2^(bits-1) <= x < 2^(bits-1)`: 1 for negative.
///
/// Cost: [`Protocol::summands`], then the carry tree of `bits - 1`: with two summands in
/// `Rep3` `bits + 3 AND(bits)` bits in all: 610 for 64 in 7 rounds, 293 for 32 in 6.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If `bits` is zero or the ring has fewer.
pub fn msb<P: Protocol>(p: &mut P, x: &P::AShare, bits: u32) -> Result<P::BShare> {
    assert!((1..=P::Ring::BITS).contains(&bits), "{bits} bits of {}", P::Ring::BITS);
    let (u, v) = p.summands(x, bits, Split::Sum)?;
    let top = bits as usize - 1;
    let mut sign = u.pick(&[top]);
    sign ^= &v.pick(&[top]);
    if top > 0 {
        let low: Vec<usize> = (0..top).collect();
        sign ^= &carry(p, &u.pick(&low), &v.pick(&low), top)?;
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
