//! The scan of one partition: from entries to rows of the table.

use crate::columns::Adapter;
use crate::error::{LogError, ShorterSnafu};
use crate::exec::Asked;
use crate::positions::Positions;
use crate::snapshot::Snapshot;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, Time};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use fencepost::{EntryContent, LogEntry, Position, ReadOptions, Reader};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a scan counts, for `EXPLAIN ANALYZE`.
#[derive(Debug)]
pub(crate) struct Counts {
    rows: Count,
    entries: Count,
    requests: Count,
    elapsed: Time,
}

impl Counts {
    pub(crate) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        Self {
            rows: MetricBuilder::new(metrics).output_rows(partition),
            entries: MetricBuilder::new(metrics).counter("entries", partition),
            requests: MetricBuilder::new(metrics).counter("requests", partition),
            elapsed: MetricBuilder::new(metrics).elapsed_compute(partition),
        }
    }
}

/// A stretch that is being read.
#[derive(Debug)]
struct Reading {
    reader: Reader,
    /// Its last position.
    last: Position,
    /// How many requests were counted.
    requests: u64,
}

/// An entry, as far as it is needed.
#[derive(Debug)]
enum Found {
    Rows(LogEntry),
    /// How many rows it has, and no more.
    Content(EntryContent),
}

impl Found {
    const fn position(&self) -> Position {
        match self {
            Self::Rows(entry) => entry.position(),
            Self::Content(content) => content.header.position,
        }
    }
}

/// A scan under way.
#[derive(Debug)]
pub(crate) struct Scan {
    snapshot: Arc<Snapshot>,
    schema: SchemaRef,
    positions: Positions,
    adapter: Adapter,
    /// What is still to be read.
    stretches: VecDeque<(u64, u64)>,
    /// What is being read.
    reading: Option<Reading>,
    /// Rows that were read and are not handed on yet.
    ready: VecDeque<RecordBatch>,
    /// How many more rows are needed.
    left: usize,
    read_ahead_bytes: u64,
    batch_rows: usize,
    counts: Counts,
}

impl Scan {
    pub(crate) fn new(
        snapshot: Arc<Snapshot>,
        schema: SchemaRef,
        asked: &Asked,
        stretches: Vec<(u64, u64)>,
        read_ahead_bytes: u64,
        batch_rows: usize,
        counts: Counts,
    ) -> Self {
        Self {
            adapter: Adapter::new(schema.clone(), &asked.prefix),
            positions: asked.positions.clone(),
            left: asked.limit.unwrap_or(usize::MAX),
            stretches: stretches.into(),
            reading: None,
            ready: VecDeque::new(),
            batch_rows: batch_rows.max(1),
            snapshot,
            schema,
            read_ahead_bytes,
            counts,
        }
    }

    pub(crate) fn into_stream(self) -> SendableRecordBatchStream {
        let schema = self.schema.clone();
        let batches = futures::stream::try_unfold(self, |mut scan| async move {
            let batch = Box::pin(scan.next()).await?;
            Ok::<_, DataFusionError>(batch.map(|batch| (batch, scan)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>, LogError> {
        while self.left > 0 {
            if let Some(batch) = self.ready.pop_front() {
                let batch = batch.slice(0, batch.num_rows().min(self.left));
                self.left -= batch.num_rows();
                self.counts.rows.add(batch.num_rows());
                return Ok(Some(batch));
            }
            match self.next_entry().await? {
                Some(Found::Rows(entry)) => self.take(&entry)?,
                Some(Found::Content(content)) => self.tell(&content)?,
                None => break,
            }
        }
        // What was read ahead is not needed any more.
        self.reading = None;
        Ok(None)
    }

    /// The next entry that is asked for.
    async fn next_entry(&mut self) -> Result<Option<Found>, LogError> {
        loop {
            let Some(reading) = &mut self.reading else {
                let Some((first, last)) = self.stretches.pop_front() else { return Ok(None) };
                self.begin(Position::new(first), Position::new(last)).await?;
                continue;
            };
            let read = if self.adapter.needs_no_columns() {
                reading.reader.next_content().await.map(|content| content.map(Found::Content))
            } else {
                reading.reader.next().await.map(|entry| entry.map(Found::Rows))
            };
            let requests = reading.reader.requests().total();
            self.counts.requests.add(usize::try_from(requests - reading.requests).unwrap_or(0));
            reading.requests = requests;
            let given_up = reading.reader.take_given_up();
            self.snapshot.given_up.note(given_up.into_iter().filter(|at| self.positions.contains(at.get())));
            match read.map_err(|error| self.snapshot.read_error(error))? {
                Some(found) if self.positions.contains(found.position().get()) => {
                    self.counts.entries.add(1);
                    return Ok(Some(found));
                }
                Some(_) => {}
                None => {
                    let (at, last) = (reading.reader.resume_point().next, reading.last);
                    self.reading = None;
                    // SUBTLE: the reader found the end of the log below that of the snapshot, whose positions were all
                    // there, and go nowhere above the checkpoint. So this is not the log that it was.
                    if at <= last {
                        let (log, last) = (self.snapshot.wal.to_string(), self.snapshot.last);
                        return ShorterSnafu { log, at, last }.fail();
                    }
                }
            }
        }
    }

    async fn begin(&mut self, first: Position, last: Position) -> Result<(), LogError> {
        let options = ReadOptions::from(self.snapshot.read_from(first))
            .with_end(last)
            .with_read_ahead_bytes(self.read_ahead_bytes);
        let reader = self.snapshot.wal.reader(options).await;
        let reader = reader.map_err(|error| self.snapshot.read_error(error))?;
        self.reading = Some(Reading { reader, last, requests: 0 });
        Ok(())
    }

    fn take(&mut self, entry: &LogEntry) -> Result<(), LogError> {
        let _timer = self.counts.elapsed.timer();
        let mut rows_before = 0;
        for batch in entry.batches().iter().filter(|batch| batch.num_rows() > 0) {
            let rows = batch.num_rows();
            let adapted = self.adapter.adapt(entry.position(), entry.epoch(), rows_before, batch)?;
            rows_before += rows as u64;
            for start in (0..rows).step_by(self.batch_rows) {
                self.ready.push_back(adapted.slice(start, self.batch_rows.min(rows - start)));
            }
        }
        Ok(())
    }

    /// Rows of which only that is asked for which the table tells itself.
    fn tell(&mut self, content: &EntryContent) -> Result<(), LogError> {
        let _timer = self.counts.elapsed.timer();
        let mut first = 0;
        while first < content.rows {
            let rows = usize::try_from(content.rows - first).unwrap_or(usize::MAX).min(self.batch_rows);
            let header = content.header;
            self.ready.push_back(self.adapter.tell(header.position, header.epoch, first, rows)?);
            first += rows as u64;
        }
        Ok(())
    }
}
