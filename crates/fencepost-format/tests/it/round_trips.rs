//! What is written comes back, whatever the types, and Arrow's own reader agrees.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::sync::Arc;

use crate::support::{AT, EPOCH, MARKERS, NONCE, any_batch, any_groups, cases, entry_of, for_arrows_writer};
use arrow_array::builder::{BooleanBuilder, ListViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int8Array, Int16Array, Int64Array, RecordBatch, RunArray, StringArray,
    StringViewArray, StructArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{DictionaryHandling, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use fencepost_format::{
    DecodeLimits, EncodedBatches, Entry, EntryKind, EntryTail, Epoch, FormatError, Nonce, Position,
    SoundEntry, TRAILER_BYTES, assemble_entry, decode_header, encode_marker,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(256))]

    /// F-4, F-5, F-8, F-12: several submissions in one entry, sliced batches, every type that Arrow has.
    #[test]
    fn batches_of_any_type_come_back(groups in any_groups()) {
        let object = entry_of(&groups);
        let entry = Entry::decode("entry", AT, &object, DecodeLimits::DEFAULT).unwrap();
        let written: Vec<_> = groups.concat();
        prop_assert_eq!(entry.schema(), written[0].schema_ref());
        prop_assert_eq!(entry.batches(), &written[..]);
        let trailer = entry.trailer().unwrap();
        prop_assert_eq!(trailer.batches as usize, written.len());
        prop_assert_eq!(trailer.rows as usize, written.iter().map(RecordBatch::num_rows).sum::<usize>());
        prop_assert_eq!(&decode_header("entry", AT, &object, DecodeLimits::DEFAULT).unwrap(), entry.summary());
        let sound = SoundEntry::check("entry", AT, object.clone(), DecodeLimits::DEFAULT).unwrap();
        prop_assert_eq!(sound.summary(), entry.summary());
        let again = sound.decode().unwrap();
        prop_assert_eq!((again.summary(), again.schema(), again.batches()), (entry.summary(), entry.schema(), entry.batches()));
        let tail = &object[object.len() - TRAILER_BYTES..];
        let tail = EntryTail::decode("entry", tail, object.len() as u64, AT).unwrap();
        prop_assert_eq!(tail, EntryTail::Ours(*trailer));

        // At an odd address Arrow has to copy, but the values are the same.
        let shifted = Bytes::from([&[0], &object[..]].concat()).slice(1..);
        let shifted = Entry::decode("entry", AT, &shifted, DecodeLimits::DEFAULT).unwrap();
        prop_assert_eq!(shifted.batches(), &written[..]);

        // F-8: Arrow's reader, and so Lance's, stops before the trailer.
        let stream = StreamReader::try_new(&object[..], None).unwrap();
        let metadata = stream.schema().metadata().clone();
        prop_assert_eq!(metadata.get("writer_epoch").map(String::as_str), Some("3"));
        prop_assert_eq!(metadata.len(), 2, "the user's key and the epoch, nothing else of ours");
        for (read, written) in stream.zip(&written) {
            let read = read.unwrap();
            prop_assert_eq!(read.columns(), written.columns());
        }
    }

    /// F-4: what is shared and not copied, and what is laid out here and not by Arrow, is what Arrow's writer makes.
    #[test]
    fn batches_of_any_size_are_written_as_arrow_writes_them(batch in any_batch(0..3_000)) {
        let ours = entry_of(&[vec![batch.clone()]]);
        let options = IpcWriteOptions::try_new(16, false, arrow_ipc::MetadataVersion::V5).unwrap();
        let lances = lance_stream(std::slice::from_ref(&batch), options);
        let same = !leaves_out_validity() || ours[..ours.len() - TRAILER_BYTES] == lances;
        prop_assert!(same, "{} and {} bytes", ours.len(), lances.len());
        let entry = Entry::decode("entry", AT, &ours, DecodeLimits::DEFAULT).unwrap();
        prop_assert_eq!(entry.batches(), [batch]);
    }

    /// What other writers may do: compress, or send dictionaries as differences.
    #[test]
    fn streams_by_other_writers_are_read(groups in any_groups(), zstd in any::<bool>(), delta in any::<bool>()) {
        let written = for_arrows_writer(&groups);
        let codec = if zstd { CompressionType::ZSTD } else { CompressionType::LZ4_FRAME };
        let handling = if delta { DictionaryHandling::Delta } else { DictionaryHandling::Resend };
        let options = IpcWriteOptions::default()
            .try_with_compression(Some(codec)).unwrap()
            .with_dictionary_handling(handling);
        let object = lance_stream(&written, options);
        let entry = Entry::decode("entry", AT, &object, DecodeLimits::DEFAULT).unwrap();
        prop_assert!(entry.header().is_by_lance());
        // What was written is what Arrow's own reader finds: the writer of Arrow 58 takes some dictionaries
        // for others, and leaves them out.
        let arrows: Result<Vec<_>, _> = StreamReader::try_new(&object[..], None).unwrap().collect();
        let arrows = arrows.unwrap();
        prop_assert_eq!(entry.batches().len(), arrows.len());
        for (ours, arrows) in entry.batches().iter().zip(&arrows) {
            prop_assert_eq!(ours.columns(), arrows.columns());
        }
        if arrows.iter().zip(&written).all(|(read, written)| read.columns() == written.columns()) {
            prop_assert_eq!(entry.batches(), &written[..]);
        }
    }
}

/// An entry as Lance would write it.
fn lance_stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Bytes {
    let mut metadata = batches[0].schema().metadata().clone();
    metadata.insert("writer_epoch".to_owned(), EPOCH.to_string());
    let schema = Schema::new_with_metadata(batches[0].schema().fields().clone(), metadata);
    let mut stream = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in batches {
        stream.write(batch).unwrap();
    }
    stream.into_inner().unwrap().into()
}

/// Without the trailer, what we write is what Lance writes, byte for byte, if one submission is all there is.
#[test]
fn stream_is_the_one_that_arrows_writer_makes() {
    let batches = vec![people(&[1, 2, 3]), people(&[4])];
    let ours = entry_of(std::slice::from_ref(&batches));
    let options = IpcWriteOptions::try_new(16, false, arrow_ipc::MetadataVersion::V5).unwrap();
    let lances = lance_stream(&batches, options);
    if leaves_out_validity() {
        assert_eq!(ours[..ours.len() - TRAILER_BYTES], lances);
    }
    let read = StreamReader::try_new(&ours[..], None).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    assert!(read.iter().zip(&batches).all(|(read, written)| read.columns() == written.columns()));
    assert_eq!(read.len(), batches.len());
}

/// Whether the writer of this Arrow says nothing of the validity of a column without nulls, as the format allows and
/// as we do. That of Arrow 58 has a bit for each value there, so its bytes are others.
fn leaves_out_validity() -> bool {
    let bytes = |values: [Option<i64>; 2]| {
        let column = Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter_with_nullable([("c", column, true)]).unwrap();
        lance_stream(&[batch], IpcWriteOptions::default()).len()
    };
    bytes([Some(1), Some(2)]) < bytes([Some(1), None])
}

/// F-12: each submission brings its own dictionaries, and the later one replaces the earlier.
#[test]
fn submissions_with_different_dictionaries_share_an_entry() {
    let coloured = |values: &[&str]| {
        let colours: DictionaryArray<Int8Type> = values.iter().copied().collect();
        let nested: DictionaryArray<Int32Type> = values.iter().map(|value| Some(&value[..1])).collect();
        let nested = StructArray::from(vec![(
            Arc::new(Field::new("initial", nested.data_type().clone(), true)),
            Arc::new(nested) as ArrayRef,
        )]);
        RecordBatch::try_from_iter([
            ("colour", Arc::new(colours) as ArrayRef),
            ("more", Arc::new(nested) as ArrayRef),
        ])
        .unwrap()
    };
    let groups = [
        vec![coloured(&["red", "green", "red"]), coloured(&["blue"])],
        vec![coloured(&["green"])],
        vec![coloured(&["red", "green", "red"])],
    ];
    let entry = Entry::decode("entry", AT, &entry_of(&groups), DecodeLimits::DEFAULT).unwrap();
    assert_eq!(entry.batches(), groups.concat());
}

/// Arrow 58 takes the second dictionary for the first, since it compares lists of views with nulls by the
/// sizes of one side. A submission of both batches once came back with the first one's values in both.
#[test]
fn dictionaries_that_arrow_takes_for_equal_are_all_sent() {
    let batch = |values: &[bool]| {
        let mut lists = ListViewBuilder::new(BooleanBuilder::new());
        values.iter().for_each(|value| lists.values().append_value(*value));
        lists.append(true);
        lists.append(false);
        let lists = Arc::new(lists.finish());
        let column = DictionaryArray::new(Int8Array::from(vec![0, 1]), lists);
        RecordBatch::try_from_iter([("lists", Arc::new(column) as ArrayRef)]).unwrap()
    };
    let batches = vec![batch(&[false]), batch(&[false, true]), batch(&[])];
    let entry = Entry::decode("entry", AT, &entry_of(&[batches]), DecodeLimits::DEFAULT).unwrap();
    let lengths: Vec<usize> = entry
        .batches()
        .iter()
        .map(|batch| {
            let column = batch.column(0).as_dictionary::<Int8Type>();
            column.values().as_list_view::<i32>().value(0).len()
        })
        .collect();
    assert_eq!(lengths, [1, 2, 0]);
}

/// Delta dictionaries by a foreign writer, which Arrow's reader concatenates.
#[test]
fn delta_dictionaries_grow() {
    let values = ["red", "green", "blue", "white"];
    let growing = |known: usize| {
        let keys = Int8Array::from_iter_values(0..known as i8);
        let values = StringArray::from(values[..known].to_vec());
        let column = DictionaryArray::new(keys, Arc::new(values));
        RecordBatch::try_from_iter([("colour", Arc::new(column) as ArrayRef)]).unwrap()
    };
    let batches = [growing(2), growing(3), growing(4)];
    let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
    let object = lance_stream(&batches, options);
    let entry = Entry::decode("entry", AT, &object, DecodeLimits::DEFAULT).unwrap();
    assert_eq!(entry.batches(), batches);
    // 3 + 5 + 4 + 5 bytes of text and a few offsets, but each difference pays for all that was before it.
    let tight = DecodeLimits::DEFAULT.with_decoded_bytes_max(100);
    let refused = Entry::decode("entry", AT, &object, tight).unwrap_err();
    assert!(matches!(refused, FormatError::TooLarge { .. }), "{refused}");
}

/// F-7: what a marker is, in its trailer, in its metadata, and for Lance.
#[test]
fn markers_say_what_they_are_for() {
    for kind in MARKERS {
        let object = encode_marker(kind, AT, EPOCH, NONCE);
        assert!(object.len() <= 400, "a guarding fence is {} bytes", object.len());
        let entry = Entry::decode("marker", AT, &object, DecodeLimits::DEFAULT).unwrap();
        assert_eq!((entry.header().kind, entry.header().nonce), (kind, Some(NONCE)));
        assert!(entry.batches().is_empty() && entry.schema().metadata().is_empty());
        let mut lances = StreamReader::try_new(&object[..], None).unwrap();
        let metadata = lances.schema().metadata().clone();
        assert_eq!(metadata.get("writer_epoch").map(String::as_str), Some("3"));
        assert_eq!(metadata.get("fence_sentinel").map(String::as_str), Some("true"));
        assert!(lances.next().is_none());
    }
}

/// Column data above 16 KiB is not copied again: it is a chunk of its own, shared with the submission.
#[test]
fn large_columns_are_chunks_of_their_own() {
    let large = people(&(0..10_000).collect::<Vec<_>>());
    let group = EncodedBatches::encode(&[large.clone(), large]).unwrap();
    let chunks = assemble_entry(AT, EPOCH, NONCE, std::slice::from_ref(&group)).unwrap();
    let again = assemble_entry(AT.next(), EPOCH, NONCE, std::slice::from_ref(&group)).unwrap();
    let large: Vec<_> = (0..chunks.len()).filter(|at| chunks[*at].len() > 16 << 10).collect();
    assert_eq!(large.len(), 6, "of each batch the numbers, the offsets and the text");
    for at in large {
        assert_eq!(chunks[at].as_ptr(), again[at].as_ptr(), "shared, not copied");
    }
}

/// F-6: Lance would drop such keys without a word; a data entry with one of them could be taken for a marker.
#[test]
fn batches_that_cannot_become_an_entry_are_refused() {
    let refused = |batches: &[RecordBatch]| match EncodedBatches::encode(batches) {
        Err(FormatError::Refused { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(refused(&[]).contains("no batches"));
    for key in ["writer_epoch", "generation", "fence_sentinel", "fencepost_kind", "mem_wal_target_data_file"]
    {
        let reserved = with_metadata(people(&[1]), key);
        assert!(refused(&[reserved]).contains(key));
    }
    assert!(refused(&[people(&[1]), with_metadata(people(&[1]), "other")]).contains("same schema"));
    let one = EncodedBatches::encode(&[people(&[1])]).unwrap();
    let other = EncodedBatches::encode(&[with_metadata(people(&[1]), "other")]).unwrap();
    for groups in [vec![], vec![one, other]] {
        assert!(matches!(assemble_entry(AT, EPOCH, NONCE, &groups), Err(FormatError::Refused { .. })));
    }
}

/// F-23: Arrow 60 counts buffers of views that it does not write, Arrow 58 writes run ends of 0: streams that
/// nobody can read. Such rows must not be acknowledged; where Arrow does better, they come back.
#[test]
fn batches_that_arrow_miswrites_are_refused_before_they_are_written() {
    let views = StringViewArray::from(vec!["long enough not to fit into a view"; 2]);
    let runs = RunArray::try_new(&Int16Array::from(vec![2, 4]), &views).unwrap();
    let runs = Arc::new(runs) as ArrayRef;
    for (from, rows) in [(0, 4), (1, 2), (3, 1), (4, 0), (0, 0)] {
        let batch = RecordBatch::try_from_iter([("runs", runs.slice(from, rows))]).unwrap();
        match EncodedBatches::encode(std::slice::from_ref(&batch)) {
            Err(FormatError::Refused { reason }) => {
                assert!(reason.contains("as Arrow writes them"), "{reason}")
            }
            group => {
                let object = assemble_entry(AT, EPOCH, NONCE, &[group.unwrap()]).unwrap().concat().into();
                let entry = Entry::decode("entry", AT, &object, DecodeLimits::DEFAULT).unwrap();
                assert_eq!(entry.batches(), [batch]);
            }
        }
    }
}

/// F-11: an older Lance let users put the sentinel's key into their schemas. Rows make it a data entry.
#[test]
fn data_by_lance_with_the_sentinels_key_keeps_its_rows() {
    let batch = with_metadata(people(&[1]), "fence_sentinel");
    let object = lance_stream(std::slice::from_ref(&batch), IpcWriteOptions::default());
    let entry = Entry::decode("entry", AT, &object, DecodeLimits::DEFAULT).unwrap();
    assert_eq!(entry.header().kind, EntryKind::Data);
    assert_eq!(entry.batches(), [batch], "with the user's key");
}

/// The same arguments make the same bytes: a retry is not told from the first attempt.
#[test]
fn sealing_is_deterministic() {
    let seal = |position: Position, epoch: Epoch, nonce: Nonce| {
        let group = EncodedBatches::encode(&[people(&[1, 2])]).unwrap();
        assemble_entry(position, epoch, nonce, &[group]).unwrap().concat()
    };
    assert_eq!(seal(AT, EPOCH, NONCE), seal(AT, EPOCH, NONCE));
    assert_ne!(seal(AT, EPOCH, NONCE), seal(AT, EPOCH, Nonce(1)));
}

/// Streams of every type can be made and are small enough to begin fuzzing with. `FUZZ_SEEDS` names the
/// folder that they are left in, for example `fuzz/corpus/entry_decode`.
#[test]
fn streams_of_every_type_seed_the_fuzzer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let scratch = || concat!(env!("CARGO_TARGET_TMPDIR"), "/fuzz-seeds").into();
    let dir = std::path::PathBuf::from(std::env::var_os("FUZZ_SEEDS").unwrap_or_else(scratch));
    std::fs::create_dir_all(&dir).unwrap();
    let mut small = 0;
    let mut runner = TestRunner::deterministic();
    for number in 0..300 {
        let groups = any_groups().new_tree(&mut runner).unwrap().current();
        let codec = [None, None, Some(CompressionType::ZSTD), Some(CompressionType::LZ4_FRAME)][number % 4];
        let options = IpcWriteOptions::default().try_with_compression(codec).unwrap();
        let stream = lance_stream(&for_arrows_writer(&groups), options);
        if stream.len() < 16 << 10 {
            small += 1;
            std::fs::write(dir.join(format!("seed-{number:03}")), stream).unwrap();
        }
    }
    assert!(small > 100, "only {small} of 300 are small enough");
}

fn people(ids: &[i64]) -> RecordBatch {
    let names: StringArray = ids.iter().map(|id| Some(format!("name {id}"))).collect();
    let schema =
        Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8, true)]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(ids.to_vec())), Arc::new(names)];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn with_metadata(batch: RecordBatch, key: &str) -> RecordBatch {
    let mut metadata = batch.schema().metadata().clone();
    metadata.insert(key.to_owned(), "true".to_owned());
    let schema = Schema::new_with_metadata(batch.schema().fields().clone(), metadata);
    RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).unwrap()
}
