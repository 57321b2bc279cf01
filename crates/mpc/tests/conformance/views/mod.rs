//! What a party sees does not depend on the others' inputs: the views of many runs with two
//! inputs of theirs are of one distribution, checks, proofs and openings included, and also
//! together with a recipient that does not compute.
//!
//! `VIEW_RUNS=2048` makes the test more sensitive, and takes every primitive by itself as well.

mod battery;

use sharewell_mpc::order::{self, Key, SortBy};
use sharewell_mpc::sim::{Sim, View};
use sharewell_mpc::{Arithmetic, Entropy, Party, Protocol, Prss, Result, Rows, Share, Side, Split};
use sharewell_net::{PartyId, Step};
use sharewell_ring::{Dims, Integer, Ring, Z64};

use crate::cases;
use crate::program::{Op, Program};
use crate::subject::{MaliciousOver, SESSION, Subject, run, sim};
use battery::{Seen, difference};

/// Runs of each input.
const RUNS: u64 = 96;
/// Elements of a vector: runs make the sample, not elements.
const LEN: usize = 4;
/// Elements where each primitive is taken by itself: as many as its program needs.
const MORE: usize = 64;
/// The recipient and the giver beside the compute parties.
const RECIPIENT: PartyId = PartyId(3);
const GIVER: PartyId = PartyId(4);

fn asked_for() -> Option<u64> {
    std::env::var("VIEW_RUNS").ok().map(|runs| runs.parse().expect("VIEW_RUNS is a number"))
}

/// All primitives, in few programs: they also must not tell anything together.
fn programs<R: Integer>() -> Vec<(&'static str, Vec<Op<R>>)> {
    let by = R::BITS / 4;
    let d = Dims { m: 2, k: 2, n: 2 };
    let ring = vec![
        Op::Mul(0, 1),
        Op::Mul(0, 0),
        Op::Dot(0, 1, 2),
        Op::MulSum(1, 2, 2),
        Op::Matmul(0, 1, d),
        Op::MatmulTrunc(0, 1, d, by),
        Op::Trunc(2, by),
        Op::MulTrunc(0, 1, by),
        Op::TruncExact(1, 5),
    ];
    let bits = vec![
        Op::Summands(0, R::BITS, Split::Sum),
        Op::And(0, 1),
        Op::And(2, 2),
        Op::Summands(1, 9, Split::Difference),
        Op::A2b(2, 9),
        Op::IsZero(0, R::BITS),
        Op::Msb(1, R::BITS),
        Op::B2a(7),
        Op::MulBits(7, 0),
        Op::B2aDot(5, vec![vec![R::ONE; 9]]),
        Op::LessThan(0, 1, 12),
        Op::Select(8, 0, 1),
    ];
    let backwards = (0..LEN as u128).rev().map(R::from_u128).collect();
    let movements = vec![
        Op::Public(backwards),
        Op::A2b(0, 7),
        Op::Shuffle(1, 0),
        Op::Place(3, 2, 1),
        Op::Pick(0, vec![0, 1]),
        Op::OneHot(3),
    ];
    let lanes = vec![Op::Fork(0, 1, 12), Op::Fork(1, 0, 12), Op::Mul(3, 4)];
    vec![("ring", ring), ("bits", bits), ("movements", movements), ("lanes", lanes)]
}

/// A program, with its checks, run at the compute parties on inputs of one value each.
fn computed<S: Subject>(
    (len, ops): (usize, &[Op<S::Ring>]),
    inputs: [S::Ring; 3],
    seed: u64,
) -> Vec<Vec<View>> {
    let inputs = inputs.map(|x| vec![x; len]).to_vec();
    let program = Program { inputs, ops: ops.to_vec() };
    let outcome = run::<S, _>(&sim::<S>().seed(seed).views(), |p, me| {
        program.run(p, &program.inputs[me])?;
        p.verify()
    });
    let views = outcome.views.clone();
    outcome.values().unwrap();
    views
}

/// Openings of what is the same for all these inputs: their sum, its square, a comparison, their
/// second one in order, and a quotient whose remainder is not the same; to all, to one and to a
/// recipient outside.
fn opened<S: Subject>(inputs: [u64; 4], seed: u64) -> Vec<Vec<View>> {
    let inputs = inputs.map(|x| vec![S::Ring::from_u128(x.into()); LEN]);
    let program = |p: &mut S::Protocol, me: usize| -> Result<()> {
        let x = p.input(&inputs[me], &[LEN, LEN, LEN, 0, LEN])?;
        let mut sum = x[0].clone();
        [1, 2, 4].iter().for_each(|giver| sum += &x[*giver]);
        p.reveal(&sum)?;
        let square = p.mul(&sum, &sum)?;
        p.reveal_to(&square, &[PartyId(1)])?;
        let mut low = x[1].clone();
        low += &x[2];
        let quotient = p.trunc_exact(&low, 4)?;
        p.reveal_to(&quotient, &[RECIPIENT])?;
        low -= &p.public(&[S::Ring::from_u128(100); LEN]);
        let below = p.msb(&low, 12)?;
        p.reveal_bits(&below)?;
        let all = Share::concat(&[&x[0], &x[1], &x[2], &x[4]]);
        let key = Key::unsigned(p, &all, 4)?;
        let to = order::sort_by(p, &[key], SortBy::Digits(2))?;
        let sorted = order::apply(p, &to, Rows::ints(vec![all]))?.ints;
        p.reveal(&sorted[0].gather(&[2 * LEN - 1]))?;
        let mask = p.random(LEN)?;
        low += &mask;
        p.partial_open(&low)?;
        p.verify()
    };
    let outcome = Sim::new(5).seed(seed).views().run(|mut party, entropy| match party.me() {
        RECIPIENT => S::take(&mut party, LEN).map(drop),
        GIVER => S::give(&mut party, &inputs[3], entropy),
        PartyId(me) => program(&mut S::connect(party, entropy)?, usize::from(me)),
    });
    let views = outcome.views.clone();
    outcome.values().unwrap();
    views
}

/// Randomness that each compute party can compute by itself.
fn known<S: Subject>(seed: u64) -> Vec<Vec<Vec<u8>>> {
    let sim = sim::<S>().seed(seed);
    sim.run(|party, entropy| S::known(party, entropy, 16)).values().unwrap()
}

/// Compares what each compute party, and those that join it, see of two inputs: the first, and
/// of the others the one in which this party's own is the same.
fn compare<S: Subject, I: Copy>(
    name: &str,
    inputs: [I; 4],
    with: &[PartyId],
    views: impl Fn(I, u64) -> Vec<Vec<View>>,
) {
    let runs = asked_for().unwrap_or(RUNS);
    let [first, others @ ..] = inputs;
    let sample = |input: I, seeds: std::ops::Range<u64>, parties: &[usize]| {
        let mut samples: Vec<Vec<Seen>> = parties.iter().map(|_| vec![]).collect();
        for seed in seeds {
            let (views, known) = (views(input, seed), known::<S>(seed));
            for (sample, &party) in samples.iter_mut().zip(parties) {
                let with = with.iter().map(|party| usize::from(party.0));
                let joint: Vec<&[View]> =
                    std::iter::once(party).chain(with).map(|i| views[i].as_slice()).collect();
                sample.push(Seen::new(&joint, &known[party]));
            }
        }
        samples
    };
    let of_first = sample(first, 0..runs, &[0, 1, 2]);
    for (party, (input, one)) in others.into_iter().zip(&of_first).enumerate() {
        let seeds = runs * (party as u64 + 1)..runs * (party as u64 + 2);
        let found = difference(one, &sample(input, seeds, &[party])[0]);
        assert!(found.is_none(), "{name} at party {party}: {found:?}");
    }
}

pub(crate) fn of_two_inputs_are_alike<S: Subject>() {
    let (zero, one) = (S::Ring::ZERO, S::Ring::ONE);
    let max = S::Ring::from_i128(i128::MAX >> (130 - S::Ring::BITS));
    let inputs = [[zero; 3], [zero, one, max], [max, zero, one], [one, max, zero]];
    for (name, ops) in programs::<S::Ring>() {
        let of = (LEN, ops.as_slice());
        compare::<S, _>(name, inputs, &[], |inputs, seed| computed::<S>(of, inputs, seed));
    }
    let alone = cases::unopened(MORE, [zero; 3]).into_iter().filter(|_| asked_for().is_some());
    for (name, program) in alone {
        let of = (MORE, program.ops.as_slice());
        compare::<S, _>(name, inputs, &[], |inputs, seed| computed::<S>(of, inputs, seed));
    }
    // Sums of 18; 3 is the second least; the second and the third are below 16 together.
    let inputs = [[3, 5, 9, 1], [3, 9, 1, 5], [8, 5, 2, 3], [5, 1, 9, 3]];
    for with in [vec![], vec![RECIPIENT]] {
        compare::<S, _>("openings", inputs, &with, opened::<S>);
    }
}

/// What tells two inputs of P0 apart at P1, to whom it sends something.
fn broken(sent: impl Fn(&Prss, u64) -> Vec<Vec<Z64>> + Sync) -> Option<String> {
    type S = MaliciousOver<Z64>;
    let send = |mut party: Party, entropy: Entropy, x: u64| -> Result<()> {
        let prss = Prss::agree(&mut party, &SESSION, entropy)?;
        for message in sent(&prss, x) {
            match party.me() {
                PartyId(0) => party.send(PartyId(1), Step("toy"), &message)?,
                PartyId(1) => drop(party.recv::<Z64>(PartyId(0), Step("toy"), message.len())?),
                _ => {}
            }
        }
        Ok(())
    };
    let sample = |x: u64, seeds: std::ops::Range<u64>| -> Vec<Seen> {
        let seen = |seed| {
            let outcome =
                sim::<S>().seed(seed).views().run(|party, entropy| send(party, entropy, x));
            Seen::new(&[&outcome.views[1]], &known::<S>(seed)[1])
        };
        seeds.map(seen).collect()
    };
    difference(&sample(5, 0..RUNS), &sample(8, RUNS..2 * RUNS))
}

#[test]
fn the_test_of_two_inputs_finds_what_is_wrong_with_broken_protocols() {
    let mask = |prss: &Prss, side, draw| prss.uniform::<Z64>(side, draw, 2);
    let masked =
        |mask: Vec<Z64>, x: u64| mask.iter().map(|mask| Z64(x) + *mask).collect::<Vec<_>>();
    // The pair key of P0 and P2.
    let fresh = |prss: &Prss, draw| mask(prss, Side::Left, draw);
    assert_eq!(broken(|prss, x| vec![masked(fresh(prss, 1), x), masked(fresh(prss, 2), x)]), None);
    assert!(broken(|_, x| vec![masked(vec![Z64::ZERO; 2], x)]).unwrap().contains("bit"));
    let twice = |prss: &Prss, x| {
        let mask = fresh(prss, 1);
        vec![masked(mask.clone(), x), masked(mask, 1)]
    };
    assert!(broken(twice).unwrap().contains("both"));
    let one_for_two = |prss: &Prss, x| {
        let mask = fresh(prss, 1)[0];
        vec![vec![mask + Z64(x), mask]]
    };
    assert!(broken(one_for_two).is_some());
    // The pair key of P0 and P1: the receiver has it.
    let of_the_receiver = |prss: &Prss, x| vec![masked(mask(prss, Side::Right, 3), x)];
    assert!(broken(of_the_receiver).unwrap().contains("both"));
    let too_short = |prss: &Prss, x| {
        let mask = fresh(prss, 1).iter().map(|mask| Z64(mask.0 & 3)).collect();
        vec![masked(mask, x)]
    };
    assert!(broken(too_short).is_some());
    let of_a_length = |prss: &Prss, x| vec![fresh(prss, 1)[..(x as usize % 2)].to_vec()];
    assert!(broken(of_a_length).unwrap().contains("lengths"));
}

#[test]
fn the_test_of_two_inputs_finds_a_protocols_value_opened_without_its_mask() {
    type S = MaliciousOver<Z64>;
    let views = |is_masked: bool| {
        move |inputs: [u64; 3], seed| {
            let outcome = run::<S, _>(&sim::<S>().seed(seed).views(), |p, me| {
                let mut x = p.input(&[Z64(inputs[me])], &[1; 3])?.swap_remove(2);
                let mask = p.random(1)?;
                if is_masked {
                    x += &mask;
                }
                p.partial_open(&x)?;
                p.verify()
            });
            let views = outcome.views.clone();
            outcome.values().unwrap();
            views
        }
    };
    let inputs = [[0, 0, 0], [0, 0, 1], [0, 0, 1], [1, 1, 0]];
    compare::<S, _>("masked", inputs, &[], views(true));
    let caught = std::panic::catch_unwind(|| compare::<S, _>("", inputs, &[], views(false)));
    assert!(caught.is_err(), "an unmasked value was not noticed");
}
