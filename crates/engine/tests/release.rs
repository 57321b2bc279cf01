//! The release rule beside its least numbers: parts, totals, rounding, models.

mod common;

use common::{ALL, CODES, Record, Setup, local, run_all};
use proptest::prelude::*;
use sharewell_engine::{Cell, Note, Plan, ResultTable};

const TABLE: &str = "SELECT g, f, COUNT(*) AS n, SUM(y) AS s, MAX(y) AS most FROM t \
                     GROUP BY CUBE (g, f)";

fn setup<'a>(query: &'a str, release: &'a str) -> Setup<'a> {
    Setup { query, release, max_rows: 40, ..Setup::default() }
}

fn rehearsed(plan: &Plan, providers: &[Vec<Record>]) -> ResultTable {
    let locals: Vec<_> = providers.iter().map(|records| local(plan, records)).collect();
    plan.rehearse(&locals).expect("in bounds").remove(0)
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Empty => None,
        Cell::Text(text) => panic!("{text}"),
    }
}

fn text(cell: &Cell) -> &str {
    match cell {
        Cell::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

fn records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    let record = (0..3usize, any::<bool>(), 0..=100i64);
    prop::collection::vec(record.prop_map(|(g, f, y)| Record { g, f, x: Some(1), y }), 0..most)
}

/// The records behind a row of a table with totals, provider by provider.
fn behind(row: &[Cell], providers: &[Vec<Record>]) -> Vec<Vec<Record>> {
    let (g, f) = (text(&row[0]), text(&row[1]));
    let is_in = |record: &&Record| {
        (g == "(all)" || g == CODES[record.g]) && (f == "(all)" || f == record.f.to_string())
    };
    providers.iter().map(|own| own.iter().filter(is_in).copied().collect()).collect()
}

fn passes(own: &[Vec<Record>], least: usize, parties: usize) -> bool {
    own.iter().map(Vec::len).sum::<usize>() >= least
        && own.iter().filter(|own| !own.is_empty()).count() >= parties
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn totals_are_those_of_all_records_and_tell_no_suppressed_cell(
        providers in prop::collection::vec(records(30), 3), least in 1..4usize,
    ) {
        let release = format!("min_records = {least}\nmin_parties = 2");
        let table = rehearsed(&setup(TABLE, &release).plan(), &providers);
        prop_assert_eq!(table.rows.len(), 3 * 2 + 3 + 2 + 1);
        let open = |row: &[Cell]| passes(&behind(row, &providers), least, 2);
        for (at, row) in table.rows.iter().enumerate() {
            let inside = |cell: &&Vec<Cell>| {
                text(&cell[0]) != "(all)" && text(&cell[1]) != "(all)"
                    && (text(&row[0]) == "(all)" || row[0] == cell[0])
                    && (text(&row[1]) == "(all)" || row[1] == cell[1])
            };
            let is_shown = open(row) && table.rows.iter().filter(inside).all(|cell| open(cell));
            let own = behind(row, &providers).concat();
            let want = [
                own.len() as f64,
                own.iter().map(|record| record.y as f64 / 10.0).sum(),
                own.iter().map(|record| record.y as f64 / 10.0).fold(0.0, f64::max),
            ];
            for (cell, want) in row[2..].iter().zip(want) {
                match number(cell) {
                    Some(got) => prop_assert!(is_shown && (got - want).abs() < 1e-9, "{row:?} {want}"),
                    None => prop_assert!(!is_shown, "{row:?}"),
                }
            }
            if !is_shown {
                let note = table.notes.iter().find(|note| note.row == at).expect("a reason");
                let is_total = at >= 6;
                prop_assert_eq!(note.reason.contains("tell a suppressed one"), is_total);
            }
        }
    }

    #[test]
    fn a_single_total_is_hidden_where_one_group_is(
        providers in prop::collection::vec(records(20), 3), least in 1..5usize,
    ) {
        let release = format!("min_records = {least}\nmin_parties = 1");
        let query = "SELECT g, COUNT(*) AS n FROM t GROUP BY CUBE (g)";
        let table = rehearsed(&setup(query, &release).plan(), &providers);
        let count = |g: usize| providers.concat().iter().filter(|record| record.g == g).count();
        let closed = (0..3).filter(|g| count(*g) < least).count();
        let all = providers.concat().len();
        let want = (closed != 1 && all >= least).then_some(all as f64);
        prop_assert_eq!(number(&table.rows[3][1]), want);
        prop_assert_eq!(text(&table.rows[3][0]), "(all)");
    }

    #[test]
    fn no_organisation_dominates_what_is_released(
        providers in prop::collection::vec(records(20), 4),
        dominance in prop::option::of((1..3usize, 30..100u32)),
        p_percent in prop::option::of(1..60u32),
        has_sum in any::<bool>(),
    ) {
        prop_assume!(dominance.is_some() || p_percent.is_some());
        let mut release = "min_records = 1\nmin_parties = 1\n".to_owned();
        if let Some((top, percent)) = dominance {
            release += &format!("dominance = [{top}, {percent}]\n");
        }
        if let Some(percent) = p_percent {
            release += &format!("p_percent = {percent}\n");
        }
        let sum = if has_sum { ", SUM(y) AS s" } else { "" };
        let query = format!("SELECT g, COUNT(*) AS n{sum} FROM t GROUP BY g");
        let plan = Setup { roles: &[ALL, ALL, ALL, "\"data\""], ..setup(&query, &release) }.plan();
        let table = rehearsed(&plan, &providers);
        for (g, row) in table.rows.iter().enumerate() {
            let own = |own: &Vec<Record>| -> [i64; 2] {
                let own: Vec<&Record> = own.iter().filter(|record| record.g == g).collect();
                [own.len() as i64, own.iter().map(|record| record.y).sum()]
            };
            let fine = |which: usize| {
                let mut parts: Vec<i64> = providers.iter().map(|of| own(of)[which]).collect();
                parts.sort_unstable_by(|a, b| b.cmp(a));
                let total: i64 = parts.iter().sum();
                dominance.is_none_or(|(top, percent)| {
                    100 * parts[..top].iter().sum::<i64>() <= i64::from(percent) * total
                }) && p_percent.is_none_or(|percent| {
                    100 * (total - parts[0] - parts[1]) >= i64::from(percent) * parts[0]
                })
            };
            let n: i64 = providers.iter().map(|of| own(of)[0]).sum();
            let is_shown = n >= 1 && fine(0) && (!has_sum || fine(1));
            prop_assert_eq!(number(&row[1]).is_some(), is_shown, "{:?}", row);
        }
    }
}

#[test]
fn where_only_empty_cells_are_suppressed_totals_are_not() {
    let query = "SELECT g, f, COUNT(*) AS n FROM t GROUP BY CUBE (g, f)";
    let plan = setup(query, "min_records = 1\nmin_parties = 1").plan();
    let table = rehearsed(&plan, &[vec![Record::default(); 4], vec![], vec![]]);
    let counts: Vec<Option<f64>> = table.rows.iter().map(|row| number(&row[2])).collect();
    let four = Some(4.0);
    let none = None;
    // Cells, totals of each group, of each flag, of all.
    let want = [four, none, none, none, none, none, four, none, none, four, none, four];
    assert_eq!(counts, want, "{table:?}");
}

#[test]
fn parties_that_may_cheat_agree_on_totals_and_parts_as_in_the_clear() {
    let release = "min_records = 3\nmin_parties = 2\ndominance = [1, 70]\np_percent = 5";
    let query = "SELECT g, f, COUNT(*) AS n, SUM(y) AS s FROM t GROUP BY CUBE (g, f)";
    let record =
        |i: usize| Record { g: i % 3, f: i.is_multiple_of(2), x: Some(1), y: (i * i % 90) as i64 };
    let providers: Vec<Vec<Record>> =
        (0..3).map(|party| (0..30).map(|i| record(i * (party + 2) + party)).collect()).collect();
    for security in [("semi-honest", 1, "auto"), ("malicious", 1, "auto")] {
        let plan = Setup { security, ..setup(query, release) }.plan();
        let clear = rehearsed(&plan, &providers);
        assert!(clear.notes.iter().any(|note| note.reason.contains("too large a part")));
        assert!(clear.rows.iter().flatten().any(|cell| matches!(cell, Cell::Integer(n) if *n > 9)));
        let locals: Vec<_> = providers.iter().map(|records| Some(local(&plan, records))).collect();
        for outcome in run_all(&plan, &locals) {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert!(outcome.actual.as_quoted, "{security:?}");
            assert_eq!(outcome.results[0], clear, "{security:?}");
        }
    }
}

#[test]
fn counts_are_rounded_and_say_so_and_nothing_else_is() {
    let query = "SELECT g, COUNT(*) AS n, COUNT(x) AS with_x, SUM(y) AS s, AVG(y) AS mean FROM t \
                 GROUP BY g";
    let release = "min_records = 3\nmin_parties = 2\nround_counts = 5";
    let plan = setup(query, release).plan();
    let providers: Vec<Vec<Record>> = [4, 4, 3]
        .map(|n| {
            let record =
                |i: i64| Record { x: (i != 0).then_some(1), y: 10 * i, ..Record::default() };
            (0..n).map(record).collect()
        })
        .to_vec();
    let locals: Vec<_> = providers.iter().map(|records| Some(local(&plan, records))).collect();
    for outcome in run_all(&plan, &locals) {
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        assert!(outcome.actual.as_quoted);
        let (row, bounds) = (&outcome.results[0].rows[0], &outcome.results[0].error_bound);
        assert_eq!([number(&row[1]), number(&row[2])], [Some(10.0); 2], "11 and 8");
        assert!(bounds[1] >= Some(2.0) && bounds[1] < Some(2.1), "{bounds:?}");
        assert_eq!(number(&row[3]), Some(15.0));
        let mean = number(&row[4]).expect("a mean");
        assert!((mean - 15.0 / 11.0).abs() < 1e-6, "of the true count: {mean}");
    }
}

#[test]
fn a_model_needs_records_for_its_parameters() {
    let objective = "kind = \"linear\"\nresponse = \"y\"\npredictors = [\"x\"]\nconfidence = 0.95";
    let records = |n: i64| -> Vec<Record> {
        (0..n).map(|i| Record { x: Some(i * i % 7), y: i, ..Record::default() }).collect()
    };
    let fits = |each: u32, n: i64| {
        let release = format!(
            "min_records = 3\nmin_parties = 2\nsufficient = \"open\"\nrecords_per_parameter = {each}"
        );
        let setup = Setup { objective: Some(objective), ..setup("", &release) };
        let table = rehearsed(&setup.plan(), &[records(n), records(n), vec![]]);
        if let Some(note) = table.notes.first() {
            assert!(note.reason.contains(&format!("fewer than {} records", 2 * each)), "{note:?}");
        }
        table.notes.is_empty()
    };
    assert!(fits(10, 10), "20 records for two parameters");
    assert!(!fits(11, 10));
}

#[test]
fn what_a_rule_suppresses_is_never_taken_for_nothing() {
    // Where one record of one organisation suffices, a suppressed count is 0; under more rules not.
    let open = "min_records = 1\nmin_parties = 1\nsufficient = \"open\"";
    let describe = "kind = \"describe\"\nvalues = [\"y\"]\nby = [\"g\"]\nconfidence = 0.95";
    let table = "kind = \"contingency\"\nrow = \"g\"\ncolumn = \"f\"\nconfidence = 0.95";
    let linear = "kind = \"linear\"\nresponse = \"y\"\npredictors = [\"x\"]\nconfidence = 0.95";
    let record = |i: i64| Record { x: Some(i * i % 7), y: i, ..Record::default() };
    let one: Vec<Record> = (0..12).map(record).collect();
    for (objective, rule) in [
        (describe, "dominance = [1, 90]"),
        (table, "p_percent = 10"),
        (linear, "records_per_parameter = 50"),
    ] {
        let release = format!("{open}\n{rule}");
        let plan = Setup { objective: Some(objective), ..setup("", &release) }.plan();
        let table = rehearsed(&plan, &[one.clone(), vec![], vec![]]);
        let first = table.rows[0].iter().filter(|cell| !matches!(cell, Cell::Text(_)));
        assert!(first.clone().all(|cell| *cell == Cell::Empty), "{rule}: {table:?}");
        assert!(first.count() > 0 && !table.notes.is_empty());
        let is_told = |note: &Note| note.reason.starts_with("suppressed");
        assert!(table.notes.iter().all(is_told), "{rule}: {:?}", table.notes);
    }
}

#[test]
fn rules_that_an_objective_cannot_be_held_to_are_refused() {
    let plain = "SELECT g, COUNT(*) AS n FROM t GROUP BY g";
    let least = "min_records = 3\nmin_parties = 2\n";
    for (query, rule, words) in [
        (plain, "dominance = [3, 85]", "always have everything"),
        ("SELECT MEDIAN(x) AS m FROM t", "dominance = [1, 85]", "single rows are shared"),
        (
            "SELECT AVG(x) AS m FROM t",
            "round_counts = 5\nsufficient = \"open\"",
            "calculated from rounded counts",
        ),
        ("SELECT g, MEDIAN(x) AS m FROM t GROUP BY CUBE (g)", "", "leave CUBE out"),
        (plain, "records_per_parameter = 10", "nothing is fitted"),
        (
            plain,
            "round_counts = 5\nsufficient = \"open\"\n[privacy]\nepsilon = 1",
            "do not go together",
        ),
        (TABLE, "sufficient = \"open\"\n[privacy]\nepsilon = 1", ""),
    ] {
        let release = format!("{least}{rule}");
        let refused = Plan::of(&setup(query, &release).study()).map(drop).expect_err(rule);
        assert!(refused.to_string().contains(words), "{refused}");
    }
    for (rule, words) in [
        ("dominance = [0, 85]", "from 1 to 10"),
        ("dominance = [1, 100]", "from 1 to 99"),
        ("dominance = [1]", "two numbers"),
        ("p_percent = 0", "at least 1"),
        ("round_counts = 1", "at least 2"),
    ] {
        let release = format!("{least}{rule}");
        let text = setup(plain, &release).text();
        let refused = sharewell_study::Study::parse(&text, "test.toml").expect_err(rule);
        assert!(refused.to_string().contains(words), "{refused}");
    }
}
