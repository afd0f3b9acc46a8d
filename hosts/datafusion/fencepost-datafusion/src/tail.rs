//! What comes into a log, as a table that never ends.

use crate::columns::{Adapter, Told};
use crate::error::{FollowSnafu, LogError};
use crate::snapshot::GivenUp;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::ident;
use fencepost::{Position, ReadFrom, Tail, Wal};
use snafu::ResultExt;
use std::collections::VecDeque;
use std::sync::Arc;

/// The rows at `first` and above, as they come.
pub(crate) fn tail_table(
    wal: Wal,
    first: Position,
    schema: SchemaRef,
    prefix: &str,
    given_up: Arc<GivenUp>,
) -> Result<StreamingTable> {
    let order = [Told::Position, Told::Row].map(|told| ident(told.name(prefix)).sort(true, false));
    let rows = Above { wal, first, schema: schema.clone(), prefix: prefix.to_owned(), given_up };
    let table = StreamingTable::try_new(schema, vec![Arc::new(rows)])?;
    Ok(table.with_infinite_table(true).with_sort_order(order.to_vec()))
}

/// All rows from a position on.
#[derive(Clone, Debug)]
struct Above {
    wal: Wal,
    first: Position,
    schema: SchemaRef,
    prefix: String,
    given_up: Arc<GivenUp>,
}

impl PartitionStream for Above {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let adapter = Adapter::new(self.schema.clone(), &self.prefix);
        let following = Following { above: self.clone(), tail: None, adapter, ready: VecDeque::new() };
        let batches = futures::stream::try_unfold(following, |mut following| async move {
            let batch = Box::pin(following.next()).await?;
            Ok::<_, DataFusionError>(Some((batch, following)))
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches))
    }
}

/// A query that follows the log.
#[derive(Debug)]
struct Following {
    above: Above,
    tail: Option<Tail>,
    adapter: Adapter,
    ready: VecDeque<RecordBatch>,
}

impl Following {
    async fn next(&mut self) -> Result<RecordBatch, LogError> {
        let failed = |log: &Wal| FollowSnafu { log: log.to_string() };
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(batch);
            }
            let Above { wal, first, given_up, .. } = &self.above;
            let Some(tail) = &mut self.tail else {
                let tail = wal.tail(ReadFrom::Position(*first)).await;
                self.tail = Some(tail.with_context(|_| failed(wal))?);
                continue;
            };
            let entry = tail.next().await;
            given_up.note(tail.take_given_up());
            let entry = entry.with_context(|_| failed(wal))?;
            let mut rows_before = 0;
            for batch in entry.batches().iter().filter(|batch| batch.num_rows() > 0) {
                self.ready.push_back(self.adapter.adapt(
                    entry.position(),
                    entry.epoch(),
                    rows_before,
                    batch,
                )?);
                rows_before += batch.num_rows() as u64;
            }
        }
    }
}
