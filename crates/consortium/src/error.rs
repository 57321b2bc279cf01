//! What can be wrong with documents, signatures and logs.

use std::io;
use std::path::PathBuf;

use sharewell_study::Report;

/// Why something that was signed, or is to be signed, does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A document has mistakes.
    #[error(transparent)]
    Document(#[from] Report),
    /// A line is not as it was written.
    #[error("{}:{line}: {why}", path.display())]
    Line {
        /// In which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// What was signed does not hold.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }
}
