//! What nodes ask each other: what is new, and how a run ended.
//!
//! Every node asks every other member now and then. The one that is asked tells what concerns the
//! other: studies in which both have a part, what was said of them, and receipts of runs that the
//! other does not know the end of. Nobody is believed by this: statements and receipts carry their
//! signatures, and documents are what is said of them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sharewell_consortium::{
    Case, Consortium, Countersigned, Digest, End, Event, SOFTWARE, Signed, Statement, Time,
};
use sharewell_net::PublicKey;
use sharewell_net::talk::{TALK_MAX, Talker, Unanswered};
use sharewell_study::Study;

use crate::Error;
use crate::cases::lock;
use crate::node::Node;
use crate::runs;

/// Between two questions to the same node.
pub(crate) const INTERVAL: Duration = Duration::from_secs(2);
/// Longest document.
const DOCUMENT_MAX: usize = 1 << 20;
/// Most studies that a node keeps; more are not taken from others.
const CASES_MAX: usize = 10_000;
/// Part of an answer that documents and statements may take.
const NEWS_MAX: usize = TALK_MAX / 2;

/// A question.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The asker's program.
    pub software: String,
    /// The asker's consortium, SHA-256 of its document.
    pub consortium: Digest,
    /// Documents and statements that the asker has.
    pub have: Vec<Digest>,
    /// Calls that the asker followed, without knowing that all have signed for the run.
    pub open: Vec<Digest>,
    /// Fills the question up, so that the time of an answer tells the bandwidth.
    pub filling: String,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tell {
    /// The program of the one who was asked.
    pub software: String,
    /// Its consortium.
    pub consortium: Digest,
    /// Its clock.
    pub time: Time,
    /// Studies.
    pub documents: Vec<String>,
    /// What was said.
    pub statements: Vec<Signed<Statement>>,
    /// Receipts of runs that followed these calls.
    pub receipts: Vec<Countersigned>,
    /// Which of these calls it does not follow.
    pub declined: Vec<Digest>,
    /// Which of these calls it has followed without a result.
    pub failed: Vec<Digest>,
}

/// How another member was last found.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// When it last answered.
    pub answered: Option<Time>,
    /// Why it does not answer now.
    pub trouble: Option<String>,
    /// One round trip, in seconds.
    pub rtt_s: Option<f64>,
    /// How far its clock is ahead of this one, in seconds.
    pub clock_s: Option<i64>,
    /// Its program.
    pub software: Option<String>,
    /// Whether it has the same consortium.
    pub agrees: Option<bool>,
}

/// Asks everybody, again and again.
pub(crate) fn forever(node: &Arc<Node>) {
    loop {
        let Ok(consortium) = node.home.consortium(Time::now()) else {
            thread::sleep(INTERVAL);
            continue;
        };
        thread::scope(|scope| {
            let others = consortium.members.iter().filter(|of| of.name != node.home.name);
            for member in others {
                let Some(address) = &member.address else { continue };
                let consortium = &consortium;
                scope.spawn(move || ask_one(node, consortium, &member.name, member.key, address));
            }
        });
        thread::sleep(INTERVAL);
    }
}

fn ask_one(node: &Node, consortium: &Consortium, name: &str, key: PublicKey, address: &str) {
    let found = learn(node, consortium, (name, key, address));
    let mut all = lock(&node.health);
    let before = all.get(name).cloned();
    let health = match found {
        Ok(health) => health,
        Err(why) => Health {
            answered: before.as_ref().and_then(|before| before.answered),
            trouble: Some(why.to_string()),
            rtt_s: None,
            clock_s: None,
            software: before.as_ref().and_then(|before| before.software.clone()),
            agrees: before.as_ref().and_then(|before| before.agrees),
        },
    };
    all.insert(name.to_owned(), health);
}

/// Asks one member what is new, and takes it.
fn learn(
    node: &Node,
    consortium: &Consortium,
    (name, key, address): (&str, PublicKey, &str),
) -> Result<Health, Error> {
    let question = question(node, consortium.text)?;
    let (tell, health, _) = ask(&node.talker, key, address, &question)
        .map_err(|why| Error::Refused(vec![why.to_string()]))?;
    take(node, consortium, name, tell)?;
    Ok(health)
}

/// One question to one node, how it was found, and how long its answer took.
///
/// # Errors
/// Why there was no answer.
pub fn ask(
    talker: &Talker,
    key: PublicKey,
    address: &str,
    question: &Ask,
) -> Result<(Tell, Health, Duration), Unanswered> {
    let bytes = serde_json::to_vec(question).map_err(|error| Unanswered::Broken(error.into()))?;
    let answer = talker.ask(key, address, &bytes)?;
    let tell: Tell =
        serde_json::from_slice(&answer.bytes).map_err(|error| Unanswered::Broken(error.into()))?;
    let now = Time::now();
    let health = Health {
        answered: Some(now),
        trouble: None,
        rtt_s: Some(answer.dialled.as_secs_f64()),
        clock_s: Some(tell.time.0 as i64 - now.0 as i64),
        software: Some(tell.software.clone()),
        agrees: Some(tell.consortium == question.consortium),
    };
    Ok((tell, health, answer.took))
}

fn question(node: &Node, consortium: Digest) -> Result<Ask, Error> {
    let book = node.book()?;
    let said = book.iter().flat_map(|case| case.statements.iter().map(Signed::digest));
    let texts = book.iter().filter(|case| node.known(case.text).is_ok()).map(|case| case.text);
    let runs = book.iter().flat_map(|case| &case.runs);
    let open = runs.filter(|run| !matches!(run.end, Some(End::Finished(..))));
    Ok(Ask {
        software: SOFTWARE.to_owned(),
        consortium,
        have: said.chain(texts).collect(),
        open: open.filter_map(|run| run.call).collect(),
        filling: String::new(),
    })
}

/// What is new for a member that asks.
pub(crate) fn answer(node: &Node, key: PublicKey, question: &[u8]) -> Option<Vec<u8>> {
    let consortium = node.home.consortium(Time::now()).ok()?;
    let asker = consortium.members.iter().find(|member| member.key == key)?;
    let ask: Ask = serde_json::from_slice(question).ok()?;
    let mut tell = Tell {
        software: SOFTWARE.to_owned(),
        consortium: consortium.text,
        time: Time::now(),
        documents: vec![],
        statements: vec![],
        receipts: vec![],
        declined: vec![],
        failed: vec![],
    };
    let refused = lock(&node.declined).clone();
    tell.declined.extend(ask.open.iter().filter(|call| refused.contains(call)));
    let have: std::collections::HashSet<Digest> = ask.have.into_iter().collect();
    let mut room = NEWS_MAX;
    for case in node.book().ok()? {
        let Ok(known) = node.known(case.text) else { continue };
        if known.study.party(&asker.name).is_none() {
            continue;
        }
        if !have.contains(&case.text) && known.text.len() <= room {
            room -= known.text.len();
            tell.documents.push(known.text.clone());
        }
        for statement in &case.statements {
            let len = statement.to_line().len();
            if !have.contains(&statement.digest()) && len <= room {
                room -= len;
                tell.statements.push(statement.clone());
            }
        }
        tell.receipts.extend(receipts(&case, &ask.open));
        let failed = case.runs.iter().filter(|run| matches!(run.end, Some(End::Failed(..))));
        let calls = failed.filter_map(|run| run.call);
        tell.failed.extend(calls.filter(|call| ask.open.contains(call)));
    }
    serde_json::to_vec(&tell).ok().filter(|bytes| bytes.len() <= TALK_MAX)
}

fn receipts(case: &Case, open: &[Digest]) -> Vec<Countersigned> {
    let asked = case.runs.iter().filter(|run| run.call.is_some_and(|call| open.contains(&call)));
    asked
        .filter_map(|run| match &run.end {
            Some(End::Finished(receipt, _)) => Some((**receipt).clone()),
            _ => None,
        })
        .collect()
}

/// Takes what another member has told.
fn take(node: &Node, consortium: &Consortium, from: &str, tell: Tell) -> Result<(), Error> {
    let book = node.book()?;
    for text in tell.documents {
        let is_known = book.iter().any(|case| case.text == Digest::of(text.as_bytes()));
        if text.len() > DOCUMENT_MAX || book.len() >= CASES_MAX || is_known && has(node, &text) {
            continue;
        }
        let Ok(study) = Study::parse(&text, "study") else { continue };
        if study.party(from).is_some() && study.party(&node.home.name).is_some() {
            node.home.proposed(&text, &study.name, from)?;
            (node.say)(&format!("the study \"{}\" came from {from}", study.name));
        }
    }
    let members: Vec<(String, PublicKey)> =
        consortium.members.iter().map(|member| (member.name.clone(), member.key)).collect();
    // Of studies that this node does not know nobody need tell.
    let of_known = tell.statements.into_iter().filter(|said| node.known(said.body.text).is_ok());
    node.home.heard(of_known.collect(), &members)?;
    for (calls, why) in [
        (&tell.declined, format!("{from} does not take part: its own log says why")),
        (&tell.failed, format!("it has ended at {from}")),
    ] {
        let going: Vec<Digest> = lock(&node.running)
            .iter()
            .filter(|(_, run)| calls.contains(&run.call) && is_party(node, run.text, from))
            .map(|(begun, _)| *begun)
            .collect();
        for begun in going {
            // It may have ended by itself, and this is why.
            let _ = runs::cancel(node, begun, &why);
        }
    }
    for receipt in tell.receipts {
        settle(node, receipt)?;
    }
    Ok(())
}

/// Whether a member has a part in a study: nobody else can end its runs.
fn is_party(node: &Node, text: Digest, member: &str) -> bool {
    node.known(text).is_ok_and(|known| known.study.party(member).is_some())
}

fn has(node: &Node, text: &str) -> bool {
    node.known(Digest::of(text.as_bytes())).is_ok()
}

/// A run that this node was stopped in, or left too early, ended well if all have signed for it,
/// this node too.
fn settle(node: &Node, receipt: Countersigned) -> Result<(), Error> {
    if receipt.verify().is_err() {
        return Ok(());
    }
    let own = receipt.receipt.parties.iter().find(|party| party.party == node.home.name);
    let Some(own) = own.filter(|own| own.key == node.home.identity.public().to_string()) else {
        return Ok(());
    };
    let runs = node.book()?.into_iter().flat_map(|case| case.runs);
    let is_open = |run: &sharewell_consortium::Run| {
        run.begun.to_string() == own.log
            && !matches!(run.end, Some(End::Finished(..)))
            && !lock(&node.running).contains_key(&run.begun)
    };
    if runs.into_iter().any(|run| is_open(&run)) {
        node.home.ended(Event::Finished { receipt })?;
    }
    Ok(())
}
