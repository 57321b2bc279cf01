//! `sharewell source`: a mapping tried out at home; the data that made a result shown later.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use sharewell_data::{self as data, Agreed, Mapping, QualityReport};

use crate::add::Add;
use crate::failure::Failure;
use crate::show;
use crate::study_file::StudyFile;
use crate::verify::Verify;

/// Try out a provider's own sources.
#[derive(Subcommand)]
pub(crate) enum Source {
    Add(Add),
    Check(Check),
    Verify(Verify),
}

/// Try out a mapping: the first rows that it makes, what was rejected and why, what the rows are
/// like.
///
/// Reads every row and computes nothing of them for anybody. Uses no key and no network but the
/// way to the provider's own database.
#[derive(Args)]
#[command(after_help = "\
Examples:
  sharewell source check examples/failure-rate/study.toml examples/failure-rate/sources/op_a.toml
  sharewell source check study.toml sources/op_a.toml --html quality.html")]
pub(crate) struct Check {
    /// The study
    study: PathBuf,
    /// The private mapping file
    mapping: PathBuf,
    /// How many rows to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// Write the quality report as one HTML page, with histograms
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    json: bool,
}

/// What is known of a provider's rows.
#[derive(Serialize)]
struct Checked<'a> {
    /// Whether the rows may take part; if not, why.
    fit: bool,
    why_not: Option<String>,
    columns: Vec<&'a str>,
    rows: Vec<Vec<Option<String>>>,
    report: &'a QualityReport,
}

impl Source {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(),
            Self::Check(check) => check.run(),
            Self::Verify(verify) => verify.run(),
        }
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let file = StudyFile::load(&self.study)?;
        let study = file.study();
        let usage = |error: data::Error| Failure::Usage(error.to_string());
        let mapping = Mapping::load(&self.mapping).map_err(usage)?;
        let agreed = Agreed::read(&mapping, &study.table, &study.quality).map_err(usage)?;
        if let Some(path) = &self.html {
            agreed.report().write_html(path).map_err(usage)?;
        }
        let why_not = agreed.check().err().map(|error| match error {
            data::Error::Rejected(_) => "on_rejected = \"stop\", and rows were rejected".to_owned(),
            data::Error::Quality(report) => report.breaches.join("; "),
            other => other.to_string(),
        });
        let checked = Checked {
            fit: why_not.is_none(),
            why_not,
            columns: study.table.columns.iter().map(|column| column.name.as_str()).collect(),
            rows: agreed.head(self.rows),
            report: agreed.report(),
        };
        if self.json {
            let text = serde_json::to_string_pretty(&checked).expect("structs, numbers and texts");
            show::out(&(text + "\n"));
        } else {
            show::out(&page(&checked));
        }
        match checked.why_not {
            Some(why) => Err(Failure::Run(format!("these rows may not take part: {why}"))),
            None => Ok(()),
        }
    }
}

fn page(checked: &Checked<'_>) -> String {
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<Vec<String>> =
        checked.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let table = show::grid(&checked.columns, &rows, checked.columns.len());
    format!("{table}\n{}\n", checked.report)
}
