//! Whether single organisations have too large a part of a sum.
//!
//! The (n, k) rule: the n largest have at most k % of it. The p % rule: what is left without the two
//! largest is at least p % of the largest, so that the second largest cannot tell the largest one's
//! part more exactly than that. Hundepool et al., Statistical Disclosure Control, 2012, section 4.2.

use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Ring;

use super::times;
use crate::value::bits_of;

/// What organisations have of sums.
#[derive(Debug)]
pub struct Parts<S> {
    /// Of each organisation its part of every sum.
    pub of: Vec<S>,
    /// Least and greatest part. Of a negative one its magnitude counts.
    pub range: (i128, i128),
}

/// 1 where no organisation's part is too large: by the (n, k) rule, `(n, percent)`, and by the p %
/// rule. Where the sum is zero, none is.
///
/// Cost: so many comparisons one after the other as there are pairs of one of the n largest and
/// another organisation, and one for both rules.
///
/// # Errors
/// If a link fails; under an interpreter of bounds, what does not fit the ring.
pub fn balanced<P: Protocol>(
    p: &mut P,
    parts: Parts<P::AShare>,
    largest: Option<(usize, u8)>,
    p_percent: Option<u8>,
) -> Result<P::AShare> {
    let Parts { of: mut parts, range: (lo, hi) } = parts;
    let n = parts.len();
    let most = lo.abs().max(hi.abs());
    if lo < 0 {
        let all = P::AShare::concat(&parts.iter().collect::<Vec<_>>());
        let negative = p.msb(&all, bits_of(-most, most) + 1)?;
        let below = p.mul_bits(&negative, &all)?;
        let mut all = all;
        all -= &times::<P>(&below, 2);
        p.note_bound(&mut all, 0, most);
        let len = all.len() / n;
        parts = (0..n).map(|i| all.take(i * len..(i + 1) * len)).collect();
    }
    let mut total = parts[0].clone();
    parts[1..].iter().for_each(|part| total += part);
    let sorted = largest.map_or(0, |(top, _)| top).max(if p_percent.is_some() { 2 } else { 0 });
    for first in 0..sorted.min(n) {
        for other in first + 1..n {
            exchange(p, &mut parts, (first, other), most)?;
        }
    }
    let mut margins = vec![];
    if let Some((top, percent)) = largest {
        let mut margin = times::<P>(&total, percent.into());
        parts[..top.min(n)].iter().for_each(|part| margin -= &times::<P>(part, 100));
        margins.push(margin);
    }
    if let Some(percent) = p_percent {
        let mut rest = total;
        parts[..2.min(n)].iter().for_each(|part| rest -= part);
        let mut margin = times::<P>(&rest, 100);
        margin -= &times::<P>(&parts[0], percent.into());
        margins.push(margin);
    }
    let cells = parts[0].len();
    let reach = most.saturating_mul(100).saturating_mul(n as i128);
    let margins = P::AShare::concat(&margins.iter().collect::<Vec<_>>());
    let short = p.msb(&margins, bits_of(-reach, reach) + 1)?;
    let mut fine = p.public(&vec![P::Ring::ONE; margins.len()]);
    fine -= &p.b2a(&short)?;
    if fine.len() == cells {
        return Ok(fine);
    }
    let (left, right) = fine.split(cells);
    p.mul(&left, &right)
}

/// The greater one first.
fn exchange<P: Protocol>(
    p: &mut P,
    parts: &mut [P::AShare],
    (first, other): (usize, usize),
    most: i128,
) -> Result<()> {
    let mut gap = parts[first].clone();
    gap -= &parts[other];
    let less = p.msb(&gap, bits_of(-most, most) + 1)?;
    let moved = p.mul_bits(&less, &gap)?;
    parts[first] -= &moved;
    parts[other] += &moved;
    p.note_bound(&mut parts[first], 0, most);
    p.note_bound(&mut parts[other], 0, most);
    Ok(())
}
