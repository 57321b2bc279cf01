//! Nodes as processes of their own, each in its own folder: what they do together, and whoever is in
//! their way.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::fleet::{Fleet, NODES, all, all_of};

#[test]
fn two_studies_run_at_once_and_each_node_keeps_its_log() {
    let mut fleet = Fleet::new();
    let studies = ["one", "two"].map(|name| all(&fleet, name));
    fleet.start_all();
    // What each has said reaches all others.
    fleet.until("all know what all have said", |fleet| {
        NODES
            .iter()
            .all(|node| fleet.times(node, "approves one") + fleet.times(node, "approves two") == 8)
    });
    for study in &studies {
        fleet.study_command("run", study, "south").text();
    }
    fleet.until_ended(2);
    for node in NODES {
        assert_eq!(fleet.times(node, "all have signed"), 2, "{}", fleet.log(node));
    }
    let result = fleet.study_command("result", &studies[0], "oversight");
    assert_eq!(result.json()["results"][0]["rows"][0][0], 12);
    fleet.study_command("result", &studies[0], "north").json();
    let of_giver = fleet.study_command("result", &studies[0], "north").json();
    assert!(of_giver["results"].as_array().unwrap().is_empty(), "{of_giver}");
    fleet.verify();
}

#[test]
fn a_node_whose_policy_has_become_stricter_does_not_run_what_it_approved_and_the_others_end() {
    let mut fleet = Fleet::new();
    let study = all(&fleet, "fans");
    fleet.start_all();
    let policy = fleet.path("west").join("policy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("min_records = 10", "min_records = 50")).unwrap();
    fleet.until("north knows that all approve", |fleet| fleet.times("north", "approves fans") == 4);
    fleet.study_command("run", &study, "north").text();
    let asks = "the policy asks for 50";
    fleet.until("west refuses", |fleet| fleet.log("west").contains(asks));
    fleet.until("the others end", |fleet| {
        ["north", "south", "oversight"]
            .iter()
            .all(|of| fleet.log(of).contains("west does not take part"))
    });
    assert!(!fleet.log("north").contains(asks), "nobody hears why");
    assert!(fleet.log("west").contains("the policy is now"));
    // Nothing was released, and the same call is not followed again.
    assert!(!fleet.path("oversight").join("results").join("report.json").exists());
    assert_eq!(fleet.times("west", "begins to run"), 0);
    fleet.verify();
}

#[test]
fn a_study_that_is_changed_after_its_approval_is_not_run() {
    let mut fleet = Fleet::new();
    let study = all(&fleet, "fans");
    fleet.start_all();
    fleet.until("south knows that all approve", |fleet| fleet.times("south", "approves fans") == 4);
    // Somebody changes the file that south's node keeps.
    let kept = fs::read_dir(fleet.path("south").join("studies")).unwrap();
    let kept = kept.map(|file| file.unwrap().path());
    let kept =
        kept.into_iter().find(|path| path.extension().is_some_and(|of| of == "toml")).unwrap();
    fs::write(&kept, fs::read_to_string(&kept).unwrap().replace("0.95", "0.90")).unwrap();
    fleet.kill("south");
    fleet.start("south");
    // And the analyst's own copy: nobody has approved that.
    let other = fleet.path("other.toml");
    fs::write(&other, fs::read_to_string(&study).unwrap().replace("0.95", "0.90")).unwrap();
    fleet.study_command("run", &other, "north").fails(2, &["has approved another text"]);
    fleet.study_command("run", &study, "north").text();
    fleet.until("north begins", |fleet| fleet.times("north", "begins to run") == 1);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(fleet.times("south", "begins to run"), 0);
    assert!(!fleet.log("oversight").contains("all have signed"));
}

#[test]
fn a_study_that_would_tell_one_organisation_by_a_difference_is_refused() {
    let mut fleet = Fleet::new();
    let study = all(&fleet, "fans");
    fleet.start_all();
    fleet.until("north knows that all approve", |fleet| fleet.times("north", "approves fans") == 4);
    fleet.study_command("run", &study, "north").text();
    fleet.until_ended(1);
    // The same without west's records, though west still computes.
    let fewer = fleet.study("fewer", &NODES, |text| {
        let west = text.find("name = \"west\"").unwrap();
        let (before, after) = text.split_at(west);
        let after = after.replacen("\"data\", ", "", 1);
        format!("{before}{after}").replace("min_parties = 3", "min_parties = 2")
    });
    let refused = fleet.study_command("sign", &fewer, "west");
    refused.fails(2, &["tell that one's part", "asks for 3"]);
    assert!(fleet.log("west").contains("refused fewer"));
    // Within the log's memory of another name, too.
    let again =
        fleet.study("again", &NODES, |text| text.replace("min_parties = 3", "min_parties = 2"));
    fleet.study_command("sign", &again, "west").fails(2, &["asks for 3"]);
}

#[test]
fn garbage_and_floods_on_the_port_do_not_stop_a_run() {
    let mut fleet = Fleet::new();
    let study = all(&fleet, "fans");
    fleet.start_all();
    fleet.until("north knows that all approve", |fleet| fleet.times("north", "approves fans") == 4);
    let consortium = fs::read_to_string(fleet.path("consortium.toml")).unwrap();
    let addresses: Vec<&str> = consortium
        .lines()
        .filter_map(|line| line.strip_prefix("address = \"")?.strip_suffix('"'))
        .collect();
    let (over, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let garbage: [&[u8]; 4] =
        [b"GET / HTTP/1.1\r\n\r\n", &[0xff; 600], &[0x16, 3, 1, 0x40, 0], b""];
    std::thread::scope(|scope| {
        for (i, address) in addresses.iter().enumerate() {
            let (over, calls) = (&over, &calls);
            scope.spawn(move || {
                let mut held = std::collections::VecDeque::new();
                while !over.load(Ordering::Relaxed) {
                    let n = calls.fetch_add(1, Ordering::Relaxed);
                    if let Ok(mut call) = TcpStream::connect(address) {
                        let _ = call.write_all(garbage[(n + i) % garbage.len()]);
                        held.push_back(call);
                    }
                    // Some hang up, some stay.
                    if held.len() > 100 {
                        held.pop_front();
                    }
                }
            });
        }
        fleet.study_command("run", &study, "north").text();
        fleet.until_ended(1);
        over.store(true, Ordering::Relaxed);
    });
    assert!(calls.load(Ordering::Relaxed) > 1000, "{calls:?} calls");
    for node in NODES {
        assert_eq!(fleet.times(node, "all have signed"), 1, "{}", fleet.log(node));
    }
}

#[test]
fn on_a_full_disk_nothing_runs_and_the_log_holds() {
    let fleet = Fleet::new();
    let study = all(&fleet, "fans");
    let log = fleet.path("west").join("log.jsonl");
    let (before, text) = (fs::metadata(&log).unwrap().len(), fs::read(&log).unwrap());
    // No file of this process may grow beyond what the log has already.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" party \"$1\" --home \"$2\"",
        before / 1024
    );
    let party = std::process::Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_sharewell"), study.to_str().unwrap()])
        .arg(fleet.path("west"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&party.stderr);
    assert!(!party.status.success() && told.contains("log.jsonl"), "{told}");
    assert_eq!(fs::read(&log).unwrap(), text, "nothing half written");
    fleet.verify();
}

/// A count with noise: each run spends an epsilon of 0.25.
fn private() -> impl Fn(String) -> String {
    |text| {
        let [objective, security] = ["[objective]", "[security]"].map(|of| text.find(of).unwrap());
        let query = "SELECT COUNT(*) AS n FROM units";
        let asked = format!("[objective]\nkind = \"sql\"\nquery = \"{query}\"\n\n");
        let privacy = "\n[privacy]\nepsilon = 0.25\n";
        format!("{}{asked}{}{privacy}", &text[..objective], &text[security..])
    }
}

/// No run that all have signed for is missing from the ledger of one who gave records, none goes on,
/// and what is spent is what those may have told that got as far.
fn budgets_hold(fleet: &Fleet, signed: usize, kills: usize) {
    for node in ["north", "south", "west"] {
        let ledger = fleet.run(&["ledger", "--home", "@", "--json"], node).json();
        let lines = ledger["lines"].as_array().unwrap();
        let count = |state: &str| lines.iter().filter(|line| line["state"] == state).count();
        assert_eq!(count("running"), 0, "{ledger}");
        let opened = count("opened");
        assert!((signed..=signed + kills).contains(&opened), "{signed} signed: {ledger}");
        let spent = ledger["spent"]["epsilon"].as_f64().unwrap();
        assert!((spent - 0.25 * opened as f64).abs() < 1e-9, "{ledger}");
    }
}

/// Kills a node at one moment of a run after another: all come to the same end, nothing is half
/// released, and the next call runs. `SHAREWELL_KILLS` sets how many moments.
#[test]
fn whichever_node_is_killed_whenever_all_come_to_the_same_end() {
    /// Of one fleet: to read and prove a long log takes longer than a run.
    const KILLS: usize = 40;
    let kills = std::env::var("SHAREWELL_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for done in (0..kills).step_by(KILLS) {
        killed(KILLS.min(kills - done), &mut state);
        println!("{} kills of {kills}", (done + KILLS).min(kills));
    }
}

fn killed(kills: usize, state: &mut u64) {
    let mut fleet = Fleet::new();
    let study = all_of(&fleet, "fans", private());
    fleet.start_all();
    fleet.until("all know that all approve", |fleet| {
        NODES.iter().all(|node| fleet.times(node, "approves fans") == 4)
    });
    let mut finished = 0;
    for kill in 1..=kills {
        fleet.study_command("run", &study, "north").text();
        fleet.until("it begins", |fleet| {
            NODES.iter().any(|of| fleet.times(of, "begins to run") > 0)
        });
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let node = NODES[*state as usize % NODES.len()];
        std::thread::sleep(Duration::from_millis(*state >> 8 & 0x7ff));
        fleet.kill(node);
        fleet.start(node);
        // All that began has ended, everywhere in the same way.
        fleet.until(&format!("kill {kill}, of {node}: all agree"), |fleet| {
            let runs: Vec<(usize, usize, Vec<String>)> = NODES
                .iter()
                .map(|of| {
                    let log = fleet.log(of);
                    let count = |what: &str| log.matches(what).count();
                    let signed = log.lines().filter_map(|line| line.split("signed run ").nth(1));
                    let mut signed: Vec<String> = signed.map(str::to_owned).collect();
                    signed.sort();
                    (count("begins to run"), count("run failed") + signed.len(), signed)
                })
                .collect();
            let ended = runs.iter().all(|(begun, ended, _)| ended >= begun);
            ended && runs.iter().all(|(_, _, signed)| *signed == runs[0].2)
        });
        let now = fleet.times("oversight", "all have signed");
        assert!(now >= finished);
        finished = now;
    }
    fleet.study_command("run", &study, "north").text();
    fleet.until("the last one runs", |fleet| {
        NODES.iter().all(|of| fleet.times(of, "all have signed") > finished)
    });
    // A call before the last one may have been followed late.
    fleet.until("nothing goes on", |fleet| {
        let goes_on = |node: &&str| {
            let ledger = fleet.run(&["ledger", "--home", "@", "--json"], node).json();
            ledger["lines"].as_array().unwrap().iter().any(|line| line["state"] == "running")
        };
        !["north", "south", "west"].iter().any(goes_on)
    });
    fleet.verify();
    budgets_hold(&fleet, fleet.times("north", "all have signed"), kills);
}
