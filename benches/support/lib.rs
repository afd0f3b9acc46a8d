//! Shared set-up of the benches: batches, stores, and the yardstick that each of them is measured against.

use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use fencepost::{LogStore, PutRate, StoreOptions, Takeover, Wal, Writer, WriterOptions};
use object_store::memory::InMemory;
use object_store::path::Path;
use std::sync::Arc;

/// A batch of `rows` rows with a number, a measure and a short text.
///
/// # Panics
/// Never: the columns have equal lengths.
#[must_use]
pub fn batch(rows: i64) -> RecordBatch {
    let ids: Int64Array = (0..rows).collect();
    let measures: Float64Array = (0..rows).map(|id| Some(id as f64 * 0.5)).collect();
    let texts: StringArray = (0..rows).map(|id| Some(format!("row {id}"))).collect();
    RecordBatch::try_from_iter([
        ("id", Arc::new(ids) as _),
        ("measure", Arc::new(measures) as _),
        ("text", Arc::new(texts) as _),
    ])
    .expect("the columns have equal lengths")
}

/// A log in memory of its own.
pub async fn memory_log() -> Wal {
    let store = LogStore::new(Arc::new(InMemory::new()), Path::default(), StoreOptions::new());
    Wal::in_store(store).or_new_shard().open().await.expect("memory can be opened")
}

/// A log in a local directory, fsynced.
pub async fn local_log(directory: &std::path::Path) -> Wal {
    Wal::at(directory.display().to_string()).or_new_shard().open().await.expect("the directory can be opened")
}

/// A writer without lease, pace or probe; each submission of at most `group_bytes` in all shares an entry.
pub async fn writer(wal: &Wal, group_bytes: u64) -> Writer {
    let options = WriterOptions::new()
        .with_takeover(Takeover::Now)
        .with_lease_ttl(None)
        .with_puts_per_second_max(PutRate::Unlimited)
        .with_group_bytes_max(group_bytes)
        .with_store_probe(false);
    wal.open_writer(options).await.expect("nobody else writes here")
}
