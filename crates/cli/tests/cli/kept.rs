//! The folder that keeps a run.

use std::fs;

use serde_json::Value;

use crate::support::{copy_of, copy_of_example, run};

fn attribute<'t>(page: &'t str, name: &str) -> Vec<&'t str> {
    page.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn a_run_is_kept_as_a_page_with_a_drawing_as_json_and_as_csv() {
    let site = copy_of("statin-signals", "study.toml");
    let folder = site.path("kept/here");
    let ended = site.run(&["--json", "--out", folder.to_str().unwrap()]);
    let report = ended.json();
    let json = fs::read_to_string(folder.join("report.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), report);

    let rows = report["results"][0]["rows"].as_array().unwrap();
    let csv = fs::read_to_string(folder.join("results-1-signals.csv")).unwrap();
    assert_eq!(csv.lines().count(), rows.len() + 1);
    assert!(csv.starts_with("drug,event,reports,"), "{csv}");
    let first: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(first[4].parse::<f64>().unwrap(), rows[0][4].as_f64().unwrap(), "all digits");

    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert_eq!(page.matches("<circle").count(), rows.len(), "a point for each signal");
    assert_eq!(attribute(&page, "src"), Vec::<&str>::new(), "no other file");
    assert_eq!(attribute(&page, "href"), Vec::<&str>::new());
    for said in ["semi-honest", report["study"].as_str().unwrap(), "Rhabdomyolysis", "quoted"] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "nothing half-written is left");
}

#[test]
fn several_tables_are_several_files_and_texts_do_not_become_markup() {
    let site = copy_of("clinical-trial", "study.toml");
    let text = fs::read_to_string(site.path("study.toml")).unwrap();
    let text = text.replacen("purpose = \"", "purpose = \"<script>alert(1)</script> ", 1);
    site.write("study.toml", &text);
    let folder = site.path("kept");
    site.run(&["--out", folder.to_str().unwrap()]).text();
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let tables = ["results-1-means.csv", "results-2-difference-of-cd4-week20.csv"];
    assert_eq!(files, [&["report.html", "report.json"], &tables[..]].concat());
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("<circle"), "the means are drawn");
    assert!(!page.contains("<script"), "the study's own text is text");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_before_anything_runs() {
    let site = copy_of_example("study.toml");
    site.write("file", "");
    let folder = site.path("file/kept");
    let ended = site.run(&["--out", folder.to_str().unwrap()]);
    ended.fails(2, &["cannot make the folder", "file/kept"]);
    assert!(!site.path("reports").exists(), "no source was read");
    let study = site.path("study.toml");
    let of_one = ["party", study.to_str().unwrap(), "--as", "op_a", "--key", "none"];
    run(&[&of_one[..], &["--out", folder.to_str().unwrap()]].concat())
        .fails(2, &["cannot make the folder"]);
}
