//! Named cursors.

use crate::support::{World, append_all, rows};
use fencepost::{CursorName, Position, ReadError, ReadFrom};
use fencepost_store::wrap::{Fault, Op};

fn name() -> CursorName {
    CursorName::parse("indexer").unwrap()
}

fn any_cursor(path: &str) -> bool {
    path.contains("/fencepost/cursors/")
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
    assert_eq!(documents(&world).await, 3, "the cursor, its decision, its position");
}

/// P-96: with the epoch, a reader needs nothing of what lies below its start.
#[tokio::test(start_paused = true)]
async fn a_cursor_knows_the_epoch_that_its_reader_needs() {
    let (world, writer) = world().await;
    drop(writer);
    let second = world.writer().await;
    append_all(&second, 9..=10).await;
    let known = |cursor: &fencepost::Cursor| match cursor.read_from() {
        ReadFrom::Cursor { point, .. } => point.highest.get(),
        other => panic!("{other:?}"),
    };
    // It finds it out when it is made, from what stands below.
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    assert_eq!(known(&cursor), 1);
    let mut reader = world.wal.reader(cursor.read_from()).await.unwrap();
    let mut last = None;
    while let Some(entry) = reader.next().await.unwrap() {
        last = Some(entry);
    }
    cursor.advance(&last.unwrap()).await.unwrap();
    assert_eq!(known(&cursor), 2, "the last entry was of epoch 2");
    let mut cursor = world.wal.cursor(name(), Position::NONE).await.unwrap();
    assert_eq!(known(&cursor), 2, "it is in the store");
    append_all(&second, [11]).await;
    let before = world.wal.requests().get;
    let mut reader = world.wal.reader(cursor.read_from()).await.unwrap();
    reader.next().await.unwrap().unwrap();
    cursor.advance(reader.resume_point()).await.unwrap();
    assert!(world.wal.requests().get - before < 20, "it reads ahead, and nothing below");
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

/// P-54: the other order. A boundary that is looked at before the cursor is written says nothing of one that
/// comes in between.
#[tokio::test(start_paused = true)]
async fn the_boundary_is_read_after_the_cursor_is_written() {
    let (world, _writer) = world().await;
    let held = world.faults.hold(Op::Put, any_cursor).times(1);
    let wal = world.wal.clone();
    let opening = tokio::spawn(async move { wal.cursor(name(), Position::new(3)).await.map(|_| ()) });
    held.arrived().await;
    world.truth.collector().run().await.unwrap();
    held.release();
    assert!(matches!(opening.await.unwrap(), Err(ReadError::Truncated { .. })));
    assert_eq!((documents(&world).await, world.layout().await), (0, "9:d1".to_owned()));
}

/// P-97: a collector that had published a boundary before it saw the cursor respects it all the same. So its
/// consumer reads on, whatever the boundary says.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_holds_is_opened_whatever_the_boundary_says() {
    let (world, _writer) = world().await;
    let held = world.faults.hold(Op::Put, |path| path.contains("/gc/boundary-"));
    let wal = world.wal.clone();
    let collector = tokio::spawn(async move { wal.collector().run().await });
    held.arrived().await;
    drop(world.truth.cursor(name(), Position::new(5)).await.unwrap());
    held.release();
    let report = collector.await.unwrap().unwrap().report;
    assert_eq!((report.boundary.get(), report.bound.get()), (8, 5));
    let again = world.truth.cursor(name(), Position::new(5)).await.unwrap();
    assert_eq!(rows(&world.truth, again.read_from()).await.unwrap(), (5..=8).collect::<Vec<_>>());
}

/// P-95: where listings are neither sorted nor snapshots, one may show no position of a cursor that moves.
#[tokio::test(start_paused = true)]
async fn a_cursor_whose_positions_are_not_listed_holds_where_it_was_made() {
    let (world, _writer) = world().await;
    let mut cursor = world.truth.cursor(name(), Position::new(5)).await.unwrap();
    cursor.advance(Position::new(7)).await.unwrap();
    let missed = world.faults.on(Op::List, |path| path.contains("/position-"), Fault::FalseAbsent);
    world.wal.collector().run().await.unwrap();
    assert!(missed.hits() > 0);
    assert_eq!(world.layout().await, "6-9:d1");
}

/// P-97: its process died before it looked at the boundary. Nobody can tell whether it holds, so it is made
/// anew, or removed.
#[tokio::test(start_paused = true)]
async fn a_cursor_left_half_made_is_opened_or_removed() {
    for remove in [false, true] {
        let (world, writer) = world().await;
        world.wal.collector().run().await.unwrap();
        let held = world.faults.hold(Op::List, |path| path.ends_with("/gc")).times(1);
        let wal = world.wal.clone();
        let opening = tokio::spawn(async move { wal.cursor(name(), Position::new(3)).await.map(|_| ()) });
        held.arrived().await;
        opening.abort();
        held.release();
        assert_eq!(documents(&world).await, 1);
        let [status] = &world.truth.cursors().await.unwrap()[..] else { panic!("there is one") };
        assert_eq!((status.name.as_str(), status.position.get(), status.half_made), ("indexer", 3, true));

        writer.checkpoint(Position::new(9)).await.unwrap();
        append_all(&writer, [9]).await;
        assert_eq!(world.wal.collector().run().await.unwrap().report.deleted.entries, 0, "it may hold");
        if remove {
            assert!(world.wal.remove_cursor(&name()).await.unwrap());
            assert!(!world.wal.remove_cursor(&name()).await.unwrap());
        } else {
            let late = world.truth.cursor(name(), Position::new(3)).await;
            assert!(matches!(late, Err(ReadError::Truncated { .. })), "{late:?}");
        }
        // That it was given up stays, for its own process to learn if it is alive after all.
        assert_eq!(
            (documents(&world).await, world.wal.cursors().await.unwrap()),
            (usize::from(!remove), vec![])
        );
        world.wal.collector().run().await.unwrap();
        assert_eq!(world.layout().await, "10:d1");
        let cursor = world.wal.cursor(name(), Position::new(9)).await.unwrap();
        assert_eq!(cursor.position().get(), 9);
    }
}

/// Two processes make the same cursor at the same moment: both hold, and whoever opens it next goes on with both.
#[tokio::test(start_paused = true)]
async fn two_that_make_one_cursor_both_hold() {
    let (world, _writer) = world().await;
    let held = world.faults.hold(Op::Put, any_cursor).times(2);
    let open = || {
        let wal = world.wal.clone();
        tokio::spawn(
            async move { wal.cursor(name(), Position::new(4)).await.map(|cursor| cursor.position()) },
        )
    };
    let (one, two) = (open(), open());
    held.arrived().await;
    crate::support::settle().await;
    held.release();
    for opened in [one, two] {
        assert_eq!(opened.await.unwrap().unwrap().get(), 4);
    }
    assert_eq!((documents(&world).await, world.wal.cursors().await.unwrap().len()), (4, 1));
    let mut cursor = world.wal.cursor(name(), Position::NONE).await.unwrap();
    cursor.advance(Position::new(6)).await.unwrap();
    let [status] = &world.wal.cursors().await.unwrap()[..] else { panic!("there is one") };
    assert_eq!((status.position.get(), documents(&world).await), (6, 6));
}

/// Some stores say "exists" of a name where nothing stands. A cursor that took that for its own was none, and
/// held nothing.
#[tokio::test(start_paused = true)]
async fn a_cursor_is_written_even_if_the_store_says_that_it_exists() {
    let (world, _writer) = world().await;
    let lied = world.faults.on(Op::Put, any_cursor, Fault::FalseExists).times(1);
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    assert_eq!((lied.hits(), documents(&world).await), (1, 2));
    let lied = world.faults.on(Op::Put, any_cursor, Fault::FalseExists).times(1);
    cursor.advance(Position::new(5)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert_eq!((lied.hits(), rows(&world.wal, cursor.read_from()).await.unwrap()), (1, vec![5, 6, 7, 8]));
}

/// A reply that is lost is asked for again: the name has the cursor's own nonce, so what stands there is its own.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_made_up_for() {
    let (world, _writer) = world().await;
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    let lost = world.faults.on(Op::Put, any_cursor, Fault::LoseReply).times(1);
    cursor.advance(Position::new(4)).await.unwrap();
    assert_eq!((lost.hits(), cursor.position().get(), documents(&world).await), (1, 4, 3));
}

/// An advance that broke off may leave documents. The next one, or the next opening, deletes them.
#[tokio::test(start_paused = true)]
async fn what_a_broken_off_advance_left_is_swept() {
    let (world, _writer) = world().await;
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    let lost = world.faults.on(Op::Put, any_cursor, Fault::LoseReply);
    let error = cursor.advance(Position::new(4)).await.unwrap_err();
    lost.stop();
    assert!(error.to_string().contains("cursor indexer"), "{error}");
    assert_eq!((cursor.position().get(), documents(&world).await), (3, 3));
    cursor.advance(Position::new(5)).await.unwrap();
    assert_eq!(documents(&world).await, 3, "the one of unknown outcome went with the old one");

    let denied = world.faults.on(Op::Delete, any_cursor, Fault::Deny);
    assert!(cursor.advance(Position::new(6)).await.is_err());
    denied.stop();
    assert_eq!((cursor.position().get(), documents(&world).await), (6, 4));
    let cursor = world.wal.cursor(name(), Position::NONE).await.unwrap();
    assert_eq!((cursor.position().get(), documents(&world).await), (6, 3), "opening it sweeps too");
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "7-9:d1");
}

/// A cursor whose writing is not known to have happened is no cursor to rely on.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_could_not_be_written_is_an_error() {
    let (world, _writer) = world().await;
    let _ = world.faults.on(Op::Put, any_cursor, Fault::Drop);
    assert!(matches!(world.wal.cursor(name(), Position::new(3)).await, Err(ReadError::Cursor { .. })));
}
