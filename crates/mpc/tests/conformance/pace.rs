//! The choice among variants: it follows the price, all parties make it alike, and what the
//! quick tests send tells nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sharewell_mpc::circuit::{self, Extreme, Rows};
use sharewell_mpc::order::{self, Key};
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Error, Party, Protocol, Result, Test, pace};
use sharewell_net::{Error as NetError, Fate, Frame, PartyId, Shaped, Step, Wan, memory};
use sharewell_ring::Z64;

use crate::subject::{Rep3Far, Rep3Over, Subject, run, sim};

type Program = fn(&mut Tally<Z64>, usize) -> Result<()>;

/// The cost of what is chosen, and its price where rounds are worth so much.
fn quoted(program: Program, n: usize, round_bytes: u64) -> (Tallied, u64) {
    let mut p = Tally::<Z64>::new(Rep3Over::<Z64>::CARD, 3).at_pace(round_bytes);
    program(&mut p, n).unwrap();
    (p.tallied(), p.price())
}

fn operations() -> [(&'static str, Program); 6] {
    const ROWS: Rows = Rows { rows: 1, bits: 63, extreme: Extreme::Max };
    [
        ("less_than", |p, n| {
            let x = p.vector(n);
            circuit::less_than(p, &x, &x, 64).map(drop)
        }),
        ("equal", |p, n| {
            let x = p.vector(n);
            circuit::equal(p, &x, &x, 64).map(drop)
        }),
        ("argmax", |p, n| {
            let x = p.vector(n);
            circuit::arg_extreme(p, &x, ROWS).map(drop)
        }),
        ("top_k", |p, n| {
            let (x, of) = (p.vector(n), Rows { bits: 32, ..ROWS });
            circuit::top_k(p, &x, of, 3).map(drop)
        }),
        ("sort", |p, n| {
            let bits = p.planes(n, 64);
            order::sort(p, &[Key { bits, width: 64 }]).map(drop)
        }),
        ("merge", |p, n| {
            let key = |p: &Tally<Z64>| Key { bits: p.planes(n, 64), width: 64 };
            let (first, second) = (key(p), key(p));
            order::merge(p, [&first, &second]).map(drop)
        }),
    ]
}

#[test]
fn the_dearer_rounds_are_the_fewer_are_taken_and_never_at_a_higher_price() {
    for (name, program) in operations() {
        for n in [5, 200, 3000] {
            let (cheap, path) = quoted(program, n, 0);
            let mut before = cheap.clone();
            for round_bytes in (6..40).step_by(2).map(|log| 1u64 << log) {
                let (now, price) = quoted(program, n, round_bytes);
                let what = format!("{name} of {n} at {round_bytes}: {now:?}, before {before:?}");
                assert!(now.rounds <= before.rounds, "{what}");
                let least = path + u64::from(cheap.rounds) * round_bytes;
                assert!(price <= least, "{what}");
                before = now;
            }
            assert!(before.rounds < cheap.rounds, "{name} of {n}: {before:?}");
            // Bits travel in words: of a few numbers the quick tests send less, too.
            let bytes = |t: &Tallied| t.links.values().sum::<u64>();
            let more = n < 64 || bytes(&before) > bytes(&cheap);
            assert!(more, "{name} of {n}: {before:?}, not more than {cheap:?}");
        }
    }
}

#[test]
fn a_quick_test_takes_three_rounds_at_every_width() {
    for bits in [2, 9, 63, 64] {
        for test in [Test::Negative, Test::Zero] {
            let mut p = Tally::<Z64>::new(Rep3Over::<Z64>::CARD, 3);
            let x = p.vector(64);
            p.test_quickly(&x, bits, test).unwrap();
            let compared = u64::from(bits) - u64::from(test == Test::Negative);
            let all = p.tallied().links.values().sum::<u64>() * 8 / 64;
            assert_eq!((p.tallied().rounds, all), (3, 24 * compared + 17));
        }
    }
}

/// How often each byte occurs in what `to` is sent in a step by each of the others, quick tests
/// of the same number over and over.
fn bytes_seen(x: u64, test: Test, seed: u64) -> Vec<Vec<Vec<u8>>> {
    const ROW: Step = Step("test row");
    // Below 1024 elements roles stay: P2 is told the rows.
    let sim = sim::<Rep3Far<Z64>>().seed(seed).views();
    let outcome = run::<Rep3Far<Z64>, _>(&sim, |p, _| {
        use sharewell_mpc::Arithmetic;
        let x = p.public(&[Z64(x); 1000]);
        p.test_quickly(&x, 8, test).map(drop)
    });
    let seen = |step: Step, party: usize, from: u8| {
        let of = outcome.views[party].iter();
        of.filter(|view| view.step == step && view.from == PartyId(from))
            .flat_map(|view| view.body.clone())
            .collect::<Vec<u8>>()
    };
    let places = if test == Test::Zero { 9 } else { 8 };
    let rows = [0, 1].map(|from| seen(ROW, 2, from)[..places * 1000].to_vec());
    let share = seen(Step("test share"), 1, 2);
    let share = share[..(places - 1) * 1000].to_vec();
    outcome.outputs.into_iter().for_each(|end| end.unwrap());
    vec![rows.to_vec(), vec![share]]
}

/// Of `bins` equally likely values, in standard deviations of chi-square.
fn deviation(values: impl Iterator<Item = usize>, bins: usize) -> f64 {
    let mut counts = vec![0.0; bins];
    values.for_each(|value| counts[value] += 1.0);
    let mean = counts.iter().sum::<f64>() / bins as f64;
    let chi: f64 = counts.iter().map(|n: &f64| (n - mean).powi(2) / mean).sum();
    let free = bins as f64 - 1.0;
    (chi - free) / (2.0 * free).sqrt()
}

#[test]
fn what_a_quick_test_opens_is_a_coin_a_place_and_noise_whatever_the_number() {
    for (x, test) in [(0, Test::Zero), (5, Test::Zero), (5, Test::Negative), (!4, Test::Negative)] {
        let mut coins = BTreeMap::<usize, f64>::new();
        let (mut places, mut noise) = (vec![], vec![]);
        for seed in 1..4 {
            let seen = bytes_seen(x, test, seed);
            for message in seen.iter().flatten() {
                let off = deviation(message.iter().map(|x| usize::from(*x)), 251);
                assert!(off < 6.0, "a message of {test:?}, {x}: {off}");
            }
            let rows = &seen[0];
            for j in 0..1000 {
                let row = (j..rows[0].len()).step_by(1000);
                let sums = row.map(|at| (u16::from(rows[0][at]) + u16::from(rows[1][at])) % 251);
                let sums: Vec<u16> = sums.collect();
                let zeros = sums.iter().filter(|x| **x == 0).count();
                *coins.entry(zeros).or_default() += 1.0;
                places.extend(sums.iter().position(|x| *x == 0));
                noise.extend(sums.iter().filter(|x| **x > 0).map(|x| usize::from(*x) - 1));
            }
        }
        assert_eq!(coins.keys().copied().collect::<Vec<_>>(), [0, 1], "zeros of a row");
        assert!((coins[&0] - 1500.0).abs() < 5.0 * 27.4, "{coins:?}");
        let width = if test == Test::Zero { 9 } else { 8 };
        let (place, noise) =
            (deviation(places.into_iter(), width), deviation(noise.into_iter(), 250));
        assert!(place < 6.0 && noise < 6.0, "{test:?} of {x}: {place}, {noise}");
    }
}

/// Parties over links in memory that are so slow.
fn agreed(wan: Wan) -> Vec<u64> {
    std::thread::scope(|scope| {
        let links = memory::mesh(4).into_iter();
        let parties: Vec<_> = links
            .map(|link| {
                scope.spawn(move || {
                    let link = Shaped::new(link, wan).unwrap();
                    pace::agree(&mut Party::new(Arc::new(link)), 3).unwrap()
                })
            })
            .collect();
        parties.into_iter().map(|party| party.join().unwrap()).collect()
    })
}

#[test]
fn parties_find_what_a_round_is_worth_on_their_links_and_agree() {
    let wan = Wan { rtt: Duration::from_millis(50), bits_per_s: 100_000_000 };
    let right = pace::round_bytes(Duration::from_millis(25), 12.5e6);
    assert_eq!(right, 1 << 18);
    let found = agreed(wan);
    assert!(found.iter().all(|x| *x == found[0]), "{found:?}");
    // On a busy machine messages take longer than on the line.
    assert!((right / 2..=2 * right).contains(&found[0]), "{found:?}, not {right}");
}

#[test]
fn near_parties_take_rounds_for_nothing() {
    let near = Duration::from_micros(300);
    assert_eq!(pace::round_bytes(near, 1e9), 0);
    assert!(pace::round_bytes(Duration::from_millis(5), 1e9) > 0);
    // What a link carries beyond what a processor makes counts for nothing.
    let far = Duration::from_millis(5);
    assert_eq!(pace::round_bytes(far, 1e9), pace::round_bytes(far, 1e8));
}

/// One party says another number, in the exchange of that index, to all or to the last one.
fn lied(to: impl Fn(PartyId) -> bool + Send + Sync + 'static) -> Vec<Result<u64>> {
    let act = move |peer: PartyId, index: usize, frame: &mut Frame| {
        // Two peers: an exchange and three timed ones, 256 KiB in four frames, then the number.
        let told = 2 * (4 + 4)..2 * (4 + 4) + 2;
        if told.contains(&index) && to(peer) {
            frame.body = (1u64 << 60).to_le_bytes().to_vec();
        }
        Fate::Deliver
    };
    let sim = Sim::new(3).adversary(PartyId(1), act);
    sim.run(|mut party, _| pace::agree(&mut party, 3)).outputs
}

#[test]
fn a_party_that_measures_otherwise_decides_nothing() {
    for end in lied(|_| true) {
        assert!(end.unwrap() < 1 << 60);
    }
}

#[test]
fn a_party_that_tells_two_parties_two_numbers_is_refused_or_decides_nothing() {
    // The median of the two that are right stands between any third one.
    for end in lied(|peer| peer == PartyId(2)) {
        match end {
            Ok(agreed) => assert!(agreed < 1 << 60),
            Err(error) => {
                let what = "worth of a round in bytes";
                let named =
                    matches!(&error, Error::Net(NetError::Desync { what: w, .. }) if *w == what);
                assert!(named || matches!(error, Error::Net(NetError::Aborted { .. })), "{error}");
            }
        }
    }
}

#[test]
fn parties_that_do_not_agree_stop_before_a_share_moves() {
    let sim = Sim::new(3).adversary(PartyId(1), |_, index, frame| {
        if index >= 2 * (4 + 4) + 2 {
            frame.body = 7u64.to_le_bytes().to_vec();
        }
        Fate::Deliver
    });
    let outcome = sim.run(|mut party, _| pace::agree(&mut party, 3));
    let error = outcome.values().unwrap_err().to_string();
    assert!(error.contains("worth of a round in bytes") && error.contains("party 1"), "{error}");
}
