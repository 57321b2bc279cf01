//! The file that holds a node's private key.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use sharewell_net::{Identity, PublicKey, sealed};

use crate::{Error, hex};

const HEAD: &str = "# The private key of a Sharewell node. Whoever has it can speak for its owner.";

/// Writes a key into a new file that only its owner may read; under a passphrase if there is one.
///
/// # Errors
/// If there is such a file, or it cannot be written.
pub fn write_key(path: &Path, identity: &Identity, word: Option<&[u8]>) -> Result<(), Error> {
    let text = match word {
        None => format!("{HEAD}\n{}\n", hex::digits(identity.seed().as_ref())),
        Some(word) => {
            let sealed = sealed::seal(identity, word)
                .map_err(|error| Error::Broken(format!("{}: {error}", path.display())))?;
            let public = identity.public();
            format!(
                "{HEAD}\n# It is sealed under a passphrase.\n{public}\n{}\n",
                hex::digits(&sealed)
            )
        }
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(Error::file(path))
}

/// Reads what [`write_key`] has written.
///
/// # Errors
/// If others may read the file, the passphrase is missing or another one, or there is no key in it.
pub fn read_key(path: &Path, word: Option<&[u8]>) -> Result<Identity, Error> {
    let broken = |why: &str| Error::Broken(format!("key file {}: {why}", path.display()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(Error::file(path))?.permissions().mode();
        if mode & 0o077 != 0 {
            let why = format!(
                "others than its owner may read it (mode {:03o}): `chmod 600` it, and make a new key \
                 if they may have",
                mode & 0o777
            );
            return Err(broken(&why));
        }
    }
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    match (lines[..].as_ref(), word) {
        ([seed], _) => {
            hex::bytes::<32>(seed).map(|seed| Identity::from_seed(&seed)).ok_or_else(|| {
                broken("it does not hold 64 hexadecimal digits; make a key by `sharewell key new`")
            })
        }
        ([public, digits], word) => {
            let public: Option<PublicKey> = public.parse().ok();
            let sealed = hex::bytes::<{ sealed::LEN }>(digits);
            let (Some(public), Some(sealed)) = (public, sealed) else {
                return Err(broken("it does not hold a sealed key"));
            };
            let word = word.ok_or_else(|| {
                broken(
                    "it is sealed: name the file with its passphrase by --passphrase-file, or put the \
                     passphrase into SHAREWELL_PASSPHRASE",
                )
            })?;
            sealed::open(&sealed, public, word).ok_or_else(|| {
                broken("the passphrase is another one, or the file has been changed")
            })
        }
        _ => Err(broken("it does not hold a key; make one by `sharewell key new`")),
    }
}
