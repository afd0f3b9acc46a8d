//! Writing: each flush is an entry, many are in flight, and they are told in order.

mod pace;
mod status;

use crate::rows::record;
use crate::{internal, unavailable};
use async_trait::async_trait;
use fencepost::{AppendError, Appended, ErrorKind, Position, Record, Ticket, Writer};
use pace::Pace;
use slatedb::RowEntry;
use slatedb::wal::{WalError, WalFlushResult, WalObserver, WalStatus, WalWriter};
use status::{Board, Observer};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The writer of one `Db`.
pub(crate) struct SlateWriter {
    shared: Arc<Shared>,
    pump: Option<JoinHandle<()>>,
    writer: Arc<Writer>,
}

/// What was appended and is no entry yet.
#[derive(Default)]
struct Buffer {
    rows: Vec<Record>,
    bytes: usize,
    last_seq: Option<u64>,
    /// The id of the last flush.
    last: u64,
    /// Flushes that were not submitted yet, in order.
    sealed: VecDeque<Flush>,
    /// Nothing more will be appended.
    is_closing: bool,
}

/// Rows that become one entry, whose position is known before it is written.
struct Flush {
    id: u64,
    records: Vec<Record>,
    bytes: usize,
    last_seq: Option<u64>,
}

struct Shared {
    buffer: Mutex<Buffer>,
    /// The buffer has changed.
    kick: Notify,
    board: Arc<Board>,
}

impl SlateWriter {
    /// A writer whose first entry comes after `end`; without a flush, it puts an entry each `pace`, on average.
    pub(crate) fn start(writer: Arc<Writer>, end: Position, pace: Duration) -> Self {
        let shared = Arc::new(Shared {
            buffer: Mutex::new(Buffer { last: end.get(), ..Buffer::default() }),
            kick: Notify::new(),
            board: Arc::new(Board::new(end.get())),
        });
        let pump = tokio::spawn(pump(Arc::clone(&writer), Arc::clone(&shared), Pace::new(pace)));
        Self { shared, pump: Some(pump), writer }
    }
}

impl Buffer {
    /// What was appended since the last time becomes an entry.
    fn seal(&mut self) {
        if !self.rows.is_empty() {
            self.last += 1;
            let (records, bytes) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.bytes));
            self.sealed.push_back(Flush { id: self.last, records, bytes, last_seq: self.last_seq });
        }
    }
}

impl Shared {
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing more is appended; what was goes first.
    fn end_appends(&self) {
        let mut buffer = self.buffer();
        buffer.seal();
        buffer.is_closing = true;
        drop(buffer);
        self.kick.notify_one();
    }
}

#[async_trait]
impl WalWriter for SlateWriter {
    async fn append(&mut self, batch: &[RowEntry]) -> Result<(), WalError> {
        self.shared.board.check()?;
        let bytes: usize = batch.iter().map(|row| row.key.len() + row.value.len()).sum();
        self.shared.board.appended(batch.len(), bytes);
        {
            let mut buffer = self.shared.buffer();
            // A batch is in one entry, several batches need not be.
            if buffer.bytes + bytes > FLUSH_BYTES_MAX {
                buffer.seal();
            }
            buffer.rows.extend(batch.iter().map(record));
            buffer.bytes += bytes;
            buffer.last_seq = batch.last().map(|row| row.seq).or(buffer.last_seq);
        }
        self.shared.kick.notify_one();
        Ok(())
    }

    async fn flush(&mut self) -> Result<WalFlushResult, WalError> {
        self.shared.board.check()?;
        let wal_id = {
            let mut buffer = self.shared.buffer();
            buffer.seal();
            buffer.last
        };
        self.shared.kick.notify_one();
        Ok(WalFlushResult { wal_id, completion: self.shared.board.flushed(wal_id) })
    }

    fn should_flush_memtable(&self, replay_after_wal_id: u64) -> bool {
        // What is durable counts: a memtable that is frozen now covers no more than that.
        self.shared.board.last_flushed().saturating_sub(replay_after_wal_id) >= FLUSHES_MAX
    }

    fn observer(&self) -> Box<dyn WalObserver> {
        Box::new(Observer(Arc::clone(&self.shared.board)))
    }

    fn status(&self) -> Result<WalStatus, WalStatus> {
        self.shared.board.status()
    }

    async fn close(&mut self) -> Result<(), WalError> {
        self.shared.end_appends();
        if let Some(pump) = self.pump.take() {
            let _ = pump.await;
        }
        let reason = match self.writer.close().await {
            Ok(()) => WalError::Closed,
            Err(error) => of_append(&error),
        };
        self.shared.board.end(reason);
        match self.shared.board.reason() {
            WalError::Closed => Ok(()),
            reason => Err(reason),
        }
    }
}

impl Drop for SlateWriter {
    /// As after a crash: what was appended may still become durable, and there is no close entry.
    fn drop(&mut self) {
        self.shared.end_appends();
    }
}

/// A flush that was submitted.
struct Told {
    id: u64,
    rows: usize,
    bytes: usize,
    last_seq: Option<u64>,
}

/// Submits entries, many at the same time, and tells of them in order.
async fn pump(writer: Arc<Writer>, shared: Arc<Shared>, mut pace: Pace) {
    let mut pending: VecDeque<(Told, Ticket)> = VecDeque::new();
    // Why nothing more is submitted. What was submitted before is told first.
    let mut refused = None;
    loop {
        let (flush, waits, is_closing) = {
            let mut buffer = shared.buffer();
            let now = Instant::now();
            if buffer.sealed.is_empty() && pending.len() < IN_FLIGHT_MAX && pace.due() <= now {
                buffer.seal();
            }
            let flush = if refused.is_none() { buffer.sealed.pop_front() } else { None };
            let waits = flush.is_none() && buffer.sealed.is_empty() && !buffer.rows.is_empty();
            (flush, waits && pending.len() < IN_FLIGHT_MAX, buffer.is_closing)
        };
        if let Some(Flush { id, records, bytes, last_seq }) = flush {
            pace.spend(Instant::now());
            let told = Told { id, rows: records.len(), bytes, last_seq };
            // Waits where the writer's buffer is full; the writer's own task empties it.
            match writer.submit_records(&records).await {
                Ok(ticket) => pending.push_back((told, ticket)),
                Err(error) => refused = Some(of_append(&error)),
            }
            continue;
        }
        if pending.is_empty() {
            if let Some(reason) = refused {
                return shared.board.end(reason);
            }
            if is_closing {
                return;
            }
        }
        tokio::select! {
            biased;
            outcome = front(&mut pending), if !pending.is_empty() => {
                let Some((told, _)) = pending.pop_front() else { continue };
                match outcome {
                    Ok(appended) if appended.position.get() == told.id => {
                        shared.board.acknowledge(told.id, told.rows, told.bytes, told.last_seq);
                    }
                    Ok(appended) => {
                        let text = format!("an entry was put at {}, and announced at {}", appended.position, told.id);
                        return shared.board.end(internal(text));
                    }
                    Err(error) => return shared.board.end(of_append(&error)),
                }
            }
            () = shared.kick.notified() => {}
            () = tokio::time::sleep_until(pace.due()), if waits => {}
        }
    }
}

async fn front(pending: &mut VecDeque<(Told, Ticket)>) -> Result<Appended, AppendError> {
    match pending.front_mut() {
        Some((_, ticket)) => ticket.await,
        None => std::future::pending().await,
    }
}

fn of_append(error: &AppendError) -> WalError {
    match (error, error.kind()) {
        (AppendError::Closed, _) => WalError::Closed,
        (AppendError::Fenced { .. }, _) => WalError::Fenced,
        (_, ErrorKind::Damaged | ErrorKind::Invalid | ErrorKind::Internal) => {
            WalError::InternalError(Arc::new(error.clone()))
        }
        _ => unavailable(error.clone()),
    }
}

/// After so many flushes, SlateDB is asked to flush its memtable: it bounds what an opening replays.
const FLUSHES_MAX: u64 = 4_096;
/// More than that is several entries, unless it is one batch: a larger PUT would keep those behind it waiting.
const FLUSH_BYTES_MAX: usize = 4 << 20;
/// As many as may be undecided at once: above that, what comes shares the next entry.
const IN_FLIGHT_MAX: usize = 64;

#[cfg(test)]
mod tests;
