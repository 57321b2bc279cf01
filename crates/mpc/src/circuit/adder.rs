//! Adding two bit-sliced numbers: carry-lookahead trees over generate and propagate bits.
//!
//! | bits | 8 | 16 | 32 | 48 | 64 | 128 |
//! |---|---|---|---|---|---|---|
//! | carry out of the low `bits - 1` (sign): AND / depth | 17/3 | 40/4 | 87/5 | 135/6 | 182/6 | 373/7 |
//! | whole sum (Sklansky): AND / depth | 19/4 | 57/5 | 151/6 | 247/7 | 373/7 | 883/8 |

use crate::{BitShare, Protocol, Result};

/// The carry out of `u + v`, numbers of `width` planes each; one plane.
///
/// Cost: the tree of the table, one round per level. Source: Brent and Kung 1982; the
/// propagate bits of the least significant spine are never needed and never computed.
///
/// # Errors
/// If a link fails.
pub fn carry<P: Protocol>(
    p: &mut P,
    u: &P::BShare,
    v: &P::BShare,
    width: usize,
) -> Result<P::BShare> {
    let mut generate = p.and(u, v)?;
    let mut propagate = u.clone();
    propagate ^= v;
    // Invariant: `generate` has planes 0..count; `propagate` has the planes 1..count of the
    // level, stored from 0, since nothing propagates into plane 0.
    propagate = propagate.pick(&range(1, width));
    let mut count = width;
    while count > 1 {
        let odd = count % 2;
        let low: Vec<usize> = (0..count / 2).map(|t| odd + 2 * t).collect();
        let high: Vec<usize> = low.iter().map(|l| l + 1).collect();
        let spine = usize::from(odd == 0);
        let below = |planes: &[usize]| planes.iter().map(|p| p - 1).collect::<Vec<_>>();
        let propagate_high = propagate.pick(&below(&high));
        let propagate_low = propagate.pick(&below(&low[spine..]));
        let left = [&propagate_high, &propagate_high.pick(&range(spine, low.len()))];
        let right = [&generate.pick(&low), &propagate_low];
        let both = p.and(&P::BShare::stack(&left), &P::BShare::stack(&right))?;
        let mut next = generate.pick(&high);
        next ^= &both.pick(&range(0, low.len()));
        propagate = both.pick(&range(low.len(), 2 * low.len() - spine));
        generate = if odd == 1 { P::BShare::stack(&[&generate.pick(&[0]), &next]) } else { next };
        count = count / 2 + odd;
    }
    Ok(generate)
}

/// `u + v` modulo `2^width`.
///
/// Cost: the table's Sklansky adder, one round per level. Source: Sklansky 1960.
///
/// # Errors
/// If a link fails.
pub fn sum<P: Protocol>(
    p: &mut P,
    u: &P::BShare,
    v: &P::BShare,
    width: usize,
) -> Result<P::BShare> {
    let mut total = u.clone();
    total ^= v;
    if width < 2 {
        return Ok(total);
    }
    let carries = width - 1;
    let low = range(0, carries);
    let generate = p.and(&u.pick(&low), &v.pick(&low))?;
    let mut g: Vec<P::BShare> = low.iter().map(|&i| generate.pick(&[i])).collect();
    let mut t: Vec<P::BShare> = low.iter().map(|&i| total.pick(&[i])).collect();
    let mut span = 1;
    while span < carries {
        let upper: Vec<usize> = (0..carries).filter(|i| i & span != 0).collect();
        let below = |i: usize| i / span * span - 1;
        // A block that starts at bit 0 has nothing to propagate from.
        let inner: Vec<usize> = upper.iter().copied().filter(|i| i / (2 * span) > 0).collect();
        let left: Vec<&P::BShare> = upper.iter().chain(&inner).map(|&i| &t[i]).collect();
        let right: Vec<&P::BShare> = upper
            .iter()
            .map(|&i| &g[below(i)])
            .chain(inner.iter().map(|&i| &t[below(i)]))
            .collect();
        let both = p.and(&P::BShare::stack(&left), &P::BShare::stack(&right))?;
        for (at, &i) in upper.iter().enumerate() {
            g[i] ^= &both.pick(&[at]);
        }
        for (at, &i) in inner.iter().enumerate() {
            t[i] = both.pick(&[upper.len() + at]);
        }
        span *= 2;
    }
    let zero = {
        let mut zero = g[0].clone();
        zero ^= &g[0];
        zero
    };
    let carried: Vec<&P::BShare> = std::iter::once(&zero).chain(&g).collect();
    total ^= &P::BShare::stack(&carried);
    Ok(total)
}

fn range(from: usize, to: usize) -> Vec<usize> {
    (from..to).collect()
}
