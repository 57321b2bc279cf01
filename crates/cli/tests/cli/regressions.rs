//! Regressions in steps give what statsmodels gives on the pooled records.

use serde_json::Value;

use crate::statistics::{cell, expected, near, number, table};
use crate::support::{Site, copy_of, costs_as_quoted};

/// The report of a study though parties may cheat.
fn whoever_cheats(site: &Site) -> Value {
    let text = std::fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &text.replace("\"semi-honest\"", "\"malicious\""));
    let report = site.result();
    assert_eq!(report["protocol"], "rep3-malicious");
    report
}

/// Terms of this project and the reference's.
type Names = [(&'static str, &'static str)];

/// Coefficients with their errors and tests, and ratios with their intervals.
fn agrees(report: &Value, want: &Value, names: &Names, (ratios, theirs): (&str, &str)) {
    let (found, ratios) = (table(report, "coefficients"), table(report, ratios));
    for (name, of) in names {
        near(number(found, &[name], "estimate"), &want["coef"][of], 1e-7);
        near(number(found, &[name], "standard error"), &want["se"][of], 1e-6);
        near(number(found, &[name], "p"), &want["p"][of], 1e-6);
        if *name != "intercept" {
            for (i, column) in ["estimate", "lower", "upper"].iter().enumerate() {
                near(number(ratios, &[name], column), &want[theirs][of][i], 1e-6);
            }
        }
    }
}

const OCCUPANTS: [(&str, &str); 12] = [
    ("intercept", "const"),
    ("airbag", "airbag"),
    ("belt", "belt"),
    ("airbag * belt", "airbag_x_belt"),
    ("frontal", "frontal"),
    ("male", "male"),
    ("decades", "age10"),
    ("model", "yearveh5"),
    ("speed_10", "dv10_24"),
    ("speed_25", "dv25_39"),
    ("speed_40", "dv40_54"),
    ("speed_55", "dv55"),
];

#[test]
fn deaths_in_crashes_are_explained_as_by_statsmodels() {
    let want = expected(include_str!("../expected/crash_fatality.json"));
    let site = copy_of("crash-fatality", "study.toml");
    let report = site.result();
    costs_as_quoted(&report);
    for report in [report, whoever_cheats(&site)] {
        agrees(&report, &want, &OCCUPANTS, ("odds ratios", "or_ci95"));
        let fit = table(&report, "fit");
        near(number(fit, &[], "n"), &want["n"], 0.0);
        near(number(fit, &[], "events"), &want["deaths"], 0.0);
        near(number(fit, &[], "log-likelihood"), &want["loglik"], 1e-10);
        near(number(fit, &[], "null log-likelihood"), &want["null_loglik"], 1e-10);
        near(number(fit, &[], "AIC"), &want["aic"], 1e-10);
        near(number(fit, &[], "chi-squared"), &want["llr"], 1e-9);
        assert_eq!(number(fit, &[], "deviance"), -2.0 * number(fit, &[], "log-likelihood"));
    }
}

#[test]
fn deaths_are_foretold_as_well_as_by_the_reference_tools_with_errors_of_white() {
    let want = expected(include_str!("../expected/crash_fatality.json"));
    let site = copy_of("crash-fatality", "foretold.toml");
    let report = site.result();
    costs_as_quoted(&report);
    for report in [report, whoever_cheats(&site)] {
        let coefficients = table(&report, "coefficients");
        for (name, of) in OCCUPANTS {
            near(number(coefficients, &[name], "standard error"), &want["se_hc0"][of], 1e-7);
            near(number(coefficients, &[name], "p"), &want["p_hc0"][of], 1e-6);
        }
        near(number(table(&report, "fit"), &[], "Brier score"), &want["brier"], 1e-9);
        let area = number(table(&report, "quality"), &["area under the ROC curve"], "estimate");
        let binned = &want["calibration_400"];
        near(area, &binned["auc"], 1e-12);
        assert!((area - want["auc"].as_f64().unwrap()).abs() < 1e-4, "{area} without bins");
        let groups = table(&report, "calibration")["rows"].as_array().unwrap();
        for (group, want) in groups.iter().zip(binned["groups"].as_array().unwrap()) {
            assert_eq!([&group[1], &group[2]], [&want[0], &want[1]]);
            let n = want[0].as_f64().unwrap();
            near(group[4].as_f64().unwrap() * n, &want[2], 1e-8);
        }
        assert_eq!(groups.len(), 10);
        let test = table(&report, "test of calibration");
        near(number(test, &["Hosmer-Lemeshow"], "statistic"), &binned["chi2"], 1e-7);
        near(number(test, &["Hosmer-Lemeshow"], "p"), &binned["p"], 1e-7);
    }
    let page = site.check();
    // The first column of the leakage table.
    let told: Vec<&str> = page.text().lines().map(|l| l.get(..34).unwrap_or(l).trim()).collect();
    let told = told.join(" ");
    for shown in ["in each of 400 bins", "the products of the derivatives", "alone in its bin"] {
        assert!(told.contains(shown), "{shown} is not in\n{}", page.out);
    }
}

const PATIENTS: [(&str, &str); 5] = [
    ("interferon", "treat"),
    ("age", "age"),
    ("autosomal", "autosomal"),
    ("steroids", "steroids"),
    ("antibiotics", "propylac"),
];

#[test]
fn hazards_are_compared_as_by_r() {
    let want = &expected(include_str!("../expected/infections.json"))["cox"];
    let site = copy_of("chronic-granulomatous", "cox.toml");
    let report = site.result();
    costs_as_quoted(&report);
    for report in [report, whoever_cheats(&site)] {
        agrees(&report, want, &PATIENTS, ("hazard ratios", "hr_ci95"));
        near(number(table(&report, "fit"), &[], "log-likelihood"), &want["loglik"], 1e-9);
    }
}

#[test]
fn rates_are_explained_as_by_statsmodels() {
    let want = &expected(include_str!("../expected/infections.json"))["poisson"];
    let site = copy_of("chronic-granulomatous", "poisson.toml");
    let report = site.result();
    costs_as_quoted(&report);
    let names = [&[("intercept", "const")], &PATIENTS[..]].concat();
    for report in [report, whoever_cheats(&site)] {
        agrees(&report, want, &names, ("rate ratios", "rr_ci95"));
        let fit = table(&report, "fit");
        near(number(fit, &[], "log-likelihood"), &want["loglik"], 1e-9);
        near(number(fit, &[], "null log-likelihood"), &want["null_loglik"], 1e-9);
        near(number(fit, &[], "deviance"), &want["deviance"], 1e-9);
        near(number(fit, &[], "null deviance"), &want["null_deviance"], 1e-9);
        near(number(fit, &[], "AIC"), &want["aic"], 1e-9);
    }
    let text = std::fs::read_to_string(site.path("study.toml")).unwrap();
    for (errors, factor) in [("HC0", 1.0), ("HC1", (128.0 / 122.0f64).sqrt())] {
        let robust = format!("errors = \"{errors}\"\nreveal_path");
        site.write("study.toml", &text.replace("reveal_path", &robust));
        let report = site.result();
        let found = table(&report, "coefficients");
        for (name, of) in &names {
            let error = number(found, &[name], "standard error");
            near(error / factor, &want["se_hc0"][of], 1e-7);
        }
    }
}

#[test]
fn a_classifier_with_a_penalty_is_that_of_the_reference() {
    let want = expected(include_str!("../expected/tumour_classifier.json"));
    let site = copy_of("tumour-classifier", "study.toml");
    let report = site.result();
    costs_as_quoted(&report);
    for report in [report, whoever_cheats(&site)] {
        let standardised = table(&report, "coefficients per standard deviation");
        for (name, coefficient) in want["coef"].as_object().unwrap() {
            near(number(standardised, &[name], "estimate"), coefficient, 1e-6);
        }
        let coefficients = table(&report, "coefficients");
        for (name, error) in want["se"].as_object().unwrap() {
            near(number(coefficients, &[name], "standard error"), error, 1e-6);
        }
        let columns = coefficients["columns"].as_array().unwrap();
        assert!(columns.iter().all(|column| column != "p"), "no test knows the bias");
        let fit = table(&report, "fit");
        near(number(fit, &[], "log-likelihood"), &want["loglik"], 1e-8);
        near(number(fit, &[], "effective parameters"), &want["effective_parameters"], 1e-8);
        near(number(fit, &[], "Brier score"), &want["brier"], 1e-8);
        let area = number(table(&report, "quality"), &["area under the ROC curve"], "estimate");
        near(area, &want["auc"], 1e-4);
    }
    let text = std::fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &text.replace("ridge = 1 ", "ridge = 0 "));
    let report = site.result();
    let alone = cell(table(&report, "coefficients"), &["mean_radius"], "estimate").clone();
    assert!(alone.is_null(), "without a penalty nothing is finite: {alone}");
}

#[test]
fn counts_that_vary_more_are_fitted_as_by_statsmodels_whoever_cheats() {
    let want = expected(include_str!("../expected/infection_counts.json"));
    let site = copy_of("infection-counts", "study.toml");
    let report = site.result();
    costs_as_quoted(&report);
    for report in [&report, &whoever_cheats(&site)] {
        let found = table(report, "coefficients");
        for (i, name) in ["intercept", "interferon", "age"].into_iter().enumerate() {
            near(number(found, &[name], "estimate"), &want["coefficients"][i], 1e-7);
            near(number(found, &[name], "standard error"), &want["errors"][i], 1e-6);
        }
        let alpha = table(report, "dispersion");
        near(number(alpha, &["alpha"], "estimate"), &want["alpha"], 1e-6);
        near(number(alpha, &["alpha"], "standard error"), &want["alpha_error"], 1e-6);
        near(number(table(report, "fit"), &[], "log-likelihood"), &want["loglik"], 1e-9);
    }
    // Of first infections, of which nobody has two, no dispersion is found.
    let site = copy_of("chronic-granulomatous", "poisson.toml");
    let text = std::fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &text.replace("\"poisson\"", "\"negative_binomial\""));
    let reason = site.result()["results"][0]["notes"][0]["reason"].to_string();
    assert!(reason.contains("vary no more than Poisson"), "{reason}");
}
