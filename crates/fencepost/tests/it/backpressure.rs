//! Memory is bounded by bytes: callers wait, and nobody waits for ever.

use crate::support::{World, any_entry, append, batch, options, settle, submit};
use fencepost::AppendError;
use fencepost_format::EncodedBatches;
use fencepost_store::wrap::Op;
use std::sync::Arc;

/// What one number takes of the buffer: its bytes, and 1 KiB for the bookkeeping.
fn charge() -> u32 {
    u32::try_from(EncodedBatches::encode(&[batch([1])]).unwrap().bytes()).unwrap() + 1_024
}

#[tokio::test(start_paused = true)]
async fn callers_wait_while_the_buffer_is_full() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_buffer_bytes_max(10 * charge())).await.unwrap();
    let held = world.faults.hold(Op::Put, any_entry);
    let mut tickets = Vec::new();
    for number in 0..10 {
        tickets.push(submit(&writer, number).await);
    }
    let mut next = Box::pin(writer.submit(vec![batch([10])]));
    settle().await;
    assert!(futures::poll!(&mut next).is_pending());
    assert_eq!(held.hits(), 10);
    held.release();
    tickets.push(next.await.unwrap());
    futures::future::try_join_all(tickets).await.unwrap();
    assert_eq!(world.rows().await, (0..=10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_larger_than_the_buffer_goes_alone() {
    let world = World::new().await;
    for buffer in [0, 1, 2_000] {
        let writer = world.wal.open_writer(options().with_buffer_bytes_max(buffer)).await.unwrap();
        let large = || vec![batch(0..10_000)];
        let held = world.faults.hold(Op::Put, any_entry);
        let first = writer.submit(large()).await.unwrap();
        let mut second = Box::pin(writer.submit(large()));
        settle().await;
        assert!(futures::poll!(&mut second).is_pending(), "buffer of {buffer}");
        held.release();
        first.await.unwrap();
        second.await.unwrap().await.unwrap();
        writer.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn many_callers_of_all_sizes_get_through_a_small_buffer() {
    let world = World::new().await;
    let options = options().with_buffer_bytes_max(3 * charge()).with_group_bytes_max(1 << 20);
    let writer = Arc::new(world.wal.open_writer(options).await.unwrap());
    let tasks = (0..200_i64).map(|caller| {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.append(&[batch(0..(caller % 7) * 100 + 1)]).await })
    });
    for done in futures::future::join_all(tasks).await {
        done.unwrap().unwrap();
    }
    let expected: i64 = (0..200).map(|caller| (caller % 7) * 100 + 1).sum();
    assert_eq!(world.rows().await.len(), expected as usize);
}

/// Whoever waits for room when the writer stops learns it, and gets the batches back or an error.
#[tokio::test(start_paused = true)]
async fn those_who_wait_learn_that_the_writer_stopped() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_buffer_bytes_max(charge())).await.unwrap();
    let held = world.faults.hold(Op::Put, world.entry(2)).times(1);
    let first = submit(&writer, 1).await;
    let (second, third) = (append(&writer, 2), writer.submit(vec![batch([3])]));
    let successor = async {
        held.arrived().await;
        world.writer().await;
        held.release();
    };
    let (first, second, third, ()) = futures::join!(first, second, third, successor);
    assert!(matches!(first, Err(AppendError::Fenced { .. })));
    assert!(matches!(second, Err(AppendError::Fenced { .. })));
    let third = third.unwrap_err();
    assert!(matches!(third.why, AppendError::Fenced { definite: true, .. }));
    assert_eq!(third.batches, [batch([3])]);
    assert_eq!(world.rows().await, [0; 0]);
}

/// Whoever has reserved room hands over without waiting, whatever others do meanwhile; and gives back what is
/// not used.
#[tokio::test(start_paused = true)]
async fn room_that_was_reserved_is_there() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_buffer_bytes_max(2 * charge())).await.unwrap();
    let held = world.faults.hold(Op::Put, any_entry);
    let bytes = u64::from(charge() - 1_024);
    let first = writer.reserve(bytes).await.unwrap();
    drop(writer.reserve(bytes).await.unwrap());
    let second = writer.reserve(bytes).await.unwrap();
    let mut third = Box::pin(writer.reserve(bytes));
    settle().await;
    assert!(futures::poll!(&mut third).is_pending());
    let tickets = [second.submit(vec![batch([2])]).unwrap(), first.submit(vec![batch([1])]).unwrap()];
    assert!(futures::poll!(&mut third).is_pending());
    held.release();
    let last = third.await.unwrap().submit(vec![batch([3])]).unwrap();
    futures::future::try_join_all(tickets.into_iter().chain([last])).await.unwrap();
    assert_eq!(world.rows().await, [2, 1, 3]);
}

/// What is larger than was reserved takes more room if there is any, and is handed back if there is none.
#[tokio::test(start_paused = true)]
async fn what_is_larger_than_its_room_is_handed_back() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_buffer_bytes_max(2 * charge())).await.unwrap();
    let small = writer.reserve(1).await.unwrap();
    small.submit(vec![batch([1])]).unwrap().await.unwrap();
    let (small, _other) =
        (writer.reserve(1).await.unwrap(), writer.reserve(u64::from(charge() - 1_024)).await.unwrap());
    let refused = small.submit(vec![batch(0..1_000)]).unwrap_err();
    assert!(matches!(refused.why, AppendError::TooLarge { limit: 1, .. }), "{refused:?}");
    assert_eq!(refused.batches, [batch(0..1_000)]);
    assert_eq!(world.rows().await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_ended_reserves_nothing() {
    let world = World::new().await;
    let writer = Arc::new(world.writer().await);
    let permit = writer.reserve(1_000).await.unwrap();
    writer.close().await.unwrap();
    writer.close().await.unwrap();
    assert!(matches!(permit.submit(vec![batch([1])]).unwrap_err().why, AppendError::Closed));
    assert!(matches!(writer.reserve(1).await, Err(AppendError::Closed)));
    assert!(matches!(writer.reserve(u64::MAX).await, Err(AppendError::TooLarge { .. })));
}
