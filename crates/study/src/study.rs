//! What a study says once it has been checked. Every field is public and plain: the checks are
//! [`Study::parse`]'s, and whoever holds a `Study` may rely on them.

use std::fmt;

use crate::{
    Decimal, JointQuality, Linkage, Predicate, Quality, Query, Statistic, Table, Training,
};

/// Everything the parties agree on before a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Short name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Version of the study format. This crate reads version 1.
    pub version: u32,
    /// What the result is for, in words that a steward can judge.
    pub purpose: String,
    /// The parties, in the order of the document. A party's index here is its number everywhere.
    pub parties: Vec<Party>,
    /// The agreed schema that every data party maps its own records to.
    pub table: Table,
    /// What a provider's records must be like before they may take part.
    pub quality: Quality,
    /// What is computed.
    pub objective: Objective,
    /// Against whom the inputs are protected, and how.
    pub security: Security,
    /// What may leave the computation.
    pub release: Release,
    /// How much what leaves it may tell of one record or organisation, if that is limited.
    pub privacy: Option<Privacy>,
    /// How long parties wait for each other.
    pub limits: Limits,
}

impl Study {
    /// Indices of the parties that provide records, in order.
    pub fn data_parties(&self) -> impl Iterator<Item = usize> + '_ {
        self.parties_with(|roles| roles.data)
    }

    /// Indices of the parties that compute on shares, in order.
    pub fn compute_parties(&self) -> impl Iterator<Item = usize> + '_ {
        self.parties_with(|roles| roles.compute)
    }

    /// Indices of the parties that learn the released results, in order.
    pub fn recipients(&self) -> impl Iterator<Item = usize> + '_ {
        self.parties_with(|roles| roles.recipient)
    }

    /// Index of the party called `name`.
    #[must_use]
    pub fn party(&self, name: &str) -> Option<usize> {
        self.parties.iter().position(|party| party.name == name)
    }

    fn parties_with(&self, has: impl Fn(Roles) -> bool) -> impl Iterator<Item = usize> {
        (0..self.parties.len()).filter(move |&i| has(self.parties[i].roles))
    }
}

/// One organisation's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Name, unique in the study; safe as a file name.
    pub name: String,
    /// What the party does in this study; at least one.
    pub roles: Roles,
    /// Identity of the party's node.
    pub key: PublicKey,
    /// Where the party's node listens, `host:port`.
    pub address: String,
}

/// What a party does in a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Provides records.
    pub data: bool,
    /// Computes on shares.
    pub compute: bool,
    /// Learns the released results.
    pub recipient: bool,
}

/// Public half of a node's Ed25519 identity key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ed25519:")?;
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// SHA-256 of a study's canonical form: the study's name among machines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// What is computed over the union of the data parties' tables. Columns are indices into
/// [`Table::columns`].
#[derive(Clone, Debug, PartialEq)]
pub enum Objective {
    /// Aggregates in SQL.
    Sql(Query),
    /// Events per exposure with its exact Poisson interval.
    FailureRate {
        /// Number of events of a record: an integer column that cannot be negative, or a boolean.
        events: usize,
        /// Exposure of a record: a numeric column that cannot be negative.
        exposure: usize,
        /// Exposure units that the rate is stated per.
        per: f64,
        /// Two-sided confidence level, strictly between 0 and 1.
        confidence: f64,
        /// What ended the observation.
        truncation: Truncation,
        /// The records that count; all of them if absent.
        filter: Option<Predicate>,
        /// One rate for each combination of these columns' values, in schema order.
        group_by: Vec<usize>,
    },
    /// A statistic of the catalogue, finished in the clear from released sums.
    Statistic(Statistic),
    /// What the pooled records are like.
    Quality(JointQuality),
    /// Which records of different organisations belong together.
    Linkage(Linkage),
    /// A model that is trained on all parties' records.
    Train(Box<Training>),
}

impl Objective {
    /// The kind as a study writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::FailureRate { .. } => "failure_rate",
            Self::Statistic(statistic) => statistic.kind.name(),
            Self::Quality(_) => "quality",
            Self::Linkage(_) => "linkage",
            Self::Train(_) => "train",
        }
    }

    /// The same of all records.
    pub(crate) fn of_all(&self) -> Self {
        match self.clone() {
            Self::Sql(query) => Self::Sql(Query { filter: None, ..query }),
            Self::FailureRate {
                events, exposure, per, confidence, truncation, group_by, ..
            } => {
                let filter = None;
                Self::FailureRate {
                    events,
                    exposure,
                    per,
                    confidence,
                    truncation,
                    filter,
                    group_by,
                }
            }
            Self::Statistic(statistic) => Self::Statistic(Statistic { filter: None, ..statistic }),
            Self::Train(training) => Self::Train(Box::new(Training { filter: None, ..*training })),
            other => other,
        }
    }

    /// The table that its columns are of: the agreed one, or that of pairs of its records.
    #[must_use]
    pub fn table(&self, agreed: &Table) -> Table {
        match self {
            Self::Sql(query) => query.table(agreed),
            _ => agreed.clone(),
        }
    }
}

/// What ended the observation of the exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// A date or a number of hours fixed beforehand.
    Time,
    /// The last failure itself.
    Failure,
}

/// Against whom the inputs are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// What corrupted parties may do.
    pub threat: Threat,
    /// How many computing parties may be corrupted together.
    pub corruptions: u8,
    /// Which protocol computes.
    pub protocol: Protocol,
    /// What becomes of a giver whose shares do not fit together.
    pub bad_giver: BadGiver,
}

/// What becomes of a data party that does not compute and whose shares do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadGiver {
    /// The run stops, and names it.
    Stop,
    /// It counts as if it had no records, and the result names it.
    Drop,
}

impl BadGiver {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stop, Self::Drop];

    /// The word for it in a study.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Drop => "drop",
        }
    }
}

/// What corrupted parties may do; what comes later includes what comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threat {
    /// They follow the protocol and try to learn from what they see.
    SemiHonest,
    /// They do what they like.
    Malicious,
}

impl Threat {
    /// Every threat.
    pub const ALL: [Self; 2] = [Self::SemiHonest, Self::Malicious];

    /// The word for it in a study.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SemiHonest => "semi-honest",
            Self::Malicious => "malicious",
        }
    }
}

/// Which protocol computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The cheapest that honours the threat model.
    Auto,
    /// Replicated secret sharing among three parties, one of which may be corrupted.
    Rep3,
    /// The same, and checked: the corrupted party may do what it likes.
    Rep3Malicious,
}

impl Protocol {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Rep3, Self::Rep3Malicious];

    /// The word for it in a study.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Rep3 => "rep3",
            Self::Rep3Malicious => "rep3-malicious",
        }
    }

    /// The strongest threat that it withstands; what is chosen automatically withstands any.
    #[must_use]
    pub const fn withstands(self) -> Threat {
        match self {
            Self::Rep3 => Threat::SemiHonest,
            Self::Auto | Self::Rep3Malicious => Threat::Malicious,
        }
    }
}

/// What may leave the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Least number of records behind a released cell; at least 1.
    pub min_records: u64,
    /// Least number of organisations behind a released cell; from 1 to the number of data parties.
    pub min_parties: u32,
    /// Whether the sums and counts behind the selected values may be opened too.
    pub sufficient: Sufficient,
    /// What else must hold.
    pub rules: Rules,
}

/// Rules of release beside the least numbers; none of them unless the study says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The (n, k) rule: no cell in which few organisations have nearly all of a sum.
    pub dominance: Option<Dominance>,
    /// The p % rule: the second largest organisation cannot tell the largest one's part of a sum
    /// more exactly than to so many percent.
    pub p_percent: Option<u8>,
    /// Released counts are rounded to multiples of this.
    pub round_counts: Option<u32>,
    /// A fitted model rests on at least so many records for each of its parameters.
    pub records_per_parameter: Option<u32>,
}

/// The largest `top` organisations have at most `percent` of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dominance {
    /// n.
    pub top: u8,
    /// k.
    pub percent: u8,
}

impl Rules {
    /// Whether what single organisations have of a sum matters.
    #[must_use]
    pub fn compare_parts(&self) -> bool {
        self.dominance.is_some() || self.p_percent.is_some()
    }
}

/// Whether what lies behind the selected values may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sufficient {
    /// Only the selected values are revealed.
    Hidden,
    /// Recipients may also learn the sums and counts that the values are made of.
    Open,
}

/// Differential privacy: noise that nobody knows is added to every sum and count before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// The budget of the whole study; positive.
    pub epsilon: Decimal,
    /// The chance beside it, below 1; without one the noise is discrete Laplace, with one discrete
    /// Gaussian.
    pub delta: Option<Decimal>,
    /// Whose presence is hidden.
    pub unit: PrivacyUnit,
}

/// What may be added or left out without a noticeable change of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivacyUnit {
    /// One record.
    Record,
    /// All records of one organisation.
    Organisation,
}

impl PrivacyUnit {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Record, Self::Organisation];

    /// The word for it in a study.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Organisation => "organisation",
        }
    }
}

/// How long parties wait for each other, in seconds; each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until all parties are connected.
    pub connect_s: u32,
    /// For one message.
    pub wait_s: u32,
}
