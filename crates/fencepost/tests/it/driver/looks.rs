//! A look that was not answered shows nothing: neither that there is no boundary, nor that nothing stands
//! above a gap, nor that there is no later manifest.

use super::changed_hands;
use crate::support::{World, append_all, options, rows, rows_from, wal_builder};
use fencepost::{CursorName, GaveUp, OpenWriterError, Position, ReadError, ReadFrom, Version, Wal, Writer};
use fencepost_format::{Boundary, DecodeLimits, MANIFEST_BYTES_MAX};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

fn boundaries(path: &str) -> bool {
    path.ends_with("/gc")
}

fn name() -> CursorName {
    CursorName::parse("copy").unwrap()
}

/// P-45, P-54.
#[tokio::test(start_paused = true)]
async fn boundaries_that_cannot_be_listed_are_not_taken_for_none() {
    for fault in [Fault::Drop, Fault::Deny] {
        let world = changed_hands().await;
        let failing = world.faults.on(Op::List, boundaries, fault);
        let mut reader = world.wal.reader(ReadFrom::Position(Position::new(2))).await.unwrap();
        let mut handed_out = 0;
        let error = loop {
            match reader.next().await {
                Ok(entry) => handed_out += usize::from(entry.is_some()),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::GaveUp { at, .. } if at.get() == 6), "{fault:?}: {error}");
        assert_eq!(handed_out, 3, "nothing above the change of hands");
        assert!(world.wal.cursor(name(), Position::new(3)).await.is_err(), "{fault:?}");
        assert!(world.wal.verify(|_, _| ()).await.is_err(), "{fault:?}");
        failing.stop();
        assert_eq!(rows_from(&world.wal, 2).await.unwrap(), [1, 2, 3, 4, 5, 6]);
    }
}

/// A superseded boundary stays for a while (P-98), and a listing is in any order: the highest is the first of
/// some and the last of others.
#[tokio::test(start_paused = true)]
async fn of_several_boundaries_the_highest_counts() {
    for reversed in [false, true] {
        the_highest_boundary_counts(reversed).await;
    }
}

async fn the_highest_boundary_counts(reversed: bool) {
    let world = changed_hands().await;
    let _order = reversed.then(|| world.faults.on(Op::List, boundaries, Fault::Reverse));
    for at in [3, 4] {
        let boundary = Boundary { boundary: Position::new(at), guarding_fences: Vec::new() };
        let path = world.truth.paths().boundary(boundary.boundary);
        world.truth.store().create(path, boundary.encode().unwrap().into()).await.unwrap();
    }
    let refused = world.wal.cursor(name(), Position::new(3)).await.unwrap_err();
    assert!(matches!(refused, ReadError::Truncated { first, .. } if first.get() == 5), "{refused}");
    assert_eq!(world.wal.inspect().await.unwrap().boundary.get(), 4);
    world.wal.cursor(name(), Position::new(4)).await.unwrap();
}

async fn opened(wal: &Wal) -> Result<Writer, OpenWriterError> {
    wal.open_writer(options()).await
}

/// P-91, P-92: the entry at 5 proves that the one at 3 is lost. An opener that took it for absent would put
/// its fence entry there.
#[tokio::test(start_paused = true)]
async fn what_stands_above_a_gap_and_cannot_be_looked_at_is_not_taken_for_absent() {
    for (op, fault) in
        [(Op::Head, Fault::Drop), (Op::Head, Fault::Deny), (Op::Get, Fault::Drop), (Op::Get, Fault::Deny)]
    {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, 1..=3).await;
        writer.close().await.unwrap();
        world.delete_entries([3]).await;
        let before = world.layout().await;
        assert_eq!(before, "1:h1 2:d1 4:d1 5:c1");
        let failing = world.faults.on(op, world.entry(5), fault);
        let error = opened(&world.wal).await.unwrap_err();
        assert!(matches!(error, OpenWriterError::GaveUp { .. }), "{op:?} {fault:?}: {error}");
        assert_eq!(world.layout().await, before, "{op:?} {fault:?}");
        failing.stop();
        let error = opened(&world.wal).await.unwrap_err();
        assert!(
            matches!(error, OpenWriterError::GaveUp { why: GaveUp::LostEntry { at, proof }, .. } if (at.get(), proof.get()) == (3, 5)),
            "{error}"
        );
    }
}

/// P-91: nor is what is damaged. A reader looks further up only if something stands directly above the gap.
#[tokio::test(start_paused = true)]
async fn what_stands_above_a_gap_and_is_damaged_is_not_taken_for_absent() {
    for bytes in [&b""[..], b"text", &[0; 100]] {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, 1..=3).await;
        writer.close().await.unwrap();
        world.delete_entries([3, 4]).await;
        let path = world.truth.paths().entry(Position::new(4));
        world.truth.store().create(path, bytes.to_vec().into()).await.unwrap();
        let wal = wal_builder(Arc::new(world.faults.clone())).with_read_ahead(1).open().await.unwrap();
        let error = rows(&wal, ReadFrom::Checkpoint).await.unwrap_err();
        assert!(
            matches!(error, ReadError::GaveUp { why: GaveUp::LostEntry { at, proof }, .. } if (at.get(), proof.get()) == (3, 5)),
            "{bytes:?}: {error}"
        );
    }
}

/// P-1: a version that cannot be read may be the latest.
#[tokio::test(start_paused = true)]
async fn a_manifest_that_cannot_be_read_is_not_taken_for_absent() {
    for fault in [Fault::Drop, Fault::Deny] {
        let world = World::new().await;
        let writer = world.writer().await;
        append_all(&writer, 1..=3).await;
        writer.checkpoint(Position::new(3)).await.unwrap();
        let newest = world.wal.paths().manifest(Version::new(2));
        let (hidden, unread) = (newest.clone(), newest.clone());
        let _ = world.faults.on(Op::List, move |path| path == hidden, Fault::FalseAbsent);
        let failing = world.faults.on(Op::Get, move |path| path == unread, fault);
        let started = Instant::now();
        let error = rows(&world.wal, ReadFrom::Checkpoint).await.unwrap_err();
        assert!(matches!(error, ReadError::GaveUp { .. }) && error.to_string().contains(&newest), "{error}");
        assert!(started.elapsed() < RETRY_TIMEOUT + Duration::from_secs(10), "{:?}", started.elapsed());
        failing.stop();
        assert_eq!(rows(&world.wal, ReadFrom::Checkpoint).await.unwrap(), [3]);
    }
}

/// Waiting does not make it smaller, so nobody waits.
#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_damage_and_said_at_once() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [1]).await;
    world.delete_entries([2]).await;
    let entry = world.truth.paths().entry(Position::new(2));
    world.truth.store().create(&entry, vec![0; (1 << 20) + 1].into()).await.unwrap();
    let limits = DecodeLimits::DEFAULT.with_object_bytes_max(1 << 20);
    let wal = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits).open().await.unwrap();
    let started = Instant::now();
    let error = rows(&wal, ReadFrom::Checkpoint).await.unwrap_err();
    // The store says so, which has not read the body.
    assert!(error.to_string().contains("has 1048577 bytes, and at most 1048576 are allowed"), "{error}");
    let ReadError::GaveUp { why: GaveUp::DamagedEntry(at), .. } = error else { panic!("{error}") };
    assert_eq!(at.get(), 2);

    let manifest = world.truth.paths().manifest(Version::new(2));
    world.truth.store().create(&manifest, vec![0; MANIFEST_BYTES_MAX + 1].into()).await.unwrap();
    let error = rows(&wal, ReadFrom::Checkpoint).await.unwrap_err();
    assert!(error.to_string().contains(&manifest), "{error}");
    assert_eq!(started.elapsed(), Duration::ZERO);
}

/// One retry timeout for the whole of a search, whatever fails in it, and in whatever order.
#[tokio::test(start_paused = true)]
async fn a_search_has_one_retry_timeout() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let lists = world.faults.on(Op::List, |_| true, Fault::Drop);
    let _ = world.faults.on(Op::Get, |_| true, Fault::Drop);
    let started = Instant::now();
    let wal = world.wal.clone();
    let reading = tokio::spawn(async move { rows(&wal, ReadFrom::Checkpoint).await });
    tokio::time::sleep(RETRY_TIMEOUT * 3 / 4).await;
    lists.stop();
    reading.await.unwrap().unwrap_err();
    assert!((RETRY_TIMEOUT..RETRY_TIMEOUT * 5 / 4).contains(&started.elapsed()), "{:?}", started.elapsed());
}
