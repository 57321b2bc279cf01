//! Ranks and order statistics.

use sharewell_ring::{Integer, Planes, Ring};

use super::scan::spread;
use super::{Key, apply, apply_inverse, propagate, sort};
use crate::{Arithmetic, BitShare, Protocol, Result, Rows, Share, circuit};

/// The rank of rows with equal keys; ranks begin at one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Ties {
    /// The least of the ranks that they take up.
    Min,
    /// The mean of the ranks that they take up, doubled to be whole.
    DoubledMean,
    /// Ranks without gaps: how many different keys come before, and one.
    Dense,
}

/// The elements at public places of the sorted vector, counted from zero: minimum, median,
/// any quantile. `-2^(bits-1) <= x < 2^(bits-1)`; exact.
///
/// Cost: [`Key::signed`], [`sort`] and [`apply`] to one column.
///
/// # Errors
/// As [`Key::signed`] and [`sort`].
///
/// # Panics
/// If there is no such place.
pub fn order_statistics<P: Protocol>(
    p: &mut P,
    x: &P::AShare,
    bits: u32,
    places: &[usize],
) -> Result<P::AShare> {
    let key = Key::signed(p, x, bits)?;
    let to = sort(p, &[key])?;
    let sorted = apply(p, &to, Rows::ints(vec![x.clone()]))?;
    Ok(sorted.ints[0].gather(places))
}

/// Which rows, sorted by a key, begin a run of equal ones; one plane.
///
/// Cost: `width - 1` AND gates in `log2(width)` rounds.
///
/// # Errors
/// If a link fails.
pub fn starts<P: Protocol>(p: &mut P, sorted: &Key<P::BShare>) -> Result<P::BShare> {
    let n = sorted.bits.len();
    let before: Vec<usize> = (0..n).map(|i| i.saturating_sub(1)).collect();
    let mut same = sorted.bits.gather(&before);
    same ^= &sorted.bits;
    circuit::not(p, &mut same, sorted.width);
    let mut same = circuit::all_ones(p, &same, sorted.width)?;
    let mut later = Planes::zero(n, 1);
    later.words_mut().iter_mut().enumerate().for_each(|(i, word)| word.0 = !u64::from(i == 0));
    same.mask(&later);
    circuit::not(p, &mut same, 1);
    Ok(same)
}

/// The rank of every row by a key, in the rows' own order.
///
/// Cost: [`sort`], [`apply`] to the key, [`starts`], a spread as in [`propagate`] (for
/// [`Ties::Dense`] only a conversion of bits) and [`apply_inverse`] of one column.
///
/// # Errors
/// As [`sort`].
pub fn rank<P: Protocol>(p: &mut P, key: &Key<P::BShare>, ties: Ties) -> Result<P::AShare> {
    let n = key.bits.len();
    let to = sort(p, std::slice::from_ref(key))?;
    let mut sorted = apply(p, &to, Rows::bits(vec![key.bits.clone()]))?;
    let starts = starts(p, &Key { bits: sorted.bits.swap_remove(0), width: key.width })?;
    let mut ranks = match ties {
        Ties::Dense => {
            let mut ranks = p.b2a(&starts)?;
            ranks.prefix_sum();
            ranks
        }
        Ties::Min => propagate(p, &starts, vec![counted(p, 1..=n)])?.swap_remove(0),
        Ties::DoubledMean => doubled_means(p, &starts)?,
    };
    p.note_bound(&mut ranks, 0, 2 * n as i128);
    Ok(apply_inverse(p, &to, Rows::ints(vec![ranks]))?.ints.swap_remove(0))
}

/// First and last rank of each run, added: with runs beginning at places `s` and next at `t`,
/// both counted from zero, `s + 1 + t`.
fn doubled_means<P: Protocol>(p: &mut P, starts: &P::BShare) -> Result<P::AShare> {
    let n = starts.len();
    // Its own place at the beginning of a run, elsewhere `n`, as behind the last run.
    let mut place = p.b2a(starts)?;
    let back: Vec<P::Ring> = (0..n).map(|i| P::Ring::from_i128(i as i128 - n as i128)).collect();
    place.scale(&back);
    place += &p.public(&vec![P::Ring::from_u128(n as u128); n]);
    let both = |p: &P, mut front: Vec<P::AShare>| {
        let first = front.swap_remove(0);
        let (_, next) = first.clone().split(n.min(1));
        let end = p.public(&vec![P::Ring::from_u128(n as u128); n.min(1)]);
        let mut sum = P::AShare::concat(&[&next, &end]);
        sum += &first;
        sum += &p.public(&vec![<P as Arithmetic>::Ring::ONE; n]);
        vec![sum]
    };
    Ok(spread(p, starts, vec![place], both)?.swap_remove(0))
}

fn counted<P: Protocol>(p: &P, numbers: impl Iterator<Item = usize>) -> P::AShare {
    p.public(&numbers.map(|i| P::Ring::from_u128(i as u128)).collect::<Vec<_>>())
}
