//! Survival over a public grid is that of lifelines on the pooled records.

use std::fs;

use serde_json::Value;

use crate::statistics::{cell, expected, near, number, table};
use crate::support::{copy_of, costs_as_quoted};

fn wanted() -> Value {
    expected(include_str!("../expected/chronic_granulomatous.json"))
}

/// The rows of a group after its start.
fn rows<'t>(table: &'t Value, group: &str) -> Vec<&'t Vec<Value>> {
    let rows = table["rows"].as_array().unwrap().iter().map(|row| row.as_array().unwrap());
    rows.filter(|row| row[0] == group && row[1] != 0).collect()
}

fn at(row: &[Value], place: usize) -> f64 {
    row[place].as_f64().unwrap()
}

#[test]
fn curves_and_their_comparison_are_those_of_lifelines() {
    let report = copy_of("chronic-granulomatous", "study.toml").result();
    costs_as_quoted(&report);
    let want = wanted();
    let found = table(&report, "survival");
    for (group, of) in [("false", "0"), ("true", "1")] {
        let (rows, want) = (rows(found, group), want["km"][of].as_array().unwrap());
        assert_eq!(rows.len(), want.len());
        for (row, want) in rows.into_iter().zip(want) {
            // time, at risk, events, survival, its error, cumulative hazard
            for (got, place) in [1, 2, 3, 4, 5, 8].into_iter().zip(0..6) {
                near(at(row, got), &want[place], 1e-9);
            }
            assert!(at(row, 6) < at(row, 4) && at(row, 4) < at(row, 7));
        }
    }
    let times = table(&report, "time to event");
    assert_eq!(number(times, &["false", "median"], "estimate"), 304.0);
    assert!(cell(times, &["true", "median"], "estimate").is_null());
    near(number(times, &["false", "mean until 360"], "estimate"), &area(&want["km"]["0"]), 1e-9);
    near(number(times, &["true", "mean until 360"], "estimate"), &area(&want["km"]["1"]), 1e-9);
    let test = table(&report, "comparison");
    near(number(test, &["log-rank"], "statistic"), &want["logrank"]["chi2"], 1e-9);
    near(number(test, &["log-rank"], "p"), &want["logrank"]["p"], 1e-8);
    near(number(table(&report, "events"), &["true"], "expected"), &want["logrank"]["E1"], 1e-9);
}

/// Under a curve of the reference, until day 360.
fn area(curve: &Value) -> Value {
    let (mut area, mut survival, mut since) = (0.0, 1.0, 0.0);
    for step in curve.as_array().unwrap() {
        let time = step[0].as_f64().unwrap().min(360.0);
        area += survival * (time - since);
        (survival, since) = (step[3].as_f64().unwrap(), time);
    }
    Value::from(area + survival * (360.0 - since))
}

#[test]
fn treatments_are_compared_within_hospitals() {
    let report = copy_of("chronic-granulomatous", "by-hospital.toml").result();
    let want = &wanted()["logrank_stratified_by_party"];
    let test = table(&report, "comparison");
    near(number(test, &["log-rank, stratified"], "statistic"), &want["chi2"], 1e-9);
    near(number(test, &["log-rank, stratified"], "p"), &want["p"], 1e-8);
    near(number(table(&report, "events"), &["true"], "expected"), &want["E1"], 1e-9);
}

#[test]
fn a_coarse_grid_tells_only_months_whoever_cheats() {
    let report = copy_of("chronic-granulomatous", "by-month.toml").result();
    assert_eq!(report["protocol"], "rep3-malicious");
    let found = table(&report, "survival");
    let want = wanted();
    for (group, [events, at_risk]) in [("true", [1, 3]), ("false", [2, 4])] {
        let months = want["months"].as_array().unwrap().iter();
        let months: Vec<&Value> = months.filter(|month| month[events] != 0).collect();
        let rows = rows(found, group);
        assert_eq!(rows.len(), months.len());
        for (row, month) in rows.into_iter().zip(months) {
            assert_eq!([&row[1], &row[2], &row[3]], [&month[0], &month[at_risk], &month[events]]);
        }
    }
    assert!(number(table(&report, "comparison"), &["Gehan-Breslow"], "p") < 0.01);
}

#[test]
fn infections_that_come_again_are_counted_as_by_lifelines_whoever_cheats() {
    let site = copy_of("recurrent-infections", "study.toml");
    let report = site.result();
    costs_as_quoted(&report);
    let want = expected(include_str!("../expected/recurrent_infections.json"));
    let curve = table(&report, "mean cumulative function");
    let between = table(&report, "mean time between events");
    for group in ["false", "true"] {
        let want = &want[group];
        let steps = want["steps"].as_array().unwrap();
        let rows = rows(curve, group);
        assert_eq!(rows.len(), steps.len());
        for (row, step) in rows.iter().zip(steps) {
            (0..3).for_each(|i| assert_eq!(at(row, i + 1), step[i].as_f64().unwrap()));
            (3..5).for_each(|i| near(at(row, i + 1), &step[i], 1e-12));
        }
        for (ours, theirs) in [("estimate", "mtbf"), ("lower", "lower"), ("upper", "upper")] {
            near(number(between, &[group], ours), &want[theirs], 1e-9);
        }
    }
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &text.replace("\"semi-honest\"", "\"malicious\""));
    let checked = site.result();
    assert_eq!(checked["protocol"], "rep3-malicious");
    assert_eq!(checked["results"], report["results"]);
}
