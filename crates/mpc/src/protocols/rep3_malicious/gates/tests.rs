use std::collections::BTreeMap;
use std::time::Duration;

use sharewell_net::{Fate, Frame, Limits, PartyId};
use sharewell_ring::{Key, Prg};

use super::*;
use crate::sim::{Outcome, Sim};
use crate::{Entropy, Error, Side};

/// Gates of three parties, computed right from random components and masks.
fn right_gates(words: usize, seed: u64) -> [Gates; 3] {
    let prg = Prg::new(&Key::from_bytes([7; 16]));
    let [x, y, masks] = [0, 1, 2].map(|what| {
        [0, 1, 2].map(|component| {
            let mut out = vec![Bits::ZERO; words];
            prg.fill(9 * seed + 3 * what + component, 0, &mut out);
            out
        })
    });
    let z: [Vec<Bits>; 3] = [0, 1, 2].map(|i| {
        let j = (i + 1) % 3;
        let own = |w: usize| x[i][w] * (y[i][w] + y[j][w]) + x[j][w] * y[i][w];
        (0..words).map(|w| own(w) + masks[i][w] + masks[j][w]).collect()
    });
    [0, 1, 2].map(|i| {
        let mut gates = Gates::default();
        let [x, y, z, masks] =
            [&x, &y, &z, &masks].map(|all| [all[i].as_slice(), all[(i + 1) % 3].as_slice()]);
        gates.push(x, y, z, masks);
        gates
    })
}

fn copy(gates: &Gates) -> Gates {
    let mut out = Gates::default();
    let each = |x: &Wiped<Bits>| Wiped::from(x.to_vec());
    out.x = gates.x.each_ref().map(each);
    out.y = gates.y.each_ref().map(each);
    out.z = gates.z.each_ref().map(each);
    out.masks = gates.masks.each_ref().map(each);
    out
}

fn run(sim: &Sim, gates: &[Gates; 3]) -> Outcome<()> {
    sim.run(|mut party, entropy: Entropy| {
        let mut prss = Prss::agree(&mut party, &[1; 32], entropy)?;
        party.reset_rounds();
        let gates = copy(&gates[usize::from(party.me().0)]);
        prove(&mut party, &mut prss, gates)
    })
}

/// A simulation in which one frame of a party, of all that it sends, is altered.
fn altered(party: u8, target: usize, change: impl Fn(&mut [u64]) + Send + Sync + 'static) -> Sim {
    let limits = Limits { deadline: Duration::from_millis(500), ..Limits::default() };
    Sim::new(3).limits(limits).adversary(PartyId(party), move |_, index, frame: &mut Frame| {
        if index == target {
            let words = frame.body.as_chunks().0.iter();
            let mut words: Vec<u64> = words.map(|&word| u64::from_le_bytes(word)).collect();
            change(&mut words);
            frame.body = words.into_iter().flat_map(u64::to_le_bytes).collect();
        }
        Fate::Deliver
    })
}

fn is_caught(outcome: &Outcome<()>, corrupt: u8) -> bool {
    let honest = (0..3).filter(|&party| party != usize::from(corrupt));
    honest.into_iter().any(|party| matches!(outcome.outputs[party], Err(Error::Cheating { .. })))
}

/// Both parties but this one end with an error.
fn all_stop(outcome: &Outcome<()>, corrupt: u8) -> bool {
    (0..3).filter(|&i| i != usize::from(corrupt)).all(|i| outcome.outputs[i].is_err())
}

#[test]
fn right_gates_are_accepted() {
    for (seed, words) in [1, 2, 3, 4, 7, 31, 64, 65, 127, 1000, 1027, 8200].into_iter().enumerate()
    {
        run(&Sim::new(3), &right_gates(words, seed as u64)).values().unwrap();
    }
}

#[test]
fn extreme_gates_are_accepted() {
    let word = |bits: u64, words| vec![Bits(bits); words];
    for (words, x) in [(1, 0), (1, u64::MAX), (70, 0), (70, u64::MAX)] {
        let (x, zero) = (word(x, words), word(0, words));
        let gates = [0, 1, 2].map(|_| {
            let mut gates = Gates::default();
            // All components alike: x y + x y + x y = x.
            gates.push([&x; 2], [&x; 2], [&x; 2], [&zero; 2]);
            gates
        });
        run(&Sim::new(3), &gates).values().unwrap();
    }
}

#[test]
fn one_wrong_bit_is_rejected_by_both_verifiers() {
    let mut draws = Prg::new(&Key::from_bytes([8; 16]));
    let mut any = |below: usize| {
        let mut word = [Bits::ZERO];
        draws.fill(below as u64, 0, &mut word);
        draws = Prg::new(&Key::from_bytes([word[0].0 as u8; 16]));
        word[0].0 as usize % below
    };
    for case in 0..60 {
        let words = [1, 2, 5, 40, 130][case % 5];
        let prover = any(3);
        let (word, bit) = (any(words), any(64));
        let mut gates = right_gates(words, case as u64);
        // What the left verifier received; and what the prover stands to, or not.
        let sent = &mut gates[(prover + 2) % 3].z[1][word];
        *sent = *sent + Bits(1 << bit);
        if case % 2 == 0 {
            let own = &mut gates[prover].z[0][word];
            *own = *own + Bits(1 << bit);
        }
        let outcome = run(&Sim::new(3), &gates);
        let place = format!("bit {bit} of word {word} of {words} of party {prover}");
        assert!(is_caught(&outcome, prover as u8), "{place}");
        assert!(all_stop(&outcome, prover as u8), "{place}");
    }
}

/// An even number of errors, and one in every gate, cancel in bits but not in the field.
#[test]
fn many_wrong_bits_are_rejected() {
    for errors in [0b11, 0xff, u64::MAX] {
        let mut gates = right_gates(6, 1);
        let spoil = |z: &mut [Bits]| z.iter_mut().for_each(|z| *z = *z + Bits(errors));
        spoil(&mut gates[1].z[0]);
        spoil(&mut gates[0].z[1]);
        let outcome = run(&Sim::new(3), &gates);
        assert!(is_caught(&outcome, 1) && all_stop(&outcome, 1), "{errors:x}");
    }
}

/// Nothing that a party says in the proof can be another field element unnoticed, whether the
/// statement is true or not.
#[test]
fn every_altered_element_is_noticed_by_an_honest_party() {
    let gates = right_gates(9, 1);
    let honest = run(&Sim::new(3), &gates);
    const P: u64 = Fp61::MODULUS;
    // The last two are no elements at all.
    let changes: [fn(u64) -> u64; 5] =
        [|x| (x + 1) % P, |x| (x ^ 0x1234_5678_9abc) % P, |_| 0, |x| x + P, |_| u64::MAX];
    let mut cases = 0;
    for party in 0..3u8 {
        for (frame, sent) in honest.sent[usize::from(party)].iter().enumerate() {
            let elements = sent.len / 8;
            // Of the longest messages every seventh element.
            for element in (0..elements).step_by(if elements > 20 { 7 } else { 1 }) {
                for (which, alter) in changes.into_iter().enumerate() {
                    let change = move |words: &mut [u64]| words[element] = alter(words[element]);
                    let outcome = run(&altered(party, frame, change), &gates);
                    let place = format!("element {element} of frame {frame} of party {party}");
                    assert!(is_caught(&outcome, party), "{place}, way {which}");
                    cases += 1;
                }
            }
        }
    }
    assert!(cases > 400, "{cases} cases");
}

/// The attack that the echo of challenges is for: with two challenges the right verifier's
/// answer would be two values under one mask.
#[test]
fn a_left_verifier_that_gives_another_challenge_is_told_nothing() {
    let gates = right_gates(3, 1);
    let honest = run(&Sim::new(3), &gates);
    let told = |outcome: &Outcome<()>, from: u8, to: u8| {
        let sent = outcome.sent[usize::from(from)].iter();
        sent.filter(|sent| sent.to == PartyId(to) && sent.step == REVEAL).count()
    };
    for left in 0..3u8 {
        let (prover, right) = ((left + 1) % 3, (left + 2) % 3);
        let challenge = honest.sent[usize::from(left)]
            .iter()
            .position(|sent| sent.to == PartyId(prover) && sent.step == CHALLENGE)
            .unwrap();
        assert_eq!(told(&honest, right, left), 1);
        let outcome = run(&altered(left, challenge, |words| words[0] ^= 1 << 20), &gates);
        assert_eq!(told(&outcome, right, left), 0);
        assert!(matches!(outcome.outputs[usize::from(right)], Err(Error::Cheating { .. })));
    }
}

#[test]
fn rounds_and_bytes_are_those_of_the_script() {
    for words in [0, 1, 2, 7, 63, 64, 100, 1500] {
        let cost = run(&Sim::new(3), &right_gates(words, 1)).cost.messages;
        let mut links = BTreeMap::new();
        let script = script(words);
        for message in script.iter().flatten() {
            assert!(message.bytes > 0);
            *links.entry((message.from, message.to)).or_default() += message.bytes;
        }
        assert_eq!(cost.rounds as usize, script.len(), "{words} words");
        assert_eq!(cost.links, links, "{words} words");
    }
}

#[test]
fn no_plan_exceeds_the_stated_error() {
    let mut words: Vec<usize> = (0..30).flat_map(|by| [1 << by, (1 << by) + 1]).collect();
    words.extend([1000, (1 << 18) - 1]);
    for words in words {
        let plan = Plan::new(words);
        let nodes = [4 * plan.rows, plan.last_nodes()].into_iter().chain(plan.levels.clone());
        let nodes: Vec<usize> = nodes.collect();
        let error: usize = nodes.iter().map(|nodes| 2 * nodes - 2).sum();
        let most = nodes.iter().max().unwrap();
        assert!(error < 1 << 9 && *most <= 65, "{words} words: {error} of 2^61, {most} nodes");
        assert!(script(words).len() <= 20, "{words} words");
    }
}

/// What a verifier receives looks the same whatever the others' bits are: as many ones at each
/// place as uniform elements have.
#[test]
fn messages_look_uniform_for_any_gates() {
    let zero = || {
        [0, 1, 2].map(|_| {
            let mut gates = Gates::default();
            gates.push(
                [&[Bits::ZERO]; 2],
                [&[Bits::ZERO]; 2],
                [&[Bits::ZERO]; 2],
                [&[Bits::ZERO]; 2],
            );
            gates
        })
    };
    for gates in [zero(), right_gates(1, 5)] {
        let mut ones = [[0u32; 61]; 3];
        let mut elements = [0u32; 3];
        for seed in 0..12 {
            let outcome = run(&Sim::new(3).seed(seed).views(), &gates);
            for (party, views) in outcome.views.iter().enumerate() {
                let secret = views.iter().filter(|view| [PROOF, REVEAL].contains(&view.step));
                for &word in secret.flat_map(|view| view.body.as_chunks().0) {
                    let word = u64::from_le_bytes(word);
                    elements[party] += 1;
                    ones[party].iter_mut().enumerate().for_each(|(bit, ones)| {
                        *ones += (word >> bit & 1) as u32;
                    });
                }
            }
        }
        for (ones, elements) in ones.into_iter().zip(elements.map(f64::from)) {
            assert!(elements > 1500.0);
            for ones in ones {
                let deviations = (f64::from(ones) - elements / 2.0) / (elements / 4.0).sqrt();
                assert!(deviations.abs() < 5.0, "{ones} ones among {elements} bits");
            }
        }
    }
}

#[test]
fn the_products_of_a_gate_say_whether_it_is_right_for_all_bits() {
    // At a node the weights are 0 but for one, so that tables hold single coordinates.
    let tables = [0, 1, 2, 3].map(|node| {
        let at = Fp61::new(node);
        (left_tables(1, at)[0], right_tables(1, at)[0])
    });
    for bits in 0..128usize {
        let at = |i: usize| bits >> i & 1;
        let [x0, y0, x1, y1, z, mask0, mask1] = [0, 1, 2, 3, 4, 5, 6].map(at);
        let e = x0 & y0 ^ z ^ mask0;
        let (left, right) = (x0 + 2 * y0 + 4 * e, x1 + 2 * y1 + 4 * mask1);
        let product: Fp61 = tables.iter().map(|(g, h)| g[left] * h[right]).sum();
        let is_right = z == (x0 & y0) ^ (x0 & y1) ^ (x1 & y0) ^ mask0 ^ mask1;
        assert_eq!(product, if is_right { -Fp61::HALF } else { Fp61::HALF }, "{bits:b}");
    }
}

/// What verifiers tell each other about their elements is off by a draw that the other lacks.
#[test]
fn what_verifiers_tell_each_other_is_masked() {
    let gates = right_gates(1, 3);
    let outcome = Sim::new(3).views().run(|mut party, entropy: Entropy| {
        let mut prss = Prss::agree(&mut party, &[1; 32], entropy)?;
        // The same keys once more, to see what is drawn from them.
        let again = Prss::agree(&mut party, &[1; 32], entropy)?;
        let draw = |side, draw, at| again.words(side, draw).map(Fp61::new).nth(at).unwrap();
        let gates = copy(&gates[usize::from(party.me().0)]);
        prove(&mut party, &mut prss, gates)?;
        // The right verifier's after six shares of the first level.
        let masks = [draw(Side::Left, 1, 6), draw(Side::Right, 2, 0)];
        let [next, previous] = [again.words(Side::Left, 3), again.words(Side::Right, 3)]
            .map(|words| words.map(Fp61::new).take(2).collect::<Vec<_>>());
        Ok((masks, [next, previous]))
    });
    let views = outcome.views.clone();
    let drawn = outcome.values().unwrap();
    for (me, views) in views.iter().enumerate() {
        // The right verifier of the next party's proof, and the left one of the previous one's.
        for (which, from) in [(me + 2) % 3, (me + 1) % 3].into_iter().enumerate() {
            let told = views.iter().find(|v| v.step == REVEAL && usize::from(v.from.0) == from);
            let told = u64::from_le_bytes(*told.unwrap().body.first_chunk().unwrap());
            let mut theirs = copy(&gates[from]);
            theirs.reduce();
            let (first, last) = (drawn[me].1[which][0], drawn[me].1[which][1]);
            let mut elements = [Fp61::ZERO; 64];
            match which {
                0 => theirs.right(0).look_up(&right_tables(1, first), &mut elements),
                _ => theirs.left(1).look_up(&left_tables(1, first), &mut elements),
            }
            let weights = Fp61::lagrange(65, last);
            let mask = drawn[from].0[which];
            let masked = Fp61::dot(&elements, &weights[1..]) + weights[0] * mask;
            assert_eq!(told, masked.get(), "what party {from} tells party {me}");
            assert!(mask != Fp61::ZERO && weights[0] != Fp61::ZERO);
        }
    }
}
