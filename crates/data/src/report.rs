//! The quality report: what was read, accepted, rejected and why. It quotes the provider's values
//! and stays with the provider.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Error;
use crate::audit::ColumnAudit;
use crate::html;

/// What happened to a provider's rows on their way into the agreed table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QualityReport {
    /// The agreed table.
    pub table: String,
    /// Where they come from.
    pub sources: Vec<SourceRows>,
    /// What the `line` of a rejected row counts.
    pub numbering: Numbering,
    /// Rows that the mapping's SQL yields.
    pub rows_read: u64,
    /// Rows that fit the agreed schema and take part.
    pub rows_accepted: u64,
    /// Rows that do not.
    pub rows_rejected: u64,
    /// Why, by row and column; the first [`QualityReport::REJECTED_MAX`].
    pub rejected: Vec<Rejected>,
    /// Why, counted over all rows. A row may fail in several columns.
    pub faults: Vec<FaultCount>,
    /// Columns in which accepted values had more digits than agreed and were rounded.
    pub rounded: Vec<ColumnCount>,
    /// Columns in which accepted values lay beyond the range and count as its end, as agreed.
    pub coded: Vec<ColumnCount>,
    /// Columns in which accepted rows have no value, as the schema allows.
    pub missing: Vec<ColumnCount>,
    /// Columns whose values were converted from another unit.
    pub converted: Vec<Converted>,
    /// What the accepted rows are like, column by column.
    pub columns: Vec<ColumnAudit>,
    /// How many accepted rows that is of: all, or of more than a million an even sample.
    pub audited_rows: u64,
    /// The study's limits that the rows break, in words; none if they may take part.
    pub breaches: Vec<String>,
}

/// A column whose values were converted from another unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Converted {
    /// The agreed column.
    pub column: String,
    /// The provider's unit.
    pub from: String,
    /// The agreed unit.
    pub to: String,
}

/// A source and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceRows {
    /// What the mapping's SQL calls it.
    pub name: String,
    /// The file or folder, or the database and its table.
    pub place: String,
    /// How many rows it has.
    pub rows: u64,
    /// How its rows are numbered.
    pub numbering: Numbering,
    /// The files of a folder, in the order in which they were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRows>,
}

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// Where it is.
    pub path: PathBuf,
    /// How many rows it has.
    pub rows: u64,
}

/// What the number of a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbering {
    /// Lines of the CSV or JSON file, its first line being 1.
    Line,
    /// Rows of the Parquet file, its first row being 1.
    SourceRow,
    /// Rows of the mapping's result, the first being 1: its SQL does not take rows one by one
    /// from one source.
    ResultRow,
}

impl Numbering {
    /// The word before the number.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::SourceRow => "row",
            Self::ResultRow => "row of the mapping's result",
        }
    }
}

/// A value for which a row was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The file of the row, if the source is a folder of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The row, counted as [`QualityReport::numbering`] says.
    pub line: u64,
    /// The agreed column.
    pub column: String,
    /// What is wrong, with the value.
    pub reason: String,
}

impl Rejected {
    /// From a row of all files to a row of its file.
    pub(crate) fn find_file(&mut self, files: &[FileRows]) {
        for file in files {
            if self.line <= file.rows {
                self.file = Some(file.path.clone());
                return;
            }
            self.line -= file.rows;
        }
    }
}

/// How many rows failed in a column in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// The agreed column.
    pub column: String,
    /// What is wrong, without the values.
    pub fault: String,
    /// In how many rows.
    pub rows: u64,
}

/// How many rows of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnCount {
    /// The agreed column.
    pub column: String,
    /// How many rows.
    pub rows: u64,
}

impl QualityReport {
    /// Most rejected values that are listed; all are counted.
    pub const REJECTED_MAX: usize = 1000;
    /// Most rejected values that the human form shows.
    const SHOWN_MAX: usize = 20;

    /// Writes the report as JSON, readable by its owner only where the system knows owners.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    ///
    /// # Panics
    /// Never: the report has a form in JSON.
    pub fn write_json(&self, path: &Path) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(self).expect("structs, numbers and texts");
        write_private(path, &json)
    }

    /// Writes the report as one HTML page that needs no other file, readable by its owner only
    /// where the system knows owners.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn write_html(&self, path: &Path) -> Result<(), Error> {
        write_private(path, html::page(self).as_bytes())
    }

    /// The counts in one line, without values.
    #[must_use]
    pub fn summary(&self) -> String {
        let Self { rows_read, rows_accepted, rows_rejected, .. } = self;
        format!("{rows_read} rows read, {rows_accepted} accepted, {rows_rejected} rejected")
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Error::File { path: path.to_owned(), error })
}

/// The human form: counts, then the first rejected values.
impl fmt::Display for QualityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            writeln!(f, "source {}: {}, {} rows", source.name, source.place, source.rows)?;
        }
        write!(f, "table {}: {}", self.table, self.summary())?;
        for breach in &self.breaches {
            write!(f, "\n  beyond the study's limits: {breach}")?;
        }
        for (column, remark) in self.columns.iter().flat_map(ColumnAudit::remarks) {
            write!(f, "\n  {column}: {remark}")?;
        }
        for FaultCount { column, fault, rows } in &self.faults {
            write!(f, "\n  {column}: {fault} in {rows} rows")?;
        }
        for Converted { column, from, to } in &self.converted {
            write!(f, "\n  {column}: converted from {from} to {to}")?;
        }
        for ColumnCount { column, rows } in &self.rounded {
            write!(f, "\n  {column}: rounded to the schema's decimals in {rows} rows")?;
        }
        for ColumnCount { column, rows } in &self.coded {
            write!(f, "\n  {column}: beyond the range, and counted as its end, in {rows} rows")?;
        }
        for ColumnCount { column, rows } in &self.missing {
            write!(f, "\n  {column}: no value in {rows} accepted rows")?;
        }
        for rejected in self.rejected.iter().take(Self::SHOWN_MAX) {
            let Rejected { file, line, column, reason } = rejected;
            let file = file.as_ref().map(|file| format!("{}, ", file.display()));
            let (file, noun) = (file.unwrap_or_default(), self.numbering.noun());
            write!(f, "\n  {file}{noun} {line}, column {column}: {reason}")?;
        }
        match self.faults.iter().map(|f| f.rows).sum::<u64>() {
            all if all > Self::SHOWN_MAX as u64 => {
                write!(f, "\n  ... and {} more", all - Self::SHOWN_MAX as u64)
            }
            _ => Ok(()),
        }
    }
}

/// Counts by column and word, in the order of the columns.
#[derive(Debug)]
pub(crate) struct Tally<W>(BTreeMap<(usize, W), u64>);

impl<W: Ord + Copy> Tally<W> {
    pub(crate) fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn add(&mut self, column: usize, word: W, rows: u64) {
        if rows > 0 {
            *self.0.entry((column, word)).or_default() += rows;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, W, u64)> + '_ {
        self.0.iter().map(|(&(column, word), &rows)| (column, word, rows))
    }
}
