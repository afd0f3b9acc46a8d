//! What a collection leaves, and the log's checkpoint.

use crate::support::{DB, Store, close_without_flush, collect, entries, flush_memtable, has, log, open, put};
use fencepost::Position;
use fencepost_store::wrap::{CountStore, FaultStore, Op};
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

/// SlateDB tells of a replay point before it is written. If it crashed then, a log that was checkpointed there would have
/// given up rows that nobody else has.
#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_does_not_follow_what_is_not_durable_yet() {
    let faults = FaultStore::in_memory();
    let store: Store = Arc::clone(faults.inner());
    let wal = log(&store).await;
    let db = Arc::new(open(&(Arc::new(faults.clone()) as Store), &wal).await);
    for n in 0..100 {
        put(&db, &format!("k{n}")).await;
    }
    let held = faults.hold(Op::Put, |path| path.starts_with("db/manifest"));
    let flushing = tokio::spawn({
        let db = Arc::clone(&db);
        async move { flush_memtable(&db).await }
    });
    held.arrived().await;
    let counts = CountStore::new(Arc::clone(&store));
    let admin = Admin::builder(DB, Arc::new(counts.clone())).build();
    let durable = admin.read_manifest(None).await.unwrap().unwrap().replay_after_wal_id();
    let told = db.status().current_manifest.replay_after_wal_id();
    assert!(durable == 0 && told >= 100, "told {told}, durable {durable}: if they agree, SlateDB was mended");

    let before = counts.counts().get;
    let following = wal.follow(&db, admin);
    while counts.counts().get == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(wal.log().checkpoint_position().await.unwrap(), Position::NONE);
    held.release();
    flushing.await.unwrap();
    put(&db, "more").await;
    flush_memtable(&db).await;
    while wal.log().checkpoint_position().await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
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
