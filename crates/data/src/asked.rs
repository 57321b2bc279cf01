//! A question about rows that are still to come: planned once, answered while they pass.

use std::fmt;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinError;

use crate::Error;

/// Batches on their way to whoever answers.
const WAITING: usize = 4;

/// A question, and in the end its answer.
pub(crate) enum Asked<T> {
    Open {
        rows: Sender<Result<RecordBatch, DataFusionError>>,
        answer: SpawnedTask<Answer<T>>,
    },
    /// Not all rows were needed.
    Answered(T),
}

type Answer<T> = Result<T, Error>;

impl<T: Send + 'static> Asked<T> {
    /// Asks `question` of a table of this schema, which can be read once.
    pub(crate) fn new<F>(
        schema: &SchemaRef,
        question: impl FnOnce(Arc<dyn TableProvider>) -> F,
    ) -> Self
    where
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(schema), WAITING);
        let rows = stream.tx();
        let passing =
            Passing { schema: Arc::clone(schema), rows: Mutex::new(Some(stream.build())) };
        let table = StreamingTable::try_new(Arc::clone(schema), vec![Arc::new(passing)]);
        let table = table.expect("both have one schema");
        Self::Open { rows, answer: SpawnedTask::spawn(question(Arc::new(table))) }
    }

    /// Some of the rows. An answer that has failed fails here.
    pub(crate) async fn tell(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if let Self::Open { rows, answer } = self
            && rows.send(Ok(batch.clone())).await.is_err()
        {
            *self = Self::Answered(joined(answer.await)?);
        }
        Ok(())
    }

    /// The answer, there being no more rows.
    pub(crate) async fn answer(self) -> Answer<T> {
        match self {
            Self::Open { rows, answer } => {
                drop(rows);
                joined(answer.await)
            }
            Self::Answered(answer) => Ok(answer),
        }
    }
}

fn joined<T>(answer: Result<Answer<T>, JoinError>) -> Answer<T> {
    answer.unwrap_or_else(|stopped| panic::resume_unwind(stopped.into_panic()))
}

/// Rows that pass once.
struct Passing {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows that pass")
    }
}

impl PartitionStream for Passing {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.expect("a question reads its rows once")
    }
}
