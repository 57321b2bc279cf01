//! PostgreSQL as a source: a real server, started for these tests and gone with them.

mod server;

use std::time::{Duration, Instant};

use sharewell_data::{Agreed, Error, Numbering};
use sharewell_study::{Kind, Table};

use crate::{Provider, category, column, decimal, integer, optional, sum, table, total};
use server::{PASSWORD_VARIABLE, Server};

/// A mapping of the table `fans` of the server, by this SQL, with these keys more.
fn mapping(server: &Server, sql: &str, keys: &str) -> String {
    format!(
        "[source.fans]\nformat = \"postgres\"\nhost = \"localhost\"\nport = {}\n\
         database = \"postgres\"\nuser = \"reader\"\ntable = \"fans\"\n\
         password_env = \"{PASSWORD_VARIABLE}\"\n{keys}\n[map]\nsql = '''{sql}'''",
        server.port
    )
}

fn read(server: &Server, sql: &str, agreed: &Table) -> Result<Agreed, Error> {
    Provider::new().read_with(&mapping(server, sql, ""), agreed)
}

fn message(result: Result<Agreed, Error>) -> String {
    let error = result.expect_err("refused");
    assert!(!error.public().contains("localhost"), "no names for other parties");
    let text = format!("{error} {error:?}");
    assert!(!text.contains(server::PASSWORD), "the password: {text}");
    error.to_string()
}

#[test]
fn a_table_of_postgresql_is_read_with_all_its_digits() {
    let server = Server::shared();
    server.run(
        "CREATE TABLE types (id int2, hours numeric(30, 3), free numeric, ok boolean, day date, \
         at timestamp, code varchar, letter char(3), mood uuid, f4 real, f8 double precision); \
         INSERT INTO types VALUES \
         (1, 123456789012345678901234567.125, 0.1234567890123456789, true, '2020-02-29', \
         '2020-02-29 00:00', 'O''Neil', 'ab', '00000000-0000-0000-0000-000000000001', 0.1, 0.1), \
         (NULL, NULL, NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, 'NaN', 'NaN'); \
         GRANT SELECT ON types TO reader",
    );
    let day = Kind::Date { min: 0, max: 30_000 };
    let agreed = table(vec![
        column("id", integer(0, 9)),
        column("hours", decimal(3, i64::MIN, i64::MAX)),
        column("free", decimal(9, 0, i64::MAX)),
        column("ok", Kind::Boolean),
        column("day", day.clone()),
        column("at", day),
        column("code", category(&["O'Neil"])),
        column("letter", category(&["ab"])),
        column("mood", Kind::Identifier),
        column("f4", decimal(2, 0, 99)),
        column("f8", decimal(2, 0, 99)),
    ]);
    let source = mapping(
        &server,
        "SELECT id, hours - CAST('123456789012345678901234567' AS DECIMAL(30, 3)) AS hours, free, \
         ok, day, at, code, letter, mood, f4, f8 FROM fans",
        "",
    )
    .replace("\"fans\"", "\"types\"");
    let read = Provider::new().read_with(&source, &agreed).expect("readable");
    let report = read.report();
    assert_eq!((report.rows_read, report.rows_accepted), (2, 1), "{report}");
    assert_eq!(report.rounded.len(), 1, "only the free numeric has more digits: {report}");
    let measures = ["id", "hours", "free", "ok", "day", "at", "f4", "f8"];
    let decimals = [0, 3, 9, 0, 0, 0, 2, 2];
    let measures = measures.iter().zip(decimals).map(|(name, decimals)| sum(name, decimals));
    let sums = [1, 125, 123_456_789, 1, 18_321, 18_321, 10, 10].map(Some);
    assert_eq!(total(&read, measures.collect()), sums);
    let reasons: Vec<&str> = report.rejected.iter().map(|r| r.reason.as_str()).collect();
    assert!(reasons.contains(&"NaN is not a number"), "{reasons:?}");
    assert!(
        reasons.iter().any(|r| r.contains("above the agreed maximum 2052-02-20")),
        "{reasons:?}"
    );
}

#[test]
fn rows_are_read_a_few_at_a_time_and_numbered_as_the_result_has_them() {
    let server = Server::shared();
    let agreed = table(vec![column("id", integer(1, 20_000))]);
    let read = read(&server, "SELECT id FROM fans WHERE id > 5", &agreed).expect("readable");
    let report = read.report();
    assert_eq!((report.rows_read, report.rows_accepted), (29_995, 19_995));
    assert_eq!((report.sources[0].rows, report.numbering), (30_000, Numbering::ResultRow));
    assert!(report.sources[0].place.starts_with("postgres://localhost:"));
    assert_eq!(total(&read, vec![sum("id", 0)]), [Some(200_010_000 - 15)]);
}

#[test]
fn conditions_and_columns_reach_the_server() {
    let server = Server::shared();
    let agreed = table(vec![column("id", integer(1, 30_000)), optional("m", category(&["B"]))]);
    let sql = "SELECT id, model AS m FROM fans WHERE id BETWEEN 10 AND 20 AND model = 'B' AND ok";
    let report = read(&server, sql, &agreed).expect("readable").report().clone();
    assert_eq!(report.rows_read, 2, "{report}");
    let log = server.log();
    let asked = "SELECT \"id\"::int8, \"model\"::text";
    let line = log.lines().rfind(|line| line.contains(asked)).unwrap_or_else(|| panic!("{log}"));
    for part in ["\"id\" >= 10", "\"id\" <= 20", "\"model\" = 'B'", "\"ok\" = true"] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn all_tables_are_of_one_moment() {
    let server = Server::shared();
    server.run(
        "CREATE TABLE moment (n int); INSERT INTO moment VALUES (1); \
         GRANT SELECT ON moment TO reader; \
         CREATE FUNCTION slow() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(2)'; \
         CREATE VIEW waits AS SELECT slow() AS one; GRANT SELECT ON waits TO reader",
    );
    // The view's rows are counted, which takes two seconds, before the table is opened.
    let first = mapping(&server, "SELECT b.n FROM a CROSS JOIN b", "");
    let first = first.replace("[source.fans]", "[source.a]").replace("\"fans\"", "\"waits\"");
    let second = first.split("[map]").next().expect("a source").replace("source.a", "source.b");
    let both = format!("{}{first}", second.replace("\"waits\"", "\"moment\""));
    let agreed = table(vec![column("n", integer(0, 9))]);
    let reader = std::thread::spawn(move || {
        let read = Provider::new().read_with(&both, &agreed).expect("readable");
        total(&read, vec![sum("n", 0)])
    });
    server.until("SELECT 1 FROM pg_stat_activity WHERE application_name = 'sharewell' AND query LIKE '%waits%'");
    server.run("UPDATE moment SET n = 5");
    assert_eq!(reader.join().expect("no panic"), [Some(1)]);
}

#[test]
fn the_server_must_prove_who_it_is() {
    let server = Server::shared();
    let agreed = table(vec![column("id", integer(1, 30_000))]);
    let read = |keys: &str| {
        let provider = Provider::new()
            .file("ca.pem", crate::fixture("tls/ca.pem"))
            .file("other.pem", crate::fixture("tls/other.pem"));
        provider.read_with(&mapping(&server, "SELECT id FROM fans", keys), &agreed)
    };
    assert!(read("").is_ok(), "bound to the password");
    assert!(read("root_cert = \"ca.pem\"").is_ok());
    assert!(read("sslmode = \"disable\"").is_ok(), "said to be unprotected");
    let other = message(read("root_cert = \"other.pem\""));
    assert!(other.contains("certificate"), "{other}");
    let by_address = mapping(&server, "SELECT id FROM fans", "root_cert = \"ca.pem\"");
    let by_address = by_address.replace("\"localhost\"", "\"127.0.0.1\"");
    let ca = Provider::new().file("ca.pem", crate::fixture("tls/ca.pem"));
    assert!(message(ca.read_with(&by_address, &agreed)).contains("certificate"));
    let absent = message(read("root_cert = \"absent.pem\""));
    assert!(absent.contains("absent.pem"), "{absent}");
    // A user whom the server lets in without a password proves nothing.
    let trusted = mapping(&server, "SELECT id FROM fans", "").replace("reader", "guest");
    let trusted = message(Provider::new().read_with(&trusted, &agreed));
    assert!(trusted.contains("channel binding"), "{trusted}");
}

#[test]
fn what_the_server_refuses_is_told_and_the_password_is_not() {
    let server = Server::shared();
    let agreed = table(vec![column("id", integer(1, 30_000))]);
    let source = mapping(&server, "SELECT id FROM fans", "");
    for (from, to, part) in [
        ("table = \"fans\"", "table = \"fan\"", "relation \"fan\" does not exist"),
        ("table = \"fans\"", "table = \"secrets\"", "permission denied"),
        ("user = \"reader\"", "user = \"nobody\"", "password authentication failed"),
        ("database = \"postgres\"", "database = \"x\"", "database \"x\" does not exist"),
        (PASSWORD_VARIABLE, "SHAREWELL_TEST_ABSENT", "variable SHAREWELL_TEST_ABSENT"),
        (PASSWORD_VARIABLE, "PATH", "password authentication failed"),
        ("host = \"localhost\"", "host = \"localhost.invalid\"", "postgres://localhost.invalid"),
        ("table = \"fans\"", "table = \"empty\"", "no rows"),
    ] {
        let text = message(Provider::new().read_with(&source.replace(from, to), &agreed));
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn a_server_that_goes_away_in_the_middle_leaves_no_result() {
    let server = Server::start();
    let agreed = table(vec![column("id", integer(1, 30_000))]);
    server.run("CREATE VIEW slow AS SELECT id FROM fans WHERE id < 9000 OR pg_sleep(0.01) IS NOT NULL; GRANT SELECT ON slow TO reader");
    // Counting the rows would wait as well.
    let source = mapping(&server, "SELECT id FROM fans", "").replace("\"fans\"", "\"slow\"");
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| Provider::new().read_with(&source, &agreed));
        server.until("SELECT 1 FROM pg_stat_activity WHERE application_name = 'sharewell' AND query LIKE '%slow%'");
        server.kill();
        let begun = Instant::now();
        let text = message(reader.join().expect("no panic"));
        assert!(text.contains("the database ended the connection"), "{text}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    });
}
