//! What a member says of a document.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::signed::Body;
use crate::{Digest, Error, Role, Signed, Time};

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A study.
    Study,
    /// A consortium's document.
    Consortium,
}

/// Yes, no, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes.
    Approves,
    /// No.
    Rejects,
    /// No longer.
    Withdraws,
    /// Run it now.
    Calls,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approves => "approves",
            Self::Rejects => "rejects",
            Self::Withdraws => "withdraws",
            Self::Calls => "calls for a run of",
        }
    }
}

/// What a member says of one document, down to its last byte.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What it is about.
    pub document: Kind,
    /// The document's name.
    pub name: String,
    /// SHA-256 of the file.
    pub text: Digest,
    /// The study's hash, or again that of the file.
    pub meaning: Digest,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who says so.
    pub member: String,
    /// What it is going to do.
    pub roles: Vec<Role>,
    /// The consortium as it stood, SHA-256 of its file; of a consortium's document, that which it
    /// replaces.
    pub under: Option<Digest>,
    /// When.
    pub time: Time,
    /// Until when it holds.
    pub until: Option<Time>,
    /// The place of this statement in its member's log: what is said later counts.
    pub entry: u64,
    /// The program that planned the study for the one who signs.
    pub software: String,
    /// What that program makes of a study: protocol and what becomes known to whom, SHA-256.
    pub plan: Option<Digest>,
    /// Why not.
    pub reason: Option<String>,
}

impl Body for Statement {
    const PURPOSE: &'static str = "statement on a document";
}

/// Where the statements on a document are.
#[must_use]
pub fn signatures_beside(document: &Path) -> PathBuf {
    let mut name = document.file_name().unwrap_or_default().to_owned();
    name.push(".signatures");
    document.with_file_name(name)
}

/// Statements of a file, one to a line; none if there is no file.
///
/// # Errors
/// The first line that is not a statement under a signature that holds.
pub fn read_statements(path: &Path) -> Result<Vec<Signed<Statement>>, Error> {
    const FILE_MAX: u64 = 64 << 20;
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(Error::file(path)(error)),
        Ok(found) if found.len() > FILE_MAX => {
            return Err(Error::Broken(format!("{}: longer than 64 MiB", path.display())));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let statement = |(at, line): (usize, &str)| {
        Signed::of_line(line).map_err(|why| Error::Line { path: path.into(), line: at + 1, why })
    };
    lines.map(statement).collect()
}
