//! Named cursors.

use crate::support::{World, append_all, rows};
use fencepost::{CursorName, Position, ReadError};
use fencepost_store::wrap::{Fault, Op};

fn name() -> CursorName {
    CursorName::parse("indexer").unwrap()
}

fn any_cursor(path: &str) -> bool {
    path.contains("/fencepost/cursor/")
}

async fn world() -> (World, fencepost::Writer) {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=8).await;
    writer.checkpoint(Position::new(8)).await.unwrap();
    (world, writer)
}

async fn documents(world: &World) -> usize {
    world.truth.store().list_all(world.truth.paths().cursors_dir()).await.unwrap().len()
}

/// P-53: a collector leaves what a cursor has not passed.
#[tokio::test(start_paused = true)]
async fn a_cursor_holds_what_it_has_not_consumed() {
    let (world, _writer) = world().await;
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (3..=8).collect::<Vec<_>>());
    cursor.advance(Position::new(6)).await.unwrap();
    cursor.advance(Position::new(2)).await.unwrap();
    assert_eq!(cursor.position(), Position::new(6), "it does not go back");
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "7-9:d1");
    cursor.remove().await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "9:d1");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_found_where_it_was_left() {
    let (world, _writer) = world().await;
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    cursor.advance(Position::new(5)).await.unwrap();
    let again = world.wal.cursor(name(), Position::NONE).await.unwrap();
    assert_eq!(again.position(), Position::new(5));
    assert_eq!(documents(&world).await, 1);
}

/// P-54: a cursor behind the boundary is refused, and does not stay to hold what is left.
#[tokio::test(start_paused = true)]
async fn a_new_cursor_behind_the_boundary_is_truncated() {
    let (world, _writer) = world().await;
    world.wal.collector().run().await.unwrap();
    let error = world.wal.cursor(name(), Position::new(3)).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Truncated { at, first } if (at.get(), first.get()) == (4, 9)),
        "{error}"
    );
    assert_eq!(documents(&world).await, 0);
}

/// Some stores say "exists" of a name where nothing stands. A cursor that took that for its own was none, and held nothing.
#[tokio::test(start_paused = true)]
async fn a_cursor_is_written_even_if_the_store_says_that_it_exists() {
    let (world, _writer) = world().await;
    let lied = world.faults.on(Op::Put, any_cursor, Fault::FalseExists).times(1);
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    assert_eq!((lied.hits(), documents(&world).await), (1, 1));
    let lied = world.faults.on(Op::Put, any_cursor, Fault::FalseExists).times(1);
    cursor.advance(Position::new(5)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert_eq!((lied.hits(), rows(&world.wal, cursor.read_from()).await.unwrap()), (1, vec![5, 6, 7, 8]));
}

/// An advance that broke off leaves two documents, and the lower one would hold the log for ever.
#[tokio::test(start_paused = true)]
async fn what_a_broken_off_advance_left_is_swept() {
    let (world, _writer) = world().await;
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    let lost = world.faults.on(Op::Put, any_cursor, Fault::LoseReply).times(1);
    assert!(cursor.advance(Position::new(4)).await.is_err());
    assert_eq!((lost.hits(), cursor.position().get(), documents(&world).await), (1, 3, 2));
    cursor.advance(Position::new(5)).await.unwrap();
    assert_eq!(documents(&world).await, 1, "the one of unknown outcome went with the old one");

    let denied = world.faults.on(Op::Delete, any_cursor, Fault::Deny).times(1);
    assert!(cursor.advance(Position::new(6)).await.is_err());
    assert_eq!((denied.hits(), cursor.position().get(), documents(&world).await), (1, 6, 2));
    let cursor = world.wal.cursor(name(), Position::NONE).await.unwrap();
    assert_eq!((cursor.position().get(), documents(&world).await), (6, 1), "opening it sweeps too");
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "7-9:d1");
}

/// A cursor whose writing is not known to have happened is no cursor to rely on.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_could_not_be_written_is_an_error() {
    let (world, _writer) = world().await;
    let _ = world.faults.on(Op::Put, any_cursor, Fault::Drop);
    assert!(matches!(world.wal.cursor(name(), Position::new(3)).await, Err(ReadError::Store { .. })));
}
