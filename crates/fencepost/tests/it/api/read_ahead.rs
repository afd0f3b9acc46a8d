//! How far a reader reads ahead: as deep as the store's latency asks for, no deeper than memory allows.

use crate::support::{World, append_all, batch, numbers, options, wal_builder, wal_on};
use fencepost::{Nonce, Position, ReadFrom, ReadOptions, Wal};
use fencepost_format::{EntryKind, encode_marker};
use fencepost_store::wrap::{CountStore, LatencyStore};
use object_store::memory::InMemory;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const LATENCY: Duration = Duration::from_millis(20);

/// A log with so many entries in a store that takes its time for reads, and counts requests.
async fn far_away(entries: i64) -> (CountStore, Wal) {
    let memory = Arc::new(InMemory::new());
    let writer = wal_on(memory.clone()).await.open_writer(options()).await.unwrap();
    for first in (0..entries).step_by(64) {
        let tickets = (first..entries.min(first + 64)).map(|number| writer.submit(vec![batch([number])]));
        for ticket in futures::future::join_all(tickets).await {
            ticket.unwrap().await.unwrap();
        }
    }
    let far = CountStore::new(Arc::new(LatencyStore::new(memory, LATENCY)));
    (far.clone(), wal_on(Arc::new(far)).await)
}

/// Ten thousand entries with default settings: hardly longer than bare GETs, 256 at a time, would take, and one
/// GET for each entry.
#[tokio::test(start_paused = true)]
async fn a_long_replay_is_as_fast_as_bare_reads_and_reads_each_entry_once() {
    let (store, wal) = far_away(10_000).await;
    let bare = LATENCY * 10_000_u32.div_ceil(256);
    let (started, before) = (Instant::now(), store.counts());
    let mut reader = wal.reader(ReadFrom::Checkpoint).await.unwrap();
    for number in 0..10_000 {
        assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [number]);
    }
    assert!(reader.next().await.unwrap().is_none());
    let (took, cost) = (started.elapsed(), store.counts() - before);
    assert!(
        took <= bare * 13 / 10 + 9 * LATENCY,
        "{took:?}; bare reads take {bare:?}, both searches 9 round trips"
    );
    let searches = 4;
    assert!((10_001..=10_001 + 24 + searches).contains(&cost.get), "{cost:?}");

    let before = store.counts();
    let started = Instant::now();
    let writer = wal.open_writer(options()).await.unwrap();
    let (took, cost) = (started.elapsed(), writer.status().open_requests);
    assert!(took <= bare * 13 / 10 + 25 * LATENCY, "an opener's replay: {took:?}");
    assert!(cost.get <= 10_001 + 24 + 12, "{cost:?}");
    assert!((store.counts() - before).total() >= cost.total());
}

/// A consumer that takes its time: what waits for it is bounded in bytes, whatever the number of entries.
#[tokio::test(start_paused = true)]
async fn what_is_read_ahead_is_bounded_in_bytes() {
    let memory = Arc::new(InMemory::new());
    let writer = wal_on(memory.clone()).await.open_writer(options()).await.unwrap();
    let large = 32 << 10;
    for first in 0..200 {
        writer.append(&[batch(first..first + large / 8)]).await.unwrap();
    }
    let counted = CountStore::new(Arc::new(LatencyStore::new(memory, LATENCY)));
    let wal = wal_on(Arc::new(counted.clone())).await;
    let budget = 10 * large as u64;
    let mut reader = wal.reader(ReadOptions::new().with_read_ahead_bytes(budget)).await.unwrap();
    let before = counted.counts().get;
    let mut deepest = 0;
    for handed in 1..=200 {
        let entry = reader.next().await.unwrap().unwrap();
        assert_eq!(numbers(&entry)[0], handed - 1);
        let ahead = counted.counts().get - before - u64::try_from(handed).unwrap();
        deepest = deepest.max(ahead);
        // A few more than fit are asked for before it is known how large they are; their bodies wait.
        assert!(ahead <= 20, "{ahead} are read ahead where ten would fit");
    }
    assert!(deepest >= 8, "only {deepest}");
    assert!(reader.next().await.unwrap().is_none());
}

/// An entry that is larger than the whole budget is read all the same, and one by one.
#[tokio::test(start_paused = true)]
async fn an_entry_larger_than_the_budget_is_read() {
    let world = World::new().await;
    append_all(&world.writer().await, 0..40).await;
    for bytes in [0, 1, 2_000] {
        let mut reader = world.wal.reader(ReadOptions::new().with_read_ahead_bytes(bytes)).await.unwrap();
        for number in 0..40 {
            assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [number]);
        }
        assert!(reader.next().await.unwrap().is_none());
        let shy =
            wal_builder(Arc::new(world.faults.clone())).with_read_ahead_bytes(bytes).open().await.unwrap();
        let mut opening = shy.begin_writing(options()).await.unwrap();
        for number in 0..40 {
            assert_eq!(numbers(&opening.next_recovered().await.unwrap().unwrap()), [number]);
        }
    }
}

/// An entry so large that it is checked and decoded on another thread, by a consumer that loses patience.
#[tokio::test]
async fn a_large_entry_is_not_lost_when_its_reader_is_cut_off() {
    let world = World::new().await;
    let writer = world.writer().await;
    writer.append(&[batch(0..300_000)]).await.unwrap();
    writer.append(&[batch([7])]).await.unwrap();
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let entry = loop {
        let mut polls = 0;
        let next = reader.next();
        let mut next = std::pin::pin!(next);
        let cut_off = std::future::poll_fn(|context| {
            polls += 1;
            match next.as_mut().poll(context) {
                std::task::Poll::Pending if polls > 1 => std::task::Poll::Ready(None),
                polled => polled.map(Some),
            }
        });
        if let Some(entry) = cut_off.await {
            break entry.unwrap().unwrap();
        }
    };
    assert_eq!(numbers(&entry).len(), 300_000);
    assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [7]);
}

/// Scouts that find nothing, and are answered last, are no end of the log.
#[tokio::test(start_paused = true)]
async fn a_tail_follows_a_log_that_grows_under_its_scouts() {
    let (_, wal) = far_away(30).await;
    let mut tail = wal.tail(ReadFrom::Checkpoint).await.unwrap();
    let writer = wal.open_writer(options());
    let reads = async {
        for number in 0..90 {
            assert_eq!(numbers(&tail.next().await.unwrap()), [number]);
        }
    };
    let writes = async {
        let writer = writer.await.unwrap();
        let tickets = (30..90).map(|number| writer.submit(vec![batch([number])]));
        for ticket in futures::future::join_all(tickets).await {
            ticket.unwrap().await.unwrap();
        }
    };
    tokio::join!(reads, writes);
}

/// P-126: the tail of a long log is found without a look at most of its entries.
#[tokio::test(start_paused = true)]
async fn the_tail_of_a_long_log_is_found_in_a_dozen_round_trips() {
    let memory = Arc::new(InMemory::new());
    let wal = wal_on(memory.clone()).await;
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, 0..20).await;
    assert_eq!(wal.tail_position().await.unwrap().get(), 21);
    // As if it had appended a hundred thousand.
    let (epoch, nonce) = (writer.epoch(), Nonce(7));
    for at in (22..=100_001).map(Position::new) {
        let entry = encode_marker(EntryKind::Filler, at, epoch, nonce);
        assert!(wal.store().create(wal.paths().entry(at), entry.into()).await.is_ok());
    }
    let far = CountStore::new(Arc::new(LatencyStore::new(memory, LATENCY)));
    let wal = wal_on(Arc::new(far.clone())).await;
    let (started, before) = (Instant::now(), far.counts());
    assert_eq!(wal.tail_position().await.unwrap().get(), 100_001);
    let (took, cost) = (started.elapsed(), far.counts() - before);
    assert!(cost.total() <= 100, "{cost:?}");
    assert!(took <= 12 * LATENCY, "{took:?}");
}
