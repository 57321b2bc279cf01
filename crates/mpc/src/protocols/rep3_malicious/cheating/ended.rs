//! What is left of a run after a check has failed: nothing.

use sharewell_net::{PartyId, Step};
use sharewell_ring::{Dims, Planes, Z64};

use super::super::demand::tests::LeftOut;
use super::super::ledger::Keys;
use super::super::{Authenticated, Rep3Malicious};
use super::{altering, honest, run, sim};
use crate::protocols::rep3::Shuffle;
use crate::sim::Outcome;
use crate::{Arithmetic, BitLinear, Error, Protocol, Result, Rows, Split, Way};

type Endpoint = Rep3Malicious<Z64>;
type Operation = fn(&mut Endpoint, &Authenticated<Z64>, &BitLinear<2>, &Shuffle) -> Result<()>;

const CHEATER: u8 = 0;

/// Everything that can be asked of an endpoint.
const OPERATIONS: [Operation; 23] = [
    |p, _, _, _| p.input(&[Z64(1)], &[1; 3]).map(drop),
    |p, _, _, _| p.random(2).map(drop),
    |p, x, _, _| p.mul(x, x).map(drop),
    |p, x, _, _| p.dot(x, x, 1).map(drop),
    |p, x, _, _| p.mul_sum(x, x, 1).map(drop),
    |p, x, _, _| p.matmul(x, x, Dims { m: 2, k: 1, n: 2 }).map(drop),
    |p, x, _, _| p.partial_open(x).map(drop),
    |p, x, _, _| p.partial_open_to(x, &[PartyId(1)]).map(drop),
    |p, x, _, _| p.reveal(x).map(drop),
    |p, _, _, _| p.verify(),
    |p, _, _, _| p.fork().map(drop),
    |p, x, _, _| p.join(|p| p.mul(x, x), |p| p.mul(x, x)).map(drop),
    |p, _, _, _| p.random_bits(2, 3).map(drop),
    |p, _, b, _| p.and(b, b).map(drop),
    |p, _, b, _| p.reveal_bits(b).map(drop),
    |p, x, _, _| p.summands(x, 8, Split::Sum).map(drop),
    |p, _, b, _| p.b2a(b).map(drop),
    |p, _, _, _| p.index().map(drop),
    |p, _, _, _| p.draw_shuffle(2).map(drop),
    |p, x, _, by| p.shuffle(by, Way::Forward, Rows::ints(vec![x.clone()])).map(drop),
    |p, x, _, by| p.shuffle_open(by, x.clone(), Rows::ints(vec![])).map(drop),
    |p, x, _, _| p.trunc(x, 0).map(drop),
    |p, x, _, _| p.trunc_exact(x, 3).map(drop),
];

/// A false product, on a lane or not, and what an honest party can do after it was noticed.
fn failed(then: impl Fn(&mut Endpoint) -> Result<()> + Sync, lane: bool) -> Outcome<()> {
    let spoilt = altering(sim(3, 5000), [CHEATER, 2], Step("mul"), |body| body[0] ^= 1);
    run::<Z64, _>(&spoilt, CHEATER, LeftOut::None, |p, me| {
        let x = p.random(2)?;
        let first = if lane {
            p.join(|p| p.random(1), |p| p.mul(&x, &x).and_then(|z| p.reveal(&z))).map(drop)
        } else {
            p.mul(&x, &x).and_then(|z| p.reveal(&z)).map(drop)
        };
        if me != CHEATER {
            assert!(matches!(first, Err(Error::Cheating { .. } | Error::Net(_))), "{first:?}");
            then(p)?;
        }
        first
    })
}

#[test]
fn after_a_failed_check_every_operation_fails_at_once_and_nothing_is_sent() {
    let honest_run = run::<Z64, _>(&sim(3, 5000), CHEATER, LeftOut::None, |p, _| {
        let x = p.random(2)?;
        let z = p.mul(&x, &x)?;
        p.reveal(&z).map(drop)
    });
    let tried = failed(
        |p| {
            let x = p.public(&[Z64(3), Z64(4)]);
            let bits = p.public_bits(&Planes::zero(2, 3));
            let by = p.draw_shuffle_of(2);
            for (which, operation) in OPERATIONS.into_iter().enumerate() {
                let outcome = operation(p, &x, &bits, &by);
                assert!(matches!(outcome, Err(Error::Ended)), "operation {which}: {outcome:?}");
            }
            Ok(())
        },
        false,
    );
    for party in honest(CHEATER) {
        assert!(tried.outputs[party].is_err());
        let (sent, usual) = (&tried.sent[party], &honest_run.sent[party]);
        assert!(usual.starts_with(sent), "party {party} has sent more: {sent:?}");
        assert!(sent.iter().all(|frame| frame.step != Step("open")), "{sent:?}");
    }
}

#[test]
fn after_a_failed_check_keys_and_debts_are_wiped_on_all_lanes() {
    for lane in [false, true] {
        let outcome = failed(
            |p| {
                assert!(p.prss.is_wiped() && p.ledger.is_empty(), "lane: {lane}");
                assert_eq!((p.keys.z64, p.keys.rows), (Keys::WIPED.z64, Keys::WIPED.rows));
                Ok(())
            },
            lane,
        );
        assert!(honest(CHEATER).all(|party| outcome.outputs[party].is_err()));
    }
}

#[test]
fn before_a_failure_keys_are_none_that_could_be_guessed() {
    let outcome = run::<Z64, _>(&sim(3, 5000), CHEATER, LeftOut::None, |p, _| {
        let x = p.random(2)?;
        assert!(!p.prss.is_wiped() && !p.ledger.is_empty());
        assert_ne!(p.keys.z64, Keys::WIPED.z64);
        p.reveal(&x).map(drop)
    });
    outcome.values().expect("nobody cheats");
}

#[test]
fn of_two_lanes_the_one_that_found_a_check_failed_says_why() {
    let outcome = failed(|_| Ok(()), true);
    let noticed = |party: usize| matches!(outcome.outputs[party], Err(Error::Cheating { .. }));
    assert!(honest(CHEATER).any(noticed), "{outcome:?}");
}

/// Whether a program that forgets a lane, with debts or without, can still reveal.
fn forgets(debts: bool) -> Outcome<Vec<Z64>> {
    run::<Z64, _>(&sim(3, 5000), CHEATER, LeftOut::None, |p, _| {
        let x = p.input(&[Z64(7)], &[1; 3])?;
        let mut lane = p.fork()?;
        let z = lane.mul(&x[0], &x[1])?;
        if !debts {
            lane.verify()?;
        }
        drop(lane);
        p.reveal(&z)
    })
}

#[test]
fn nothing_is_revealed_after_a_lane_was_dropped_with_debts() {
    for output in forgets(true).outputs {
        assert!(matches!(output, Err(Error::Ended | Error::Net(_))), "{output:?}");
    }
    assert_eq!(forgets(false).values().expect("nothing was owed"), vec![vec![Z64(49)]; 3]);
}
