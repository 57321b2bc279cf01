//! One party cheats, in every way that somebody thought of, and the honest ones end with the
//! right result or an error.
//!
//! `frames` spoils what a party sends, frame by frame; `liars` run another program; `missed` leaves
//! checks out, so that the same lies pass; `selective` asks whether stopping tells of secrets;
//! `ended` what is left after it; `givers`
//! are those beside the compute parties.

mod ended;
mod frames;
mod givers;
mod liars;
mod missed;
mod objectives;
mod selective;

use std::time::Duration;

use sharewell_net::{Fate, Frame, Limits, PartyId, Step};

use super::demand::tests::{LeftOut, leave_out};
use super::{Authentic, Rep3Malicious};
use crate::sim::{Outcome, Sim};
use crate::{Error, Result};

/// No party.
const NOBODY: u8 = u8::MAX;
const SESSION: [u8; 32] = [3; 32];

/// Nothing here computes long.
fn sim(parties: u8, deadline_ms: u64) -> Sim {
    let deadline = Duration::from_millis(deadline_ms);
    Sim::new(parties).limits(Limits { deadline, ..Limits::default() })
}

/// Runs a program at the three compute parties, which are told their number. The corrupt one
/// leaves out all checks, the others those given.
fn run<R: Authentic, T: Send>(
    sim: &Sim,
    corrupt: u8,
    checks: LeftOut,
    program: impl Fn(&mut Rep3Malicious<R>, u8) -> Result<T> + Sync,
) -> Outcome<T> {
    sim.run(|party, entropy| {
        let me = party.me().0;
        leave_out(if me == corrupt { LeftOut::All } else { checks });
        program(&mut Rep3Malicious::connect(party, &SESSION, entropy)?, me)
    })
}

/// Lets a party change the frames of one step to one receiver.
fn altering(
    sim: Sim,
    [from, to]: [u8; 2],
    step: Step,
    change: impl Fn(&mut [u8]) + Send + Sync + 'static,
) -> Sim {
    sim.adversary(PartyId(from), move |receiver, _, frame: &mut Frame| {
        if receiver.0 == to && frame.step == step.hash() {
            change(&mut frame.body);
        }
        Fate::Deliver
    })
}

fn honest(corrupt: u8) -> impl Iterator<Item = usize> {
    (0..3).filter(move |party| *party != usize::from(corrupt))
}

/// Whether an honest party has noticed in this step that somebody cheats.
fn is_noticed<T>(outcome: &Outcome<T>, corrupt: u8, at: Step) -> bool {
    honest(corrupt).any(
        |party| matches!(outcome.outputs[party], Err(Error::Cheating { step, .. }) if step == at.0),
    )
}

/// Some words of a generator that replays.
struct Draws(u64);

impl Draws {
    /// Source: Steele, Lea, Flood 2014, splitmix.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
