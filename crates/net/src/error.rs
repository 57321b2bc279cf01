//! What can go wrong between parties, said so that a user knows whom to call.

use std::{fmt, io, sync::Arc, time::Duration};

use crate::{PartyId, Step};

/// Result of anything on a link.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a link does not deliver. Names the party, and the step and the elapsed time of a wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The deadline of one wait has passed; the peer may still be alive.
    #[error(
        "{peer}{at} did not send `{step}` within {:.1} s: it is stopped, overloaded or cut off",
        waited.as_secs_f64()
    )]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Timeout { peer: PartyId, at: Place, step: Step, waited: Duration },

    /// The peer is gone, so what is waited for cannot come.
    #[error("{peer}{at} {how}; `{step}` was awaited for {:.1} s", waited.as_secs_f64())]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Closed { peer: PartyId, at: Place, how: Ending, step: Step, waited: Duration },

    /// A party gave up and said so.
    #[error("{peer}{at} stopped the run: {reason}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Aborted { peer: PartyId, at: Place, reason: Abort },

    /// A peer sent bytes that no honest party sends.
    #[error("{peer}{at} sent what no correct program sends: {what}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Malformed { peer: PartyId, at: Place, what: &'static str },

    /// A peer is at another place of the program. For the floor above, which numbers the frames.
    #[error("{peer} is out of step at `{step}`: its {what} is {got}, expected {want}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Desync { peer: PartyId, step: Step, what: &'static str, want: u64, got: u64 },

    /// A bound on memory was reached.
    #[error("{what} of {peer}{at} reached the limit of {limit} bytes: raise the memory budget")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Exhausted { peer: PartyId, at: Place, what: &'static str, limit: usize },

    /// The operating system refused something that concerns no peer.
    #[error("{what}: {kind}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Io { what: &'static str, kind: io::ErrorKind },
}

/// Where a peer is, if the transport knows: its name in the study and its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(Option<Arc<str>>);

impl Place {
    /// A peer with this name at this address.
    #[must_use]
    pub fn new(name: &str, address: &str) -> Self {
        Self(Some(format!("{name}, {address}").into()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// How a peer's side of a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It said goodbye: its program had no more to say.
    Finished,
    /// The link broke without a goodbye: its process was killed or crashed, or the link was cut.
    Died,
    /// Nothing came for this long, not even the sign of life that an idle party sends.
    Silent(Duration),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("has already ended its run"),
            Self::Died => f.write_str("is gone: its process ended or the link was cut"),
            Self::Silent(time) => write!(
                f,
                "has given no sign of life for {:.1} s: it is stopped or cut off",
                time.as_secs_f64()
            ),
        }
    }
}

/// Why a party gives up. It travels to every peer, so it can carry nothing but what stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// A check of the computation failed: some party deviated.
    Cheating,
    /// Parties were at different places of the program.
    Desync,
    /// It waited for this party in vain.
    Lost(PartyId),
    /// A memory budget was used up.
    Exhausted,
    /// It could not go on for a reason of its own, which its own report tells.
    Failed,
    /// Its user or operator stopped it.
    Cancelled,
    /// Its program crashed.
    Crashed,
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cheating => f.write_str("a check of the computation failed"),
            Self::Desync => f.write_str("the parties do not run the same program"),
            Self::Lost(peer) => write!(f, "it waited for {peer} in vain"),
            Self::Exhausted => f.write_str("its memory budget is used up"),
            Self::Failed => f.write_str("it could not go on, and its own report says why"),
            Self::Cancelled => f.write_str("its operator stopped it"),
            Self::Crashed => f.write_str("its program crashed"),
        }
    }
}

/// The reason to give to the others when a run ends with this error.
impl From<&Error> for Abort {
    fn from(error: &Error) -> Self {
        match error {
            Error::Timeout { peer, .. } | Error::Closed { peer, .. } => Self::Lost(*peer),
            Error::Aborted { reason, .. } => *reason,
            Error::Malformed { .. } | Error::Desync { .. } => Self::Desync,
            Error::Exhausted { .. } => Self::Exhausted,
            Error::Io { .. } => Self::Failed,
        }
    }
}
