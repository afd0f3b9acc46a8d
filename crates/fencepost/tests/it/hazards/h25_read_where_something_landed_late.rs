//! Hazard 25: a reader concludes from what landed late in collected space.
//!
//! An opener claims epoch 2, reads up to 4 and stalls before its fence entry at 5. The old writer goes on
//! there; epoch 3 comes, covers 5 and collects it. The late fence entry lands at 5. Whoever reads it there
//! and takes epoch 2 for the one that rules skips the rows of epoch 1 above, which are live.

use crate::support::{World, any_entry, append_all, layout, numbers, options, rows, rows_from, wal_on};
use fencepost::{
    CursorName, EntryState, OpenWriterError, Position, ReadError, ReadFrom, Reader, TailEvent, Writer,
};
use fencepost_store::wrap::{FaultStore, Held, Op};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A log with an opener that stalled before its fence entry at 5.
struct Stalled {
    world: World,
    first: Writer,
    held: Held,
    opener: JoinHandle<Result<Writer, OpenWriterError>>,
}

impl Stalled {
    /// Rows 1 to 3 at 2 to 4; then 4 to 6 at 5 to 7.
    async fn new() -> Self {
        let world = World::new().await;
        let first = world.writer().await;
        append_all(&first, 1..=3).await;
        let own = FaultStore::new(Arc::clone(world.faults.inner()));
        let held = own.hold(Op::Put, world.entry(5)).times(1);
        let wal = wal_on(Arc::new(own)).await;
        let opener = tokio::spawn(async move { wal.open_writer(options()).await });
        held.arrived().await;
        Self { world, first, held, opener }
    }

    /// Epoch 3 opens at 8, covers up to `at` and collects; then the late fence entry lands.
    async fn covered_up_to(self, at: u64, more: impl IntoIterator<Item = i64>) -> World {
        let Self { world, first, held, opener } = self;
        let third = world.writer().await;
        append_all(&third, more).await;
        third.checkpoint(Position::new(at)).await.unwrap();
        world.wal.collector().run().await.unwrap();
        held.release();
        let error = opener.await.unwrap().unwrap_err();
        assert!(matches!(error, OpenWriterError::Fenced { .. }), "{error}");
        drop(first);
        world
    }
}

fn name() -> CursorName {
    CursorName::parse("copy").unwrap()
}

async fn rest(reader: &mut Reader) -> Result<Vec<i64>, ReadError> {
    let mut rows = Vec::new();
    while let Some(entry) = reader.next().await? {
        rows.extend(numbers(&entry));
    }
    Ok(rows)
}

/// P-45: a reader and a tail that stand where the late fence entry landed are told that their place is gone.
/// They skipped rows 5 and 6 and said "end".
#[tokio::test(start_paused = true)]
async fn h25_a_reader_that_stands_where_a_fence_landed_late_is_truncated() {
    let stalled = Stalled::new().await;
    let mut reader = stalled.world.truth.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(rest(&mut reader).await.unwrap(), [1, 2, 3]);
    let mut tail = stalled.world.truth.tail(ReadFrom::Resume(reader.resume_point())).await.unwrap();
    assert!(matches!(tail.poll().await.unwrap(), TailEvent::Waiting(_)));
    append_all(&stalled.first, 4..=6).await;
    let world = stalled.covered_up_to(5, []).await;
    assert_eq!(world.layout().await, "5:p2 6-7:d1 8:p3 9-71:f3");
    for _ in 0..2 {
        let error = rest(&mut reader).await.unwrap_err();
        let ReadError::Truncated { at, first } = error else { panic!("{error}") };
        assert_eq!((at.get(), first.get(), reader.resume_point().next.get()), (5, 6, 5));
        assert!(matches!(tail.poll().await, Err(ReadError::Truncated { .. })));
    }
    assert_eq!(rows_from(&world.wal, 6).await.unwrap(), [5, 6], "from the position that it names");
    assert_eq!(world.rows().await, [5, 6]);
}

/// P-46, P-47: a consumer whose cursor keeps 6 and 7 reads them, although the late fence entry stands in the
/// window below, and its reader read the manifest before anything was covered.
#[tokio::test(start_paused = true)]
async fn h25_a_slow_reader_from_a_cursor_gets_what_the_cursor_keeps() {
    let stalled = Stalled::new().await;
    append_all(&stalled.first, 4..=6).await;
    let cursor = stalled.world.truth.cursor(name(), Position::new(5)).await.unwrap();
    let theirs = FaultStore::new(Arc::clone(stalled.world.faults.inner()));
    let reading = theirs.hold(Op::Get, any_entry);
    let (wal, from) = (wal_on(Arc::new(theirs)).await, cursor.read_from());
    let reader = tokio::spawn(async move { rows(&wal, from).await });
    reading.arrived().await;
    stalled.covered_up_to(5, []).await;
    reading.release();
    assert_eq!(reader.await.unwrap().unwrap(), [5, 6]);
}

/// P-46, P-47: no race at all. `replay_after` is past everything, the cursor holds 6 and 7, and the late
/// fence entry stands just below.
#[tokio::test(start_paused = true)]
async fn h25_every_fresh_reader_from_a_cursor_below_the_checkpoint_gets_its_rows() {
    let stalled = Stalled::new().await;
    append_all(&stalled.first, 4..=6).await;
    stalled.world.truth.cursor(name(), Position::new(5)).await.unwrap();
    let world = stalled.covered_up_to(7, 7..=8).await;
    assert_eq!(world.layout().await, "5:p2 6-7:d1 8:p3 9-71:f3 72-73:d3");
    for _ in 0..2 {
        let cursor = world.truth.cursor(name(), Position::new(5)).await.unwrap();
        assert_eq!(rows(&world.truth, cursor.read_from()).await.unwrap(), [5, 6, 7, 8]);
    }
    assert_eq!(rows_from(&world.truth, 6).await.unwrap(), [5, 6, 7, 8], "by position too");
}

/// P-46: a collection that had listed the cursors before this one came published its boundary past it, and
/// then kept what it holds.
#[tokio::test(start_paused = true)]
async fn h25_what_a_cursor_keeps_is_read_across_a_change_of_hands_below_the_boundary() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let second = world.writer().await;
    append_all(&second, 4..=5).await;
    assert_eq!(world.layout().await, "1:h1 2-4:d1 5:p2 6-68:f2 69-70:d2");
    second.checkpoint(Position::new(69)).await.unwrap();
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let held = own.hold(Op::Put, |path| path.contains("/boundary-")).times(1);
    let wal = wal_on(Arc::new(own)).await;
    let run = tokio::spawn(async move { wal.collector().run().await });
    held.arrived().await; // Everything was listed, without the cursor.
    let cursor = world.wal.cursor(name(), Position::new(2)).await.unwrap();
    held.release();
    run.await.unwrap().unwrap();
    assert_eq!(layout(&world.truth).await, "3-4:d1 5:p2 6-68:f2 69-70:d2");
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (2..=5).collect::<Vec<_>>());
    cursor.remove().await.unwrap();
    let error = rows_from(&world.wal, 3).await.unwrap_err();
    assert!(
        matches!(error, ReadError::Truncated { at, first } if (at.get(), first.get()) == (3, 70)),
        "{error}"
    );
}

/// P-49: looking at the log does not take live rows for stale entries either, nor a checkpoint above the late
/// fence entry for one in its fence range.
#[tokio::test(start_paused = true)]
async fn h25_inspection_and_verification_conclude_nothing_below_the_checkpoint() {
    let stalled = Stalled::new().await;
    append_all(&stalled.first, 4..=6).await;
    let world = stalled.covered_up_to(5, 7..=8).await;
    assert_eq!(world.layout().await, "5:p2 6-7:d1 8:p3 9-71:f3 72-73:d3");
    let inspection = world.wal.inspect().await.unwrap();
    let states: Vec<_> = inspection.entries.iter().map(|entry| entry.state).collect();
    assert_eq!(states[..3], [EntryState::Covered, EntryState::Live, EntryState::Live]);
    let verification = world.wal.verify(|_, _| ()).await.unwrap();
    assert_eq!((verification.rows, verification.problems), (4, Vec::new()));
}
