//! What is decided before a run: refusals, ring, price, leakage, precision.

mod common;

use std::fmt::Write;

use common::{ALL, Record, Setup, local};
use sharewell_engine::{Error, Plan, Refusal};
use sharewell_study::Study;

fn refusal(study: &Study) -> Refusal {
    match Plan::of(study) {
        Err(Error::Refused(refusal)) => refusal,
        Err(error) => panic!("not a refusal: {error}"),
        Ok(plan) => panic!("planned in {} bits", plan.ring_bits()),
    }
}

#[test]
fn what_could_overflow_is_refused_by_the_names_of_its_columns() {
    let wide = (-9_000_000_000_000_000_000, 9_000_000_000_000_000_000);
    let narrow = "narrow the column's range, use fewer decimals, or lower max_rows";
    let narrow_these = "narrow the ranges of these columns, use fewer decimals, or lower max_rows";
    let sum = |rows, needs| {
        format!(
            "column `x`: a sum over {rows} records of a provider could exceed the largest ring: \
             it could reach 2^{needs}, and 2^120 is the limit"
        )
    };
    let output = |step: &str, needs: u32, limit: u32| {
        format!(
            "`r` could exceed the largest ring: step {step} could reach 2^{needs}, and 2^{limit} \
             is the limit"
        )
    };
    let of_x = |step, needs, limit| output(step, needs, limit) + ": column `x`";
    let table = [
        // By range times rows, before providers are counted.
        ("SELECT SUM(x * x) AS r FROM t", wide, 1_000_000_000, sum(1_000_000_000, 156), narrow),
        ("SELECT VAR_SAMP(x) AS r FROM t", wide, 1_000_000, sum(1_000_000, 126), narrow),
        // By what is calculated jointly.
        (
            "SELECT SUM(x) * SUM(x) AS r FROM t",
            wide,
            1_000_000,
            of_x("multiply", 170, 125),
            narrow_these,
        ),
        (
            "SELECT AVG(x * x) AS r FROM t",
            (-1 << 54, 1 << 54),
            1000,
            of_x("divide", 133, 125),
            narrow_these,
        ),
        ("SELECT SUM(x) / SUM(x) AS r FROM t", wide, 100, of_x("divide", 145, 125), narrow_these),
        (
            "SELECT COUNT(*) AS n, STDDEV_SAMP(x) AS r FROM t",
            (-1 << 40, 1 << 40),
            1_000_000_000,
            of_x("variance", 144, 118),
            narrow_these,
        ),
        (
            "SELECT SUM(x) * SUM(y) * SUM(y) AS r FROM t",
            wide,
            1_000_000_000,
            output("multiply", 140, 125) + ": column `x`, `y`",
            narrow_these,
        ),
        (
            "SELECT COUNT(*) * COUNT(*) * COUNT(*) * COUNT(*) AS r FROM t",
            (0, 1),
            1_000_000_000,
            output("multiply", 126, 125),
            "multiply fewer counts, or lower max_rows",
        ),
    ];
    let (mut found, mut want) = (vec![], vec![]);
    for (query, range, max_rows, message, help) in table {
        let refusal = refusal(&Setup { query, range, max_rows, ..Setup::default() }.study());
        found.push((refusal.message, refusal.help));
        want.push((message, help.to_owned()));
    }
    assert_eq!(found, want);
}

#[test]
fn providers_count_in_the_proof() {
    let one = ["\"data\", \"compute\", \"recipient\"", "\"compute\"", "\"compute\""];
    let query = "SELECT SUM(x) AS r FROM t";
    let range = (0, i64::MAX);
    let release = "min_records = 1\nmin_parties = 1";
    let bits = |roles, max_rows| {
        Setup { query, range, max_rows, release, roles, ..Setup::default() }.plan().ring_bits()
    };
    // What one provider's sum may reach, three providers' may not.
    let all = [ALL; 3];
    assert_eq!((bits(&one, 1), bits(&all, 1)), (64, 128));
}

#[test]
fn what_cannot_be_calculated_on_shares_is_refused_with_advice() {
    let of = |query| refusal(&Setup { query, ..Setup::default() }.study());
    let rounded = of("SELECT SUM(y) / AVG(x) AS r FROM t");
    assert!(rounded.message.starts_with("`r` divides by a value that may be lost in rounding"));
    assert!(rounded.help.starts_with("divide once, by sums or counts"), "{}", rounded.help);
    let away =
        Setup { query: "SELECT AVG(y) / AVG(x) AS r FROM t", range: (1, 1000), ..Setup::default() };
    assert!(away.plan().precision()[0].relative < Some(1e-9), "{:?}", away.plan().precision());
}

#[test]
fn the_ring_is_the_narrowest_that_holds_every_value() {
    let table = [
        ("SELECT COUNT(*) AS n, SUM(x) AS s FROM t", (-1000, 1000), 64),
        ("SELECT SUM(x) * COUNT(*) AS s FROM t", (-1000, 1000), 64),
        ("SELECT MIN(x) AS a, MAX(y) AS b FROM t", (-1000, 1000), 64),
        ("SELECT AVG(x) AS m FROM t", (0, 1), 64),
        ("SELECT AVG(x) AS m FROM t", (-1000, 1000), 64),
        ("SELECT COUNT(*) / COUNT(x) AS r FROM t", (0, 1), 64),
        ("SELECT SUM(x) / 7 AS r FROM t", (-1_000_000, 1_000_000), 64),
        // It holds the value, but not with eight digits, or not with every change of it.
        ("SELECT AVG(x) AS m FROM t", (-1_000_000, 1_000_000), 128),
        ("SELECT SUM(f) / SUM(x) AS r FROM t", (0, 100_000_000), 128),
        ("SELECT STDDEV_SAMP(x) AS s FROM t", (0, 1), 128),
        ("SELECT 2 * STDDEV_SAMP(x) AS s FROM t", (0, 1), 128),
        ("SELECT SUM(x) AS s FROM t", (0, i64::MAX), 128),
        // The difference of two values needs a bit more than the values.
        ("SELECT MIN(x) AS a FROM t", (-1 << 62, 1 << 62), 128),
        ("SELECT MAX(x) AS a FROM t", (i64::MIN, i64::MAX), 128),
        ("SELECT MIN(x) AS a FROM t", (0, (1 << 62) - 1), 64),
    ];
    for (query, range, bits) in table {
        let setup = Setup { query, range, ..Setup::default() };
        assert_eq!(setup.plan().ring_bits(), bits, "{query} of {range:?}");
        let open = Setup { release: "min_parties = 3\nsufficient = \"open\"", ..setup };
        assert!(open.plan().ring_bits() <= bits, "opened sums need no more");
    }
}

#[test]
fn every_figure_in_64_bits_is_sharp() {
    // As wide as it goes, a bit at a time.
    for bits in 0..40 {
        let query = "SELECT AVG(x) AS mean, SUM(x) / COUNT(x) AS part, COUNT(*) AS n FROM t";
        let plan = Setup { query, range: (-1 << bits, 1 << bits), ..Setup::default() }.plan();
        let [mean, part, n] = &plan.precision()[..] else { panic!("three figures") };
        assert_eq!((n.absolute, n.relative), (0.0, Some(0.0)));
        for figure in [mean, part] {
            // A change of one quantum in one of 3000 records.
            assert!(figure.absolute <= 1.0 / 3000.0, "{bits}: {figure:?}");
            assert!(figure.relative <= Some(1e-8), "{bits}: {figure:?}");
        }
        assert_eq!(plan.ring_bits(), if bits <= LAST_OF_64 { 64 } else { 128 }, "{bits}");
    }
}

/// A mean of 3000 such numbers has its eight digits in 64 bits.
const LAST_OF_64: u32 = 19;

#[test]
fn extremes_at_both_ends_of_64_bits_are_exact() {
    let query = "SELECT MIN(x) AS least, MAX(x) AS greatest FROM t";
    let plan = Setup { query, range: (i64::MIN, i64::MAX), ..Setup::default() }.plan();
    let of = |x| local(&plan, &[Record { x: Some(x), ..Record::default() }; 3]);
    let table = plan.rehearse(&[of(i64::MAX), of(i64::MIN), of(-1)]).expect("in bounds").remove(0);
    // Beyond 2^53 a double is the nearest, and the bound says how near.
    for (cell, (want, bound)) in
        table.rows[0].iter().zip([i64::MIN, i64::MAX].into_iter().zip(&table.error_bound))
    {
        let sharewell_engine::Cell::Number(got) = cell else { panic!("{cell:?}") };
        assert!((got - want as f64).abs() <= bound.expect("a number"));
    }
}

/// Everything that stewards and users read of a plan.
fn describe(title: &str, plan: &Plan) -> String {
    let mut out = format!("== {title}\n");
    let quote = plan.quote();
    writeln!(
        out,
        "protocol {}, {} bits, {} cells",
        plan.protocol(),
        plan.ring_bits(),
        plan.cells()
    )
    .expect("text");
    for leak in plan.leakage() {
        writeln!(out, "- {}\n  to {}: {}", leak.what, leak.to, leak.why).expect("text");
    }
    for column in plan.precision() {
        let relative = column.relative.map_or("doubles".to_owned(), |part| format!("{part:.1e}"));
        writeln!(out, "{} is exact to {:.1e} and {relative}", column.column, column.absolute)
            .expect("text");
    }
    for link in &quote.links {
        writeln!(out, "{} to {}: {} bytes", link.from, link.to, link.bytes).expect("text");
    }
    writeln!(
        out,
        "{} rounds, {} bytes a party, {} on the wire, {} in memory",
        quote.rounds, quote.bytes_per_party, quote.wire_bytes, quote.memory_bytes
    )
    .expect("text");
    for estimate in &quote.estimates {
        writeln!(out, "{}: {:.6} s", estimate.network, estimate.seconds).expect("text");
    }
    out + "\n"
}

#[test]
fn plans_read_as_in_the_golden_file() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut found = String::new();
    for name in ["study", "mtbf", "hours", "by-status"] {
        let path = format!("{root}/../../examples/failure-rate/{name}.toml");
        let text = std::fs::read_to_string(&path).expect("the example");
        let study = Study::parse(&text, &path).unwrap_or_else(|report| panic!("{report}"));
        found += &describe(name, &Plan::of(&study).unwrap_or_else(|error| panic!("{error}")));
    }
    let roles = [
        "\"data\", \"compute\"",
        "\"compute\"",
        "\"compute\"",
        "\"data\"",
        "\"data\"",
        "\"recipient\"",
    ];
    let hidden = Setup {
        query: "SELECT g, f, COUNT(*) AS n, AVG(x) AS mean, SUM(x) / COUNT(*) AS part, MIN(y) AS least \
                FROM t WHERE y > 10 GROUP BY g, f",
        roles: &roles,
        release: "min_records = 20\nmin_parties = 2",
        ..Setup::default()
    };
    found += &describe("other givers, other recipients", &hidden.plan());
    let open = Setup { release: "min_parties = 3\nsufficient = \"open\"", ..hidden };
    found += &describe("the same with sums opened", &open.plan());
    let path = format!("{root}/tests/plans.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("writable");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file");
    assert!(found == golden, "plans differ from {path}; UPDATE_GOLDEN=1 rewrites it\n{found}");
}
