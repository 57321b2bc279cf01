//! Many values at once: what the examples tell is what scikit-learn tells of the pooled records.

use serde_json::Value;

use crate::statistics::{cell, expected, near, number, table};
use crate::support::{copy_of, costs_as_quoted};

/// The report of an example's study, which is the same under either threat.
pub(crate) fn whoever_cheats(folder: &str, study: &str) -> Value {
    let site = copy_of(folder, study);
    let honest = site.result();
    costs_as_quoted(&honest);
    let text = std::fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &text.replace("\"semi-honest\"", "\"malicious\""));
    let checked = site.result();
    costs_as_quoted(&checked);
    assert_eq!(checked["protocol"], "rep3-malicious");
    assert_eq!(checked["results"], honest["results"]);
    honest
}

#[test]
fn principal_components_are_those_of_scikit_learn() {
    let want = expected(include_str!("../expected/diabetes.json"))["pca"].take();
    let correlations = whoever_cheats("diabetes", "components.toml");
    let site = copy_of("diabetes", "components.toml");
    let text = std::fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &text.replace("\"correlation\"", "\"covariance\""));
    let covariances = site.result();
    for (report, of) in [(correlations, "correlation"), (covariances, "covariance")] {
        let (found, loadings) = (table(&report, "components"), table(&report, "loadings"));
        for (i, component) in (1..=10).map(|i| format!("PC{i}")).enumerate() {
            let row = |column| number(found, &[&component], column);
            near(row("variance"), &want[of]["eigenvalues"][i], 1e-9);
            near(row("explained"), &want[of]["explained"][i], 1e-9);
            for (name, of_value) in want[of]["loadings"].as_object().unwrap() {
                let loading = number(loadings, &[name], &component);
                assert!(
                    (loading - of_value[i].as_f64().unwrap()).abs() < 1e-9,
                    "{name} {component}"
                );
                near(number(loadings, &[name], "mean"), &want["mean"][name], 1e-12);
                near(number(loadings, &[name], "SD"), &want["sd"][name], 1e-11);
            }
        }
    }
}

#[test]
fn signals_within_companies_are_those_of_mantel_and_haenszel() {
    let want = expected(include_str!("../expected/statin_strata.json"));
    let report = whoever_cheats("statin-signals", "by-company.toml");
    let found = table(&report, "signals within strata");
    for (pair, want) in want.as_object().unwrap() {
        let texts: Vec<&str> = pair.split('|').collect();
        let row = |column| number(found, &texts, column);
        near(row("ROR"), &want["or_mh"], 1e-9);
        near(row("ROR lower"), &want["ci95"][0], 1e-9);
        near(row("ROR upper"), &want["ci95"][1], 1e-9);
        // What is within half a report of what is expected R leaves uncorrected, and so do we.
        let corrected = want["cmh_chi2_cc"] != 0.0;
        let chi_squared = if corrected { "cmh_chi2_cc" } else { "cmh_chi2_nocc" };
        near(row("chi-squared"), &want[chi_squared], 1e-6);
        assert!(row("p") <= row("p (Holm)"));
    }
    let all = copy_of("statin-signals", "study.toml").result();
    assert_eq!(table(&report, "signals")["rows"], table(&all, "signals")["rows"]);
}

#[test]
fn patients_who_are_alike_are_grouped_as_by_scikit_learn_whoever_cheats() {
    let want = expected(include_str!("../expected/diabetes_groups.json"));
    let report = whoever_cheats("diabetes", "groups.toml");
    let groups = table(&report, "groups")["rows"].as_array().unwrap();
    assert_eq!(groups.len(), 3);
    for (i, group) in groups.iter().enumerate() {
        assert_eq!(group[1], want["sizes"][i]);
        for value in 0..5 {
            near(group[2 + value].as_f64().unwrap(), &want["centres"][i][value], 1e-9);
        }
    }
    let fit = table(&report, "squared distances");
    near(number(fit, &[], "within"), &want["within"], 1e-9);
    near(number(fit, &[], "of all"), &want["of_all"], 1e-9);
    assert_eq!(cell(fit, &[], "settled"), "yes");
}
