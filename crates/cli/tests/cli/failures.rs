//! A party that dies or stops in the middle of a run: everybody learns who, and there is no result.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::support::{Ended, PARTIES, Site, Terms, finish, integer};

const WAIT_S: u64 = 6;

/// A run in the middle of its computation.
struct Running {
    run: Child,
    _site: Site,
    lines: Receiver<String>,
}

impl Running {
    /// Links are slow and there are divisions: it would compute for a minute.
    fn start() -> Self {
        let columns = integer("a", 0, 1000);
        let query = "SELECT AVG(a) AS mean, VAR_SAMP(a) AS variance FROM records";
        let rest =
            format!("[release]\nmin_records = 2\nmin_parties = 2\n[limits]\nwait_s = {WAIT_S}");
        let site = Site::new(&Terms { columns: &columns, query, max_rows: 10, rest: &rest });
        for party in PARTIES {
            site.source(party, "a\n1\n2\n3\n");
        }
        let mut run = site.start(&["--rtt", "2s", "--json"]);
        let stderr = BufReader::new(run.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let computing = lines.iter().find(|line| line.matches("is computing").count() == 3);
        assert!(computing.is_some(), "the run ended before all parties computed");
        Self { run, _site: site, lines }
    }

    fn process_of(&self, party: &str) -> u32 {
        process_of(self.run.id(), party).expect("the party has a process")
    }

    fn finish(self) -> Ended {
        let ended = finish(self.run);
        Ended { err: self.lines.iter().map(|line| line + "\n").collect(), ..ended }
    }
}

/// The process of a party of a run.
fn process_of(run: u32, party: &str) -> Option<u32> {
    let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid=,args="]).output().unwrap();
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let is_child = |line: &&str| {
        let parent = line.split_whitespace().nth(1).and_then(|id| id.parse().ok());
        parent == Some(run) && line.trim_end().ends_with(&format!("--as {party}"))
    };
    let line = listing.lines().find(is_child)?;
    line.split_whitespace().next()?.parse().ok()
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

fn is_alive(process: u32) -> bool {
    let listing = Command::new("ps").args(["-p", &process.to_string(), "-o", "stat="]).output();
    let state = String::from_utf8_lossy(&listing.unwrap().stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Each of these parties saw it, by the name of the one behind it.
fn is_seen_by(ended: &Ended, parties: [&str; 2], name: &str) {
    let (_, seen) = ended.err.split_once("what the others saw:").expect("the others saw something");
    for party in parties {
        let line = seen.lines().find(|line| line.trim_start().starts_with(&format!("{party}: ")));
        assert!(line.is_some_and(|line| line.contains(name)), "{party}:\n{}", ended.err);
    }
}

#[test]
fn when_a_party_is_killed_all_others_end_in_time_and_name_it() {
    let running = Running::start();
    let start = Instant::now();
    signal(running.process_of("op_b"), "-KILL");
    let ended = running.finish();
    ended.fails(1, &["because of op_b", "its process ended", "SIGKILL"]);
    is_seen_by(&ended, ["op_a", "op_c"], "op_b");
    assert!(start.elapsed() < Duration::from_secs(3 * WAIT_S), "{:?}", start.elapsed());
}

#[test]
fn when_a_party_is_stopped_all_others_end_in_time_and_name_it_and_the_step() {
    let running = Running::start();
    let start = Instant::now();
    let stopped = running.process_of("op_c");
    signal(stopped, "-STOP");
    let ended = running.finish();
    ended.fails(1, &["because of op_c", "it is stopped", "` was awaited for"]);
    is_seen_by(&ended, ["op_a", "op_b"], "op_c");
    assert!(start.elapsed() < Duration::from_secs(6 * WAIT_S), "{:?}", start.elapsed());
    assert!(!is_alive(stopped), "the stopped process was left behind");
}

#[test]
fn when_the_parent_is_killed_no_party_stays_behind() {
    let running = Running::start();
    let parties = PARTIES.map(|party| running.process_of(party));
    signal(running.run.id(), "-KILL");
    let ended = running.finish();
    assert_eq!(ended.out, "");
    let start = Instant::now();
    while parties.into_iter().any(is_alive) {
        assert!(start.elapsed() < Duration::from_secs(30), "a party outlives its parent");
        std::thread::sleep(Duration::from_millis(50));
    }
}
