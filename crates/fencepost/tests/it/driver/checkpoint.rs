//! Checkpoints of writers that should stop: fenced ones, and ones whose bucket went back in time.

use crate::support::{World, append, append_all, options, settle, submit, wal_on};
use bytes::Bytes;
use fencepost::{AppendError, CheckpointError, GaveUp, Position};
use fencepost_store::wrap::{FaultStore, Op};
use std::sync::Arc;

/// P-26, P-32: the writer's task once panicked, and whether its rows were in the log was then known to nobody.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_while_a_fenced_writer_asks_the_manifest_is_refused() {
    let world = World::new().await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let writer = wal_on(Arc::new(own.clone())).await.open_writer(options()).await.unwrap();
    append_all(&writer, 1..=3).await;
    let successor = world.writer().await;
    let asking = own.hold(Op::List, |_| true);
    let ticket = submit(&writer, 4).await;
    asking.arrived().await;
    for _ in 0..2 {
        let refused = writer.checkpoint(Position::new(2)).await;
        assert!(
            matches!(refused, Err(CheckpointError::Fenced { by }) if by == successor.epoch()),
            "{refused:?}"
        );
    }
    asking.release();
    let fenced = ticket.await;
    assert!(
        matches!(fenced, Err(AppendError::Fenced { by, definite: true, .. }) if by == successor.epoch()),
        "{fenced:?}"
    );
    assert!(matches!(writer.stopped().await, Some(AppendError::Fenced { .. })));
    assert!(matches!(
        writer.checkpoint(Position::new(2)).await,
        Err(CheckpointError::Fenced { .. } | CheckpointError::Closed)
    ));
}

/// All objects as they are now.
async fn backup(world: &World) -> Vec<(String, Bytes)> {
    let store = world.truth.store();
    let mut objects = Vec::new();
    for object in store.list_all("").await.unwrap() {
        let bytes = store.get(&object.path).await.into_result().unwrap().unwrap().bytes;
        objects.push((object.path.to_string(), bytes));
    }
    objects
}

/// Puts the bucket back to what it was.
async fn restore(world: &World, backup: Vec<(String, Bytes)>) {
    let store = world.truth.store();
    let now: Vec<_> = store.list_all("").await.unwrap().into_iter().map(|object| object.path).collect();
    for deletion in store.delete(now).await {
        deletion.result.unwrap();
    }
    for (path, bytes) in backup {
        store.create(path, bytes.into()).await.unwrap();
    }
}

/// P-66: it once went on and acknowledged above the gap, where no reader comes.
#[tokio::test(start_paused = true)]
async fn a_writer_that_learns_of_a_restore_acknowledges_nothing_more() {
    let world = World::new().await;
    let before = world.writer().await;
    append_all(&before, 1..=2).await;
    before.close().await.unwrap();
    let earlier = backup(&world).await;
    let writer = world.writer().await;
    append_all(&writer, 3..=4).await;
    restore(&world, earlier).await;

    let held = world.faults.hold(Op::Put, crate::support::any_entry);
    let in_flight = submit(&writer, 5).await;
    held.arrived().await;
    let refused = writer.checkpoint(Position::new(6)).await.unwrap_err();
    assert!(matches!(refused, CheckpointError::GaveUp { why: GaveUp::RolledBack { .. }, .. }), "{refused}");
    held.release();
    settle().await;
    let unknown = in_flight.await.unwrap_err();
    assert!(matches!(unknown, AppendError::RolledBack { .. }) && !unknown.is_definite(), "{unknown}");
    assert!(unknown.to_string().contains("rolled back"), "{unknown}");
    let refused = append(&writer, 6).await.unwrap_err();
    assert!(matches!(refused, AppendError::Stopped { .. }) && refused.is_definite(), "{refused}");
    assert!(matches!(writer.stopped().await, Some(AppendError::RolledBack { .. })));
    assert!(writer.close().await.is_err());
    assert_eq!(world.rows().await, [1, 2]);
}

/// P-66: the epoch is the same, and still the manifest is not what this writer made of it.
#[tokio::test(start_paused = true)]
async fn a_restore_to_an_earlier_version_of_the_same_epoch_is_noticed() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=2).await;
    let earlier = backup(&world).await;
    append_all(&writer, 3..=5).await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    restore(&world, earlier).await;
    let refused = writer.checkpoint(Position::new(5)).await.unwrap_err();
    assert!(matches!(refused, CheckpointError::GaveUp { why: GaveUp::WentBack { .. }, .. }), "{refused}");
    assert!(append(&writer, 6).await.is_err());
    assert_eq!(world.rows().await, [1, 2]);
}
