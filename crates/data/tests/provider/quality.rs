//! The audit at home, and the study's limits.

use sharewell_data::{Agreed, ColumnAudit, Error, QualityReport};
use sharewell_study::{Constant, Decimal, Kind, Quality, Table};

use crate::{LENIENT, Provider, category, column, decimal, integer, optional, table};

fn share(digits: i128, scale: u8) -> Option<Decimal> {
    Decimal::new(digits, scale)
}

fn read(rows: &str, agreed: &Table, quality: &Quality) -> Agreed {
    let provider = Provider::csv(rows);
    let mapping = provider.mapping("source.t.path = \"t.csv\"").expect("a good mapping");
    Agreed::read(&mapping, agreed, quality).expect("readable")
}

fn audit(report: &QualityReport, name: &str) -> ColumnAudit {
    report.columns.iter().find(|column| column.column == name).expect("audited").clone()
}

fn everything() -> Table {
    let day = Kind::Date { min: 0, max: 100_000 };
    let mut table = table(vec![
        column("id", Kind::Identifier),
        column("x", decimal(1, -1000, 100_000)),
        optional("sex", category(&["m", "f", "d"])),
        column("day", day),
        column("same", integer(0, 9)),
    ]);
    table.key = vec![0];
    table
}

/// `x` is 1.0 to 2.0, and once 99.9; the median is 1.6, the median absolute deviation 0.3.
const ROWS: &str = "id,x,sex,day,same\na,1.0,m,2020-01-01,7\nb,1.1,f,2020-01-02,7\n\
    c,1.2,,2020-01-03,7\nd,1.4,m,2020-01-04,7\ne,1.6,m,2020-01-05,7\nf,1.7,f,2020-01-06,7\n\
    g,1.8,m,2020-01-07,7\nh,1.9,m,2101-01-08,7\ni,99.9,m,2020-01-09,7\n";

#[test]
fn every_column_is_audited() {
    let read = read(ROWS, &everything(), &LENIENT);
    let report = read.report();
    assert_eq!((report.rows_accepted, report.breaches.len()), (9, 0), "{report}");
    let x = audit(report, "x");
    let spread = x.spread.expect("numbers have a spread");
    assert_eq!([&*spread.min, &*spread.median, &*spread.max], ["1.0", "1.6", "99.9"]);
    assert_eq!((x.outliers, x.constant, x.values, x.missing), (1, false, 9, 0));
    assert_eq!(x.histogram.iter().map(|bin| bin.rows).sum::<u64>(), 9);
    assert_eq!((x.histogram.len(), x.histogram[0].rows, x.histogram[19].rows), (20, 8, 1));
    let sex = audit(report, "sex");
    let bins: Vec<_> = sex.histogram.iter().map(|bin| (&*bin.from, bin.rows)).collect();
    assert_eq!((bins, sex.missing), (vec![("m", 6), ("f", 2), ("d", 0)], 1));
    assert_eq!((audit(report, "day").future, audit(report, "same").constant), (1, true));
    assert!(audit(report, "id").histogram.is_empty(), "an identifier is told by nobody");
    for part in ["x: 1 outliers", "day: 1 days in the future", "same: all values are the same"] {
        assert!(report.to_string().contains(part), "`{part}` is not in: {report}");
    }
}

#[test]
fn a_limit_of_the_study_stops_a_provider_beyond_it_and_only_beyond_it() {
    let ninth = |above: bool| share(if above { 12 } else { 11 }, 2);
    for (beyond, within, part) in [
        (Quality { min_rows: 10, ..LENIENT }, Quality { min_rows: 9, ..LENIENT }, "9 valid rows"),
        (
            Quality { max_missing: ninth(false), ..LENIENT },
            Quality { max_missing: ninth(true), ..LENIENT },
            "sex: no value in 1 of 9 rows, at most a share of 0.11",
        ),
        (
            Quality { max_outliers: share(0, 0), ..LENIENT },
            Quality {
                max_outliers: share(0, 0),
                outlier_z: Decimal::new(1000, 0).expect("z"),
                ..LENIENT
            },
            "x: outliers in 1 of 9",
        ),
        (
            Quality { max_future: ninth(false), ..LENIENT },
            Quality { max_future: ninth(true), ..LENIENT },
            "day: days in the future in 1 of 9",
        ),
        (Quality { constant: Constant::Refuse, ..LENIENT }, LENIENT, "same: all values"),
        (
            Quality { max_rejected: share(9, 2), ..LENIENT },
            Quality { max_rejected: share(1, 1), ..LENIENT },
            "faults in 1 of 10 rows",
        ),
    ] {
        let rows = if part.contains("faults") {
            format!("{ROWS}j,1.0,x,2020-01-01,7\n")
        } else {
            ROWS.to_owned()
        };
        read(&rows, &everything(), &within).check().unwrap_or_else(|error| panic!("{error}"));
        let error = read(&rows, &everything(), &beyond).check().expect_err(part);
        assert!(matches!(error, Error::Quality(_)), "{error}");
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
        assert!(!error.public().contains("sex"), "no names for other parties");
    }
}

#[test]
fn of_rows_with_one_key_the_first_is_kept() {
    let mut agreed = table(vec![column("a", Kind::Identifier), column("b", integer(0, 9))]);
    agreed.key = vec![0, 1];
    let read = read("a,b\nx,1\nx,2\ny,1\nx,1\nx,10\nx,1\n", &agreed, &LENIENT);
    let report = read.report();
    assert_eq!((report.rows_accepted, report.rows_rejected), (3, 3));
    let rejected: Vec<_> = report.rejected.iter().map(|r| (r.line, &*r.reason)).collect();
    let again = "\"x\" is the key of an earlier row, line 2";
    assert_eq!(rejected[0], (5, again));
    assert_eq!(rejected[2], (7, again));
}

#[test]
fn the_page_needs_no_other_file_and_quotes_values_as_text() {
    let rows = ROWS.replace("d,1.4,m", "d,1.4,<script>alert(1)</script>");
    let read = read(&rows, &everything(), &Quality { min_rows: 100, ..LENIENT });
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("quality.html");
    read.report().write_html(&path).expect("writable");
    let page = std::fs::read_to_string(&path).expect("written");
    for part in [
        "<svg",
        "&lt;script&gt;",
        "8 valid rows, at least 100",
        "days in the future",
        "from 1.0 to 99.9",
    ] {
        assert!(page.contains(part), "`{part}` is not in the page");
    }
    for part in ["<script", "http", "src=", "href=", "url("] {
        assert!(!page.contains(part), "`{part}` is in the page");
    }
}
