//! What can go wrong between parties, said so that a user knows whom to call.

use std::{fmt, io, sync::Arc, time::Duration};

use crate::{PartyId, PublicKey, Step};

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
    #[error("{peer}{at} stopped the run: {reason}{whom}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Aborted { peer: PartyId, at: Place, reason: Abort, whom: Place },

    /// A peer sent bytes that no honest party sends.
    #[error("{peer}{at} sent what no correct program sends: {what}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Malformed { peer: PartyId, at: Place, what: &'static str },

    /// A peer is at another place of the program. For the floor above, which numbers the frames.
    #[error(
        "{peer}{at} is out of step at `{step}`: its {what} is {got}, expected {want}; do all parties \
         run the same version?"
    )]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Desync { peer: PartyId, at: Place, step: Step, what: &'static str, want: u64, got: u64 },

    /// A bound on memory was reached.
    #[error("{what} {peer}{at} reached the limit of {limit} bytes: raise the memory budget")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Exhausted { peer: PartyId, at: Place, what: &'static str, limit: usize },

    /// The peer answered, and the two cannot work together.
    #[error("{peer}{at} {why}")]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Handshake { peer: PartyId, at: Place, why: Refusal },

    /// The peer could not be reached, or did not come.
    #[error("{peer}{at} did not come within {:.1} s: {obstacle}", waited.as_secs_f64())]
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Absent { peer: PartyId, at: Place, waited: Duration, obstacle: Obstacle },

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

/// Why two parties that have found each other cannot work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The peer proved another key than the study names for it.
    #[expect(missing_docs, reason = "the message says what the fields are")]
    WrongKey { got: PublicKey, want: PublicKey },
    /// The peer's study names another key for this party than the one it has.
    #[expect(missing_docs, reason = "the message says what the fields are")]
    Unknown { ours: PublicKey },
    /// This party's own key is not the one that the study names for it.
    #[expect(missing_docs, reason = "the message says what the fields are")]
    OwnKey { got: PublicKey, want: PublicKey },
    /// The two hold different studies.
    #[expect(missing_docs, reason = "the message says what the fields are")]
    OtherSession { ours: [u8; 32], theirs: [u8; 32] },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongKey { got, want } => {
                write!(
                    f,
                    "presented another key than the study's: got {got}, the study says {want}"
                )
            }
            Self::Unknown { ours } => {
                write!(f, "refused this party's key {ours}: its study names another")
            }
            Self::OwnKey { got, want } => {
                write!(f, "is this party, and its key file holds {got} where the study says {want}")
            }
            Self::OtherSession { ours, theirs } => {
                f.write_str("holds another study: its hash is ")?;
                theirs[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("..., this party's is ")?;
                ours[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("...")
            }
        }
    }
}

/// What stood between two parties, as far as this side can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The address does not resolve.
    NoSuchHost,
    /// The host answers and nothing listens on the port.
    Refused,
    /// The host does not answer.
    NoAnswer,
    /// Something answers that is not a party, or that hangs up.
    NotAParty,
    /// The peer was reached and has not called back.
    NoCall,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchHost => "the address does not resolve",
            Self::Refused => {
                "connection refused, nothing listens there: the party has not started or has ended"
            }
            Self::NoAnswer => "the host does not answer: it is off, or a firewall stands between",
            Self::NotAParty => "something else than a party answers there, or it hangs up",
            Self::NoCall => {
                "it was reached but has not called back: \
                 it cannot reach this party's address in the study"
            }
        })
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
    /// It and this party hold different studies or keys.
    Study(PartyId),
    /// A memory budget was used up.
    Exhausted,
    /// It could not go on for a reason of its own, which its own report tells.
    Failed,
    /// Its user or operator stopped it.
    Cancelled,
    /// Its program crashed.
    Crashed,
    /// Its own data could not be prepared; its own report says why.
    Unprepared,
}

impl Abort {
    /// The party that the reason speaks of.
    #[must_use]
    pub fn whom(self) -> Option<PartyId> {
        match self {
            Self::Lost(peer) | Self::Study(peer) => Some(peer),
            Self::Cheating
            | Self::Desync
            | Self::Exhausted
            | Self::Failed
            | Self::Cancelled
            | Self::Crashed
            | Self::Unprepared => None,
        }
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cheating => f.write_str("a check of the computation failed"),
            Self::Desync => f.write_str("the parties do not run the same program"),
            Self::Lost(peer) => write!(f, "it waited for {peer} in vain"),
            Self::Study(peer) => write!(f, "it and {peer} hold different studies or keys"),
            Self::Exhausted => f.write_str("its memory budget is used up"),
            Self::Failed => f.write_str("it could not go on, and its own report says why"),
            Self::Cancelled => f.write_str("its operator stopped it"),
            Self::Crashed => f.write_str("its program crashed"),
            Self::Unprepared => {
                f.write_str("it could not prepare its data, and its own report says why")
            }
        }
    }
}

/// The reason to give to the others when a run ends with this error.
impl From<&Error> for Abort {
    fn from(error: &Error) -> Self {
        match error {
            Error::Timeout { peer, .. }
            | Error::Closed { peer, .. }
            | Error::Absent { peer, .. } => Self::Lost(*peer),
            Error::Handshake { peer, .. } => Self::Study(*peer),
            // Who stops because another did points to that one, whose own word may come later.
            Error::Aborted {
                peer,
                reason:
                    Self::Exhausted | Self::Failed | Self::Cancelled | Self::Crashed | Self::Unprepared,
                ..
            } => Self::Lost(*peer),
            Error::Aborted { reason, .. } => *reason,
            Error::Malformed { .. } | Error::Desync { .. } => Self::Desync,
            Error::Exhausted { .. } => Self::Exhausted,
            Error::Io { .. } => Self::Failed,
        }
    }
}
