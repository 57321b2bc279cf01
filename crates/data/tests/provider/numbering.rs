//! A rejected row is named by the line on which a person finds it.

use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::{Date32Array, Float64Array, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use sharewell_data::{Numbering, QualityReport};
use sharewell_study::{Kind, Measure, Table};

use crate::{Provider, category, column, integer, optional, sum, table, total};

fn digits() -> Table {
    table(vec![column("x", integer(0, 9))])
}

fn rejected_lines(report: &QualityReport) -> Vec<u64> {
    report.rejected.iter().map(|rejected| rejected.line).collect()
}

#[test]
fn lines_are_those_of_the_file_whatever_its_line_ends_blank_lines_and_quoted_breaks() {
    let agreed = table(vec![column("x", integer(0, 9)), optional("note", Kind::Identifier)]);
    for (rows, lines) in [
        ("x,note\n1,a\n10,b\n", vec![3]),
        ("x,note\r\n1,a\r\n10,b\r\n", vec![3]),
        ("\n\nx,note\n\n10,a\n\n\n11,b", vec![5, 8]),
        ("x,note\r\n\r\n10,a\r\n", vec![3]),
        ("x,note\n1,\"two\nlines, \"\"quoted\"\"\n\"\n10,c\n", vec![5]),
        ("\u{feff}x,note\n10,a\n", vec![2]),
    ] {
        let report = Provider::csv(rows).report(&agreed);
        assert_eq!(
            (rejected_lines(&report), report.numbering),
            (lines, Numbering::Line),
            "{rows:?}"
        );
    }
}

#[test]
fn lines_survive_a_filter_an_order_and_computed_columns() {
    let agreed = table(vec![column("x", integer(0, 9))]);
    let provider = Provider::csv("Name,v\na,1\nb,20\nc,3\nd,30\n");
    for (sql, lines, numbering) in [
        ("SELECT v AS x FROM t WHERE Name <> 'b'", vec![5], Numbering::Line),
        (
            "SELECT CAST(v AS INT) + 0 AS X FROM t ORDER BY v DESC LIMIT 2",
            vec![5, 3],
            Numbering::Line,
        ),
        ("SELECT q.v AS x FROM t AS q", vec![3, 5], Numbering::Line),
        ("SELECT v AS x FROM t WHERE v > (SELECT MIN(v) FROM t)", vec![3, 5], Numbering::Line),
        ("SELECT DISTINCT v AS x FROM t ORDER BY x", vec![3, 4], Numbering::ResultRow),
        ("SELECT v AS x FROM t UNION ALL SELECT v FROM t", vec![2, 4, 6, 8], Numbering::ResultRow),
        ("SELECT SUM(v) AS x FROM t", vec![1], Numbering::ResultRow),
        ("SELECT SUM(v) AS x FROM t GROUP BY Name ORDER BY x", vec![3, 4], Numbering::ResultRow),
        ("SELECT a.v AS x FROM t a NATURAL JOIN t b ORDER BY x", vec![3, 4], Numbering::ResultRow),
        ("WITH w AS (SELECT v AS x FROM t) SELECT * FROM w", vec![2, 4], Numbering::ResultRow),
    ] {
        let read = provider.read_sql(sql, &agreed).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let found = (rejected_lines(read.report()), read.report().numbering);
        assert_eq!(found, (lines, numbering), "{sql}");
    }
}

#[test]
fn a_parquet_file_is_a_source_and_its_rows_are_numbered() {
    let provider = Provider::new();
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(StringArray::from(vec!["a", "b", "c"])) as _),
        ("hours", Arc::new(Float64Array::from(vec![1.25, f64::NAN, 0.1])) as _),
        ("day", Arc::new(Date32Array::from(vec![1, 2, 3])) as _),
    ])
    .expect("columns of one length");
    let file = File::create(provider.path("a b.parquet")).expect("the directory is writable");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a schema");
    writer.write(&batch).expect("a batch");
    writer.close().expect("closed");

    let mapping = "source.t.path = \"a b.parquet\"\nmap.sql = \"SELECT hours, day FROM t\"";
    let days = Kind::Date { min: 0, max: 2 };
    let agreed = table(vec![column("hours", crate::decimal(2, 0, 1000)), column("day", days)]);
    let read = provider.read_with(mapping, &agreed).expect("readable");
    assert_eq!(rejected_lines(read.report()), [2, 3]);
    assert_eq!(read.report().numbering, Numbering::SourceRow);
    assert_eq!(read.report().rejected[0].reason, "NaN is not a number");
    assert_eq!(
        read.report().rejected[1].reason,
        "1970-01-04 is above the agreed maximum 1970-01-03"
    );
    assert_eq!(total(&read, vec![sum("hours", 2)]), [Some(125)]);
}

#[test]
fn lines_are_counted_through_a_file_of_many_pieces() {
    // Line breaks of both kinds, also within quotes, and blank lines; longer than any buffer.
    let (mut rows, mut line, mut bad) = ("x,note\n".to_owned(), 2, vec![]);
    for row in 0..60_000 {
        for _ in 0..row % 3 {
            rows += if row % 2 == 0 { "\r\n" } else { "\n" };
            line += 1;
        }
        let is_bad = row % 997 == 0;
        bad.extend(is_bad.then_some(line));
        let note = if row % 5 == 0 { "\"a\r\n\nb\"" } else { "" };
        rows += &format!("{},{note}\n", if is_bad { 10 } else { row % 10 });
        line += 1 + note.matches('\n').count() as u64;
    }
    let report = Provider::csv(rows).read_sql("SELECT x FROM t", &digits()).expect("readable");
    assert_eq!(rejected_lines(report.report()), bad);
    assert_eq!(report.report().rows_read, 60_000);
}

#[test]
fn a_column_is_what_the_last_of_many_rows_makes_of_it() {
    let rows: String = (0..40_000).map(|_| "{\"x\": 7}\n").collect();
    let agreed = table(vec![column("x", integer(0, 9)), optional("late", category(&["8"]))]);
    let provider = Provider::new().file("t.jsonl", rows + "{\"x\": \"7\", \"late\": \"8\"}");
    let mapping = "source.t.path = \"t.jsonl\"\nmap.sql = \"SELECT x, late FROM t\"";
    let read = provider.read_with(mapping, &agreed).expect("readable");
    assert_eq!(read.report().rows_accepted, 40_001);
    let measures = vec![sum("x", 0), Measure::Count("late".to_owned())];
    assert_eq!(total(&read, measures), [Some(7 * 40_001), Some(1)]);
}

#[test]
fn a_query_that_wants_few_rows_of_a_long_file_has_them() {
    let rows: String = std::iter::once("x\n").chain((0..100_000).map(|_| "7\n")).collect();
    let read = Provider::csv(rows).read_sql("SELECT x FROM t LIMIT 3", &digits());
    assert_eq!(read.expect("readable").report().rows_read, 3);
}
