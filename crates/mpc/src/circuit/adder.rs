//! Adding two bit-sliced numbers: carry-lookahead trees over generate and propagate bits.
//!
//! | bits | 8 | 16 | 32 | 48 | 64 | 128 |
//! |---|---|---|---|---|---|---|
//! | carry out of the low `bits - 1` (sign): AND / depth | 17/3 | 40/4 | 87/5 | 135/6 | 182/6 | 373/7 |
//! | whole sum (Sklansky): AND / depth | 19/4 | 57/5 | 151/6 | 247/7 | 373/7 | 883/8 |

use crate::{BitShare, Protocol, Result};

/// The carry out of `u + v`, numbers of at least one plane; one plane.
///
/// Blocks of bits are combined in pairs, level by level. A block's *propagate* bit is known a
/// round before its *generate* bit, so each round makes the generate bits of one level and the
/// propagate bits of the next; the carry of all the blocks taken from the lower end so far, where
/// an odd one was left over, goes along and meets the next such block without waiting.
///
/// Cost: the tree of the table, one round per level. Source: Brent and Kung 1982; propagate
/// bits into which nothing comes are never computed.
///
/// # Errors
/// If a link fails.
pub fn carry<P: Protocol>(
    p: &mut P,
    u: &P::BShare,
    v: &P::BShare,
    width: usize,
) -> Result<P::BShare> {
    let mut propagate = u.clone();
    propagate ^= v;
    let mut propagate = propagate.pick(&range(1, width));
    let mut due = (u.clone(), v.clone());
    let mut onto: Option<P::BShare> = None;
    let mut from_below: Option<P::BShare> = None;
    let mut count = width;
    loop {
        let odd = count % 2;
        let low: Vec<usize> = (0..count / 2).map(|t| odd + 2 * t).collect();
        let high: Vec<usize> = low.iter().map(|l| l + 1).collect();
        // Nothing comes into block 0 from below it: its propagate bit is not there.
        let missing = usize::from(from_below.is_none());
        let of = |blocks: &[usize]| {
            propagate.pick(&blocks.iter().map(|b| b - missing).collect::<Vec<_>>())
        };
        let inner = if odd == 0 { missing } else { 0 };
        let mut left = vec![due.0, of(&high[inner..])];
        let mut right = vec![due.1, of(&low[inner..])];
        if let Some(carry) = from_below.as_ref().filter(|_| odd == 1) {
            left.push(of(&[0]));
            right.push(carry.clone());
        }
        let products = p.and(&stack::<P>(&left), &stack::<P>(&right))?;
        let mut generate = products.pick(&range(0, count));
        if let Some(onto) = onto {
            generate ^= &onto;
        }
        let pairs = low.len() - inner;
        if odd == 1 {
            let mut carry = generate.pick(&[0]);
            if from_below.is_some() {
                carry ^= &products.pick(&[count + pairs]);
            }
            if count == 1 {
                return Ok(carry);
            }
            from_below = Some(carry);
        }
        due = (of(&high), generate.pick(&low));
        onto = Some(generate.pick(&high));
        propagate = products.pick(&range(count, count + pairs));
        count /= 2;
    }
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

fn stack<P: Protocol>(parts: &[P::BShare]) -> P::BShare {
    P::BShare::stack(&parts.iter().collect::<Vec<_>>())
}

fn range(from: usize, to: usize) -> Vec<usize> {
    (from..to).collect()
}
