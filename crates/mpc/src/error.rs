//! What can go wrong in a protocol, by what the caller can do about it.

use std::fmt;

use sharewell_net::{PartyId, Place};

/// The result of a protocol step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Parties of whom one or more have deviated, as far as the one that noticed it can tell: its
/// links prove to it alone who sent what. None, if it could have been any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspects(Vec<(PartyId, Place)>);

impl Suspects {
    /// These parties, and where they are.
    pub(crate) fn new(suspects: impl IntoIterator<Item = (PartyId, Place)>) -> Self {
        Self(suspects.into_iter().collect())
    }

    /// Who they are.
    pub fn parties(&self) -> impl Iterator<Item = PartyId> {
        self.0.iter().map(|(party, _)| *party)
    }
}

impl fmt::Display for Suspects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("some party");
        }
        for (i, (party, at)) in self.0.iter().enumerate() {
            write!(f, "{}{party}{at}", if i == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

/// Why a protocol stopped. Never carries a secret or a share.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A link failed: the peer is absent, silent, dead, out of step, or gave up.
    #[error(transparent)]
    Net(#[from] sharewell_net::Error),
    /// A party was caught deviating from the protocol.
    #[error("a check of `{step}` failed: {suspects} deviated from the protocol")]
    Cheating {
        /// The step whose check failed.
        step: &'static str,
        /// Who may have done it.
        suspects: Suspects,
    },
    /// The program could compute wrongly: refused before any run.
    #[error("`{step}` takes values in {limit}, and these could lie in {bound}")]
    Overflow {
        /// The step that could overflow.
        step: &'static str,
        /// Where its values may lie, printed.
        limit: String,
        /// Where they lie, as far as can be proved, printed.
        bound: String,
    },
    /// An operation of this run has failed before.
    #[error("this run has failed and its keys are destroyed: only a new run can try again")]
    Ended,
    /// This party does not go on, for a reason of its own.
    #[error("{0}")]
    Declined(String),
    /// The operating system gave no randomness.
    #[error("the operating system's random generator failed")]
    Entropy,
}

/// The reason to give to the others when a run ends with this error.
impl From<&Error> for sharewell_net::Abort {
    fn from(error: &Error) -> Self {
        match error {
            Error::Net(error) => error.into(),
            Error::Cheating { .. } => Self::Cheating,
            Error::Overflow { .. } | Error::Declined(_) | Error::Ended | Error::Entropy => {
                Self::Failed
            }
        }
    }
}
