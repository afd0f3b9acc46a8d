//! How many bytes rows are. Of values that an array holds once and shows many times, there are two answers.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, RecordBatch, RunArray};
use arrow::datatypes::{ArrowNativeType, DataType, Int16Type, Int32Type, Int64Type, RunEndIndexType};

/// The bytes of `rows` with every value as often as a row shows it, about.
pub(crate) fn written_out(rows: &RecordBatch) -> u64 {
    sum(rows.columns().iter().map(|column| weight(column, As::WrittenOut)))
}

/// The bytes of `rows` as they lie in memory, without what they do not show of the lists and texts that they
/// were cut out of. Dictionaries, and whatever views may show, count as a whole.
pub(crate) fn held(rows: &RecordBatch) -> u64 {
    sum(rows.columns().iter().map(|column| weight(column, As::Held)))
}

fn sum(weights: impl Iterator<Item = u64>) -> u64 {
    weights.fold(0, u64::saturating_add)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    WrittenOut,
    Held,
}

fn weight(array: &dyn Array, how: As) -> u64 {
    use DataType as T;
    let rows = array.len() as u64;
    if rows == 0 && how == As::WrittenOut {
        return 0;
    }
    let nulls = rows / 8;
    nulls
        + match array.data_type() {
            T::Null => rows / 2,
            T::Boolean => rows,
            T::Utf8 => texts(array.as_string::<i32>().value_offsets()) + 4 * rows,
            T::LargeUtf8 => texts(array.as_string::<i64>().value_offsets()) + 8 * rows,
            T::Binary => texts(array.as_binary::<i32>().value_offsets()) + 4 * rows,
            T::LargeBinary => texts(array.as_binary::<i64>().value_offsets()) + 8 * rows,
            T::Utf8View => {
                let array = array.as_string_view();
                views(array.views(), array.data_buffers(), how)
            }
            T::BinaryView => {
                let array = array.as_binary_view();
                views(array.views(), array.data_buffers(), how)
            }
            T::FixedSizeBinary(size) => rows * u64::try_from(*size).unwrap_or(0),
            T::List(_) => list(array.as_list::<i32>().value_offsets(), array.as_list::<i32>().values(), how),
            T::LargeList(_) => {
                list(array.as_list::<i64>().value_offsets(), array.as_list::<i64>().values(), how)
            }
            T::Map(..) => list(array.as_map().value_offsets(), &struct_of(array), how),
            T::FixedSizeList(..) => weight(array.as_fixed_size_list().values(), how),
            T::Struct(_) => sum(array.as_struct().columns().iter().map(|column| weight(column, how))),
            T::ListView(_) => {
                let array = array.as_list_view::<i32>();
                list_views(array.value_offsets(), array.value_sizes(), array.values(), how)
            }
            T::LargeListView(_) => {
                let array = array.as_list_view::<i64>();
                list_views(array.value_offsets(), array.value_sizes(), array.values(), how)
            }
            T::Dictionary(key, _) => {
                let dictionary = array.as_any_dictionary();
                let values = dictionary.values();
                let keys = rows * key.primitive_width().unwrap_or(8) as u64;
                if how == As::Held {
                    return keys + weight(values, how);
                }
                if values.is_empty() {
                    return keys;
                }
                let each = dictionary.normalized_keys().into_iter();
                keys + sum(each.map(|key| weight(&values.slice(key, 1), how)))
            }
            T::RunEndEncoded(ends, _) => match ends.data_type() {
                T::Int16 => runs(array.as_run::<Int16Type>(), how),
                T::Int32 => runs(array.as_run::<Int32Type>(), how),
                _ => runs(array.as_run::<Int64Type>(), how),
            },
            T::Union(..) => {
                let union = array.as_union();
                match how {
                    As::Held => {
                        let children = union.fields().iter().map(|(id, _)| weight(union.child(id), how));
                        sum(children) + 5 * rows
                    }
                    As::WrittenOut => sum((0..array.len()).map(|row| weight(&union.value(row), how))),
                }
            }
            other => rows * other.primitive_width().unwrap_or(16) as u64,
        }
}

fn texts<O: OffsetSizeTrait>(offsets: &[O]) -> u64 {
    let (first, last) = (offsets.first().copied(), offsets.last().copied());
    last.unwrap_or_default().as_usize().saturating_sub(first.unwrap_or_default().as_usize()) as u64
}

fn views(views: &[u128], buffers: &[arrow::buffer::Buffer], how: As) -> u64 {
    let there = match how {
        As::Held => sum(buffers.iter().map(|buffer| buffer.len() as u64)),
        // Its length is the first thing in a view.
        As::WrittenOut => sum(views.iter().map(|view| u64::from(*view as u32))),
    };
    there + 16 * views.len() as u64
}

fn list<O: OffsetSizeTrait>(offsets: &[O], values: &ArrayRef, how: As) -> u64 {
    let rows = offsets.len() as u64 * size_of::<O>() as u64;
    let first = offsets.first().map_or(0, |offset| offset.as_usize());
    rows + weight(&values.slice(first, texts(offsets) as usize), how)
}

fn list_views<O: OffsetSizeTrait>(offsets: &[O], sizes: &[O], values: &ArrayRef, how: As) -> u64 {
    let rows = 2 * offsets.len() as u64 * size_of::<O>() as u64;
    if how == As::Held {
        return rows + weight(values, how);
    }
    let each = offsets.iter().zip(sizes).map(|(offset, size)| {
        // A null may have any offset.
        let (from, size) = (offset.as_usize().min(values.len()), size.as_usize());
        weight(&values.slice(from, size.min(values.len() - from)), how)
    });
    rows + sum(each)
}

fn runs<R: RunEndIndexType>(array: &RunArray<R>, how: As) -> u64 {
    let values = array.values();
    if array.is_empty() || values.is_empty() {
        return 0;
    }
    let (first, last) = (array.get_start_physical_index(), array.get_end_physical_index());
    if how == As::Held {
        return 8 * (last - first + 1) as u64 + weight(&values.slice(first, last - first + 1), how);
    }
    let (ends, mut before) = (array.run_ends(), array.offset());
    let until = array.offset() + array.len();
    let each = (first..=last).map(|run| {
        let end = ends.values()[run].as_usize().min(until);
        let count = (end - before) as u64;
        before = end;
        count.saturating_mul(weight(&values.slice(run, 1), how))
    });
    sum(each)
}

fn struct_of(map: &dyn Array) -> ArrayRef {
    std::sync::Arc::new(map.as_map().entries().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{DictionaryArray, Int32Array, StringArray, StringViewArray};
    use std::sync::Arc;

    #[test]
    fn what_is_there_once_counts_once_or_for_every_row() {
        let long = "x".repeat(1_000);
        let values: ArrayRef = Arc::new(StringArray::from(vec![long.as_str()]));
        let words = DictionaryArray::new(Int32Array::from(vec![0; 100]), values.clone());
        let ends = Int32Array::from(vec![100]);
        let runs = RunArray::<Int32Type>::try_new(&ends, &values).unwrap();
        let views = StringViewArray::from(vec![long.as_str(); 100]);
        let views = StringViewArray::new(
            vec![views.views()[0]; 100].into(),
            vec![views.data_buffers()[0].slice_with_length(0, 1_000)],
            None,
        );
        for array in [&words as &dyn Array, &runs, &views] {
            let (once, all) = (weight(array, As::Held), weight(array, As::WrittenOut));
            assert!((1_000..4_000).contains(&once), "{}: {once}", array.data_type());
            assert!((100_000..110_000).contains(&all), "{}: {all}", array.data_type());
            let some = weight(&array.slice(50, 10), As::WrittenOut);
            assert!((10_000..11_000).contains(&some), "{}: {some}", array.data_type());
        }
    }
}
