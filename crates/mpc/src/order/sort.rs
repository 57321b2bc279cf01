//! Stable sorting by secret keys: radix sort, least significant digit first.
//!
//! A pass takes the next digit of every row, in the order so far, to where the row goes by
//! it: the number of rows with smaller digits, and of earlier rows with the same. With the
//! digits as indicators that is one inner product per row. Rows carry the digits that are
//! still to come and the number that they began with; the payload does not travel, but is
//! moved once, by the permutation that a sort gives.
//!
//! | per pass of `L` bits | bits per row | rounds |
//! |---|---|---|
//! | indicators | `96 (2^L - 1)` | 2 |
//! | destination | 96 | 1 |
//! | move, with the row's number and the digits to come | 320 + 4 per bit to come | 2 |

use sharewell_ring::{Planes, Z32};

use super::Places;
use super::permutation::{numbers, place};
use crate::{BitShare, Protocol, Result, Rows, RowsOf, Share, circuit};

/// Bits that rows carry at most; longer keys are fetched part by part.
const CARRIED: usize = 64;

/// What rows are sorted by: bits, the last plane the most significant, zero before one.
#[derive(Clone, Debug)]
pub struct Key<B> {
    /// The planes.
    pub bits: B,
    /// How many.
    pub width: usize,
}

impl<B: BitShare> Key<B> {
    /// Signed numbers, in ascending order: `-2^(bits-1) <= x < 2^(bits-1)`; narrower is
    /// cheaper.
    ///
    /// Cost: [`Protocol::a2b`].
    ///
    /// # Errors
    /// If a link fails; [`crate::Error::Overflow`] if a number could lie outside.
    pub fn signed<P: Protocol<BShare = B>>(p: &mut P, x: &P::AShare, bits: u32) -> Result<Self> {
        let limit = i128::MAX >> (128 - bits);
        p.require_bound("sort", x, -limit - 1, limit)?;
        let (mut planes, width) = (p.a2b(x, bits)?, bits as usize);
        // With the sign flipped, negative numbers come first.
        let mut sign = Planes::zero(x.len(), width);
        let low = sign.planes(0..width - 1).len();
        sign.words_mut()[low..].iter_mut().for_each(|word| word.0 = !0);
        planes ^= &p.public_bits(&sign);
        Ok(Self { bits: planes, width })
    }

    /// Numbers `0 <= x < 2^bits` in ascending order; narrower is cheaper.
    ///
    /// Cost: [`Protocol::a2b`].
    ///
    /// # Errors
    /// As [`Self::signed`].
    pub fn unsigned<P: Protocol<BShare = B>>(p: &mut P, x: &P::AShare, bits: u32) -> Result<Self> {
        let limit = u128::MAX.unbounded_shr(128 - bits).min(i128::MAX as u128);
        p.require_bound("sort", x, 0, limit as i128)?;
        Ok(Self { bits: p.a2b(x, bits)?, width: bits as usize })
    }

    /// The same in descending order; equal rows stay in the order that they have. Local.
    #[must_use]
    pub fn descending<P: Protocol<BShare = B>>(mut self, p: &P) -> Self {
        circuit::not(p, &mut self.bits, self.width);
        self
    }
}

/// Where every row goes when rows are sorted, stably, by the first key, rows with equal ones
/// by the second, and so on.
///
/// `digit` bits are taken at once: [`super::DIGIT`] sends least, wider ones need fewer rounds.
///
/// Cost: the table's, a pass for each `digit` bits, less the last move; a key of more than 64
/// bits, and every key but the last, costs two rounds and one move more for each 64 bits.
///
/// # Errors
/// If a link fails, or [`crate::Error::Cheating`].
///
/// # Panics
/// If `digit` is zero, there is no key, or keys differ in length.
pub fn sort<P: Protocol>(p: &mut P, keys: &[Key<P::BShare>], digit: usize) -> Result<Places<P>> {
    assert!(digit > 0, "digits of no bits");
    let n = keys.first().expect("a key to sort by").bits.len();
    p.verify()?;
    p.with_index(|q| {
        let mut to = None;
        for key in keys.iter().rev().filter(|_| n > 1) {
            assert_eq!(key.bits.len(), n, "keys of different lengths");
            for from in (0..key.width).step_by(CARRIED) {
                let planes: Vec<usize> = (from..key.width.min(from + CARRIED)).collect();
                to = Some(refine(q, to, key.bits.pick(&planes), planes.len(), digit)?);
            }
        }
        Ok(to.unwrap_or_else(|| numbers(q, n)))
    })
}

/// Sorts by `width` more bits what `to` has brought in order.
fn refine<Q: Protocol<Ring = Z32>>(
    q: &mut Q,
    to: Option<Q::AShare>,
    bits: Q::BShare,
    width: usize,
    digit: usize,
) -> Result<Q::AShare> {
    let n = bits.len();
    // Number and remaining bits of the row at each place; at first every row is at its own.
    let mut rows = Rows { ints: vec![numbers(q, n)], bits: vec![bits] };
    let mut moved = to.is_some();
    if let Some(to) = to {
        rows = place(q, to, rows)?;
    }
    let mut left = width;
    loop {
        let taken = digit.min(left);
        let to = {
            let hot = q.one_hot(&pick::<Q>(&rows, 0, taken), taken)?;
            q.destinations(&hot, n)?
        };
        if taken == left {
            return match moved {
                true => inverse_of(q, rows, to),
                false => Ok(to),
            };
        }
        rows.bits = vec![pick::<Q>(&rows, taken, left)];
        rows = place(q, to, rows)?;
        (left, moved) = (left - taken, true);
    }
}

/// The destinations of the last pass, row by row in the original order.
fn inverse_of<Q: Protocol>(q: &mut Q, mut rows: RowsOf<Q>, to: Q::AShare) -> Result<Q::AShare> {
    Ok(place(q, rows.ints.swap_remove(0), Rows::ints(vec![to]))?.ints.swap_remove(0))
}

fn pick<Q: Protocol>(rows: &RowsOf<Q>, from: usize, to: usize) -> Q::BShare {
    rows.bits[0].pick(&(from..to).collect::<Vec<_>>())
}
