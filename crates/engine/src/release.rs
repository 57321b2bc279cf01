//! Before anything is opened, every party's log knows that it will be.
//!
//! A party that stops before that has opened nothing, and nobody else opens anything either: its
//! log need not count the run. One that stops later finds in its log that the result may be known.

use std::fmt;
use std::sync::Arc;

use sharewell_mpc::{Error, Party, Result};
use sharewell_net::{PartyId, Step};
use sharewell_ring::Z64;

/// One round, of eight bytes to each other party: outside every quote, as the set-up is.
pub(crate) const RELEASE: Step = Step("release");

/// Writes into a party's log that a run opens its result; why not, in one sentence.
type Write = dyn Fn() -> std::result::Result<(), String> + Send + Sync;

/// Where a party keeps what it does.
#[derive(Clone, Default)]
pub struct Log {
    /// The entry by which the run began; zeros for none.
    pub last: [u8; 32],
    before_release: Option<Arc<Write>>,
}

impl Log {
    /// A log whose last entry is this one. `before_release` is called once, when everything is
    /// computed and nothing has been opened; if it fails, nothing is.
    pub fn new(
        last: [u8; 32],
        before_release: impl Fn() -> std::result::Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { last, before_release: Some(Arc::new(before_release)) }
    }

    fn write(&self) -> Result<()> {
        let written = self.before_release.as_ref().map_or(Ok(()), |write| write());
        written.map_err(|why| {
            Error::Declined(format!(
                "nothing is opened, since this party's log cannot tell it: {why}"
            ))
        })
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

/// Returns when the logs of all parties know. Who does not compute cannot tell when everything is
/// computed: it hears of it first from those who do.
pub(crate) fn agree(party: &mut Party, computing: u8, log: &Log) -> Result<()> {
    let me = party.me().0;
    let others = (0..party.parties()).filter(|other| *other != me);
    let (computes, attends): (Vec<u8>, Vec<u8>) = others.partition(|other| *other < computing);
    let hear = |party: &mut Party, others: &[u8]| {
        let mut others = others.iter().map(|other| PartyId(*other));
        others.try_for_each(|other| party.recv::<Z64>(other, RELEASE, 1).map(drop))
    };
    if me >= computing {
        hear(party, &computes)?;
    }
    log.write()?;
    for other in computes.iter().chain(&attends) {
        party.send(PartyId(*other), RELEASE, &[Z64(1)])?;
    }
    if me < computing {
        hear(party, &computes)?;
    }
    hear(party, &attends)
}
