//! Records of several hospitals that belong together, against a program that sees all of them.

use serde_json::Value;

use crate::statistics::{expected, number, table};
use crate::support::{copy_of, costs_as_quoted};

/// A row's key, none where it is missing, and its numbers.
fn numbers(row: &Value) -> (Option<String>, Vec<f64>) {
    let row = row.as_array().unwrap();
    let key = row[0].as_str().map(str::to_owned);
    (key, row[1..].iter().map(|cell| cell.as_f64().unwrap()).collect())
}

#[test]
fn patients_of_two_hospitals_are_linked_as_recordlinkage_does() {
    let want = expected(include_str!("../expected/patient_links.json"));
    let report = copy_of("patient-links", "study.toml").result();
    costs_as_quoted(&report);
    let keys = table(&report, "keys in common");
    let both = "hospital_a, hospital_b";
    for (ours, theirs) in [
        ("social_security", "ssn"),
        ("given_name, surname, born", "name_dob"),
        ("surname, born, postcode", "surname_dob_postcode"),
        ("given_name, born, state", "given_dob_state"),
    ] {
        let want = want[theirs]["psi_cardinality_distinct"].as_f64().unwrap();
        assert_eq!(number(keys, &[ours, both], "values"), want, "{ours}");
    }
    let of_all = number(keys, &["social_security", "all"], "values");
    assert_eq!(of_all, want["three_way_ssn"].as_f64().unwrap());
    let linked = number(table(&report, "linked by any key"), &[both], "pairs of records");
    assert_eq!(linked, want["union_of_4_keys"]["pairs"].as_f64().unwrap());
}

#[test]
fn treatment_and_recovery_are_crossed_over_linked_patients_whoever_cheats() {
    let want = expected(include_str!("../expected/patient_links.json"));
    let report = copy_of("patient-links", "recovery.toml").result();
    assert_eq!(report["protocol"], "rep3-malicious");
    costs_as_quoted(&report);
    let linked = table(&report, "linked records");
    for (i, treated) in ["true", "false"].into_iter().enumerate() {
        for (j, recovered) in ["true", "false"].into_iter().enumerate() {
            let want = want["vertical_2x2_on_ssn"][i][j].as_f64().unwrap();
            assert_eq!(number(linked, &[treated, recovered], "records"), want);
        }
    }
}

#[test]
fn patients_of_two_hospitals_are_joined_in_sql_as_pandas_does() {
    let want = expected(include_str!("../expected/patient_links.json"));
    let report = copy_of("patient-links", "by-state.toml").result();
    assert_eq!(report["protocol"], "rep3-malicious");
    costs_as_quoted(&report);
    let states = &report["results"][0];
    let mut rows: Vec<_> = states["rows"].as_array().unwrap().iter().map(numbers).collect();
    // In the study's order, most patients first.
    assert!(rows.is_sorted_by(|a, b| a.1[0] >= b.1[0]), "{rows:?}");
    let mut all: Vec<_> = want["by_state"].as_array().unwrap().iter().map(numbers).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(rows.len(), all.len());
    for (row, want) in rows.iter().zip(&all) {
        assert_eq!((&row.0, &row.1[..3]), (&want.0, &want.1[..3]));
        assert!((row.1[3] - want.1[3]).abs() < 1e-8, "{row:?} {want:?}");
    }
}

#[test]
fn patients_are_grouped_by_a_key_that_nobody_has_a_list_of() {
    let want = expected(include_str!("../expected/patient_links.json"));
    let report = copy_of("patient-links", "by-postcode.toml").result();
    costs_as_quoted(&report);
    let sorted = |rows: &Value| {
        let mut rows: Vec<_> = rows.as_array().unwrap().iter().map(numbers).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    assert_eq!(sorted(&report["results"][0]["rows"]), sorted(&want["by_postcode"]));
}
