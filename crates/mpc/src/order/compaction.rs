//! Bringing some rows to the front.

use sharewell_ring::Z32;

use super::Places;
use crate::{BitShare, Protocol, Result, Share, circuit};

/// Where every row goes when the rows with a flag, one plane, come first, all rows in their
/// order; and how many have one, in one element.
///
/// Cost: one pass of a sort of one bit without its move: 192 bits per row, three rounds.
///
/// # Errors
/// If a link fails.
pub fn compaction<P: Protocol>(p: &mut P, flags: &P::BShare) -> Result<(Places<P>, Places<P>)> {
    p.with_index(|q| to_front(q, flags))
}

pub(super) fn to_front<Q: Protocol<Ring = Z32>>(
    q: &mut Q,
    flags: &Q::BShare,
) -> Result<(Q::AShare, Q::AShare)> {
    let n = flags.len();
    let mut behind = flags.clone();
    circuit::not(q, &mut behind, 1);
    let hot = q.one_hot(&behind, 1)?;
    let count = hot.clone().split(n).0.sum(1);
    Ok((q.destinations(&hot, n)?, count))
}
