//! Statistics of the catalogue over whole studies in the clear, against what their definitions give
//! on the pooled records.

mod common;

use common::{Record, Setup, local};
use sharewell_engine::{Cell, Plan, ResultTable};

const OPEN: &str = "min_records = 3\nmin_parties = 2\nsufficient = \"open\"";

fn plan(objective: &str) -> Plan {
    let objective = format!("{objective}\nconfidence = 0.95");
    Setup { objective: Some(&objective), release: OPEN, ..Setup::default() }.plan()
}

/// Thirty records of three providers in which nothing is special.
fn records() -> [Vec<Record>; 3] {
    [0, 1, 2].map(|provider| {
        let record = |i: i64| {
            let i = 3 * i + provider;
            let x = (i % 7 != 3).then(|| (i * i * 7 + 11 * i) % 101 - 50);
            Record { g: (i / 3 % 3) as usize, f: i % 4 < 2, x, y: (i * 37 + i * i) % 900 }
        };
        (0..10).map(record).collect()
    })
}

fn rehearsed(plan: &Plan) -> Vec<ResultTable> {
    let locals: Vec<_> = records().iter().map(|records| local(plan, records)).collect();
    plan.rehearse(&locals).expect("in bounds")
}

fn number(table: &ResultTable, row: usize, column: &str) -> f64 {
    let at = table.columns.iter().position(|name| name == column);
    match &table.rows[row][at.unwrap_or_else(|| panic!("no column {column}"))] {
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        other => panic!("{column} of row {row} is {other:?}: {:?}", table.notes),
    }
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1e-9), "{got}, not {want}");
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    x.iter().map(|value| (value - mean(x)).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)
}

#[test]
fn descriptions_are_those_of_the_pooled_records() {
    let tables = rehearsed(&plan("kind = 'describe'\nvalues = ['x', 'y']\nby = ['g']"));
    let all = records().concat();
    let [table] = &tables[..] else { panic!("one table") };
    for (row, g) in (0..3).enumerate() {
        let group: Vec<&Record> = all.iter().filter(|record| record.g == g).collect();
        let x: Vec<f64> = group.iter().filter_map(|record| record.x).map(|x| x as f64).collect();
        let y: Vec<f64> = group.iter().map(|record| record.y as f64 / 10.0).collect();
        for (row, values) in [(row, &x), (row + 3, &y)] {
            near(number(table, row, "n"), values.len() as f64);
            near(number(table, row, "missing"), (group.len() - values.len()) as f64);
            near(number(table, row, "mean"), mean(values));
            near(number(table, row, "SD"), variance(values).sqrt());
            near(
                number(table, row, "standard error"),
                (variance(values) / values.len() as f64).sqrt(),
            );
        }
    }
}

#[test]
fn a_t_test_compares_the_groups_that_the_study_names() {
    let groups = |first: &str, second: &str| {
        let objective =
            format!("kind = 't_test'\nvalue = 'y'\ngroup = 'g'\ngroups = ['{first}', '{second}']");
        rehearsed(&plan(&objective))
    };
    let all = records().concat();
    let of = |g: usize| -> Vec<f64> {
        all.iter().filter(|record| record.g == g).map(|record| record.y as f64 / 10.0).collect()
    };
    let (a, c) = (of(0), of(2));
    let tables = groups("a", "c");
    near(number(&tables[1], 0, "estimate"), mean(&c) - mean(&a));
    let error = (variance(&a) / a.len() as f64 + variance(&c) / c.len() as f64).sqrt();
    near(number(&tables[1], 0, "statistic"), (mean(&c) - mean(&a)) / error);
    let turned = groups("c", "a");
    near(number(&turned[1], 0, "statistic"), -number(&tables[1], 0, "statistic"));
    near(number(&turned[1], 0, "p"), number(&tables[1], 0, "p"));
}

#[test]
fn a_contingency_table_is_counted_whatever_the_order_of_its_columns() {
    let all = records().concat();
    let count =
        |g: usize, f: bool| all.iter().filter(|record| record.g == g && record.f == f).count();
    let by_g = rehearsed(&plan("kind = 'contingency'\nrow = 'g'\ncolumn = 'f'"));
    let by_f = rehearsed(&plan("kind = 'contingency'\nrow = 'f'\ncolumn = 'g'"));
    for (g, code) in common::CODES.iter().enumerate() {
        for (f, name) in [(false, "false"), (true, "true")] {
            near(number(&by_g[0], g, &format!("f: {name}")), count(g, f) as f64);
            near(number(&by_f[0], f.into(), &format!("g: {code}")), count(g, f) as f64);
        }
    }
    near(number(&by_g[1], 0, "statistic"), number(&by_f[1], 0, "statistic"));
    assert_eq!(number(&by_g[1], 0, "df"), 2.0);
}

#[test]
fn regression_on_a_group_is_the_difference_of_its_means() {
    let all = records().concat();
    let of = |f: bool| -> Vec<f64> {
        all.iter().filter(|record| record.f == f).map(|record| record.y as f64 / 10.0).collect()
    };
    let (others, group) = (of(false), of(true));
    let tables = rehearsed(&plan("kind = 'linear'\nresponse = 'y'\npredictors = ['f']"));
    near(number(&tables[0], 0, "estimate"), mean(&others));
    near(number(&tables[0], 1, "estimate"), mean(&group) - mean(&others));
    let student = "kind = 't_test'\nvalue = 'y'\ngroup = 'f'\nvariances = 'equal'";
    let tested = rehearsed(&plan(student));
    for column in ["estimate", "standard error", "lower", "upper", "statistic", "p"] {
        near(number(&tables[0], 1, column), number(&tested[1], 0, column));
    }
    let correlated = rehearsed(&plan("kind = 'correlation'\nvalues = ['y', 'f', 'y * y']"));
    near(number(&correlated[0], 0, "p"), number(&tested[1], 0, "p"));
    near(number(&correlated[0], 0, "estimate").powi(2), number(&tables[2], 0, "R squared"));
}

#[test]
fn regression_and_correlation_take_the_records_without_missing_values() {
    for objective in [
        "kind = 'linear'\nresponse = 'y'\npredictors = ['x * x']\nwhere = 'f'",
        "kind = 'correlation'\nvalues = ['x', 'y']\nwhere = 'f'",
        "kind = 'pca'\nvalues = ['x', 'y']\nwhere = 'f'",
    ] {
        let filter = plan(objective).local().filter.clone().expect("a filter");
        assert_eq!(filter, "\"f\" AND NOT \"x\" IS NULL", "{objective}");
    }
}

#[test]
fn a_singular_design_is_told_by_its_predictor() {
    let tables = rehearsed(&plan("kind = 'linear'\nresponse = 'y'\npredictors = ['f', 'f * 2']"));
    let note = &tables[0].notes[0];
    assert_eq!(
        note.reason,
        "undefined: f * 2 does not vary, or is a linear combination of the predictors before it; \
         leave it out"
    );
}

#[test]
fn a_value_that_does_not_vary_has_no_components() {
    let plan = plan("kind = 'pca'\nvalues = ['y', 'f']");
    let alike = |records: Vec<Record>| records.into_iter().map(|of| Record { f: true, ..of });
    let alike: Vec<Record> = alike(records().concat()).collect();
    let tables = plan.rehearse(&vec![local(&plan, &alike); 3]).expect("in bounds");
    let note = &tables[0].notes[0];
    assert_eq!(note.reason, "undefined: f does not vary; leave it out");
    assert_eq!(tables[1].rows[0][0], Cell::Text("y".into()));
}

#[test]
fn a_statistic_over_hidden_sums_is_refused_with_advice() {
    let objective = "kind = 'describe'\nvalues = ['x']\nconfidence = 0.95";
    let study = Setup { objective: Some(objective), ..Setup::default() }.study();
    let error = Plan::of(&study).expect_err("sums are hidden").to_string();
    assert!(error.contains("finished in the clear"), "{error}");
    assert!(error.contains("sufficient = \"open\""), "{error}");
}

#[test]
fn what_rests_on_a_suppressed_group_says_so() {
    let objective = "kind = 't_test'\nvalue = 'x'\ngroup = 'f'";
    let plan = plan(objective);
    let few: Vec<Record> =
        (0..12).map(|i| Record { f: i == 0, x: Some(i), ..Record::default() }).collect();
    let tables = plan.rehearse(&vec![local(&plan, &few[..4]); 3]).expect("in bounds");
    assert_eq!(number(&tables[0], 1, "n"), 3.0);
    let alone = [&few[..1], &few[1..6], &few[6..]].map(|records| local(&plan, records));
    let tables = plan.rehearse(&alone).expect("in bounds");
    assert_eq!(tables[1].rows[0][1], Cell::Empty);
    let note = &tables[1].notes[0];
    assert!(note.reason.contains("fewer than 3 records"), "{note:?}");
}
