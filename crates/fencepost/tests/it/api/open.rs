//! Opening a writer: what it costs, what it leaves in the log, and what it hands out.

use crate::support::{World, append, append_all, numbers, options, settle};
use fencepost::{OpenWriterError, Position};

/// P-15: a predecessor that closed had nothing in flight, so nothing needs to be filled.
#[tokio::test(start_paused = true)]
async fn reopening_after_a_clean_close_is_a_clean_fence() {
    let world = World::new().await;
    let first = world.writer().await;
    append_all(&first, 1..=2).await;
    first.close().await.unwrap();
    let second = world.writer().await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:c1 5:h2");
    assert_eq!(second.status().open_requests.put, 3, "the claim, the hint and one fence entry");
    assert_eq!(append(&second, 3).await.unwrap(), 6);
    assert_eq!(world.rows().await, [1, 2, 3]);
}

/// P-17: 64 positions are occupied, because so many could still be on their way.
#[tokio::test(start_paused = true)]
async fn reopening_after_a_crash_fills_the_window() {
    let world = World::new().await;
    let first = world.writer().await;
    append_all(&first, 1..=2).await;
    drop(first);
    settle().await;
    let second = world.writer().await;
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:p2 5-67:f2");
    assert_eq!(
        second.status().open_requests.put,
        2 + 64,
        "the claim, the hint, one fence entry and 63 fillers"
    );
    assert_eq!(append(&second, 3).await.unwrap(), 68);
    assert_eq!(world.rows().await, [1, 2, 3]);
}

/// P-13: what is replayed is everything above the checkpoint that counts, and nothing else.
#[tokio::test(start_paused = true)]
async fn recovery_hands_out_what_is_above_the_checkpoint() {
    let world = World::new().await;
    let first = world.writer().await;
    append_all(&first, 1..=40).await;
    first.checkpoint(Position::new(11)).await.unwrap();
    drop(first);
    let mut opening = world.wal.begin_writing(options()).await.unwrap();
    assert_eq!(opening.epoch().get(), 2);
    let mut recovered = Vec::new();
    while let Some(entry) = opening.next_recovered().await.unwrap() {
        assert_eq!(entry.epoch().get(), 1);
        recovered.extend(numbers(&entry));
    }
    assert_eq!(recovered, (11..=40).collect::<Vec<_>>());
    assert!(opening.next_recovered().await.unwrap().is_none(), "and stays at its end");
    let writer = opening.finish().await.unwrap();
    assert_eq!(append(&writer, 41).await.unwrap(), 42 + 64);
}

/// Whoever stops reading the recovery half way gets a writer all the same.
#[tokio::test(start_paused = true)]
async fn finish_replays_what_was_not_asked_for() {
    let world = World::new().await;
    let first = world.writer().await;
    append_all(&first, 1..=3).await;
    first.close().await.unwrap();
    let mut opening = world.wal.begin_writing(options()).await.unwrap();
    assert_eq!(numbers(&opening.next_recovered().await.unwrap().unwrap()), [1]);
    let writer = opening.finish().await.unwrap();
    assert_eq!(append(&writer, 4).await.unwrap(), 7);
}

/// P-13: an entry that cannot be decoded ends the opening for good; asking again or finishing does not step
/// over it.
#[tokio::test(start_paused = true)]
async fn an_entry_that_cannot_be_decoded_is_never_passed_over() {
    let world = World::new().await;
    let first = world.writer().await;
    first.append(&[crate::support::batch(0..100)]).await.unwrap();
    append_all(&first, [1]).await;
    drop(first);
    let limits = fencepost::DecodeLimits::DEFAULT.with_rows_max(10);
    let builder = crate::support::wal_builder(std::sync::Arc::new(world.faults.clone()));
    let strict = builder.with_decode_limits(limits).open().await.unwrap();
    let mut opening = strict.begin_writing(options()).await.unwrap();
    for _ in 0..2 {
        let error = opening.next_recovered().await.unwrap_err();
        assert!(
            matches!(error, OpenWriterError::GaveUp { .. }) && error.to_string().contains("position 2"),
            "{error}"
        );
    }
    assert!(opening.finish().await.is_err());
}

/// P-10.
#[tokio::test(start_paused = true)]
async fn a_sealed_shard_refuses_writers() {
    let world = World::new().await;
    world.writer().await.close().await.unwrap();
    let paths = world.truth.paths();
    let path = paths.manifest(fencepost::Version::FIRST);
    let found = world.truth.store().get(&path).await.into_result().unwrap().unwrap();
    let mut manifest = fencepost::Manifest::decode(&path, fencepost::Version::FIRST, &found.bytes).unwrap();
    manifest.version = manifest.version.next();
    manifest.status = fencepost::ShardStatus::Sealed;
    world.truth.store().create(paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
    let refused = world.wal.open_writer(options()).await.unwrap_err();
    assert!(matches!(refused, OpenWriterError::Sealed) && !refused.is_retryable(), "{refused}");
    assert_eq!(world.layout().await, "1:h1 2:c1");
}

/// A folder copied under another name would have two logs take each other's epochs for their own.
#[tokio::test(start_paused = true)]
async fn a_manifest_of_another_shard_is_refused() {
    let world = World::new().await;
    world.writer().await.close().await.unwrap();
    let other = fencepost::ShardId::from_bytes([8; 16]);
    let from = world.truth.paths().manifest(fencepost::Version::FIRST);
    let bytes = world.truth.store().get(&from).await.into_result().unwrap().unwrap().bytes;
    let copy = fencepost_format::ShardPaths::new("", other).manifest(fencepost::Version::FIRST);
    world.truth.store().create(copy, bytes.into()).await.unwrap();
    let builder = crate::support::wal_builder(std::sync::Arc::new(world.faults.clone()));
    let wal = builder.with_shard(other).open().await.unwrap();
    let refused = wal.open_writer(options()).await.unwrap_err();
    assert!(refused.to_string().contains("belongs to shard 07070707"), "{refused}");
}

/// P-8: the hint names the version that was won, and nobody minds if it cannot be written.
#[tokio::test(start_paused = true)]
async fn the_hint_follows_the_manifest_as_far_as_it_can() {
    let world = World::new().await;
    let hint = || async {
        let found =
            world.truth.store().get(world.truth.paths().version_hint()).await.into_result().unwrap().unwrap();
        fencepost_format::decode_version_hint(&found.bytes).unwrap().get()
    };
    let writer = world.writer().await;
    assert_eq!(hint().await, 1);
    append_all(&writer, 1..=3).await;
    writer.checkpoint(Position::new(2)).await.unwrap();
    settle().await;
    assert_eq!(hint().await, 2);

    let path = world.wal.paths().version_hint();
    let denied = world.faults.on(
        fencepost_store::wrap::Op::Put,
        move |at| at == path,
        fencepost_store::wrap::Fault::Deny,
    );
    writer.checkpoint(Position::new(3)).await.unwrap();
    let next = world.writer().await;
    append_all(&next, [4]).await;
    settle().await;
    assert_eq!((denied.hits(), hint().await), (2, 2));
    assert_eq!(world.rows().await, [3, 4]);
}
