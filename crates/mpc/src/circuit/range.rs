//! Whether anything lies outside a public range.

use sharewell_ring::Integer;

use crate::{Known, Protocol, Result, Share};

/// One bit for each vector: whether any of its elements lies outside its range, whatever ring
/// element it is. A range `[lo, hi]` has fewer than `2^(BITS-1)` values more than one.
///
/// `x - lo` is negative below the range and, where the ring wraps around, above it; else `hi - x`
/// tells.
///
/// Cost: [`Protocol::msb`] of all the ring's bits and [`Protocol::b2a`], both for two vectors of all
/// elements, then [`Protocol::is_zero`] for each vector.
///
/// # Errors
/// If a link fails.
///
/// # Panics
/// If a vector has not as many elements as there are ranges, or a range is too wide.
pub fn outside<P: Protocol>(
    p: &mut P,
    vectors: &[&P::AShare],
    ranges: &[(i128, i128)],
) -> Result<P::BShare> {
    let limit = i128::MAX >> (128 - P::Ring::BITS);
    let narrow = |(lo, hi): &(i128, i128)| hi.checked_sub(*lo).is_some_and(|width| width <= limit);
    assert!(ranges.iter().all(narrow), "a range of fewer than half the ring's values");
    let ends = |p: &P, end: fn(&(i128, i128)) -> i128| {
        p.public(&ranges.iter().map(|range| P::Ring::from_i128(end(range))).collect::<Vec<_>>())
    };
    let (lo, hi) = (ends(p, |range| range.0), ends(p, |range| range.1));
    let mut gaps = vec![];
    for x in vectors {
        assert_eq!(x.len(), ranges.len(), "a range for each element");
        let (mut above, mut below) = ((*x).clone(), hi.clone());
        above -= &lo;
        below -= *x;
        for mut gap in [above, below] {
            p.note(&mut gap, Known::Wrapped);
            gaps.push(gap);
        }
    }
    let gaps = P::AShare::concat(&gaps.iter().collect::<Vec<_>>());
    let negative = p.msb(&gaps, P::Ring::BITS)?;
    let mut count = p.b2a(&negative)?.sum(vectors.len());
    let most = 2 * ranges.len() as i128;
    p.note_bound(&mut count, 0, most);
    let mut any = p.is_zero(&count, 129 - most.leading_zeros())?;
    super::not(p, &mut any, 1);
    Ok(any)
}
