//! What tails and readers say where nothing more comes, how long they pause, and what they do not build on.

use super::taken_over;
use crate::support::{World, append, append_all, numbers, options, rows, rows_from};
use fencepost::{
    Epoch, GaveUp, Manifest, Nonce, Position, ReadError, ReadFrom, ReadOptions, ResumePoint, ShardStatus,
    Tail, TailEvent, TailState, Version,
};
use fencepost_format::{EntryKind, encode_marker};
use fencepost_store::wrap::{Fault, Op};
use std::time::Duration;
use tokio::time::{Instant, timeout};

async fn waits(tail: &mut Tail) -> TailState {
    match tail.poll().await.unwrap() {
        TailEvent::GivenUp { at } => panic!("{at} was given up"),
        TailEvent::Waiting(state) => state,
        TailEvent::Entry(entry) => panic!("an entry at {}", entry.position()),
    }
}

/// A tail that has seen no entry knows of no epoch that could have been fenced.
#[tokio::test(start_paused = true)]
async fn a_tail_above_everything_is_not_fenced() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=2).await;
    let writer = world.writer().await;
    let last = append(&writer, 3).await.unwrap();
    writer.checkpoint(Position::new(last)).await.unwrap();
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    let at = Position::new(last + 1);
    assert_eq!(waits(&mut tail).await, TailState::NotYet { at, epoch: Epoch::new(2) });
}

#[tokio::test(start_paused = true)]
async fn a_sealed_shard_is_told() {
    let world = World::new().await;
    world.writer().await.close().await.unwrap();
    let (paths, store) = (world.truth.paths(), world.truth.store());
    let path = paths.manifest(Version::FIRST);
    let found = store.get(&path).await.into_result().unwrap().unwrap();
    let mut manifest = Manifest::decode(&path, Version::FIRST, &found.bytes).unwrap();
    (manifest.version, manifest.status) = (manifest.version.next(), ShardStatus::Sealed);
    store.create(paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(waits(&mut tail).await, TailState::Sealed { at: Position::new(3) });
}

/// P-40: only the ruling epoch closes a log.
#[tokio::test(start_paused = true)]
async fn a_stale_entry_close_closes_nothing() {
    let world = World::new().await;
    append_all(&world.writer().await, [1]).await;
    let writer = world.writer().await;
    let at = Position::new(append(&writer, 2).await.unwrap() + 1);
    let close = encode_marker(EntryKind::Close, at, Epoch::FIRST, Nonce(1));
    world.truth.store().create(world.truth.paths().entry(at), close.into()).await.unwrap();
    let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
    for number in 1..=2 {
        assert_eq!(numbers(&tail.next().await.unwrap()), [number]);
    }
    let state = waits(&mut tail).await;
    assert!(matches!(state, TailState::NotYet { epoch, .. } if epoch.get() == 2), "{state:?}");
}

#[tokio::test(start_paused = true)]
async fn pauses_begin_at_the_shortest_double_and_end_at_the_longest() {
    let world = World::new().await;
    let _writer = world.writer().await;
    let cases =
        [((20, 1_000), [20, 40, 80, 160, 320, 640, 1_000, 1_000]), ((0, 0), [1; 8]), ((50, 10), [50; 8])];
    for ((min, max), expected) in cases {
        let options = ReadOptions::new().with_poll(Duration::from_millis(min), Duration::from_millis(max));
        let mut tail = world.wal.tail(options).await.unwrap();
        for expected in expected {
            waits(&mut tail).await;
            let started = Instant::now();
            tail.pause().await;
            assert_eq!(started.elapsed().as_millis(), expected, "{min} to {max} ms");
        }
    }
}

/// What comes at last may be the first of many. A fence entry is as good a sign as rows.
#[tokio::test(start_paused = true)]
async fn a_tail_that_slept_long_is_quick_again_after_an_entry() {
    for is_marker in [false, true] {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, [1]).await;
        let mut tail = world.wal.tail(ReadFrom::Checkpoint).await.unwrap();
        tail.next().await.unwrap();
        assert!(timeout(Duration::from_secs(600), tail.next()).await.is_err());
        let writer = if is_marker { world.writer().await } else { writer };
        if !is_marker {
            append_all(&writer, [2]).await;
            tail.next().await.unwrap();
        }
        waits(&mut tail).await;
        let started = Instant::now();
        tail.pause().await;
        assert_eq!(started.elapsed().as_millis(), 20, "{is_marker}");
    }
}

/// P-42: the manifest is asked at every tail that a reader reports, also the second one.
#[tokio::test(start_paused = true)]
async fn a_reader_that_looks_again_learns_that_it_was_overtaken() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert!(reader.next().await.unwrap().is_some() && reader.next().await.unwrap().is_none());
    append_all(&writer, 2..=9).await;
    writer.checkpoint(Position::new(9)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let error = reader.next().await.unwrap_err();
    assert!(matches!(error, ReadError::Truncated { at, .. } if at.get() == 3), "{error}");
}

/// P-43: what is covered may be gone, by somebody's hand who publishes no boundary. It is not the tail.
#[tokio::test(start_paused = true)]
async fn what_is_missing_below_the_checkpoint_is_not_the_tail() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    writer.checkpoint(Position::new(8)).await.unwrap();
    world.delete_entries(3..=6).await;
    assert_eq!(rows_from(&world.wal, 8).await.unwrap(), [7, 8, 9]);
    // Nor is what is damaged there in anybody's way who begins above the checkpoint: it is not read.
    let damaged = world.truth.paths().entry(Position::new(5));
    world.truth.store().create(damaged, "text".into()).await.unwrap();
    assert_eq!(rows_from(&world.wal, 9).await.unwrap(), [8, 9]);
    let error = rows_from(&world.wal, 8).await.unwrap_err();
    assert!(
        matches!(error, ReadError::GaveUp { why: GaveUp::DamagedEntry(at), .. } if at.get() == 5),
        "{error}"
    );
}

/// P-43: a reader that failed just below its start has not found out which epoch rules there. Whoever went on
/// from it handed out the row that a dead writer left at 4.
#[tokio::test(start_paused = true)]
async fn a_reader_that_goes_on_after_a_failure_knows_no_epoch_that_it_did_not_read() {
    let (stalled, _next) = taken_over().await;
    let world = &stalled.world;
    let denied = world.faults.on(Op::List, |path| path.ends_with("/gc"), Fault::Deny);
    let mut reader = world.wal.reader(ReadFrom::Position(Position::new(4))).await.unwrap();
    reader.next().await.unwrap_err();
    denied.stop();
    let point = reader.resume_point();
    assert_eq!(point, ResumePoint { next: Position::new(4), highest: Epoch::NONE });
    assert_eq!(rows(&world.wal, ReadFrom::Resume(point)).await.unwrap(), [4]);
}

/// P-13, P-40: a stale entry is not recovered.
#[tokio::test(start_paused = true)]
async fn a_recovery_passes_over_what_a_dead_writer_left() {
    let (stalled, _next) = taken_over().await;
    let world = &stalled.world;
    let mut opening = world.wal.begin_writing(options()).await.unwrap();
    let mut recovered = Vec::new();
    while let Some(entry) = opening.next_recovered().await.unwrap() {
        recovered.extend(numbers(&entry));
    }
    assert_eq!(recovered, [1, 4]);
    assert_eq!(rows(&world.wal, ReadFrom::Checkpoint).await.unwrap(), [1, 4]);
}
