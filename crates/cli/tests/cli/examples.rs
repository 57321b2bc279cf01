//! The examples give what their README says.

use serde_json::{Value, json};

use crate::support::{
    PARTIES, copy_of_example, costs_as_quoted, example, is_within_bound, place, run, value,
};

fn near(report: &Value, column: &str, exact: f64) {
    let (value, _) = value(report, 0, column);
    assert!((value - exact).abs() <= 1e-9 * exact.abs(), "{column}: {value}, not {exact}");
}

fn is_the_failure_rate(report: &Value) {
    assert_eq!(report["results"][0]["rows"][0][place(report, "failures")], 12);
    assert_eq!(report["results"][0]["rows"][0][place(report, "exposure")], 344_440);
    near(report, "rate", 34.839_159_214_957_61);
    near(report, "lower", 18.001_901_953_089_71);
    near(report, "upper", 60.856_999_907_609_335);
    costs_as_quoted(report);
}

#[test]
fn the_demo_gives_the_reference_values_at_the_quoted_cost() {
    let report = run(&["demo", "--json"]).json();
    is_the_failure_rate(&report);
    let learned = report["learned"].as_object().unwrap();
    assert_eq!(learned.keys().collect::<Vec<_>>(), ["op_a", "op_b", "op_c"]);
    assert_eq!(report["rejected"], json!({"op_a": 0, "op_b": 0, "op_c": 0}));
}

#[test]
fn the_demo_shows_the_block_of_the_readme() {
    let demo = run(&["demo"]);
    assert_eq!(demo.status, Some(0), "{demo:#?}");
    let block = "\
failures                    12
exposure                    344440 h
rate per million hours      34.839
95 % interval, exact        18.002 to 60.857
";
    assert!(demo.out.contains(block), "{}", demo.out);
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(block), "the README shows another block");
}

#[test]
fn the_demo_gives_the_same_over_links_as_slow_as_asked() {
    let report = run(&["demo", "--rtt", "40ms", "--bandwidth", "10mbit", "--json"]).json();
    is_the_failure_rate(&report);
    let rounds = report["quote"]["rounds"].as_f64().unwrap();
    assert!(report["actual"]["round_bytes"].as_u64().unwrap() > 0, "far apart, rounds are worth");
    assert!(report["actual"]["wall_s"].as_f64().unwrap() >= rounds * 0.02, "it was too fast");
}

#[test]
fn the_failure_rate_study_gives_what_the_demo_gives() {
    is_the_failure_rate(&copy_of_example("study.toml").result());
}

#[test]
fn the_failure_rate_is_the_same_if_one_operator_may_cheat() {
    let site = copy_of_example("malicious.toml");
    let report = site.result();
    is_the_failure_rate(&report);
    assert_eq!(report["protocol"], "rep3-malicious");
    let withstands = &report["withstands"];
    assert_eq!(withstands["threat"], "malicious");
    assert_eq!((&withstands["corruptions"], &withstands["parties"]), (&1.into(), &3.into()));
    assert_eq!(withstands["statistical_bits"], 40);
    let page = site.run(&[]);
    assert_eq!(page.status, Some(0), "{page:#?}");
    let words: Vec<&str> = page.out.split_whitespace().collect();
    let told = "The protocol rep3-malicious (malicious) protects against any 1 of the 3 computing \
                parties, whatever it does; not against 2";
    assert!(words.join(" ").contains(told), "{}", page.out);
}

#[test]
fn the_check_shows_the_protocols_side_by_side() {
    for (study, chosen) in [("study.toml", 0), ("malicious.toml", 1)] {
        let path = example(study);
        let checked = run(&["study", "check", path.to_str().unwrap(), "--json"]).json();
        let candidates = checked["candidates"].as_array().unwrap();
        let names: Vec<&Value> = candidates.iter().map(|c| &c["protocol"]).collect();
        assert_eq!(names, ["rep3", "rep3-malicious"]);
        let page = run(&["study", "check", path.to_str().unwrap()]);
        assert_eq!(page.status, Some(0), "{page:#?}");
        for (at, candidate) in candidates.iter().enumerate() {
            assert_eq!(candidate["chosen"], at == chosen, "{study}: {candidate}");
            assert_eq!(candidate["honours"], at >= chosen, "{study}: {candidate}");
            let mut cells = page
                .out
                .lines()
                .filter(|line| line.split_whitespace().next() == candidate["protocol"].as_str());
            let rounds = candidate["quote"]["rounds"].to_string();
            assert!(cells.any(|line| line.contains(&rounds)), "{}", page.out);
        }
        assert_eq!(checked["protocol"], names[chosen].as_str().unwrap());
        assert_eq!(checked["quote"]["rounds"], candidates[chosen]["quote"]["rounds"]);
        assert!(candidates[chosen]["why"].as_str().unwrap().starts_with("chosen"), "{study}");
    }
    let weaker = copy_of_example("malicious.toml");
    let text = std::fs::read_to_string(weaker.path("study.toml")).unwrap();
    weaker.write("study.toml", &text.replace("\"auto\"", "\"rep3\""));
    weaker.check().fails(2, &["study.toml:60:12", "`rep3` withstands semi-honest parties only"]);
}

/// The column `hours` of one operator's file, in tenths.
fn tenths_of_hours(party: &str) -> Vec<i64> {
    let file = example("sources").join(party.replace("op_", "party_") + ".csv");
    let text = std::fs::read_to_string(file).unwrap();
    let hours = text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap());
    hours.map(|hours| (hours.parse::<f64>().unwrap() * 10.0).round() as i64).collect()
}

#[test]
fn the_hours_study_gives_its_answer_within_the_bound() {
    let report = copy_of_example("hours.toml").result();
    assert_eq!(value(&report, 0, "units"), (70.0, 0.0));
    is_within_bound(&report, 0, "mean_h", 344_440.0 / 70.0, 1e-9);
    let tenths: Vec<i64> = PARTIES.iter().flat_map(|party| tenths_of_hours(party)).collect();
    let squares: i64 = tenths.iter().map(|x| x * x).sum();
    let variance = (70 * squares - 3_444_400 * 3_444_400) as f64 / (100 * 70 * 69) as f64;
    is_within_bound(&report, 0, "sd_h", variance.sqrt(), 1e-6);
    costs_as_quoted(&report);
}

#[test]
fn the_mtbf_study_gives_its_answer_within_the_bound() {
    let report = copy_of_example("mtbf.toml").result();
    is_within_bound(&report, 0, "mtbf_h", 344_440.0 / 12.0, 1e-9);
    costs_as_quoted(&report);
}

#[test]
fn the_study_by_status_gives_its_answer_group_by_group() {
    let report = copy_of_example("by-status.toml").result();
    let rows = report["results"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for (row, status, units, hours) in [(0, "false", 58, 307_870), (1, "true", 12, 36_570)] {
        assert_eq!(rows[row][0], status);
        assert_eq!(rows[row][1], units);
        assert_eq!(rows[row][2], hours);
        is_within_bound(&report, row, "mean_h", f64::from(hours) / f64::from(units), 1e-9);
    }
    costs_as_quoted(&report);
}

#[test]
fn every_example_is_well_formed_and_quoted() {
    let studies = ["study.toml", "malicious.toml", "hours.toml", "mtbf.toml", "by-status.toml"];
    for study in studies {
        let path = example(study);
        let page = run(&["study", "check", path.to_str().unwrap()]);
        assert_eq!(page.status, Some(0), "{study}: {page:#?}");
        let checked = run(&["study", "check", path.to_str().unwrap(), "--json"]).json();
        assert!(checked["quote"]["rounds"].as_u64().unwrap() > 0, "{study}");
        assert!(page.out.contains(checked["study"].as_str().unwrap()), "{study}: no hash");
        assert!(!checked["leakage"].as_array().unwrap().is_empty(), "{study}");
        assert!(!checked["precision"].as_array().unwrap().is_empty(), "{study}");
    }
}

#[test]
fn a_run_costs_what_the_check_has_quoted() {
    let site = copy_of_example("hours.toml");
    let study = site.path("study.toml");
    let checked = run(&["study", "check", study.to_str().unwrap(), "--json"]).json();
    let report = site.result();
    assert_eq!(checked["study"], report["study"]);
    // On a machine so busy that its processes look far apart, rounds are saved.
    match report["actual"]["round_bytes"].as_u64().unwrap() {
        0 => assert_eq!(checked["quote"], report["quote"]),
        _ => assert!(checked["quote"]["rounds"].as_u64() >= report["quote"]["rounds"].as_u64()),
    }
}
