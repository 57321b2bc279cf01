//! Statistics over public grids, and comparisons of groups, against what their definitions give on
//! the pooled records; and what they say where there is little to say.

mod common;

use common::{Record, Setup, local};
use sharewell_engine::{Cell, Plan, ResultTable};

/// Every cell with a record is released; which have none is known.
const ALL: &str = "min_records = 1\nmin_parties = 1\nsufficient = \"open\"";

fn plan(objective: &str) -> Plan {
    let objective = format!("{objective}\nconfidence = 0.95");
    Setup { objective: Some(&objective), release: ALL, range: (0, 100), ..Setup::default() }.plan()
}

fn rehearsed(objective: &str, records: &[Vec<Record>; 3]) -> Vec<ResultTable> {
    let plan = plan(objective);
    let locals: Vec<_> = records.iter().map(|records| local(&plan, records)).collect();
    plan.rehearse(&locals).expect("in bounds")
}

/// Records of these groups, flags and values, dealt to three providers in turn.
fn dealt(records: &[(usize, bool, i64)]) -> [Vec<Record>; 3] {
    [0, 1, 2].map(|provider| {
        let mine = records.iter().skip(provider).step_by(3);
        mine.map(|&(g, f, x)| Record { g, f, x: Some(x), y: 10 * x }).collect()
    })
}

fn table<'t>(tables: &'t [ResultTable], name: &str) -> &'t ResultTable {
    tables.iter().find(|table| table.name.starts_with(name)).expect("a table of this name")
}

fn at(table: &ResultTable, column: &str) -> usize {
    let at = table.columns.iter().position(|name| name == column);
    at.unwrap_or_else(|| panic!("no column {column} in {:?}", table.columns))
}

fn number(table: &ResultTable, row: usize, column: &str) -> f64 {
    match &table.rows[row][at(table, column)] {
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        other => panic!("{column} of row {row} is {other:?}: {:?}", table.notes),
    }
}

/// Why a cell is empty.
fn reason<'t>(table: &'t ResultTable, row: usize, column: &str) -> &'t str {
    let note = table.notes.iter().find(|note| note.row == row && note.column == column);
    &note.unwrap_or_else(|| panic!("no note in {table:?}")).reason
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1e-9), "{got}, not {want}");
}

const SURVIVAL: &str = "kind = 'survival'\ntime = 'x'\nevent = 'f'\ngroup = 'g'\nhorizon = 8";

#[test]
fn a_curve_falls_by_the_share_of_those_at_risk() {
    // Group a: events at 2 and 5 of four, one of five left at 3. Group b: all at 7.
    let records = [
        (0, true, 2),
        (0, false, 3),
        (0, true, 5),
        (0, false, 9),
        (0, false, 9),
        (1, true, 7),
        (1, true, 7),
    ];
    let found = rehearsed(SURVIVAL, &dealt(&records));
    let curve = table(&found, "survival");
    let rows: Vec<[f64; 4]> = [0, 1, 2, 4]
        .into_iter()
        .map(|row| ["time", "at risk", "events", "survival"].map(|of| number(curve, row, of)))
        .collect();
    assert_eq!(rows[0], [0.0, 5.0, 0.0, 1.0]);
    assert_eq!(rows[1], [2.0, 5.0, 1.0, 0.8]);
    assert_eq!(rows[2][..3], [5.0, 3.0, 1.0]);
    near(rows[2][3], 0.8 * 2.0 / 3.0);
    assert_eq!(rows[3], [7.0, 2.0, 2.0, 0.0]);
    near(number(curve, 2, "cumulative hazard"), 0.2 + 1.0 / 3.0);
    assert_eq!(reason(curve, 4, "standard error"), "none");
    let times = table(&found, "time to event");
    near(number(times, 1, "estimate"), 2.0 + 0.8 * 3.0 + 0.8 * 2.0 / 3.0 * 3.0);
    assert_eq!(number(times, 2, "estimate"), 7.0);
    assert_eq!(number(times, 3, "estimate"), 7.0);
}

#[test]
fn a_group_without_records_and_a_party_without_rows_say_so() {
    let [a, b, _] = dealt(&[(0, true, 2), (1, true, 3), (0, false, 4), (1, false, 8)]);
    let found = rehearsed(SURVIVAL, &[a, b, vec![]]);
    let times = table(&found, "time to event");
    // Group c has nobody: neither a median nor a mean.
    assert!(reason(times, 4, "estimate").contains("no event"));
    assert!(reason(times, 5, "estimate").contains("horizon"));
    assert_eq!(reason(table(&found, "events"), 2, "expected"), "no records");
    // The two others: one event of two at risk, then one of one.
    assert_eq!(number(table(&found, "events"), 0, "observed"), 1.0);
    assert_eq!(number(table(&found, "comparison"), 0, "df"), 1.0);
}

#[test]
fn without_an_event_nothing_is_estimated_and_the_reason_is_told() {
    let censored = [(0, false, 10), (1, false, 20), (2, false, 30), (0, false, 40)];
    let found = rehearsed(SURVIVAL, &dealt(&censored));
    assert_eq!(table(&found, "survival").rows.len(), 3, "nothing happened after the start");
    let times = table(&found, "time to event");
    assert!(reason(times, 0, "estimate").contains("no event"));
    assert_eq!(number(times, 1, "estimate"), 8.0);
    assert!(reason(table(&found, "comparison"), 0, "p").contains("undefined"));
    let objective =
        "kind = 'rates'\nevents = 'f'\nexposure = 'y'\nper = 100\ngroup = 'g'\nreference = 'b'";
    let found = rehearsed(objective, &dealt(&censored));
    assert_eq!(number(table(&found, "rates"), 0, "estimate"), 0.0);
    assert!(number(table(&found, "rates"), 0, "upper") > 0.0);
    assert!(reason(table(&found, "rate ratio"), 0, "estimate").contains("events"));
    assert!(reason(table(&found, "homogeneity"), 0, "p").contains("events"));
}

#[test]
fn ties_everywhere_leave_nothing_to_rank() {
    let same: Vec<(usize, bool, i64)> = (0..12).map(|i| (i % 3, i % 2 == 0, 7)).collect();
    let found = rehearsed("kind = 'rank_test'\nvalue = 'x'\ngroup = 'g'", &dealt(&same));
    let tests = table(&found, "ranks");
    assert!(reason(tests, 0, "p").contains("does not vary"));
    // All curves are the same.
    assert_eq!(number(tests, 1, "estimate"), 0.0);
    assert_eq!(number(tests, 1, "p"), 1.0);
    let middle = table(&found, "quantiles");
    assert_eq!((number(middle, 0, "n"), number(middle, 0, "median")), (4.0, 7.0));
    let objective = "kind = 'detector'\nscore = 'x'\ntruth = 'f'";
    let found = rehearsed(objective, &dealt(&same));
    assert_eq!(number(table(&found, "quality"), 0, "estimate"), 0.5);
    assert_eq!(number(table(&found, "quality"), 1, "estimate"), 0.5);
}

#[test]
fn ranks_are_compared_group_by_group() {
    let records: Vec<(usize, bool, i64)> =
        (0..30).map(|i| (i as usize % 2, true, (i * i * 7 + i % 2 * 13) % 101)).collect();
    let objective = "kind = 'rank_test'\nvalue = 'x'\ngroup = 'g'\ngroups = ['a', 'b']";
    let found = rehearsed(objective, &dealt(&records));
    let of = |g| records.iter().filter(move |record| record.0 == g).map(|record| record.2);
    let mut greater = 0.0;
    for b in of(1) {
        greater += of(0)
            .map(|a| {
                if b > a {
                    1.0
                } else if b == a {
                    0.5
                } else {
                    0.0
                }
            })
            .sum::<f64>();
    }
    let tests = table(&found, "ranks");
    near(number(tests, 0, "statistic"), greater);
    near(number(tests, 0, "estimate"), greater / 225.0);
    // Two groups: the square of the normal deviate.
    let turned = rehearsed(&objective.replace("'a', 'b'", "'b', 'a'"), &dealt(&records));
    near(number(table(&turned, "ranks"), 0, "statistic"), 225.0 - greater);
    near(number(tests, 0, "p"), number(tests, 2, "p"));
}

#[test]
fn a_histogram_counts_bins_and_finds_quantiles() {
    let records: Vec<(usize, bool, i64)> = (0..20).map(|i| (0, i < 15, i)).collect();
    let objective = "kind = 'histogram'\nvalue = 'x'\nby = ['f']\nquantiles = [0, 0.5, 0.29, 1]";
    let found = rehearsed(objective, &dealt(&records));
    let of = table(&found, "quantiles");
    let quantiles =
        |row| ["n", "least", "median", "29 %", "greatest"].map(|of_| number(of, row, of_));
    assert_eq!(quantiles(0), [5.0, 15.0, 17.0, 16.0, 19.0]);
    assert_eq!(quantiles(1), [15.0, 0.0, 7.0, 4.0, 14.0]);
    let coarse = rehearsed("kind = 'histogram'\nvalue = 'y'\nwidth = 8.5", &dealt(&records));
    let bins = table(&coarse, "histogram");
    assert_eq!(bins.rows[0], [Cell::Text("0.0 to 8.4".into()), Cell::Integer(9)]);
    assert_eq!(bins.rows[2], [Cell::Text("17.0 to 25.4".into()), Cell::Integer(3)]);
    assert_eq!(bins.rows.len(), 3);
    assert_eq!(table(&coarse, "quantiles").rows[0][4], Cell::Text("8.5 to 16.9".into()));
}

#[test]
fn pairs_and_groups_are_compared_by_their_means() {
    let values = [4, 9, 2, 7, 7, 1, 8, 5, 12, 3];
    let mut records: Vec<(usize, bool, i64)> = vec![];
    records.extend(values.iter().zip(0..).map(|(&x, i)| (i % 2, i > 4, x)));
    let found = rehearsed("kind = 'paired_t_test'\nfirst = 'x'\nsecond = 'y'", &dealt(&records));
    // `y` is in tenths: the same number.
    assert!(reason(&found[0], 0, "estimate").contains("does not vary"));
    let found = rehearsed("kind = 'paired_t_test'\nfirst = 'f'\nsecond = 'x'", &dealt(&records));
    let differences: Vec<f64> =
        values.iter().zip(0..).map(|(&x, i)| x as f64 - f64::from(u8::from(i > 4))).collect();
    let mean = differences.iter().sum::<f64>() / 10.0;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 9.0;
    near(number(&found[0], 0, "estimate"), mean);
    near(number(&found[0], 0, "statistic"), mean / (variance / 10.0).sqrt());
    let anova = rehearsed("kind = 'anova'\nvalue = 'x'\ngroup = 'f'", &dealt(&records));
    let student = "kind = 't_test'\nvalue = 'x'\ngroup = 'f'\nvariances = 'equal'";
    let student = rehearsed(student, &dealt(&records));
    near(number(&anova[1], 0, "statistic"), number(&student[1], 0, "statistic").powi(2));
    near(number(&anova[1], 0, "p"), number(&student[1], 0, "p"));
    // Group c has no record.
    let empty = rehearsed("kind = 'anova'\nvalue = 'x'\ngroup = 'g'", &dealt(&records));
    assert!(reason(&empty[1], 0, "p").contains("suppressed"));
}

#[test]
fn where_one_record_suffices_an_empty_cell_is_known_to_be_empty() {
    let records = [(0, true, 1), (1, true, 1), (1, false, 1), (2, true, 1), (2, true, 1)];
    let objective = "kind = 'contingency'\nrow = 'f'\ncolumn = 'g'";
    let tables = rehearsed(objective, &dealt(&records));
    let counts = table(&tables, "counts");
    let row = |row| ["g: a", "g: b", "g: c"].map(|column| number(counts, row, column));
    assert_eq!([row(0), row(1)], [[0.0, 1.0, 0.0], [1.0, 1.0, 2.0]]);
    let objective = format!("{objective}\nconfidence = 0.95");
    let release = ALL.replace("min_records = 1", "min_records = 2");
    let two = Setup { objective: Some(&objective), release: &release, ..Setup::default() }.plan();
    let locals: Vec<_> = dealt(&records).iter().map(|records| local(&two, records)).collect();
    let tables = two.rehearse(&locals).expect("in bounds");
    assert!(reason(&tables[0], 0, "g: a").starts_with("suppressed: fewer than 2 records"));
    assert!(reason(&tables[0], 0, "g: b").starts_with("suppressed: fewer than 2 records"));
}

#[test]
fn rates_are_events_over_exposure_and_groups_without_exposure_are_left_out() {
    let mut records = vec![];
    for (g, f, x, times) in
        [(0, true, 10, 2), (0, false, 10, 8), (1, true, 20, 6), (1, false, 20, 4)]
    {
        records.extend(vec![(g, f, x); times]);
    }
    let objective = "kind = 'rates'\nevents = 'f'\nexposure = 'y'\nper = 1\ngroup = 'g'";
    let found = rehearsed(objective, &dealt(&records));
    near(number(table(&found, "rates"), 0, "estimate"), 2.0 / 100.0);
    near(number(table(&found, "rate ratio"), 0, "estimate"), (6.0 / 200.0) / (2.0 / 100.0));
    assert!(number(table(&found, "homogeneity"), 0, "p") > 0.1);
}

#[test]
fn what_is_opened_of_a_grid_is_in_the_leakage_table() {
    let leaks = plan(SURVIVAL).leakage();
    let bins = "the names of 606 groups, occupied or not: each is cut into 101 bins of `x`";
    assert!(leaks.iter().any(|leak| leak.what == bins));
    assert!(leaks.iter().any(|leak| leak.what.starts_with("`COUNT(*)` of every cell")));
}

#[test]
fn a_weighted_regression_on_a_group_is_the_difference_of_its_weighted_means() {
    let weights = [1, 5, 2, 2, 9, 4, 3, 6];
    let records: Vec<(usize, bool, i64)> =
        weights.iter().zip(0..).map(|(&x, i)| (i % 3, i % 2 == 0, x)).collect();
    let objective = "kind = 'linear'\nresponse = 'y * y'\npredictors = ['f']\nweights = 'y'";
    let found = rehearsed(objective, &dealt(&records));
    let mean = |f: bool| {
        let of =
            || records.iter().filter(move |record| record.1 == f).map(|record| record.2 as f64);
        of().map(|x| x * x * x).sum::<f64>() / of().sum::<f64>()
    };
    near(number(&found[0], 0, "estimate"), mean(false));
    near(number(&found[0], 1, "estimate"), mean(true) - mean(false));
    assert_eq!(number(table(&found, "fit"), 0, "df"), 6.0);
    assert!(reason(table(&found, "fit"), 0, "AIC").contains("logarithms"));
}
