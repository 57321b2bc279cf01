//! What a node's log tells.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Countersigned, Digest, Signed, Spend, Statement};

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(tag = "what", rename_all = "lowercase", deny_unknown_fields)]
pub enum Event {
    /// The log begins: a node was made.
    Created {
        /// The member's name.
        member: String,
        /// Its key.
        key: String,
        /// The program.
        software: String,
    },
    /// From the next entry on, another key signs.
    Rotated {
        /// The new key.
        key: String,
    },
    /// The site's policy is another one than before.
    Policy {
        /// SHA-256 of its file.
        text: Digest,
    },
    /// From now on this is the consortium.
    Adopted {
        /// SHA-256 of its document.
        consortium: Digest,
    },
    /// A study came here.
    Proposed {
        /// SHA-256 of its file.
        text: Digest,
        /// Its name.
        name: String,
        /// The member that it came from.
        from: String,
    },
    /// What this node's steward has said.
    Said {
        /// The same as it is passed on.
        statement: Signed<Statement>,
    },
    /// What another member has said, as it came here.
    Heard {
        /// The same.
        statement: Signed<Statement>,
    },
    /// A study was not approved, or not run.
    Refused {
        /// The study's hash.
        study: String,
        /// Its name.
        name: String,
        /// Why, each in one sentence.
        why: Vec<String>,
    },
    /// A run begins.
    Started(Start),
    /// All is computed, and now the result is opened: from here on it may be known.
    Releases {
        /// The entry by which the run began: SHA-256.
        begun: Digest,
    },
    /// It has ended, and every party has signed for it.
    Finished {
        /// The account that all have signed.
        receipt: Countersigned,
    },
    /// It has ended without a result.
    Failed {
        /// The entry by which it began: SHA-256.
        begun: Digest,
        /// Why, in the words of this node.
        why: String,
    },
}

/// Under what a run begins.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The study's hash.
    pub study: String,
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub text: Digest,
    /// The consortium, SHA-256 of its file.
    pub consortium: Digest,
    /// The site's policy, SHA-256 of its file.
    pub policy: Digest,
    /// The program.
    pub software: String,
    /// The protocol that the plan has chosen.
    pub protocol: String,
    /// The statement that called for it, SHA-256 of its line, if one did.
    pub call: Option<Digest>,
    /// What is asked, without who is asked: studies that differ in nothing else have it in common.
    pub question: Digest,
    /// The same without the condition on records.
    pub question_of_all: Digest,
    /// Who takes part.
    pub parties: Vec<String>,
    /// Who gives records.
    pub givers: Vec<String>,
    /// Who learns the results.
    pub recipients: Vec<String>,
    /// What this node learns, gives or computes.
    pub leakage: Vec<String>,
    /// What it spends of the givers' budgets, if it adds noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
}

/// In one line, for people.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        let text = match self {
            Self::Created { member, software, .. } => format!("{member} begins, {software}"),
            Self::Rotated { key } => format!("a new key: {key}"),
            Self::Policy { text } => format!("the policy is now {}", short(&text.to_string())),
            Self::Adopted { consortium } => {
                format!("the consortium is now {}", short(&consortium.to_string()))
            }
            Self::Said { statement } | Self::Heard { statement } => {
                let said = &statement.body;
                let why = said.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
                let text = short(&said.text.to_string());
                format!("{} {} {} ({text}){why}", said.member, said.verdict.name(), said.name)
            }
            Self::Proposed { text, name, from } => {
                format!("{name} ({}) came from {from}", short(&text.to_string()))
            }
            Self::Refused { name, why, .. } => format!("refused {name}: {}", why.join("; ")),
            Self::Started(start) => {
                format!("begins to run {} ({})", start.name, short(&start.study))
            }
            Self::Releases { begun } => {
                format!("opens the result of the run of entry {}", short(&begun.to_string()))
            }
            Self::Finished { receipt } => {
                let receipt = &receipt.receipt;
                format!(
                    "has run {}; all have signed run {}",
                    short(&receipt.study),
                    short(&receipt.run)
                )
            }
            Self::Failed { why, .. } => format!("the run failed: {why}"),
        };
        f.write_str(&text)
    }
}
