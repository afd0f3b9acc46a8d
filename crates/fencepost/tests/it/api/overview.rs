//! What is told of a log without reading an entry.

use crate::support::{World, append_all, options, wal_on};
use fencepost::{EntryKind, Position, ReadError, ReadFrom};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn an_overview_tells_how_far_a_log_is_and_reads_no_entry() {
    let world = World::new().await;
    let leased = options().with_lease_ttl(Some(Duration::from_secs(10)));
    let writer = world.wal.open_writer(leased).await.unwrap();
    append_all(&writer, 1..=3).await;
    writer.checkpoint(Position::new(2)).await.unwrap();
    let wal = wal_on(Arc::new(world.faults.clone())).await;
    let overview = wal.overview().await.unwrap();
    assert_eq!((overview.manifest.writer_epoch.get(), overview.manifest.replay_after.get()), (1, 2));
    assert_eq!((overview.tail.get(), overview.highest.get(), overview.boundary.get()), (4, 4, 0));
    assert_eq!((overview.entries.objects, overview.uncovered.objects), (4, 2));
    assert!(overview.entries.bytes > overview.uncovered.bytes && overview.collected.is_none());
    assert_eq!(
        overview.lease.map(|status| (status.lease.epoch.get(), status.lease.released)),
        Some((1, false))
    );
    assert_eq!(wal.checkpoint_position().await.unwrap(), Position::new(2));
    assert_eq!(wal.tail_position().await.unwrap(), Position::new(4));
    assert_eq!(wal.manifest().await.unwrap(), overview.manifest);
    // Two for each search of the manifest, of which the tail takes two, and one for the lease.
    assert_eq!(wal.requests().get, 2 * 5 + 1);
}

/// P-53: what a collection has passed may be gone; what is above it is there.
#[tokio::test(start_paused = true)]
async fn the_first_position_is_above_what_was_collected() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    assert_eq!(world.wal.first_position().await.unwrap(), Position::FIRST);
    writer.checkpoint(Position::new(6)).await.unwrap();
    assert_eq!(world.wal.first_position().await.unwrap(), Position::FIRST, "nothing was collected");
    world.wal.collector().run().await.unwrap();
    let before = world.wal.requests();
    let first = world.wal.first_position().await.unwrap();
    let cost = world.wal.requests() - before;
    assert_eq!((first.get(), cost.list, cost.total()), (7, 1, 1));
    assert!(world.wal.reader(ReadFrom::Position(first)).await.unwrap().next().await.unwrap().is_some());
    let below = ReadFrom::Position(first.prev());
    let error = world.wal.reader(below).await.unwrap().next().await.unwrap_err();
    assert!(matches!(error, ReadError::Truncated { .. }), "{error}");
}

/// The tail ends below the first position that is missing; what is above it shows in `highest`.
#[tokio::test(start_paused = true)]
async fn a_gap_ends_the_tail() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=4).await;
    world.delete_entries([4]).await;
    let overview = world.wal.overview().await.unwrap();
    assert_eq!((overview.tail.get(), overview.highest.get()), (3, 5));
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_told_by_its_position_whatever_it_is() {
    let world = World::new().await;
    append_all(&world.writer().await, [7]).await;
    let wal = &world.wal;
    let first = wal.entry_at(Position::new(1)).await.unwrap().unwrap();
    assert_eq!((first.header().kind, first.rows()), (EntryKind::CleanFence, 0));
    let data = wal.entry_at(Position::new(2)).await.unwrap().unwrap();
    assert_eq!((data.header().kind, data.rows(), data.epoch().get()), (EntryKind::Data, 1, 1));
    assert!(wal.entry_at(Position::new(3)).await.unwrap().is_none());
    let _denied = world.faults.on(Op::Get, world.entry(2), Fault::Deny);
    assert!(wal.entry_at(Position::new(2)).await.is_err());
}
