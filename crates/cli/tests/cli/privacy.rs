//! Studies with differential privacy, as their readers meet them.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{PARTIES, Site, Terms, decimal, place};

const QUERY: &str = "SELECT ward, COUNT(*) AS n, SUM(dose) AS total, AVG(dose) AS mean, \
                     SUM(dose) / COUNT(*) + 1 AS shifted FROM records GROUP BY ward";

fn site(query: &str, threat: &str, privacy: &str) -> Site {
    let ward = "[[table.column]]\nname = \"ward\"\ntype = \"category\"\n\
                categories = [\"a\", \"b\", \"c\"]\n";
    let columns = [ward, &decimal("dose", 1, 0, 100)].concat();
    let rest = format!(
        "[release]\nmin_records = 20\nmin_parties = 3\nsufficient = \"open\"\n[privacy]\n{privacy}\n"
    );
    let site = Site::new(&Terms { columns: &columns, query, max_rows: 1000, rest: &rest });
    let study = fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &study.replace("\"semi-honest\"", &format!("\"{threat}\"")));
    for party in PARTIES {
        let mut csv = "ward,dose\n".to_owned();
        for row in 0..300 {
            // All of ward b has the greatest dose; ward c has nobody.
            let (ward, dose) = if row < 200 { ("a", row % 51) } else { ("b", 100) };
            writeln!(csv, "{ward},{dose}").unwrap();
        }
        site.source(party, &csv);
    }
    site
}

/// The column of a result, and of its interval.
fn column(report: &Value, row: usize, name: &str) -> [Option<f64>; 3] {
    let of = |name: String| report["results"][0]["rows"][row][place(report, &name)].as_f64();
    [of(name.to_owned()), of(format!("{name} from")), of(format!("{name} to"))]
}

/// Ends, and five times their distance beyond: what misses that once misses in no lifetime.
fn is_near(report: &Value, row: usize, name: &str, exact: f64) {
    let [Some(value), Some(from), Some(to)] = column(report, row, name) else {
        panic!("no {name} in row {row}: {report}")
    };
    assert!(from <= value && value <= to, "{name}: {value} in {from} to {to}");
    let wide = 5.0 * (to - from);
    assert!((from - wide..=to + wide).contains(&exact), "{name}: {exact} in {from} to {to}");
}

#[test]
fn noisy_numbers_come_with_intervals_and_never_twice_the_same() {
    for threat in ["semi-honest", "malicious"] {
        let site = site(QUERY, threat, "epsilon = 3");
        let first = site.result();
        is_near(&first, 0, "n", 600.0);
        is_near(&first, 0, "total", 14_700.0);
        is_near(&first, 0, "mean", 24.5);
        is_near(&first, 0, "shifted", 25.5);
        is_near(&first, 1, "n", 300.0);
        let [mean, _, to] = column(&first, 1, "mean");
        assert!(mean.unwrap() <= 100.0 && to.unwrap() <= 100.0, "no mean is beyond its range");
        assert_eq!(column(&first, 2, "n"), [None; 3], "an empty ward stays suppressed");
        assert_eq!(first["actual"]["as_quoted"], true);
        assert_eq!(first["noise"][0]["distribution"], "discrete Laplace");
        let again = site.result();
        assert_ne!(first["results"][0]["rows"], again["results"][0]["rows"], "{threat}");
    }
}

#[test]
fn a_noisy_histogram_counts_neither_too_many_nor_too_few() {
    let site = site(QUERY, "malicious", "epsilon = 4");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let [objective, security] = ["[objective]", "[security]"].map(|of| text.find(of).unwrap());
    let asked = "[objective]\nkind = \"histogram\"\nvalue = \"dose\"\nwidth = 5\n\
                 confidence = 0.95\nquantiles = [0, 0.25, 0.5]\n\n";
    site.write("study.toml", &format!("{}{asked}{}", &text[..objective], &text[security..]));
    let report = site.result();
    let of = |name: &str| &report["results"][0]["rows"][0][place(&report, name)];
    let n = of("n").as_f64().unwrap();
    assert!((n - 900.0).abs() < 60.0, "{n}");
    // Two thirds are from 0 to 50, one third is at 100.
    let number = |name: &str| {
        let text = of(name).as_str().map(str::to_owned);
        text.unwrap_or_else(|| of(name).to_string())
    };
    assert!(number("25 %").contains("15") || number("25 %").contains("20"), "{}", of("25 %"));
    assert!(of("least").is_null() && of("least from").is_null());
    let bars = report["results"][1]["rows"].as_array().unwrap();
    assert_eq!(bars.len(), 21, "every bin: {bars:?}");
    assert_eq!(report["actual"]["as_quoted"], true);
}

#[test]
fn gaussian_noise_hides_whole_organisations() {
    let query = "SELECT ward, COUNT(*) AS n FROM records GROUP BY ward";
    let site = site(query, "semi-honest", "epsilon = 90\ndelta = 0.001\nunit = \"organisation\"");
    let report = site.result();
    is_near(&report, 0, "n", 600.0);
    assert_eq!(report["noise"][0]["distribution"], "discrete Gaussian");
    assert_eq!(report["noise"][0]["sensitivity"], 1000.0, "all rows of one");
}

#[test]
fn a_study_that_noise_does_not_fit_is_refused_with_its_reason() {
    let site = site("SELECT MAX(dose) AS most FROM records", "semi-honest", "epsilon = 1");
    site.check().fails(2, &["MAX(dose)", "is neither"]);
    let site = self::site(QUERY, "semi-honest", "epsilon = 0");
    site.check().fails(2, &["`epsilon` must be above 0"]);
    let site = self::site(QUERY, "semi-honest", "epsilon = 1\nunit = \"person\"");
    site.check().fails(2, &["person", "record"]);
}
