use super::*;
use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, Int64Array, ListArray, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::sync::Arc;

fn written(from: i64, rows: i64, text: &str) -> Vec<u8> {
    let columns: [(&str, ArrayRef); 2] = [
        ("n", Arc::new(Int64Array::from_iter_values(from..from + rows))),
        ("text", Arc::new(StringArray::from_iter_values((0..rows).map(|_| text)))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    // Bloom filters lie behind the columns, as the indexes of pages do.
    let properties = WriterProperties::builder().set_bloom_filter_enabled(true).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn read(bytes: &[u8], bytes_max: usize) -> Result<Vec<RecordBatch>, Fault> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let bounds = Bounds { rows_max: 8_192, bytes_max, memory_max: 16 << 20 };
    open(file, bounds, &Stop::default())?.collect()
}

fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// The rows of the first file were read in place of those of the second.
#[test]
fn two_files_one_behind_the_other_are_refused() {
    let (one, two) = (written(0, 10, "x"), written(100, 10, "x"));
    assert_eq!(rows(&read(&one, 1 << 20).unwrap()), 10);
    for (first, second) in
        [(&one, &two), (&two, &one), (&one, &written(0, 1_000, "long")), (&one, &written(0, 0, ""))]
    {
        let fault = read(&[&first[..], &second[..]].concat(), 1 << 20).unwrap_err();
        assert!(fault.message.contains("several Parquet files"), "{}", fault.message);
    }
}

/// A value that repeats is stored once, and takes its room in memory for every row.
#[test]
fn batches_are_bounded_by_what_rows_take_in_memory() {
    let batches = read(&written(0, 1_000, &"x".repeat(10_000)), 1 << 20).unwrap();
    assert_eq!(rows(&batches), 1_000);
    assert!(batches[0].num_rows() <= 105, "{}", batches[0].num_rows());
}

/// Lists of so many zeros, of which a file has next to nothing.
fn lists(lengths: impl IntoIterator<Item = usize>) -> ArrayRef {
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    let zeros = Arc::new(Int64Array::from(vec![0; offsets[offsets.len() - 1] as usize]));
    Arc::new(ListArray::new(Arc::new(Field::new_list_field(DataType::Int64, false)), offsets, zeros, None))
}

fn file_of(column: ArrayRef) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter([("v", column)]).unwrap();
    // Not every version of the writer has dictionaries for every type.
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// 11 kB of file were 4.7 GB in memory, and 5 kB were 870 MB.
#[test]
fn batches_are_bounded_whatever_their_type() {
    let ten_kilobytes = FixedSizeBinaryArray::try_from_iter((0..2_000).map(|_| [7; 10_000])).unwrap();
    let texts = StringArray::from(vec!["x".repeat(10_000); 2_000]);
    for column in [lists([1_250; 2_000]), Arc::new(ten_kilobytes), Arc::new(texts)] {
        let bytes = file_of(column.clone());
        assert!(bytes.len() < 100_000, "{}", bytes.len());
        let batches = read(&bytes, 1 << 20).unwrap();
        assert_eq!(rows(&batches), 2_000);
        assert!(batches.iter().all(|batch| batch.num_rows() <= 105), "{}", column.data_type());
    }
}

/// On average they are small.
#[test]
fn rows_that_are_large_are_found_among_small_ones() {
    let lengths = || (0..6_000).map(|row| if row < 5_900 { 0 } else { 50_000 });
    let texts = StringArray::from_iter_values(lengths().map(|length| "x".repeat(8 * length)));
    for column in [lists(lengths()), Arc::new(texts)] {
        let batches = read(&file_of(column.clone()), 1 << 20).unwrap();
        assert_eq!(rows(&batches), 6_000);
        let size = |batch: &RecordBatch| match batch.column(0).data_type() {
            DataType::Utf8 => batch.column(0).as_string::<i32>().value_data().len(),
            _ => 8 * batch.column(0).as_list::<i32>().values().len(),
        };
        let largest = batches.iter().map(size).max().unwrap();
        assert!(largest <= 8 << 20, "{largest} bytes of {}", column.data_type());
        assert!(batches.len() < 1_000, "{} batches", batches.len());
        let found: Vec<_> = batches.iter().map(|batch| batch.column(0).as_ref()).collect();
        assert_eq!(&arrow::compute::concat(&found).unwrap(), &column);
    }
}

/// Files of before 2024 do not say how long their texts are.
#[test]
fn texts_whose_lengths_are_not_known_are_measured() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&file_of(Arc::new(StringArray::from(vec!["x".repeat(10_000); 2_000])))).unwrap();
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).unwrap();
    let group = found.metadata().row_group(0).clone();
    let column =
        group.column(0).clone().into_builder().set_unencoded_byte_array_data_bytes(None).build().unwrap();
    let group = group.into_builder().set_column_metadata(vec![column]).build().unwrap();
    let unknown = ParquetMetaData::new(found.metadata().file_metadata().clone(), vec![group]);
    let bounds = Bounds { rows_max: 8_192, bytes_max: 1 << 20, memory_max: 16 << 20 };
    assert_eq!(plan::runs(&unknown, bounds), [Run { groups: vec![0], rows: None }]);
    let rows = plan::measured(&file, 0, bounds, &Stop::default()).unwrap();
    assert!((50..=105).contains(&rows), "{rows}");
}

#[test]
fn a_row_that_is_too_large_is_refused_by_its_number() {
    let lengths = (1..=1_000).map(|row| if row == 700 { 3_000_000 } else { 1 });
    let fault = read(&file_of(lists(lengths)), 1 << 20).unwrap_err();
    assert!(fault.message.starts_with("row 700, column `v.list."), "{}", fault.message);
    assert!(fault.advice.unwrap().contains("--batch-bytes-max"));
}
