//! Batches of arbitrary types, and entries made of them.

use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, LargeBinaryArray, LargeStringArray, NullArray, RecordBatch,
    RecordBatchOptions, StringArray, StructArray, UnionArray, make_array,
};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::{
    DataType, Field, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit, UnionFields, UnionMode,
};
use bytes::Bytes;
use fencepost_format::{EncodedBatches, EntryKind, Epoch, FormatError, Nonce, Position, assemble_entry};
use proptest::prelude::*;

pub(crate) const AT: Position = Position::new(5);
pub(crate) const EPOCH: Epoch = Epoch::new(3);
/// Every kind of entry without rows.
pub(crate) const MARKERS: [EntryKind; 5] =
    [EntryKind::Fence, EntryKind::CleanFence, EntryKind::Filler, EntryKind::Close, EntryKind::Tombstone];
pub(crate) const NONCE: Nonce = Nonce(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

/// How often, and where seeds that failed are kept.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let kept = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
    let cases =
        if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    ProptestConfig { failure_persistence: Some(Box::new(kept)), ..ProptestConfig::with_cases(cases) }
}

/// Whether Arrow's writer and reader agree about them; they do about nearly all.
pub(crate) fn are_written(groups: &[Vec<RecordBatch>]) -> bool {
    groups.iter().all(|batches| match EncodedBatches::encode(batches) {
        Ok(_) => true,
        Err(FormatError::Refused { reason }) => {
            assert!(reason.contains("as Arrow writes them"), "{reason}");
            false
        }
        Err(other) => panic!("{other}"),
    })
}

/// One object of several submissions, each of several batches.
pub(crate) fn entry_of(groups: &[Vec<RecordBatch>]) -> Bytes {
    let groups: Vec<_> = groups.iter().map(|batches| EncodedBatches::encode(batches).unwrap()).collect();
    assemble_entry(AT, EPOCH, NONCE, &groups).unwrap().concat().into()
}

/// A schema of up to five columns, and one to three submissions of one or two batches with it.
pub(crate) fn any_groups() -> impl Strategy<Value = Vec<Vec<RecordBatch>>> {
    let types = prop::collection::vec(any_type(), 0..5);
    let sizes = prop::collection::vec(prop::collection::vec(0_usize..9, 1..3), 1..4);
    (types, sizes, any::<u64>())
        .prop_map(|(types, sizes, seed)| {
            let fields = types.into_iter().enumerate().map(|(at, data_type)| {
                let metadata = std::collections::HashMap::from([("column".to_owned(), at.to_string())]);
                Field::new(format!("c{at}"), data_type, true).with_metadata(metadata)
            });
            let metadata = std::collections::HashMap::from([("user".to_owned(), "kept".to_owned())]);
            let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), metadata));
            let mut random = Random(seed | 1);
            let batches =
                |sizes: Vec<usize>| sizes.into_iter().map(|rows| batch(&schema, rows, &mut random)).collect();
            sizes.into_iter().map(batches).collect::<Vec<_>>()
        })
        .prop_filter("Arrow writes them so that they cannot be read", |groups| are_written(groups))
}

/// What Arrow's own stream writer can write one after the other: the first one alone, where there is a dictionary
/// whose values are not simple. It compares each with the one before, and panics where only one side of fixed
/// size binaries has nulls (58.0 and 59.3).
pub(crate) fn for_arrows_writer(groups: &[Vec<RecordBatch>]) -> Vec<RecordBatch> {
    let mut batches = groups.concat();
    let is_compared_badly = |field: &&Field| match field.data_type() {
        DataType::Dictionary(_, values) => !values.is_primitive() && **values != DataType::Utf8,
        _ => false,
    };
    if batches[0].schema().flattened_fields().iter().any(is_compared_badly) {
        batches.truncate(1);
    }
    batches
}

/// A batch of up to four columns with so many rows.
pub(crate) fn any_batch(rows: std::ops::Range<usize>) -> impl Strategy<Value = RecordBatch> {
    (prop::collection::vec(any_type(), 1..5), rows, any::<u64>())
        .prop_map(|(types, rows, seed)| {
            let fields = types.into_iter().enumerate();
            let fields = fields.map(|(at, data_type)| Field::new(format!("c{at}"), data_type, true));
            batch(&Arc::new(Schema::new(fields.collect::<Fields>())), rows, &mut Random(seed | 1))
        })
        .prop_filter("Arrow writes it so that it cannot be read", |batch| are_written(&[vec![batch.clone()]]))
}

/// A batch of `rows` rows, cut out of a larger one.
pub(crate) fn batch(schema: &SchemaRef, rows: usize, random: &mut Random) -> RecordBatch {
    let (before, after) = (random.below(3), random.below(3));
    let columns = schema.fields().iter().map(|field| {
        let column = array(field.data_type(), before + rows + after, true, random);
        column.slice(before, rows)
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect(), &options).unwrap()
}

pub(crate) fn any_type() -> impl Strategy<Value = DataType> {
    let units = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
    let mut leaves = vec![
        DataType::Null,
        DataType::Boolean,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Float16,
        DataType::Float32,
        DataType::Float64,
        DataType::Date32,
        DataType::Date64,
        DataType::Time32(TimeUnit::Second),
        DataType::Time32(TimeUnit::Millisecond),
        DataType::Time64(TimeUnit::Microsecond),
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Interval(IntervalUnit::YearMonth),
        DataType::Interval(IntervalUnit::DayTime),
        DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Decimal32(9, 2),
        DataType::Decimal64(18, -2),
        DataType::Decimal128(38, 10),
        DataType::Decimal256(76, 5),
        DataType::FixedSizeBinary(0),
        DataType::FixedSizeBinary(7),
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
    ];
    leaves.extend(units.map(DataType::Duration));
    leaves.extend(units.map(|unit| DataType::Timestamp(unit, None)));
    leaves.extend(units.map(|unit| DataType::Timestamp(unit, Some("Europe/Berlin".into()))));
    let keys = [DataType::Int8, DataType::Int64, DataType::UInt16, DataType::UInt32];
    let run_ends = [DataType::Int16, DataType::Int32, DataType::Int64];
    prop::sample::select(leaves).prop_recursive(3, 12, 3, move |inner| {
        let item = inner.clone().prop_map(|inner| Arc::new(Field::new("item", inner, true)));
        let pair = (inner.clone(), inner.clone());
        let run_ends = prop::sample::select(run_ends.to_vec());
        prop_oneof![
            item.clone().prop_map(DataType::List),
            item.clone().prop_map(DataType::LargeList),
            item.clone().prop_map(DataType::ListView),
            item.clone().prop_map(DataType::LargeListView),
            (item, 0_i32..4).prop_map(|(item, width)| DataType::FixedSizeList(item, width)),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|types| DataType::Struct(named(types))),
            (prop::sample::select(keys.to_vec()), inner.clone())
                .prop_filter("dictionaries of dictionaries do not exist", |(_, values)| !is_dictionary(
                    values
                ))
                .prop_map(|(key, values)| DataType::Dictionary(Box::new(key), Box::new(values))),
            (run_ends, inner.clone()).prop_map(|(ends, values)| DataType::RunEndEncoded(
                Arc::new(Field::new("run_ends", ends, false)),
                Arc::new(Field::new("values", values, true)),
            )),
            // Keys are not null, and the values of other types may be, somewhere inside.
            (prop::sample::select(vec![DataType::Utf8, DataType::Int64, DataType::Boolean]), inner)
                .prop_map(|(key, value)| DataType::Map(Arc::new(entries(key, value)), false)),
            (pair, prop::bool::ANY).prop_map(|((first, second), dense)| {
                let fields = [(3, named([first])[0].clone()), (7, named([second])[0].clone())];
                let mode = if dense { UnionMode::Dense } else { UnionMode::Sparse };
                DataType::Union(UnionFields::from_iter(fields), mode)
            }),
        ]
    })
}

fn is_dictionary(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Dictionary(..))
}

fn named(types: impl IntoIterator<Item = DataType>) -> Fields {
    types.into_iter().enumerate().map(|(at, inner)| Field::new(format!("f{at}"), inner, true)).collect()
}

fn entries(key: DataType, value: DataType) -> Field {
    let fields = vec![Field::new("key", key, false), Field::new("value", value, true)];
    Field::new("entries", DataType::Struct(fields.into()), false)
}

/// An array of `len` random values.
pub(crate) fn array(data_type: &DataType, len: usize, nullable: bool, random: &mut Random) -> ArrayRef {
    let nulls = nullable.then(|| NullBuffer::from((0..len).map(|_| random.below(4) > 0).collect::<Vec<_>>()));
    let valid = |at: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at));
    let bits = nulls.as_ref().map(|nulls| nulls.buffer().clone());
    let data = ArrayData::builder(data_type.clone()).len(len).null_bit_buffer(bits);
    let texts = |random: &mut Random| (0..len).map(|at| valid(at).then(|| random.text())).collect::<Vec<_>>();
    let built = match data_type {
        DataType::Null => return Arc::new(NullArray::new(len)),
        DataType::Boolean => {
            return Arc::new(
                (0..len).map(|at| valid(at).then(|| random.below(2) == 0)).collect::<BooleanArray>(),
            );
        }
        DataType::Utf8 => return Arc::new(StringArray::from_iter(texts(random))),
        DataType::LargeUtf8 => return Arc::new(LargeStringArray::from_iter(texts(random))),
        DataType::Binary => return Arc::new(BinaryArray::from_iter(texts(random))),
        DataType::LargeBinary => return Arc::new(LargeBinaryArray::from_iter(texts(random))),
        DataType::Utf8View => {
            let mut builder = StringViewBuilder::new().with_fixed_block_size(32);
            texts(random).into_iter().for_each(|text| builder.append_option(text));
            return Arc::new(builder.finish());
        }
        DataType::BinaryView => {
            let mut builder = BinaryViewBuilder::new().with_fixed_block_size(32);
            texts(random).into_iter().for_each(|text| builder.append_option(text));
            return Arc::new(builder.finish());
        }
        DataType::List(item) | DataType::Map(item, _) => {
            let (offsets, total) = random.offsets(len);
            let offsets: Vec<i32> = offsets.into_iter().map(|offset| offset as i32).collect();
            let nullable = !matches!(data_type, DataType::Map(..));
            data.add_buffer(Buffer::from_vec(offsets)).add_child_data(child(item, total, nullable, random))
        }
        DataType::LargeList(item) => {
            let (offsets, total) = random.offsets(len);
            data.add_buffer(Buffer::from_vec(offsets)).add_child_data(child(item, total, true, random))
        }
        DataType::ListView(item) | DataType::LargeListView(item) => {
            let (offsets, total) = random.offsets(len);
            let sizes: Vec<i64> = offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let buffer = |numbers: &[i64]| match data_type {
                DataType::LargeListView(_) => Buffer::from_vec(numbers.to_vec()),
                _ => Buffer::from_vec(numbers.iter().map(|number| *number as i32).collect::<Vec<_>>()),
            };
            data.add_buffer(buffer(&offsets[..len]))
                .add_buffer(buffer(&sizes))
                .add_child_data(child(item, total, true, random))
        }
        DataType::FixedSizeList(item, width) => {
            data.add_child_data(child(item, len * *width as usize, true, random))
        }
        DataType::Struct(fields) => {
            let children: Vec<_> = fields
                .iter()
                .map(|field| array(field.data_type(), len, field.is_nullable(), random))
                .collect();
            if fields.is_empty() {
                return Arc::new(StructArray::new_empty_fields(len, nulls));
            }
            return Arc::new(StructArray::new(fields.clone(), children, nulls));
        }
        DataType::Dictionary(key, values) => {
            let width = key.primitive_width().unwrap();
            let keys = (0..len).flat_map(|_| (random.next() % 4).to_le_bytes().into_iter().take(width));
            let keys = Buffer::from(keys.collect::<Vec<u8>>());
            data.add_buffer(keys).add_child_data(array(values, 4, true, random).to_data()).align_buffers(true)
        }
        DataType::RunEndEncoded(ends, values) => {
            // Runs of two rows each; the last one may be longer than the array.
            let runs = len.div_ceil(2).max(1);
            let width = ends.data_type().primitive_width().unwrap();
            let numbers = (1..=runs as i64).flat_map(|run| (run * 2).to_le_bytes().into_iter().take(width));
            let numbers = Buffer::from(numbers.collect::<Vec<u8>>());
            let numbers = ArrayData::builder(ends.data_type().clone()).len(runs).add_buffer(numbers);
            ArrayData::builder(data_type.clone())
                .len(len)
                .add_child_data(numbers.align_buffers(true).build().unwrap())
                .add_child_data(child(values, runs, true, random))
        }
        DataType::Union(fields, mode) => return union(fields, *mode, len, random),
        primitive => {
            let width = match primitive {
                DataType::FixedSizeBinary(width) => *width as usize,
                _ => primitive.primitive_width().unwrap(),
            };
            let small = matches!(primitive, DataType::Date64 | DataType::Time32(_) | DataType::Time64(_));
            let mut bytes = || if small { 0 } else { random.next() as u8 };
            let values: Vec<u8> = (0..len * width).map(|_| bytes()).collect();
            data.add_buffer(Buffer::from(values)).align_buffers(true)
        }
    };
    make_array(built.build().unwrap())
}

fn child(field: &Field, len: usize, nullable: bool, random: &mut Random) -> ArrayData {
    array(field.data_type(), len, nullable && field.is_nullable(), random).to_data()
}

fn union(fields: &UnionFields, mode: UnionMode, len: usize, random: &mut Random) -> ArrayRef {
    let ids: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
    let types: Vec<i8> = (0..len).map(|_| ids[random.below(ids.len())]).collect();
    let children = fields.iter().map(|(_, field)| array(field.data_type(), len, true, random)).collect();
    let offsets = (mode == UnionMode::Dense).then(|| ScalarBuffer::from_iter(0..len as i32));
    Arc::new(UnionArray::try_new(fields.clone(), types.into(), offsets, children).unwrap())
}

/// Numbers from a seed (xorshift).
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Sometimes short enough to fit into a view, sometimes not.
    fn text(&mut self) -> String {
        (0..self.below(20)).map(|_| ['a', 'é', '日', '\0'][self.below(4)]).collect()
    }

    fn offsets(&mut self, len: usize) -> (Vec<i64>, usize) {
        let mut offsets = vec![0];
        for _ in 0..len {
            offsets.push(offsets[offsets.len() - 1] + self.below(3) as i64);
        }
        let total = offsets[len] as usize;
        (offsets, total)
    }
}
