//! Uniform integers below a public bound.

use sharewell_ring::{Integer, Planes};

use super::rejection::{candidates, chosen};
use super::{CHUNK, assert_distance, powers, require_room};
use crate::circuit::{Below, less_than_public};
use crate::{BitShare, Protocol, Result, in_chunks};

/// Independent uniform integers in `[0, bound)`.
///
/// Candidates of as many bits as `bound - 1` has are accepted if they lie below `bound`, which
/// at least half of them do.
///
/// Distribution: exactly uniform but for an event of probability `2^-distance_bits` for each
/// chunk, in which missing numbers are zeros.
/// Opened: which candidates are accepted.
/// Cost for `b` bits: [`less_than_public`] per candidate (below `2 b` AND gates, `log2(b)` rounds), an opening,
/// [`Protocol::b2a_dot`] of `b` bits per number. For 60 bits of distance there are 61 candidates
/// for one number at the worst and `2.1 n` for a thousand; exactly one each and neither gates
/// nor opening where `bound` is a power of two.
/// Source: rejection sampling.
///
/// # Errors
/// If a link fails; [`crate::Error::Overflow`] if the ring does not hold `bound - 1`.
///
/// # Panics
/// If `bound` is zero or the distance out of range.
pub fn uniform<P: Protocol>(
    p: &mut P,
    bound: u128,
    len: usize,
    distance_bits: u32,
) -> Result<P::AShare> {
    assert!(bound > 0, "no number is below zero");
    assert_distance(distance_bits);
    let bits = 128 - (bound - 1).leading_zeros();
    require_room::<P::Ring>("uniform", bits + 1)?;
    if bits == 0 || len == 0 {
        return Ok(p.public(&vec![P::Ring::from_u128(0); len]));
    }
    let [out] = in_chunks(p, len, CHUNK, |p, range| {
        let numbers = if bound.is_power_of_two() {
            p.random_bits(range.len(), bits as usize)?
        } else {
            accepted(p, bound, bits, range.len(), distance_bits)?
        };
        let mut out = p.b2a_dot(&numbers, &[powers(1, bits)])?;
        p.note_bound(&mut out, 0, (bound - 1) as i128);
        Ok([out])
    })?;
    Ok(out)
}

/// Bits of `len` accepted candidates.
fn accepted<P: Protocol>(
    p: &mut P,
    bound: u128,
    bits: u32,
    len: usize,
    distance_bits: u32,
) -> Result<P::BShare> {
    // Rounded alike everywhere.
    let acceptance = bound as f64 / (1u128 << (bits - 1)) as f64 / 2.0;
    let count = candidates(len, acceptance, distance_bits);
    let numbers = p.random_bits(count, bits as usize)?;
    let question = Below { low: 0, width: bits as usize, limit: bound };
    let is_below = less_than_public(p, &numbers, &[question])?;
    let (index, accepted) = chosen(&p.reveal_bits(&is_below)?, len);
    let mut numbers = numbers.gather(&index);
    if accepted < len {
        let present: Vec<P::Ring> =
            (0..len).map(|i| P::Ring::from_u128(u128::from(i < accepted))).collect();
        numbers.mask(&Planes::slice_values(&present, 1));
    }
    Ok(numbers)
}
