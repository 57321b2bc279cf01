//! Prefix operations on bit planes.

use crate::chunks::{bit_chunk, bits_in_chunks};
use crate::{BitShare, Protocol, Result};

/// Plane `i` of the result is the OR of the planes `i..width`: where the leading one of a
/// number is, everything below it becomes one.
///
/// Cost: `(width / 2) log2(width)` AND gates in `log2(width)` rounds. Source: Sklansky 1960.
///
/// # Errors
/// If a link fails.
pub fn suffix_or<P: Protocol>(p: &mut P, x: &P::BShare, width: usize) -> Result<P::BShare> {
    bits_in_chunks(p, x.len(), |p, range| of_chunk(p, &bit_chunk::<P>(x, range), width))
}

fn of_chunk<P: Protocol>(p: &mut P, x: &P::BShare, width: usize) -> Result<P::BShare> {
    let mut or: Vec<P::BShare> = (0..width).map(|i| x.pick(&[i])).collect();
    let mut span = 1;
    while span < width {
        // Blocks of `2 span` counted from the top; the lower half takes the upper one's OR.
        let lower: Vec<usize> = (0..width).filter(|i| (width - 1 - i) & span != 0).collect();
        let above = |i: usize| width - (width - 1 - i) / span * span;
        let left: Vec<&P::BShare> = lower.iter().map(|&i| &or[i]).collect();
        let right: Vec<&P::BShare> = lower.iter().map(|&i| &or[above(i)]).collect();
        let (left, right) = (P::BShare::stack(&left), P::BShare::stack(&right));
        // a or b = a + b + ab
        let mut both = p.and(&left, &right)?;
        both ^= &right;
        for (at, &i) in lower.iter().enumerate() {
            or[i] ^= &both.pick(&[at]);
        }
        span *= 2;
    }
    Ok(P::BShare::stack(&or.iter().collect::<Vec<_>>()))
}
