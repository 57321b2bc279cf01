use std::time::{Duration, Instant};

use sharewell_net::{Abort, Error as NetError, Fate, PartyId, Step, Wan};
use sharewell_ring::Z64;

use super::Sim;
use crate::{Error, Party, Result, Suspects};

const STEP: Step = Step("test");

/// Each party sends one element to the next.
fn ring_of_messages(mut party: Party) -> Result<u64> {
    let (me, n) = (party.me().0, party.parties());
    party.send(PartyId((me + 1) % n), STEP, &[Z64(u64::from(me))])?;
    let got: Vec<Z64> = party.recv(PartyId((me + n - 1) % n), STEP, 1)?;
    Ok(got[0].0)
}

fn wait_in_vain(mut party: Party) -> Result<u64> {
    let from = PartyId((party.me().0 + 1) % party.parties());
    party.recv::<Z64>(from, STEP, 1).map(|x| x[0].0)
}

#[test]
fn a_run_yields_every_partys_value_and_what_it_took() {
    let outcome = Sim::new(5).run(|party, _| ring_of_messages(party));
    assert_eq!(outcome.cost.messages.rounds, 1);
    assert_eq!(outcome.cost.messages.links.len(), 5);
    assert!(outcome.cost.messages.links.values().all(|bytes| *bytes == 8));
    assert!(outcome.cost.shape.values().all(|lengths| *lengths == [8]));
    assert_eq!(outcome.values().unwrap(), [4, 0, 1, 2, 3]);
}

#[test]
fn an_error_of_one_party_ends_the_others_at_once() {
    let start = Instant::now();
    let outcome = Sim::new(4).run(|party, _| match party.me() {
        PartyId(2) => Err(Error::Cheating { step: "test", suspects: Suspects::default() }),
        _ => wait_in_vain(party),
    });
    for (i, output) in outcome.outputs.iter().enumerate().filter(|(i, _)| *i != 2) {
        let reason = Abort::Cheating;
        assert!(
            matches!(output, Err(Error::Net(NetError::Aborted { reason: r, .. })) if *r == reason),
            "party {i}: {output:?}"
        );
    }
    assert!(matches!(outcome.values(), Err(Error::Cheating { .. })));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_panic_of_one_party_ends_the_others_at_once_and_surfaces() {
    let start = Instant::now();
    let run = || {
        Sim::new(3).run(|party, _| {
            assert_ne!(party.me(), PartyId(1), "the panic of this test");
            wait_in_vain(party)
        })
    };
    assert!(std::panic::catch_unwind(run).is_err());
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_adversary_drops_replays_and_alters_only_its_own_frames() {
    let spoilt = |fate: Fate, bit: u8| {
        let act = move |_: PartyId, _: usize, frame: &mut sharewell_net::Frame| {
            frame.body[0] ^= bit;
            fate
        };
        Sim::new(3).adversary(PartyId(0), act).run(|party, _| ring_of_messages(party))
    };
    assert_eq!(spoilt(Fate::Deliver, 8).values().unwrap(), [2, 8, 1]);
    assert_eq!(spoilt(Fate::Replay, 0).values().unwrap(), [2, 0, 1]);
    assert!(spoilt(Fate::Drop, 0).outputs[1].is_err());
}

#[test]
fn virtual_time_is_latency_and_transmission_and_nobody_sleeps() {
    let start = Instant::now();
    let wan = Wan { rtt: Duration::from_secs(1000), bits_per_s: 8 };
    let outcome = Sim::new(3).wan(wan).run(|party, _| ring_of_messages(party));
    // 500 s of travel for a frame of 8 bytes and its header of 32.
    assert_eq!(outcome.cost.time, Duration::from_secs(540));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn views_hold_what_each_party_received_if_asked_for() {
    let sim = Sim::new(3);
    assert!(sim.run(|party, _| ring_of_messages(party)).views.iter().all(Vec::is_empty));
    let views = sim.views().run(|party, _| ring_of_messages(party)).views;
    assert_eq!(views[1].len(), 1);
    assert_eq!((views[1][0].from, views[1][0].step), (PartyId(0), STEP));
    assert_eq!(views[1][0].body, 0u64.to_le_bytes());
}
