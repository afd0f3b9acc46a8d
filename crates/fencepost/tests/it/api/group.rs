//! Group commit: which submissions share an entry.

use crate::support::{World, append, batch, named_batch, numbers, options, settle, submit, wal_on};
use arrow_array::{ArrayRef, NullArray, RecordBatch};
use fencepost::{ReadFrom, Ticket, Writer, WriterOptions};
use fencepost_format::EncodedBatches;
use fencepost_store::wrap::{CountStore, LatencyStore};
use object_store::memory::InMemory;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, advance};

async fn entries(world: &World) -> Vec<Vec<i64>> {
    let mut reader = world.truth.reader(ReadFrom::Checkpoint).await.unwrap();
    let mut entries = Vec::new();
    while let Some(entry) = reader.next().await.unwrap() {
        entries.push(numbers(&entry));
    }
    entries
}

async fn submit_all(writer: &Writer, numbers: impl IntoIterator<Item = i64>) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for number in numbers {
        tickets.push(submit(writer, number).await);
    }
    tickets
}

#[tokio::test(start_paused = true)]
async fn what_waits_together_shares_an_entry_up_to_a_number_of_bytes() {
    let world = World::new().await;
    let bytes = EncodedBatches::encode(&[batch([1])]).unwrap().bytes();
    let writer = world.wal.open_writer(options().with_group_bytes_max(3 * bytes)).await.unwrap();
    let tickets = submit_all(&writer, 1..=10).await;
    let positions =
        futures::future::join_all(tickets).await.into_iter().map(|done| done.unwrap().position.get());
    assert_eq!(positions.collect::<Vec<_>>(), [2, 2, 2, 3, 3, 3, 4, 4, 4, 5]);
    assert_eq!(entries(&world).await, [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8, 9], vec![10]]);
    assert_eq!(writer.status().requests.put, 4);
}

/// One larger than the limit becomes an entry of its own, and the order stays.
#[tokio::test(start_paused = true)]
async fn a_large_submission_is_an_entry_of_its_own() {
    let world = World::new().await;
    let bytes = EncodedBatches::encode(&[batch([1])]).unwrap().bytes();
    let writer = world.wal.open_writer(options().with_group_bytes_max(2 * bytes)).await.unwrap();
    let small = submit(&writer, 1).await;
    let large = writer.submit(vec![batch(2..1_000)]).await.unwrap();
    let after = submit(&writer, 1_000).await;
    futures::try_join!(small, large, after).unwrap();
    assert_eq!(entries(&world).await, [vec![1], (2..1_000).collect(), vec![1_000]]);
}

#[tokio::test(start_paused = true)]
async fn another_schema_begins_another_entry() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_group_bytes_max(1 << 20)).await.unwrap();
    let mut tickets = submit_all(&writer, [1, 2]).await;
    tickets.push(writer.submit(vec![named_batch("m", [3])]).await.unwrap());
    tickets.extend(submit_all(&writer, [4]).await);
    futures::future::try_join_all(tickets).await.unwrap();
    assert_eq!(entries(&world).await, [vec![1, 2], vec![3], vec![4]]);
    let mut reader = world.truth.reader(ReadFrom::Position(fencepost::Position::new(3))).await.unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap().schema().field(0).name(), "m");
}

#[tokio::test(start_paused = true)]
async fn a_linger_waits_for_company() {
    let world = World::new().await;
    let linger = Duration::from_millis(100);
    let options = options().with_group_bytes_max(1 << 20).with_linger(linger);
    let writer = world.wal.open_writer(options).await.unwrap();
    let started = Instant::now();
    let first = submit(&writer, 1).await;
    advance(linger / 2).await;
    let second = submit(&writer, 2).await;
    futures::try_join!(first, second).unwrap();
    assert!((linger..linger * 2).contains(&started.elapsed()), "{:?}", started.elapsed());
    assert_eq!(entries(&world).await, [vec![1, 2]]);
}

/// Nobody can join a group that is full, or that another one waits behind.
#[tokio::test(start_paused = true)]
async fn a_group_that_nobody_can_join_does_not_linger() {
    let world = World::new().await;
    let bytes = EncodedBatches::encode(&[batch([1])]).unwrap().bytes();
    let linger = Duration::from_secs(10);
    let full = options().with_group_bytes_max(2 * bytes).with_linger(linger);
    let writer = world.wal.open_writer(full).await.unwrap();
    let started = Instant::now();
    futures::future::try_join_all(submit_all(&writer, [1, 2]).await).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    writer.close().await.unwrap();

    let roomy = options().with_group_bytes_max(1 << 20).with_linger(linger);
    let writer = world.wal.open_writer(roomy).await.unwrap();
    let started = Instant::now();
    let first = submit(&writer, 3).await;
    let second = writer.submit(vec![named_batch("m", [4])]).await.unwrap();
    first.await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    second.await.unwrap();
    assert_eq!(started.elapsed(), linger);
    assert_eq!(entries(&world).await, [vec![1, 2], vec![3], vec![4]]);
}

#[tokio::test(start_paused = true)]
async fn flush_and_close_end_the_linger() {
    let world = World::new().await;
    let options = options().with_group_bytes_max(1 << 20).with_linger(Duration::from_secs(10));
    let writer = world.wal.open_writer(options).await.unwrap();
    let started = Instant::now();
    let first = submit(&writer, 1).await;
    writer.flush().await.unwrap();
    first.await.unwrap();
    let second = submit(&writer, 2).await;
    writer.close().await.unwrap();
    second.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

/// Alone in a writer, an append never waits for company that does not come.
#[tokio::test(start_paused = true)]
async fn without_a_linger_nobody_waits() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_group_bytes_max(1 << 20)).await.unwrap();
    let started = Instant::now();
    append(&writer, 1).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// Two that are right by themselves, and together have more rows than readers take in one entry. Both were
/// once refused.
#[tokio::test(start_paused = true)]
async fn what_is_too_much_for_one_entry_together_is_written_apart() {
    let world = World::new().await;
    let writer = world.wal.open_writer(options().with_group_bytes_max(1 << 20)).await.unwrap();
    let nothing: ArrayRef = Arc::new(NullArray::new(1 << 30));
    let nothing = RecordBatch::try_from_iter([("nothing", nothing)]).unwrap();
    let mut tickets = Vec::new();
    for _ in 0..3 {
        tickets.push(writer.submit(vec![nothing.clone()]).await.unwrap());
    }
    writer.flush().await.unwrap();
    let mut positions = Vec::new();
    for ticket in tickets {
        positions.push(ticket.await.unwrap().position.get());
    }
    assert_eq!(positions, [2, 3, 4]);
    let mut reader = world.truth.reader(ReadFrom::Checkpoint).await.unwrap();
    let mut rows = 0;
    while let Some(entry) = reader.next().await.unwrap() {
        rows += entry.batches().iter().map(RecordBatch::num_rows).sum::<usize>();
    }
    assert_eq!(rows, 3 << 30);
}

/// On an object store a busy writer goes as deep as the window, and an idle one sends at once.
#[tokio::test(start_paused = true)]
async fn where_puts_do_not_wait_for_each_other_nobody_waits_for_another_put() {
    let latency = Duration::from_millis(20);
    let (writer, _) = slow_writer(latency, options().with_group_bytes_max(1 << 20)).await;
    let took = rounds(&writer, 30).await;
    assert!(took.iter().all(|took| *took <= 2 * latency), "two round trips at the worst");
    let late = &took[took.len() / 2..];
    assert!(late.iter().all(|took| *took == latency), "and one, once the store is known: {late:?}");
}

/// A large append takes as long as its bytes do: it gains nothing by waiting for another, however little is known of the
/// store. Eight callers once had two in flight between them.
#[tokio::test(start_paused = true)]
async fn large_appends_do_not_wait_for_each_other() {
    let latency = Duration::from_millis(20);
    let (writer, _) = slow_writer(latency, options().with_group_bytes_max(4 << 20)).await;
    let large = batch(0..1 << 17);
    let callers = (0..8).map(|_| {
        let (writer, large) = (Arc::clone(&writer), large.clone());
        tokio::spawn(async move {
            let started = Instant::now();
            writer.append(&[large]).await.unwrap();
            started.elapsed()
        })
    });
    let took = futures::future::try_join_all(callers).await.unwrap();
    assert_eq!(took, [latency; 8]);
}

/// P-120. What waits shares the next PUT: no more than are asked for are in flight, and nobody waits longer than for one
/// answer.
#[tokio::test(start_paused = true)]
async fn few_in_flight_save_puts_and_nobody_waits_for_a_second_group() {
    let latency = Duration::from_millis(20);
    let few = NonZeroU32::new(4).unwrap();
    let options = options().with_group_bytes_max(1 << 20).with_puts_in_flight_max(few);
    let (writer, store) = slow_writer(latency, options).await;
    let before = store.counts();
    let mut took = rounds(&writer, 30).await;
    took.sort_unstable();
    assert!(took.last().unwrap() <= &(2 * latency));
    assert!(took[took.len() / 2] <= latency.mul_f64(1.6), "{:?}", took[took.len() / 2]);
    let puts = (store.counts() - before).put;
    assert!(8 * puts <= took.len() as u64, "{puts} PUTs for {} appends", took.len());
}

/// A flush does not wait for an answer first.
#[tokio::test(start_paused = true)]
async fn a_flush_sends_what_waits_behind_those_in_flight() {
    let latency = Duration::from_millis(20);
    let one = NonZeroU32::new(1).unwrap();
    let options = options().with_group_bytes_max(1 << 20).with_puts_in_flight_max(one);
    let (writer, _) = slow_writer(latency, options).await;
    let first = submit(&writer, 1).await;
    settle().await;
    let second = submit(&writer, 2).await;
    settle().await;
    assert_eq!(writer.status().in_flight, 1);
    let started = Instant::now();
    writer.flush().await.unwrap();
    assert_eq!(started.elapsed(), latency);
    futures::try_join!(first, second).unwrap();
}

/// A writer on a store of this latency, and what the store counts.
async fn slow_writer(latency: Duration, options: WriterOptions) -> (Arc<Writer>, CountStore) {
    let store = CountStore::new(Arc::new(InMemory::new()));
    let slow = LatencyStore::new(Arc::new(store.clone()), latency);
    let writer = wal_on(Arc::new(slow)).await.open_writer(options).await.unwrap();
    (Arc::new(writer), store)
}

/// 64 callers that come one after the other, and each append so often, one at a time; how long each append took.
async fn rounds(writer: &Arc<Writer>, rounds: u64) -> Vec<Duration> {
    let callers = (0..64_i64).map(|caller| {
        let writer = Arc::clone(writer);
        tokio::spawn(async move {
            let mut took = Vec::new();
            for round in 0..rounds {
                tokio::time::sleep(Duration::from_millis((7 * caller as u64 + round) % 19)).await;
                let started = Instant::now();
                append(&writer, caller).await.unwrap();
                took.push((round, started.elapsed()));
            }
            took
        })
    });
    let mut took = futures::future::try_join_all(callers).await.unwrap().concat();
    took.sort_by_key(|(round, _)| *round);
    took.into_iter().map(|(_, took)| took).collect()
}
