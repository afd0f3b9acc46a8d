//! Hazard 9: two claimants get the same epoch, because one of them creates a version that the other's was
//! pruned from.

use crate::support::{World, append, append_all, options, wal_on};
use fencepost::{AppendError, Manifest, Policy, Position, Version};
use fencepost_store::wrap::{FaultStore, Op};
use std::sync::Arc;
use std::time::Duration;

/// P-2, P-4: the claim that landed in pruned space starts over, and takes an epoch of its own.
#[tokio::test(start_paused = true)]
async fn h09_a_claim_into_pruned_space_takes_the_next_epoch() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let second = world.wal.paths().manifest(Version::new(2));
    let held = own
        .hold(Op::Put, {
            let second = second.clone();
            move |path| path == second
        })
        .times(1);
    let x = wal_on(Arc::new(own)).await;
    let x = tokio::spawn(async move { x.open_writer(options()).await });
    held.arrived().await; // X is about to claim epoch 2 with version 2.

    let y = world.writer().await; // Y does it first.
    append_all(&y, 11..=20).await;
    for at in 69..72 {
        y.checkpoint(Position::new(at)).await.unwrap();
    }
    let policy = Policy::new().with_manifests_keep(1).with_manifests_age(Duration::ZERO);
    world.wal.collector().with_policy(policy).run().await.unwrap();
    held.release();
    let x = x.await.unwrap().unwrap();

    // Without the read after the create X would hold epoch 2 as well: its version 2 stands there and says so.
    let landed = world.truth.store().get(&second).await.into_result().unwrap().unwrap();
    assert_eq!(Manifest::decode(&second, Version::new(2), &landed.bytes).unwrap().writer_epoch, y.epoch());
    assert_eq!((y.epoch().get(), x.epoch().get()), (2, 3));
    assert!(matches!(append(&y, 21).await, Err(AppendError::Fenced { by, .. }) if by == x.epoch()));
    append_all(&x, [31]).await;
    assert_eq!(world.rows().await, (14..=20).chain([31]).collect::<Vec<_>>());
}

/// Two that claim at the same moment: one wins, and the other knows.
#[tokio::test(start_paused = true)]
async fn h09_racing_claims_have_one_winner_for_each_epoch() {
    let world = World::new().await;
    let first = world.wal.paths().manifest(Version::FIRST);
    let held = world.faults.hold(Op::Put, move |path| path == first).times(2);
    let open = || {
        let wal = world.wal.clone();
        tokio::spawn(async move { wal.open_writer(options()).await })
    };
    let (a, b) = (open(), open());
    held.arrivals(2).await;
    held.release();
    let outcomes = [a.await.unwrap(), b.await.unwrap()];
    let epochs: Vec<_> = outcomes.iter().flatten().map(|writer| writer.epoch().get()).collect();
    assert!(epochs == [1, 2] || epochs == [2, 1] || epochs == [2], "{epochs:?}");
}
