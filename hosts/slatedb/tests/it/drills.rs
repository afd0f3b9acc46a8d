//! A stalled put arrives after a collection: refused on our log, acknowledged and lost on SlateDB's own when its fences
//! are collected too.

use crate::support::{
    DB, Store, builder, close_without_flush, collect, entries, everything, flush_memtable, has, log, open,
    put, try_put,
};
use fencepost_store::wrap::{FaultStore, Op};
use slatedb::{Db, GarbageCollectorBuilder};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A put that is not acknowledged yet.
fn put_in_background(db: &Arc<Db>) -> JoinHandle<Result<(), slatedb::Error>> {
    let db = Arc::clone(db);
    tokio::spawn(async move { try_put(&db, "stalled").await })
}

/// A's put is on its way when B opens, puts and flushes. Everything is collected. Then A's put arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_put_is_refused_after_everything_was_collected() {
    let faults = FaultStore::in_memory();
    let store: Store = Arc::clone(faults.inner());
    let wal_of_a = log(&(Arc::new(faults.clone()) as Store)).await;
    let a = Arc::new(open(&store, &wal_of_a).await);
    put(&a, "before").await;
    let held = faults.hold(Op::Put, |path| path.ends_with(".arrow"));
    let stalled = put_in_background(&a);
    held.arrived().await;

    let wal = log(&store).await;
    let b = open(&store, &wal).await;
    assert!(has(&b, "before").await);
    for key in ["b0", "b1", "b2"] {
        put(&b, key).await;
        flush_memtable(&b).await;
    }
    let before = entries(&store).await;
    collect(&store, &wal).await;
    let after = entries(&store).await;
    assert!(before > 60 && after <= 2, "{before} entries, {after} after the collection");

    held.release();
    let error = stalled.await.unwrap().expect_err("A is told that its put failed");
    assert!(error.to_string().contains("newer DB client"), "{error}");
    close_without_flush(&b).await;
    let db = open(&store, &log(&store).await).await;
    assert!(!has(&db, "stalled").await && has(&db, "before").await && has(&db, "b2").await);
    db.close().await.unwrap();
}

/// The same with SlateDB's own log, whose fences were told to go: A's put is acknowledged, and is not there. SlateDB's
/// documentation warns of it, and by default keeps the fences. If this fails, SlateDB has found a cure.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_put_is_acknowledged_and_lost_where_native_fences_are_collected() {
    let faults = FaultStore::in_memory();
    let store: Store = Arc::clone(faults.inner());
    let a = Arc::new(builder(&(Arc::new(faults.clone()) as Store)).build().await.unwrap());
    put(&a, "before").await;
    let held = faults.hold(Op::Put, |path| path.contains("/wal/"));
    let stalled = put_in_background(&a);
    held.arrived().await;

    let b = builder(&store).build().await.unwrap();
    for key in ["b0", "b1", "b2"] {
        put(&b, key).await;
        flush_memtable(&b).await;
    }
    let gc = GarbageCollectorBuilder::new(DB, Arc::clone(&store)).with_options(everything());
    gc.build().run_gc_once().await;

    held.release();
    stalled.await.unwrap().expect("A is told that its put is durable");
    close_without_flush(&b).await;
    let db = builder(&store).build().await.unwrap();
    assert!(!has(&db, "stalled").await && has(&db, "b2").await);
    db.close().await.unwrap();
}
