//! The SQL subset as a small typed tree. Columns are indices into [`crate::Table::columns`].

use crate::{Decimal, Missing, Table};

/// `SELECT items FROM table [WHERE filter] [GROUP BY group_by]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Whose records are joined; the records of all by themselves if absent. Columns are then
    /// indices into those of [`Join::table`].
    pub join: Option<Join>,
    /// What is selected; at least one aggregate among them.
    pub items: Vec<Item>,
    /// The records that count; all of them if absent.
    pub filter: Option<Predicate>,
    /// In schema order, each once. If all are category or boolean columns without missing values,
    /// the groups are the product of their values, the last column running fastest; otherwise
    /// they are found in the records, in secret, and those without a value are a group too.
    pub group_by: Vec<usize>,
    /// Whether there are totals too, over the values of each column and of several
    /// (`GROUP BY CUBE`).
    pub margins: bool,
    /// The released groups that are shown; all of them if absent.
    pub having: Option<Having>,
    /// How released groups are ordered, the first deciding; those without a value come last.
    pub order_by: Vec<Order>,
    /// Most groups that are shown.
    pub limit: Option<u64>,
}

/// `FROM first JOIN second ON ...`: the pairs of a record of either that agree in some columns. A
/// record of the first has one partner at most, for the second's are told apart by these columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The data parties, by their places in the study.
    pub parties: [usize; 2],
    /// What the query calls them.
    pub names: [String; 2],
    /// Columns of the agreed table, at least one.
    pub on: Vec<usize>,
}

impl Join {
    /// The table of pairs.
    #[must_use]
    pub fn table(&self, agreed: &Table) -> Table {
        let columns = [&agreed.columns[..], &agreed.columns].concat();
        Table { columns, key: vec![], sides: Some(self.names.clone()), ..agreed.clone() }
    }
}

impl Query {
    /// The table that its columns are of.
    #[must_use]
    pub fn table(&self, agreed: &Table) -> Table {
        self.join.as_ref().map_or_else(|| agreed.clone(), |join| join.table(agreed))
    }

    /// Whether the agreed schema says which groups there are.
    #[must_use]
    pub fn has_public_groups(&self, table: &Table) -> bool {
        self.join.is_none()
            && self.group_by.iter().all(|&column| table.columns[column].is_public_group())
    }
}

/// A condition on one released group, of what is selected and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Having {
    /// A selected number, by its place, and a public one.
    Compare {
        /// Index into [`Query::items`].
        item: usize,
        /// How they compare.
        op: Comparison,
        /// The number.
        number: Decimal,
    },
    /// Negation.
    Not(Box<Self>),
    /// Both.
    And(Box<Self>, Box<Self>),
    /// Either.
    Or(Box<Self>, Box<Self>),
}

/// By what released groups are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Index into [`Query::items`].
    pub item: usize,
    /// Greatest first.
    pub descending: bool,
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
        Expr::Group(column) => table.names().swap_remove(*column),
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
    /// `MIN(e)` of a numeric expression or a date column.
    Min(RowExpr),
    /// `MAX(e)` of a numeric expression or a date column.
    Max(RowExpr),
    /// `VAR_POP(e)`, with divisor n.
    VarPop(RowExpr),
    /// `STDDEV_POP(e)`, its square root.
    StddevPop(RowExpr),
    /// `COVAR_SAMP(a, b)` of the records in which neither is missing, with divisor n - 1.
    CovarSamp(RowExpr, RowExpr),
    /// `COVAR_POP(a, b)`, with divisor n.
    CovarPop(RowExpr, RowExpr),
    /// `CORR(a, b)`, Pearson's correlation.
    Corr(RowExpr, RowExpr),
    /// `PERCENTILE_CONT(at) WITHIN GROUP (ORDER BY of)`: between the two values nearest to this
    /// share of the way from the least to the greatest, by nearness. `MEDIAN(of)` at 0.5.
    Percentile {
        /// The numbers.
        of: RowExpr,
        /// From 0 to 1.
        at: Decimal,
    },
    /// `COUNT(DISTINCT e)`: a bare column of any kind, or a numeric expression.
    CountDistinct(RowExpr),
}

impl Aggregate {
    /// What it is computed from: nothing, a number of each record, or two.
    #[must_use]
    pub fn arguments(&self) -> Vec<&RowExpr> {
        match self {
            Self::Count => vec![],
            Self::CountColumn(a)
            | Self::Sum(a)
            | Self::Avg(a)
            | Self::VarSamp(a)
            | Self::StddevSamp(a)
            | Self::Min(a)
            | Self::Max(a)
            | Self::VarPop(a)
            | Self::StddevPop(a)
            | Self::Percentile { of: a, .. }
            | Self::CountDistinct(a) => vec![a],
            Self::CovarSamp(a, b) | Self::CovarPop(a, b) | Self::Corr(a, b) => vec![a, b],
        }
    }
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
    /// `CASE WHEN condition THEN value ... ELSE value END`: the value of the first condition that
    /// is true; without one and without `ELSE` it is missing.
    Case {
        /// Conditions and their values, at least one.
        branches: Vec<(Predicate, Self)>,
        /// The value if no condition is true.
        otherwise: Option<Box<Self>>,
    },
    /// `EXTRACT(part FROM column)` of a date column.
    DatePart {
        /// Which.
        part: DatePart,
        /// The date column.
        column: usize,
    },
}

/// A number that a day has in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// The year.
    Year,
    /// From 1 to 4.
    Quarter,
    /// From 1 to 12.
    Month,
    /// Of the month, from 1.
    Day,
    /// Of the week, 0 for Sunday.
    DayOfWeek,
    /// Of the year, from 1.
    DayOfYear,
}

impl DatePart {
    /// Every part.
    pub const ALL: [Self; 6] =
        [Self::Year, Self::Quarter, Self::Month, Self::Day, Self::DayOfWeek, Self::DayOfYear];

    /// The word for it in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Year => "YEAR",
            Self::Quarter => "QUARTER",
            Self::Month => "MONTH",
            Self::Day => "DAY",
            Self::DayOfWeek => "DOW",
            Self::DayOfYear => "DOY",
        }
    }
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
            Self::Column(column) | Self::DatePart { column, .. } => see(*column),
            Self::Number(_) => {}
            Self::Neg(a) => a.visit(see),
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Self::Case { branches, otherwise } => {
                for (condition, value) in branches {
                    condition.visit(see);
                    value.visit(see);
                }
                otherwise.iter().for_each(|value| value.visit(see));
            }
        }
    }

    /// Whether a record of the agreed table may have no value of it.
    #[must_use]
    pub fn can_be_missing(&self, table: &Table) -> bool {
        match self {
            Self::Column(column) | Self::DatePart { column, .. } => {
                table.columns[*column].missing == Missing::Allow
            }
            Self::Number(_) => false,
            Self::Neg(a) => a.can_be_missing(table),
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => {
                a.can_be_missing(table) || b.can_be_missing(table)
            }
            Self::Case { branches, otherwise } => {
                otherwise.as_ref().is_none_or(|value| value.can_be_missing(table))
                    || branches.iter().any(|(_, value)| value.can_be_missing(table))
            }
        }
    }

    /// The unit of measurement, where the expression has that of its columns; `None` where it has
    /// another one, or none.
    #[must_use]
    pub fn unit<'t>(&self, table: &'t Table) -> Option<&'t str> {
        let same = |a: Option<&'t str>, b: Option<&'t str>| a.filter(|_| a == b);
        match self {
            Self::Column(column) => table.columns[*column].kind.unit().filter(|unit| *unit != "1"),
            Self::Number(_) | Self::DatePart { .. } => None,
            Self::Neg(a) => a.unit(table),
            Self::Add(a, b) | Self::Sub(a, b) => match (&**a, &**b) {
                (Self::Number(_), value) | (value, Self::Number(_)) => value.unit(table),
                (a, b) => same(a.unit(table), b.unit(table)),
            },
            Self::Mul(a, b) => match (&**a, &**b) {
                (Self::Number(_), value) | (value, Self::Number(_)) => value.unit(table),
                _ => None,
            },
            Self::Case { branches, otherwise } => {
                let values = branches.iter().map(|(_, value)| value);
                let zero = |value: &&Self| !matches!(value, Self::Number(n) if n.digits == 0);
                let values = values.chain(otherwise.as_deref()).filter(zero);
                values.map(|value| value.unit(table)).reduce(same).flatten()
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
    /// A column of any kind but identifier, or a number computed from the record, is missing.
    IsNull(RowExpr),
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
            Self::AnyOf { value, .. } | Self::IsNull(value) => value.visit(see),
            Self::CompareDate { column, .. }
            | Self::Member { column, .. }
            | Self::Truth(column) => see(*column),
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
