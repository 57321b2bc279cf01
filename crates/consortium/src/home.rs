//! A node's folder: its name, key, policy and log, and where its consortium's document is.

use std::fs;
use std::path::{Path, PathBuf};

use sharewell_net::{Identity, PublicKey};
use sharewell_study::Study;
use sharewell_study::document::Document;

use crate::event::Start;
use crate::key::{read_key, write_key};
use crate::statement::{read_statements, signatures_beside};
use crate::{
    Consortium, Digest, Error, Event, Kind, Log, Member, Past, Policy, Role, Signed, Standing,
    Statement, Subject, Time, Verdict, standing,
};

/// The policy of a new node.
const POLICY: &str = include_str!("policy.toml");

/// A node at home.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    /// Its name in the consortium.
    pub name: String,
    /// Where it listens, if not at its address.
    pub listen: Option<String>,
    /// Its key pair.
    pub identity: Identity,
    consortium: PathBuf,
}

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
        }
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
    /// Makes a folder for a new node: its key, a policy to be read and changed, an empty place for
    /// sources, and its log.
    ///
    /// # Errors
    /// If there is a node already, or something cannot be written.
    pub fn create(
        folder: &Path,
        (name, identity): (&str, &Identity),
        word: Option<&[u8]>,
        software: &str,
    ) -> Result<(), Error> {
        fs::create_dir_all(folder.join("sources")).map_err(Error::file(folder))?;
        write_key(&folder.join("node.key"), identity, word)?;
        let write = |file: &str, text: &str| {
            let path = folder.join(file);
            fs::write(&path, text).map_err(Error::file(path))
        };
        write(
            "node.toml",
            &format!("[node]\nname = \"{name}\"\nconsortium = \"consortium.toml\"\n"),
        )?;
        write("policy.toml", POLICY)?;
        let mut log = Log::create(&folder.join("log.jsonl"), identity, name, software)?;
        log.append(Event::Policy { text: Digest::of(POLICY.as_bytes()) }, identity)
    }

    /// Opens a node's folder.
    ///
    /// # Errors
    /// What of it cannot be read.
    pub fn open(folder: &Path, word: Option<&[u8]>) -> Result<Self, Error> {
        let path = folder.join("node.toml");
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        let name_of_file = path.to_string_lossy();
        let document = Document::parse(&text, &name_of_file)?;
        let root = document.root();
        let read = root.required_section("node").and_then(|section| {
            let name = section.required::<String>("name");
            let consortium = section.required::<String>("consortium");
            let listen = section.optional::<String>("listen");
            section.finish();
            let listen = listen.map(toml::Spanned::into_inner);
            Some((name?.into_inner(), folder.join(consortium?.into_inner()), listen))
        });
        root.finish();
        let (name, consortium, listen) = document.finish(read)?;
        let identity = read_key(&folder.join("node.key"), word)?;
        Ok(Self { folder: folder.into(), name, listen, identity, consortium })
    }

    /// The consortium's document.
    #[must_use]
    pub fn consortium_file(&self) -> &Path {
        &self.consortium
    }

    /// Where a study's private mapping file is.
    #[must_use]
    pub fn mapping_of(&self, study: &str) -> PathBuf {
        self.folder.join("sources").join(format!("{study}.toml"))
    }

    /// The node's log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    fn log(&self) -> Result<Log, Error> {
        Log::open(&self.log_file())
    }

    /// The site's policy; if it is another one than the log knows, the log tells so first.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn policy(&self) -> Result<Policy, Error> {
        let policy = Policy::load(&self.folder.join("policy.toml"))?;
        let mut log = self.log()?;
        let known = log.entries().iter().rev().find_map(|entry| match &entry.body.event {
            Event::Policy { text } => Some(*text),
            _ => None,
        });
        if known != Some(policy.text) {
            log.append(Event::Policy { text: policy.text }, &self.identity)?;
        }
        Ok(policy)
    }

    /// The consortium as all its members have signed it, in which this node is a member.
    ///
    /// # Errors
    /// If it does not hold, or this node's key is not in it.
    pub fn consortium(&self, now: Time) -> Result<Consortium, Error> {
        let newest = Consortium::history(&self.consortium, now)?.swap_remove(0);
        self.member(&newest)?;
        Ok(newest)
    }

    /// This node in a consortium.
    ///
    /// # Errors
    /// If it is no member, or a member of its name has another key.
    pub fn member<'c>(&self, consortium: &'c Consortium) -> Result<&'c Member, Error> {
        let Some(member) = consortium.member(&self.name) else {
            let (of, name) = (&consortium.name, &self.name);
            return Err(Error::Broken(format!("{of} has no member {name}")));
        };
        if member.key == self.identity.public() {
            return Ok(member);
        }
        Err(Error::Broken(format!(
            "{} says that the key of {} is {}, and this node's is {}",
            consortium.name,
            self.name,
            member.key,
            self.identity.public()
        )))
    }

    /// Signs what this node's steward says of a consortium's document, and writes it beside the
    /// document and into the log.
    ///
    /// # Errors
    /// If this node is not in it, or nothing could be written.
    pub fn sign_consortium(&self, path: &Path, word: &Word<'_>) -> Result<Consortium, Error> {
        let consortium = Consortium::load(path)?;
        let roles = self.member(&consortium)?.roles.clone();
        self.say(path, &consortium.subject(), roles, word)?;
        Ok(consortium)
    }

    /// Why this node would not approve a study, and what its steward should know.
    ///
    /// # Errors
    /// If the consortium, the policy or the log does not hold.
    pub fn examine(&self, of: &Proposal<'_>, now: Time) -> Result<(Past, Consortium), Error> {
        let consortium = self.consortium(now)?;
        let policy = self.policy()?;
        let mut past = policy.past(&self.start(of, &consortium, &policy), self.log()?.entries());
        past.refused.splice(0..0, strangers(of.study, &consortium));
        past.refused.extend(policy.objections(of.study));
        if of.study.party(&self.name).is_none() {
            past.refused.push(format!("{} has no part in this study", self.name));
        }
        Ok((past, consortium))
    }

    /// Signs what this node's steward says of a study, and writes it beside the study and into the
    /// log. What the node's policy does not allow nobody can approve.
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
        if word.verdict == Verdict::Approves && !past.refused.is_empty() {
            self.refuse(of, &past.refused)?;
            return Ok(Err(Refused(past.refused)));
        }
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

    /// Lets a run begin, if everything holds; the log tells it, either way. Returned is the entry
    /// by which the run began.
    ///
    /// # Errors
    /// If something does not hold or cannot be written.
    pub fn admit(&self, of: &Proposal<'_>, now: Time) -> Result<Result<Digest, Refused>, Error> {
        let (mut past, consortium) = self.examine(of, now)?;
        let policy = self.policy()?;
        past.refused.extend(policy.closed(now));
        let standing = self.standing(of, &consortium, now)?;
        let said = standing.0.iter().filter_map(|(member, said)| said.objection(member));
        past.refused.extend(said);
        if !past.refused.is_empty() {
            self.refuse(of, &past.refused)?;
            return Ok(Err(Refused(past.refused)));
        }
        let subject = of.subject(Some(consortium.text));
        let heard = self.statements(of)?;
        let mut log = self.log()?;
        for statement in heard {
            let is_of_study = statement.body.text == subject.text;
            let is_known = log.entries().iter().any(|entry| match &entry.body.event {
                Event::Said { statement: known } | Event::Heard { statement: known } => {
                    *known == statement
                }
                _ => false,
            });
            if is_of_study && !is_known {
                log.append(Event::Heard { statement }, &self.identity)?;
            }
        }
        let start = self.start(of, &consortium, &policy);
        log.append(Event::Started(start), &self.identity)?;
        Ok(Ok(log.head()))
    }

    /// Tells the log how a run ended.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn ended(&self, event: Event) -> Result<(), Error> {
        self.log()?.append(event, &self.identity)
    }

    fn refuse(&self, of: &Proposal<'_>, why: &[String]) -> Result<(), Error> {
        let study = of.study.hash().to_string();
        let refused = Event::Refused { study, name: of.study.name.clone(), why: why.to_vec() };
        self.log()?.append(refused, &self.identity)
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
            question: Digest(study.question(false).0),
            question_of_all: Digest(study.question(true).0),
            parties: names(&mut (0..study.parties.len())),
            givers: names(&mut study.data_parties()),
            recipients: names(&mut study.recipients()),
            leakage: of.leakage.to_vec(),
        }
    }

    fn say(
        &self,
        document: &Path,
        of: &Subject<'_>,
        roles: Vec<Role>,
        word: &Word<'_>,
    ) -> Result<(), Error> {
        let mut log = self.log()?;
        let said = Statement {
            document: of.kind,
            name: of.name.to_owned(),
            text: of.text,
            meaning: of.meaning,
            verdict: word.verdict,
            member: self.name.clone(),
            roles,
            under: of.under,
            time: Time::now(),
            until: word.until,
            entry: log.next(),
            software: word.software.to_owned(),
            reason: word.reason.map(str::to_owned),
        };
        let statement = Signed::new(said, &self.identity);
        let path = signatures_beside(document);
        let line = statement.to_line() + "\n";
        log.append(Event::Said { statement }, &self.identity)?;
        let mut options = fs::OpenOptions::new();
        let file = options.append(true).create(true).open(&path);
        let written =
            file.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()));
        written.map_err(Error::file(path))
    }
}

/// What a steward says.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Yes or no.
    pub verdict: Verdict,
    /// Until when.
    pub until: Option<Time>,
    /// Why not.
    pub reason: Option<&'a str>,
    /// This program.
    pub software: &'a str,
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
