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

use sharewell_ring::{Planes, Ring, Z32};

use super::Places;
use super::merge::larger;
use super::permutation::{numbers, place};
use crate::pace::cheapest;
use crate::{Arithmetic, BitShare, Protocol, Result, Rows, RowsOf, Share, circuit};

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

/// How rows are sorted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// Digit by digit, of so many bits: [`super::DIGIT`] sends least, wider ones need fewer
    /// rounds.
    Digits(usize),
    /// By comparing each row with each other one.
    Pairs,
}

/// Digits that are tried where rounds are dear, after [`super::DIGIT`]; above it a bit more
/// doubles what is sent.
const WIDER: std::ops::RangeInclusive<usize> = super::DIGIT + 1..=8;
/// Most rows of which all pairs are compared.
const PAIRS_MAX: usize = 1 << 11;

/// Where every row goes when rows are sorted, stably, by the first key, rows with equal ones
/// by the second, and so on: in the way that [`crate::pace`] finds cheapest.
///
/// Cost: that of [`sort_by`] digits of [`super::DIGIT`] bits, where rounds are worth nothing.
///
/// # Errors
/// As [`sort_by`].
///
/// # Panics
/// As [`sort_by`].
pub fn sort<P: Protocol>(p: &mut P, keys: &[Key<P::BShare>]) -> Result<Places<P>> {
    let n = keys.first().expect("a key to sort by").bits.len();
    let widths: Vec<usize> = keys.iter().map(|key| key.width).collect();
    let pairs = (n <= PAIRS_MAX).then_some(SortBy::Pairs);
    let ways = std::iter::once(super::DIGIT).chain(WIDER).map(SortBy::Digits).chain(pairs);
    let by = cheapest(p, ways, |t, by| {
        let key = |&width: &usize| Key { bits: t.planes(n, width), width };
        let keys: Vec<_> = widths.iter().map(key).collect();
        sort_by(t, &keys, by).map(drop)
    })?;
    sort_by(p, keys, by)
}

/// Where every row goes when rows are sorted in one way.
///
/// Cost: by digits the table's, a pass for each of them, less the last move; a key of more than
/// 64 bits, and every key but the last, costs two rounds and one move more for each 64 bits. By
/// pairs, for keys of `b` bits in all: `(n - 1) / 2` times `9 b + 96` bits per row at most, in
/// `log2(b) + 3` rounds.
///
/// # Errors
/// If a link fails, or [`crate::Error::Cheating`].
///
/// # Panics
/// If digits have no bits, there is no key, or keys differ in length.
pub fn sort_by<P: Protocol>(p: &mut P, keys: &[Key<P::BShare>], by: SortBy) -> Result<Places<P>> {
    let n = keys.first().expect("a key to sort by").bits.len();
    assert!(keys.iter().all(|key| key.bits.len() == n), "keys of different lengths");
    p.verify()?;
    match by {
        SortBy::Pairs => by_pairs(p, keys),
        SortBy::Digits(digit) => p.with_index(|q| by_digits(q, keys, digit)),
    }
}

fn by_digits<Q: Protocol<Ring = Z32>>(
    q: &mut Q,
    keys: &[Key<Q::BShare>],
    digit: usize,
) -> Result<Q::AShare> {
    assert!(digit > 0, "digits of no bits");
    let n = keys[0].bits.len();
    let mut to = None;
    for key in keys.iter().rev().filter(|_| n > 1) {
        for from in (0..key.width).step_by(CARRIED) {
            let planes: Vec<usize> = (from..key.width.min(from + CARRIED)).collect();
            to = Some(refine(q, to, key.bits.pick(&planes), planes.len(), digit)?);
        }
    }
    Ok(to.unwrap_or_else(|| numbers(q, n)))
}

/// A row goes behind as many places as it has rows after it that are smaller, and before as
/// many as it has rows before it that are larger.
fn by_pairs<P: Protocol>(p: &mut P, keys: &[Key<P::BShare>]) -> Result<Places<P>> {
    let (n, width) = (keys[0].bits.len(), keys.iter().map(|key| key.width).sum());
    if width == 0 || n < 2 {
        return p.with_index(|q| Ok(numbers(q, n)));
    }
    let key = P::BShare::stack(&keys.iter().rev().map(|key| &key.bits).collect::<Vec<_>>());
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let (earlier, later): (Vec<_>, Vec<_>) = pairs.unzip();
    let swapped = larger(p, &key.gather(&earlier), &key.gather(&later), width)?;
    p.with_index(|q| {
        let swapped = q.b2a(&swapped)?;
        let nothing = q.public(&[Z32::ZERO]);
        let swapped = Places::<P>::concat(&[&swapped, &nothing]);
        let pair = |i: usize, j: usize| match i < j {
            true => i * (2 * n - i - 1) / 2 + j - i - 1,
            false => earlier.len(),
        };
        let each = |index: &dyn Fn(usize, usize) -> usize| {
            let all = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
            swapped.gather(&all.map(|(i, j)| index(i, j)).collect::<Vec<_>>()).sum(n)
        };
        let mut to = numbers(q, n);
        to += &each(&|i, j| pair(i, j));
        to -= &each(&|i, j| pair(j, i));
        q.note_bound(&mut to, 0, n as i128 - 1);
        Ok(to)
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
