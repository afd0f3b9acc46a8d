//! What the tests share: a log in a store that misbehaves on cue, virtual time, counted nonces, and logs
//! written as text.

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use fencepost::{
    Environment, LogEntry, Nonce, Position, ReadError, ReadFrom, ShardId, StoreOptions, Takeover, Tick, Wal,
    Writer, WriterOptions,
};
use fencepost_format::{DecodeLimits, EntryHeader, EntryKind, decode_header, parse_entry_name};
use fencepost_store::ClientRetries;
use fencepost_store::wrap::FaultStore;
use object_store::ObjectStore;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// The shard of most tests.
pub(crate) const SHARD: ShardId = ShardId::from_bytes([7; 16]);

/// A log, the faults of its store, and the same log as it really is, past all faults.
pub(crate) struct World {
    pub(crate) faults: FaultStore,
    pub(crate) wal: Wal,
    pub(crate) truth: Wal,
}

impl World {
    /// An empty log in memory.
    pub(crate) async fn new() -> Self {
        Self::over(FaultStore::in_memory()).await
    }

    /// Over a store with faults of the test's choice.
    pub(crate) async fn over(faults: FaultStore) -> Self {
        let wal = wal_on(Arc::new(faults.clone())).await;
        let truth = wal_on(Arc::clone(faults.inner())).await;
        Self { faults, wal, truth }
    }

    /// Opens a writer that takes over at once, without a lease, one entry for each submission.
    pub(crate) async fn writer(&self) -> Writer {
        self.wal.open_writer(options()).await.unwrap()
    }

    /// Whether a path is that of the entry at `at`.
    pub(crate) fn entry(&self, at: u64) -> impl Fn(&str) -> bool + Send + Sync + 'static {
        let path = self.wal.paths().entry(Position::new(at));
        move |other| other == path
    }

    /// Deletes objects past all faults and rules.
    pub(crate) async fn delete_entries(&self, positions: impl IntoIterator<Item = u64>) {
        let paths = positions.into_iter().map(|at| self.truth.paths().entry(Position::new(at)));
        for deletion in self.truth.store().delete(paths.collect::<Vec<_>>()).await {
            deletion.result.unwrap();
        }
    }

    /// The log as text, such as `1:h1 2-4:d1 5:c1`: positions, kind (data, guarding fence, clean fence,
    /// filler, close) and epoch.
    pub(crate) async fn layout(&self) -> String {
        layout(&self.truth).await
    }

    /// All that a reader gets from the checkpoint on.
    pub(crate) async fn rows(&self) -> Vec<i64> {
        rows(&self.truth, ReadFrom::Checkpoint).await.unwrap()
    }
}

/// The log of [`SHARD`] on a store, as another process would open it.
pub(crate) async fn wal_on(store: Arc<dyn ObjectStore>) -> Wal {
    wal_builder(store).open().await.unwrap()
}

/// As [`wal_on`], with more to choose.
pub(crate) fn wal_builder(store: Arc<dyn ObjectStore>) -> fencepost::WalBuilder {
    let options = StoreOptions::new().with_client_retries(ClientRetries::Off).with_jitter_seed(1);
    Wal::on(store, "").with_shard(SHARD).with_environment(environment()).with_store_options(options)
}

/// A writer that takes over at once, without a lease and a probe, one entry for each submission.
pub(crate) fn options() -> WriterOptions {
    WriterOptions::new()
        .with_takeover(Takeover::Now)
        .with_lease_ttl(None)
        .with_store_probe(false)
        .with_group_bytes_max(1)
}

/// tokio's clock, so that a paused one is the only time there is, and nonces that never repeat within this
/// process.
pub(crate) fn environment() -> Environment {
    static NONCES: AtomicU64 = AtomicU64::new(1);
    let origin = Instant::now();
    let now = move || Tick(u64::try_from(origin.elapsed().as_millis()).unwrap());
    Environment::simulated(
        now,
        || Nonce(u128::from(NONCES.fetch_add(1, Ordering::Relaxed)) << 64 | 0xfe9c),
        1,
    )
}

/// One batch with one column of numbers.
pub(crate) fn batch(numbers: impl IntoIterator<Item = i64>) -> RecordBatch {
    named_batch("n", numbers)
}

/// A batch of another schema.
pub(crate) fn named_batch(column: &str, numbers: impl IntoIterator<Item = i64>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from(numbers.into_iter().collect::<Vec<_>>()));
    RecordBatch::try_from_iter([(column, array)]).unwrap()
}

/// The numbers in an entry.
pub(crate) fn numbers(entry: &LogEntry) -> Vec<i64> {
    let columns =
        entry.batches().iter().map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap());
    columns.flat_map(|column| column.values().iter().copied()).collect()
}

/// Appends one number and returns its position.
pub(crate) async fn append(writer: &Writer, number: i64) -> Result<u64, fencepost::AppendError> {
    writer.append(&[batch([number])]).await.map(|done| done.position.get())
}

/// Appends numbers, one after the other is acknowledged.
pub(crate) async fn append_all(writer: &Writer, numbers: impl IntoIterator<Item = i64>) {
    for number in numbers {
        append(writer, number).await.unwrap();
    }
}

/// Closes a writer that the future owns, and drops it then.
pub(crate) async fn close(writer: Writer) -> Result<(), fencepost::AppendError> {
    writer.close().await
}

/// Submits one number.
pub(crate) async fn submit(writer: &Writer, number: i64) -> fencepost::Ticket {
    writer.submit(vec![batch([number])]).await.unwrap()
}

/// All numbers that a reader gets.
pub(crate) async fn rows(wal: &Wal, from: ReadFrom) -> Result<Vec<i64>, ReadError> {
    let mut reader = wal.reader(from).await?;
    let mut all = Vec::new();
    while let Some(entry) = reader.next().await? {
        all.extend(numbers(&entry));
    }
    Ok(all)
}

/// All numbers from a position on.
pub(crate) async fn rows_from(wal: &Wal, position: u64) -> Result<Vec<i64>, ReadError> {
    rows(wal, ReadFrom::Position(Position::new(position))).await
}

/// What stands in the log, by position.
pub(crate) async fn headers(wal: &Wal) -> BTreeMap<u64, EntryHeader> {
    let mut headers = BTreeMap::new();
    for object in wal.store().list_all(wal.paths().wal_dir()).await.unwrap() {
        let at = parse_entry_name(object.path.filename().unwrap()).unwrap();
        let bytes = wal.store().get(&object.path).await.into_result().unwrap().unwrap().bytes;
        let summary = decode_header(object.path.as_ref(), at, &bytes, DecodeLimits::DEFAULT).unwrap();
        headers.insert(at.get(), summary.header);
    }
    headers
}

/// See [`World::layout`].
pub(crate) async fn layout(wal: &Wal) -> String {
    let mut runs: Vec<(u64, u64, char, u64)> = Vec::new();
    for (at, header) in headers(wal).await {
        let kind = match header.kind {
            EntryKind::Data => 'd',
            EntryKind::Fence => 'p',
            EntryKind::CleanFence => 'h',
            EntryKind::Filler => 'f',
            EntryKind::Close => 'c',
            EntryKind::Tombstone => 't',
        };
        let epoch = header.epoch.get();
        match runs.last_mut() {
            Some((_, last, k, e)) if *last + 1 == at && (*k, *e) == (kind, epoch) => *last = at,
            _ => runs.push((at, at, kind, epoch)),
        }
    }
    let mut text = String::new();
    for (first, last, kind, epoch) in runs {
        let gap = if text.is_empty() { "" } else { " " };
        match first == last {
            true => write!(text, "{gap}{first}:{kind}{epoch}").unwrap(),
            false => write!(text, "{gap}{first}-{last}:{kind}{epoch}").unwrap(),
        }
    }
    text
}

/// Lets every task run until all wait, without moving the clock. Work on stores in memory needs no clock.
pub(crate) async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// Whether a path is that of an entry.
pub(crate) fn any_entry(path: &str) -> bool {
    path.contains("/wal/")
}

/// Whether a path is that of a manifest.
pub(crate) fn any_manifest(path: &str) -> bool {
    path.contains("/manifest/") && path.ends_with(".binpb")
}

/// Whether a path is that of a lease.
pub(crate) fn any_lease(path: &str) -> bool {
    path.contains("/fencepost/lease/")
}
