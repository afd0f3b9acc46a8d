//! Hazard 15: a reader's position is collected while it reads, or a cursor is made while a collection runs.

use crate::support::{World, append_all, numbers, rows, wal_on};
use fencepost::{CursorName, Position, ReadError, ReadFrom, Writer};
use fencepost_store::wrap::{FaultStore, Op};
use std::sync::Arc;

async fn filled() -> (World, Writer) {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=40).await;
    (world, writer)
}

fn name() -> CursorName {
    CursorName::parse("slow-consumer").unwrap()
}

/// P-42: gone is an error that names the first position that is left, never the end of the log.
#[tokio::test(start_paused = true)]
async fn h15_a_collected_position_is_truncated_and_not_the_end() {
    let (world, writer) = filled().await;
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let mut got = numbers(&reader.next().await.unwrap().unwrap());
    writer.checkpoint(Position::new(36)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let error = loop {
        match reader.next().await {
            Ok(Some(entry)) => got.extend(numbers(&entry)),
            Ok(None) => panic!("the end of the log after {got:?}"),
            Err(error) => break error,
        }
    };
    assert!(
        got.len() < 36 && got.iter().copied().eq(1..=got.len() as i64),
        "what was fetched ahead is whole: {got:?}"
    );
    assert!(matches!(error, ReadError::Truncated { first, .. } if first.get() == 37), "{error}");
    assert_eq!(
        rows(&world.wal, ReadFrom::Position(Position::new(37))).await.unwrap(),
        (36..=40).collect::<Vec<_>>()
    );
}

/// P-53, P-54: the boundary comes first, so a cursor written later sees it.
#[tokio::test(start_paused = true)]
async fn h15_a_cursor_made_after_the_boundary_is_refused() {
    let (world, writer) = filled().await;
    writer.checkpoint(Position::new(30)).await.unwrap();
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let held = own.hold(Op::List, |path| path.ends_with("/fencepost")).after(1).times(1);
    let wal = wal_on(Arc::new(own)).await;
    let run = tokio::spawn(async move { wal.collector().run().await });
    held.arrived().await; // The boundary is published; the cursors are about to be read.
    let refused = world.wal.cursor(name(), Position::new(5)).await.unwrap_err();
    assert!(matches!(refused, ReadError::Truncated { first, .. } if first.get() == 31), "{refused}");
    held.release();
    run.await.unwrap().unwrap();
    assert_eq!(world.layout().await, "31-41:d1");
}

/// P-53, P-54: a cursor written before the boundary is seen when the cursors are read after it.
#[tokio::test(start_paused = true)]
async fn h15_a_cursor_made_before_the_boundary_holds() {
    let (world, writer) = filled().await;
    writer.checkpoint(Position::new(30)).await.unwrap();
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let held = own.hold(Op::Put, |path| path.contains("/boundary-")).times(1);
    let wal = wal_on(Arc::new(own)).await;
    let run = tokio::spawn(async move { wal.collector().run().await });
    held.arrived().await; // Everything was listed, without the cursor.
    let cursor = world.wal.cursor(name(), Position::new(5)).await.unwrap();
    held.release();
    run.await.unwrap().unwrap();
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (5..=40).collect::<Vec<_>>());
}

/// Without the cure: what a cursor still needs is deleted all the same. Even then the reader says so and does
/// not skip.
#[tokio::test(start_paused = true)]
async fn h15_without_a_cursor_a_slow_consumer_loses_rows_but_learns_it() {
    let (world, writer) = filled().await;
    let cursor = world.wal.cursor(name(), Position::new(5)).await.unwrap();
    writer.checkpoint(Position::new(30)).await.unwrap();
    world.delete_entries(1..=30).await;
    let error = rows(&world.wal, cursor.read_from()).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Truncated { at, first } if (at.get(), first.get()) == (6, 31)),
        "{error}"
    );
}
