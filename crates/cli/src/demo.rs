//! `sharewell demo`: the example study, from check to result, wherever the binary is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::run::rehearse;
use crate::show;
use crate::study_file::StudyFile;
use crate::units::Distance;

/// Three operators compute a failure rate without showing each other a row.
///
/// Seventy diesel generator fans at three operators, each of which is a process of its own, reads
/// its own CSV file and talks mutual TLS on loopback. The same as
/// `sharewell run examples/failure-rate/study.toml --local`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell demo
  sharewell demo --rtt 50ms --bandwidth 100mbit     as if the operators were far apart")]
pub(crate) struct Demo {
    #[command(flatten)]
    distance: Distance,
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    json: bool,
}

macro_rules! example {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../examples/failure-rate/", $name)))),*]
    };
}

const STUDY: &str = "study.toml";
const FILES: &[(&str, &str)] = example![
    "study.toml",
    "sources/op_a.toml",
    "sources/op_b.toml",
    "sources/op_c.toml",
    "sources/party_a.csv",
    "sources/party_b.csv",
    "sources/party_c.csv",
];

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let folder = Folder::new().map_err(|error| {
            Failure::Run(format!("cannot write to {}: {error}", std::env::temp_dir().display()))
        })?;
        let file = StudyFile::load(&folder.0.join(STUDY))?;
        let told = rehearse(&file, self.distance.wide())?;
        told.print(&file, self.json, |_| {
            let text = "Every row stayed in the process of the operator whose it is. Between the \
                        operators passed random shares of sums, and what the study releases.";
            show::prose(0, text)
        });
        Ok(())
    }
}

/// A folder of this process's own, which goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let folder = Self(create_private(&std::env::temp_dir())?);
        fs::create_dir(folder.0.join("sources"))?;
        for (name, text) in FILES {
            fs::write(folder.0.join(name), text)?;
        }
        Ok(folder)
    }
}

/// A new folder that nobody else may read.
fn create_private(within: &Path) -> io::Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let mut number = 0;
    loop {
        let path = within.join(format!("sharewell-demo-{}-{number}", std::process::id()));
        match builder.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|()| path),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever clears temporary folders.
        let _ = fs::remove_dir_all(&self.0);
    }
}
