//! Whole runs over TLS: results, quotes, roles.

mod common;

use common::{ALL, Record, Setup, local, run_all, run_each};
use sharewell_engine::{Cell, Countersigned, Error, Log, Outcome, Plan, results_digest, run};

fn row(g: usize, x: Option<i64>) -> Record {
    Record { g, x, ..Record::default() }
}

fn rows(party: usize) -> Vec<Record> {
    let value = |i: usize| ((i * 37 + party * 101) % 800) as i64 - 300;
    (0..20).map(|i| row(i % 2, (i % 7 != 3).then(|| value(i)))).collect()
}

fn outcomes(plan: &Plan, data: &[bool]) -> Vec<Outcome> {
    let locals: Vec<_> = data
        .iter()
        .enumerate()
        .map(|(party, gives)| gives.then(|| local(plan, &rows(party))))
        .collect();
    run_all(plan, &locals)
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

fn numbers(cells: &[Cell]) -> Vec<Option<f64>> {
    cells
        .iter()
        .filter(|cell| !matches!(cell, Cell::Text(_)))
        .map(|cell| match cell {
            Cell::Integer(x) => Some(*x as f64),
            Cell::Number(x) => Some(*x),
            Cell::Text(_) | Cell::Empty => None,
        })
        .collect()
}

#[test]
fn every_statistic_is_within_its_bound_and_costs_what_was_quoted() {
    let setup = Setup {
        query: "SELECT g, COUNT(*) AS n, COUNT(x) AS present, SUM(x) AS total, AVG(x) AS mean, \
                VAR_SAMP(x) AS variance, STDDEV_SAMP(x) AS deviation, MIN(x) AS least, \
                MAX(x) AS greatest, 2 * SUM(x) / COUNT(*) - 1.5 AS mixed, \
                SUM(x) * COUNT(*) AS product FROM t GROUP BY g",
        ..Setup::default()
    };
    let plan = setup.plan();
    let outcomes = outcomes(&plan, &[true; 3]);
    let pooled: Vec<Record> = (0..3).flat_map(rows).collect();
    for outcome in &outcomes {
        assert!(outcome.actual.as_quoted, "{:?} {:?}", outcome.actual, plan.quote());
        assert_eq!(outcome.results, outcomes[0].results, "all recipients see the same");
        let table = &outcome.results[0];
        for (group, row) in table.rows[..2].iter().enumerate() {
            let all = pooled.iter().filter(|record| record.g == group);
            let n = all.clone().count() as f64;
            let x: Vec<f64> = all.filter_map(|record| record.x.map(|x| x as f64)).collect();
            let (count, total) = (x.len() as f64, x.iter().sum::<f64>());
            let mean = total / count;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
            let want = [
                n,
                count,
                total,
                mean,
                variance,
                variance.sqrt(),
                x.iter().copied().fold(f64::INFINITY, f64::min),
                x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                2.0 * total / n - 1.5,
                total * n,
            ];
            let bounds: Vec<f64> = table.error_bound.iter().copied().flatten().collect();
            for (at, (got, want)) in numbers(row).into_iter().zip(want).enumerate() {
                let got = got.expect("the cell passes the gate");
                let slack = 1e-12 * want.abs();
                assert!((got - want).abs() <= bounds[at] + slack, "{at}: {got} {want} {bounds:?}");
                assert!(bounds[at] <= 1e-3, "a bound worth printing: {at} {bounds:?}");
            }
        }
        // Nobody has a record of group `c`.
        assert!(numbers(&table.rows[2]).iter().all(Option::is_none));
        assert!(table.notes.iter().any(|note| note.row == 2
            && note.reason == "suppressed: fewer than 3 records or 2 organisations"));
    }
}

#[test]
fn opened_sums_give_the_same_table() {
    let query = "SELECT g, AVG(x) AS mean, VAR_SAMP(x) AS variance FROM t GROUP BY g";
    let hidden = Setup { query, ..Setup::default() }.plan();
    let release = "min_records = 3\nmin_parties = 2\nsufficient = \"open\"";
    let open = Setup { query, release, ..Setup::default() }.plan();
    assert!(open.quote().rounds < hidden.quote().rounds);
    let hidden = outcomes(&hidden, &[true; 3]).remove(0);
    let opened = outcomes(&open, &[true; 3]).remove(0);
    assert!(opened.actual.as_quoted);
    for (hidden, open) in hidden.results[0].rows.iter().zip(&opened.results[0].rows) {
        for (x, y) in numbers(hidden).into_iter().zip(numbers(open)) {
            assert_eq!(x.is_some(), y.is_some());
            assert!((x.unwrap_or(0.0) - y.unwrap_or(0.0)).abs() < 1e-3, "{x:?} {y:?}");
        }
    }
}

/// A run in which the log of one party, the last of four, cannot be written.
fn with_a_full_log(at: usize) -> Vec<Result<Outcome, Error>> {
    let roles = [ALL, ALL, ALL, "\"data\", \"recipient\""];
    let plan = Setup { roles: &roles, ..Setup::default() }.plan();
    let record = Record { x: Some(1), ..Record::default() };
    let given = local(&plan, &[record; 4]);
    let written = std::sync::atomic::AtomicUsize::new(0);
    let written = std::sync::Arc::new(written);
    let outcomes = std::thread::scope(|scope| {
        let seats = common::seats(4).into_iter().map(|mut seat| {
            let (full, written) = (seat.party == at, written.clone());
            seat.log = Log::new([1; 32], move || match full {
                true => Err("no space left on device".to_owned()),
                false => {
                    written.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    Ok(())
                }
            });
            let (plan, given) = (&plan, &given);
            scope.spawn(move || run(plan, seat, Some(given), &|_| ()))
        });
        let parties: Vec<_> = seats.collect();
        parties.into_iter().map(|party| party.join().expect("no party panics")).collect()
    });
    let all = if at > 3 { 4 } else { 3 };
    assert!(written.load(std::sync::atomic::Ordering::SeqCst) <= all);
    outcomes
}

#[test]
fn nothing_is_opened_that_not_every_log_could_tell() {
    assert!(with_a_full_log(9).iter().all(Result::is_ok), "all can");
    for at in 0..4 {
        for (party, outcome) in with_a_full_log(at).into_iter().enumerate() {
            let error = outcome.expect_err("nothing is opened").to_string();
            let own = error.contains("nothing is opened") && error.contains("no space left");
            assert_eq!(own, party == at, "{error}");
        }
    }
}

#[test]
fn every_party_keeps_a_receipt_that_all_have_signed() {
    let roles = ["\"data\", \"compute\"", "\"compute\"", "\"data\", \"compute\"", "\"recipient\""];
    let plan =
        Setup { roles: &roles, query: "SELECT SUM(x) AS total FROM t", ..Setup::default() }.plan();
    let of = || outcomes(&plan, &[true, false, true, false]);
    let (first, second) = (of(), of());
    let signed = &first[0].receipt;
    assert_eq!(signed.verify(), Ok(()));
    assert!(first.iter().all(|outcome| outcome.receipt == *signed), "one account for all");
    assert_ne!(signed.receipt.run, second[0].receipt.receipt.run, "no two runs have one name");
    let names: Vec<&str> = signed.receipt.parties.iter().map(|of| of.party.as_str()).collect();
    assert_eq!(names, ["p0", "p1", "p2", "p3"]);
    let commitments: Vec<&str> =
        signed.receipt.commitments.iter().map(|(party, _)| party.as_str()).collect();
    assert_eq!(commitments, ["p0", "p2"]);
    let [none @ .., told] = &signed.receipt.parties[..] else { panic!("four parties") };
    assert!(none.iter().all(|party| party.results.is_none()));
    let salt = first[3].salt.as_deref().expect("a recipient has drawn one");
    assert_eq!(told.results, Some(results_digest(salt, &first[3].results)));
    assert_ne!(told.results, Some(results_digest(salt, &second[0].results)));
    assert_ne!(told.results, second[3].receipt.receipt.parties[3].results, "nobody can guess it");

    let forge = |change: fn(&mut Countersigned)| {
        let mut forged = signed.clone();
        change(&mut forged);
        forged.verify()
    };
    assert_eq!(forge(|of| of.receipt.rounds += 1), Err("p0".to_owned()));
    assert_eq!(forge(|of| of.signatures.swap(1, 2)), Err("p1".to_owned()));
    assert_eq!(forge(|of| drop(of.signatures.pop())), Err("p3".to_owned()));
    assert_eq!(
        forge(|of| of.signatures.push("00".repeat(64))),
        Err("nobody in the receipt".into())
    );
    let another = |of: &mut Countersigned| of.receipt.parties[2].key = "ed25519:00".to_owned();
    assert!(forge(another).is_err());
}

#[test]
fn givers_and_recipients_need_not_compute() {
    let setup = Setup {
        roles: &[
            "\"data\"",
            "\"compute\"",
            "\"compute\", \"recipient\"",
            "\"data\", \"compute\"",
            "\"recipient\"",
            "\"data\", \"recipient\"",
        ],
        query: "SELECT SUM(x) AS total, AVG(x) AS mean FROM t",
        ..Setup::default()
    };
    let plan = setup.plan();
    let data = [true, false, false, true, false, true];
    let outcomes = outcomes(&plan, &data);
    let total: i64 = [0, 3, 5].into_iter().flat_map(rows).filter_map(|record| record.x).sum();
    for (party, outcome) in outcomes.iter().enumerate() {
        assert!(outcome.actual.as_quoted, "{party}: {:?}", outcome.actual);
        let is_recipient = [2, 4, 5].contains(&party);
        assert_eq!(outcome.results.len(), usize::from(is_recipient), "recipients only");
        if is_recipient {
            assert_eq!(outcome.results[0].rows[0][0], Cell::Integer(total));
        }
    }
}

#[test]
fn too_few_organisations_suppress_a_cell_whatever_its_records() {
    let setup = Setup { release: "min_records = 2\nmin_parties = 3", ..Setup::default() };
    let plan = setup.plan();
    let mine = |party: usize| -> Vec<Record> {
        let groups = if party == 0 { 0..2 } else { 1..2 };
        groups.flat_map(|g| (0..50).map(move |i| row(g, Some(i)))).collect()
    };
    let locals: Vec<_> = (0..3).map(|party| Some(local(&plan, &mine(party)))).collect();
    for outcome in run_all(&plan, &locals) {
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        let table = &outcome.results[0];
        assert_eq!(table.rows[0][1], Cell::Empty);
        assert_eq!(table.notes[0].reason, "suppressed: fewer than 2 records or 3 organisations");
        assert!(matches!(table.rows[1][1], Cell::Number(mean) if (mean - 24.5).abs() < 1e-6));
    }
}

#[test]
fn a_divisor_of_zero_is_undefined_and_says_so() {
    let query = "SELECT COUNT(*) / SUM(x) AS ratio FROM t";
    let setup = Setup { query, ..Setup::default() };
    let plan = setup.plan();
    let zeros: Vec<Record> = (0..5).map(|_| row(0, Some(0))).collect();
    let table = plan.rehearse(&vec![local(&plan, &zeros); 3]).expect("in bounds").remove(0);
    assert_eq!(table.rows[0][0], Cell::Empty);
    assert_eq!(table.notes[0].reason, "undefined: division by zero");
}

#[test]
fn a_party_that_brings_the_wrong_part_ends_the_run_for_all_at_once() {
    let plan = Setup { roles: &[ALL, ALL, ALL, "\"recipient\""], ..Setup::default() }.plan();
    let locals = [None, Some(local(&plan, &rows(1))), Some(local(&plan, &rows(2))), None];
    let start = std::time::Instant::now();
    let errors: Vec<String> = run_all(&plan, &locals)
        .into_iter()
        .map(|outcome| outcome.expect_err("nobody has a result").to_string())
        .collect();
    assert_eq!(errors[0], "p0 is a data party of this study");
    // Whoever is still connecting may see first that another one has followed.
    assert!(errors[1..].iter().any(|error| error.contains("(p0, ")), "{errors:?}");
    for error in &errors[1..] {
        let told = ["stopped the run", "is gone", "has already ended its run"];
        assert!(error.contains("(p") && told.iter().any(|told| error.contains(told)), "{error}");
    }
    assert!(start.elapsed().as_secs() < 15, "well before anybody's deadline of 20 s");
}

#[test]
fn a_party_with_another_study_is_named_before_a_share_moves() {
    let plan = Setup::default().plan();
    let other = Setup { max_rows: 1001, ..Setup::default() }.plan();
    let locals: Vec<_> = (0..3).map(|party| Some(local(&plan, &rows(party)))).collect();
    let errors: Vec<String> = run_each(&[&plan, &plan, &other], &locals)
        .into_iter()
        .map(|outcome| match outcome.expect_err("nobody has a result") {
            error @ Error::Link(_) => error.to_string(),
            other => panic!("{other}"),
        })
        .collect();
    for error in &errors[..2] {
        assert!(error.contains("(p2, 127.0.0.1:"), "{error}");
        // Told by itself, or by the other one that told it first.
        let told = ["holds another study: its hash is ", "hold different studies or keys"];
        assert!(told.iter().any(|told| error.contains(told)), "{error}");
    }
    assert!(["(p0, ", "(p1, "].iter().any(|name| errors[2].contains(name)), "{}", errors[2]);
    assert!(errors.iter().any(|error| error.contains("holds another study")), "{errors:?}");
}

#[test]
fn ten_providers_of_whom_nobody_receives() {
    let mut roles = vec!["\"data\", \"compute\""; 3];
    roles.extend(["\"data\""; 7]);
    roles.push("\"recipient\"");
    let setup = Setup {
        roles: &roles,
        query: "SELECT COUNT(*) AS n, SUM(x) AS total, MAX(x) AS greatest, AVG(x) AS mean FROM t",
        release: "min_records = 100\nmin_parties = 10",
        ..Setup::default()
    };
    let plan = setup.plan();
    let locals: Vec<_> =
        (0..11).map(|party| (party < 10).then(|| local(&plan, &rows(party)))).collect();
    let mut outcomes: Vec<Outcome> = run_all(&plan, &locals)
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let recipient = outcomes.pop().expect("the eleventh party");
    for outcome in &outcomes {
        assert!(outcome.results.is_empty() && outcome.actual.as_quoted, "{outcome:?}");
        assert!(outcome.learned.iter().all(|what| what.contains("random")), "{outcome:?}");
    }
    let x: Vec<i64> = (0..10).flat_map(rows).filter_map(|record| record.x).collect();
    let cells = &recipient.results[0].rows[0];
    assert_eq!(cells[0], Cell::Integer(200));
    assert_eq!(cells[1], Cell::Integer(x.iter().sum()));
    assert_eq!(Some(&cells[2]), x.iter().max().map(|x| Cell::Integer(*x)).as_ref());
    let mean = x.iter().sum::<i64>() as f64 / x.len() as f64;
    let bound = recipient.results[0].error_bound[3].expect("a number");
    assert!(bound < 1e-5, "{bound}");
    assert!(matches!(cells[3], Cell::Number(got) if (got - mean).abs() <= bound), "{cells:?}");
}
