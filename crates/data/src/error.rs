//! What can go wrong at home, told to the provider's own steward.

use std::fmt;
use std::io;
use std::path::PathBuf;

use datafusion::error::DataFusionError;
use sharewell_study::Report;
use sharewell_study::suggest::nearest;

use crate::report::QualityReport;

/// Why a provider's local phase gave no result. Nothing has left the machine then.
///
/// Messages may quote the provider's own values; [`Error::public`] never does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mapping file has mistakes.
    #[error("{0}")]
    Mapping(Report),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// A source is not the table that it should be.
    #[error("{}{}: {fault}", path.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
    Source {
        /// The file.
        path: PathBuf,
        /// The line of the file, where it is known.
        line: Option<u64>,
        /// What is wrong.
        fault: SourceFault,
    },
    /// The mapping's SQL does not fit the sources, or fails on one of their values.
    #[error("the mapping's SQL: {0}")]
    Sql(#[source] Box<DataFusionError>),
    /// The mapping's SQL yields other columns than the agreed ones.
    #[error("{}", other_columns(table, missing, extra))]
    Columns {
        /// The agreed table.
        table: String,
        /// Agreed columns that the SQL does not yield.
        missing: Vec<String>,
        /// Columns of the SQL that are not agreed.
        extra: Vec<String>,
    },
    /// A mapped column has a type that no agreed column is made from.
    #[error(
        "column {column}: a value of type {found} cannot be brought into the agreed schema; convert it in the mapping's SQL"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// More valid rows than agreed.
    #[error("{rows} valid rows, but the study allows {max} of one provider")]
    TooManyRows {
        /// Valid rows.
        rows: u64,
        /// The agreed limit.
        max: u64,
    },
    /// Rows were rejected and the mapping says `on_rejected = "stop"`.
    #[error("stopped by on_rejected = \"stop\"\n{0}")]
    Rejected(Box<QualityReport>),
    /// A sum could exceed 38 decimal digits.
    #[error("the sum of {expr} over {rows} rows can exceed 38 digits")]
    Overflow {
        /// What is summed.
        expr: String,
        /// Over how many rows.
        rows: u64,
    },
    /// The local query fails on the agreed table.
    #[error("the study's local query: {0}")]
    Query(#[source] Box<DataFusionError>),
}

impl Error {
    /// What may be told to the other parties: which step failed, never a value, a name or a path.
    #[must_use]
    pub fn public(&self) -> &'static str {
        match self {
            Self::Mapping(_) => "the provider's mapping file has mistakes",
            Self::File { .. } | Self::Source { .. } => "a source of the provider cannot be read",
            Self::Sql(_) => "the provider's mapping SQL does not fit its sources",
            Self::Columns { .. } | Self::ColumnType { .. } => {
                "the provider's mapping does not yield the agreed columns"
            }
            Self::TooManyRows { .. } => "the provider has more rows than agreed",
            Self::Rejected(_) => "the provider stops because rows fail the agreed schema",
            Self::Overflow { .. } | Self::Query(_) => "the provider's local phase failed",
        }
    }
}

/// What is wrong with a source.
#[derive(Debug)]
pub enum SourceFault {
    /// The file holds nothing.
    Empty,
    /// The file holds a header and no row, or a Parquet file no row.
    NoRows,
    /// The path names something that is not a file.
    NotAFile,
    /// Two columns have the same name.
    DuplicateColumn(String),
    /// A column has the name that rows are numbered by.
    ReservedColumn(String),
    /// An option of the mapping names a column that the file does not have.
    NoSuchColumn(String),
    /// A row has another number of fields than the first one.
    Ragged {
        /// Fields of the first row.
        expected: usize,
        /// Fields of this row.
        got: usize,
    },
    /// A field is not UTF-8.
    NotUtf8 {
        /// Its column.
        column: String,
    },
    /// The CSV reader gives up.
    Csv(csv::Error),
    /// The Parquet reader gives up.
    Parquet(Box<DataFusionError>),
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::NoRows => f.write_str("the file has columns but no rows"),
            Self::NotAFile => f.write_str("this is not a file"),
            Self::DuplicateColumn(name) => write!(f, "two columns are called `{name}`"),
            Self::ReservedColumn(name) => write!(f, "the column name `{name}` is reserved"),
            Self::NoSuchColumn(name) => {
                write!(
                    f,
                    "the mapping's `text` names column `{name}`, which the file does not have"
                )
            }
            Self::Ragged { expected, got } => {
                write!(f, "{got} fields where the first row has {expected}")
            }
            Self::NotUtf8 { column } => {
                write!(f, "column {column}: not UTF-8 text; convert the file to UTF-8")
            }
            Self::Csv(error) => error.fmt(f),
            Self::Parquet(error) => error.fmt(f),
        }
    }
}

/// Missing columns, each with the extra column that is most likely a misspelling of it.
fn other_columns(table: &str, missing: &[String], extra: &[String]) -> String {
    let mut text = format!("the mapping's SQL does not yield the agreed table {table}");
    for name in missing {
        text += &format!("\n  column {name} is missing");
        if let Some(near) = nearest(name, extra.iter().map(String::as_str)) {
            text += &format!("; is it `{near}`? write {near} AS \"{name}\"");
        }
    }
    for name in extra {
        text += &format!("\n  column {name} is not agreed; leave it out");
    }
    text
}
