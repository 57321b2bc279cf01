//! What the parts of a node share, and how they start.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::thread;

use sharewell_consortium::{
    Case, Consortium, Digest, Entry, Home, Past, Signed, Standing, Time, Word, book,
};
use sharewell_net::talk::Talker;

use crate::cases::{Cases, Known, Planned, lock};
use crate::exchange::Health;
use crate::runs::Running;
use crate::{Error, door, exchange, runs, web};

/// How a node is started.
#[derive(Debug)]
pub struct Config {
    /// The node's folder.
    pub home: Home,
    /// The command that starts a run's own process: it takes its order by [`crate::worker::order`].
    pub worker: Vec<OsString>,
    /// Told of what people who watch the node want to know, a line at a time.
    pub say: fn(&str),
}

type Entries = Arc<Vec<Signed<Entry>>>;

/// A node that runs.
pub(crate) struct Node {
    pub(crate) home: Home,
    pub(crate) talker: Talker,
    pub(crate) worker: Vec<OsString>,
    pub(crate) say: fn(&str),
    pub(crate) cases: Cases,
    /// By the name of the member.
    pub(crate) health: Mutex<BTreeMap<String, Health>>,
    /// By the entry by which they began.
    pub(crate) running: Mutex<BTreeMap<Digest, Running>>,
    /// Calls that this node does not follow.
    pub(crate) declined: Mutex<HashSet<Digest>>,
    /// Bytes and entries of the log as it was last read.
    log: Mutex<(u64, Entries)>,
}

impl Node {
    /// What has happened.
    pub(crate) fn log(&self) -> Result<Entries, Error> {
        let mut cached = lock(&self.log);
        let path = self.home.log_file();
        // A log only grows: another length is another log.
        let file = std::fs::metadata(&path).map_err(Error::io(path.display().to_string()))?;
        if cached.0 != file.len() {
            *cached = (file.len(), Arc::new(self.home.entries()?));
        }
        Ok(Arc::clone(&cached.1))
    }

    pub(crate) fn book(&self) -> Result<Vec<Case>, Error> {
        Ok(book(&self.log()?))
    }

    pub(crate) fn case(&self, text: Digest) -> Result<Case, Error> {
        let mut book = self.book()?.into_iter();
        book.find(|case| case.text == text).ok_or(Error::Unknown("such study"))
    }

    pub(crate) fn known(&self, text: Digest) -> Result<Arc<Known>, Error> {
        self.cases.known(&self.home, text)
    }

    pub(crate) fn planned(&self, text: Digest) -> Result<Arc<Planned>, Error> {
        self.cases.planned(&self.home, text)
    }

    /// How a study stands, and what this node's policy says of it.
    pub(crate) fn stands(
        &self,
        planned: &Planned,
        now: Time,
    ) -> Result<(Standing, Past, Consortium), Error> {
        let proposal = planned.proposal();
        let (past, consortium) = self.home.examine(&proposal, now)?;
        let standing = self.home.standing(&proposal, &consortium, now)?;
        Ok((standing, past, consortium))
    }

    /// Says something in the steward's name.
    pub(crate) fn say_of(&self, text: Digest, word: &Word<'_>) -> Result<Past, Error> {
        let planned = self.planned(text)?;
        let signed = self.home.sign_study(&planned.proposal(), word, Time::now())?;
        signed.map_err(|refused| Error::Refused(refused.0))
    }

    /// Takes a study that somebody here proposes; its digest.
    pub(crate) fn propose(&self, text: &str) -> Result<Digest, Error> {
        let study = crate::cases::parse(text)?;
        if study.party(&self.home.name).is_none() {
            let why = format!("{} has no part in this study", self.home.name);
            return Err(Error::Refused(vec![why]));
        }
        sharewell_engine::Plan::of(&study).map_err(|error| Error::Study(error.to_string()))?;
        self.home.proposed(text, &study.name, &self.home.name)?;
        Ok(Digest::of(text.as_bytes()))
    }
}

/// Runs a node until its process is stopped.
///
/// # Errors
/// If it cannot start: its consortium does not hold, or its port is taken.
pub fn serve(config: Config) -> Result<(), Error> {
    let Config { home, worker, say } = config;
    let consortium = home.consortium(Time::now())?;
    let member = home.member(&consortium)?;
    let own = home.listen.clone().or_else(|| member.address.clone());
    let address = own.ok_or_else(|| {
        Error::Refused(vec!["this member has no address: add `listen` to node.toml".to_owned()])
    })?;
    let talker = Talker::new(&home.identity).map_err(Error::io("cannot set up TLS"))?;
    let node = Arc::new(Node {
        talker,
        worker,
        say,
        cases: Cases::default(),
        health: Mutex::default(),
        running: Mutex::default(),
        declined: Mutex::default(),
        log: Mutex::default(),
        home,
    });
    runs::after_a_stop(&node)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .enable_all()
        .build()
        .map_err(Error::io("cannot start threads"))?;
    let site = web::Site::open(&node)?;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(&address))
        .map_err(Error::io(format!("cannot listen at {address}")))?;
    say(&format!(
        "{} listens at {address}: https://{address}/ (certificate {})",
        node.home.name, site.fingerprint
    ));
    let start = |name: &str, run: fn(&Arc<Node>)| {
        let node = Arc::clone(&node);
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(move || run(&node)).map_err(Error::io("cannot start a thread"))
    };
    start("exchange", exchange::forever)?;
    start("runs", runs::forever)?;
    runtime.block_on(door::serve(&node, listener, site))
}
