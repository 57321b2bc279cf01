//! The provider's private mapping file: where its records are, and which SQL makes the agreed
//! table of them.
//!
//! ```toml
//! [source.fans]                  # a table that the SQL may use; one or more
//! path = "party_a.csv"           # relative to this file; .csv or .parquet
//! # format = "csv"               # if the file's name does not tell
//! # delimiter = ";"              # csv only, as are the following
//! # header = false               # columns are then called column_1, column_2, ...
//! # null = ["", "NA"]            # texts that mean "no value"; [""] if not given
//! # text = ["serial_number"]     # columns never taken for numbers
//!
//! [map]
//! sql = "SELECT unit, hours, status FROM fans"
//!
//! [rules]
//! on_rejected = "skip"           # or "stop": no result if a single row is invalid
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use datafusion::sql::sqlparser::ast::Query;
use serde::Deserialize;
use sharewell_study::report;
use toml::Spanned;

use crate::{Error, sql};

/// A mapping file, read and checked; its sources have not been opened.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) sources: Vec<Source>,
    pub(crate) query: Box<Query>,
    pub(crate) on_rejected: OnRejected,
}

/// A table that the mapping's SQL may use.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
}

/// How to read a source.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    Csv(CsvOptions),
    Parquet,
}

/// How to read a CSV file.
#[derive(Clone, Debug)]
pub(crate) struct CsvOptions {
    pub(crate) delimiter: u8,
    pub(crate) header: bool,
    pub(crate) null: Vec<String>,
    pub(crate) text: Vec<String>,
}

/// What to do about invalid rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnRejected {
    /// Leave them out, list and count them.
    #[default]
    Skip,
    /// Give no result.
    Stop,
}

impl Mapping {
    /// Reads and checks a mapping file. Its sources are not opened.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Mapping`] if it has mistakes.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path)
            .map_err(|error| Error::File { path: path.to_owned(), error })?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, &path.to_string_lossy(), directory)
    }

    /// `text`, called `file` in messages, with paths relative to `directory`.
    ///
    /// # Errors
    /// [`Error::Mapping`] if it has mistakes.
    pub fn parse(text: &str, file: &str, directory: &Path) -> Result<Self, Error> {
        let text = report::Source::new(text, file);
        let document: Document = toml::from_str(text.text()).map_err(|error| {
            Error::Mapping(text.problem(error.span().unwrap_or(0..0), error.message()).into())
        })?;
        let mut problems = Vec::new();
        let mut sources = Vec::new();
        if document.source.is_empty() {
            problems.push(text.problem(0..0, "no [source.NAME] is given"));
        }
        for (name, entry) in document.source {
            match entry.get_ref().format() {
                Ok(format) => {
                    let path = directory.join(&entry.get_ref().path);
                    sources.push(Source { name, path, format });
                }
                Err(why) => {
                    problems.push(text.problem(entry.span(), format!("source {name}: {why}")));
                }
            }
        }
        match sql::parse(document.map.sql.get_ref()) {
            Ok(query) if problems.is_empty() => {
                return Ok(Self { sources, query, on_rejected: document.rules.on_rejected });
            }
            Ok(_) => {}
            Err(why) => problems.push(text.problem(document.map.sql.span(), why)),
        }
        Err(Error::Mapping(report::Report(problems)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    source: BTreeMap<String, Spanned<SourceEntry>>,
    map: MapEntry,
    #[serde(default)]
    rules: RulesEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapEntry {
    sql: Spanned<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RulesEntry {
    #[serde(default)]
    on_rejected: OnRejected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEntry {
    path: PathBuf,
    format: Option<FormatName>,
    delimiter: Option<char>,
    header: Option<bool>,
    null: Option<Vec<String>>,
    text: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FormatName {
    Csv,
    Parquet,
}

impl SourceEntry {
    fn format(&self) -> Result<Format, String> {
        let extension = self.path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let format = match (self.format, extension.as_deref()) {
            (Some(format), _) => format,
            (None, Some("csv" | "tsv" | "txt")) => FormatName::Csv,
            (None, Some("parquet")) => FormatName::Parquet,
            (None, _) => {
                return Err("the file's name ends neither in .csv nor in .parquet; \
                            say format = \"csv\" or \"parquet\""
                    .to_owned());
            }
        };
        match format {
            FormatName::Csv => self.csv().map(Format::Csv),
            FormatName::Parquet if self.has_csv_options() => {
                Err("`delimiter`, `header`, `null` and `text` are for csv files".to_owned())
            }
            FormatName::Parquet => Ok(Format::Parquet),
        }
    }

    fn has_csv_options(&self) -> bool {
        self.delimiter.is_some()
            || self.header.is_some()
            || self.null.is_some()
            || self.text.is_some()
    }

    fn csv(&self) -> Result<CsvOptions, String> {
        let tab = self.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let delimiter = self.delimiter.unwrap_or(if tab { '\t' } else { ',' });
        let delimiter = u8::try_from(delimiter)
            .ok()
            .filter(|d| d.is_ascii() && !matches!(d, b'"' | b'\r' | b'\n'))
            .ok_or("`delimiter` must be one ASCII character other than a quote")?;
        Ok(CsvOptions {
            delimiter,
            header: self.header.unwrap_or(true),
            null: self.null.clone().unwrap_or_else(|| vec![String::new()]),
            text: self.text.clone().unwrap_or_default(),
        })
    }
}
