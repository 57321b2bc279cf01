//! Every example says the same whether parties are trusted to follow the protocol or not.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{copy_of, costs_as_quoted};

/// The studies of an example, by their names.
fn studies(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    names
}

fn are_alike(here: &Value, there: &Value, of: &str) {
    let tables = |report: &Value| report["results"].as_array().unwrap().clone();
    assert_eq!(tables(here).len(), tables(there).len(), "{of}");
    for (one, other) in tables(here).iter().zip(&tables(there)) {
        assert_eq!((&one["columns"], &one["notes"]), (&other["columns"], &other["notes"]), "{of}");
        let rows = |table: &Value| table["rows"].as_array().unwrap().clone();
        assert_eq!(rows(one).len(), rows(other).len(), "{of}");
        for (one_row, other_row) in rows(one).iter().zip(&rows(other)) {
            let cells = one_row.as_array().unwrap().iter().zip(other_row.as_array().unwrap());
            for (at, (x, y)) in cells.enumerate() {
                let bound = |table: &Value| table["error_bound"][at].as_f64().unwrap_or(0.0);
                let within = bound(one) + bound(other);
                match (x.as_f64(), y.as_f64()) {
                    (Some(x), Some(y)) => assert!((x - y).abs() <= within, "{of}: {x} {y}"),
                    _ => assert_eq!(x, y, "{of}"),
                }
            }
        }
    }
}

fn says_the_same(folder: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(folder);
    let [weak, strong] = ["threat = \"semi-honest\"", "threat = \"malicious\""];
    for name in studies(&path) {
        let site = copy_of(folder, &name);
        let text = fs::read_to_string(path.join(&name)).unwrap();
        let of = |threat: &str| {
            let study = text.replace(weak, threat).replace(strong, threat);
            assert!(study.contains(threat), "{folder}/{name}");
            site.write("study.toml", &study);
            let report = site.result();
            costs_as_quoted(&report);
            report
        };
        let (trusting, checked) = (of(weak), of(strong));
        assert_eq!(trusting["protocol"], "rep3", "{folder}/{name}");
        assert_eq!(checked["protocol"], "rep3-malicious", "{folder}/{name}");
        // Noise is never twice the same, nor is what is learnt: rounding is at random.
        let is_trained = text.contains("kind = \"train\"");
        if !is_trained && trusting["noise"].as_array().is_none_or(Vec::is_empty) {
            are_alike(&trusting, &checked, &format!("{folder}/{name}"));
        }
    }
}

/// A test for each example, so that they run side by side; and one that none is forgotten.
macro_rules! examples {
    ($($name:ident $folder:literal)*) => {
        $(#[test]
        fn $name() {
            says_the_same($folder);
        })*

        #[test]
        fn every_example_is_among_them() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
            let known = [$($folder),*];
            for file in fs::read_dir(folder).unwrap() {
                let file = file.unwrap();
                let name = file.file_name().into_string().unwrap();
                // What has to be fetched is not here.
                let is_here = !file.path().join("fetch").exists();
                let is_one = file.file_type().unwrap().is_dir() && is_here;
                assert!(!is_one || known.contains(&&*name), "{name} runs under one threat only");
            }
        }
    };
}

examples! {
    chronic_granulomatous "chronic-granulomatous"
    clinical_trial "clinical-trial"
    crash_fatality "crash-fatality"
    diabetes "diabetes"
    failure_rate "failure-rate"
    indomethacin "indomethacin"
    infection_counts "infection-counts"
    patient_links "patient-links"
    rates_by_operator "rates-by-operator"
    recurrent_infections "recurrent-infections"
    statin_signals "statin-signals"
    trial_quality "trial-quality"
    tumour_classifier "tumour-classifier"
    tumour_network "tumour-network"
    tumours "tumours"
}
