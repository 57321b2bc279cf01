//! Faults that other systems have had, sought here: what `docs/faults.md` names and no other
//! test would find.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::fmt::Debug;

use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::protocols::rep3_malicious::{self, Rep3Malicious};
use sharewell_mpc::sim::{Outcome, Sim};
use sharewell_mpc::{
    Arithmetic, BitLinear, Entropy, Error, Party, Protocol, Prss, Result, Rows, Side, Way,
};
use sharewell_net::{Fate, Frame, Lane, PartyId, Step};
use sharewell_ring::Z64;

type Malicious = Rep3Malicious<Z64>;

const SESSION: [u8; 32] = [7; 32];
const LEN: usize = 3;
const RECIPIENT: PartyId = PartyId(3);

fn connect(party: Party, entropy: Entropy) -> Result<Malicious> {
    Malicious::connect(party, &SESSION, entropy)
}

/// The parties' inputs, a vector of one value each.
fn shared<P: Arithmetic<Ring = Z64>>(
    p: &mut P,
    me: PartyId,
    inputs: [u64; 3],
) -> Result<Vec<P::AShare>> {
    p.input(&[Z64(inputs[usize::from(me.0)]); LEN], &[LEN; 3])
}

fn alter(frame: &mut Frame) -> Fate {
    frame.body[0] ^= 1;
    Fate::Deliver
}

type Opening = fn(&mut Malicious, &<Malicious as Arithmetic>::AShare) -> Result<()>;

/// Every way in which a secret is made known, and the step of it.
const OPENINGS: [(Opening, &str); 5] = [
    (|p, x| p.reveal(x).map(drop), "open"),
    (|p, x| p.reveal_to(x, &[PartyId(1)]).map(drop), "open to"),
    (|p, x| p.reveal_to(x, &[RECIPIENT]).map(drop), "open to"),
    (
        |p, x| {
            let bits = p.a2b(x, 4)?;
            p.reveal_bits(&bits).map(drop)
        },
        "open bits",
    ),
    (
        |p, x| {
            let by = p.draw_shuffle(LEN)?;
            let mut to = p.public(&[Z64(2), Z64(0), Z64(1)]);
            let mut zero = x.clone();
            zero -= x;
            to += &zero;
            p.shuffle_open(&by, to, Rows::ints(vec![x.clone()])).map(drop)
        },
        "open",
    ),
];

/// A product, and an opening that rests on it.
fn product_opened(sim: &Sim, open: Opening) -> Outcome<()> {
    sim.run(|mut party, entropy| {
        let me = party.me();
        if me == RECIPIENT {
            return rep3_malicious::take::<Z64>(&mut party, LEN).map(drop);
        }
        let mut p = connect(party, entropy)?;
        let x = p.input(&vec![Z64(5); LEN * usize::from(me.0 < 2)], &[LEN, LEN, 0, 0])?;
        let product = p.mul(&x[0], &x[1])?;
        open(&mut p, &product)
    })
}

#[test]
fn nothing_is_opened_before_what_it_rests_on_was_checked() {
    for (which, (open, step)) in OPENINGS.into_iter().enumerate() {
        let sim = Sim::new(4);
        let opens = |outcome: &Outcome<()>, party: usize| {
            outcome.sent[party].iter().any(|frame| frame.step.0 == step)
        };
        let honest = product_opened(&sim, open);
        assert!((0..3).any(|party| opens(&honest, party)), "opening {which} is called otherwise");
        for cheater in 0..3 {
            let act = |_: PartyId, _, frame: &mut Frame| match frame.step == Step("mul").hash() {
                true => alter(frame),
                false => Fate::Deliver,
            };
            let spoilt = product_opened(&sim.clone().adversary(PartyId(cheater), act), open);
            for party in (0..3).filter(|party| *party != usize::from(cheater)) {
                assert!(spoilt.outputs[party].is_err(), "opening {which} of a false product");
                assert!(!opens(&spoilt, party), "opening {which} at party {party}");
            }
        }
    }
}

/// Two lanes at once, and their results opened on the first.
fn lanes(sim: &Sim) -> Outcome<Vec<Z64>> {
    sim.run(|party, entropy| {
        let me = party.me();
        let mut p = connect(party, entropy)?;
        let x = shared(&mut p, me, [3, 4, 5])?;
        let (mut product, bit) = p.join(
            |p| p.mul(&x[0], &x[1]),
            |p| {
                let bit = p.msb(&x[2], 8)?;
                p.b2a(&bit)
            },
        )?;
        product += &bit;
        p.reveal(&product)
    })
}

#[test]
fn what_is_owed_on_other_lanes_is_checked_before_anything_is_revealed() {
    let honest = lanes(&Sim::new(3));
    for cheater in 0..3 {
        let of_lanes = |lane: Lane| lane != Lane(0);
        let frames: Vec<(Lane, u32)> = {
            let mut seen = std::collections::BTreeMap::new();
            let sent = honest.sent[usize::from(cheater)].iter().filter(|x| of_lanes(x.lane));
            sent.map(|x| (x.lane, x.to))
                .map(|link| {
                    let number: &mut u32 = seen.entry(link).or_default();
                    *number += 1;
                    (link.0, *number - 1)
                })
                .collect()
        };
        assert!(frames.len() > 5, "frames of lanes");
        for (lane, seq) in frames {
            let act = move |_: PartyId, _, frame: &mut Frame| match (frame.lane, frame.seq) {
                at if at == (lane, seq) => alter(frame),
                _ => Fate::Deliver,
            };
            let spoilt = lanes(&Sim::new(3).adversary(PartyId(cheater), act));
            for party in (0..3).filter(|party| *party != usize::from(cheater)) {
                assert!(spoilt.outputs[party].is_err(), "frame {seq} of {lane:?} by {cheater}");
            }
        }
    }
    assert_eq!(honest.values().unwrap()[0], [Z64(12); LEN]);
}

/// A product, a comparison, a truncation and a shuffle.
fn program(sim: &Sim, inputs: [u64; 3]) -> Outcome<()> {
    sim.run(|party, entropy| {
        let me = party.me();
        let mut p = connect(party, entropy)?;
        let x = shared(&mut p, me, inputs)?;
        let product = p.mul(&x[0], &x[1])?;
        let truncated = p.trunc(&product, 3)?;
        let bit = p.msb(&x[2], 8)?;
        let by = p.draw_shuffle(LEN)?;
        let rows = Rows { ints: vec![truncated], bits: vec![bit] };
        let rows = p.shuffle(&by, Way::Forward, rows)?;
        p.reveal(&rows.ints[0])?;
        p.reveal_bits(&rows.bits[0]).map(drop)
    })
}

#[test]
fn whether_a_cheater_is_noticed_does_not_depend_on_the_inputs_of_others() {
    const INPUTS: [u64; 3] = [7, 100, 12];
    let changes: [fn(&mut Frame) -> Fate; 3] = [
        alter,
        |frame| {
            *frame.body.last_mut().unwrap() ^= 0x80;
            Fate::Deliver
        },
        |frame| {
            frame.body.fill(0);
            Fate::Deliver
        },
    ];
    let (mut noticed, mut cases) = (0, 0);
    for cheater in 0..3u8 {
        let others: [u64; 3] = std::array::from_fn(|party| match party == usize::from(cheater) {
            true => INPUTS[party],
            false => (u64::MAX / 3) >> (8 * party),
        });
        let frames = program(&Sim::new(3), INPUTS).sent[usize::from(cheater)].len();
        for (target, change) in (0..frames).flat_map(|at| changes.map(|change| (at, change))) {
            let act = move |_: PartyId, index: usize, frame: &mut Frame| match index == target {
                true => change(frame),
                false => Fate::Deliver,
            };
            let sim = Sim::new(3).adversary(PartyId(cheater), act);
            let [one, other] = [INPUTS, others].map(|inputs| program(&sim, inputs).values());
            assert_eq!(one.is_err(), other.is_err(), "frame {target} of {cheater}");
            noticed += u32::from(one.is_err());
            cases += 1;
        }
    }
    assert!(cases > 300 && noticed > cases / 2, "{noticed} of {cases}");
}

#[test]
fn parties_that_were_shown_different_values_all_stop() {
    for cheater in 0..3 {
        for opening in [Step("open"), Step("open bits")] {
            let act = move |_: PartyId, _, frame: &mut Frame| match frame.step == opening.hash() {
                true => alter(frame),
                false => Fate::Deliver,
            };
            // Only the next party is shown another value.
            let outcome = program(&Sim::new(3).adversary(PartyId(cheater), act), [1, 2, 3]);
            let mut honest = (0..3).filter(|party| *party != usize::from(cheater));
            let stops = |party: usize| outcome.outputs[party].is_err();
            assert!(honest.all(stops), "{opening} of {cheater}");
        }
    }
}

#[test]
fn another_attempt_at_a_session_draws_other_keys() {
    let attempt = || {
        let drawn = Sim::new(3).run(|mut party, _| {
            let prss = Prss::agree(&mut party, &SESSION, Entropy::System)?;
            Ok(prss.uniform::<Z64>(Side::Left, 1, 2))
        });
        drawn.values().unwrap()
    };
    let (first, second) = (attempt(), attempt());
    assert!(first.iter().zip(&second).all(|(x, y)| x != y));
}

/// What can be printed of one party's endpoint and of all that it holds, and of an opened value.
fn printed<P>(
    connect: fn(Party, Entropy) -> Result<P>,
    seed: u64,
    inputs: [u64; 3],
) -> Vec<(String, String)>
where
    P: Protocol<Ring = Z64, BShare = BitLinear<2>> + Debug + Send,
{
    let outcome = Sim::new(3).seed(seed).run(|party, entropy| {
        let me = party.me();
        let mut p = connect(party, entropy)?;
        let x = shared(&mut p, me, inputs)?;
        let product = p.mul(&x[0], &x[1])?;
        let bits = p.a2b(&product, 64)?;
        let by = p.draw_shuffle(LEN)?;
        let text = format!("{p:?} {p:#?} {x:?} {product:#?} {bits:?} {bits:#?} {by:?} {by:#?}");
        Ok((text, format!("{:?}", p.reveal(&product)?)))
    });
    outcome.values().unwrap()
}

fn tells_nothing<P>(connect: fn(Party, Entropy) -> Result<P>)
where
    P: Protocol<Ring = Z64, BShare = BitLinear<2>> + Debug + Send,
{
    let one = printed(connect, 1, [3, 5, 7]);
    let other = printed(connect, 2, [1 << 40, 99, 1 << 50]);
    for ((one, product), (other, another)) in one.iter().zip(&other) {
        assert_eq!(one, other, "what is printed depends on shares");
        assert_ne!(product, another, "what is opened is printed");
    }
}

#[test]
fn what_is_printed_of_an_endpoint_and_of_shares_tells_nothing() {
    tells_nothing(|party, entropy| Rep3::<Z64>::connect(party, &SESSION, entropy));
    tells_nothing(connect);
    let keys = [1, 2].map(|seed| {
        let prss = Sim::new(3).seed(seed).run(|mut party, entropy| {
            let prss = Prss::agree(&mut party, &SESSION, entropy)?;
            Ok(format!("{prss:?} {party:?}"))
        });
        prss.values().unwrap()
    });
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn an_error_tells_where_and_not_what() {
    let act = |_: PartyId, _, frame: &mut Frame| match frame.step == Step("mul").hash() {
        true => alter(frame),
        false => Fate::Deliver,
    };
    let told = |inputs| {
        let outcome = program(&Sim::new(3).adversary(PartyId(0), act), inputs);
        let of_check = |error: &Error| matches!(error, Error::Cheating { .. });
        let text = |error| format!("{error} {error:?}");
        outcome.into_iter().map(move |output| output.err().filter(of_check).map(text))
    };
    // Which parties come to the check before they hear of another's differs from run to run.
    let mut compared = 0;
    for _ in 0..10 {
        for (one, other) in told([7, 100, 12]).zip(told([7, 1 << 33, 77])) {
            compared += usize::from(one.is_some() && other.is_some());
            assert!(one.is_none() || other.is_none() || one == other, "{one:?} {other:?}");
        }
    }
    assert!(compared > 0, "no party noticed in both runs");
}
