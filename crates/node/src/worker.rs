//! A run's own process: what it is told, what it tells, and what it may use.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use sharewell_consortium::{Countersigned, Digest};
use sharewell_net::tls;

/// Longest line of a worker.
const LINE_MAX: u64 = 1 << 20;
/// Longest order.
const ORDER_MAX: u32 = 16 << 20;

/// What a worker is to do: its first message, over its standard input, which is a socket. Then come
/// the calls of the run's other parties, as sockets.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The study's file.
    pub study: PathBuf,
    /// The text that was approved: what is in the file now does not count.
    pub text: String,
    /// The node's place in the study.
    pub party: usize,
    /// The seed of the node's key, which the worker proves and signs with.
    pub seed: [u8; 32],
    /// The node's log, which is told before anything is opened.
    pub log: PathBuf,
    /// The entry by which the run began.
    pub begun: Digest,
    /// The private mapping file.
    pub mapping: PathBuf,
    /// Where the report on the node's own rows goes.
    pub report: PathBuf,
    /// Where the results go.
    pub out: PathBuf,
    /// The most memory for data, in bytes.
    pub memory: Option<u64>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order").field("begun", &self.begun).finish_non_exhaustive()
    }
}

/// A line of a worker's standard output.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum News {
    /// How far it is.
    Stage(Stage),
    /// It has ended well, and all have signed.
    Done(Box<Countersigned>),
    /// It has ended without a result.
    Failed(String),
}

/// Where a run stands at this node.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase", tag = "phase")]
pub enum Stage {
    /// The worker starts.
    Starting,
    /// It reads its own records; how many have fitted so far.
    Reading {
        /// So far.
        rows: u64,
    },
    /// It waits for others; why, if it knows.
    Connecting {
        /// For whom.
        why: Option<String>,
    },
    /// Payload bytes sent, and to be sent.
    Computing {
        /// So far.
        sent: u64,
        /// By the quote.
        of: u64,
    },
    /// It has the result.
    Finished,
}

/// A worker as its node sees it.
pub(crate) struct Worker {
    pub(crate) process: Arc<Mutex<Child>>,
    pub(crate) door: UnixStream,
    news: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one. It ends with the thread that has started it.
    pub(crate) fn start(program: &[std::ffi::OsString], order: &Order) -> io::Result<Self> {
        let (mut door, theirs) = UnixStream::pair()?;
        let (command, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut process = Command::new(command)
            .args(arguments)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let news = BufReader::new(process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let bytes = serde_json::to_vec(order)?;
        let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= ORDER_MAX);
        let len = len.ok_or(io::ErrorKind::InvalidInput)?;
        door.write_all(&len.to_le_bytes())?;
        door.write_all(&bytes)?;
        Ok(Self { process: Arc::new(Mutex::new(process)), door, news })
    }

    /// Its next line; none when it has ended.
    pub(crate) fn next(&mut self) -> Option<News> {
        let mut line = String::new();
        let read = (&mut self.news).take(LINE_MAX).read_line(&mut line).ok()?;
        if read == 0 { None } else { serde_json::from_str(&line).ok() }
    }
}

/// Hands over a call to a worker.
pub(crate) fn pass(door: &UnixStream, call: &TcpStream) -> io::Result<()> {
    tls::pass(door, call)
}

/// A worker's own side: its order, and the door that its parties' calls come through.
///
/// # Errors
/// If nobody has sent an order over standard input.
pub fn order() -> io::Result<(Order, tls::Door)> {
    use std::os::fd::AsFd as _;

    let stdin = io::stdin();
    let mut door = UnixStream::from(stdin.as_fd().try_clone_to_owned()?);
    let mut len = [0; 4];
    door.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    if len > ORDER_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // Not a byte more than the order: calls come behind it.
    let mut bytes = vec![0; len as usize];
    door.read_exact(&mut bytes)?;
    Ok((serde_json::from_slice(&bytes)?, tls::Door::Passed(door)))
}

/// Tells the node; if it is gone, nobody waits for this run.
pub fn tell(news: &News) {
    let mut line = serde_json::to_vec(news).unwrap_or_default();
    line.push(b'\n');
    let mut out = io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        std::process::exit(3);
    }
}
