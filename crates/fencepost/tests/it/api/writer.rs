//! Appending, flushing, checkpointing, closing, and what the status says.

use crate::support::{World, append, append_all, batch, named_batch, numbers, options, submit};
use fencepost::{AppendError, CheckpointError, Position, ReadFrom};
use fencepost_format::EncodedBatches;

/// P-20, P-21.
#[tokio::test(start_paused = true)]
async fn what_is_appended_is_read_back_in_order() {
    let world = World::new().await;
    let writer = world.writer().await;
    for number in 1..=5 {
        assert_eq!(append(&writer, number).await.unwrap(), number as u64 + 1, "a clean fence stands at 1");
    }
    assert_eq!(world.layout().await, "1:h1 2-6:d1");
    assert_eq!(world.rows().await, [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn tickets_may_be_awaited_in_any_order() {
    let world = World::new().await;
    let writer = world.writer().await;
    let (first, second, third) =
        (submit(&writer, 1).await, submit(&writer, 2).await, submit(&writer, 3).await);
    assert_eq!(third.await.unwrap().position, Position::new(4));
    assert_eq!(first.await.unwrap().position, Position::new(2));
    assert_eq!(second.await.unwrap().position, Position::new(3));
}

#[tokio::test(start_paused = true)]
async fn flush_waits_for_everything_before_it() {
    let world = World::new().await;
    let writer = world.writer().await;
    writer.flush().await.unwrap();
    let held = world.faults.hold(fencepost_store::wrap::Op::Put, world.entry(3));
    let tickets = [submit(&writer, 1).await, submit(&writer, 2).await, submit(&writer, 3).await];
    let flush = writer.flush();
    tokio::pin!(flush);
    held.arrived().await;
    crate::support::settle().await;
    assert!(futures::poll!(&mut flush).is_pending(), "position 3 is on its way");
    held.release();
    flush.await.unwrap();
    assert_eq!(writer.status().acknowledged, Position::new(4));
    for ticket in tickets {
        ticket.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn batches_of_one_submission_stay_together_and_apart() {
    let world = World::new().await;
    let writer = world.writer().await;
    writer.append(&[batch([1, 2]), batch([3])]).await.unwrap();
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let entry = reader.next().await.unwrap().unwrap();
    assert_eq!(entry.batches(), [batch([1, 2]), batch([3])]);
    assert_eq!((entry.rows(), numbers(&entry)), (3, vec![1, 2, 3]));
}

/// Nothing was written, and the caller has the batches back.
#[tokio::test(start_paused = true)]
async fn refused_submissions_are_handed_back() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_entry_bytes_max(1_000)).await.unwrap();
    let large = vec![batch(0..1_000)];
    let refused = writer.submit(large.clone()).await.unwrap_err();
    assert_eq!(refused.batches, large);
    assert!(matches!(refused.why, AppendError::TooLarge { limit: 1_000, .. }), "{}", refused.why);

    let mixed = vec![batch([1]), named_batch("m", [1])];
    let refused = writer.submit(mixed.clone()).await.unwrap_err();
    assert_eq!(refused.batches, mixed);
    assert!(
        matches!(&refused.why, AppendError::Refused { reason } if reason.contains("schema")),
        "{}",
        refused.why
    );
    assert!(refused.why.is_definite() && !refused.why.is_retryable());

    assert!(matches!(writer.append(&[]).await, Err(AppendError::Refused { .. })));
    assert_eq!(world.layout().await, "1:h1");
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_submission_is_inclusive() {
    let world = World::new().await;
    let bytes = EncodedBatches::encode(&[batch([1])]).unwrap().bytes();
    for (limit, fits) in [(bytes - 1, false), (bytes, true)] {
        let writer = world.wal.open_writer(options().with_entry_bytes_max(limit)).await.unwrap();
        let appended = writer.append(&[batch([1])]).await;
        match appended {
            Ok(_) => assert!(fits),
            Err(AppendError::TooLarge { bytes: said, limit: allowed }) => {
                assert_eq!((fits, said, allowed), (false, bytes, limit));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(world.rows().await, [1]);
}

/// P-30: the next writer, and every reader, begins above it.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_moves_the_beginning_of_the_replay() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    assert_eq!(writer.checkpoint(Position::new(4)).await.unwrap(), Position::new(4));
    assert_eq!(writer.status().replay_after, Position::new(4));
    assert_eq!(world.rows().await, [4, 5]);
    let refused = writer.checkpoint(Position::new(7)).await.unwrap_err();
    assert!(
        matches!(refused, CheckpointError::AboveTail { tail, .. } if tail == Position::new(6)),
        "{refused}"
    );
}

/// P-32: one commit at a time, whoever asks.
#[tokio::test(start_paused = true)]
async fn checkpoints_asked_for_at_once_are_made_one_after_the_other() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    let all = futures::join!(
        writer.checkpoint(Position::new(3)),
        writer.checkpoint(Position::new(5)),
        writer.checkpoint(Position::new(2)),
    );
    assert_eq!((all.0.unwrap().get(), all.1.unwrap().get(), all.2.unwrap().get()), (3, 5, 5));
}

/// P-35, and with P-15 the next one opens without fillers.
#[tokio::test(start_paused = true)]
async fn close_finishes_what_was_submitted() {
    let world = World::new().await;
    let writer = world.writer().await;
    let tickets = [submit(&writer, 1).await, submit(&writer, 2).await];
    let status = writer.status();
    writer.close().await.unwrap();
    for ticket in tickets {
        ticket.await.unwrap();
    }
    assert!(!status.closed);
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:c1");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_writer_finishes_what_was_submitted_but_does_not_close() {
    let world = World::new().await;
    let writer = world.writer().await;
    let tickets = [submit(&writer, 1).await, submit(&writer, 2).await];
    drop(writer);
    for ticket in tickets {
        ticket.await.unwrap();
    }
    assert_eq!(world.layout().await, "1:h1 2-3:d1");
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_what_was_done_and_what_it_took() {
    let world = World::new().await;
    let writer = world.writer().await;
    assert_eq!(writer.epoch().get(), 1);
    append_all(&writer, 1..=3).await;
    let status = writer.status();
    assert_eq!((status.epoch.get(), status.acknowledged.get(), status.in_flight), (1, 4, 0));
    assert_eq!((status.requests.put, status.requests.total()), (3, 3));
    assert_eq!((status.repeated, status.waiting_bytes, status.closed), (0, 0, false));
    assert!(status.stopped.is_none());
    assert!(status.open_requests.put == 3, "claim, hint and fence entry: {:?}", status.open_requests);
    assert_eq!(status.lease_requests.total(), 0);
}

/// Whoever waits for the end of a writer learns why it ended.
#[tokio::test(start_paused = true)]
async fn stopped_says_who_fenced_it() {
    let world = World::new().await;
    let old = world.writer().await;
    append_all(&old, [1]).await;
    let new = world.writer().await;
    let (refused, why) = futures::join!(append(&old, 2), old.stopped());
    assert!(matches!(refused, Err(AppendError::Fenced { by, .. }) if by == new.epoch()));
    assert!(matches!(why, Some(AppendError::Fenced { .. })));
    assert!(
        matches!(append(&old, 3).await, Err(AppendError::Fenced { .. })),
        "and so does every later append"
    );
    assert!(matches!(old.close().await, Err(AppendError::Fenced { .. })));
    assert_eq!(world.rows().await, [1]);
}

#[tokio::test(start_paused = true)]
async fn stopped_is_silent_about_a_clean_close() {
    let world = World::new().await;
    let writer = world.writer().await;
    let stopped = {
        let status = writer.status();
        assert!(status.stopped.is_none());
        writer.flush().await
    };
    stopped.unwrap();
    writer.close().await.unwrap();
    assert_eq!(world.layout().await, "1:h1 2:c1");
}

/// P-135: whoever ends right after a close, a command say, leaves nothing half written.
#[tokio::test(start_paused = true)]
async fn a_close_waits_for_the_record_of_its_opening() {
    let world = World::new().await;
    let records = world.truth.paths().openings_dir();
    let held = world.faults.hold(fencepost_store::wrap::Op::Put, move |path| path.starts_with(&records));
    let writer = world.writer().await;
    held.arrived().await;
    let close = tokio::spawn(crate::support::close(writer));
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(!close.is_finished());
    held.release();
    close.await.unwrap().unwrap();
}
