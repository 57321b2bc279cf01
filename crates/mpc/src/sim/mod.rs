//! Parties as threads in one process: deterministic, metered, tamperable, in virtual time.
//!
//! A simulation runs the code that runs in production over links in memory. Everything random
//! comes from the seed, so a run replays to the byte; with a [`Wan`] nobody sleeps, and the
//! time that it would take is exact. Key agreement (step `keys`) is set-up and is left out of
//! every cost.

mod tap;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sharewell_net::{Abort, Lane, Limits, Transport, Wan, memory};
/// What an adversary is told, and does.
pub use sharewell_net::{Fate, Frame, PartyId};

use crate::protocols::tally::Tallied;
use crate::{Entropy, Error, Party, Result};
use tap::{Act, Log, Tap};
pub use tap::{Sent, View};

/// Lengths of the frames of each link and lane, in order: what an observer of the network
/// sees. Must not depend on secrets.
pub type Shape = BTreeMap<(PartyId, PartyId, Lane), Vec<usize>>;

/// Parties in one process.
#[derive(Clone)]
pub struct Sim {
    parties: u8,
    seed: u64,
    limits: Limits,
    wan: Option<Wan>,
    corrupt: Option<(PartyId, Arc<Act>)>,
    keep_views: bool,
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let corrupt = self.corrupt.as_ref().map(|(party, _)| party);
        write!(f, "Sim({} parties, seed {}, {:?} corrupt)", self.parties, self.seed, corrupt)
    }
}

/// What a run took, measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Rounds, and bytes and frames of each link: what a quote promises.
    pub messages: Tallied,
    /// Virtual time from the agreed keys to the last party's end; zero without a [`Wan`].
    pub time: Duration,
    /// What an observer of the network sees.
    pub shape: Shape,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome<T> {
    /// Each party's result.
    pub outputs: Vec<Result<T>>,
    /// What it took.
    pub cost: Cost,
    /// The frames that each party sent, in its order, key agreement apart.
    pub sent: Vec<Vec<Sent>>,
    /// Everything that each party received, in its order, if asked for by [`Sim::views`].
    pub views: Vec<Vec<View>>,
}

impl<T> Outcome<T> {
    /// Every party's value.
    ///
    /// # Errors
    /// The first error that is not another party's giving up.
    pub fn values(self) -> Result<Vec<T>> {
        let follows = |e: &Error| matches!(e, Error::Net(sharewell_net::Error::Aborted { .. }));
        let (mut values, mut first) = (vec![], None);
        for output in self.outputs {
            match output {
                Ok(value) => values.push(value),
                Err(error) if first.as_ref().is_none_or(follows) => first = Some(error),
                Err(_) => {}
            }
        }
        first.map_or(Ok(values), Err)
    }
}

impl<T> IntoIterator for Outcome<T> {
    type Item = Result<T>;
    type IntoIter = std::vec::IntoIter<Result<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.outputs.into_iter()
    }
}

impl Sim {
    /// With a fixed seed.
    #[must_use]
    pub fn new(parties: u8) -> Self {
        let limits = Limits::default();
        Self { parties, seed: 1, limits, wan: None, corrupt: None, keep_views: false }
    }

    /// Another seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Other limits of waiting and memory; not with a [`Wan`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// In virtual time over this network.
    #[must_use]
    pub fn wan(self, wan: Wan) -> Self {
        Self { wan: Some(wan), ..self }
    }

    /// Lets one party deviate: `act` may spoil each frame that it sends, told the receiver and
    /// how many frames have gone before, key agreement apart.
    #[must_use]
    pub fn adversary(
        self,
        party: PartyId,
        act: impl Fn(PartyId, usize, &mut Frame) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self { corrupt: Some((party, Arc::new(act))), ..self }
    }

    /// Keeps the bodies of all frames that each party receives.
    #[must_use]
    pub fn views(self) -> Self {
        Self { keep_views: true, ..self }
    }

    /// Runs the same program at every party. One party's error or panic ends the others.
    ///
    /// # Panics
    /// If a party panics.
    pub fn run<T: Send>(&self, program: impl Fn(Party, Entropy) -> Result<T> + Sync) -> Outcome<T> {
        let mesh = match self.wan {
            Some(wan) => memory::virtual_mesh(self.parties, wan),
            None => memory::mesh_with(self.parties, self.limits),
        };
        let program = &program;
        let ended: Vec<_> = std::thread::scope(|scope| {
            let parties = mesh.into_iter().map(|link| {
                let corrupt = self.corrupt.as_ref().filter(|(party, _)| *party == link.me());
                let tap = Tap::new(link, corrupt.map(|(_, act)| act.clone()), self.keep_views);
                scope.spawn(move || run_party(tap, self.seed, program))
            });
            let parties: Vec<_> = parties.collect();
            parties.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        outcome(ended)
    }
}

fn run_party<T>(
    tap: Tap,
    seed: u64,
    program: impl Fn(Party, Entropy) -> Result<T>,
) -> (Result<T>, Log) {
    // Dropped by a panic of the program, the links tell the others that this party died.
    let tap = Arc::new(tap);
    let output = program(Party::new(tap.clone()), Entropy::Seed(seed));
    if let Err(error) = &output {
        tap.abort(Abort::from(error));
    }
    let log = tap.take_log();
    (output, log)
}

fn outcome<T>(ended: Vec<std::thread::Result<(Result<T>, Log)>>) -> Outcome<T> {
    let mut cost = Cost::default();
    let (mut outputs, mut sent, mut views) = (vec![], vec![], vec![]);
    let (mut set_up, mut end) = (Duration::ZERO, Duration::ZERO);
    for party in ended {
        let (output, log) = party.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        for frame in &log.sent {
            let link = (frame.from.0, frame.to.0);
            *cost.messages.links.entry(link).or_default() += frame.len as u64;
            *cost.messages.frames.entry(link).or_default() += 1;
            cost.messages.rounds = cost.messages.rounds.max(frame.clock.saturating_add(1));
            cost.shape.entry((frame.from, frame.to, frame.lane)).or_default().push(frame.len);
        }
        set_up = set_up.max(log.set_up);
        end = end.max(log.end);
        outputs.push(output);
        sent.push(log.sent);
        views.push(log.received);
    }
    cost.time = end.saturating_sub(set_up);
    Outcome { outputs, cost, sent, views }
}

#[cfg(test)]
mod tests;
