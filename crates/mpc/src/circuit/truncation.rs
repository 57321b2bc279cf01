//! Truncation that rounds down, exactly.

use super::{carry_of_blocks, not};
use crate::chunks::{CHUNK, chunk, in_chunks};
use crate::{Carries, Protocol, Result, Share};

/// `floor(x / 2^by)`; requires `|x| < 2^(BITS-2)`.
///
/// [`Protocol::trunc`] gives `floor + 1 - c` with `c` the carry of the summands' low bits;
/// the carry is computed by [`carry_of_blocks`] and put back.
///
/// Cost: [`Protocol::trunc`], [`Protocol::lookahead`] of `by + 1` bits, a carry tree,
/// [`Protocol::b2a`].
///
/// # Errors
/// If a link fails.
pub fn trunc_exact<P: Protocol>(p: &mut P, x: &P::AShare, by: u32) -> Result<P::AShare> {
    if by == 0 {
        return Ok(x.clone());
    }
    // Both cut each element into the same summands, so they must see the same vector.
    let [out] = in_chunks(p, x.len(), CHUNK, |p, range| {
        let x = chunk::<P>(x, range);
        let mut out = p.trunc(&x, by)?;
        let lookahead = p.lookahead(&x, 0..by + 1, Carries::Top)?;
        let mut no_carry = carry_of_blocks(p, &lookahead)?;
        not(p, &mut no_carry, 1);
        out -= &p.b2a(&no_carry)?;
        Ok([out])
    })?;
    Ok(out)
}
