//! Parties out of step, and the randomness that pairs share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Arithmetic, Entropy, Error, Party, Prss, Result, Side, Suspects};
use sharewell_net::{Error as NetError, Frame, Lane, PartyId, Step, Transport, memory};
use sharewell_ring::{Bits, Ring, Z32, Z64};

use crate::subject::SESSION;

const MUL: Step = Step("mul");
const OPEN: Step = Step("open");
const PEER: PartyId = PartyId(0);

type Change = fn(&mut Frame);

/// What party 1 makes of a frame, awaiting the first `mul` of two elements.
fn received(change: Change) -> Result<Vec<Z64>> {
    let mut links = memory::mesh(2).into_iter();
    let (sender, receiver) = (links.next().unwrap(), links.next().unwrap());
    let mut frame = Frame { lane: Lane(0), seq: 0, clock: 0, step: MUL.hash(), body: vec![1; 16] };
    change(&mut frame);
    sender.send(PartyId(1), MUL, frame).unwrap();
    Party::new(Arc::new(receiver)).recv(PEER, MUL, 2)
}

#[test]
fn a_frame_that_is_not_the_expected_one_names_the_step_and_what_is_wrong() {
    assert!(received(|_| {}).is_ok());
    let wrong: [(Change, &str); 4] = [
        (|f| f.seq = 1, "frame number"),
        (|f| f.step = OPEN.hash(), "step"),
        (|f| f.body.push(0), "message length"),
        (|f| f.body.clear(), "message length"),
    ];
    for (change, complaint) in wrong {
        let error = received(change).unwrap_err();
        let Error::Net(NetError::Desync { peer, step, what, want, got, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!((peer, step, what), (PEER, MUL, complaint));
        assert_ne!(want, got);
    }
}

#[test]
fn parties_in_different_branches_of_a_program_notice_it() {
    let outcome = Sim::new(3).run(|mut party, _| {
        let (me, step) = (party.me().0, if party.me().0 == 2 { OPEN } else { MUL });
        party.send(PartyId((me + 1) % 3), step, &[Z64(1)])?;
        party.recv::<Z64>(PartyId((me + 2) % 3), step, 1)
    });
    assert!(matches!(outcome.values(), Err(Error::Net(NetError::Desync { what: "step", .. }))));
}

#[test]
fn vectors_arrive_whole_in_as_many_frames_as_they_need_and_empty_ones_in_none() {
    let lens = [0, 1, 8191, 8192, 8193, 100_000];
    let outcome = Sim::new(2).run(|mut party, _| {
        let mut sums = vec![];
        for len in lens {
            let x: Vec<Z32> = (0..len as u32).map(Z32).collect();
            match party.me() {
                PEER => party.send(PartyId(1), MUL, &x)?,
                _ => sums.push(party.recv::<Z32>(PEER, MUL, len)? == x),
            }
        }
        Ok(sums)
    });
    assert_eq!(outcome.cost.messages.rounds, 1, "no frame waits for another");
    assert_eq!(outcome.cost.messages.links[&(0, 1)], 4 * lens.iter().sum::<usize>() as u64);
    assert_eq!(outcome.values().unwrap()[1], [true; 6]);
}

#[test]
fn rounds_are_the_longest_chain_and_a_fork_goes_on_from_its_parents_clock() {
    let outcome = Sim::new(2).run(|mut party, _| {
        let other = PartyId(1 - party.me().0);
        let turn = |party: &mut Party| {
            party.send(other, MUL, &[Z64(1)])?;
            party.recv::<Z64>(other, MUL, 1)
        };
        turn(&mut party)?;
        let (mut left, mut right) = (party.fork(), party.fork());
        assert!(left.lane() != right.lane() && left.lane() != party.lane());
        turn(&mut left)?;
        turn(&mut right)?;
        turn(&mut right)?;
        party.absorb(&left);
        party.absorb(&right);
        Ok(party.rounds())
    });
    assert_eq!(outcome.values().unwrap(), [3, 3]);
}

#[test]
fn an_error_on_one_lane_ends_the_whole_run_at_once() {
    let start = Instant::now();
    let outcome = Sim::new(3).run(|party, entropy| {
        let me = party.me();
        let mut p = Rep3::<Z64>::connect(party, &SESSION, entropy)?;
        let x = p.random(5)?;
        let fails = |p: &mut Rep3<Z64>| match me {
            PEER => Err(Error::Cheating { step: "test", suspects: Suspects::default() }),
            _ => p.mul(&x, &x),
        };
        p.join(fails, |p| p.reveal(&x)).map(drop)
    });
    assert!(outcome.outputs[2].is_err(), "it waits for party 0's product");
    assert!(matches!(outcome.values(), Err(Error::Cheating { .. })));
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// The pair keys of three parties in a session.
fn agreed(session: [u8; 32], seed: u64) -> Vec<(Party, Prss)> {
    let run = |mut party: Party, entropy: Entropy| {
        let prss = Prss::agree(&mut party, &session, entropy)?;
        Ok((party, prss))
    };
    Sim::new(3).seed(seed).run(run).values().unwrap()
}

#[test]
fn a_pair_draws_the_same_and_the_third_party_something_else() {
    let parties = agreed(SESSION, 1);
    let draws = |(_, prss): &(Party, Prss)| {
        [Side::Left, Side::Right].map(|side| prss.uniform::<Z64>(side, 5, 9))
    };
    let draws: Vec<_> = parties.iter().map(draws).collect();
    for i in 0..3 {
        let [left, right] = &draws[i];
        assert_eq!(*right, draws[(i + 1) % 3][0]);
        assert_ne!(left, right);
    }
}

#[test]
fn a_mask_drawn_twice_is_noticed() {
    let (_, prss) = agreed(SESSION, 1).swap_remove(0);
    let twice = |draw: &dyn Fn()| {
        draw();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(draw)).is_err()
    };
    assert!(twice(&|| drop(prss.uniform::<Z64>(Side::Left, 1, 3))));
    assert!(twice(&|| prss.zero::<Z64>(2, 0, &mut [Z64(0); 3])));
    prss.zero::<Z64>(2, 1, &mut [Z64(0); 3]);
    drop(prss.uniform::<Z64>(Side::Right, 1, 3));
}

fn zeros_sum_to_zero<R: Ring>() {
    let parties = agreed(SESSION, 1);
    for tile in 0..3 {
        let mut sum = vec![R::ZERO; 100];
        for (_, prss) in &parties {
            let mut part = vec![R::ZERO; 100];
            prss.zero(7, tile, &mut part);
            assert!(part.iter().any(|x| *x != R::ZERO));
            R::add_assign(&mut sum, &part);
        }
        assert!(sum.iter().all(|x| *x == R::ZERO));
    }
}

#[test]
fn sharings_of_zero_sum_to_zero() {
    zeros_sum_to_zero::<Z64>();
    zeros_sum_to_zero::<Bits>();
}

#[test]
fn no_two_draws_lanes_sessions_or_seeds_share_a_stream() {
    let mut seen = std::collections::BTreeSet::new();
    let mut fresh = |prss: &Prss| {
        for draw in [1, 2, 3, 1 << 40] {
            let block: Vec<Z64> = prss.uniform(Side::Right, draw, 2);
            assert!(seen.insert([block[0].0, block[1].0]), "draw {draw} was seen before");
        }
    };
    for (session, seed) in [([1; 32], 1), ([2; 32], 1), ([1; 32], 2)] {
        for (mut party, prss) in agreed(session, seed) {
            fresh(&prss);
            let (mut left, right) = (party.fork(), party.fork());
            let left_prss = prss.fork(&left);
            fresh(&left_prss);
            fresh(&prss.fork(&right));
            fresh(&left_prss.fork(&left.fork()));
        }
    }
}
