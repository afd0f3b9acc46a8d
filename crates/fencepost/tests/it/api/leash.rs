//! Cursors with a leash: what a collection breaks, and what their consumers are told.

use crate::support::{World, append_all, rows};
use fencepost::{
    Cursor, CursorName, CursorOptions, CursorStart, ErrorKind, Leash, LeashLimit, LeashOutcome, OnExceed,
    Position, ReadError, ReadFrom,
};
use fencepost_store::wrap::{Fault, Op};

fn name() -> CursorName {
    CursorName::parse("indexer").unwrap()
}

/// It may hold three entries, and is broken beyond that.
fn leashed(at: u64) -> CursorOptions {
    let leash = Leash::new().with_entries(3).with_on_exceed(OnExceed::Break);
    CursorOptions::new().with_start(Position::new(at).into()).with_leash(leash)
}

/// Eight rows, all of them checkpointed, and a cursor on a leash.
async fn world(at: u64) -> (World, fencepost::Writer, Cursor) {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=8).await;
    writer.checkpoint(Position::new(8)).await.unwrap();
    let cursor = world.wal.cursor(name(), leashed(at)).await.unwrap();
    (world, writer, cursor)
}

/// Where it stood, what can be had, and the limit.
#[track_caller]
fn broken(error: &ReadError) -> (u64, u64, LeashLimit) {
    match error {
        ReadError::CursorBroken { name: of, position, first, mark: Some(mark) } if *of == name() => {
            (position.get(), first.get(), mark.exceeded.limit)
        }
        other => panic!("{other}"),
    }
}

/// A consumer that stops does not fill the bucket for ever, and one that wakes is told, whatever it does next.
// P-163 to P-165.
#[tokio::test(start_paused = true)]
async fn a_consumer_that_wakes_after_its_cursor_was_broken_is_told() {
    let (world, _writer, mut cursor) = world(2).await;
    let mut asleep = world.wal.reader(cursor.read_from()).await.unwrap();
    let collected = world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "9:d1");
    let [(over, LeashOutcome::Broken)] = &collected.report.over_leash[..] else {
        panic!("{:?}", collected.report)
    };
    assert_eq!((over.position.get(), over.exceeded.is, over.exceeded.allowed), (2, 6, 3));

    let told = (2, 9, LeashLimit::Entries);
    for _ in 0..2 {
        assert_eq!(broken(&asleep.next().await.unwrap_err()), told, "it reads on");
        assert_eq!(broken(&cursor.advance(Position::new(4)).await.unwrap_err()), told, "it moves");
    }
    let error = world.wal.existing_cursor(name()).await.unwrap_err();
    assert_eq!((broken(&error), error.kind()), (told, ErrorKind::Truncated), "it comes back");
    let text = error.to_string();
    assert!(text.contains("cursor indexer was broken at position 2 at 20"), "{text}");
    assert!(
        text.contains(
            "it holds 6 entries, its leash allows 3; the first position that can be read for certain is 9"
        ),
        "{text}"
    );
    assert_eq!(
        broken(&world.wal.cursor(name(), CursorStart::Checkpoint).await.unwrap_err()),
        told,
        "nothing by accident"
    );
}

/// Its owner begins anew where something can be had, and the new one holds.
// P-165.
#[tokio::test(start_paused = true)]
async fn a_broken_cursor_is_made_anew_by_its_owners_word() {
    let (world, writer, mut old) = world(2).await;
    world.wal.collector().run().await.unwrap();
    let status = &world.wal.cursors().await.unwrap()[0];
    assert!(status.broken && status.leash.is_some() && status.moved.is_some(), "{status:?}");
    let error = world.wal.cursor(name(), leashed(7).with_broken_remade()).await.unwrap_err();
    assert!(matches!(error, ReadError::Truncated { first, .. } if first.get() == 9), "{error}");
    world.wal.cursor(name(), leashed(8).with_broken_remade()).await.unwrap();
    append_all(&writer, 9..=11).await;
    writer.checkpoint(Position::new(11)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "9-12:d1");
    let lost = old.advance(Position::new(10)).await.unwrap_err();
    assert!(matches!(lost, ReadError::NoCursor { .. }), "the old one is not the new one: {lost}");
    assert!(matches!(old.remove().await.unwrap_err(), ReadError::NoCursor { .. }));
    assert!(!world.wal.cursors().await.unwrap()[0].broken, "and takes nothing from it");
}

/// Who keeps up is never broken, and one without a leash never is.
// P-160, P-161.
#[tokio::test(start_paused = true)]
async fn a_consumer_that_keeps_up_notices_nothing() {
    let (world, _writer, mut cursor) = world(2).await;
    cursor.advance(Position::new(5)).await.unwrap();
    let other = CursorName::parse("other").unwrap();
    world.wal.cursor(other, Position::new(1)).await.unwrap();
    let collected = world.wal.collector().run().await.unwrap();
    assert!(collected.report.over_leash.is_empty());
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (5..=8).collect::<Vec<_>>());
}

/// A leash warns by default: nothing goes, and the collection says so.
// P-162.
#[tokio::test(start_paused = true)]
async fn a_leash_that_warns_holds() {
    let (world, _writer, cursor) = world(5).await;
    cursor.remove().await.unwrap();
    let warns =
        CursorOptions::new().with_start(Position::new(2).into()).with_leash(Leash::new().with_entries(3));
    let cursor = world.wal.cursor(name(), warns).await.unwrap();
    for collected in [world.wal.collector().plan().await.unwrap(), world.wal.collector().run().await.unwrap()]
    {
        assert!(matches!(collected.report.over_leash[..], [(_, LeashOutcome::Warned)]));
    }
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (2..=8).collect::<Vec<_>>());
}

/// A plan tells what would be broken and breaks nothing; the receipt of a run says what was.
// P-140, P-162.
#[tokio::test(start_paused = true)]
async fn plans_and_receipts_name_what_is_broken() {
    let (world, _writer, cursor) = world(2).await;
    let planned = world.wal.collector().plan().await.unwrap();
    assert!(matches!(planned.report.over_leash[..], [(_, LeashOutcome::Broken)]));
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (2..=8).collect::<Vec<_>>());
    let collected = world.wal.collector().run().await.unwrap();
    let receipt = world.wal.receipt(collected.receipt.id.unwrap()).await.unwrap().unwrap();
    let plan = receipt.plan.unwrap();
    assert_eq!((plan.over_leash[0].position, plan.over_leash[0].outcome.as_str()), (2, "broken"));
    assert!(plan.from.cursors.is_empty(), "it holds nothing any more");
}

/// The mark did not get there, as far as anybody knows: it holds in this pass, or it is marked.
// P-163.
#[tokio::test(start_paused = true)]
async fn a_mark_that_is_refused_breaks_nothing() {
    let (world, _writer, mut cursor) = world(2).await;
    let mark = |path: &str| path.contains("/broken-");
    let refused = world.faults.on(Op::Put, mark, Fault::Refuse);
    let collected = world.wal.collector().run().await.unwrap();
    assert!(refused.hits() > 0);
    assert!(matches!(collected.report.over_leash[..], [(_, LeashOutcome::NotMarked)]));
    assert_eq!(rows(&world.wal, cursor.read_from()).await.unwrap(), (2..=8).collect::<Vec<_>>());
    cursor.advance(Position::new(4)).await.unwrap();
}

/// The look after a move costs one LIST, and only where there is a leash.
// P-164.
#[tokio::test(start_paused = true)]
async fn a_move_costs_one_listing_more_with_a_leash() {
    let (world, _writer, mut cursor) = world(2).await;
    let other = CursorName::parse("other").unwrap();
    let mut free = world.wal.cursor(other, Position::new(1)).await.unwrap();
    let lists = || world.wal.requests().list;
    let before = lists();
    free.advance(Position::new(4)).await.unwrap();
    assert_eq!(lists() - before, 0);
    cursor.advance(Position::new(4)).await.unwrap();
    assert_eq!(lists() - before, 1);
}

/// A reader that does not go by its cursor is told as before.
#[tokio::test(start_paused = true)]
async fn a_reader_without_a_cursor_is_told_of_none() {
    let (world, _writer, _cursor) = world(2).await;
    world.wal.collector().run().await.unwrap();
    let error = rows(&world.wal, ReadFrom::Position(Position::new(3))).await.unwrap_err();
    assert!(matches!(error, ReadError::Truncated { .. }), "{error}");
}
