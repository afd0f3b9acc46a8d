//! Hazard 8: a manifest commit stalls, and lands after its version was pruned. A stale hint then names it.

use crate::support::{World, append_all, options, wal_on};
use fencepost::{CheckpointError, Policy, Position, Version};
use fencepost_format::encode_version_hint;
use fencepost_store::wrap::{FaultStore, Op};
use std::sync::Arc;
use std::time::Duration;

/// P-3, P-4, P-9.
#[tokio::test(start_paused = true)]
async fn h08_a_commit_into_pruned_space_is_not_won() {
    let world = World::new().await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let a = wal_on(Arc::new(own.clone())).await.open_writer(options()).await.unwrap();
    append_all(&a, 1..=3).await;
    let paths = world.wal.paths().clone();
    let second = paths.manifest(Version::new(2));
    let held = own
        .hold(Op::Put, {
            let second = second.clone();
            move |path| path == second
        })
        .times(1);
    let checkpoint = tokio::spawn(async move { (a.checkpoint(Position::new(3)).await, a) });
    held.arrived().await;

    let b = world.writer().await;
    append_all(&b, 11..=20).await;
    for at in 69..75 {
        b.checkpoint(Position::new(at)).await.unwrap();
    }
    let policy = Policy::new().with_manifests_keep(1).with_manifests_age(Duration::ZERO);
    let pruned = world.wal.collector().with_policy(policy).run().await.unwrap();
    assert_eq!(pruned.report.deleted.manifests, 7, "versions 1 to 7 of 8");
    held.release();

    let (refused, _a) = checkpoint.await.unwrap();
    assert!(matches!(refused, Err(CheckpointError::Fenced { by }) if by == b.epoch()), "{refused:?}");
    let landed = world.truth.store().get(&second).await.into_result().unwrap();
    assert!(landed.is_some(), "the create itself succeeded: creating is not winning");
    // Without the cure it would count: it is what a hint of that time names, and it says epoch 1 and replay
    // from 4.
    let hint = encode_version_hint(Version::new(2));
    world.truth.store().put_overwrite(paths.version_hint(), hint.into()).await.unwrap();
    assert_eq!(
        world.rows().await,
        [17, 18, 19, 20],
        "readers list and probe, and do not believe the hint (P-1)"
    );
    append_all(&b, [21]).await;
    b.checkpoint(Position::new(77)).await.unwrap();
    let c = world.writer().await;
    assert_eq!(c.epoch().get(), 3);
    assert_eq!(world.rows().await, [20, 21]);
}
