//! `sharewell key`: a node's key pair, and the file that holds its private half.

use std::path::PathBuf;

use clap::Subcommand;
use sharewell_consortium::{read_key, write_key};
use sharewell_engine::Identity;

use crate::failure::Failure;
use crate::home::{At, Passphrase};
use crate::show;

/// Make a node's key pair.
#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key pair: the private half goes into FILE, the public half is printed for the study
    ///
    /// Whoever has the file can take part in a study in this party's name: it is readable by its
    /// owner only, sealed if there is a passphrase, and an existing file is never overwritten.
    #[command(after_help = "Example:\n  sharewell key new op_a.key")]
    New {
        /// Where the private half goes
        file: PathBuf,
        #[command(flatten)]
        word: Passphrase,
    },
    /// Print the public half of the key in FILE
    Show {
        /// The file that `key new` made
        file: PathBuf,
        #[command(flatten)]
        word: Passphrase,
    },
    /// Give a node a new key; its log names it, and the consortium takes it into its next version
    Rotate {
        #[command(flatten)]
        at: At,
    },
}

impl Key {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let identity = match &self {
            Self::New { file, word } => {
                let identity = generate()?;
                write_key(file, &identity, word.read()?.as_deref().map(Vec::as_slice))?;
                identity
            }
            Self::Show { file, word } => {
                read_key(file, word.read()?.as_deref().map(Vec::as_slice))?
            }
            Self::Rotate { at } => {
                let identity = generate()?;
                let public = identity.public();
                at.open()?.rotate(identity, at.word()?.as_deref().map(Vec::as_slice))?;
                show::out(&format!("key = \"{public}\"\n"));
                return Ok(());
            }
        };
        show::out(&format!("key = \"{}\"\n", identity.public()));
        Ok(())
    }
}

fn generate() -> Result<Identity, Failure> {
    Identity::generate().map_err(|error| Failure::Run(error.to_string()))
}
