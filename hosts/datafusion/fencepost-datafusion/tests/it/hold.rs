//! Snapshots that a cursor holds.

use crate::support::{World, append_numbers, ask, over};
use fencepost::{CursorName, ErrorKind, Position};
use fencepost_datafusion::{LogError, LogTable, LogTableOptions};
use futures::StreamExt;

fn name() -> CursorName {
    CursorName::parse("question").unwrap()
}

fn held() -> LogTableOptions {
    LogTableOptions::new().with_hold(name())
}

async fn cursors(world: &World) -> usize {
    world.wal.cursors().await.unwrap().len()
}

/// Waits for what was left to the runtime.
async fn until_no_cursor_is_left(world: &World) {
    for _ in 0..10_000 {
        if cursors(world).await == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the cursor is still there");
}

#[tokio::test]
async fn what_is_held_is_answered_after_a_collection() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_numbers(&writer, 0, 100).await;
    writer.checkpoint(Position::new(20)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let table = LogTable::open(&world.wal, held()).await.unwrap();
    assert_eq!((table.first().get(), table.hold()), (21, Some(&name())));
    writer.checkpoint(Position::new(90)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let session = over(&table);
    assert_eq!(ask(&session, "select count(*), min(n) from log").await.unwrap(), ["81,19"]);
    assert_eq!(ask(&session, "select n from log where _position = 50").await.unwrap(), ["48"]);
    table.release().await.unwrap();
    assert_eq!(cursors(&world).await, 0);
    table.release().await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert!(ask(&session, "select count(*) from log").await.is_err(), "it does not hold any more");
}

/// The last one who has the table or a plan on it lets go: after an answer, an error, or in the middle.
#[tokio::test]
async fn a_hold_goes_with_its_last_reader() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 100).await;
    let table = LogTable::open(&world.wal, held()).await.unwrap();
    let session = over(&table);
    drop(table);
    assert_eq!(cursors(&world).await, 1, "the session has it");
    let mut rows = session.sql("select n from log").await.unwrap().execute_stream().await.unwrap();
    drop(session);
    assert!(rows.next().await.unwrap().is_ok());
    assert_eq!(cursors(&world).await, 1, "the query is not at its end");
    drop(rows);
    until_no_cursor_is_left(&world).await;

    let table = LogTable::open(&world.wal, held()).await.unwrap();
    let session = over(&table);
    drop(table);
    world.delete_entry(50).await;
    assert!(ask(&session, "select n from log").await.is_err());
    drop(session);
    until_no_cursor_is_left(&world).await;
}

#[tokio::test]
async fn a_cursor_that_is_there_already_is_left_alone() {
    let world = World::new().await;
    append_numbers(&world.writer().await, 0, 10).await;
    let cursor = world.wal.cursor(name(), Position::new(5)).await.unwrap();
    let error = LogTable::open(&world.wal, held()).await.unwrap_err();
    assert!(matches!(error, LogError::CursorTaken { .. }) && error.kind() == ErrorKind::Held, "{error}");
    let there = world.wal.cursors().await.unwrap();
    assert_eq!((there.len(), there[0].position), (1, cursor.position()));
}

/// Nothing stays behind where no table came to be.
#[tokio::test]
async fn an_opening_that_fails_lets_go() {
    let world = World::new().await;
    let writer = world.writer().await;
    crate::support::append(&writer, crate::support::numbers("_row", [1])).await;
    assert!(LogTable::open(&world.wal, held()).await.is_err());
    assert_eq!(cursors(&world).await, 0);
}
