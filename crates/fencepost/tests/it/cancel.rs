//! Dropping a future at any await: nothing acknowledged is lost, nothing is half said.

use crate::support::{World, any_entry, append_all, batch, layout, options, rows, settle, submit, wal_on};
use fencepost::{AppendError, Position, ReadFrom, Takeover, Wal};
use fencepost_store::wrap::{FaultStore, LatencyStore, Op};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A log whose every request takes 2 ms, so that each millisecond is another await to be dropped at.
async fn slow() -> Wal {
    let slow = LatencyStore::new(Arc::new(InMemory::new()), Duration::from_millis(2));
    wal_on(Arc::new(slow)).await
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn an_opening_dropped_anywhere_loses_nothing() {
    let wal = slow().await;
    let mut acknowledged = Vec::new();
    let (mut opened, mut dropped) = (0, 0);
    for after in 0..100 {
        // Some are let through, so that what the others leave behind does not pile up.
        let limit = if after % 10 == 0 { 60_000 } else { after % 23 };
        match timeout(millis(limit), wal.open_writer(options())).await {
            Ok(writer) => {
                opened += 1;
                append_all(&writer.unwrap(), [after as i64]).await;
                acknowledged.push(after as i64);
            }
            Err(_) => dropped += 1,
        }
        if !acknowledged.is_empty() {
            assert_eq!(
                rows(&wal, ReadFrom::Checkpoint).await.unwrap(),
                acknowledged,
                "dropped after {after} ms"
            );
        }
    }
    assert!(opened >= 10 && dropped > 50, "opened {opened}, dropped {dropped}");
}

/// A dropped append may be in the log; it is never there twice, nor out of order.
#[tokio::test(start_paused = true)]
async fn an_append_dropped_anywhere_is_not_taken_back() {
    let wal = slow().await;
    let writer = wal.open_writer(options()).await.unwrap();
    for number in 0..40 {
        let _ = timeout(millis(number as u64 % 5), writer.append(&[batch([number])])).await;
    }
    writer.flush().await.unwrap();
    assert_eq!(rows(&wal, ReadFrom::Checkpoint).await.unwrap(), (0..40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_submission_dropped_while_it_waits_was_never_handed_over() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_buffer_bytes_max(1)).await.unwrap();
    let held = world.faults.hold(Op::Put, any_entry);
    let first = submit(&writer, 1).await;
    assert!(timeout(millis(5), writer.submit(vec![batch([2])])).await.is_err());
    held.release();
    first.await.unwrap();
    submit(&writer, 3).await.await.unwrap();
    assert_eq!(world.rows().await, [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn tickets_and_flushes_can_be_dropped() {
    let wal = slow().await;
    let writer = wal.open_writer(options()).await.unwrap();
    for number in 0..20 {
        drop(submit(&writer, number).await);
        let _ = timeout(millis(number as u64 % 4), writer.flush()).await;
    }
    writer.flush().await.unwrap();
    assert_eq!(writer.status().acknowledged, Position::new(21));
}

/// Whether it moved or not, appends go on, and the next one gets its turn.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_dropped_anywhere_goes_on() {
    let wal = slow().await;
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, 0..40).await;
    for after in 0..30 {
        let _ = timeout(millis(after), writer.checkpoint(Position::new(after + 2))).await;
    }
    assert_eq!(writer.checkpoint(Position::new(32)).await.unwrap(), Position::new(32));
    append_all(&writer, [40]).await;
    assert_eq!(rows(&wal, ReadFrom::Checkpoint).await.unwrap(), (31..=40).collect::<Vec<_>>());
}

/// Dropping it drops the writer as well; the close entry is written and the lease released all the same.
#[tokio::test(start_paused = true)]
async fn a_close_dropped_anywhere_goes_on() {
    for after in 0..8 {
        let wal = slow().await;
        let options = options().with_lease_ttl(Some(Duration::from_secs(10)));
        let writer = wal.open_writer(options.clone()).await.unwrap();
        let ticket = submit(&writer, 1).await;
        let _ = timeout(millis(after), writer.close()).await;
        ticket.await.unwrap();
        sleep(millis(20)).await;
        assert_eq!(layout(&wal).await, "1:h1 2:d1 3:c1", "dropped after {after} ms");
        let next = wal.open_writer(options.with_takeover(Takeover::Free)).await;
        next.unwrap_or_else(|error| panic!("dropped after {after} ms: {error}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_dropped_with_tickets_outstanding_finishes_them() {
    let world = World::new().await;
    let writer = world.writer().await;
    let held = world.faults.hold(Op::Put, any_entry);
    let mut tickets = Vec::new();
    for number in 0..100 {
        tickets.push(submit(&writer, number).await);
    }
    held.arrived().await;
    drop(writer);
    settle().await;
    held.release();
    futures::future::try_join_all(tickets).await.unwrap();
    assert_eq!(world.rows().await, (0..100).collect::<Vec<_>>());
}

/// With its runtime goes the writer. What was acknowledged is there; of the rest nobody knows, and the error
/// says so.
#[test]
fn a_runtime_torn_down_leaves_unknown_outcomes_and_loses_nothing() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let first = runtime();
    let (ticket, held) = first.block_on(async {
        let world = World::over(FaultStore::new(Arc::clone(&store))).await;
        let writer = world.writer().await;
        append_all(&writer, 1..=3).await;
        let held = world.faults.hold(Op::Put, any_entry);
        let ticket = submit(&writer, 4).await;
        held.arrived().await;
        (ticket, held)
    });
    drop(first);
    drop(held);
    runtime().block_on(async {
        let error = ticket.await.unwrap_err();
        assert!(matches!(error, AppendError::Unknown { .. }) && !error.is_definite(), "{error}");
        let world = World::over(FaultStore::new(store)).await;
        world.writer().await;
        assert_eq!(world.rows().await, [1, 2, 3]);
    });
}

/// The same with requests in the middle of their work on other threads.
#[test]
fn a_runtime_with_threads_can_be_torn_down_at_any_moment() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut acknowledged = Vec::new();
    for round in 0..20 {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let numbers = runtime.block_on(async {
            let writer = wal_on(Arc::clone(&store)).await.open_writer(options()).await.unwrap();
            let mut tickets = Vec::new();
            for number in 0..50 {
                tickets.push(submit(&writer, round * 100 + number).await);
            }
            for ticket in tickets.drain(..10) {
                ticket.await.unwrap();
            }
            round * 100..round * 100 + 10
        });
        acknowledged.extend(numbers);
        drop(runtime);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = runtime.block_on(async { rows(&wal_on(store).await, ReadFrom::Checkpoint).await.unwrap() });
    assert!(all.is_sorted() && all.windows(2).all(|pair| pair[0] != pair[1]), "in order and once");
    let missing: Vec<_> =
        acknowledged.into_iter().filter(|number| all.binary_search(number).is_err()).collect();
    assert_eq!(missing, [0; 0]);
}
