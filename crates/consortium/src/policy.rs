//! What a site lets its own steward approve.

use std::fs;
use std::ops::Range;
use std::path::Path;

use sharewell_study::document::{Document, Section};
use sharewell_study::{Decimal, Study, Sufficient, Threat, suggest};
use toml::Spanned;

use crate::event::Start;
use crate::ledger::opened;
use crate::{Budget, Digest, Entry, Error, Ledger, Signed, State, Time};

/// Whether a study may tell one organisation's part by a difference from an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differencing {
    /// It is refused.
    Refuse,
    /// The steward is told.
    Warn,
}

/// Minutes since midnight, universal time: from the first to before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// First minute.
    pub from: u32,
    /// The minute after the last; before `from`, the hours pass midnight.
    pub to: u32,
}

impl Hours {
    fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| -> Option<u32> {
            let (hour, minute) = text.split_once(':')?;
            let two = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
            let (hour, minute) = (two(hour)?, two(minute)?);
            let is_one = hour < 24 && minute < 60 || (hour, minute) == (24, 0);
            is_one.then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once('-')?;
        Some(Self { from: minute(from)?, to: minute(to)? })
    }

    fn contain(self, time: Time) -> bool {
        let now = time.minutes();
        match self.from <= self.to {
            true => (self.from..self.to).contains(&now),
            false => now >= self.from || now < self.to,
        }
    }
}

/// A site's policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The least threat that a study must withstand.
    pub threat: Threat,
    /// The least `min_records` of a study.
    pub min_records: u64,
    /// The least `min_parties` of a study.
    pub min_parties: u32,
    /// Whether sums behind the selected values may be opened.
    pub sufficient: Sufficient,
    /// Kinds of objectives; all of them if absent.
    pub objectives: Option<Vec<String>>,
    /// Who may learn results; everybody if absent.
    pub recipients: Option<Vec<String>>,
    /// When runs may begin; always if absent.
    pub hours: Option<Hours>,
    /// About studies that differ from an earlier one by a single organisation, or in which records
    /// they take.
    pub differencing: Differencing,
    /// The most that one study may spend; if set, every study must add noise.
    pub max_epsilon: Option<f64>,
    /// What all studies together may spend; if set, every study must add noise.
    pub budget: Option<Budget>,
    /// SHA-256 of its file.
    pub text: Digest,
}

/// What earlier runs make of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What the policy does not allow.
    pub refused: Vec<String>,
    /// What the steward should know.
    pub warnings: Vec<String>,
}

impl Policy {
    /// Reads a policy, called `file` in messages.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let document = Document::parse(text, file)?;
        let read = Reader(&document).policy(Digest::of(text.as_bytes()));
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

    /// Why a study may not be approved here, each reason in one sentence; none if it may.
    #[must_use]
    pub fn objections(&self, study: &Study) -> Vec<String> {
        let mut found = vec![];
        let mut unless = |holds: bool, why: String| {
            if !holds {
                found.push(why);
            }
        };
        let (security, release) = (&study.security, &study.release);
        unless(
            security.threat >= self.threat,
            format!(
                "the study protects against {} parties, and the policy asks for protection against \
                 {} ones",
                security.threat.name(),
                self.threat.name()
            ),
        );
        unless(
            release.min_records >= self.min_records,
            format!(
                "the study releases cells of {} records, and the policy asks for {}",
                release.min_records, self.min_records
            ),
        );
        unless(
            release.min_parties >= self.min_parties,
            format!(
                "the study releases cells of {} organisations, and the policy asks for {}",
                release.min_parties, self.min_parties
            ),
        );
        unless(
            self.sufficient == Sufficient::Open || release.sufficient == Sufficient::Hidden,
            "the study opens the sums behind its results, and the policy keeps them hidden"
                .to_owned(),
        );
        let kind = study.objective.kind();
        let known = self.objectives.as_ref();
        unless(
            known.is_none_or(|kinds| kinds.iter().any(|name| name == kind)),
            format!("the policy allows no objective of kind \"{kind}\""),
        );
        for party in study.recipients().map(|i| &study.parties[i].name) {
            let known = self.recipients.as_ref();
            unless(
                known.is_none_or(|names| names.contains(party)),
                format!("the policy does not name {party} among those who may learn results"),
            );
        }
        self.limits_privacy(study).into_iter().for_each(|why| unless(false, why));
        found
    }

    fn limits_privacy(&self, study: &Study) -> Option<String> {
        if self.max_epsilon.is_none() && self.budget.is_none() {
            return None;
        }
        let Some(privacy) = &study.privacy else {
            return Some(
                "the policy asks for differential privacy, and the study has no [privacy]"
                    .to_owned(),
            );
        };
        let most = self.max_epsilon?;
        let epsilon: f64 = privacy.epsilon.to_string().parse().unwrap_or(f64::INFINITY);
        (epsilon > most).then(|| {
            format!(
                "the study spends an epsilon of {epsilon}, and the policy allows {most} to a study"
            )
        })
    }

    /// Why no run may begin now.
    #[must_use]
    pub fn closed(&self, now: Time) -> Option<String> {
        let hours = self.hours.filter(|hours| !hours.contain(now))?;
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        Some(format!(
            "runs begin here between {} and {}, universal time: it is {}",
            clock(hours.from),
            clock(hours.to),
            clock(now.minutes())
        ))
    }

    /// What a run would tell beside those that a log knows: who has the result of one question over
    /// some organisations and over one more, has the part of that one. And whether the budget of
    /// this member's records is enough for it.
    #[must_use]
    pub fn past(&self, next: &Start, member: &str, log: &[Signed<Entry>]) -> Past {
        let mut past = Past::default();
        let ledger = Ledger::of(log, member, self.budget);
        past.refused.extend(ledger.overspent(next, member));
        let mut tell = |why: String| match self.differencing {
            Differencing::Refuse => past.refused.push(why),
            Differencing::Warn => past.warnings.push(why),
        };
        let mut told = vec![];
        for run in released(log) {
            let sees_both = next.recipients.iter().any(|name| run.recipients.contains(name));
            if !sees_both || told.contains(&run.study) {
                continue;
            }
            let differ = difference(&run.givers, &next.givers);
            let why = match differ.as_slice() {
                [one] if run.question == next.question => format!(
                    "the study \"{}\" ({}) asked the same of the same parties but {one}: both results \
                     together tell that one's part",
                    run.name,
                    short(&run.study)
                ),
                [] if run.question != next.question
                    && run.question_of_all == next.question_of_all =>
                {
                    format!(
                        "the study \"{}\" ({}) asked the same of other records of the same parties: \
                         if few records differ, both results together tell about them",
                        run.name,
                        short(&run.study)
                    )
                }
                _ => continue,
            };
            told.push(run.study.clone());
            tell(why);
        }
        past
    }
}

/// Those whose result may be known, or may still become known.
fn released(log: &[Signed<Entry>]) -> impl Iterator<Item = &Start> {
    let opens = opened(log);
    opens.into_iter().filter(|of| of.state != State::Unopened).map(|of| of.start)
}

fn difference(a: &[String], b: &[String]) -> Vec<String> {
    let without = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|name| !b.contains(name)).cloned().collect()
    };
    [without(a, b), without(b, a)].concat()
}

fn short(study: &str) -> &str {
    study.get(..12).unwrap_or(study)
}

fn number(of: Decimal) -> f64 {
    of.digits as f64 / 10f64.powi(of.scale.into())
}

struct Reader<'d>(&'d Document<'d>);

impl<'d> Reader<'d> {
    fn policy(&self, text: Digest) -> Option<Policy> {
        let root = self.0.root();
        let section = root.required_section("policy");
        root.finish();
        let section = section?;
        let threats = Threat::ALL.map(|threat| (threat.name(), threat));
        let threat = self.word(&section, "threat", &threats);
        let open = [("hidden", Sufficient::Hidden), ("open", Sufficient::Open)];
        let sufficient = self.word(&section, "sufficient", &open);
        let ways = [("refuse", Differencing::Refuse), ("warn", Differencing::Warn)];
        let differencing = self.word(&section, "differencing", &ways);
        let min_records = section.required::<u64>("min_records");
        let min_parties = section.required::<u64>("min_parties").and_then(|n| {
            let read = u32::try_from(*n.get_ref()).ok();
            self.require(read.is_some(), n.span(), "there are never so many parties")?;
            read
        });
        let objectives = self.names(&section, "objectives");
        let recipients = self.names(&section, "recipients");
        let hours = section.optional::<String>("hours").map(|text| {
            let hours = Hours::parse(text.get_ref());
            self.require(hours.is_some(), text.span(), "hours are written as \"08:00-18:00\"")?;
            hours
        });
        let max_epsilon = self.positive(&section, "max_epsilon");
        let epsilon = self.positive(&section, "budget_epsilon");
        let delta = section.optional::<Decimal>("budget_delta");
        if let (Some(delta), None) = (&delta, &epsilon) {
            self.require(false, delta.span(), "there is no `budget_epsilon` that it belongs to")?;
        }
        let delta = delta.map_or(0.0, |delta| number(*delta.get_ref()));
        let hours = match hours {
            Some(hours) => Some(hours?),
            None => None,
        };
        section.finish();
        Some(Policy {
            threat: threat?,
            min_records: min_records?.into_inner(),
            min_parties: min_parties?,
            sufficient: sufficient?,
            objectives,
            recipients,
            hours,
            differencing: differencing?,
            max_epsilon,
            budget: epsilon.map(|epsilon| Budget { epsilon, delta }),
            text,
        })
    }

    fn positive(&self, section: &Section<'_>, key: &'static str) -> Option<f64> {
        let set = section.optional::<Decimal>(key)?;
        self.require(set.get_ref().digits > 0, set.span(), "it must be above 0")?;
        Some(number(*set.get_ref()))
    }

    fn word<T: Copy>(
        &self,
        section: &Section<'_>,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let word = section.required::<String>(key)?;
        let found = words.iter().find(|(name, _)| name == word.get_ref());
        if found.is_none() {
            let names = words.iter().map(|(name, _)| *name);
            let help = suggest::advice(word.get_ref(), "choices", names).unwrap_or_default();
            let message = format!("`{key}` cannot be \"{}\"", word.get_ref().escape_debug());
            self.0.refuse_with_help(word.span(), message, help);
        }
        found.map(|(_, value)| *value)
    }

    fn names(&self, section: &Section<'_>, key: &'static str) -> Option<Vec<String>> {
        let names = section.optional::<Vec<Spanned<String>>>(key)?;
        Some(names.into_inner().into_iter().map(Spanned::into_inner).collect())
    }

    fn require(&self, holds: bool, span: Range<usize>, message: &str) -> Option<()> {
        if !holds {
            self.0.refuse(span, message);
        }
        holds.then_some(())
    }
}
