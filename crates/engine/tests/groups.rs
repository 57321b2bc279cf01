//! Groups that the schema does not list: found in secret, and released as the rule says.

mod common;

use std::collections::BTreeMap;

use common::{ALL, Record, Setup, local, run_all};
use proptest::prelude::*;
use sharewell_engine::{Cell, Plan, ResultTable};

const QUERY: &str = "SELECT x, COUNT(*) AS n, SUM(y) AS s, MIN(y) AS lo, MAX(y) AS hi, AVG(y) AS m, \
                     SUM(CASE WHEN f THEN 1 ELSE 0 END) AS f FROM t GROUP BY x";

fn records() -> impl Strategy<Value = Vec<Record>> {
    let x = prop_oneof![6 => (-2..2i64).prop_map(Some), 1 => Just(None), 1 => Just(Some(1000))];
    let record = (0..3usize, any::<bool>(), x, 0..=10_000i64);
    prop::collection::vec(record.prop_map(|(g, f, x, y)| Record { g, f, x, y }), 0..9)
}

/// The numbers of each row.
fn numbers(table: &ResultTable) -> Vec<Vec<f64>> {
    let number = |cell: &Cell| match cell {
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        Cell::Text(_) | Cell::Empty => panic!("{table:?}"),
    };
    table.rows.iter().map(|row| row.iter().map(number).collect()).collect()
}

/// What the records give.
fn expected(providers: &[Vec<Record>], least: usize, parties: usize) -> Vec<Vec<f64>> {
    let mut groups: BTreeMap<i64, Vec<(usize, Record)>> = BTreeMap::new();
    for (provider, records) in providers.iter().enumerate() {
        for record in records.iter().filter(|record| record.x.is_some()) {
            groups.entry(record.x.unwrap()).or_default().push((provider, *record));
        }
    }
    let row = |(x, members): (i64, Vec<(usize, Record)>)| {
        let mut givers: Vec<usize> = members.iter().map(|(provider, _)| *provider).collect();
        givers.dedup();
        let n = members.len();
        let y = || members.iter().map(|(_, record)| record.y as f64 / 10.0);
        let f = members.iter().filter(|(_, record)| record.f).count() as f64;
        let sum: f64 = y().sum();
        let extremes = [y().fold(f64::MAX, f64::min), y().fold(f64::MIN, f64::max)];
        let [lo, hi] = extremes;
        let row = vec![x as f64, n as f64, sum, lo, hi, sum / n as f64, f];
        (n >= least && givers.len() >= parties).then_some(row)
    };
    groups.into_iter().filter_map(row).collect()
}

fn near(got: &[Vec<f64>], want: &[Vec<f64>]) {
    assert_eq!(got.len(), want.len(), "{got:?} {want:?}");
    for (got, want) in got.iter().flatten().zip(want.iter().flatten()) {
        assert!((got - want).abs() < 1e-5, "{got} {want}");
    }
}

fn plan(records: u32, parties: u32, threat: &str) -> Plan {
    let release = format!("min_records = {records}\nmin_parties = {parties}");
    let security = (threat, 1, "auto");
    Setup { query: QUERY, release: &release, max_rows: 12, security, ..Setup::default() }.plan()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn groups_are_those_of_the_records(
        providers in prop::collection::vec(records(), 3), least in 1..5u32, parties in 1..4u32,
    ) {
        let plan = plan(least, parties, "semi-honest");
        let locals: Vec<_> = providers.iter().map(|records| local(&plan, records)).collect();
        let table = plan.rehearse(&locals).expect("in bounds").remove(0);
        near(&numbers(&table), &expected(&providers, least as usize, parties as usize));
    }
}

#[test]
fn a_run_gives_the_same_at_the_price_that_was_quoted() {
    let record = |i: i64| Record { x: Some(i % 4), y: i * 117 % 9000, f: i % 3 == 0, g: 0 };
    let of = |range: std::ops::Range<i64>| range.map(record).collect::<Vec<_>>();
    let providers = [of(0..11), of(11..15), of(15..17)];
    for threat in ["semi-honest", "malicious"] {
        let plan = plan(4, 2, threat);
        let locals: Vec<_> = providers.iter().map(|of| Some(local(&plan, of))).collect();
        for outcome in run_all(&plan, &locals) {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert!(outcome.actual.as_quoted, "{threat}: {:?}", outcome.actual);
            near(&numbers(&outcome.results[0]), &expected(&providers, 4, 2));
        }
    }
}

#[test]
fn what_becomes_known_is_told() {
    let leaks = plan(4, 2, "semi-honest").leakage();
    let all: Vec<&str> = leaks.iter().map(|leak| leak.what.as_str()).collect();
    assert!(all[0].starts_with("how many groups have at least 4 records"), "{all:?}");
    assert!(all[0].ends_with("at most 9"), "{all:?}");
    assert!(all.iter().any(|what| what.starts_with("`x` of every cell")), "{all:?}");
}

#[test]
fn what_secret_groups_cannot_have_is_refused() {
    let refused = |query: &str, release: &str, max_rows: u64| {
        let setup = Setup { query, release, max_rows, roles: &[ALL; 3], ..Setup::default() };
        Plan::of(&setup.study()).expect_err("refused").to_string()
    };
    let release = "min_records = 3\nmin_parties = 2";
    let medians = refused("SELECT x, MEDIAN(y) FROM t GROUP BY x", release, 12);
    assert!(
        medians.contains("`MEDIAN(y)` is taken of groups that the agreed schema lists"),
        "{medians}"
    );
    let many =
        refused("SELECT x, COUNT(*) FROM t GROUP BY x", "min_records = 1\nmin_parties = 1", 40_000);
    assert!(many.contains("there could be 120000 groups of 1 or more"), "{many}");
    let rows = refused("SELECT x, COUNT(*) FROM t GROUP BY x", release, 500_000);
    assert!(rows.contains("1500000 records would be shared one by one"), "{rows}");
}
