//! Hazard 4: a dead writer's late PUT lands above its successor's fence entry.

use crate::support::{World, append_all, headers, submit};
use fencepost::{AppendError, Ticket};
use fencepost_store::wrap::{Held, Op};

/// A has 64 PUTs on their way, from position 3 up; B takes over.
async fn stalled() -> (World, fencepost::Writer, Vec<Ticket>, Held) {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, [1]).await;
    let held = world.faults.hold(Op::Put, crate::support::any_entry).times(64);
    let mut tickets = Vec::new();
    for number in 0..64 {
        tickets.push(submit(&a, 100 + number).await);
    }
    held.arrivals(64).await;
    let b = world.writer().await;
    std::mem::forget(a);
    (world, b, tickets, held)
}

/// P-17: whatever a dead writer can still have on its way finds its place taken.
#[tokio::test(start_paused = true)]
async fn h04_every_late_put_collides() {
    let (world, b, tickets, held) = stalled().await;
    append_all(&b, [2]).await;
    let before = world.layout().await;
    assert_eq!(before, "1:h1 2:d1 3:p2 4-66:f2 67:d2");
    held.release();
    for ticket in tickets {
        assert!(matches!(ticket.await, Err(AppendError::Fenced { .. })));
    }
    assert_eq!(world.layout().await, before);
    assert_eq!(world.rows().await, [1, 2]);
}

/// Without the cure: the fillers are deleted by hand, the late PUTs land above the fence entry, up to where
/// the successor's own appends begin.
#[tokio::test(start_paused = true)]
async fn h04_without_fillers_late_puts_land_above_the_fence() {
    let (world, _b, tickets, held) = stalled().await;
    world.delete_entries(4..=66).await;
    held.release();
    for ticket in tickets {
        assert!(ticket.await.is_err());
    }
    let landed = headers(&world.truth).await;
    assert!((4..=66).all(|at| landed[&at].epoch.get() == 1), "refused rows stand above the fence entry");
}
