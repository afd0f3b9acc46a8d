//! What an inspection says while others write and cover, and settings that have to reach those who wait.

use super::{stalled, taken_over};
use crate::support::{SHARD, World, append_all, rows, wal_builder};
use fencepost::{EntryState, Inspection, Position, ReadFrom, ShardId, TableError, read_table};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn states(found: &Inspection) -> String {
    let letter = |state| match state {
        EntryState::Live => 'l',
        EntryState::Covered => 'c',
        EntryState::Leftover => 'x',
    };
    found.entries.iter().map(|entry| letter(entry.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn leftovers_are_told_and_the_tail_ends_at_a_gap() {
    let found = stalled().await.world.wal.inspect().await.unwrap();
    assert_eq!((found.tail.get(), states(&found).as_str()), (2, "lll"));
    let (stalled, _next) = taken_over().await;
    let found = stalled.world.wal.inspect().await.unwrap();
    assert_eq!((found.tail.get(), &states(&found)[..5]), (67, "lllxl"));
}

/// P-49: `R` is read after the entries.
#[tokio::test(start_paused = true)]
async fn what_was_covered_during_an_inspection_is_told_as_covered() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    let second = world.faults.hold(Op::List, |path| path.ends_with("/wal")).after(1);
    let wal = world.wal.clone();
    let inspecting = tokio::spawn(async move { wal.inspect().await });
    second.arrived().await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    second.release();
    let found = inspecting.await.unwrap().unwrap();
    assert_eq!((states(&found).as_str(), found.manifest.replay_after.get()), ("ccccll", 4));
}

#[tokio::test(start_paused = true)]
async fn the_patience_reaches_everybody_who_waits() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let patience = Duration::from_secs(5);
    let builder = wal_builder(Arc::new(world.faults.clone())).with_patience(patience);
    let wal = builder.open().await.unwrap();
    let _ = world.faults.on(Op::List, |_| true, Fault::Drop);
    let started = Instant::now();
    wal.cursors().await.unwrap_err();
    let listed = started.elapsed();
    wal.collector().run().await.unwrap_err();
    let collected = started.elapsed() - listed;
    for took in [listed, collected] {
        assert!((patience..patience * 2).contains(&took), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn choices_at_their_ends() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let builder = || wal_builder(Arc::new(world.faults.clone()));
    let one_by_one = builder().with_read_ahead(0).open().await.unwrap();
    assert_eq!(rows(&one_by_one, ReadFrom::Checkpoint).await.unwrap(), [1, 2, 3]);
    let other = ShardId::from_bytes([9; 16]);
    for (builder, expected) in
        [(builder().with_shard(other).or_new_shard(), other), (builder().or_new_shard(), SHARD)]
    {
        assert_eq!(builder.open().await.unwrap().shard(), expected, "a shard that was named stays so");
    }
}

/// Names sort as text, and in one of Lance's schemes downwards.
#[tokio::test(start_paused = true)]
async fn the_latest_version_of_a_table_has_the_highest_number() {
    for names in
        [["9.manifest", "10.manifest"], ["18446744073709551606.manifest", "18446744073709551605.manifest"]]
    {
        let world = World::new().await;
        let store = world.wal.store();
        for name in names {
            store.put_new(format!("_versions/{name}"), "no manifest".into()).await.unwrap();
        }
        let error = read_table(store).await.unwrap_err();
        assert!(
            matches!(error, TableError::Format { .. }) && error.to_string().contains(names[1]),
            "{error}"
        );
        let _ = world.faults.on(Op::Get, |_| true, Fault::FalseAbsent);
        let error = read_table(store).await.unwrap_err();
        assert!(matches!(error, TableError::Gone { .. }), "{error}");
    }
}
