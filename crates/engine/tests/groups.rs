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
        Cell::Empty => f64::MIN,
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        Cell::Text(_) => panic!("{table:?}"),
    };
    table.rows.iter().map(|row| row.iter().map(number).collect()).collect()
}

/// A group's key, behind whether it has none: sorted so, who has none comes last.
type Key = (bool, Option<i64>);

/// What the records give.
fn expected(providers: &[Vec<Record>], least: usize, parties: usize) -> Vec<Vec<f64>> {
    let mut groups: BTreeMap<Key, Vec<(usize, Record)>> = BTreeMap::new();
    for (provider, records) in providers.iter().enumerate() {
        for record in records {
            groups.entry((record.x.is_none(), record.x)).or_default().push((provider, *record));
        }
    }
    let row = |((_, x), members): (Key, Vec<(usize, Record)>)| {
        let mut givers: Vec<usize> = members.iter().map(|(provider, _)| *provider).collect();
        givers.dedup();
        let n = members.len();
        let y = || members.iter().map(|(_, record)| record.y as f64 / 10.0);
        let f = members.iter().filter(|(_, record)| record.f).count() as f64;
        let sum: f64 = y().sum();
        let extremes = [y().fold(f64::MAX, f64::min), y().fold(f64::MIN, f64::max)];
        let [lo, hi] = extremes;
        let row = vec![x.map_or(f64::MIN, |x| x as f64), n as f64, sum, lo, hi, sum / n as f64, f];
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

const JOINED: &str = "SELECT b.g, COUNT(*) AS n, COUNT(b.x) AS c, SUM(a.x) AS s, AVG(b.y) AS m, \
                      SUM(a.x * b.x) AS p, SUM(b.y - a.x) AS d, MIN(a.x) AS lo, MAX(b.x) AS hi \
                      FROM p0 AS a JOIN p1 AS b ON a.y = b.y WHERE a.f AND b.x > -900 \
                      GROUP BY b.g";

fn joined(threat: &str, query: &str) -> Plan {
    let release = "min_records = 2\nmin_parties = 2";
    let roles = [ALL, ALL, "\"compute\", \"recipient\""];
    let security = (threat, 1, "auto");
    Setup { query, release, roles: &roles, max_rows: 12, security, ..Setup::default() }.plan()
}

/// The rows of [`JOINED`].
fn of_pairs(first: &[Record], second: &[Record]) -> Vec<Vec<f64>> {
    let mut groups: BTreeMap<usize, Vec<(Record, Record)>> = BTreeMap::new();
    for a in first.iter().filter(|a| a.f) {
        let is_partner = |b: &&Record| b.y == a.y && b.x.is_some_and(|x| x > -900);
        if let Some(b) = second.iter().find(is_partner) {
            groups.entry(b.g).or_default().push((*a, *b));
        }
    }
    let row = |(g, pairs): (usize, Vec<(Record, Record)>)| {
        let n = pairs.len() as f64;
        let sum = |of: &dyn Fn(&(Record, Record)) -> Option<f64>| {
            pairs.iter().filter_map(of).sum::<f64>()
        };
        let x = |of: &Record| of.x.map(|x| x as f64);
        let y = |of: &Record| of.y as f64 / 10.0;
        let all = |of: &dyn Fn(&(Record, Record)) -> Option<f64>| {
            pairs.iter().filter_map(of).collect::<Vec<_>>()
        };
        let least = all(&|(a, _)| x(a)).into_iter().reduce(f64::min).unwrap_or(f64::MIN);
        let greatest = all(&|(_, b)| x(b)).into_iter().reduce(f64::max).unwrap_or(f64::MIN);
        let behind = |of: &dyn Fn(&(Record, Record)) -> Option<f64>, value: f64| {
            if all(of).len() >= 2 { value } else { f64::MIN }
        };
        let product = |(a, b): &(Record, Record)| Some(x(a)? * x(b)?);
        let row = vec![
            g as f64,
            n,
            behind(&|(_, b)| x(b), all(&|(_, b)| x(b)).len() as f64),
            behind(&|(a, _)| x(a), sum(&|(a, _)| x(a))),
            sum(&|(_, b)| Some(y(b))) / n,
            behind(&product, sum(&product)),
            behind(&|(a, _)| x(a), sum(&|(a, b)| Some(y(b) - x(a)?))),
            behind(&|(a, _)| x(a), least),
            behind(&|(_, b)| x(b), greatest),
        ];
        (pairs.len() >= 2).then_some(row)
    };
    groups.into_iter().filter_map(row).collect()
}

/// The numbers of each row, codes by their places.
fn with_codes(table: &ResultTable) -> Vec<Vec<f64>> {
    let mut table = table.clone();
    for row in &mut table.rows {
        let Cell::Text(code) = &row[0] else { panic!("{row:?}") };
        row[0] =
            Cell::Integer(common::CODES.iter().position(|of| of == code).expect("a code") as i64);
    }
    numbers(&table)
}

fn sides() -> impl Strategy<Value = [Vec<Record>; 2]> {
    let x = prop_oneof![6 => (-1000..1000i64).prop_map(Some), 1 => Just(None)];
    let record = (0..2usize, prop::bool::weighted(0.8), x, 0..6i64);
    let record = record.prop_map(|(g, f, x, y)| Record { g, f, x, y });
    let side = || prop::collection::vec(record.clone(), 0..12);
    (side(), side()).prop_map(|(first, mut second)| {
        let mut seen = vec![];
        second.retain(|b| {
            !seen.contains(&b.y) && {
                seen.push(b.y);
                true
            }
        });
        [first, second]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pairs_are_those_of_the_records(sides in sides()) {
        let plan = joined("semi-honest", JOINED);
        let locals = [local(&plan, &sides[0]), local(&plan, &sides[1])];
        let table = plan.rehearse(&locals).expect("in bounds").remove(0);
        near(&with_codes(&table), &of_pairs(&sides[0], &sides[1]));
    }
}

#[test]
fn a_run_of_pairs_gives_the_same_at_the_price_that_was_quoted() {
    let first: Vec<Record> =
        (0..12).map(|i| Record { f: i % 5 > 0, x: Some(7 * i - 20), y: i % 6, g: 0 }).collect();
    let second: Vec<Record> =
        (0..8).map(|i| Record { g: (i % 2) as usize, x: Some(30 - i), y: i, f: false }).collect();
    for threat in ["semi-honest", "malicious"] {
        let plan = joined(threat, JOINED);
        let locals = [Some(local(&plan, &first)), Some(local(&plan, &second)), None];
        for outcome in run_all(&plan, &locals) {
            let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert!(outcome.actual.as_quoted, "{threat}: {:?}", outcome.actual);
            near(&with_codes(&outcome.results[0]), &of_pairs(&first, &second));
        }
    }
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let refused = |query: &str| {
        let release = "min_records = 2\nmin_parties = 2";
        let roles = [ALL, ALL, "\"compute\""];
        let study =
            Setup { query, release, roles: &roles, max_rows: 12, ..Setup::default() }.study();
        Plan::of(&study).expect_err("refused").to_string()
    };
    let of = |what: &str, filter: &str| {
        refused(&format!("SELECT {what} FROM p0 a JOIN p1 b USING (y) WHERE {filter}"))
    };
    let compared = of("COUNT(*)", "a.x < b.x");
    assert!(compared.contains("compares the two records of a pair"), "{compared}");
    let extreme = of("MAX(a.x + b.x)", "a.f");
    assert!(extreme.contains("`a.x + b.x` takes columns of both records"), "{extreme}");
    let plan = joined("semi-honest", "SELECT COUNT(*) FROM p0 JOIN p1 USING (y)");
    let twice = [Record { y: 5, ..Record::default() }; 2];
    let locals = [local(&plan, &twice), local(&plan, &twice)];
    let repeated = plan.rehearse(&locals).expect_err("refused").to_string();
    assert!(repeated.contains("two records of p1 agree"), "{repeated}");
    let locals = [local(&plan, &twice), local(&plan, &twice[..1])];
    let table = plan.rehearse(&locals).expect("in bounds").remove(0);
    assert_eq!(table.rows, [[Cell::Integer(2)]]);
}
