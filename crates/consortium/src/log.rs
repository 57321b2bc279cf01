//! A node's log: one entry to a line, each naming the one before, each under the node's signature.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sharewell_net::{Identity, PublicKey};

use crate::signed::Body;
use crate::{Digest, Error, Event, Signed, Time};

/// An entry of a log.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place, from 0.
    pub number: u64,
    /// SHA-256 of the line before; zeros before the first.
    pub previous: Digest,
    /// When.
    pub time: Time,
    /// What happened.
    pub event: Event,
}

impl Body for Entry {
    const PURPOSE: &'static str = "entry of a log";
}

/// A log that only this process appends to.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    entries: Vec<Signed<Entry>>,
    head: Digest,
}

impl Log {
    /// A new log, whose first entry says whose it is.
    ///
    /// # Errors
    /// If there is one already, or it cannot be written.
    pub fn create(path: &Path, by: &Identity, member: &str, software: &str) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        let file = file.map_err(Error::file(path))?;
        file.lock().map_err(Error::file(path))?;
        let mut log = Self { path: path.into(), file, entries: vec![], head: Digest::NONE };
        let (member, software) = (member.to_owned(), software.to_owned());
        log.append(Event::Created { member, key: by.public().to_string(), software }, by)?;
        Ok(log)
    }

    /// Opens a log and proves that every entry holds. Other processes wait until it is closed.
    ///
    /// The last line may have been cut off by a loss of power: it is removed, since whatever it told
    /// was not yet acted on.
    ///
    /// # Errors
    /// The first entry that does not hold.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().read(true).append(true).open(path);
        let file = file.map_err(Error::file(path))?;
        file.lock().map_err(Error::file(path))?;
        let mut bytes = fs::read(path).map_err(Error::file(path))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            bytes.truncate(whole);
            file.set_len(whole as u64).map_err(Error::file(path))?;
            file.sync_data().map_err(Error::file(path))?;
        }
        let (entries, head) = read(path, &bytes)?;
        Ok(Self { path: path.into(), file, entries, head })
    }

    /// Reads a log that is not this process's to write.
    ///
    /// # Errors
    /// The first entry that does not hold; a last line that is not whole is one.
    pub fn entries_of(path: &Path) -> Result<(Vec<Signed<Entry>>, Digest), Error> {
        let bytes = fs::read(path).map_err(Error::file(path))?;
        read(path, &bytes)
    }

    /// What has happened.
    #[must_use]
    pub fn entries(&self) -> &[Signed<Entry>] {
        &self.entries
    }

    /// SHA-256 of the last line: who has it can tell whether any line is changed.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.head
    }

    /// The key that signs the next entry; any, if there is none yet.
    pub(crate) fn key(&self) -> Option<String> {
        let last = self.entries.last()?;
        Some(match &last.body.event {
            Event::Rotated { key } => key.clone(),
            _ => last.key.clone(),
        })
    }

    /// The place of the next entry.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Adds an entry, which is on disk when this returns.
    ///
    /// # Errors
    /// If it cannot be written, or this is not the log's key; then the log is as it was.
    pub fn append(&mut self, event: Event, by: &Identity) -> Result<(), Error> {
        if self.key().is_some_and(|key| key != by.public().to_string()) {
            let path = self.path.display();
            return Err(Error::Broken(format!("{path}: {} is not this log's key", by.public())));
        }
        let time = self.entries.last().map_or(Time::now(), |last| Time::now().max(last.body.time));
        let entry = Entry { number: self.next(), previous: self.head, time, event };
        let signed = Signed::new(entry, by);
        let line = signed.to_line();
        let before = self.file.seek(SeekFrom::End(0)).map_err(Error::file(&self.path))?;
        let written = self
            .file
            .write_all(format!("{line}\n").as_bytes())
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A disk that is full keeps what it had; opening the log would cut the rest off, too.
            let _ = self.file.set_len(before);
            return Err(Error::file(&self.path)(error));
        }
        self.head = Digest::of(line.as_bytes());
        self.entries.push(signed);
        Ok(())
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<(Vec<Signed<Entry>>, Digest), Error> {
    let (mut entries, mut head) = (vec![], Digest::NONE);
    let mut key: Option<PublicKey> = None;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    for (at, line) in lines.enumerate() {
        let broken = |why: String| Error::Line { path: path.into(), line: at + 1, why };
        let line = line
            .strip_suffix(b"\n")
            .ok_or_else(|| broken("the file ends within an entry".to_owned()))?;
        let text = std::str::from_utf8(line).map_err(|error| broken(error.to_string()))?;
        let signed: Signed<Entry> = Signed::of_line(text).map_err(broken)?;
        let entry = &signed.body;
        if entry.number != at as u64 {
            return Err(broken(format!("entry {} stands in the place of {at}", entry.number)));
        }
        if entry.previous != head {
            return Err(broken("it does not follow the line before it".to_owned()));
        }
        let last: Option<&Signed<Entry>> = entries.last();
        if last.is_some_and(|last| last.body.time > entry.time) {
            return Err(broken("it is older than the one before it".to_owned()));
        }
        let own = signed.signer();
        match (&entry.event, at) {
            (Event::Created { key, .. }, 0) if *key == signed.key => {}
            (Event::Created { .. }, _) | (_, 0) => {
                return Err(broken("a log begins with its node's own key, and once".to_owned()));
            }
            _ if own == key => {}
            _ => return Err(broken("it is signed by another key than the log's".to_owned())),
        }
        key = match &entry.event {
            Event::Rotated { key } => {
                Some(key.parse().map_err(|_| broken("this is no key".to_owned()))?)
            }
            _ => own,
        };
        head = Digest::of(line);
        entries.push(signed);
    }
    if entries.is_empty() {
        return Err(Error::Line { path: path.into(), line: 1, why: "the log is empty".to_owned() });
    }
    Ok((entries, head))
}
