//! What cannot be read: everybody says so by the end of their retry timeout, names it, and did not storm the
//! store meanwhile.

use crate::support::{World, any_lease, any_manifest, append_all, options, rows};
use fencepost::{
    CheckpointError, CollectError, Epoch, GaveUp, OpenWriterError, Position, ReadError, ReadFrom, Takeover,
    Version, WriterOptions,
};
use fencepost_store::wrap::{Fault, Op};
use std::time::Duration;
use tokio::time::Instant;

const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

fn polite() -> WriterOptions {
    WriterOptions::new().with_store_probe(false)
}

/// P-65: a candidate once waited for ever, and said nothing.
#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_read_is_named_at_the_end_of_the_retry_timeout() {
    for takeover in [Takeover::Expired, Takeover::Free] {
        let world = World::new().await;
        drop(world.writer().await);
        let denied = world.faults.on(Op::Get, any_lease, Fault::Deny);
        let started = Instant::now();
        let error = world.wal.open_writer(polite().with_takeover(takeover)).await.unwrap_err();
        check(&error, &world.wal.paths().lease(Epoch::FIRST), started);
        assert!(denied.hits() < 40, "{}", denied.hits());
    }
}

/// P-65: the size is looked at before the body is read.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_too_large_is_named_too() {
    let world = World::new().await;
    drop(world.writer().await);
    let path = world.wal.paths().lease(Epoch::FIRST);
    world.truth.store().create(&path, vec![b' '; 2 << 20].into()).await.unwrap();
    let started = Instant::now();
    let error = world.wal.open_writer(polite()).await.unwrap_err();
    check(&error, &path, started);
    // Whoever asks no lease is not kept.
    world.wal.open_writer(polite().with_takeover(Takeover::Now)).await.unwrap();
}

fn check(error: &OpenWriterError, object: &str, started: Instant) {
    assert!(matches!(error, OpenWriterError::LeaseUnread { .. }) && error.is_retryable(), "{error}");
    assert!(error.to_string().contains(object), "{error}");
    let took = started.elapsed();
    assert!((RETRY_TIMEOUT..RETRY_TIMEOUT + Duration::from_secs(1)).contains(&took), "{took:?}");
}

/// P-65: an outage in the middle of a watch changes nothing.
#[tokio::test(start_paused = true)]
async fn a_lease_that_can_be_read_again_is_watched_on() {
    let world = World::new().await;
    drop(world.writer().await);
    let denied = world.faults.on(Op::Get, any_lease, Fault::Drop).times(3);
    let started = Instant::now();
    world.wal.open_writer(polite()).await.unwrap();
    assert_eq!(denied.hits(), 3);
    assert!(started.elapsed() < RETRY_TIMEOUT, "{:?}", started.elapsed());
}

/// A log of three rows whose manifest version 1 is listed and, for a read, not there.
async fn with_a_ghost() -> (World, fencepost_store::wrap::Rule) {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    writer.close().await.unwrap();
    let ghost = world.wal.paths().manifest(Version::FIRST);
    let gone = world.faults.on(Op::Get, move |path| path == ghost, Fault::FalseAbsent);
    (world, gone)
}

/// P-67: a search once listed and read in turn without a pause, past every deadline.
#[tokio::test(start_paused = true)]
async fn a_version_that_is_listed_and_not_there_is_named_by_all_who_search() {
    let (world, gone) = with_a_ghost().await;
    let object = world.wal.paths().manifest(Version::FIRST);
    let started = Instant::now();
    let error = rows(&world.wal, ReadFrom::Checkpoint).await.unwrap_err();
    assert!(matches!(error, ReadError::GaveUp { why: GaveUp::MissingManifest(_), .. }), "{error}");
    assert!(error.to_string().contains(&object), "{error}");
    assert!(
        started.elapsed() >= RETRY_TIMEOUT && started.elapsed() < RETRY_TIMEOUT + Duration::from_secs(10)
    );
    assert!(gone.hits() < 40, "{} reads", gone.hits());

    for options in [options(), polite()] {
        let error = world.wal.open_writer(options).await.unwrap_err();
        assert!(matches!(error, OpenWriterError::GaveUp { why: GaveUp::MissingManifest(_), .. }), "{error}");
        assert!(error.to_string().contains(&object), "{error}");
    }
    let error = world.wal.collector().run().await.unwrap_err();
    assert!(matches!(error, CollectError::ListedNotThere { .. }), "{error}");
    assert!(error.to_string().contains(&object), "{error}");
    assert!(gone.hits() < 160, "{} reads", gone.hits());
}

/// P-67: and by a writer that is open.
#[tokio::test(start_paused = true)]
async fn a_checkpoint_names_a_version_that_is_listed_and_not_there() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    let object = world.wal.paths().manifest(Version::FIRST);
    let ghost = object.clone();
    let _ = world.faults.on(Op::Get, move |path| path == ghost, Fault::FalseAbsent);
    let error = writer.checkpoint(Position::new(3)).await.unwrap_err();
    assert!(matches!(error, CheckpointError::GaveUp { why: GaveUp::MissingManifest(_), .. }), "{error}");
    assert!(error.to_string().contains(&object), "{error}");
    append_all(&writer, [4]).await;
}

/// P-5, P-67: a store that answers "exists" and "absent" about the same object in turn.
#[tokio::test(start_paused = true)]
async fn a_claim_that_meets_a_ghost_asks_ever_more_slowly() {
    let world = World::new().await;
    let exists = world.faults.on(Op::Put, any_manifest, Fault::FalseExists);
    let started = Instant::now();
    let error = world.wal.open_writer(options()).await.unwrap_err();
    assert!(matches!(error, OpenWriterError::GaveUp { why: GaveUp::Unknown, .. }), "{error}");
    assert!(
        started.elapsed() >= RETRY_TIMEOUT && started.elapsed() < RETRY_TIMEOUT + Duration::from_secs(10)
    );
    assert!(exists.hits() < 40, "{} creates", exists.hits());
}
