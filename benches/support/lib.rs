//! Shared set-up of the benches: batches, stores, and the yardstick that each of them is measured against.

mod sink;

pub use sink::SinkStore;

use arrow_array::{BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use fencepost::{LogStore, PutRate, StoreOptions, Takeover, Wal, Writer, WriterOptions};
use object_store::ObjectStore;
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

/// A batch of 64 rows with 64 bytes of values each: two numbers and a text of 48 bytes.
///
/// # Panics
/// Never: the columns have equal lengths.
#[must_use]
pub fn four_kib() -> RecordBatch {
    let texts: StringArray = (0..64).map(|id| Some(format!("{id:048}"))).collect();
    RecordBatch::try_from_iter([
        ("id", Arc::new((0..64).collect::<Int64Array>()) as _),
        ("measure", Arc::new((0..64).map(|id| Some(f64::from(id) * 0.5)).collect::<Float64Array>()) as _),
        ("text", Arc::new(texts) as _),
    ])
    .expect("the columns have equal lengths")
}

/// A batch with one blob of so many bytes.
///
/// # Panics
/// Never: there is one column.
#[must_use]
pub fn blob(bytes: usize) -> RecordBatch {
    let blob = BinaryArray::from_vec(vec![&vec![7; bytes][..]]);
    RecordBatch::try_from_iter([("blob", Arc::new(blob) as _)]).expect("there is one column")
}

/// A log in a store of its own.
pub async fn log_in(store: Arc<dyn ObjectStore>) -> Wal {
    let store = LogStore::new(store, Path::default(), StoreOptions::new());
    Wal::in_store(store).or_new_shard().open().await.expect("the store can be opened")
}

/// A log in memory of its own.
pub async fn memory_log() -> Wal {
    log_in(Arc::new(InMemory::new())).await
}

/// A log in a local directory, fsynced.
pub async fn local_log(directory: &std::path::Path) -> Wal {
    Wal::at(directory.display().to_string()).or_new_shard().open().await.expect("the directory can be opened")
}

/// A writer without lease, pace or probe; each submission of at most `group_bytes` in all shares an entry.
pub async fn writer(wal: &Wal, group_bytes: u64) -> Writer {
    wal.open_writer(options().with_group_bytes_max(group_bytes)).await.expect("nobody else writes here")
}

/// The options of a writer without lease, pace or probe.
pub fn options() -> WriterOptions {
    WriterOptions::new()
        .with_takeover(Takeover::Now)
        .with_lease_ttl(None)
        .with_puts_per_second_max(PutRate::Unlimited)
        .with_store_probe(false)
}
