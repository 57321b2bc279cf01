//! The agreed table of one provider, from its sources to its sums.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::catalog::MemTable;
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use sharewell_study::{LocalQuery, Quality, Table};
use tokio::runtime::Runtime;

use crate::audit::Sample;
use crate::mapping::OnRejected;
use crate::report::{Numbering, QualityReport};
use crate::rules::{self, Rule};
use crate::source::{LINE, Opener, session};
use crate::validate::{Validation, is, schema};
use crate::{Error, Mapping, query, sql};

/// A provider's valid rows in the agreed schema, in memory.
#[derive(Debug)]
pub struct Agreed {
    runtime: Runtime,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    report: QualityReport,
    max_rows: u64,
    on_rejected: OnRejected,
}

impl Agreed {
    /// Reads the sources, maps, validates and audits every row. Whether they may take part is
    /// [`Agreed::check`]'s question.
    ///
    /// # Errors
    /// Whatever [`Error`] says of sources and mapping; nothing is half-done.
    ///
    /// # Panics
    /// If called inside a tokio runtime, or if the system refuses threads.
    pub fn read(mapping: &Mapping, table: &Table, quality: &Quality) -> Result<Self, Error> {
        let runtime = Runtime::new().expect("the system gives threads");
        let (mut batches, mut sample) = (Vec::new(), Sample::default());
        let take = async |rows: RecordBatch, _| {
            sample.add(&rows);
            batches.push(rows);
            Ok(())
        };
        let mut report = runtime.block_on(read(mapping, table, take))?;
        sample.audit(table, quality, &mut report);
        let (max_rows, on_rejected) = (table.max_rows, mapping.on_rejected);
        Ok(Self { runtime, schema: schema(table), batches, report, max_rows, on_rejected })
    }

    /// Whether these rows may take part.
    ///
    /// # Errors
    /// [`Error::Rejected`] if the mapping stops at rejected rows, [`Error::TooManyRows`],
    /// [`Error::Quality`] beyond the study's limits.
    pub fn check(&self) -> Result<(), Error> {
        fit(&self.report, self.max_rows, self.on_rejected)
    }

    /// The first rows of the agreed table, as text; `None` where there is no value.
    #[must_use]
    pub fn head(&self, rows: usize) -> Vec<Vec<Option<String>>> {
        let rows_of =
            self.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |i| (batch, i)));
        let text = |column: &ArrayRef, row| {
            let shown = || array_value_to_string(column, row).unwrap_or_default();
            column.is_valid(row).then(shown)
        };
        rows_of
            .take(rows)
            .map(|(batch, row)| batch.columns().iter().map(|column| text(column, row)).collect())
            .collect()
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
        let rows = MemTable::try_new(Arc::clone(&self.schema), vec![self.batches.clone()]);
        let rows = rows.map_err(|error| Error::Query(Box::new(error)))?;
        self.runtime.block_on(query::run(Arc::new(rows), query))
    }
}

/// Whether these rows may take part.
pub(crate) fn fit(
    report: &QualityReport,
    max_rows: u64,
    on_rejected: OnRejected,
) -> Result<(), Error> {
    let boxed = || Box::new(report.clone());
    if on_rejected == OnRejected::Stop && report.rows_rejected > 0 {
        return Err(Error::Rejected(boxed()));
    }
    if report.rows_accepted > max_rows {
        return Err(Error::TooManyRows { rows: report.rows_accepted, max: max_rows });
    }
    if !report.breaches.is_empty() {
        return Err(Error::Quality(boxed()));
    }
    Ok(())
}

/// Maps and validates all rows; `take` is given the accepted ones piece by piece, and how many there
/// have been.
pub(crate) async fn read(
    mapping: &Mapping,
    table: &Table,
    mut take: impl AsyncFnMut(RecordBatch, u64) -> Result<(), Error>,
) -> Result<QualityReport, Error> {
    let failed = |error: DataFusionError| Error::from_engine(error, Error::Sql);
    let rules = rules::resolve(mapping, table)?;
    let ctx = session();
    let mut opener = Opener::new(&ctx);
    let mut sources = Vec::new();
    for source in &mapping.sources {
        sources.push(opener.open(source).await?);
    }
    let planned = sql::plan(&ctx, &rules::query(mapping, table)).await.map_err(failed)?;
    let numbered_by =
        planned.numbered_by.and_then(|name| sources.iter().find(|source| source.name == name));
    let numbering = numbered_by.map_or(Numbering::ResultRow, |source| source.numbering);
    let files = numbered_by.map_or_else(Vec::new, |source| source.files.clone());
    let mapped = ctx.execute_logical_plan(planned.plan).await.map_err(failed)?;
    compare_columns(mapped.schema().as_arrow(), table, &rules)?;
    let mut validation = Validation::new(table, &rules, numbering);
    let mut batches = mapped.execute_stream().await.map_err(failed)?;
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        let rows = validation.accept(&batch)?;
        take(rows, validation.rows_accepted()).await?;
    }
    let mut report = validation.finish(sources);
    report.converted = rules::converted(mapping, table);
    report.rejected.iter_mut().for_each(|rejected| rejected.find_file(&files));
    Ok(report)
}

/// The mapped columns are the agreed ones, in any order.
fn compare_columns(
    mapped: &datafusion::arrow::datatypes::Schema,
    table: &Table,
    rules: &[Rule],
) -> Result<(), Error> {
    let absent = |rule: &&Rule| !mapped.fields().iter().any(|field| is(field, rule));
    let missing: Vec<String> = rules.iter().filter(absent).map(|rule| rule.from.clone()).collect();
    let mut wanted: Vec<&Rule> = rules.iter().collect();
    // A second column of the same name is one too many.
    let surplus = |field: &&Arc<datafusion::arrow::datatypes::Field>| match wanted
        .iter()
        .position(|rule| is(field, rule))
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
