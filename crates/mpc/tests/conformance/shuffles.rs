//! Secret permutations: right, fresh, uniform, and what is opened of them is no secret's.

use std::collections::BTreeMap;

use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Arithmetic, Error, Protocol, Result, Rows, Way};
use sharewell_ring::{Integer, Z32, Z64};

use crate::subject::{Rep3Over, run, sim};

type S = Rep3Over<Z64>;

/// Beyond this, the chi square of 23 degrees of freedom comes once in 30,000 seeds.
const CHI_SQUARE_24: f64 = 60.0;

fn numbered<P: Protocol>(p: &P, n: usize) -> Rows<P::AShare, P::BShare> {
    Rows::ints(vec![p.public(&(0..n as u128).map(P::Ring::from_u128).collect::<Vec<_>>())])
}

fn order<P: Protocol>(p: &mut P, n: usize) -> Result<Vec<u128>> {
    let by = p.draw_shuffle(n)?;
    let rows = numbered(p, n);
    let shuffled = p.shuffle(&by, Way::Forward, rows)?;
    Ok(p.reveal(&shuffled.ints[0])?.into_iter().map(Integer::to_u128).collect())
}

fn is_uniform(orders: impl Iterator<Item = Vec<u128>>) -> bool {
    let mut counts = BTreeMap::<_, f64>::new();
    orders.for_each(|order| *counts.entry(order).or_default() += 1.0);
    let expected = counts.values().sum::<f64>() / 24.0;
    let chi_square: f64 = counts.values().map(|n| (n - expected).powi(2) / expected).sum();
    counts.len() == 24 && chi_square < CHI_SQUARE_24
}

#[test]
fn shuffles_are_uniform_fresh_and_the_same_at_all_parties() {
    let shuffles = |p: &mut _, _| (0..1200).map(|_| order(p, 4)).collect::<Result<Vec<_>>>();
    let mut orders = run::<S, _>(&sim::<S>(), shuffles).values().unwrap();
    let first = orders.swap_remove(0);
    assert!(orders.iter().all(|other| *other == first));
    assert!(is_uniform(first.into_iter()));

    let long = |seed| run::<S, _>(&sim::<S>().seed(seed), |p, _| order(p, 500)).values().unwrap();
    let (one, other) = (long(1).swap_remove(0), long(2).swap_remove(0));
    assert_ne!(one, other);
    for mut order in [one, other] {
        order.sort_unstable();
        assert!(order.into_iter().eq(0..500), "a permutation of all rows");
    }
    let mut plain = Plain::<Z64>::new(1);
    assert_ne!(order(&mut plain, 500).unwrap(), order(&mut plain, 500).unwrap());
}

#[test]
fn what_is_opened_of_destinations_is_uniform_whatever_they_are() {
    for to in [[0, 1, 2, 3], [2, 0, 3, 1]] {
        let opened = run::<S, _>(&sim::<S>(), |p, _| {
            let to = p.public(&to.map(Z64));
            let open = |_| {
                let by = p.draw_shuffle(4)?;
                let (order, _) = p.shuffle_open(&by, to.clone(), Rows::ints(vec![]))?;
                Ok(order.into_iter().map(|i| i as u128).collect())
            };
            (0..1200).map(open).collect::<Result<Vec<Vec<u128>>>>()
        });
        assert!(is_uniform(opened.values().unwrap().swap_remove(0).into_iter()), "{to:?}");
    }
}

#[test]
fn bits_and_shuffles_serve_in_both_rings() {
    let outcome = run::<S, _>(&sim::<S>(), |p, _| {
        let x = p.public(&[5, 6, 7].map(Z64));
        let bits = p.a2b(&x, 3)?;
        let (by, narrow) = p.with_index(|q| {
            let by = q.draw_shuffle(3)?;
            let hot = q.one_hot(&bits, 3)?;
            let rows = numbered(q, 3);
            let numbers = q.shuffle(&by, Way::Forward, rows)?;
            assert_eq!(q.reveal(&hot)?.iter().filter(|x| **x == Z32(1)).count(), 3);
            Ok((by, q.reveal(&numbers.ints[0])?))
        })?;
        let wide = p.shuffle(&by, Way::Forward, Rows { ints: vec![x], bits: vec![bits] })?;
        let opened = (p.reveal(&wide.ints[0])?, p.reveal_bits(&wide.bits[0])?.to_values::<Z32>());
        Ok((narrow, opened))
    });
    for (narrow, (wide, bits)) in outcome.values().unwrap() {
        for ((number, x), bits) in narrow.into_iter().zip(wide).zip(bits) {
            assert_eq!((x.0, bits.0), (u64::from(number.0) + 5, number.0 + 5));
        }
    }
}

#[test]
fn shuffles_of_one_narrow_lane_after_the_other_load_all_parties_alike() {
    let outcome = run::<S, _>(&sim::<S>(), |p, _| {
        (0..3).try_for_each(|_| p.with_index(|q| order(q, 100)).map(drop))
    });
    let sent = [0, 1, 2].map(|party| outcome.cost.messages.bytes_sent_by(party));
    assert_eq!(sent[1..], [sent[0]; 2]);
    outcome.values().unwrap();
}

#[test]
fn destinations_that_are_no_permutation_are_an_error_at_every_party() {
    for to in [[0, 0, 1], [0, 1, 3], [1, 2, u64::MAX]] {
        let outcome = run::<S, _>(&sim::<S>(), |p, _| {
            let by = p.draw_shuffle(3)?;
            let to = p.public(&to.map(Z64));
            p.shuffle_open(&by, to, Rows::ints(vec![])).map(drop)
        });
        assert!(outcome.outputs.iter().all(Result::is_err), "{:?}", outcome.outputs);
        assert!(matches!(outcome.values(), Err(Error::Cheating { .. })));
    }
}
