//! The greatest or least of each of many rows, where they stand, and the first `k` of them.
//!
//! All rows play at once: a level of the tournament is one comparison of half of what is left.
//! It is a bitonic merge of sorted lists that never grow beyond the numbers asked for; for one
//! number of each row that is the plain tournament.
//!
//! Source: Batcher 1968; of two sorted lists only the greater half goes on, as in Shanbhag,
//! Pirk, Madden, SIGMOD 2018.

use std::collections::BTreeMap;

use sharewell_ring::{Integer, Planes, Ring};

use super::{all_ones, less_than, not};
use crate::pace::cheapest;
use crate::{BitShare, Known, Protocol, Result, Share};

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
/// [`super::select`]; `n - 1` comparisons for each row. Where rounds are dear, in groups of `g`
/// that all meet at once: `(g - 1) / 2` comparisons for each number, and `log2(g - 1) + 5` rounds
/// for each time that `n` can be divided by `g`.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If the rows are empty or not equal.
pub fn extreme<P: Protocol>(p: &mut P, x: &P::AShare, of: Rows) -> Result<P::AShare> {
    let n = of.len(x.len());
    let mut fields = [transposed::<P>(x, of.rows, n)];
    win(p, &mut fields, n, of)?;
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
    win(p, &mut fields, n, of)?;
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

    /// Whether the later of each pair comes before the earlier; equal ones stay.
    fn later_wins<P: Protocol>(
        &self,
        p: &mut P,
        earlier: &P::AShare,
        later: &P::AShare,
    ) -> Result<P::BShare> {
        match self.extreme {
            Extreme::Min => less_than(p, later, earlier, self.bits),
            Extreme::Max => less_than(p, earlier, later, self.bits),
        }
    }

    /// A public number for each column.
    fn columns<R: Integer>(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<R> {
        let column = |x| std::iter::repeat_n(R::from_u128(x as u128), self.rows);
        numbers.into_iter().flat_map(column).collect()
    }
}

/// Columns of which all pairs meet at once, where rounds are dear: one more than a power of two,
/// so that what each has won is a whole tree of gates.
const GROUPS: [usize; 7] = [2, 3, 5, 9, 17, 33, 65];
/// Most pairs of columns that meet at once.
const PAIRS_MAX: usize = 1 << 16;

/// Leaves one of `n` columns. The first field is compared, the others go along.
fn win<P: Protocol>(p: &mut P, fields: &mut [P::AShare], mut n: usize, of: Rows) -> Result<()> {
    while n > 1 {
        let groups = GROUPS.into_iter().filter(|size| *size == 2 || n * size / 2 <= PAIRS_MAX);
        let group = cheapest(p, groups, |t, group| {
            let (mut left, mut fields) = (n, vec![t.vector(n * of.rows); fields.len()]);
            while left > 1 {
                left = level(t, &mut fields, [left, group], of)?;
            }
            Ok(())
        })?;
        n = level(p, fields, [n, group], of)?;
    }
    Ok(())
}

/// Leaves one of each group of columns; the last one may be smaller. Returns how many are left.
fn level<P: Protocol>(
    p: &mut P,
    fields: &mut [P::AShare],
    [n, group]: [usize; 2],
    of: Rows,
) -> Result<usize> {
    if group == 2 {
        exchange(p, fields, (0..n / 2).map(|i| [2 * i, 2 * i + 1]), of)?;
        let stay = of.elements((0..n).step_by(2));
        fields.iter_mut().for_each(|x| *x = x.gather(&stay));
        return Ok(n.div_ceil(2));
    }
    let won = winners(p, &fields[0], [n, group], of)?;
    let chosen = p.mul_bits(&P::BShare::stack(&vec![&won; fields.len()]), &concat::<P>(fields))?;
    let nothing = p.public(&vec![P::Ring::ZERO; of.rows]);
    let mut rest = chosen;
    for field in fields {
        let (one, after) = rest.split(n * of.rows);
        // Of each place the columns of all groups, one group after the other.
        let places = (0..n.div_ceil(group)).flat_map(|at| {
            let column = move |i: usize| (at * group + i).min(n);
            (0..of.rows).flat_map(move |row| (0..group).map(move |i| column(i) * of.rows + row))
        });
        let places: Vec<usize> = places.collect();
        *field = P::AShare::concat(&[&one, &nothing]).gather(&places).sum(places.len() / group);
        rest = after;
    }
    Ok(n.div_ceil(group))
}

/// Which columns win in their group, row by row; of equal ones the first.
fn winners<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    [n, group]: [usize; 2],
    of: Rows,
) -> Result<P::BShare> {
    let mates = |i: usize| i / group * group..n.min((i / group + 1) * group);
    let pairs = (0..n).flat_map(|i| (i + 1..mates(i).end).map(move |j| (i, j)));
    let pairs: Vec<(usize, usize)> = pairs.collect();
    let (near, far): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
    let (near, far) = (x.gather(&of.elements(near)), x.gather(&of.elements(far)));
    let later = of.later_wins(p, &near, &far)?;
    let mut earlier = later.clone();
    not(p, &mut earlier, 1);
    let mut one = p.public_bits(&Planes::zero(of.rows, 1));
    not(p, &mut one, 1);
    // Whether the earlier of each pair wins, whether the later one does, and no pair.
    let all = P::BShare::concat(&[&earlier, &later, &one]);
    let met: BTreeMap<(usize, usize), usize> = pairs.iter().copied().zip(0..).collect();
    let against = |i: usize, mate: usize| match (met.get(&(i, mate)), met.get(&(mate, i))) {
        (Some(pair), _) => *pair,
        (_, Some(pair)) => pairs.len() + pair,
        _ => 2 * pairs.len(),
    };
    // The mates of each column by their distance from it, round the group.
    let plane = |distance: usize| {
        let mate = |i: usize| i / group * group + (i % group + distance) % group;
        all.gather(&of.elements((0..n).map(|i| against(i, mate(i)))))
    };
    let planes: Vec<P::BShare> = (1..group).map(plane).collect();
    all_ones(p, &P::BShare::stack(&planes.iter().collect::<Vec<_>>()), group - 1)
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
    let swap = of.later_wins(p, &left[0], &right[0])?;
    let mut gap = concat::<P>(&right);
    gap -= &concat::<P>(&left);
    let moved = times(p, &swap, &gap, fields.len())?;
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

/// Each of some vectors times the same bits. The bits as numbers serve all of them; by
/// themselves they serve in fewer rounds, and one vector in fewer bytes.
fn times<P: Protocol>(
    p: &mut P,
    bits: &P::BShare,
    x: &P::AShare,
    vectors: usize,
) -> Result<P::AShare> {
    let converted = cheapest(p, [vectors > 1, false], |t, converted| {
        let bits = t.planes(bits.len(), 1);
        times_in_way(t, &bits, &t.vector(x.len()), (vectors, converted)).map(drop)
    })?;
    times_in_way(p, bits, x, (vectors, converted))
}

fn times_in_way<P: Protocol>(
    p: &mut P,
    bits: &P::BShare,
    x: &P::AShare,
    (vectors, converted): (usize, bool),
) -> Result<P::AShare> {
    if converted {
        let bits = p.b2a(bits)?;
        return p.mul(&concat::<P>(&vec![bits; vectors]), x);
    }
    p.mul_bits(&P::BShare::stack(&vec![bits; vectors]), x)
}

fn concat<P: Protocol>(parts: &[P::AShare]) -> P::AShare {
    P::AShare::concat(&parts.iter().collect::<Vec<_>>())
}

/// `[rows, cols]` as `[cols, rows]`.
fn transposed<P: Protocol>(x: &P::AShare, rows: usize, cols: usize) -> P::AShare {
    let index: Vec<usize> = (0..cols).flat_map(|j| (0..rows).map(move |i| i * cols + j)).collect();
    x.gather(&index)
}
