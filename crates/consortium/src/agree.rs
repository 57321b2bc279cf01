//! How a node's steward says yes or no to a study, and how a run is let begin.

use std::path::Path;

use sharewell_net::PublicKey;
use sharewell_study::Study;

use crate::event::Start;
use crate::home::Word;
use crate::statement::{read_statements, signatures_beside};
use crate::{
    Consortium, Digest, Error, Event, Home, Kind, Past, Policy, Role, Signed, Spend, Standing,
    Statement, Subject, Time, Verdict, book, standing,
};

/// A study as a file of this site.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its bytes.
    pub text: &'a str,
    /// What it says.
    pub study: &'a Study,
    /// The protocol that its plan has chosen.
    pub protocol: &'a str,
    /// What its plan tells to whom.
    pub leakage: &'a [String],
    /// This program.
    pub software: &'a str,
}

impl Proposal<'_> {
    /// What statements are about.
    #[must_use]
    pub fn subject(&self, under: Option<Digest>) -> Subject<'_> {
        Subject {
            kind: Kind::Study,
            name: &self.study.name,
            text: Digest::of(self.text.as_bytes()),
            meaning: Digest(self.study.hash().0),
            under,
            plan: Some(self.plan()),
        }
    }

    /// What this program makes of it: another program that would run it otherwise has another one.
    fn plan(&self) -> Digest {
        let mut text = format!("sharewell plan 1\n{}\n{}\n", self.software, self.protocol);
        self.leakage.iter().for_each(|leak| text += &format!("{leak}\n"));
        Digest::of(text.as_bytes())
    }

    fn keys(&self) -> Vec<(String, PublicKey)> {
        let of = |party: &sharewell_study::Party| (party.name.clone(), PublicKey(party.key.0));
        self.study.parties.iter().map(of).collect()
    }
}

/// Why this node does not approve or run a study, each reason in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Vec<String>);

impl Home {
    /// Why this node would not approve a study, and what its steward should know.
    ///
    /// # Errors
    /// If the consortium, the policy or the log does not hold.
    pub fn examine(&self, of: &Proposal<'_>, now: Time) -> Result<(Past, Consortium), Error> {
        let consortium = self.consortium(now)?;
        let policy = self.policy()?;
        let next = self.start(of, &consortium, &policy);
        let mut past = policy.past(&next, &self.name, self.log()?.entries());
        past.refused.splice(0..0, strangers(of.study, &consortium));
        past.refused.extend(policy.objections(of.study));
        if of.study.party(&self.name).is_none() {
            past.refused.push(format!("{} has no part in this study", self.name));
        }
        Ok((past, consortium))
    }

    /// Signs what this node's steward says of a study, and writes it beside the study and into the
    /// log. What the node's policy does not allow nobody can approve; what not all have approved
    /// nobody can call for.
    ///
    /// # Errors
    /// If something does not hold or cannot be written.
    pub fn sign_study(
        &self,
        of: &Proposal<'_>,
        word: &Word<'_>,
        now: Time,
    ) -> Result<Result<Past, Refused>, Error> {
        let (past, consortium) = self.examine(of, now)?;
        self.hear(of)?;
        let mut refused = past.refused.clone();
        if word.verdict == Verdict::Calls {
            let standing = self.standing(of, &consortium, now)?;
            refused.extend(standing.0.iter().filter_map(|(member, said)| said.objection(member)));
        }
        let asks = matches!(word.verdict, Verdict::Approves | Verdict::Calls);
        if asks && !refused.is_empty() {
            self.refuse(of, &refused)?;
            return Ok(Err(Refused(refused)));
        }
        self.keep(of.text)?;
        let roles = of.study.party(&self.name).map_or(vec![], |i| roles(of.study.parties[i].roles));
        self.say(of.path, &of.subject(Some(consortium.text)), roles, word)?;
        Ok(Ok(past))
    }

    /// What all parties of a study have said, as its file of signatures and this node's log know.
    ///
    /// # Errors
    /// If a statement does not hold.
    pub fn standing(
        &self,
        of: &Proposal<'_>,
        consortium: &Consortium,
        now: Time,
    ) -> Result<Standing, Error> {
        let statements = self.statements(of)?;
        Ok(standing(&of.subject(Some(consortium.text)), &of.keys(), &statements, now))
    }

    /// Those of the file, and those that this node has heard of before: nobody makes it forget one.
    fn statements(&self, of: &Proposal<'_>) -> Result<Vec<Signed<Statement>>, Error> {
        let mut all = read_statements(&signatures_beside(of.path))?;
        for entry in self.log()?.entries() {
            if let Event::Said { statement } | Event::Heard { statement } = &entry.body.event
                && !all.contains(statement)
            {
                all.push(statement.clone());
            }
        }
        Ok(all)
    }

    /// Lets a run begin that a statement has called for, or this node's own steward, if everything
    /// holds; the log tells it, either way. Returned is the entry by which the run began.
    ///
    /// # Errors
    /// If something does not hold or cannot be written.
    pub fn admit(
        &self,
        of: &Proposal<'_>,
        call: Option<Digest>,
        now: Time,
    ) -> Result<Result<Digest, Refused>, Error> {
        let (mut past, consortium) = self.examine(of, now)?;
        self.hear(of)?;
        let policy = self.policy()?;
        past.refused.extend(policy.closed(now));
        let standing = self.standing(of, &consortium, now)?;
        let said = standing.0.iter().filter_map(|(member, said)| said.objection(member));
        past.refused.extend(said);
        if !past.refused.is_empty() {
            self.refuse(of, &past.refused)?;
            return Ok(Err(Refused(past.refused)));
        }
        self.keep(of.text)?;
        let mut log = self.log()?;
        let start = Start { call, ..self.start(of, &consortium, &policy) };
        // Once more, and nobody else writes now: two runs that begin at once see each other.
        let refused = policy.past(&start, &self.name, log.entries()).refused;
        if !refused.is_empty() {
            log.append(refusal(of, &refused), &self.identity)?;
            return Ok(Err(Refused(refused)));
        }
        log.append(Event::Started(start), &self.identity)?;
        Ok(Ok(log.head()))
    }

    /// Takes into the log what the file beside a study says that others have said of it, under this
    /// name, and of its earlier texts.
    fn hear(&self, of: &Proposal<'_>) -> Result<(), Error> {
        let said = read_statements(&signatures_beside(of.path))?;
        let of_study = said.into_iter().filter(|said| said.body.name == of.study.name);
        self.heard(of_study.collect(), &of.keys()).map(drop)
    }

    /// Takes into the log what these members have said of studies, by these keys, as far as it is
    /// news; how much of it was.
    ///
    /// # Errors
    /// If the log cannot be written.
    pub fn heard(
        &self,
        said: Vec<Signed<Statement>>,
        members: &[(String, PublicKey)],
    ) -> Result<usize, Error> {
        let mut log = self.log()?;
        let before = log.next();
        for statement in said {
            let body = &statement.body;
            let is_by_member = body.member != self.name
                && members
                    .iter()
                    .any(|(name, key)| *name == body.member && statement.signer() == Some(*key));
            let is_known = || {
                log.entries().iter().any(|entry| {
                    matches!(&entry.body.event, Event::Heard { statement: known } if *known == statement)
                })
            };
            if body.document == Kind::Study && is_by_member && !is_known() {
                log.append(Event::Heard { statement }, &self.identity)?;
            }
        }
        Ok((log.next() - before) as usize)
    }

    /// Takes a study that came from another member, if it is news.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn proposed(&self, text: &str, name: &str, from: &str) -> Result<(), Error> {
        self.keep(text)?;
        let text = Digest::of(text.as_bytes());
        let mut log = self.log()?;
        if book(log.entries()).iter().any(|case| case.text == text) {
            return Ok(());
        }
        let (name, from) = (name.to_owned(), from.to_owned());
        log.append(Event::Proposed { text, name, from }, &self.identity)
    }

    /// Tells the log how a run ended, unless it knows already that all have signed for it: two
    /// others may say so at once.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn ended(&self, event: Event) -> Result<(), Error> {
        let mut log = self.log()?;
        let is_known = log.entries().iter().any(|entry| {
            let Event::Finished { receipt: known } = &entry.body.event else { return false };
            match &event {
                Event::Finished { receipt } => known.receipt == receipt.receipt,
                Event::Failed { begun, .. } => {
                    let parties = &known.receipt.parties;
                    parties.iter().any(|party| party.log == begun.to_string())
                }
                _ => false,
            }
        });
        if is_known { Ok(()) } else { log.append(event, &self.identity) }
    }

    fn refuse(&self, of: &Proposal<'_>, why: &[String]) -> Result<(), Error> {
        self.log()?.append(refusal(of, why), &self.identity)
    }

    fn start(&self, of: &Proposal<'_>, consortium: &Consortium, policy: &Policy) -> Start {
        let study = of.study;
        let names = |places: &mut dyn Iterator<Item = usize>| -> Vec<String> {
            places.map(|i| study.parties[i].name.clone()).collect()
        };
        Start {
            study: study.hash().to_string(),
            name: study.name.clone(),
            text: Digest::of(of.text.as_bytes()),
            consortium: consortium.text,
            policy: policy.text,
            software: of.software.to_owned(),
            protocol: of.protocol.to_owned(),
            call: None,
            question: Digest(study.question(false).0),
            question_of_all: Digest(study.question(true).0),
            parties: names(&mut (0..study.parties.len())),
            givers: names(&mut study.data_parties()),
            recipients: names(&mut study.recipients()),
            leakage: of.leakage.to_vec(),
            spend: study.privacy.as_ref().map(Spend::of),
        }
    }
}

fn refusal(of: &Proposal<'_>, why: &[String]) -> Event {
    let study = of.study.hash().to_string();
    Event::Refused { study, name: of.study.name.clone(), why: why.to_vec() }
}

/// What of a study's parties is not as the consortium knows it.
fn strangers(study: &Study, consortium: &Consortium) -> Vec<String> {
    let mut found = vec![];
    for party in &study.parties {
        let Some(member) = consortium.member(&party.name) else {
            found.push(format!("{} is no member of {}", party.name, consortium.name));
            continue;
        };
        if member.key.0 != party.key.0 {
            found.push(format!(
                "the study gives {} the key {}, and the consortium {}",
                party.name, party.key, member.key
            ));
        }
        if member.address.as_ref() != Some(&party.address) {
            found.push(format!(
                "the study gives {} the address {}, and the consortium {}",
                party.name,
                party.address,
                member.address.as_deref().unwrap_or("none")
            ));
        }
        let roles = roles(party.roles).into_iter().filter(|role| !member.roles.contains(role));
        found.extend(roles.map(|role| {
            let (name, of) = (&party.name, &consortium.name);
            format!("{name} does not have the role \"{}\" in {of}", role.name())
        }));
    }
    found
}

fn roles(roles: sharewell_study::Roles) -> Vec<Role> {
    let all = [
        (roles.data, Role::Data),
        (roles.compute, Role::Compute),
        (roles.recipient, Role::Recipient),
    ];
    all.into_iter().filter_map(|(has, role)| has.then_some(role)).collect()
}
