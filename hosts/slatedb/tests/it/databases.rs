//! Databases that are opened, crash, and meet each other.

use crate::support::{
    DB, SHARD, Store, builder, close_without_flush, entries, flush_memtable, has, log, objects, open, put,
    settings, try_put,
};
use fencepost::{ReadFrom, Wal};
use fencepost_slatedb::SlateWal;
use fencepost_store::wrap::{Fault, FaultStore, Op};
use slatedb::object_store::memory::InMemory;
use slatedb::{Db, WriteBatch};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_is_there_after_a_crash_and_after_a_close() {
    let faults = FaultStore::in_memory();
    let store: Store = Arc::clone(faults.inner());
    let mortal: Store = Arc::new(faults.clone());
    let db = open(&mortal, &log(&mortal).await).await;
    for n in 0..20 {
        put(&db, &format!("k{n}")).await;
    }
    db.delete(b"k3").await.unwrap();
    // Its machine is gone, and whatever its tasks still do reaches nobody.
    for op in [Op::Put, Op::Get, Op::List, Op::Delete] {
        let _ = faults.on(op, |_| true, Fault::Refuse);
    }
    drop(db);

    let wal = log(&store).await;
    let db = open(&store, &wal).await;
    assert!(has(&db, "k0").await && !has(&db, "k3").await && has(&db, "k19").await);
    put(&db, "more").await;
    close_without_flush(&db).await;
    let before = entries(&store).await;
    let db = open(&store, &wal).await;
    assert!(has(&db, "more").await && has(&db, "k19").await);
    assert_eq!(entries(&store).await, before + 1, "after a close, an opening writes one entry");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_entry() {
    let store: Store = Arc::new(InMemory::new());
    let wal = log(&store).await;
    let db = open(&store, &wal).await;
    let mut batch = WriteBatch::new();
    for n in 0..1_000 {
        batch.put(format!("k{n}"), "v");
    }
    batch.delete("k7");
    db.write(batch).await.unwrap().await_durable().await.unwrap();
    close_without_flush(&db).await;
    let mut reader = wal.log().reader(ReadFrom::Checkpoint).await.unwrap();
    let mut rows = Vec::new();
    while let Some(entry) = reader.next_records().await.unwrap() {
        rows.push(entry.records().len());
    }
    assert_eq!(rows, [1_000], "a key's last write of a batch is its row");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_of_two_databases_is_fenced_and_the_newer_has_everything() {
    let store: Store = Arc::new(InMemory::new());
    let old = open(&store, &log(&store).await).await;
    put(&old, "old").await;
    let new = open(&store, &log(&store).await).await;
    let error = try_put(&old, "late").await.expect_err("the older one is fenced");
    assert!(error.to_string().contains("newer DB client"), "{error}");
    put(&new, "new").await;
    assert!(has(&new, "old").await && !has(&new, "late").await);
    new.close().await.unwrap();
}

/// An opener has SlateDB's manifest, and stalls before it has the log. Another database comes, and has both. The opener
/// goes on: it is fenced, and the other one is not.
#[tokio::test(flavor = "multi_thread")]
async fn an_opener_that_stalls_before_it_claims_the_log_disturbs_nobody() {
    let faults = FaultStore::in_memory();
    let store: Store = Arc::clone(faults.inner());
    let first = open(&store, &log(&store).await).await;
    put(&first, "first").await;
    close_without_flush(&first).await;

    let stalling = log(&(Arc::new(faults.clone()) as Store)).await;
    let held = faults.hold(Op::Put, |path| path.contains("/manifest/"));
    let stalled = {
        let store = Arc::clone(&store);
        tokio::spawn(
            async move { builder(&store).with_wal_writer(stalling.writer()).build().await.map(drop) },
        )
    };
    held.arrived().await;
    let wal = log(&store).await;
    let new = open(&store, &wal).await;
    put(&new, "new").await;
    let epoch = wal.log().manifest().await.unwrap().writer_epoch;

    held.release();
    let error = stalled.await.unwrap().expect_err("a newer database has the manifest");
    assert!(error.to_string().contains("newer DB client"), "{error}");
    assert_eq!(wal.log().manifest().await.unwrap().writer_epoch, epoch, "the log was not claimed again");
    put(&new, "still here").await;
    new.close().await.unwrap();
}

/// Rows of a new log would have ids that SlateDB has replayed already: acknowledged, and never replayed.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_ends_below_the_replay_point_is_refused() {
    let store: Store = Arc::new(InMemory::new());
    let db = open(&store, &log(&store).await).await;
    for n in 0..200 {
        put(&db, &format!("k{n}")).await;
    }
    flush_memtable(&db).await;
    db.close().await.unwrap();

    // A log with nothing in it is not even begun.
    let empty = SlateWal::open(Arc::clone(&store), "empty", SHARD).await.unwrap();
    let error = builder(&store).with_wal_writer(empty.writer()).build().await.err().expect("it is refused");
    assert!(error.to_string().contains("below SlateDB's replay point"), "{error}");
    assert_eq!(objects(&store, "empty").await, Vec::<String>::new());

    // That of another database, which is shorter.
    let other = SlateWal::open_with(Wal::on(Arc::clone(&store), "other"), SHARD).await.unwrap();
    let another = Db::builder("another", Arc::clone(&store)).with_settings(settings());
    another.with_wal_writer(other.writer()).build().await.unwrap().close().await.unwrap();
    let error = builder(&store).with_wal_writer(other.writer()).build().await.err().expect("it is refused");
    assert!(error.to_string().contains("below SlateDB's replay point"), "{error}");

    // The log that belongs to it still opens it.
    let db = open(&store, &log(&store).await).await;
    assert!(has(&db, "k199").await);
    db.close().await.unwrap();
}

/// What a store that has stopped answering leaves behind is unknown, and never acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_gets_no_answer_is_not_acknowledged() {
    let faults = FaultStore::in_memory();
    let store: Store = Arc::clone(faults.inner());
    let builder_of_log =
        Wal::on(Arc::new(faults.clone()), "wal").with_retry_timeout(Duration::from_millis(50));
    let wal = SlateWal::open_with(builder_of_log, SHARD).await.unwrap();
    let db = open(&store, &wal).await;
    put(&db, "before").await;
    let late = faults.strand(|path| path.ends_with(".arrow"));
    let error = try_put(&db, "unknown").await.expect_err("nobody answered");
    assert!(error.to_string().contains("may be in the log"), "{error}");
    // It arrives after all, before anybody took over.
    late.deliver().await;
    let db = open(&store, &log(&store).await).await;
    assert!(has(&db, "before").await && has(&db, "unknown").await);
    db.close().await.unwrap();
    assert!(!objects(&store, DB).await.is_empty());
}
