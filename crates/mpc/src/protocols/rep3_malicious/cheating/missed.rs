//! Each check, left out on purpose, is missed: a lie that it would have stopped passes.

use sharewell_net::{Fate, PartyId, Step};
use sharewell_ring::{Z64, Z128};

use super::super::demand::tests::{LeftOut, leave_out};
use super::super::gates::{CHALLENGE, ECHO as CHALLENGES, PROOF, REVEAL};
use super::super::given::{COMPARE, KEYS, REST};
use super::super::inputs::TAKE;
use super::super::settle::{COIN, COMBINED, ECHO, ZERO};
use super::super::shuffle::PLACES;
use super::super::{Rep3Malicious, give, take};
use super::liars::{RIGHT, inputs, lying_mul, wrong_gate};
use super::{NOBODY, SESSION, altering, is_noticed, run, sim};
use crate::sim::Outcome;
use crate::{Arithmetic, Protocol, Rows, Share};

/// A product of two inputs at the three, with one check left out, while party 0 alters what it
/// says in one step to party 1.
fn product(checks: LeftOut, step: Step) -> Outcome<Vec<Z64>> {
    let sim = altering(sim(3, 5000), [0, 1], step, |body| body[0] ^= 1);
    run::<Z64, _>(&sim, 0, checks, |p, me| {
        let x = inputs(p, me)?;
        let z = p.mul(&x[0], &x[1])?;
        p.reveal(&z)
    })
}

#[test]
fn without_the_comparison_of_openings_a_wrong_one_is_believed() {
    assert!(is_noticed(&product(LeftOut::None, Step("open")), 0, ECHO));
    let fooled = product(LeftOut::One(ECHO), Step("open")).outputs.swap_remove(1);
    assert_ne!(fooled.expect("nothing noticed"), RIGHT);
}

/// A party believes one of both holders: to lie to it is then to be unnoticed, or to fool it.
#[test]
fn without_the_comparison_of_coins_and_combinations_a_lie_passes() {
    for step in [COIN, COMBINED] {
        assert!(is_noticed(&product(LeftOut::None, step), 0, step), "{step}");
        assert!(product(LeftOut::One(step), step).values().is_ok(), "{step}");
    }
}

#[test]
fn without_the_test_of_tags_a_wrong_product_is_believed() {
    let run = |checks| {
        run::<Z64, _>(&sim(3, 5000), 2, checks, |p, me| {
            let x = inputs(p, me)?;
            let z = match me {
                2 => lying_mul(p, &x[0], &x[1], [Z128(1), Z128(0)])?,
                _ => p.mul(&x[0], &x[1])?,
            };
            p.reveal(&z)
        })
    };
    assert!(is_noticed(&run(LeftOut::None), 2, ZERO));
    for output in run(LeftOut::One(ZERO)).values().expect("nothing noticed") {
        assert_eq!(output, [RIGHT[0] + Z64(1), RIGHT[1]]);
    }
}

#[test]
fn without_the_proof_of_gates_a_wrong_one_is_believed() {
    let right = run::<Z64, _>(&sim(3, 5000), NOBODY, LeftOut::None, |p, _| {
        let (x, y) = (p.random_bits(64, 1)?, p.random_bits(64, 1)?);
        let z = p.and(&x, &y)?;
        p.reveal_bits(&z).map(|z| z.words().to_vec())
    });
    let right = right.values().expect("nobody cheats");
    assert!(is_noticed(&wrong_gate(0, LeftOut::None), 0, PROOF));
    let fooled = wrong_gate(0, LeftOut::One(PROOF));
    for (i, output) in fooled.values().expect("nothing noticed").into_iter().enumerate() {
        assert_ne!(output, right[i], "party {i}");
    }
}

/// A left verifier that gives the prover another challenge must not hear the right one's answer.
#[test]
fn without_the_comparison_of_challenges_the_right_verifier_answers() {
    for (checks, answers) in [(LeftOut::None, false), (LeftOut::One(CHALLENGES), true)] {
        let sim = altering(sim(3, 5000), [0, 1], CHALLENGE, |body| body[0] ^= 1);
        let outcome = run::<Z64, _>(&sim, 0, checks, |p, _| {
            let (x, y) = (p.random_bits(64, 1)?, p.random_bits(64, 1)?);
            let z = p.and(&x, &y)?;
            p.reveal_bits(&z).map(drop)
        });
        let said = outcome.sent[2].iter().any(|sent| sent.step == REVEAL && sent.to == PartyId(0));
        assert_eq!((said, is_noticed(&outcome, 0, CHALLENGES)), (answers, !answers));
    }
}

#[test]
fn without_the_comparison_of_what_is_given_a_giver_shares_nothing_and_is_not_told() {
    for (checks, passes) in [(LeftOut::None, false), (LeftOut::One(COMPARE), true)] {
        let sim = sim(4, 5000).adversary(PartyId(3), |to, _, frame| {
            let at = match to.0 {
                0 if frame.step == KEYS.hash() => Some(40),
                1 if frame.step == REST.hash() => Some(0),
                _ => None,
            };
            at.into_iter().for_each(|at: usize| frame.body[at] ^= 1);
            Fate::Deliver
        });
        let outcome = sim.run(|mut party, entropy| {
            if party.me().0 == 3 {
                return give(&mut party, &[Z64(5)], entropy);
            }
            leave_out(checks);
            let mut p = Rep3Malicious::<Z64>::connect(party, &SESSION, entropy)?;
            p.input(&[], &[0, 0, 0, 1]).map(drop)
        });
        assert_eq!(outcome.outputs[..3].iter().all(Result::is_ok), passes);
        assert_ne!(is_noticed(&outcome, NOBODY, COMPARE), passes);
    }
}

#[test]
fn without_digests_a_recipient_believes_a_wrong_share() {
    for recipient in [1, 3] {
        for (checks, passes) in [(LeftOut::None, false), (LeftOut::One(TAKE), true)] {
            let sim = altering(sim(4, 5000), [0, recipient], TAKE, |body| body[0] ^= 1);
            let outcome = sim.run(|mut party, entropy| {
                let me = party.me().0;
                leave_out(if me == 0 { LeftOut::All } else { checks });
                if party.me().0 == 3 {
                    return if recipient == 3 { take(&mut party, 2).map(Some) } else { Ok(None) };
                }
                let mut p = Rep3Malicious::<Z64>::connect(party, &SESSION, entropy)?;
                let mine = [Z64(3 + u64::from(me)), Z64(10)];
                let x = p.input(&mine, &[2, 2, 2, 0])?;
                let z = p.mul(&x[0], &x[1])?;
                p.reveal_to(&z, &[PartyId(recipient)])
            });
            match &outcome.outputs[usize::from(recipient)] {
                Ok(seen) => assert!(passes && *seen != Some(RIGHT.to_vec()), "{recipient}"),
                Err(_) => assert!(!passes, "{recipient}"),
            }
        }
    }
}

/// A giver may bring anything, also destinations that are none.
#[test]
fn without_the_test_of_destinations_rows_are_lost() {
    for (checks, rows_left) in [(LeftOut::None, None), (LeftOut::One(PLACES), Some(0))] {
        let outcome = run::<Z64, _>(&sim(3, 5000), NOBODY, checks, |p, _| {
            let x = p.input(&[Z64(1), Z64(1)], &[2; 3])?;
            let by = p.draw_shuffle(2)?;
            let (order, rows) =
                p.shuffle_open(&by, x[0].clone(), Rows::ints(vec![x[1].clone()]))?;
            Ok(rows.ints[0].gather(&order).len())
        });
        assert_eq!(is_noticed(&outcome, NOBODY, PLACES), rows_left.is_none());
        assert_eq!(outcome.values().ok(), rows_left.map(|rows| vec![rows; 3]));
    }
}
