//! What can go wrong, and what to do about it.

use sharewell_mpc::Error as MpcError;
use sharewell_net::Error as NetError;

/// Why a study was not planned or a run did not end with a result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The study cannot be run as it is: found before anything runs.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A protocol step failed.
    #[error(transparent)]
    Protocol(#[from] MpcError),
    /// The parties could not be connected.
    #[error(transparent)]
    Link(#[from] NetError),
    /// A local value lies outside what the schema proves: the local phase did not keep to it.
    #[error("the local phase gave a value outside the bounds of `{measure}`: nothing was shared")]
    OutOfBounds {
        /// The measure, without its value.
        measure: String,
    },
    /// Records of the second party of a join are not told apart by what it joins by.
    #[error(
        "two records of {party} agree in the columns by which the query joins them to another's; \
         each of the first party's has one partner at most: join by columns that tell {party}'s \
         apart, or exchange the two in FROM: nothing was shared"
    )]
    RepeatedKey {
        /// The party.
        party: String,
    },
    /// A party signed another account of the run than the others: there is no result.
    #[error(
        "{0} has not signed the account of this run that the others have: the run does not count; \
         ask its operator what its log says"
    )]
    Receipt(String),
    /// A data party came without its local values, or another party with some.
    #[error("{party} is {}a data party of this study", if *.is_data { "" } else { "not " })]
    Role {
        /// The party.
        party: String,
        /// Whether it should have brought values.
        is_data: bool,
    },
}

/// A refusal: what is wrong with the study, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}\n  help: {help}")]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}
