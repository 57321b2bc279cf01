//! What holds of every text, every study and every query.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sharewell_study::{
    Aggregate, BadGiver, Comparison, DatePart, Decimal, Expr, Having, Item, Join, Objective, Order,
    Predicate, Query, RowExpr, Study,
};

const QUERY: &str = include_str!("studies/query.toml");
const FAILURE_RATE: &str = include_str!("studies/failure_rate.toml");

const STATUS: usize = 3;
const MODEL: usize = 4;
const INSTALLED: usize = 5;

fn parse(text: &str) -> Study {
    Study::parse(text, "study.toml").unwrap_or_else(|report| panic!("{report}\n{text}"))
}

/// The canonical study with another query.
fn with_query(query: &str) -> String {
    let (before, rest) = QUERY.split_once("\"\"\"").expect("a query");
    let (_, after) = rest.split_once("\"\"\"").expect("its end");
    format!("{before}{}{after}", toml::Value::from(query))
}

/// Studies that differ from the canonical ones in one thing each, all valid.
#[rustfmt::skip] // one row, one line
const MUTATIONS: [(&str, &str, &str); 71] = [
    (QUERY, "\"fan-failure-rate\"", "\"fan-failure-rates\""),
    (QUERY, "diesel generator fans", "diesel generator fan s"),
    (QUERY, "name = \"op_a\"", "name = \"op_d\""),
    (QUERY, "name = \"op_b\"\nroles = [\"data\"", "name = \"op_b\"\nroles = [\"recipient\", \"data\""),
    (QUERY, "02\"\naddress", "03\"\naddress"),
    (QUERY, "127.0.0.1:7102", "127.0.0.1:7104"),
    (QUERY, "name = \"units\"", "name = \"Units\""),
    (QUERY, "max_rows = 100000", "max_rows = 100001"),
    (QUERY, "name = \"serial\"", "name = \"series\""),
    (QUERY, "type = \"identifier\"", "type = \"boolean\""),
    (QUERY, "type = \"identifier\"", "type = \"category\"\ncategories = [\"ab\", \"c\"]"),
    (QUERY, "type = \"identifier\"", "type = \"category\"\ncategories = [\"a\", \"bc\"]"),
    (QUERY, "type = \"identifier\"", "type = \"category\"\ncategories = [\"bc\", \"a\"]"),
    (QUERY, "type = \"identifier\"", "type = \"category\"\ncategories = [\"abc\"]"),
    (QUERY, "type = \"identifier\"", "type = \"identifier\"\nmissing = \"allow\""),
    (QUERY, "decimals = 1", "decimals = 2"),
    (QUERY, "decimals = 1\nunit = \"h\"\nrange = [0, 100000]", "decimals = 2\nunit = \"h\"\nrange = [0, 10000]"),
    (QUERY, "type = \"decimal\"\ndecimals = 1", "type = \"integer\""),
    (QUERY, "type = \"decimal\"\ndecimals = 1", "type = \"decimal\"\ndecimals = 0"),
    (QUERY, "unit = \"h\"", "unit = \"d\""),
    (QUERY, "[0, 100000]", "[-1, 100000]"),
    (QUERY, "[0, 100000]", "[0, 100000.1]"),
    (QUERY, "[0, 1000]", "[0, 1001]"),
    (QUERY, "[0, 1000]", "[1, 1000]"),
    (QUERY, "unit = \"1\"", "unit = \"2\""),
    (QUERY, "\"1990-01-01\"", "\"1990-01-02\""),
    (QUERY, "\"2030-12-31\"", "\"2030-12-30\""),
    (QUERY, "missing = \"allow\"", "missing = \"refuse\""),
    (QUERY, "max_rows = 100000", "max_rows = 100000\nversion = 2"),
    (QUERY, "max_rows = 100000", "max_rows = 100000\nkey = [\"serial\"]"),
    (QUERY, "max_rows = 100000", "max_rows = 100000\nkey = [\"serial\", \"model\"]"),
    (QUERY, "type = \"category\"", "type = \"category\"\ncode_list = \"A\"\ncode_list_version = \"1\""),
    (QUERY, "type = \"category\"", "type = \"category\"\ncode_list = \"A\"\ncode_list_version = \"2\""),
    (QUERY, "type = \"category\"", "type = \"category\"\ncode_list = \"B\"\ncode_list_version = \"1\""),
    (QUERY, "[limits]", "[quality]\nmin_rows = 1\n[limits]"),
    (QUERY, "[limits]", "[quality]\nmax_rejected = 0\n[limits]"),
    (QUERY, "[limits]", "[quality]\nmax_missing = 0\n[limits]"),
    (QUERY, "[limits]", "[quality]\nmax_outliers = 0\n[limits]"),
    (QUERY, "[limits]", "[quality]\noutlier_z = 0\n[limits]"),
    (QUERY, "[limits]", "[quality]\nmax_future = 0\n[limits]"),
    (QUERY, "[limits]", "[quality]\nconstant = \"refuse\"\n[limits]"),
    (QUERY, "AS n,", "AS m,"),
    (QUERY, "COUNT(*)", "COUNT(model)"),
    (QUERY, "COUNT(*)", "MAX(hours)"),
    (QUERY, "COUNT(*)", "MIN(hours)"),
    (QUERY, "SUM(failures) /", "SUM(failures) *"),
    (QUERY, "SUM(failures) /", "AVG(failures) /"),
    (QUERY, "SUM(failures) /", "VAR(failures) /"),
    (QUERY, "SUM(failures) /", "STDDEV(failures) /"),
    (QUERY, "SUM(failures) /", "SUM(-failures) /"),
    (QUERY, "SUM(failures) /", "-SUM(failures) /"),
    (QUERY, "hours > 10", "hours >= 10"),
    (QUERY, "hours > 10", "hours > 100"),
    (QUERY, "hours > 10", "hours > 10 OR status"),
    (QUERY, "hours > 10", "hours > 10 AND status"),
    (QUERY, "WHERE hours > 10\n", ""),
    (QUERY, "GROUP BY model", "GROUP BY model, status"),
    (QUERY, "\"auto\"", "\"rep3\""),
    (QUERY, "\"auto\"", "\"rep3-malicious\""),
    (QUERY, "\"semi-honest\"", "\"malicious\""),
    (QUERY, "corruptions = 1", "corruptions = 2"),
    (QUERY, "min_records = 10", "min_records = 11"),
    (QUERY, "min_parties = 3", "min_parties = 2"),
    (QUERY, "\"hidden\"", "\"open\""),
    (QUERY, "connect_s = 60", "connect_s = 30"),
    (QUERY, "wait_s = 30", "wait_s = 60"),
    (FAILURE_RATE, "events = \"status\"", "events = \"failures\""),
    (FAILURE_RATE, "per = 1e6", "per = 1e5"),
    (FAILURE_RATE, "0.95", "0.9"),
    (FAILURE_RATE, "\"time\"", "\"failure\""),
    (FAILURE_RATE, "group_by = [\"model\"]", "group_by = []"),
];

#[test]
fn studies_that_differ_in_anything_differ_in_their_hash() {
    let mut studies = vec![parse(QUERY), parse(FAILURE_RATE)];
    for (study, from, to) in MUTATIONS {
        assert_eq!(study.matches(from).count(), 1, "{from:?} must occur once");
        studies.push(parse(&study.replace(from, to)));
    }
    // What no valid study can change by itself.
    let by_hand: [fn(&mut Study); 5] = [
        |study| study.version = 2,
        |study| study.security.corruptions = 3,
        |study| study.security.bad_giver = BadGiver::Drop,
        |study| study.parties[0].roles.data = false,
        |study| study.parties[0].roles.compute = false,
    ];
    for change in by_hand {
        let mut study = parse(QUERY);
        change(&mut study);
        studies.push(study);
    }
    let mut hashes: Vec<_> = studies.iter().map(Study::hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), studies.len());
}

#[test]
fn spelling_does_not_change_the_hash() {
    let rows = [
        ("version = 1", "version = 0x1 # a comment"),
        (
            "[study]\nname = \"fan-failure-rate\"\nversion = 1",
            "[study]\nversion = 1\nname = 'fan-failure-rate'",
        ),
        ("of diesel generator", "of\\n  diesel   generator"),
        ("[\"data\", \"compute\", \"recipient\"]", "[\"recipient\", \"compute\", \"data\",]"),
        ("max_rows = 100000", "max_rows = 100_000"),
        ("[0, 100000]", "[ -0.0, 1.0e5 ]"),
        ("missing = \"allow\"", "\n\n  \"missing\" = 'allow'"),
        ("SELECT model", "select -- the group\n Model"),
        ("SUM(failures) / SUM(hours)", "((sum(\"failures\"))/SUM(hours))"),
        ("hours > 10", "hours > 1e1"),
        ("GROUP BY model\n", "group by \"model\";"),
        ("[limits]\nconnect_s = 60\nwait_s = 30", ""),
        ("type = \"boolean\"", "type = \"boolean\"\nmissing = \"refuse\""),
    ];
    let hash = parse(QUERY).hash();
    for (from, to) in rows {
        assert_eq!(QUERY.matches(from).count(), 1, "{from:?} must occur once");
        assert_eq!(parse(&QUERY.replace(from, to)).hash(), hash, "{to:?}");
    }
    assert_eq!(parse(&QUERY.replace('\n', "\r\n")).hash(), hash, "other line ends");
}

/// A new hash means a new canonical form: then the form's magic must change too.
#[test]
fn the_canonical_form_is_as_it_was() {
    let hashes = [QUERY, FAILURE_RATE].map(|study| parse(study).hash().to_string());
    let query = "d121de2ab17380aa68e51116a07ba12a572c49abb6a525c158b9bf6bb90b985d";
    let failure_rate = "27eac9259eb08ceb05fb13a06f8f95e27c2c15b0e69971a66e91752fe90919ab";
    assert_eq!(hashes, [query, failure_rate]);
}

fn number() -> impl Strategy<Value = Decimal> {
    (-100_000i128..100_000, 0u8..4)
        .prop_map(|(digits, scale)| Decimal::new(digits, scale).expect("within the limits"))
}

/// Arithmetic on the numeric columns 1 to 3. As the parser does, minus is folded into constants.
fn row_expr() -> impl Strategy<Value = RowExpr> {
    let leaf = prop_oneof![
        3 => (1usize..=3).prop_map(RowExpr::Column),
        1 => number().prop_map(RowExpr::Number),
        1 => select(DatePart::ALL.to_vec())
            .prop_map(|part| RowExpr::DatePart { part, column: INSTALLED }),
        1 => Just(RowExpr::Sub(
            Box::new(RowExpr::Column(INSTALLED)),
            Box::new(RowExpr::Column(INSTALLED))
        )),
    ];
    let condition = select(vec![
        Predicate::Truth(STATUS),
        Predicate::Not(Box::new(Predicate::IsNull(RowExpr::Column(1)))),
        Predicate::Member { column: MODEL, codes: vec![0, 2] },
    ]);
    leaf.prop_recursive(3, 8, 2, move |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|a| match a {
                RowExpr::Number(number) => RowExpr::Number(-number),
                a => RowExpr::Neg(Box::new(a)),
            }),
            pair().prop_map(|(a, b)| RowExpr::Add(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| RowExpr::Sub(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| RowExpr::Mul(Box::new(a), Box::new(b))),
            (condition.clone(), inner.clone(), prop::option::of(inner.clone())).prop_map(
                |(condition, a, b)| RowExpr::Case {
                    branches: vec![(condition, a)],
                    otherwise: b.map(Box::new)
                }
            ),
        ]
    })
}

fn of_columns() -> impl Strategy<Value = RowExpr> {
    row_expr().prop_map(|expr| match expr.columns()[..] {
        [] => RowExpr::Add(Box::new(RowExpr::Column(1)), Box::new(expr)),
        _ => expr,
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    select(vec![Eq, NotEq, Lt, LtEq, Gt, GtEq])
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let date = || RowExpr::Column(INSTALLED);
    let leaf =
        prop_oneof![
            (of_columns(), comparison(), row_expr())
                .prop_map(|(left, op, right)| Predicate::Compare { left, op, right }),
            (row_expr(), comparison(), of_columns())
                .prop_map(|(left, op, right)| Predicate::Compare { left, op, right }),
            comparison().prop_map(move |op| Predicate::Compare { left: date(), op, right: date() }),
            (comparison(), -700_000..2_900_000).prop_map(|(op, days)| Predicate::CompareDate {
                column: INSTALLED,
                op,
                days
            }),
            (of_columns(), prop::collection::vec(number(), 1..4))
                .prop_map(|(value, list)| Predicate::AnyOf { value, list }),
            select(vec![vec![0], vec![1, 2], vec![0, 1, 2]])
                .prop_map(|codes| Predicate::Member { column: MODEL, codes }),
            Just(Predicate::Truth(STATUS)),
            prop_oneof![of_columns(), (1usize..=5).prop_map(RowExpr::Column)]
                .prop_map(Predicate::IsNull),
        ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|a| Predicate::Not(Box::new(a))),
            pair().prop_map(|(a, b)| Predicate::And(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| Predicate::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn aggregate() -> impl Strategy<Value = Expr> {
    prop_oneof![
        Just(Aggregate::Count),
        prop_oneof![of_columns(), (1usize..=5).prop_map(RowExpr::Column)]
            .prop_map(Aggregate::CountColumn),
        of_columns().prop_map(Aggregate::Sum),
        of_columns().prop_map(Aggregate::Avg),
        of_columns().prop_map(Aggregate::VarSamp),
        of_columns().prop_map(Aggregate::StddevSamp),
        prop_oneof![of_columns(), Just(RowExpr::Column(INSTALLED))].prop_map(Aggregate::Min),
        prop_oneof![of_columns(), Just(RowExpr::Column(INSTALLED))].prop_map(Aggregate::Max),
        of_columns().prop_map(Aggregate::VarPop),
        of_columns().prop_map(Aggregate::StddevPop),
        (of_columns(), of_columns()).prop_map(|(a, b)| Aggregate::CovarSamp(a, b)),
        (of_columns(), of_columns()).prop_map(|(a, b)| Aggregate::CovarPop(a, b)),
        (of_columns(), of_columns()).prop_map(|(a, b)| Aggregate::Corr(a, b)),
        (of_columns(), 0..=10_000i128).prop_map(|(of, place)| {
            Aggregate::Percentile { of, at: Decimal::new(place, 4).expect("a small number") }
        }),
        prop_oneof![of_columns(), (1usize..=5).prop_map(RowExpr::Column)]
            .prop_map(Aggregate::CountDistinct),
    ]
    .prop_map(Expr::Aggregate)
}

/// Arithmetic whose leftmost leaf is an aggregate, so that it is no constant.
fn expr() -> impl Strategy<Value = Expr> {
    aggregate().prop_recursive(3, 8, 2, |inner| {
        let right = prop_oneof![
            inner.clone(),
            number().prop_filter("no division by zero", |n| n.digits != 0).prop_map(Expr::Number),
        ];
        let pair = move || (inner.clone(), right.clone());
        prop_oneof![
            pair().prop_map(|(a, _)| Expr::Neg(Box::new(a))),
            pair().prop_map(|(a, b)| Expr::Add(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| Expr::Sub(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| Expr::Mul(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| Expr::Div(Box::new(a), Box::new(b))),
        ]
    })
}

fn having() -> impl Strategy<Value = Option<(Comparison, Decimal)>> {
    prop::option::of((comparison(), number()))
}

fn query() -> impl Strategy<Value = Query> {
    let groups = [vec![], vec![STATUS], vec![MODEL], vec![STATUS, MODEL], vec![0, INSTALLED]];
    let groups = select(groups.to_vec());
    let join = Join { parties: [1, 0], names: ["op_b".into(), "a \"b".into()], on: vec![0, MODEL] };
    let items = prop::collection::vec((expr(), prop::option::of("[ -~é]{1,8}")), 1..4);
    let shown = (having(), any::<(bool, bool)>(), prop::option::of(1u64..9));
    let join = prop::option::of(Just(join));
    (groups, items, prop::option::of(predicate()), shown, join).prop_map(
        |(group_by, exprs, filter, shown, join)| {
            let table = parse(QUERY).table;
            let table = join.as_ref().map_or(table.clone(), |join| join.table(&table));
            let groups = group_by.iter().map(|&column| (Expr::Group(column), None));
            let mut items: Vec<Item> = Vec::new();
            for (expr, name) in groups.chain(exprs) {
                let default = match expr {
                    Expr::Group(column) => table.names()[column].clone(),
                    _ => expr.to_sql(&table),
                };
                let name = name.unwrap_or(default);
                if items.iter().all(|item| item.name != name) {
                    items.push(Item { name, expr });
                }
            }
            let last = items.len() - 1;
            let (having, (ordered, descending), limit) = shown;
            let public = join.is_none() && [vec![STATUS], vec![MODEL]].contains(&group_by);
            Query {
                join,
                items,
                filter,
                group_by,
                margins: public && limit.is_some(),
                having: having.map(|(op, number)| {
                    let compare = |op| Having::Compare { item: last, op, number };
                    let both =
                        Having::And(Box::new(compare(op)), Box::new(compare(Comparison::Gt)));
                    Having::Or(Box::new(compare(op)), Box::new(Having::Not(Box::new(both))))
                }),
                order_by: if ordered { vec![Order { item: last, descending }] } else { vec![] },
                limit,
            }
        },
    )
}

/// Words and symbols of queries, for texts that come far.
fn soup() -> impl Strategy<Value = String> {
    let words = "SELECT FROM JOIN INNER ON USING op_a op_b WHERE GROUP BY AS AND OR NOT IN BETWEEN IS NULL TRUE DATE SUM COUNT MIN \
        units hours failures status model installed serial user line point date f ( ( ) ) , + - * / = \
        <> < >= ; . -- /* */ 1 0.5 1e9 'X1' '2020-01-01' \"hours\" \" ' ` é $ : ? [ ] { } \\";
    let words: Vec<&str> = words.split_whitespace().collect();
    prop::collection::vec(select(words), 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_query_survives_printing_and_parsing(query in query()) {
        let table = parse(QUERY).table;
        let sql = query.to_sql(&table, &["op_a", "op_b", "op_c"]);
        let text = with_query(&sql);
        let study = match query.join {
            None => parse(&text),
            Some(_) => {
                let three = "name = \"op_c\"\nroles = [\"data\", ";
                let two = text.replacen(three, "name = \"op_c\"\nroles = [", 1);
                parse(&two.replacen("min_parties = 3", "min_parties = 2", 1))
            }
        };
        prop_assert_eq!(study.objective, Objective::Sql(query), "{}", sql);
    }

    #[test]
    fn queries_have_the_same_canonical_form_only_if_they_are_equal(a in query(), b in query()) {
        let mut study = parse(QUERY);
        study.objective = Objective::Sql(a.clone());
        let form = study.canonical();
        study.objective = Objective::Sql(b.clone());
        prop_assert_eq!(form == study.canonical(), a == b);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _any = Study::parse(&text, "study.toml");
    }

    #[test]
    fn no_query_makes_the_parser_panic(sql in prop_oneof![soup(), any::<String>()]) {
        let as_query = Study::parse(&with_query(&sql), "study.toml");
        if let Err(report) = as_query {
            prop_assert!(!report.to_string().is_empty());
        }
        let filter = toml::Value::from(sql).to_string();
        let text = FAILURE_RATE.replace("\"installed >= '2000-01-01' AND NOT model = 'X2'\"", &filter);
        let _any = Study::parse(&text, "study.toml");
    }

    #[test]
    fn no_damage_to_a_study_makes_the_parser_panic(
        of in select(vec![QUERY, FAILURE_RATE]),
        (from, to) in any::<(Index, Index)>(),
        put in prop_oneof![Just(String::new()), "[\\[\\]\"'=\\\\\n0-9a-z.-]{1,3}", any::<String>()],
    ) {
        let mut ends = [from.index(of.len()), to.index(of.len())];
        ends.sort_unstable();
        let end = ends[1].min(ends[0] + 40);
        let damaged = format!("{}{put}{}", &of[..ends[0]], &of[end..]);
        if let Err(report) = Study::parse(&damaged, "study.toml") {
            prop_assert!(!report.0.is_empty());
        }
    }
}
