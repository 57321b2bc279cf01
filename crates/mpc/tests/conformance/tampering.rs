//! A corrupt party may falsify values: the protocols here are semi-honest. But whatever it
//! does to its frames, the honest parties neither panic nor hang, and a frame that is not the
//! expected one ends in an error, never in data.

use std::time::{Duration, Instant};

use sharewell_mpc::Error;
use sharewell_mpc::sim::Outcome;
use sharewell_net::{Fate, Frame, Limits, PartyId};
use sharewell_ring::Integer;

use crate::program::{Op, Opened, Program};
use crate::subject::{Subject, run, sim};

type Spoil = fn(&mut Frame) -> Fate;

fn deliver(change: impl FnOnce(&mut Frame), frame: &mut Frame) -> Fate {
    change(frame);
    Fate::Deliver
}

/// Ways to spoil a frame that its receiver must notice.
const NOTICED: [(&str, Spoil); 8] = [
    ("drop", |_| Fate::Drop),
    ("truncate", |f| deliver(|f| f.body.truncate(f.body.len() - 1), f)),
    ("lengthen", |f| deliver(|f| f.body.push(0), f)),
    ("empty", |f| deliver(|f| f.body.clear(), f)),
    ("renumber", |f| deliver(|f| f.seq ^= 1, f)),
    ("number last", |f| deliver(|f| f.seq = u32::MAX, f)),
    ("other step", |f| deliver(|f| f.step ^= 1, f)),
    ("other lane", |f| deliver(|f| f.lane.0 ^= 1, f)),
];

/// Ways that it cannot or need not notice.
const UNNOTICED: [(&str, Spoil); 3] = [
    ("replay", |_| Fate::Replay),
    ("far clock", |f| deliver(|f| f.clock = u32::MAX, f)),
    ("alter", |f| deliver(|f| f.body.iter_mut().for_each(|b| *b ^= 0x81), f)),
];

fn program<R: Integer>() -> Program<R> {
    let inputs = [-70, 41, 9].map(|x| vec![R::from_i128(x); 3]).to_vec();
    let ops = vec![Op::MulTrunc(0, 1, 4), Op::Trunc(2, 2), Op::Msb(3, 8), Op::B2a(0)];
    Program { inputs, ops }
}

fn spoilt<S: Subject>(corrupt: u8, target: usize, spoil: Spoil) -> Outcome<Opened<S::Ring>> {
    // Nothing here computes long; too short a wait can only make an error of what may be one.
    let limits = Limits { deadline: Duration::from_millis(60), ..Limits::default() };
    let program = program();
    let act = move |_: PartyId, index: usize, frame: &mut Frame| {
        if index == target { spoil(frame) } else { Fate::Deliver }
    };
    let sim = sim::<S>().limits(limits).adversary(PartyId(corrupt), act);
    run::<S, _>(&sim, |p, me| program.open(p, &program.inputs[me]))
}

/// What an honest party may end with: an error of its link, or what the honest run gives.
fn is_sound<R: Integer>(output: &Result<Opened<R>, Error>, right: &Opened<R>) -> bool {
    match output {
        Ok(opened) => opened == right,
        Err(error) => matches!(error, Error::Net(_)),
    }
}

pub(crate) fn every_frame_in_turn<S: Subject>() {
    let start = Instant::now();
    let honest = program();
    let outcome = run::<S, _>(&sim::<S>(), |p, me| honest.open(p, &honest.inputs[me]));
    let receivers: Vec<Vec<usize>> = outcome
        .sent
        .iter()
        .map(|sent| sent.iter().map(|s| usize::from(s.to.0)).collect())
        .collect();
    let right = outcome.values().unwrap().swap_remove(0);
    for (corrupt, receivers) in (0..).zip(receivers) {
        assert!(receivers.len() > 10, "frames of party {corrupt}");
        for (target, receiver) in receivers.into_iter().enumerate() {
            let run = |spoil| spoilt::<S>(corrupt, target, spoil).outputs;
            let honest = || (0..3).filter(|i| *i != usize::from(corrupt));
            for (name, spoil) in NOTICED {
                let outputs = run(spoil);
                let sound = honest().all(|i| is_sound(&outputs[i], &right));
                assert!(sound, "{name} frame {target} of {corrupt}: {outputs:?}");
                assert!(outputs[receiver].is_err(), "{name} frame {target} of {corrupt}");
            }
            for (name, spoil) in UNNOTICED {
                let outputs = run(spoil);
                let sound = |i| name == "alter" || is_sound(&outputs[i], &right);
                assert!(honest().all(sound), "{name} frame {target} of {corrupt}");
            }
        }
    }
    assert!(start.elapsed() < Duration::from_secs(120), "some run waited in vain");
}
