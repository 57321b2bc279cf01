//! Kinds of bad sources: each ends with a message that says what and where, and with no result, or
//! with the bad rows named and left out. What only a server can do wrong (a wrong password, a table
//! that is not there, its end in the middle) is in `postgres.rs`.

use rusqlite::Connection;
use sharewell_study::{Kind, Table};

use crate::{Provider, column, decimal, integer, optional, table};

fn agreed() -> Table {
    let mut table = table(vec![
        column("id", Kind::Identifier),
        column("x", decimal(2, 0, 100_000)),
        optional("day", Kind::Date { min: 0, max: 30_000 }),
        optional("n", integer(0, 9)),
    ]);
    table.key = vec![0];
    table
}

const HEAD: &str = "id,x,day,n\n";
const CSV: &str = "source.t.path = \"t.csv\"";

/// Sources that give no result: the mapping, the file's bytes, and what the message says.
#[test]
fn a_source_that_is_no_table_gives_no_result() {
    let rows = |rows: &str| format!("{HEAD}{rows}").into_bytes();
    let utf16: Vec<u8> =
        "\u{feff}id,x,day,n\na,1,,\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let json = "source.t.path = \"t.jsonl\"";
    let parquet = "source.t.path = \"t.parquet\"";
    let sqlite = "source.t = { path = \"t.db\", table = \"t\" }";
    for (kind, mapping, bytes, parts) in [
        (
            "Latin-1",
            CSV,
            [HEAD.as_bytes(), b"M\xfcller,1,,\n"].concat(),
            &["t.csv:2: column id: not UTF-8 text; convert"][..],
        ),
        ("UTF-16", CSV, utf16, &["t.csv:1: column column_1: not UTF-8"]),
        (
            "a quote that never ends",
            CSV,
            rows("a,\"1,,\nb,2,,\nc,3,,\n"),
            &["t.csv:2: 2 fields where the first row has 4"],
        ),
        (
            "a quote in the middle",
            CSV,
            rows("a,1,,\nb\",2,\",,\n"),
            &["t.csv:3: 3 fields where the first row has 4"],
        ),
        (
            "another delimiter",
            CSV,
            b"id;x;day;n\na;1;;\n".to_vec(),
            &["id;x;day;n", "No field named"],
        ),
        (
            "another delimiter, decimal commas",
            CSV,
            b"id;x;day;n\na;1,5;;\n".to_vec(),
            &["t.csv:2: 2 fields where the first row has 1"],
        ),
        ("a missing column", CSV, b"id,day,n\na,,\n".to_vec(), &["x", "No field named"]),
        (
            "a header that comes twice",
            CSV,
            b"id,x,x,n\na,1,,\n".to_vec(),
            &["t.csv:1: two columns are called `x`"],
        ),
        ("no header", CSV, b"a,1,2020-01-01,2\nb,2,,\n".to_vec(), &["No field named"]),
        (
            "a short row",
            CSV,
            rows("a,1,,\nb,2\n"),
            &["t.csv:3: 2 fields where the first row has 4"],
        ),
        ("a NUL byte", CSV, rows("a,1,,\nb\0,2,,\n"), &["t.csv:3: column id: a NUL byte"]),
        (
            "UTF-16 without a mark",
            CSV,
            "id,x,day,n\na,1,,\n".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            &["t.csv:1: column column_1: a NUL byte", "convert it to UTF-8"],
        ),
        ("a long row", CSV, rows("a,1,,,\n"), &["t.csv:2: 5 fields where the first row has 4"]),
        (
            "SQL that fails on a value",
            "source.t.path = \"t.csv\"\nmap.sql = \"SELECT id, 1 / n AS x, day, n FROM t\"",
            rows("a,1,,0\n"),
            &["the mapping's SQL: ", "Divide by zero"],
        ),
        (
            "instants of a time zone",
            "source.t.path = \"t.csv\"\n\
             map.sql = \"SELECT id, x, to_timestamp(day) AT TIME ZONE 'UTC' AS day, n FROM t\"",
            rows("a,1,2020-01-01T23:30:00+05:00,0\n"),
            &["column day: a value of type Timestamp", "convert it in the mapping's SQL"],
        ),
        ("nothing", CSV, Vec::new(), &["t.csv: the file is empty"]),
        ("only a header", CSV, HEAD.into(), &["there are columns but no rows"]),
        (
            "half a line of JSON",
            json,
            b"{\"id\": \"a\", \"x\": 1}\n{\"id\": \"b\", \"x\"".to_vec(),
            &["t.jsonl:2: one JSON object a line is wanted"],
        ),
        (
            "JSON within JSON",
            json,
            b"{\"id\": {\"a\": 1}}\n".to_vec(),
            &["t.jsonl:1: member `id` is an object or a list"],
        ),
        ("Parquet that is CSV", parquet, rows("a,1,,\n"), &["t.parquet: ", "Parquet"]),
        ("a table that is not there", sqlite, no_table(), &["t.db, table t: there is no such"]),
        (
            "SQLite that is CSV",
            sqlite,
            rows("a,1,,\n").repeat(40),
            &["t.db, table t: ", "not a database"],
        ),
    ] {
        let name = mapping.split('"').nth(1).expect("a file");
        let provider = Provider::new().file(name, bytes);
        let error = provider.read_with(mapping, &agreed()).expect_err(kind).to_string();
        for part in parts {
            assert!(error.contains(part), "{kind}: `{part}` is not in: {error}");
        }
    }
}

/// A database file without the table that the mapping names.
fn no_table() -> Vec<u8> {
    let provider = Provider::new();
    let database = Connection::open(provider.path("t.db")).expect("a new file");
    database.execute_batch("CREATE TABLE other (id)").expect("valid SQL");
    drop(database);
    std::fs::read(provider.path("t.db")).expect("our file")
}

#[test]
fn what_is_no_file_that_may_be_read_gives_no_result() {
    for (format, keys) in
        [("csv", ""), ("json", ""), ("parquet", ""), ("sqlite", ", table = \"t\"")]
    {
        let mapping = format!("source.t = {{ path = \"t\", format = \"{format}\"{keys} }}");
        let message = |provider: &Provider| {
            let error = provider.read_with(&mapping, &agreed()).expect_err(format).to_string();
            assert!(error.contains("/t"), "{format}: {error}");
            error
        };
        let directory = Provider::new();
        std::fs::create_dir(directory.path("t")).expect("our folder");
        let wanted = if format == "parquet" { "no file of this folder" } else { "not a file" };
        assert!(message(&directory).contains(wanted), "{format}");
        let absent = message(&Provider::new());
        assert!(absent.contains("No such file"), "{format}: {absent}");
        let forbidden = Provider::new().file("t", HEAD);
        let nobody = std::os::unix::fs::PermissionsExt::from_mode(0o000);
        std::fs::set_permissions(forbidden.path("t"), nobody).expect("our file");
        // Root may read everything.
        if std::fs::read(forbidden.path("t")).is_err() {
            let error = message(&forbidden).to_lowercase();
            assert!(error.contains("permission") || error.contains("unable to open"), "{error}");
        }
    }
}

#[test]
fn a_truncated_parquet_file_gives_no_result() {
    use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
    let ids: ArrayRef =
        std::sync::Arc::new(StringArray::from_iter_values((0..9999).map(|i| i.to_string())));
    let batch = RecordBatch::try_from_iter([("id", ids.clone()), ("x", ids)]).expect("columns");
    let mut bytes = Vec::new();
    let mut writer =
        datafusion::parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None)
            .expect("a schema");
    writer.write(&batch).expect("a batch");
    writer.close().expect("closed");
    let agreed = table(vec![column("id", Kind::Identifier), column("x", integer(0, 9999))]);
    let mapping = "source.t.path = \"t.parquet\"";
    assert!(Provider::new().file("t.parquet", &bytes).read_with(mapping, &agreed).is_ok());
    for keep in [4, bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
        let provider = Provider::new().file("t.parquet", &bytes[..keep]);
        let error = provider.read_with(mapping, &agreed).expect_err("truncated").to_string();
        assert!(error.contains("t.parquet"), "{keep}: {error}");
    }
    // The end is whole, the middle is not.
    let mut torn = bytes.clone();
    torn[4..bytes.len() / 2].fill(0);
    let provider = Provider::new().file("t.parquet", &torn);
    assert!(provider.read_with(mapping, &agreed).is_err());
}

#[test]
fn a_locked_database_gives_no_result() {
    let provider = Provider::new();
    let writer = Connection::open(provider.path("t.db")).expect("a new file");
    writer.execute_batch("CREATE TABLE t (id, x, day, n); BEGIN EXCLUSIVE").expect("a lock");
    let mapping = "source.t = { path = \"t.db\", table = \"t\" }";
    let error = provider.read_with(mapping, &agreed()).expect_err("locked").to_string();
    assert!(error.contains("another program is writing to this database"), "{error}");
}

/// Rows that are rejected, while the good rows around them are read.
#[test]
fn a_bad_row_is_named_and_left_out() {
    for (kind, row, column, reason) in [
        ("10^30 in a decimal", "b,1e30,,", "x", "above the agreed maximum 1000.00"),
        ("10^400", "b,1e400,,", "x", "above the agreed maximum 1000.00"),
        ("30 digits", "b,123456789012345678901234567890,,", "x", "above the agreed maximum"),
        ("a missing key", ",1,,", "id", "no value where one is required"),
        ("a key that comes twice", "a,1,,", "id", "the key of an earlier row, line 2"),
        ("another date format", "b,1,31.12.2020,", "day", "not a day written YYYY-MM-DD"),
        ("a third date format", "b,1,12/31/2020,", "day", "not a day written YYYY-MM-DD"),
        ("an instant elsewhere", "b,1,2020-01-01T23:30:00+05:00,", "day", "not a day written"),
        ("a day that is none", "b,1,2021-02-29,", "day", "not a day"),
        ("NaN", "b,NaN,,", "x", "not a number"),
        ("infinity", "b,inf,,", "x", "not a number"),
        ("a decimal comma", "b,\"1,5\",,", "x", "not a number"),
        ("a fraction where a whole number is due", "b,1,,1.5", "n", "not a whole number"),
        ("a formula", "b,=1+1,,", "x", "not a number"),
        ("a non-breaking space", "b,\u{a0}1,,", "x", "not a number"),
    ] {
        let rows = format!("{HEAD}a,1,2020-01-01,1\n{row}\nz,2,,\n");
        let read =
            Provider::csv(rows).read_with(CSV, &agreed()).unwrap_or_else(|e| panic!("{kind}: {e}"));
        let report = read.report();
        assert_eq!((report.rows_accepted, report.rows_rejected), (2, 1), "{kind}: {report}");
        let rejected = &report.rejected[0];
        assert_eq!((rejected.line, &*rejected.column), (3, column), "{kind}");
        assert!(rejected.reason.contains(reason), "{kind}: {}", rejected.reason);
    }
}

/// Oddities that are no mistakes.
#[test]
fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    for rows in ["\u{feff}id,x,day,n\na,1,,\n", "id,x,day,n\r\na,1,,\r\n", "id,x,day,n\n\n\na,1,,"]
    {
        let read = Provider::csv(rows).read_with(CSV, &agreed()).expect("readable");
        assert_eq!((read.report().rows_accepted, read.report().rows_rejected), (1, 0), "{rows:?}");
    }
}
