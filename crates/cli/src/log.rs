//! `sharewell log`: what a node has done, and the proof of it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use sharewell_consortium::{Consortium, Log as Entries, Time, Verified, verify};

use crate::failure::Failure;
use crate::home::At;
use crate::show;

/// Read and prove a node's log.
///
/// Every entry names the one before by its digest and is signed by the node. When a run ends, all
/// its parties sign one receipt, which names the last entry of each party's log: whoever has one
/// party's log can tell whether another has changed its own up to then.
#[derive(Subcommand)]
pub(crate) enum Log {
    /// Tell what the node has done, an entry to a line
    Show {
        #[command(flatten)]
        at: At,
        /// Print the entries themselves, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Prove a log from its first byte to its last, with nothing but the consortium's documents
    #[command(after_help = "\
Example:
  sharewell log verify bundle/log.jsonl --consortium bundle/consortium/1.toml")]
    Verify(Verify),
    /// Write what an auditor needs into a new folder: the log, the consortium's documents, every
    /// study that was signed or run, and a record of processing
    Export {
        /// The folder, which is made
        folder: PathBuf,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args)]
pub(crate) struct Verify {
    /// The log
    file: PathBuf,
    /// The consortium's newest document; earlier versions and all signatures lie beside it
    #[arg(long, value_name = "FILE")]
    consortium: PathBuf,
    /// The digest of the log's last entry, as somebody else has kept it
    #[arg(long, value_name = "DIGEST")]
    head: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Log {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Show { at, json } => show_log(&at, json),
            Self::Verify(verify) => verify.run(),
            Self::Export { folder, at } => {
                let home = at.open()?;
                let files = home.export(&folder, Time::now())?;
                let name = folder.display();
                show::out(&format!(
                    "{files} files in {name}; `sharewell log verify {name}/log.jsonl --consortium \
                     {name}/consortium/N.toml` proves them, N the newest version\n"
                ));
                Ok(())
            }
        }
    }
}

impl Verify {
    fn run(self) -> Result<(), Failure> {
        let broken = |error: sharewell_consortium::Error| Failure::Run(error.to_string());
        let history = Consortium::history(&self.consortium, Time::now()).map_err(broken)?;
        let found = verify(&self.file, &history).map_err(broken)?;
        if let Some(head) = self.head.filter(|head| *head != found.head.to_string()) {
            return Err(Failure::Run(format!(
                "{}: the last entry is {}, not {head}: entries have been removed or added since",
                self.file.display(),
                found.head
            )));
        }
        if self.json {
            show::json(&json_of(&found));
        } else {
            show::out(&page(&found));
        }
        Ok(())
    }
}

fn json_of(found: &Verified) -> impl Serialize + use<> {
    #[derive(Serialize)]
    struct Proof {
        member: String,
        entries: usize,
        head: String,
        from: String,
        to: String,
        approvals: usize,
        runs: usize,
        failed: usize,
        others: std::collections::BTreeMap<String, String>,
    }
    Proof {
        member: found.member.clone(),
        entries: found.entries,
        head: found.head.to_string(),
        from: found.span[0].to_string(),
        to: found.span[1].to_string(),
        approvals: found.approvals,
        runs: found.runs,
        failed: found.failed,
        others: found.others.clone(),
    }
}

fn page(found: &Verified) -> String {
    let mut lines = vec![
        ("log of".to_owned(), found.member.clone()),
        ("entries".to_owned(), found.entries.to_string()),
        ("from".to_owned(), found.span[0].to_string()),
        ("to".to_owned(), found.span[1].to_string()),
        ("last entry".to_owned(), found.head.to_string()),
        ("studies approved".to_owned(), found.approvals.to_string()),
        ("runs that all signed for".to_owned(), found.runs.to_string()),
        ("runs without a result".to_owned(), found.failed.to_string()),
    ];
    let others = found.others.iter();
    lines.extend(others.map(|(name, log)| (format!("then {name}'s log ended"), log.clone())));
    let list = show::list(lines.iter().map(|(name, value)| (name.as_str(), value.clone())));
    format!("Every entry holds.\n\n{list}")
}

fn show_log(at: &At, json: bool) -> Result<(), Failure> {
    let path: &Path = &at.home.join("log.jsonl");
    let (entries, _) = Entries::entries_of(path)?;
    let mut text = String::new();
    for entry in &entries {
        text += &match json {
            true => entry.to_line(),
            false => {
                let body = &entry.body;
                format!("{:>5}  {}  {}", body.number, body.time, body.event)
            }
        };
        text += "\n";
    }
    show::out(&text);
    Ok(())
}
