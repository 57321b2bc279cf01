//! `sharewell key`: a node's key pair, and the file that holds its private half.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use sharewell_engine::Identity;

use crate::failure::Failure;
use crate::show;

/// Make a node's key pair.
#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key pair: the private half goes into FILE, the public half is printed for the study
    ///
    /// Whoever has the file can take part in a study in this party's name: it is readable by its
    /// owner only, and an existing file is never overwritten.
    #[command(after_help = "Example:\n  sharewell key new op_a.key")]
    New {
        /// Where the private half goes
        file: PathBuf,
    },
    /// Print the public half of the key in FILE
    Show {
        /// The file that `key new` made
        file: PathBuf,
    },
}

impl Key {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let identity = match &self {
            Self::New { file } => {
                let identity =
                    Identity::generate().map_err(|error| Failure::Run(error.to_string()))?;
                write(file, &identity)?;
                identity
            }
            Self::Show { file } => read(file)?,
        };
        show::out(&format!("key = \"{}\"\n", identity.public()));
        Ok(())
    }
}

const HEAD: &str = "# The private key of a Sharewell node. Whoever has it can speak for its owner.";

fn write(path: &Path, identity: &Identity) -> Result<(), Failure> {
    let digits: String = identity.seed().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(format!("{HEAD}\n{digits}\n").as_bytes()));
    written.map_err(|error| Failure::Usage(format!("key file {}: {error}", path.display())))
}

/// Reads what [`write()`] has written.
pub(crate) fn read(path: &Path) -> Result<Identity, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("key file {}: {error}", path.display())))?;
    let digits = text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let seed = seed(digits).ok_or_else(|| {
        Failure::Usage(format!(
            "key file {}: it does not hold 64 hexadecimal digits; make a key by `sharewell key new`",
            path.display()
        ))
    })?;
    Ok(Identity::from_seed(&seed))
}

fn seed(digits: String) -> Option<[u8; 32]> {
    let digits = digits.into_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let mut seed = [0; 32];
    if digits.len() != 2 * seed.len() {
        return None;
    }
    for (byte, pair) in seed.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(seed)
}
