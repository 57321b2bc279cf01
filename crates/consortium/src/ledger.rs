//! What a member's records have told, run by run, and what that has spent of their budget.
//!
//! A run counts from its beginning until it is known to have failed before its result was opened:
//! no budget is spent twice by runs that go on at once, and none is lost by a run that told nothing.
//! What several studies spend together is reckoned with Rényi divergence where that is tighter than
//! the sum (`sharewell-dp`).

use std::fmt;

use serde::{Deserialize, Serialize};
use sharewell_dp::{Curve, epsilon_of, rho_for};
use sharewell_study::Privacy;

use crate::event::Start;
use crate::{Digest, Entry, Event, Signed, Time};

/// What a study spends, as its file says it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    /// Epsilon.
    pub epsilon: String,
    /// Delta, if there is one.
    pub delta: Option<String>,
    /// "record" or "organisation". What hides an organisation hides each of its records, too.
    pub unit: String,
}

/// "0.5 for each record" and the like.
impl fmt::Display for Spend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epsilon {}", self.epsilon)?;
        if let Some(delta) = &self.delta {
            write!(f, ", delta {delta}")?;
        }
        write!(f, " for each {}", self.unit)
    }
}

impl State {
    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Opened => "opened",
            Self::Unopened => "unopened",
        }
    }
}

impl Spend {
    /// The promise of a study.
    #[must_use]
    pub fn of(privacy: &Privacy) -> Self {
        Self {
            epsilon: privacy.epsilon.to_string(),
            delta: privacy.delta.map(|delta| delta.to_string()),
            unit: privacy.unit.name().to_owned(),
        }
    }

    /// Epsilon and delta; what cannot be read spends everything.
    fn numbers(&self) -> (f64, f64) {
        let number = |text: &str| text.parse().unwrap_or(f64::INFINITY);
        (number(&self.epsilon), self.delta.as_deref().map_or(0.0, number))
    }

    fn curve(&self) -> Option<Curve> {
        let (epsilon, delta) = self.numbers();
        if !(epsilon.is_finite() && delta < 1.0) {
            return None;
        }
        Some(if delta == 0.0 {
            Curve::pure(epsilon)
        } else {
            Curve::gaussian(rho_for(epsilon, delta))
        })
    }
}

/// What all studies on a member's records may spend.
#[derive(Clone, Copy, Debug, Serialize, PartialEq)]
pub struct Budget {
    /// Epsilon.
    pub epsilon: f64,
    /// Delta; 0 allows studies without one alone.
    pub delta: f64,
}

/// Whether a run's result may be known.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The run goes on.
    Running,
    /// It is, or may be.
    Opened,
    /// It is not: the run failed before.
    Unopened,
}

/// A run that used this member's records.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Line {
    /// When it began.
    pub time: Time,
    /// The study's name.
    pub name: String,
    /// Its hash.
    pub study: String,
    /// Who learned of it.
    pub recipients: Vec<String>,
    /// What it spends; none if it adds no noise.
    pub spend: Option<Spend>,
    /// Whether that counts.
    pub state: State,
}

/// What several runs come to.
#[derive(Clone, Copy, Debug, Serialize, PartialEq)]
pub struct Total {
    /// Epsilon, at this delta.
    pub epsilon: f64,
    /// Delta.
    pub delta: f64,
}

/// The runs that used a member's records, and what they have spent.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Ledger {
    /// The first run first.
    pub lines: Vec<Line>,
    /// What all are allowed, if the policy says so.
    pub budget: Option<Budget>,
    /// What those that count have spent.
    pub spent: Total,
}

impl Ledger {
    /// What a log tells about this member's records.
    #[must_use]
    pub fn of(log: &[Signed<Entry>], member: &str, budget: Option<Budget>) -> Self {
        let gave = |of: &Opening<'_>| of.start.givers.iter().any(|name| name == member);
        let line = |of: Opening<'_>| Line {
            time: of.time,
            name: of.start.name.clone(),
            study: of.start.study.clone(),
            recipients: of.start.recipients.clone(),
            spend: of.start.spend.clone(),
            state: of.state,
        };
        let lines: Vec<Line> = opened(log).into_iter().filter(gave).map(line).collect();
        let spent = total(&counting(&lines), budget);
        Self { lines, budget, spent }
    }

    /// Runs that count and add no noise: no number says what they have told.
    #[must_use]
    pub fn unnoised(&self) -> usize {
        let counts = |line: &&Line| line.state != State::Unopened && line.spend.is_none();
        self.lines.iter().filter(counts).count()
    }

    /// What all runs come to, in one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let Total { epsilon, delta } = self.spent;
        let spent = format!("an epsilon of {} at delta {delta}", rounded(epsilon));
        let mut text = match self.budget {
            None => format!("Spent: {spent}; the site's policy sets no budget."),
            Some(budget) => format!("Spent: {spent}, of {}.", budget.epsilon),
        };
        let unnoised = self.unnoised();
        if unnoised > 0 {
            text += &format!(" Runs that added no noise and count for nothing here: {unnoised}.");
        }
        text
    }

    /// Why the budget is not enough for a run more.
    #[must_use]
    pub fn overspent(&self, next: &Start, member: &str) -> Option<String> {
        let budget = self.budget?;
        let spend = next.spend.as_ref()?;
        if !next.givers.iter().any(|name| name == member) {
            return None;
        }
        let mut spends = counting(&self.lines);
        let before = total(&spends, self.budget).epsilon;
        spends.push(spend);
        let after = total(&spends, self.budget).epsilon;
        let Budget { epsilon, delta } = budget;
        // What is calculated is rounded up, and may lie above the sum that it stands for.
        (after > epsilon * (1.0 + 1e-9)).then(|| {
            format!(
                "of the budget of {member}'s records, an epsilon of {epsilon} at delta {delta}, \
                 {} is spent, and with this study it would be {}",
                rounded(before),
                rounded(after)
            )
        })
    }
}

fn rounded(epsilon: f64) -> String {
    match epsilon.is_finite() {
        true => format!("{:.4}", epsilon).trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => "without limit".to_owned(),
    }
}

fn counting(lines: &[Line]) -> Vec<&Spend> {
    let counting = lines.iter().filter(|line| line.state != State::Unopened);
    counting.filter_map(|line| line.spend.as_ref()).collect()
}

/// The tightest of what is known: the plain sum, and what Rényi divergence says at this delta.
fn total(spends: &[&Spend], budget: Option<Budget>) -> Total {
    let plain = spends.iter().map(|spend| spend.numbers());
    let (epsilon, deltas) = plain.fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    let delta = budget.map_or(deltas, |budget| budget.delta);
    let mut least = if deltas <= delta { epsilon } else { f64::INFINITY };
    let curves: Option<Vec<Curve>> = spends.iter().map(|spend| spend.curve()).collect();
    if let Some((first, rest)) = curves.as_ref().and_then(|curves| curves.split_first())
        && delta > 0.0
    {
        let all = rest.iter().fold(first.clone(), Curve::and);
        least = least.min(epsilon_of(&all, delta));
    }
    Total { epsilon: least, delta }
}

/// A run as a log knows it.
pub(crate) struct Opening<'a> {
    pub(crate) start: &'a Start,
    pub(crate) state: State,
    time: Time,
}

/// All runs, and whether their results may be known.
pub(crate) fn opened(log: &[Signed<Entry>]) -> Vec<Opening<'_>> {
    let mut begun: Vec<(Digest, Opening<'_>)> = vec![];
    let change = |begun: &mut Vec<(Digest, Opening<'_>)>, by: &str, to: fn(State) -> State| {
        let known = begun.iter_mut().find(|(digest, _)| digest.to_string() == by);
        known.into_iter().for_each(|(_, of)| of.state = to(of.state));
    };
    for entry in log {
        match &entry.body.event {
            Event::Started(start) => {
                let (state, time) = (State::Running, entry.body.time);
                begun.push((entry.digest(), Opening { start, state, time }));
            }
            Event::Releases { begun: by } => change(&mut begun, &by.to_string(), |_| State::Opened),
            Event::Failed { begun: by, .. } => {
                let failed = |state| match state {
                    State::Running => State::Unopened,
                    known => known,
                };
                change(&mut begun, &by.to_string(), failed);
            }
            Event::Finished { receipt } => {
                for party in &receipt.receipt.parties {
                    change(&mut begun, &party.log, |_| State::Opened);
                }
            }
            _ => {}
        }
    }
    begun.into_iter().map(|(_, of)| of).collect()
}
