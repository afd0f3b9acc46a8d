//! Hazard 13: a listing is no snapshot. Objects come and go while its pages are read, and with bit-reversed
//! names new ones sort anywhere.

use crate::support::{World, append_all, options, wal_on};
use fencepost::{Policy, Position, Version};
use fencepost_store::wrap::{Fault, FaultStore, Op};
use std::sync::Arc;
use std::time::Duration;

/// P-1: what a listing misses at the end is found by probing forward.
#[tokio::test(start_paused = true)]
async fn h13_manifests_that_a_listing_misses_are_found() {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, 1..=9).await;
    for at in 2..=8 {
        a.checkpoint(Position::new(at)).await.unwrap();
    }
    // The listing shows versions 1 to 3 of 8. Taken for the truth it would give replay from 4 on, and a claim
    // of a version that exists.
    let newer: Vec<_> = (4..=8).map(|version| world.wal.paths().manifest(Version::new(version))).collect();
    let hidden =
        world.faults.on(Op::List, move |path| newer.iter().any(|newer| newer == path), Fault::FalseAbsent);
    let b = world.writer().await;
    assert!(hidden.hits() >= 5);
    assert_eq!((b.epoch().get(), b.status().replay_after.get()), (2, 8));
    drop(a);
}

/// P-1: a version that was listed and pruned before it was read makes the search list again.
#[tokio::test(start_paused = true)]
async fn h13_a_listing_older_than_a_pruning_is_asked_again() {
    let world = World::new().await;
    let a = world.writer().await;
    append_all(&a, 1..=9).await;
    let own = FaultStore::new(Arc::clone(world.faults.inner()));
    let held = own.hold(Op::List, |path| path.ends_with("/manifest")).times(1);
    let b = wal_on(Arc::new(own)).await;
    let b = tokio::spawn(async move { b.open_writer(options()).await });
    held.arrived().await; // What B lists is fixed by now, and still on its way to B.
    for at in 2..=8 {
        a.checkpoint(Position::new(at)).await.unwrap();
    }
    let policy = Policy::new().with_manifests_keep(1).with_manifests_age(Duration::ZERO);
    world.wal.collector().with_policy(policy).run().await.unwrap();
    held.release();
    let b = b.await.unwrap().unwrap();
    assert_eq!((b.epoch().get(), b.status().replay_after.get()), (2, 8));
    assert!(b.status().open_requests.list >= 2);
}

/// The log itself is never listed by those who read or write it, so holes in a listing cannot be holes in the log.
#[tokio::test(start_paused = true)]
async fn h13_readers_and_writers_do_not_list_entries() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=9).await;
    let listed = world.faults.on(Op::List, |path| path.contains("/wal"), Fault::Drop);
    let _ = world.faults.on(Op::List, |path| path.contains("/wal/"), Fault::FalseAbsent);
    let b = world.writer().await;
    append_all(&b, [10]).await;
    assert_eq!(
        crate::support::rows(&world.wal, fencepost::ReadFrom::Checkpoint).await.unwrap(),
        (1..=10).collect::<Vec<_>>()
    );
    assert_eq!(listed.hits(), 0);
}

/// P-50, P-52: a collector that lists with holes deletes less, and nothing that must stay.
#[tokio::test(start_paused = true)]
async fn h13_a_collector_with_holes_in_its_listing_harms_nobody() {
    for hole in 1..=72 {
        let world = World::new().await;
        drop(world.writer().await);
        let b = world.writer().await;
        append_all(&b, 1..=5).await;
        b.checkpoint(Position::new(68)).await.unwrap();
        let hidden = world.faults.on(Op::List, world.entry(hole), Fault::FalseAbsent);
        world.wal.collector().run().await.unwrap();
        hidden.stop();
        assert_eq!(world.rows().await, [4, 5], "hole at {hole}");
        assert!(world.layout().await.contains("2:p2"), "hole at {hole}");
        world.wal.collector().run().await.unwrap();
        assert_eq!(world.layout().await, "2:p2 69-70:d2", "hole at {hole}");
    }
}
