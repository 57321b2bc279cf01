//! Every frame of a run is spoilt in every way.
//!
//! A run draws everything from its seed, so that frames can be counted. By default a sample of the
//! cases is tried; with `SHAREWELL_CHEATING=full` all of them, which takes minutes.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use sharewell_net::{Fate, Frame, PartyId};
use sharewell_ring::{Z32, Z64, Z128};

use super::super::Authentic;
use super::objectives::{Objective, Seen, all};
use super::{Draws, NOBODY, honest, sim};
use crate::Error;
use crate::sim::Outcome;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Spoil {
    Flip,
    /// A power of two, to some element.
    Add(Power),
    Random,
    Zero,
    /// The last frame of this length that the party has sent.
    Swap,
    Replay,
    Truncate,
    Empty,
    Lengthen,
    Drop,
    Delay,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Power {
    One,
    /// `2^63`.
    Top64,
    /// `2^(k-1)`.
    TopOfRing,
    /// The highest that travels.
    TopOfWire,
}

const SPOILS: [Spoil; 15] = [
    Spoil::Flip,
    Spoil::Flip,
    Spoil::Add(Power::One),
    Spoil::Add(Power::Top64),
    Spoil::Add(Power::TopOfRing),
    Spoil::Add(Power::TopOfWire),
    Spoil::Random,
    Spoil::Zero,
    Spoil::Swap,
    Spoil::Replay,
    Spoil::Truncate,
    Spoil::Empty,
    Spoil::Lengthen,
    Spoil::Drop,
    Spoil::Delay,
];

/// What may be done to one frame, with what is remembered of those before.
struct Adversary {
    draws: Draws,
    seen: BTreeMap<usize, Vec<u8>>,
}

impl Adversary {
    fn spoil<R: Authentic>(&mut self, how: Spoil, frame: &mut Frame) -> Fate {
        let body = &mut frame.body;
        match how {
            Spoil::Flip => {
                let at = self.draws.below(8 * body.len());
                body.iter_mut().skip(at / 8).take(1).for_each(|byte| *byte ^= 1 << (at % 8));
            }
            Spoil::Add(power) => self.add::<R>(power, body),
            Spoil::Random => body.iter_mut().for_each(|byte| *byte = self.draws.next() as u8),
            Spoil::Zero => body.fill(0),
            Spoil::Swap => {
                let other = self.seen.get(&body.len()).cloned();
                other.into_iter().for_each(|other| *body = other);
            }
            Spoil::Truncate => body.truncate(body.len().saturating_sub(1)),
            Spoil::Empty => body.clear(),
            Spoil::Lengthen => body.push(0),
            Spoil::Replay => return Fate::Replay,
            Spoil::Drop => return Fate::Drop,
            Spoil::Delay => return Fate::Delay,
        }
        Fate::Deliver
    }

    fn add<R: Authentic>(&mut self, power: Power, body: &mut [u8]) {
        let widths = [R::WIRE, R::BYTES, 8, 1];
        let width = widths.into_iter().find(|width| body.len().is_multiple_of(*width)).unwrap_or(1);
        let at = self.draws.below(body.len() / width);
        let Some(element) = body.chunks_mut(width).nth(at) else { return };
        let bit = match power {
            Power::One => 0,
            Power::Top64 => 63,
            Power::TopOfRing => R::BITS as usize - 1,
            Power::TopOfWire => 8 * width - 1,
        };
        let mut carry = 1 << (bit % 8);
        for byte in element.iter_mut().skip(bit / 8) {
            let sum = u16::from(*byte) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    }
}

struct Case {
    corrupt: u8,
    frame: usize,
    how: Spoil,
    seed: u64,
}

fn play<R: Authentic>(objective: &Objective<R>, case: &Case) -> Outcome<Seen> {
    let Case { corrupt, frame: target, how, seed } = *case;
    // A frame that does not come is waited for.
    let deadline_ms = if matches!(how, Spoil::Drop | Spoil::Delay) { 30 } else { 5000 };
    let adversary = Mutex::new(Adversary { draws: Draws(seed), seen: BTreeMap::new() });
    let act = move |_: PartyId, index: usize, frame: &mut Frame| {
        let mut adversary = adversary.lock().expect("nothing panics with it");
        if index == target {
            return adversary.spoil::<R>(how, frame);
        }
        adversary.seen.insert(frame.body.len(), frame.body.clone());
        Fate::Deliver
    };
    let parties = 3 + u8::from(objective.outsider);
    objective.play(&sim(parties, deadline_ms).adversary(PartyId(corrupt), act), corrupt)
}

/// How runs ended: each is counted once.
#[derive(Copy, Clone, Debug, Default)]
struct Count {
    cases: usize,
    /// An honest party has found a check failed.
    caught: usize,
    /// None has, but one or more had no frame that they could take.
    stopped: usize,
    /// The right result everywhere.
    right: usize,
}

impl Count {
    fn of<R: Authentic>(objective: &Objective<R>, case: &Case, right: &[Seen]) -> Self {
        let place = format!(
            "`{}` over {} bits, frame {} of party {}: {:?}",
            objective.name,
            R::BITS,
            case.frame,
            case.corrupt,
            case.how
        );
        let outcome = catch_unwind(AssertUnwindSafe(|| play(objective, case)));
        let outcome = outcome.unwrap_or_else(|_| panic!("a panic at {place}"));
        let outputs = &outcome.outputs;
        let not_corrupt = || honest(case.corrupt).chain(3..outputs.len());
        for party in not_corrupt() {
            let sound = outputs[party].as_ref().map_or(true, |seen| *seen == right[party]);
            assert!(sound, "a wrong result at party {party}, {place}");
        }
        let caught = not_corrupt().any(|i| matches!(outputs[i], Err(Error::Cheating { .. })));
        let stopped = !caught && not_corrupt().any(|i| outputs[i].is_err());
        let one = usize::from;
        let right = one(!caught && !stopped);
        Self { cases: 1, caught: one(caught), stopped: one(stopped), right }
    }

    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.caught += other.caught;
        self.stopped += other.stopped;
        self.right += other.right;
    }
}

/// All cases, or so many of each party's of each objective.
fn spoil_all<R: Authentic>(sample: Option<usize>) -> Count {
    let mut total = Count::default();
    for objective in all::<R>() {
        let parties = 3 + u8::from(objective.outsider);
        let outcome = objective.play(&sim(parties, 30_000), NOBODY);
        let frames: Vec<usize> = outcome.sent.iter().map(Vec::len).collect();
        let right = outcome.values().unwrap_or_else(|e| panic!("`{}`: {e}", objective.name));
        let mut count = Count::default();
        for corrupt in 0..3 {
            let frames = frames[usize::from(corrupt)];
            let mut draws = Draws((frames * R::BYTES) as u64);
            let every = SPOILS.len() * frames;
            assert!(every > 0, "party {corrupt} sends nothing in `{}`", objective.name);
            let cases: Vec<usize> = match sample {
                None => (0..every).collect(),
                Some(len) => (0..len).map(|_| draws.below(every)).collect(),
            };
            for number in cases {
                let (frame, how) = (number / SPOILS.len(), SPOILS[number % SPOILS.len()]);
                let case = Case { corrupt, frame, how, seed: number as u64 };
                count.add(Count::of(&objective, &case, &right));
            }
        }
        if sample.is_none() {
            println!("{:>4} bits, {:>22}: {count:?}", R::BITS, objective.name);
        }
        total.add(count);
    }
    total
}

#[test]
fn whatever_becomes_of_a_frame_honest_parties_end_with_the_right_result_or_an_error() {
    let full = std::env::var("SHAREWELL_CHEATING").is_ok_and(|wanted| wanted == "full");
    let sample = |len| if full { None } else { Some(len) };
    let mut total = spoil_all::<Z64>(sample(8));
    total.add(spoil_all::<Z32>(sample(2)));
    total.add(spoil_all::<Z128>(sample(2)));
    println!("{total:?}");
    assert!(total.cases >= if full { 50_000 } else { 1000 }, "{total:?}");
    // Most cases are of frames that checks rest on, a part of them leaves a frame as it was.
    assert!(total.caught > total.cases / 3 && total.stopped > 0 && total.right > 0, "{total:?}");
}
