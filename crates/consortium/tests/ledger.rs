//! What runs spend of a site's budget, and when.
#![expect(clippy::unwrap_used, reason = "a panic is a test's report")]

use proptest::prelude::*;
use sharewell_consortium::event::Start;
use sharewell_consortium::{Budget, Digest, Event, Ledger, Log, Policy, Spend, State};
use sharewell_net::Identity;
use tempfile::TempDir;

fn identity() -> Identity {
    Identity::from_seed(&[1; 32])
}

fn log() -> (TempDir, Log) {
    let folder = TempDir::new().unwrap();
    let log = Log::create(&folder.path().join("log.jsonl"), &identity(), "a", "test").unwrap();
    (folder, log)
}

fn start(name: &str, spend: Option<(&str, Option<&str>)>, givers: &[&str]) -> Start {
    let digest = Digest::of(name.as_bytes());
    let names = |of: &[&str]| of.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Start {
        study: digest.to_string(),
        name: name.to_owned(),
        text: digest,
        consortium: Digest::NONE,
        policy: Digest::NONE,
        software: "test".to_owned(),
        protocol: "rep3".to_owned(),
        call: None,
        question: digest,
        question_of_all: digest,
        parties: names(&["a", "b", "c"]),
        givers: names(givers),
        recipients: names(&["c"]),
        leakage: vec![],
        spend: spend.map(|(epsilon, delta)| Spend {
            epsilon: epsilon.to_owned(),
            delta: delta.map(str::to_owned),
            unit: "record".to_owned(),
        }),
    }
}

fn begin(log: &mut Log, start: &Start) -> Digest {
    log.append(Event::Started(start.clone()), &identity()).unwrap();
    log.head()
}

fn fail(log: &mut Log, begun: Digest) {
    log.append(Event::Failed { begun, why: "cut".to_owned() }, &identity()).unwrap();
}

const BUDGET: Option<Budget> = Some(Budget { epsilon: 1.0, delta: 0.0 });

#[test]
fn a_run_counts_until_it_is_known_to_have_opened_nothing() {
    let (_folder, mut log) = log();
    let study = start("s", Some(("0.6", None)), &["a", "b"]);
    let spent = |log: &Log| Ledger::of(log.entries(), "a", BUDGET).spent.epsilon;
    let refused = |log: &Log| Ledger::of(log.entries(), "a", BUDGET).overspent(&study, "a");

    assert_eq!(refused(&log), None);
    let first = begin(&mut log, &study);
    assert!((spent(&log) - 0.6).abs() < 1e-12, "while it goes on");
    let why = refused(&log).expect("two at once would spend 1.2");
    assert!(
        why.contains("an epsilon of 1 ") && why.contains("0.6 is spent") && why.contains("1.2")
    );

    fail(&mut log, first);
    assert_eq!(spent(&log), 0.0, "nothing was opened, and nothing is lost");
    let second = begin(&mut log, &study);
    log.append(Event::Releases { begun: second }, &identity()).unwrap();
    fail(&mut log, second);
    assert!((spent(&log) - 0.6).abs() < 1e-12, "somebody may know the result");
    assert!(refused(&log).is_some());
    let states = Ledger::of(log.entries(), "a", BUDGET).lines;
    let states: Vec<State> = states.iter().map(|line| line.state).collect();
    assert_eq!(states, [State::Unopened, State::Opened]);
}

#[test]
fn only_the_givers_of_records_spend() {
    let (_folder, mut log) = log();
    let study = start("s", Some(("5", None)), &["b", "c"]);
    begin(&mut log, &study);
    let ledger = Ledger::of(log.entries(), "a", BUDGET);
    assert!(ledger.lines.is_empty());
    assert_eq!((ledger.spent.epsilon, ledger.overspent(&study, "a")), (0.0, None));
}

#[test]
fn a_delta_that_no_budget_allows_spends_everything() {
    let (_folder, log) = log();
    let study = start("s", Some(("0.1", Some("0.000001"))), &["a"]);
    let why = Ledger::of(log.entries(), "a", BUDGET).overspent(&study, "a").expect("delta 0");
    assert!(why.contains("without limit"), "{why}");
    let budget = Some(Budget { epsilon: 1.0, delta: 1e-5 });
    assert_eq!(Ledger::of(log.entries(), "a", budget).overspent(&study, "a"), None);
    let unreadable = start("s", Some(("much", None)), &["a"]);
    assert!(Ledger::of(log.entries(), "a", budget).overspent(&unreadable, "a").is_some());
}

#[test]
fn many_small_studies_spend_less_than_their_sum() {
    let (_folder, mut log) = log();
    for i in 0..20 {
        begin(&mut log, &start(&format!("s{i}"), Some(("0.1", Some("0.0000001"))), &["a"]));
    }
    let budget = Some(Budget { epsilon: 1.0, delta: 1e-5 });
    let spent = Ledger::of(log.entries(), "a", budget).spent.epsilon;
    assert!(spent > 0.1 && spent < 1.0, "{spent} where the sum is 2");
}

#[test]
fn a_policy_with_a_limit_wants_noise_of_every_study() {
    let base = "[policy]\nthreat = \"semi-honest\"\nmin_records = 1\nmin_parties = 1\n\
                sufficient = \"open\"\ndifferencing = \"warn\"\n";
    let policy = |more: &str| Policy::parse(&format!("{base}{more}"), "policy.toml");
    let with = policy("budget_epsilon = 2\nbudget_delta = 0.00001\nmax_epsilon = 0.5\n").unwrap();
    assert_eq!(with.budget, Some(Budget { epsilon: 2.0, delta: 1e-5 }));
    assert_eq!(with.max_epsilon, Some(0.5));
    for wrong in ["budget_delta = 0.1\n", "budget_epsilon = 0\n", "max_epsilon = -1\n"] {
        let error = policy(wrong).unwrap_err().to_string();
        assert!(error.contains("policy.toml:7:"), "{error}");
    }
}

proptest! {
    #[test]
    fn a_study_more_never_spends_less(
        epsilons in prop::collection::vec((1..40u32, any::<bool>()), 1..8),
    ) {
        let budget = Some(Budget { epsilon: 1.0, delta: 1e-5 });
        let (_folder, mut log) = log();
        let (mut last, mut sum) = (0.0, 0.0);
        for (i, (tenths, has_delta)) in epsilons.into_iter().enumerate() {
            let epsilon = f64::from(tenths) / 10.0;
            let text = epsilon.to_string();
            let spend = Some((text.as_str(), has_delta.then_some("0.000000001")));
            begin(&mut log, &start(&format!("s{i}"), spend, &["a"]));
            sum += epsilon;
            let spent = Ledger::of(log.entries(), "a", budget).spent.epsilon;
            prop_assert!(spent >= last && spent <= sum + 1e-9, "{last} {spent} {sum}");
            last = spent;
        }
    }
}
