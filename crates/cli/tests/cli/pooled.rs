//! SQL over three tables that nobody sees together, against DataFusion's answer to the same text on
//! the pooled rows.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{
    PARTIES, Site, Terms, costs_as_quoted, decimal, finish, integer, numbers, place, start,
};

const NUMBERS: [&str; 14] = [
    "COUNT(*) AS n",
    "SUM(CASE WHEN failed THEN hours ELSE 0 END) AS failed_hours",
    "AVG(CASE WHEN EXTRACT(YEAR FROM installed) >= 2015 THEN 1 ELSE 0 END) AS recent",
    "SUM(CASE WHEN hours > 500 AND EXTRACT(MONTH FROM installed) IN (1, 2) THEN 1 ELSE 0 END) AS winter",
    "MAX(CASE region WHEN 'north' THEN failures END) AS most_north",
    "MIN(hours - failures) AS least",
    "VAR_POP(hours) AS variance",
    "STDDEV_POP(failures) AS deviation",
    "COVAR_SAMP(hours, failures) AS covariance",
    "COVAR_POP(hours, failures) AS of_all",
    "SUM(date_part('quarter', installed)) AS quarters",
    "COUNT(DISTINCT installed) AS days",
    "COUNT(DISTINCT hours - failures) AS gaps",
    "MEDIAN(hours) AS middle",
];

const REST: &str = "FROM records WHERE date_part('dow', installed) <> 3
    GROUP BY region HAVING n > 20 AND NOT least > 900 ORDER BY covariance DESC";

const REGION: &str = "[[table.column]]\nname = \"region\"\ntype = \"category\"\n\
                      categories = [\"north\", \"south\", \"east\", \"west\"]\n";

fn columns() -> String {
    let hours = decimal("hours", 1, 0, 1000) + "missing = \"allow\"\n";
    let others = "[[table.column]]\nname = \"failed\"\ntype = \"boolean\"\n\
                  [[table.column]]\nname = \"installed\"\ntype = \"date\"\n\
                  range = [\"2010-01-01\", \"2019-12-31\"]\n";
    [REGION, &hours, &integer("failures", 0, 50), others].concat()
}

/// Rows of a party, of which the west has few.
fn rows(party: usize) -> String {
    let mut csv = String::new();
    let mut random = numbers(party as u64 + 40);
    let mut next = |below: u64| random.next().unwrap() % below;
    for (region, rows) in [("north", 30), ("south", 25), ("east", 40), ("west", 5)] {
        for _ in 0..rows {
            let hours = match next(8) {
                0 => String::new(),
                _ => format!("{}.{}", next(1000), next(10)),
            };
            let day = format!("201{}-{:02}-{:02}", next(10), next(12) + 1, next(28) + 1);
            let (failures, failed) = (next(51), next(3) == 0);
            writeln!(csv, "{region},{hours},{failures},{failed},{day}").unwrap();
        }
    }
    csv
}

const HEAD: &str = "region,hours,failures,failed,installed\n";

/// What a provider's own engine says of all rows together.
fn of_pooled_rows(query: &str) -> Vec<Vec<Option<String>>> {
    let names = NUMBERS.iter().map(|item| item.rsplit(' ').next().unwrap());
    let names = names.chain(query.contains("CORR").then_some("r"));
    let number =
        |name: &str| decimal(name, 9, -1_000_000_000, 1_000_000_000) + "missing = \"allow\"\n";
    let columns = REGION.to_owned() + &names.map(number).collect::<String>();
    let terms =
        Terms { columns: &columns, query: "SELECT COUNT(*) FROM records", max_rows: 9, rest: "" };
    let site = Site::new(&terms);
    site.write("sources/op_a.csv", &(HEAD.to_owned() + &(0..3).map(rows).collect::<String>()));
    site.mapping("op_a", query, "");
    let [study, mapping] = ["study.toml", "sources/op_a.toml"].map(|file| site.path(file));
    let paths = [study.to_str().unwrap(), mapping.to_str().unwrap(), "--json"];
    let report = finish(start(["source", "check"].iter().chain(&paths))).json();
    serde_json::from_value(report["rows"].clone()).unwrap()
}

fn answers_are_those_of_datafusion(sufficient: &str, correlation: &str) {
    let query = format!("SELECT region, {}{correlation} {REST}", NUMBERS.join(", "));
    let rest =
        format!("[release]\nmin_records = 5\nmin_parties = 3\nsufficient = \"{sufficient}\"\n");
    let site =
        Site::new(&Terms { columns: &columns(), query: &query, max_rows: 1000, rest: &rest });
    for (i, party) in PARTIES.iter().enumerate() {
        site.source(party, &(HEAD.to_owned() + &rows(i)));
    }
    let report = site.result();
    let table = &report["results"][0];
    let shown = table["rows"].as_array().unwrap();
    let expected = of_pooled_rows(&query);
    assert_eq!(shown.len(), expected.len(), "{shown:?} {expected:?}");
    assert!(expected.len() == 3, "the west has too few records: {expected:?}");
    for (row, expected) in shown.iter().zip(&expected) {
        assert_eq!(row[0].as_str(), expected[0].as_deref(), "{shown:?} {expected:?}");
        for (at, want) in expected.iter().enumerate().skip(1) {
            let name = &table["columns"][at];
            let Some(want) = want else {
                assert_eq!(row[at], Value::Null, "{name}");
                continue;
            };
            let want: f64 = want.parse().unwrap();
            let bound = table["error_bound"][at].as_f64().unwrap();
            // DataFusion adds doubles and shows nine digits.
            let near = bound + 1e-8 + 1e-10 * want.abs();
            let got = row[at].as_f64().unwrap_or_else(|| panic!("{name}: {}", row[at]));
            assert!((got - want).abs() <= near, "{name}: {got} is not {want} within {near}");
            assert!(bound <= 1e-5 * want.abs().max(1.0), "{name}: a bound of {bound}");
        }
    }
    assert_eq!(place(&report, "n"), 1);
    costs_as_quoted(&report);
}

#[test]
fn what_is_calculated_on_shares_is_what_datafusion_says_of_the_pooled_rows() {
    answers_are_those_of_datafusion("hidden", "");
}

#[test]
fn what_is_calculated_from_opened_sums_is_what_datafusion_says_of_the_pooled_rows() {
    answers_are_those_of_datafusion("open", ", CORR(failures, hours) AS r");
}
