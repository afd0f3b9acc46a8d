//! How many rows are decoded at a time, so that what they take in memory is bounded, however few bytes they
//! have in the file.
//!
//! The index says what a column takes as a whole. Where so much may lie in a few rows that it says too
//! little, the rows are measured first.

use super::values::each_value;
use crate::input::fault::Fault;
use crate::input::stop::Stop;
use crate::shown::shown;
use parquet::basic::{Encoding, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::fs::File;

/// What batches are to be, and what they must not be.
#[derive(Clone, Copy, Debug)]
pub(in crate::input) struct Bounds {
    pub(in crate::input) rows_max: usize,
    /// About so many bytes are an entry.
    pub(in crate::input) bytes_max: usize,
    /// More than that is not to be in memory.
    pub(in crate::input) memory_max: u64,
}

/// Row groups that are read one behind the other.
#[derive(Debug, PartialEq)]
pub(super) struct Run {
    pub(super) groups: Vec<usize>,
    /// How many at a time; `None` if the rows have to be measured first.
    pub(super) rows: Option<usize>,
}

/// All row groups, in order.
pub(super) fn runs(metadata: &ParquetMetaData, bounds: Bounds) -> Vec<Run> {
    let mut runs: Vec<(Run, Needs)> = Vec::new();
    for (nth, group) in metadata.row_groups().iter().enumerate() {
        let needs = Needs::of(group);
        if let Some((run, before)) = runs.last_mut()
            && before.with(needs).bytes <= bounds.share()
        {
            run.groups.push(nth);
            *before = before.with(needs);
        } else {
            runs.push((Run { groups: vec![nth], rows: None }, needs));
        }
    }
    let decide = |(run, needs): (Run, Needs)| Run { rows: needs.rows(bounds), ..run };
    runs.into_iter().map(decide).collect()
}

/// What a row group takes in memory when it is decoded: at most, and where it lies.
#[derive(Clone, Copy, Debug)]
struct Needs {
    rows: u64,
    bytes: u64,
    /// Of these, what is not spread evenly over the rows.
    uneven: u64,
}

impl Needs {
    fn of(group: &RowGroupMetaData) -> Self {
        let mut needs = Self { rows: group.num_rows().max(0) as u64, bytes: 0, uneven: 0 };
        for column in group.columns() {
            let bytes = bytes_of(column);
            needs.bytes = needs.bytes.saturating_add(bytes);
            if is_uneven(column.column_descr()) {
                needs.uneven = needs.uneven.saturating_add(bytes);
            }
        }
        needs
    }

    const fn with(self, other: Self) -> Self {
        Self {
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
            uneven: self.uneven.saturating_add(other.uneven),
        }
    }

    /// How many rows at a time are bearable, wherever the bytes lie.
    fn rows(self, bounds: Bounds) -> Option<usize> {
        let rows = bounds.rows(self.bytes, self.rows);
        let even = (self.bytes - self.uneven).checked_div(self.rows).unwrap_or(0);
        let worst = even.saturating_mul(rows as u64).saturating_add(self.uneven);
        (worst <= bounds.share() || self.uneven == 0).then_some(rows)
    }
}

impl Bounds {
    /// What the rows of one batch may take: decoding holds more than that for a moment, and the batches
    /// before are still in use.
    const fn share(self) -> u64 {
        self.memory_max / 2
    }

    /// As many rows as an entry has, if all are alike.
    fn rows(self, bytes: u64, rows: u64) -> usize {
        let row = (bytes / rows.max(1)).max(1);
        (self.bytes_max as u64 / row).clamp(1, self.rows_max.max(1) as u64) as usize
    }
}

/// Whether rows may differ in what they take.
fn is_uneven(column: &ColumnDescriptor) -> bool {
    column.max_rep_level() > 0 || column.physical_type() == Type::BYTE_ARRAY
}

/// What a column takes at most, decoded.
fn bytes_of(column: &ColumnChunkMetaData) -> u64 {
    let count = column.num_values().max(0) as u64;
    let stored = column.uncompressed_size().max(0) as u64;
    let texts = match (column.column_type(), column.unencoded_byte_array_data_bytes()) {
        (Type::BYTE_ARRAY, Some(bytes)) => bytes.max(0) as u64,
        // Stored once, a value may be there any number of times.
        (Type::BYTE_ARRAY, None) if column.encodings().any(repeats) => stored.saturating_mul(count),
        (Type::BYTE_ARRAY, None) => stored,
        _ => 0,
    };
    count.saturating_mul(slot_bytes(column.column_descr())).saturating_add(texts)
}

const fn repeats(encoding: Encoding) -> bool {
    !matches!(
        encoding,
        Encoding::PLAIN | Encoding::RLE | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BINARY_PACKED
    )
}

/// What each value takes at most, without the bytes of texts: offsets and levels as well.
fn slot_bytes(column: &ColumnDescriptor) -> u64 {
    let value = match column.physical_type() {
        Type::BOOLEAN => 1,
        // As they may be decimals of 256 bits.
        Type::INT32 | Type::INT64 if column.type_precision() > 0 => 32,
        Type::INT32 | Type::INT64 | Type::INT96 | Type::FLOAT | Type::DOUBLE => 8,
        Type::BYTE_ARRAY => 16,
        Type::FIXED_LEN_BYTE_ARRAY => (column.type_length().max(0) as u64).max(16),
    };
    let levels = if column.max_rep_level() > 0 { 12 } else { 2 };
    value + levels
}

/// How many rows of a group at a time are bearable, after a look at each of them.
///
/// A row that is not bearable alone is refused.
pub(super) fn measured(file: &File, nth: usize, bounds: Bounds, stop: &Stop) -> Result<usize, Fault> {
    let reader = SerializedFileReader::new(file.try_clone()?)?;
    let before: i64 = reader.metadata().row_groups()[..nth].iter().map(RowGroupMetaData::num_rows).sum();
    let group = reader.get_row_group(nth)?;
    let metadata = group.metadata();
    let rows = metadata.num_rows().max(1) as u64;
    let (mut bytes, mut windows, mut largest) = (0_u64, [0_u64; POWERS], None::<(u64, u64, String)>);
    for (at, column) in metadata.columns().iter().enumerate() {
        let (whole, even) = (bytes_of(column), !is_uneven(column.column_descr()));
        // All of it in one row would not matter.
        if even || whole <= bounds.share() / 64 {
            bytes = bytes.saturating_add(whole);
            for (power, window) in windows.iter_mut().enumerate() {
                let some = if even { (whole / rows).saturating_mul(1 << power) } else { whole };
                *window = window.saturating_add(some);
            }
            continue;
        }
        let sizes = sizes(group.get_column_reader(at)?, column.column_descr(), stop)?;
        bytes = bytes.saturating_add(sizes.bytes);
        for (window, found) in windows.iter_mut().zip(sizes.largest) {
            *window = window.saturating_add(found);
        }
        if largest.as_ref().is_none_or(|(found, _, _)| *found < sizes.largest[0]) {
            largest = Some((sizes.largest[0], sizes.largest_row, column.column_path().string()));
        }
    }
    if windows[0] > bounds.memory_max {
        let (_, row, column) = largest.unwrap_or_default();
        let row = (before.max(0) as u64).saturating_add(row);
        return Err(too_large(windows[0], row, &column, bounds.memory_max));
    }
    let rows = bounds.rows(bytes, rows);
    // So many rows lie in two windows at most.
    let power = (rows.next_power_of_two().trailing_zeros() as usize).min(POWERS - 1);
    if rows <= 1 << power && windows[power].saturating_mul(2) <= bounds.share() {
        return Ok(rows);
    }
    let bearable = |power: &usize| windows[*power] <= bounds.share() && 1 << power <= rows;
    Ok((0..POWERS).rev().find(bearable).map_or(1, |power| 1 << power))
}

fn too_large(bytes: u64, row: u64, column: &str, bound: u64) -> Fault {
    let fault = Fault::new(format!(
        "row {row}, column {}: with this column the row may have {bytes} bytes, and a row is held in memory whole; the limit is {bound}",
        shown(column)
    ));
    fault.with_advice("Write the file with smaller rows, or raise --batch-bytes-max.")
}

/// What rows of a column take.
#[derive(Debug, Default)]
struct Sizes {
    bytes: u64,
    rows: u64,
    /// From 1.
    largest_row: u64,
    /// The sums of so many rows that are being counted: one, two, four, …
    sums: [u64; POWERS],
    /// The largest of such sums.
    largest: [u64; POWERS],
}

impl Sizes {
    fn row(&mut self, bytes: u64) {
        self.rows += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if bytes > self.largest[0] {
            self.largest_row = self.rows;
        }
        for power in 0..POWERS {
            self.sums[power] = self.sums[power].saturating_add(bytes);
            self.largest[power] = self.largest[power].max(self.sums[power]);
            if self.rows.is_multiple_of(1 << power) {
                self.sums[power] = 0;
            }
        }
    }
}

/// Looks at each row of a column.
fn sizes(reader: ColumnReader, column: &ColumnDescriptor, stop: &Stop) -> Result<Sizes, Fault> {
    let slot = slot_bytes(column);
    match reader {
        ColumnReader::BoolColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::Int32ColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::Int64ColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::Int96ColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::FloatColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::DoubleColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => sizes_by_count(reader, slot, stop),
        ColumnReader::ByteArrayColumnReader(reader) => {
            let (mut sizes, mut row) = (Sizes::default(), None::<u64>);
            each_value(reader, column, stop, |begins_row, value| {
                if begins_row && let Some(row) = row.take() {
                    sizes.row(row);
                }
                let bytes = slot + value.map_or(0, |value| value.len() as u64);
                row = Some(row.unwrap_or(0).saturating_add(bytes));
                Ok(())
            })?;
            row.into_iter().for_each(|row| sizes.row(row));
            Ok(sizes)
        }
    }
}

/// Of values that all take the same, which are in lists.
fn sizes_by_count<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    slot: u64,
    stop: &Stop,
) -> Result<Sizes, Fault> {
    let mut sizes = Sizes::default();
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    while !stop.is_asked() {
        defined.clear();
        repeated.clear();
        values.clear();
        let (_, _, levels) = reader.read_records(1, Some(&mut defined), Some(&mut repeated), &mut values)?;
        if levels == 0 {
            break;
        }
        sizes.row(slot.saturating_mul(levels as u64));
    }
    Ok(sizes)
}

/// One row, two rows, and so on to 8,192.
const POWERS: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_rows_are_found_wherever_the_large_ones_lie() {
        let mut sizes = Sizes::default();
        [1, 1, 5, 7, 1, 0, 9].into_iter().for_each(|bytes| sizes.row(bytes));
        assert_eq!((sizes.bytes, sizes.rows, sizes.largest_row), (24, 7, 7));
        assert_eq!(sizes.largest[..4], [9, 12, 14, 24]);
    }
}
