//! What a collection leaves, and the log's checkpoint.

use crate::support::{DB, Store, close_without_flush, collect, entries, flush_memtable, has, log, open, put};
use fencepost::Position;
use slatedb::admin::Admin;
use slatedb::object_store::memory::InMemory;
use std::sync::Arc;

/// SlateDB's own log keeps one object for each opening as well, by default, and for ever. Here it is what stays for
/// openings after a crash; and no age makes it safe or unsafe to collect the rest.
#[tokio::test(flavor = "multi_thread")]
async fn one_object_for_each_unclean_opening_is_all_that_stays() {
    let store: Store = Arc::new(InMemory::new());
    let mut left = Vec::new();
    for n in 0..6 {
        let wal = log(&store).await;
        let db = open(&store, &wal).await;
        for key in 0..5 {
            put(&db, &format!("k{n}-{key}")).await;
        }
        flush_memtable(&db).await;
        // One more, so that the replay point is above the fence range.
        put(&db, &format!("last{n}")).await;
        flush_memtable(&db).await;
        collect(&store, &wal).await;
        left.push(entries(&store).await);
        // Never closed: the next one opens as after a crash.
        std::mem::forget(db);
    }
    let grown: Vec<_> = left.windows(2).map(|two| two[1].saturating_sub(two[0])).collect();
    assert!(grown.iter().all(|more| *more <= 1), "{left:?}");
    let db = open(&store, &log(&store).await).await;
    for n in 0..6 {
        assert!(has(&db, &format!("k{n}-4")).await && has(&db, &format!("last{n}")).await);
    }
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_follows_the_database() {
    let store: Store = Arc::new(InMemory::new());
    let wal = log(&store).await;
    let db = open(&store, &wal).await;
    let following = wal.follow(&db, Admin::builder(DB, Arc::clone(&store)).build());
    for n in 0..100 {
        put(&db, &format!("k{n}")).await;
    }
    assert_eq!(wal.log().checkpoint_position().await.unwrap(), Position::NONE);
    flush_memtable(&db).await;
    // Another flush, should the first have been told before it was durable.
    put(&db, "more").await;
    flush_memtable(&db).await;
    while wal.log().checkpoint_position().await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    let durable = Admin::builder(DB, Arc::clone(&store)).build().read_manifest(None).await.unwrap().unwrap();
    assert!(wal.log().checkpoint_position().await.unwrap().get() <= durable.replay_after_wal_id());
    db.close().await.unwrap();
    following.await.unwrap();
}

/// Where nobody follows, an opening moves it.
#[tokio::test(flavor = "multi_thread")]
async fn an_opening_moves_the_checkpoint_to_the_replay_point() {
    let store: Store = Arc::new(InMemory::new());
    let db = open(&store, &log(&store).await).await;
    for n in 0..100 {
        put(&db, &format!("k{n}")).await;
    }
    flush_memtable(&db).await;
    db.close().await.unwrap();
    let wal = log(&store).await;
    assert_eq!(wal.log().checkpoint_position().await.unwrap(), Position::NONE);
    let db = open(&store, &wal).await;
    while wal.log().checkpoint_position().await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    close_without_flush(&db).await;
    let db = open(&store, &wal).await;
    assert!(has(&db, "k99").await);
    db.close().await.unwrap();
}
