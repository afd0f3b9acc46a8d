//! Hazard 24: a bulk delete that fails for some keys only.

use crate::support::{World, append_all};
use fencepost::{Object, Position};
use fencepost_store::wrap::{Fault, Op};

/// P-55: what could not be deleted is named and left to the next pass; it holds back nothing else.
#[tokio::test(start_paused = true)]
async fn h24_what_could_not_be_deleted_is_named_and_tried_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    writer.checkpoint(Position::new(9)).await.unwrap();
    let denied = world.faults.on(Op::Delete, world.entry(4), Fault::Deny);
    let _ = world.faults.on(Op::Delete, world.entry(6), Fault::Deny).times(1);
    let report = world.wal.collector().run().await.unwrap().report;
    let failed: Vec<_> = report.failed.iter().map(|(object, _)| object.clone()).collect();
    assert_eq!(failed, [Object::Entry(Position::new(4)), Object::Entry(Position::new(6))]);
    assert!(report.failed.iter().all(|(_, why)| why.contains("delete")), "{:?}", report.failed);
    assert_eq!(report.deleted.entries, 7);
    assert_eq!(world.layout().await, "4:d1 6:d1 10:d1");

    let report = world.wal.collector().run().await.unwrap().report;
    assert_eq!((report.failed.len(), report.deleted.entries), (1, 1));
    denied.stop();
    let report = world.wal.collector().run().await.unwrap().report;
    assert_eq!((report.failed.len(), report.deleted.entries), (0, 1));
    assert_eq!(world.layout().await, "10:d1");
    assert_eq!(world.rows().await, [9]);
}

/// A reply that was lost is no failure: what is gone counts as deleted.
#[tokio::test(start_paused = true)]
async fn h24_a_lost_reply_to_a_delete_is_tried_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    writer.checkpoint(Position::new(9)).await.unwrap();
    let lost = world.faults.on(Op::Delete, |_| true, Fault::LoseReply).times(5);
    let report = world.wal.collector().run().await.unwrap().report;
    assert_eq!((lost.hits(), report.failed.len()), (5, 0));
    assert_eq!(world.layout().await, "10:d1");
}
