//! Cursors whose documents can't be read, or not all of them: what is not known holds nothing, hides nothing
//! and moves nothing.

use super::changed_hands;
use crate::support::{World, append_all, layout, rows, wal_on};
use fencepost::{Consumed, CursorName, Epoch, Position, ReadError, ReadFrom, ResumePoint};
use fencepost_store::wrap::{Fault, FaultStore, Op};
use futures::FutureExt;
use std::sync::Arc;
use tokio::time::Instant;

fn name() -> CursorName {
    CursorName::parse("copy").unwrap()
}

fn any_cursor(path: &str) -> bool {
    path.contains("/fencepost/cursors")
}

/// Rows 1 to 8 at 2 to 9, and a cursor that consumed up to 6.
async fn consumed() -> World {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=8).await;
    let mut cursor = world.wal.cursor(name(), Position::new(3)).await.unwrap();
    cursor.advance(Position::new(6)).await.unwrap();
    world
}

/// Whoever took it for new would begin where it began once, and hold the log there.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_cannot_be_listed_is_not_taken_for_new() {
    let world = consumed().await;
    let lost = world.faults.on(Op::List, any_cursor, Fault::Drop).times(2);
    let cursor = world.wal.cursor(name(), Position::new(1)).await.unwrap();
    assert_eq!((cursor.position().get(), lost.hits()), (6, 2));
    let denied = world.faults.on(Op::List, any_cursor, Fault::Deny);
    for error in [
        world.wal.cursor(name(), Position::new(1)).await.unwrap_err(),
        world.wal.remove_cursor(&name()).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, ReadError::Cursor { .. }) && error.to_string().contains("access denied"),
            "{error}"
        );
    }
    assert!(world.wal.cursors().await.is_err());
    denied.stop();
    assert_eq!(world.wal.cursors().await.unwrap()[0].position.get(), 6);
}

/// P-97: without the decision nobody knows whether it was granted.
#[tokio::test(start_paused = true)]
async fn a_decision_that_cannot_be_read_is_not_taken_for_none() {
    let world = consumed().await;
    let before = world.truth.store().list_all(world.truth.paths().cursors_dir()).await.unwrap();
    let lost = world.faults.on(Op::Get, any_cursor, Fault::Drop).times(2);
    assert_eq!(world.wal.cursor(name(), Position::new(1)).await.unwrap().position().get(), 6);
    assert_eq!(lost.hits(), 2);
    let denied = world.faults.on(Op::Get, any_cursor, Fault::Deny);
    let error = world.wal.cursor(name(), Position::new(1)).await.unwrap_err();
    assert!(error.to_string().contains("access denied"), "{error}");
    denied.stop();

    let decision =
        before.iter().find(|object| object.path.as_ref().contains("decision")).expect("it was granted");
    world.truth.store().put_overwrite(&decision.path, "text".into()).await.unwrap();
    let error = world.wal.cursor(name(), Position::new(1)).await.unwrap_err();
    assert!(error.to_string().contains(decision.path.as_ref()), "{error}");
    let after = world.truth.store().list_all(world.truth.paths().cursors_dir()).await.unwrap();
    assert_eq!(after.len(), before.len(), "nothing was made, and nothing deleted");
}

/// P-96: what a new cursor says of the epoch below it is believed ever after. So it says nothing that was not
/// read to the end.
#[tokio::test(start_paused = true)]
async fn an_epoch_that_could_not_be_found_out_is_not_told() {
    let world = changed_hands().await;
    let denied = world.faults.on(Op::Get, world.entry(6), Fault::Deny);
    let cursor = world.wal.cursor(name(), Position::new(7)).await.unwrap();
    let expected = ResumePoint { next: Position::new(8), highest: Epoch::NONE };
    assert_eq!(cursor.read_from(), ReadFrom::Cursor { name: name(), point: expected });
    denied.stop();
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), [5, 6]);
    cursor.remove().await.unwrap();
    let cursor = world.wal.cursor(name(), Position::new(7)).await.unwrap();
    let expected = ResumePoint { highest: Epoch::new(2), ..expected };
    assert_eq!(cursor.read_from(), ReadFrom::Cursor { name: name(), point: expected });
    cursor.remove().await.unwrap();
    // The log changes hands at the cursor itself, and what must be looked at before that is believed cannot
    // be (P-45). The first look is the cursor's own.
    let denied = world.faults.on(Op::List, |path| path.ends_with("/gc"), Fault::Deny).after(1);
    let cursor = world.wal.cursor(name(), Position::new(6)).await.unwrap();
    assert!(denied.hits() > 0);
    let expected = ResumePoint { next: Position::new(7), highest: Epoch::NONE };
    assert_eq!(cursor.read_from(), ReadFrom::Cursor { name: name(), point: expected });
}

/// A cursor at 2 and a boundary at 69 that was published by somebody who did not know of it. Whether it is
/// granted, the caller says.
async fn overtaken(granted: bool) -> World {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let second = world.writer().await;
    append_all(&second, 4..=5).await;
    second.checkpoint(Position::new(69)).await.unwrap();
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let held = own.hold(Op::Put, |path| path.contains("/boundary-")).times(1);
    let wal = wal_on(Arc::new(own)).await;
    let run = tokio::spawn(async move { wal.collector().run().await });
    held.arrived().await;
    let start = Consumed { position: Position::new(2), epoch: Epoch::FIRST };
    match granted {
        true => drop(world.wal.cursor(name(), start).await.unwrap()),
        false => {
            let looking = world.faults.hold(Op::List, |path| path.ends_with("/gc"));
            assert!(world.wal.cursor(name(), start).now_or_never().is_none());
            drop(looking);
        }
    }
    held.release();
    run.await.unwrap().unwrap();
    assert_eq!(layout(&world.truth).await, "3-4:d1 5:p2 6-68:f2 69-70:d2");
    world
}

fn from() -> ReadFrom {
    ReadFrom::Cursor { name: name(), point: ResumePoint { next: Position::new(3), highest: Epoch::FIRST } }
}

/// P-46: a reader that needs to know what its cursor holds, and is not told, asks again, more and more
/// slowly, and concludes nothing.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_cannot_be_read_is_not_taken_for_gone() {
    let world = overtaken(true).await;
    let lost = world.faults.on(Op::List, any_cursor, Fault::Drop).times(3);
    assert_eq!(rows(&world.wal, from()).await.unwrap(), (2..=5).collect::<Vec<_>>());
    assert_eq!(lost.hits(), 3);
    let lost = world.faults.on(Op::List, any_cursor, Fault::Drop);
    let started = Instant::now();
    let error = rows(&world.wal, from()).await.unwrap_err();
    assert!(matches!(error, ReadError::GaveUp { .. }), "{error}");
    assert!((60..75).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!(lost.hits() < 40, "{}", lost.hits());
}

/// P-46: a cursor that is not decided proves nothing.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_was_not_granted_keeps_nothing_for_a_reader() {
    let world = overtaken(false).await;
    assert!(world.wal.cursors().await.unwrap()[0].half_made);
    let error = rows(&world.wal, from()).await.unwrap_err();
    assert!(matches!(error, ReadError::Truncated { .. }), "{error}");
}
