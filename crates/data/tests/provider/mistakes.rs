//! Every mistake of a provider has its message, and nothing is half-done.

use crate::{Provider, column, decimal, fans, integer, table};
use sharewell_study::Table;

const FANS: &str = "source.t.path = \"t.csv\"\nmap.sql = \"SELECT unit, hours, status FROM t\"";

/// What the steward reads.
fn message(provider: &Provider, mapping: &str, agreed: &Table) -> String {
    match provider.read_with(mapping, agreed) {
        Ok(_) => panic!("{mapping} must be refused"),
        Err(error) => {
            assert!(!error.public().contains("t.csv"), "no names for other parties");
            error.to_string()
        }
    }
}

fn refused(provider: &Provider, mapping: &str, agreed: &Table, parts: &[&str]) {
    let message = message(provider, mapping, agreed);
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn an_engine_that_is_not_there_is_refused_with_what_to_do_instead() {
    let mapping = |engine: &str| format!("engine = \"{engine}\"\nsource.t.path = \"t.csv\"");
    let provider = Provider::new();
    let error = provider.mapping(&mapping("ballista")).expect_err("no cluster").to_string();
    for part in ["party.toml:1:", "no engine `ballista`", "leave `engine` out", "Parquet"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    provider.mapping(&mapping("datafusion")).expect("the engine that is there");
}

#[test]
fn a_bad_source_is_named_with_its_line() {
    let latin1 = b"unit,hours,status\n1,2,0\nM\xfcnchen,3,1\n";
    for (bytes, parts) in [
        (&b""[..], &["t.csv: the file is empty"][..]),
        (b"\n\n", &["t.csv: the file is empty"]),
        (b"unit,hours,status\n", &["t.csv: there are columns but no rows"]),
        (b"unit,hours,status\n1,2,0\n2,3\n", &["t.csv:3: 2 fields where the first row has 3"]),
        (b"unit,hours,status\n1,2,0,5\n", &["t.csv:2: 4 fields"]),
        (latin1, &["t.csv:3: column unit: not UTF-8"]),
        (b"unit,hours,hours\n1,2,0\n", &["t.csv:1: two columns are called `hours`"]),
        (b"unit,hours,__line\n1,2,0\n", &["t.csv:1: the column name `__line` is reserved"]),
    ] {
        refused(&Provider::csv(bytes), FANS, &fans(), parts);
    }
    refused(&Provider::new(), FANS, &fans(), &["t.csv: No such file"]);
    let directory = FANS.replace("t.csv\"", ".\"\nsource.t.format = \"csv\"");
    refused(&Provider::new(), &directory, &fans(), &["this is not a file"]);
    let garbage = Provider::new().file("t.parquet", "not a parquet file at all");
    refused(&garbage, &FANS.replace("csv", "parquet"), &fans(), &["t.parquet:", "Parquet"]);
}

#[test]
fn sql_that_does_not_fit_is_named() {
    let provider = Provider::csv("unit,Hours,status\n1,2,0\n");
    for (sql, parts) in [
        ("SELECT unit, hours, status FROM t", &["hours", "Hours"][..]),
        ("SELECT * FROM fans", &["fans"]),
        ("SELECT unit, status FROM t", &["column hours is missing"]),
        (
            "SELECT unit, Hours AS hour, status FROM t",
            &["hours is missing; is it `hour`?", "hour is not agreed"],
        ),
        ("SELECT *, 1 AS site FROM t", &["column site is not agreed; leave it out"]),
        ("SELECT *, 1 AS hours FROM t", &["column hours is not agreed; leave it out"]),
        ("SELECT unit, make_array(1) AS hours, status FROM t", &["make_array"]),
        (
            "SELECT unit, INTERVAL '1 month' AS hours, status FROM t",
            &["the mapping's SQL", "a span of months has no fixed length"],
        ),
        ("SELECT unit, CAST('x' AS INT) AS hours, status FROM t", &["the mapping's SQL", "x"]),
    ] {
        let mapping = format!("source.t.path = \"t.csv\"\nmap.sql = \"{sql}\"");
        refused(&provider, &mapping, &fans(), parts);
    }
}

#[test]
fn sql_that_would_write_is_refused_before_anything_is_opened() {
    for sql in [
        "DROP TABLE t",
        "INSERT INTO t VALUES (1)",
        "CREATE TABLE u AS SELECT * FROM t",
        "CREATE EXTERNAL TABLE u STORED AS CSV LOCATION '/etc/passwd'",
        "COPY t TO 'out.csv'",
        "COPY (SELECT * FROM t) TO 'out.csv' STORED AS CSV",
        "DELETE FROM t",
        "SET datafusion.execution.batch_size = 1",
        "SELECT * INTO u FROM t",
        "EXPLAIN ANALYZE SELECT * FROM t",
        "SELECT 1; SELECT 2",
        "",
    ] {
        let mapping = format!("source.t.path = \"t.csv\"\nmap.sql = \"{sql}\"");
        refused(&Provider::new(), &mapping, &fans(), &["SELECT is wanted", "party.toml:2:11"]);
    }
}

#[test]
fn a_write_inside_a_query_is_refused() {
    let provider = Provider::csv("unit,hours,status\n1,2,0\n");
    for sql in [
        "WITH w AS (INSERT INTO t VALUES (1, 2, 0)) SELECT * FROM t",
        "WITH w AS (DELETE FROM t) SELECT * FROM t",
        "SELECT * FROM (SELECT * INTO u FROM t) AS q",
    ] {
        let mapping = format!("source.t.path = \"t.csv\"\nmap.sql = \"{sql}\"");
        assert!(provider.read_with(&mapping, &fans()).is_err(), "{sql}");
    }
}

#[test]
fn mistakes_in_the_mapping_file_are_shown_where_they_are() {
    for (mapping, parts) in [
        ("source.t.path = 3\nmap.sql = \"SELECT 1\"", &["party.toml:1:17"][..]),
        (
            "[source.t]\npath = \"t.csv\"\nhaeder = true\n[map]\nsql = \"SELECT 1\"",
            &["party.toml:3:1", "haeder"],
        ),
        ("[source.t]\npath = \"t.csv\"\n[source.u]\npath = \"u.csv\"", &["lacks `map`"]),
        (
            "[source.t]\nformat = \"postgres\"\nhost = \"h\"\nport = 0\nuser = \"u\"\n\
             password = \"secret\"\n[map]\nsql = \"SELECT 1\"",
            &[
                "party.toml:1:9",
                "lacks `database`",
                "nothing would prove that the server is the right one",
                "party.toml:4:8",
                "a port is from 1 to 65535",
                "party.toml:6:1",
                "has no key `password`",
            ],
        ),
        (
            "[source.t]\nformat = \"postgres\"\nhost = \"h\"\ndatabase = \"d\"\nuser = \"u\"\n\
             table = \"t\"\nsslmode = \"disable\"\nroot_cert = \"c\"\n[map]\nsql = \"SELECT 1\"",
            &["party.toml:8:13", "there is no certificate to check"],
        ),
        ("map.sql = \"SELECT 1\"", &["no [source.NAME] is given"]),
        (
            "source.t.path = \"t.xlsx\"\nmap.sql = \"SELECT 1\"",
            &["party.toml:1:17", "the name does not tell the format"],
        ),
        (
            "source.t = { path = \"t.csv\", delimiter = \"→\" }\nmap.sql = \"SELECT 1\"",
            &["one ASCII character"],
        ),
        (
            "source.t = { path = \"t.parquet\", header = true }\nmap.sql = \"SELECT 1\"",
            &["party.toml:1:34", "[source.t], a parquet source, has no key `header`"],
        ),
        (
            "source.t.path = \"t.csv\"\nmap.sql = \"SELEC 1\"",
            &["party.toml:2:11", "SQL: Expected: an SQL statement, found: SELEC"],
        ),
        (
            "source.t.path = \"t.csv\"\nmap.sql = \"SELECT 1\"\nrules.on_rejected = \"warn\"",
            &["party.toml:3:21", "the choices are `skip`, `stop`"],
        ),
    ] {
        refused(&Provider::new(), mapping, &fans(), parts);
    }
    let unreadable = Provider::new().0.path().join("absent.toml");
    let error = sharewell_data::Mapping::load(&unreadable).expect_err("there is no such file");
    assert!(error.to_string().contains("absent.toml"));
}

#[test]
fn more_rows_than_agreed_are_refused() {
    let mut agreed = table(vec![column("x", integer(0, 9))]);
    agreed.max_rows = 2;
    let mapping = "source.t.path = \"t.csv\"\nmap.sql = \"SELECT * FROM t\"";
    let provider = Provider::csv("x\n1\n2\n3\n");
    refused(&provider, mapping, &agreed, &["3 valid rows, but the study allows 2"]);
    // A rejected row takes no part and is not counted against the limit.
    assert!(Provider::csv("x\n1\n2\n30\n").read(&agreed).is_ok());
}

#[test]
fn csv_options_do_what_they_say() {
    let agreed = table(vec![column("a", decimal(1, 0, 99)), column("b", integer(0, 9))]);
    let provider = Provider::csv("0.5;1\n1.5;2\n");
    let mapping = "source.t = { path = \"t.csv\", delimiter = \";\", header = false }\n\
                   map.sql = \"SELECT column_1 AS a, column_2 AS b FROM t\"";
    assert_eq!(provider.read_with(mapping, &agreed).expect("readable").report().rows_accepted, 2);
    let text = "source.t = { path = \"t.csv\", text = [\"c\"] }\nmap.sql = \"SELECT 1\"";
    refused(&provider, text, &agreed, &["names column `c`"]);
}
