//! A provider's local phase: what the planner asks of it and the data room answers.

/// What is computed of one provider's agreed table: measures per public group.
///
/// Expressions are SQL over the names of the table's columns (double-quoted where needed), in
/// which booleans may stand for 0 and 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalQuery {
    /// Name of the agreed table.
    pub table: String,
    /// The condition on rows that count; all rows if absent.
    pub filter: Option<String>,
    /// What tells groups apart: category and boolean columns, numbers.
    pub group_by: Vec<String>,
    /// The public list of groups: per group the text of each of `group_by`; booleans are `false`
    /// and `true`, numbers have all the decimals of their column. A record of another group, or
    /// without one, counts nowhere. One empty group if there is no `group_by`.
    pub groups: Vec<Vec<String>>,
    /// What is computed of each group.
    pub measures: Vec<Measure>,
    /// By what the records are told apart, if they are compared with those of other providers.
    pub keys: Option<KeyDigests>,
    /// What is kept of each row that counts, for as long as the run lasts: it is not shared, only
    /// sums over it are. A row in which one of them is NULL is left out. Mostly empty.
    pub records: Vec<Recorded>,
}

/// A number for each record that is the same for records of one key at every provider.
///
/// The number leaves the provider in shares alone. It is no secret what it is made from: whoever
/// learned it could try all likely keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDigests {
    /// The columns of the key.
    pub columns: Vec<String>,
    /// Bits of a number, at most 60; two keys have one number with odds of 2^-bits.
    pub bits: u32,
    /// Makes numbers of one run unlike those of another.
    pub salt: [u8; 32],
}

/// A number of each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What.
    pub expr: String,
    /// Its decimals.
    pub decimals: u8,
}

/// A number computed from the rows of a group. NULL is skipped, as SQL does.
///
/// `decimals` are those of the expression's values: a product has the sum of its factors'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Rows.
    Rows,
    /// Rows in which the expression is not NULL.
    Count(String),
    /// Sum of the expression.
    Sum {
        /// What is summed.
        expr: String,
        /// Its decimals, and the result's.
        decimals: u8,
    },
    /// Sum of the expression's squares.
    SumSquares {
        /// What is squared.
        expr: String,
        /// Its decimals; the result has twice as many.
        decimals: u8,
    },
    /// Least value of the expression; of a date, the day since 1970-01-01.
    Min {
        /// What is compared.
        expr: String,
        /// Its decimals, and the result's.
        decimals: u8,
    },
    /// Greatest value of the expression.
    Max {
        /// What is compared.
        expr: String,
        /// Its decimals, and the result's.
        decimals: u8,
    },
}
