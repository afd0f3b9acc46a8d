//! Hazard 17: entries that are truncated, bit-flipped, misplaced, empty, foreign or huge.

use crate::support::{World, append_all, numbers, options, wal_builder};
use fencepost::{DecodeLimits, OpenWriterError, Position, ReadError, ReadFrom};
use std::sync::Arc;

async fn bytes_of(world: &World, at: u64) -> Vec<u8> {
    let path = world.truth.paths().entry(Position::new(at));
    world.truth.store().get(path).await.into_result().unwrap().unwrap().bytes.to_vec()
}

/// Three rows at 2, 3 and 4; the middle one replaced.
async fn damaged(replace: impl FnOnce(Vec<u8>, Vec<u8>) -> Vec<u8>) -> World {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let bytes = replace(bytes_of(&world, 3).await, bytes_of(&world, 4).await);
    world.delete_entries([3]).await;
    world.truth.store().create(world.truth.paths().entry(Position::new(3)), bytes.into()).await.unwrap();
    world
}

/// P-13: reader and opener both stop there, name object and place, and do not step over it however often they
/// are asked.
async fn check(what: &str, world: World) {
    let object = world.truth.paths().entry(Position::new(3));
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [1], "{what}");
    let error = reader.next().await.unwrap_err();
    assert!(matches!(error, ReadError::GaveUp { at, .. } if at.get() == 3), "{what}: {error}");
    assert!(error.to_string().contains(&object) && error.to_string().contains("byte "), "{what}: {error}");
    assert!(reader.next().await.is_err(), "{what}");
    assert_eq!(reader.resume_point().next.get(), 3, "{what}");
    let error = world.wal.open_writer(options()).await.unwrap_err();
    assert!(matches!(error, OpenWriterError::GaveUp { .. }) && !error.is_retryable(), "{what}: {error}");
    assert!(error.to_string().contains(&object), "{what}: {error}");
    let verified = world.wal.verify(|_, _| {}).await.unwrap();
    assert!(!verified.is_ok(), "{what}");
}

#[tokio::test(start_paused = true)]
async fn h17_damage_is_an_error_with_object_and_offset() {
    check("empty", damaged(|_, _| Vec::new()).await).await;
    check("text", damaged(|_, _| b"once upon a time".repeat(100)).await).await;
    check("another position's", damaged(|_, next| next).await).await;
    check(
        "cut by one byte",
        damaged(|mut bytes, _| {
            bytes.pop();
            bytes
        })
        .await,
    )
    .await;
    check("cut to half", damaged(|bytes, _| bytes[..bytes.len() / 2].to_vec()).await).await;
    check("with something behind it", damaged(|bytes, _| [bytes, vec![0; 64]].concat()).await).await;
}

/// Every byte matters: the checksum covers rows and trailer.
#[tokio::test(start_paused = true)]
async fn h17_a_flipped_bit_anywhere_is_noticed() {
    let length = bytes_of(&damaged(|bytes, _| bytes).await, 3).await.len();
    for byte in (0..length).step_by(61).chain(length - 64..length) {
        let flip = |mut bytes: Vec<u8>| {
            bytes[byte] ^= 0x10;
            bytes
        };
        check(&format!("byte {byte} of {length} flipped"), damaged(|bytes, _| flip(bytes)).await).await;
    }
}

/// The size is looked at before the body is read.
#[tokio::test(start_paused = true)]
async fn h17_a_huge_object_costs_no_memory() {
    let world = damaged(|_, _| vec![0; 10 << 20]).await;
    let limits = DecodeLimits::DEFAULT.with_object_bytes_max(1 << 20);
    let wal = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits).open().await.unwrap();
    let mut reader = wal.reader(ReadFrom::Position(Position::new(3))).await.unwrap();
    let error = reader.next().await.unwrap_err();
    assert!(matches!(error, ReadError::GaveUp { .. }) && error.to_string().contains("10485760"), "{error}");
}

/// P-51: a collector keeps what it cannot understand.
#[tokio::test(start_paused = true)]
async fn h17_a_damaged_entry_is_not_collected() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=5).await;
    writer.checkpoint(Position::new(6)).await.unwrap();
    world.delete_entries([3]).await;
    let path = world.truth.paths().entry(Position::new(3));
    world.truth.store().create(&path, "text".into()).await.unwrap();
    // Without the opener's record, so that the entry is read.
    let record = world.truth.paths().opening_record(writer.status().epoch);
    assert!(world.truth.store().delete([record]).await[0].result.is_ok());
    let report = world.wal.collector().run().await.unwrap().report;
    assert_eq!(report.kept.get("unreadable"), Some(&1), "{:?}", report.kept);
    assert!(world.truth.store().get(&path).await.into_result().unwrap().is_some());
}
