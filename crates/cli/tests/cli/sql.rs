//! SQL over three tables that nobody sees together, against the same in the clear.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{
    PARTIES, Site, Terms, copy_of, costs_as_quoted, decimal, integer, is_within_bound, numbers,
    place, value,
};

/// A record: region, tenths of hours, failures.
type Record = (&'static str, i64, i64);

const QUERY: &str = "
    SELECT region, COUNT(*) AS n, SUM(failures) AS failures, AVG(hours) AS mean,
           VAR_SAMP(hours) AS variance, STDDEV_SAMP(hours) AS deviation,
           SUM(failures) / SUM(hours) AS rate, MIN(hours) AS least, MAX(hours) AS greatest
    FROM records
    WHERE hours >= 100 AND failures < 9
    GROUP BY region";

fn columns() -> String {
    let region = "[[table.column]]\nname = \"region\"\ntype = \"category\"\n\
                  categories = [\"north\", \"south\", \"east\", \"west\"]\n";
    [region, &decimal("hours", 1, 0, 10_000), &integer("failures", 0, 50)].concat()
}

/// North and south: at every party. East: too few records. West: at two parties only.
fn records(party: usize) -> Vec<Record> {
    let mut records = vec![];
    let mut random = numbers(party as u64);
    let mut add = |region, rows| {
        for _ in 0..rows {
            let hours = (random.next().unwrap() % 100_001) as i64;
            records.push((region, hours, (random.next().unwrap() % 11) as i64));
        }
    };
    add("north", 40);
    add("south", 25 + 10 * party);
    add("east", 2);
    add("west", [30, 30, 0][party]);
    records
}

fn site(sufficient: &str) -> (Site, Vec<Record>) {
    let rest =
        format!("[release]\nmin_records = 10\nmin_parties = 3\nsufficient = \"{sufficient}\"\n");
    let terms = Terms { columns: &columns(), query: QUERY, max_rows: 1000, rest: &rest };
    let site = Site::new(&terms);
    let mut all = vec![];
    for (i, party) in PARTIES.iter().enumerate() {
        let mut csv = "region,hours,failures\n".to_owned();
        for (region, tenths, failures) in records(i) {
            writeln!(csv, "{region},{}.{},{failures}", tenths / 10, tenths % 10).unwrap();
        }
        site.source(party, &csv);
        all.extend(records(i));
    }
    (site, all)
}

/// The exact answers of one region, but for the last rounding to a double.
fn compare(report: &Value, row: usize, region: &str, all: &[Record]) {
    let counted = |r: &&Record| r.0 == region && r.1 >= 1000 && r.2 < 9;
    let records: Vec<&Record> = all.iter().filter(counted).collect();
    let (n, tenths, squares, failures) =
        records.iter().fold((0, 0, 0, 0), |(n, tenths, squares, failures), r| {
            (n + 1, tenths + r.1, squares + i128::from(r.1).pow(2), failures + r.2)
        });
    let centred = n * squares - i128::from(tenths).pow(2);
    let variance = centred as f64 / (100 * n * (n - 1)) as f64;
    assert_eq!(value(report, row, "n"), (n as f64, 0.0));
    assert_eq!(value(report, row, "failures"), (failures as f64, 0.0));
    let mean = tenths as f64 / (10 * n) as f64;
    is_within_bound(report, row, "mean", mean, 1e-9);
    is_within_bound(report, row, "variance", variance, 1e-6);
    is_within_bound(report, row, "deviation", variance.sqrt(), 1e-6);
    is_within_bound(report, row, "rate", (10 * failures) as f64 / tenths as f64, 1e-8);
    let least = records.iter().map(|r| r.1).min().unwrap() as f64 / 10.0;
    let greatest = records.iter().map(|r| r.1).max().unwrap() as f64 / 10.0;
    is_within_bound(report, row, "least", least, 1e-9);
    is_within_bound(report, row, "greatest", greatest, 1e-9);
}

/// Every value of a group is missing, and each says why.
fn is_suppressed(report: &Value, row: usize, reason: &str) {
    let table = &report["results"][0];
    let cells = table["rows"][row].as_array().unwrap();
    assert!(cells[1..].iter().all(Value::is_null), "{cells:?}");
    let notes = table["notes"].as_array().unwrap();
    let notes: Vec<&Value> = notes.iter().filter(|note| note["row"] == row).collect();
    assert_eq!(notes.len(), cells.len() - 1, "a reason for each cell");
    for note in notes {
        assert_eq!(note["reason"], reason);
    }
}

fn answers_are_right(sufficient: &str) {
    let (site, all) = site(sufficient);
    let report = site.result();
    let regions: Vec<&Value> =
        report["results"][0]["rows"].as_array().unwrap().iter().map(|row| &row[0]).collect();
    assert_eq!(regions, ["north", "south", "east", "west"]);
    assert_eq!(place(&report, "region"), 0);
    compare(&report, 0, "north", &all);
    compare(&report, 1, "south", &all);
    is_suppressed(&report, 2, "suppressed: fewer than 10 records or 3 organisations");
    is_suppressed(&report, 3, "suppressed: fewer than 10 records or 3 organisations");
    costs_as_quoted(&report);
}

#[test]
fn answers_on_shares_are_the_clear_ones_within_their_bounds_and_small_groups_are_suppressed() {
    answers_are_right("hidden");
}

#[test]
fn answers_on_opened_sums_are_the_clear_ones_within_their_bounds_too() {
    answers_are_right("open");
}

#[test]
fn a_suppressed_group_says_so_to_people() {
    let (site, _) = site("hidden");
    let run = site.run(&[]);
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert!(
        run.out.contains("east: n, failures, mean, variance, deviation, rate, least, greatest")
    );
    assert!(run.out.contains("suppressed: fewer than 10 records or 3 organisations"));
    assert!(run.out.contains("suppressed: fewer than 10 records or 3 organisations"));
}

#[test]
fn a_missing_value_is_left_out_as_sql_does() {
    let hours = decimal("hours", 1, 0, 10_000) + "missing = \"allow\"\n";
    let query = "SELECT COUNT(*) AS n, COUNT(hours) AS known, AVG(hours) AS mean FROM records";
    let rest = "[release]\nmin_records = 2\nmin_parties = 2\n";
    let site = Site::new(&Terms { columns: &hours, query, max_rows: 100, rest });
    for party in PARTIES {
        site.source(party, "hours\n10.5\n\"\"\n20.5\n");
    }
    let report = site.result();
    assert_eq!(value(&report, 0, "n").0, 9.0);
    assert_eq!(value(&report, 0, "known").0, 6.0);
    is_within_bound(&report, 0, "mean", 15.5, 1e-7);
}

#[test]
fn totals_of_the_trial_are_those_of_its_records_and_none_tells_a_small_group() {
    let site = copy_of("clinical-trial", "totals.toml");
    let arms =
        ["zidovudine", "zidovudine and didanosine", "zidovudine and zalcitabine", "didanosine"];
    let mut count = std::collections::BTreeMap::<(String, String), [u64; 3]>::new();
    for (at, party) in ["a", "b", "c"].into_iter().enumerate() {
        let path = site.path("sources").join(format!("party_{party}.csv"));
        let mut reader = csv::Reader::from_path(path).unwrap();
        let heads = reader.headers().unwrap().clone();
        let place = |name: &str| heads.iter().position(|head| head == name).unwrap();
        let [age, arm, progressed] = ["age", "arms", "cens"].map(place);
        for record in reader.records() {
            let record = record.unwrap();
            if record[age].parse::<f64>().unwrap() >= 25.0 {
                continue;
            }
            let arm = arms[record[arm].parse::<usize>().unwrap()].to_owned();
            let progressed = (&record[progressed] == "1").to_string();
            for arm in [arm, "(all)".to_owned()] {
                for progressed in [progressed.clone(), "(all)".to_owned()] {
                    count.entry((arm.clone(), progressed)).or_default()[at] += 1;
                }
            }
        }
    }
    // Ten records of all three sites, and none has more than four fifths.
    let is_open = |of: &[u64; 3]| {
        let (n, most) = (of.iter().sum::<u64>(), *of.iter().max().unwrap());
        n >= 10 && of.iter().all(|n| *n > 0) && 10 * most <= 8 * n
    };
    let inside = |row: &(String, String), cell: &(String, String)| {
        cell.0 != "(all)"
            && cell.1 != "(all)"
            && (row.0 == "(all)" || row.0 == cell.0)
            && (row.1 == "(all)" || row.1 == cell.1)
    };
    let report = site.result();
    costs_as_quoted(&report);
    let rows = report["results"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4 * 2 + 4 + 2 + 1);
    let mut shown = 0;
    for row in rows {
        let text = |at: usize| row[at].as_str().unwrap().to_owned();
        let of = (text(0), text(1));
        let all = count.iter().filter(|(cell, _)| inside(&of, cell)).all(|(_, n)| is_open(n));
        let own = count.get(&of).copied().unwrap_or_default();
        let want = (is_open(&own) && all).then(|| ((own.iter().sum::<u64>() + 2) / 5 * 5) as f64);
        assert_eq!(row[2].as_f64(), want, "{of:?} {own:?}");
        shown += usize::from(want.is_some());
    }
    assert!((5..rows.len()).contains(&shown), "some are shown, and some are not");
}
