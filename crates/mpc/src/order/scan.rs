//! Sums and values that run through segments of rows.
//!
//! A segment begins at each row with a flag. Instead of a tree of products over the rows,
//! whose depth grows with their number, the first rows are brought together, differences of
//! neighbours are taken back to where the rows were, and a prefix sum, which is local, spreads
//! them: a constant number of rounds.

use sharewell_ring::{Integer, Ring};

use super::compaction::to_front;
use super::permutation::{gathered, inverted, opened};
use crate::{Arithmetic, BitShare, Known, Protocol, Result, Rows, Share, Way};

/// Each row's value becomes that of its segment's first row, in every column; zero before
/// the first segment. `starts` is one plane.
///
/// Cost, for columns of `k` bits: `384 + 3 k` bits per row and `11 k` per column; 12 rounds.
/// Source: after the group-by of Asharov et al. 2022 (eprint 2022/1595).
///
/// # Errors
/// If a link fails, or [`crate::Error::Cheating`].
pub fn propagate<P: Protocol>(
    p: &mut P,
    starts: &P::BShare,
    columns: Vec<P::AShare>,
) -> Result<Vec<P::AShare>> {
    spread(p, starts, columns, |_, first| first)
}

/// The sum within its segment of each row and those before it, in every column.
///
/// Cost: as [`propagate`].
///
/// # Errors
/// As [`propagate`].
pub fn segmented_sum<P: Protocol>(
    p: &mut P,
    starts: &P::BShare,
    columns: &[&P::AShare],
) -> Result<Vec<P::AShare>> {
    let mut sums: Vec<P::AShare> = columns.iter().map(|x| (*x).clone()).collect();
    sums.iter_mut().for_each(Share::prefix_sum);
    let before = |(sum, x): (&P::AShare, &&P::AShare)| {
        let mut before = sum.clone();
        before -= *x;
        before
    };
    let before = sums.iter().zip(columns).map(before).collect();
    let before = propagate(p, starts, before)?;
    let zero = p.public(&vec![<P as Arithmetic>::Ring::ZERO; starts.len()]);
    for ((sum, before), x) in sums.iter_mut().zip(&before).zip(columns) {
        *sum -= before;
        // A sum over some of the rows: over all, with nothing in place of the others.
        let mut some = (*x).clone();
        p.note(&mut some, Known::OneOf(x, &zero));
        some.prefix_sum();
        p.note(sum, Known::OneOf(&some, &some));
    }
    Ok(sums)
}

/// [`propagate`], with `change` made to the columns while the first rows of segments are in
/// front, in their order, and all others behind them.
pub(super) fn spread<P: Protocol>(
    p: &mut P,
    starts: &P::BShare,
    columns: Vec<P::AShare>,
    change: impl FnOnce(&P, Vec<P::AShare>) -> Vec<P::AShare>,
) -> Result<Vec<P::AShare>> {
    let n = starts.len();
    let first = p.b2a(starts)?;
    p.verify()?;
    let (by, order) = p.with_index(|q| {
        let (to, _) = to_front(q, starts)?;
        q.verify()?;
        opened(q, &to)
    })?;
    let shuffled = p.shuffle(&by, Way::Forward, Rows::ints(columns))?;
    let front = change(p, gathered::<P>(shuffled, &order).ints);
    let steps: Vec<P::AShare> = front.iter().map(|x| differences(p, x)).collect();
    let steps = gathered::<P>(Rows::ints(steps), &inverted(&order));
    let steps = p.shuffle(&by, Way::Backward, steps)?.ints;
    // A row that begins no segment changes nothing.
    let firsts = P::AShare::concat(&vec![&first; steps.len()]);
    let mut rest = p.mul(&firsts, &P::AShare::concat(&steps.iter().collect::<Vec<_>>()))?;
    let zero = p.public(&vec![<P as Arithmetic>::Ring::ZERO; n]);
    let mut out = vec![];
    for front in &front {
        let (mut column, after) = rest.split(n);
        column.prefix_sum();
        p.note(&mut column, Known::OneOf(front, &zero));
        out.push(column);
        rest = after;
    }
    Ok(out)
}

/// Each element less the one before it.
fn differences<P: Protocol>(p: &mut P, x: &P::AShare) -> P::AShare {
    let (before, _) = x.clone().split(x.len().saturating_sub(1));
    let nothing = p.public(&[P::Ring::from_u128(0)][..x.len().min(1)]);
    let mut out = x.clone();
    out -= &P::AShare::concat(&[&nothing, &before]);
    // They are summed up again, and no sum is but one of the elements.
    p.note(&mut out, Known::Wrapped);
    out
}
