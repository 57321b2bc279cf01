//! Truncation that rounds down, exactly.

use super::{carry, not};
use crate::{Protocol, Result, Split};

/// `floor(x / 2^by)`; requires `|x| < 2^(BITS-2)`.
///
/// [`Protocol::trunc`] gives `floor + 1 - c` with `c` the carry of the summands' low bits;
/// the carry is computed by [`carry`] and put back.
///
/// Cost: [`Protocol::trunc`], [`Protocol::summands`] of `by` bits, a carry tree,
/// [`Protocol::b2a`].
///
/// # Errors
/// If a link fails.
pub fn trunc_exact<P: Protocol>(p: &mut P, x: &P::AShare, by: u32) -> Result<P::AShare> {
    if by == 0 {
        return Ok(x.clone());
    }
    let mut out = p.trunc(x, by)?;
    let (u, v) = p.summands(x, by, Split::Sum)?;
    let mut no_carry = carry(p, &u, &v, by as usize)?;
    not(p, &mut no_carry, 1);
    let up = p.b2a(&no_carry)?;
    out -= &up;
    Ok(out)
}
