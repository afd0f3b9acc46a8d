//! Arrays without the values that they do not show.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, DictionaryArray, FixedSizeListArray,
    GenericListArray, GenericListViewArray, MapArray, OffsetSizeTrait, PrimitiveArray, RecordBatch, RunArray,
    StringViewArray, StructArray, UnionArray, downcast_dictionary_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::filter;
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowNativeType, DataType, FieldRef, Int16Type, Int32Type, Int64Type,
    RunEndIndexType, UnionMode,
};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Whether a slice may keep values of other rows.
pub(super) fn shares(batch: &RecordBatch) -> bool {
    batch.schema_ref().fields().iter().any(|field| is_shared(field.data_type()))
}

fn is_shared(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Utf8View | T::BinaryView | T::Dictionary(..) | T::ListView(_) | T::LargeListView(_) => true,
        T::Union(_, UnionMode::Dense) => true,
        T::Union(fields, UnionMode::Sparse) => fields.iter().any(|(_, field)| is_shared(field.data_type())),
        T::List(inner) | T::LargeList(inner) | T::FixedSizeList(inner, _) | T::Map(inner, _) => {
            is_shared(inner.data_type())
        }
        T::RunEndEncoded(_, values) => is_shared(values.data_type()),
        T::Struct(fields) => fields.iter().any(|field| is_shared(field.data_type())),
        _ => false,
    }
}

/// The same rows. What cannot be packed stays as it is.
pub(super) fn packed(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| pack(column).unwrap_or_else(|_| column.clone()));
    let columns: Vec<_> = columns.collect();
    if columns.is_empty() {
        return batch.clone();
    }
    RecordBatch::try_new(batch.schema(), columns).unwrap_or_else(|_| batch.clone())
}

fn pack(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    use DataType as T;
    if !is_shared(array.data_type()) {
        return Ok(array.clone());
    }
    match array.data_type() {
        T::Utf8View => {
            let array = array.as_string_view();
            let (views, buffers) = views(array.views(), array.data_buffers(), array)?;
            Ok(Arc::new(StringViewArray::try_new(views, buffers, array.nulls().cloned())?))
        }
        T::BinaryView => {
            let array = array.as_binary_view();
            let (views, buffers) = views(array.views(), array.data_buffers(), array)?;
            Ok(Arc::new(BinaryViewArray::try_new(views, buffers, array.nulls().cloned())?))
        }
        T::Dictionary(..) => {
            let array = array.as_ref();
            downcast_dictionary_array!(
                array => dictionary(array),
                _ => unreachable!("a dictionary"),
            )
        }
        T::List(field) => list(array.as_list::<i32>(), field),
        T::LargeList(field) => list(array.as_list::<i64>(), field),
        T::Map(field, sorted) => {
            let map = array.as_map();
            let (offsets, entries) = elements(map.offsets(), &(Arc::new(map.entries().clone()) as ArrayRef))?;
            let (entries, nulls) = (entries.as_struct().clone(), map.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(field.clone(), offsets, entries, nulls, *sorted)?))
        }
        T::FixedSizeList(_, 0) => Ok(array.clone()),
        T::FixedSizeList(field, size) => {
            let list = array.as_fixed_size_list();
            let (values, nulls) = (pack(list.values())?, list.nulls().cloned());
            Ok(Arc::new(FixedSizeListArray::try_new(field.clone(), *size, values, nulls)?))
        }
        T::ListView(field) => list_view(array.as_list_view::<i32>(), field),
        T::LargeListView(field) => list_view(array.as_list_view::<i64>(), field),
        T::Struct(fields) => {
            let array = array.as_struct();
            let columns = array.columns().iter().map(pack).collect::<Result<_, _>>()?;
            Ok(Arc::new(StructArray::try_new(fields.clone(), columns, array.nulls().cloned())?))
        }
        T::RunEndEncoded(ends, _) => match ends.data_type() {
            T::Int16 => runs(array.as_run::<Int16Type>()),
            T::Int32 => runs(array.as_run::<Int32Type>()),
            _ => runs(array.as_run::<Int64Type>()),
        },
        T::Union(..) => union(array.as_union()),
        _ => Ok(array.clone()),
    }
}

/// Views into one buffer, which has every byte that is shown, once.
fn views(
    views: &[u128],
    buffers: &[Buffer],
    array: &dyn Array,
) -> Result<(ScalarBuffer<u128>, Vec<Buffer>), ArrowError> {
    let place = |view: u128| {
        let (length, buffer, offset) = (view as u32, (view >> 64) as u32, (view >> 96) as u32);
        (length > INLINE_BYTES).then_some((buffer, offset, length))
    };
    let mut places: Vec<_> = views
        .iter()
        .enumerate()
        .filter(|(row, _)| array.is_valid(*row))
        .filter_map(|(_, view)| place(*view))
        .collect();
    places.sort_unstable();
    // Stretches that overlap are one: where each begins, there and here.
    let (mut bytes, mut stretches) = (Vec::new(), Vec::<(u32, u32, usize)>::new());
    let mut end = (0, 0);
    for (buffer, offset, length) in places {
        let until = offset.saturating_add(length);
        if stretches.is_empty() || end.0 != buffer || offset > end.1 {
            stretches.push((buffer, offset, bytes.len()));
            end = (buffer, offset);
        }
        if until > end.1 {
            bytes.extend_from_slice(&buffers[buffer as usize][end.1 as usize..until as usize]);
            end.1 = until;
        }
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(ArrowError::ComputeError("more bytes than one buffer of views has".to_owned()));
    }
    let moved = views.iter().enumerate().map(|(row, view)| {
        if array.is_null(row) {
            return 0;
        }
        let Some((buffer, offset, _)) = place(*view) else { return *view };
        let nth = stretches.partition_point(|(b, o, _)| (*b, *o) <= (buffer, offset)) - 1;
        let (_, begin, here) = stretches[nth];
        let offset = here as u128 + u128::from(offset - begin);
        // Length and first characters stay; the buffer is the first one.
        (view & u128::from(u64::MAX)) | (offset << 96)
    });
    let views = moved.collect();
    let buffers = if bytes.is_empty() { Vec::new() } else { vec![Buffer::from_vec(bytes)] };
    Ok((views, buffers))
}

/// Values keep their order, which may have a meaning.
fn dictionary<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>) -> Result<ArrayRef, ArrowError> {
    let (keys, values) = (array.keys(), array.values());
    let used = Used::of(values.len(), keys.iter().flatten().map(|key| (key.as_usize(), 1)));
    let moved = keys.iter().map(|key| key.and_then(|key| K::Native::from_usize(used.place(key.as_usize()))));
    let keys: PrimitiveArray<K> = moved.collect();
    Ok(Arc::new(DictionaryArray::try_new(keys, used.values(values)?)?))
}

fn list<O: OffsetSizeTrait>(array: &GenericListArray<O>, field: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let (offsets, values) = elements(array.offsets(), array.values())?;
    Ok(Arc::new(GenericListArray::<O>::try_new(field.clone(), offsets, values, array.nulls().cloned())?))
}

/// The elements of lists that lie one behind the other, and nothing before them.
fn elements<O: OffsetSizeTrait>(
    offsets: &OffsetBuffer<O>,
    values: &ArrayRef,
) -> Result<(OffsetBuffer<O>, ArrayRef), ArrowError> {
    let first = offsets[0];
    let count = offsets[offsets.len() - 1] - first;
    let values = pack(&values.slice(first.as_usize(), count.as_usize()))?;
    let moved: ScalarBuffer<O> = offsets.iter().map(|offset| *offset - first).collect();
    Ok((OffsetBuffer::new(moved), values))
}

fn list_view<O: OffsetSizeTrait>(
    array: &GenericListViewArray<O>,
    field: &FieldRef,
) -> Result<ArrayRef, ArrowError> {
    let shown = |row: usize| {
        let size = array.value_sizes()[row].as_usize();
        (array.is_valid(row) && size > 0).then(|| (array.value_offsets()[row].as_usize(), size))
    };
    let used = Used::of(array.values().len(), (0..array.len()).filter_map(shown));
    let places = (0..array.len()).map(|row| {
        let (offset, size) = shown(row).map_or((0, 0), |(offset, size)| (used.place(offset), size));
        (O::usize_as(offset), O::usize_as(size))
    });
    let (offsets, sizes): (Vec<O>, Vec<O>) = places.unzip();
    let values = used.values(array.values())?;
    let nulls = array.nulls().cloned();
    Ok(Arc::new(GenericListViewArray::<O>::try_new(
        field.clone(),
        offsets.into(),
        sizes.into(),
        values,
        nulls,
    )?))
}

fn runs<R: RunEndIndexType>(array: &RunArray<R>) -> Result<ArrayRef, ArrowError> {
    if array.is_empty() {
        return Ok(Arc::new(array.clone()));
    }
    let (first, last) = (array.get_start_physical_index(), array.get_end_physical_index());
    let ends = array.run_ends().values()[first..=last].iter().map(|end| {
        let end = end.as_usize().min(array.offset() + array.len()) - array.offset();
        R::Native::from_usize(end).expect("less than before")
    });
    let ends: PrimitiveArray<R> = PrimitiveArray::from_iter_values(ends);
    let values = pack(&array.values().slice(first, last - first + 1))?;
    // The type has names for the two, which stay.
    let data = array.to_data().into_builder().offset(0).child_data(vec![ends.to_data(), values.to_data()]);
    Ok(arrow::array::make_array(data.build()?))
}

fn union(array: &UnionArray) -> Result<ArrayRef, ArrowError> {
    let fields = array.fields();
    let (ids, mut children) = (array.type_ids(), Vec::new());
    let Some(offsets) = array.offsets() else {
        for (id, _) in fields.iter() {
            children.push(pack(array.child(id))?);
        }
        return Ok(Arc::new(UnionArray::try_new(fields.clone(), ids.clone(), None, children)?));
    };
    let mut moved: Vec<i32> = offsets.to_vec();
    for (id, _) in fields.iter() {
        let rows = || ids.iter().enumerate().filter(|(_, of)| **of == id).map(|(row, _)| row);
        let child = array.child(id);
        let used = Used::of(child.len(), rows().map(|row| (offsets[row].as_usize(), 1)));
        rows().for_each(|row| moved[row] = used.place(offsets[row].as_usize()) as i32);
        children.push(used.values(child)?);
    }
    Ok(Arc::new(UnionArray::try_new(fields.clone(), ids.clone(), Some(moved.into()), children)?))
}

/// Which of some values are shown.
struct Used {
    shown: BooleanBuffer,
    /// How many are shown before each.
    before: Vec<usize>,
}

impl Used {
    fn of(count: usize, places: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut shown = vec![false; count];
        for (from, size) in places {
            shown[from..from + size].fill(true);
        }
        let before = shown.iter().scan(0, |sum, shown| {
            let before = *sum;
            *sum += usize::from(*shown);
            Some(before)
        });
        Self { before: before.collect(), shown: BooleanBuffer::from(shown) }
    }

    /// Where a value is among those that are shown.
    fn place(&self, at: usize) -> usize {
        self.before[at]
    }

    fn values(&self, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        if self.shown.count_set_bits() == values.len() {
            return pack(values);
        }
        pack(&filter(values, &BooleanArray::new(self.shown.clone(), None))?)
    }
}

/// As long as a text that stands in its view.
const INLINE_BYTES: u32 = 12;
