//! `sharewell consortium`: who belongs to it, by which keys.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use sharewell_consortium::{
    Consortium as Document, Member, Role, Standing, Time, Verdict, Word, read_statements,
    signatures_beside,
};
use sharewell_study::suggest;

use crate::failure::Failure;
use crate::home::{At, SOFTWARE};
use crate::show;

/// Agree on who belongs to the consortium, by which keys, in which roles.
///
/// The document is a text file that all members sign. Signatures stand beside it, in
/// FILE.signatures, a line each: put together the lines of all members, in any order. A change (a
/// new key, a member who comes or goes) is a new version, which names the one before and which all
/// its members sign.
#[derive(Subcommand)]
pub(crate) enum Consortium {
    /// Sign a version of the document; the signature is added to FILE.signatures
    #[command(after_help = "Example:\n  sharewell consortium sign consortium.toml --home north")]
    Sign(Sign),
    /// Take a version that all members have signed for this node's
    #[command(after_help = "Example:\n  sharewell consortium adopt consortium.toml --home north")]
    Adopt {
        /// The document; earlier versions and all signatures lie beside it
        file: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Print members as a study names its parties
    #[command(after_help = "\
Example:
  sharewell consortium parties consortium.toml north south west >> study.toml")]
    Parties {
        /// The document
        file: PathBuf,
        /// The members, if not all
        members: Vec<String>,
    },
    /// Who has signed a version; and its digest, by which the next one names it
    Status {
        /// The document
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct Sign {
    /// The document
    file: PathBuf,
    #[command(flatten)]
    at: At,
    /// Say no instead, and why
    #[arg(long, value_name = "WHY")]
    reject: Option<String>,
}

impl Consortium {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Sign(sign) => sign.run(),
            Self::Adopt { file, at } => {
                let consortium = at.open()?.adopt(&file, Time::now())?;
                let (name, version) = (&consortium.name, consortium.version);
                show::out(&format!("{name}, version {version}, is this node's consortium\n"));
                Ok(())
            }
            Self::Parties { file, members } => parties(&file, &members),
            Self::Status { file, json } => status(&file, json),
        }
    }
}

impl Sign {
    fn run(self) -> Result<(), Failure> {
        let home = self.at.open()?;
        let reason = self.reject.as_deref();
        let verdict = if reason.is_some() { Verdict::Rejects } else { Verdict::Approves };
        let word = Word { verdict, until: None, reason, software: SOFTWARE };
        let consortium = home.sign_consortium(&self.file, &word)?;
        let file = signatures_beside(&self.file);
        show::out(&format!(
            "{} {} {}, version {}: see {}\n",
            home.name,
            verdict.name(),
            consortium.name,
            consortium.version,
            file.display()
        ));
        Ok(())
    }
}

fn parties(file: &Path, names: &[String]) -> Result<(), Failure> {
    let consortium = Document::load(file)?;
    let known = consortium.members.iter().map(|member| member.name.as_str());
    if let Some(stranger) = names.iter().find(|name| consortium.member(name).is_none()) {
        let help = suggest::advice(stranger, "members", known).unwrap_or_default();
        let of = &consortium.name;
        return Err(Failure::Usage(format!("{of} has no member `{stranger}`\n  help: {help}")));
    }
    let chosen = |member: &&Member| names.is_empty() || names.contains(&member.name);
    let blocks: Vec<String> = consortium.members.iter().filter(chosen).map(party).collect();
    show::out(&blocks.join("\n"));
    Ok(())
}

/// A member as a study names it; an auditor alone has no part in studies.
fn party(member: &Member) -> String {
    let roles = member.roles.iter().filter(|role| **role != Role::Auditor);
    let roles: Vec<String> = roles.map(|role| format!("\"{}\"", role.name())).collect();
    format!(
        "[[party]]\nname = \"{}\"\nroles = [{}]\nkey = \"{}\"\naddress = \"{}\"\n",
        member.name,
        roles.join(", "),
        member.key,
        member.address.as_deref().unwrap_or_default().escape_debug()
    )
}

fn status(file: &Path, json: bool) -> Result<(), Failure> {
    let consortium = Document::load(file)?;
    let standing = consortium.standing(&read_statements(&signatures_beside(file))?, Time::now());
    let said = words(&standing);
    if json {
        #[derive(Serialize)]
        struct Status<'a> {
            name: &'a str,
            version: u64,
            sha256: String,
            agreed: bool,
            members: Vec<Said>,
        }
        let status = Status {
            name: &consortium.name,
            version: consortium.version,
            sha256: consortium.text.to_string(),
            agreed: standing.is_agreed(),
            members: said,
        };
        show::json(&status);
        return Ok(());
    }
    let rows = consortium.members.iter().zip(&said).map(|(member, said)| {
        let roles: Vec<&str> = member.roles.iter().map(|role| role.name()).collect();
        vec![member.name.clone(), member.organisation.clone(), roles.join(", "), said.says.clone()]
    });
    let heads = ["member", "organisation", "roles", "says"];
    let table = show::grid(&heads, &rows.collect::<Vec<_>>(), heads.len());
    let facts = show::list([
        ("consortium", format!("{}, version {}", consortium.name, consortium.version)),
        ("purpose", consortium.purpose.clone()),
        ("sha256", consortium.text.to_string()),
    ]);
    show::out(&format!("{facts}\n{table}"));
    Ok(())
}

/// What one member says.
#[derive(Serialize)]
pub(crate) struct Said {
    member: String,
    yes: bool,
    says: String,
}

/// What all say, in their order.
pub(crate) fn words(standing: &Standing) -> Vec<Said> {
    let word = |(member, said): &(String, sharewell_consortium::Said)| Said {
        member: member.clone(),
        yes: said.objection(member).is_none(),
        says: match said {
            sharewell_consortium::Said::Yes { time, until: None } => format!("yes, {time}"),
            sharewell_consortium::Said::Yes { time, until: Some(until) } => {
                format!("yes, {time}, until {until}")
            }
            other => other.objection(member).unwrap_or_default(),
        },
    };
    standing.0.iter().map(word).collect()
}

/// The words as lines for people.
pub(crate) fn lines(said: &[Said]) -> String {
    let rows = said.iter().map(|said| vec![said.member.clone(), said.says.clone()]);
    show::grid(&["party", "says"], &rows.collect::<Vec<_>>(), 2)
}
