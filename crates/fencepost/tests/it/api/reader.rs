//! Reading a range, and going on where a reader stopped.

use crate::support::{World, append_all, batch, numbers, rows, rows_from, wal_builder};
use fencepost::{DecodeLimits, Position, ReadError, ReadFrom, ReadOptions, ResumePoint};
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;

async fn filled(entries: i64) -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=entries).await;
    world
}

async fn range(world: &World, from: u64, to: u64) -> Vec<i64> {
    let options = ReadOptions::from(ReadFrom::Position(Position::new(from))).with_end(Position::new(to));
    let mut reader = world.wal.reader(options).await.unwrap();
    let mut all = Vec::new();
    while let Some(entry) = reader.next().await.unwrap() {
        all.extend(numbers(&entry));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_range_is_read_with_both_ends() {
    let world = filled(100).await;
    assert_eq!(range(&world, 3, 5).await, [2, 3, 4]);
    assert_eq!(range(&world, 90, 90).await, [89]);
    assert_eq!(range(&world, 100, 200).await, [99, 100]);
    assert_eq!(range(&world, 0, 2).await, [1]);
    assert_eq!(range(&world, 5, 4).await, [0; 0]);
}

/// P-40: the same entries, without their rows; at the same price, and by turns with their rows.
#[tokio::test(start_paused = true)]
async fn what_entries_say_of_themselves_is_read_as_they_are() {
    let world = World::new().await;
    let writer = world.writer().await;
    for rows in 1..=3 {
        writer.append(&[batch(0..rows), batch(0..1)]).await.unwrap();
    }
    append_all(&world.writer().await, [7]).await;
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap().rows(), 2);
    let mut told = Vec::new();
    while let Some(content) = reader.next_content().await.unwrap() {
        told.push((content.header.position.get(), content.header.epoch.get(), content.batches, content.rows));
    }
    let last = reader.resume_point().next.prev().get();
    assert_eq!(told, [(3, 1, 2, 3), (4, 1, 2, 4), (last, 2, 1, 1)], "no fence, no filler");
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_where_the_log_does() {
    let world = filled(40).await;
    let reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let entries: Vec<_> = reader.into_stream().try_collect().await.unwrap();
    assert_eq!(entries.iter().flat_map(numbers).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
}

/// The reader stays: half of a stream can be taken, and the rest later.
#[tokio::test(start_paused = true)]
async fn a_stream_leaves_the_reader_where_it_is() {
    let world = filled(40).await;
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let half: Vec<_> = reader.stream().take(20).try_collect().await.unwrap();
    assert_eq!(half.iter().flat_map(numbers).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!(reader.resume_point().next, half[19].position().next());
    let rest: Vec<_> = reader.stream().try_collect().await.unwrap();
    assert_eq!(rest.iter().flat_map(numbers).collect::<Vec<_>>(), (21..=40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn at_the_tail_a_reader_may_look_again() {
    let world = World::new().await;
    let writer = world.writer().await;
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    for number in 1..=3 {
        assert!(reader.next().await.unwrap().is_none());
        append_all(&writer, [number]).await;
        assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [number]);
    }
}

/// Entries are fetched ahead; those that nobody was given are not behind the resume point.
#[tokio::test(start_paused = true)]
async fn a_resume_point_is_just_behind_what_was_handed_out() {
    let world = filled(50).await;
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    for number in 1..=50 {
        assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [number]);
        let point = reader.resume_point();
        let rest = rows(&world.wal, ReadFrom::Resume(point)).await.unwrap();
        assert_eq!(rest, (number + 1..=50).collect::<Vec<_>>(), "after {number}: {point:?}");
    }
}

/// P-43: before anything was handed out, it is where the reader was told to begin, not where it began to look.
#[tokio::test(start_paused = true)]
async fn a_resume_point_is_never_before_the_beginning() {
    let world = filled(80).await;
    let from = ReadFrom::Position(Position::new(71));
    let mut reader = world.wal.reader(from).await.unwrap();
    let point = reader.resume_point();
    assert_eq!(point.next, Position::new(71));
    assert_eq!(rows(&world.wal, ReadFrom::Resume(point)).await.unwrap(), (70..=80).collect::<Vec<_>>());
    assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [70]);
    assert_eq!(
        reader.resume_point(),
        ResumePoint { next: Position::new(72), highest: fencepost::Epoch::FIRST }
    );
}

/// P-42. "No more entries" after the error would be a silent skip.
#[tokio::test(start_paused = true)]
async fn a_reader_that_failed_says_so_every_time() {
    let world = filled(5).await;
    let writer = world.writer().await;
    append_all(&writer, [6]).await;
    writer.checkpoint(Position::new(71)).await.unwrap();
    world.delete_entries(1..=6).await;
    let from = ReadFrom::Resume(ResumePoint { next: Position::new(4), highest: fencepost::Epoch::FIRST });
    let mut reader = world.wal.reader(from.clone()).await.unwrap();
    for _ in 0..3 {
        let error = reader.next().await.unwrap_err();
        let ReadError::Truncated { at, first } = error else { panic!("{error}") };
        assert_eq!((at.get(), first.get()), (4, 72));
        assert_eq!(reader.resume_point().next, Position::new(4));
    }
    let mut tail = world.wal.tail(from).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(tail.poll().await, Err(ReadError::Truncated { .. })));
    }
}

/// An entry whose rows are refused is not passed over by asking again, nor by a new reader from the resume point.
#[tokio::test(start_paused = true)]
async fn an_entry_that_cannot_be_decoded_stays_in_the_way() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    writer.append(&[batch(0..100)]).await.unwrap();
    append_all(&writer, [2]).await;
    let limits = DecodeLimits::DEFAULT.with_rows_max(10);
    let strict = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits).open().await.unwrap();
    let mut reader = strict.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [1]);
    for _ in 0..2 {
        let error = reader.next().await.unwrap_err();
        assert!(error.to_string().contains("position 3"), "{error}");
        assert_eq!(reader.resume_point().next, Position::new(3));
    }
    let point = reader.resume_point();
    assert!(rows(&strict, ReadFrom::Resume(point)).await.is_err());
    assert_eq!(rows(&world.wal, ReadFrom::Resume(point)).await.unwrap().len(), 101);
}

/// P-43: a dead writer's entry above a fence entry is skipped also by a reader that begins between the two.
#[tokio::test(start_paused = true)]
async fn a_reader_that_begins_in_a_fence_range_knows_which_epoch_rules() {
    let world = filled(2).await;
    append_all(&world.writer().await, [3]).await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:p2 5-67:f2 68:d2");
    assert_eq!(rows_from(&world.wal, 30).await.unwrap(), [3]);
    let mut reader = world.wal.reader(ReadFrom::Position(Position::new(30))).await.unwrap();
    reader.next().await.unwrap().unwrap();
    assert_eq!(reader.resume_point().highest.get(), 2);
    assert!(reader.requests().get < 110, "{:?}", reader.requests());
}
