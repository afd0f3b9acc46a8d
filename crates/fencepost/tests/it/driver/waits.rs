//! Who waits for what: flush and close, for all that was submitted before them.

use crate::support::{World, any_entry, append_all, settle, submit};
use fencepost_store::wrap::Op;

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_submission_that_has_no_position_yet() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=2).await;
    let held = world.faults.hold(Op::Put, any_entry);
    // A window full, and five that wait for room.
    let mut tickets = Vec::new();
    for number in 0..69 {
        tickets.push(submit(&writer, number).await);
    }
    let flush = writer.flush();
    tokio::pin!(flush);
    settle().await;
    assert!(futures::poll!(&mut flush).is_pending(), "nothing is durable");
    held.release();
    flush.await.unwrap();
    assert_eq!(writer.status().acknowledged.get(), 3 + 69);
    for ticket in tickets {
        ticket.await.unwrap();
    }
}

/// A flush that comes with its submission, before the task has looked at either.
#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_submission_that_the_task_has_not_seen() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=2).await;
    let held = world.faults.hold(Op::Put, any_entry);
    let ticket = submit(&writer, 3).await;
    let flush = writer.flush();
    tokio::pin!(flush);
    for _ in 0..3 {
        assert!(futures::poll!(&mut flush).is_pending());
        settle().await;
    }
    held.release();
    flush.await.unwrap();
    assert_eq!(ticket.await.unwrap().position.get(), 4);
}

/// P-35: the close entry comes after everything submitted, also after what waits for room.
#[tokio::test(start_paused = true)]
async fn close_finishes_what_waits_for_room() {
    let world = World::new().await;
    let writer = world.writer().await;
    let held = world.faults.hold(Op::Put, any_entry);
    let mut tickets = Vec::new();
    for number in 0..70 {
        tickets.push(submit(&writer, number).await);
    }
    settle().await;
    let close = tokio::spawn(writer.close());
    settle().await;
    held.release();
    close.await.unwrap().unwrap();
    for ticket in tickets {
        ticket.await.unwrap();
    }
    assert_eq!(world.layout().await, "1:h1 2-71:d1 72:c1");
    assert_eq!(world.rows().await, (0..70).collect::<Vec<_>>());
}
