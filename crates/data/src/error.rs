//! What can go wrong at home, told to the provider's own steward.

use std::fmt;
use std::io;
use std::path::PathBuf;

use datafusion::error::DataFusionError;
use sharewell_study::suggest::nearest;
use sharewell_study::{PART_BYTES, PARTS_MAX, Report};

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
    #[error("{place}{}: {fault}", line.map(|l| format!(":{l}")).unwrap_or_default())]
    Source {
        /// The file, or the database and its table.
        place: String,
        /// The line of the file, where it is known.
        line: Option<u64>,
        /// What is wrong.
        fault: SourceFault,
    },
    /// The mapping's SQL does not fit the sources, or fails on one of their values.
    #[error("the mapping's SQL: {}", of_engine(_0))]
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
    /// The rows break the study's limits of quality.
    #[error("the study's limits of quality are broken: {}\n{_0}", _0.breaches.join("; "))]
    Quality(Box<QualityReport>),
    /// A sum could exceed 38 decimal digits.
    #[error("the sum of {expr} over {rows} rows can exceed 38 digits")]
    Overflow {
        /// What is summed.
        expr: String,
        /// Over how many rows.
        rows: u64,
    },
    /// An identifier by which records are grouped is too long to be told.
    #[error(
        "column {column}: an identifier of more than {} bytes; records are grouped by shorter ones: let the mapping shorten it",
        PART_BYTES * PARTS_MAX
    )]
    LongKey {
        /// The column.
        column: String,
    },
    /// The local query fails on the agreed table.
    #[error("the study's local query: {}", of_engine(_0))]
    Query(#[source] Box<DataFusionError>),
}

impl Error {
    /// What the engine failed with: our own error if a source has given it one, else `otherwise`.
    pub(crate) fn from_engine(
        error: DataFusionError,
        otherwise: impl FnOnce(Box<DataFusionError>) -> Self,
    ) -> Self {
        match error {
            DataFusionError::External(cause) => match cause.downcast::<Self>() {
                Ok(own) => *own,
                Err(cause) => otherwise(Box::new(DataFusionError::External(cause))),
            },
            DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => {
                Self::from_engine(*error, otherwise)
            }
            error => otherwise(Box::new(error)),
        }
    }

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
            Self::Quality(_) => "the provider's rows break the study's limits of quality",
            Self::Rejected(_) => "the provider stops because rows fail the agreed schema",
            Self::Overflow { .. } | Self::LongKey { .. } | Self::Query(_) => {
                "the provider's local phase failed"
            }
        }
    }
}

/// What the engine says, without what it says to its own developers.
fn of_engine(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let end = text.find("\nThis issue was likely caused by a bug").unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

/// What is wrong with a source.
#[derive(Debug)]
pub enum SourceFault {
    /// The file holds nothing.
    Empty,
    /// There is a header or a table, but no row.
    NoRows,
    /// Another program has written to the file between the first and the second reading.
    Changed,
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
    /// A field has a NUL byte, which no text has.
    Nul {
        /// Its column.
        column: String,
    },
    /// The CSV reader gives up.
    Csv(csv::Error),
    /// A line is not a JSON object.
    Json(String),
    /// A member of a JSON object is itself an object or a list.
    Nested {
        /// The member.
        column: String,
    },
    /// A folder holds no Parquet file.
    NoFiles,
    /// A folder holds no image.
    NoImages,
    /// The path names something that is not a folder.
    NotAFolder,
    /// What the decoder of an image says.
    Image(String),
    /// An image has more numbers than a row may.
    LargeImage(u32),
    /// An image has another size than the first one.
    OtherSize {
        /// Height and width of the first one.
        expected: [u32; 2],
        /// Of this one.
        got: [u32; 2],
    },
    /// Why a file is no array that can be read.
    NumPy(String),
    /// A file of a folder has other columns than the first one.
    OtherColumns,
    /// The engine's reader gives up.
    Engine(Box<DataFusionError>),
    /// A database has no such table.
    NoSuchTable {
        /// The tables that it has, if that helps.
        help: Option<String>,
    },
    /// Another program is writing to the database file.
    Locked,
    /// What the database says.
    Database(String),
    /// The database has ended the connection.
    Gone,
    /// The environment variable that should hold the password is not set.
    NoPassword {
        /// Its name.
        variable: String,
    },
    /// The file with the certificate authorities cannot be used.
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::NoRows => f.write_str("there are columns but no rows"),
            Self::Changed => f.write_str(
                "the file changed while it was read; try again when no program writes to it",
            ),
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
            Self::Nul { column } => write!(
                f,
                "column {column}: a NUL byte; the file is damaged or not UTF-8 text: convert it to UTF-8"
            ),
            Self::Csv(error) => error.fmt(f),
            Self::Json(why) => write!(f, "one JSON object a line is wanted: {why}"),
            Self::Nested { column } => write!(
                f,
                "member `{column}` is an object or a list; write one object a line, of numbers, texts, true, false and null"
            ),
            Self::NoFiles => f.write_str("no file of this folder ends in .parquet"),
            Self::NoImages => f.write_str("no file of this folder ends in .png, .jpg or .jpeg"),
            Self::NotAFolder => f.write_str("this is not a folder"),
            Self::Image(why) => write!(f, "the image cannot be read: {why}"),
            Self::LargeImage(numbers) => write!(
                f,
                "{numbers} numbers are more than an image may have here; say a smaller `size`, or \
                 `channels = 1`"
            ),
            Self::OtherSize { expected: [height, width], got: [tall, wide] } => write!(
                f,
                "{tall} x {wide} pixels where the first image has {height} x {width}; say `size`, and \
                 all are made so large"
            ),
            Self::NumPy(why) => write!(f, "the array cannot be read: {why}"),
            Self::OtherColumns => {
                f.write_str("its columns differ from those of the folder's first file")
            }
            Self::Engine(error) => f.write_str(&of_engine(error)),
            Self::NoSuchTable { help: Some(help) } => write!(f, "there is no such table; {help}"),
            Self::NoSuchTable { help: None } => f.write_str("there is no such table"),
            Self::Locked => f.write_str(
                "another program is writing to this database; try again when it has finished",
            ),
            Self::Database(why) => f.write_str(why),
            Self::Gone => f.write_str(
                "the database ended the connection before all rows were read; try again",
            ),
            Self::NoPassword { variable } => write!(
                f,
                "the environment variable {variable}, which should hold the password, is not set"
            ),
            Self::Certificates { path, why } => write!(f, "root_cert {}: {why}", path.display()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_tells_its_developers_is_left_out() {
        let bug = DataFusionError::Internal("no such thing".to_owned());
        assert!(bug.to_string().contains("bug in DataFusion"), "{bug}");
        for error in [
            Error::Sql(Box::new(bug)),
            Error::Query(Box::new(DataFusionError::Internal("no such thing".to_owned()))),
        ] {
            let told = error.to_string();
            assert!(told.ends_with("no such thing"), "{told}");
        }
    }
}
