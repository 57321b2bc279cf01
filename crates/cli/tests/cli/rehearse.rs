//! Studies on records that nobody has.

use std::fs;

use crate::support::{Site, copy_of, run};

#[test]
fn a_rehearsal_runs_the_whole_study_and_changes_nothing() {
    let site = copy_of("clinical-trial", "by-arm.toml");
    // Not a record of the site's own is read.
    fs::remove_dir_all(site.path("sources")).unwrap();
    let (study, kept) = (site.path("study.toml"), site.path("kept"));
    let before = fs::read(&study).unwrap();
    let study = study.to_str().unwrap();
    let rehearsed = run(&["rehearse", study, "--keep", kept.to_str().unwrap(), "--json"]);
    let report = rehearsed.json();
    assert!(rehearsed.err.contains("the numbers mean nothing"), "{rehearsed:#?}");
    let n = &report["results"][0]["rows"];
    assert!(n.as_array().is_some_and(|rows| !rows.is_empty()), "{report}");
    assert_eq!(report["actual"]["as_quoted"], true);
    for party in ["site_a", "site_b", "site_c"] {
        assert!(kept.join("sources").join(format!("{party}.csv")).exists());
        assert!(kept.join("reports").join(format!("{party}.json")).exists());
    }
    assert_eq!(fs::read(site.path("study.toml")).unwrap(), before);
    assert_eq!(fs::read(kept.join("study.toml")).unwrap(), before, "the very bytes");
    // It does not write over what is there.
    run(&["rehearse", study, "--keep", kept.to_str().unwrap()]).fails(2, &["kept"]);
}

#[test]
fn a_rehearsal_asks_a_nodes_policy_too() {
    let site = Site::empty();
    let study = copy_of("clinical-trial", "by-arm.toml");
    let study = study.path("study.toml");
    let home = site.path("nowhere");
    let arguments =
        ["rehearse", study.to_str().unwrap(), "--rows", "50", "--home", home.to_str().unwrap()];
    let ended = run(&arguments);
    assert_eq!(ended.status, Some(2), "{ended:#?}");
    assert!(ended.err.contains("node.toml"), "{ended:#?}");
}
