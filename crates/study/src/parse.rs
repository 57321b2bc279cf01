//! From a document to a study: every key is known, every value in its range, every name resolved.

mod objective;
mod parties;
mod quality;
mod security;
mod table;

use std::ops::Range;

use toml::Spanned;

use crate::document::{Document, Section};
use crate::report::Report;
use crate::{
    Decimal, Dominance, Limits, Privacy, PrivacyUnit, Release, Rules, Study, Sufficient, suggest,
};

/// The study format that this crate reads.
const FORMAT: u64 = 1;

/// Longest name of a study, party, table or column, in bytes: what every database can hold.
const NAME_MAX: usize = 63;

impl Study {
    /// Reads the text of a study; problems call it `file`.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as one mistake does not hide another.
    pub fn parse(text: &str, file: &str) -> Result<Self, Report> {
        let document = Document::parse(text, file)?;
        let study = Reader { document: &document }.study();
        document.finish(study)
    }
}

/// Reads parts of a study. A part that is `None` has left a problem with the document.
struct Reader<'d> {
    document: &'d Document<'d>,
}

struct Header {
    name: String,
    version: u32,
    purpose: String,
}

impl Reader<'_> {
    fn study(&self) -> Option<Study> {
        let root = self.document.root();
        let header = root.required_section("study").and_then(|section| self.header(section));
        let parties = self.parties(root.sections("party"));
        let table = root.required_section("table").and_then(|section| self.table(section));
        let quality = match root.optional_section("quality") {
            Some(section) => self.quality(section),
            None => self.quality(self.empty()),
        };
        let objective = root.required_section("objective");
        let objective = objective
            .and_then(|section| self.objective(section, table.as_ref(), parties.as_deref()));
        let security = root.required_section("security");
        let security = security.and_then(|section| self.security(section, parties.as_deref()));
        let release = match root.optional_section("release") {
            Some(section) => self.release(section, parties.as_deref()),
            None => self.release(self.empty(), parties.as_deref()),
        };
        let privacy = match root.optional_section("privacy") {
            Some(section) => self.privacy(section).map(Some),
            None => Some(None),
        };
        let limits = match root.optional_section("limits") {
            Some(section) => self.limits(section),
            None => self.limits(self.empty()),
        };
        root.finish();
        let Header { name, version, purpose } = header?;
        Some(Study {
            name,
            version,
            purpose,
            parties: parties?,
            table: table?,
            quality: quality?,
            objective: objective?,
            security: security?,
            release: release?,
            privacy: privacy?,
            limits: limits?,
        })
    }

    fn header(&self, section: Section<'_>) -> Option<Header> {
        let name = section.required("name").and_then(|name: Spanned<String>| {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            self.name(name, allowed, "lower-case letters, digits and hyphens")
        });
        let version = section.required("version").and_then(|version: Spanned<u64>| {
            let found = *version.get_ref();
            self.require(found == FORMAT, version.span(), || {
                let help =
                    format!("this program reads format {FORMAT}: write `version = {FORMAT}`");
                (format!("there is no study format {found}"), help)
            })
        });
        let purpose = section.required("purpose").and_then(|purpose: Spanned<String>| {
            // Prose: how its lines are broken does not matter.
            let words: Vec<&str> = purpose.get_ref().split_whitespace().collect();
            self.require(!words.is_empty(), purpose.span(), || {
                let help = "say what the result is for: stewards decide by it";
                ("the purpose is empty".to_owned(), help.to_owned())
            })?;
            self.printable(&purpose, words.join(" "))
        });
        section.finish();
        version?;
        Some(Header { name: name?, version: FORMAT as u32, purpose: purpose? })
    }

    fn release(&self, section: Section<'_>, parties: Option<&[crate::Party]>) -> Option<Release> {
        let min_records = self.number(&section, "min_records", 10, 1..=u64::MAX);
        let min_parties = self.number(&section, "min_parties", 3, 1..=parties::PARTIES_MAX);
        if let (Some(min_parties), Some(parties)) = (min_parties, parties) {
            let providers = parties.iter().filter(|party| party.roles.data).count() as u64;
            let span = match section.optional::<u64>("min_parties") {
                Some(written) => written.span(),
                None => section.span(),
            };
            self.require(min_parties <= providers, span, || {
                let message = format!(
                    "a released cell needs {min_parties} organisations, but only {providers} provide data"
                );
                (message, "lower `min_parties` in [release], or add parties with the role data".to_owned())
            })?;
        }
        let modes = [("hidden", Sufficient::Hidden), ("open", Sufficient::Open)];
        let sufficient = match section.has("sufficient") {
            false => Some(Sufficient::Hidden),
            true => section.optional("sufficient").and_then(|mode| self.choice(&mode, &modes)),
        };
        let rules = self.rules(&section);
        section.finish();
        let min_parties = u32::try_from(min_parties?).ok()?;
        let (min_records, sufficient, rules) = (min_records?, sufficient?, rules?);
        Some(Release { min_records, min_parties, sufficient, rules })
    }

    fn rules(&self, section: &Section<'_>) -> Option<Rules> {
        let dominance = match section.has("dominance") {
            false => Some(None),
            true => section.optional::<Vec<Spanned<u64>>>("dominance").and_then(|pair| {
                let span = pair.span();
                let Ok([top, percent]) = <[Spanned<u64>; 2]>::try_from(pair.into_inner()) else {
                    let message = "`dominance` is two numbers".to_owned();
                    let help = "[2, 85]: the largest 2 have at most 85 % of a sum".to_owned();
                    return self.require(false, span, || (message, help)).and(None);
                };
                let fits = (1..=10).contains(top.get_ref());
                self.require(fits, top.span(), || {
                    let message = "the first number of `dominance` is from 1 to 10".to_owned();
                    (message, "it is how many organisations are looked at together".to_owned())
                })?;
                let fits = (1..100).contains(percent.get_ref());
                self.require(fits, percent.span(), || {
                    let message = "the second number of `dominance` is from 1 to 99".to_owned();
                    (message, "it is what these may have of a sum, in percent".to_owned())
                })?;
                let small = |number: &Spanned<u64>| u8::try_from(*number.get_ref()).ok();
                Some(Some(Dominance { top: small(&top)?, percent: small(&percent)? }))
            }),
        };
        let set = |key: &'static str, range: std::ops::RangeInclusive<u64>| match section.has(key) {
            false => Some(None),
            true => self.number(section, key, 0, range).map(|number| u32::try_from(number).ok()),
        };
        let p_percent = set("p_percent", 1..=100);
        Some(Rules {
            dominance: dominance?,
            p_percent: p_percent?.and_then(|percent| u8::try_from(percent).ok()),
            round_counts: set("round_counts", 2..=1000)?,
            records_per_parameter: set("records_per_parameter", 1..=100_000)?,
        })
    }

    fn privacy(&self, section: Section<'_>) -> Option<Privacy> {
        /// Beyond these a promise is none.
        const EPSILON_MAX: i128 = 100;
        let epsilon = section.required::<Decimal>("epsilon").and_then(|epsilon| {
            let Decimal { digits, scale } = *epsilon.get_ref();
            let fits = digits > 0 && digits <= EPSILON_MAX * 10i128.pow(scale.into());
            self.require(fits, epsilon.span(), || {
                let message = format!("`epsilon` must be above 0 and at most {EPSILON_MAX}");
                (message, "1 is usual: results change by a factor of at most e^epsilon".to_owned())
            })?;
            Some(epsilon.into_inner())
        });
        let delta = match section.has("delta") {
            false => Some(None),
            true => section.optional::<Decimal>("delta").and_then(|delta| {
                let Decimal { digits, scale } = *delta.get_ref();
                let fits = digits > 0 && digits * 100 <= 10i128.pow(scale.into());
                self.require(fits, delta.span(), || {
                    let message = "`delta` must be above 0 and at most 0.01".to_owned();
                    (message, "choose it well below 1 over the number of records".to_owned())
                })?;
                Some(Some(delta.into_inner()))
            }),
        };
        let units = PrivacyUnit::ALL.map(|unit| (unit.name(), unit));
        let unit = match section.has("unit") {
            false => Some(PrivacyUnit::Record),
            true => section.optional("unit").and_then(|unit| self.choice(&unit, &units)),
        };
        section.finish();
        Some(Privacy { epsilon: epsilon?, delta: delta?, unit: unit? })
    }

    fn limits(&self, section: Section<'_>) -> Option<Limits> {
        /// A day: longer than any party should hold its ports open for another.
        const SECONDS_MAX: u64 = 86_400;
        let connect_s = self.number(&section, "connect_s", 60, 1..=SECONDS_MAX);
        let wait_s = self.number(&section, "wait_s", 30, 1..=SECONDS_MAX);
        section.finish();
        let seconds = |limit: Option<u64>| limit.and_then(|limit| u32::try_from(limit).ok());
        Some(Limits { connect_s: seconds(connect_s)?, wait_s: seconds(wait_s)? })
    }

    /// A table that was left out: all its keys have their defaults.
    fn empty(&self) -> Section<'_> {
        self.document.empty_section()
    }

    /// A number that may be left out, from `range`.
    fn number(
        &self,
        section: &Section<'_>,
        key: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        if !section.has(key) {
            return Some(default);
        }
        let value: Spanned<u64> = section.optional(key)?;
        self.require(range.contains(value.get_ref()), value.span(), || {
            let message = format!("`{key}` must be at least {}", range.start());
            let message = match *range.end() {
                u64::MAX => message,
                end => format!("{message} and at most {end}"),
            };
            (message, format!("the default is {default}"))
        })?;
        Some(value.into_inner())
    }

    /// One of a few words.
    fn choice<T: Copy>(&self, word: &Spanned<String>, choices: &[(&str, T)]) -> Option<T> {
        if let Some((_, choice)) = choices.iter().find(|(name, _)| name == word.get_ref()) {
            return Some(*choice);
        }
        let help =
            suggest::advice(word.get_ref(), "choices", choices.iter().map(|(name, _)| *name));
        let message = format!("\"{}\" is not possible here", word.get_ref());
        self.document.refuse_with_help(word.span(), message, help.unwrap_or_default());
        None
    }

    /// A name of limited length and alphabet that begins with a letter or digit.
    fn name(
        &self,
        name: Spanned<String>,
        allowed: impl Fn(char) -> bool,
        alphabet: &str,
    ) -> Option<String> {
        let text = name.get_ref();
        let good = (1..=NAME_MAX).contains(&text.len())
            && !text.starts_with('-')
            && text.chars().all(allowed);
        self.require(good, name.span(), || {
            let message = format!("\"{}\" cannot be a name here", text.escape_debug());
            (message, format!("names have 1 to {NAME_MAX} characters: {alphabet}"))
        })?;
        Some(name.into_inner())
    }

    /// `text`, which comes from `origin`, unless a control character is in it.
    fn printable(&self, origin: &Spanned<String>, text: String) -> Option<String> {
        let good = !text.is_empty() && !text.chars().any(char::is_control);
        self.require(good, origin.span(), || {
            (
                "the text is empty or has control characters".to_owned(),
                "write plain text".to_owned(),
            )
        })?;
        Some(text)
    }

    /// Notes message and help as a problem unless the condition holds.
    fn require(
        &self,
        holds: bool,
        span: Range<usize>,
        problem: impl FnOnce() -> (String, String),
    ) -> Option<()> {
        if holds {
            return Some(());
        }
        let (message, help) = problem();
        self.document.refuse_with_help(span, message, help);
        None
    }
}
