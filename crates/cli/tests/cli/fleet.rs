//! Three airlines and an authority with a node each, and the lines between them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Ended, example, run};

pub(crate) const NODES: [&str; 4] = ["north", "south", "west", "oversight"];
/// Far beyond what nodes on one machine need.
const PATIENCE: Duration = Duration::from_secs(120);

/// A way to a node that can be cut: what is sent then waits, and nobody hears that.
pub(crate) struct Line {
    pub(crate) address: String,
    cut: Arc<AtomicBool>,
}

impl Line {
    fn to(target: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cut = Arc::new(AtomicBool::new(false));
        let (target, is_cut) = (target.to_owned(), Arc::clone(&cut));
        // It ends with the test's process.
        std::thread::spawn(move || {
            for call in listener.incoming().flatten() {
                let Ok(onward) = TcpStream::connect(&target) else { continue };
                for (from, to) in [(&call, &onward), (&onward, &call)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let is_cut = Arc::clone(&is_cut);
                    std::thread::spawn(move || pump(from, to, delay, &is_cut));
                }
            }
        });
        Self { address, cut }
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, delay: Duration, is_cut: &AtomicBool) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut bytes).unwrap_or(0);
        std::thread::sleep(delay);
        while is_cut.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Write);
            return;
        }
    }
}

/// Three airlines and an authority, and their nodes, as far as they run.
pub(crate) struct Fleet {
    folder: TempDir,
    running: Vec<(String, Child)>,
    /// What each node's address leads through, if not to itself.
    pub(crate) lines: Vec<Line>,
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
    pub(crate) fn new() -> Self {
        Self::through(None)
    }

    /// The same; every node is reached through a line of its own, as slow as this.
    pub(crate) fn through(delay: Option<Duration>) -> Self {
        let mut fleet = Self { folder: TempDir::new().unwrap(), running: vec![], lines: vec![] };
        let free: Vec<TcpListener> =
            NODES.iter().map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
        let mut document =
            "[consortium]\nname = \"fleet\"\nversion = 1\npurpose = \"a test\"\n\n".to_owned();
        for (i, node) in NODES.iter().enumerate() {
            let own = free[i].local_addr().unwrap().to_string();
            fleet.lines.extend(delay.map(|delay| Line::to(&own, delay)));
            let address = fleet.lines.last().map_or(own.clone(), |line| line.address.clone());
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
            let settings = fleet.path(node).join("node.toml");
            let text = fs::read_to_string(&settings).unwrap();
            fs::write(settings, format!("{text}listen = \"{own}\"\n")).unwrap();
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command, in which `@` is a node's folder.
    pub(crate) fn run(&self, arguments: &[&str], node: &str) -> Ended {
        let home = self.path(node);
        let home = home.to_str().unwrap();
        let arguments: Vec<&str> =
            arguments.iter().map(|of| if *of == "@" { home } else { *of }).collect();
        run(&arguments)
    }

    /// A node's private mapping for a study of this name.
    pub(crate) fn map(&self, node: &str, study: &str) {
        let text = "[source.fans]\npath = \"units.csv\"\n\n[map]\nsql = \"SELECT unit, hours, status FROM \
                    fans\"\n";
        fs::write(self.path(node).join(format!("sources/{study}.toml")), text).unwrap();
    }

    /// A study of these members.
    pub(crate) fn study(
        &self,
        name: &str,
        members: &[&str],
        change: impl Fn(String) -> String,
    ) -> PathBuf {
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

    pub(crate) fn sign(&self, study: &Path) {
        for node in NODES {
            self.study_command("sign", study, node).text();
        }
    }

    pub(crate) fn study_command(&self, verb: &str, study: &Path, node: &str) -> Ended {
        self.run(&["study", verb, study.to_str().unwrap(), "--home", "@"], node)
    }

    pub(crate) fn start(&mut self, node: &str) {
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

    pub(crate) fn start_all(&mut self) {
        NODES.iter().for_each(|node| self.start(node));
        self.until("all listen", |fleet| NODES.iter().all(|of| fleet.said(of).contains("listens")));
    }

    pub(crate) fn kill(&mut self, node: &str) {
        let at = self.running.iter().position(|(name, _)| name == node).expect("it runs");
        let (_, mut process) = self.running.swap_remove(at);
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn said(&self, node: &str) -> String {
        fs::read_to_string(self.path(&format!("{node}.out"))).unwrap_or_default()
    }

    /// A node's log in lines for people.
    pub(crate) fn log(&self, node: &str) -> String {
        self.run(&["log", "show", "--home", "@"], node).text().to_owned()
    }

    /// How often a node's log says this.
    pub(crate) fn times(&self, node: &str, what: &str) -> usize {
        self.log(node).matches(what).count()
    }

    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let told = || NODES.map(|of| format!("{of}\n{}{}", self.said(of), self.log(of)));
            assert!(start.elapsed() < PATIENCE, "{what}:\n{}", told().join("\n"));
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until every node has followed as many calls to an end.
    pub(crate) fn until_ended(&self, runs: usize) {
        self.until("all have ended", |fleet| {
            NODES.iter().all(|node| {
                let log = fleet.log(node);
                let ends = |what: &str| log.matches(what).count();
                ends("begins to run") >= runs
                    && ends("all have signed") + ends("run failed") >= runs
            })
        });
    }

    pub(crate) fn verify(&self) {
        let consortium = self.path("consortium.toml");
        for node in NODES {
            let log = self.path(node).join("log.jsonl");
            let (log, consortium) = (log.to_str().unwrap(), consortium.to_str().unwrap());
            run(&["log", "verify", log, "--consortium", consortium]).text();
        }
    }
}

/// North, south and west give and compute, oversight receives.
pub(crate) fn all(fleet: &Fleet, name: &str) -> PathBuf {
    all_of(fleet, name, |text| text)
}

/// The same, with a change.
pub(crate) fn all_of(fleet: &Fleet, name: &str, change: impl Fn(String) -> String) -> PathBuf {
    for node in ["north", "south", "west"] {
        fleet.map(node, name);
    }
    let study = fleet.study(name, &NODES, change);
    fleet.sign(&study);
    study
}
