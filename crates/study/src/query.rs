//! The SQL subset as a small typed tree. Columns are indices into [`crate::Table::columns`].

use crate::{Decimal, Table};

/// `SELECT items FROM table [WHERE filter] [GROUP BY group_by]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What is selected; at least one aggregate among them.
    pub items: Vec<Item>,
    /// The records that count; all of them if absent.
    pub filter: Option<Predicate>,
    /// Category and boolean columns without missing values, in schema order, each once. The
    /// groups are the product of their values, the last column running fastest.
    pub group_by: Vec<usize>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Name: the alias, or the text of the expression. Unique in the query.
    pub name: String,
    /// What it holds.
    pub expr: Expr,
}

/// What a result is called that was given no name.
pub(crate) fn default_name(expr: &Expr, table: &Table) -> String {
    match expr {
        Expr::Group(column) => table.columns[*column].name.clone(),
        _ => expr.to_sql(table),
    }
}

/// What a column of the result holds: a group column, or arithmetic over aggregates.
///
/// `Group` stands only by itself, never inside arithmetic. Division is that of the rationals,
/// also between integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// The group's value of this column.
    Group(usize),
    /// A value computed from all records of the group.
    Aggregate(Aggregate),
    /// A public constant.
    Number(Decimal),
    /// Minus.
    Neg(Box<Self>),
    /// Sum.
    Add(Box<Self>, Box<Self>),
    /// Difference.
    Sub(Box<Self>, Box<Self>),
    /// Product.
    Mul(Box<Self>, Box<Self>),
    /// Quotient.
    Div(Box<Self>, Box<Self>),
}

/// A value computed from all records of a group. Missing values are skipped, as in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// `COUNT(*)`.
    Count,
    /// `COUNT(e)`: records in which `e` is not missing. A bare column of any kind but identifier,
    /// or a numeric expression.
    CountColumn(RowExpr),
    /// `SUM(e)`.
    Sum(RowExpr),
    /// `AVG(e)`.
    Avg(RowExpr),
    /// `VAR_SAMP(e)`, with divisor n - 1.
    VarSamp(RowExpr),
    /// `STDDEV_SAMP(e)`, its square root.
    StddevSamp(RowExpr),
    /// `MIN(column)` of a numeric, boolean or date column.
    Min(usize),
    /// `MAX(column)` of a numeric, boolean or date column.
    Max(usize),
}

/// Arithmetic within one record; booleans count as 0 and 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowExpr {
    /// The record's value of this column.
    Column(usize),
    /// A public constant.
    Number(Decimal),
    /// Minus.
    Neg(Box<Self>),
    /// Sum.
    Add(Box<Self>, Box<Self>),
    /// Difference.
    Sub(Box<Self>, Box<Self>),
    /// Product.
    Mul(Box<Self>, Box<Self>),
}

impl RowExpr {
    /// The columns that occur, each once, in order of occurrence.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        self.visit(&mut |column| push_new(&mut columns, column));
        columns
    }

    fn visit(&self, see: &mut impl FnMut(usize)) {
        match self {
            Self::Column(column) => see(*column),
            Self::Number(_) => {}
            Self::Neg(a) => a.visit(see),
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => {
                a.visit(see);
                b.visit(see);
            }
        }
    }
}

fn push_new(columns: &mut Vec<usize>, column: usize) {
    if !columns.contains(&column) {
        columns.push(column);
    }
}

/// A condition on one record, in SQL's logic of three values: a record counts if it is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Two numbers, or two bare date columns.
    Compare {
        /// Left side.
        left: RowExpr,
        /// How they compare.
        op: Comparison,
        /// Right side.
        right: RowExpr,
    },
    /// A date column and a day, counted from 1970-01-01.
    CompareDate {
        /// The date column.
        column: usize,
        /// How they compare.
        op: Comparison,
        /// The day.
        days: i32,
    },
    /// A number is one of a list.
    AnyOf {
        /// The number.
        value: RowExpr,
        /// The list, not empty.
        list: Vec<Decimal>,
    },
    /// A category column has one of these codes (indices into its codes, not empty).
    Member {
        /// The category column.
        column: usize,
        /// The codes.
        codes: Vec<usize>,
    },
    /// A boolean column is true.
    Truth(usize),
    /// A column of any kind but identifier is missing.
    IsNull(usize),
    /// Negation.
    Not(Box<Self>),
    /// Both.
    And(Box<Self>, Box<Self>),
    /// Either.
    Or(Box<Self>, Box<Self>),
}

impl Predicate {
    /// The columns that occur, each once, in order of occurrence.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        self.visit(&mut |column| push_new(&mut columns, column));
        columns
    }

    fn visit(&self, see: &mut impl FnMut(usize)) {
        match self {
            Self::Compare { left, right, .. } => {
                left.visit(see);
                right.visit(see);
            }
            Self::AnyOf { value, .. } => value.visit(see),
            Self::CompareDate { column, .. }
            | Self::Member { column, .. }
            | Self::Truth(column)
            | Self::IsNull(column) => see(*column),
            Self::Not(a) => a.visit(see),
            Self::And(a, b) | Self::Or(a, b) => {
                a.visit(see);
                b.visit(see);
            }
        }
    }
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`.
    Eq,
    /// `<>`.
    NotEq,
    /// `<`.
    Lt,
    /// `<=`.
    LtEq,
    /// `>`.
    Gt,
    /// `>=`.
    GtEq,
}

impl Comparison {
    /// The comparison that holds of the sides exchanged.
    #[must_use]
    pub const fn flipped(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::NotEq => Self::NotEq,
            Self::Lt => Self::Gt,
            Self::LtEq => Self::GtEq,
            Self::Gt => Self::Lt,
            Self::GtEq => Self::LtEq,
        }
    }
}
