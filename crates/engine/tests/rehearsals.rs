//! Whole studies in the clear against their exact results.

mod common;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::{ALL, Record, Setup, evaluate, local, members};
use proptest::prelude::*;
use sharewell_engine::{Cell, LocalValues, Plan, ResultTable};
use sharewell_study::{Aggregate, Expr, Measure, Objective, RowExpr, Study, Table};

/// What a cell of the result should hold.
#[derive(Debug, PartialEq)]
enum Want {
    Text(String),
    Number(f64),
    Undefined,
    Suppressed,
}

fn values(e: &RowExpr, table: &Table, records: &[Record]) -> Vec<f64> {
    let sql = e.to_sql(table);
    let values = records.iter().filter_map(|record| evaluate(&sql, record));
    values.map(|(digits, decimals)| digits as f64 / 10f64.powi(decimals as i32)).collect()
}

/// Of values of at most three digits after the point: exact until the last rounding.
fn sum(x: &[f64]) -> f64 {
    x.iter().map(|x| (x * 1000.0).round()).sum::<f64>() / 1000.0
}

fn variance(x: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (n >= 2.0).then(|| x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Of the records in which neither is missing, with a divisor that is so much less than their
/// number.
fn covariance([x, y]: [&RowExpr; 2], table: &Table, records: &[Record], less: f64) -> Option<f64> {
    let of = |e: &RowExpr, record| values(e, table, std::slice::from_ref(record)).pop();
    let pairs: Vec<(f64, f64)> =
        records.iter().filter_map(|record| of(x, record).zip(of(y, record))).collect();
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let products = pairs.iter().map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
    (n > less).then(|| products / (n - less))
}

/// The exact value, as nearly as doubles have it; `None` where it is undefined.
fn exact(expr: &Expr, table: &Table, records: &[Record]) -> Option<f64> {
    let both = |x: &Expr, y: &Expr| Some((exact(x, table, records)?, exact(y, table, records)?));
    match expr {
        Expr::Group(_) => unreachable!("groups stand by themselves"),
        Expr::Number(number) => Some(number.to_string().parse().expect("a number")),
        Expr::Neg(x) => exact(x, table, records).map(|x| -x),
        Expr::Add(x, y) => both(x, y).map(|(x, y)| x + y),
        Expr::Sub(x, y) => both(x, y).map(|(x, y)| x - y),
        Expr::Mul(x, y) => both(x, y).map(|(x, y)| x * y),
        Expr::Div(x, y) => both(x, y).filter(|(_, y)| *y != 0.0).map(|(x, y)| x / y),
        Expr::Aggregate(aggregate) => match aggregate {
            Aggregate::Count => Some(records.len() as f64),
            Aggregate::CountColumn(e) => Some(values(e, table, records).len() as f64),
            Aggregate::Sum(e) => Some(sum(&values(e, table, records))),
            Aggregate::Avg(e) => {
                let x = values(e, table, records);
                (!x.is_empty()).then(|| sum(&x) / x.len() as f64)
            }
            Aggregate::VarSamp(e) => variance(&values(e, table, records)),
            Aggregate::StddevSamp(e) => variance(&values(e, table, records)).map(f64::sqrt),
            Aggregate::VarPop(e) => covariance([e, e], table, records, 0.0),
            Aggregate::StddevPop(e) => covariance([e, e], table, records, 0.0).map(f64::sqrt),
            Aggregate::CovarSamp(x, y) => covariance([x, y], table, records, 1.0),
            Aggregate::CovarPop(x, y) => covariance([x, y], table, records, 0.0),
            Aggregate::Corr(x, y) => {
                let there = |e: &RowExpr, record| !values(e, table, &[record]).is_empty();
                let both = records.iter().filter(|record| there(x, **record) && there(y, **record));
                let both: Vec<Record> = both.copied().collect();
                let of = |x, y| covariance([x, y], table, &both, 0.0);
                let (xy, xx, yy) = (of(x, y)?, of(x, x)?, of(y, y)?);
                (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
            }
            Aggregate::Min(e) => values(e, table, records).into_iter().reduce(f64::min),
            Aggregate::Max(e) => values(e, table, records).into_iter().reduce(f64::max),
            Aggregate::Percentile { of, at } => {
                let mut x = values(of, table, records);
                x.sort_by(f64::total_cmp);
                let at: f64 = at.to_string().parse().expect("a number");
                let place = at * (x.len() as f64 - 1.0);
                let below = *x.get(place.floor() as usize)?;
                let above = x.get(place.floor() as usize + 1).copied().unwrap_or(below);
                Some(below + (above - below) * place.fract())
            }
            Aggregate::CountDistinct(e) => {
                let x = values(e, table, records);
                let different: BTreeSet<u64> = x.iter().map(|x| x.to_bits()).collect();
                Some(different.len() as f64)
            }
        },
    }
}

/// What must be there: the record itself, and the values of every expression aggregated.
fn supports(expr: &Expr) -> Vec<Option<RowExpr>> {
    match expr {
        Expr::Group(_) | Expr::Number(_) => vec![],
        Expr::Neg(x) => supports(x),
        Expr::Add(x, y) | Expr::Sub(x, y) | Expr::Mul(x, y) | Expr::Div(x, y) => {
            [supports(x), supports(y)].concat()
        }
        Expr::Aggregate(aggregate) => vec![
            None,
            aggregate
                .arguments()
                .into_iter()
                .cloned()
                .reduce(|x, y| RowExpr::Mul(Box::new(x), Box::new(y))),
        ],
    }
}

fn want(plan: &Plan, expr: &Expr, group: usize, providers: &[Vec<Record>]) -> Want {
    let table = &plan.study().table;
    if let Expr::Group(column) = expr {
        let name = &table.columns[*column].name;
        let local = plan.local();
        let place = local
            .group_by
            .iter()
            .position(|column| *column == format!("\"{name}\""))
            .expect("a group");
        return Want::Text(local.groups[group][place].clone());
    }
    let own: Vec<Vec<Record>> =
        providers.iter().map(|records| members(plan, group, records)).collect();
    let release = plan.study().release;
    let (mut records, mut parties) = (true, true);
    for support in supports(expr) {
        let count = |own: &Vec<Record>| match &support {
            Some(e) => values(e, table, own).len() as u64,
            None => own.len() as u64,
        };
        records &= own.iter().map(count).sum::<u64>() >= release.min_records;
        let behind = own.iter().filter(|own| count(own) > 0).count();
        parties &= behind >= release.min_parties as usize;
    }
    if !(records && parties) {
        return Want::Suppressed;
    }
    exact(expr, table, &own.concat()).map_or(Want::Undefined, Want::Number)
}

fn reason(table: &ResultTable, row: usize, column: &str) -> String {
    let note = table.notes.iter().find(|note| note.row == row && note.column == column);
    note.map_or("nothing".to_owned(), |note| note.reason.clone())
}

fn check(plan: &Plan, providers: &[Vec<Record>]) {
    let locals: Vec<LocalValues> = providers.iter().map(|records| local(plan, records)).collect();
    let table = plan.rehearse(&locals).expect("in bounds").remove(0);
    let Objective::Sql(query) = &plan.study().objective else { panic!("a query") };
    let precision = plan.precision();
    let release = plan.study().release;
    for (row, cells) in table.rows.iter().enumerate() {
        for (at, (cell, item)) in cells.iter().zip(&query.items).enumerate() {
            let want = want(plan, &item.expr, row, providers);
            let got = match cell {
                Cell::Text(text) => {
                    assert_eq!(want, Want::Text(text.clone()));
                    continue;
                }
                Cell::Empty => {
                    let expected = match want {
                        Want::Undefined => match item.expr {
                            Expr::Aggregate(Aggregate::Corr(..)) => {
                                "undefined: one of the two does not vary".to_owned()
                            }
                            _ => "undefined: division by zero".to_owned(),
                        },
                        Want::Suppressed => format!(
                            "suppressed: fewer than {} records{}",
                            release.min_records,
                            match release.min_parties {
                                1 => String::new(),
                                least => format!(" or {least} organisations"),
                            }
                        ),
                        other => panic!("{other:?} for nothing"),
                    };
                    assert_eq!(
                        reason(&table, row, &item.name),
                        expected,
                        "{} in row {row}",
                        item.name
                    );
                    continue;
                }
                Cell::Integer(x) => *x as f64,
                Cell::Number(x) => *x,
            };
            let Want::Number(want) = want else { panic!("{want:?}, not {got}") };
            let bound = table.error_bound[at].expect("a number");
            let shown = 1e-12 * want.abs().max(1.0);
            assert!((got - want).abs() <= bound + shown, "{}: {got} {want} {bound}", item.name);
            let is_sum = matches!(item.expr, Expr::Aggregate(Aggregate::Sum(_)));
            assert!(!is_sum || got == want, "a sum is exact: {got} is {want}");
            let before = precision.iter().find(|p| p.column == item.name).expect("a number");
            if let Some(relative) = before.relative {
                let stated = before.absolute + relative * want.abs();
                assert!((got - want).abs() <= stated + shown, "{}: {stated} stated", item.name);
            }
        }
    }
}

const QUERIES: [&str; 13] = [
    "SELECT g, COUNT(*) AS n, SUM(x) AS s, AVG(x) AS m FROM t GROUP BY g",
    "SELECT f, VAR_SAMP(y) AS v, STDDEV_SAMP(x) AS d, COUNT(x) AS c FROM t GROUP BY f",
    "SELECT g, f, MIN(x) AS a, MAX(y) AS b, COUNT(x) AS c, MAX(x) AS e FROM t GROUP BY g, f",
    "SELECT SUM(x * y) / SUM(y) AS weighted, 1e6 * SUM(f) / SUM(y) AS rate FROM t",
    "SELECT -SUM(x) + 2.5 * COUNT(*) - AVG(y) AS mixed, SUM(x) * SUM(y) AS product FROM t",
    "SELECT g, AVG(x - y) AS gap, SUM(2 * x + 1) AS twice, COUNT(x * y) AS c FROM t GROUP BY g",
    "SELECT f, VAR_SAMP(x) / COUNT(x) AS squared, (SUM(x) - 3) / (1 - SUM(f)) AS odd FROM t \
     GROUP BY f",
    "SELECT g, 2 * STDDEV_SAMP(x) + AVG(y) AS above, SUM(x) / 7 AS week, AVG(y) / -2.5 AS part \
     FROM t GROUP BY g",
    "SELECT g, COVAR_SAMP(x, y) AS c, COVAR_POP(x, x) AS p, VAR_POP(y) AS v, STDDEV_POP(x) AS d \
     FROM t GROUP BY g",
    "SELECT SUM(CASE WHEN x > 0 THEN x ELSE y END) AS s, AVG(CASE WHEN f THEN 1 END) AS part, \
     MIN(x - y) AS least, COUNT(CASE WHEN x IS NULL THEN 1 END) AS gaps FROM t",
    "SELECT g, f, MEDIAN(x) AS m, COUNT(DISTINCT x) AS d, MEDIAN(y) - AVG(y) AS skew, \
     PERCENTILE_CONT(0.975) WITHIN GROUP (ORDER BY x - y) AS high FROM t GROUP BY g, f",
    "SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY y) AS low, MEDIAN(x) AS middle, \
     COUNT(DISTINCT f) AS both, COUNT(*) / COUNT(DISTINCT y) AS alike FROM t",
    "SELECT g, CORR(x, y) AS r, CORR(y, x - y) AS s, CORR(CASE WHEN f THEN 1 ELSE 0 END, y) AS b \
     FROM t GROUP BY g",
];

fn record() -> impl Strategy<Value = Record> {
    let x =
        prop_oneof![2 => Just(None), 5 => (-1000..=1000i64).prop_map(Some), 1 => Just(Some(1000))];
    let y = prop_oneof![4 => 0..=10_000i64, 1 => Just(0), 1 => Just(10_000)];
    (0..3usize, any::<bool>(), x, y).prop_map(|(g, f, x, y)| Record { g, f, x, y })
}

fn plans() -> Vec<Plan> {
    let mut plans = vec![];
    for query in QUERIES {
        for release in [
            "min_records = 1\nmin_parties = 1",
            "min_records = 4\nmin_parties = 2",
            "min_records = 2\nmin_parties = 3\nsufficient = \"open\"",
            "min_records = 1\nmin_parties = 1\nsufficient = \"open\"",
        ] {
            plans.push(Setup { query, release, max_rows: 50, ..Setup::default() }.plan());
        }
    }
    plans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_small_table_gives_its_exact_result_or_says_why_not(
        providers in prop::collection::vec(prop::collection::vec(record(), 0..12), 3),
    ) {
        static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(plans);
        PLANS.iter().for_each(|plan| check(plan, &providers));
    }
}

/// Groups `a`, `b` and `c` have 3, 2 and 1 records at each provider.
#[test]
fn released_groups_are_chosen_and_ordered_by_what_was_released() {
    let record = |g, y| Record { g, y, ..Record::default() };
    let own = |k: i64| {
        vec![record(0, 10 + k), record(0, 20), record(0, 30), record(1, 500), record(1, 600 + k)]
    };
    let mut providers: Vec<Vec<Record>> = (0..3).map(own).collect();
    providers[0].push(record(2, 999));
    let shown = |clauses: &str| -> Vec<String> {
        let query = format!("SELECT g, SUM(y) AS s, VAR_SAMP(x) AS v FROM t GROUP BY g {clauses}");
        let plan = Setup { query: &query, ..Setup::default() }.plan();
        let locals: Vec<LocalValues> = providers.iter().map(|own| local(&plan, own)).collect();
        let table = plan.rehearse(&locals).expect("in bounds").remove(0);
        for (row, cells) in table.rows.iter().enumerate() {
            let is_empty = matches!(cells[1], Cell::Empty);
            assert_eq!(is_empty, reason(&table, row, "s").starts_with("suppressed"), "{clauses}");
        }
        let name = |cells: &Vec<Cell>| match &cells[0] {
            Cell::Text(name) => name.clone(),
            other => panic!("{other:?} is no group"),
        };
        table.rows.iter().map(name).collect()
    };
    // Sums of 18.3 and 330.3; that of `c` is suppressed.
    assert_eq!(shown(""), ["a", "b", "c"]);
    assert_eq!(shown("ORDER BY s DESC"), ["b", "a", "c"]);
    assert_eq!(shown("ORDER BY s"), ["a", "b", "c"]);
    assert_eq!(shown("ORDER BY g DESC LIMIT 2"), ["c", "b"]);
    assert_eq!(shown("HAVING s > 18.3"), ["b", "c"]);
    assert_eq!(shown("HAVING s >= 18.3 AND NOT SUM(y) > 100 ORDER BY s"), ["a", "c"]);
    assert_eq!(shown("HAVING s BETWEEN 400 AND 500 OR 18.4 > s"), ["a", "c"]);
    assert_eq!(shown("HAVING s <> 330.3 LIMIT 1"), ["a"]);
    assert_eq!(shown("HAVING v > 0"), ["a", "b", "c"], "suppressed for want of values");
}

#[test]
fn correlations_are_those_of_the_records_that_have_both() {
    let release = "min_records = 1\nmin_parties = 1\nsufficient = \"open\"";
    let query = "SELECT f, CORR(x, y) AS r FROM t GROUP BY f";
    let plan = Setup { query, release, ..Setup::default() }.plan();
    let row = |f, x, y| Record { f, x, y, ..Record::default() };
    let providers = [
        vec![row(true, Some(1), 20), row(true, Some(2), 10), row(false, Some(5), 1)],
        vec![row(true, Some(4), 50), row(true, None, 9000), row(false, Some(5), 2)],
        vec![row(true, Some(-3), 0), row(true, Some(9), 40)],
    ];
    let locals: Vec<LocalValues> = providers.iter().map(|own| local(&plan, own)).collect();
    let table = plan.rehearse(&locals).expect("in bounds").remove(0);
    assert_eq!(reason(&table, 0, "r"), "undefined: one of the two does not vary");
    // numpy.corrcoef([1, 2, 4, -3, 9], [2, 1, 5, 0, 4])
    let Cell::Number(r) = table.rows[1][1] else { panic!("{:?}", table.rows[1]) };
    let bound = table.error_bound[1].expect("a number");
    assert!((r - 0.790_350_284_822_878_3).abs() <= bound && bound < 1e-8, "{r} within {bound}");
    let hidden = "min_records = 1\nmin_parties = 1";
    let plan = Setup { query, release: hidden, ..Setup::default() }.plan();
    let same = plan.rehearse(&locals).expect("in bounds").remove(0);
    assert_eq!(reason(&same, 0, "r"), "undefined: one of the two does not vary");
    let Cell::Number(secret) = same.rows[1][1] else { panic!("{:?}", same.rows[1]) };
    let bound = same.error_bound[1].expect("a number");
    let gap = (secret - 0.790_350_284_822_878_3).abs();
    assert!(gap <= bound && bound < 2e-12, "{secret} within {bound}");
}

fn with_x(x: impl IntoIterator<Item = Option<i64>>) -> Vec<Record> {
    x.into_iter().map(|x| Record { x, ..Record::default() }).collect()
}

#[test]
fn missing_values_count_against_what_rests_on_them_and_nothing_else() {
    let query = "SELECT COUNT(*) AS n, COUNT(x) AS present, AVG(x) AS mean, SUM(y) AS total FROM t";
    let plan = Setup { query, ..Setup::default() }.plan();
    // Five records, two of them with a value: less than three.
    let providers = [with_x([Some(5), None]), with_x([Some(7), None]), with_x([None])];
    check(&plan, &providers);
    let locals: Vec<_> = providers.iter().map(|records| local(&plan, records)).collect();
    let table = plan.rehearse(&locals).expect("in bounds").remove(0);
    let row = &table.rows[0];
    assert_eq!((&row[0], &row[3]), (&Cell::Integer(5), &Cell::Integer(0)));
    assert_eq!((&row[1], &row[2]), (&Cell::Empty, &Cell::Empty));
    // Three values of one organisation: enough records of too few.
    let providers = [with_x([Some(5); 3]), with_x([None; 3]), with_x([])];
    let locals: Vec<_> = providers.iter().map(|records| local(&plan, records)).collect();
    let table = plan.rehearse(&locals).expect("in bounds").remove(0);
    assert_eq!(table.rows[0][0], Cell::Integer(6));
    assert_eq!(reason(&table, 0, "mean"), "suppressed: fewer than 3 records or 2 organisations");
}

#[test]
fn one_provider_and_ten_are_pooled_alike() {
    let query =
        "SELECT g, COUNT(*) AS n, AVG(x) AS m, VAR_SAMP(y) AS v, MAX(x) AS a FROM t GROUP BY g";
    let record = |i: usize| Record {
        g: i % 3,
        f: i.is_multiple_of(2),
        x: (!i.is_multiple_of(5)).then_some(i as i64 * 37 % 1000),
        y: i as i64 * 97 % 10_000,
    };
    let all: Vec<Record> = (0..60).map(record).collect();
    let release = "min_records = 1\nmin_parties = 1";
    let one = [ALL, "\"compute\"", "\"compute\""];
    let alone = Setup { query, release, roles: &one, ..Setup::default() }.plan();
    check(&alone, std::slice::from_ref(&all));
    let mut roles = vec![ALL; 3];
    roles.extend(["\"data\""; 7]);
    let ten = Setup { query, release, roles: &roles, ..Setup::default() }.plan();
    let parts: Vec<Vec<Record>> = all.chunks(6).map(<[Record]>::to_vec).collect();
    check(&ten, &parts);
    let whole = alone.rehearse(&[local(&alone, &all)]).expect("in bounds").remove(0);
    let locals: Vec<_> = parts.iter().map(|part| local(&ten, part)).collect();
    let pooled = ten.rehearse(&locals).expect("in bounds").remove(0);
    for (whole, pooled) in whole.rows.iter().zip(&pooled.rows) {
        assert_eq!((&whole[..2], &whole[4]), (&pooled[..2], &pooled[4]));
    }
}

fn failure_rate(truncation: &str) -> Plan {
    let objective = format!(
        "kind = \"failure_rate\"\nevents = \"f\"\nexposure = \"y\"\nper = 1e6\nconfidence = 0.95\n\
         truncation = \"{truncation}\"\ngroup_by = [\"g\"]"
    );
    Setup { objective: Some(&objective), ..Setup::default() }.plan()
}

#[test]
fn failure_rates_by_group_know_no_failure_no_exposure_and_too_few() {
    // Group a: 3 failures in 300.0 km; b: none in 200.0; c: one record.
    let record = |g, f, y| Record { g, f, x: None, y };
    let provider = vec![record(0, true, 600), record(0, false, 400), record(1, false, 1000)];
    let one_more = [provider.clone(), vec![record(2, true, 500)]].concat();
    let providers = [provider, one_more, vec![record(0, true, 1000)]];
    for truncation in ["time", "failure"] {
        let plan = failure_rate(truncation);
        assert_eq!(plan.ring_bits(), 64, "all division is in the clear");
        let locals: Vec<_> = providers.iter().map(|records| local(&plan, records)).collect();
        let table = plan.rehearse(&locals).expect("in bounds").remove(0);
        assert_eq!(table.columns, ["g", "failures", "exposure", "rate", "lower", "upper"]);
        let per = "per 1000000 km";
        assert_eq!(table.units, ["", "", "km", per, per, per]);
        let a = &table.rows[0];
        assert_eq!(a[1..3], [Cell::Integer(3), Cell::Integer(300)]);
        // Chi-squared quantiles of 6, and of 8 or 6 degrees of freedom, over two.
        let upper = if truncation == "time" { 8.767_273_069_742_323 } else { 7.224_687_667_723_96 };
        for (at, want) in [(3, 3.0), (4, 0.618_672_122_895_601_4), (5, upper)] {
            let Cell::Number(got) = a[at] else { panic!("{a:?}") };
            let want = want / 300.0 * 1e6;
            let bound = table.error_bound[at].expect("a number");
            assert!((got - want).abs() <= bound, "{at}: {got} {want}");
            assert!(bound < 1e-9 * want, "{bound}");
        }
        // Two records only: the group is told apart from one without failures.
        assert_eq!(
            reason(&table, 1, "rate"),
            "suppressed: fewer than 3 records or 2 organisations"
        );
        assert_eq!(
            reason(&table, 2, "upper"),
            "suppressed: fewer than 3 records or 2 organisations"
        );
    }
}

#[test]
fn no_failure_has_a_rate_of_zero_and_a_limit_by_time_only() {
    let quiet = vec![Record { y: 1000, ..Record::default() }; 2];
    let idle = vec![Record { g: 1, ..Record::default() }; 2];
    let provider = [quiet, idle].concat();
    for truncation in ["time", "failure"] {
        let plan = failure_rate(truncation);
        let table = plan.rehearse(&vec![local(&plan, &provider); 3]).expect("in bounds").remove(0);
        let quiet = &table.rows[0];
        assert_eq!(quiet[1..3], [Cell::Integer(0), Cell::Integer(600)]);
        let zero = |cell: &Cell| matches!(cell, Cell::Integer(0)) || *cell == Cell::Number(0.0);
        assert!(zero(&quiet[3]) && zero(&quiet[4]), "{quiet:?}");
        if truncation == "time" {
            let Cell::Number(upper) = quiet[5] else { panic!("{quiet:?}") };
            assert!((upper - 3.688_879_454_113_936_3 / 600.0 * 1e6).abs() < 1e-6, "{upper}");
        } else {
            let why = "no failure: a failure-truncated upper limit does not exist";
            assert_eq!((&quiet[5], reason(&table, 0, "upper").as_str()), (&Cell::Empty, why));
        }
        for column in ["rate", "lower", "upper"] {
            assert_eq!(reason(&table, 1, column), "no exposure");
        }
        assert_eq!(table.rows[1][1..3], [Cell::Integer(0), Cell::Integer(0)]);
    }
}

/// Sums of salaries in cents, entered directly: what other packages get wrong in silence.
struct Salaries {
    count: i128,
    sum: i128,
    squares: i128,
}

impl Salaries {
    /// Around 50,000 with a spread of 10,000, from a linear congruential generator.
    fn of(count: usize, seed: u64, centre: i128) -> Self {
        let mut state = seed;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i128::from(state >> 44)
        };
        let mut all = Self { count: count as i128, sum: 0, squares: 0 };
        for _ in 0..count {
            // Twelve uniform numbers make nearly a normal one.
            let normal: i128 = (0..12).map(|_| uniform()).sum::<i128>() - (6 << 20);
            let salary = 5_000_000 + normal * 1_000_000 / (1 << 20) - centre;
            all.sum += salary;
            all.squares += salary * salary;
        }
        all
    }

    fn local(&self, plan: &Plan) -> LocalValues {
        let value = |measure: &Measure| {
            Some(match measure {
                Measure::Rows | Measure::Count(_) => self.count,
                Measure::Sum { .. } => self.sum,
                Measure::SumSquares { .. } => self.squares,
                Measure::Min { .. } | Measure::Max { .. } => unreachable!("not asked for"),
            })
        };
        let cells = vec![plan.local().measures.iter().map(value).collect()];
        LocalValues { cells, ..LocalValues::default() }
    }
}

/// A study of salaries between 0 and a million, in cents.
fn salaries(query: &str) -> Plan {
    let setup = Setup { query, max_rows: 1_000_000, ..Setup::default() };
    let text = setup.text().replace("range = [0, 1000]", "range = [0, 1000000]");
    let text = text.replace("decimals = 1", "decimals = 2");
    let study = Study::parse(&text, "salaries.toml").unwrap_or_else(|report| panic!("{report}"));
    Plan::of(&study).unwrap_or_else(|error| panic!("{error}"))
}

fn single(plan: &Plan, providers: &[Salaries]) -> (f64, f64) {
    let locals: Vec<_> = providers.iter().map(|salaries| salaries.local(plan)).collect();
    let table = plan.rehearse(&locals).expect("in bounds").remove(0);
    let Cell::Number(value) = table.rows[0][0] else { panic!("{:?}", table.rows) };
    (value, table.error_bound[0].expect("a number"))
}

#[test]
fn a_million_salaries_have_their_mean() {
    let plan = salaries("SELECT AVG(y) AS mean FROM t");
    let providers: Vec<_> =
        [400_000, 350_000, 250_000].map(|n| Salaries::of(n, n as u64, 0)).into();
    let (mean, bound) = single(&plan, &providers);
    let sum: i128 = providers.iter().map(|salaries| salaries.sum).sum();
    let want = sum as f64 / 1e8;
    assert!((want - 50_000.0).abs() < 50.0, "{want}");
    assert!((mean - want).abs() <= bound + 1e-11, "{mean} {want} {bound}");
    assert!(bound < 1e-10, "{bound}");
}

#[test]
fn ten_thousand_salaries_have_their_standard_deviation() {
    for counts in [[4_000, 3_500, 2_500], [400_000, 350_000, 250_000]] {
        let plan = salaries("SELECT STDDEV_SAMP(y) AS deviation FROM t");
        // The planner centres on the middle of the range.
        let providers: Vec<_> = counts.map(|n| Salaries::of(n, n as u64 + 1, 50_000_000)).into();
        let (deviation, bound) = single(&plan, &providers);
        let total = |of: fn(&Salaries) -> i128| providers.iter().map(of).sum::<i128>();
        let (n, sum, squares) = (total(|x| x.count), total(|x| x.sum), total(|x| x.squares));
        let spread = (squares * n - sum * sum) / n;
        let want = (spread as f64 / (n - 1) as f64).sqrt() / 100.0;
        assert!((9_900.0..10_100.0).contains(&want), "{want}");
        assert!((deviation - want).abs() <= bound + 1e-11 * want, "{deviation} {want} {bound}");
        assert!(bound < 1e-6, "{bound}");
    }
}

#[test]
fn exact_sums_beyond_doubles_are_within_the_bound_shown() {
    let plan = salaries("SELECT SUM(y) AS total FROM t");
    for odd in [1, 3, 7, 12_345] {
        let sum = 90_000_000_000_000 - odd;
        let providers: Vec<_> =
            [1_000_000; 3].map(|count| Salaries { count, sum, squares: 0 }).into();
        let (total, bound) = single(&plan, &providers);
        // In hundredths, so that no double comes near.
        let error = ((total * 100.0) as i128 - 3 * sum).abs() as f64 / 100.0;
        assert!(error <= bound + total * 1.2e-16, "{total}: {error} {bound}");
    }
}
