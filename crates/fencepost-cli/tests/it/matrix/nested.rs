//! Types with types inside.

use super::case::{Case, Typed};
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::*;
use std::sync::Arc;

pub(super) fn cases() -> Vec<Case> {
    let item = |data_type: DataType| Arc::new(Field::new_list_field(data_type, true));
    let ints = || vec![Some(vec![Some(1), None]), Some(vec![]), Some(vec![Some(i32::MIN)]), None];
    let pairs = vec![Some(vec![Some(1), None]), Some(vec![None, None]), Some(vec![Some(3), Some(4)]), None];
    let list_texts = ["[1,null]", "[]", "[-2147483648]", "null"];
    let lists = || ListArray::from_iter_primitive::<Int32Type, _, _>(ints());
    let view = |large: bool| -> ArrayRef {
        let to = match large {
            true => DataType::LargeListView(item(DataType::Int32)),
            false => DataType::ListView(item(DataType::Int32)),
        };
        arrow::compute::cast(&lists(), &to).unwrap()
    };
    let seconds = TimestampSecondArray::from(vec![Some(0), Some(-1), None]);
    let instants = ListArray::new(
        item(seconds.data_type().clone()),
        OffsetBuffer::from_lengths([2, 0, 1, 0]),
        Arc::new(seconds),
        Some(NullBuffer::from(vec![true, true, true, false])),
    );
    let words: DictionaryArray<Int32Type> = [Some("b"), None, Some("a")].into_iter().collect();
    let word_lists = ListArray::new(
        item(words.data_type().clone()),
        OffsetBuffer::from_lengths([2, 0, 1, 0]),
        Arc::new(words),
        Some(NullBuffer::from(vec![true, true, true, false])),
    );
    let milliseconds = DataType::Timestamp(TimeUnit::Millisecond, None);
    vec![
        Case::nested("List(Int32)", lists(), list_texts),
        Case::nested(
            "LargeList(Int32)",
            LargeListArray::from_iter_primitive::<Int32Type, _, _>(ints()),
            list_texts,
        ),
        Case::nested("ListView(Int32)", view(false), list_texts)
            .in_parquet(Typed::As(DataType::List(item(DataType::Int32)))),
        Case::nested("LargeListView(Int32)", view(true), list_texts)
            .in_parquet(Typed::As(DataType::LargeList(item(DataType::Int32)))),
        Case::nested(
            "FixedSizeList(Int32, 2)",
            FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(pairs, 2),
            ["[1,null]", "[null,null]", "[3,4]", "null"],
        ),
        Case::nested(
            "List(Timestamp(s))",
            instants,
            ["[\"1970-01-01T00:00:00\",\"1969-12-31T23:59:59\"]", "[]", "[null]", "null"],
        )
        .in_parquet(Typed::As(DataType::List(item(milliseconds)))),
        Case::nested("List(Dictionary(Int32, Utf8))", word_lists, ["[\"b\",null]", "[]", "[\"a\"]", "null"]),
        Case::nested(
            "Struct(Int32, Utf8)",
            structs(),
            ["{\"a\":1,\"b\":\"x\"}", "{\"a\":null,\"b\":null}", "{\"a\":3,\"b\":\"\"}", "null"],
        ),
        Case::nested(
            "Struct(Struct(Float64))",
            deep(),
            ["{\"in\":{\"f\":0.5}}", "{\"in\":null}", "{\"in\":{\"f\":null}}", "null"],
        ),
        Case::nested(
            "Map(Utf8, Int32)",
            map_of(StringArray::from(vec!["b", "a", "b"]), &[2, 0, 1, 0]),
            ["{\"b\":1,\"a\":null}", "{}", "{\"b\":3}", "null"],
        ),
        Case::nested("List(Null)", nulls(), ["[null,null]", "[]", "[null]", "null"]),
    ]
}

fn structs() -> StructArray {
    let fields =
        Fields::from(vec![Field::new("a", DataType::Int32, true), Field::new("b", DataType::Utf8, true)]);
    let a = Int32Array::from(vec![Some(1), None, Some(3), Some(4)]);
    let b = StringArray::from(vec![Some("x"), None, Some(""), Some("hidden")]);
    let valid = NullBuffer::from(vec![true, true, true, false]);
    StructArray::new(fields, vec![Arc::new(a), Arc::new(b)], Some(valid))
}

/// What a null hides does not matter, though JSON has no such number.
fn deep() -> StructArray {
    let leaf = Fields::from(vec![Field::new("f", DataType::Float64, true)]);
    let numbers = Float64Array::from(vec![Some(0.5), Some(f64::NAN), None, Some(f64::INFINITY)]);
    let inner = StructArray::new(
        leaf.clone(),
        vec![Arc::new(numbers)],
        Some(NullBuffer::from(vec![true, false, true, true])),
    );
    let fields = Fields::from(vec![Field::new("in", DataType::Struct(leaf), true)]);
    StructArray::new(fields, vec![Arc::new(inner)], Some(NullBuffer::from(vec![true, true, true, false])))
}

/// Maps of so many entries each; of four the last is null.
pub(super) fn map_of(keys: impl Array + 'static, lengths: &[usize]) -> MapArray {
    let values =
        Int32Array::from((0..keys.len()).map(|n| (n != 1).then_some(n as i32 + 1)).collect::<Vec<_>>());
    let fields = Fields::from(vec![
        Field::new("key", keys.data_type().clone(), false),
        Field::new("value", DataType::Int32, true),
    ]);
    let entries = StructArray::new(fields.clone(), vec![Arc::new(keys), Arc::new(values)], None);
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    let valid = (lengths.len() == 4).then(|| NullBuffer::from(vec![true, true, true, false]));
    MapArray::new(field, OffsetBuffer::from_lengths(lengths.iter().copied()), entries, valid, false)
}

fn nulls() -> ListArray {
    let item = Arc::new(Field::new_list_field(DataType::Null, true));
    let valid = NullBuffer::from(vec![true, true, true, false]);
    ListArray::new(item, OffsetBuffer::from_lengths([2, 0, 1, 0]), Arc::new(NullArray::new(3)), Some(valid))
}

/// Each value of either type, the type of each said beside it.
pub(super) fn union(dense: bool) -> UnionArray {
    let fields = UnionFields::try_new(
        vec![0, 1],
        vec![Field::new("i", DataType::Int32, true), Field::new("t", DataType::Utf8, true)],
    );
    let (numbers, texts): (ArrayRef, ArrayRef) = match dense {
        true => (Arc::new(Int32Array::from(vec![7])), Arc::new(StringArray::from(vec!["x"]))),
        false => (
            Arc::new(Int32Array::from(vec![Some(7), None])),
            Arc::new(StringArray::from(vec![None, Some("x")])),
        ),
    };
    let offsets = dense.then(|| ScalarBuffer::from(vec![0, 0]));
    UnionArray::try_new(fields.unwrap(), ScalarBuffer::from(vec![0_i8, 1]), offsets, vec![numbers, texts])
        .unwrap()
}
