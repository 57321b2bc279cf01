//! The examples of the catalogue give what the reference tools give on the pooled records.

use std::fs;

use serde_json::Value;

use crate::support::{copy_of, costs_as_quoted};

/// The answers of the reference tools.
pub(crate) fn expected(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["expected"].take()
}

pub(crate) fn near(got: f64, want: &Value, relative: f64) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() <= relative * want.abs(), "{got:e}, not {want:e}");
}

/// A result of a report.
pub(crate) fn table<'r>(report: &'r Value, name: &str) -> &'r Value {
    let tables = report["results"].as_array().unwrap();
    let found = tables.iter().find(|table| table["name"].as_str().unwrap().starts_with(name));
    found.unwrap_or_else(|| panic!("no table {name} in {tables:#?}"))
}

/// The cell of a column in the row that begins with these texts.
pub(crate) fn cell<'t>(table: &'t Value, texts: &[&str], column: &str) -> &'t Value {
    let columns = table["columns"].as_array().unwrap();
    let at = columns.iter().position(|name| name == column);
    let at = at.unwrap_or_else(|| panic!("no column {column} in {columns:?}"));
    let mut rows = table["rows"].as_array().unwrap().iter();
    let row = rows.find(|row| texts.iter().enumerate().all(|(i, text)| row[i] == *text));
    &row.unwrap_or_else(|| panic!("no row {texts:?} in {table:#}"))[at]
}

pub(crate) fn number(table: &Value, texts: &[&str], column: &str) -> f64 {
    let cell = cell(table, texts, column);
    cell.as_f64().unwrap_or_else(|| panic!("{column} of {texts:?} is {cell} in {table:#}"))
}

#[test]
fn the_cohort_is_described_as_pandas_does() {
    let report = copy_of("clinical-trial", "describe.toml").result();
    costs_as_quoted(&report);
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let found = table(&report, "description");
    let names = [
        ("age", "age"),
        ("weight", "wtkg"),
        ("karnofsky", "karnof"),
        ("days_before", "preanti"),
        ("cd4", "cd40"),
        ("cd4_week20", "cd420"),
        ("cd8", "cd80"),
        ("cd8_week20", "cd820"),
    ];
    for (ours, theirs) in names {
        let want = &want["descriptive"][theirs];
        for (column, of) in [("n", "n"), ("mean", "mean"), ("SD", "sd"), ("standard error", "se")] {
            near(number(found, &[ours], column), &want[of], 1e-9);
        }
        assert_eq!(number(found, &[ours], "missing"), 0.0);
    }
    let arms = copy_of("clinical-trial", "by-arm.toml").result();
    let arms = table(&arms, "description");
    let n: f64 =
        arms["rows"].as_array().unwrap()[..4].iter().map(|row| row[2].as_f64().unwrap()).sum();
    assert_eq!(n, 2139.0);
}

#[test]
fn a_description_has_quartiles_where_a_study_asks_for_them() {
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let site = copy_of("clinical-trial", "describe.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let values = text.lines().find(|line| line.starts_with("values = ")).unwrap();
    site.write("study.toml", &text.replace(values, "values = [\"age\"]\nquartiles = true"));
    let report = site.result();
    costs_as_quoted(&report);
    let found = table(&report, "description");
    let columns = ["least", "first quartile", "median", "third quartile", "greatest"];
    for (column, of) in columns.into_iter().zip(["min", "q25", "q50", "q75", "max"]) {
        near(number(found, &["age"], column), &want["quartiles_age"][of], 0.0);
    }
}

/// `numpy.percentile` and `pandas.Series.nunique` of the pooled records, per arm.
const QUARTILES: [(&str, [f64; 7]); 4] = [
    ("zidovudine", [532.0, 34.0, 74.6, 52.0, 243.75, 330.5, 418.0]),
    ("zidovudine and didanosine", [522.0, 34.0, 74.3904, 49.0, 285.0, 387.0, 502.0]),
    ("zidovudine and zalcitabine", [524.0, 34.0, 73.9368, 48.0, 272.0, 353.0, 458.25]),
    ("didanosine", [561.0, 34.0, 74.3904, 50.0, 270.0, 356.0, 468.0]),
];

#[test]
fn medians_and_quartiles_are_those_of_numpy_by_either_protocol() {
    let trial = copy_of("clinical-trial", "medians.toml");
    let text = fs::read_to_string(trial.path("study.toml")).unwrap();
    for threat in ["semi-honest", "malicious"] {
        trial.write("study.toml", &text.replace("\"semi-honest\"", &format!("\"{threat}\"")));
        let report = trial.result();
        costs_as_quoted(&report);
        let found = table(&report, "trial-medians");
        for (arm, want) in QUARTILES {
            let columns = ["patients", "age", "weight", "ages", "cd4_low", "cd4", "cd4_high"];
            let got = columns.map(|column| number(found, &[arm], column));
            assert_eq!(got, want, "{arm}, {threat}");
        }
    }
}

#[test]
fn two_arms_are_compared_as_scipy_does() {
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let want = &want["two_sample_arm1_vs_arm0"]["cd420"];
    for (study, test, [t, p]) in [
        ("study.toml", "Welch's t-test", ["welch_t", "welch_p"]),
        ("student.toml", "Student's t-test", ["student_t", "student_p"]),
    ] {
        let report = copy_of("clinical-trial", study).result();
        let found = table(&report, "difference");
        near(number(found, &[test], "estimate"), &want["diff"], 1e-9);
        near(number(found, &[test], "statistic"), &want[t], 1e-9);
        near(number(found, &[test], "p"), &want[p], 1e-6);
        near(number(found, &["Cohen's d"], "estimate"), &want["cohen_d"], 1e-9);
        if study == "study.toml" {
            near(number(found, &[test], "df"), &want["welch_df"], 1e-9);
            near(number(found, &[test], "lower"), &want["welch_ci95"][0], 1e-9);
            near(number(found, &[test], "upper"), &want["welch_ci95"][1], 1e-9);
        }
        let means = table(&report, "means");
        near(number(means, &["zidovudine"], "estimate"), &want["mean0"], 1e-9);
        near(number(means, &["zidovudine and didanosine"], "estimate"), &want["mean1"], 1e-9);
    }
}

#[test]
fn progression_depends_on_the_arm_as_scipy_says() {
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let want = &want["chi2_arms_cens"];
    let report = copy_of("clinical-trial", "progression.toml").result();
    let found = table(&report, "association");
    near(number(found, &["chi-squared"], "statistic"), &want["chi2"], 1e-9);
    near(number(found, &["chi-squared"], "df"), &want["df"], 0.0);
    near(number(found, &["chi-squared"], "p"), &want["p"], 1e-7);
    near(number(found, &["Cramér's V"], "estimate"), &want["cramers_v"], 1e-9);
}

#[test]
fn correlations_are_those_of_pandas() {
    let want = expected(include_str!("../expected/clinical_trial.json"));
    let report = copy_of("clinical-trial", "correlation.toml").result();
    let found = table(&report, "correlation");
    let names =
        ["age", "weight", "karnofsky", "days_before", "cd4", "cd4_week20", "cd8", "cd8_week20"];
    for (i, x) in names.iter().enumerate() {
        for (j, y) in names.iter().enumerate().skip(i + 1) {
            near(number(found, &[x, y], "estimate"), &want["corr_pearson"][i][j], 1e-8);
        }
    }
}

#[test]
fn a_two_by_two_table_gives_what_statsmodels_gives_and_shows_no_hospitals() {
    let want = expected(include_str!("../expected/indomethacin.json"));
    let site = copy_of("indomethacin", "study.toml");
    let report = site.result();
    let found = table(&report, "association");
    for (row, of) in [("risk ratio", "RR"), ("odds ratio", "OR"), ("risk difference", "RD")] {
        for (i, column) in ["estimate", "lower", "upper"].iter().enumerate() {
            near(number(found, &[row], column), &want[of][i], 1e-9);
        }
    }
    near(number(found, &["chi-squared"], "statistic"), &want["chi2_pearson"], 1e-9);
    near(number(found, &["chi-squared"], "p"), &want["p_chi2"], 1e-9);
    near(number(found, &["chi-squared, Yates"], "statistic"), &want["chi2_yates"], 1e-9);
    near(number(found, &["Fisher's exact test"], "p"), &want["fisher_p"], 1e-8);
    let counts = table(&report, "counts");
    near(number(counts, &["true"], "pancreatitis: true"), &want["table"][0], 0.0);
    near(number(counts, &["false"], "pancreatitis: false"), &want["table"][3], 0.0);
    let page = site.run(&[]);
    assert_eq!(page.status, Some(0), "{page:#?}");
    for shown in ["association", "odds ratio", "0.49404", "Fisher's exact test", "0.0053391"] {
        assert!(page.out.contains(shown), "{shown} is not in\n{}", page.out);
    }
}

#[test]
fn a_regression_gives_what_statsmodels_gives() {
    let want = expected(include_str!("../expected/diabetes.json"));
    let report = copy_of("diabetes", "study.toml").result();
    let (found, per) =
        (table(&report, "coefficients"), table(&report, "coefficients per standard deviation"));
    for name in ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"] {
        near(number(per, &[name], "estimate"), &want["ols"]["coef"][name], 1e-6);
        let scale = want["ols"]["x_sd"][name].as_f64().unwrap();
        near(number(found, &[name], "standard error") * scale, &want["ols"]["se"][name], 1e-6);
        near(number(found, &[name], "statistic"), &want["ols"]["t"][name], 1e-6);
        near(number(found, &[name], "p"), &want["ols"]["p"][name], 1e-5);
    }
    let fit = table(&report, "fit");
    near(fit["rows"][0][1].as_f64().unwrap(), &want["ols"]["r2"], 1e-9);
    near(fit["rows"][0][4].as_f64().unwrap(), &want["ols"]["F"], 1e-8);
    near(fit["rows"][0][5].as_f64().unwrap(), &want["ols"]["F_p"], 1e-6);
    let ridge = copy_of("diabetes", "ridge.toml").result();
    let per = table(&ridge, "coefficients per standard deviation");
    for name in ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"] {
        near(number(per, &[name], "estimate"), &want["ridge_10"][name], 1e-6);
    }
}

#[test]
fn a_logistic_regression_gives_what_statsmodels_gives() {
    let want = expected(include_str!("../expected/indomethacin.json"));
    let want = &want["logistic"];
    let site = copy_of("indomethacin", "logistic.toml");
    let report = site.result();
    costs_as_quoted(&report);
    let (found, ratios) = (table(&report, "coefficients"), table(&report, "odds ratios"));
    for name in ["intercept", "indomethacin", "risk", "age", "female", "stent"] {
        let theirs = if name == "intercept" { "const" } else { name };
        near(number(found, &[name], "estimate"), &want["coef"][theirs], 1e-8);
        near(number(found, &[name], "standard error"), &want["se"][theirs], 1e-7);
        near(number(found, &[name], "p"), &want["p"][theirs], 1e-7);
        if name != "intercept" {
            for (i, column) in ["estimate", "lower", "upper"].iter().enumerate() {
                near(number(ratios, &[name], column), &want["or_ci95"][theirs][i], 1e-7);
            }
        }
    }
    let fit = table(&report, "fit");
    near(number(fit, &[], "log-likelihood"), &want["loglik"], 1e-11);
    near(number(fit, &[], "null log-likelihood"), &want["null_loglik"], 1e-10);
    near(number(fit, &[], "AIC"), &want["aic"], 1e-11);
    near(number(fit, &[], "chi-squared"), &want["llr"], 1e-9);
    near(number(fit, &[], "p"), &want["llr_p"], 1e-8);
    let page = site.check();
    for shown in ["in each of at most 25 steps", "kept at home until the run ends"] {
        assert!(page.out.contains(shown), "{shown} is not in\n{}", page.out);
    }
}

#[test]
fn a_life_with_units_that_still_run_is_that_of_reliability_tools() {
    let want = expected(include_str!("../expected/fan_life.json"));
    let report = copy_of("failure-rate", "weibull.toml").result();
    costs_as_quoted(&report);
    let life = table(&report, "Weibull life");
    for (name, theirs) in [("shape", "beta"), ("scale", "eta")] {
        near(number(life, &[name], "estimate"), &want[theirs], 1e-7);
        let error = format!("se_{theirs}");
        near(number(life, &[name], "standard error"), &want[error], 1e-7);
    }
    for (name, theirs) in [("B1", "B1"), ("B10", "B10"), ("median", "median")] {
        for (i, column) in ["estimate", "lower", "upper"].iter().enumerate() {
            near(number(life, &[name], column), &want[theirs][i], 1e-6);
        }
    }
    let fit = table(&report, "fit");
    near(number(fit, &[], "events"), &want["failures"], 0.0);
    near(number(fit, &[], "log-likelihood"), &want["loglik"], 1e-10);
    near(number(fit, &[], "null log-likelihood"), &want["exponential_loglik"], 1e-10);
    near(number(fit, &[], "chi-squared"), &want["lrt_exponential_chi2"], 1e-6);
}

#[test]
fn signals_are_those_of_the_reference_tools() {
    let want = expected(include_str!("../expected/statin_signals.json"));
    let report = copy_of("statin-signals", "study.toml").result();
    costs_as_quoted(&report);
    let found = table(&report, "signals");
    let (mut evans, mut ror, mut ic) = (0, 0, 0);
    for (pair, want) in want.as_object().unwrap() {
        let texts: Vec<&str> = pair.split('|').collect();
        near(number(found, &texts, "reports"), &want["a"], 0.0);
        near(number(found, &texts, "expected"), &want["E"], 1e-9);
        near(number(found, &texts, "IC"), &want["IC"], 1e-8);
        near(number(found, &texts, "IC lower"), &want["IC025"], 1e-6);
        near(number(found, &texts, "PRR"), &want["PRR"], 1e-9);
        near(number(found, &texts, "ROR"), &want["ROR"], 1e-9);
        near(number(found, &texts, "ROR lower"), &want["ROR_ci95"][0], 1e-8);
        near(number(found, &texts, "chi-squared"), &want["chi2_yates"], 1e-7);
        let signal = cell(found, &texts, "signal").as_str().unwrap();
        assert_eq!(signal.contains("PRR"), want["evans_signal"] == true, "{pair}");
        assert_eq!(signal.contains("ROR"), want["ROR025>1"] == true, "{pair}");
        assert_eq!(signal.contains("IC"), want["IC025>0"] == true, "{pair}");
        evans += i32::from(signal.contains("PRR"));
        ror += i32::from(signal.contains("ROR"));
        ic += i32::from(signal.contains("IC"));
    }
    assert_eq!((evans, ror, ic), (117, 142, 129));
    let rows = found["rows"].as_array().unwrap();
    let signal = |row: &&Value| row[20].as_str().unwrap().contains("EB05");
    let want = expected(include_str!("../expected/statin_shrinkage.json"));
    assert_eq!(rows.iter().filter(signal).count() as u64, want["signals"].as_u64().unwrap());
    let prior = table(&report, "prior");
    near(prior["rows"][0][1].as_f64().unwrap(), &want["prior"]["alpha1"], 1e-5);
    near(prior["rows"][0][5].as_f64().unwrap(), &want["prior"]["P"], 1e-5);
    near(prior["rows"][0][6].as_f64().unwrap(), &want["log_likelihood"], 1e-12);
    for (pair, want) in want["pairs"].as_object().unwrap() {
        let texts: Vec<&str> = pair.split('|').collect();
        near(number(found, &texts, "EBGM"), &want["EBGM"], 1e-6);
        near(number(found, &texts, "EB05"), &want["EB05"], 1e-6);
        near(number(found, &texts, "EB95"), &want["EB95"], 1e-6);
        let p = |column: &str| number(found, &texts, column);
        assert!(p("p") <= p("p (Benjamini-Hochberg)"));
        assert!(p("p (Benjamini-Hochberg)") <= p("p (Holm)"));
    }
}

#[test]
fn the_joint_audit_finds_the_faults_that_were_planted() {
    let site = copy_of("trial-quality", "study.toml");
    let report = site.result();
    costs_as_quoted(&report);
    let want = expected(include_str!("../expected/trial_quality.json"));
    let records = table(&report, "records");
    let duplicates: u64 = ["ab", "ac", "bc"]
        .iter()
        .map(|pair| want["duplicate_ids_across_parties"][pair].as_u64().unwrap())
        .sum();
    let missing: u64 =
        ["a", "b", "c"].iter().map(|site| want["missing_wtkg"][site].as_u64().unwrap()).sum();
    for (texts, count) in [
        (["records", ""], want["n"].as_u64().unwrap()),
        (["missing", "weight"], missing),
        (["implausible", "age < 0 OR age > 110"], want["age_out_of_range_0_110"].as_u64().unwrap()),
        (
            ["implausible", "weight < 25 OR weight > 200"],
            want["wtkg_out_of_range_25_200"].as_u64().unwrap(),
        ),
        (["implausible", "weight > 130"], want["wtkg_gt_130"].as_u64().unwrap()),
        (["duplicates", "patient"], duplicates),
    ] {
        assert_eq!(cell(records, &texts, "records").as_u64(), Some(count), "{texts:?}");
    }
    let drift = &want["drift_wtkg_each_vs_rest"];
    for (name, of, limit) in [("psi", "psi", 0.1), ("ks", "ks_on_bins", 0.035)] {
        let found = table(&report, name);
        for (party, site) in [("site_a", "a"), ("site_b", "b"), ("site_c", "c")] {
            let within = drift[site][of].as_f64().unwrap() <= limit;
            let verdict = cell(found, &[party], "verdict");
            assert_eq!(verdict, if within { "within" } else { "beyond" }, "{name} of {party}");
        }
    }
    // Nothing else is told.
    assert_eq!(report["results"].as_array().unwrap().len(), 3);
}

#[test]
fn indices_of_drift_are_those_of_numpy_where_the_study_releases_them() {
    let report = copy_of("trial-quality", "indices.toml").result();
    let want = expected(include_str!("../expected/trial_quality.json"));
    let drift = &want["drift_wtkg_each_vs_rest"];
    for (name, of) in [("psi", "psi"), ("ks", "ks_on_bins")] {
        let found = table(&report, name);
        for (party, site) in [("site_a", "a"), ("site_b", "b"), ("site_c", "c")] {
            let (got, want) = (number(found, &[party], "index"), drift[site][of].as_f64().unwrap());
            assert!((got - want).abs() < 1e-5, "{name} of {party}: {got}, not {want}");
        }
    }
}

/// With hidden sums a comparison of means opens less and says the same.
#[test]
fn means_are_compared_though_they_stay_secret() {
    for study in ["study.toml", "student.toml", "paired.toml"] {
        let site = copy_of("clinical-trial", study);
        let open = site.result();
        let text = fs::read_to_string(site.path("study.toml")).unwrap();
        let text = text.replace("sufficient = \"open\"", "sufficient = \"hidden\"");
        for threat in ["semi-honest", "malicious"] {
            site.write("study.toml", &text.replace("\"semi-honest\"", &format!("\"{threat}\"")));
            let hidden = site.result();
            costs_as_quoted(&hidden);
            let [found] = &hidden["results"].as_array().unwrap()[..] else { panic!("one table") };
            let want = table(&open, "difference of");
            let test = found["rows"][0][0].as_str().unwrap();
            for column in
                ["estimate", "standard error", "lower", "upper", "statistic", "df", "p", "n"]
            {
                let (got, want) = (number(found, &[test], column), number(want, &[test], column));
                let at =
                    found["columns"].as_array().unwrap().iter().position(|name| name == column);
                let bound = found["error_bound"][at.unwrap()].as_f64().unwrap();
                assert!((got - want).abs() <= bound, "{study} {column}: {got} {want} {bound}");
                assert!(bound <= 1e-6 * want.abs(), "{study} {column}: {want} {bound}");
            }
        }
    }
}

/// The same of correlations and of a table of counts, of which nothing but the measure is opened.
#[test]
fn association_is_measured_though_its_sums_stay_secret() {
    let columns = ["estimate", "lower", "upper", "statistic", "df", "p", "n"];
    for (study, name) in [
        ("correlation.toml", "correlation"),
        ("progression.toml", "association"),
        ("anova.toml", "analysis of variance of cd4_week20"),
    ] {
        let site = copy_of("clinical-trial", study);
        let open = site.result();
        let want = table(&open, name);
        let text = fs::read_to_string(site.path("study.toml")).unwrap();
        let text = text.replace("sufficient = \"open\"", "sufficient = \"hidden\"");
        for threat in ["semi-honest", "malicious"] {
            let [either, other] = ["semi-honest", "malicious"].map(|name| format!("\"{name}\""));
            let chosen = format!("\"{threat}\"");
            site.write("study.toml", &text.replace(&either, &chosen).replace(&other, &chosen));
            let hidden = site.result();
            costs_as_quoted(&hidden);
            let [found] = &hidden["results"].as_array().unwrap()[..] else { panic!("one table") };
            let shown = found["columns"].as_array().unwrap();
            let rows = found["rows"].as_array().unwrap();
            assert_eq!(rows.len(), want["rows"].as_array().unwrap().len());
            let mut compared = 0;
            for (i, row) in rows.iter().enumerate() {
                for column in columns {
                    let place = |table: &Value| {
                        let mut names = table["columns"].as_array().unwrap().iter();
                        names.position(|name| name == column)
                    };
                    let (Some(at), Some(there)) = (place(found), place(want)) else { continue };
                    let (got, want) = (&row[at], &want["rows"][i][there]);
                    let (Some(got), Some(want)) = (got.as_f64(), want.as_f64()) else {
                        assert!(got.is_null() || got == want, "{study} {column}: {got} {want}");
                        continue;
                    };
                    let bound = found["error_bound"][at].as_f64().unwrap();
                    assert!((got - want).abs() <= bound, "{study} {column}: {got} {want} {bound}");
                    assert!((got - want).abs() <= 1e-7 * want.abs(), "{column}: {got} {want}");
                    compared += 1;
                }
            }
            assert!(compared >= 4, "{compared} of {shown:?}");
        }
    }
}
