//! What all statements on a document come to.

use sharewell_net::PublicKey;

use crate::statement::{Kind, Statement, Verdict};
use crate::{Digest, Signed, Time};

/// What one member's statements come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It approves, until then.
    Yes {
        /// When it said so.
        time: Time,
        /// Until when.
        until: Option<Time>,
    },
    /// It rejects, or no longer approves.
    No {
        /// When it said so.
        time: Time,
        /// Why.
        reason: String,
    },
    /// Its approval has ended.
    Expired(Time),
    /// It approved other bytes under this name.
    Another(Time),
    /// Under another state of the consortium.
    Elsewhere(Time),
    /// Its program makes something else of it.
    Planned {
        /// When it said so.
        time: Time,
        /// Its program.
        software: String,
    },
    /// It has said nothing.
    Nothing,
}

impl Said {
    /// Why this is no yes, in one sentence.
    #[must_use]
    pub fn objection(&self, member: &str) -> Option<String> {
        Some(match self {
            Self::Yes { .. } => return None,
            Self::No { time, reason } if reason.is_empty() => {
                format!("{member} has said no ({time})")
            }
            Self::No { time, reason } => format!("{member} has said no ({time}): {reason}"),
            Self::Expired(until) => format!("the approval of {member} has ended ({until})"),
            Self::Another(time) => {
                format!("{member} has approved another text under this name ({time}), not this one")
            }
            Self::Elsewhere(time) => format!(
                "{member} has approved it under another version of the consortium ({time}): it must \
                 sign again"
            ),
            Self::Planned { time, software } => format!(
                "{member} has approved what {software} makes of it ({time}), and this program makes \
                 something else of it: all need the same version"
            ),
            Self::Nothing => format!("{member} has not approved it"),
        })
    }
}

/// The members whose word is needed, in their order, and what each has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing(pub Vec<(String, Said)>);

impl Standing {
    /// Whether all have said yes.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.missing().is_none()
    }

    /// The names of those who have not, if any.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let missing = self.0.iter().filter(|(_, said)| !matches!(said, Said::Yes { .. }));
        let names: Vec<&str> = missing.map(|(member, _)| member.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// The document that statements are about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Of which kind.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// SHA-256 of the file.
    pub text: Digest,
    /// The study's hash, or again that of the file.
    pub meaning: Digest,
    /// The consortium under which it is signed.
    pub under: Option<Digest>,
    /// What the program makes of a study.
    pub plan: Option<Digest>,
}

/// What these statements come to at a time, for members with their keys. What a member says under
/// another key than its own counts for nothing, and what it says later counts more.
#[must_use]
pub fn standing(
    of: &Subject<'_>,
    members: &[(String, PublicKey)],
    statements: &[Signed<Statement>],
    now: Time,
) -> Standing {
    let said = |(member, key): &(String, PublicKey)| {
        let own = statements.iter().filter(|signed| {
            let body = &signed.body;
            let about = body.document == of.kind && body.name == of.name;
            let about = about && body.verdict != Verdict::Calls;
            about && body.member == *member && signed.signer() == Some(*key)
        });
        // One text may replace another under the same name: only what is said of this one counts,
        // but that something else was approved is worth telling.
        let (here, elsewhere): (Vec<_>, Vec<_>) = own
            .map(|signed| &signed.body)
            .partition(|body| body.text == of.text && body.meaning == of.meaning);
        let last = here.into_iter().max_by_key(|body| body.entry);
        let said = match last {
            Some(body) => word(body, of, now),
            None => elsewhere
                .into_iter()
                .filter(|body| body.verdict == Verdict::Approves)
                .max_by_key(|body| body.entry)
                .map_or(Said::Nothing, |body| Said::Another(body.time)),
        };
        (member.clone(), said)
    };
    Standing(members.iter().map(said).collect())
}

fn word(body: &Statement, of: &Subject<'_>, now: Time) -> Said {
    let time = body.time;
    match body.verdict {
        // A call says nothing about consent, and is not among these.
        Verdict::Rejects | Verdict::Withdraws | Verdict::Calls => {
            Said::No { time, reason: body.reason.clone().unwrap_or_default() }
        }
        Verdict::Approves if body.under != of.under => Said::Elsewhere(time),
        Verdict::Approves if body.plan != of.plan => {
            Said::Planned { time, software: body.software.clone() }
        }
        Verdict::Approves => match body.until {
            Some(until) if until < now => Said::Expired(until),
            until => Said::Yes { time, until },
        },
    }
}
