//! What a node's log comes to: its studies, what was said of each, and its runs.

use sharewell_study::Study;

use crate::event::Start;
use crate::{Countersigned, Digest, Entry, Event, Kind, Signed, Statement, Time, Verdict};

/// A study that this node knows of.
#[derive(Clone, Debug)]
pub struct Case {
    /// SHA-256 of its file.
    pub text: Digest,
    /// Its name.
    pub name: String,
    /// What was said of it, in the order in which this node heard it.
    pub statements: Vec<Signed<Statement>>,
    /// Its runs here, the first one first.
    pub runs: Vec<Run>,
}

/// A run that began at this node.
#[derive(Clone, Debug)]
pub struct Run {
    /// The entry by which it began.
    pub begun: Digest,
    /// The statement that called for it.
    pub call: Option<Digest>,
    /// When it began.
    pub time: Time,
    /// Whether this node let the result be opened: then it may be known, however the run ended.
    pub released: bool,
    /// How it ended, if this node knows.
    pub end: Option<End>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum End {
    /// All have signed for it.
    Finished(Box<Countersigned>, Time),
    /// Without a result, and why.
    Failed(String, Time),
}

/// What a log comes to; the newest study last.
#[must_use]
pub fn book(log: &[Signed<Entry>]) -> Vec<Case> {
    let mut cases: Vec<Case> = vec![];
    for entry in log {
        let time = entry.body.time;
        match &entry.body.event {
            Event::Said { statement } | Event::Heard { statement } => {
                let body = &statement.body;
                if body.document == Kind::Study {
                    case(&mut cases, body.text, &body.name).statements.push(statement.clone());
                }
            }
            Event::Proposed { text, name, .. } => {
                case(&mut cases, *text, name);
            }
            Event::Started(Start { text, name, call, .. }) => {
                let run =
                    Run { begun: entry.digest(), call: *call, time, released: false, end: None };
                case(&mut cases, *text, name).runs.push(run);
            }
            Event::Releases { begun } => {
                if let Some(run) = run(&mut cases, |run| run.begun == *begun) {
                    run.released = true;
                }
            }
            Event::Failed { begun, why } => {
                if let Some(run) = run(&mut cases, |run| run.begun == *begun) {
                    run.end = Some(End::Failed(why.clone(), time));
                }
            }
            Event::Finished { receipt } => {
                let parties = &receipt.receipt.parties;
                let is_it = |run: &Run| parties.iter().any(|of| of.log == run.begun.to_string());
                if let Some(run) = run(&mut cases, is_it) {
                    run.end = Some(End::Finished(Box::new(receipt.clone()), time));
                }
            }
            Event::Created { .. }
            | Event::Rotated { .. }
            | Event::Policy { .. }
            | Event::Adopted { .. }
            | Event::Refused { .. } => {}
        }
    }
    cases
}

fn case<'c>(cases: &'c mut Vec<Case>, text: Digest, name: &str) -> &'c mut Case {
    let at = cases.iter().position(|case| case.text == text).unwrap_or_else(|| {
        cases.push(Case { text, name: name.to_owned(), statements: vec![], runs: vec![] });
        cases.len() - 1
    });
    &mut cases[at]
}

fn run(cases: &mut [Case], is_it: impl Fn(&Run) -> bool) -> Option<&mut Run> {
    cases.iter_mut().flat_map(|case| &mut case.runs).find(|run| is_it(run))
}

impl Case {
    /// The last call for a run by one of the study's parties that holds now and that this node has
    /// not followed yet.
    #[must_use]
    pub fn call(&self, study: &Study, now: Time) -> Option<&Signed<Statement>> {
        self.calls(study).find(|call| call.body.until.is_some_and(|until| now <= until))
    }

    /// The last call of this day that had ended before this node followed it: it was not there, or
    /// its clock is not the caller's.
    #[must_use]
    pub fn missed(&self, study: &Study, now: Time) -> Option<&Signed<Statement>> {
        const DAY: u64 = 86_400;
        let ended = |until: Time| until < now && now.0 - until.0 < DAY;
        self.calls(study).find(|call| call.body.until.is_some_and(ended))
    }

    /// Calls that this node has not followed, the last one first.
    fn calls(&self, study: &Study) -> impl Iterator<Item = &Signed<Statement>> {
        self.statements.iter().rev().filter(|statement| {
            let body = &statement.body;
            let by_party = study.parties.iter().any(|party| party.name == body.member);
            let digest = Some(statement.digest());
            body.verdict == Verdict::Calls
                && by_party
                && !self.runs.iter().any(|run| run.call == digest)
        })
    }
}
