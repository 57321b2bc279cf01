//! The intersection of two givers' sets: its size and sums over it.

use std::ops::Range;

use sharewell_mpc::{Arithmetic, BitShare, Protocol, Result, Share};
use sharewell_ring::{Integer, Planes};

use super::Bins;

/// Comparisons made at once: what bounds the memory.
const COMPARISONS_AT_ONCE: usize = 1 << 20;

/// One giver's secrets for a range of bins, place by place.
pub struct Given<P: Arithmetic> {
    /// Keys, or a number that is none where there is no row.
    pub keys: P::AShare,
    /// Values, zero where there is no row.
    pub columns: Vec<P::AShare>,
}

impl<P: Arithmetic> std::fmt::Debug for Given<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Given({} places, {} columns)", self.keys.len(), self.columns.len())
    }
}

impl<P: Arithmetic> Given<P> {
    /// From what [`super::Placement::share`] gave, once it is shared.
    #[must_use]
    pub fn new(shared: P::AShare, columns: usize) -> Self {
        let places = shared.len() / (columns + 1);
        let (keys, mut rest) = shared.split(places);
        let mut out = vec![];
        for _ in 0..columns {
            let (column, others) = rest.split(places);
            out.push(column);
            rest = others;
        }
        Self { keys, columns: out }
    }
}

/// What is computed of an intersection; every vector has one element.
pub struct Intersection<P: Arithmetic> {
    /// How many keys both have.
    pub count: P::AShare,
    /// The sum of each of the first giver's columns over those keys.
    pub first: Vec<P::AShare>,
    /// The same of the second's.
    pub second: Vec<P::AShare>,
}

impl<P: Arithmetic> std::fmt::Debug for Intersection<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intersection(..)")
    }
}

/// Counts the keys that both givers have, and sums both givers' columns over them.
///
/// `given` shares what the givers bring for a range of bins, first giver first; it is called
/// range by range, so that memory stays bounded. A giver makes its part by
/// [`super::Placement::share`] and shares it as any other input.
///
/// Exact: keys are compared as they are. Reveals the numbers of keys, of their bits and of
/// columns, which the bins are made from, and nothing else.
/// Cost per comparison, of which there are [`Bins::count`] times [`Bins::load`], about 34 for
/// each of a million keys on either side: sharing one key and one value of each of the
/// second's columns, [`Protocol::is_zero`] of `key_bits + 1` bits, and, if the second giver
/// has columns, [`Protocol::b2a`]. Per bin the same conversion once; per range and side one
/// inner product. About 12 rounds for each `2^20` comparisons.
/// Source: circuit-based intersection by hashing, Pinkas, Schneider, Segev, Zohner 2015
/// (eprint 2015/634).
///
/// # Errors
/// If a link fails, or what `given` returns; [`sharewell_mpc::Error::Overflow`] if a key could
/// have more bits.
///
/// # Panics
/// If `given` gives other lengths than it is asked for, or the ring has no more bits than keys.
pub fn intersect<P: Protocol>(
    p: &mut P,
    bins: &Bins,
    mut given: impl FnMut(&mut P, Range<usize>) -> Result<[Given<P>; 2]>,
) -> Result<Intersection<P>> {
    assert!(bins.key_bits() < P::Ring::BITS, "keys of {} bits", bins.key_bits());
    let step = (COMPARISONS_AT_ONCE / bins.load().max(1)).max(1);
    let mut total: Option<Intersection<P>> = None;
    for from in (0..bins.count()).step_by(step) {
        let range = from..bins.count().min(from + step);
        let sides = given(p, range.clone())?;
        let part = part(p, bins, range.len(), &sides)?;
        total = Some(match total {
            None => part,
            Some(total) => added(total, &part),
        });
    }
    let mut total = total.expect("there is always a bin");
    let most = bins.keys().into_iter().min().unwrap_or(0);
    p.note_bound(&mut total.count, 0, most as i128);
    Ok(total)
}

fn added<P: Arithmetic>(mut total: Intersection<P>, part: &Intersection<P>) -> Intersection<P> {
    total.count += &part.count;
    let pairs = |total: &mut [P::AShare], part: &[P::AShare]| {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    };
    pairs(&mut total.first, &part.first);
    pairs(&mut total.second, &part.second);
    total
}

/// The intersection of some bins.
fn part<P: Protocol>(
    p: &mut P,
    bins: &Bins,
    count: usize,
    [first, second]: &[Given<P>; 2],
) -> Result<Intersection<P>> {
    let load = bins.load();
    let mut gap = P::AShare::concat(&vec![&first.keys; load]);
    gap -= &second.keys;
    let equal = p.is_zero(&gap, bins.key_bits() + 1)?;
    // At most one of a bin's keys is the first giver's.
    let mut found = p.public_bits(&Planes::zero(count, 1));
    (0..load).for_each(|slot| found ^= &equal.take(slot * count..(slot + 1) * count));
    let found = p.b2a(&found)?;
    let first = sums(p, &found, &first.columns)?;
    let second = match second.columns[..] {
        [] => vec![],
        _ => {
            let each = p.b2a(&equal)?;
            sums(p, &each, &second.columns)?
        }
    };
    Ok(Intersection { count: found.sum(1), first, second })
}

/// The sum of each column over the places that are marked.
fn sums<P: Protocol>(
    p: &mut P,
    marked: &P::AShare,
    columns: &[P::AShare],
) -> Result<Vec<P::AShare>> {
    if columns.is_empty() {
        return Ok(vec![]);
    }
    let marked = P::AShare::concat(&vec![marked; columns.len()]);
    let values = P::AShare::concat(&columns.iter().collect::<Vec<_>>());
    let mut rest = p.dot(&marked, &values, columns.len())?;
    let mut out = vec![];
    for _ in columns {
        let (sum, others) = rest.split(1);
        out.push(sum);
        rest = others;
    }
    Ok(out)
}
