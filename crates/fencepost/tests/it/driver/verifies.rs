//! What a verification calls wrong, and what not: nothing that came or went while it looked.

use super::taken_over;
use crate::support::{World, any_entry, append, append_all, options, settle, wal_builder};
use fencepost::{Manifest, Position, ProblemKind, ReadError, Verification, Version};
use fencepost_format::DecodeLimits;
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const fn at(position: u64) -> Position {
    Position::new(position)
}

fn entries(path: &str) -> bool {
    path.ends_with("/wal")
}

/// `1:h1 2-6:d1 7:c1`, with the rows 2 to 6.
pub(super) async fn closed() -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    writer.close().await.unwrap();
    world
}

pub(super) async fn verified(world: &World) -> Verification {
    world.wal.verify(|_, _| ()).await.unwrap()
}

pub(super) fn said(found: &Verification) -> String {
    found.problems.iter().map(|problem| format!("{}: {}\n", problem.object, problem.what)).collect()
}

/// Puts a version on top that differs from the latest one.
pub(super) async fn commit(world: &World, latest: u64, change: impl FnOnce(&mut Manifest)) {
    let (paths, store) = (world.truth.paths(), world.truth.store());
    let version = Version::new(latest);
    let path = paths.manifest(version);
    let bytes = store.get(&path).await.into_result().unwrap().unwrap().bytes;
    let mut manifest = Manifest::decode(&path, version, &bytes).unwrap();
    manifest.version = version.next();
    change(&mut manifest);
    store.create(paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn manifests_that_went_back_are_told() {
    let world = closed().await;
    append_all(&world.writer().await, [9]).await;
    commit(&world, 2, |manifest| manifest.writer_epoch = fencepost::Epoch::FIRST).await;
    let said = said(&verified(&world).await);
    assert!(said.contains("its epoch 1 is below epoch 2 of an earlier version"), "{said}");
    assert!(said.contains("its epoch 2 is above epoch 1 of the manifest"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn versions_that_are_missing_and_strange_names_are_told() {
    let world = closed().await;
    commit(&world, 1, |_| ()).await;
    commit(&world, 2, |_| ()).await;
    let (paths, store) = (world.truth.paths(), world.truth.store());
    store.delete([paths.manifest(Version::new(2))]).await.pop().unwrap().result.unwrap();
    let stray = format!("{}/readme", paths.wal_dir());
    store.create(&stray, "x".into()).await.unwrap();
    let said = said(&verified(&world).await);
    assert!(said.contains("the next version is 3"), "{said}");
    assert!(said.contains(&format!("{stray}: this is not the name of an entry")), "{said}");
}

/// P-31.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_in_a_fence_range_is_told() {
    let world = World::new().await;
    append_all(&world.writer().await, 2..=3).await;
    append_all(&world.writer().await, [68]).await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:p2 5-67:f2 68:d2");
    for (checkpoint, told) in [(3, false), (4, true), (66, true), (67, false)] {
        let latest = world.truth.store().list_all(world.truth.paths().manifest_dir()).await.unwrap();
        let latest = latest.iter().filter(|object| object.path.as_ref().ends_with(".binpb")).count();
        commit(&world, latest as u64, |manifest| manifest.replay_after = at(checkpoint)).await;
        let said = said(&verified(&world).await);
        assert_eq!(
            said.contains("lies within a fence range; position 3 would be right"),
            told,
            "{checkpoint}: {said}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rows_of_stale_entries_are_not_counted() {
    let (stalled, _next) = taken_over().await;
    let found = verified(&stalled.world).await;
    assert_eq!((found.rows, found.is_ok()), (2, true), "{:?}", found.problems);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_nobody_wrote_to_is_not_sound() {
    let error = World::new().await.wal.verify(|_, _| ()).await.unwrap_err();
    assert!(matches!(error, ReadError::NoLog { .. }), "{error}");
}

/// P-67: a store that does not answer is asked for the manifest, and for nothing else.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_waited_for_once() {
    let world = closed().await;
    for op in [Op::List, Op::Get] {
        let _ = world.faults.on(op, |_| true, Fault::Drop);
    }
    let started = Instant::now();
    world.wal.verify(|_, _| ()).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
}

/// What is above the limits of this program is not damaged: it may not be given up as such.
#[tokio::test(start_paused = true)]
async fn what_is_above_the_limits_is_not_called_damaged() {
    let world = closed().await;
    let limits = DecodeLimits::DEFAULT.with_rows_max(0);
    let strict = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits).open().await.unwrap();
    let found = strict.verify(|_, _| ()).await.unwrap();
    assert_eq!(found.problems.len(), 5);
    assert!(found.problems.iter().all(|problem| problem.kind == ProblemKind::Other), "{}", said(&found));
    assert!(found.ailing().is_empty());
}

/// P-49: epochs that were claimed meanwhile are as they should be.
#[tokio::test(start_paused = true)]
async fn what_came_during_a_verification_is_no_problem() {
    let world = closed().await;
    let listing = world.faults.hold(Op::List, entries);
    let wal = world.wal.clone();
    let verifying = tokio::spawn(async move { wal.verify(|_, _| ()).await });
    listing.arrived().await;
    let successor = world.truth.open_writer(options()).await.unwrap();
    append_all(&successor, [9]).await;
    listing.release();
    let found = verifying.await.unwrap().unwrap();
    assert_eq!((found.rows, said(&found)), (6, String::new()));
}

/// A collection at the same time takes what was listed.
#[tokio::test(start_paused = true)]
async fn what_went_during_a_verification_is_no_problem() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    let reading = world.faults.hold(Op::Get, any_entry);
    let wal = world.wal.clone();
    let verifying = tokio::spawn(async move { wal.verify(|_, _| ()).await });
    reading.arrived().await;
    writer.checkpoint(at(5)).await.unwrap();
    world.truth.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "6:d1");
    reading.release();
    let found = verifying.await.unwrap().unwrap();
    assert_eq!((found.entries, said(&found)), (1, String::new()));
}

/// P-92: an entry that a listing missed is looked for in another one.
#[tokio::test(start_paused = true)]
async fn what_a_listing_missed_is_not_lost() {
    let world = closed().await;
    let missed = world.faults.on(Op::List, world.entry(3), Fault::FalseAbsent).times(2);
    let found = verified(&world).await;
    assert_eq!((missed.hits(), said(&found)), (2, String::new()));
}

/// P-92: and what the checkpoint passed meanwhile may be gone.
#[tokio::test(start_paused = true)]
async fn what_was_covered_during_a_verification_is_not_lost() {
    let world = World::new().await;
    let writer = world.writer().await;
    for number in 2..=69 {
        append(&writer, number).await.unwrap();
    }
    let _ = world.faults.on(Op::List, world.entry(3), Fault::FalseAbsent);
    let last = world.faults.hold(Op::List, entries).after(2);
    let wal = world.wal.clone();
    let verifying = tokio::spawn(async move { wal.verify(|_, _| ()).await });
    last.arrived().await;
    writer.checkpoint(at(4)).await.unwrap();
    world.delete_entries([3]).await;
    last.release();
    let found = verifying.await.unwrap().unwrap();
    assert_eq!(said(&found), "");
}

/// As many entries are in memory at once as the reader was told to read ahead, and no more.
#[tokio::test(start_paused = true)]
async fn a_verification_reads_a_few_entries_at_a_time() {
    let world = World::new().await;
    append_all(&world.writer().await, 2..=21).await;
    let wal = wal_builder(Arc::new(world.faults.clone())).with_read_ahead(4).open().await.unwrap();
    let reading = world.faults.hold(Op::Get, any_entry);
    let verifying = tokio::spawn(async move { wal.verify(|_, _| ()).await });
    reading.arrived().await;
    settle().await;
    assert_eq!(reading.hits(), 4);
    reading.release();
    assert_eq!(verifying.await.unwrap().unwrap().entries, 21);
}
