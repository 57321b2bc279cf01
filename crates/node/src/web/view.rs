//! What the API and the pages tell, the same for both.

use std::collections::BTreeMap;

use serde::Serialize;
use sharewell_consortium::{Case, Digest, End, Said, Standing, Time, Verdict};
use sharewell_engine::{Leak, Quote};

use crate::Error;
use crate::cases::{Planned, lock};
use crate::exchange::Health;
use crate::node::Node;
use crate::runs::word;
use crate::worker::Stage;

/// The node itself.
#[derive(Serialize)]
pub(crate) struct Self_ {
    pub(crate) name: String,
    pub(crate) software: &'static str,
    pub(crate) consortium: String,
    pub(crate) version: u64,
    /// The last entry of the log.
    pub(crate) log: String,
    pub(crate) entries: usize,
}

impl Self_ {
    pub(crate) fn of(node: &Node) -> Result<Self, Error> {
        let consortium = node.home.consortium(Time::now())?;
        let log = node.log()?;
        Ok(Self {
            name: node.home.name.clone(),
            software: sharewell_consortium::SOFTWARE,
            consortium: consortium.name,
            version: consortium.version,
            log: log.last().map_or(Digest::NONE, |last| last.digest()).to_string(),
            entries: log.len(),
        })
    }
}

/// A study in a list.
#[derive(Serialize)]
pub(crate) struct Line {
    /// SHA-256 of its file, by which it is addressed.
    pub(crate) text: String,
    pub(crate) name: String,
    pub(crate) purpose: String,
    /// Whether it waits for this node's word.
    pub(crate) waits: bool,
    /// In words.
    pub(crate) state: String,
    pub(crate) runs: usize,
}

/// All studies, the newest first.
pub(crate) fn lines(node: &Node) -> Result<Vec<Line>, Error> {
    let now = Time::now();
    let consortium = node.home.consortium(now)?;
    let mut lines = vec![];
    for case in node.book()?.iter().rev() {
        let Ok(known) = node.known(case.text) else { continue };
        // The plan is not needed to say who is missing, and may take seconds.
        let said = |name: &str| last(case, name);
        let missing: Vec<&str> = known
            .study
            .parties
            .iter()
            .map(|party| party.name.as_str())
            .filter(|name| said(name) != Some(Verdict::Approves))
            .collect();
        let waits = said(&node.home.name).is_none();
        let running = lock(&node.running).values().any(|run| run.text == case.text);
        let rejected = missing.iter().any(|name| said(name).is_some());
        let state = match case.runs.last() {
            _ if running => "running".to_owned(),
            Some(run) if run.end.is_some() => word(run.end.as_ref()).to_owned(),
            _ if rejected => "rejected".to_owned(),
            _ if missing.is_empty() => "approved by all".to_owned(),
            _ => format!("waits for {}", missing.join(", ")),
        };
        lines.push(Line {
            text: case.text.to_string(),
            name: case.name.clone(),
            purpose: known.study.purpose.clone(),
            waits: waits && known.study.party(&node.home.name).is_some(),
            state,
            runs: case.runs.len(),
        });
    }
    debug_assert!(!consortium.members.is_empty());
    Ok(lines)
}

/// The last word of a member on a study.
fn last(case: &Case, member: &str) -> Option<Verdict> {
    let own = case.statements.iter().map(|said| &said.body);
    let own = own.filter(|body| body.member == member && body.verdict != Verdict::Calls);
    own.max_by_key(|body| body.entry).map(|body| body.verdict)
}

/// A study with everything that its steward has to know.
#[derive(Serialize)]
pub(crate) struct Whole {
    pub(crate) text: String,
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) hash: String,
    /// The document.
    pub(crate) document: String,
    pub(crate) protocol: &'static str,
    pub(crate) threat: &'static str,
    pub(crate) parties: Vec<Word>,
    /// Whether all have approved it and this node's policy allows it.
    pub(crate) agreed: bool,
    pub(crate) leakage: Vec<Leak>,
    pub(crate) quote: Quote,
    /// Why this node does not approve it.
    pub(crate) refused: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// What is other than in the last study of this name.
    pub(crate) changes: Vec<Change>,
    pub(crate) runs: Vec<RunLine>,
}

/// What a party says.
#[derive(Serialize)]
pub(crate) struct Word {
    pub(crate) party: String,
    pub(crate) roles: String,
    pub(crate) yes: bool,
    pub(crate) says: String,
}

/// A line of a document that came or went.
#[derive(Serialize)]
pub(crate) struct Change {
    pub(crate) came: bool,
    pub(crate) line: String,
}

/// A run.
#[derive(Serialize)]
pub(crate) struct RunLine {
    /// The entry by which it began, by which it is addressed.
    pub(crate) begun: String,
    pub(crate) time: String,
    /// "running", "finished", "failed" or "unknown".
    pub(crate) state: String,
    pub(crate) why: Option<String>,
    pub(crate) stage: Option<Stage>,
    /// Whether this node has its results.
    pub(crate) has_results: bool,
}

impl Whole {
    pub(crate) fn of(node: &Node, text: Digest) -> Result<Self, Error> {
        let now = Time::now();
        let case = node.case(text)?;
        let planned = node.planned(text)?;
        let (standing, past, _) = node.stands(&planned, now)?;
        let (plan, study) = (&planned.plan, &planned.known.study);
        let mut quote = plan.quote();
        let members = study.parties.iter().map(|party| party.name.as_str());
        let measured = node.home.measured(members);
        quote.estimates.extend(measured.map(|of| plan.estimate_on(of.rtt_s, of.bits_per_s)));
        Ok(Self {
            text: text.to_string(),
            name: study.name.clone(),
            purpose: study.purpose.clone(),
            hash: plan.hash().to_string(),
            document: planned.known.text.clone(),
            protocol: plan.protocol(),
            threat: plan.withstands().threat,
            agreed: standing.is_agreed() && past.refused.is_empty(),
            parties: words(&planned, &standing),
            leakage: plan.leakage(),
            quote,
            refused: past.refused,
            warnings: past.warnings,
            changes: changes(node, &case, &planned)?,
            runs: case.runs.iter().rev().map(|run| RunLine::of(node, run)).collect(),
        })
    }
}

fn words(planned: &Planned, standing: &Standing) -> Vec<Word> {
    let parties = planned.known.study.parties.iter();
    let word = |(party, (member, said)): (&sharewell_study::Party, &(String, Said))| {
        let roles = party.roles;
        let names = [
            (roles.data, "gives records"),
            (roles.compute, "computes"),
            (roles.recipient, "gets the results"),
        ];
        let names: Vec<&str> =
            names.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
        Word {
            party: member.clone(),
            roles: names.join(", "),
            yes: matches!(said, Said::Yes { .. }),
            says: match said {
                Said::Yes { time, until: None } => format!("yes, {time}"),
                Said::Yes { time, until: Some(until) } => format!("yes, {time}, until {until}"),
                other => other.objection(member).unwrap_or_default(),
            },
        }
    };
    parties.zip(&standing.0).map(word).collect()
}

/// Lines that came and went since the last text of the same name.
fn changes(node: &Node, case: &Case, planned: &Planned) -> Result<Vec<Change>, Error> {
    let book = node.book()?;
    let before = book.iter().take_while(|other| other.text != case.text);
    let before = before.filter(|other| other.name == case.name).last();
    let Some(before) = before.and_then(|before| node.known(before.text).ok()) else {
        return Ok(vec![]);
    };
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    Ok(difference(&lines(&before.text), &lines(&planned.known.text)))
}

/// What has to go and to come, in order, by the longest common subsequence.
fn difference(old: &[String], new: &[String]) -> Vec<Change> {
    /// Beyond this a document is another one.
    const LINES: usize = 2000;
    if old.len() > LINES || new.len() > LINES {
        let line = "the document is too long to be compared".to_owned();
        return vec![Change { came: true, line }];
    }
    let width = new.len() + 1;
    let mut common = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut changes) = (0, 0, vec![]);
    while i < old.len() || j < new.len() {
        let both = i < old.len() && j < new.len();
        if both && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            changes.push(Change { came: false, line: old[i].clone() });
            i += 1;
        } else {
            changes.push(Change { came: true, line: new[j].clone() });
            j += 1;
        }
    }
    changes
}

impl RunLine {
    pub(crate) fn of(node: &Node, run: &sharewell_consortium::Run) -> Self {
        let stage = lock(&node.running).get(&run.begun).map(|run| run.stage.clone());
        let state = if stage.is_some() { "running" } else { word(run.end.as_ref()) };
        let why = match &run.end {
            Some(End::Failed(why, _)) => Some(why.clone()),
            _ => None,
        };
        Self {
            begun: run.begun.to_string(),
            time: run.time.to_string(),
            state: state.to_owned(),
            why,
            stage,
            has_results: node.home.results_of(run.begun).join("report.json").exists(),
        }
    }
}

/// A run by its entry.
pub(crate) fn run(node: &Node, begun: Digest) -> Result<(Case, RunLine), Error> {
    for case in node.book()? {
        if let Some(run) = case.runs.iter().find(|run| run.begun == begun) {
            let line = RunLine::of(node, run);
            return Ok((case, line));
        }
    }
    Err(Error::Unknown("such run"))
}

/// The other members as they were last found.
pub(crate) fn peers(node: &Node) -> BTreeMap<String, Health> {
    lock(&node.health).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_lead_from_one_document_to_the_other() {
        let lines = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        for (old, new) in [("", ""), ("abc", "abc"), ("", "ab"), ("ab", ""), ("axbyc", "abzc")] {
            let changes = difference(&lines(old), &lines(new));
            let gone: String = changes.iter().filter(|of| !of.came).map(|of| &*of.line).collect();
            let came: String = changes.iter().filter(|of| of.came).map(|of| &*of.line).collect();
            assert_eq!(old.len() - gone.len(), new.len() - came.len(), "{old} {new}");
        }
        let changes = difference(&lines("axbyc"), &lines("abzc"));
        assert_eq!(changes.iter().map(|of| &*of.line).collect::<String>(), "xyz");
    }
}
