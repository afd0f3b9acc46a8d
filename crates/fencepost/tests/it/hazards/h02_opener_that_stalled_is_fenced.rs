//! Hazard 2: an opener reads the tail, stalls, and wakes after that part of the log was collected. Its fence
//! entry lands in empty space.

use crate::support::{World, any_manifest, append, append_all, options, settle, wal_on};
use fencepost::{OpenWriterError, Position, Wal, Writer};
use fencepost_store::wrap::{Fault, FaultStore, Held, Op};
use std::sync::Arc;
use tokio::task::JoinHandle;

type Opened = Result<Writer, OpenWriterError>;

/// B claims epoch 2 and stalls before its fence entry at 5. A, which nothing has stopped yet, appends there;
/// C takes over, and what B read is covered and collected. `own` is the store as B sees it.
async fn stalled() -> (World, FaultStore, JoinHandle<Opened>, Held, Writer) {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, 1..=3).await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let held = own.hold(Op::Put, world.entry(5)).times(1);
    let b: Wal = wal_on(Arc::new(own.clone())).await;
    let b = tokio::spawn(async move { b.open_writer(options()).await });
    held.arrived().await;
    append_all(&a, 4..=5).await;
    let c = world.writer().await;
    append_all(&c, 11..=12).await;
    assert_eq!(world.layout().await, "1:h1 2-6:d1 7:p3 8-70:f3 71-72:d3");
    c.checkpoint(Position::new(72)).await.unwrap();
    append_all(&c, [13]).await;
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "7:p3 73:d3");
    (world, own, b, held, c)
}

/// P-16, P-18: the manifest is read after the fence entry, and before anything else is written.
#[tokio::test(start_paused = true)]
async fn h02_stalled_opener_finds_out_that_it_lost() {
    let (world, _, b, held, c) = stalled().await;
    held.release();
    let error = b.await.unwrap().unwrap_err();
    assert!(matches!(error, OpenWriterError::Fenced { by } if by == c.epoch()), "{error}");
    assert_eq!(world.layout().await, "5:p2 7:p3 73:d3", "one fence entry in collected space, and no fillers");
    assert_eq!(append(&c, 14).await.unwrap(), 74);
    assert_eq!(world.rows().await, [13, 14]);
    let swept = world.wal.collector().run().await.unwrap();
    // P-137: it lies below a boundary, where the record of C vouches for what C saw there.
    let swept = swept.report;
    assert_eq!((swept.deleted.entries, swept.swept), (1, 1), "what a fenced opener left guards nothing");
}

/// Without the cure: a store that hides all newer manifests from B makes its reads worthless, and B
/// acknowledges into the void.
#[tokio::test(start_paused = true)]
async fn h02_without_the_reads_an_acknowledged_row_is_lost() {
    let (world, own, b, held, c) = stalled().await;
    let newest: Vec<_> =
        (3..=4).map(|version| world.wal.paths().manifest(fencepost::Version::new(version))).collect();
    let hidden = move |path: &str| any_manifest(path) && newest.iter().any(|newer| newer == path);
    let _ = own.on(Op::List, hidden.clone(), Fault::FalseAbsent);
    let _ = own.on(Op::Get, hidden, Fault::FalseAbsent);
    held.release();
    let b = b.await.unwrap().unwrap();
    settle().await;
    assert_eq!(append(&b, 100).await.unwrap(), 69, "acknowledged");
    assert_eq!(append(&c, 14).await.unwrap(), 74);
    assert_eq!(world.rows().await, [13, 14], "and never read: row 100 is lost");
}
