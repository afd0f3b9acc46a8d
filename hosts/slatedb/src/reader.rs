//! Reading: the replay of an opening, and what a `DbReader` polls.

use crate::rows::rows;
use crate::{SlateWal, internal, position, unavailable};
use async_trait::async_trait;
use fencepost::{ErrorKind, Position, ReadError, ReadFrom, ReadOptions, Reader, RecordsEntry, Tail};
use slatedb::wal::{WalError, WalFileRange, WalIterator, WalReader, WalRows};
use std::ops::Bound;
use std::sync::Arc;

/// The rows of a range of the log, one entry after the other.
struct Rows {
    wal: SlateWal,
    /// None once the range is read to its end.
    reader: Option<Reader>,
    /// Read already, to know whether the beginning is still there.
    first: Option<RecordsEntry>,
    /// The highest id that was told.
    told: u64,
}

impl Rows {
    /// From `start` up to and including `end`.
    ///
    /// A beginning that was collected is told here: SlateDB's reader takes the same error from `next` for the end of the
    /// log.
    async fn open(wal: &SlateWal, start: Position, end: Position) -> Result<Self, WalError> {
        let mut rows = Self { wal: wal.clone(), reader: None, first: None, told: start.prev().get() };
        if start <= end {
            let mut reader = wal.wal.reader(wal.reading(start).with_end(end)).await.map_err(of_reading)?;
            rows.first = reader.next_records().await.map_err(of_reading)?;
            rows.reader = Some(reader);
        }
        Ok(rows)
    }
}

#[async_trait]
impl WalIterator for Rows {
    async fn next(&mut self) -> Result<Option<WalRows>, WalError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => reader.next_records().await.map_err(of_reading)?,
        };
        if let Some(entry) = next {
            let rows = rows(entry)?;
            self.told = rows.last_consumed_wal_file_id;
            return Ok(Some(rows));
        }
        let point = reader.resume_point();
        self.wal.set_resume_point(point);
        self.reader = None;
        // A fence range and closes are ids without rows.
        let passed = point.next.prev().get();
        Ok((passed > self.told).then(|| {
            self.told = passed;
            WalRows { rows: Vec::new(), last_consumed_wal_file_id: passed }
        }))
    }
}

/// The replay of an opening: everything up to where the log was fenced, or an error.
pub(crate) struct Replay {
    rows: Rows,
    end: u64,
}

impl Replay {
    pub(crate) async fn open(wal: &SlateWal, start: Position, end: Position) -> Result<Self, WalError> {
        Ok(Self { rows: Rows::open(wal, start, end).await?, end: end.get() })
    }
}

#[async_trait]
impl WalIterator for Replay {
    async fn next(&mut self) -> Result<Option<WalRows>, WalError> {
        let next = self.rows.next().await?;
        if next.is_none() && self.rows.told < self.end {
            let Self { rows: Rows { told, .. }, end } = self;
            return Err(internal(format!("the log was fenced at {end}, and its replay ended at {told}")));
        }
        Ok(next)
    }
}

/// Rows as they come, without an end.
struct Endless {
    tail: Tail,
}

#[async_trait]
impl WalIterator for Endless {
    async fn next(&mut self) -> Result<Option<WalRows>, WalError> {
        rows(self.tail.next_records().await.map_err(of_reading)?).map(Some)
    }
}

#[async_trait]
impl WalReader for SlateWal {
    async fn iterator(&self, range: WalFileRange) -> Result<Box<dyn WalIterator>, WalError> {
        let start = match range.0 {
            Bound::Included(start) => position(start.max(1))?,
            Bound::Excluded(start) => position(start)?.next(),
            Bound::Unbounded => return Err(internal("a range must have a beginning")),
        };
        let end = match range.1 {
            Bound::Included(end) => position(end)?,
            Bound::Excluded(end) => position(end.saturating_sub(1))?,
            Bound::Unbounded => {
                let tail = self.wal.tail(self.reading(start)).await.map_err(of_reading)?;
                return Ok(Box::new(Endless { tail }));
            }
        };
        Ok(Box::new(Rows::open(self, start, end).await?))
    }

    async fn last_wal_file_id(&self, replay_after_wal_id: u64) -> Result<u64, WalError> {
        // Nothing new since the last time: a look at one position says so.
        if let Some(point) = self.resume_point().filter(|point| point.next.get() > replay_after_wal_id) {
            let ahead = ReadOptions::from(point).with_end(point.next).with_read_ahead(1);
            let mut reader = self.wal.reader(ahead).await.map_err(of_reading)?;
            if reader.next_records().await.map_err(of_reading)?.is_none() && reader.resume_point() == point {
                return Ok(point.next.prev().get());
            }
        }
        match self.wal.tail_position().await {
            Ok(tail) => Ok(tail.get().max(replay_after_wal_id)),
            // Nobody has opened the database with this log yet.
            Err(ReadError::NoLog { .. }) => Ok(replay_after_wal_id),
            Err(error) => Err(of_reading(error)),
        }
    }
}

impl SlateWal {
    /// From `start` on, without reading below it if the last reader stopped there.
    fn reading(&self, start: Position) -> ReadOptions {
        match self.resume_point() {
            Some(point) if point.next == start => point.into(),
            _ => ReadFrom::Position(start).into(),
        }
    }
}

fn of_reading(error: ReadError) -> WalError {
    match (error.kind(), &error) {
        (_, ReadError::Truncated { at, .. }) => WalError::WalTruncated(at.get()),
        (ErrorKind::Damaged | ErrorKind::Invalid, _) => WalError::DataError(Arc::new(error)),
        _ => unavailable(error),
    }
}
