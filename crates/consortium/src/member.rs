//! The consortium's document: who belongs to it, by which keys, in which roles.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sharewell_net::PublicKey;
use sharewell_study::document::{Document, Section};
use sharewell_study::suggest;
use toml::Spanned;

use crate::standing::{Standing, Subject, standing};
use crate::statement::{Kind, read_statements, signatures_beside};
use crate::{Digest, Error, Signed, Statement, Time};

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Provides records.
    Data,
    /// Computes on shares.
    Compute,
    /// Learns results.
    Recipient,
    /// Reads logs and asks.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Data, Self::Compute, Self::Recipient, Self::Auditor];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Compute => "compute",
            Self::Recipient => "recipient",
            Self::Auditor => "auditor",
        }
    }
}

/// An organisation's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in studies.
    pub name: String,
    /// Who that is, in words.
    pub organisation: String,
    /// Its node's key.
    pub key: PublicKey,
    /// Where its node listens, `host:port`; an auditor need not.
    pub address: Option<String>,
    /// What it may do.
    pub roles: Vec<Role>,
}

impl Member {
    /// Its part of a consortium's document.
    ///
    /// # Errors
    /// What of it no document may say.
    pub fn block(&self) -> Result<String, Error> {
        let text = |text: &str| toml::Value::from(text).to_string();
        let address = self.address.iter().map(|of| format!("address = {}\n", text(of)));
        let roles: Vec<String> = self.roles.iter().map(|role| text(role.name())).collect();
        let block = format!(
            "[[member]]\nname = {}\norganisation = {}\nkey = {}\n{}roles = [{}]\n",
            text(&self.name),
            text(&self.organisation),
            text(&self.key.to_string()),
            address.collect::<String>(),
            roles.join(", ")
        );
        let head = "[consortium]\nname = \"new\"\nversion = 1\npurpose = \"\"\n";
        Consortium::parse(&format!("{head}{block}"), "this member")?;
        Ok(block)
    }
}

/// One state of a consortium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consortium {
    /// Its name.
    pub name: String,
    /// Counted from 1.
    pub version: u64,
    /// SHA-256 of the file of the version before; none of the first.
    pub previous: Option<Digest>,
    /// What it is for.
    pub purpose: String,
    /// Who belongs to it.
    pub members: Vec<Member>,
    /// SHA-256 of its file.
    pub text: Digest,
}

impl Consortium {
    /// Reads a document, called `file` in messages.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let document = Document::parse(text, file)?;
        let read = Reader(&document).consortium(Digest::of(text.as_bytes()));
        Ok(document.finish(read)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Document`] if it has mistakes.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file(path))?;
        Self::parse(&text, &path.to_string_lossy())
    }

    /// The member with this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// What statements are about.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        let (name, text) = (self.name.as_str(), self.text);
        Subject {
            kind: Kind::Consortium,
            name,
            text,
            meaning: text,
            under: self.previous,
            plan: None,
        }
    }

    fn keys(&self) -> Vec<(String, PublicKey)> {
        self.members.iter().map(|member| (member.name.clone(), member.key)).collect()
    }

    /// What its members say of it.
    #[must_use]
    pub fn standing(&self, statements: &[Signed<Statement>], now: Time) -> Standing {
        standing(&self.subject(), &self.keys(), statements, now)
    }

    /// Reads a file and proves that it holds: every member has signed it, with the key that it gives
    /// them; and so on back to the first version, whose files lie in the same folder. More than half
    /// of the members of each version are members of the next one. Newest first.
    ///
    /// # Errors
    /// What does not hold, and which file.
    pub fn history(path: &Path, now: Time) -> Result<Vec<Self>, Error> {
        let mut history = vec![Self::load(path)?];
        let (mut file, mut when) = (path.to_owned(), now);
        loop {
            let current = &history[history.len() - 1];
            let statements = read_statements(&signatures_beside(&file))?;
            if let Some(missing) = current.standing(&statements, when).missing() {
                return Err(Error::Broken(format!(
                    "{}: not signed by {missing}: `sharewell consortium status` says what each has \
                     said",
                    file.display()
                )));
            }
            let Some(previous) = current.previous else { return Ok(history) };
            let (before, there) = find(path, previous)?;
            let follows = current.follows(&before);
            follows.map_err(|why| Error::Broken(format!("{}: {why}", file.display())))?;
            // What was signed for a time has held in its time.
            (file, when) = (there, Time(0));
            history.push(before);
        }
    }

    /// The bytes of its file in the folder of another, and those of the signatures on it.
    pub(crate) fn files_beside(&self, path: &Path) -> Result<(String, String), Error> {
        let (_, file) = find(path, self.text)?;
        let read = |path: &Path| fs::read_to_string(path).map_err(Error::file(path));
        Ok((read(&file)?, read(&signatures_beside(&file))?))
    }

    /// Whether this version may follow another, apart from signatures on it.
    fn follows(&self, before: &Self) -> Result<(), String> {
        if self.version != before.version + 1 || self.name != before.name {
            return Err(format!(
                "it is version {} of {} and names version {} of {} as the one before it",
                self.version, self.name, before.version, before.name
            ));
        }
        let stay = before.members.iter().filter(|member| self.member(&member.name).is_some());
        let (stay, all) = (stay.count(), before.members.len());
        if 2 * stay <= all {
            return Err(format!(
                "only {stay} of the {all} members of version {} are members still: more than half \
                 must stay",
                before.version
            ));
        }
        Ok(())
    }
}

/// The file with this digest in the folder of another.
fn find(beside: &Path, digest: Digest) -> Result<(Consortium, std::path::PathBuf), Error> {
    let folder = match beside.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    for file in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = file.map_err(Error::file(folder))?.path();
        let is_document = path.extension().is_some_and(|extension| extension == "toml");
        let is_it = |bytes: Vec<u8>| Digest::of(&bytes) == digest;
        if is_document && fs::read(&path).is_ok_and(is_it) {
            return Ok((Consortium::load(&path)?, path));
        }
    }
    Err(Error::Broken(format!(
        "{}: no file with the digest {digest} of the version before: keep every version beside it",
        folder.display()
    )))
}

struct Reader<'d>(&'d Document<'d>);

impl<'d> Reader<'d> {
    fn consortium(&self, text: Digest) -> Option<Consortium> {
        let root = self.0.root();
        let head = root.required_section("consortium");
        let head = head.and_then(|section| {
            let name = section.required::<String>("name").and_then(|name| self.name(name));
            let version = section.required::<u64>("version");
            let purpose = section.required::<String>("purpose");
            let previous = section.optional::<String>("previous");
            let previous = previous.map(|previous| self.digest(&previous));
            section.finish();
            let version = version?;
            if version.get_ref() == &0 || (*version.get_ref() > 1) != previous.is_some() {
                self.0.refuse_with_help(
                    version.span(),
                    "the first version is 1, and every later one names the one before",
                    "add `previous = \"...\"`, the SHA-256 of its file: `sharewell consortium status \
                     FILE` prints it",
                );
                return None;
            }
            let previous = match previous {
                Some(previous) => Some(previous?),
                None => None,
            };
            Some((name?, version.into_inner(), previous, purpose?.into_inner()))
        });
        let sections = root.sections("member");
        let mut seen = BTreeSet::new();
        let members: Vec<Option<Member>> =
            sections.into_iter().map(|section| self.member(section, &mut seen)).collect();
        root.finish();
        let (name, version, previous, purpose) = head?;
        let members: Option<Vec<Member>> = members.into_iter().collect();
        Some(Consortium { name, version, previous, purpose, members: members?, text })
    }

    fn member(&self, section: Section<'_>, seen: &mut BTreeSet<String>) -> Option<Member> {
        let name = section.required::<String>("name").and_then(|name| {
            self.once(&name, seen, "name")?;
            self.name(name)
        });
        let organisation = section.required::<String>("organisation");
        let key = section.required::<String>("key").and_then(|key| {
            self.once(&key, seen, "key")?;
            let read = key.get_ref().parse::<PublicKey>();
            if read.is_err() {
                self.0.refuse_with_help(
                    key.span(),
                    "this is not a public key",
                    "`sharewell init` prints it: `ed25519:` and 64 hexadecimal digits",
                );
            }
            read.ok()
        });
        let address = section.optional::<String>("address");
        let roles = section.required::<Vec<Spanned<String>>>("roles").and_then(|roles| {
            let read = roles.get_ref().iter().map(|role| self.role(role));
            read.collect::<Option<Vec<Role>>>()
        });
        section.finish();
        Some(Member {
            name: name?,
            organisation: organisation?.into_inner(),
            key: key?,
            address: address.map(Spanned::into_inner),
            roles: roles?,
        })
    }

    fn role(&self, name: &Spanned<String>) -> Option<Role> {
        let role = Role::ALL.into_iter().find(|role| role.name() == name.get_ref());
        if role.is_none() {
            let names = Role::ALL.map(Role::name);
            let message = format!("there is no role \"{}\"", name.get_ref().escape_debug());
            let help = suggest::advice(name.get_ref(), "roles", names).unwrap_or_default();
            self.0.refuse_with_help(name.span(), message, help);
        }
        role
    }

    fn name(&self, name: Spanned<String>) -> Option<String> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        let good = (1..=64).contains(&name.get_ref().len()) && name.get_ref().chars().all(allowed);
        if !good {
            self.0.refuse_with_help(
                name.span(),
                "this is not a name",
                "a name has 1 to 64 lower-case letters, digits, hyphens and underscores",
            );
        }
        good.then(|| name.into_inner())
    }

    fn once(&self, value: &Spanned<String>, seen: &mut BTreeSet<String>, what: &str) -> Option<()> {
        let is_new = seen.insert(format!("{what} {}", value.get_ref().to_lowercase()));
        if !is_new {
            self.0.refuse(value.span(), format!("two members have this {what}"));
        }
        is_new.then_some(())
    }

    fn digest(&self, text: &Spanned<String>) -> Option<Digest> {
        let read = text.get_ref().parse();
        if let Err(why) = &read {
            self.0.refuse(text.span(), *why);
        }
        read.ok()
    }
}
