//! A provider's own part, before anything is shared: its sources, its rows, its sums.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sharewell_data::{self as data, Mapping, QualityReport};
use sharewell_engine::{LocalValues, Opening, Plan};

/// What may be told about a provider's rows beside the result: how many were refused or rounded.
/// Which ones and why is in the provider's own report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// Rows that do not fit the agreed schema.
    pub(crate) rejected: u64,
    /// Values that had more digits than agreed.
    pub(crate) rounded: u64,
}

/// Runs the local phase with this mapping file; the quality report goes to `report`.
///
/// The message of a failure may quote the provider's own values.
pub(crate) fn local(
    plan: &Plan,
    mapping: &Path,
    report: &Path,
    reading: &dyn Fn(u64),
) -> Result<(LocalValues, Rows), String> {
    let study = plan.study();
    let local =
        |mapping| data::local(&mapping, &study.table, &study.quality, plan.local(), reading);
    let result = Mapping::load(mapping).and_then(local);
    let result = match result {
        Ok(result) => result,
        Err(error) => {
            if let data::Error::Rejected(quality) | data::Error::Quality(quality) = &error {
                keep(quality, report)?;
            }
            return Err(error.to_string());
        }
    };
    let data::LocalResult { cells, records, report: quality } = result;
    keep(&quality, report)?;
    if quality.rows_read > 0 && quality.rows_accepted == 0 {
        return Err(format!("every row was rejected\n{quality}\nthe report: {}", report.display()));
    }
    let rounded = quality.rounded.iter().map(|column| column.rows).sum();
    let rows = Rows { rejected: quality.rows_rejected, rounded };
    Ok((LocalValues { cells, records }, rows))
}

/// Keeps what opens this party's commitment. Without it the run is as good, but nobody can be shown
/// later which data were in it.
pub(crate) fn keep_opening(opening: &Opening, path: &Path) {
    let text = serde_json::to_string_pretty(opening).expect("texts");
    if let Err(error) = std::fs::write(path, text + "\n") {
        eprintln!("what opens this party's commitment is lost: {}: {error}", path.display());
    }
}

fn keep(quality: &QualityReport, report: &Path) -> Result<(), String> {
    let folder = report.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    quality.write_json(report).map_err(|error| error.to_string())?;
    quality.write_html(&report.with_extension("html")).map_err(|error| error.to_string())
}
