//! Which protocol runs a study, which never does, and what is said of each.

mod common;

use common::{ALL, Record, Setup, local, run_all, run_each};
use sharewell_engine::{Candidate, Cell, Error, LocalValues, Plan, Refusal, Withstands};
use sharewell_study::{Protocol, Study, Threat};

/// What is chosen, and by which right.
const AUTO: [(&str, &str, &str); 2] =
    [("semi-honest", "rep3", "the cheapest"), ("malicious", "rep3-malicious", "the only one")];

fn of(security: (&'static str, u8, &'static str)) -> Setup<'static> {
    Setup { security, ..Setup::default() }
}

fn refusal(study: &Study) -> Refusal {
    match Plan::of(study) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn seconds(candidate: &Candidate) -> f64 {
    candidate.quote.as_ref().expect("three parties compute").estimates[0].seconds
}

#[test]
fn the_cheapest_that_honours_the_threat_is_chosen() {
    for (threat, protocol, right) in AUTO {
        let plan = of((threat, 1, "auto")).plan();
        assert_eq!(plan.protocol(), protocol);
        let candidates = plan.candidates();
        let chosen: Vec<_> = candidates.iter().filter(|candidate| candidate.chosen).collect();
        let [chosen] = chosen[..] else { panic!("{candidates:?}") };
        assert_eq!((chosen.protocol, chosen.withstands), (protocol, plan.withstands()));
        let why = format!("chosen: {right} that honours the threat model");
        assert!(chosen.honours && chosen.why == why, "{chosen:?}");
        assert_eq!(chosen.quote.as_ref(), Some(&plan.quote()));
        assert!(plan.why().contains(&chosen.why), "{}", plan.why());
        for other in candidates.iter().filter(|other| other.honours) {
            assert!(seconds(chosen) <= seconds(other), "{candidates:?}");
        }
    }
}

#[test]
fn a_stronger_one_than_asked_for_runs_if_it_is_named() {
    let plan = of(("semi-honest", 1, "rep3-malicious")).plan();
    assert_eq!(plan.protocol(), "rep3-malicious");
    let verdicts = plan.candidates().into_iter().map(|candidate| candidate.why);
    let want = ["honours the threat model; the study names another", "chosen: named by the study"];
    assert_eq!(verdicts.collect::<Vec<_>>(), want);
}

#[test]
fn every_candidate_states_what_it_assumes_and_costs() {
    let candidates = of(("malicious", 1, "auto")).plan().candidates();
    let [rep3, malicious] = &candidates[..] else { panic!("{candidates:?}") };
    let Withstands { threat, corruptions, parties, statistical_bits, .. } = rep3.withstands;
    assert_eq!((threat, corruptions, parties, statistical_bits), ("semi-honest", 1, 3, None));
    assert_eq!(rep3.why, "it withstands semi-honest parties, not malicious ones");
    assert!(!rep3.honours && !rep3.chosen);
    let Withstands { threat, corruptions, parties, statistical_bits, .. } = malicious.withstands;
    assert_eq!((threat, corruptions, parties, statistical_bits), ("malicious", 1, 3, Some(40)));
    for candidate in &candidates {
        assert!(candidate.withstands.source.contains("eprint 20"), "{candidate:?}");
        assert!(candidate.withstands.cheater.starts_with("can "), "{candidate:?}");
        assert!(candidate.withstands.assumes[0].contains("two computing parties"));
    }
    let bytes = |candidate: &Candidate| candidate.quote.as_ref().map(|quote| quote.bytes_per_party);
    assert!(bytes(malicious) > bytes(rep3), "checks cost something");
    let text = serde_json::to_value(&candidates).expect("texts and numbers");
    assert_eq!(text[1]["withstands"]["threat"], "malicious");
}

#[test]
fn a_threat_model_that_no_protocol_honours_is_refused() {
    let two = refusal(&of(("malicious", 2, "auto")).study());
    assert_eq!(
        two.message,
        "no protocol of this version withstands 2 malicious of 3 compute parties:\n  \
         rep3: it withstands semi-honest parties, not malicious ones\n  \
         rep3-malicious: it withstands 1 corrupt, not 2"
    );
    assert_eq!(two.help, "name three compute parties and corruptions = 1");
    let mut study = Setup { roles: &[ALL, ALL, ALL, "\"data\""], ..Setup::default() }.study();
    study.parties[3].roles.compute = true;
    let four = refusal(&study).message;
    assert!(four.contains("1 semi-honest of 4 compute parties"), "{four}");
    assert!(four.contains("rep3: it needs 3 compute parties, and the study has 4"), "{four}");
}

#[test]
fn a_weaker_one_is_refused_even_if_the_study_names_it() {
    // No text of a study parses to this.
    let mut study = of(("malicious", 1, "auto")).study();
    study.security.protocol = Protocol::Rep3;
    let Refusal { message, help } = refusal(&study);
    assert_eq!(
        message,
        "the study names rep3, which does not withstand 1 malicious of 3 compute parties:\n  \
         rep3: it withstands semi-honest parties, not malicious ones"
    );
    assert_eq!(help, "write protocol = \"auto\" or \"rep3-malicious\"");
}

#[test]
fn what_a_study_may_name_is_what_withstands_what_the_format_says() {
    for threat in Threat::ALL {
        for protocol in Protocol::ALL {
            let mut study = Setup::default().study();
            (study.security.threat, study.security.protocol) = (threat, protocol);
            let plan = Plan::of(&study);
            assert_eq!(plan.is_ok(), protocol.withstands() >= threat, "{threat:?} {protocol:?}");
            if let (Ok(plan), false) = (plan, protocol == Protocol::Auto) {
                assert_eq!(plan.protocol(), protocol.name());
                assert_eq!(plan.withstands().threat, protocol.withstands().name());
            }
        }
    }
}

/// Twenty records of each of three providers.
fn rows(party: usize) -> Vec<Record> {
    let value = |i: usize| ((i * 37 + party * 101) % 800) as i64 - 300;
    (0..20).map(|i| Record { g: i % 2, x: Some(value(i)), ..Record::default() }).collect()
}

fn locals(plan: &Plan) -> Vec<Option<LocalValues>> {
    let parties = 0..plan.study().parties.len();
    let gives = |party: usize| plan.study().parties[party].roles.data;
    parties.map(|party| gives(party).then(|| local(plan, &rows(party)))).collect()
}

#[test]
fn under_a_malicious_threat_the_result_is_right_and_costs_what_was_quoted() {
    let outside =
        ["\"compute\"", "\"compute\"", "\"compute\"", "\"data\"", "\"data\"", "\"recipient\""];
    let roles: [&[&str]; 2] = [&[ALL; 3], &outside];
    // In 64 bits, and in 128.
    for (range, bits) in [((-1000, 1000), 64), ((-1 << 30, 1 << 30), 128)] {
        for roles in roles {
            let query =
                "SELECT COUNT(*) AS n, SUM(x) AS total, AVG(x) AS mean, MIN(x) AS least FROM t";
            let setup = Setup { query, roles, range, ..of(("malicious", 1, "auto")) };
            let plan = setup.plan();
            assert_eq!((plan.protocol(), plan.ring_bits()), ("rep3-malicious", bits));
            let givers = plan.study().data_parties();
            let x: Vec<i64> = givers.flat_map(rows).filter_map(|record| record.x).collect();
            let (n, total) = (x.len() as i64, x.iter().sum::<i64>());
            let least = x.iter().copied().min().expect("records");
            for (party, outcome) in run_all(&plan, &locals(&plan)).into_iter().enumerate() {
                let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
                assert!(outcome.actual.as_quoted, "{:?} {:?}", outcome.actual, plan.quote());
                let recipient = plan.study().parties[party].roles.recipient;
                assert_eq!(outcome.results.len(), usize::from(recipient));
                let Some(table) = outcome.results.first() else { continue };
                let [count, sum, mean, first] = &table.rows[0][..] else { panic!("{table:?}") };
                let want = [n, total, least].map(Cell::Integer);
                assert_eq!([count, sum, first].map(Clone::clone), want);
                let (bound, exact) =
                    (table.error_bound[2].expect("a number"), total as f64 / n as f64);
                assert!(
                    matches!(mean, Cell::Number(got) if (got - exact).abs() <= bound),
                    "{mean:?}"
                );
            }
        }
    }
}

#[test]
fn the_failure_rate_is_the_same_whatever_the_threat() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/failure-rate/study.toml");
    let text = std::fs::read_to_string(path).expect("the example");
    // Failures and tenths of hours of the three operators.
    let sums = [(4, 1_000_000), (3, 1_200_000), (5, 1_244_400)];
    let table = |threat: &str| {
        let text = text.replace("threat = \"semi-honest\"", &format!("threat = \"{threat}\""));
        let study = Study::parse(&text, path).unwrap_or_else(|report| panic!("{report}"));
        let plan = Plan::of(&study).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.withstands().threat, threat);
        let cells = |(failures, tenths): (i128, i128)| {
            let measures = plan.local().measures.len();
            let mut cell = vec![Some(24); measures];
            (cell[0], cell[1]) = (Some(failures), Some(tenths));
            Some(LocalValues { cells: vec![cell], ..LocalValues::default() })
        };
        let mut outcomes = run_all(&plan, &sums.map(cells)).into_iter().map(|outcome| {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert!(outcome.actual.as_quoted, "{:?}", outcome.actual);
            outcome.results
        });
        outcomes.next().expect("three parties")
    };
    let [semi_honest, malicious] = AUTO.map(|(threat, ..)| table(threat));
    assert_eq!(semi_honest, malicious);
    assert_eq!(malicious[0].rows[0][0], Cell::Integer(12));
}

#[test]
fn parties_that_differ_in_the_threat_alone_end_before_a_share_moves() {
    let [semi_honest, malicious] = AUTO.map(|(threat, ..)| of((threat, 1, "auto")).plan());
    let stronger = of(("semi-honest", 1, "rep3-malicious")).plan();
    // The last two would run the same protocol.
    for (ours, theirs) in
        [(&semi_honest, &malicious), (&malicious, &semi_honest), (&malicious, &stronger)]
    {
        let outcomes = run_each(&[ours, ours, theirs], &locals(ours));
        let errors: Vec<String> = outcomes
            .into_iter()
            .map(|outcome| match outcome.expect_err("nobody has a result") {
                error @ Error::Link(_) => error.to_string(),
                other => panic!("{other}"),
            })
            .collect();
        for error in &errors[..2] {
            assert!(error.contains("(p2, 127.0.0.1:"), "{error}");
        }
        assert!(errors.iter().any(|error| error.contains("holds another study")), "{errors:?}");
    }
}
