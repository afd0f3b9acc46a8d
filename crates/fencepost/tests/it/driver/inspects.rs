//! What an inspection says while others write and cover, and settings that have to reach those who wait.

use super::{stalled, taken_over};
use crate::support::{SHARD, World, append_all, batch, rows, wal_builder};
use fencepost::{EntryState, Epoch, Inspection, Nonce, Position, ReadFrom, ShardId, TableError, read_table};
use fencepost_format::{DecodeLimits, EntryKind, encode_marker};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn states(found: &Inspection) -> String {
    let letter = |state| match state {
        EntryState::Live => 'l',
        EntryState::Covered => 'c',
        EntryState::Stale => 'x',
        _ => unreachable!("there are three"),
    };
    found.entries.iter().map(|entry| letter(entry.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn stale_entries_are_told_and_the_tail_ends_at_a_gap() {
    let found = stalled().await.world.wal.inspect().await.unwrap();
    assert_eq!((found.tail.get(), states(&found).as_str()), (2, "lll"));
    let (stalled, _next) = taken_over().await;
    let found = stalled.world.wal.inspect().await.unwrap();
    assert_eq!((found.tail.get(), &states(&found)[..5]), (67, "lllxl"));
}

/// P-49: `replay_after` is read after the entries.
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

/// P-49: what landed late at or below `replay_after`, a fence entry of an epoch that never opened among it,
/// says nothing of the entries above.
#[tokio::test(start_paused = true)]
async fn what_landed_late_below_the_checkpoint_makes_nothing_a_stale_entry() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    writer.checkpoint(Position::new(4)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let at = Position::new(3);
    let late = encode_marker(EntryKind::Fence, at, Epoch::new(9), Nonce(9));
    world.truth.store().create(world.truth.paths().entry(at), late.into()).await.unwrap();
    assert_eq!(world.layout().await, "3:p9 5-6:d1");
    let found = world.wal.inspect().await.unwrap();
    assert_eq!((states(&found).as_str(), found.tail.get()), ("cll", 6));
    assert_eq!(rows(&world.wal, ReadFrom::Checkpoint).await.unwrap(), [5, 6]);
}

/// An entry that comes between the listing of the plan and that of the entries is above the tail of the plan:
/// it stays because it is live.
#[tokio::test(start_paused = true)]
async fn what_came_during_an_inspection_stays() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=4).await;
    writer.checkpoint(Position::new(3)).await.unwrap();
    let between = world.faults.hold(Op::List, |path| path.ends_with("/gc"));
    let wal = world.wal.clone();
    let inspecting = tokio::spawn(async move { wal.inspect().await });
    between.arrived().await;
    append_all(&writer, [5]).await;
    between.release();
    let found = inspecting.await.unwrap().unwrap();
    let stays: Vec<_> =
        found.entries.iter().map(|entry| (entry.position.get(), entry.kept_because.is_some())).collect();
    assert_eq!(stays, [(1, false), (2, false), (3, false), (4, true), (5, true)]);
}

#[tokio::test(start_paused = true)]
async fn the_retry_timeout_reaches_everybody_who_waits() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let retry_timeout = Duration::from_secs(5);
    let builder = wal_builder(Arc::new(world.faults.clone())).with_retry_timeout(retry_timeout);
    let wal = builder.open().await.unwrap();
    let _ = world.faults.on(Op::List, |_| true, Fault::Drop);
    let started = Instant::now();
    wal.cursors().await.unwrap_err();
    let listed = started.elapsed();
    wal.collector().run().await.unwrap_err();
    let collected = started.elapsed() - listed;
    for took in [listed, collected] {
        assert!((retry_timeout..retry_timeout * 2).contains(&took), "{took:?}");
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
            store.create(format!("_versions/{name}"), "no manifest".into()).await.unwrap();
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

/// Of a large entry of ours its end is read, whatever else is in it; what must be read whole, only up to the
/// limit.
#[tokio::test(start_paused = true)]
async fn large_entries_are_read_at_their_ends_and_no_further_than_the_limit() {
    let world = World::new().await;
    let writer = world.writer().await;
    writer.append(&[batch(0..20_000)]).await.unwrap();
    let mut foreign = vec![0; 200_000];
    foreign.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    world.truth.store().create(world.truth.paths().entry(Position::new(3)), foreign.into()).await.unwrap();
    let limits = DecodeLimits::DEFAULT.with_object_bytes_max(100_000);
    let builder = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits);
    let found = builder.open().await.unwrap().inspect().await.unwrap();
    let [_, ours, theirs] = &found.entries[..] else { panic!("{:?}", found.entries) };
    assert_eq!(ours.content.as_ref().map(|content| content.rows), Ok(20_000));
    let why = theirs.content.as_ref().unwrap_err();
    assert!(why.contains("200008 bytes") && why.contains("100000"), "{why}");
}
