//! Rows whose columns are known before they are read, batch by batch.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;

use super::LINE;
use crate::Error;

/// Where batches go; whether more of them are wanted.
pub(super) type Take<'t> = dyn FnMut(RecordBatch) -> bool + 't;

type Read = dyn Fn(&SchemaRef, &mut Take<'_>) -> Result<(), Error> + Send + Sync;

/// Rows that can be read from their beginning as often as anybody wants.
pub(super) struct Typed {
    /// With [`LINE`] as its last column.
    pub(super) schema: SchemaRef,
    pub(super) rows: u64,
    read: Arc<Read>,
}

impl Typed {
    /// Columns of these names and types, and how their batches are read.
    pub(super) fn new(
        columns: impl IntoIterator<Item = (String, DataType)>,
        rows: u64,
        read: impl Fn(&SchemaRef, &mut Take<'_>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        let line = (LINE.to_owned(), DataType::UInt64);
        let field = |(name, of): (String, DataType)| Field::new(name, of, false);
        let fields: Vec<Field> = columns.into_iter().chain([line]).map(field).collect();
        Self { schema: Arc::new(Schema::new(fields)), rows, read: Arc::new(read) }
    }
}

/// A batch of these columns, whose first row has this number.
pub(super) fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, first: u64) -> RecordBatch {
    let rows = columns.first().map_or(0, |column| column.len()) as u64;
    let lines: ArrayRef = Arc::new(UInt64Array::from_iter_values(first..first + rows));
    let columns = columns.into_iter().chain([lines]).collect();
    RecordBatch::try_new(Arc::clone(schema), columns).expect("columns are built by the schema")
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} rows)", self.rows)
    }
}

impl PartitionStream for Typed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let (batches, read, schema) = (stream.tx(), Arc::clone(&self.read), self.schema.clone());
        stream.spawn_blocking(move || {
            // A receiver that has gone has all that it wanted.
            let mut take = |batch| batches.blocking_send(Ok(batch)).is_ok();
            read(&schema, &mut take).map_err(|error| DataFusionError::External(Box::new(error)))
        });
        stream.build()
    }
}
