//! Regressions in steps: over whole studies in the clear and over TLS, against the equations that
//! define their estimates.

mod common;

use common::{ALL, Record, Setup, local, run_all};
use sharewell_engine::{Cell, Error, Outcome, Plan, ResultTable};

const OPEN: &str = "min_records = 3\nmin_parties = 2\nsufficient = \"open\"";
const LOGISTIC: &str = "kind = 'logistic'\nresponse = 'f'\npredictors = ['y', 'y * y']";
const POISSON: &str =
    "kind = 'poisson'\nresponse = 'f'\nexposure = 'y * y + 1'\npredictors = ['y']";
const WEIBULL: &str = "kind = 'weibull'\nevent = 'f'\ntime = 'y + 1'";
const COX: &str = "kind = 'cox'\nevent = 'f'\ntime = 'x'\npredictors = ['y']";
const FORETOLD: &str =
    "kind = 'logistic'\nresponse = 'f'\npredictors = ['y']\nerrors = 'HC1'\ncalibration = 20";
/// The grid of times.
const TIMES: (i64, i64) = (1, 12);

fn objective(of: &str) -> String {
    format!("{of}\nconfidence = 0.95\nreveal_path = true\nsteps = 20")
}

fn plan(of: &str) -> Plan {
    Setup { objective: Some(&objective(of)), release: OPEN, range: TIMES, ..Setup::default() }
        .plan()
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

fn table<'t>(tables: &'t [ResultTable], name: &str) -> &'t ResultTable {
    tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn number(table: &ResultTable, row: usize, column: &str) -> f64 {
    let at = table.columns.iter().position(|name| name == column);
    match &table.rows[row][at.unwrap_or_else(|| panic!("no column {column}"))] {
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        other => panic!("{column} of row {row} is {other:?}: {:?}", table.notes),
    }
}

fn coefficients(tables: &[ResultTable]) -> Vec<f64> {
    let table = table(tables, "coefficients");
    (0..table.rows.len()).map(|row| number(table, row, "estimate")).collect()
}

/// Sums of what must vanish at a maximum, beside what they are made of.
fn vanish(scores: impl Iterator<Item = Vec<f64>>) {
    let scores: Vec<Vec<f64>> = scores.collect();
    for j in 0..scores[0].len() {
        let sum: f64 = scores.iter().map(|score| score[j]).sum();
        let size: f64 = scores.iter().map(|score| score[j].abs()).sum();
        assert!(size > 0.0 && sum.abs() < 1e-10 * size, "{sum} of {size} in equation {j}");
    }
}

fn values(record: Record) -> (f64, f64) {
    (f64::from(u8::from(record.f)), record.y as f64 / 10.0)
}

#[test]
fn the_estimates_solve_the_equations_of_their_likelihoods() {
    let logistic = coefficients(&rehearsed(&plan(LOGISTIC), &records()));
    let [b0, b1, b2] = logistic[..] else { panic!("{logistic:?}") };
    vanish(records().concat().into_iter().map(values).map(|(f, y)| {
        let rest = f - 1.0 / (1.0 + (-(b0 + b1 * y + b2 * y * y)).exp());
        vec![rest, rest * y, rest * y * y]
    }));
    let poisson = coefficients(&rehearsed(&plan(POISSON), &records()));
    let [b0, b1] = poisson[..] else { panic!("{poisson:?}") };
    vanish(records().concat().into_iter().map(values).map(|(f, y)| {
        let rest = f - (y * y + 1.0) * (b0 + b1 * y).exp();
        vec![rest, rest * y]
    }));
    let tables = rehearsed(&plan(WEIBULL), &records());
    let life = table(&tables, "Weibull life");
    let [shape, scale] = [0, 1].map(|row| number(life, row, "estimate"));
    vanish(records().concat().into_iter().map(values).map(|(f, y)| {
        let hazard = ((y + 1.0) / scale).powf(shape);
        vec![f - hazard, f / shape + (f - hazard) * ((y + 1.0) / scale).ln()]
    }));
    let (events, time) = records()
        .concat()
        .into_iter()
        .map(values)
        .fold((0.0, 0.0), |(events, time), (f, y)| (events + f, time + y + 1.0));
    let exponential = events * f64::ln(events / time) - events;
    let null = number(table(&tables, "fit"), 0, "null log-likelihood");
    assert!((null / exponential - 1.0).abs() < 1e-12, "{null} {exponential}");
}

#[test]
fn a_cox_regression_solves_the_equation_of_its_likelihood_with_ties_as_efron_has_them() {
    let tables = rehearsed(&plan(COX), &records());
    let estimate = coefficients(&tables)[0];
    let all = records().concat();
    let risk = |of: &dyn Fn(&Record) -> bool| {
        let of = all.iter().filter(|record| of(record)).map(|record| values(*record).1);
        of.fold([0.0; 3], |[s0, s1, s2], y| {
            let weight = (estimate * y).exp();
            [s0 + weight, s1 + weight * y, s2 + weight * y * y]
        })
    };
    let (mut scores, mut information) = (vec![], 0.0);
    for time in TIMES.0..=TIMES.1 {
        let at_risk = risk(&|record| record.x >= Some(time));
        let tied = risk(&|record| record.x == Some(time) && record.f);
        let events = all.iter().filter(|record| record.x == Some(time) && record.f);
        let events: Vec<f64> = events.map(|record| values(*record).1).collect();
        for (before, y) in events.iter().enumerate() {
            let share = before as f64 / events.len() as f64;
            let [s0, s1, s2] = [0, 1, 2].map(|i| at_risk[i] - share * tied[i]);
            scores.push(vec![y - s1 / s0]);
            information += s2 / s0 - (s1 / s0).powi(2);
        }
    }
    assert!(scores.len() > 12, "some are tied");
    vanish(scores.into_iter());
    let error = number(table(&tables, "coefficients"), 0, "standard error");
    assert!((error * information.sqrt() - 1.0).abs() < 1e-9, "{error}");
    assert_eq!(number(table(&tables, "fit"), 0, "df"), 1.0);
    let ratio = number(table(&tables, "hazard ratios"), 0, "estimate");
    assert_eq!(ratio, estimate.exp());
}

#[test]
fn errors_intervals_and_ratios_belong_to_the_estimates() {
    let tables = rehearsed(&plan(LOGISTIC), &records());
    let (found, ratios) = (table(&tables, "coefficients"), table(&tables, "odds ratios"));
    for row in 0..3 {
        let (estimate, error) =
            (number(found, row, "estimate"), number(found, row, "standard error"));
        let z = 1.959963984540054;
        assert!((number(found, row, "lower") - (estimate - z * error)).abs() < 1e-9);
        assert!((number(found, row, "statistic") - estimate / error).abs() < 1e-9);
        if row > 0 {
            assert_eq!(number(ratios, row - 1, "estimate"), estimate.exp());
            assert_eq!(number(ratios, row - 1, "upper"), number(found, row, "upper").exp());
        }
    }
    let fit = table(&tables, "fit");
    assert_eq!(number(fit, 0, "n"), 60.0);
    let events = records().concat().iter().filter(|record| record.f).count() as f64;
    assert_eq!(number(fit, 0, "events"), events);
    let null = events * (events / 60.0).ln() + (60.0 - events) * (1.0 - events / 60.0).ln();
    assert!((number(fit, 0, "null log-likelihood") - null).abs() < 1e-9);
    assert!((number(fit, 0, "deviance") + 2.0 * number(fit, 0, "log-likelihood")).abs() < 1e-9);
    assert_eq!(number(fit, 0, "df"), 2.0);
}

/// Everybody's account of a run.
fn outcomes(plan: &Plan, records: &[Option<Vec<Record>>]) -> Vec<Outcome> {
    let locals: Vec<_> =
        records.iter().map(|records| records.as_ref().map(|of| local(plan, of))).collect();
    let outcomes = run_all(plan, &locals);
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[test]
fn a_run_gives_what_the_rehearsal_gives_at_the_price_that_was_quoted() {
    let roles: [&[&str]; 2] = [
        &[ALL; 3],
        &[
            "\"compute\"",
            "\"data\", \"compute\"",
            "\"compute\"",
            "\"data\"",
            "\"data\", \"recipient\"",
            "\"recipient\"",
        ],
    ];
    for (objective_of, threat) in [
        (LOGISTIC, "semi-honest"),
        (POISSON, "malicious"),
        (WEIBULL, "semi-honest"),
        (COX, "malicious"),
        (FORETOLD, "malicious"),
        (FORETOLD, "semi-honest"),
    ] {
        for roles in roles {
            let objective = objective(objective_of);
            let security = (threat, 1, "auto");
            let setup = Setup {
                objective: Some(&objective),
                release: OPEN,
                roles,
                security,
                range: TIMES,
                ..Setup::default()
            };
            let plan = setup.plan();
            let mut all = records().into_iter();
            let of = |role: &&str| role.contains("data").then(|| all.next().expect("three give"));
            let given: Vec<_> = roles.iter().map(of).collect();
            let want = rehearsed(&plan, &records());
            for (outcome, role) in outcomes(&plan, &given).iter().zip(roles) {
                assert!(outcome.actual.as_quoted, "{objective_of} {threat}: {:?}", outcome.actual);
                let gets = role.contains("recipient");
                assert_eq!(outcome.results, if gets { want.clone() } else { vec![] });
                let learns = gets || role.contains("data");
                let steps = |learned: &String| learned.contains("at most 20 steps");
                assert_eq!(outcome.learned.iter().any(steps), learns, "{role}");
            }
        }
    }
}

/// The reason of the first note.
fn reason(of: &str, records: &[Vec<Record>]) -> String {
    let tables = rehearsed(&plan(of), records);
    for table in &tables {
        let numbers = table.rows.iter().flatten();
        let shown = |cell: &&Cell| matches!(cell, Cell::Number(_) | Cell::Integer(_));
        assert_eq!(numbers.filter(shown).count(), 0, "{table:#?}");
    }
    tables[0].notes[0].reason.clone()
}

fn changed(change: impl Fn(&mut Record)) -> [Vec<Record>; 3] {
    let mut records = records();
    records.iter_mut().flatten().for_each(change);
    records
}

#[test]
fn what_has_no_estimate_says_why_and_shows_no_number() {
    for (objective, records, why) in [
        (LOGISTIC, changed(|record| record.f = record.y > 150), "y separates"),
        (LOGISTIC, changed(|record| record.f = false), "there is no event"),
        (FORETOLD, changed(|record| record.f = record.y > 150), "y separates"),
        (LOGISTIC, changed(|record| record.f = true), "every record has an event"),
        (LOGISTIC, changed(|record| record.y = 70), "y does not vary"),
        (
            LOGISTIC,
            changed(|record| record.y = 10 * (record.y / 2 % 2)),
            "y * y does not vary, or is a linear",
        ),
        (POISSON, changed(|record| record.f = false), "there is no event"),
        (POISSON, changed(|record| record.y = 70), "y does not vary"),
        (WEIBULL, changed(|record| record.f = false), "there is no event"),
        (COX, changed(|record| record.f = false), "there is no event"),
        (COX, changed(|record| record.y = 70), "y does not vary"),
        (COX, changed(|record| record.y = if record.f { 10 } else { 0 }), "y separates"),
        (LOGISTIC, [records()[0].clone(), vec![], vec![]], "or 2 organisations"),
        (WEIBULL, records().map(|records| records[..0].to_vec()), "fewer than 3 records"),
    ] {
        let reason = reason(objective, &records);
        assert!(reason.contains(why), "{why}: {reason}");
    }
    let short = objective(LOGISTIC).replace("steps = 20", "steps = 3");
    let short = Setup { objective: Some(&short), release: OPEN, ..Setup::default() }.plan();
    let tables = rehearsed(&short, &records());
    assert!(tables[0].notes[0].reason.contains("3 steps are not enough"), "{tables:?}");
}

#[test]
fn a_party_without_records_changes_nothing() {
    let [first, second, third] = records();
    let joined = [[first.clone(), third.clone()].concat(), second.clone()];
    let parted = rehearsed(&plan(LOGISTIC), &[joined[0].clone(), vec![], joined[1].clone()]);
    let whole = rehearsed(&plan(LOGISTIC), &[first, second, third]);
    for (got, want) in coefficients(&parted).iter().zip(coefficients(&whole)) {
        assert!((got - want).abs() < 1e-9 * want.abs(), "{got} {want}");
    }
}

#[test]
fn what_cannot_be_fitted_in_steps_is_refused_before_anything_runs() {
    let refusal = |setup: Setup<'_>| match Plan::of(&setup.study()) {
        Err(Error::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    fn setup(objective: &str) -> Setup<'_> {
        Setup { objective: Some(objective), release: OPEN, ..Setup::default() }
    }
    for of in [WEIBULL, COX] {
        let hidden = objective(of).replace("reveal_path = true", "reveal_path = false");
        assert!(refusal(setup(&hidden)).contains("`reveal_path = false`"));
    }
    let objective = objective(LOGISTIC);
    let security = ("malicious", 1, "auto");
    let roles = [ALL, ALL, ALL, "\"data\""];
    let drop = Setup { bad_giver: "drop", security, roles: &roles, ..setup(&objective) };
    assert!(refusal(drop).contains("bad_giver"));
    let closed = Setup { release: "min_records = 3\nmin_parties = 2", ..setup(&objective) };
    assert!(refusal(closed).contains("sufficient"));
    let cox = self::objective(COX);
    let wide = Setup { range: (0, 1_000_000), ..setup(&cox) };
    assert!(refusal(wide).contains("coarser unit"));
}

#[test]
fn records_outside_the_schema_are_not_taken() {
    let plan = plan(LOGISTIC);
    let good = local(&plan, &records()[0]);
    for spoil in [
        |records: &mut Vec<Vec<i128>>| records[1][0] = 1_000_000,
        |records: &mut Vec<Vec<i128>>| records[0][3] = -1,
        |records: &mut Vec<Vec<i128>>| records[1].truncate(3),
        |records: &mut Vec<Vec<i128>>| records.truncate(2),
        |records: &mut Vec<Vec<i128>>| records.iter_mut().for_each(|of| *of = of.repeat(1000)),
    ] {
        let mut bad = good.clone();
        spoil(&mut bad.records);
        let found = plan.rehearse(&[good.clone(), bad, good.clone()]);
        assert!(matches!(found, Err(Error::OutOfBounds { .. })), "{found:?}");
    }
}
