//! A provider's local phase in bounded memory: rows are read, checked, added up and forgotten, some
//! hundred thousand at a time.

use datafusion::arrow::array::RecordBatch;
use sharewell_study::{LocalQuery, Measure, Quality, Table};
use tokio::runtime::Runtime;

use crate::agreed::{fit, read};
use crate::audit::Sample;
use crate::report::QualityReport;
use crate::validate::schema;
use crate::{Error, Mapping, query};

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
/// but for the rows, of which nothing is kept but what the query asks for. `progress` hears how many have been accepted.
///
/// Parquet and databases are read piece by piece; a CSV or JSON file is held whole, and so are the
/// keys of all rows if the table has some.
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
    let schema = schema(table);
    let (mut cells, mut sample) = (None, Sample::default());
    let mut records = vec![vec![]; query.records.len()];
    let take = async |rows: Vec<RecordBatch>, accepted: u64| {
        let more = query::run(&schema, &rows, query).await?;
        cells = Some(match cells.take() {
            None => more,
            Some(cells) => added(cells, more, query, accepted)?,
        });
        if !query.records.is_empty() {
            let more = query::records(&schema, &rows, query).await?;
            records.iter_mut().zip(more).for_each(|(column, more)| column.extend(more));
        }
        sample.add(rows);
        progress(accepted);
        Ok(())
    };
    let mut report = runtime.block_on(read(mapping, table, take))?;
    sample.audit(table, quality, &mut report);
    fit(&report, table.max_rows, mapping.on_rejected)?;
    let cells = cells.expect("the rows end with a piece, if an empty one");
    Ok(LocalResult { cells, records, report })
}

type Cells = Vec<Vec<Option<i128>>>;

/// The measures of two sets of rows together.
fn added(mut cells: Cells, more: Cells, query: &LocalQuery, rows: u64) -> Result<Cells, Error> {
    for (cell, more) in cells.iter_mut().zip(more) {
        for ((value, more), measure) in cell.iter_mut().zip(more).zip(&query.measures) {
            *value = match (*value, more) {
                (Some(a), Some(b)) => Some(both(a, b, measure, rows)?),
                (a, b) => a.or(b),
            };
        }
    }
    Ok(cells)
}

fn both(a: i128, b: i128, measure: &Measure, rows: u64) -> Result<i128, Error> {
    match measure {
        Measure::Rows | Measure::Count(_) => Ok(a + b),
        Measure::Sum { expr, .. } | Measure::SumSquares { expr, .. } => {
            let sum = a.checked_add(b).filter(|sum| sum.unsigned_abs() <= query::SUM_MAX);
            sum.ok_or_else(|| Error::Overflow { expr: expr.clone(), rows })
        }
        Measure::Min { .. } => Ok(a.min(b)),
        Measure::Max { .. } => Ok(a.max(b)),
    }
}
