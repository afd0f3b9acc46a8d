//! What the tests share: a database on a log, in memory.

use fencepost::Wal;
use fencepost_slatedb::{ShardId, SlateWal};
use slatedb::config::{
    CloseOptions, FlushOptions, FlushType, GarbageCollectorDirectoryOptions, GarbageCollectorOptions,
    Settings,
};
use slatedb::object_store::ObjectStore;
use slatedb::object_store::path::Path;
use slatedb::{Db, DbBuilder, GarbageCollectorBuilder};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const DB: &str = "db";
pub(crate) const SHARD: ShardId = ShardId::from_bytes([7; 16]);

pub(crate) type Store = Arc<dyn ObjectStore>;

/// The log of the database, as another process would open it.
pub(crate) async fn log(store: &Store) -> SlateWal {
    let wal = SlateWal::open_with(Wal::on(Arc::clone(store), "wal"), SHARD).await.unwrap();
    wal.with_pace(Duration::ZERO)
}

pub(crate) fn settings() -> Settings {
    Settings {
        flush_interval: Some(Duration::from_millis(1)),
        compactor_options: None,
        garbage_collector_options: None,
        // Nothing is compacted, so flushes must not wait for that.
        l0_max_ssts: 1_000,
        l0_max_ssts_per_key: 1_000,
        ..Settings::default()
    }
}

pub(crate) fn builder(store: &Store) -> DbBuilder<&'static str> {
    Db::builder(DB, Arc::clone(store)).with_settings(settings())
}

pub(crate) async fn open(store: &Store, wal: &SlateWal) -> Db {
    builder(store).with_wal_writer(wal.writer()).build().await.unwrap()
}

/// A put that is durable.
pub(crate) async fn put(db: &Db, key: &str) {
    try_put(db, key).await.unwrap();
}

/// Puts, and waits until it is durable or never will be known to be.
pub(crate) async fn try_put(db: &Db, key: &str) -> Result<(), slatedb::Error> {
    db.put(key.as_bytes(), b"v").await?.await_durable().await
}

pub(crate) async fn has(db: &Db, key: &str) -> bool {
    db.get(key.as_bytes()).await.unwrap().is_some()
}

pub(crate) async fn flush_memtable(db: &Db) {
    db.flush_with_options(FlushOptions { flush_type: FlushType::MemTable }).await.unwrap();
}

/// What was not flushed is only in the log.
pub(crate) async fn close_without_flush(db: &Db) {
    db.close_with_options(CloseOptions::default().with_flush_type(None)).await.unwrap();
}

/// Everything that may go, whatever its age; fences too.
pub(crate) fn everything() -> GarbageCollectorOptions {
    let at_once =
        GarbageCollectorDirectoryOptions { interval: None, min_age: Duration::ZERO, dry_run: false };
    GarbageCollectorOptions {
        wal_options: Some(at_once),
        wal_fence_options: Some(at_once),
        manifest_options: None,
        compacted_options: None,
        compactions_options: None,
        ..GarbageCollectorOptions::default()
    }
}

pub(crate) async fn collect(store: &Store, wal: &SlateWal) {
    let gc =
        GarbageCollectorBuilder::new(DB, Arc::clone(store)).with_options(everything()).with_wal_gc(wal.gc());
    gc.build().run_gc_once().await;
}

/// How many entries the log has.
pub(crate) async fn entries(store: &Store) -> usize {
    objects(store, "wal/_mem_wal").await.iter().filter(|path| path.ends_with(".arrow")).count()
}

/// The paths of all objects below a folder.
pub(crate) async fn objects(store: &Store, prefix: &str) -> Vec<String> {
    use futures::TryStreamExt;
    let listed: Vec<_> = store.list(Some(&Path::from(prefix))).try_collect().await.unwrap();
    listed.into_iter().map(|object| object.location.to_string()).collect()
}
