//! What a table is a table of: the positions of a log that were there at one moment.

use crate::error::{LogError, ReadSnafu, SnapshotSnafu};
use crate::hold::{Hold, HoldError};
use crate::options::{LogColumns, LogTableOptions};
use datafusion::arrow::datatypes::SchemaRef;
use fencepost::{EntryKind, Epoch, Position, ReadError, ReadFrom, ReadOptions, ResumePoint, Wal};
use snafu::{IntoError, ResultExt};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The positions of a log that were there at one moment, and perhaps a cursor that keeps them there.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) wal: Wal,
    /// The first position that had not been collected.
    pub(crate) first: Position,
    /// The tail; below `first` if there was nothing.
    pub(crate) last: Position,
    pub(crate) hold: Option<Hold>,
    pub(crate) given_up: Arc<GivenUp>,
}

/// Positions that queries passed whose entries a repair gave up.
#[derive(Debug, Default)]
pub(crate) struct GivenUp(Mutex<BTreeSet<Position>>);

impl GivenUp {
    /// Notes what a query passed.
    pub(crate) fn note(&self, passed: impl IntoIterator<Item = Position>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(passed);
    }

    pub(crate) fn all(&self) -> Vec<Position> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

impl Snapshot {
    pub(crate) async fn take(wal: &Wal, options: &LogTableOptions) -> Result<Self, LogError> {
        let failed = || SnapshotSnafu { log: wal.to_string() };
        let mut first = wal.first_position().await.with_context(|_| failed())?;
        let mut hold = None;
        if let Some(name) = &options.hold {
            match Hold::take(wal, name.clone(), first).await {
                Ok((taken, from)) => (hold, first) = (Some(taken), from),
                Err(HoldError::Log(error)) => return Err(error),
                Err(HoldError::Read(error)) => return Err(error).with_context(|_| failed()),
            }
        }
        // After the cursor, which is below everything that is there now.
        let last = match tail(wal).await {
            Ok(last) => last,
            Err(error) => return Err(let_go(hold.as_ref(), failed().into_error(error)).await),
        };
        Ok(Self { wal: wal.clone(), first, last, hold, given_up: Arc::default() })
    }

    /// Ends what failed before it began.
    pub(crate) async fn let_go(self, error: LogError) -> LogError {
        let_go(self.hold.as_ref(), error).await
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.last < self.first
    }

    /// Where to begin to read at `first`.
    pub(crate) fn read_from(&self, first: Position) -> ReadFrom {
        match &self.hold {
            Some(hold) => {
                let point = ResumePoint { next: first, highest: Epoch::NONE };
                ReadFrom::Cursor { name: hold.name().clone(), point }
            }
            None => ReadFrom::Position(first),
        }
    }

    pub(crate) fn read_error(&self, source: ReadError) -> LogError {
        let (first, last) = (self.first, self.last);
        ReadSnafu { log: self.wal.to_string(), first, last }.into_error(source)
    }

    /// The schemas of the oldest and of the newest entry with rows, as far as `columns` asks for them.
    ///
    /// Without a hold the oldest may be collected meanwhile: then the snapshot begins above that.
    pub(crate) async fn schemas(&mut self, columns: &LogColumns) -> Result<Schemas, LogError> {
        if self.is_empty() || matches!(columns, LogColumns::These(_)) {
            return Ok(Schemas::default());
        }
        let newest = self.newest().await?;
        let at_first = newest.as_ref().is_some_and(|(at, _)| *at == self.first);
        let oldest = match columns {
            LogColumns::OldestAndNewest if !at_first => self.oldest().await?,
            _ => None,
        };
        Ok(Schemas { oldest, newest: newest.map(|(_, schema)| schema) })
    }

    /// Downward from the tail, where only fences and fillers of the last takeovers stand above it. Whether it counts
    /// does not matter for a schema.
    async fn newest(&self) -> Result<Option<(Position, SchemaRef)>, LogError> {
        let lowest = self.first.max(self.last.minus(NEWEST_WITHIN));
        let mut at = self.last;
        while at >= lowest {
            match self.wal.entry_at(at).await {
                Ok(Some(entry)) if entry.header().kind == EntryKind::Data => {
                    return Ok(Some((at, entry.schema().clone())));
                }
                // What is damaged or gone is left to the query that needs it.
                Ok(_) | Err(ReadError::Rows { .. }) => {}
                Err(error) => return Err(self.read_error(error)),
            }
            at = at.prev();
        }
        Ok(None)
    }

    async fn oldest(&mut self) -> Result<Option<SchemaRef>, LogError> {
        while !self.is_empty() {
            let options =
                ReadOptions::from(self.read_from(self.first)).with_end(self.last).with_read_ahead(1);
            let read = async { self.wal.reader(options).await?.next().await };
            match read.await {
                Ok(entry) => return Ok(entry.map(|entry| entry.schema().clone())),
                Err(ReadError::Truncated { first, .. }) if first > self.first => self.first = first,
                Err(error) => return Err(self.read_error(error)),
            }
        }
        Ok(None)
    }
}

/// The last position of the log.
///
/// SUBTLE: the unbroken run of entries may end where one was lost, and then the log does not. So the position above is
/// read as any reader would read it, which looks for a proof of a loss before it takes what is absent for the end.
// P-91.
async fn tail(wal: &Wal) -> Result<Position, ReadError> {
    let last = match wal.tail_position().await {
        // A shard that nobody has written to yet: a table without rows.
        Err(ReadError::NoLog { .. }) => return Ok(Position::NONE),
        found => found?,
    };
    // Nothing is concluded from an epoch there, so any will do.
    let above = ResumePoint { next: last.next(), highest: Epoch::FIRST };
    let options = ReadOptions::from(above).with_end(last.next()).with_read_ahead(1);
    let read = async { wal.reader(options).await?.next_content().await };
    match read.await {
        // It was written since, and perhaps collected.
        Ok(_) | Err(ReadError::Truncated { .. }) => Ok(last),
        Err(error) => Err(error),
    }
}

/// Removes the cursor at once: the runtime may be about to end.
async fn let_go(hold: Option<&Hold>, error: LogError) -> LogError {
    if let Some(hold) = hold
        && let Err(why) = hold.release().await
    {
        tracing::warn!(cursor = %hold.name(), %why, "a query's cursor was not removed: it holds the log until it is");
    }
    error
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(crate) oldest: Option<SchemaRef>,
    pub(crate) newest: Option<SchemaRef>,
}

/// More than a few takeovers leave at the end of a log.
const NEWEST_WITHIN: u64 = 256;
