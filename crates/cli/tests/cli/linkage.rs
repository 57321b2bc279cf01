//! Records of several hospitals that belong together, against a program that sees all of them.

use crate::statistics::{expected, number, table};
use crate::support::{copy_of, costs_as_quoted};

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
