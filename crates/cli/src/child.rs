//! One party's process of a rehearsal. It makes its own key pair, so that no private half ever
//! leaves it, and ends with its parent.

use std::io::{self, BufRead as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::mpsc::{self, Receiver};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sharewell_engine::{self as engine, Identity, LocalValues, Peer, Seat, bench};

use crate::bench::Samples;
use crate::local::{Rows, keep_opening, local};
use crate::study_file::StudyFile;
use crate::talk::{Address, Cause, News, Order, Stage, Task};

/// One party of a rehearsal; started by `run --local`, `demo` and `bench`.
#[derive(Args)]
pub(crate) struct Child {
    /// The party, so that lists of processes show it
    #[arg(long = "as")]
    _name: String,
}

/// A failure, and where its reason lies.
struct Failed {
    cause: Cause,
    message: String,
}

impl Failed {
    fn own(message: String) -> Self {
        Self { cause: Cause::Own, message }
    }
}

impl From<engine::Error> for Failed {
    fn from(error: engine::Error) -> Self {
        let cause = match error {
            engine::Error::Link(_) | engine::Error::Protocol(_) | engine::Error::Receipt(_) => {
                Cause::Others
            }
            engine::Error::Refused(_)
            | engine::Error::OutOfBounds { .. }
            | engine::Error::RepeatedKey { .. }
            | engine::Error::Role { .. } => Cause::Own,
        };
        Self { cause, message: error.to_string() }
    }
}

/// How a child ends whose parent is gone.
const ORPHANED: i32 = 3;

impl Child {
    pub(crate) fn run(self) -> ExitCode {
        let parent = Parent::listen();
        let order: Order = parent.read();
        let done = match &order.task {
            Task::Study { path, text } => study(&parent, &order, path, text.clone()),
            Task::Bench { protocol, op, n, repeat, round_bytes } => {
                let task = bench::Task { protocol, op, n: *n, repeat: *repeat };
                measure(&parent, &order, task, *round_bytes)
            }
        };
        match done {
            Ok(done) => {
                tell(&News::Done(done));
                ExitCode::SUCCESS
            }
            Err(Failed { cause, message }) => {
                tell(&News::Failed { cause, message });
                ExitCode::FAILURE
            }
        }
    }
}

fn study(parent: &Parent, order: &Order, path: &Path, text: String) -> Result<Value, Failed> {
    let file = StudyFile::of(path, text).map_err(|failure| Failed::own(failure.to_string()))?;
    let party = &file.study().parties[order.me];
    let (mapping, report) = (file.mapping_of(&party.name), file.report_of(&party.name));
    let mut given: Option<(LocalValues, Rows)> = None;
    if party.roles.data {
        let reading = |rows| tell(&News::Stage(Stage::Reading(rows)));
        reading(0);
        given = Some(local(&file.plan, &mapping, &report, &reading).map_err(Failed::own)?);
    }
    let post = Post::open().map_err(Failed::own)?;
    let peers = post.announce(parent, given.as_ref().map(|(_, rows)| *rows));
    let seat = Seat {
        party: order.me,
        identity: post.identity,
        door: Some(post.listener.into()),
        peers: Some(peers),
        wide: order.wide(),
        log: engine::Log::default(),
    };
    let values = given.as_ref().map(|(values, _)| values);
    let opening = file.opening_of(&party.name);
    let outcome = engine::run(&file.plan, seat, values, &|stage| match stage {
        engine::Stage::Committed(ours) => keep_opening(&ours, &opening),
        stage => Stage::of(stage).into_iter().for_each(|stage| tell(&News::Stage(stage))),
    })?;
    Ok(json(&outcome))
}

fn measure(
    parent: &Parent,
    order: &Order,
    task: bench::Task<'_>,
    round_bytes: Option<u64>,
) -> Result<Value, Failed> {
    let post = Post::open().map_err(Failed::own)?;
    let peers = post.announce(parent, None);
    let seat = bench::Seat {
        me: order.me as u8,
        identity: post.identity,
        listener: post.listener,
        peers,
        wide: order.wide(),
        round_bytes,
    };
    let samples = bench::run(task, seat)?;
    Ok(json(&Samples { samples, peak_rss_bytes: peak_rss_bytes() }))
}

/// Where this party can be found during the rehearsal.
struct Post {
    identity: Identity,
    listener: TcpListener,
    port: u16,
}

impl Post {
    fn open() -> Result<Self, String> {
        let identity = Identity::generate().map_err(|error| error.to_string())?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(|error| format!("cannot listen on loopback: {error}"))?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        Ok(Self { identity, listener, port })
    }

    /// Tells the parent, and waits until it says where all the others are.
    fn announce(&self, parent: &Parent, rows: Option<Rows>) -> Vec<Peer> {
        let address = Address { key: self.identity.public().0, port: self.port };
        tell(&News::Ready { address, rows });
        let roster: Vec<Address> = parent.read();
        roster.iter().map(Peer::from).collect()
    }
}

/// The lines from the parent; when they end, so does this process.
struct Parent(Receiver<String>);

impl Parent {
    fn listen() -> Self {
        let (lines, received) = mpsc::channel();
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                // Nobody reads on: the end of the input still ends the process.
                let _ = lines.send(line);
            }
            process::exit(ORPHANED);
        });
        Self(received)
    }

    fn read<T: DeserializeOwned>(&self) -> T {
        let line = self.0.recv().ok();
        let value = line.and_then(|line| serde_json::from_str(&line).ok());
        // Only a parent of another version says what is not understood.
        value.unwrap_or_else(|| process::exit(ORPHANED))
    }
}

fn tell(news: &News) {
    let mut line = json(news).to_string();
    line.push('\n');
    let mut out = io::stdout().lock();
    if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
        process::exit(ORPHANED);
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("messages are structs, lists, numbers and texts")
}

/// The most memory that this process has had, where the system tells.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
