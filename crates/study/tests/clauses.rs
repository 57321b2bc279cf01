//! What SQL has and a study has not: each clause is refused where it stands, with what to write
//! instead.

use sharewell_study::Study;

const QUERY: &str = include_str!("studies/query.toml");

/// A query whose mistake is at the mark, a part of the message, a part of the advice.
const ROWS: [(&str, &str, &str); 46] = [
    ("SELECT ¦* FROM units", "never released", "aggregates such as COUNT(*)"),
    ("SELECT ¦DISTINCT model FROM units", "DISTINCT is not part", "all records"),
    ("SELECT COUNT(*) FROM op_a JOIN op_b ON ¦1 = 1", "expected: a name", ""),
    ("SELECT COUNT(*) FROM units ¦LEFT JOIN units", "LEFT is not part", "by its mapping"),
    ("SELECT COUNT(*) FROM units ¦UNION SELECT 1", "UNION is not part", "one study for each"),
    ("SELECT COUNT(*) FROM units WHERE hours > (¦SELECT 1)", "second SELECT", "no subqueries"),
    ("SELECT COUNT(*) FROM units WHERE ¦EXISTS (hours)", "EXISTS is not part", "no subqueries"),
    ("¦WITH x AS (1) SELECT COUNT(*) FROM units", "WITH is not part", "no subqueries"),
    ("SELECT SUM(hours) ¦OVER () FROM units", "OVER is not part", "no window functions"),
    ("SELECT SUM(hours) ¦FILTER (WHERE status) FROM units", "FILTER", "SUM(CASE WHEN"),
    ("SELECT COUNT(*) FROM units WHERE model ¦LIKE 'X%'", "LIKE is not part", "= or IN"),
    ("SELECT COUNT(*) FROM units WHERE model ¦SIMILAR TO 'X'", "SIMILAR", "= or IN"),
    ("SELECT SUM(¦CAST(hours AS INTEGER)) FROM units", "CAST is not part", "mapping"),
    ("SELECT SUM(hours ¦% 2) FROM units", "`%` is not part", "+ - *"),
    ("SELECT SUM(hours) ¦|| 'h' FROM units", "`||` is not part", "+ - *"),
    ("SELECT SUM(¦ROUND(hours)) FROM units", "a function of one record", "mapping"),
    ("SELECT SUM(¦ABS(hours)) FROM units", "a function of one record", "mapping"),
    ("SELECT SUM(¦hours / failures) FROM units", "a quotient within one record", "SUM(a) / SUM(b)"),
    ("SELECT COUNT(*) FROM units GROUP BY ¦ROLLUP (model)", "ROLLUP", "CUBE for all totals"),
    ("SELECT COUNT(*) FROM units GROUP BY CUBE (¦serial)", "the agreed schema lists", "leave CUBE"),
    ("SELECT COUNT(*) FROM units GROUP BY CUBE ¦model", "expected: (", ""),
    ("SELECT COUNT(*) FROM units LIMIT 5 ¦OFFSET 5", "OFFSET is not part", "ORDER BY and LIMIT"),
    ("SELECT COUNT(*) FROM units ¦FETCH FIRST 5 ROWS ONLY", "FETCH", "ORDER BY and LIMIT"),
    ("SELECT COUNT(*) FROM units ¦QUALIFY COUNT(*) > 1", "QUALIFY", "HAVING"),
    (
        "SELECT COUNT(*) AS n FROM units HAVING ¦SUM(hours) > 1",
        "is not selected",
        "add it to SELECT",
    ),
    ("SELECT COUNT(*) AS n FROM units HAVING ¦m > 1", "`m` is not selected", "add it to SELECT"),
    ("SELECT COUNT(*) AS n FROM units HAVING ¦n > n", "with a constant", "the difference"),
    ("SELECT COUNT(*) AS n FROM units HAVING ¦n", "a condition is needed", "> 0"),
    ("SELECT status, COUNT(*) FROM units GROUP BY status HAVING ¦status = 1", "the group", "WHERE"),
    ("SELECT COUNT(*) AS n FROM units ORDER BY ¦hours", "is not selected", "add it to SELECT"),
    ("SELECT COUNT(*) AS n FROM units ORDER BY ¦1", "not a name", "AS"),
    ("SELECT ¦STRING_AGG(model) FROM units", "no aggregate STRING_AGG", "never released"),
    ("SELECT ¦APPROX_DISTINCT(model) FROM units", "no aggregate", "exact"),
    ("SELECT ¦SUM(DISTINCT hours) FROM units", "no DISTINCT", "COUNT(DISTINCT column)"),
    ("SELECT ¦PERCENTILE_DISC(0.5) FROM units", "no aggregate", "PERCENTILE_CONT"),
    ("SELECT ¦PERCENTILE_CONT(0.5) FROM units", "a place and an order", "WITHIN GROUP (ORDER BY"),
    (
        "SELECT PERCENTILE_CONT(¦1.5) WITHIN GROUP (ORDER BY hours) FROM units",
        "a number from 0 to 1",
        "",
    ),
    ("SELECT PERCENTILE_CONT(¦0.00001) WITHIN GROUP (ORDER BY hours) FROM units", "4 digits", ""),
    (
        "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY ¦hours DESC) FROM units",
        "is ascending",
        "PERCENTILE_CONT(0.75)",
    ),
    ("SELECT ¦AVG(hours) WITHIN GROUP (ORDER BY hours) FROM units", "has no order", ""),
    ("SELECT ¦BOOL_OR(status) FROM units", "no aggregate BOOL_OR", "MAX(column)"),
    ("SELECT ¦REGR_SLOPE(hours, failures) FROM units", "no aggregate", "linear"),
    ("SELECT SUM(EXTRACT(YEAR FROM ¦hours)) FROM units", "a date column", "EXTRACT(YEAR FROM"),
    ("SELECT SUM(EXTRACT(HOUR FROM ¦installed)) FROM units", "no part HOUR", "`YEAR`"),
    ("SELECT COUNT(*) FROM units WHERE installed > ¦INTERVAL '1' DAY", "INTERVAL", "'2020-01-31'"),
    ("¦DELETE FROM units", "DELETE is not part", "only reads"),
];

#[test]
fn what_a_study_does_not_know_is_refused_with_what_to_write_instead() {
    let (before, rest) = QUERY.split_once("query = \"\"\"").expect("a query");
    let after = rest.split_once("\"\"\"").expect("its end").1;
    for (marked, message, help) in ROWS {
        let sql = marked.replace('¦', "");
        let study = format!("{before}query = '''{sql}'''{after}");
        let report = Study::parse(&study, "study.toml").expect_err(marked);
        let problem = &report.0[0];
        let place = marked.chars().position(|c| c == '¦').expect("a mark");
        let column = "query = '''".len() + place + 1;
        assert_eq!(problem.position.column, column, "{marked}:\n{problem}");
        assert!(problem.message.contains(message), "{marked}: {message:?} is not in\n{problem}");
        let advice = problem.help.as_deref().unwrap_or_default();
        assert!(advice.contains(help), "{marked}: {help:?} is not in the help of\n{problem}");
    }
}

#[test]
fn a_limit_is_a_number_of_rows() {
    for limit in ["0", "-1", "1.5", "n", ""] {
        let text = QUERY.replace("GROUP BY model", &format!("GROUP BY model LIMIT {limit}"));
        let report = Study::parse(&text, "study.toml").expect_err(limit);
        assert!(report.0[0].message.contains("a whole number of rows, at least 1"), "{report}");
    }
}
