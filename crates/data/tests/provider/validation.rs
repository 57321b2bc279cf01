//! Each row is checked against the agreed schema; what fails is named, counted and left out.

use std::fs;

use sharewell_data::{ColumnCount, Error, FaultCount};
use sharewell_study::{Column, Kind, Missing};

use crate::{Provider, category, column, decimal, fans, integer, optional, sum, table, total};

#[test]
fn a_value_is_accepted_or_named_with_what_was_agreed() {
    let hours = Kind::Decimal { unit: "h".to_owned(), decimals: 1, min: 0, max: 1_000_000 };
    let days = Kind::Date { min: 0, max: 18_262 };
    for (kind, value, reason) in [
        (integer(-5, 5), "3", None),
        (integer(-5, 5), "3.0", None),
        (integer(-5, 5), "+3", None),
        (integer(-5, 5), "3.5", Some("3.5 is not a whole number")),
        (integer(-5, 5), "6", Some("6 is above the agreed maximum 5")),
        (integer(-5, 5), "-6", Some("-6 is below the agreed minimum -5")),
        (integer(-5, 5), "x", Some("\"x\" is not a number")),
        (
            integer(-5, 5),
            "99999999999999999999",
            Some("\"99999999999999999999\" is above the agreed maximum 5"),
        ),
        (integer(-5, 5), "NaN", Some("NaN is not a number")),
        (integer(-5, 5), "-inf", Some("-inf is not a number")),
        (hours.clone(), "120000.5", Some("120000.5 is above the agreed maximum 100000.0 h")),
        (hours.clone(), "1e5", None),
        (hours, "-0.1", Some("-0.1 is below the agreed minimum 0.0 h")),
        (Kind::Boolean, "1", None),
        (Kind::Boolean, "Yes", None),
        (Kind::Boolean, "FALSE", None),
        (Kind::Boolean, "2", Some("2 is neither true nor false")),
        (Kind::Boolean, "maybe", Some("\"maybe\" is neither true nor false")),
        (category(&["a", "b"]), "b", None),
        (category(&["1", "2"]), "2", None),
        (category(&["01", "02"]), "02", None),
        (category(&["a", "b"]), "B", Some("\"B\" is not one of the agreed categories: a, b")),
        (days.clone(), "2019-12-31", None),
        (days.clone(), "2020-01-02", Some("\"2020-01-02\" is above the agreed maximum 2020-01-01")),
        (days.clone(), "2019-02-30", Some("\"2019-02-30\" is not a day written YYYY-MM-DD")),
        (days, "20190101", Some("20190101 is not a day written YYYY-MM-DD")),
        (Kind::Identifier, "007", None),
        (Kind::Identifier, "1.5", Some("1.5 is neither text nor a whole number")),
    ] {
        let report = Provider::csv(format!("v\n{value}\n")).report(&table(vec![column("v", kind)]));
        let found = report.rejected.first().map(|rejected| rejected.reason.as_str());
        assert_eq!(found, reason, "{value}");
    }
}

#[test]
fn one_bad_cell_among_numbers_rejects_its_row_alone() {
    let rows = "hours,unit,status\n1.5,a,0\nx,b,1\n2.5,c,7\n200000,d,9\n";
    let agreed = Provider::csv(rows).read(&fans()).expect("readable");
    let report = agreed.report();
    assert_eq!((report.rows_read, report.rows_accepted, report.rows_rejected), (4, 1, 3));
    let rejected: Vec<_> =
        report.rejected.iter().map(|r| (r.line, r.column.as_str(), r.reason.as_str())).collect();
    assert_eq!(
        rejected,
        [
            (3, "hours", "\"x\" is not a number"),
            (4, "status", "7 is neither true nor false"),
            (5, "hours", "\"200000\" is above the agreed maximum 100000.0 h"),
            (5, "status", "9 is neither true nor false"),
        ]
    );
    let count = |column: &str, fault: &str, rows| FaultCount {
        column: column.to_owned(),
        fault: fault.to_owned(),
        rows,
    };
    assert_eq!(
        report.faults,
        [
            count("hours", "not a number", 1),
            count("hours", "above the agreed maximum", 1),
            count("status", "neither true nor false", 2),
        ]
    );
    assert_eq!(total(&agreed, vec![sum("hours", 1)]), [Some(15)]);
}

#[test]
fn rounding_to_the_agreed_decimals_is_counted() {
    let agreed = Provider::csv("x\n1.25\n1.34\n1.4000000000000001\n1.5\n")
        .read(&table(vec![column("x", decimal(1, 0, 100))]))
        .expect("readable");
    assert_eq!(agreed.report().rounded, [ColumnCount { column: "x".to_owned(), rows: 2 }]);
    assert_eq!(total(&agreed, vec![sum("x", 1)]), [Some(13 + 13 + 14 + 15)]);
}

#[test]
fn digits_that_a_floating_point_number_would_lose_are_kept() {
    let agreed = Provider::csv("x\n12345678901234.567\n0.5\n-9007199254740.993\n1e3\n")
        .read(&table(vec![column("x", decimal(3, i64::MIN, i64::MAX))]))
        .expect("readable");
    let expected = 12_345_678_901_234_567 + 500 - 9_007_199_254_740_993 + 1_000_000;
    assert_eq!(total(&agreed, vec![sum("x", 3)]), [Some(expected)]);
}

#[test]
fn a_missing_value_is_refused_or_counted_as_the_schema_says() {
    let rows = "x,y\nNA,1\n2,\n3,4\n";
    let agreed = table(vec![optional("x", integer(0, 9)), column("y", integer(0, 9))]);
    assert_eq!(agreed.columns[1].missing, Missing::Refuse);
    let mapping =
        "source.t = { path = \"t.csv\", null = [\"\", \"NA\"] }\nmap.sql = \"SELECT * FROM t\"";
    let provider = Provider::csv(rows);
    let read = provider.read_with(mapping, &agreed).expect("readable");
    assert_eq!(read.report().rejected[0].reason, "no value where one is required");
    assert_eq!(read.report().missing, [ColumnCount { column: "x".to_owned(), rows: 1 }]);
    assert_eq!(read.report().rows_accepted, 2);
}

#[test]
fn on_rejected_stop_gives_the_report_and_no_result() {
    let provider = Provider::csv("x\n1\n10\n");
    let mapping =
        "source.t.path = \"t.csv\"\nmap.sql = \"SELECT * FROM t\"\nrules.on_rejected = \"stop\"";
    let agreed = table(vec![column("x", integer(0, 9))]);
    let Err(Error::Rejected(report)) = provider.read_with(mapping, &agreed) else {
        panic!("a rejected row must stop");
    };
    assert_eq!(report.rejected[0].line, 3);
}

#[test]
fn rejected_values_are_listed_up_to_a_limit_and_counted_beyond() {
    let rows: String = std::iter::once("x\n").chain((0..1500).map(|_| "10\n")).collect();
    let report = Provider::csv(rows).report(&table(vec![column("x", integer(0, 9))]));
    assert_eq!((report.rejected.len(), report.faults[0].rows), (1000, 1500));
    assert!(report.to_string().ends_with("... and 1480 more"));
}

#[test]
fn the_report_is_written_as_json() {
    let provider = Provider::csv("x\n10\n");
    let report = provider.report(&table(vec![column("x", integer(0, 9))]));
    let path = provider.path("report.json");
    report.write_json(&path).expect("the directory is writable");
    let text = fs::read_to_string(&path).expect("written");
    for part in ["\"rows_rejected\": 1", "\"numbering\": \"line\"", "\"line\": 2", "10 is above"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn values_beyond_the_range_count_as_its_ends_where_that_is_agreed() {
    let clip = |name: &str, kind: Kind| Column { clip: true, ..column(name, kind) };
    let days = Kind::Date { min: 0, max: 10 };
    let agreed = table(vec![
        clip("age", integer(18, 90)),
        clip("dose", decimal(1, 0, 100)),
        clip("day", days),
        column("strict", integer(0, 5)),
    ]);
    let csv = "age,dose,day,strict\n17,10.5,1969-12-31,1\n104,-3,1970-01-20,2\n50,5,1970-01-03,3\n\
               50,5,1970-01-03,6\nold,5,1970-01-03,4\n";
    let provider = Provider::csv(csv.as_bytes());
    let read = provider.read(&agreed).expect("readable");
    let report = read.report();
    assert_eq!((report.rows_accepted, report.rows_rejected), (3, 2), "{report}");
    let coded: Vec<(&str, u64)> =
        report.coded.iter().map(|of| (of.column.as_str(), of.rows)).collect();
    assert_eq!(coded, [("age", 2), ("dose", 2), ("day", 2)]);
    assert!(
        report.to_string().contains("age: beyond the range, and counted as its end, in 2 rows")
    );
    let sums = total(&read, vec![sum("\"age\"", 0), sum("\"dose\"", 1)]);
    assert_eq!(sums, [Some(18 + 90 + 50), Some(100 + 50)]);
}
