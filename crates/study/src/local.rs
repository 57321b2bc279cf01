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
    /// What is taken of each row that counts; mostly nothing. A row in which one of them is NULL
    /// is left out.
    pub records: Vec<Recorded>,
}

/// A number of each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The value of an expression.
    Number {
        /// What.
        expr: String,
        /// Its decimals.
        decimals: u8,
    },
    /// A number that is the same for all rows with these values, at every provider; never NULL.
    ///
    /// It leaves the provider in shares alone. It is no secret what it is made from: whoever
    /// learned it could try all likely values.
    Digest {
        /// Names of the columns.
        columns: Vec<String>,
        /// Bits of a number, at most 60; two values have one number with odds of 2^-bits.
        bits: u32,
        /// Makes numbers of one run unlike those of another.
        salt: [u8; 32],
    },
    /// Some bytes of a text as a number, the first the most significant; zeros where it has ended,
    /// or is NULL.
    Text {
        /// Name of the column.
        column: String,
        /// Which [`PART_BYTES`] of them, from 0.
        part: usize,
    },
}

/// Bytes in a part of a text.
pub const PART_BYTES: usize = 6;

/// Most parts of a text that groups records; a longer one is refused at home.
pub const PARTS_MAX: usize = 4;

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
