//! Every error has a kind, which says what a program can do.

use crate::support::{World, any_entry, append_all, batch, options, wal_builder, wal_on};
use fencepost::{AppendError, ErrorKind, Position, ReadFrom, Takeover, Wal};
use fencepost_store::wrap::{Fault, Op};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn who_was_fenced_and_who_must_wait_are_told_apart() {
    let world = World::new().await;
    let leased = || options().with_lease_ttl(Some(Duration::from_secs(5)));
    let first = world.wal.open_writer(leased()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let held = world.wal.open_writer(leased().with_takeover(Takeover::Free)).await.unwrap_err();
    assert_eq!(held.kind(), ErrorKind::Held);
    let _second = world.writer().await;
    let fenced = first.submit(vec![batch([1])]).await.unwrap().await.unwrap_err();
    assert_eq!(fenced.kind(), ErrorKind::Fenced);
    let refused = first.submit(vec![batch([2])]).await.unwrap_err();
    assert_eq!((refused.kind(), refused.batches), (ErrorKind::Fenced, vec![batch([2])]));
}

#[tokio::test(start_paused = true)]
async fn what_readers_cannot_have_has_its_kind() {
    let world = World::new().await;
    let nobody = world.wal.reader(ReadFrom::Checkpoint).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::Missing);
    let writer = world.writer().await;
    append_all(&writer, 1..=3).await;
    writer.checkpoint(Position::new(3)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    let mut reader = world.wal.reader(ReadFrom::Position(Position::new(2))).await.unwrap();
    assert_eq!(reader.next().await.unwrap_err().kind(), ErrorKind::Truncated);
    assert_eq!(writer.checkpoint(Position::new(9)).await.unwrap_err().kind(), ErrorKind::Invalid);
}

/// What the store said is beneath, once, and has a kind of its own.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_unavailable_and_its_appends_unknown() {
    let world = World::new().await;
    let wal = wal_builder(Arc::new(world.faults.clone()))
        .with_retry_timeout(Duration::from_secs(5))
        .open()
        .await
        .unwrap();
    let writer = wal.open_writer(options()).await.unwrap();
    append_all(&writer, [1]).await;
    let _lost = world.faults.on(Op::Put, any_entry, Fault::Drop);
    let unknown = writer.append(&[batch([2])]).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.is_definite()), (ErrorKind::Unknown, false));
    assert!(matches!(unknown, AppendError::Unknown { .. }));
    let _unread = world.faults.on(Op::Get, any_entry, Fault::Drop);
    let mut reader = wal.reader(ReadFrom::Checkpoint).await.unwrap();
    let unread = reader.next().await.unwrap_err();
    assert_eq!(unread.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_place_where_nothing_is_and_one_that_makes_no_sense_are_told_apart() {
    let missing = Wal::at("./not-there")
        .with_store_options(fencepost::StoreOptions::new().create_missing(false))
        .open()
        .await
        .unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Missing);
    // What lies beneath is said once: the error is its own source's text.
    assert!(missing.source().is_none_or(|source| source.to_string() != missing.to_string()), "{missing}");
    let nonsense = Wal::at("gopher://x").open().await.unwrap_err();
    assert_eq!(nonsense.kind(), ErrorKind::Invalid);
    let world = World::new().await;
    let empty = wal_on(Arc::clone(world.faults.inner())).await;
    assert_eq!(empty.collector().run().await.unwrap_err().kind(), ErrorKind::Missing);
}

/// Each word is its own, and stable.
#[test]
fn kinds_have_names() {
    use ErrorKind::*;
    let all = [Fenced, Held, Unknown, Unavailable, Missing, Truncated, Damaged, Invalid, Unsafe, Internal];
    let names = all.map(ErrorKind::name);
    assert_eq!(
        names,
        [
            "fenced",
            "held",
            "unknown",
            "unavailable",
            "missing",
            "truncated",
            "damaged",
            "invalid",
            "unsafe",
            "internal"
        ]
    );
}
