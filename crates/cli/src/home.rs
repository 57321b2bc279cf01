//! A node's folder on the command line: `sharewell init`, and `--home` of all that speaks for a node.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sharewell_consortium::{self as consortium, Home, Member, Proposal, Refused};
use sharewell_engine::Identity;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::show;
use crate::study_file::StudyFile;

pub(crate) use sharewell_consortium::SOFTWARE;

/// The node that a command speaks for.
#[derive(Args)]
pub(crate) struct At {
    /// The node's folder, which `sharewell init` has made
    #[arg(long, value_name = "FOLDER", env = "SHAREWELL_HOME")]
    pub(crate) home: PathBuf,
    #[command(flatten)]
    word: Passphrase,
}

impl At {
    pub(crate) fn word(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        self.word.read()
    }

    pub(crate) fn open(&self) -> Result<Home, Failure> {
        let word = self.word()?;
        Ok(Home::open(&self.home, word.as_deref().map(Vec::as_slice))?)
    }
}

/// What a private key may be sealed under.
#[derive(Args)]
pub(crate) struct Passphrase {
    /// The passphrase of the node's key is the first line of this file; without it, that of the
    /// environment variable SHAREWELL_PASSPHRASE counts, if there is one
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let text = match &self.passphrase_file {
            Some(path) => std::fs::read_to_string(path)
                .map(Some)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?,
            None => std::env::var("SHAREWELL_PASSPHRASE").ok(),
        };
        let Some(text) = text.map(Zeroizing::new) else { return Ok(None) };
        let line = text.lines().next().unwrap_or("").trim();
        if line.is_empty() {
            return Err(Failure::Usage("the passphrase is empty".to_owned()));
        }
        Ok(Some(Zeroizing::new(line.as_bytes().to_vec())))
    }
}

/// Make a node: its folder with key, policy and log.
///
/// Prints what the consortium's document has to say of this node. The private key never leaves the
/// folder; it is sealed if there is a passphrase, and readable by its owner only in any case.
/// `policy.toml` in the folder limits what this node's own steward can approve: read it, change it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell init north --name north --organisation \"North Air\" --address north.example:7100
  sharewell init oversight --name oversight --organisation \"Aviation Authority\" \\
      --address oversight.example:7100 --roles recipient,auditor --passphrase-file word.txt")]
pub(crate) struct Init {
    /// The folder, which is made
    folder: PathBuf,
    /// The node's name in the consortium and in studies
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Whose node it is, in words
    #[arg(long, value_name = "TEXT")]
    organisation: String,
    /// Where others reach it
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// What it may do
    #[arg(
        long,
        value_name = "ROLES",
        value_delimiter = ',',
        default_value = "data,compute,recipient"
    )]
    roles: Vec<Role>,
    #[command(flatten)]
    word: Passphrase,
}

/// [`consortium::Role`] as an argument.
#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Data,
    Compute,
    Recipient,
    Auditor,
}

impl From<Role> for consortium::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Data => Self::Data,
            Role::Compute => Self::Compute,
            Role::Recipient => Self::Recipient,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let identity = Identity::generate().map_err(|error| Failure::Run(error.to_string()))?;
        let member = Member {
            name: self.name.clone(),
            organisation: self.organisation.clone(),
            key: identity.public(),
            address: Some(self.address.clone()),
            roles: self.roles.iter().map(|role| (*role).into()).collect(),
        };
        let block = member.block()?;
        let word = self.word.read()?;
        let word = word.as_deref().map(Vec::as_slice);
        Home::create(&self.folder, (&self.name, &identity), word, SOFTWARE)?;
        let folder = self.folder.display();
        eprintln!(
            "{folder} is the node {}. Read {folder}/policy.toml: it limits what can be approved here.\n\
             The consortium's document says of this node:\n",
            self.name
        );
        show::out(&block);
        Ok(())
    }
}

/// What a plan tells of a study, for statements and logs.
pub(crate) struct Terms {
    leakage: Vec<String>,
}

impl Terms {
    pub(crate) fn of(file: &StudyFile) -> Self {
        Self { leakage: file.plan.leakage().iter().map(ToString::to_string).collect() }
    }

    pub(crate) fn proposal<'a>(&'a self, file: &'a StudyFile) -> Proposal<'a> {
        Proposal {
            path: &file.path,
            text: &file.text,
            study: file.study(),
            protocol: file.plan.protocol(),
            leakage: &self.leakage,
            software: SOFTWARE,
        }
    }
}

/// What is printed of a study that a node does not approve, or run.
pub(crate) fn refusal(node: &Home, what: &str, file: &StudyFile, refused: &Refused) -> Failure {
    let why: String = refused.0.iter().map(|why| format!("  - {why}\n")).collect();
    Failure::Usage(format!(
        "{} does not {what} {}:\n{why}The node's log tells this refusal.",
        node.name,
        file.path.display()
    ))
}
