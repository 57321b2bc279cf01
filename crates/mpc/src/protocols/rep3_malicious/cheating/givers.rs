//! Givers and recipients beside the compute parties, and what is said of them.

use std::sync::Arc;

use sharewell_net::{Fate, Frame, PartyId, Step, Tampered};
use sharewell_ring::Z64;

use super::super::demand::tests::{LeftOut, leave_out};
use super::super::given::{COMPARE, KEYS, MEND, REST, accept, give};
use super::super::inputs::{DIGEST, TAKE, take};
use super::super::settle::ECHO;
use super::super::{Authenticated, Rep3Malicious};
use super::{NOBODY, SESSION, honest, is_noticed, sim};
use crate::sim::{Outcome, Sim};
use crate::{Arithmetic, Error, Linear, Party, Result, Share};

/// The giver that cheats, and one that does not.
const CHEATER: u8 = 3;
const VALUES: [u64; 2] = [5, 8];

/// A change of what is sent to a party in a step.
type Change = (u8, Step, fn(&mut Vec<u8>));

const FLIP: fn(&mut Vec<u8>) = |body| body[0] ^= 1;
const SECOND_KEY: fn(&mut Vec<u8>) = |body| body[16] ^= 1;
const DIGEST_TOLD: fn(&mut Vec<u8>) = |body| body[40] ^= 1;
const CUT: fn(&mut Vec<u8>) = |body| body.truncate(5);

fn changing(changes: &'static [Change]) -> impl Fn(PartyId, usize, &mut Frame) -> Fate + Send {
    move |to, _, frame| {
        for (receiver, step, change) in changes {
            if to.0 == *receiver && frame.step == step.hash() {
                change(&mut frame.body);
            }
        }
        Fate::Deliver
    }
}

type Inputs =
    fn(&mut Rep3Malicious<Z64>, &[usize]) -> Result<(Vec<Authenticated<Z64>>, Vec<PartyId>)>;

const SOUND: Inputs = |p, lens| p.sound_input(&[], lens);
const ALL: Inputs = |p, lens| Ok((p.input(&[], lens)?, vec![]));

/// What is left of two givers' values, one of whom cheats, and who was left out.
fn given(sim: &Sim, corrupt: u8, changes: &'static [Change], inputs: Inputs) -> Outcome<Sound> {
    sim.run(|mut party, entropy| {
        let me = party.me().0;
        leave_out(if me == corrupt { LeftOut::All } else { LeftOut::None });
        if let Some(value) = VALUES.get(usize::from(me).wrapping_sub(3)) {
            if me == CHEATER {
                party =
                    Party::new(Arc::new(Tampered::new(party.link().clone(), changing(changes))));
            }
            give(&mut party, &[Z64(*value)], entropy)?;
            return Ok((vec![], vec![]));
        }
        let mut p = Rep3Malicious::<Z64>::connect(party, &SESSION, entropy)?;
        let (shared, left_out) = inputs(&mut p, &[0, 0, 0, 1, 1])?;
        let mut values = vec![];
        for x in &shared[3..] {
            values.extend(p.reveal(x)?);
        }
        Ok((values, left_out))
    })
}

type Sound = (Vec<Z64>, Vec<PartyId>);

fn suspects<T>(output: &Result<T>, at: Step) -> Option<Vec<u8>> {
    match output {
        Err(Error::Cheating { step, suspects }) if *step == at.0 => {
            Some(suspects.parties().map(|party| party.0).collect())
        }
        _ => None,
    }
}

/// Two of three tell the same of each component.
const FIT: &[&[Change]] = &[
    &[(0, KEYS, FLIP)],
    &[(1, KEYS, FLIP)],
    &[(2, KEYS, FLIP)],
    &[(0, KEYS, SECOND_KEY)],
    &[(1, KEYS, SECOND_KEY)],
    &[(2, KEYS, SECOND_KEY)],
    &[(0, KEYS, DIGEST_TOLD)],
    &[(1, KEYS, DIGEST_TOLD)],
    &[(1, REST, FLIP)],
    &[(2, REST, FLIP)],
    &[(0, KEYS, CUT)],
    &[(1, KEYS, CUT)],
    &[(2, REST, CUT)],
    &[(1, KEYS, FLIP), (0, KEYS, DIGEST_TOLD)],
];

#[test]
fn what_a_party_was_given_otherwise_it_gets_from_the_other_holder() {
    for (which, changes) in FIT.iter().enumerate() {
        for inputs in [SOUND, ALL] {
            let outputs = given(&sim(5, 5000), NOBODY, changes, inputs).outputs;
            for output in &outputs[..3] {
                let (values, left_out) = output.as_ref().expect("nothing is missing");
                assert_eq!(
                    (values.as_slice(), left_out.len()),
                    (&VALUES.map(Z64)[..], 0),
                    "{which}"
                );
            }
        }
    }
}

/// Of some component no two tell the same.
const UNFIT: &[&[Change]] = &[
    &[(1, REST, FLIP), (0, KEYS, DIGEST_TOLD)],
    &[(0, KEYS, FLIP), (2, KEYS, CUT)],
    &[(0, KEYS, CUT), (1, KEYS, CUT)],
    &[(0, KEYS, CUT), (1, REST, CUT), (2, REST, CUT)],
    &[(0, KEYS, FLIP), (1, KEYS, DIGEST_TOLD)],
];

#[test]
fn a_giver_whose_components_fit_nobody_is_left_out_by_all_and_the_others_count() {
    for (which, changes) in UNFIT.iter().enumerate() {
        let outputs = given(&sim(5, 5000), NOBODY, changes, SOUND).outputs;
        for output in &outputs[..3] {
            let (values, left_out) = output.as_ref().expect("the run goes on");
            assert_eq!(*values, [Z64(0), Z64(VALUES[1])], "{which}");
            assert_eq!(*left_out, [PartyId(CHEATER)], "{which}");
        }
    }
}

#[test]
fn a_giver_that_may_not_be_left_out_stops_the_run_and_is_named_alone() {
    for (which, changes) in UNFIT.iter().enumerate() {
        let outputs = given(&sim(5, 5000), NOBODY, changes, ALL).outputs;
        let named = outputs[..3].iter().filter_map(|output| suspects(output, COMPARE));
        let named: Vec<_> = named.collect();
        assert!(!named.is_empty() && named.iter().all(|named| *named == [CHEATER]), "{which}");
        assert!(outputs[..3].iter().all(Result::is_err), "{which}");
    }
}

/// Shares two honest givers' values as a liar does, who says otherwise what it was given.
fn lying_inputs(p: &mut Rep3Malicious<Z64>, byte: usize) -> Result<Vec<Authenticated<Z64>>> {
    let mut values = p.share_own(&[], &[0, 0, 0, 1, 1])?;
    let mut given = vec![];
    for giver in [3, 4] {
        given.push(accept::<Z64>(&mut p.party, PartyId(giver), 1)?);
    }
    given[byte / 96].1[byte / 32 % 3][byte % 32] ^= 0x10;
    for parts in p.fitting(given)? {
        values.push(Linear(parts.expect("two of three told the same")));
    }
    let whole = p.authenticate(Linear::concat(&values.iter().collect::<Vec<_>>()).0)?;
    let (first, second) = whole.split(1);
    Ok(vec![first, second])
}

#[test]
fn no_compute_party_can_have_an_honest_giver_left_out() {
    for corrupt in 0..3 {
        for byte in (0..192).step_by(7) {
            let outcome = sim(5, 5000).run(|mut party, entropy| {
                let me = party.me().0;
                if let Some(value) = VALUES.get(usize::from(me).wrapping_sub(3)) {
                    give(&mut party, &[Z64(*value)], entropy)?;
                    return Ok(vec![]);
                }
                let mut p = Rep3Malicious::<Z64>::connect(party, &SESSION, entropy)?;
                let shared = match me == corrupt {
                    true => lying_inputs(&mut p, byte)?,
                    false => {
                        let (shared, left_out) = p.sound_input(&[], &[0, 0, 0, 1, 1])?;
                        assert!(left_out.is_empty(), "byte {byte} of party {corrupt}");
                        shared[3..].to_vec()
                    }
                };
                p.reveal(&Authenticated::concat(&shared.iter().collect::<Vec<_>>()))
            });
            for party in honest(corrupt) {
                let values = outcome.outputs[party].as_ref().expect("the run goes on");
                assert_eq!(*values, VALUES.map(Z64), "byte {byte} of party {corrupt}");
            }
        }
    }
}

/// What a party says to one and not to the other is noticed before anything is opened.
#[test]
fn who_tells_two_parties_different_digests_stops_the_run() {
    for corrupt in 0..3 {
        let act = move |to: PartyId, _: usize, frame: &mut Frame| {
            if frame.step == COMPARE.hash() && to.0 == (corrupt + 1) % 3 {
                // What it was told by the second giver of the component that it lacks.
                frame.body[96 + 32 * usize::from((corrupt + 2) % 3)] ^= 1;
            }
            Fate::Deliver
        };
        let sim = sim(5, 5000).adversary(PartyId(corrupt), act);
        let outcome = given(&sim, corrupt, &[], SOUND);
        assert!(honest(corrupt).all(|party| outcome.outputs[party].is_err()), "{corrupt}");
        assert!(is_noticed(&outcome, corrupt, ECHO), "{corrupt}");
    }
}

#[test]
fn who_hands_over_another_component_than_it_told_is_named_alone() {
    const CASES: [(usize, u8, &[Change]); 2] =
        [(1, 2, &[(1, REST, FLIP)]), (1, 0, &[(1, KEYS, FLIP)])];
    for (to, by, changes) in CASES {
        let act = move |_: PartyId, _: usize, frame: &mut Frame| {
            if frame.step == MEND.hash() {
                frame.body[0] ^= 1;
            }
            Fate::Deliver
        };
        let sim = sim(5, 5000).adversary(PartyId(by), act);
        let outputs = given(&sim, by, changes, SOUND).outputs;
        assert_eq!(suspects(&outputs[to], MEND), Some(vec![by]), "{:?}", outputs[to]);
    }
}

/// What a recipient finds out about the one who lied to it in these steps.
fn suspected(steps: &'static [Step]) -> Vec<u8> {
    let act = move |to: PartyId, _: usize, frame: &mut Frame| {
        if to.0 == 3 && steps.iter().any(|step| frame.step == step.hash()) {
            frame.body[0] ^= 1;
        }
        Fate::Deliver
    };
    let outcome = sim(4, 5000).adversary(PartyId(0), act).run(|mut party, entropy| {
        if party.me().0 == 3 {
            return take::<Z64>(&mut party, 2).map(drop);
        }
        let mut p = Rep3Malicious::<Z64>::connect(party, &SESSION, entropy)?;
        let x = p.random(2)?;
        p.reveal_to(&x, &[PartyId(3)]).map(drop)
    });
    suspects(&outcome.outputs[3], TAKE).expect("the recipient notices")
}

#[test]
fn a_recipient_names_who_is_in_every_pair_that_disagrees() {
    assert_eq!(suspected(&[TAKE]), [0, 2]);
    assert_eq!(suspected(&[DIGEST]), [0, 1]);
    assert_eq!(suspected(&[TAKE, DIGEST]), [0]);
}
