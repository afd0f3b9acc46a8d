//! Following a log, and telling *not yet*, *closed*, *fenced* and *collected* apart.

use crate::support::{World, any_entry, append_all, numbers, options, settle};
use fencepost::{Position, ReadError, ReadFrom, Tail, TailEvent, TailState};
use fencepost_store::wrap::Op;
use std::time::Duration;
use tokio::time::{Instant, sleep};

async fn waits(tail: &mut Tail) -> TailState {
    match tail.poll().await.unwrap() {
        TailEvent::Waiting(state) => state,
        TailEvent::Entry(entry) => panic!("an entry at {}", entry.position()),
        TailEvent::GivenUp { at } => panic!("{at} was given up"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_tail_waits_for_more() {
    let world = World::new().await;
    let writer = world.writer().await;
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    let writes = async {
        for number in 1..=3 {
            sleep(Duration::from_secs(60)).await;
            append_all(&writer, [number]).await;
        }
    };
    let reads = async {
        let mut all = Vec::new();
        while all.len() < 3 {
            all.extend(numbers(&tail.next().await.unwrap()));
        }
        all
    };
    let started = Instant::now();
    let ((), all) = futures::join!(writes, reads);
    assert_eq!(all, [1, 2, 3]);
    assert!(
        started.elapsed() <= Duration::from_millis(182_100),
        "each seen within two of the longest pauses"
    );
}

/// An idle poll is one request: mostly a GET, and a glance every fifth time.
#[tokio::test(start_paused = true)]
async fn an_idle_tail_is_cheap() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    tail.poll().await.unwrap();
    waits(&mut tail).await;
    let before = tail.requests();
    for _ in 0..100 {
        waits(&mut tail).await;
    }
    let cost = tail.requests() - before;
    assert_eq!((cost.get, cost.head, cost.list, cost.total()), (80, 10, 10, 100));
}

#[tokio::test(start_paused = true)]
async fn a_tail_resumes_where_another_stopped() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=10).await;
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    for number in 1..=4 {
        assert_eq!(numbers(&tail.next().await.unwrap()), [number]);
    }
    let mut other = world.wal.tail(ReadFrom::Resume(tail.resume_point())).await.unwrap();
    assert_eq!(numbers(&other.next().await.unwrap()), [5]);
}

#[tokio::test(start_paused = true)]
async fn not_yet_closed_and_fenced_are_told_apart() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    assert!(matches!(tail.poll().await.unwrap(), TailEvent::Entry(_)));
    let at = Position::new(3);
    assert_eq!(waits(&mut tail).await, TailState::NotYet { at, epoch: writer.epoch() });

    // A successor has claimed, and its fence entry is on its way.
    let held = world.faults.hold(Op::Put, any_entry);
    let opening = tokio::spawn({
        let wal = world.wal.clone();
        async move { wal.open_writer(options()).await }
    });
    held.arrived().await;
    let mut fresh = world.wal.tail(ReadFrom::Resume(tail.resume_point())).await.unwrap();
    let state = waits(&mut fresh).await;
    assert!(matches!(state, TailState::Fenced { by, .. } if by.get() == 2), "{state:?}");
    held.release();
    let successor = opening.await.unwrap().unwrap();
    successor.close().await.unwrap();
    let state = waits(&mut tail).await;
    assert!(
        matches!(state, TailState::Closed { epoch, at } if epoch.get() == 2 && at.get() == 68),
        "{state:?}"
    );
}

/// P-42: a tail that was overtaken by a collection does not wait for ever, and does not skip.
#[tokio::test(start_paused = true)]
async fn a_tail_that_was_overtaken_learns_it() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    tail.poll().await.unwrap();
    waits(&mut tail).await;
    append_all(&writer, 2..=5).await;
    writer.checkpoint(Position::new(5)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    settle().await;
    let error = tail.next().await.unwrap_err();
    assert!(
        matches!(error, ReadError::Truncated { at, first } if (at.get(), first.get()) == (3, 6)),
        "{error}"
    );
}
