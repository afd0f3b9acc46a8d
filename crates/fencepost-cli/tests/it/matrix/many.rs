//! More rows than an entry holds, of the types whose slices keep values of other rows.

use super::{log_of, read_parquet, stream, tail};
use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, ListViewArray, RecordBatch, RunArray, StringArray,
    StringViewArray, StructArray, UnionArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, UnionFields};
use arrow::ipc::reader::StreamReader;
use std::path::Path;
use std::sync::Arc;

const ROWS: usize = 20_000;

fn texts() -> impl Iterator<Item = Option<String>> {
    (0..ROWS).map(|row| (row % 9 != 4).then(|| format!("{row:0>300}")))
}

fn views() -> ArrayRef {
    Arc::new(StringViewArray::from_iter(texts()))
}

/// The columns, and whether NDJSON, CSV and Parquet carry each.
fn shapes() -> Vec<(&'static str, ArrayRef, [bool; 3])> {
    let backwards = || (0..ROWS as i32).rev();
    let inner = Arc::new(Field::new("a", DataType::Utf8View, true));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50 * ROWS as i64));
    let item = Arc::new(Field::new_list_field(DataType::Int64, true));
    let offsets: Vec<_> = backwards().map(|row| 50 * row).collect();
    let lists = ListViewArray::new(item, offsets.into(), vec![50; ROWS].into(), numbers, None);
    let kinds = [Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8View, true)];
    let ids: Vec<i8> = (0..ROWS).map(|row| (row % 3 > 0).into()).collect();
    let children = vec![Arc::new(Int64Array::from_iter_values(0..ROWS as i64)) as ArrayRef, views()];
    let offsets: Vec<_> = backwards().collect();
    let fields = UnionFields::try_new([0, 1], kinds).unwrap();
    let union = UnionArray::try_new(fields, ids.into(), Some(offsets.into()), children).unwrap();
    let words = DictionaryArray::new(
        Int32Array::from_iter_values(backwards()),
        Arc::new(StringArray::from_iter(texts())),
    );
    let one: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1_000)]));
    let word = DictionaryArray::new(Int32Array::from(vec![0; ROWS]), one);
    let runs =
        RunArray::<Int32Type>::try_new(&Int32Array::from_iter_values(1..=ROWS as i32), &views()).unwrap();
    vec![
        ("views", views(), [true, true, true]),
        ("views in a struct", Arc::new(StructArray::from(vec![(inner, views())])), [true, false, true]),
        ("list views", Arc::new(lists), [true, false, true]),
        ("dense union", Arc::new(union), [false, false, false]),
        ("words", Arc::new(words), [true, true, true]),
        ("one word", Arc::new(word), [true, true, true]),
        ("runs", Arc::new(runs), [true, true, true]),
    ]
}

/// All that is below a folder, in bytes.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => bytes_below(&entry.path()),
        false => entry.metadata().unwrap().len(),
    });
    sizes.sum()
}

mod long {
    use super::*;

    #[test]
    fn many_rows_come_out_as_they_are_and_take_no_more_room_than_they_had() {
        for (name, column, carried) in shapes() {
            let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(0..ROWS as i32));
            let table =
                RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("v", column, true)]).unwrap();
            let scratch = log_of(&table);
            let (given, kept) = (stream(&table).len() as u64, bytes_below(&scratch.shard()));
            assert!(kept < 2 * given, "{name}: {kept} bytes of log for {given}");
            let out = tail(&scratch, "arrow").ok().stdout;
            assert!((out.len() as u64) < 2 * given, "{name}: {} bytes for {given}", out.len());
            let mut start = 0;
            for batch in StreamReader::try_new(out.as_slice(), None).unwrap() {
                let batch = batch.unwrap();
                assert_eq!(batch, table.slice(start, batch.num_rows()), "{name}");
                start += batch.num_rows();
            }
            assert_eq!(start, ROWS, "{name}");
            for (format, carried) in ["ndjson", "csv", "parquet"].into_iter().zip(carried) {
                let run = tail(&scratch, format);
                if !carried {
                    run.fails(9, "`v`");
                    continue;
                }
                let out = run.ok().stdout;
                let rows = match format {
                    "parquet" => read_parquet(out).num_rows(),
                    _ => out.iter().filter(|byte| **byte == b'\n').count() - usize::from(format == "csv"),
                };
                assert_eq!(rows, ROWS, "{name} as {format}");
            }
        }
    }
}
