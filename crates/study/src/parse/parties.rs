//! The parties: who they are, where they listen, what they do.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::Reader;
use crate::document::Section;
use crate::{Party, PublicKey, Roles, suggest};

/// Most parties of a study.
pub(super) const PARTIES_MAX: u64 = 100;

/// Number of parties that the protocols of this version run among.
const COMPUTE_PARTIES: usize = 3;

/// What must differ between parties: the values seen so far.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    keys: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

impl Reader<'_> {
    pub(super) fn parties(&self, sections: Vec<Section<'_>>) -> Option<Vec<Party>> {
        let first = sections.first()?.span();
        let count = sections.len();
        let mut seen = Seen::default();
        let parties: Vec<Option<Party>> =
            sections.into_iter().map(|section| self.party(section, &mut seen)).collect();
        self.require(count as u64 <= PARTIES_MAX, first.clone(), || {
            (format!("there are {count} parties"), format!("a study has at most {PARTIES_MAX}"))
        })?;
        let parties: Vec<Party> = parties.into_iter().collect::<Option<_>>()?;
        self.cast(&parties, first)?;
        Some(parties)
    }

    /// Whether every role is played.
    fn cast(&self, parties: &[Party], first: Range<usize>) -> Option<()> {
        let count =
            |has: fn(Roles) -> bool| parties.iter().filter(|party| has(party.roles)).count();
        let data = self.require(count(|roles| roles.data) > 0, first.clone(), || {
            (
                "no party provides data".to_owned(),
                "add \"data\" to the roles of the providers".to_owned(),
            )
        });
        let compute = count(|roles| roles.compute);
        let compute = self.require(compute == COMPUTE_PARTIES, first.clone(), || {
            let message = format!("{compute} parties compute, but every protocol needs exactly 3");
            (message, "give the role \"compute\" to three parties that do not collude".to_owned())
        });
        let recipient = self.require(count(|roles| roles.recipient) > 0, first, || {
            (
                "no party receives the result".to_owned(),
                "add \"recipient\" to the roles of one".to_owned(),
            )
        });
        data.and(compute).and(recipient)
    }

    fn party(&self, section: Section<'_>, seen: &mut Seen) -> Option<Party> {
        let name = section.required("name").and_then(|name: Spanned<String>| {
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            self.distinct(&name, &mut seen.names, "name")?;
            self.name(name, allowed, "lower-case letters, digits, hyphens and underscores")
        });
        let roles = section.required("roles").and_then(|roles| self.roles(&roles));
        let key = section.required("key").and_then(|key: Spanned<String>| {
            let read = self.key(&key)?;
            self.distinct(&key, &mut seen.keys, "key")?;
            Some(read)
        });
        let address = section.required("address").and_then(|address: Spanned<String>| {
            self.address(&address)?;
            self.distinct(&address, &mut seen.addresses, "address")?;
            Some(address.into_inner())
        });
        section.finish();
        Some(Party { name: name?, roles: roles?, key: key?, address: address? })
    }

    fn roles(&self, names: &Spanned<Vec<Spanned<String>>>) -> Option<Roles> {
        const NAMES: [&str; 3] = ["data", "compute", "recipient"];
        let mut roles = Roles::default();
        for name in names.get_ref() {
            let role = match name.get_ref().as_str() {
                "data" => &mut roles.data,
                "compute" => &mut roles.compute,
                "recipient" => &mut roles.recipient,
                other => {
                    let help = suggest::advice(other, "roles", NAMES).unwrap_or_default();
                    let message = format!("there is no role \"{}\"", other.escape_debug());
                    self.document.refuse_with_help(name.span(), message, help);
                    return None;
                }
            };
            let twice = std::mem::replace(role, true);
            self.require(!twice, name.span(), || {
                (format!("the role \"{}\" is given twice", name.get_ref()), "remove one".to_owned())
            })?;
        }
        self.require(roles != Roles::default(), names.span(), || {
            let help = format!("the roles are {}", NAMES.join(", "));
            ("a party has at least one role".to_owned(), help)
        })?;
        Some(roles)
    }

    fn key(&self, key: &Spanned<String>) -> Option<PublicKey> {
        let read = key.get_ref().strip_prefix("ed25519:").and_then(|hex| {
            let mut bytes = [0; 32];
            let well_formed = hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_hexdigit());
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
            }
            well_formed.then_some(PublicKey(bytes))
        });
        self.require(read.is_some(), key.span(), || {
            let help =
                "a key is `ed25519:` and 64 hexadecimal digits, as the party's node prints it";
            ("this is not a public key".to_owned(), help.to_owned())
        })?;
        read
    }

    fn address(&self, address: &Spanned<String>) -> Option<()> {
        let good = address.get_ref().rsplit_once(':').is_some_and(|(host, port)| {
            let bracketed = host.starts_with('[') && host.ends_with(']') && host.len() > 2;
            let plain = !host.is_empty()
                && host.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'.');
            let inner_plain = host.bytes().all(|c| c.is_ascii_hexdigit() || b":.[]".contains(&c));
            let port_good = port.bytes().all(|c| c.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port > 0);
            port_good && (plain || bracketed && inner_plain)
        });
        self.require(good, address.span(), || {
            let help =
                "write host and port, for instance \"node.example.org:7101\" or \"[::1]:7101\"";
            ("this is not an address".to_owned(), help.to_owned())
        })
    }

    fn distinct(
        &self,
        value: &Spanned<String>,
        seen: &mut BTreeSet<String>,
        what: &str,
    ) -> Option<()> {
        let new = seen.insert(value.get_ref().to_lowercase());
        self.require(new, value.span(), || {
            let message =
                format!("two parties have the {what} \"{}\"", value.get_ref().escape_debug());
            (message, format!("every party has a {what} of its own"))
        })
    }
}
