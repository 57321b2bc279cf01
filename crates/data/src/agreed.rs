//! The agreed table of one provider, from its sources to its sums.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use sharewell_study::{Column, LocalQuery, Table};
use tokio::runtime::Runtime;

use crate::mapping::OnRejected;
use crate::report::{Numbering, QualityReport};
use crate::source::{LINE, session};
use crate::validate::{Validation, is, schema};
use crate::{Error, Mapping, query, sql};

/// A provider's valid rows in the agreed schema, in memory.
#[derive(Debug)]
pub struct Agreed {
    runtime: Runtime,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    report: QualityReport,
}

/// What [`local`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalResult {
    /// By group, then by measure: the exact value in quanta of 10^-decimals of the measure, or
    /// `None` where SQL says NULL.
    pub cells: Vec<Vec<Option<i128>>>,
    /// What became of the provider's rows.
    pub report: QualityReport,
}

/// A provider's local phase: [`Agreed::read`], then [`Agreed::query`].
///
/// # Errors
/// Those of the two.
///
/// # Panics
/// Those of the two.
pub fn local(mapping: &Mapping, table: &Table, query: &LocalQuery) -> Result<LocalResult, Error> {
    let agreed = Agreed::read(mapping, table)?;
    let cells = agreed.query(query)?;
    Ok(LocalResult { cells, report: agreed.report })
}

impl Agreed {
    /// Reads the sources, maps and validates every row.
    ///
    /// # Errors
    /// Whatever [`Error`] says of sources, mapping and rows; nothing is half-done.
    ///
    /// # Panics
    /// If called inside a tokio runtime, or if the system refuses threads.
    pub fn read(mapping: &Mapping, table: &Table) -> Result<Self, Error> {
        let runtime = Runtime::new().expect("the system gives threads");
        let (batches, report) = runtime.block_on(read(mapping, table))?;
        if mapping.on_rejected == OnRejected::Stop && report.rows_rejected > 0 {
            return Err(Error::Rejected(Box::new(report)));
        }
        if report.rows_accepted > table.max_rows {
            return Err(Error::TooManyRows { rows: report.rows_accepted, max: table.max_rows });
        }
        Ok(Self { runtime, schema: schema(table), batches, report })
    }

    /// What became of the provider's rows.
    #[must_use]
    pub fn report(&self) -> &QualityReport {
        &self.report
    }

    /// The measures of every group, exactly: by group, then by measure; `None` is SQL's NULL.
    ///
    /// # Errors
    /// [`Error::Overflow`] if a sum could exceed 38 digits, [`Error::Query`] if a product does or
    /// an expression does not fit the table.
    ///
    /// # Panics
    /// If an expression has more decimals than its measure says, or a group has another number of
    /// codes than there are group columns. If called inside a tokio runtime.
    pub fn query(&self, query: &LocalQuery) -> Result<Vec<Vec<Option<i128>>>, Error> {
        self.runtime.block_on(query::run(&self.schema, &self.batches, query))
    }
}

async fn read(
    mapping: &Mapping,
    table: &Table,
) -> Result<(Vec<RecordBatch>, QualityReport), Error> {
    let failed = |error: DataFusionError| Error::Sql(Box::new(error));
    let ctx = session();
    let mut sources = Vec::new();
    for source in &mapping.sources {
        sources.push(source.register(&ctx).await?);
    }
    let planned = sql::plan(&ctx, &mapping.query).await.map_err(failed)?;
    let numbering = planned
        .numbered_by
        .and_then(|name| mapping.sources.iter().find(|source| source.name == name))
        .map_or(Numbering::ResultRow, |source| source.numbering());
    let mapped = ctx.execute_logical_plan(planned.plan).await.map_err(failed)?;
    compare_columns(mapped.schema().as_arrow(), table)?;
    let mut validation = Validation::new(table, numbering);
    for batch in mapped.collect().await.map_err(failed)? {
        validation.push(&batch)?;
    }
    Ok(validation.finish(sources))
}

/// The mapped columns are the agreed ones, in any order.
fn compare_columns(
    mapped: &datafusion::arrow::datatypes::Schema,
    table: &Table,
) -> Result<(), Error> {
    let found = |column: &&Column| !mapped.fields().iter().any(|field| is(field, column));
    let missing: Vec<String> =
        table.columns.iter().filter(found).map(|column| column.name.clone()).collect();
    let mut wanted: Vec<&Column> = table.columns.iter().collect();
    // A second column of the same name is one too many.
    let surplus = |field: &&std::sync::Arc<datafusion::arrow::datatypes::Field>| match wanted
        .iter()
        .position(|column| is(field, column))
    {
        Some(at) => {
            wanted.remove(at);
            false
        }
        None => field.name() != LINE,
    };
    let extra: Vec<String> =
        mapped.fields().iter().filter(surplus).map(|field| field.name().clone()).collect();
    if missing.is_empty() && extra.is_empty() {
        return Ok(());
    }
    Err(Error::Columns { table: table.name.clone(), missing, extra })
}
