//! Encoders that are kept, and compression: the same rows come back, and nothing of before shows.

use crate::support::{AT, EPOCH, NONCE, any_groups, cases, entry_of};
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, DictionaryArray, Int64Array, RecordBatch, StringArray,
};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamReader;
use bytes::Bytes;
use fencepost_format::{
    BatchEncoder, Compression, DecodeLimits, EncodedBatches, Entry, EntryAssembler, FormatError, Position,
    assemble_entry,
};
use proptest::prelude::*;
use std::sync::Arc;

const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Lz4, Compression::Zstd];

fn batch(name: &str, column: impl Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter([(name, Arc::new(column) as ArrayRef)]).unwrap()
}

fn decoded(object: &Bytes) -> Vec<RecordBatch> {
    Entry::decode("entry", AT, object, DecodeLimits::DEFAULT).unwrap().into_batches()
}

fn compressed(batches: &[RecordBatch], compression: Compression) -> Result<EncodedBatches, FormatError> {
    BatchEncoder::new(batches[0].schema())?.with_compression(compression).encode(batches)
}

proptest! {
    #![proptest_config(cases(128))]

    /// F-4: every type, every codec; and any Arrow reader, so Lance's too, finds the same rows.
    #[test]
    fn compressed_batches_of_any_type_come_back(groups in any_groups(), lz4 in any::<bool>()) {
        let codec = if lz4 { Compression::Lz4 } else { Compression::Zstd };
        let encoded: Result<Vec<_>, _> = groups.iter().map(|batches| compressed(batches, codec)).collect();
        let object: Bytes = assemble_entry(AT, EPOCH, NONCE, &encoded.unwrap()).unwrap().concat().into();
        let written = groups.concat();
        prop_assert_eq!(&decoded(&object), &written);
        let stream = StreamReader::try_new(&object[..], None).unwrap();
        for (read, written) in stream.zip(&written) {
            let read = read.unwrap();
            prop_assert_eq!(read.columns(), written.columns());
        }
    }

    /// F-12: dictionaries of an earlier call do not reach into a later one.
    #[test]
    fn an_encoder_and_an_assembler_that_are_kept_make_the_same_bytes(groups in any_groups()) {
        let encoder = BatchEncoder::new(groups[0][0].schema()).unwrap();
        let mut assembler = EntryAssembler::new(EPOCH, NONCE);
        let _ = encoder.encode(&groups[0]).unwrap();
        let encoded: Vec<_> = groups.iter().map(|batches| encoder.encode(batches).unwrap()).collect();
        let other = [EncodedBatches::encode(&[batch("other", Int64Array::from(vec![1]))]).unwrap()];
        for _ in 0..2 {
            let object = assembler.assemble(AT, &mut encoded.clone()).unwrap().concat();
            prop_assert_eq!(&object, &entry_of(&groups));
            let between = assembler.assemble(Position::new(6), &mut other.to_vec()).unwrap().concat();
            prop_assert_eq!(between, assemble_entry(Position::new(6), EPOCH, NONCE, &other).unwrap().concat());
        }
    }
}

/// Long chunks bring their checksums along, short ones do not; the decoder makes sure of the whole.
#[test]
fn the_checksum_is_right_whatever_the_lengths_of_the_chunks() {
    let blob = |bytes: usize| batch("blob", BinaryArray::from_vec(vec![&vec![9; bytes][..]]));
    for lengths in [vec![1 << 20], vec![10, 1 << 20, 20], vec![17_000, 5], vec![300_000; 3], vec![5; 40]] {
        let written: Vec<_> = lengths.iter().map(|bytes| blob(*bytes)).collect();
        let groups: Vec<_> = written
            .iter()
            .map(|batch| EncodedBatches::encode(std::slice::from_ref(batch)).unwrap())
            .collect();
        let object: Bytes = assemble_entry(AT, EPOCH, NONCE, &groups).unwrap().concat().into();
        assert_eq!(decoded(&object), written, "{lengths:?}");
    }
}

#[test]
fn small_submissions_are_few_chunks_of_an_object() {
    let one = EncodedBatches::encode(&[batch("id", Int64Array::from_iter_values(0..100))]).unwrap();
    assert_eq!(assemble_entry(AT, EPOCH, NONCE, &vec![one.clone(); 16]).unwrap().len(), 1);
    let chunks = assemble_entry(AT, EPOCH, NONCE, &vec![one; 64]).unwrap();
    assert!(chunks.iter().all(|chunk| chunk.len() <= 32 << 10) && chunks.len() <= 3, "{}", chunks.len());
}

/// Together, two that no entry can hold: they are given back, to be written apart.
#[test]
fn groups_that_are_refused_are_left_as_they_were() {
    let mut groups = vec![EncodedBatches::encode(&[batch("id", Int64Array::from(vec![1]))]).unwrap()];
    groups.push(EncodedBatches::encode(&[batch("other", Int64Array::from(vec![1]))]).unwrap());
    let mut assembler = EntryAssembler::new(EPOCH, NONCE);
    assert!(matches!(assembler.assemble(AT, &mut groups), Err(FormatError::Refused { .. })));
    assert_eq!(groups.len(), 2);
    assert!(assembler.assemble(AT, &mut vec![groups.remove(0)]).is_ok());
}

/// Only the schema as it is read knows the ids of dictionaries. Batches with two of them were once refused.
#[test]
fn a_schema_may_have_two_dictionaries() {
    let colours: DictionaryArray<Int8Type> = ["red", "blue", "red"].into_iter().collect();
    let sizes: DictionaryArray<Int32Type> = ["large", "large", "small"].into_iter().collect();
    let columns = [("colour", Arc::new(colours) as ArrayRef), ("size", Arc::new(sizes) as ArrayRef)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let written = vec![batch.slice(0, 2), batch];
    assert_eq!(decoded(&entry_of(std::slice::from_ref(&written))), written);
}

/// A large column is what the caller has in memory, unless a small part of it would keep all of it there.
#[test]
fn large_columns_are_shared_and_keep_no_more_than_twice_their_bytes() {
    let whole = Int64Array::from_iter_values(0..100_000);
    let values = whole.values().inner().clone();
    let chunks_of = |column: Int64Array| {
        let group = EncodedBatches::encode(&[batch("id", column)]).unwrap();
        assemble_entry(AT, EPOCH, NONCE, &[group]).unwrap()
    };
    let shared = |chunks: &[Bytes]| {
        let memory = values.as_slice().as_ptr_range();
        chunks.iter().filter(|chunk| memory.contains(&chunk.as_ptr())).map(Bytes::len).collect::<Vec<_>>()
    };
    assert_eq!(shared(&chunks_of(whole.clone())), [800_000]);
    let copies = BatchEncoder::new(batch("id", whole.clone()).schema()).unwrap().with_copies(true);
    let copied = copies.encode(&[batch("id", whole.clone())]).unwrap();
    assert_eq!(shared(&assemble_entry(AT, EPOCH, NONCE, &[copied]).unwrap()), [0_usize; 0]);
    assert_eq!(shared(&chunks_of(whole.slice(10, 60_000))), [480_000]);
    let copied = chunks_of(whole.slice(10, 10_000));
    assert_eq!(shared(&copied), [0_usize; 0]);
    assert_eq!(decoded(&copied.concat().into()), [batch("id", whole.slice(10, 10_000))]);
}

/// F-4: columns begin where the widest numbers can be read in place.
#[test]
fn columns_are_read_in_place() {
    let text = StringArray::from_iter_values((0..7).map(|id| "x".repeat(id)));
    let decimals = Decimal128Array::from_iter_values(0..7);
    let batch = RecordBatch::try_from_iter([
        ("text", Arc::new(text) as ArrayRef),
        ("decimal", Arc::new(decimals) as ArrayRef),
    ]);
    let object = entry_of(&[vec![batch.unwrap()]]);
    let aligned = Aligned(Buffer::from(object.as_ref()));
    let aligned = Bytes::from_owner(aligned);
    for column in decoded(&aligned)[0].columns() {
        let place = column.to_data().buffers()[0].as_ptr();
        assert!(aligned.as_ptr_range().contains(&place), "{:?} was copied", column.data_type());
    }
}

struct Aligned(Buffer);

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn compression_makes_what_repeats_itself_shorter() {
    let text = StringArray::from_iter_values((0..10_000).map(|id| format!("order {}", id % 100)));
    let [none, lz4, zstd] =
        COMPRESSIONS.map(|codec| compressed(&[batch("text", text.clone())], codec).unwrap().bytes());
    assert!(lz4 < none / 2 && zstd < lz4, "{none} {lz4} {zstd}");
}

/// F-23: compressed submissions of some kilobytes, each fit for a reader, that no reader would take in one entry.
#[test]
fn what_is_too_much_for_a_reader_together_is_not_put_together() {
    let zeros = BinaryArray::from_vec(vec![&vec![0; 64 << 20][..]]);
    let one = compressed(&[batch("blob", zeros)], Compression::Zstd).unwrap();
    assert!(one.bytes() < 1 << 20);
    assert!(assemble_entry(AT, EPOCH, NONCE, &vec![one.clone(); 15]).is_ok());
    let refused = assemble_entry(AT, EPOCH, NONCE, &vec![one; 16]);
    assert!(matches!(refused, Err(FormatError::Refused { .. })));
}

/// F-6, and what else is found before any row is.
#[test]
fn an_encoder_takes_batches_of_its_schema_only() {
    let encoder = BatchEncoder::new(batch("id", Int64Array::from(vec![1])).schema()).unwrap();
    let refused =
        |batches: &[RecordBatch]| matches!(encoder.encode(batches), Err(FormatError::Refused { .. }));
    assert!(refused(&[]));
    assert!(refused(&[batch("other", Int64Array::from(vec![1]))]));
    assert!(encoder.encode(&[batch("id", Int64Array::from(vec![2]))]).is_ok());
    let log_key = [("writer_epoch".to_owned(), "1".to_owned())].into();
    let schema = encoder.schema().as_ref().clone().with_metadata(log_key);
    assert!(matches!(BatchEncoder::new(Arc::new(schema)), Err(FormatError::Refused { .. })));
}
