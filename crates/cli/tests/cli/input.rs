//! Bad input: each mistake has its message, and nothing is half-done.

use std::fs;

use serde_json::{Value, json};

use crate::support::{PARTIES, Site, Terms, decimal, integer, run, value};

/// Three good providers of ten rows each.
fn good() -> Site {
    let columns = [decimal("hours", 1, 0, 1000), integer("failures", 0, 9)].concat();
    let query = "SELECT COUNT(*) AS n, SUM(failures) AS failures FROM records";
    let rest = "[release]\nmin_records = 10\nmin_parties = 2\n";
    let site = Site::new(&Terms { columns: &columns, query, max_rows: 100, rest });
    for party in PARTIES {
        site.source(party, &csv("hours,failures", "500.5,1"));
    }
    site
}

fn csv(head: &str, row: &str) -> String {
    format!("{head}\n{}", format!("{row}\n").repeat(10))
}

#[test]
fn a_study_with_mistakes_is_refused_with_their_places() {
    let site = good();
    let study = fs::read_to_string(site.path("study.toml")).unwrap();
    site.write(
        "study.toml",
        &study.replace("SUM(failures)", "SUM(failurs)").replace("\"a test\"", "7"),
    );
    for refused in [site.check(), site.run(&["--json"])] {
        refused.fails(2, &["failurs", "did you mean `failures`", "study.toml:4:11", "^"]);
    }
}

#[test]
fn a_study_that_is_not_there_is_refused() {
    run(&["study", "check", "no/such/study.toml"]).fails(2, &["cannot read", "no/such/study.toml"]);
}

#[test]
fn a_run_without_local_says_how_parties_run() {
    let site = good();
    let study = site.path("study.toml");
    let refused = run(&["run", study.to_str().unwrap()]);
    refused.fails(2, &["sharewell party", "--as NAME", "op_b at op-b.example:7100", "--local"]);
}

#[test]
fn a_mapping_with_an_unknown_column_fails_by_its_partys_name() {
    let site = good();
    site.mapping("op_b", "SELECT huors AS hours, failures FROM records", "");
    site.run(&["--json"]).fails(1, &["because of op_b", "huors"]);
}

#[test]
fn a_mapping_that_yields_other_columns_fails_with_the_agreed_ones() {
    let site = good();
    site.source("op_c", &csv("hours,failure", "1.0,1"));
    site.run(&[]).fails(1, &["because of op_c", "column failures is missing; is it `failure`?"]);
}

#[test]
fn rows_of_the_wrong_type_or_out_of_range_are_rejected_counted_and_listed() {
    let site = good();
    let bad = csv("hours,failures", "500.5,1") + "often,1\n2000.0,1\n-1,1\n1.0,2.5\n1.0,\n";
    site.source("op_b", &bad);
    let report = site.result();
    assert_eq!(report["rejected"], json!({"op_a": 0, "op_b": 5, "op_c": 0}));
    assert_eq!(value(&report, 0, "n").0, 30.0);
    assert_eq!(value(&report, 0, "failures").0, 30.0);
    let quality = fs::read_to_string(site.path("reports/op_b.json")).unwrap();
    let quality: Value = serde_json::from_str(&quality).unwrap();
    let lines: Vec<&Value> =
        quality["rejected"].as_array().unwrap().iter().map(|row| &row["line"]).collect();
    assert_eq!(lines, [12, 13, 14, 15, 16]);
    let page = site.run(&[]);
    assert!(page.out.contains("op_b 5"), "{}", page.out);
    assert!(!page.out.contains("often"), "a provider's value is in the result's page");
}

#[test]
fn a_provider_all_of_whose_rows_are_rejected_ends_the_run() {
    let site = good();
    site.source("op_a", &csv("hours,failures", "5000.5,1"));
    let failed = site.run(&["--json"]);
    failed.fails(1, &["because of op_a", "every row was rejected", "hours", "reports"]);
}

#[test]
fn a_provider_that_stops_on_rejected_rows_ends_the_run() {
    let site = good();
    site.source("op_a", &(csv("hours,failures", "5.0,1") + "5000.0,1\n"));
    site.mapping("op_a", "SELECT * FROM records", "[rules]\non_rejected = \"stop\"");
    site.run(&[]).fails(1, &["because of op_a", "on_rejected = \"stop\"", "line 12"]);
}

#[test]
fn too_many_rows_end_the_run() {
    let site = good();
    site.source("op_a", &format!("hours,failures\n{}", "5.0,1\n".repeat(101)));
    site.run(&[]).fails(1, &["because of op_a", "101 valid rows", "allows 100"]);
}

#[test]
fn missing_and_empty_files_fail_each_by_its_name_in_one_run() {
    let site = good();
    fs::remove_file(site.path("sources/op_a.csv")).unwrap();
    site.write("sources/op_b.csv", "");
    site.write("sources/op_c.csv", "hours,failures\n");
    let failed = site.run(&["--json"]);
    failed.fails(1, &["because of op_a, op_b, op_c", "op_a.csv", "op_b.csv: the file is empty"]);
    failed.fails(1, &["op_c.csv: there are columns but no rows"]);
}

#[test]
fn a_missing_mapping_file_fails_by_its_name() {
    let site = good();
    fs::remove_file(site.path("sources/op_b.toml")).unwrap();
    site.run(&["--json"]).fails(1, &["because of op_b", "op_b.toml"]);
}
