//! Cut, flipped, misplaced, foreign and huge objects: a typed error that names object and place, never a
//! panic, and never an entry with other rows than were written.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::support::{AT, EPOCH, MARKERS, NONCE, any_groups, cases, entry_of, for_arrows_writer};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::Schema;
use bytes::Bytes;
use fencepost_format::{
    DecodeLimits, Entry, EntryKind, EntryTail, FormatError, LanceHead, TRAILER_BYTES, decode_header,
    decode_lance_head, encode_marker, parse_entry_name,
};
use proptest::prelude::*;

fn decode(bytes: &[u8]) -> Result<Entry, FormatError> {
    let decoded = Entry::decode("entry", AT, &Bytes::copy_from_slice(bytes), DecodeLimits::DEFAULT);
    if let Err(error) = &decoded {
        assert_eq!(error.object(), Some("entry"), "{error}");
        // The guard around Arrow is for what nobody has found yet; what a test finds is refused before.
        assert!(!error.to_string().contains("panicked"), "{error}");
    }
    decoded
}

/// What a flipped bit or a cut of an entry of ours comes to (F-13): it is noticed, with one harmless exception. A
/// data entry from which exactly the trailer is cut reads as one by Lance, with the same rows and the same epoch.
fn check_damaged(damaged: &[u8], original: &Bytes) {
    let Ok(read) = decode(damaged) else { return };
    let written = decode(original).unwrap();
    assert!(written.header().kind.is_data(), "markers without their trailers are noticed");
    let only_the_trailer_is_missing = damaged == &original[..original.len() - TRAILER_BYTES];
    assert!(only_the_trailer_is_missing, "no other damage goes unnoticed");
    assert_eq!(read.batches(), written.batches());
    assert_eq!((read.header().epoch, read.header().nonce), (written.header().epoch, None));
}

#[test]
fn every_flipped_bit_and_every_cut_of_small_entries_is_noticed_or_harmless() {
    let batch =
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]).unwrap();
    let mut objects = vec![entry_of(&[vec![batch]])];
    for kind in MARKERS {
        objects.push(encode_marker(kind, AT, EPOCH, NONCE));
    }
    for object in objects {
        for bit in 0..object.len() * 8 {
            let mut flipped = object.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped).is_err(), "bit {bit}");
            assert!(decode_header("entry", AT, &flipped, DecodeLimits::DEFAULT).is_err(), "bit {bit}");
        }
        for end in 0..object.len() {
            check_damaged(&object[..end], &object);
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn damage_to_entries_of_any_type_is_noticed_or_harmless(
        groups in any_groups(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 32),
    ) {
        let object = entry_of(&groups);
        for (at, byte) in hits {
            let mut changed = object.to_vec();
            let at = at.index(changed.len());
            changed[at] = byte;
            if changed != object {
                prop_assert!(decode(&changed).is_err());
            }
            check_damaged(&object[..at], &object);
            prop_assert!(at == 0 || decode(&object[at..]).is_err(), "the beginning is missing");
            // A byte too many, a byte too few in the middle.
            changed = object.to_vec();
            changed.insert(at, byte);
            prop_assert!(decode(&changed).is_err());
            changed = object.to_vec();
            changed.remove(at);
            prop_assert!(decode(&changed).is_err());
        }
    }

    /// Lance's entries have no checksum, so a flip may be other rows; but never a panic, nor unsound arrays.
    #[test]
    fn damage_to_unchecked_streams_of_any_type_never_panics(
        groups in any_groups(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        compressed in any::<bool>(),
    ) {
        let codec = compressed.then_some(CompressionType::ZSTD);
        let mut stream = lance_stream(&for_arrows_writer(&groups), codec).to_vec();
        for (at, byte) in hits {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        check_sound(&stream);
    }
}

#[test]
fn damage_to_every_byte_of_fixtures_never_panics() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lance-14.0.2/f1/_mem_wal");
    let shard = dir.join("5e3982e7-0881-4b06-a045-82968ecdc515/wal");
    for file in fs::read_dir(shard).unwrap() {
        let path = file.unwrap().path();
        assert!(parse_entry_name(path.file_name().unwrap().to_str().unwrap()).is_some());
        let object = fs::read(path).unwrap();
        for at in 0..object.len() {
            let mut changed = object.clone();
            for value in [object[at] ^ 1, object[at] ^ 0x80, 0xff] {
                changed[at] = value;
                check_sound(&changed);
            }
            assert!(decode(&object[..at]).is_err(), "cut at {at}");
        }
    }
}

/// An error, or an entry whose every array is sound.
fn check_sound(stream: &[u8]) {
    for batch in decode(stream).iter().flat_map(Entry::batches) {
        for column in batch.columns() {
            column.to_data().validate_full().unwrap();
        }
    }
    let _ = decode_lance_head("entry", AT, stream.len() as u64, stream);
}

/// What fuzzing found, each a panic or an unbounded allocation in some version of Arrow, or in this crate.
#[test]
fn what_fuzzing_found_is_refused() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corrupt");
    let mut files = 0;
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "arrow") {
            decode(&fs::read(&path).unwrap()).map(|_| ()).expect_err(&format!("{path:?}"));
            files += 1;
        }
    }
    assert!(files > 0);
}

#[test]
fn foreign_objects_are_no_entries() {
    let foreign: [&[u8]; 6] = [b"", b"hello, world\n", b"PAR1", &[0; 4096], &[0xff; 4096], b"ARROW1\0\0"];
    for object in foreign {
        assert!(matches!(decode(object), Err(FormatError::Damaged { .. })), "{object:?}");
    }
    assert!(decode(b"").unwrap_err().to_string().contains("empty"));
    // An Arrow stream, but not of a log.
    let batch = ids(1);
    let mut stream = StreamWriter::try_new(Vec::new(), batch.schema_ref()).unwrap();
    stream.write(&batch).unwrap();
    let error = decode(&stream.into_inner().unwrap()).unwrap_err();
    assert!(error.to_string().contains("writer_epoch"), "{error}");
}

/// Right bytes, wrong position: a copy under another name. Lance's entries do not say where they belong.
#[test]
fn misplaced_entries_are_noticed() {
    let object = entry_of(&[vec![ids(1)]]);
    let error = Entry::decode("entry", AT.next(), &object, DecodeLimits::DEFAULT).unwrap_err();
    assert!(matches!(error, FormatError::Misplaced { found: 5, expected: 6, .. }), "{error}");
}

/// F-13: a cut marker is not taken for a fence entry by Lance, neither whole nor by its head.
#[test]
fn markers_without_their_trailers_are_noticed() {
    let object = encode_marker(EntryKind::Filler, AT, EPOCH, NONCE);
    let cut = &object[..object.len() - TRAILER_BYTES];
    assert!(decode(cut).unwrap_err().to_string().contains("cut off"));
    let tail = &cut[cut.len() - TRAILER_BYTES..];
    assert_eq!(EntryTail::decode("entry", tail, cut.len() as u64, AT).unwrap(), EntryTail::Lances);
    assert!(decode_lance_head("entry", AT, cut.len() as u64, cut).is_err());
}

/// Bytes of anything else after the stream: Lance's reader would not look at them, but nobody writes such entries.
#[test]
fn bytes_after_the_stream_are_no_part_of_an_entry() {
    let stream = lance_stream(&[ids(1)], None);
    for rest in [1, 8, 63, 64, 65] {
        assert!(decode(&[&stream[..], &vec![0; rest]].concat()).is_err(), "{rest} bytes more");
    }
    let twice = [&stream[..], &stream[..]].concat();
    assert!(decode(&twice).unwrap_err().to_string().contains("end-of-stream"), "two streams");
}

#[test]
fn limits_are_looked_at_before_memory_is_taken() {
    let small = DecodeLimits::DEFAULT
        .with_object_bytes_max(100_000)
        .with_decoded_bytes_max(10_000)
        .with_rows_max(1_000)
        .with_fields_max(10);
    let too_large = |object: Bytes| {
        let error = Entry::decode("entry", AT, &object, small).unwrap_err();
        assert!(error.is_limit_of_reader() && error.object() == Some("entry"), "{error}");
        match error {
            FormatError::TooLarge { what, .. } => what,
            other => panic!("{other}"),
        }
    };
    assert!(too_large(entry_of(&[vec![ids(20_000)]])).contains("object"));
    assert!(too_large(entry_of(&[vec![ids(1_100)]])).contains("rows"));
    assert!(too_large(entry_of(&[vec![ids(600)], vec![ids(600)]])).contains("rows"));
    assert!(too_large(lance_stream(&[texts(1_000_000)], Some(CompressionType::ZSTD))).contains("decoded"));
    assert!(
        too_large(lance_stream(&[texts(1_000_000)], Some(CompressionType::LZ4_FRAME))).contains("decoded")
    );
    let wide = (0..11).map(|at| (format!("c{at}"), Arc::new(Int64Array::from(vec![1])) as ArrayRef));
    assert!(too_large(entry_of(&[vec![RecordBatch::try_from_iter(wide).unwrap()]])).contains("fields"));
}

/// Arrow before 60 reads an LZ4 frame to its end, however short it says it is: 8 KB would become 2 MB, and so on.
#[test]
fn lz4_frames_that_lie_about_their_size_are_refused() {
    let mut stream = lance_stream(&[texts(2_000_000)], Some(CompressionType::LZ4_FRAME)).to_vec();
    let stated = 2_000_000_i64.to_le_bytes();
    let at = stream.windows(8).rposition(|window| window == stated).unwrap();
    stream[at..at + 8].copy_from_slice(&16_i64.to_le_bytes());
    assert!(decode(&stream).unwrap_err().to_string().contains("LZ4"));
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    let object = lance_stream(&[ids(3)], None);
    let second = 8 + i32::from_le_bytes(object[4..8].try_into().unwrap()) as usize;
    for at in [4, second + 4] {
        for length in [1, 8, i32::MAX, -1, i32::MIN] {
            let mut changed = object.to_vec();
            changed[at..at + 4].copy_from_slice(&length.to_le_bytes());
            assert!(decode(&changed).is_err(), "{length} at {at}");
        }
    }
}

#[test]
fn heads_are_asked_for_as_far_as_they_are_needed() {
    let stream = lance_stream(&[ids(3)], None);
    let head = |bytes: usize| decode_lance_head("entry", AT, stream.len() as u64, &stream[..bytes]);
    assert_eq!(head(0).unwrap(), LanceHead::MoreNeeded { bytes: 16 });
    let LanceHead::MoreNeeded { bytes } = head(16).unwrap() else { panic!("the schema is longer") };
    let LanceHead::Known { header } = head(bytes as usize).unwrap() else { panic!("that was enough") };
    assert_eq!((header.epoch, header.kind, header.position), (EPOCH, EntryKind::Data, AT));
    assert!(decode_lance_head("entry", AT, 15, &stream[..15]).is_err());
    assert!(decode_lance_head("entry", AT, 15, &stream[..16]).is_err());
}

fn ids(count: i64) -> RecordBatch {
    RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values(0..count)) as ArrayRef)])
        .unwrap()
}

/// One text of so many bytes, which compress well.
fn texts(bytes: usize) -> RecordBatch {
    let text = Arc::new(StringArray::from(vec!["a".repeat(bytes)])) as ArrayRef;
    RecordBatch::try_from_iter([("text", text)]).unwrap()
}

fn lance_stream(batches: &[RecordBatch], codec: Option<CompressionType>) -> Bytes {
    let metadata = std::collections::HashMap::from([("writer_epoch".to_owned(), EPOCH.to_string())]);
    let schema = Schema::new_with_metadata(batches[0].schema().fields().clone(), metadata);
    let options = IpcWriteOptions::default().try_with_compression(codec).unwrap();
    let mut stream = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in batches {
        stream.write(batch).unwrap();
    }
    stream.into_inner().unwrap().into()
}
