//! Keys that several owners have.

use sharewell_mpc::order::{Key, apply, compaction, sort, starts};
use sharewell_mpc::{BitShare, Protocol, Result, Rows, Share, circuit};
use sharewell_ring::{Integer, Planes, Ring};

use super::{Column, Table, sorting_key, valid_plane};

/// How many different keys each two owners share, and all of them.
#[derive(Debug)]
pub struct Common<S> {
    /// For each two owners, in the order (0, 1), (0, 2), ..., (1, 2), ...: one element.
    pub pairs: Vec<S>,
    /// One element.
    pub all: S,
}

/// Counts the different keys of valid rows that each two owners share, and those that all share.
///
/// The first row of each key and owner goes to the front, in order; then the rows of one key are
/// neighbours, one for each owner that has it. Exact. Opens nothing but shuffled places.
/// Cost, for all rows: [`sort`] by all keys, the owner and one bit, [`apply`] to them, [`starts`],
/// [`compaction`], [`apply`] to them, and for each distance below the number of owners an equality
/// of keys; one [`Protocol::b2a`] for each two owners.
/// Source: the union by sorting of Huang, Evans, Katz, "Private set intersection: are garbled
/// circuits better than custom protocols?", NDSS 2012, with a radix sort, and counts only.
///
/// # Errors
/// If a link fails, or [`sharewell_mpc::Error::Cheating`];
/// [`sharewell_mpc::Error::Overflow`] if a key or a validity could be out of range.
///
/// # Panics
/// If there are not at least two owners, or if they have different numbers of keys.
pub fn common_keys<P: Protocol>(p: &mut P, owners: &[Table<P>]) -> Result<Common<P::AShare>> {
    let count = owners.len();
    assert!(count > 1, "keys that several owners have");
    let rows: usize = owners.iter().map(Table::len).sum();
    if rows == 0 {
        let none = p.public(&[P::Ring::ZERO]);
        return Ok(Common { pairs: vec![none.clone(); count * (count - 1) / 2], all: none });
    }
    let front = first_rows(p, owners)?;
    let shifted = |x: &P::BShare, by: usize| {
        x.gather(&(0..rows).map(|i| (i + by) % rows).collect::<Vec<_>>())
    };
    let mut pairs: Vec<Option<P::BShare>> = vec![None; count * (count - 1) / 2];
    let mut all = None;
    for apart in 1..count {
        let mut same = shifted(&front.key.bits, apart);
        same ^= &front.key.bits;
        circuit::not(p, &mut same, front.key.width);
        let same = circuit::all_ones(p, &same, front.key.width)?;
        for (pair, [a, b]) in two_by_two(count).enumerate().filter(|(_, [a, b])| b - a >= apart) {
            let first = p.and(&same, &front.owners.pick(&[a]))?;
            let found = p.and(&first, &shifted(&front.owners.pick(&[b]), apart))?;
            // The last distance leaves but the first and the last owner, with all others between.
            all = Some(found.clone());
            match &mut pairs[pair] {
                // No row has two partners of one owner.
                Some(before) => *before ^= &found,
                none => *none = Some(found),
            }
        }
    }
    let mut counted = vec![];
    for flags in pairs.iter().chain([&all]).flatten() {
        let mut sum = p.b2a(flags)?.sum(1);
        p.note_bound(&mut sum, 0, rows as i128);
        counted.push(sum);
    }
    let all = counted.pop().expect("two owners at least");
    Ok(Common { pairs: counted, all })
}

/// Rows that begin a key of an owner come first.
struct Front<P: Protocol> {
    key: Key<P::BShare>,
    /// A plane for each: 1 in its rows, as far as they are in front.
    owners: P::BShare,
}

fn two_by_two(count: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| [a, b]))
}

fn first_rows<P: Protocol>(p: &mut P, owners: &[Table<P>]) -> Result<Front<P>> {
    let (rows, count) = (owners.iter().map(Table::len).sum(), owners.len());
    let concat = |of: &dyn Fn(&Table<P>) -> P::AShare| {
        let parts: Vec<P::AShare> = owners.iter().map(of).collect();
        P::AShare::concat(&parts.iter().collect::<Vec<_>>())
    };
    let key = |at: usize| Column {
        values: concat(&|owner| owner.keys[at].values.clone()),
        bits: owners.iter().map(|owner| owner.keys[at].bits).max().unwrap_or(1),
    };
    assert!(owners.iter().all(|owner| owner.keys.len() == owners[0].keys.len()), "one key");
    let mut keys: Vec<Column<P>> = (0..owners[0].keys.len()).map(key).collect();
    let of_row = || owners.iter().enumerate().flat_map(|(i, owner)| vec![i; owner.len()]);
    let numbers: Vec<P::Ring> = of_row().map(|owner| P::Ring::from_i128(owner as i128)).collect();
    let bits = 1 + usize::BITS - (count - 1).leading_zeros();
    keys.push(Column { values: p.public(&numbers), bits });
    let key = sorting_key(p, &keys, &concat(&|owner| owner.valid.clone()))?;
    let to = sort(p, std::slice::from_ref(&key))?;

    let mut planes = Planes::zero(rows, count);
    let words = rows.div_ceil(64);
    for (row, owner) in of_row().enumerate() {
        planes.words_mut()[owner * words + row / 64].0 |= 1 << (row % 64);
    }
    let planes = p.public_bits(&planes);
    let mut moved = apply(p, &to, Rows::bits(vec![key.bits, planes]))?.bits;
    let (planes, bits) = (moved.swap_remove(1), moved.swap_remove(0));
    let key = Key { bits, width: key.width };
    let starts = starts(p, &key)?;
    let first = p.and(&starts, &valid_plane(p, &key))?;
    let (to, _) = compaction(p, &first)?;
    // Without the owner, which is the last key, and without validity.
    let own: Vec<usize> =
        (keys.last().map_or(0, |owner| owner.bits as usize)..key.width - 1).collect();
    let first = P::BShare::stack(&vec![&first; count]);
    let planes = p.and(&planes, &first)?;
    let mut front = apply(p, &to, Rows::bits(vec![key.bits.pick(&own), planes]))?.bits;
    let (owners, bits) = (front.swap_remove(1), front.swap_remove(0));
    Ok(Front { key: Key { bits, width: own.len() }, owners })
}
