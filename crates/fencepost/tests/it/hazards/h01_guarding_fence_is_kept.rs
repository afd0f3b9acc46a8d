//! Hazard 1: a guarding fence is deleted; a stalled PUT lands in its place and is acknowledged, and nobody
//! will ever read it.

use crate::support::{World, append_all, submit};
use fencepost::{AppendError, Position, Ticket};
use fencepost_store::wrap::{Held, Op};

/// Writer A stalls before the PUT of its row 4 at position 5. B takes over, writes on, checkpoints and collects.
async fn stalled() -> (World, fencepost::Writer, Ticket, Held) {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, 1..=3).await;
    let held = world.faults.hold(Op::Put, world.entry(5)).times(1);
    let ticket = submit(&a, 4).await;
    held.arrived().await;
    let b = world.writer().await;
    append_all(&b, 11..=12).await;
    b.checkpoint(Position::new(70)).await.unwrap();
    append_all(&b, [13]).await;
    world.wal.collector().run().await.unwrap();
    std::mem::forget(a);
    (world, b, ticket, held)
}

/// P-51.
#[tokio::test(start_paused = true)]
async fn h01_stalled_put_collides_with_the_guarding_fence() {
    let (world, b, ticket, held) = stalled().await;
    assert_eq!(world.layout().await, "5:p2 71:d2", "of all that is covered only the guarding fence stays");
    held.release();
    let error = ticket.await.unwrap_err();
    // It says where it met the fence, which is where its own append was to go.
    let fence = Position::new(5);
    assert!(matches!(error, AppendError::Fenced { by, at, .. } if by == b.epoch() && at == fence), "{error}");
    assert_eq!(world.rows().await, [13]);
}

/// Collecting again, a hundred times, is no different.
#[tokio::test(start_paused = true)]
async fn h01_the_fence_stays_however_often_it_is_collected() {
    let (world, _b, ticket, held) = stalled().await;
    for _ in 0..100 {
        world.wal.collector().run().await.unwrap();
    }
    held.release();
    assert!(matches!(ticket.await, Err(AppendError::Fenced { .. })));
}

/// Without the cure: the fence entry is deleted by hand, and an acknowledged row is gone for ever.
#[tokio::test(start_paused = true)]
async fn h01_without_the_fence_an_acknowledged_row_is_lost() {
    let (world, _b, ticket, held) = stalled().await;
    world.delete_entries([5]).await;
    held.release();
    assert_eq!(ticket.await.unwrap().position, Position::new(5), "acknowledged");
    assert_eq!(world.rows().await, [13], "and never read: row 4 is lost");
}
