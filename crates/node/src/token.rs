//! Who may ask a node for what: tokens, each of one role.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sharewell_consortium::{Digest, Time};

use crate::Error;

/// What a token lets its bearer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything: also to approve, reject and cancel in the node's name.
    Steward,
    /// To propose studies, to call for runs, to read results.
    Analyst,
    /// To read studies, runs and the log; no results.
    Auditor,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steward => "steward",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
        }
    }
}

/// A token as the node keeps it: not the token itself.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who bears it, in words.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// SHA-256 of it.
    pub sha256: Digest,
    /// Until when it holds.
    pub until: Option<Time>,
}

/// The tokens of a node's folder.
#[derive(Clone, Debug)]
pub struct Tokens(PathBuf);

impl Tokens {
    /// Those of this folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self(folder.join("tokens.json"))
    }

    /// All of them.
    ///
    /// # Errors
    /// If their file cannot be read.
    pub fn all(&self) -> Result<Vec<Token>, Error> {
        let bytes = match fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(Error::io(self.0.display().to_string())(error)),
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::io(self.0.display().to_string())(error.into()))
    }

    /// Makes a token, and returns it: it is kept nowhere.
    ///
    /// # Errors
    /// If the system gives no randomness, the name is taken, or nothing can be written.
    pub fn add(&self, name: &str, role: Role, until: Option<Time>) -> Result<String, Error> {
        let mut tokens = self.all()?;
        if tokens.iter().any(|token| token.name == name) {
            return Err(Error::Refused(vec![format!("there is a token \"{name}\" already")]));
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::io("no randomness")(std::io::Error::other(error.to_string()))
        })?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = format!("sw-{digits}");
        let sha256 = Digest::of(token.as_bytes());
        tokens.push(Token { name: name.to_owned(), role, sha256, until });
        self.write(&tokens)?;
        Ok(token)
    }

    /// Removes a token; whether there was one.
    ///
    /// # Errors
    /// If nothing can be written.
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        let mut tokens = self.all()?;
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() < before {
            self.write(&tokens)?;
        }
        Ok(tokens.len() < before)
    }

    /// Whose this is, if it holds now.
    #[must_use]
    pub fn find(&self, token: &str, now: Time) -> Option<Token> {
        // Digests are compared, so that the time it takes tells nothing of the token.
        let digest = Digest::of(token.as_bytes());
        let all = self.all().ok()?;
        all.into_iter()
            .find(|known| known.sha256 == digest && known.until.is_none_or(|until| now <= until))
    }

    fn write(&self, tokens: &[Token]) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(tokens).expect("texts");
        let next = self.0.with_extension("next");
        let written = fs::write(&next, text).and_then(|()| fs::rename(&next, &self.0));
        written.map_err(Error::io(self.0.display().to_string()))
    }
}
