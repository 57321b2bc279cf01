//! Regressions of which no step is opened: the same estimates as where all are, in the clear and
//! over TLS, and nothing else.

mod common;

use common::{ALL, Record, Setup, local, run_all};
use sharewell_engine::{Cell, Error, Plan, ResultTable};

const OPEN: &str = "min_records = 3\nmin_parties = 2\nsufficient = \"open\"";
const CLOSED: &str = "min_records = 3\nmin_parties = 2\nsufficient = \"hidden\"";
const LOGISTIC: &str = "kind = 'logistic'\nresponse = 'f'\npredictors = ['y', 'x']";
const POISSON: &str = "kind = 'poisson'\nresponse = 'f'\nexposure = 'y + 1'\npredictors = ['x']";

fn setup<'a>(objective: &'a str, release: &'a str) -> Setup<'a> {
    let objective = Some(objective);
    Setup { objective, release, range: (1, 12), max_rows: 25, ..Setup::default() }
}

fn objective(of: &str, reveal_path: bool) -> String {
    let steps = if reveal_path { 20 } else { 7 };
    format!("{of}\nconfidence = 0.95\nreveal_path = {reveal_path}\nsteps = {steps}")
}

/// Sixty records of three providers in which nothing is special.
fn records() -> [Vec<Record>; 3] {
    [0, 1, 2].map(|provider| {
        let record = |i: i64| {
            let i = 3 * i + provider;
            let y = (i * 37 + i * i) % 300;
            let x = Some(1 + i * i % 12);
            Record { f: (y + 61 * i) % 500 > 240, x, y, ..Record::default() }
        };
        (0..20).map(record).collect()
    })
}

fn rehearsed(plan: &Plan, records: &[Vec<Record>]) -> Vec<ResultTable> {
    let locals: Vec<_> = records.iter().map(|records| local(plan, records)).collect();
    plan.rehearse(&locals).expect("in bounds")
}

/// The same texts, and numbers that differ by a millionth at most.
fn agree(got: &ResultTable, want: &ResultTable) {
    assert_eq!(got.name, want.name);
    for (at, column) in got.columns.iter().enumerate().filter(|(_, name)| *name != "steps") {
        let theirs = want.columns.iter().position(|name| name == column).expect("a column of both");
        assert_eq!(got.rows.len(), want.rows.len());
        for (got, want) in got.rows.iter().zip(&want.rows) {
            let number = |cell: &Cell| match cell {
                Cell::Number(number) => Some(*number),
                Cell::Integer(number) => Some(*number as f64),
                Cell::Text(_) | Cell::Empty => None,
            };
            match (number(&got[at]), number(&want[theirs])) {
                (Some(got), Some(want)) => {
                    assert!(
                        (got - want).abs() < 1e-6 * want.abs() + 1e-7,
                        "{column}: {got} {want}"
                    );
                }
                (None, None) => assert_eq!(got[at], want[theirs], "{column}"),
                other => panic!("{column}: {other:?}"),
            }
        }
    }
}

#[test]
fn estimates_are_those_of_steps_that_are_opened() {
    for of in [LOGISTIC, POISSON] {
        let want = rehearsed(&setup(&objective(of, true), OPEN).plan(), &records());
        for release in [OPEN, CLOSED] {
            let got = rehearsed(&setup(&objective(of, false), release).plan(), &records());
            assert_eq!(got.len(), want.len());
            got.iter().zip(&want).for_each(|(got, want)| agree(got, want));
            let counted = got[2].columns.iter().any(|column| column == "events");
            assert_eq!(counted, release == OPEN);
        }
    }
}

#[test]
fn a_run_gives_what_the_rehearsal_gives_at_the_price_that_was_quoted() {
    let outside: [&str; 5] = [
        "\"data\", \"compute\"",
        "\"data\", \"compute\"",
        "\"compute\"",
        "\"data\"",
        "\"recipient\"",
    ];
    for (of, threat, roles) in [
        (LOGISTIC, "semi-honest", &[ALL; 3][..]),
        (POISSON, "malicious", &[ALL; 3]),
        (LOGISTIC, "semi-honest", &outside),
    ] {
        let objective = objective(of, false);
        let security = (threat, 1, "auto");
        let plan = Setup { security, roles, ..setup(&objective, CLOSED) }.plan();
        let mut all = records().into_iter();
        let of_role = |role: &&str| role.contains("data").then(|| all.next().expect("three give"));
        let given: Vec<_> = roles.iter().map(of_role).collect();
        let given: Vec<_> =
            given.iter().map(|records| records.as_ref().map(|of| local(&plan, of))).collect();
        let want = rehearsed(&plan, &records());
        for (outcome, role) in run_all(&plan, &given).into_iter().zip(roles) {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert!(outcome.actual.as_quoted, "{of} {threat}: {:?}", outcome.actual);
            let gets = role.contains("recipient");
            assert_eq!(outcome.results.len(), if gets { 3 } else { 0 });
            outcome.results.iter().zip(&want).for_each(|(got, want)| agree(got, want));
            let fit = |learned: &String| learned.contains("the coefficients of `intercept`");
            assert_eq!(outcome.learned.iter().any(fit), gets, "{role}");
        }
    }
}

#[test]
fn nothing_but_the_fit_is_opened() {
    let plan = setup(&objective(LOGISTIC, false), CLOSED).plan();
    let leaks: Vec<String> = plan.leakage().into_iter().map(|leak| leak.what).collect();
    let opened: Vec<&String> = leaks[2..].iter().collect();
    assert!(opened[0].contains("whether at least 3 records of at least 2"), "{opened:?}");
    assert!(opened[1].contains("the coefficients of `intercept`, `y`, `x`"), "{opened:?}");
    assert_eq!(opened.len(), 2, "{opened:?}");
}

#[test]
fn what_has_no_estimate_or_too_few_records_shows_no_number() {
    let changed = |change: fn(&mut Record)| {
        let mut records = records();
        records.iter_mut().flatten().for_each(change);
        records
    };
    let end = "the steps came to no end";
    for (records, why) in [
        (changed(|record| record.f = record.y > 150), end),
        (changed(|record| record.f = false), end),
        (changed(|record| record.f = true), end),
        (changed(|record| record.y = 70), end),
        ([records()[0].clone(), vec![], vec![]], "or 2 organisations"),
        (records().map(|records| records[..0].to_vec()), "fewer than 3 records"),
    ] {
        for release in [OPEN, CLOSED] {
            let tables = rehearsed(&setup(&objective(LOGISTIC, false), release).plan(), &records);
            for table in &tables {
                let numbers = table.rows.iter().flatten();
                let shown = |cell: &&Cell| matches!(cell, Cell::Number(_) | Cell::Integer(_));
                assert_eq!(numbers.filter(shown).count(), 0, "{table:#?}");
            }
            assert!(tables[0].notes[0].reason.contains(why), "{why}: {tables:?}");
        }
    }
}

#[test]
fn what_shares_cannot_hold_is_refused_before_anything_runs() {
    let refusal = |setup: Setup<'_>| match Plan::of(&setup.study()) {
        Err(Error::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    let hidden = objective(LOGISTIC, false);
    let wide = Setup { range: (0, 4_000_000_000), ..setup(&hidden, CLOSED) };
    assert!(refusal(wide).contains("`x`: its range is too wide"));
    let many = Setup { max_rows: 1_000_000, ..setup(&hidden, CLOSED) };
    assert!(refusal(many).contains("3000000 records would be shared"));
    let predictors: Vec<String> = (0..32).map(|i| format!("'y + {i}'")).collect();
    let predictors =
        format!("kind = 'logistic'\nresponse = 'f'\npredictors = [{}]", predictors.join(", "));
    let hidden = objective(&predictors, false);
    assert!(refusal(setup(&hidden, CLOSED)).contains("32 predictors are too many"));
}
