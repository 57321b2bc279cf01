//! Why a command ends without a result, and which exit status says so.

use std::fmt;

use sharewell_engine as engine;

/// What is printed, and how the process ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command or the study is wrong: nothing was begun.
    Usage(String),
    /// A run did not end with a result.
    Run(String),
}

impl Failure {
    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Run(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(text) | Self::Run(text)) = self;
        // Reports of a study say `error:` themselves, once for each mistake.
        let head = if text.starts_with("error: ") { "" } else { "error: " };
        write!(f, "{head}{text}")
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Refused(refusal) => Self::Usage(refusal.to_string()),
            other => Self::Run(other.to_string()),
        }
    }
}

impl From<sharewell_node::Error> for Failure {
    fn from(error: sharewell_node::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<sharewell_consortium::Error> for Failure {
    fn from(error: sharewell_consortium::Error) -> Self {
        Self::Usage(error.to_string())
    }
}
