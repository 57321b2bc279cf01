//! Studies that are well formed, and what they mean.

use sharewell_study::{
    Aggregate, BadGiver, CodeList, Comparison, Constant, Decimal, Drift, DriftIndex, Errors, Expr,
    Family, Grid, Item, Join, Kind, Limits, Matrix, Missing, Objective, Overflow, Predicate,
    Protocol, Quality, Query, Range, Release, Reveal, Roles, RowExpr, Rules, Scale, Security,
    StatisticKind, Study, Sufficient, Threat, Truncation, Variances, Weight,
};

const QUERY: &str = include_str!("studies/query.toml");
const FAILURE_RATE: &str = include_str!("studies/failure_rate.toml");

const HOURS: usize = 1;
const FAILURES: usize = 2;
const STATUS: usize = 3;
const MODEL: usize = 4;
const INSTALLED: usize = 5;

#[track_caller]
fn parse(text: &str) -> Study {
    Study::parse(text, "study.toml").unwrap_or_else(|report| panic!("{report}"))
}

/// The canonical study with another query.
#[track_caller]
fn with_query(query: &str) -> (Study, Query) {
    with_query_in(QUERY, query)
}

fn with_query_in(text: &str, query: &str) -> (Study, Query) {
    let (before, rest) = text.split_once("\"\"\"").expect("a query");
    let (_, after) = rest.split_once("\"\"\"").expect("its end");
    let study = parse(&format!("{before}'''{query}'''{after}"));
    let Objective::Sql(query) = study.objective.clone() else { panic!("not SQL") };
    (study, query)
}

fn number(digits: i128, scale: u8) -> Decimal {
    Decimal::new(digits, scale).expect("within the limits")
}

fn column(column: usize) -> Box<RowExpr> {
    Box::new(RowExpr::Column(column))
}

fn aggregate(aggregate: Aggregate) -> Box<Expr> {
    Box::new(Expr::Aggregate(aggregate))
}

#[test]
fn every_part_of_a_study_is_read() {
    let study = parse(QUERY);
    assert_eq!((study.name.as_str(), study.version), ("fan-failure-rate", 1));
    assert_eq!(study.purpose, "Pooled failure rate of diesel generator fans");
    assert_eq!(study.parties.len(), 3);
    assert_eq!(study.parties[0].roles, Roles { data: true, compute: true, recipient: true });
    assert_eq!(study.parties[2].roles, Roles { data: true, compute: true, recipient: false });
    assert_eq!(study.parties[1].key.0, [2; 32]);
    assert_eq!(study.parties[1].address, "127.0.0.1:7102");
    assert_eq!(study.recipients().collect::<Vec<_>>(), [0]);
    assert_eq!(study.data_parties().count() + study.compute_parties().count(), 6);
    assert_eq!((study.party("op_c"), study.party("op_d")), (Some(2), None));
    assert_eq!((study.table.name.as_str(), study.table.max_rows), ("units", 100_000));
    let kinds: Vec<&Kind> = study.table.columns.iter().map(|column| &column.kind).collect();
    let codes = ["X1", "X2", "O'Neil \"3\""].map(String::from).to_vec();
    let want = [
        Kind::Identifier,
        Kind::Decimal { unit: "h".into(), decimals: 1, min: 0, max: 1_000_000 },
        Kind::Integer { unit: "1".into(), min: 0, max: 1000 },
        Kind::Boolean,
        Kind::Category { codes, list: None },
        Kind::Date { min: 7305, max: 22_279 },
    ];
    assert_eq!(kinds, want.iter().collect::<Vec<_>>());
    assert_eq!(study.table.columns[HOURS].missing, Missing::Refuse);
    assert_eq!(study.table.columns[INSTALLED].missing, Missing::Allow);
    let security = Security {
        threat: Threat::SemiHonest,
        corruptions: 1,
        protocol: Protocol::Auto,
        bad_giver: BadGiver::Stop,
    };
    assert_eq!(study.security, security);
    let release = Release {
        min_records: 10,
        min_parties: 3,
        sufficient: Sufficient::Hidden,
        rules: Rules::default(),
    };
    assert_eq!(study.release, release);
    assert_eq!(study.limits, Limits { connect_s: 60, wait_s: 30 });
}

#[test]
fn what_is_new_changes_the_hash_and_what_is_not_said_does_not() {
    let plain = Study::parse(QUERY, "study.toml").expect("well formed");
    let mut hashes = vec![plain.hash()];
    let with_release = |line: &str| QUERY.replace("[release]\n", &format!("[release]\n{line}\n"));
    for text in [
        QUERY.replace("unit = \"h\"", "unit = \"h\"\noutside = \"clip\""),
        QUERY.replace("GROUP BY model", "GROUP BY CUBE (model)"),
        with_release("dominance = [2, 85]"),
        with_release("dominance = [2, 86]"),
        with_release("p_percent = 10"),
        with_release("round_counts = 10"),
        with_release("records_per_parameter = 10"),
        format!("{QUERY}\n[privacy]\nepsilon = 1\n"),
        format!("{QUERY}\n[privacy]\nepsilon = 1\nunit = \"organisation\"\n"),
    ] {
        let study = Study::parse(&text, "study.toml").unwrap_or_else(|report| panic!("{report}"));
        assert!(!hashes.contains(&study.hash()), "{text}");
        hashes.push(study.hash());
    }
    for text in [
        QUERY.replace("unit = \"h\"", "unit = \"h\"\noutside = \"refuse\""),
        QUERY.replace("wait_s = 30", "wait_s = 0x1e"),
    ] {
        let study = Study::parse(&text, "study.toml").unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(study.hash(), plain.hash(), "{text}");
    }
}

#[test]
fn the_threat_model_is_what_the_study_says() {
    let asked = "\"semi-honest\"\ncorruptions = 1\nprotocol = \"auto\"";
    assert_eq!(QUERY.matches(asked).count(), 1);
    for threat in Threat::ALL {
        for protocol in Protocol::ALL {
            let text = format!(
                "\"{}\"\ncorruptions = 2\nprotocol = \"{}\"",
                threat.name(),
                protocol.name()
            );
            let study = Study::parse(&QUERY.replace(asked, &text), "study.toml");
            let weaker = threat == Threat::Malicious && protocol == Protocol::Rep3;
            assert_eq!(study.is_err(), weaker, "{text}");
            if let Ok(study) = study {
                let bad_giver = BadGiver::Stop;
                let want = Security { threat, corruptions: 2, protocol, bad_giver };
                assert_eq!(study.security, want);
            }
        }
    }
}

/// The canonical study with these keys more at its table and model, and this section more.
#[track_caller]
fn with_schema(table: &str, model: &str, rest: &str) -> Study {
    let text = QUERY
        .replace("max_rows = 100000", &format!("max_rows = 100000\n{table}"))
        .replace("type = \"category\"", &format!("type = \"category\"\n{model}"));
    parse(&format!("{text}\n{rest}"))
}

#[test]
fn a_schema_has_a_version_a_key_and_code_lists() {
    let study = with_schema(
        "version = 3\nkey = [\"model\", \"SERIAL\"]",
        "code_list = \"Fan types\"\ncode_list_version = \"2024-1\"",
        "",
    );
    assert_eq!((study.table.version, study.table.key), (3, vec![0, MODEL]));
    let Kind::Category { list, .. } = &study.table.columns[MODEL].kind else { panic!("not codes") };
    let want = CodeList { name: "Fan types".into(), version: "2024-1".into() };
    assert_eq!(list.as_ref(), Some(&want));
    assert_eq!((parse(QUERY).table.version, parse(QUERY).table.key), (1, vec![]));
}

#[test]
fn a_time_span_is_a_decimal_whose_unit_is_of_time() {
    let spans = QUERY.replace("type = \"decimal\"", "type = \"timespan\"");
    assert_eq!(parse(&spans), parse(QUERY));
}

#[test]
fn quality_has_limits_that_may_be_left_out() {
    let none = Quality {
        min_rows: 0,
        max_rejected: None,
        max_missing: None,
        max_outliers: None,
        outlier_z: number(35, 1),
        max_future: None,
        constant: Constant::Allow,
    };
    assert_eq!(parse(QUERY).quality, none);
    let study = with_schema(
        "",
        "",
        "[quality]\nmin_rows = 20\nmax_rejected = 0.05\nmax_missing = 1\nmax_outliers = 0\n\
         outlier_z = 5\nmax_future = 0\nconstant = \"refuse\"",
    );
    let want = Quality {
        min_rows: 20,
        max_rejected: Some(number(5, 2)),
        max_missing: Some(number(1, 0)),
        max_outliers: Some(number(0, 0)),
        outlier_z: number(5, 0),
        max_future: Some(number(0, 0)),
        constant: Constant::Refuse,
    };
    assert_eq!(study.quality, want);
}

#[test]
fn a_bad_giver_stops_the_run_or_is_left_out_as_the_study_says() {
    let asked = "\"semi-honest\"\ncorruptions = 1";
    for (word, want) in [("stop", BadGiver::Stop), ("drop", BadGiver::Drop)] {
        let text = format!("\"malicious\"\nbad_giver = \"{word}\"\ncorruptions = 1");
        assert_eq!(parse(&QUERY.replace(asked, &text)).security.bad_giver, want);
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let (cut, _) = QUERY.split_once("[release]").expect("a release rule");
    assert_eq!(parse(cut), parse(QUERY));
    assert_eq!(parse(cut).hash(), parse(QUERY).hash());
}

#[test]
fn a_failure_rate_is_read() {
    let filter = Predicate::And(
        Box::new(Predicate::CompareDate { column: INSTALLED, op: Comparison::GtEq, days: 10_957 }),
        Box::new(Predicate::Not(Box::new(Predicate::Member { column: MODEL, codes: vec![1] }))),
    );
    let want = Objective::FailureRate {
        events: STATUS,
        exposure: HOURS,
        per: 1e6,
        confidence: 0.95,
        truncation: Truncation::Time,
        filter: Some(filter),
        group_by: vec![MODEL],
    };
    assert_eq!(parse(FAILURE_RATE).objective, want);
}

/// The study of a failure rate with another objective.
fn with_objective(objective: &str) -> String {
    let (before, rest) = FAILURE_RATE.split_once("[objective]").expect("an objective");
    let (_, after) = rest.split_once("[security]").expect("what follows");
    format!("{before}[objective]\n{objective}\n[security]{after}")
}

#[test]
fn statistics_of_the_catalogue_are_read() {
    let kind = |objective: &str| match parse(&with_objective(objective)).objective {
        Objective::Statistic(statistic) => statistic.kind,
        other => panic!("{other:?}"),
    };
    let hours = || RowExpr::Column(HOURS);
    let squared = RowExpr::Mul(Box::new(hours()), Box::new(hours()));
    let status = || RowExpr::Column(STATUS);
    let one = || Box::new(RowExpr::Number(number(1, 0)));
    let later = || RowExpr::Add(Box::new(hours()), one());
    let time = Grid { column: HOURS, width: 1000 };
    let cases = [
        (
            "kind = 'recurrence'\ntime = 'hours'\nevent = 'status'\ngroup = 'model'\nwidth = 100",
            StatisticKind::Recurrence { time, event: STATUS, group: Some(MODEL) },
        ),
        (
            "kind = 'describe'\nvalues = ['hours', 'hours*hours']\nby = ['model']",
            StatisticKind::Describe {
                values: vec![hours(), squared.clone()],
                by: vec![MODEL],
                quartiles: false,
            },
        ),
        (
            "kind = 'describe'\nvalues = ['hours', 'hours*hours']\nby = ['model']\nquartiles = true",
            StatisticKind::Describe {
                values: vec![hours(), squared.clone()],
                by: vec![MODEL],
                quartiles: true,
            },
        ),
        (
            "kind = 't_test'\nvalue = 'hours'\ngroup = 'status'",
            StatisticKind::TTest {
                value: hours(),
                group: STATUS,
                first: 0,
                second: 1,
                variances: Variances::Unequal,
            },
        ),
        (
            "kind = 't_test'\nvalue = 'hours'\ngroup = 'model'\ngroups = ['X2', 'X1']\n\
             variances = 'equal'",
            StatisticKind::TTest {
                value: hours(),
                group: MODEL,
                first: 1,
                second: 0,
                variances: Variances::Equal,
            },
        ),
        (
            "kind = 'contingency'\nrow = 'model'\ncolumn = 'status'",
            StatisticKind::Contingency { row: MODEL, column: STATUS, strata: vec![] },
        ),
        (
            "kind = 'correlation'\nvalues = ['hours', 'status']",
            StatisticKind::Correlation { values: vec![hours(), status()] },
        ),
        (
            "kind = 'pca'\nvalues = ['hours', 'status']",
            StatisticKind::Pca { values: vec![hours(), status()], matrix: Matrix::Correlation },
        ),
        (
            "kind = 'pca'\nvalues = ['hours', 'status']\nmatrix = 'covariance'",
            StatisticKind::Pca { values: vec![hours(), status()], matrix: Matrix::Covariance },
        ),
        (
            "kind = 'linear'\nresponse = 'status'\npredictors = ['hours', 'hours * hours']\n\
             ridge = 0.5",
            StatisticKind::Linear {
                response: status(),
                predictors: vec![hours(), squared],
                ridge: 0.5,
                weights: None,
            },
        ),
        (
            "kind = 'linear'\nresponse = 'status'\npredictors = ['hours']\nweights = 'failures'",
            StatisticKind::Linear {
                response: status(),
                predictors: vec![hours()],
                ridge: 0.0,
                weights: Some(FAILURES),
            },
        ),
        (
            "kind = 'disproportionality'\ndrug = 'model'\nevent = 'status'\nreports = 'failures'",
            StatisticKind::Disproportionality {
                drug: MODEL,
                event: STATUS,
                reports: Some(FAILURES),
                background: vec![],
                strata: vec![],
            },
        ),
        (
            "kind = 'disproportionality'\ndrug = 'model'\nevent = 'status'\nbackground = ['X2']",
            StatisticKind::Disproportionality {
                drug: MODEL,
                event: STATUS,
                reports: None,
                background: vec!["X2".to_owned()],
                strata: vec![],
            },
        ),
        (
            "kind = 'benchmark'\nevents = 'failures'\nexposure = 'hours'\nper = 1000\nby = ['model']",
            StatisticKind::Benchmark {
                events: FAILURES,
                exposure: HOURS,
                per: 1000.0,
                by: vec![MODEL],
            },
        ),
        (
            "kind = 'paired_t_test'\nfirst = 'hours'\nsecond = 'status'",
            StatisticKind::PairedTTest { first: hours(), second: status() },
        ),
        (
            "kind = 'anova'\nvalue = 'hours'\ngroup = 'model'",
            StatisticKind::Anova { value: hours(), group: MODEL },
        ),
        (
            "kind = 'rates'\nevents = 'failures'\nexposure = 'hours'\nper = 1000\n\
             group = 'model'\nreference = 'X2'\nstrata = ['status']",
            StatisticKind::Rates {
                events: FAILURES,
                exposure: HOURS,
                per: 1000.0,
                group: MODEL,
                reference: 1,
                strata: vec![STATUS],
            },
        ),
        (
            "kind = 'logistic'\nresponse = 'status'\npredictors = ['hours']\nreveal_path = true",
            StatisticKind::Regression {
                family: Family::Logistic,
                response: status(),
                exposure: None,
                predictors: vec![hours()],
                reveal_path: true,
                steps: 25,
                errors: Errors::Model,
                calibration: 0,
                ridge: 0.0,
            },
        ),
        (
            "kind = 'poisson'\nresponse = 'failures'\nexposure = 'hours + 1'\n\
             predictors = ['status']\nreveal_path = false\nsteps = 9",
            StatisticKind::Regression {
                family: Family::Poisson,
                response: RowExpr::Column(FAILURES),
                exposure: Some(later()),
                predictors: vec![status()],
                reveal_path: false,
                steps: 9,
                errors: Errors::Model,
                calibration: 0,
                ridge: 0.0,
            },
        ),
        (
            "kind = 'logistic'\nresponse = 'status'\npredictors = ['hours']\nreveal_path = true\n\
             errors = 'HC1'\ncalibration = 200",
            StatisticKind::Regression {
                family: Family::Logistic,
                response: status(),
                exposure: None,
                predictors: vec![hours()],
                reveal_path: true,
                steps: 25,
                errors: Errors::Hc1,
                calibration: 200,
                ridge: 0.0,
            },
        ),
        (
            "kind = 'poisson'\nresponse = 'failures'\npredictors = ['status']\n\
             reveal_path = true\nridge = 0.5",
            StatisticKind::Regression {
                family: Family::Poisson,
                response: RowExpr::Column(FAILURES),
                exposure: None,
                predictors: vec![status()],
                reveal_path: true,
                steps: 25,
                errors: Errors::Model,
                calibration: 0,
                ridge: 0.5,
            },
        ),
        (
            "kind = 'negative_binomial'\nresponse = 'failures'\npredictors = ['status']\n\
             reveal_path = true",
            StatisticKind::Regression {
                family: Family::NegativeBinomial,
                response: RowExpr::Column(FAILURES),
                exposure: None,
                predictors: vec![status()],
                reveal_path: true,
                steps: 25,
                errors: Errors::Model,
                calibration: 0,
                ridge: 0.0,
            },
        ),
        (
            "kind = 'k_means'\nvalues = ['hours']\nclusters = 4\nreveal_path = true",
            StatisticKind::KMeans { values: vec![hours()], clusters: 4, steps: 25 },
        ),
        (
            "kind = 'weibull'\nevent = 'status'\ntime = 'hours + 1'\nreveal_path = true",
            StatisticKind::Regression {
                family: Family::Weibull,
                response: status(),
                exposure: Some(later()),
                predictors: vec![],
                reveal_path: true,
                steps: 25,
                errors: Errors::Model,
                calibration: 0,
                ridge: 0.0,
            },
        ),
        (
            "kind = 'cox'\nevent = 'status'\ntime = 'hours'\npredictors = ['failures']\n\
             reveal_path = true",
            StatisticKind::Regression {
                family: Family::Cox,
                response: status(),
                exposure: Some(hours()),
                predictors: vec![RowExpr::Column(FAILURES)],
                reveal_path: true,
                steps: 25,
                errors: Errors::Model,
                calibration: 0,
                ridge: 0.0,
            },
        ),
    ];
    let mut hashes = vec![];
    for (objective, want) in cases {
        let objective = format!("{objective}\nconfidence = 0.9");
        assert_eq!(kind(&objective), want, "{objective}");
        hashes.push(parse(&with_objective(&objective)).hash());
        let filtered = with_objective(&format!("{objective}\nwhere = 'hours > 1'"));
        hashes.push(parse(&filtered).hash());
    }
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 50, "every one is another study");
}

#[test]
fn statistics_over_a_grid_are_read() {
    let kind = |objective: &str| {
        let objective = format!("{objective}\nconfidence = 0.9");
        match parse(&with_objective(&objective)).objective {
            Objective::Statistic(statistic) => statistic.kind,
            other => panic!("{other:?}"),
        }
    };
    let survival = |strata: Vec<usize>, width, horizon, weight, scale| StatisticKind::Survival {
        time: Grid { column: HOURS, width },
        event: STATUS,
        group: strata.is_empty().then_some(MODEL),
        strata,
        horizon,
        weight,
        scale,
    };
    assert_eq!(
        kind("kind = 'survival'\ntime = 'hours'\nevent = 'status'\ngroup = 'model'\nwidth = 100"),
        survival(vec![], 1000, None, Weight::LogRank, Scale::LogLog),
    );
    assert_eq!(
        kind(
            "kind = 'survival'\ntime = 'hours'\nevent = 'status'\nstrata = ['model']\nwidth = 7.5\n\
             horizon = 1e4\nweight = 'peto'\nscale = 'log'"
        ),
        survival(vec![MODEL], 75, Some(1e4), Weight::Peto, Scale::Log),
    );
    assert_eq!(
        kind("kind = 'rank_test'\nvalue = 'failures'\ngroup = 'model'\ngroups = ['X2', 'X1']"),
        StatisticKind::RankTest {
            value: Grid { column: FAILURES, width: 1 },
            group: MODEL,
            codes: vec![1, 0],
        },
    );
    assert_eq!(
        kind("kind = 'histogram'\nvalue = 'installed'\nwidth = 365\nquantiles = [0.5]"),
        StatisticKind::Histogram {
            value: Grid { column: INSTALLED, width: 365 },
            by: vec![],
            probabilities: vec![0.5],
        },
    );
    assert_eq!(
        kind("kind = 'detector'\nscore = 'failures'\ntruth = 'status'\nby = ['model']"),
        StatisticKind::Detector {
            score: Grid { column: FAILURES, width: 1 },
            truth: STATUS,
            by: vec![MODEL],
            calibrated: 0,
        },
    );
}

#[test]
fn bins_cover_the_range_of_their_column_and_say_what_lies_in_them() {
    let table = parse(FAILURE_RATE).table;
    let hours = Grid { column: HOURS, width: 300_001 };
    assert_eq!(hours.bins(&table), 4);
    assert_eq!(hours.name(&table, 0), "0.0 to 30000.0");
    assert_eq!(hours.name(&table, 3), "90000.3 to 100000.0");
    assert_eq!(hours.ends(&table, 3), [90_000.3, 100_000.0]);
    assert_eq!(hours.key(&table, 1), "30000.1");
    assert_eq!(hours.to_sql(&table), "\"hours\" - (\"hours\" - (0.0)) % 30000.1");
    let days = Grid { column: INSTALLED, width: 1 };
    assert_eq!(days.name(&table, 0), "1990-01-01");
    assert_eq!(days.key(&table, 0), "7305");
    let failures = Grid { column: FAILURES, width: 1 };
    assert_eq!((failures.bins(&table), failures.name(&table, 1000)), (1001, "1000".to_owned()));
}

#[test]
fn a_query_becomes_a_typed_tree() {
    let (_, query) = with_query(
        "SELECT model, SUM(failures)/SUM(hours) * -1e3 FROM units \
        WHERE hours > 10 GROUP BY status, model",
    );
    let ratio = Expr::Div(
        aggregate(Aggregate::Sum(*column(FAILURES))),
        aggregate(Aggregate::Sum(*column(HOURS))),
    );
    let rate = Expr::Mul(Box::new(ratio), Box::new(Expr::Number(number(-1000, 0))));
    let name = "SUM(failures) / SUM(hours) * -1000";
    let filter = Predicate::Compare {
        left: *column(HOURS),
        op: Comparison::Gt,
        right: RowExpr::Number(number(10, 0)),
    };
    let items = vec![
        Item { name: "model".into(), expr: Expr::Group(MODEL) },
        Item { name: name.into(), expr: rate },
    ];
    let (filter, group_by) = (Some(filter), vec![STATUS, MODEL]);
    let (join, having, order_by, limit) = (None, None, vec![], None);
    let margins = false;
    let want = Query { join, items, filter, group_by, margins, having, order_by, limit };
    assert_eq!(query, want);
}

#[test]
fn records_of_two_parties_are_joined() {
    let of = |from: &str| {
        let all = "name = \"op_c\"\nroles = [\"data\", ";
        let text = QUERY.replace(all, "name = \"op_c\"\nroles = [");
        let text = text.replace("min_parties = 3", "min_parties = 2");
        let query = format!("SELECT b.model, SUM(A.hours) FROM {from} GROUP BY b.model");
        let (_, query) = with_query_in(&text, &query);
        query
    };
    let on = "op_b AS a INNER JOIN op_a b ON a.serial = b.serial AND b.model = a.model";
    let query = of(on);
    let join = Join { parties: [1, 0], names: ["a".into(), "b".into()], on: vec![0, MODEL] };
    assert_eq!(query.join, Some(join));
    assert_eq!(query, of("op_b a JOIN op_a AS b USING (serial, model)"));
    assert_eq!((query.group_by, &query.items[0].expr), (vec![6 + MODEL], &Expr::Group(6 + MODEL)));
    let names: Vec<&str> = query.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["b.model", "SUM(a.hours)"]);
    assert_eq!(query.items[1].expr, *aggregate(Aggregate::Sum(*column(HOURS))));
}

/// Different spellings of the same aggregate.
fn percentile(digits: i128, scale: u8) -> Aggregate {
    Aggregate::Percentile { of: *column(HOURS), at: Decimal { digits, scale } }
}

#[test]
fn aggregates_have_their_usual_names() {
    let sum = RowExpr::Mul(column(HOURS), column(STATUS));
    let rows = [
        ("count(1)", Aggregate::Count),
        ("COUNT( * )", Aggregate::Count),
        ("COUNT(installed)", Aggregate::CountColumn(*column(INSTALLED))),
        ("COUNT(model)", Aggregate::CountColumn(*column(MODEL))),
        ("Sum(hours * status)", Aggregate::Sum(sum)),
        ("AVG(status)", Aggregate::Avg(*column(STATUS))),
        ("VAR(Hours)", Aggregate::VarSamp(*column(HOURS))),
        ("VARIANCE(\"hours\")", Aggregate::VarSamp(*column(HOURS))),
        ("STDDEV((hours))", Aggregate::StddevSamp(*column(HOURS))),
        ("VAR_POP(hours)", Aggregate::VarPop(*column(HOURS))),
        ("STDDEV_POP(hours)", Aggregate::StddevPop(*column(HOURS))),
        ("COVAR_SAMP(hours, status)", Aggregate::CovarSamp(*column(HOURS), *column(STATUS))),
        ("covar_pop(hours, status)", Aggregate::CovarPop(*column(HOURS), *column(STATUS))),
        ("CORR(hours, status)", Aggregate::Corr(*column(HOURS), *column(STATUS))),
        ("MIN(installed)", Aggregate::Min(*column(INSTALLED))),
        ("MAX(hours)", Aggregate::Max(*column(HOURS))),
        ("MEDIAN(hours)", percentile(5, 1)),
        ("percentile_cont(0.50) within group (order by hours asc)", percentile(5, 1)),
        ("PERCENTILE_CONT(1) WITHIN GROUP (ORDER BY hours)", percentile(1, 0)),
        ("COUNT(DISTINCT model)", Aggregate::CountDistinct(*column(MODEL))),
        ("COUNT(DISTINCT installed)", Aggregate::CountDistinct(*column(INSTALLED))),
        ("count(distinct hours)", Aggregate::CountDistinct(*column(HOURS))),
        ("COUNT(DISTINCT serial)", Aggregate::CountDistinct(RowExpr::Column(0))),
    ];
    for (text, want) in rows {
        let (_, query) = with_query(&format!("SELECT {text} AS x FROM units;"));
        assert_eq!(query.items[0].expr, Expr::Aggregate(want), "{text}");
    }
}

/// What a provider's engine is given.
#[test]
fn predicates_render_as_quoted_sql() {
    let rows = [
        ("hours*2+1 > -failures", r#""hours" * 2 + 1 > -"failures""#),
        ("hours - (failures - 1) < .5", r#""hours" - ("failures" - 1) < 0.5"#),
        ("status", r#""status""#),
        ("status = FALSE", r#"NOT "status""#),
        ("TRUE <> status", r#"NOT "status""#),
        ("status + 0 = 1", r#"CAST("status" AS BIGINT) + 0 = 1"#),
        ("hours BETWEEN 1 AND 2", r#""hours" >= 1 AND "hours" <= 2"#),
        ("hours NOT BETWEEN 1 AND 2", r#"NOT ("hours" >= 1 AND "hours" <= 2)"#),
        ("failures IN (1, -2)", r#""failures" IN (1, -2)"#),
        ("model IN ('X2','X1','X2')", r#""model" IN ('X1', 'X2')"#),
        ("'O''Neil \"3\"' <> model", r#"NOT "model" IN ('O''Neil "3"')"#),
        ("installed IS NOT NULL", r#"NOT "installed" IS NULL"#),
        ("'2020-02-29' >= installed", r#""installed" <= DATE '2020-02-29'"#),
        ("installed = DATE '2020-01-01'", r#""installed" = DATE '2020-01-01'"#),
        ("installed <= installed", r#""installed" <= "installed""#),
        (
            "status OR hours = 1 AND NOT (status OR hours = 2)",
            r#""status" OR "hours" = 1 AND NOT ("status" OR "hours" = 2)"#,
        ),
        (
            "CASE WHEN status THEN hours ELSE 0 END > 1",
            r#"CASE WHEN "status" THEN CAST("hours" AS DECIMAL(38, 1)) ELSE CAST(0 AS DECIMAL(38, 1)) END > 1"#,
        ),
        (
            "CASE model WHEN 'X1' THEN 1 END IS NULL",
            r#"CASE WHEN "model" IN ('X1') THEN CAST(1 AS DECIMAL(38, 0)) END IS NULL"#,
        ),
        (
            "EXTRACT(MONTH FROM installed) = 2",
            r#"CAST(date_part('month', "installed") AS BIGINT) = 2"#,
        ),
        ("date_part('doy', installed) = 2", r#"CAST(date_part('doy', "installed") AS BIGINT) = 2"#),
        (
            "installed - installed > 30",
            r#"CAST(CAST("installed" AS INTEGER) AS BIGINT) - CAST(CAST("installed" AS INTEGER) AS BIGINT) > 30"#,
        ),
        ("hours - -1 = 0", r#""hours" - -1 = 0"#),
        ("-(-hours) = 0", r#"-(-"hours") = 0"#),
    ];
    for (text, want) in rows {
        let (study, query) = with_query(&format!("SELECT COUNT(*) FROM units WHERE {text}"));
        assert_eq!(query.filter.expect("a filter").to_sql(&study.table), want, "{text}");
    }
}

#[test]
fn integers_are_widened_where_64_bits_could_wrap_around() {
    let wide = QUERY.replace("range = [0, 1000]", "range = [0, 9_000_000_000]");
    let table = parse(&wide).table;
    let square = RowExpr::Mul(column(FAILURES), column(FAILURES));
    let cast = r#"CAST("failures" AS DECIMAL(38, 0))"#;
    assert_eq!(square.to_sql(&table), format!("{cast} * {cast}"));
    assert_eq!(column(FAILURES).to_sql(&table), r#""failures""#);
    assert_eq!(square.to_sql(&parse(QUERY).table), r#""failures" * "failures""#);
}

#[test]
fn ranges_are_exact() {
    let table = parse(QUERY).table;
    let two_fifty = Box::new(RowExpr::Number(number(25, 1)));
    let rows = [
        (*column(HOURS), Range { min: 0, max: 1_000_000, decimals: 1 }),
        (*column(STATUS), Range { min: 0, max: 1, decimals: 0 }),
        (RowExpr::Neg(column(FAILURES)), Range { min: -1000, max: 0, decimals: 0 }),
        (
            RowExpr::Add(column(HOURS), column(FAILURES)),
            Range { min: 0, max: 1_010_000, decimals: 1 },
        ),
        (
            RowExpr::Sub(column(FAILURES), column(HOURS)),
            Range { min: -1_000_000, max: 10_000, decimals: 1 },
        ),
        (RowExpr::Mul(two_fifty, column(HOURS)), Range { min: 0, max: 25_000_000, decimals: 2 }),
    ];
    for (expr, want) in rows {
        assert_eq!(expr.range(&table), Ok(want), "{expr:?}");
    }
}

#[test]
fn a_product_beyond_38_digits_names_its_column() {
    let table = parse(QUERY).table;
    let mut power = column(HOURS);
    for _ in 0..6 {
        power = Box::new(RowExpr::Mul(power, column(HOURS)));
    }
    let overflow = RowExpr::Add(column(FAILURES), power).range(&table);
    assert_eq!(overflow, Err(Overflow { column: "hours".into() }));
}

#[test]
fn groups_are_the_product_of_the_public_lists() {
    let table = parse(QUERY).table;
    assert_eq!(table.cells(&[]), 1);
    assert_eq!(table.cell(&[], 0), Vec::<&str>::new());
    assert_eq!(table.cells(&[STATUS, MODEL]), 6);
    assert_eq!(table.cell(&[STATUS, MODEL], 0), ["false", "X1"]);
    assert_eq!(table.cell(&[STATUS, MODEL], 4), ["true", "X2"]);
}

#[test]
fn every_day_has_one_text() {
    use sharewell_study::date;
    for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("1899-12-31", -25_568)] {
        assert_eq!(date::parse(text), Some(days));
        assert_eq!(date::format(days), text);
    }
    for text in ["2021-02-29", "2020-13-01", "2020-00-10", "2020-1-1", "20200101", "2020-01-0é", ""]
    {
        assert_eq!(date::parse(text), None, "{text}");
    }
    let years =
        date::parse("0000-01-01").expect("a day")..=date::parse("9999-12-31").expect("a day");
    assert_eq!(years.clone().count(), 3_652_425);
    for days in years.step_by(97) {
        assert_eq!(date::parse(&date::format(days)), Some(days));
    }
}

#[test]
fn a_joint_audit_is_read() {
    let objective = "kind = 'quality'\nmissing = ['installed', 'model']\n\
         implausible = ['hours > 50000', 'failures = 0 AND status']\n\
         [[objective.drift]]\nvalue = 'hours'\nedges = [10, 100.5]\nindex = 'psi'\nlimit = 0.1\n\
         [[objective.drift]]\nvalue = 'hours * 2'\nedges = [0]\nindex = 'ks'\nlimit = 0\n\
         reveal = 'index'";
    let text = with_objective(objective);
    let Objective::Quality(quality) = parse(&text).objective else { panic!("another objective") };
    assert_eq!((quality.missing, quality.implausible.len()), (vec![INSTALLED, MODEL], 2));
    assert!(!quality.duplicates);
    let [psi, ks] = &quality.drift[..] else { panic!("two") };
    let want = Drift {
        value: RowExpr::Column(HOURS),
        edges: vec![number(10, 0), number(1005, 1)],
        index: DriftIndex::PopulationStability,
        limit: number(1, 1),
        reveal: Reveal::Verdict,
    };
    assert_eq!(*psi, want);
    assert_eq!((ks.index, ks.reveal), (DriftIndex::KolmogorovSmirnov, Reveal::Index));
    let keyed = text
        .replace("kind = 'quality'", "kind = 'quality'\nduplicates = true")
        .replace("max_rows", "key = [\"status\"]\nmax_rows");
    let Objective::Quality(quality) = parse(&keyed).objective else { panic!("another objective") };
    assert!(quality.duplicates);
    assert_ne!(parse(&text).hash(), parse(&text.replace("100.5", "100.6")).hash());
}
