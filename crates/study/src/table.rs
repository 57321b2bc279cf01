//! The agreed schema, and the exact range of whatever is computed from one record.
//!
//! Ranges are integers, in multiples of a column's quantum: a decimal column with one digit and
//! the range 0 to 100000 spans 0 to 1000000 quanta. Every bound that the planner proves rests on
//! them, so no floating-point number comes near.

use crate::{DatePart, RowExpr, date};

/// The one agreed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name, as queries say it.
    pub name: String,
    /// Version of the schema, counted by those who agree on it.
    pub version: u32,
    /// Most records of one provider; a provider with more is refused.
    pub max_rows: u64,
    /// The columns, in the order of the document.
    pub columns: Vec<Column>,
    /// The columns, never missing, whose values together no two records of a provider share; in
    /// schema order. Empty if records need not differ.
    pub key: Vec<usize>,
    /// Of a table of pairs of records, what either is called: the columns of the first come before
    /// those of the second. The agreed table has none.
    pub sides: Option<[String; 2]>,
}

impl Table {
    /// Index of the column called `name`, whatever the case of its letters: behind the name of the
    /// table and a point, if it has one; of pairs, behind the name of a side and a point.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        let side = name.split_once('.');
        let of = |columns: &[Column], name: &str| {
            columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
        };
        match &self.sides {
            None => of(&self.columns, name).or_else(|| {
                let (_, name) = side.filter(|(side, _)| self.name.eq_ignore_ascii_case(side))?;
                of(&self.columns, name)
            }),
            Some(sides) => {
                let (side, name) = side?;
                let at = sides.iter().position(|known| known.eq_ignore_ascii_case(side))?;
                let half = self.columns.len() / 2;
                Some(at * half + of(&self.columns[at * half..(at + 1) * half], name)?)
            }
        }
    }

    /// On which side of pairs a column is, 0 or 1; 0 where there are none.
    #[must_use]
    pub fn side(&self, column: usize) -> usize {
        usize::from(self.sides.is_some() && column >= self.columns.len() / 2)
    }

    /// What queries call each column.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |(i, column): (usize, &Column)| match &self.sides {
            None => column.name.clone(),
            Some(sides) => format!("{}.{}", sides[self.side(i)], column.name),
        };
        self.columns.iter().enumerate().map(name).collect()
    }

    /// Number of groups that grouping by these columns makes: the product of their numbers of
    /// values, 1 for no column; `u64::MAX` if it is more than that.
    #[must_use]
    pub fn cells(&self, group_by: &[usize]) -> u64 {
        group_by.iter().fold(1, |cells: u64, &column| {
            cells.saturating_mul(self.columns[column].values().len() as u64)
        })
    }

    /// The value of each column in group number `cell`; the last column runs fastest.
    ///
    /// # Panics
    /// If `cell` is not below [`Table::cells`].
    #[must_use]
    pub fn cell(&self, group_by: &[usize], cell: u64) -> Vec<&str> {
        assert!(cell < self.cells(group_by), "cell {cell} of {}", self.cells(group_by));
        let mut rest = cell as usize;
        let mut values: Vec<&str> = group_by
            .iter()
            .rev()
            .map(|&column| {
                let values = self.columns[column].values();
                let value = values[rest % values.len()];
                rest /= values.len();
                value
            })
            .collect();
        values.reverse();
        values
    }
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
    /// Whether a value beyond the range counts as its nearest end (top and bottom coding), instead
    /// of being refused.
    pub clip: bool,
}

impl Column {
    /// Least and greatest value in quanta, and the digits after the point of one quantum. Booleans
    /// are 0 and 1, dates are days; categories and identifiers are not numbers.
    #[must_use]
    pub fn quanta(&self) -> Option<(i128, i128, u8)> {
        match self.kind {
            Kind::Integer { min, max, .. } => Some((min.into(), max.into(), 0)),
            Kind::Decimal { decimals, min, max, .. } => Some((min.into(), max.into(), decimals)),
            Kind::Boolean => Some((0, 1, 0)),
            Kind::Date { min, max } => Some((min.into(), max.into(), 0)),
            Kind::Category { .. } | Kind::Identifier => None,
        }
    }

    /// Whether the schema says which groups it makes, and every record is in one.
    #[must_use]
    pub fn is_public_group(&self) -> bool {
        self.missing == Missing::Refuse && !self.values().is_empty()
    }

    /// The public list of values, where there is one: a category's codes in their order, or
    /// `false` and `true`. Empty for the other kinds.
    #[must_use]
    pub fn values(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Category { codes, .. } => codes.iter().map(String::as_str).collect(),
            Kind::Boolean => vec!["false", "true"],
            Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Date { .. } | Kind::Identifier => {
                Vec::new()
            }
        }
    }
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
    /// Multiples of 10^-decimals. A time span is one whose unit is of time.
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
        /// The published list that they are taken from.
        list: Option<CodeList>,
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

/// A published list of codes. Two of its versions may mean different things by one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeList {
    /// Its name, such as MedDRA.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Kind {
    /// Unit of measurement of a numeric kind; `1` for none.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Integer { unit, .. } | Self::Decimal { unit, .. } => Some(unit),
            Self::Boolean | Self::Category { .. } | Self::Date { .. } | Self::Identifier => None,
        }
    }

    /// The kind as a study writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Integer { .. } => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Category { .. } => "category",
            Self::Date { .. } => "date",
            Self::Identifier => "identifier",
        }
    }

    /// Whether arithmetic takes it: numbers, and booleans as 0 and 1.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Decimal { .. } | Self::Boolean)
    }
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

impl Range {
    /// Greatest magnitude in quanta: what 38 decimal digits hold, which is also what databases
    /// calculate with. It fits 127 bits.
    pub const QUANTA_MAX: i128 = 10i128.pow(38) - 1;

    fn new(min: i128, max: i128, decimals: u8) -> Option<Self> {
        let fits = |quanta: i128| quanta.unsigned_abs() <= Self::QUANTA_MAX.unsigned_abs();
        (fits(min) && fits(max)).then_some(Self { min, max, decimals })
    }

    /// The least range that holds both.
    fn hull(self, other: Self) -> Option<Self> {
        let decimals = self.decimals.max(other.decimals);
        let (a, b) = (self.rescaled(decimals)?, other.rescaled(decimals)?);
        Self::new(a.min.min(b.min), a.max.max(b.max), decimals)
    }

    fn neg(self) -> Self {
        Self { min: -self.max, max: -self.min, decimals: self.decimals }
    }

    fn add(self, other: Self) -> Option<Self> {
        let decimals = self.decimals.max(other.decimals);
        let (a, b) = (self.rescaled(decimals)?, other.rescaled(decimals)?);
        Self::new(a.min.checked_add(b.min)?, a.max.checked_add(b.max)?, decimals)
    }

    fn mul(self, other: Self) -> Option<Self> {
        let mut corners = [0; 4];
        for (i, corner) in corners.iter_mut().enumerate() {
            let a = if i & 1 == 0 { self.min } else { self.max };
            let b = if i & 2 == 0 { other.min } else { other.max };
            *corner = a.checked_mul(b)?;
        }
        let [min, max] = [corners.iter().min()?, corners.iter().max()?];
        Self::new(*min, *max, self.decimals.checked_add(other.decimals)?)
    }

    fn rescaled(self, decimals: u8) -> Option<Self> {
        let factor = 10i128.checked_pow(u32::from(decimals - self.decimals))?;
        Self::new(self.min.checked_mul(factor)?, self.max.checked_mul(factor)?, decimals)
    }
}

/// A row expression with values beyond [`Range::QUANTA_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is computed from column `{column}` can need more than 38 digits")]
pub struct Overflow {
    /// The first column of the part that overflows.
    pub column: String,
}

impl DatePart {
    /// What it can be from the first to the last day.
    fn range(self, first: i128, last: i128) -> Option<Range> {
        let year = |days: i128| i32::try_from(days).ok().map(|days| i128::from(date::year(days)));
        let (min, max) = match self {
            Self::Year => (year(first)?, year(last)?),
            Self::Quarter => (1, 4),
            Self::Month => (1, 12),
            Self::Day => (1, 31),
            Self::DayOfWeek => (0, 6),
            Self::DayOfYear => (1, 366),
        };
        Range::new(min, max, 0)
    }
}

impl RowExpr {
    /// Exact range of the expression over every record that the schema admits (interval
    /// arithmetic: a column that occurs twice counts as two).
    ///
    /// # Errors
    /// [`Overflow`] if a value of the expression, or of a part of it, can be too large.
    ///
    /// # Panics
    /// If a column is neither numeric nor a date, which [`crate::Study::parse`] refuses
    /// everywhere but in a bare `COUNT(column)`.
    pub fn range(&self, table: &Table) -> Result<Range, Overflow> {
        self.interval(table).map_err(|culprit| {
            // A part without columns has no name of its own.
            let column = culprit.or(self.columns().first().copied());
            Overflow { column: column.map_or_else(String::new, |i| table.columns[i].name.clone()) }
        })
    }

    /// The range, or the first column of the part that overflows.
    fn interval(&self, table: &Table) -> Result<Range, Option<usize>> {
        let range = match self {
            Self::Column(column) => {
                let quanta = table.columns[*column].quanta();
                let (min, max, decimals) = quanta.expect("only numbers and dates have a range");
                Range::new(min, max, decimals)
            }
            Self::Number(number) => Range::new(number.digits, number.digits, number.scale),
            Self::Neg(a) => Some(a.interval(table)?.neg()),
            Self::Add(a, b) => a.interval(table)?.add(b.interval(table)?),
            Self::Sub(a, b) => a.interval(table)?.add(b.interval(table)?.neg()),
            Self::Mul(a, b) => a.interval(table)?.mul(b.interval(table)?),
            Self::Case { branches, otherwise } => {
                let values = branches.iter().map(|(_, value)| value).chain(otherwise.as_deref());
                let ranges: Vec<Range> =
                    values.map(|value| value.interval(table)).collect::<Result<_, _>>()?;
                ranges.into_iter().map(Some).reduce(|a, b| a?.hull(b?)).flatten()
            }
            Self::DatePart { part, column } => {
                let (first, last, _) = table.columns[*column].quanta().expect("dates have a range");
                part.range(first, last)
            }
        };
        range.ok_or_else(|| self.columns().first().copied())
    }
}
