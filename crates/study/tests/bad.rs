//! Studies that are refused: where, why, and with what advice.

use sharewell_study::{Position, Report, Study};

const QUERY: &str = include_str!("studies/query.toml");
const FAILURE_RATE: &str = include_str!("studies/failure_rate.toml");

/// Marks, in a replacement, where the problem must begin.
const MARK: char = '¦';

struct Row {
    from: &'static str,
    to: &'static str,
    message: &'static str,
    help: &'static str,
}

const fn row(
    from: &'static str,
    to: &'static str,
    message: &'static str,
    help: &'static str,
) -> Row {
    Row { from, to, message, help }
}

/// Replaces `from`, which occurs once, by `to`; expects one problem, at the mark.
#[track_caller]
fn check(study: &str, rows: &[Row]) {
    for Row { from, to, message, help } in rows {
        assert_eq!(study.matches(from).count(), 1, "{from:?} must occur once");
        let marked = study.replace(from, to);
        let before = marked.split_once(MARK).unwrap_or_else(|| panic!("no mark in {to:?}")).0;
        let want = Position {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1,
        };
        let Err(Report(problems)) = Study::parse(&marked.replace(MARK, ""), "study.toml") else {
            panic!("{to:?} is accepted");
        };
        let [problem] = &problems[..] else { panic!("{to:?}:\n{}", Report(problems)) };
        assert_eq!(problem.position, want, "{to:?}:\n{problem}");
        assert_eq!(problem.file, "study.toml");
        assert!(problem.message.contains(message), "{to:?}: {message:?} is not in\n{problem}");
        let advice = problem.help.as_deref().unwrap_or_default();
        assert!(advice.contains(help), "{to:?}: {help:?} is not in the help of\n{problem}");
    }
}

#[test]
#[rustfmt::skip] // one row, one line
fn what_is_not_toml_is_refused() {
    check(QUERY, &[
        row("version = 1", "version = ¦", "", ""),
        row("[security]", "[security¦", "", ""),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn unknown_missing_and_mistyped_keys_are_refused() {
    check(
        QUERY,
        &[
            row("purpose = ", "¦extra = 1\npurpose = ", "[study] has no key `extra`", "the keys are `name`"),
            row("min_records", "¦min_record", "[release] has no key `min_record`", "did you mean `min_records`?"),
            row("[limits]", "[¦limitz]", "the file has no key `limitz`", "did you mean `limits`?"),
            row("version = 1\n", "version = ¦\"1\"\n", "`version` must be a whole number", ""),
            row("version = 1\n", "version = ¦2\n", "no study format 2", "write `version = 1`"),
            row("[study]\nname = \"fan-failure-rate\"", "[¦study]", "[study] lacks `name`", "add `name = ...`: a string"),
            row("\"fan-failure-rate\"", "¦\"Fan\"", "cannot be a name here", "lower-case letters"),
            row("\"fan-failure-rate\"", "¦\"\"", "cannot be a name here", "1 to 63"),
            row("\"Pooled failure rate of diesel generator fans\"", "¦\" \\n \"", "the purpose is empty", "stewards"),
            row("connect_s = 60", "connect_s = ¦0", "`connect_s` must be at least 1 and at most 86400", "default is 60"),
            row("wait_s = 30", "wait_s = ¦-1", "must be a whole number of at least 0", ""),
            row("min_records = 10", "min_records = ¦0", "`min_records` must be at least 1", "default is 10"),
            row("min_parties = 3", "min_parties = ¦4", "needs 4 organisations, but only 3 provide data", "lower `min_parties`"),
            row("\"hidden\"", "¦\"secret\"", "\"secret\" is not possible here", "the choices are `hidden`, `open`"),
            row("\"semi-honest\"", "¦\"semihonest\"", "not possible here", "did you mean `semi-honest`?"),
            row("corruptions = 1", "corruptions = 1\nbad_giver = ¦\"drop\"", "nothing checks what a giver sends", "leave `bad_giver` out"),
            row("corruptions = 1", "corruptions = 1\nbad_giver = ¦\"keep\"", "is not possible here", "stop"),
            row("corruptions = 1", "corruptions = ¦3", "only 3 parties compute", "corruptions = 1"),
            row("corruptions = 1", "corruptions = ¦0", "no number of corrupt parties", "corruptions = 1"),
            row("corruptions = 1", "corruptions = ¦18446744073709551615", "only 3 parties compute", "corruptions = 1"),
            row("corruptions = 1", "corruptions = ¦-1", "must be a whole number of at least 0", ""),
            row("\"auto\"", "¦\"rep4\"", "not possible here", "did you mean `rep3`?"),
            row("\"semi-honest\"\ncorruptions = 1\nprotocol = \"auto\"",
                "\"malicious\"\ncorruptions = 1\nprotocol = ¦\"rep3\"",
                "`rep3` withstands semi-honest parties only, and the study says malicious ones",
                "what withstands them: `auto`, `rep3-malicious`"),
        ],
    );
}

#[test]
#[rustfmt::skip] // one row, one line
fn bad_parties_are_refused() {
    const KEY_B: &str = "ed25519:0202020202020202020202020202020202020202020202020202020202020202";
    const KEY_A: &str = "ed25519:0101010101010101010101010101010101010101010101010101010101010101";
    check(
        QUERY,
        &[
            row("\"op_b\"", "¦\"op_a\"", "two parties have the name \"op_a\"", "its own"),
            row("\"op_b\"", "¦\"../b\"", "cannot be a name here", ""),
        ],
    );
    let twice = QUERY.replace(&format!("\"{KEY_B}\""), "\"KEY\"");
    let same_key: &'static str = format!("¦\"{KEY_A}\"").leak();
    check(
        &twice,
        &[
            row("\"KEY\"", same_key, "two parties have the key", ""),
            row("\"KEY\"", "¦\"rsa:02\"", "not a public key", "64 hexadecimal digits"),
            row("\"KEY\"", "¦\"ed25519:02\"", "not a public key", ""),
            row("\"KEY\"", "¦\"ed25519:é202020202020202020202020202020202020202020202020202020202020202\"", "not a public key", ""),
            row("key = \"KEY\"", "key = ¦[1]", "`key` must be a string, not an array", ""),
        ],
    );
    check(
        QUERY,
        &[
            row("\"127.0.0.1:7102\"", "¦\"127.0.0.1:7101\"", "two parties have the address", ""),
            row("\"127.0.0.1:7102\"", "¦\"127.0.0.1\"", "not an address", "host and port"),
            row("\"127.0.0.1:7102\"", "¦\"b.example.org:0\"", "not an address", ""),
            row("\"127.0.0.1:7102\"", "¦\"b.example.org:65536\"", "not an address", ""),
            row("[\"data\", \"compute\", \"recipient\"]", "[\"data\", ¦\"compte\"]", "no role \"compte\"", "did you mean `compute`?"),
            row("[\"data\", \"compute\", \"recipient\"]", "[\"data\", ¦\"data\"]", "given twice", ""),
            row("[\"data\", \"compute\", \"recipient\"]", "¦[]", "at least one role", "data, compute, recipient"),
            row("[[party]]\nname = \"op_a\"\nroles = [\"data\", \"compute\", \"recipient\"]",
                "¦[[party]]\nname = \"op_a\"\nroles = [\"data\", \"compute\"]", "no party receives the result", ""),
            row("[[party]]\nname = \"op_a\"\nroles = [\"data\", \"compute\", \"recipient\"]",
                "¦[[party]]\nname = \"op_a\"\nroles = [\"data\", \"recipient\"]", "2 parties compute, but every protocol needs exactly 3", ""),
        ],
    );
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_bad_schema_is_refused() {
    check(
        QUERY,
        &[
            row("name = \"units\"", "name = ¦\"my units\"", "cannot be a name here", "letters, digits and underscores"),
            row("max_rows = 100000", "max_rows = ¦0", "`max_rows` must be at least 1", ""),
            row("max_rows = 100000", "max_rows = ¦2_000_000_000", "`max_rows` must be at least 1 and at most 1000000000", ""),
            row("name = \"failures\"", "name = ¦\"Hours\"", "two columns are called `Hours`", ""),
            row("name = \"serial\"", "name = ¦\"1st\"", "cannot be a name here", "begin it with a letter"),
            row("\"identifier\"", "¦\"text\"", "no type \"text\"", "texts are never shared"),
            row("\"identifier\"", "¦\"interger\"", "no type \"interger\"", "did you mean `integer`?"),
            row("\"identifier\"", "\"identifier\"\n¦unit = \"1\"", "an identifier column has no key `unit`", ""),
            row("decimals = 1", "decimals = ¦10", "`decimals` must be at most 9", ""),
            row("[0, 100000]", "¦[5, 1]", "the range is empty", "least value first"),
            row("[0, 100000]", "[¦0.05, 1]", "0.05 has more than 1 digits after the point", "raise `decimals`"),
            row("[0, 100000]", "[0, ¦1e18]", "too large for a column", "larger unit"),
            row("[0, 100000]", "¦[1]", "a range has two ends", ""),
            row("[0, 100000]", "[0, ¦inf]", "`range` must be a number", ""),
            row("[0, 1000]", "[0, ¦\"1000\"]", "`range` must be a number", ""),
            row("[[table.column]]\nname = \"failures\"\ntype = \"integer\"\nunit = \"1\"",
                "¦[[table.column]]\nname = \"failures\"\ntype = \"integer\"", "lacks `unit`", "unit = \"1\""),
            row("[\"X1\", \"X2\", ", "[\"X1\", ¦\"X1\", ", "\"X1\" is listed twice", ""),
            row("[\"X1\", \"X2\", \"O'Neil \\\"3\\\"\"]", "¦[]", "there are no categories", ""),
            row("\"2030-12-31\"", "¦\"2030-02-30\"", "\"2030-02-30\" is not a day", "2020-01-31"),
            row("\"2030-12-31\"", "¦2030-12-31", "not a date without quotes", ""),
            row("\"allow\"", "¦\"maybe\"", "not possible here", "`refuse`, `allow`"),
            row("max_rows = 100000", "max_rows = 100000\nversion = ¦0", "`version` must be at least 1", ""),
            row("max_rows = 100000", "max_rows = 100000\nkey = ¦[]", "a key has columns", "leave `key` out"),
            row("max_rows = 100000", "max_rows = 100000\nkey = [¦\"serail\"]", "no column `serail`", "`serial`"),
            row("max_rows = 100000", "max_rows = 100000\nkey = [\"serial\", ¦\"serial\"]", "in the key twice", ""),
            row("max_rows = 100000", "max_rows = 100000\nkey = [¦\"installed\"]", "may be missing, but is part of the key", "refuse"),
            row("[[table.column]]\nname = \"model\"", "¦[[table.column]]\nname = \"model\"\ncode_list_version = \"1\"", "lacks `code_list`", ""),
            row("\"decimal\"\ndecimals = 1\nunit = \"h\"", "\"timespan\"\ndecimals = 1\nunit = ¦\"cycles\"", "a unit of time", "min, h, d"),
            row("\"boolean\"", "\"boolean\"\noutside = ¦\"clip\"", "numbers and dates have a range", "leave `outside` out"),
            row("[limits]", "[quality]\nmax_missing = ¦1.5\n[limits]", "`max_missing` must be from 0 to 1", "0.05"),
            row("[limits]", "[quality]\noutlier_z = ¦-1\n[limits]", "must not be negative", ""),
            row("[limits]", "[quality]\n¦max_mising = 1\n[limits]", "no key `max_mising`", "`max_missing`"),
        ],
    );
}

const SELECT: &str = "SELECT model, COUNT(*) AS n, SUM(failures) / SUM(hours) AS rate";
const WHERE: &str = "WHERE hours > 10";
const GROUP: &str = "GROUP BY model";

#[test]
#[rustfmt::skip] // one row, one line
fn sql_outside_the_subset_is_refused() {
    check(
        QUERY,
        &[
            row(SELECT, "SELECT ¦DISTINCT model, COUNT(*)", "DISTINCT is not part of a study's SQL", "all records"),
            row("FROM units", "FROM units ¦LEFT JOIN op_a", "LEFT is not part", "INNER JOIN"),
            row("FROM units", "FROM ¦units JOIN op_b USING (serial)", "there is no data party `units`", "`op_a`"),
            row("FROM units", "FROM op_a JOIN ¦op_a USING (serial)", "records of one organisation", "two organisations"),
            row("FROM units", "FROM op_a JOIN ¦op_b USING (serial)", "`op_c` gives records too", "take the role"),
            row("FROM units", "FROM ¦unit", "there is no table `unit`", "`units`"),
            row("FROM units", "FROM units¦, units", "expected: the end of the query, found: ,", ""),
            row("FROM units", "FROM units ¦u", "needs no other name", "leave `u` out"),
            row(SELECT, "¦WITH x AS (COUNT(*))", "WITH is not part", "no subqueries"),
            row(WHERE, "WHERE hours > (¦SELECT 1)", "a second SELECT", "no subqueries"),
            row(SELECT, "SELECT SUM(hours) ¦OVER (hours)", "OVER is not part", "no window functions"),
            row(WHERE, "WHERE model ¦LIKE 'X'", "LIKE is not part", "compare categories"),
            row(WHERE, "WHERE hours ¦% 2 = 1", "`%` is not part", ""),
            row(WHERE, "WHERE ¦unit.hours > 1", "there is no column `unit.hours`", ""),
            row(WHERE, "WHERE hours¦.5 > 1", "", ""),
            row(WHERE, "WHERE ¦`hours` > 1", "double quotation marks", "write \"hours\""),
            row(WHERE, "WHERE ¦'open", "unterminated string literal", ""),
            row("AS rate
FROM", "AS rate, ¦FROM", "expected: an expression, found: FROM", ""),
            row("hours > 10
GROUP", "(hours > 10
¦GROUP", "expected: ), found: GROUP", ""),
            row("hours > 10
GROUP", "hours >
¦GROUP", "expected: an expression, found: GROUP", ""),
        ],
    );
}

#[test]
#[rustfmt::skip] // one row, one line
fn wrong_items_are_refused() {
    check(
        QUERY,
        &[
            row(SELECT, "SELECT SUM(¦hour)", "there is no column `hour`", "did you mean `hours`?"),
            row(SELECT, "SELECT SUM(¦\"Hours\")", "there is no column `Hours`", "did you mean `hours`?"),
            row(SELECT, "SELECT SUM(hours + ¦model)", "a number is needed here, not `model`, of type category", ""),
            row(SELECT, "SELECT AVG(¦installed)", "a number is needed here, not `installed`, of type date", ""),
            row(SELECT, "SELECT MAX(¦model)", "MIN and MAX take numbers and dates", ""),
            row(SELECT, "SELECT COUNT(¦serial)", "`serial` is an identifier", "COUNT(*)"),
            row(SELECT, "SELECT SUM(¦failures / hours)", "a quotient within one record", "SUM(a) / SUM(b)"),
            row(SELECT, "SELECT SUM(¦SUM(hours))", "a function of one record", ""),
            row(SELECT, "SELECT ¦SUMM(hours)", "there is no aggregate SUMM", "did you mean `SUM`?"),
            row(SELECT, "SELECT ¦SUM(hours, failures)", "SUM takes one argument", ""),
            row(SELECT, "SELECT ¦SUM(*)", "SUM takes one argument", ""),
            row(SELECT, "SELECT SUM(¦3)", "SUM of a constant", "COUNT(*)"),
            row(SELECT, "SELECT COUNT(*) / ¦0", "division by zero", ""),
            row(SELECT, "SELECT ¦hours", "`hours` is not grouped by", "GROUP BY"),
            row(SELECT, "SELECT COUNT(*) + ¦hours", "`hours` stands outside an aggregate", "SUM(hours)"),
            row(SELECT, "SELECT COUNT(*) + ¦'1'", "results are numbers, not the text '1'", ""),
            row(SELECT, "SELECT ¦1 + 1", "this result is a constant", ""),
            row(SELECT, "SELECT ¦model", "computes nothing", "COUNT(*)"),
            row(SELECT, "SELECT COUNT(*) AS n, SUM(hours) AS ¦n", "two results are called `n`", "AS"),
            row(SELECT, "SELECT COUNT(*), ¦COUNT(1)", "two results are called `COUNT(*)`", ""),
            row(SELECT, "SELECT SUM(¦hours * 1e34 * hours)", "computed from column `hours` can need more than 38 digits", "narrow"),
            row(SELECT, "SELECT SUM(hours * ¦1e40)", "at most 36 digits", ""),
            row(SELECT, "SELECT SUM(¦NULL)", "NULL is no value", "IS NULL"),
            row(SELECT, "SELECT SUM(¦hours > 1)", "not part of a study's SQL", ""),
        ],
    );
}

#[test]
#[rustfmt::skip] // one row, one line
fn wrong_conditions_and_groups_are_refused() {
    check(
        QUERY,
        &[
            row(WHERE, "WHERE ¦hours", "a condition is needed here, not a number", "> 0"),
            row(WHERE, "WHERE ¦TRUE", "a condition is needed here, not TRUE", ""),
            row(WHERE, "WHERE ¦1 = 1", "compares two constants", ""),
            row(WHERE, "WHERE model = ¦'X3'", "`model` has no category 'X3'", "did you mean `X1`?"),
            row(WHERE, "WHERE model IN ('X1', ¦'diesel')", "no category 'diesel'", "the categories are"),
            row(WHERE, "WHERE model IN ('X1', ¦5)", "a category is one of its codes", ""),
            row(WHERE, "WHERE ¦model > 'X1'", "cannot be compared", "by = and <>"),
            row(WHERE, "WHERE ¦model = 5", "cannot be compared", ""),
            row(WHERE, "WHERE ¦hours = '5'", "a number cannot be compared with the text '5'", ""),
            row(WHERE, "WHERE ¦installed > 5", "cannot be compared", "2020-01-31"),
            row(WHERE, "WHERE installed > ¦'yesterday'", "'yesterday' is not a day", "2020-01-31"),
            row(WHERE, "WHERE ¦installed IN ('2020-01-01')", "IN takes numbers and categories", "OR"),
            row(WHERE, "WHERE failures IN (1, ¦hours)", "a number is needed here", ""),
            row(WHERE, "WHERE ¦SUM(hours) > 5", "a function of one record", "not within each other or WHERE"),
            row(WHERE, "WHERE hours > ¦NULL", "NULL is no value", "IS NULL"),
            row(WHERE, "WHERE ¦status IS TRUE", "not part of a study's SQL", ""),
            row(GROUP, "GROUP BY model, ¦model", "grouped by twice", ""),
            row(GROUP, "GROUP BY model, ¦mdel", "no column `mdel`", "did you mean `model`?"),
        ],
    );
    let missing = QUERY.replace("\"boolean\"", "\"boolean\"\nmissing = \"allow\"");
    check(&missing, &[row(GROUP, "GROUP BY model, ¦status", "may be missing", "category of their own")]);
    let many: Vec<String> = (0..50_001).map(|i| format!("\"c{i}\"")).collect();
    let many = QUERY.replace("[\"X1\", \"X2\", \"O'Neil \\\"3\\\"\"]", &format!("[{}]", many.join(",")));
    check(&many, &[row(GROUP, "GROUP BY model, ¦status", "more than 100000 groups", "coarser")]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_bad_failure_rate_is_refused() {
    check(
        FAILURE_RATE,
        &[
            row("events = \"status\"", "events = ¦\"stats\"", "there is no column `stats`", "did you mean `status`?"),
            row("events = \"status\"", "events = ¦\"hours\"", "`events` must be whole numbers", ""),
            row("events = \"status\"", "events = ¦\"model\"", "must be a numeric column, not one of type category", ""),
            row("exposure = \"hours\"", "exposure = ¦\"installed\"", "must be a numeric column, not one of type date", ""),
            row("per = 1e6", "per = ¦0", "`per` must be greater than 0", "1e6"),
            row("confidence = 0.95", "confidence = ¦95", "`confidence` must lie between 0 and 1", "0.95"),
            row("confidence = 0.95", "confidence = ¦1.0", "`confidence` must lie between 0 and 1", ""),
            row("truncation = \"time\"", "truncation = ¦\"never\"", "not possible here", "`time`, `failure`"),
            row("NOT model = 'X2'", "NOT model = ¦'X9'", "no category 'X9'", ""),
            row("NOT model = 'X2'", "NOT model = 'X2' ¦GROUP", "expected: the end of the query, found: GROUP", ""),
            row("[\"model\"]", "[¦\"hours\"]", "its groups are not public", ""),
            row("[\"model\"]", "¦\"model\"", "`group_by` must be an array", ""),
            row("kind = \"failure_rate\"", "kind = \"failure_rate\"\n¦query = \"\"", "has no key `query`", ""),
            row("kind = \"failure_rate\"", "kind = ¦\"failurerate\"", "not possible here", "did you mean `failure_rate`?"),
        ],
    );
    let negative = FAILURE_RATE.replace("range = [0, 100000]", "range = [-1, 100000]");
    check(&negative, &[row("exposure = \"hours\"", "exposure = ¦\"hours\"", "`exposure` can be negative", "begin at 0")]);
    let missing = FAILURE_RATE.replace("\"boolean\"", "\"boolean\"\nmissing = \"allow\"");
    check(&missing, &[row("events = \"status\"", "events = ¦\"status\"", "`events` may be missing", "refuse")]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_bad_statistic_is_refused() {
    let (before, rest) = FAILURE_RATE.split_once("[objective]").expect("an objective");
    let (_, after) = rest.split_once("[security]").expect("what follows");
    let with = |objective: &str| format!("{before}[objective]\n{objective}\nconfidence = 0.95\n[security]{after}");
    check(&with("kind = \"t_test\"\nvalue = \"hours\"\ngroup = \"model\"\ngroups = [\"X1\", \"X2\"]"), &[
        row("value = \"hours\"", "value = \"¦huors\"", "there is no column `huors`", "the columns are"),
        row("value = \"hours\"", "value = \"¦model\"", "a number is needed here", ""),
        row("value = \"hours\"", "value = ¦\"1\"", "this value is a constant", "name a column"),
        row("value = \"hours\"", "value = \"¦SUM(hours)\"", "", ""),
        row("group = \"model\"", "group = ¦\"hours\"", "its groups are not public", ""),
        row("[\"X1\", \"X2\"]", "[\"X1\", ¦\"X3\"]", "not possible here", "did you mean `X1`?"),
        row("[\"X1\", \"X2\"]", "¦[\"X1\", \"X1\"]", "two different groups", "minus the first"),
        row("[\"X1\", \"X2\"]", "¦[\"X1\"]", "two different groups", ""),
        row("groups = [\"X1\", \"X2\"]", "variances = ¦\"same\"\ngroups = [\"X1\", \"X2\"]", "not possible here", "`unequal`, `equal`"),
    ]);
    check(&with("kind = \"linear\"\nresponse = \"hours\"\npredictors = [\"status\"]"), &[
        row("[\"status\"]", "¦[]", "`predictors` has 0 entries", "name 1 to 200"),
        row("[\"status\"]", "¦[\"status\", \"status\"]", "`status` stands in `predictors` twice", "remove one"),
        row("response = \"hours\"", "response = \"hours\"\nridge = ¦-1", "`ridge` cannot be negative", ""),
        row("response = \"hours\"", "response = \"hours\"\nridge = 1\nweights = ¦\"failures\"", "a ridge has no weights", ""),
        row("response = \"hours\"", "response = \"hours\"\nweights = ¦\"model\"", "`weights` must be a numeric column", ""),
        row("kind = \"linear\"", "kind = ¦\"liner\"", "not possible here", "did you mean `linear`?"),
    ]);
    check(&with("kind = \"weibull\"\nevent = \"status\"\ntime = \"hours + 1\"\nreveal_path = true"), &[
        row("\"hours + 1\"", "¦\"hours\"", "`time` must be greater than 0", "begin above 0"),
        row("event = \"status\"", "event = ¦\"hours\"", "`event` must be 0 or 1", "boolean"),
        row("reveal_path = true", "reveal_path = ¦1", "`reveal_path` must be true or false", ""),
        row("reveal_path = true", "reveal_path = true\nsteps = ¦1", "`steps` must lie between 2 and 60", "eight are usual"),
        row("reveal_path = true", "reveal_path = true\npredictors = ¦[]", "`predictors` has 0 entries", ""),
        row("kind = \"weibull\"", "kind = \"weibull\"\n¦response = \"status\"", "has no key `response`", ""),
    ]);
    check(&with("kind = \"poisson\"\nresponse = \"status\"\npredictors = [\"hours\"]\nreveal_path = true"), &[
        row("response = \"status\"", "response = ¦\"hours\"", "`response` must be a whole number from 0 on", ""),
        row("reveal_path = true", "exposure = ¦\"hours\"\nreveal_path = true", "`exposure` must be greater than 0", ""),
        row("reveal_path = true", "reveal_path = true\nerrors = ¦\"HC2\"", "not possible here", ""),
        row("reveal_path = true", "reveal_path = true\n¦calibration = 200", "has no key `calibration`", ""),
    ]);
    check(&with("kind = \"logistic\"\nresponse = \"status\"\npredictors = [\"hours\"]\nreveal_path = true"), &[
        row("reveal_path = true", "reveal_path = true\nridge = ¦-1", "`ridge` cannot be negative", ""),
        row("reveal_path = true", "reveal_path = true\nridge = 1\nerrors = ¦\"HC0\"", "a ridge has no robust errors", "leave out"),
        row("reveal_path = true", "reveal_path = ¦false\nridge = 1", "`ridge` needs sums of steps", "leave out `ridge`"),
        row("reveal_path = true", "reveal_path = true\ncalibration = ¦19", "`calibration` must lie between 20 and 1000", "200 are fine"),
    ]);
    let table = with("kind = \"contingency\"\nrow = \"status\"\ncolumn = \"model\"");
    check(&table, &[
        row("row = \"status\"", "row = \"status\"\nstrata = [¦\"hours\"]", "its groups are not public", ""),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_bad_grid_is_refused() {
    let (before, rest) = FAILURE_RATE.split_once("[objective]").expect("an objective");
    let (_, after) = rest.split_once("[security]").expect("what follows");
    let with = |objective: &str| format!("{before}[objective]\n{objective}\nconfidence = 0.95\n[security]{after}");
    let whole = |objective: &str, message: &'static str, help: &'static str| {
        check(&with(objective), &[row("[objective]", "[¦objective]", message, help)]);
    };
    let survival = "kind = \"survival\"\ntime = \"hours\"\nevent = \"status\"\nwidth = 100";
    check(&with(survival), &[
        row("time = \"hours\"", "time = ¦\"model\"", "`model` is of type category: it has no bins", "integer, decimal"),
        row("width = 100", "width = ¦0", "cannot be cut into such bins", "positive"),
        row("width = 100", "width = ¦0.25", "cannot be cut into such bins", "1 digits"),
        row("width = 100", "width = 100\nhorizon = ¦0", "`horizon` must be greater than 0", ""),
        row("width = 100", "width = 100\nweight = ¦\"logrank\"", "not possible here", "did you mean `log-rank`?"),
    ]);
    whole(&survival.replace("\nwidth = 100", ""), "2 groups and 1000001 bins of `hours` make 2000002 cells; 100000 are the most", "larger `width`");
    whole(&survival.replace("\"hours\"", "\"installed\""), "`time` is no duration", "durations");
    whole(&format!("{survival}\ngroup = \"status\""), "a column takes two parts", "");
    whole(&survival.replace("\"status\"", "\"model\""), "`event` must be a boolean column, not one of type category", "");
    whole("kind = \"detector\"\nscore = \"failures\"\ntruth = \"status\"\ncalibrated = 10", "`failures` is no probability", "calibrated");
    whole("kind = \"meta_analysis\"\nrow = \"model\"\ncolumn = \"status\"\ncontributor = \"status\"", "a column takes two parts", "");
    check(&with("kind = \"rank_test\"\nvalue = \"failures\"\ngroup = \"model\"\ngroups = [\"X1\", \"X2\"]"), &[
        row("[\"X1\", \"X2\"]", "¦[\"X1\"]", "at least two different groups", "leave it out"),
    ]);
    check(&with("kind = \"histogram\"\nvalue = \"failures\"\nquantiles = [0.5]"), &[
        row("[0.5]", "¦[1.5]", "at most 1000 shares", "between 0 and 1"),
    ]);
    check(&with("kind = \"disproportionality\"\ndrug = \"model\"\nevent = \"status\"\nbackground = [\"X1\"]"), &[
        row("[\"X1\"]", "[¦\"X9\"]", "not possible here", "X1"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_bad_joint_audit_is_refused() {
    let (before, rest) = FAILURE_RATE.split_once("[objective]").expect("an objective");
    let (_, after) = rest.split_once("[security]").expect("what follows");
    let with = |objective: &str| format!("{before}[objective]\n{objective}\n[security]{after}");
    check(&with("kind = 'quality'\nmissing = ['model']\nimplausible = ['hours > 5']"), &[
        row("['model']", "[¦'modell']", "there is no column `modell`", "did you mean `model`?"),
        row("['model']", "[¦'serial']", "`serial` is an identifier", ""),
        row("['model']", "['model', ¦'model']", "`model` stands in `missing` twice", "remove one"),
        row("'hours > 5'", "'¦hour > 5'", "there is no column `hour`", "did you mean `hours`?"),
        row("kind", "duplicates = ¦true\nkind", "without a key there are no duplicates", "`key` in [table]"),
    ]);
    check(&with("kind = 'quality'\nmissing = ['model']"), &[
        row("[objective]\nkind = 'quality'\nmissing = ['model']", "[¦objective]\nkind = 'quality'", "nothing is asked", "`duplicates`"),
    ]);
    check(&with("kind = 'quality'\n[[objective.drift]]\nvalue = 'hours'\nedges = [1, 2]\nindex = 'ks'\nlimit = 0.1"), &[
        row("'ks'", "¦'ksi'", "not possible here", "`ks`"),
        row("[1, 2]", "¦[]", "`edges` has 0 entries", "name 1 to 200"),
        row("[1, 2]", "[1, ¦1.0]", "`edges` must ascend", ""),
        row("limit = 0.1", "limit = ¦-1", "`limit` cannot be negative", "rule of thumb"),
        row("limit = 0.1", "limit = 0.1\nreveal = ¦'all'", "not possible here", "`verdict`, `index`"),
        row("value = 'hours'", "value = '¦model'", "a number is needed here", ""),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_bad_linkage_is_refused() {
    let (before, rest) = FAILURE_RATE.split_once("[objective]").expect("an objective");
    let (_, after) = rest.split_once("[security]").expect("what follows");
    let with = |objective: &str| format!("{before}[objective]\n{objective}\n[security]{after}");
    check(&with("kind = 'linkage'\nkeys = [['serial'], ['model', 'hours']]"), &[
        row("['serial']", "[¦'seriall']", "there is no column `seriall`", "did you mean `serial`?"),
        row("['serial']", "['serial', ¦'serial']", "`serial` stands in this key twice", "remove one"),
        row("['serial']", "¦[]", "a key has columns of its own", "at least one column"),
        row("['serial']", "['serial'], ¦['serial']", "a key has columns", "once"),
        row("[['serial'], ['model', 'hours']]", "¦[]", "`keys` has 0 entries", "name 1 to 8 keys"),
    ]);
    let cross = "kind = 'linkage'\nkeys = [['serial']]\n[objective.cross]\nof = ['op_a', 'op_b']\ncolumns = ['status', 'model']";
    check(&with(cross), &[
        row("'op_a', 'op_b'", "'op_a', ¦'op_d'", "there is no data party `op_d`", "`op_a`"),
        row("['op_a', 'op_b']", "¦['op_a']", "`of` names two", "the second's"),
        row("'status'", "¦'hours'", "no public list of values", "category or boolean"),
        row("'status'", "¦'serial'", "an identifier", ""),
        row("columns", "¦extra = 1\ncolumns", "`extra`", ""),
    ]);
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let text = QUERY
        .replace("\"op_b\"", "\"op_a\"")
        .replace("\"auto\"", "\"rep4\"")
        .replace("SUM(failures)", "SUM(failure)")
        .replace("hours > 10", "hours > model")
        .replace("wait_s", "waits");
    let Report(problems) = Study::parse(&text, "study.toml").expect_err("five mistakes");
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages.len(), 5, "{messages:#?}");
    let order = ["two parties", "no column", "cannot be compared", "rep4", "`waits`"];
    for (message, want) in messages.iter().zip(order) {
        assert!(message.contains(want), "{messages:#?}");
    }
}

#[test]
fn a_problem_is_printed_with_its_line_and_carets() {
    let text = QUERY.replace("hours > 10", "huors > 10 AND hour > 1");
    let report = Study::parse(&text, "study.toml").expect_err("an unknown column").to_string();
    let want = "\
error: there is no column `huors`
  --> study.toml:66:7
   |
66 | WHERE huors > 10 AND hour > 1
   |       ^^^^^
   = help: the columns are `serial`, `hours`, `failures`, `status`, `model`, `installed`";
    assert_eq!(report, want);
}

#[test]
fn deep_and_long_queries_are_refused_without_exhausting_the_stack() {
    let deep = |open: &str, close: &str, n: usize| {
        format!("WHERE {}hours{} > 1", open.repeat(n), close.repeat(n))
    };
    let rows = [
        (deep("(", ")", 60), "nested too deeply"),
        (deep("-", "", 100), "expected"),
        (deep("- ", "", 60), "nested too deeply"),
        (format!("WHERE hours{} > 1", " + 1".repeat(150)), "nested more than 100 deep"),
        (format!("WHERE hours{}", " IS NULL".repeat(900)), "nested more than 100 deep"),
        (format!("WHERE hours{} > 1", " + 1".repeat(1001)), "more than 2000 words"),
        (format!("WHERE {}hours", "NOT (".repeat(60)), "nested too deeply"),
        (format!("WHERE {}hours", "NOT (".repeat(20)), "expected"),
        (format!("WHERE {}hours", "f(".repeat(60)), "nested too deeply"),
    ];
    for (filter, message) in rows {
        let report = Study::parse(&QUERY.replace(WHERE, &filter), "s").expect_err(&filter);
        assert!(report.0[0].message.contains(message), "{message}: {}", report.0[0].message);
    }
}

#[test]
fn places_are_right_behind_escapes_in_the_string() {
    let one_line = r#"query = "SELECT\n\tSUM(hours) AS \"é\u00e9\", SUM(¦hour) FROM units""#;
    let (before, rest) = QUERY.split_once("query = \"\"\"").expect("a query");
    let (_, after) = rest.split_once("\"\"\"").expect("its end");
    let text = format!("{before}QUERY{after}");
    check(&text, &[row("QUERY", one_line, "there is no column `hour`", "did you mean `hours`?")]);
}
