//! Records of several organisations that belong together, against the same in the clear.

mod common;

use common::{Record, Setup, local, run_all};
use sharewell_engine::{Cell, LocalValues, Plan, ResultTable};

const ASKED: &str = "kind = 'linkage'\nkeys = [['x'], ['g', 'y']]\n\
                     [objective.cross]\nof = ['p2', 'p0']\ncolumns = ['g', 'f']";
const RELEASE: &str = "min_records = 2\nmin_parties = 2";

fn setup() -> Setup<'static> {
    Setup { objective: Some(ASKED), release: RELEASE, max_rows: 30, ..Setup::default() }
}

/// Of each party: those of the first twelve persons whom its number divides, and some of its own.
fn records() -> [Vec<Record>; 3] {
    let person = |i: i64| Record {
        g: (i % 3) as usize,
        f: i % 4 == 0,
        // Some have no first key, some have been moved so that the second differs.
        x: (i % 5 != 0).then_some(i),
        y: 10 * i,
    };
    let of = |every: i64, moved: i64| {
        let common = (0..12).filter(|i| i % every == 0).map(person);
        let own =
            (100..107).map(move |i| Record { y: 5000 + i * every, ..person(200 * every + i) });
        let moved = move |record: Record| match record.x {
            Some(x) if x % 3 == moved => Record { y: record.y + every, ..record },
            _ => record,
        };
        common.map(moved).chain(own).collect::<Vec<_>>()
    };
    [of(1, 0), of(2, 9), of(3, 9)]
}

fn locals(plan: &Plan) -> Vec<LocalValues> {
    records().iter().map(|records| local(plan, records)).collect()
}

fn counts(table: &ResultTable) -> Vec<Option<i64>> {
    let last = |row: &Vec<Cell>| match row.last() {
        Some(Cell::Integer(count)) => Some(*count),
        Some(Cell::Empty) => None,
        other => panic!("{other:?} is no count"),
    };
    table.rows.iter().map(last).collect()
}

/// The same over all pairs of records; counts below two are suppressed.
fn expected() -> [Vec<Option<i64>>; 3] {
    let all = records();
    let first = |a: &Record, b: &Record| a.x.is_some() && a.x == b.x;
    let second = |a: &Record, b: &Record| (a.g, a.y) == (b.g, b.y);
    let shown = |count: usize| (count >= 2).then_some(count as i64);
    let count = |a: usize, b: usize, same: &dyn Fn(&Record, &Record) -> bool| {
        all[a].iter().map(|own| all[b].iter().filter(|other| same(own, other)).count()).sum()
    };
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let mut keys = vec![];
    for same in [&first as &dyn Fn(&Record, &Record) -> bool, &second] {
        keys.extend(pairs.map(|(a, b)| shown(count(a, b, same))));
        let in_all = |own: &&Record| (1..3).all(|i| all[i].iter().any(|other| same(own, other)));
        keys.push(shown(all[0].iter().filter(in_all).count()));
    }
    let either = |a: &Record, b: &Record| first(a, b) || second(a, b);
    let linked = pairs.map(|(a, b)| shown(count(a, b, &either))).to_vec();
    let mut cross = vec![];
    for g in 0..3 {
        for f in [false, true] {
            let both = |a: &Record, b: &Record| either(a, b) && a.g == g && b.f == f;
            cross.push(shown(count(2, 0, &both)));
        }
    }
    [keys, linked, cross]
}

#[test]
fn common_keys_links_and_crossed_records_are_those_of_the_clear() {
    let plan = setup().plan();
    let tables = plan.rehearse(&locals(&plan)).unwrap();
    assert_eq!(tables.iter().map(counts).collect::<Vec<_>>(), expected());
    assert!(expected().concat().contains(&None), "some are suppressed");
    for table in &tables {
        let empty = counts(table).iter().filter(|count| count.is_none()).count();
        assert_eq!(table.notes.len(), empty, "{table:?}");
        assert!(table.notes.iter().all(|n| n.reason == "suppressed: fewer than 2 records"));
    }
    assert_eq!(tables[2].columns, ["g at p2", "f at p0", "records"]);
}

#[test]
fn parties_find_what_the_rehearsal_finds_at_the_quoted_cost_by_every_protocol() {
    for protocol in ["rep3", "rep3-malicious"] {
        let plan = Setup { security: ("semi-honest", 1, protocol), ..setup() }.plan();
        let want = plan.rehearse(&locals(&plan)).unwrap();
        let given: Vec<_> = locals(&plan).into_iter().map(Some).collect();
        for outcome in run_all(&plan, &given) {
            let outcome = outcome.unwrap();
            assert!(outcome.actual.as_quoted, "{protocol}: {:?}", outcome.actual);
            assert_eq!(outcome.results, want, "{protocol}");
        }
    }
}

#[test]
fn what_is_below_the_minimum_is_not_told() {
    let plan = Setup { release: "min_records = 1000\nmin_parties = 2", ..setup() }.plan();
    for table in plan.rehearse(&locals(&plan)).unwrap() {
        assert!(counts(&table).iter().all(Option::is_none), "{table:?}");
    }
    let leaks = plan.leakage();
    let of_pairs = leaks.iter().find(|leak| leak.what.contains("x that p0 and p1 share")).unwrap();
    assert!(of_pairs.what.ends_with("or that it is below 1000"), "{of_pairs:?}");
    let three = Setup { release: "min_records = 2\nmin_parties = 3", ..setup() };
    let refused = Plan::of(&three.study()).unwrap_err().to_string();
    assert!(refused.contains("`min_parties = 2`"), "{refused}");
}
