//! Timestamps of 96 bits, as Spark and Impala wrote them: a day, and the nanoseconds of it. No unit of 64
//! bits holds them all.
//!
//! Arrow's reader makes nanoseconds of them, and instants before 1677 or after 2262 come out as others. So
//! the columns are looked through first, and read in a unit that holds every value.

use super::values::each_value;
use crate::input::fault::{DAMAGED, Fault};
use crate::input::stop::Stop;
use crate::shown::shown;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use parquet::basic::Type;
use parquet::column::reader::ColumnReader;
use parquet::data_type::Int96;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

/// The schema in which every value of the file is exact; `None` if that is `schema`, or if it was asked to stop.
///
/// Reads the columns in question. A value for which there is no unit is named.
pub(super) fn exact(file: &File, schema: &SchemaRef, stop: &Stop) -> Result<Option<SchemaRef>, Fault> {
    let reader = SerializedFileReader::new(file.try_clone()?)?;
    let columns = reader.metadata().file_metadata().schema_descr().columns().to_vec();
    let mut units = BTreeMap::new();
    for (nth, column) in
        columns.iter().enumerate().filter(|(_, column)| column.physical_type() == Type::INT96)
    {
        let carried = look_through(&reader, nth, column, stop)?;
        units.insert(nth, carried);
    }
    let mut next = 0;
    let fields = in_units(schema.fields(), &units, &mut next);
    if next != columns.len() {
        // Nested in a way that this does not know, with a timestamp somewhere.
        return if units.is_empty() { Ok(None) } else { Err(Fault::new("its columns cannot be told apart")) };
    }
    let found = Schema::new_with_metadata(fields, schema.metadata().clone());
    Ok((found != **schema).then(|| Arc::new(found)))
}

/// Which units hold every value of a column.
fn look_through(
    reader: &SerializedFileReader<File>,
    nth: usize,
    column: &ColumnDescriptor,
    stop: &Stop,
) -> Result<Units, Fault> {
    let (mut units, mut row) = (Units::ALL, 0_u64);
    for group in 0..reader.num_row_groups() {
        let ColumnReader::Int96ColumnReader(values) = reader.get_row_group(group)?.get_column_reader(nth)?
        else {
            return Err(Fault::new("the index and the columns disagree about a type").with_advice(DAMAGED));
        };
        each_value(values, column, stop, |begins_row, value| {
            row += u64::from(begins_row);
            units = value.map_or(units, |value| units.holding(value));
            if units.is_none() { Err(no_unit(column, row)) } else { Ok(()) }
        })?;
    }
    Ok(units)
}

fn no_unit(column: &ColumnDescriptor, row: u64) -> Fault {
    let fault = Fault::new(format!(
        "row {row}, column {}: with this timestamp no unit holds all timestamps of the column: nanoseconds reach from 1677 to 2262, \
         and the column has timestamps outside these years and others finer than a microsecond",
        shown(&column.path().string())
    ));
    fault.with_advice("Write the file again with its timestamps in microseconds, or in two columns.")
}

/// Units that hold what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Units([bool; 4]);

impl Units {
    const ALL: Self = Self([true; 4]);

    fn holding(self, value: &Int96) -> Self {
        let &[low, high, day] = value.data() else { unreachable!("three times 32 bits") };
        let in_day = i128::from((i64::from(high) << 32) | i64::from(low));
        // The day is signed.
        let nanos = (i128::from(day as i32) - JULIAN_DAY_OF_EPOCH) * NANOS_IN_DAY + in_day;
        let mut units = self.0;
        for (held, (_, per)) in units.iter_mut().zip(UNITS) {
            *held &= nanos % per == 0 && i64::try_from(nanos / per).is_ok();
        }
        Self(units)
    }

    fn is_none(self) -> bool {
        self == Self([false; 4])
    }

    /// The unit that the file says, if it will do; else the finest one.
    fn choose(self, said: Option<TimeUnit>) -> Option<TimeUnit> {
        let held = || UNITS.iter().zip(self.0).filter(|(_, held)| *held).map(|((unit, _), _)| *unit);
        held().find(|unit| Some(*unit) == said).or_else(|| held().next())
    }
}

/// The fields, with the leaves that are named in these units. Leaves are counted as Parquet counts its columns.
fn in_units(fields: &Fields, units: &BTreeMap<usize, Units>, next: &mut usize) -> Fields {
    fields.iter().map(|field| in_unit(field, units, next)).collect()
}

fn in_unit(field: &FieldRef, units: &BTreeMap<usize, Units>, next: &mut usize) -> FieldRef {
    use DataType as T;
    let mut child = |field: &FieldRef| in_unit(field, units, next);
    let data_type = match field.data_type() {
        T::Struct(fields) => T::Struct(in_units(fields, units, next)),
        T::List(inner) => T::List(child(inner)),
        T::LargeList(inner) => T::LargeList(child(inner)),
        T::ListView(inner) => T::ListView(child(inner)),
        T::LargeListView(inner) => T::LargeListView(child(inner)),
        T::FixedSizeList(inner, size) => T::FixedSizeList(child(inner), *size),
        T::Map(entries, sorted) => T::Map(child(entries), *sorted),
        leaf => {
            let nth = *next;
            *next += 1;
            let values = if let T::Dictionary(_, values) = leaf { values } else { leaf };
            let (said, zone) = match values {
                T::Timestamp(unit, zone) => (Some(*unit), zone.clone()),
                _ => (None, None),
            };
            match units.get(&nth).and_then(|units| units.choose(said)) {
                Some(unit) => T::Timestamp(unit, zone),
                None => leaf.clone(),
            }
        }
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

const JULIAN_DAY_OF_EPOCH: i128 = 2_440_588;
const NANOS_IN_DAY: i128 = 86_400_000_000_000;
/// With the nanoseconds that one has.
const UNITS: [(TimeUnit, i128); 4] = [
    (TimeUnit::Nanosecond, 1),
    (TimeUnit::Microsecond, 1_000),
    (TimeUnit::Millisecond, 1_000_000),
    (TimeUnit::Second, 1_000_000_000),
];
