//! Who waits for what: flush and close, for all that was submitted before them.

use crate::support::{World, any_entry, append, append_all, batch, close, options, settle, submit};
use fencepost::{AppendError, Pipelining, Position};
use fencepost_store::wrap::{Fault, Op};
use std::time::Duration;
use tokio::time::Instant;

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
    let close = tokio::spawn(close(writer));
    settle().await;
    held.release();
    close.await.unwrap().unwrap();
    for ticket in tickets {
        ticket.await.unwrap();
    }
    assert_eq!(world.layout().await, "1:h1 2-71:d1 72:c1");
    assert_eq!(world.rows().await, (0..70).collect::<Vec<_>>());
}

/// Of three that wait, the first gets a position and is acknowledged while the others have none yet, and so
/// does the second.
#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_all_that_had_no_position() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_pipelining(Pipelining::Never)).await.unwrap();
    let first = world.faults.hold(Op::Put, world.entry(2));
    let (second, third) =
        (world.faults.hold(Op::Put, world.entry(3)), world.faults.hold(Op::Put, world.entry(4)));
    let tickets = [submit(&writer, 1).await, submit(&writer, 2).await, submit(&writer, 3).await];
    first.arrived().await;
    let flush = writer.flush();
    tokio::pin!(flush);
    assert!(futures::poll!(&mut flush).is_pending());
    first.release();
    second.arrived().await;
    settle().await;
    assert_eq!(writer.status().acknowledged.get(), 2);
    assert!(futures::poll!(&mut flush).is_pending(), "two of three are not durable");
    second.release();
    third.arrived().await;
    settle().await;
    assert_eq!(writer.status().acknowledged.get(), 3);
    assert!(futures::poll!(&mut flush).is_pending(), "the last that it waits for is not durable");
    third.release();
    flush.await.unwrap();
    for ticket in tickets {
        ticket.await.unwrap();
    }
}

/// The append met a successor, and the manifest is being asked what that means. A flush that came in between was
/// once told that all is well.
#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_an_append_that_met_a_successor() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let successor = world.writer().await;
    let held = world.faults.hold(Op::List, |path| path.contains("manifest"));
    let waiting = submit(&writer, 2).await;
    held.arrivals(1).await;
    let flush = writer.flush();
    tokio::pin!(flush);
    settle().await;
    assert!(futures::poll!(&mut flush).is_pending(), "nobody knows yet");
    held.release();
    for told in [flush.await, waiting.await.map(|_| ())] {
        assert!(
            matches!(told, Err(AppendError::Fenced { by, definite: true, .. }) if by == successor.epoch()),
            "{told:?}"
        );
    }
}

/// Nothing was in flight when the writer stopped, so the rows that were never sent are the first that are lost.
#[tokio::test(start_paused = true)]
async fn a_flush_fails_for_what_was_never_sent() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_linger(Duration::from_secs(10))).await.unwrap();
    append_all(&writer, [1]).await;
    let successor = world.writer().await;
    let waiting = submit(&writer, 2).await;
    writer.checkpoint(Position::new(2)).await.unwrap_err();
    let flushed = writer.flush().await;
    assert!(
        matches!(flushed, Err(AppendError::Fenced { by, definite: true, .. }) if by == successor.epoch()),
        "{flushed:?}"
    );
    assert!(matches!(waiting.await, Err(AppendError::Fenced { definite: true, .. })));
    // What comes after that is handed back.
    let refused = writer.submit(vec![batch([2])]).await.unwrap_err();
    assert!(matches!(refused.why, AppendError::Fenced { definite: true, .. }), "{refused}");
    assert_eq!(refused.batches, [batch([2])]);
    append_all(&successor, [3]).await;
    assert_eq!(world.rows().await, [1, 3]);
}

/// Nobody can join the group any more.
#[tokio::test(start_paused = true)]
async fn a_dropped_writer_does_not_linger() {
    let world = World::new().await;
    let options = options().with_group_bytes_max(1 << 20).with_linger(Duration::from_secs(10));
    let writer = world.wal.open_writer(options).await.unwrap();
    let started = Instant::now();
    let ticket = submit(&writer, 1).await;
    drop(writer);
    ticket.await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// What the store said is in the error, or people look for the fault in the wrong place.
#[tokio::test(start_paused = true)]
async fn an_append_that_failed_says_what_the_store_said() {
    for (fault, told) in
        [(Fault::Deny, "access denied"), (Fault::Refuse, "no connection"), (Fault::Drop, "no reply")]
    {
        let world = World::new().await;
        let writer = world.writer().await;
        let _ = world.faults.on(Op::Put, any_entry, fault);
        let error = append(&writer, 1).await.unwrap_err();
        let object = world.wal.paths().entry(Position::new(2));
        assert!(
            error.to_string().contains(told) && error.to_string().contains(&object),
            "{fault:?}: {error}"
        );
        let closed = writer.close().await.unwrap_err();
        assert_eq!(closed.to_string(), error.to_string(), "close says why it failed");
    }
}
