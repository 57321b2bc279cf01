//! What a provider's records must be like before they may take part.

use crate::{Decimal, Predicate, RowExpr};

/// Limits that each provider's node tests at home. A provider beyond one of them gives nothing.
///
/// Shares are from 0 to 1; a limit that is absent is not tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Least number of valid records.
    pub min_rows: u64,
    /// Greatest share of records that do not fit the schema.
    pub max_rejected: Option<Decimal>,
    /// Greatest share of valid records without a value, in any column.
    pub max_missing: Option<Decimal>,
    /// Greatest share of values that are outliers, in any numeric column.
    pub max_outliers: Option<Decimal>,
    /// Robust z-score beyond which a value is an outlier.
    pub outlier_z: Decimal,
    /// Greatest share of days after the day of the run, in any date column.
    pub max_future: Option<Decimal>,
    /// Whether all of a column's values may be the same.
    pub constant: Constant,
}

/// Whether all of a column's values may be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// They may.
    Allow,
    /// A provider with such a column gives nothing.
    Refuse,
}

impl Quality {
    /// The robust z-score beyond which a value is an outlier, if the study does not say: 3.5.
    ///
    /// Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993), section 3.3.
    pub const OUTLIER_Z: Decimal = Decimal { digits: 35, scale: 1 };
}

/// What is asked of the pooled records together, because nobody can look at those of others. Columns
/// are indices into [`crate::Table::columns`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JointQuality {
    /// Columns whose missing values are counted.
    pub missing: Vec<usize>,
    /// Conditions whose records are counted: what should not be.
    pub implausible: Vec<Predicate>,
    /// Whether the records are counted whose key another organisation has too.
    pub duplicates: bool,
    /// How far each organisation's values are from those of the others.
    pub drift: Vec<Drift>,
}

/// How far each organisation's values are from those of all others, by their shares in public bins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Of what.
    pub value: RowExpr,
    /// Where one bin ends and the next begins, ascending, at least one. The first and the last bin
    /// have no end.
    pub edges: Vec<Decimal>,
    /// By which index.
    pub index: DriftIndex,
    /// Beyond what the organisation is told apart.
    pub limit: Decimal,
    /// Whether the index itself is released, or only whether it is within the limit.
    pub reveal: Reveal,
}

/// How the difference of two distributions is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftIndex {
    /// The greatest difference of the two cumulative shares at an edge (Kolmogorov-Smirnov).
    KolmogorovSmirnov,
    /// The sum over bins of `(p - q) ln(p / q)`, half a record added to each bin.
    PopulationStability,
}

impl DriftIndex {
    /// Both.
    pub const ALL: [Self; 2] = [Self::KolmogorovSmirnov, Self::PopulationStability];

    /// The word for it in a study.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KolmogorovSmirnov => "ks",
            Self::PopulationStability => "psi",
        }
    }
}

/// How much of a drift index is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reveal {
    /// Whether it is within the limit.
    Verdict,
    /// The index.
    Index,
}
