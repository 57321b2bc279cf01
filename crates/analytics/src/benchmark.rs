//! Contributors beside each other, each of whom alone learns where it stands.

use sharewell_mpc::circuit::less_than;
use sharewell_mpc::{Protocol, Share};
use sharewell_ring::Integer;

use crate::value::{Fallible, Overflow, bits_of, fits};

/// For each contributor how many others have a lower rate of events per exposure, element by
/// element; of equal rates neither is lower. Who has neither events nor exposure is lower than
/// nobody, nor is anybody lower than it; events without exposure are a rate above all others.
///
/// Exact: `e_j T_i < e_i T_j`, events within `0..=most[0]`, exposures within `0..=most[1]`. Cost:
/// a product, [`less_than`] and [`Protocol::b2a`] of `k (k - 1)` vectors for `k` contributors.
///
/// # Errors
/// A link's failure outside, [`Overflow`] inside.
///
/// # Panics
/// If there are not as many exposures as events, or fewer than two contributors.
pub fn lower_rates<P: Protocol>(
    p: &mut P,
    events: &[P::AShare],
    exposures: &[P::AShare],
    most: [i128; 2],
) -> Fallible<Vec<P::AShare>> {
    let (k, cells) = (events.len(), events[0].len());
    assert!(k == exposures.len() && k >= 2, "contributors");
    let (step, limit) = ("compare rates", P::Ring::BITS - 3);
    let needs = bits_of(0, most[0]) + bits_of(0, most[1]);
    let product = most[0].checked_mul(most[1]).ok_or(Overflow { step, needs, limit });
    let bits = bits_of(0, fits!(product)) + 1;
    fits!(Overflow::unless(step, bits, limit));
    let pairs: Vec<[usize; 2]> =
        (0..k).flat_map(|i| (0..k).filter(move |j| *j != i).map(move |j| [i, j])).collect();
    let of = |all: &[P::AShare], side: usize| {
        let each: Vec<&P::AShare> = pairs.iter().map(|pair| &all[pair[side]]).collect();
        P::AShare::concat(&each)
    };
    let mine = p.mul(&of(events, 0), &of(exposures, 1))?;
    let mirrored = |[i, j]: &[usize; 2]| {
        let at = pairs.iter().position(|pair| pair == &[*j, *i]).unwrap_or(0);
        mine.take(at * cells..(at + 1) * cells)
    };
    let theirs: Vec<P::AShare> = pairs.iter().map(mirrored).collect();
    let theirs = P::AShare::concat(&theirs.iter().collect::<Vec<_>>());
    let lower = less_than(p, &theirs, &mine, bits)?;
    let lower = p.b2a(&lower)?;
    let of_contributor = |i: usize| {
        let of_pair = |at: usize| lower.take(at * cells..(at + 1) * cells);
        let mut sum = of_pair(i * (k - 1));
        (1..k - 1).for_each(|j| sum += &of_pair(i * (k - 1) + j));
        sum
    };
    Ok(Ok((0..k).map(of_contributor).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sharewell_mpc::Arithmetic;
    use sharewell_mpc::protocols::plain::Plain;
    use sharewell_ring::Z64;

    /// Whether each contributor's count is what the definition says.
    fn counted(events: &[Vec<i128>], exposures: &[Vec<i128>], most: [i128; 2]) -> Vec<Vec<i128>> {
        let mut p = Plain::<Z64>::new(0);
        let share = |all: &[Vec<i128>]| -> Vec<_> {
            let ring = |of: &Vec<i128>| of.iter().map(|x| Z64::from_i128(*x)).collect::<Vec<_>>();
            all.iter().map(|of| p.public(&ring(of))).collect()
        };
        let (events, exposures) = (share(events), share(exposures));
        let found = lower_rates(&mut p, &events, &exposures, most).unwrap().unwrap();
        let open = |of| p.reveal(of).unwrap().into_iter().map(Integer::to_i128).collect();
        found.iter().map(open).collect()
    }

    proptest! {
        #[test]
        fn every_contributor_learns_how_many_rates_are_lower(
            (contributors, cells) in (2..6usize, 1..4usize),
            numbers in prop::collection::vec((0..9i128, 0..6i128), 24),
        ) {
            let of = |i: usize, cell: usize| numbers[i * cells + cell];
            let column = |side: fn((i128, i128)) -> i128| -> Vec<Vec<i128>> {
                (0..contributors).map(|i| (0..cells).map(|c| side(of(i, c))).collect()).collect()
            };
            let found = counted(&column(|n| n.0), &column(|n| n.1), [8, 5]);
            let rate = |(e, t): (i128, i128)| e as f64 / t as f64;
            for (i, found) in found.iter().enumerate() {
                for (cell, found) in found.iter().enumerate() {
                    let lower = |j: &usize| rate(of(*j, cell)) < rate(of(i, cell));
                    prop_assert_eq!(*found, (0..contributors).filter(lower).count() as i128);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_the_ring_is_refused() {
        let mut p = Plain::<Z64>::new(0);
        let one = vec![p.public(&[Z64::from_i128(1)]); 2];
        for most in [[1 << 40, 1 << 30], [i128::MAX, 2]] {
            assert!(lower_rates(&mut p, &one, &one, most).unwrap().is_err());
        }
        let (events, exposures) = ([vec![1 << 30], vec![1 << 29]], [vec![1], vec![1 << 29]]);
        let edge = counted(&events, &exposures, [1 << 30, 1 << 29]);
        assert_eq!(edge, [[1], [0]]);
    }
}
