//! What errors say is true, whatever the store does; and reopening shows a consistent log.

use crate::support::{
    World, any_entry, append, append_all, batch, headers, options, settle, submit, wal_builder,
};
use fencepost::{AppendError, OpenWriterError, Position, ReadError, ReadFrom};
use fencepost_format::{EncodedBatches, Epoch, Nonce, assemble_entry};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// P-22: "exists" on a retry is our own entry, once.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_found_out() {
    let world = World::new().await;
    let writer = world.writer().await;
    let lost = world.faults.on(Op::Put, world.entry(2), Fault::LoseReply).times(1);
    assert_eq!(append(&writer, 1).await.unwrap(), 2);
    let status = writer.status();
    assert_eq!((lost.hits(), status.requests.put, status.requests.get, status.repeated), (1, 2, 1, 1));
    assert_eq!(append(&writer, 2).await.unwrap(), 3);
    assert_eq!(world.rows().await, [1, 2]);
}

/// P-23.
#[tokio::test(start_paused = true)]
async fn a_lost_request_is_sent_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    let _ = world.faults.on(Op::Put, world.entry(2), Fault::Drop).times(4);
    append_all(&writer, 1..=2).await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1");
}

/// P-22: S3 answers 409 to racing requests, and clients call that "exists". Nothing stands there.
#[tokio::test(start_paused = true)]
async fn exists_with_nothing_there_is_the_same_position_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    let _ = world.faults.on(Op::Put, any_entry, Fault::FalseExists).times(2);
    append_all(&writer, 1..=2).await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1");
    // P-14, P-17: the same for fence entries and fillers.
    let _ = world.faults.on(Op::Put, any_entry, Fault::FalseExists).times(5);
    let writer = world.writer().await;
    append_all(&writer, [3]).await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:p2 5-67:f2 68:d2");
}

/// A duplicate that arrives weeks later finds its place taken, or lands where nobody reads (P-56).
#[tokio::test(start_paused = true)]
async fn late_duplicates_change_nothing() {
    let world = World::new().await;
    let writer = world.writer().await;
    let echo = world.faults.echo(any_entry);
    append_all(&writer, 1..=5).await;
    assert!(echo.deliver().await.iter().all(Result::is_err), "all places are taken");

    append_all(&writer, 6..=8).await;
    writer.checkpoint(Position::new(9)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert!(
        echo.deliver().await.iter().filter(|done| done.is_ok()).count() >= 2,
        "some land in collected space"
    );
    assert_eq!(world.rows().await, [0; 0]);
    writer.close().await.unwrap();
    let next = world.writer().await;
    append_all(&next, [9]).await;
    assert_eq!(world.rows().await, [9]);
    assert!(world.wal.collector().run().await.unwrap().report.deleted.entries >= 2, "and are swept");
}

/// P-23: at the deadline nobody knows; the error says so, and only a new claim helps.
#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_poisons_the_writer() {
    for arrives_late in [false, true] {
        let world = World::new().await;
        let wal = wal_builder(Arc::new(world.faults.clone()))
            .with_retry_timeout(Duration::from_secs(5))
            .open()
            .await
            .unwrap();
        let writer = wal.open_writer(options()).await.unwrap();
        append_all(&writer, [1]).await;
        let stranded = world.faults.strand(world.entry(3));
        let started = Instant::now();
        let (two, three) = (submit(&writer, 2).await, submit(&writer, 3).await);
        let error = two.await.unwrap_err();
        assert!(matches!(error, AppendError::Unknown { at, .. } if at.get() == 3), "{error}");
        assert!(!error.is_definite() && error.is_retryable());
        assert!((5..12).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
        assert!(!three.await.unwrap_err().is_definite());
        let later = append(&writer, 4).await.unwrap_err();
        assert!(
            matches!(later, AppendError::Stopped { at } if at.get() == 3) && later.is_definite(),
            "{later}"
        );
        assert!(writer.close().await.is_err());

        let stranded = stranded.times(0);
        if arrives_late {
            stranded.deliver().await;
        }
        let next = world.writer().await;
        append_all(&next, [5]).await;
        let expected: &[i64] = if arrives_late { &[1, 2, 3, 5] } else { &[1, 5] };
        assert_eq!(world.rows().await, expected);
    }
}

/// P-24: permission denied means not written, and that stays so.
#[tokio::test(start_paused = true)]
async fn a_definite_refusal_is_definite() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let denied = world.faults.on(Op::Put, world.entry(4), Fault::Deny);
    let tickets = [submit(&writer, 2).await, submit(&writer, 3).await, submit(&writer, 4).await];
    let [two, three, four] = futures::future::join_all(tickets).await.try_into().unwrap();
    assert_eq!(two.unwrap().position, Position::new(3), "what lies below is decided by itself");
    let (three, four) = (three.unwrap_err(), four.unwrap_err());
    assert!(
        matches!(three, AppendError::NotDone { at, .. } if at.get() == 4) && three.is_definite(),
        "{three}"
    );
    assert!(four.is_definite(), "it landed above the hole and will never be read: {four}");
    denied.stop();
    assert!(headers(&world.truth).await.contains_key(&5));
    let next = world.writer().await;
    append_all(&next, [5]).await;
    assert_eq!(world.rows().await, [1, 2, 5]);
}

/// P-24: a refusal says nothing about an earlier attempt that nobody answered.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_unknown_attempt_is_not_definite() {
    let world = World::new().await;
    let writer = world.writer().await;
    let stranded = world.faults.strand(any_entry).times(1);
    let denied = world.faults.on(Op::Put, any_entry, Fault::Deny);
    let error = append(&writer, 1).await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown { .. }) && !error.is_definite(), "{error}");
    denied.stop();
    stranded.deliver().await;
    world.writer().await;
    assert_eq!(world.rows().await, [1], "and it was there in the end");
}

/// P-24: "try again later" is tried again until the deadline.
#[tokio::test(start_paused = true)]
async fn an_unreachable_store_is_tried_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    let refused = world.faults.on(Op::Put, any_entry, Fault::Refuse).times(8);
    append_all(&writer, [1]).await;
    assert_eq!(refused.hits(), 8);
    let refused = world.faults.on(Op::Put, any_entry, Fault::Refuse);
    append(&writer, 2).await.unwrap_err();
    assert!(refused.hits() > 10, "it was tried again: {}", refused.hits());
    refused.stop();
    world.writer().await;
    assert_eq!(world.rows().await, [1]);
}

/// P-22: an entry that nobody should have written is never stepped over.
#[tokio::test(start_paused = true)]
async fn a_foreign_entry_stops_the_writer() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let foreign = EncodedBatches::encode(&[batch([77])]).unwrap();
    let chunks = assemble_entry(Position::new(3), Epoch::FIRST, Nonce(77), &[foreign]).unwrap();
    let path = world.truth.paths().entry(Position::new(3));
    world.truth.store().create(path, chunks.into_iter().collect()).await.unwrap();
    let (two, three) = (submit(&writer, 2).await, submit(&writer, 3).await);
    let (two, three) = (two.await.unwrap_err(), three.await.unwrap_err());
    assert!(matches!(two, AppendError::Obstructed { at, definite: true } if at.get() == 3), "{two}");
    assert!(matches!(three, AppendError::Obstructed { definite: false, .. }), "{three}");
    assert!(matches!(append(&writer, 4).await, Err(AppendError::Stopped { .. })));
}

/// What lies below a failure is still decided, and a flush that waits for no more than that succeeds.
#[tokio::test(start_paused = true)]
async fn a_flush_of_what_lies_below_a_failure_succeeds() {
    let world = World::new().await;
    let writer = world.writer().await;
    let held = world.faults.hold(Op::Put, world.entry(2));
    let _ = world.faults.on(Op::Put, world.entry(3), Fault::Deny);
    let one = submit(&writer, 1).await;
    held.arrived().await;
    let flush = writer.flush();
    tokio::pin!(flush);
    assert!(futures::poll!(&mut flush).is_pending());
    assert!(append(&writer, 2).await.is_err());
    settle().await;
    assert!(futures::poll!(&mut flush).is_pending(), "position 2 is still on its way");
    held.release();
    one.await.unwrap();
    flush.await.unwrap();
    assert!(
        writer.flush().await.is_err(),
        "the second submission is lost, and this flush was to wait for it too"
    );
}

/// Whoever drops the tickets and relies on the flush must not be told that all is well after something failed.
#[tokio::test(start_paused = true)]
async fn a_flush_after_a_failure_fails_however_late_it_comes() {
    let world = World::new().await;
    let writer = world.writer().await;
    let denied = world.faults.on(Op::Put, world.entry(3), Fault::Deny);
    for number in 1..=3 {
        drop(submit(&writer, number).await);
    }
    settle().await;
    denied.stop();
    assert!(matches!(writer.flush().await, Err(AppendError::NotDone { .. })));
    // From now on batches are handed back at once.
    let refused = writer.submit(vec![batch([4])]).await.unwrap_err();
    assert!(matches!(refused.why, AppendError::Stopped { .. }), "{refused}");
    assert_eq!(refused.batches, [batch([4])]);
    assert_eq!(world.rows().await, [1]);
}

/// An opening that gets no answer changes nothing that counts, and says which answer is missing.
#[tokio::test(start_paused = true)]
async fn an_opening_without_answers_gives_up_and_can_be_tried_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    for (op, fault) in
        [(Op::Get, Fault::Drop), (Op::List, Fault::Drop), (Op::Put, Fault::Drop), (Op::Put, Fault::Deny)]
    {
        let rule = world.faults.on(op, |_| true, fault);
        let error = world.wal.open_writer(options()).await.unwrap_err();
        assert!(matches!(error, OpenWriterError::GaveUp { .. }), "{op:?} {fault:?}: {error}");
        rule.stop();
        assert_eq!(world.rows().await, [1], "{op:?} {fault:?}");
    }
    append_all(&world.writer().await, [2]).await;
    assert_eq!(world.rows().await, [1, 2]);
}

/// A reader that gets no answer says so; it does not take silence for the end of the log.
#[tokio::test(start_paused = true)]
async fn a_reader_without_answers_gives_up() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    let _ = world.faults.on(Op::Get, world.entry(3), Fault::Drop);
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    reader.next().await.unwrap().unwrap();
    let error = reader.next().await.unwrap_err();
    assert!(matches!(error, ReadError::GaveUp { at, .. } if at.get() == 3), "{error}");
}
