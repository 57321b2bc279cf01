//! What a provider's records must be like before they may take part.

use crate::Decimal;

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
