//! Hazard 14: two collectors at once, one that dies half way, and one that wakes after a week.

use crate::support::{World, any_entry, append_all, settle, wal_on};
use fencepost::{Position, Wal, Writer};
use fencepost_store::wrap::{FaultStore, Held, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const COLLECTED: &str = "5:p2 71-72:d2";

async fn covered() -> (World, Writer) {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    settle().await;
    let b = world.writer().await;
    append_all(&b, 11..=14).await;
    b.checkpoint(Position::new(70)).await.unwrap();
    (world, b)
}

/// Another collector's view of the same store, with faults of its own.
async fn other(world: &World) -> (FaultStore, Wal) {
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let wal = wal_on(Arc::new(own.clone())).await;
    (own, wal)
}

#[tokio::test(start_paused = true)]
async fn h14_two_at_once_end_where_one_would() {
    let (world, _b) = covered().await;
    let (first, second) = (world.wal.collector(), world.truth.collector());
    let (first, second) = futures::join!(first.run(), second.run());
    assert!(first.unwrap().report.failed.is_empty() && second.unwrap().report.failed.is_empty());
    assert_eq!(world.layout().await, COLLECTED);
}

/// P-55: dropped anywhere, it leaves what was right to delete undone, and nothing to undo.
#[tokio::test(start_paused = true)]
async fn h14_one_that_dies_half_way_leaves_the_rest_to_the_next() {
    for after in 0..70 {
        let (world, _b) = covered().await;
        let slow = fencepost_store::wrap::LatencyStore::new(
            Arc::clone(world.faults.inner()),
            Duration::from_millis(2),
        );
        let slow = wal_on(Arc::new(slow)).await;
        let _ = timeout(Duration::from_millis(after), slow.collector().run()).await;
        assert_eq!(world.rows().await, [13, 14], "dropped after {after} ms");
        world.wal.collector().run().await.unwrap();
        assert_eq!(world.layout().await, COLLECTED, "dropped after {after} ms");
    }
}

async fn asleep(world: &World, own: &FaultStore, wal: Wal) -> (Held, tokio::task::JoinHandle<()>) {
    let held = own.hold(Op::Delete, any_entry).times(1);
    let run = tokio::spawn(async move {
        let _ = wal.collector().run().await;
    });
    held.arrived().await;
    assert_eq!(world.rows().await, [13, 14]);
    (held, run)
}

/// P-55: what it was about to delete a week ago is still right to delete, whatever was written since.
#[tokio::test(start_paused = true)]
async fn h14_one_that_wakes_after_a_week_deletes_nothing_new() {
    let (world, b) = covered().await;
    let (own, wal) = other(&world).await;
    let (held, run) = asleep(&world, &own, wal).await;
    append_all(&b, 15..=20).await;
    b.close().await.unwrap();
    let c = world.writer().await;
    append_all(&c, 31..=33).await;
    world.wal.collector().run().await.unwrap();
    sleep(Duration::from_secs(7 * 24 * 3600)).await;
    append_all(&c, 34..=35).await;
    held.release();
    run.await.unwrap();
    assert_eq!(world.rows().await, (13..=20).chain(31..=35).collect::<Vec<_>>());
    assert!(world.layout().await.starts_with("5:p2 71-78:d2 79:c2 80:h3"));
}
