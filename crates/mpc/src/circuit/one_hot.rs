//! Numbers as indicators of their values.

use sharewell_ring::Ring;

use crate::{Arithmetic, BitShare, Protocol, Result, Share};

/// Element `j * n + i` is one where number `i` of `n` is `j`, and zero elsewhere.
///
/// Bit by bit: with each further bit an indicator splits into two, one the product of both
/// and the other the rest.
///
/// Cost: `2^width - width - 1` AND gates in `width - 1` rounds, then [`Protocol::b2a`] of
/// `2^width - 1` planes.
///
/// # Errors
/// If a link fails.
pub fn one_hot<P: Protocol>(p: &mut P, x: &P::BShare, width: usize) -> Result<P::AShare> {
    // The indicators of one and up; that of zero is what they leave.
    let mut hot: Vec<P::BShare> = vec![];
    for bit in 0..width {
        let bit = x.pick(&[bit]);
        if hot.is_empty() {
            hot.push(bit);
            continue;
        }
        let copies = P::BShare::stack(&vec![&bit; hot.len()]);
        let both = p.and(&stack::<P>(&hot), &copies)?;
        let mut alone = bit;
        let mut high = vec![];
        for (at, low) in hot.iter_mut().enumerate() {
            let both = both.pick(&[at]);
            *low ^= &both;
            alone ^= &both;
            high.push(both);
        }
        hot.push(alone);
        hot.extend(high);
    }
    let others = p.b2a(&stack::<P>(&hot))?;
    let mut zero = p.public(&vec![<P as Arithmetic>::Ring::ONE; x.len()]);
    let mut rest = others.clone();
    for _ in &hot {
        let (block, after) = rest.split(x.len());
        zero -= &block;
        rest = after;
    }
    p.note_bound(&mut zero, 0, 1);
    Ok(P::AShare::concat(&[&zero, &others]))
}

/// Where a stable sort by one digit moves each of `n` rows, given their indicators: as many
/// rows precede it as have smaller digits, or the same and come earlier.
///
/// Cost: [`Arithmetic::mul_sum`] with `n` results.
///
/// # Errors
/// If a link fails.
pub fn destinations<P: Protocol>(p: &mut P, hot: &P::AShare, n: usize) -> Result<P::AShare> {
    // Up to and with row `i` of digit `j`: all rows of smaller digits, and those of `j`.
    let mut upto = hot.clone();
    upto.prefix_sum();
    p.note_bound(&mut upto, 0, n as i128);
    let mut to = p.mul_sum(hot, &upto, hot.len().checked_div(n).unwrap_or(1))?;
    to -= &p.public(&vec![<P as Arithmetic>::Ring::ONE; n]);
    p.note_bound(&mut to, 0, n as i128 - 1);
    Ok(to)
}

fn stack<P: Protocol>(parts: &[P::BShare]) -> P::BShare {
    P::BShare::stack(&parts.iter().collect::<Vec<_>>())
}
