//! Nodes as processes of their own, each in its own folder: what they do together, and whoever is in
//! their way.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Ended, example, run};

const NODES: [&str; 4] = ["north", "south", "west", "oversight"];
/// Far beyond what nodes on one machine need.
const PATIENCE: Duration = Duration::from_secs(60);

/// Three airlines and an authority, and their nodes, as far as they run.
struct Fleet {
    folder: TempDir,
    running: Vec<(String, Child)>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for (_, node) in &mut self.running {
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

impl Fleet {
    /// Four folders and a consortium that all have adopted.
    fn new() -> Self {
        let fleet = Self { folder: TempDir::new().unwrap(), running: vec![] };
        let free: Vec<TcpListener> =
            NODES.iter().map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
        let mut document =
            "[consortium]\nname = \"fleet\"\nversion = 1\npurpose = \"a test\"\n\n".to_owned();
        for (i, node) in NODES.iter().enumerate() {
            let address = free[i].local_addr().unwrap().to_string();
            let roles = if *node == "oversight" { "recipient" } else { "data,compute" };
            let made = fleet.run(
                &[
                    "init",
                    "@",
                    "--name",
                    node,
                    "--organisation",
                    node,
                    "--address",
                    &address,
                    "--roles",
                    roles,
                ],
                node,
            );
            document += made.text();
            if *node != "oversight" {
                let data = format!("sources/party_{}.csv", ["a", "b", "c"][i]);
                let from = example("study.toml").with_file_name(data);
                fs::copy(from, fleet.path(node).join("sources/units.csv")).unwrap();
                fleet.map(node, "fans");
            }
        }
        fs::write(fleet.path("consortium.toml"), document).unwrap();
        let file = fleet.path("consortium.toml");
        let file = file.to_str().unwrap();
        for verb in ["sign", "adopt"] {
            for node in NODES {
                fleet.run(&["consortium", verb, file, "--home", "@"], node).text();
            }
        }
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command, in which `@` is a node's folder.
    fn run(&self, arguments: &[&str], node: &str) -> Ended {
        let home = self.path(node);
        let home = home.to_str().unwrap();
        let arguments: Vec<&str> =
            arguments.iter().map(|of| if *of == "@" { home } else { *of }).collect();
        run(&arguments)
    }

    /// A node's private mapping for a study of this name.
    fn map(&self, node: &str, study: &str) {
        let text = "[source.fans]\npath = \"units.csv\"\n\n[map]\nsql = \"SELECT unit, hours, status FROM \
                    fans\"\n";
        fs::write(self.path(node).join(format!("sources/{study}.toml")), text).unwrap();
    }

    /// A study of these members.
    fn study(&self, name: &str, members: &[&str], change: impl Fn(String) -> String) -> PathBuf {
        let consortium = self.path("consortium.toml");
        let mut arguments = vec!["consortium", "parties", consortium.to_str().unwrap()];
        arguments.extend(members);
        let parties = run(&arguments);
        let rest = fs::read_to_string(example("study.toml")).unwrap();
        let rest = &rest[rest.find("[table]").unwrap()..];
        let head = format!("[study]\nname = \"{name}\"\nversion = 1\npurpose = \"a test\"\n");
        let path = self.path(&format!("{name}.toml"));
        fs::write(&path, change(format!("{head}{}{rest}", parties.text()))).unwrap();
        path
    }

    fn sign(&self, study: &Path) {
        for node in NODES {
            self.study_command("sign", study, node).text();
        }
    }

    fn study_command(&self, verb: &str, study: &Path, node: &str) -> Ended {
        self.run(&["study", verb, study.to_str().unwrap(), "--home", "@"], node)
    }

    fn start(&mut self, node: &str) {
        let out = fs::File::create(self.path(&format!("{node}.out"))).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_sharewell"))
            .args(["node", "--home", self.path(node).to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(out)
            .spawn()
            .unwrap();
        self.running.push((node.to_owned(), process));
    }

    fn start_all(&mut self) {
        NODES.iter().for_each(|node| self.start(node));
        self.until("all listen", |fleet| NODES.iter().all(|of| fleet.said(of).contains("listens")));
    }

    fn kill(&mut self, node: &str) {
        let at = self.running.iter().position(|(name, _)| name == node).expect("it runs");
        let (_, mut process) = self.running.swap_remove(at);
        process.kill().unwrap();
        process.wait().unwrap();
    }

    fn said(&self, node: &str) -> String {
        fs::read_to_string(self.path(&format!("{node}.out"))).unwrap_or_default()
    }

    /// A node's log in lines for people.
    fn log(&self, node: &str) -> String {
        self.run(&["log", "show", "--home", "@"], node).text().to_owned()
    }

    /// How often a node's log says this.
    fn times(&self, node: &str, what: &str) -> usize {
        self.log(node).matches(what).count()
    }

    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let told = || NODES.map(|of| format!("{of}\n{}{}", self.said(of), self.log(of)));
            assert!(start.elapsed() < PATIENCE, "{what}:\n{}", told().join("\n"));
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until every node has followed as many calls to an end.
    fn until_ended(&self, runs: usize) {
        self.until("all have ended", |fleet| {
            NODES.iter().all(|node| {
                let log = fleet.log(node);
                let ends = |what: &str| log.matches(what).count();
                ends("begins to run") >= runs
                    && ends("all have signed") + ends("run failed") >= runs
            })
        });
    }

    fn verify(&self) {
        let consortium = self.path("consortium.toml");
        for node in NODES {
            let log = self.path(node).join("log.jsonl");
            let (log, consortium) = (log.to_str().unwrap(), consortium.to_str().unwrap());
            run(&["log", "verify", log, "--consortium", consortium]).text();
        }
    }
}

/// North, south and west give and compute, oversight receives.
fn all(fleet: &Fleet, name: &str) -> PathBuf {
    for node in ["north", "south", "west"] {
        fleet.map(node, name);
    }
    let study = fleet.study(name, &NODES, |text| text);
    fleet.sign(&study);
    study
}

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

/// Kills a node at one moment of a run after another: all come to the same end, nothing is half
/// released, and the next call runs. `SHAREWELL_KILLS` sets how many moments.
#[test]
fn whichever_node_is_killed_whenever_all_come_to_the_same_end() {
    let kills = std::env::var("SHAREWELL_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let mut fleet = Fleet::new();
    let study = all(&fleet, "fans");
    fleet.start_all();
    fleet.until("all know that all approve", |fleet| {
        NODES.iter().all(|node| fleet.times(node, "approves fans") == 4)
    });
    let (mut finished, mut state) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    for kill in 1..=kills {
        fleet.study_command("run", &study, "north").text();
        fleet.until("it begins", |fleet| {
            NODES.iter().any(|of| fleet.times(of, "begins to run") > 0)
        });
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let node = NODES[state as usize % NODES.len()];
        std::thread::sleep(Duration::from_millis(state >> 8 & 0x7ff));
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
    fleet.verify();
}
