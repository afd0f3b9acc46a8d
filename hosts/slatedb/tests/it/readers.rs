//! Readers beside a database: what they see, and what an idle one costs.

use crate::support::{DB, Store, collect, flush_memtable, log, open, put};
use fencepost_slatedb::SlateWal;
use fencepost_store::wrap::CountStore;
use slatedb::config::{CheckpointOptions, CheckpointScope, DbReaderOptions};
use slatedb::object_store::memory::InMemory;
use slatedb::wal::WalFileRange;
use slatedb::{DbReader, DbReaderMode};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

async fn reader(store: &Store, wal: &SlateWal, mode: DbReaderMode) -> DbReader {
    let options =
        DbReaderOptions { manifest_poll_interval: Duration::from_millis(20), ..DbReaderOptions::default() };
    let reader = DbReader::builder(DB, Arc::clone(store)).with_reader_mode(mode).with_options(options);
    reader.with_wal_reader(wal.reader()).build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_follows_what_is_only_in_the_log() {
    let store: Store = Arc::new(InMemory::new());
    let db = open(&store, &log(&store).await).await;
    put(&db, "before").await;
    let reader = reader(&store, &log(&store).await, DbReaderMode::FollowLatest).await;
    assert!(reader.get(b"before").await.unwrap().is_some());
    for key in ["one", "two", "three"] {
        put(&db, key).await;
        // It polls in its own time.
        while reader.get(key.as_bytes()).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    }
    // A database that takes over fences with ids without rows, and the reader passes them.
    let newer = open(&store, &log(&store).await).await;
    put(&newer, "four").await;
    while reader.get(b"four").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    reader.close().await.unwrap();
    newer.close().await.unwrap();
}

/// The cursor is there from the first opening on, so a checkpoint keeps what its readers replay.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_at_a_checkpoint_finds_its_rows_after_a_collection() {
    let store: Store = Arc::new(InMemory::new());
    let wal = log(&store).await;
    let db = open(&store, &wal).await;
    for n in 0..10 {
        put(&db, &format!("k{n}")).await;
    }
    let checkpoint =
        db.create_checkpoint(CheckpointScope::Durable, &CheckpointOptions::default()).await.unwrap();
    for n in 0..3 {
        put(&db, &format!("later{n}")).await;
        flush_memtable(&db).await;
    }
    collect(&store, &wal).await;
    // Whoever collects without knowing SlateDB is held by the cursor too.
    wal.log().collector().run().await.unwrap();
    let reader = reader(&store, &log(&store).await, DbReaderMode::Checkpoint(checkpoint.id)).await;
    assert!(reader.get(b"k9").await.unwrap().is_some());
    assert!(reader.get(b"later0").await.unwrap().is_none());
    reader.close().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_poll_that_finds_nothing_new_costs_a_handful_of_requests() {
    let store: Store = Arc::new(InMemory::new());
    let db = open(&store, &log(&store).await).await;
    for n in 0..100 {
        put(&db, &format!("k{n}")).await;
    }
    let counts = CountStore::new(Arc::clone(&store));
    let polling = log(&(Arc::new(counts.clone()) as Store)).await;
    let reader = polling.reader();
    let last = reader.last_wal_file_id(0).await.unwrap();
    let mut rows = reader.iterator((1..last + 1).into()).await.unwrap();
    let (mut found, mut passed) = (0, 0);
    while let Some(next) = rows.next().await.unwrap() {
        assert!(next.last_consumed_wal_file_id > passed);
        (found, passed) = (found + next.rows.len(), next.last_consumed_wal_file_id);
    }
    assert_eq!((found, passed), (100, last));

    let before = counts.counts().total();
    assert_eq!(reader.last_wal_file_id(last).await.unwrap(), last);
    let idle = counts.counts().total() - before;
    assert!(idle <= 10, "{idle} requests");
    // What comes next is read without anything below it.
    put(&db, "new").await;
    assert_eq!(reader.last_wal_file_id(last).await.unwrap(), last + 1);
    let before = counts.counts().total();
    let mut rows = reader.iterator((last + 1..last + 2).into()).await.unwrap();
    assert_eq!(rows.next().await.unwrap().expect("a row").rows.len(), 1);
    assert!(rows.next().await.unwrap().is_none());
    let one = counts.counts().total() - before;
    assert!(one <= 10, "{one} requests");
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_range_without_an_end_hands_out_rows_as_they_come() {
    let store: Store = Arc::new(InMemory::new());
    let wal = log(&store).await;
    let db = open(&store, &wal).await;
    put(&db, "one").await;
    let endless = WalFileRange(Bound::Included(1), Bound::Unbounded);
    let mut rows = log(&store).await.reader().iterator(endless).await.unwrap();
    let first = rows.next().await.unwrap().expect("it never ends");
    assert_eq!(&first.rows[0].key[..], b"one");
    let (next, ()) = tokio::join!(rows.next(), put(&db, "two"));
    let next = next.unwrap().expect("it never ends");
    assert_eq!(&next.rows[0].key[..], b"two");
    assert!(next.last_consumed_wal_file_id > first.last_consumed_wal_file_id);
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_beginning_that_was_collected_is_told_by_the_iterator_itself() {
    let store: Store = Arc::new(InMemory::new());
    let wal = log(&store).await;
    let db = open(&store, &wal).await;
    for n in 0..5 {
        put(&db, &format!("k{n}")).await;
        flush_memtable(&db).await;
    }
    collect(&store, &wal).await;
    let reader = log(&store).await.reader();
    let last = reader.last_wal_file_id(0).await.unwrap();
    let error = reader.iterator((1..last + 1).into()).await.err().expect("it was collected");
    assert!(error.to_string().contains("truncated"), "{error}");
    db.close().await.unwrap();
}
