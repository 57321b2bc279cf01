//! Regressions of which no step is opened, against what statsmodels says of the pooled records.

use std::fs;

use crate::statistics::{expected, near, number, table};
use crate::support::{copy_of, costs_as_quoted};

#[test]
fn hidden_steps_end_where_statsmodels_does_by_either_protocol() {
    let want = expected(include_str!("../expected/indomethacin.json"));
    let want = &want["logistic"];
    let site = copy_of("indomethacin", "hidden-steps.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    for (threat, protocol) in [("semi-honest", "rep3"), ("malicious", "rep3-malicious")] {
        site.write("study.toml", &text.replace("\"semi-honest\"", &format!("\"{threat}\"")));
        let report = site.result();
        assert_eq!(report["protocol"], protocol);
        costs_as_quoted(&report);
        let (found, ratios) = (table(&report, "coefficients"), table(&report, "odds ratios"));
        for name in ["intercept", "indomethacin", "risk", "age", "female", "stent"] {
            let theirs = if name == "intercept" { "const" } else { name };
            near(number(found, &[name], "estimate"), &want["coef"][theirs], 1e-7);
            near(number(found, &[name], "standard error"), &want["se"][theirs], 1e-7);
            near(number(found, &[name], "p"), &want["p"][theirs], 1e-6);
            if name != "intercept" {
                for (i, column) in ["estimate", "lower", "upper"].iter().enumerate() {
                    near(number(ratios, &[name], column), &want["or_ci95"][theirs][i], 1e-7);
                }
            }
        }
        let fit = table(&report, "fit");
        near(number(fit, &[], "log-likelihood"), &want["loglik"], 1e-9);
        near(number(fit, &[], "null log-likelihood"), &want["null_loglik"], 1e-9);
        near(number(fit, &[], "AIC"), &want["aic"], 1e-9);
        near(number(fit, &[], "chi-squared"), &want["llr"], 1e-7);
        assert!(!fit["columns"].as_array().unwrap().iter().any(|name| name == "events"));
        let told = site.check();
        assert!(told.out.contains("says `reveal_path = false`: no"), "{}", told.out);
        assert!(!told.out.contains("`SUM("), "{}", told.out);
    }
}
