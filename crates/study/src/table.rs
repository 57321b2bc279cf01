//! The agreed schema, and the exact range of whatever is computed from one record.
//!
//! Ranges are integers, in multiples of a column's quantum: a decimal column with one digit and
//! the range 0 to 100000 spans 0 to 1000000 quanta. Every bound that the planner proves rests on
//! them, so no floating-point number comes near.

/// The one agreed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name, as queries say it.
    pub name: String,
    /// Most records of one provider; a provider with more is refused.
    pub max_rows: u64,
    /// The columns, in the order of the document.
    pub columns: Vec<Column>,
}

/// A column of the agreed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, unique in the table whatever the case of its letters.
    pub name: String,
    /// What the values are.
    pub kind: Kind,
    /// Whether a value may be missing.
    pub missing: Missing,
}

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer {
        /// Unit of measurement; `1` for none.
        unit: String,
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// Multiples of 10^-decimals.
    Decimal {
        /// Unit of measurement; `1` for none.
        unit: String,
        /// Digits after the point, at most 9.
        decimals: u8,
        /// Least value, in quanta of 10^-decimals.
        min: i64,
        /// Greatest value, in quanta of 10^-decimals.
        max: i64,
    },
    /// True or false; 1 or 0 in arithmetic.
    Boolean,
    /// One of a public list of codes.
    Category {
        /// The codes; a code's index stands for it.
        codes: Vec<String>,
    },
    /// A day, counted from 1970-01-01.
    Date {
        /// First day.
        min: i32,
        /// Last day.
        max: i32,
    },
    /// Text that tells records apart. It never takes part in a computation.
    Identifier,
}

/// Whether a value may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A record without the value is refused.
    Refuse,
    /// NULL is permitted; aggregates skip it as SQL does.
    Allow,
}

/// Inclusive range of multiples of 10^-decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least value, in quanta.
    pub min: i128,
    /// Greatest value, in quanta.
    pub max: i128,
    /// Digits after the point of one quantum.
    pub decimals: u8,
}

/// A row expression whose values do not fit 127 bits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "values computed from column `{column}` can exceed the largest number that is computed with"
)]
pub struct Overflow {
    /// The first column of the expression that overflows.
    pub column: String,
}
