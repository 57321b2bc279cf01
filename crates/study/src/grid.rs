//! Public grids: numbers and days as groups.

use crate::{Column, Decimal, Kind, Table, date};

/// Bins of equal width over the declared range of a column of numbers or days. Which bins there
/// are is public, which of them have records is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// An integer, decimal or date column. Records in which it is missing are in no bin.
    pub column: usize,
    /// Quanta of a bin, at least 1; the last bin may be narrower.
    pub width: i64,
}

impl Grid {
    /// Whether the column can be cut into bins.
    #[must_use]
    pub fn fits(column: &Column) -> bool {
        matches!(column.kind, Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Date { .. })
    }

    /// Number of bins.
    #[must_use]
    pub fn bins(&self, table: &Table) -> u64 {
        let (min, max, _) = self.range(table);
        u64::try_from((max - min) / i128::from(self.width) + 1).unwrap_or(u64::MAX)
    }

    /// Least and greatest value in a bin: in the column's unit, or days since 1970-01-01.
    #[must_use]
    pub fn ends(&self, table: &Table, bin: u64) -> [f64; 2] {
        let (_, _, decimals) = self.range(table);
        // One correctly rounded division of exact numbers.
        self.quanta(table, bin).map(|quanta| quanta as f64 / 10f64.powi(decimals.into()))
    }

    /// A bin, for people.
    #[must_use]
    pub fn name(&self, table: &Table, bin: u64) -> String {
        let [first, last] = self.quanta(table, bin).map(|quanta| self.text(table, quanta));
        if first == last { first } else { format!("{first} to {last}") }
    }

    /// What [`Grid::to_sql`] gives of the records in a bin, as text.
    #[must_use]
    pub fn key(&self, table: &Table, bin: u64) -> String {
        let (_, _, decimals) = self.range(table);
        Decimal { digits: self.quanta(table, bin)[0], scale: decimals }.to_string()
    }

    /// The least value of a record's bin, in SQL over the agreed table; a day as its number.
    #[must_use]
    pub fn to_sql(&self, table: &Table) -> String {
        let column = &table.columns[self.column];
        let value = match column.kind {
            Kind::Date { .. } => format!("CAST(\"{}\" AS INT)", column.name),
            _ => format!("\"{}\"", column.name),
        };
        if self.width == 1 {
            return value;
        }
        let (min, _, decimals) = self.range(table);
        let number = |quanta: i128| Decimal { digits: quanta, scale: decimals }.to_string();
        let (first, width) = (number(min), number(self.width.into()));
        format!("{value} - ({value} - ({first})) % {width}")
    }

    fn text(&self, table: &Table, quanta: i128) -> String {
        match (&table.columns[self.column].kind, i32::try_from(quanta)) {
            (Kind::Date { .. }, Ok(days)) => date::format(days),
            _ => Decimal { digits: quanta, scale: self.range(table).2 }.to_string(),
        }
    }

    fn quanta(&self, table: &Table, bin: u64) -> [i128; 2] {
        let (min, max, _) = self.range(table);
        let first = min + i128::from(bin) * i128::from(self.width);
        [first, max.min(first + i128::from(self.width) - 1)]
    }

    fn range(&self, table: &Table) -> (i128, i128, u8) {
        table.columns[self.column].quanta().expect("only numbers and days have a grid")
    }
}
