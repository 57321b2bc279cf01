//! The provider's sources as tables of a DataFusion session.

mod columns;
mod csv;
mod images;
mod json;
mod numpy;
mod parquet;
mod postgres;
mod remote;
mod sqlite;
mod typed;

use std::fmt;
use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;

use columns::{Columns, Found};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::MemorySchemaProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use crate::mapping::{Origin, Server, Source};
use crate::report::{FileRows, Numbering, SourceRows};
use crate::{Error, SourceFault};
use postgres::Postgres;
use remote::RemoteTable;
use typed::Typed;

/// The column that numbers a source's rows, in the hidden schema only.
pub(crate) const LINE: &str = "__line";
/// The schema that holds a source a second time, with [`LINE`], if its rows have numbers.
pub(crate) const HIDDEN_SCHEMA: &str = "__lines";

/// Opens sources as tables of one session.
pub(crate) struct Opener<'s> {
    ctx: &'s SessionContext,
    /// One connection, and so one snapshot, for all tables of a database.
    servers: Vec<(Server, Arc<Postgres>)>,
}

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

/// What the numbers of a source's rows count.
pub(crate) fn numbering(origin: &Origin) -> Numbering {
    match origin {
        Origin::Csv { .. } | Origin::Json { .. } => Numbering::Line,
        Origin::Parquet { .. } | Origin::Images { .. } | Origin::NumPy { .. } => {
            Numbering::SourceRow
        }
        Origin::Sqlite { .. } | Origin::Postgres { .. } => Numbering::ResultRow,
    }
}

impl<'s> Opener<'s> {
    pub(crate) fn new(ctx: &'s SessionContext) -> Self {
        Self { ctx, servers: Vec::new() }
    }

    /// Opens the source and registers it under its name; if its rows have numbers, hidden with
    /// them too.
    pub(crate) async fn open(&mut self, source: &Source) -> Result<SourceRows, Error> {
        let place = source.origin.place();
        let (files, rows) = match &source.origin {
            Origin::Csv { path, options } => {
                a_file(path)?;
                let (path, options) = (path.clone(), options.clone());
                self.text_file(source, move |columns| csv::read(&path, &options, columns))?
            }
            Origin::Json { path } => {
                a_file(path)?;
                let path = path.clone();
                self.text_file(source, move |columns| json::read(&path, columns))?
            }
            Origin::Parquet { path } => {
                let (numbered, files) = parquet::open(self.ctx, path).await?;
                self.numbered(source, numbered)?;
                let rows = files.iter().map(|file| file.rows).sum();
                (if files.len() > 1 { files } else { Vec::new() }, rows)
            }
            Origin::Images { path, picture } => {
                self.typed(source, images::open(path, *picture)?)?
            }
            Origin::NumPy { path, name } => self.typed(source, numpy::open(path, name)?)?,
            Origin::Sqlite { path, table } => {
                a_file(path)?;
                self.remote(source, sqlite::open(path, table, &place)?)?
            }
            Origin::Postgres { server, schema, table } => {
                let server = self.server(server).await?;
                let table = server.table(schema.as_deref(), table, &place).await?;
                self.remote(source, table)?
            }
        };
        if rows == 0 {
            return Err(Error::Source { place, line: None, fault: SourceFault::NoRows });
        }
        let numbering = numbering(&source.origin);
        Ok(SourceRows { name: source.name.clone(), place, rows, numbering, files })
    }

    async fn server(&mut self, wanted: &Server) -> Result<Arc<Postgres>, Error> {
        if let Some((_, open)) = self.servers.iter().find(|(server, _)| server == wanted) {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(Postgres::connect(wanted).await?);
        self.servers.push((wanted.clone(), Arc::clone(&open)));
        Ok(open)
    }

    /// Registers a file that `read` reads from its beginning, as often as it is called.
    fn text_file(
        &self,
        source: &Source,
        read: impl Fn(Columns) -> Result<Found, Error> + Send + Sync + 'static,
    ) -> Result<(Vec<FileRows>, u64), Error> {
        let found = read(Columns::new())?;
        let (schema, rows) = (Arc::clone(&found.schema), found.rows);
        let file = TextFile { found, read: Arc::new(read) };
        let table = StreamingTable::try_new(schema, vec![Arc::new(file)])
            .and_then(|table| self.ctx.read_table(Arc::new(table)));
        self.numbered(source, table.map_err(|error| engine(source, error))?)?;
        Ok((Vec::new(), rows))
    }

    fn typed(&self, source: &Source, typed: Typed) -> Result<(Vec<FileRows>, u64), Error> {
        let (schema, rows) = (Arc::clone(&typed.schema), typed.rows);
        let table = StreamingTable::try_new(schema, vec![Arc::new(typed)])
            .and_then(|table| self.ctx.read_table(Arc::new(table)));
        self.numbered(source, table.map_err(|error| engine(source, error))?)?;
        Ok((Vec::new(), rows))
    }

    /// Registers rows whose last column is [`LINE`].
    fn numbered(&self, source: &Source, numbered: DataFrame) -> Result<(), Error> {
        let hidden = TableReference::partial(HIDDEN_SCHEMA, source.name.as_str());
        let register = || {
            let plain = numbered.clone().drop_columns(&[LINE])?;
            self.ctx.register_table(hidden, numbered.into_view())?;
            self.ctx.register_table(TableReference::bare(source.name.as_str()), plain.into_view())
        };
        register().map(drop).map_err(|error| engine(source, error))
    }

    fn remote(
        &self,
        source: &Source,
        (table, rows): (RemoteTable, u64),
    ) -> Result<(Vec<FileRows>, u64), Error> {
        let name = TableReference::bare(source.name.as_str());
        self.ctx.register_table(name, Arc::new(table)).map_err(|error| engine(source, error))?;
        Ok((Vec::new(), rows))
    }
}

/// A file of texts whose columns are known.
struct TextFile {
    found: Found,
    read: Arc<dyn Fn(Columns) -> Result<Found, Error> + Send + Sync>,
}

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.found.fmt(f)
    }
}

impl PartitionStream for TextFile {
    fn schema(&self) -> &SchemaRef {
        &self.found.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.found.schema), 2);
        let (batches, read, found) = (stream.tx(), Arc::clone(&self.read), self.found.clone());
        stream.spawn_blocking(move || {
            // A receiver that has gone has all that it wanted.
            let take = move |batch| batches.blocking_send(Ok(batch)).is_ok();
            let done = read(Columns::fill(&found, Box::new(take)));
            done.map(drop).map_err(|error| DataFusionError::External(Box::new(error)))
        });
        stream.build()
    }
}

fn engine(source: &Source, error: DataFusionError) -> Error {
    let fault = SourceFault::Engine(Box::new(error));
    Error::Source { place: source.origin.place(), line: None, fault }
}

/// That there is something at `path`, a file that is not empty.
fn a_file(path: &Path) -> Result<(), Error> {
    let stat = stat(path)?;
    let fault = match (stat.is_file(), stat.len()) {
        (false, _) => SourceFault::NotAFile,
        (true, 0) => SourceFault::Empty,
        (true, _) => return Ok(()),
    };
    Err(Error::Source { place: path.display().to_string(), line: None, fault })
}

fn stat(path: &Path) -> Result<Metadata, Error> {
    fs::metadata(path).map_err(|error| Error::File { path: path.to_owned(), error })
}
