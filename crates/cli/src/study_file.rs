//! A study on disk, and what lies beside it.

use std::path::{Path, PathBuf};

use sharewell_engine::Plan;
use sharewell_study::Study;

use crate::failure::Failure;

/// A study that has been read, checked and planned.
pub(crate) struct StudyFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) plan: Plan,
}

impl StudyFile {
    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!("cannot read the study {}: {error}", path.display()))
        })?;
        Self::of(path, text)
    }

    /// Takes the text of a file that another process has read.
    pub(crate) fn of(path: &Path, text: String) -> Result<Self, Failure> {
        let study = Study::parse(&text, &path.to_string_lossy())
            .map_err(|report| Failure::Usage(report.to_string()))?;
        let plan = Plan::of(&study)?;
        Ok(Self { path: path.to_owned(), text, plan })
    }

    pub(crate) fn study(&self) -> &Study {
        self.plan.study()
    }

    /// A party's private mapping file, if it is at the usual place.
    pub(crate) fn mapping_of(&self, party: &str) -> PathBuf {
        self.folder().join("sources").join(format!("{party}.toml"))
    }

    /// Where a party's quality report goes.
    pub(crate) fn report_of(&self, party: &str) -> PathBuf {
        self.folder().join("reports").join(format!("{party}.json"))
    }

    /// Where what opens a party's commitment goes.
    pub(crate) fn opening_of(&self, party: &str) -> PathBuf {
        self.report_of(party).with_extension("opening.json")
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}
