use super::*;
use arrow::array::{
    Array, ArrayRef, BinaryViewArray, DictionaryArray, FixedSizeListArray, Int32Array, Int64Array, ListArray,
    ListViewArray, MapArray, RunArray, StringArray, StringViewArray, StructArray, UnionArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, UnionFields};
use arrow::ipc::writer::StreamWriter;
use std::sync::Arc;

const ROWS: usize = 20_000;

fn texts(count: usize) -> Vec<Option<String>> {
    (0..count).map(|n| (n % 7 != 3).then(|| format!("a text of some length, number {n}"))).collect()
}

fn views(count: usize) -> ArrayRef {
    Arc::new(StringViewArray::from_iter(texts(count)))
}

fn words(count: usize) -> ArrayRef {
    let keys = Int32Array::from_iter((0..count).map(|n| (n % 5 != 2).then_some((count - 1 - n) as i32)));
    Arc::new(DictionaryArray::new(keys, Arc::new(StringArray::from_iter(texts(count)))))
}

fn item(array: &dyn Array) -> Arc<Field> {
    Arc::new(Field::new_list_field(array.data_type().clone(), true))
}

/// One of each kind that shares values.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let wrapped = |array: ArrayRef| -> ArrayRef {
        let field = Arc::new(Field::new("a", array.data_type().clone(), true));
        Arc::new(StructArray::from(vec![(field, array)]))
    };
    let lists = |array: ArrayRef| -> ArrayRef {
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(2, ROWS));
        Arc::new(ListArray::new(item(&array), offsets, array, None))
    };
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..7 * ROWS as i64));
    let list_views = {
        let offsets: Vec<_> = (0..ROWS as i32).map(|row| (ROWS as i32 - 1 - row) * 7).collect();
        ListViewArray::new(item(&numbers), offsets.into(), vec![7; ROWS].into(), numbers, None)
    };
    let fields = || [Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8, true)];
    let union_fields = UnionFields::try_new([3, 8], fields()).unwrap();
    let ids: Vec<i8> = (0..ROWS).map(|row| if row % 2 == 0 { 3 } else { 8 }).collect();
    let offsets: Vec<i32> = (0..ROWS as i32).map(|row| row / 2).collect();
    let half = ROWS / 2;
    let children: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..half as i64)),
        Arc::new(StringArray::from_iter(texts(half))),
    ];
    let dense = UnionArray::try_new(union_fields, ids.into(), Some(offsets.into()), children).unwrap();
    let maps = {
        let keys: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|n| n.to_string())));
        let fields = vec![
            (Arc::new(Field::new("keys", DataType::Utf8, false)), keys),
            (Arc::new(Field::new("values", words(ROWS).data_type().clone(), true)), words(ROWS)),
        ];
        let entries = StructArray::from(fields);
        let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(1, ROWS));
        MapArray::new(field, offsets, entries, None, false)
    };
    let ends = Int32Array::from_iter_values((1..=ROWS as i32 / 2).map(|run| 2 * run));
    let runs = RunArray::<Int32Type>::try_new(&ends, &views(ROWS / 2)).unwrap();
    let octets = texts(ROWS).into_iter().map(|text| text.map(String::into_bytes));
    vec![
        ("views", views(ROWS)),
        ("views of bytes", Arc::new(BinaryViewArray::from_iter(octets))),
        ("views in a struct", wrapped(views(ROWS))),
        ("views in lists", lists(views(2 * ROWS))),
        ("views in lists of two", {
            let values = views(2 * ROWS);
            Arc::new(FixedSizeListArray::new(item(&values), 2, values, None))
        }),
        ("dictionary", words(ROWS)),
        ("dictionary in lists", lists(words(2 * ROWS))),
        ("dictionary in maps", Arc::new(maps)),
        ("list views", Arc::new(list_views)),
        ("dense union", Arc::new(dense)),
        ("views in runs", Arc::new(runs)),
    ]
}

fn stored(batch: &RecordBatch) -> usize {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap().len()
}

fn cut(batch: &RecordBatch, first: usize, pieces: Pieces) -> Vec<RecordBatch> {
    let found: Vec<_> = slices(batch.clone(), first, pieces).collect();
    let mut start = first;
    for piece in &found {
        assert_eq!(piece, &batch.slice(start, piece.num_rows()));
        start += piece.num_rows();
    }
    assert_eq!(start, batch.num_rows());
    found
}

/// 14 MB of views in a struct became 20 GB of log; dictionaries, list views and unions 20 times as much as
/// they were.
#[test]
fn pieces_together_are_as_large_as_what_was_cut() {
    for (name, column) in columns() {
        let batch = RecordBatch::try_from_iter_with_nullable([("v", column, true)]).unwrap();
        let whole = stored(&batch);
        for first in [0, 5] {
            let pieces = Pieces { rows_max: 8_192, rows_exact: false, bytes_max: whole / 10 };
            let found = cut(&batch, first, pieces);
            assert!((8..=14).contains(&found.len()), "{name}: {} pieces", found.len());
            let sum: usize = found.iter().map(stored).sum();
            assert!(sum < whole * 3 / 2, "{name}: {sum} of {whole}");
        }
    }
}

#[test]
fn a_batch_that_fits_stays_as_it_is() {
    for (name, column) in columns() {
        let batch = RecordBatch::try_from_iter_with_nullable([("v", column, true)]).unwrap();
        let pieces = Pieces { rows_max: ROWS, rows_exact: false, bytes_max: 64 << 20 };
        let found = cut(&batch, 0, pieces);
        assert_eq!((found.len(), stored(&found[0])), (1, stored(&batch)), "{name}");
    }
}

/// A long text that all rows show is in every piece, whatever is done.
#[test]
fn what_all_rows_have_in_common_is_not_cut_into_small_pieces() {
    let long = "x".repeat(1 << 16);
    let values: ArrayRef = Arc::new(StringArray::from(vec![long.as_str(), "short"]));
    let keys = Int32Array::from_iter_values((0..ROWS as i32).map(|row| row % 2));
    let words: ArrayRef = Arc::new(DictionaryArray::new(keys, values));
    let one = StringViewArray::from(vec![long.as_str()]);
    let shown = vec![one.views()[0]; ROWS];
    let views: ArrayRef = Arc::new(StringViewArray::new(shown.into(), one.data_buffers().to_vec(), None));
    for column in [words, views] {
        let batch = RecordBatch::try_from_iter([("v", column)]).unwrap();
        let pieces = Pieces { rows_max: 100, rows_exact: false, bytes_max: 1 << 12 };
        let found = cut(&batch, 0, pieces);
        assert!(found.iter().map(stored).sum::<usize>() < 5 * stored(&batch) / 2, "{} pieces", found.len());
        // Who asked for so many rows gets them.
        let found = cut(&batch, 0, Pieces { rows_exact: true, ..pieces });
        assert!(found.iter().all(|piece| piece.num_rows() <= 100));
    }
}

/// Such a batch could not be appended at all: each half of it brought the whole dictionary along.
#[test]
fn a_few_large_rows_among_small_ones_are_halved_until_they_fit() {
    let lengths = (0..1_000).map(|row| if row < 3 { 20 << 20 } else { 10 });
    let views = StringViewArray::from_iter_values(lengths.map(|length| "y".repeat(length)));
    let batch = RecordBatch::try_from_iter([("v", Arc::new(views) as ArrayRef)]).unwrap();
    let found = cut(&batch, 0, Pieces { rows_max: 8_192, rows_exact: false, bytes_max: 4 << 20 });
    assert!(found.iter().all(|piece| held(piece) <= 33 << 20));
}
