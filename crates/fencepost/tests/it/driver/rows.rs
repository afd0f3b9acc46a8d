//! Rows that are not what their header promises, and rows of dead writers.

use super::taken_over;
use crate::support::{World, append_all, numbers, options, rows};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use fencepost::{
    Epoch, GaveUp, Nonce, OpenWriterError, Pipelining, Position, ReadError, ReadFrom, ResumePoint,
};
use fencepost_format::{DecodeLimits, EncodedBatches, TRAILER_BYTES, assemble_entry, decode_header};
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;

/// Rows at 2 and 4, and at 3 an entry as Lance writes them, without a checksum: its header is sound, and its
/// rows are not.
async fn undecodable() -> World {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    world.delete_entries([3]).await;
    let text: ArrayRef = Arc::new(StringArray::from(vec!["aa", "bb"]));
    let rows = EncodedBatches::encode(&[RecordBatch::try_from_iter([("text", text)]).unwrap()]).unwrap();
    let at = Position::new(3);
    let mut bytes = assemble_entry(at, Epoch::FIRST, Nonce(1), &[rows]).unwrap().concat();
    bytes.truncate(bytes.len() - TRAILER_BYTES);
    // The second text begins at 99, behind the end of both.
    let offsets = [0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0];
    let begins = bytes.windows(offsets.len()).position(|window| window == offsets).unwrap();
    bytes[begins + 4] = 99;
    let object = world.truth.paths().entry(at);
    assert!(decode_header(&object, at, &bytes, DecodeLimits::DEFAULT).is_ok(), "the header is sound");
    world.truth.store().create(object, bytes.into()).await.unwrap();
    world
}

/// P-13: a reader does not pass it, however often it is asked.
#[tokio::test(start_paused = true)]
async fn a_reader_stays_at_rows_that_it_cannot_decode() {
    let world = undecodable().await;
    let object = world.wal.paths().entry(Position::new(3));
    let mut reader = world.wal.reader(ReadFrom::Checkpoint).await.unwrap();
    assert_eq!(numbers(&reader.next().await.unwrap().unwrap()), [1]);
    for _ in 0..3 {
        let error = reader.next().await.unwrap_err();
        assert!(matches!(error, ReadError::Rows { .. }) && error.to_string().contains(&object), "{error}");
        assert_eq!(reader.resume_point(), ResumePoint { next: Position::new(3), highest: Epoch::FIRST });
    }
    let mut tail = world.wal.tail(ReadFrom::Position(Position::new(3))).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(tail.next().await, Err(ReadError::Rows { .. })));
    }
    let again = rows(&world.wal, ReadFrom::Resume(reader.resume_point())).await;
    assert!(matches!(again, Err(ReadError::Rows { .. })), "{again:?}");
}

/// P-13: nor does an opener that was asked for its rows; it does not open.
#[tokio::test(start_paused = true)]
async fn a_recovery_stays_at_rows_that_it_cannot_decode() {
    let world = undecodable().await;
    let object = world.wal.paths().entry(Position::new(3));
    let mut opening = world.wal.begin_writing(options()).await.unwrap();
    assert_eq!(numbers(&opening.next_recovered().await.unwrap().unwrap()), [1]);
    let damaged = |error: &OpenWriterError| matches!(error, OpenWriterError::GaveUp { why: GaveUp::DamagedEntry(at), .. } if at.get() == 3);
    let error = opening.next_recovered().await.unwrap_err();
    assert!(damaged(&error) && error.to_string().contains(&object), "{error}");
    for _ in 0..2 {
        assert!(damaged(&opening.next_recovered().await.unwrap_err()));
    }
    assert!(damaged(&opening.finish().await.unwrap_err()));
}

/// P-43: inside a fence range, what a dead writer left there is no part of the log, and only what lies below
/// tells so.
#[tokio::test(start_paused = true)]
async fn a_resume_point_of_an_unknown_epoch_looks_at_what_lies_below() {
    let (stalled, _next) = taken_over().await;
    for highest in [Epoch::NONE, Epoch::new(2)] {
        let from = ReadFrom::Resume(ResumePoint { next: Position::new(4), highest });
        assert_eq!(rows(&stalled.world.wal, from).await.unwrap(), [4], "{highest}");
    }
    stalled.at_three.release();
    for ticket in stalled.tickets {
        assert!(ticket.await.unwrap_err().is_definite());
    }
}

/// P-27: where nobody can tell whether the log lies in a Lance table, it may.
#[tokio::test(start_paused = true)]
async fn a_table_that_cannot_be_looked_for_may_be_there() {
    let world = World::new().await;
    let denied = world.faults.on(Op::List, |path| path.ends_with("_versions"), Fault::Deny);
    let writer = world.wal.open_writer(options()).await.unwrap();
    assert_eq!((writer.status().in_flight_max, denied.hits()), (1, 1));
    let told = options().with_pipelining(Pipelining::Always);
    assert_eq!(world.wal.open_writer(told).await.unwrap().status().in_flight_max, 64);
    assert_eq!(denied.hits(), 1, "whoever is told does not look");
}

/// P-27: one request that is lost costs a second one, not the window.
#[tokio::test(start_paused = true)]
async fn a_table_is_looked_for_again() {
    let world = World::new().await;
    let dropped = world.faults.on(Op::List, |path| path.ends_with("_versions"), Fault::Drop).times(1);
    let writer = world.wal.open_writer(options()).await.unwrap();
    assert_eq!((writer.status().in_flight_max, dropped.hits()), (64, 1));
}
