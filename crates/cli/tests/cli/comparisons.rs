//! Groups, contributors and scores are compared as the reference tools do on the pooled records.

use std::fs;

use crate::statistics::{cell, expected, near, number, table};
use crate::support::{copy_of, costs_as_quoted};

#[test]
fn arms_are_compared_by_ranks_as_scipy_does() {
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let report = copy_of("clinical-trial", "ranks.toml").result();
    costs_as_quoted(&report);
    let found = table(&report, "ranks of cd4_week20");
    near(number(found, &["Mann-Whitney"], "statistic"), &want["ranks_cd420"]["mwu_U"], 0.0);
    let p = number(found, &["Mann-Whitney, corrected"], "p");
    near(p, &want["ranks_cd420"]["mwu_p_cc"], 1e-8);
    let report = copy_of("clinical-trial", "ranks-of-arms.toml").result();
    let (found, want) = (table(&report, "ranks of cd4_week20"), &want["anova_cd420_by_arm"]);
    near(number(found, &["Kruskal-Wallis"], "statistic"), &want["kruskal_H"], 1e-9);
    near(number(found, &["Kruskal-Wallis"], "p"), &want["kruskal_p"], 1e-8);
    let quartiles = table(&report, "quantiles");
    assert_eq!(number(quartiles, &["zidovudine"], "n"), 532.0);
}

#[test]
fn means_are_compared_as_scipy_does_whoever_cheats() {
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let report = copy_of("clinical-trial", "anova.toml").result();
    assert_eq!(report["protocol"], "rep3-malicious");
    let found = table(&report, "analysis of variance");
    near(number(found, &["F"], "statistic"), &want["anova_cd420_by_arm"]["F"], 1e-8);
    near(number(found, &["F"], "p"), &want["anova_cd420_by_arm"]["p"], 1e-7);
    let report = copy_of("clinical-trial", "paired.toml").result();
    let (found, want) = (table(&report, "difference"), &want["paired_arm0"]);
    near(number(found, &["paired t-test"], "estimate"), &want["diff"], 1e-9);
    near(number(found, &["paired t-test"], "statistic"), &want["t"], 1e-9);
    near(number(found, &["paired t-test"], "n"), &want["n"], 0.0);
}

#[test]
fn quantiles_are_those_of_numpy() {
    let want = &expected(include_str!("../expected/clinical_trial.json"))["quartiles_age"];
    let report = copy_of("clinical-trial", "quartiles.toml").result();
    let found = table(&report, "quantiles");
    let names = [
        ("least", "min"),
        ("5 %", "q5"),
        ("25 %", "q25"),
        ("median", "q50"),
        ("75 %", "q75"),
        ("greatest", "max"),
    ];
    for (ours, theirs) in names {
        near(number(found, &[], ours), &want[theirs], 0.0);
    }
    let ages = table(&report, "histogram")["rows"].as_array().unwrap();
    assert_eq!(ages.iter().map(|row| row[1].as_u64().unwrap()).sum::<u64>(), 2139);
}

#[test]
fn operators_are_compared_as_scipy_does() {
    let want = expected(include_str!("../expected/operators.json"));
    let report = copy_of("rates-by-operator", "study.toml").result();
    assert_eq!(report["protocol"], "rep3-malicious");
    let (rates, counts) = (table(&report, "rates"), table(&report, "events"));
    for (ours, theirs) in [("op_a", "a"), ("op_b", "b"), ("op_c", "c")] {
        let want = &want["operators"][theirs];
        near(number(counts, &[ours], "events"), &want["failures"], 0.0);
        near(number(counts, &[ours], "exposure"), &want["exposure_h"], 1e-12);
        near(number(rates, &[ours], "estimate"), &want["rate_per_1e6h"], 1e-9);
        near(number(rates, &[ours], "lower"), &want["ci95_per_1e6h"][0], 1e-8);
        near(number(rates, &[ours], "upper"), &want["ci95_per_1e6h"][1], 1e-8);
    }
    let (same, want) = (table(&report, "homogeneity"), &want["homogeneity"]);
    near(number(same, &["Pearson"], "statistic"), &want["chi2_df2"], 1e-9);
    near(number(same, &["Pearson"], "p"), &want["p_chi2"], 1e-9);
    near(number(same, &["likelihood ratio"], "statistic"), &want["G"], 1e-9);
    near(number(same, &["exact"], "p"), &want["p_exact_multinomial"], 1e-9);
    let ratio = number(table(&report, "rate ratio to op_a"), &["op_b", "exact"], "estimate");
    assert!((ratio - 17.950_098_725_542_993 / 42.297_605_955_502_92).abs() < 1e-9);
}

#[test]
fn a_meta_analysis_finds_what_metafor_finds() {
    let report = copy_of("indomethacin", "by-hospital.toml").result();
    let found = table(&report, "combined odds ratio");
    for (method, [estimate, lower, upper]) in [
        (
            "fixed effects",
            [0.498_558_167_751_709_86, 0.301_840_684_499_423_5, 0.823_481_589_448_942_8],
        ),
        (
            "random effects, DerSimonian-Laird",
            [0.498_558_167_751_709_86, 0.301_840_684_499_423_5, 0.823_481_589_448_942_8],
        ),
        (
            "Mantel-Haenszel",
            [0.497_771_034_071_662_23, 0.301_801_187_692_299_13, 0.820_990_812_711_418],
        ),
    ] {
        for (column, want) in [("estimate", estimate), ("lower", lower), ("upper", upper)] {
            near(number(found, &[method], column), &want.into(), 1e-9);
        }
    }
    let differ = table(&report, "heterogeneity");
    near(number(differ, &["Cochran's Q"], "statistic"), &0.572_065_976_877_004_4.into(), 1e-9);
    assert_eq!(number(differ, &["tau squared"], "estimate"), 0.0);
    let own = table(&report, "odds ratios");
    near(number(own, &["hospital_a"], "estimate"), &(11.0 * 62.0 / (66.0 * 25.0)).into(), 1e-12);
}

#[test]
fn a_score_is_judged_pair_by_pair_in_each_condition() {
    let want = expected(include_str!("../expected/tumours.json"));
    let report = copy_of("tumours", "study.toml").result();
    let (quality, points) = (table(&report, "quality"), table(&report, "precision and recall"));
    let calibration = table(&report, "calibration");
    for grain in ["fine", "coarse"] {
        let want = &want[grain];
        let of = |measure: &str| number(quality, &[grain, measure], "estimate");
        near(of("area under the ROC curve"), &want["roc_auc"], 1e-12);
        near(of("average precision"), &want["average_precision"], 1e-12);
        let rows = calibration["rows"].as_array().unwrap();
        let rows: Vec<_> = rows.iter().filter(|row| row[0] == grain).collect();
        let sum =
            |at: &dyn Fn(&serde_json::Value) -> f64| rows.iter().map(|row| at(row)).sum::<f64>();
        near(sum(&|row| row[2].as_f64().unwrap()), &want["n"], 0.0);
        near(sum(&|row| row[3].as_f64().unwrap()), &want["events"], 0.0);
        let predicted =
            |row: &serde_json::Value| row[2].as_f64().unwrap() * row[5].as_f64().unwrap();
        near(sum(&predicted), &want["predicted"], 1e-9);
        let p = number(table(&report, "test of calibration"), &[grain, "Hosmer-Lemeshow"], "p");
        assert!(p > 0.0 && p < 1.0);
    }
    let half = &want["coarse"]["at_half"];
    assert_eq!(cell(points, &["coarse", "0.500"], "found"), &half[0]);
    assert_eq!(cell(points, &["coarse", "0.500"], "false alarms"), &half[1]);
    let checked = copy_of("tumours", "checked.toml").result();
    assert_eq!(checked["protocol"], "rep3-malicious");
    let coarse = number(table(&checked, "quality"), &["fine", "average precision"], "estimate");
    assert!((coarse - want["fine"]["average_precision"].as_f64().unwrap()).abs() < 0.05);
}

#[test]
fn examples_give_the_same_whoever_cheats() {
    for folder in ["indomethacin", "diabetes", "statin-signals"] {
        let site = copy_of(folder, "study.toml");
        let honest = site.result();
        let text = fs::read_to_string(site.path("study.toml")).unwrap();
        site.write("study.toml", &text.replace("\"semi-honest\"", "\"malicious\""));
        let checked = site.result();
        assert_eq!(checked["protocol"], "rep3-malicious");
        assert_eq!(checked["results"], honest["results"], "{folder}");
    }
}
