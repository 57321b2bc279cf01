//! Why a node does not start, or does not do what it is asked for.

use std::io;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder, the consortium, the policy or the log does not hold.
    #[error(transparent)]
    Consortium(#[from] sharewell_consortium::Error),
    /// The system did not do something.
    #[error("{what}: {error}")]
    Io {
        /// What.
        what: String,
        /// Why.
        error: io::Error,
    },
    /// A study has mistakes, or cannot be planned.
    #[error("{0}")]
    Study(String),
    /// There is no such study or run here.
    #[error("there is no {0} here")]
    Unknown(&'static str),
    /// It is not allowed, for these reasons.
    #[error("{}", .0.join("; "))]
    Refused(Vec<String>),
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}
