//! The greatest or least of each of many rows, where they stand, and the first `k` of them.
//!
//! All rows play at once: a level of the tournament is one comparison of half of what is left.
//! It is a bitonic merge of sorted lists that never grow beyond the numbers asked for; for one
//! number of each row that is the plain tournament.
//!
//! Source: Batcher 1968; of two sorted lists only the greater half goes on, as in Shanbhag,
//! Pirk, Madden, SIGMOD 2018.

use sharewell_ring::{Integer, Ring};

use super::less_than;
use crate::{Known, Protocol, Result, Share};

/// Which end of the order wins.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// Equal rows of numbers `-2^(bits-1) <= x < 2^(bits-1)`, and who wins.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// How many.
    pub rows: usize,
    /// The numbers' width, below the ring's.
    pub bits: u32,
    /// Who wins.
    pub extreme: Extreme,
}

/// Each row's winner: `max` or `min`.
///
/// Shapes: `x` [rows, n] → `[rows]`. Cost: `ceil(log2 n)` times [`less_than`] and
/// [`super::select`]; `n - 1` comparisons for each row.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the rows are empty or not equal.
pub fn extreme<P: Protocol>(p: &mut P, x: &P::AShare, of: Rows) -> Result<P::AShare> {
    let n = of.len(x.len());
    let mut fields = [transposed::<P>(x, of.rows, n)];
    play(p, &mut fields, [n, 1], of)?;
    let [winner] = fields;
    Ok(winner)
}

/// Each row's winner and its index in the row, the first one's of several equal: `argmax` or
/// `argmin`.
///
/// Shapes: `x` [rows, n] → twice `[rows]`. Cost: as [`extreme`] with one more multiplication for
/// each comparison, in the same rounds.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the rows are empty or not equal.
pub fn arg_extreme<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    of: Rows,
) -> Result<(P::AShare, P::AShare)> {
    let n = of.len(x.len());
    let index = p.public(&of.columns(0..n));
    let mut fields = [transposed::<P>(x, of.rows, n), index];
    play(p, &mut fields, [n, 1], of)?;
    let [winner, index] = fields;
    Ok((winner, index))
}

/// The first `k` of each row, the foremost first, and their indices; equal ones in the row's
/// order.
///
/// What is compared is number and index in one, `bits + log2(n + 1)` bits of them, which must
/// stay below the ring's.
///
/// Shapes: `x` [rows, n] → twice [rows, k]. Cost, for `k` rounded up to a power of two: about
/// `n (1 + log2(k) / 2) + n log2(k)^2 / 4` comparisons for each row, each with two
/// multiplications, in `log2(n / k) (1 + log2 k) + log2(k) (1 + log2 k) / 2` levels.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the rows are shorter than `k` or not equal, or if `k` is zero.
pub fn top_k<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    of: Rows,
    k: usize,
) -> Result<(P::AShare, P::AShare)> {
    if of.rows == 0 {
        return Ok((x.clone(), x.clone()));
    }
    let n = of.len(x.len());
    assert!((1..=n).contains(&k), "the first {k} of {n}");
    let keep = k.next_power_of_two();
    let padded = n.next_multiple_of(keep);
    let width = n.ilog2() + 1;
    let (losing, rank) = of.losing(n);
    let ranks = p.public(&of.columns((0..padded).map(rank)));
    let padding = p.public(&vec![losing; (padded - n) * of.rows]);
    let value = transposed::<P>(x, of.rows, n);
    let scale = P::Ring::ONE.shl(width);
    let mut key = P::AShare::concat(&[&value, &padding]);
    key.scale(&[scale]);
    key += &ranks;
    let value = value.gather(&of.elements((0..padded).map(|i| i.min(n - 1))));

    let mut fields = [key, value];
    play(p, &mut fields, [padded, keep], Rows { bits: of.bits + width, ..of })?;
    let [mut ranks, value] = fields.map(|x| x.split(k * of.rows).0);
    let mut high = value.clone();
    high.scale(&[scale]);
    ranks -= &high;
    if of.extreme == Extreme::Max {
        let mut index = p.public(&of.columns(std::iter::repeat_n(n, k)));
        index -= &ranks;
        ranks = index;
    }
    p.note_bound(&mut ranks, 0, n as i128 - 1);
    Ok((transposed::<P>(&value, k, of.rows), transposed::<P>(&ranks, k, of.rows)))
}

impl Rows {
    fn len(&self, elements: usize) -> usize {
        let n = elements.checked_div(self.rows).unwrap_or(1);
        assert_eq!(n * self.rows, elements, "{self:?}");
        assert!(n > 0, "nothing wins in empty rows");
        n
    }

    /// What comes after every number of a row, and the order of equal ones; padding comes last.
    fn losing<R: Integer>(&self, n: usize) -> (R, impl Fn(usize) -> usize) {
        let unused = 128 - self.bits;
        let (losing, from) = match self.extreme {
            Extreme::Min => (i128::MAX >> unused, 0),
            Extreme::Max => (i128::MIN >> unused, n),
        };
        (R::from_i128(losing), move |i: usize| from.abs_diff(i.min(n)))
    }

    /// Where the elements of some columns stand, column after column.
    fn elements(&self, columns: impl IntoIterator<Item = usize>) -> Vec<usize> {
        columns.into_iter().flat_map(|i| i * self.rows..(i + 1) * self.rows).collect()
    }

    /// A public number for each column.
    fn columns<R: Integer>(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<R> {
        let column = |x| std::iter::repeat_n(R::from_u128(x as u128), self.rows);
        numbers.into_iter().flat_map(column).collect()
    }
}

/// Leaves the first `keep` of `n` columns in order; `keep` is a power of two that divides `n`.
/// The first field is compared, the others go along.
///
/// Sorted lists are merged with their neighbours, so that of equal numbers the first wins.
fn play<P: Protocol>(
    p: &mut P,
    fields: &mut [P::AShare],
    [n, keep]: [usize; 2],
    of: Rows,
) -> Result<()> {
    let (mut lists, mut len) = (n, 1);
    while lists > 1 {
        let met = lists / 2;
        let mirrored =
            |i: usize| (0..len).map(move |j| [2 * i * len + j, 2 * (i + 1) * len - 1 - j]);
        exchange(p, fields, (0..met).flat_map(mirrored), of)?;
        // Both halves are bitonic now, and the first is before the second.
        let half = len;
        let halves = if len < keep {
            (lists, len) = (met, 2 * len);
            2 * met
        } else {
            // A list without a neighbour goes on as it is.
            let stay = (0..lists).step_by(2).flat_map(|i| i * len..(i + 1) * len);
            let stay = of.elements(stay);
            fields.iter_mut().for_each(|x| *x = x.gather(&stay));
            lists = lists.div_ceil(2);
            met
        };
        let mut span = half / 2;
        while span > 0 {
            let nearer = (0..halves * half).filter(|i| i & span == 0);
            exchange(p, fields, nearer.map(|i| [i, i + span]), of)?;
            span /= 2;
        }
    }
    Ok(())
}

/// Puts each pair of columns in order, by the first field; equal ones stay.
fn exchange<P: Protocol>(
    p: &mut P,
    fields: &mut [P::AShare],
    pairs: impl Iterator<Item = [usize; 2]>,
    of: Rows,
) -> Result<()> {
    let pairs: Vec<[usize; 2]> = pairs.collect();
    let places = |side: usize| of.elements(pairs.iter().map(|pair| pair[side]));
    let [left, right] = [0, 1].map(|side| {
        let places = places(side);
        fields.iter().map(|x| x.gather(&places)).collect::<Vec<_>>()
    });
    let swap = match of.extreme {
        Extreme::Min => less_than(p, &right[0], &left[0], of.bits)?,
        Extreme::Max => less_than(p, &left[0], &right[0], of.bits)?,
    };
    let swap = p.b2a(&swap)?;
    let mut gap = concat::<P>(&right);
    gap -= &concat::<P>(&left);
    let moved = p.mul(&concat::<P>(&vec![swap; fields.len()]), &gap)?;
    let (met, elements) = (left[0].len(), fields[0].len());
    let mut place: Vec<usize> = (0..elements).collect();
    for side in [0, 1] {
        let changed = places(side).into_iter().enumerate();
        changed.for_each(|(i, at)| place[at] = elements + side * met + i);
    }
    for (i, ((field, left), right)) in fields.iter_mut().zip(left).zip(right).enumerate() {
        let moved = moved.take(i * met..(i + 1) * met);
        let (mut before, mut after) = (left.clone(), right.clone());
        before += &moved;
        after -= &moved;
        p.note(&mut before, Known::OneOf(&left, &right));
        p.note(&mut after, Known::OneOf(&left, &right));
        *field = P::AShare::concat(&[field, &before, &after]).gather(&place);
    }
    Ok(())
}

fn concat<P: Protocol>(parts: &[P::AShare]) -> P::AShare {
    P::AShare::concat(&parts.iter().collect::<Vec<_>>())
}

/// `[rows, cols]` as `[cols, rows]`.
fn transposed<P: Protocol>(x: &P::AShare, rows: usize, cols: usize) -> P::AShare {
    let index: Vec<usize> = (0..cols).flat_map(|j| (0..rows).map(move |i| i * cols + j)).collect();
    x.gather(&index)
}
