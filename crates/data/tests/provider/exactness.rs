//! Sums are those of integers, whatever engine computes them.

use std::fmt::Write as _;

use proptest::prelude::*;
use sharewell_data::{Error, Mapping, local};
use sharewell_study::{
    Comparison, Decimal, Grid, Kind, LocalQuery, Measure, Predicate, Recorded, RowExpr, Table,
};

use crate::{
    Provider, category, column, decimal, fans, fixture, integer, optional, query, sum, table, total,
};

#[test]
fn three_owners_fans_add_up_to_twelve_failures_in_344440_hours() {
    let mut all = [0; 3];
    for (file, rows) in [("party_a.csv", 24), ("party_b.csv", 23), ("party_c.csv", 23)] {
        let provider = Provider::new().file("fans.csv", fixture(file));
        let mapping: Mapping = provider
            .mapping("[source.fans]\npath = \"fans.csv\"\n[map]\nsql = \"SELECT unit, hours, status FROM fans\"")
            .expect("right");
        let phase = LocalQuery {
            table: "agreed".to_owned(),
            filter: None,
            group_by: vec![],
            groups: vec![vec![]],
            measures: vec![Measure::Rows, sum("\"hours\"", 1), sum("\"status\"", 0)],
            records: vec![],
        };
        let result =
            local(&mapping, &fans(), &crate::LENIENT, &phase, &|_| ()).expect("the fans are valid");
        assert_eq!(result.report.rows_accepted, rows);
        assert_eq!(result.report.rejected, []);
        // Binary residues such as 1660.0000000000002 are not digits that someone wrote.
        assert_eq!(result.report.rounded, []);
        for (all, cell) in all.iter_mut().zip(&result.cells[0]) {
            *all += cell.expect("sums of some rows");
        }
    }
    assert_eq!(all, [70, 3_444_400, 12]);
}

#[test]
fn large_products_neither_wrap_nor_round() {
    let rows: String = std::iter::once("a,b,x\n".to_owned())
        .chain((0..1000).map(|_| "1231234,9000000000000000000,123456789.01\n".to_owned()))
        .collect();
    let agreed = Provider::csv(rows)
        .read(&table(vec![
            column("a", integer(0, i64::MAX)),
            column("b", integer(0, i64::MAX)),
            column("x", decimal(2, 0, 100_000_000_000)),
        ]))
        .expect("valid");
    let measures = vec![
        sum("a * 1231235", 0),
        sum("b + b + 9000000000000000000 * 2", 0),
        sum("b * a - b * 9", 0),
        sum("x * 0.5 - a", 3),
        Measure::SumSquares { expr: "x".to_owned(), decimals: 2 },
    ];
    let (a, b, x) = (1_231_234i128, 9_000_000_000_000_000_000i128, 12_345_678_901i128);
    let expected = [a * 1_231_235, 4 * b, b * a - b * 9, x * 5 - a * 1000, x * x];
    assert_eq!(total(&agreed, measures), expected.map(|one| Some(1000 * one)));
}

#[test]
fn what_a_study_writes_as_sql_is_understood_and_exact() {
    let agreed = table(vec![
        column("b", integer(0, i64::MAX)),
        column("Failed \"early\"", Kind::Boolean),
        column("hours", decimal(1, 0, 1_000_000)),
        column("site", category(&["north", "o'south"])),
        column("day", Kind::Date { min: 0, max: 20_000 }),
    ]);
    let rows = "b,\"Failed \"\"early\"\"\",hours,site,day\n\
                9000000000000000000,1,0.5,o'south,1970-01-02\n7,0,2.5,north,2000-01-01\n";
    let read = Provider::csv(rows).read(&agreed).expect("valid");
    let product = |a, b| RowExpr::Mul(Box::new(a), Box::new(b));
    let half = RowExpr::Number(Decimal { digits: -25, scale: 1 });
    let expr = product(product(RowExpr::Column(0), RowExpr::Column(1)), half);
    let both = |a, b| Predicate::And(Box::new(a), Box::new(b));
    let filter = both(
        both(Predicate::Truth(1), Predicate::Member { column: 3, codes: vec![1] }),
        both(
            Predicate::CompareDate { column: 4, op: Comparison::LtEq, days: 1 },
            Predicate::AnyOf {
                value: product(RowExpr::Column(2), RowExpr::Column(2)),
                list: vec![Decimal { digits: 25, scale: 2 }],
            },
        ),
    );
    let measures = vec![Measure::Rows, sum(&expr.to_sql(&agreed), 1)];
    let filter = filter.to_sql(&agreed);
    let cells = query(&read, Some(&filter), measures).unwrap_or_else(|e| panic!("{filter}: {e}"));
    assert_eq!(cells, [[Some(1), Some(-225_000_000_000_000_000_000)]]);
}

#[test]
fn squares_up_to_ten_to_the_18_add_up_exactly_over_100000_rows() {
    let value = |i: i128| 100_000_000_000 - 7919 * i;
    let mut rows = "x\n".to_owned();
    for i in 0..100_000 {
        writeln!(rows, "{}.{:02}", value(i) / 100, value(i) % 100).expect("a string grows");
    }
    let agreed = Provider::csv(rows)
        .read(&table(vec![column("x", decimal(2, 0, 100_000_000_000))]))
        .expect("valid");
    let squares = Measure::SumSquares { expr: "\"x\"".to_owned(), decimals: 2 };
    let expected: i128 = (0..100_000).map(|i| value(i) * value(i)).sum();
    assert_eq!(total(&agreed, vec![squares]), [Some(expected)]);
}

#[test]
fn a_sum_or_product_beyond_38_digits_is_refused() {
    let agreed = |rows: &str| {
        Provider::csv(rows).read(&table(vec![column("b", integer(0, i64::MAX))])).expect("valid")
    };
    let (one, two) = (agreed("b\n9000000000000000000\n"), agreed("b\n9000000000000000000\n9\n"));
    let square = 81 * 10i128.pow(36);
    assert_eq!(total(&one, vec![sum("b * b", 0)]), [Some(square)]);
    // The sum itself has 38 digits; twice its greatest addend has 39.
    let refused = query(&two, None, vec![sum("b * b", 0)]);
    assert!(matches!(refused, Err(Error::Overflow { rows: 2, .. })), "{refused:?}");
    for beyond in ["b * b * b", "b * b + b * b + b * b"] {
        let refused = query(&one, None, vec![sum(beyond, 0)]);
        assert!(refused.is_err(), "{beyond}: {refused:?}");
    }
}

#[test]
fn groups_are_the_public_list_and_empty_ones_count_nothing() {
    let agreed = Provider::csv("site,failed,hours\nnorth,true,5\nsouth,false,7\nnorth,true,1\n")
        .read(&table(vec![
            column("site", category(&["north", "south", "west"])),
            column("failed", Kind::Boolean),
            column("hours", integer(0, 100)),
        ]))
        .expect("valid");
    let group = |site: &str, failed: &str| vec![site.to_owned(), failed.to_owned()];
    let cells = agreed
        .query(&LocalQuery {
            table: "agreed".to_owned(),
            filter: None,
            group_by: vec!["site".to_owned(), "failed".to_owned()],
            groups: vec![group("west", "true"), group("north", "true"), group("south", "false")],
            measures: vec![
                Measure::Rows,
                Measure::Count("hours".to_owned()),
                sum("hours", 0),
                Measure::Min { expr: "hours".to_owned(), decimals: 0 },
                Measure::Max { expr: "hours".to_owned(), decimals: 0 },
            ],
            records: vec![],
        })
        .expect("the query fits");
    assert_eq!(cells[0], [Some(0), Some(0), None, None, None]);
    assert_eq!(cells[1], [Some(2), Some(2), Some(6), Some(1), Some(5)]);
    assert_eq!(cells[2], [Some(1), Some(1), Some(7), Some(7), Some(7)]);
}

#[test]
fn bins_of_numbers_and_days_are_groups_and_a_missing_value_is_in_none() {
    let schema = table(vec![
        optional("x", decimal(1, -25, 100)),
        column("n", integer(-3, 20)),
        column("day", Kind::Date { min: -31, max: 20_000 }),
    ]);
    let rows = "x,n,day\n-2.5,-3,1969-12-31\n-0.1,0,1970-01-01\n0,1,1970-01-02\n,20,2020-02-29\n2.4,6,1970-01-03\n";
    let agreed = Provider::csv(rows).read(&schema).expect("valid");
    let counts = |column: usize, width: i64| {
        let grid = Grid { column, width };
        let cells = agreed.query(&LocalQuery {
            table: "agreed".to_owned(),
            filter: None,
            group_by: vec![grid.to_sql(&schema)],
            groups: (0..grid.bins(&schema)).map(|bin| vec![grid.key(&schema, bin)]).collect(),
            measures: vec![Measure::Rows],
            records: vec![],
        });
        let count = |cell: &Vec<Option<i128>>| cell[0].expect("a count");
        cells.expect("the query fits").iter().map(count).collect::<Vec<i128>>()
    };
    // Five bins of 2.5 from -2.5 on, and the last of 0.1.
    assert_eq!(counts(0, 25), [2, 2, 0, 0, 0, 0]);
    assert_eq!(counts(0, 1).iter().sum::<i128>(), 4);
    assert_eq!(counts(1, 4), [2, 1, 1, 0, 0, 1]);
    assert_eq!(counts(1, 1)[..5], [1, 0, 0, 1, 1]);
    assert_eq!(counts(2, 32), [[2, 2].to_vec(), vec![0; 571], vec![1], vec![0; 52]].concat());
    assert_eq!(counts(2, 1)[30..34], [1, 1, 1, 1]);
}

#[test]
fn a_provider_without_a_matching_row_counts_zero() {
    let agreed = table(vec![column("x", integer(0, 9))]);
    let read = Provider::csv("x\n1\n").read_sql("SELECT x FROM t WHERE x > 5", &agreed);
    let read = read.expect("no rows is a result");
    assert_eq!(read.report().rows_read, 0);
    assert_eq!(total(&read, vec![Measure::Rows, sum("x", 0)]), [Some(0), None]);
}

#[test]
fn missing_values_are_skipped_as_sql_skips_them() {
    let agreed = Provider::csv("x,day\n1.5,2020-02-29\n,\n-2.5,1969-12-31\n")
        .read(&table(vec![
            optional("x", decimal(1, -100, 100)),
            optional("day", Kind::Date { min: -365, max: 20_000 }),
        ]))
        .expect("valid");
    let measures = || {
        vec![
            Measure::Rows,
            Measure::Count("\"x\"".to_owned()),
            Measure::Count("\"day\"".to_owned()),
            sum("\"x\"", 1),
            Measure::Min { expr: "\"day\"".to_owned(), decimals: 0 },
            Measure::Max { expr: "\"day\"".to_owned(), decimals: 0 },
        ]
    };
    let all = [Some(3), Some(2), Some(2), Some(-10), Some(-1), Some(18_321)];
    assert_eq!(total(&agreed, measures()), all);
    let filtered = |filter| query(&agreed, Some(filter), measures()).expect("fits").remove(0);
    assert_eq!(filtered("NOT \"x\" > 0")[..4], [Some(1), Some(1), Some(1), Some(-25)]);
    assert_eq!(filtered("\"day\" >= DATE '2020-01-01'")[3], Some(15));
    assert_eq!(filtered("\"x\" IN (1.50, 3)")[3], Some(15));
    assert_eq!(filtered("\"x\" IS NULL"), [Some(1), Some(0), Some(0), None, None, None]);
    assert_eq!(filtered("\"x\" > 9"), [Some(0), Some(0), Some(0), None, None, None]);
}

fn agreed_table() -> Table {
    table(vec![
        column("n", integer(i64::MIN, i64::MAX)),
        optional("x", decimal(3, -1_000_000_000_000, 1_000_000_000_000)),
        column("b", Kind::Boolean),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_table_adds_up_as_its_integers_do(
        rows in prop::collection::vec(
            (any::<i64>(), prop::option::of(-1_000_000_000_000i64..=1_000_000_000_000), any::<bool>()),
            1..40,
        )
    ) {
        let mut csv = "b,n,x\n".to_owned();
        for (n, x, b) in &rows {
            let x = x.map_or_else(String::new, |x| {
                let sign = if x < 0 { "-" } else { "" };
                format!("{sign}{}.{:03}", x.abs() / 1000, x.abs() % 1000)
            });
            writeln!(csv, "{b},{n},{x}").expect("a string grows");
        }
        let agreed = Provider::csv(csv).read(&agreed_table()).expect("valid");
        let cells = total(&agreed, vec![
            sum("n", 0),
            sum("n * CAST(b AS INT)", 0),
            sum("x * n", 3),
            sum("b", 0),
            Measure::SumSquares { expr: "x".to_owned(), decimals: 3 },
            Measure::Min { expr: "n".to_owned(), decimals: 0 },
            Measure::Max { expr: "x".to_owned(), decimals: 3 },
        ]);
        let known = || rows.iter().filter_map(|&(n, x, _)| Some((i128::from(n), i128::from(x?))));
        let some = |sum: i128| known().next().map(|_| sum);
        prop_assert_eq!(cells, [
            Some(rows.iter().map(|&(n, ..)| i128::from(n)).sum()),
            Some(rows.iter().map(|&(n, _, b)| i128::from(n) * i128::from(b)).sum()),
            some(known().map(|(n, x)| n * x).sum()),
            Some(rows.iter().map(|&(.., b)| i128::from(b)).sum()),
            some(known().map(|(_, x)| x * x).sum()),
            rows.iter().map(|&(n, ..)| n.into()).min(),
            known().map(|(_, x)| x).max(),
        ]);
    }
}

/// What is taken of two providers' rows: those that count and miss no number, in their order.
#[test]
fn rows_of_one_identifier_have_one_digest_at_every_provider() {
    let table = table(vec![column("id", Kind::Identifier), optional("x", integer(0, 100))]);
    let taken = |rows: &str, salt: u8| {
        let provider = Provider::new().file("t.csv", format!("id,x\n{rows}"));
        let sql = "[source.t]\npath = \"t.csv\"\n[map]\nsql = \"SELECT id, x FROM t\"";
        let mapping: Mapping = provider.mapping(sql).expect("right");
        let columns = vec!["id".to_owned()];
        let query = LocalQuery {
            table: "agreed".to_owned(),
            filter: Some("\"id\" <> 'left out'".to_owned()),
            group_by: vec![],
            groups: vec![vec![]],
            measures: vec![Measure::Rows],
            records: vec![
                Recorded::Digest { columns, bits: 40, salt: [salt; 32] },
                Recorded::Number { expr: "\"x\"".to_owned(), decimals: 1 },
            ],
        };
        let result = local(&mapping, &table, &crate::LENIENT, &query, &|_| ()).expect("valid");
        result.records
    };
    let first = taken("a,3\nleft out,5\nb,\nc,7\n", 1);
    let second = taken("c,1\na,2\n", 1);
    assert_eq!((&first[1], &second[1]), (&vec![30, 70], &vec![10, 20]));
    assert_eq!((first[0][0], first[0][1]), (second[0][1], second[0][0]));
    assert!(first[0][0] != first[0][1] && first[0].iter().all(|digest| digest >> 40 == 0));
    assert_ne!(taken("a,3\n", 2)[0][0], first[0][0], "the salt of another study");
}

/// What tells a group is the text itself, in parts; one that is too long stops the provider.
#[test]
fn identifiers_are_told_in_parts_of_six_bytes() {
    let table = table(vec![optional("id", Kind::Identifier)]);
    let parts = |rows: &str| {
        let provider = Provider::new().file("t.csv", format!("id\n{rows}"));
        let mapping = "[source.t]\npath = \"t.csv\"\ntext = [\"id\"]\n[map]\nsql = \"SELECT NULLIF(id, 'none') AS id FROM t\"";
        let mapping: Mapping = provider.mapping(mapping).expect("right");
        let part = |part| Recorded::Text { column: "id".to_owned(), part };
        let query = LocalQuery {
            table: "agreed".to_owned(),
            filter: None,
            group_by: vec![],
            groups: vec![vec![]],
            measures: vec![],
            records: vec![part(0), part(1), part(3)],
        };
        local(&mapping, &table, &crate::LENIENT, &query, &|_| ()).map(|result| result.records)
    };
    let number = |text: &str| text.bytes().fold(0, |all, byte| (all << 8) | i128::from(byte));
    let found = parts("abcdefgh\né\nnone\n123456789012345678abcdef\n").expect("short");
    let first = [number("abcdef"), number("é") << 32, 0, number("123456")];
    assert_eq!(found[0], first);
    assert_eq!(found[1], [number("gh") << 32, 0, 0, number("789012")]);
    assert_eq!(found[2], [0, 0, 0, number("abcdef")]);
    let refused = parts("123456789012345678abcdefg\n").expect_err("long");
    let told = refused.to_string();
    assert!(told.contains("column id: an identifier of more than 24 bytes"), "{told}");
    assert!(!told.contains("1234"), "{told}");
}
