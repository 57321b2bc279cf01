//! Nodes whose clocks differ by an hour.

use sharewell_consortium::{Case, Digest, Kind, Run, Signed, Statement, Time, Verdict};
use sharewell_net::Identity;
use sharewell_study::Study;

const NOW: Time = Time(1_800_000_000);
const HOUR: u64 = 3600;
/// How long a call holds.
const CALL: u64 = 600;

fn case(by: &str, runs: Vec<Run>) -> (Case, Study) {
    let text = include_str!("../../../examples/failure-rate/study.toml");
    let study = Study::parse(text, "study.toml").unwrap_or_else(|report| panic!("{report}"));
    let text = Digest::of(text.as_bytes());
    let call = Statement {
        document: Kind::Study,
        name: study.name.clone(),
        text,
        meaning: Digest(study.hash().0),
        verdict: Verdict::Calls,
        member: by.to_owned(),
        roles: vec![],
        under: None,
        time: NOW,
        until: Some(Time(NOW.0 + CALL)),
        entry: 3,
        software: "test".to_owned(),
        plan: None,
        reason: None,
    };
    let statements = vec![Signed::new(call, &Identity::from_seed(&[1; 32]))];
    (Case { text, name: study.name.clone(), statements, runs }, study)
}

#[test]
fn a_call_is_followed_by_clocks_that_agree_or_are_behind_and_missed_by_one_that_is_ahead() {
    let (called, study) = case("op_a", vec![]);
    for behind in [0, CALL / 2, HOUR] {
        let now = Time(NOW.0 - behind);
        assert!(called.call(&study, now).is_some() && called.missed(&study, now).is_none());
    }
    assert!(called.call(&study, Time(NOW.0 + CALL)).is_some(), "to the last second");
    let ahead = Time(NOW.0 + HOUR);
    assert!(called.call(&study, ahead).is_none());
    assert!(called.missed(&study, ahead).is_some(), "and it says so, instead of nothing");
    assert!(called.missed(&study, Time(NOW.0 + 40 * HOUR)).is_none(), "that is long ago");
}

#[test]
fn a_call_of_a_stranger_or_one_that_was_followed_is_none() {
    let (called, study) = case("op_x", vec![]);
    assert!(called.call(&study, NOW).is_none());
    assert!(called.missed(&study, Time(NOW.0 + HOUR)).is_none());
    let (called, study) = case("op_a", vec![]);
    let call = Some(called.statements[0].digest());
    let run = Run { begun: Digest::NONE, call, time: NOW, released: false, end: None };
    let (called, _) = case("op_a", vec![run]);
    assert!(called.call(&study, NOW).is_none());
    assert!(called.missed(&study, Time(NOW.0 + HOUR)).is_none());
}
