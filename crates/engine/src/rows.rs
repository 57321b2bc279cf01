//! Providers' records as secret columns. Each provider shares as many rows as it may have, so that
//! nobody learns how many there are; a last column says which of them are records.

use sharewell_study::{Decimal, Linkage, Recorded, Study};

use crate::{Error, LocalValues, Plan};

/// Most rows of all providers: they are sorted under secure computation.
pub(crate) const ROWS_MAX: u64 = 1 << 20;

/// A number of each record, and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowColumn {
    /// What it is, as people write it.
    pub name: String,
    pub recorded: Recorded,
    pub lo: i128,
    pub hi: i128,
}

impl RowColumn {
    /// Where a place's number lies, with or without a record.
    pub(crate) fn range(&self) -> (i128, i128) {
        (self.lo.min(0), self.hi.max(0))
    }

    /// Bits of a number, its sign included.
    pub(crate) fn bits(&self) -> u32 {
        let (lo, hi) = self.range();
        129 - hi.max(-(lo + 1)).leading_zeros()
    }
}

/// What is made of the rows of each cell, on shares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OfRows {
    /// As people write it.
    pub name: String,
    /// Unit of measurement; empty for none.
    pub unit: String,
    pub what: RowsFunction,
    /// The column that says whether a record has a value; all have one if absent.
    pub present: Option<usize>,
    /// The column with a record's cell, unless there is but one.
    pub cell: Option<usize>,
    /// The slot that counts the records with a value.
    pub count: usize,
}

/// A function of rows. Columns are places in [`Plan::rows`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowsFunction {
    /// Between the two values nearest to a share of the way from least to greatest.
    Percentile { value: usize, decimals: i32, at: Decimal },
    /// How many different values there are.
    Distinct { key: usize },
}

/// Which rows of different providers belong together. Columns are places in [`Plan::rows`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Linked {
    pub keys: Vec<LinkedKey>,
    /// Two data parties, by their places in the study, and a column for each value of either.
    pub cross: Option<[(usize, Vec<usize>); 2]>,
}

/// By what rows are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkedKey {
    pub digest: usize,
    /// Whether all of it is there; it always is if absent.
    pub present: Option<usize>,
}

impl Linked {
    /// What is counted, in the order in which it is: for each key the keys that two data parties
    /// share, and those that all share if these are more; then, if there are several keys, the pairs
    /// of records that any of them links; then the crossed records.
    pub(crate) fn names(&self, study: &Study, asked: &Linkage) -> Vec<String> {
        let parties: Vec<&str> =
            study.data_parties().map(|i| study.parties[i].name.as_str()).collect();
        let pairs = pairs_of(&parties);
        let column = |i: &usize| study.table.columns[*i].name.as_str();
        let mut names = vec![];
        for key in &asked.keys {
            let key = key.iter().map(column).collect::<Vec<_>>().join(", ");
            let shared = |[a, b]: &[&str; 2]| format!("values of {key} that {a} and {b} share");
            names.extend(pairs.iter().map(shared));
            if parties.len() > 2 {
                names.push(format!("values of {key} that all share"));
            }
        }
        if asked.keys.len() > 1 {
            let linked =
                |[a, b]: &[&str; 2]| format!("pairs of records of {a} and {b} linked by any key");
            names.extend(pairs.iter().map(linked));
        }
        if let Some(cross) = &asked.cross {
            let [first, second] = cross.columns.map(|i| &study.table.columns[i]);
            for own in first.values() {
                for theirs in second.values() {
                    names.push(format!(
                        "linked records with {} = {own} and {} = {theirs}",
                        first.name, second.name
                    ));
                }
            }
        }
        names
    }
}

/// Each two of a list, in order.
pub(crate) fn pairs_of<T: Copy>(all: &[T]) -> Vec<[T; 2]> {
    let with = |a: usize| (a + 1..all.len()).map(move |b| [all[a], all[b]]);
    (0..all.len()).flat_map(with).collect()
}

impl Plan {
    /// Whether the providers' rows are shared, beside their sums.
    #[must_use]
    pub fn shares_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Rows that each data party shares.
    pub(crate) fn rows_len(&self) -> usize {
        let rows = usize::try_from(self.study.table.max_rows).unwrap_or(usize::MAX);
        if self.shares_rows() { rows } else { 0 }
    }

    /// Elements of them: the columns, and which rows are records.
    pub(crate) fn rows_elements(&self) -> usize {
        (self.rows.len() + 1) * self.rows_len()
    }

    /// A provider's rows as it shares them: column after column, zeros behind its records.
    pub(crate) fn encode_rows(&self, local: &LocalValues) -> Result<Vec<i128>, Error> {
        if !self.shares_rows() {
            return Ok(vec![]);
        }
        let len = self.rows_len();
        let records = local.records.first().map_or(0, Vec::len);
        if local.records.len() != self.rows.len() || records > len {
            return Err(Error::OutOfBounds { measure: "the records".to_owned() });
        }
        let mut out = Vec::with_capacity(self.rows_elements());
        for (column, values) in self.rows.iter().zip(&local.records) {
            let inside = |value: &i128| (column.lo..=column.hi).contains(value);
            if values.len() != records || !values.iter().all(inside) {
                return Err(Error::OutOfBounds { measure: column.name.clone() });
            }
            out.extend(values);
            out.extend(vec![0; len - records]);
        }
        out.extend((0..len).map(|row| i128::from(row < records)));
        Ok(out)
    }
}
