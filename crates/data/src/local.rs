//! A provider's local phase in bounded memory: rows are read, checked, added up and forgotten, some
//! thousand at a time.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use sharewell_study::{LocalQuery, Quality, Table};
use tokio::runtime::Runtime;

use crate::agreed::{fit, read};
use crate::asked::Asked;
use crate::audit::Sample;
use crate::report::QualityReport;
use crate::validate::schema;
use crate::{Error, Mapping, query};

/// Accepted rows between two words of progress.
const STEP_ROWS: u64 = 1 << 19;

/// What [`local`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalResult {
    /// By group, then by measure: the exact value in quanta of 10^-decimals of the measure, or
    /// `None` where SQL says NULL.
    pub cells: Vec<Vec<Option<i128>>>,
    /// What the query takes of each record that counts, in quanta: by what, then by record.
    pub records: Vec<Vec<i128>>,
    /// What became of the provider's rows.
    pub report: QualityReport,
}

/// A provider's local phase: as [`crate::Agreed::read`], `check` and `query` one after the other,
/// but for the rows, of which nothing is kept but what the query asks for and a sample for the audit.
/// `progress` hears how many have been accepted.
///
/// Files and PostgreSQL are read piece by piece, CSV and JSON twice; what the mapping asks of a table
/// of SQLite is held whole. Of the keys of all rows, if the table has some, hashes are held.
///
/// # Errors
/// Those of the three.
///
/// # Panics
/// Those of the three.
pub fn local(
    mapping: &Mapping,
    table: &Table,
    quality: &Quality,
    query: &LocalQuery,
    progress: &dyn Fn(u64),
) -> Result<LocalResult, Error> {
    let runtime = Runtime::new().expect("the system gives threads");
    runtime.block_on(phase(mapping, table, quality, Arc::new(query.clone()), progress))
}

async fn phase(
    mapping: &Mapping,
    table: &Table,
    quality: &Quality,
    query: Arc<LocalQuery>,
    progress: &dyn Fn(u64),
) -> Result<LocalResult, Error> {
    let schema = schema(table);
    let mut sample = Sample::default();
    let of = Arc::clone(&query);
    let mut cells = Asked::new(&schema, async move |rows| query::run(rows, &of).await);
    let of = Arc::clone(&query);
    let mut records = (!query.records.is_empty())
        .then(|| Asked::new(&schema, async move |rows| query::records(rows, &of).await));
    let mut told = 0;
    let take = async |rows: RecordBatch, accepted: u64| {
        cells.tell(&rows).await?;
        if let Some(records) = &mut records {
            records.tell(&rows).await?;
        }
        sample.add(&rows);
        if accepted - told >= STEP_ROWS {
            progress(accepted);
            told = accepted;
        }
        Ok(())
    };
    let mut report = read(mapping, table, take).await?;
    progress(report.rows_accepted);
    let cells = cells.answer().await?;
    let records = match records {
        Some(records) => records.answer().await?,
        None => vec![],
    };
    sample.audit(table, quality, &mut report);
    fit(&report, table.max_rows, mapping.on_rejected)?;
    Ok(LocalResult { cells, records, report })
}
