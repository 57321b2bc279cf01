//! A provider tries out its mapping at home.

use std::fs;

use serde_json::json;

use crate::support::{PARTIES, Site, Terms, decimal, integer, run};

/// A provider of twelve rows, one of them bad.
fn site() -> Site {
    let columns = [decimal("hours", 1, 0, 1000), integer("failures", 0, 9)].concat();
    let query = "SELECT COUNT(*) AS n, SUM(failures) AS failures FROM records";
    let rest = "[release]\nmin_records = 10\nmin_parties = 2\n[quality]\nmax_rejected = 0.1\n";
    let site = Site::new(&Terms { columns: &columns, query, max_rows: 100, rest });
    let rows = (1..12).map(|i| format!("{i}.5,1\n")).collect::<String>();
    for party in PARTIES {
        site.source(party, &format!("hours,failures\n{rows}5000,1\n"));
    }
    site
}

#[test]
fn a_mapping_is_tried_out_with_its_first_rows_and_its_rejected_ones() {
    let site = site();
    let (study, mapping) = (site.path("study.toml"), site.path("sources/op_a.toml"));
    let page = site.path("quality.html");
    let paths = [&study, &mapping, &page].map(|path| path.to_str().unwrap());
    let args = ["source", "check", paths[0], paths[1], "--rows", "3", "--html", paths[2]];
    let tried = run(&args);
    let text = tried.text();
    for part in
        ["hours  failures", "1.5", "3.5", "12 rows read, 11 accepted, 1 rejected", "line 13"]
    {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    assert!(!text.contains("4.5  "), "three rows only:\n{text}");
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("<svg") && html.contains("5000.0 is above"), "{html}");

    let json = run(&["source", "check", paths[0], paths[1], "--json"]).json();
    assert_eq!(json["fit"], json!(true));
    assert_eq!(json["rows"][0], json!(["1.5", "1"]));
    assert_eq!(json["report"]["rows_rejected"], json!(1));
}

#[test]
fn rows_beyond_the_studys_limits_are_shown_and_may_not_take_part() {
    let site = site();
    let study = fs::read_to_string(site.path("study.toml")).unwrap();
    site.write("study.toml", &study.replace("max_rejected = 0.1", "max_rejected = 0.05"));
    let (study, mapping) = (site.path("study.toml"), site.path("sources/op_a.toml"));
    let args = ["source", "check", study.to_str().unwrap(), mapping.to_str().unwrap()];
    let tried = run(&args);
    assert_eq!(tried.status, Some(1), "{tried:#?}");
    let why = "faults in 1 of 12 rows, at most a share of 0.05 is permitted";
    assert!(tried.err.contains(why) && tried.out.contains("line 13"), "{tried:#?}");
    site.run(&["--json"]).fails(1, &["because of op_a", why]);
}

#[test]
fn a_provider_can_show_which_data_made_a_result_and_cannot_show_others() {
    let site = site();
    let told = site.result();
    let commitments = told["commitments"].as_array().unwrap();
    let parties: Vec<&str> = commitments.iter().map(|of| of["party"].as_str().unwrap()).collect();
    assert_eq!(parties, PARTIES);
    site.write("result.json", &told.to_string());
    let names = ["study.toml", "reports/op_a.opening.json", "result.json", "sources/op_a.toml"];
    let paths = names.map(|name| site.path(name).to_str().unwrap().to_owned());
    let [study, opening, result, source] = paths.each_ref().map(String::as_str);
    let args = ["source", "verify", study, opening, "--result", result];
    assert!(run(&args).text().contains("op_a committed to these"));
    let args = [&args[..], &["--source", source]].concat();
    assert!(run(&args).text().contains("give the same today"));

    let rows = fs::read_to_string(site.path("sources/op_a.csv")).unwrap();
    site.source("op_a", &rows.replace("3.5,1", "3.5,2"));
    run(&args).fails(1, &["give something else today"]);
    site.source("op_a", &rows);

    let kept = fs::read_to_string(opening).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&kept).unwrap();
    other["input"][0] = json!("10");
    site.write("reports/op_a.opening.json", &other.to_string());
    run(&args).fails(1, &["not what op_a committed to"]);
    site.write("reports/op_a.opening.json", &kept);

    let text = fs::read_to_string(study).unwrap();
    site.write("study.toml", &text.replace("\"a test\"", "\"another test\""));
    run(&args).fails(2, &["op_a.opening.json is of study"]);
}
