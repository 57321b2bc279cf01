//! Numbers that other packages get wrong without a word: here they are right, or refused.

use std::fmt::Write as _;

use crate::support::{
    PARTIES, Site, Terms, costs_as_quoted, decimal, integer, is_within_bound, numbers, value,
};

const FEW: &str = "[release]\nmin_records = 2\nmin_parties = 2\n";

/// Salaries around 50,000 in cents, `rows` at each party: the site, sum and sum of squares.
fn salaries(rows: usize, query: &str) -> (Site, i128, i128) {
    let columns = decimal("salary", 2, 0, 1_000_000);
    let site = Site::new(&Terms { columns: &columns, query, max_rows: 1_000_000, rest: "" });
    let (mut sum, mut squares) = (0, 0);
    for (seed, party) in (0..).zip(PARTIES) {
        let mut csv = "salary\n".to_owned();
        for random in numbers(seed).take(rows) {
            // The sum of four even spreads: a bell around 50,000.00 with a deviation of 10,000.
            let spread = (0..4).map(|i| (random >> (16 * i)) & 0xffff).sum::<u64>();
            let cents = 5_000_000 + (spread as i64 - 131_070) * 26;
            writeln!(csv, "{}.{:02}", cents / 100, cents % 100).unwrap();
            sum += i128::from(cents);
            squares += i128::from(cents).pow(2);
        }
        site.source(party, &csv);
    }
    (site, sum, squares)
}

fn mean_and_deviation_are_right(rows: usize) {
    let query = "SELECT AVG(salary) AS mean, STDDEV_SAMP(salary) AS deviation FROM records";
    let (site, sum, squares) = salaries(rows, query);
    let report = site.result();
    let n = 3 * rows as i128;
    let mean = sum as f64 / (100 * n) as f64;
    assert!((49_000.0..51_000.0).contains(&mean), "the test's own data");
    is_within_bound(&report, 0, "mean", mean, 1e-9);
    let variance = (n * squares - sum * sum) as f64 / (10_000 * n * (n - 1)) as f64;
    is_within_bound(&report, 0, "deviation", variance.sqrt(), 1e-6);
    costs_as_quoted(&report);
}

#[test]
fn mean_and_deviation_of_ten_thousand_salaries_are_right() {
    mean_and_deviation_are_right(3_400);
}

#[test]
fn mean_and_deviation_of_a_million_salaries_are_right() {
    mean_and_deviation_are_right(333_334);
}

/// The product of two pooled sums, from parts that the parties hold.
fn product(a: [i64; 3], b: [i64; 3], greatest: i64) -> (f64, f64) {
    let columns = [integer("a", 0, greatest), integer("b", 0, greatest)].concat();
    let query = "SELECT SUM(a) * SUM(b) AS product FROM records";
    let site = Site::new(&Terms { columns: &columns, query, max_rows: 2, rest: FEW });
    for (i, party) in PARTIES.iter().enumerate() {
        site.source(party, &format!("a,b\n{},{}\n0,0\n", a[i], b[i]));
    }
    value(&site.result(), 0, "product")
}

#[test]
fn a_product_of_large_integers_is_exact() {
    let (a, b) = ([1_000_000, 231_234, 0], [231_235, 0, 1_000_000]);
    assert_eq!(product(a, b, 2_000_000), (1_231_234.0 * 1_231_235.0, 0.0));
    let (a, b) = ([4_000_000, 0, 0], [1_000_000, 1_000_000, 2_000_000]);
    assert_eq!(product(a, b, 4_000_000), (4e6 * 4e6, 0.0));
    assert_eq!(product([100_000, 0, 0], [0, 0, 100_000], 100_000), (1e5 * 1e5, 0.0));
}

#[test]
fn what_is_no_finite_number_is_rejected_with_its_row_and_column() {
    let columns = decimal("hours", 1, 0, 1_000);
    let query = "SELECT COUNT(*) AS n, AVG(hours) AS mean FROM records";
    let site = Site::new(&Terms { columns: &columns, query, max_rows: 100, rest: FEW });
    PARTIES.iter().for_each(|party| site.source(party, "hours\n10.0\n20.0\n"));
    site.source("op_b", "hours\n10.0\nNaN\ninf\n-Infinity\n1e999\n20.0\n");
    let report = site.result();
    assert_eq!(report["rejected"], serde_json::json!({"op_a": 0, "op_b": 4, "op_c": 0}));
    assert_eq!(value(&report, 0, "n").0, 6.0);
    is_within_bound(&report, 0, "mean", 15.0, 1e-7);
    let quality = std::fs::read_to_string(site.path("reports/op_b.json")).unwrap();
    let quality: serde_json::Value = serde_json::from_str(&quality).unwrap();
    let rejected = quality["rejected"].as_array().unwrap();
    let places: Vec<_> = rejected.iter().map(|row| (&row["line"], &row["column"])).collect();
    let hours = serde_json::Value::from("hours");
    assert!(places.iter().map(|(line, _)| line.as_u64()).eq([3, 4, 5, 6].map(Some)), "{quality}");
    assert!(places.iter().all(|(_, column)| **column == hours), "{quality}");
}

#[test]
fn what_could_overflow_is_refused_before_the_run_by_the_columns_name() {
    let columns = [integer("mileage", 0, i64::MAX), integer("small", 0, 9)].concat();
    let query = "SELECT SUM(small) AS s, SUM(mileage * mileage) AS squares FROM records";
    let terms = Terms { columns: &columns, query, max_rows: 1_000_000_000, rest: FEW };
    let site = Site::new(&terms);
    for refused in [site.check(), site.run(&[])] {
        refused.fails(2, &["`mileage`", "help: narrow the column's range"]);
        assert!(!refused.err.contains("small"), "{}", refused.err);
    }
}

#[test]
fn a_product_of_sums_that_could_overflow_is_refused_by_the_columns_names() {
    let columns = [integer("mileage", 0, i64::MAX), integer("weight", 0, i64::MAX)].concat();
    let query = "SELECT SUM(mileage) * SUM(weight) AS product FROM records";
    let terms = Terms { columns: &columns, query, max_rows: 1000, rest: FEW };
    Site::new(&terms).check().fails(2, &["mileage", "weight", "help: narrow"]);
}
