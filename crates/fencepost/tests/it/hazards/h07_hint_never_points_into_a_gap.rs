//! Hazard 7: a guarding fence with a gap behind it. A writer that probes forward from a hint takes the gap
//! for the tail. Lance's does, from the manifest's `last_seen`.

use crate::support::{World, append, append_all, headers, settle};
use fencepost::{Manifest, Position, Version};

async fn latest(world: &World) -> Manifest {
    let mut version = Version::FIRST;
    let mut latest = None;
    loop {
        let path = world.truth.paths().manifest(version);
        let Some(found) = world.truth.store().get(&path).await.into_result().unwrap() else { break };
        latest = Some(Manifest::decode(&path, version, &found.bytes).unwrap());
        version = version.next();
    }
    latest.unwrap()
}

/// Lance's search: from the hint forward if an object stands there, else by listing.
async fn next_by_lances_search(world: &World, hint: Position) -> u64 {
    let there = headers(&world.truth).await;
    let listed = there.keys().max().copied().unwrap_or(0) + 1;
    if there.contains_key(&hint.get()) {
        (hint.get()..).find(|at| !there.contains_key(at)).unwrap()
    } else {
        listed
    }
}

/// A fence entry is kept at 5, and all around it is collected.
async fn fence_with_a_gap() -> World {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    settle().await;
    let b = world.writer().await;
    append_all(&b, 11..=13).await;
    b.checkpoint(Position::new(71)).await.unwrap();
    append_all(&b, [14]).await;
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "5:p2 72:d2");
    world
}

/// P-33, P-57: the hint moves along with the checkpoint, so it never rests on a guarding fence.
#[tokio::test(start_paused = true)]
async fn h07_the_hint_moves_with_the_checkpoint() {
    let world = fence_with_a_gap().await;
    let manifest = latest(&world).await;
    assert!(manifest.last_seen >= manifest.replay_after, "{manifest:?}");
    assert_eq!(next_by_lances_search(&world, manifest.last_seen).await, 73);
    assert_eq!(append(&world.writer().await, 15).await.unwrap(), 73 + 64);
    assert_eq!(world.rows().await, [14, 15]);
}

/// Without the cure: a hint that still names the guarding fence sends the search into the gap, far below the
/// replay point. Ours never asks it.
#[tokio::test(start_paused = true)]
async fn h07_without_it_the_gap_is_taken_for_the_tail() {
    let world = fence_with_a_gap().await;
    let mut manifest = latest(&world).await;
    (manifest.version, manifest.last_seen) = (manifest.version.next(), Position::new(5));
    let path = world.truth.paths().manifest(manifest.version);
    world.truth.store().create(path, manifest.encode().into()).await.unwrap();
    let next = next_by_lances_search(&world, manifest.last_seen).await;
    assert_eq!(next, 6);
    assert!(next <= manifest.replay_after.get(), "whoever writes there is never read");
    assert_eq!(append(&world.writer().await, 15).await.unwrap(), 73 + 64);
}
