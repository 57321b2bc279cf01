//! Lines between nodes that are slow, fall silent, and come back.

use std::time::Duration;

use crate::fleet::{Fleet, NODES, all_of};

/// A median under a malicious threat takes hundreds of rounds: seconds, on slow lines.
fn median(wait_s: u32) -> impl Fn(String) -> String {
    move |text| {
        let [objective, security] = ["[objective]", "[security]"].map(|of| text.find(of).unwrap());
        let asked =
            "[objective]\nkind = \"sql\"\nquery = \"SELECT MEDIAN(hours) AS m FROM units\"\n\n";
        let rest = text[security..].replace("semi-honest", "malicious");
        let text = format!("{}{asked}{rest}[limits]\nwait_s = {wait_s}\n", &text[..objective]);
        let rows = text.find("max_rows").unwrap();
        let line = rows + text[rows..].find('\n').unwrap();
        format!("{}max_rows = 100{}", &text[..rows], &text[line..])
    }
}

/// A fleet in the midst of a run.
fn computing(wait_s: u32) -> (Fleet, std::path::PathBuf) {
    let mut fleet = Fleet::through(Some(Duration::from_millis(15)));
    let study = all_of(&fleet, "fans", median(wait_s));
    fleet.start_all();
    fleet.until("all know that all approve", |fleet| {
        NODES.iter().all(|node| fleet.times(node, "approves fans") == 4)
    });
    fleet.study_command("run", &study, "north").text();
    fleet.until("all have begun", |fleet| {
        NODES.iter().all(|of| fleet.times(of, "begins to run") == 1)
    });
    std::thread::sleep(Duration::from_secs(2));
    (fleet, study)
}

fn cut(fleet: &Fleet, node: usize, time: Duration) {
    fleet.lines[node].cut(true);
    std::thread::sleep(time);
    fleet.lines[node].cut(false);
}

#[test]
fn a_line_that_is_silent_for_a_while_does_not_end_a_run() {
    let (fleet, _) = computing(30);
    assert_eq!(fleet.times("north", "all have signed"), 0, "it still computes");
    cut(&fleet, 2, Duration::from_secs(3));
    fleet.until_ended(1);
    for node in NODES {
        assert_eq!(fleet.times(node, "all have signed"), 1, "{}", fleet.log(node));
    }
    fleet.verify();
}

/// `SHAREWELL_CUT_S` sets how long the line is cut.
#[test]
fn a_line_that_is_cut_for_longer_than_anybody_waits_fails_the_run_and_the_next_one_succeeds() {
    let seconds = std::env::var("SHAREWELL_CUT_S").ok().and_then(|n| n.parse().ok()).unwrap_or(9);
    let (fleet, study) = computing(4);
    cut(&fleet, 1, Duration::from_secs(seconds));
    fleet.until_ended(1);
    for node in NODES {
        assert_eq!(fleet.times(node, "all have signed"), 0, "{}", fleet.log(node));
        assert_eq!(fleet.times(node, "opens the result"), 0, "{}", fleet.log(node));
        assert!(fleet.log(node).contains("south"), "who is to blame: {}", fleet.log(node));
    }
    // Once more, and whoever called sees to it that it ends well.
    fleet.lines[1].cut(true);
    let seconds = Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        let line = &fleet.lines[1];
        scope.spawn(move || {
            std::thread::sleep(seconds);
            line.cut(false);
        });
        let arguments = ["study", "run", study.to_str().unwrap(), "--home", "@", "--wait"];
        let called = fleet.run(&[&arguments[..], &["--retries", "5"]].concat(), "north");
        assert!(called.text().starts_with("finished"), "{called:#?}");
    });
    fleet.until("all know", |fleet| NODES.iter().all(|of| fleet.times(of, "all have signed") == 1));
    fleet.verify();
}
