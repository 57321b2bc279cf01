//! What a semi-honest party receives tells it nothing: every message, alone and joined with
//! whatever else the party has, is uniform, whatever the inputs are.

use std::collections::BTreeSet;

use sharewell_mpc::sim::{Sim, View};
use sharewell_mpc::{Arithmetic, Entropy, Party, Prss, Result, Side};
use sharewell_net::{PartyId, Step};
use sharewell_ring::{Integer, Ring, Z64};

use crate::cases;
use crate::subject::{SESSION, Subject, run, sim};

/// Elements of each vector: enough to be cut into parts of different roles.
const LEN: usize = 1536;

/// Deviations, in standard deviations, of a frequency from one half: for single messages, and
/// for their many combinations.
const ALONE: f64 = 5.0;
const JOINT: f64 = 7.0;

fn is_half(ones: u64, of: u64, sigmas: f64) -> bool {
    let (ones, of) = (ones as f64, of as f64);
    (ones - of / 2.0).abs() <= sigmas * of.sqrt() / 2.0
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap()))
}

/// Whether every stretch of a message has as many ones as zeros.
fn stretches_are_balanced(bytes: &[u8], sigmas: f64) -> bool {
    let stretch = (bytes.len() / 64).next_multiple_of(64).max(64);
    bytes.chunks(stretch).all(|part| {
        let ones = part.iter().map(|b| u64::from(b.count_ones())).sum();
        is_half(ones, part.len() as u64 * 8, sigmas)
    })
}

/// Whether every bit position of an element, of up to 128 bits, is one half of the time.
fn positions_are_balanced(bytes: &[u8], sigmas: f64) -> bool {
    let mut ones = [[0u64; 64]; 2];
    for (i, word) in words(bytes).enumerate() {
        for (bit, ones) in ones[i % 2].iter_mut().enumerate() {
            *ones += word >> bit & 1;
        }
    }
    let samples = bytes.len() as u64 / 16;
    ones.iter().flatten().all(|ones| is_half(*ones, samples, sigmas))
}

/// Sum, difference and exclusive or of two messages, element by element of `width` bytes.
fn combinations(x: &[u8], y: &[u8], width: usize) -> [Vec<u8>; 3] {
    let number = |bytes: &[u8]| {
        let mut whole = [0; 16];
        whole[..width].copy_from_slice(bytes);
        u128::from_le_bytes(whole)
    };
    let len = x.len().min(y.len()) / width * width;
    let mut out = [(); 3].map(|()| Vec::with_capacity(len));
    // Most elements are words, and this is most of what the suite computes.
    let (mut xs, mut ys) = (x.chunks_exact(width), y.chunks_exact(width));
    while let (Some(x), Some(y)) = (xs.next(), ys.next()) {
        let (x, y) = (number(x), number(y));
        for (out, z) in out.iter_mut().zip([x.wrapping_add(y), x.wrapping_sub(y), x ^ y]) {
            out.extend_from_slice(&z.to_le_bytes()[..width]);
        }
    }
    out
}

/// Bytes of an element of a message about [`LEN`] elements; messages of bits are words.
fn width(bytes: usize) -> usize {
    match bytes / LEN {
        width @ (2 | 4 | 8 | 16) if bytes.is_multiple_of(LEN) => width,
        _ => 8,
    }
}

/// Bytes modulo 251, whose bits are not balanced; `pace` has their own law.
const MODULO: [Step; 2] = [Step("test share"), Step("test row")];

/// Whether a message's bits are to be as good as random. Those of checks are few, of a field or
/// said twice; `checks` has their laws.
fn is_uniform(message: &View) -> bool {
    let is_check = ["check ", "and gates"].iter().any(|of| message.step.0.starts_with(of));
    !is_check && !MODULO.contains(&message.step)
}

/// Why a party's view tells it something, if it does.
fn leak(view: &[View], known: &[Vec<u8>]) -> Option<String> {
    let bits = || view.iter().filter(|message| is_uniform(message));
    for (i, message) in bits().enumerate() {
        let body = &message.body;
        if !stretches_are_balanced(body, ALONE) || !positions_are_balanced(body, ALONE) {
            return Some(format!("{message:?} is not uniform"));
        }
        let width = width(body.len());
        for other in bits().skip(i + 1) {
            let joint = combinations(body, &other.body, width);
            let balanced =
                |x: &Vec<u8>| stretches_are_balanced(x, JOINT) && positions_are_balanced(x, JOINT);
            if !joint.iter().all(balanced) {
                return Some(format!("{message:?} and {other:?} are not jointly uniform"));
            }
        }
        for (draw, mask) in known.iter().enumerate() {
            let joint = combinations(body, mask, width);
            if !joint.iter().all(|x| stretches_are_balanced(x, JOINT)) {
                return Some(format!("{message:?} is masked by the receiver's stream {draw}"));
            }
        }
    }
    None
}

fn known<S: Subject>(sim: &Sim) -> Vec<Vec<Vec<u8>>> {
    let bytes = LEN * S::Ring::BYTES;
    sim.run(|party, entropy| S::known(party, entropy, bytes)).values().unwrap()
}

pub(crate) fn every_view_is_uniform<S: Subject>() {
    let max = S::Ring::from_i128(i128::MAX >> (130 - S::Ring::BITS));
    let extremes = [[S::Ring::ZERO; 3], [max, S::Ring::ONE, max]];
    for (seed, inputs) in (10..).zip(extremes) {
        let sim = sim::<S>().seed(seed).views();
        let known = known::<S>(&sim);
        for (name, program) in cases::unopened(LEN, inputs) {
            let outcome = run::<S, _>(&sim, |p, me| program.run(p, &program.inputs[me]).map(drop));
            for (i, (view, known)) in outcome.views.iter().zip(&known).enumerate() {
                let leak = leak(view, known);
                assert!(leak.is_none(), "{name} at party {i} of {inputs:?}: {leak:?}");
            }
            outcome.values().unwrap();
        }
    }
}

/// On inputs of zero a mask used twice would show as a message seen twice.
pub(crate) fn no_block_is_seen_twice<S: Subject>() {
    let mut seen = BTreeSet::new();
    for (name, program) in cases::unopened::<S::Ring>(2048, [S::Ring::ZERO; 3]) {
        let sim = sim::<S>().views();
        let outcome = run::<S, _>(&sim, |p, me| {
            // Each program in a fork of its own, and twice.
            for _ in 0..2 {
                let mut child = p.fork()?;
                program.run(&mut child, &program.inputs[me])?;
                p.absorb(child);
            }
            Ok(())
        });
        seen.clear();
        for message in outcome.views.iter().flatten().filter(|message| is_uniform(message)) {
            for block in message.body.chunks_exact(16) {
                assert!(seen.insert(block.to_vec()), "{name}: {message:?} repeats a block");
            }
        }
        outcome.values().unwrap();
    }
}

/// Three broken protocols, in each of which P0 sends to P1.
fn broken(sent: impl Fn(&Prss) -> Vec<Vec<Z64>> + Sync) -> Option<String> {
    let receive = |mut party: Party, entropy: Entropy| -> Result<()> {
        let prss = Prss::agree(&mut party, &SESSION, entropy)?;
        for message in sent(&prss) {
            match party.me() {
                PartyId(0) => party.send(PartyId(1), Step("toy"), &message)?,
                PartyId(1) => drop(party.recv::<Z64>(PartyId(0), Step("toy"), LEN)?),
                _ => {}
            }
        }
        Ok(())
    };
    type Toy = crate::subject::Rep3Over<Z64>;
    let sim = Sim::new(3).views();
    let outcome = sim.run(receive);
    let leak = leak(&outcome.views[1], &known::<Toy>(&sim)[1]);
    outcome.values().unwrap();
    leak
}

fn masked(x: u64, mut mask: Vec<Z64>) -> Vec<Z64> {
    Z64::add_assign(&mut mask, &vec![Z64(x); LEN]);
    mask
}

#[test]
fn the_test_of_independence_finds_what_is_wrong_with_broken_protocols() {
    let honest = |prss: &Prss| {
        let mask = |draw| prss.uniform(Side::Left, draw, LEN);
        vec![masked(5, mask(1)), masked(1, mask(2))]
    };
    assert_eq!(broken(honest), None);
    let unmasked = |_: &Prss| vec![masked(5, vec![Z64::ZERO; LEN])];
    assert!(broken(unmasked).unwrap().contains("is not uniform"));
    let reused = |prss: &Prss| {
        let mask = prss.uniform(Side::Left, 1, LEN);
        vec![masked(5, mask.clone()), masked(7, mask)]
    };
    assert!(broken(reused).unwrap().contains("jointly"));
    // The pair key of P0 and P1: the receiver has it.
    let wrong_key = |prss: &Prss| vec![masked(5, prss.uniform(Side::Right, 3, LEN))];
    assert!(broken(wrong_key).unwrap().contains("receiver's stream"));
}
