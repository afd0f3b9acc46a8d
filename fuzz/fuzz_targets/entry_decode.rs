//! Any bytes as an entry, once as they are and once with a trailer that makes them ours: an error or an entry
//! whose every array is sound, never a panic, and never more memory than the limits allow.

#![no_main]

use bytes::Bytes;
use fencepost_format::{
    DecodeLimits, Entry, EntryKind, EntrySummary, Epoch, Nonce, Position, Trailer, decode_header,
    decode_lance_head,
};
use libfuzzer_sys::fuzz_target;

const LIMITS: DecodeLimits = DecodeLimits::DEFAULT
    .with_object_bytes_max(1 << 20)
    .with_decoded_bytes_max(4 << 20)
    .with_rows_max(1 << 16)
    .with_fields_max(1 << 10);

fuzz_target!(|bytes: &[u8]| {
    let lances = decode(bytes);
    let head = decode_lance_head("fuzz", Position::FIRST, bytes.len() as u64, bytes);
    if lances.is_some() {
        assert!(head.is_ok(), "the head of a sound entry: {head:?}");
    }
    let summary = decode_header("fuzz", Position::FIRST, bytes, LIMITS).ok();
    for kind in [EntryKind::Data, EntryKind::Fence] {
        decode(&with_trailer(bytes, kind, summary.as_ref()));
    }
});

fn decode(bytes: &[u8]) -> Option<Entry> {
    let object = Bytes::copy_from_slice(bytes);
    let header = decode_header("fuzz", Position::FIRST, bytes, LIMITS);
    let entry = Entry::decode("fuzz", Position::FIRST, &object, LIMITS).ok()?;
    assert_eq!(&header.expect("the whole is sound"), entry.summary());
    for batch in entry.batches() {
        assert_eq!(batch.schema_ref(), entry.schema());
        for column in batch.columns() {
            column.to_data().validate_full().expect("what was decoded is sound");
        }
    }
    Some(entry)
}

fn with_trailer(body: &[u8], kind: EntryKind, summary: Option<&EntrySummary>) -> Vec<u8> {
    let trailer = Trailer {
        kind,
        position: Position::FIRST,
        epoch: summary.map_or(Epoch::FIRST, |summary| summary.header.epoch),
        nonce: Nonce(7),
        rows: summary.map_or(0, |summary| summary.rows),
        batches: summary.map_or(0, |summary| summary.batches as u32),
        body_bytes: body.len() as u64,
        body_crc: crc32c::crc32c(body),
    };
    [body, &trailer.encode()].concat()
}
