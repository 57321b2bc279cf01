//! The joint audit over whole studies, against the pooled records.

mod common;

use common::{Setup, run_all};
use sharewell_engine::{Cell, Error, LocalValues, Plan, ResultTable};
use sharewell_study::{Measure, Recorded, Study};

const RELEASE: &str = "min_records = 10\nmin_parties = 3";

const ASKED: &str = "kind = 'quality'\nmissing = ['x']\nimplausible = ['x < 0']\nduplicates = true\n\
    [[objective.drift]]\nvalue = 'x'\nedges = [0, 10, 20]\nindex = 'ks'\nlimit = 0.25\n\
    [[objective.drift]]\nvalue = 'x'\nedges = [0, 10, 20]\nindex = 'psi'\nlimit = 0.25\n";

fn study(objective: &str, security: (&'static str, u8, &'static str)) -> Study {
    let setup = Setup {
        objective: Some(objective),
        release: RELEASE,
        max_rows: 40,
        security,
        ..Setup::default()
    };
    let text = setup.text().replace("name = \"t\"", "name = \"t\"\nkey = [\"y\"]");
    Study::parse(&text, "quality.toml").unwrap_or_else(|report| panic!("{report}"))
}

fn plan(objective: &str) -> Plan {
    Plan::of(&study(objective, Setup::default().security)).unwrap_or_else(|e| panic!("{e}"))
}

/// Three providers' values of x and keys. The third one's values are much larger; two of its keys
/// are the first one's.
fn records() -> [Vec<(Option<i64>, u64)>; 3] {
    let of = |n: i64, x: fn(i64) -> Option<i64>, key: fn(i64) -> i64| {
        (0..n).map(|i| (x(i), key(i) as u64)).collect()
    };
    [
        of(20, |i| (i % 7 != 0).then_some(i - 2), |i| i),
        of(30, |i| Some(i % 20), |i| 100 + i),
        of(24, |i| Some(40 - i), |i| 1000 * i),
    ]
}

/// The local phase: the conditions that the audit above asks for.
fn local(plan: &Plan, records: &[(Option<i64>, u64)]) -> LocalValues {
    let count = |holds: &dyn Fn(Option<i64>) -> bool| {
        Some(records.iter().filter(|(x, _)| holds(*x)).count() as i128)
    };
    let below = |edge: i64| count(&|x| x.is_some_and(|x| x < edge));
    let value = |measure: &Measure| match measure {
        Measure::Rows => count(&|_| true),
        Measure::Count(sql) => match sql.as_str() {
            "\"x\"" => count(&|x| x.is_some()),
            "CASE WHEN \"x\" IS NULL THEN 1 END" => count(&|x| x.is_none()),
            "CASE WHEN \"x\" < 0 THEN 1 END" => below(0),
            "CASE WHEN \"x\" < 10 THEN 1 END" => below(10),
            "CASE WHEN \"x\" < 20 THEN 1 END" => below(20),
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    };
    let keys = || records.iter().map(|(_, key)| i128::from(*key)).collect();
    LocalValues {
        cells: vec![plan.local().measures.iter().map(value).collect()],
        records: plan.local().records.iter().map(|_| keys()).collect(),
    }
}

fn locals(plan: &Plan) -> Vec<LocalValues> {
    records().iter().map(|records| local(plan, records)).collect()
}

/// The last column, or the one before it.
fn column(table: &ResultTable, at: usize) -> Vec<Cell> {
    table.rows.iter().map(|row| row[at].clone()).collect()
}

#[test]
fn counts_duplicates_and_verdicts_are_those_of_the_pooled_records() {
    let plan = plan(ASKED);
    let tables = plan.rehearse(&locals(&plan)).expect("in bounds");
    let [records, ks, psi] = &tables[..] else { panic!("{tables:?}") };
    // Of 74 records: three missing, one -1, two -2 + ... of the first; keys 0 and 1000 * 0.
    assert_eq!(column(records, 2), [74, 3, 1, 1].map(Cell::Integer));
    let verdicts = |words: [&str; 3]| words.map(|word| Cell::Text(word.to_owned()));
    assert_eq!(column(ks, 2), verdicts(["beyond", "beyond", "beyond"]));
    assert_eq!(column(psi, 2), verdicts(["beyond", "beyond", "beyond"]));
}

#[test]
fn an_index_is_released_only_where_the_study_says_so() {
    let asked = ASKED.replace("limit = 0.25", "limit = 0.25\nreveal = 'index'");
    let plan = plan(&asked);
    let tables = plan.rehearse(&locals(&plan)).expect("in bounds");
    let cumulative = |records: &[(Option<i64>, u64)]| {
        let x: Vec<i64> = records.iter().filter_map(|(x, _)| *x).collect();
        let share = |edge| x.iter().filter(|x| **x < edge).count() as f64;
        ([share(0), share(10), share(20)], x.len() as f64)
    };
    let all = records();
    for giver in 0..3 {
        let (own, n) = cumulative(&all[giver]);
        let rest: Vec<_> = (0..3).filter(|i| *i != giver).flat_map(|i| all[i].clone()).collect();
        let (others, m) = cumulative(&rest);
        let gap = |i: usize| (own[i] / n - others[i] / m).abs();
        let ks = (0..3).map(gap).fold(0.0, f64::max);
        let bins = |x: [f64; 3], n: f64| [x[0], x[1] - x[0], x[2] - x[1], n - x[2]];
        let term = |(x, y): (f64, f64)| {
            let (p, q) = ((x + 0.5) / (n + 2.0), (y + 0.5) / (m + 2.0));
            (p - q) * (p / q).ln()
        };
        let psi: f64 = bins(own, n).into_iter().zip(bins(others, m)).map(term).sum();
        for (table, want) in [(&tables[1], ks), (&tables[2], psi)] {
            let Cell::Number(got) = table.rows[giver][2] else { panic!("{table:?}") };
            let bound = table.error_bound[2].expect("a number");
            assert!((got - want).abs() <= bound && bound < 1e-4, "{got}, not {want}: {bound:e}");
        }
    }
    let opens = |plan: &Plan, what: &str| plan.leakage().iter().any(|l| l.what.starts_with(what));
    assert!(opens(&plan, "`Kolmogorov-Smirnov statistic of x at p0`"));
    let verdicts = self::plan(ASKED);
    assert!(!opens(&verdicts, "`Kolmogorov-Smirnov"));
    assert!(opens(
        &verdicts,
        "`whether the Kolmogorov-Smirnov statistic of x at p0 is within 0.25`"
    ));
}

#[test]
fn parties_find_what_the_rehearsal_finds_at_the_quoted_cost_by_every_protocol() {
    for protocol in ["rep3", "rep3-malicious"] {
        let plan = Plan::of(&study(ASKED, ("semi-honest", 1, protocol))).expect("it fits");
        let locals = locals(&plan);
        let want = plan.rehearse(&locals).expect("in bounds");
        let given: Vec<_> = locals.into_iter().map(Some).collect();
        for outcome in run_all(&plan, &given) {
            let outcome = outcome.expect("honest parties");
            assert!(outcome.actual.as_quoted, "{protocol}: {:?}", outcome.actual);
            assert_eq!(outcome.results, want, "{protocol}");
        }
    }
}

#[test]
fn too_few_records_release_nothing() {
    let plan = plan(ASKED);
    let few: Vec<_> = records().iter().map(|records| local(&plan, &records[..3])).collect();
    for table in plan.rehearse(&few).expect("in bounds") {
        assert!(column(&table, 2).iter().all(|cell| *cell == Cell::Empty), "{table:?}");
        assert!(table.notes.iter().all(|note| note.reason.contains("fewer than 10 records")));
    }
}

#[test]
fn keys_that_are_none_are_refused_at_home() {
    let plan = plan(ASKED);
    let [Recorded::Digest { bits, .. }] = plan.local().records[..] else { panic!("asked for") };
    for keys in [vec![1 << bits], vec![-1], vec![0; 41]] {
        let mut locals = locals(&plan);
        locals[0].records = vec![keys];
        assert!(matches!(plan.rehearse(&locals), Err(Error::OutOfBounds { .. })));
    }
    let alike = "kind = 'quality'\nmissing = ['x']";
    assert!(self::plan(alike).local().records.is_empty(), "nothing asks for keys");
}

#[test]
fn too_many_keys_are_refused_with_advice() {
    let mut study = study(ASKED, Setup::default().security);
    study.table.max_rows = 400_000;
    let refused = Plan::of(&study).expect_err("1.2 million keys").to_string();
    assert!(refused.contains("1200000 records"), "{refused}");
}
