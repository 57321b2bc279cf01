//! Kinds of sources: JSON, SQLite, folders of Parquet. PostgreSQL has a file of its own.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::parquet::arrow::ArrowWriter;
use rusqlite::Connection;
use sharewell_data::{Numbering, QualityReport};
use sharewell_study::{Kind, Measure, Table};

use crate::{Provider, category, column, decimal, fans, integer, optional, sum, table, total};

fn parquet(path: &Path, column: &str, values: &[i64]) {
    let values: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
    let batch = RecordBatch::try_from_iter([(column, values)]).expect("a column");
    let file = File::create(path).expect("the directory is writable");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a schema");
    writer.write(&batch).expect("a batch");
    writer.close().expect("closed");
}

/// The report of a mapping that must be readable.
fn report(provider: &Provider, mapping: &str, agreed: &Table) -> QualityReport {
    let read = provider.read_with(mapping, agreed).unwrap_or_else(|error| panic!("{error}"));
    read.report().clone()
}

#[track_caller]
fn refused(provider: &Provider, mapping: &str, agreed: &Table, part: &str) {
    let error = provider.read_with(mapping, agreed).expect_err(part).to_string();
    assert!(error.contains(part), "`{part}` is not in: {error}");
}

const JSON: &str = "source.t.path = \"t.jsonl\"\nmap.sql = \"SELECT * FROM t\"";

#[test]
fn json_is_read_digit_by_digit_with_its_lines() {
    let agreed = table(vec![
        column("code", Kind::Identifier),
        optional("hours", decimal(3, 0, i64::MAX)),
        optional("ok", Kind::Boolean),
    ]);
    let rows = "\u{feff}{\"code\": \"007\", \"hours\": 9007199254740.993, \"ok\": true}\r\n\n\
                {\"hours\": -1, \"code\": \"a\\u00e9\"}\n\
                {\"code\": \"b\", \"ok\": null, \"hours\": 1e2}\n\
                {\"code\": null}";
    let provider = Provider::new().file("t.jsonl", rows);
    let read = provider.read_with(JSON, &agreed).expect("readable");
    let report = read.report();
    assert_eq!((report.rows_accepted, report.numbering), (2, Numbering::Line));
    let rejected: Vec<_> = report.rejected.iter().map(|r| (r.line, r.column.as_str())).collect();
    assert_eq!(rejected, [(3, "hours"), (5, "code")]);
    let sums = total(&read, vec![sum("hours", 3), Measure::Count("ok".to_owned())]);
    assert_eq!(sums, [Some(9_007_199_254_740_993 + 100_000), Some(1)]);
}

#[test]
fn what_is_no_json_object_is_named_with_its_line() {
    let agreed = table(vec![column("x", integer(0, 9))]);
    for (rows, part) in [
        (&b"{\"x\": 1}\n[1]\n"[..], "t.jsonl:2: one JSON object a line is wanted"),
        (b"{\"x\": 1}\n{\"x\": 1,}\n", "t.jsonl:2: one JSON object a line is wanted: character 9"),
        (b"{\"x\": {\"y\": 1}}", "t.jsonl:1: member `x` is an object or a list"),
        (b"{\"x\": 1, \"x\": 2}", "t.jsonl:1: two columns are called `x`"),
        (b"{\"x\": 1, \"__line\": 2}", "t.jsonl:1: the column name `__line` is reserved"),
        (b"{\"x\": \"\xff\"}", "t.jsonl:1: one JSON object a line is wanted: not UTF-8"),
        (b"{\"x\": \"\\ud800\"}", "t.jsonl:1"),
        (b"[{\"x\": 1},\n{\"x\": 2}]", "t.jsonl:1"),
        (b"\n\n", "no rows"),
        (b"", "the file is empty"),
    ] {
        refused(&Provider::new().file("t.jsonl", rows), JSON, &agreed, part);
    }
}

const SQLITE: &str = "source.t = { path = \"t.db\", table = \"fans\" }\n";

/// A database file made by these statements.
fn sqlite(statements: &str) -> Provider {
    let provider = Provider::new();
    let database = Connection::open(provider.path("t.db")).expect("a new file");
    database.execute_batch(statements).expect("valid SQL");
    provider
}

#[test]
fn a_column_of_sqlite_is_what_its_values_are() {
    let provider = sqlite(
        "CREATE TABLE fans (unit TEXT, hours, status INTEGER, day TEXT COLLATE NOCASE, mixed, odd);
         INSERT INTO fans VALUES ('007', 450, 1, 'A', 9007199254740993, 'x'),
         ('b', 0.5, 0, 'a', 0.25, 5), ('c', 1e300, 1, 'b', NULL, NULL), (NULL, 1, 0, 'A', 1, 1.5);",
    );
    let mapping = format!("{SQLITE}map.sql = \"SELECT unit, hours, status FROM fans\"");
    let mapping = mapping.replace("source.t", "source.fans");
    let read = provider.read_with(&mapping, &fans()).expect("readable");
    let report = read.report();
    assert_eq!((report.rows_read, report.rows_accepted), (4, 2), "{report}");
    assert_eq!(total(&read, vec![sum("hours", 1), sum("status", 0)]), [Some(4505), Some(1)]);
    assert!(report.sources[0].place.ends_with("t.db, table fans"));

    let agreed = table(vec![
        optional("mixed", decimal(2, 0, i64::MAX)),
        optional("odd", category(&["x", "5", "1.5"])),
    ]);
    let sql = "SELECT mixed, odd FROM t WHERE day = 'A'";
    let read = provider.read_with(&format!("{SQLITE}map.sql = \"{sql}\""), &agreed);
    let read = read.expect("readable");
    assert_eq!(read.report().rows_read, 2, "equal is what the session takes for equal");
    assert_eq!(total(&read, vec![sum("mixed", 2)]), [Some(900_719_925_474_099_400)]);
}

#[test]
fn a_join_of_one_database_with_itself_ends() {
    let provider = sqlite(
        "CREATE TABLE fans AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT i FROM n",
    );
    let mapping =
        format!("{SQLITE}map.sql = \"SELECT COUNT(*) AS x FROM t a JOIN t b ON a.i = b.i\"");
    let agreed = table(vec![column("x", integer(0, 99_999))]);
    let read = provider.read_with(&mapping, &agreed).expect("readable");
    assert_eq!(total(&read, vec![sum("x", 0)]), [Some(40_000)]);
}

#[test]
fn a_database_file_that_cannot_be_read_says_why() {
    let agreed = table(vec![column("i", integer(0, 9))]);
    let mapping = format!("{SQLITE}map.sql = \"SELECT i FROM t\"");
    let provider =
        sqlite("CREATE TABLE fans (i); CREATE TABLE parts (i); INSERT INTO fans VALUES (1)");
    let other = mapping.replace("\"fans\"", "\"fan\"");
    refused(&provider, &other, &agreed, "there is no such table; did you mean `fans`?");
    refused(&provider, &mapping.replace("\"fans\"", "\"parts\""), &agreed, "no rows");
    let garbage = Provider::new().file("t.db", "this is no database at all, only text in a file");
    refused(&garbage, &mapping, &agreed, "not a database");
    refused(&Provider::new(), &mapping, &agreed, "No such file");
    let bytes = sqlite("CREATE TABLE fans (i); INSERT INTO fans VALUES (x'00ff')");
    refused(&bytes, &mapping, &agreed, "column i: a value of type Binary");
    assert!(report(&provider, &mapping, &agreed).rejected.is_empty());
}

#[test]
fn a_locked_database_file_is_refused_and_not_waited_for_long() {
    let provider = sqlite("CREATE TABLE fans (i); INSERT INTO fans VALUES (1)");
    let writer = Connection::open(provider.path("t.db")).expect("our file");
    writer.execute_batch("BEGIN EXCLUSIVE; INSERT INTO fans VALUES (2)").expect("a lock");
    let agreed = table(vec![column("i", integer(0, 9))]);
    let mapping = format!("{SQLITE}map.sql = \"SELECT i FROM t\"");
    refused(&provider, &mapping, &agreed, "another program is writing to this database");
    writer.execute_batch("ROLLBACK").expect("the lock is given up");
    assert_eq!(report(&provider, &mapping, &agreed).rows_accepted, 1);
}

const FOLDER: &str =
    "source.t = { path = \"all\", format = \"parquet\" }\nmap.sql = \"SELECT x FROM t\"";

#[test]
fn a_folder_of_parquet_is_one_table_and_rows_are_named_by_their_file() {
    let provider = Provider::new();
    let folder = provider.path("all");
    std::fs::create_dir(&folder).expect("the directory is writable");
    parquet(&folder.join("b.parquet"), "x", &[4, 50]);
    parquet(&folder.join("a.parquet"), "x", &[1, 2, 30]);
    parquet(&folder.join("c d.parquet"), "x", &[60]);
    std::fs::write(folder.join("_SUCCESS"), "").expect("the directory is writable");
    let agreed = table(vec![column("x", integer(0, 9))]);
    let read = provider.read_with(FOLDER, &agreed).expect("readable");
    assert_eq!(total(&read, vec![sum("x", 0)]), [Some(7)]);
    let report = read.report();
    let rejected: Vec<_> = report
        .rejected
        .iter()
        .map(|r| (r.file.as_ref().expect("a file").file_name().expect("its name"), r.line))
        .collect();
    let names = ["a.parquet", "b.parquet", "c d.parquet"].map(std::ffi::OsStr::new);
    assert_eq!(rejected, [(names[0], 3), (names[1], 2), (names[2], 1)]);
    assert_eq!((report.sources[0].rows, report.sources[0].files.len()), (6, 3));
    assert!(report.to_string().contains("b.parquet, row 2, column x"), "{report}");
}

#[test]
fn a_folder_with_a_bad_file_names_it() {
    let agreed = table(vec![column("x", integer(0, 9))]);
    let provider = Provider::new();
    let folder = provider.path("all");
    std::fs::create_dir(&folder).expect("the directory is writable");
    refused(&provider, FOLDER, &agreed, "no file of this folder ends in .parquet");
    parquet(&folder.join("a.parquet"), "x", &[1]);
    parquet(&folder.join("b.parquet"), "y", &[1]);
    refused(&provider, FOLDER, &agreed, "b.parquet: its columns differ");
    let whole = std::fs::read(folder.join("a.parquet")).expect("our file");
    std::fs::write(folder.join("b.parquet"), &whole[..whole.len() / 2]).expect("our file");
    refused(&provider, FOLDER, &agreed, "b.parquet: ");
}

#[test]
fn a_long_source_is_added_up_piece_by_piece_and_audited_by_a_sample() {
    let rows = 1_100_000;
    let values: Vec<i64> = (0..rows).map(|i| if i == 7 { 5000 } else { i % 1000 }).collect();
    let provider = Provider::new();
    parquet(&provider.path("t.parquet"), "x", &values);
    let agreed = Table { max_rows: 2_000_000, ..table(vec![column("x", integer(0, 999))]) };
    let mapping = provider.mapping("source.t.path = \"t.parquet\"").expect("right");
    let query = sharewell_study::LocalQuery {
        table: "agreed".to_owned(),
        filter: Some("x > 0".to_owned()),
        group_by: vec![],
        groups: vec![vec![]],
        measures: vec![
            Measure::Rows,
            sum("x", 0),
            Measure::Min { expr: "x".to_owned(), decimals: 0 },
            Measure::Max { expr: "x".to_owned(), decimals: 0 },
        ],
        records: vec![],
    };
    let heard = std::sync::Mutex::new(vec![]);
    let progress = |rows| heard.lock().expect("nobody panics").push(rows);
    let found = sharewell_data::local(&mapping, &agreed, &crate::LENIENT, &query, &progress);
    let found = found.expect("readable");
    let sum: i128 = values.iter().map(|x| i128::from(*x)).sum::<i128>() - 5000;
    let nonzero = values.iter().filter(|x| **x > 0).count() as i128 - 1;
    assert_eq!(found.cells, [[Some(nonzero), Some(sum), Some(1), Some(999)]]);
    let report = &found.report;
    assert_eq!((report.rows_accepted, report.rows_rejected), (1_099_999, 1));
    let heard = heard.into_inner().expect("nobody panics");
    assert!(heard.len() > 2 && heard.is_sorted() && heard.last() == Some(&1_099_999), "{heard:?}");
    assert!((1 << 19..=1 << 20).contains(&report.audited_rows), "{}", report.audited_rows);
    let audit = &report.columns[0];
    let median: i64 = audit.spread.as_ref().expect("numbers").median.parse().expect("a number");
    assert!((490..510).contains(&median), "{median}");
    assert_eq!(audit.values, report.audited_rows);
}
