//! Records of two owners that belong together by one of several keys.

use sharewell_mpc::{Arithmetic, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Ring};

use super::{Column, Table, join};

/// One owner's records.
pub struct Side<P: Arithmetic> {
    /// By which records are linked, the first before the others; and which rows have a value.
    pub keys: Vec<(Column<P>, P::AShare)>,
    /// What is counted of linked records: for each value, 0 or 1 in each row.
    pub values: Vec<P::AShare>,
}

impl<P: Arithmetic> std::fmt::Debug for Side<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Side({} keys, {} values)", self.keys.len(), self.values.len())
    }
}

/// What [`link`] counts.
#[derive(Debug)]
pub struct Links<S> {
    /// Different pairs of records that have at least one key in common: one element.
    pub pairs: S,
    /// How many of the first owner's records have a value while the linked record of the second has
    /// another: one element each, the second's values running fastest.
    pub cross: Vec<S>,
}

/// Links each record of the first owner with the second owner's record of the same key.
///
/// A key is promised to be unique among the second owner's records; of several the first is
/// found. What is crossed with a record is the record that the first matching key finds.
///
/// Exact. Opens nothing but shuffled places.
/// Cost: [`join`] for each key; for each two keys [`circuit::equal`] of the numbers of rows, its
/// [`Protocol::b2a`] and a product per row; for values a product per row, key and value of the
/// second, and one per row and two values.
///
/// # Errors
/// As [`join`].
///
/// # Panics
/// If the owners have different numbers of keys, or none.
pub fn link<P: Protocol>(p: &mut P, first: &Side<P>, second: &Side<P>) -> Result<Links<P::AShare>> {
    assert_eq!(first.keys.len(), second.keys.len(), "keys to link by");
    let rows = first.keys[0].1.len();
    let mut found = vec![];
    for (left, right) in first.keys.iter().zip(&second.keys) {
        found.push(partners(p, left, right, &second.values)?);
    }
    let pairs = different_pairs(p, &found, second.keys[0].1.len())?;

    // The first key that finds somebody decides.
    let mut any = found[0].matched.clone();
    let mut values = found[0].values.clone();
    for next in &found[1..] {
        let mut unlinked = p.public(&vec![P::Ring::ONE; rows]);
        unlinked -= &any;
        any += &p.mul(&unlinked, &next.matched)?;
        p.note_bound(&mut any, 0, 1);
        for (value, later) in values.iter_mut().zip(&next.values) {
            *value += &p.mul(&unlinked, later)?;
            p.note_bound(value, 0, 1);
        }
    }
    let mut cross = vec![];
    for own in &first.values {
        for theirs in &values {
            let mut count = p.mul(own, theirs)?.sum(1);
            p.note_bound(&mut count, 0, rows as i128);
            cross.push(count);
        }
    }
    Ok(Links { pairs, cross })
}

/// What one key finds for each record.
struct Found<P: Arithmetic> {
    matched: P::AShare,
    /// The partner's row, counted from one; zero where there is none.
    row: P::AShare,
    values: Vec<P::AShare>,
}

fn partners<P: Protocol>(
    p: &mut P,
    left: &(Column<P>, P::AShare),
    right: &(Column<P>, P::AShare),
    values: &[P::AShare],
) -> Result<Found<P>> {
    let rows = right.1.len() as i128;
    let numbers: Vec<P::Ring> = (1..=rows).map(P::Ring::from_i128).collect();
    let flag = |values: &P::AShare| Column { values: values.clone(), bits: 2 };
    let mut columns = vec![Column { values: p.public(&numbers), bits: 64 }];
    columns.extend(values.iter().map(flag));
    let right = Table { keys: vec![right.0.clone()], columns, valid: right.1.clone() };
    let left = Table { keys: vec![left.0.clone()], columns: vec![], valid: left.1.clone() };
    let mut joined = join(p, &left, &right)?;
    let mut row = joined.columns.remove(0);
    p.note_bound(&mut row, 0, rows);
    joined.columns.iter_mut().for_each(|value| p.note_bound(value, 0, 1));
    Ok(Found { matched: joined.matched, row, values: joined.columns })
}

/// A key's pair is new unless a key before it finds the same partner.
fn different_pairs<P: Protocol>(
    p: &mut P,
    found: &[Found<P>],
    partners: usize,
) -> Result<P::AShare> {
    let rows = found[0].matched.len();
    let bits = 2 + usize::BITS - partners.leading_zeros();
    let mut pairs = found[0].matched.sum(1);
    for (at, of) in found.iter().enumerate().skip(1) {
        let mut new = of.matched.clone();
        for before in &found[..at] {
            let same = circuit::equal(p, &before.row, &of.row, bits)?;
            let mut other = p.public(&vec![P::Ring::ONE; rows]);
            other -= &p.b2a(&same)?;
            new = p.mul(&new, &other)?;
        }
        pairs += &new.sum(1);
    }
    p.note_bound(&mut pairs, 0, (rows * found.len()) as i128);
    Ok(pairs)
}
