//! `[columns.NAME]`: renames, units, codes and missing values, beside or instead of SQL.

use sharewell_data::{Converted, Error};
use sharewell_study::{Column, Kind, Missing, Table};

use crate::{Provider, category, column, optional, sum, table, total};

fn measured(name: &str, unit: &str, decimals: u8) -> Column {
    let unit = unit.to_owned();
    column(name, Kind::Decimal { unit, decimals, min: -1_000_000, max: 1_000_000 })
}

fn vehicles() -> Table {
    table(vec![
        measured("speed", "km/h", 2),
        optional("sex", category(&["male", "female"])),
        column("failed", Kind::Boolean),
    ])
}

const RULES: &str = "[source.t]\npath = \"t.csv\"\n\
     [columns.speed]\nfrom = \"spd, max\"\nunit = \"mph\"\n\
     [columns.sex]\nmissing = [\"9\", \"?\"]\n[columns.sex.codes]\nM = \"male\"\n2 = \"female\"\n\
     [columns.failed.codes]\nbroken = \"true\"\nfine = \"false\"\n";

const ROWS: &str = "\"spd, max\",sex,failed,rest\n60,M,broken,x\n-1.5,2,fine,y\n0,9,false,z\n\
     1,?,fine,\n2,x,fine,\n3,male,odd,\n";

#[test]
fn columns_are_renamed_converted_and_decoded_without_sql() {
    let read = Provider::csv(ROWS).read_with(RULES, &vehicles()).expect("readable");
    let report = read.report();
    assert_eq!(report.rows_accepted, 4, "{report}");
    let rejected: Vec<_> =
        report.rejected.iter().map(|r| (r.line, &*r.column, &*r.reason)).collect();
    let sex = "\"x\" is not one of the agreed categories: male, female";
    assert_eq!(rejected, [(6, "sex", sex), (7, "failed", "\"odd\" is neither true nor false")]);
    // 60 mph, -1.5 mph and 1 mph, each rounded to hundredths of a km/h: 96.56, -2.41 and 1.61.
    let women = "CASE WHEN sex = 'female' THEN 1 ELSE 0 END";
    let sums = vec![sum("speed", 2), sum("failed", 0), sum(women, 0)];
    assert_eq!(total(&read, sums), [Some(9656 - 241 + 161), Some(1), Some(1)]);
    assert_eq!(report.missing[0].rows, 2);
    let (from, to) = ("mph".to_owned(), "km/h".to_owned());
    assert_eq!(report.converted, [Converted { column: "speed".to_owned(), from, to }]);
    assert!(report.to_string().contains("speed: converted from mph to km/h"), "{report}");
}

#[test]
fn columns_are_described_beside_sql_too() {
    let mapping =
        format!("{RULES}[map]\nsql = '''SELECT \"spd, max\" * 1 AS v, sex, failed FROM t'''");
    let mapping = mapping.replace("\"spd, max\"\nunit", "\"v\"\nunit");
    let read = Provider::csv(ROWS).read_with(&mapping, &vehicles()).expect("readable");
    assert_eq!(total(&read, vec![sum("speed", 2)]), [Some(9656 - 241 + 161)]);
}

#[test]
fn a_description_that_does_not_fit_the_study_is_shown_where_it_is() {
    let refused = |from: &str, to: &str, parts: &[&str]| {
        assert_eq!(RULES.matches(from).count(), 1, "{from}");
        let error = Provider::csv(ROWS).read_with(&RULES.replace(from, to), &vehicles());
        let error = error.expect_err(to);
        assert!(matches!(error, Error::Mapping(_)), "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
        }
    };
    refused("\"mph\"", "\"cycles\"", &["party.toml:5:8", "cycles does not convert to km/h"]);
    refused("\"mph\"", "\"kg\"", &["kg measures mass, km/h length / time", "convert it in SQL"]);
    refused("\"male\"", "\"man\"", &["party.toml:9:5", "\"man\" is not one of the agreed values"]);
    refused("[columns.speed]", "[columns.sped]", &["party.toml:3:", "did you mean `speed`?"]);
    refused("missing =", "mising =", &["did you mean `missing`?"]);
    refused("missing =", "unit = \"h\"\nmissing =", &["`sex` is of type category: it has no unit"]);
    refused("M = \"male\"", "M = 1", &["`M` must be a string"]);
    let failed = "[columns.speed.codes]\nx = \"1\"\n[columns.failed.codes]";
    refused("[columns.failed.codes]", failed, &["`speed` is of type decimal: it has no codes"]);
}

#[test]
fn a_missing_value_where_one_is_required_rejects_the_row() {
    let mut agreed = vehicles();
    agreed.columns[1].missing = Missing::Refuse;
    let report = Provider::csv(ROWS).read_with(RULES, &agreed).expect("readable").report().clone();
    assert_eq!((report.rows_accepted, report.rejected[0].line), (2, 4));
}

#[test]
fn a_time_span_comes_in_any_form_and_is_kept_in_the_agreed_unit() {
    let agreed = table(vec![measured("span", "h", 2)]);
    let rows = "span,a,b\n01:30:00,2020-01-01,2020-01-02\nPT45M,,\n2.25,,\n1:75,,\nP1M,,\n";
    let mapping = "source.t.path = \"t.csv\"";
    let read = Provider::csv(rows).read_with(mapping, &agreed).expect("readable");
    let rejected: Vec<_> = read.report().rejected.iter().map(|r| (r.line, &*r.reason)).collect();
    assert_eq!(rejected, [(5, "\"1:75\" is not a number"), (6, "\"P1M\" is not a number")]);
    assert_eq!(total(&read, vec![sum("span", 2)]), [Some(150 + 75 + 225)]);
    // Beside forms of its own, a number is in the mapping's unit.
    let read =
        Provider::csv(rows).read_with(&format!("{mapping}\ncolumns.span.unit = \"min\""), &agreed);
    assert_eq!(total(&read.expect("readable"), vec![sum("span", 2)]), [Some(150 + 75 + 4)]);
    let sql =
        "SELECT CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP) AS span FROM t WHERE a IS NOT NULL";
    let read = Provider::csv(rows).read_sql(sql, &agreed).expect("readable");
    assert_eq!(total(&read, vec![sum("span", 2)]), [Some(2400)]);
    let sql = "SELECT INTERVAL '1 day 30 minutes' AS span FROM t";
    let read = Provider::csv(rows).read_sql(sql, &agreed).expect("readable");
    assert_eq!(total(&read, vec![sum("span", 2)]), [Some(5 * 2450)]);
}
