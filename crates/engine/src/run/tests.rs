//! Runs over TLS in which one party dies or deviates: all others end by its name.

use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use sharewell_mpc::protocols::rep3::Rep3;
use sharewell_mpc::{Arithmetic, Card, Entropy, Error as MpcError, Party, Security};
use sharewell_net::{
    Error as NetError, Fate, Frame, Identity, Metered, PartyId, Step, Tampered, Transport,
};
use sharewell_ring::{Ring, Z64};

use super::{Agreed, Closing, Link, agree, commitment, connect, keys, play, run, session};
use crate::common::{ALL, Record, Setup, local, seats};
use crate::joint::Given;
use crate::{Cell, Error, LocalValues, Log, Opening, Outcome, Plan, Seat, Stage, dispatch};

/// Well below the deadlines of the test's studies.
const SOON: Duration = Duration::from_secs(10);

fn values(plan: &Plan) -> LocalValues {
    let record = |i: usize| Record { g: i % 3, x: Some(i as i64), ..Record::default() };
    local(plan, &(0..12).map(record).collect::<Vec<_>>())
}

fn link(plan: &Plan, seat: Seat) -> Arc<dyn Transport> {
    connect(plan, seat, session(plan), Arc::default()).expect("all parties are there")
}

/// All parties but the last run; it does something else with its seat, and may wait until
/// the others are computing.
fn beside(plan: &Plan, last: impl FnOnce(Seat, &dyn Fn()) + Send) -> Vec<Result<Outcome, Error>> {
    let mut seats = seats(plan.study.parties.len());
    let odd = seats.pop().expect("several parties");
    let others = seats.len();
    let start = Instant::now();
    let (computing, computes) = mpsc::channel();
    let outcomes = std::thread::scope(|scope| {
        let party = |seat: Seat| {
            let is_data = plan.study.parties[seat.party].roles.data;
            let (values, computing) = (is_data.then(|| values(plan)), computing.clone());
            let once = OnceLock::new();
            scope.spawn(move || {
                let tell = |stage| {
                    if matches!(stage, Stage::Computing { .. }) {
                        once.get_or_init(|| computing.send(()).is_ok());
                    }
                };
                run(plan, seat, values.as_ref(), &tell)
            })
        };
        let handles: Vec<_> = seats.into_iter().map(party).collect();
        scope.spawn(move || {
            last(odd, &|| (0..others).for_each(|_| computes.recv().expect("all compute")));
        });
        handles.into_iter().map(|handle| handle.join().expect("no party panics")).collect()
    });
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    outcomes
}

fn errors(outcomes: Vec<Result<Outcome, Error>>) -> Vec<String> {
    outcomes
        .into_iter()
        .map(|outcome| outcome.expect_err("nobody has a result").to_string())
        .collect()
}

#[test]
fn a_computing_party_that_dies_is_named_by_all_at_once() {
    let plan = Setup { roles: &[ALL, ALL, "\"data\"", ALL], ..Setup::default() }.plan();
    for shared in [false, true] {
        let outcomes = beside(&plan, |seat, wait| {
            let agreed =
                agree(&plan, Party::new(link(&plan, seat)), &[], &|_| ()).expect("all agree");
            let mut p = Rep3::<Z64>::connect(agreed.main, &session(&plan), Entropy::System)
                .expect("all parties are there");
            if shared {
                let len = plan.input_len();
                let shares = p.input(&vec![Z64::ZERO; len], &[len; 4]).expect("all share");
                assert_eq!(shares.len(), 4);
            }
            wait();
        });
        for error in errors(outcomes) {
            assert!(error.contains("(p3, 127.0.0.1:"), "{error}");
        }
    }
}

#[test]
fn a_giver_or_a_recipient_that_dies_is_named_by_all_at_once() {
    for role in ["\"data\"", "\"recipient\""] {
        let plan = Setup { roles: &[ALL, ALL, ALL, role], ..Setup::default() }.plan();
        for at_once in [false, true] {
            let outcomes = beside(&plan, |seat, wait| {
                let link = link(&plan, seat);
                if !at_once {
                    let agreed =
                        agree(&plan, Party::new(link.clone()), &[], &|_| ()).expect("all agree");
                    wait();
                    drop(agreed);
                }
                drop(link);
            });
            for error in errors(outcomes) {
                assert!(error.contains("(p3, 127.0.0.1:"), "{role}: {error}");
            }
        }
    }
}

#[test]
fn the_same_study_by_another_protocol_is_another_session() {
    let plan = Setup::default().plan();
    let mut sessions: Vec<[u8; 32]> = vec![];
    for card in sharewell_mpc::protocols::ALL {
        sessions.push(session(&plan.under(card).expect("three parties compute")));
        // One of its name and less security.
        for weaken in [
            |card: &mut Card| card.security = Security::None,
            |card: &mut Card| card.corruptions = 0,
            |card: &mut Card| card.statistical_bits = Some(39),
        ] {
            let mut weaker = **card;
            weaken(&mut weaker);
            let card: &'static Card = Box::leak(Box::new(weaker));
            sessions.push(session(&Plan { card, ..plan.clone() }));
        }
    }
    let all = sessions.len();
    sessions.sort_unstable();
    sessions.dedup();
    assert_eq!(sessions.len(), all);
}

#[test]
fn all_parties_hear_the_same_commitments_and_each_can_open_its_own() {
    let plan = Setup::default().plan();
    let openings = Mutex::new(vec![]);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let runs: Vec<_> = seats(3)
            .into_iter()
            .map(|seat| {
                let commit = |stage| {
                    if let Stage::Committed(opening) = stage {
                        openings.lock().expect("nobody panics").push(opening);
                    }
                };
                let plan = &plan;
                scope.spawn(move || run(plan, seat, Some(&values(plan)), &commit))
            })
            .collect();
        runs.into_iter().map(|run| run.join().expect("no panic").expect("honest")).collect()
    });
    let mut openings = openings.into_inner().expect("nobody panics");
    openings.sort_by(|a, b| a.party.cmp(&b.party));
    let wanted: Vec<_> = openings.iter().map(Opening::commitment).collect();
    assert_eq!(wanted.len(), 3);
    outcomes.iter().for_each(|outcome| assert_eq!(outcome.commitments, wanted));
    // Equal values: only the salts differ.
    assert_eq!(openings[0].input, openings[1].input);
    assert_ne!(wanted[0].sha256, wanted[1].sha256);
    let again = Opening::of(&plan, 0, &values(&plan), &openings[0].salt).expect("in bounds");
    assert_eq!(again, openings[0]);
    let other = Opening { input: vec!["1".to_owned(); again.input.len()], ..again };
    assert_ne!(other.commitment(), wanted[0]);
    assert!(!format!("{other:?}").contains(&other.salt), "nothing private is printed");
}

#[test]
fn who_tells_two_commitments_is_noticed_before_a_share_moves() {
    let plan = Setup::default().plan();
    let outcomes = beside(&plan, |seat, _| {
        let act = |_: PartyId, index: usize, frame: &mut Frame| {
            frame.body[0] ^= u8::from(index == 0);
            Fate::Deliver
        };
        let tampered: Arc<dyn Transport> = Arc::new(Tampered::new(link(&plan, seat), act));
        let mine = dispatch::encode(&plan, &values(&plan)).expect("in bounds").integers;
        let agreed = agree(&plan, Party::new(tampered), &mine, &|_| ());
        agreed.map(drop).expect_err("somebody has noticed");
    });
    let told = errors(outcomes);
    assert!(told.iter().any(|error| error.contains("`commitments`")), "{told:?}");
}

/// Frames by which a party of three commits to what it gives and agrees what a round is worth.
const SET_UP: usize = 2 * 2 + 2 * (4 + 4 + 2);

/// Plays the whole part of the last party and spoils one of its frames.
fn spoiled(plan: &Plan, at: usize, spoil: fn(&mut Frame)) -> Vec<Result<Outcome, Error>> {
    beside(plan, |seat, _| {
        let act = move |_: PartyId, index: usize, frame: &mut Frame| {
            if index == at {
                spoil(frame);
            }
            Fate::Deliver
        };
        let tampered: Arc<dyn Transport> = Arc::new(Tampered::new(link(plan, seat), act));
        let metered = Arc::new(Metered::new(tampered));
        let given = [dispatch::encode(plan, &values(plan)).expect("in bounds")];
        let mine = Given::committed(&given);
        let agreed = agree(plan, Party::new(metered.clone()), &mine, &|_| ()).expect("all agree");
        let outcome = play(plan, &metered, agreed, &session(plan), &given, &Log::default());
        outcome.map(drop).expect_err("the others have stopped");
    })
}

#[test]
fn a_vector_of_another_length_is_out_of_step_by_name_of_party_and_step() {
    let plan = Setup::default().plan();
    let spoil = |frame: &mut Frame| {
        let rest = frame.body.len() - 16.min(frame.body.len());
        frame.body.truncate(rest);
    };
    for at in [4, 5, 20].map(|at| SET_UP + at) {
        let outcomes = spoiled(&plan, at, spoil);
        let desync = |outcome: &Result<Outcome, Error>| match outcome {
            Err(Error::Protocol(MpcError::Net(NetError::Desync { peer, step, what, .. }))) => {
                Some((*peer, step.0, *what))
            }
            _ => None,
        };
        let found: Vec<_> = outcomes.iter().filter_map(desync).collect();
        let [(peer, step, what)] = found[..] else { panic!("frame {at}: {outcomes:?}") };
        assert_eq!((peer, what), (PartyId(2), "message length"), "frame {at}");
        let told = errors(outcomes);
        let detected = told.iter().position(|error| error.contains("out of step")).expect("found");
        assert!(told[detected].contains(step), "{}", told[detected]);
        assert!(told[1 - detected].contains("stopped the run"), "{}", told[1 - detected]);
    }
}

#[test]
fn a_frame_of_another_step_is_out_of_step() {
    let plan = Setup::default().plan();
    let told = errors(spoiled(&plan, SET_UP + 8, |frame| frame.step ^= 1));
    assert!(told.iter().any(|error| error.contains("out of step")), "{told:?}");
}

#[test]
fn a_party_that_falsifies_under_a_malicious_threat_stops_the_run() {
    let plan = Setup { security: ("malicious", 1, "auto"), ..Setup::default() }.plan();
    let mut caught = 0;
    for at in [4, 8, 16, 32, 64].map(|at| SET_UP + at) {
        let spoil = |frame: &mut Frame| {
            if let Some(byte) = frame.body.last_mut() {
                *byte ^= 1;
            }
        };
        let outcomes = spoiled(&plan, at, spoil);
        let cheats = |outcome: &Result<Outcome, Error>| {
            matches!(outcome, Err(Error::Protocol(MpcError::Cheating { .. })))
        };
        caught += usize::from(outcomes.iter().any(cheats));
        assert_eq!(errors(outcomes).len(), 2, "frame {at}");
    }
    assert!(caught >= 4, "{caught} of 5 by a check");
}

/// Three parties that do everything, a recipient, and a giver whose shares fit nobody.
fn with_bad_giver(
    bad_giver: &str,
    min_parties: u32,
    deviates: fn(u8, Step) -> Option<usize>,
) -> Vec<Result<Outcome, Error>> {
    let plan = Setup {
        roles: &[ALL, ALL, ALL, "\"recipient\"", "\"data\""],
        query: "SELECT g, SUM(x) AS total FROM t GROUP BY g",
        release: &format!("min_records = 3\nmin_parties = {min_parties}"),
        security: ("malicious", 1, "auto"),
        bad_giver,
        ..Setup::default()
    }
    .plan();
    beside(&plan, |seat, _| {
        let by_hand = ByHand::of(&plan, &seat);
        let act = move |to: PartyId, _: usize, frame: &mut Frame| {
            let steps = [Step("give keys"), Step("give rest")];
            let step = steps.into_iter().find(|step| step.hash() == frame.step);
            let byte = step.and_then(|step| deviates(to.0, step));
            byte.into_iter().for_each(|byte| frame.body[byte] ^= 1);
            Fate::Deliver
        };
        let tampered: Arc<dyn Transport> = Arc::new(Tampered::new(link(&plan, seat), act));
        let metered = Arc::new(Metered::new(tampered));
        let given = [dispatch::encode(&plan, &values(&plan)).expect("in bounds")];
        let mine = Given::committed(&given);
        let agreed = agree(&plan, Party::new(metered.clone()), &mine, &|_| ()).expect("all agree");
        by_hand.play_on(&plan, &metered, agreed, &given);
    })
}

/// What a party that is played by hand needs to sign the receipt.
struct ByHand {
    party: usize,
    identity: Identity,
    keys: Vec<[u8; 32]>,
}

impl ByHand {
    fn of(plan: &Plan, seat: &Seat) -> Self {
        let identity = Identity::from_seed(&seat.identity.seed());
        Self { party: seat.party, identity, keys: keys(plan, seat) }
    }

    /// Plays as far as the others go on.
    fn play_on(self, plan: &Plan, link: &Arc<Link>, agreed: Agreed, given: &[Given]) {
        let commitments = agreed.commitments.clone();
        let log = Log::default();
        let Ok(mut ended) = play(plan, link, agreed, &session(plan), given, &log) else { return };
        let commitments = commitment::bound(plan, commitments, ended.opened.integers.as_deref());
        let (identity, keys) = (&self.identity, &self.keys[..]);
        let closing = Closing { identity, log: [0; 32], keys, commitments };
        let name = &plan.study.parties[self.party].name;
        // Whether all have signed the others tell.
        drop(closing.outcome(plan, name, &mut ended));
    }
}

/// Of one component it gives the holders different ones, and tells the third party another.
fn fits_nobody(to: u8, step: Step) -> Option<usize> {
    match (to, step.0) {
        (0, "give keys") => Some(40),
        (1, "give rest") => Some(0),
        _ => None,
    }
}

#[test]
fn a_giver_that_deviates_at_one_party_counts_and_the_run_is_as_quoted() {
    let deviates: fn(u8, Step) -> Option<usize> =
        |to, step| (to == 1 && step.0 == "give rest").then_some(0);
    for outcome in with_bad_giver("stop", 4, deviates) {
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        assert!(outcome.actual.as_quoted && outcome.left_out.is_empty(), "{outcome:?}");
        assert_eq!(outcome.results[0].rows[0][1], Cell::Integer(72));
    }
}

#[test]
fn a_bad_giver_is_left_out_and_named_and_the_release_rule_counts_without_it() {
    for (min_parties, totals) in [(3, [Some(54), Some(66), Some(78)]), (4, [None; 3])] {
        for outcome in with_bad_giver("drop", min_parties, fits_nobody) {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(outcome.left_out, ["p4"]);
            assert!(outcome.actual.as_quoted);
            let want = totals.map(|total| total.map_or(Cell::Empty, Cell::Integer));
            let got = outcome.results[0].rows.iter().map(|row| row[1].clone());
            assert_eq!(got.collect::<Vec<_>>(), want);
        }
    }
}

#[test]
fn a_bad_giver_that_may_not_be_left_out_stops_the_run_and_is_named() {
    let told = errors(with_bad_giver("stop", 3, fits_nobody));
    let names = |error: &String| error.contains("(p4, 127.0.0.1:") && !error.contains(" or ");
    assert!(told[..3].iter().any(names), "{told:?}");
}

/// The last of four givers, which computes or does not, shares something else than records give.
fn with_false_numbers(
    security: (&str, u8, &str),
    bad_giver: &str,
    computes: bool,
    falsify: fn(&mut [i128]),
) -> Vec<Result<Outcome, Error>> {
    let plan = Setup {
        roles: if computes { &["\"data\"", ALL, ALL, ALL] } else { &[ALL, ALL, ALL, "\"data\""] },
        query: "SELECT g, SUM(x) AS total, COUNT(*) AS n FROM t GROUP BY g",
        release: "min_records = 3\nmin_parties = 2",
        security,
        bad_giver,
        ..Setup::default()
    }
    .plan();
    beside(&plan, |seat, _| {
        let by_hand = ByHand::of(&plan, &seat);
        let metered = Arc::new(Metered::new(link(&plan, seat)));
        let mut given = [dispatch::encode(&plan, &values(&plan)).expect("in bounds")];
        falsify(&mut given[0].integers);
        let mine = Given::committed(&given);
        let agreed = agree(&plan, Party::new(metered.clone()), &mine, &|_| ()).expect("all agree");
        by_hand.play_on(&plan, &metered, agreed, &given);
    })
}

const FALSE_NUMBERS: [fn(&mut [i128]); 5] = [
    // A sum beyond what so many records can have, or far beyond; a count below none.
    |numbers| numbers[0] = 1_000_001,
    |numbers| numbers[1] = i128::from(i64::MIN),
    |numbers| numbers[5] = -1,
    // Two organisations in one.
    |numbers| *numbers.last_mut().expect("a flag") = 2,
    |numbers| numbers.iter_mut().for_each(|number| *number = i128::from(i64::MAX)),
];

#[test]
fn numbers_that_no_records_give_are_left_out_with_their_giver_or_stop_the_run() {
    let malicious = ("malicious", 1, "auto");
    for falsify in FALSE_NUMBERS {
        for computes in [false, true] {
            let told = errors(with_false_numbers(malicious, "stop", computes, falsify));
            let names = |error: &String| {
                error.contains("`ranges of what was given` failed") && error.contains("(p3, 127.")
            };
            assert!(told.iter().any(names), "{told:?}");
        }
        for outcome in with_false_numbers(malicious, "drop", false, falsify) {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(outcome.left_out, ["p3"]);
            assert!(outcome.actual.as_quoted);
            if let [table] = &outcome.results[..] {
                let totals: Vec<Cell> = table.rows.iter().map(|row| row[1].clone()).collect();
                assert_eq!(totals, [54, 66, 78].map(Cell::Integer));
            }
        }
    }
}

/// A giver that computes or does not commits to its numbers, and shares some of them otherwise.
/// What the others hear, and what the giver can open.
fn committed(
    computes: bool,
    otherwise: fn(&mut [i128]),
) -> (Plan, Opening, Vec<Result<Outcome, Error>>) {
    let plan = Setup {
        roles: if computes { &["\"data\"", ALL, ALL, ALL] } else { &[ALL, ALL, ALL, "\"data\""] },
        query: "SELECT g, SUM(x) AS total, COUNT(DISTINCT x) AS d FROM t GROUP BY g",
        release: "min_records = 3\nmin_parties = 2",
        security: ("malicious", 1, "auto"),
        max_rows: 20,
        ..Setup::default()
    }
    .plan();
    let kept = Mutex::new(None);
    let outcomes = beside(&plan, |seat, _| {
        let by_hand = ByHand::of(&plan, &seat);
        let metered = Arc::new(Metered::new(link(&plan, seat)));
        let mut given = [dispatch::encode(&plan, &values(&plan)).expect("in bounds")];
        let commit = |opening| *kept.lock().expect("no panic") = Some(opening);
        let mine = Given::committed(&given);
        let agreed = agree(&plan, Party::new(metered.clone()), &mine, &commit).expect("all agree");
        let salt = agreed.salt.clone().expect("a giver has one");
        given[0].masks = commitment::masks(&plan, &salt);
        otherwise(&mut given[0].integers);
        by_hand.play_on(&plan, &metered, agreed, &given);
    });
    let opening = kept.lock().expect("no panic").take();
    (plan, opening.expect("it has committed"), outcomes)
}

#[test]
fn who_shares_other_numbers_than_it_committed_to_cannot_open_them() {
    let honest: fn(&mut [i128]) = |_| ();
    let others: [fn(&mut [i128]); 3] = [
        |numbers| numbers[0] += 1,
        |numbers| numbers.swap(0, 1),
        // A row that is none, and its flag.
        |numbers| *numbers.last_mut().expect("a flag") ^= 1,
    ];
    for computes in [false, true] {
        for (otherwise, is_honest) in
            [(honest, true)].into_iter().chain(others.map(|other| (other, false)))
        {
            let (plan, opening, outcomes) = committed(computes, otherwise);
            for outcome in outcomes {
                let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
                assert!(outcome.actual.as_quoted, "{:?}", outcome.actual);
                let of = |party: &str| {
                    let mut all = outcome.commitments.iter();
                    all.find(|of| of.party == party).expect("a giver").clone()
                };
                let theirs = of(&opening.party);
                assert_eq!(theirs.sha256, opening.commitment().sha256);
                if let Some(binding) = theirs.binding {
                    assert_eq!(opening.fits(&plan, &binding), is_honest);
                    let mut other = opening.clone();
                    other.input[0] += "0";
                    assert!(!other.fits(&plan, &binding), "other numbers");
                } else {
                    assert!(outcome.results.is_empty(), "who learns the result learns this");
                }
            }
        }
    }
}
