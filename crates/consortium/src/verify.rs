//! Whether a log holds, for somebody who was not there: with nothing but the consortium's files.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{
    Consortium, Countersigned, Digest, Entry, Error, Event, Kind, Log, Signed, Statement, Time,
    Verdict,
};

/// What a log proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose log it is.
    pub member: String,
    /// Entries.
    pub entries: usize,
    /// SHA-256 of the last one.
    pub head: Digest,
    /// From when to when.
    pub span: [Time; 2],
    /// Approvals of studies by this member.
    pub approvals: usize,
    /// Runs that all parties have signed for.
    pub runs: usize,
    /// Runs that began and did not end so.
    pub failed: usize,
    /// What other members' logs came to when they last ran with this one: by name.
    pub others: BTreeMap<String, String>,
}

/// Proves a log from its first byte to its last: every entry follows the one before and is signed
/// by the node's key; that key is the member's in the consortium; every statement in it is signed by
/// the key of the member who makes it; every run that began was approved by all its parties; every
/// receipt is signed by all its parties, and names an entry of this very log as the last one when
/// the run began.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(log: &Path, history: &[Consortium]) -> Result<Verified, Error> {
    let (entries, head) = Log::entries_of(log)?;
    let first = &entries[0].body;
    let Event::Created { member, .. } = &first.event else {
        return Err(Error::Broken("the log does not begin with its node".to_owned()));
    };
    let last = &entries[entries.len() - 1];
    let broken =
        |number: u64, why: String| Error::Line { path: log.into(), line: number as usize + 1, why };
    let newest = history.first().ok_or_else(|| Error::Broken("no consortium".to_owned()))?;
    let of_member = history.iter().find_map(|version| version.member(member));
    let of_member = of_member
        .ok_or_else(|| broken(0, format!("{} has never had a member {member}", newest.name)))?;
    // A key may be changed after the last entry was signed: then it is the new one that the log
    // names last.
    let named_last = match &last.body.event {
        Event::Rotated { key } => key,
        _ => &last.key,
    };
    if *named_last != of_member.key.to_string() {
        let why = format!("it ends under {named_last}, and {member}'s key is {}", of_member.key);
        return Err(broken(last.body.number, why));
    }
    let mut found = Verified {
        member: member.clone(),
        entries: entries.len(),
        head,
        span: [first.time, last.body.time],
        approvals: 0,
        runs: 0,
        failed: 0,
        others: BTreeMap::new(),
    };
    let mut seen =
        Seen { history, begun: BTreeMap::new(), failed: BTreeMap::new(), words: BTreeMap::new() };
    for signed in &entries {
        let entry = &signed.body;
        let told = seen.entry(signed, &mut found);
        told.map_err(|why| broken(entry.number, why))?;
    }
    found.failed = seen.begun.len() + seen.failed.len();
    Ok(found)
}

/// What the entries before say.
struct Seen<'a> {
    history: &'a [Consortium],
    /// Runs that have not ended, by the entries that began them: of which study.
    begun: BTreeMap<String, String>,
    /// Those that failed, likewise.
    failed: BTreeMap<String, String>,
    /// The last word of each member on each text, and its place in the member's log.
    words: BTreeMap<(String, Digest), (u64, Verdict)>,
}

impl Seen<'_> {
    fn entry(&mut self, signed: &Signed<Entry>, found: &mut Verified) -> Result<(), String> {
        let entry = &signed.body;
        match &entry.event {
            Event::Said { statement } => {
                let body = &statement.body;
                if body.member != found.member || body.entry != entry.number {
                    return Err("the statement is not this log's own".to_owned());
                }
                let is_study = body.document == Kind::Study;
                found.approvals += usize::from(is_study && body.verdict == Verdict::Approves);
                self.word(statement)
            }
            Event::Heard { statement } => self.word(statement),
            Event::Started(start) => {
                let approved = |party: &&String| {
                    let word = self.words.get(&((*party).clone(), start.text));
                    !matches!(word, Some((_, Verdict::Approves)))
                };
                if let Some(party) = start.parties.iter().find(approved) {
                    return Err(format!("the run began though {party} had not approved it"));
                }
                self.begun.insert(signed.digest().to_string(), start.study.clone());
                Ok(())
            }
            Event::Releases { begun } => {
                let begun = begun.to_string();
                // A node that was stopped may have given a run up that its process had not.
                let is_known = self.begun.contains_key(&begun) || self.failed.contains_key(&begun);
                let why = "a run opens its result that did not begin, or has finished";
                if is_known { Ok(()) } else { Err(why.to_owned()) }
            }
            Event::Failed { begun, .. } => {
                let study = self.begun.remove(&begun.to_string());
                let study = study.ok_or_else(|| "a run fails that did not begin".to_owned())?;
                // It may be heard later that all had signed.
                self.failed.insert(begun.to_string(), study);
                Ok(())
            }
            Event::Finished { receipt } => self.finished(receipt, found),
            Event::Created { .. }
            | Event::Rotated { .. }
            | Event::Adopted { .. }
            | Event::Proposed { .. }
            | Event::Policy { .. }
            | Event::Refused { .. } => Ok(()),
        }
    }

    /// Whether this is, or was, the key of a member of this name.
    fn is_known(&self, member: &str, key: &str) -> bool {
        let keys = self.history.iter().filter_map(|version| version.member(member));
        keys.into_iter().any(|member| member.key.to_string() == key)
    }

    fn word(&mut self, statement: &Signed<Statement>) -> Result<(), String> {
        let body = &statement.body;
        if body.verdict == Verdict::Calls {
            return Ok(());
        }
        if statement.signer().is_none() || !self.is_known(&body.member, &statement.key) {
            return Err(format!("this statement is not signed by a key of {}", body.member));
        }
        let word = self.words.entry((body.member.clone(), body.text));
        let word = word.or_insert((body.entry, body.verdict));
        if body.entry >= word.0 {
            *word = (body.entry, body.verdict);
        }
        Ok(())
    }

    fn finished(&mut self, signed: &Countersigned, found: &mut Verified) -> Result<(), String> {
        signed.verify().map_err(|party| format!("{party} has not signed this receipt"))?;
        let receipt = &signed.receipt;
        let unknown = receipt.parties.iter().find(|of| !self.is_known(&of.party, &of.key));
        if let Some(party) = unknown {
            return Err(format!("{} never was the key of {}", party.key, party.party));
        }
        let own = receipt.parties.iter().find(|party| party.party == found.member);
        let own = own.ok_or_else(|| format!("{} has no part in this receipt", found.member))?;
        let begun = self.begun.remove(&own.log).or_else(|| self.failed.remove(&own.log));
        if begun.as_ref() != Some(&receipt.study) {
            return Err("the receipt names no entry of this log by which its run began: entries \
                        have been changed"
                .to_owned());
        }
        let others = receipt.parties.iter().filter(|party| party.party != found.member);
        found.others.extend(others.map(|party| (party.party.clone(), party.log.clone())));
        found.runs += 1;
        Ok(())
    }
}
