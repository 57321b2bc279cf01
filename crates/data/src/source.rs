//! The provider's sources as tables of a DataFusion session.

use std::fs;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::{MemTable, MemorySchemaProvider};
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext};

use crate::mapping::{Format, Source};
use crate::report::{Numbering, SourceRows};
use crate::{Error, SourceFault, csv_file};

/// The column that numbers a source's rows, in the hidden schema only.
pub(crate) const LINE: &str = "__line";
/// The schema that holds every source a second time, with [`LINE`].
pub(crate) const HIDDEN_SCHEMA: &str = "__lines";

/// A session in which names are spelled as in the files and rows keep their order.
pub(crate) fn session() -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().sql_parser.enable_ident_normalization = false;
    let ctx = SessionContext::new_with_config(config);
    let catalog = ctx.catalog("datafusion").expect("a new session has its default catalog");
    catalog
        .register_schema(HIDDEN_SCHEMA, Arc::new(MemorySchemaProvider::new()))
        .expect("a catalog in memory takes schemas");
    ctx
}

impl Source {
    /// Opens the source and registers it under its name, and hidden with its rows' numbers.
    pub(crate) async fn register(&self, ctx: &SessionContext) -> Result<SourceRows, Error> {
        let stat = fs::metadata(&self.path)
            .map_err(|error| Error::File { path: self.path.clone(), error })?;
        match (stat.is_file(), stat.len()) {
            (false, _) => return Err(self.fault(SourceFault::NotAFile)),
            (true, 0) => return Err(self.fault(SourceFault::Empty)),
            (true, _) => {}
        }
        let engine = |error| self.fault(SourceFault::Parquet(Box::new(error)));
        let (numbered, rows) = match &self.format {
            Format::Csv(options) => {
                let batches = csv_file::read(&self.path, options)?;
                let rows = batches.iter().map(RecordBatch::num_rows).sum();
                (in_memory(ctx, batches).map_err(engine)?, rows)
            }
            Format::Parquet => self.parquet(ctx).await?,
        };
        if rows == 0 {
            return Err(self.fault(SourceFault::NoRows));
        }
        self.tables(ctx, numbered).map_err(engine)?;
        Ok(SourceRows {
            name: self.name.clone(),
            path: self.path.clone(),
            rows: rows as u64,
            numbering: self.numbering(),
        })
    }

    /// What the numbers of the source's rows count.
    pub(crate) fn numbering(&self) -> Numbering {
        match self.format {
            Format::Csv(_) => Numbering::Line,
            Format::Parquet => Numbering::SourceRow,
        }
    }

    async fn parquet(&self, ctx: &SessionContext) -> Result<(DataFrame, usize), Error> {
        let extension = self.path.extension().map(|e| e.to_string_lossy()).unwrap_or_default();
        let options = ParquetReadOptions { file_extension: &extension, ..Default::default() };
        let scan = async {
            let rows = ctx.read_parquet(self.path.to_string_lossy().as_ref(), options).await?;
            let count = rows.clone().count().await?;
            Ok((rows, count))
        };
        let engine = |error| self.fault(SourceFault::Parquet(Box::new(error)));
        let (rows, count) = scan.await.map_err(engine)?;
        if rows.schema().has_column_with_unqualified_name(LINE) {
            return Err(self.fault(SourceFault::ReservedColumn(LINE.to_owned())));
        }
        // One file, one partition: rows come in the file's order, and columns that the mapping
        // does not use are never read.
        let numbered = rows.window(vec![row_number().alias(LINE)]).map_err(engine)?;
        Ok((numbered, count))
    }

    fn tables(&self, ctx: &SessionContext, numbered: DataFrame) -> Result<(), DataFusionError> {
        let hidden = TableReference::partial(HIDDEN_SCHEMA, self.name.as_str());
        let plain = numbered.clone().drop_columns(&[LINE])?;
        ctx.register_table(hidden, numbered.into_view())?;
        ctx.register_table(TableReference::bare(self.name.as_str()), plain.into_view())?;
        Ok(())
    }

    fn fault(&self, fault: SourceFault) -> Error {
        Error::Source { path: self.path.clone(), line: None, fault }
    }
}

fn in_memory(
    ctx: &SessionContext,
    batches: Vec<RecordBatch>,
) -> Result<DataFrame, DataFusionError> {
    let schema = batches.first().expect("a file that has been read gives a batch").schema();
    ctx.read_table(Arc::new(MemTable::try_new(schema, vec![batches])?))
}
