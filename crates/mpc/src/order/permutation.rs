//! Secret permutations applied, inverted and composed.

use sharewell_ring::{Integer, Z32};

use super::Places;
use crate::{BitShare, Protocol, Result, Rows, RowsOf, Share, Way};

/// Moves every row `i` to place `to[i]`.
///
/// Cost: one move; two rounds, and two more if there are columns of ring elements.
///
/// # Errors
/// If a link fails, or [`crate::Error::Cheating`].
///
/// # Panics
/// If columns differ in length.
pub fn apply<P: Protocol>(p: &mut P, to: &Places<P>, rows: RowsOf<P>) -> Result<RowsOf<P>> {
    p.verify()?;
    let (by, order, bits) = p.with_index(|q| {
        let by = q.draw_shuffle(to.len())?;
        let (order, rows) = q.shuffle_open(&by, to.clone(), Rows::bits(rows.bits))?;
        Ok((by, order, rows.bits))
    })?;
    let ints = match rows.ints {
        none if none.is_empty() => none,
        ints => p.shuffle(&by, Way::Forward, Rows::ints(ints))?.ints,
    };
    Ok(gathered::<P>(Rows { ints, bits }, &order))
}

/// Takes back what [`apply`] does: row `i` becomes the one at place `to[i]`.
///
/// Cost: one move, four rounds.
///
/// # Errors
/// As [`apply`].
///
/// # Panics
/// If columns differ in length.
pub fn apply_inverse<P: Protocol>(p: &mut P, to: &Places<P>, rows: RowsOf<P>) -> Result<RowsOf<P>> {
    p.verify()?;
    let (by, order) = p.with_index(|q| opened(q, to))?;
    let taken = gathered::<P>(rows, &inverted(&order));
    p.shuffle(&by, Way::Backward, taken)
}

/// The permutation that leaves every row where it is. Local.
///
/// # Errors
/// If no lane can be made.
pub fn identity<P: Protocol>(p: &mut P, n: usize) -> Result<Places<P>> {
    p.with_index(|q| Ok(numbers(q, n)))
}

/// The permutation that takes back `to`.
///
/// Cost: one move of 32 bits, two rounds.
///
/// # Errors
/// As [`apply`].
pub fn inverse<P: Protocol>(p: &mut P, to: &Places<P>) -> Result<Places<P>> {
    p.verify()?;
    p.with_index(|q| {
        let rows = Rows::ints(vec![numbers(q, to.len())]);
        Ok(place(q, to.clone(), rows)?.ints.swap_remove(0))
    })
}

/// The permutation that does `first`, then `next`.
///
/// Cost: one move of 32 bits, four rounds.
///
/// # Errors
/// As [`apply`].
pub fn compose<P: Protocol>(p: &mut P, first: &Places<P>, next: &Places<P>) -> Result<Places<P>> {
    p.verify()?;
    p.with_index(|q| {
        let (by, order) = opened(q, first)?;
        let taken = Rows::ints(vec![next.gather(&inverted(&order))]);
        Ok(q.shuffle(&by, Way::Backward, taken)?.ints.swap_remove(0))
    })
}

/// Moves rows of the same ring, all in two rounds.
pub(super) fn place<Q: Protocol>(q: &mut Q, to: Q::AShare, rows: RowsOf<Q>) -> Result<RowsOf<Q>> {
    q.verify()?;
    let by = q.draw_shuffle(to.len())?;
    let (order, rows) = q.shuffle_open(&by, to, rows)?;
    Ok(gathered::<Q>(rows, &order))
}

/// A fresh shuffle, and for each place the shuffled row that belongs there.
pub(super) fn opened<Q: Protocol>(q: &mut Q, to: &Q::AShare) -> Result<(Q::Shuffle, Vec<usize>)> {
    let by = q.draw_shuffle(to.len())?;
    let (order, _) = q.shuffle_open(&by, to.clone(), Rows::ints(vec![]))?;
    Ok((by, order))
}

/// The numbers of rows, known to all.
pub(super) fn numbers<Q: Protocol<Ring = Z32>>(q: &Q, n: usize) -> Q::AShare {
    q.public(&(0..n as u128).map(Z32::from_u128).collect::<Vec<_>>())
}

/// Rows by public index.
pub(super) fn gathered<P: Protocol>(rows: RowsOf<P>, index: &[usize]) -> RowsOf<P> {
    Rows {
        ints: rows.ints.into_iter().map(|x| x.gather(index)).collect(),
        bits: rows.bits.into_iter().map(|x| x.gather(index)).collect(),
    }
}

/// The inverse of a permutation known to all.
pub(super) fn inverted(order: &[usize]) -> Vec<usize> {
    let mut out = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &row)| out[row] = place);
    out
}
