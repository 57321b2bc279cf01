//! SQLite: a table or view of a database file, which is never written.
//!
//! SQLite gives each value its own type, whatever the column says. A column is therefore what its
//! values are, found out by a first pass: whole numbers, numbers, or else text.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, RecordBatch, RecordBatchOptions,
    StringViewBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};
use sharewell_study::suggest;

use super::remote::{Database, RemoteColumn, RemoteTable, quoted};
use crate::{Error, SourceFault};

/// How long to wait for a program that is writing.
const BUSY: Duration = Duration::from_secs(2);
/// Rows of a record batch.
const BATCH_ROWS: usize = 8192;
/// Up to here binary floating-point numbers tell whole numbers apart.
const EXACT: i64 = 1 << f64::MANTISSA_DIGITS;

/// The table, and how many rows it has.
pub(super) fn open(path: &Path, table: &str, place: &str) -> Result<(RemoteTable, u64), Error> {
    let fault = |fault| Error::Source { place: place.to_owned(), line: None, fault };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = || -> rusqlite::Result<_> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        // Every query sees what the first one saw.
        connection.execute_batch("BEGIN")?;
        let tables = names_of_tables(&connection)?;
        Ok((connection, tables))
    };
    let (connection, tables) = opened().map_err(|error| fault(told(&error)))?;
    if !tables.iter().any(|name| name.eq_ignore_ascii_case(table)) {
        let help = suggest::advice(table, "tables", tables.iter().map(String::as_str));
        return Err(fault(SourceFault::NoSuchTable { help }));
    }
    let (columns, rows) = columns(&connection, table).map_err(|error| fault(told(&error)))?;
    let field = |(name, of): &(String, Of)| Field::new(name, of.data_type(), true);
    let remote = |(name, of): &(String, Of)| RemoteColumn {
        name: quoted(name),
        select: quoted(name),
        comparable: !matches!(of, Of::Mixed | Of::Bytes),
    };
    let table = RemoteTable {
        schema: Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>())),
        columns: columns.iter().map(remote).collect(),
        from: quoted(table),
        database: Arc::new(Sqlite { connection: Mutex::new(connection), place: place.to_owned() }),
    };
    Ok((table, rows))
}

fn names_of_tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// What the values of a column are.
#[derive(Clone, Copy)]
enum Of {
    Integers,
    Numbers,
    Text,
    /// Texts and numbers.
    Mixed,
    Bytes,
}

impl Of {
    /// `storage`: the storage classes that occur, comma-separated; `large` for whole numbers that
    /// no binary floating-point number may stand for.
    fn new(storage: &str) -> Self {
        let has = |class| storage.split(',').any(|found| found == class);
        let whole = has("integer") || has("large");
        match (whole, has("real"), has("text"), has("blob")) {
            (_, _, _, true) => Self::Bytes,
            (false, false, _, _) => Self::Text,
            (_, _, true, _) => Self::Mixed,
            (true, false, _, _) => Self::Integers,
            // Binary floating point would take digits from it.
            (_, true, _, _) if has("large") => Self::Mixed,
            _ => Self::Numbers,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Integers => DataType::Int64,
            Self::Numbers => DataType::Float64,
            Self::Text | Self::Mixed => DataType::Utf8View,
            Self::Bytes => DataType::Binary,
        }
    }
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<(Vec<(String, Of)>, u64)> {
    let from = quoted(table);
    let all = connection.prepare(&format!("SELECT * FROM {from} LIMIT 0"))?;
    let names: Vec<String> = all.column_names().map(str::to_owned).collect();
    let storage = |name: &String| {
        let name = quoted(name);
        format!(
            ", group_concat(DISTINCT CASE WHEN typeof({name}) = 'integer' \
             AND {name} NOT BETWEEN -{EXACT} AND {EXACT} THEN 'large' ELSE typeof({name}) END)"
        )
    };
    let storage: String = names.iter().map(storage).collect();
    connection.query_row(&format!("SELECT count(*){storage} FROM {from}"), [], |row| {
        let of = |(i, name): (usize, &String)| {
            let storage: Option<String> = row.get(i + 1)?;
            Ok((name.clone(), Of::new(storage.as_deref().unwrap_or_default())))
        };
        let columns = names.iter().enumerate().map(of).collect::<rusqlite::Result<_>>()?;
        let rows: i64 = row.get(0)?;
        Ok((columns, rows.unsigned_abs()))
    })
}

/// An open database within a transaction that only reads.
struct Sqlite {
    connection: Mutex<Connection>,
    place: String,
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)
    }
}

impl Database for Sqlite {
    fn stream(self: Arc<Self>, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), 2);
        let sender = builder.tx();
        builder.spawn_blocking(move || {
            // All at once: two queries of one join must not wait for each other's connection.
            let batches = self.read(&sql, &schema).map_err(|fault| {
                let error = Error::Source { place: self.place.clone(), line: None, fault };
                DataFusionError::External(Box::new(error))
            })?;
            // A receiver that has gone has all that it wanted.
            let _ = batches.into_iter().try_for_each(|batch| sender.blocking_send(Ok(batch)));
            Ok(())
        });
        builder.build()
    }
}

impl Sqlite {
    fn read(&self, sql: &str, schema: &SchemaRef) -> Result<Vec<RecordBatch>, SourceFault> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare(sql).map_err(|error| told(&error))?;
        let mut rows = statement.query([]).map_err(|error| told(&error))?;
        let mut batches = Vec::new();
        let mut batch = Batch::new(schema);
        while let Some(row) = rows.next().map_err(|error| told(&error))? {
            batch.push(row)?;
            if batch.rows == BATCH_ROWS {
                batches.push(std::mem::replace(&mut batch, Batch::new(schema)).finish());
            }
        }
        batches.push(batch.finish());
        Ok(batches)
    }
}

enum Builder {
    Integers(Int64Builder),
    Numbers(Float64Builder),
    Text(StringViewBuilder),
    Bytes(BinaryBuilder),
}

struct Batch {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

impl Batch {
    fn new(schema: &SchemaRef) -> Self {
        let builder = |field: &Arc<Field>| match field.data_type() {
            DataType::Int64 => Builder::Integers(Int64Builder::new()),
            DataType::Float64 => Builder::Numbers(Float64Builder::new()),
            DataType::Binary => Builder::Bytes(BinaryBuilder::new()),
            _ => Builder::Text(StringViewBuilder::new()),
        };
        let builders = schema.fields().iter().map(builder).collect();
        Self { schema: Arc::clone(schema), builders, rows: 0 }
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), SourceFault> {
        for (i, builder) in self.builders.iter_mut().enumerate() {
            let value = row.get_ref(i).map_err(|error| told(&error))?;
            push(builder, value).ok_or_else(|| SourceFault::NotUtf8 {
                column: self.schema.field(i).name().clone(),
            })?;
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> RecordBatch {
        let array = |builder| -> ArrayRef {
            match builder {
                Builder::Integers(mut b) => Arc::new(b.finish()),
                Builder::Numbers(mut b) => Arc::new(b.finish()),
                Builder::Text(mut b) => Arc::new(b.finish()),
                Builder::Bytes(mut b) => Arc::new(b.finish()),
            }
        };
        let columns = self.builders.into_iter().map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(self.schema, columns, &options)
            .expect("columns are built by the schema")
    }
}

/// `None` for a text that is not UTF-8. The first pass has seen to it that a value fits its column.
fn push(builder: &mut Builder, value: ValueRef<'_>) -> Option<()> {
    match (builder, value) {
        (Builder::Integers(b), ValueRef::Integer(value)) => b.append_value(value),
        (Builder::Integers(b), _) => b.append_null(),
        (Builder::Numbers(b), ValueRef::Integer(value)) => b.append_value(value as f64),
        (Builder::Numbers(b), ValueRef::Real(value)) => b.append_value(value),
        (Builder::Numbers(b), _) => b.append_null(),
        (Builder::Text(b), ValueRef::Text(text)) => b.append_value(str::from_utf8(text).ok()?),
        (Builder::Text(b), ValueRef::Integer(value)) => b.append_value(value.to_string()),
        (Builder::Text(b), ValueRef::Real(value)) => b.append_value(value.to_string()),
        (Builder::Text(b), _) => b.append_null(),
        (Builder::Bytes(b), ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => b.append_value(bytes),
        (Builder::Bytes(b), ValueRef::Null) => b.append_null(),
        (Builder::Bytes(b), ValueRef::Integer(value)) => b.append_value(value.to_string()),
        (Builder::Bytes(b), ValueRef::Real(value)) => b.append_value(value.to_string()),
    }
    Some(())
}

fn told(error: &rusqlite::Error) -> SourceFault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SourceFault::Locked,
        _ => SourceFault::Database(error.to_string()),
    }
}
