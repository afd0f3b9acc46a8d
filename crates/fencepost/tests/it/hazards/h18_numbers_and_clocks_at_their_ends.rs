//! Hazard 18: positions, epochs and versions near 2^64, and clocks that jump or stand still.

use crate::support::{World, append, append_all, options, rows, wal_builder};
use fencepost::{Environment, Manifest, Nonce, Position, ReadFrom, Tick, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names beyond 2^62 are nobody's: they are no version, no entry and no tail.
#[tokio::test(start_paused = true)]
async fn h18_names_of_absurd_numbers_are_passed_over() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    for number in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 62) + 1] {
        let bits = format!("{:064b}", number.reverse_bits());
        let (wal, manifests) = (world.truth.paths().wal_dir(), world.truth.paths().manifest_dir());
        world.truth.store().create(format!("{wal}/{bits}.arrow"), "x".into()).await.unwrap();
        world.truth.store().create(format!("{manifests}/{bits}.binpb"), "x".into()).await.unwrap();
    }
    writer.checkpoint(Position::new(2)).await.unwrap();
    let next = world.writer().await;
    assert_eq!((next.epoch().get(), append(&next, 4).await.unwrap()), (2, 5 + 64));
    assert_eq!(rows(&world.wal, ReadFrom::Checkpoint).await.unwrap(), [2, 3, 4]);
    world.wal.collector().run().await.unwrap();
}

/// A log near the end of the numbers works, and what lies beyond is refused where it comes in.
#[tokio::test(start_paused = true)]
async fn h18_large_numbers_do_not_wrap() {
    let world = World::new().await;
    let start = (1_u64 << 62) - 1_000;
    let mut manifest = Manifest::initial(world.wal.shard());
    (manifest.version, manifest.writer_epoch) = (Version::new(start), fencepost::Epoch::new(start));
    (manifest.replay_after, manifest.last_seen) = (Position::new(start), Position::new(start));
    let path = world.truth.paths().manifest(manifest.version);
    world.truth.store().create(path, manifest.encode().into()).await.unwrap();
    let writer = world.writer().await;
    assert_eq!(writer.epoch().get(), start + 1);
    assert_eq!(append(&writer, 1).await.unwrap(), start + 65);
    writer.checkpoint(Position::new(start + 65)).await.unwrap();
    append_all(&writer, [2]).await;
    assert_eq!(world.rows().await, [2]);
    let far = world.wal.reader(ReadFrom::Position(Position::new(1 << 62))).await.unwrap().next().await;
    assert!(far.unwrap().is_none());
}

fn clock(now: Arc<AtomicU64>) -> Environment {
    let nonces = AtomicU64::new(1);
    let nonce = move || Nonce(0x18 << 64 | u128::from(nonces.fetch_add(1, Ordering::Relaxed)));
    Environment::simulated(move || Tick(now.load(Ordering::Relaxed)), nonce, 18)
}

/// P-60: a clock that stands still, jumps ahead by ages or goes back costs no acknowledged row and no panic.
#[tokio::test(start_paused = true)]
async fn h18_clocks_may_jump() {
    for jump in [0, 1, 1_000_000_000, u64::MAX] {
        let world = World::new().await;
        let now = Arc::new(AtomicU64::new(1_000));
        let builder = wal_builder(Arc::new(world.faults.clone())).with_environment(clock(Arc::clone(&now)));
        let wal = builder.open().await.unwrap();
        let options = options().with_lease_ttl(Some(std::time::Duration::from_secs(3)));
        let writer = wal.open_writer(options.clone()).await.unwrap();
        let mut acknowledged = Vec::new();
        for number in 1..=10 {
            now.store(if number % 2 == 0 { jump } else { 1_000 }, Ordering::Relaxed);
            if append(&writer, number).await.is_ok() {
                acknowledged.push(number);
            }
        }
        let _ = writer.checkpoint(Position::new(3)).await;
        drop(writer);
        let next = world.wal.open_writer(options).await.unwrap();
        append_all(&next, [11]).await;
        acknowledged.push(11);
        let all = crate::support::rows_from(&world.wal, 1).await.unwrap();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "jump to {jump}: {all:?}");
        assert!(
            acknowledged.iter().all(|number| all.contains(number)),
            "jump to {jump}: {acknowledged:?} of {all:?}"
        );
    }
}
