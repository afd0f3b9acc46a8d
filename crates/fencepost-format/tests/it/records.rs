//! Records against Arrow's own reader and writer, in both directions (F-30).

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, LargeBinaryBuilder, TimestampMicrosecondBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;
use bytes::Bytes;
use fencepost_format::{
    DecodeLimits, EncodedBatches, Entry, Epoch, FormatError, Record, SoundEntry, TRAILER_BYTES,
    assemble_entry, decode_header, records_schema,
};
use proptest::prelude::*;

use crate::support::{AT, EPOCH, NONCE, cases};

/// One object of several submissions: records, or the same as an Arrow batch.
fn entry_of(groups: &[(Vec<Record>, bool)], epoch: Epoch) -> Bytes {
    let encode = |(records, by_arrow): &(Vec<Record>, bool)| match by_arrow {
        true => EncodedBatches::encode(&[batch_of(records)]).unwrap(),
        false => EncodedBatches::encode_records(records).unwrap(),
    };
    let groups: Vec<_> = groups.iter().map(encode).collect();
    assemble_entry(AT, epoch, NONCE, &groups).unwrap().concat().into()
}

/// What Arrow makes of records.
fn batch_of(records: &[Record]) -> RecordBatch {
    let mut timestamps = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    let (mut keys, mut values) = (BinaryBuilder::new(), LargeBinaryBuilder::new());
    for record in records {
        timestamps.append_option(record.timestamp_us);
        keys.append_option(record.key.as_ref());
        values.append_value(&record.value);
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(timestamps.finish()), Arc::new(keys.finish()), Arc::new(values.finish())];
    RecordBatch::try_new(records_schema(), columns).unwrap()
}

/// What is in a batch, taken from Arrow's arrays row by row.
fn records_in(batch: &RecordBatch) -> Vec<Record> {
    let timestamps = batch.column(0).as_primitive::<TimestampMicrosecondType>();
    let (keys, values) = (batch.column(1).as_binary::<i32>(), batch.column(2).as_binary::<i64>());
    let record = |row| Record {
        value: Bytes::copy_from_slice(values.value(row)),
        key: keys.is_valid(row).then(|| Bytes::copy_from_slice(keys.value(row))),
        timestamp_us: timestamps.is_valid(row).then(|| timestamps.value(row)),
    };
    (0..batch.num_rows()).map(record).collect()
}

fn check(object: &Bytes) -> SoundEntry {
    SoundEntry::check("entry", AT, object.clone(), DecodeLimits::DEFAULT).unwrap()
}

fn place_in(object: &Bytes, part: &Bytes) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(object.as_ptr().addr())?;
    (start + part.len() <= object.len()).then(|| start..start + part.len())
}

fn any_record() -> impl Strategy<Value = Record> {
    let lengths = prop_oneof![
        4 => 0_usize..70,
        1 => prop::sample::select(vec![2_047, 2_048, 2_049, 4_096, 16_384, 140_000]),
    ];
    let key = prop::option::of(prop::collection::vec(any::<u8>(), 0..20));
    (lengths, any::<u8>(), key, prop::option::of(any::<i64>())).prop_map(
        |(length, first, key, timestamp_us)| {
            let value: Vec<_> = (0..length).map(|at| first.wrapping_add(at as u8)).collect();
            Record { value: value.into(), key: key.map(Bytes::from), timestamp_us }
        },
    )
}

fn any_groups() -> impl Strategy<Value = Vec<(Vec<Record>, bool)>> {
    prop::collection::vec((prop::collection::vec(any_record(), 1..20), any::<bool>()), 1..5)
}

proptest! {
    #![proptest_config(cases(64))]

    /// F-30: whoever encoded them, Arrow's reader and ours find the same records.
    #[test]
    fn arrow_and_we_read_the_same_records_whoever_wrote_them(
        groups in any_groups(),
        epoch in prop_oneof![1_u64..12, Just(fencepost_format::ID_MAX)],
    ) {
        let epoch = Epoch::new(epoch);
        let object = entry_of(&groups, epoch);
        let expected: Vec<_> = groups.iter().flat_map(|(records, _)| records).cloned().collect();

        let read = StreamReader::try_new(&object[..], None).unwrap();
        let (schema, ours) = (read.schema(), records_schema());
        prop_assert_eq!(&schema.metadata()["writer_epoch"], &epoch.to_string());
        prop_assert_eq!(schema.fields(), ours.fields());
        let batches: Vec<_> = read.map(Result::unwrap).collect();
        let by_arrow: Vec<_> = batches.iter().flat_map(records_in).collect();
        prop_assert_eq!(&by_arrow, &expected);

        let sound = check(&object);
        prop_assert_eq!(sound.decode_records().unwrap(), expected);
        prop_assert_eq!(sound.summary().batches, groups.len() as u64);
        prop_assert_eq!(sound.summary(), &decode_header("entry", AT, &object, DecodeLimits::DEFAULT).unwrap());
        let entry = Entry::decode("entry", AT, &object, DecodeLimits::DEFAULT).unwrap();
        prop_assert_eq!(entry.summary(), sound.summary());
        prop_assert_eq!(entry.schema(), &records_schema());
        prop_assert_eq!(
            entry.batches().iter().flat_map(records_in).collect::<Vec<_>>(),
            batches.iter().flat_map(records_in).collect::<Vec<_>>()
        );
    }

    /// F-13: a changed byte of an entry of records is noticed like that of any other.
    #[test]
    fn damage_to_records_is_noticed(
        groups in any_groups(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 16),
    ) {
        let object = entry_of(&groups, EPOCH);
        for (at, change) in hits {
            let mut changed = object.to_vec();
            let at = at.index(changed.len());
            changed[at] ^= change;
            let checked = SoundEntry::check("entry", AT, changed.into(), DecodeLimits::DEFAULT);
            prop_assert!(checked.is_err(), "byte {}", at);
        }
    }
}

/// F-30: the values of what is read are places in the object, and a value that is written is a chunk of it.
#[test]
fn values_are_shared_when_written_and_when_read() {
    let value = Bytes::from(vec![7; 1 << 20]);
    let records = [Record::new("small"), Record::new(value.clone()).with_key("k")];
    let group = EncodedBatches::encode_records(&records).unwrap();
    let chunks = assemble_entry(AT, EPOCH, NONCE, &[group]).unwrap();
    assert!(chunks.iter().any(|chunk| chunk.as_ptr() == value.as_ptr() && chunk.len() == value.len()));

    let object: Bytes = chunks.concat().into();
    for by_arrow in [false, true] {
        let object = if by_arrow { entry_of(&[(records.to_vec(), true)], EPOCH) } else { object.clone() };
        for record in check(&object).decode_records().unwrap() {
            assert!(place_in(&object, &record.value).is_some(), "by Arrow: {by_arrow}");
        }
    }
}

/// Every size up to the largest that a writer takes by default, at every place where the layout bends.
#[test]
fn values_of_every_size_come_back() {
    let edges = [0, 1, 7, 8, 63, 64, 65, 2_048, 2_049, 16_384, 131_072, 1 << 20, (4 << 20) + 1, 64 << 20];
    for bytes in edges {
        let record = Record::new(vec![1; bytes]);
        let object = entry_of(&[(vec![record.clone()], false)], EPOCH);
        assert_eq!(check(&object).decode_records().unwrap(), [record], "{bytes} bytes");
        assert!(object.len() - bytes < 1_200, "{} bytes around {bytes}", object.len() - bytes);
    }
}

/// As Lance would write them: without our trailer, in a stream of Arrow's own.
#[test]
fn records_in_a_stream_by_another_writer_are_read() {
    let records =
        [Record::new("one").with_timestamp_us(-1), Record::new("").with_key(""), Record::new("three")];
    let metadata = [("writer_epoch".to_owned(), "3".to_owned())].into();
    let schema = Arc::new(Schema::new_with_metadata(records_schema().fields().clone(), metadata));
    let mut stream = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    let batch = batch_of(&records).with_schema(schema).unwrap();
    stream.write(&batch).unwrap();
    stream.write(&batch.slice(1, 2)).unwrap();
    stream.finish().unwrap();
    let read = check(&stream.into_inner().unwrap().into()).decode_records().unwrap();
    assert_eq!(read[..3], records);
    assert_eq!(read[3..], records[1..]);
}

#[test]
fn other_rows_are_no_records_and_the_error_says_what_they_are() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let group = EncodedBatches::encode(&[batch]).unwrap();
    let object: Bytes = assemble_entry(AT, EPOCH, NONCE, &[group]).unwrap().concat().into();
    let error = check(&object).decode_records().unwrap_err();
    assert!(matches!(&error, FormatError::NotRecords { object, .. } if object == "entry"));
    let text = "entry: it has the columns id: Int64, so its rows are no records; read it as Arrow batches";
    assert_eq!(error.to_string(), text);
    assert_eq!(check(&object).decode().unwrap().batches().len(), 1);
}

#[test]
fn no_records_are_refused() {
    let refused = EncodedBatches::encode_records(&[]);
    assert!(matches!(refused, Err(FormatError::Refused { .. })));
}

/// Limits hold for records as for any other rows.
#[test]
fn records_above_the_limits_of_a_reader_are_refused_by_it() {
    let object = entry_of(&[(vec![Record::new(vec![1; 4_096]); 3], false)], EPOCH);
    let limits = [
        DecodeLimits::DEFAULT.with_rows_max(2),
        DecodeLimits::DEFAULT.with_decoded_bytes_max(8_192),
        DecodeLimits::DEFAULT.with_object_bytes_max(object.len() as u64 - 1),
    ];
    for limits in limits {
        let sound = SoundEntry::check("entry", AT, object.clone(), limits);
        let read = sound.and_then(|sound| sound.decode_records());
        assert!(matches!(read, Err(FormatError::TooLarge { .. })), "{read:?}");
    }
    assert!(object.len() > TRAILER_BYTES);
}

/// As the first version wrote them, in a file that stays; and written so still, after the schema, whose bytes are
/// Arrow's to choose.
#[test]
fn the_first_records_are_read_and_are_still_written_the_same() {
    let records = [
        Record::new("one").with_key("k").with_timestamp_us(1_700_000_000_000_000),
        Record::new(""),
        Record::new(vec![7; 3_000]).with_key("").with_timestamp_us(-1),
    ];
    let written = entry_of(&[(records[..2].to_vec(), false), (records[2..].to_vec(), false)], EPOCH);
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/records-1.arrow"), &written).unwrap();
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/records-1.arrow");
    let kept = Bytes::from(std::fs::read(kept).unwrap());
    assert_eq!(check(&kept).decode_records().unwrap(), records);
    // Two headers, two bodies and the end of the stream; then the trailer, with the checksum of all.
    let after_schema = 2 * 320 + 128 + 3_072 + 8;
    let tail = |object: &Bytes| {
        object.slice(object.len() - TRAILER_BYTES - after_schema..object.len() - TRAILER_BYTES)
    };
    assert_eq!(tail(&written), tail(&kept));
}
