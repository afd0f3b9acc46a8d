//! Hazard 16: a checkpoint backwards, above the tail, or by a writer that was fenced.

use crate::support::{World, append_all, submit};
use fencepost::{AppendError, CheckpointError, Position};
use fencepost_store::wrap::{Fault, Op};

/// P-30.
#[tokio::test(start_paused = true)]
async fn h16_a_checkpoint_never_goes_back() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    writer.checkpoint(Position::new(6)).await.unwrap();
    for lower in [0, 1, 5, 6] {
        assert_eq!(writer.checkpoint(Position::new(lower)).await.unwrap().get(), 6);
    }
    assert_eq!(world.rows().await, (6..=9).collect::<Vec<_>>());
}

/// P-30: what is not acknowledged may not come to be, so it cannot be covered.
#[tokio::test(start_paused = true)]
async fn h16_a_checkpoint_above_the_tail_is_refused() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    let held = world.faults.hold(Op::Put, world.entry(5)).times(1);
    let ticket = submit(&writer, 4).await;
    held.arrived().await;
    let refused = writer.checkpoint(Position::new(5)).await.unwrap_err();
    assert!(
        matches!(refused, CheckpointError::AboveTail { asked, tail } if (asked.get(), tail.get()) == (5, 4)),
        "{refused}"
    );
    held.release();
    ticket.await.unwrap();
    assert_eq!(writer.checkpoint(Position::new(5)).await.unwrap().get(), 5);
}

/// P-32: only the holder of the epoch decides what is covered.
#[tokio::test(start_paused = true)]
async fn h16_a_fenced_writer_moves_nothing() {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, 1..=9).await;
    let b = world.writer().await;
    let refused = a.checkpoint(Position::new(9)).await.unwrap_err();
    assert!(matches!(refused, CheckpointError::Fenced { by } if by == b.epoch()), "{refused}");
    assert_eq!(world.rows().await, (1..=9).collect::<Vec<_>>());
    let append = a.append(&[crate::support::batch([10])]).await;
    assert!(matches!(append, Err(AppendError::Fenced { .. })), "and the writer stops, since it knows now");
}

/// P-3, P-6: a reply that was lost is found out; one that never comes leaves the checkpoint where it was or
/// moved, and another try is safe.
#[tokio::test(start_paused = true)]
async fn h16_a_checkpoint_of_unknown_outcome_can_be_tried_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    let lost = world.faults.on(Op::Put, crate::support::any_manifest, Fault::LoseReply).times(1);
    assert_eq!(writer.checkpoint(Position::new(4)).await.unwrap().get(), 4);
    assert_eq!(lost.hits(), 1);

    let stranded = world.faults.strand(crate::support::any_manifest);
    let unknown = writer.checkpoint(Position::new(6)).await.unwrap_err();
    assert!(matches!(unknown, CheckpointError::GaveUp { .. }), "{unknown}");
    let late = stranded.hits();
    assert!(late > 3, "it was tried again: {late}");
    let stranded = stranded.times(0);
    stranded.deliver().await;
    assert_eq!(writer.checkpoint(Position::new(5)).await.unwrap().get(), 6, "it had moved after all");
    assert_eq!(writer.checkpoint(Position::new(7)).await.unwrap().get(), 7);
}
