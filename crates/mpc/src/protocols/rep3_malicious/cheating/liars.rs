//! Parties that run another program, and stand to their lies.

use std::sync::{Arc, Mutex};

use sharewell_net::{Fate, Frame, PartyId, Step};
use sharewell_ring::{Bits, Z64, Z128, hash};

use super::super::demand::tests::LeftOut;
use super::super::settle::{ECHO, ZERO};
use super::super::{Authenticated, Rep3Malicious, cross, shared};
use super::{NOBODY, altering, honest, is_noticed, run, sim};
use crate::sim::{Outcome, Sim};
use crate::{Arithmetic, Protocol, Result, Rows, Share, Way};

/// Bits of the ring that products of [`Z64`] are authenticated in.
pub(super) const WIDE: u32 = 104;

pub(super) fn inputs(p: &mut Rep3Malicious<Z64>, me: u8) -> Result<Vec<Authenticated<Z64>>> {
    let mine = [Z64(3 + u64::from(me)), Z64(10)];
    p.input(&mine, &[2; 3])
}

/// A product of which a liar makes the value wrong by `d` and the tag by `e`, and goes on with
/// what it said.
pub(super) fn lying_mul(
    p: &mut Rep3Malicious<Z64>,
    x: &Authenticated<Z64>,
    y: &Authenticated<Z64>,
    [d, e]: [Z128; 2],
) -> Result<Authenticated<Z64>> {
    let [value, tag] = p.reshare::<Z64, 2>(Step("mul"), x.len(), |which, tile, z| {
        let (factor, error) = if which == 0 { (&x.value.0, d) } else { (&x.tag.0, e) };
        cross(z, factor, &y.value.0, tile);
        z[0] = z[0] + error;
    })?;
    Ok(p.owe(value, tag))
}

pub(super) fn product(liar: u8, errors: [Z128; 2], sim: &Sim) -> Outcome<Vec<Z64>> {
    run::<Z64, _>(sim, liar, LeftOut::None, |p, me| {
        let x = inputs(p, me)?;
        let z = match me == liar {
            true => lying_mul(p, &x[0], &x[1], errors)?,
            false => p.mul(&x[0], &x[1])?,
        };
        p.reveal(&z)
    })
}

/// The key of tags, which nobody knows.
fn key() -> Z128 {
    let components =
        run::<Z64, _>(&sim(3, 5000), NOBODY, LeftOut::None, |p, _| Ok(p.keys.z64[0])).values();
    components.expect("nobody cheats").into_iter().fold(Z128(0), |sum, part| sum + part)
}

pub(super) const RIGHT: [Z64; 2] = [Z64(12), Z64(100)];

#[test]
fn a_product_is_not_accepted_wrong_whatever_tag_a_liar_guesses() {
    for liar in 0..3 {
        for bit in [0, 31, 62, 63] {
            let d = Z128(1 << bit);
            for guess in [Z128(0), Z128(1), key() + Z128(1 << 63), key() * Z128(3)] {
                let outcome = product(liar, [d, guess * d], &sim(3, 5000));
                let wrong = |i: usize| outcome.outputs[i].is_ok();
                // A key that is off by 2^63 serves for the highest bits of 104.
                if (guess - key()) * d == Z128(0) || bit > WIDE - 64 {
                    continue;
                }
                assert!(is_noticed(&outcome, liar, ZERO), "2^{bit} of {liar}");
                assert!(!honest(liar).any(wrong), "2^{bit} of {liar}");
            }
        }
    }
}

/// Or the lies above would be none.
#[test]
fn who_knew_the_key_of_tags_could_falsify_a_product() {
    let d = Z128(5);
    let outputs = product(1, [d, key() * d], &sim(3, 5000)).outputs;
    for i in honest(1) {
        assert_eq!(outputs[i].as_ref().expect("not noticed"), &[RIGHT[0] + Z64(5), RIGHT[1]]);
    }
}

#[test]
fn errors_above_the_ring_are_noticed_or_do_no_harm() {
    for (d, e) in [(1 << 64, 0), (1 << 103, 0), (0, 1 << 103), (0, 1), (1 << 90, 1 << 91)] {
        let outcome = product(2, [Z128(d), Z128(e)], &sim(3, 5000));
        for i in honest(2) {
            assert!(outcome.outputs[i].as_ref().map_or(true, |z| *z == RIGHT), "{d:x} {e:x}");
        }
    }
}

/// The liar opens another value to the one honest party and compares with each what that has seen.
#[test]
fn an_opening_that_differs_is_noticed_by_the_honest_parties_among_themselves() {
    let opened = Arc::new(Mutex::new(None));
    let known = opened.clone();
    let act = move |to: PartyId, _: usize, frame: &mut Frame| {
        let mut known = known.lock().expect("nothing panics with it");
        if frame.step == Step("open").hash() {
            frame.body[0] ^= 1;
            *known = Some(());
        }
        if frame.step == ECHO.hash() && to == PartyId(1) && known.is_some() {
            let wrong: Vec<Z64> = [RIGHT[0].0 ^ 1, RIGHT[1].0].map(Z64).to_vec();
            frame.body = hash::digest(&[&[0; 32], bytemuck::cast_slice(&wrong)]).to_vec();
        }
        Fate::Deliver
    };
    let outcome = product(0, [Z128(0); 2], &sim(3, 5000).adversary(PartyId(0), act));
    assert!(opened.lock().expect("nothing panicked").is_some());
    assert!(honest(0).all(|i| outcome.outputs[i].is_err()) && is_noticed(&outcome, 0, ECHO));
}

/// A gate that is wrong at both who hold its product's component.
pub(super) fn wrong_gate(liar: u8, checks: LeftOut) -> Outcome<Vec<Bits>> {
    let to = (liar + 2) % 3;
    let sim = altering(sim(3, 5000), [liar, to], Step("and"), |body| body[0] ^= 1);
    run::<Z64, _>(&sim, liar, checks, |p, me| {
        let (x, y) = (p.random_bits(64, 1)?, p.random_bits(64, 1)?);
        let mut z = p.and(&x, &y)?;
        if me == liar {
            z.0[0].words_mut()[0].0 ^= 1;
        }
        p.reveal_bits(&z).map(|z| z.words().to_vec())
    })
}

#[test]
fn a_gate_is_not_accepted_wrong_though_the_liar_stands_to_it() {
    for liar in 0..3 {
        let outcome = wrong_gate(liar, LeftOut::None);
        assert!(is_noticed(&outcome, liar, super::super::gates::PROOF), "{liar}");
        assert!(honest(liar).all(|i| outcome.outputs[i].is_err()), "{liar}");
    }
}

#[test]
fn a_party_that_shuffles_by_another_permutation_is_noticed() {
    for liar in 0..3 {
        for turn in 0..3 {
            let outcome = run::<Z64, _>(&sim(3, 5000), liar, LeftOut::None, |p, me| {
                let mine: Vec<Z64> = (0..16).map(Z64).collect();
                let x = p.input(&mine, &[16; 3])?;
                let bits = p.random_bits(16, 9)?;
                for _ in 0..turn {
                    p.draw_shuffle(16)?;
                }
                let mut shuffles = vec![];
                for _ in 0..4 {
                    shuffles.push(p.draw_shuffle(16)?);
                }
                // Of the same roles.
                let by = shuffles.swap_remove(if me == liar { 3 } else { 0 });
                let rows = Rows { ints: vec![x[0].clone()], bits: vec![bits] };
                let rows = p.shuffle(&by, Way::Forward, rows)?;
                p.reveal(&rows.ints[0])
            });
            assert!(is_noticed(&outcome, liar, ZERO), "{liar} in turn {turn}");
        }
    }
}

/// A liar may bring what it likes: that is another input, and the result is right for it.
#[test]
fn another_input_gives_the_result_for_that_input() {
    let outcome = run::<Z64, _>(&sim(3, 5000), 1, LeftOut::None, |p, me| {
        let mine = if me == 1 { [Z64(7), Z64(u64::MAX)] } else { [Z64(3), Z64(10)] };
        let x = p.input(&mine, &[2; 3])?;
        let z = p.mul(&x[0], &x[1])?;
        p.reveal(&z)
    });
    for output in outcome.outputs {
        assert_eq!(output.expect("nobody cheats"), [Z64(21), -Z64(10)]);
    }
}

/// A share with other bits than this party was given, in the sums that a check rests on too.
#[test]
fn a_party_that_computes_on_with_another_share_is_noticed() {
    for (place, bit) in [(0, 0), (1, 0), (0, 63), (1, 63)] {
        let outcome = run::<Z64, _>(&sim(3, 5000), 0, LeftOut::None, |p, me| {
            let mut x = inputs(p, me)?;
            if me == 0 {
                let mut parts: [Vec<Z128>; 2] = x[2].value.0.clone();
                parts[place][1] = parts[place][1] + Z128(1 << bit);
                x[2] = Authenticated { value: shared(parts), tag: x[2].tag.clone() };
            }
            let z = p.mul(&x[1], &x[2])?;
            p.reveal(&z)
        });
        assert!(is_noticed(&outcome, 0, ZERO), "bit {bit} of component {place}");
    }
}
