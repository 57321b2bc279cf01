//! A node's folder: its name, key, policy and log, its consortium's documents, and what was signed.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sharewell_net::Identity;
use sharewell_study::document::Document;

use crate::key::{read_key, write_key};
use crate::statement::signatures_beside;
use crate::{
    Consortium, Digest, Entry, Error, Event, Ledger, Log, Member, Policy, Role, Signed, Statement,
    Subject, Time, Verdict,
};

/// The policy of a new node.
const POLICY: &str = include_str!("policy.toml");
const NODE: &str = "\
# listen = \"0.0.0.0:7100\"  if this node listens elsewhere than at its address in the consortium
# runs = 2                   runs at a time
# memory_mb = 16384          memory for the data of one run
# hours = 24                 the longest run
";
const KEY: &str = "node.key";
/// The next key, until the log has named it.
const NEXT_KEY: &str = "node.key.next";

/// What a running node may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Runs at a time; others wait until one has ended.
    pub runs: usize,
    /// Memory for a run's data.
    pub memory_mb: u64,
    /// The longest run.
    pub hours: u64,
}

/// A node at home.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    /// Its name in the consortium.
    pub name: String,
    /// Where it listens, if not at its address.
    pub listen: Option<String>,
    /// What a running node may use.
    pub limits: Limits,
    /// Its key pair.
    pub identity: Identity,
}
impl Home {
    /// Makes a folder for a new node: its key, a policy to be read and changed, an empty place for
    /// sources, and its log.
    ///
    /// # Errors
    /// If there is a node already, or something cannot be written.
    pub fn create(
        folder: &Path,
        (name, identity): (&str, &Identity),
        word: Option<&[u8]>,
        software: &str,
    ) -> Result<(), Error> {
        for part in ["sources", "consortium", "studies", "reports", "results"] {
            fs::create_dir_all(folder.join(part)).map_err(Error::file(folder))?;
        }
        write_key(&folder.join(KEY), identity, word)?;
        let write = |file: &str, text: &str| {
            let path = folder.join(file);
            fs::write(&path, text).map_err(Error::file(path))
        };
        write("node.toml", &format!("{NODE}[node]\nname = \"{name}\"\n"))?;
        write("policy.toml", POLICY)?;
        let mut log = Log::create(&folder.join("log.jsonl"), identity, name, software)?;
        log.append(Event::Policy { text: Digest::of(POLICY.as_bytes()) }, identity)
    }

    /// Opens a node's folder.
    ///
    /// # Errors
    /// What of it cannot be read.
    pub fn open(folder: &Path, word: Option<&[u8]>) -> Result<Self, Error> {
        let path = folder.join("node.toml");
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        let name_of_file = path.to_string_lossy();
        let document = Document::parse(&text, &name_of_file)?;
        let root = document.root();
        let read = root.required_section("node").and_then(|section| {
            let name = section.required::<String>("name");
            let listen = section.optional::<String>("listen");
            let number = |key, usual| {
                let set = section.optional::<u64>(key);
                set.map_or(usual, |set| *set.get_ref()).max(1)
            };
            let limits = Limits {
                runs: number("runs", 2) as usize,
                memory_mb: number("memory_mb", 16 << 10),
                hours: number("hours", 24),
            };
            section.finish();
            Some((name?.into_inner(), listen.map(toml::Spanned::into_inner), limits))
        });
        root.finish();
        let (name, listen, limits) = document.finish(read)?;
        let mut home = Self {
            folder: folder.into(),
            name,
            listen,
            limits,
            identity: read_key(&folder.join(KEY), word)?,
        };
        let (of_log, next) = (home.log()?.key().unwrap_or_default(), folder.join(NEXT_KEY));
        if of_log != home.identity.public().to_string() && next.exists() {
            // A change of keys was cut off after the log had named the new one.
            let identity = read_key(&next, word)?;
            if identity.public().to_string() == of_log {
                let path = folder.join(KEY);
                fs::rename(&next, &path).map_err(Error::file(path))?;
                home.identity = identity;
            }
        }
        Ok(home)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the private mapping file for a study of this name is.
    #[must_use]
    pub fn mapping_of(&self, study: &str) -> PathBuf {
        self.folder.join("sources").join(format!("{study}.toml"))
    }

    /// Where the quality report of this node's rows for a study of this name goes.
    #[must_use]
    pub fn report_of(&self, study: &str) -> PathBuf {
        self.folder.join("reports").join(format!("{study}.json"))
    }

    /// Where the results of the run go that began by this entry.
    #[must_use]
    pub fn results_of(&self, begun: Digest) -> PathBuf {
        self.folder.join("results").join(begun.to_string())
    }

    /// What has happened.
    ///
    /// # Errors
    /// If the log does not hold.
    pub fn entries(&self) -> Result<Vec<Signed<Entry>>, Error> {
        Ok(self.log()?.entries().to_vec())
    }

    /// Where documents are kept that a statement or a run of this node is about, by SHA-256.
    #[must_use]
    pub fn kept(&self, text: Digest) -> PathBuf {
        self.folder.join("studies").join(format!("{text}.toml"))
    }

    /// Keeps a document, so that whoever reads the log can read what was signed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, text: &str) -> Result<PathBuf, Error> {
        let path = self.kept(Digest::of(text.as_bytes()));
        if !path.exists() {
            write_whole(&path, text.as_bytes())?;
        }
        Ok(path)
    }

    /// The node's log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    pub(crate) fn log(&self) -> Result<Log, Error> {
        Log::open(&self.log_file())
    }

    /// The site's policy; if it is another one than the log knows, the log tells so first.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn policy(&self) -> Result<Policy, Error> {
        let policy = Policy::load(&self.folder.join("policy.toml"))?;
        let mut log = self.log()?;
        let known = log.entries().iter().rev().find_map(|entry| match &entry.body.event {
            Event::Policy { text } => Some(*text),
            _ => None,
        });
        if known != Some(policy.text) {
            log.append(Event::Policy { text: policy.text }, &self.identity)?;
        }
        Ok(policy)
    }

    /// What this member's records have told so far, by the runs of this node.
    ///
    /// # Errors
    /// If the policy or the log does not hold.
    pub fn ledger(&self) -> Result<Ledger, Error> {
        let budget = self.policy()?.budget;
        Ok(Ledger::of(self.log()?.entries(), &self.name, budget))
    }

    /// What tells the log that the run that began by this entry opens its result, from any process.
    pub fn releases(
        log: PathBuf,
        seed: [u8; 32],
        begun: Digest,
    ) -> impl Fn() -> Result<(), String> + Send + Sync + 'static {
        move || {
            let by = Identity::from_seed(&seed);
            let written =
                Log::open(&log).and_then(|mut log| log.append(Event::Releases { begun }, &by));
            written.map_err(|error| error.to_string())
        }
    }

    /// Where a version of the consortium's document is.
    pub(crate) fn version(&self, version: u64) -> PathBuf {
        self.folder.join("consortium").join(format!("{version}.toml"))
    }

    /// All versions of the consortium as their members have signed them, the newest first; in that
    /// one this node is a member.
    ///
    /// # Errors
    /// If one does not hold, or this node's key is not in it.
    pub fn history(&self, now: Time) -> Result<Vec<Consortium>, Error> {
        let newest = (1..).take_while(|version| self.version(*version).exists()).last();
        let newest = newest.ok_or_else(|| {
            Error::Broken(format!(
                "{} belongs to no consortium yet: `sharewell consortium adopt FILE` once all members \
                 have signed its document",
                self.name
            ))
        })?;
        let history = Consortium::history(&self.version(newest), now)?;
        self.member(&history[0])?;
        Ok(history)
    }

    /// The consortium as all its members have signed it, in which this node is a member.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub fn consortium(&self, now: Time) -> Result<Consortium, Error> {
        Ok(self.history(now)?.swap_remove(0))
    }

    /// Takes a version of the consortium that all its members have signed for this node's, with all
    /// versions before it, which lie in the same folder. What this node has is among them.
    ///
    /// # Errors
    /// If it does not hold, this node's key is not in it, or it does not follow what this node has.
    pub fn adopt(&self, path: &Path, now: Time) -> Result<Consortium, Error> {
        let history = Consortium::history(path, now)?;
        self.member(&history[0])?;
        for version in 1.. {
            let file = self.version(version);
            if !file.exists() {
                break;
            }
            let known = Consortium::load(&file)?.text;
            if !history.iter().any(|version| version.text == known) {
                return Err(Error::Broken(format!(
                    "{} does not follow version {version} of this node: an older or another \
                     consortium is not adopted",
                    path.display()
                )));
            }
        }
        for consortium in history.iter().rev() {
            let (text, statements) = consortium.files_beside(path)?;
            let file = self.version(consortium.version);
            // The signatures first: a document without them would hold up this node.
            write_whole(&signatures_beside(&file), statements.as_bytes())?;
            write_whole(&file, text.as_bytes())?;
        }
        let text = history[0].text;
        let mut log = self.log()?;
        let is_news = !log.entries().iter().any(|entry| match &entry.body.event {
            Event::Adopted { consortium } => *consortium == text,
            _ => false,
        });
        if is_news {
            log.append(Event::Adopted { consortium: text }, &self.identity)?;
        }
        self.consortium(now)
    }

    /// Makes a new key pair for this node. The log names it; from then on it signs. The consortium
    /// has to take it into a new version before this node runs anything again.
    ///
    /// # Errors
    /// If something cannot be written; then the old key holds.
    pub fn rotate(&mut self, identity: Identity, word: Option<&[u8]>) -> Result<(), Error> {
        let (new, path) = (self.folder.join(NEXT_KEY), self.folder.join(KEY));
        let _ = fs::remove_file(&new);
        write_key(&new, &identity, word)?;
        let key = identity.public().to_string();
        self.log()?.append(Event::Rotated { key }, &self.identity)?;
        fs::rename(&new, &path).map_err(Error::file(path))?;
        self.identity = identity;
        Ok(())
    }

    /// This node in a consortium.
    ///
    /// # Errors
    /// If it is no member, or a member of its name has another key.
    pub fn member<'c>(&self, consortium: &'c Consortium) -> Result<&'c Member, Error> {
        let Some(member) = consortium.member(&self.name) else {
            let (of, name) = (&consortium.name, &self.name);
            return Err(Error::Broken(format!("{of} has no member {name}")));
        };
        if member.key == self.identity.public() {
            return Ok(member);
        }
        Err(Error::Broken(format!(
            "{} says that the key of {} is {}, and this node's is {}",
            consortium.name,
            self.name,
            member.key,
            self.identity.public()
        )))
    }

    /// Signs what this node's steward says of a consortium's document, and writes it beside the
    /// document and into the log.
    ///
    /// # Errors
    /// If this node is not in it, or nothing could be written.
    pub fn sign_consortium(&self, path: &Path, word: &Word<'_>) -> Result<Consortium, Error> {
        let consortium = Consortium::load(path)?;
        let roles = self.member(&consortium)?.roles.clone();
        self.say(path, &consortium.subject(), roles, word)?;
        Ok(consortium)
    }

    pub(crate) fn say(
        &self,
        document: &Path,
        of: &Subject<'_>,
        roles: Vec<Role>,
        word: &Word<'_>,
    ) -> Result<(), Error> {
        let mut log = self.log()?;
        let said = Statement {
            document: of.kind,
            name: of.name.to_owned(),
            text: of.text,
            meaning: of.meaning,
            verdict: word.verdict,
            member: self.name.clone(),
            roles,
            under: of.under,
            time: Time::now(),
            until: word.until,
            entry: log.next(),
            software: word.software.to_owned(),
            plan: of.plan,
            reason: word.reason.map(str::to_owned),
        };
        let statement = Signed::new(said, &self.identity);
        let path = signatures_beside(document);
        let line = statement.to_line() + "\n";
        log.append(Event::Said { statement }, &self.identity)?;
        let mut options = fs::OpenOptions::new();
        let file = options.append(true).create(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(Error::file(path))
    }
}

/// Writes a file in one step: after a loss of power it is there whole, or as it was.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let next = path.with_extension("next");
    let written = File::create(&next)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&next, path));
    written.map_err(Error::file(path))
}

/// What a steward says.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Yes or no.
    pub verdict: Verdict,
    /// Until when.
    pub until: Option<Time>,
    /// Why not.
    pub reason: Option<&'a str>,
    /// This program.
    pub software: &'a str,
}
