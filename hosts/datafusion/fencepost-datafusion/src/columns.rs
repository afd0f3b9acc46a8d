//! The columns of a table, and entries that have others.
//!
//! Each entry has a schema of its own. A table has one: columns go by their names, one that an entry lacks is null
//! there, and one of another type is converted where no value can change by that. Otherwise it is an error that names
//! the position, and only if the query asks for the column.

use crate::error::{ColumnTakenSnafu, ColumnTypeSnafu, LogError, TwoColumnsSnafu, ValueSnafu};
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::util::display::FormatOptions;
use fencepost::{Epoch, Position};
use snafu::ensure;
use std::sync::Arc;

/// What the table tells of each row beside what is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The position of its entry.
    Position,
    /// The epoch of its writer.
    Epoch,
    /// Its place in the entry, from 0.
    Row,
}

impl Told {
    pub(crate) const ALL: [Self; 3] = [Self::Position, Self::Epoch, Self::Row];

    pub(crate) fn name(self, prefix: &str) -> String {
        let name = match self {
            Self::Position => "position",
            Self::Epoch => "epoch",
            Self::Row => "row",
        };
        format!("{prefix}{name}")
    }
}

/// The table's schema: the columns of `newest`, then those that only `oldest` has, then what the table adds.
pub(crate) fn table_schema(
    oldest: Option<&Schema>,
    newest: Option<&Schema>,
    prefix: &str,
) -> Result<SchemaRef, LogError> {
    let mut fields: Vec<FieldRef> = Vec::new();
    for field in newest.into_iter().chain(oldest).flat_map(|schema| schema.fields()) {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            // Of two types the one that holds the values of both; where neither does, the newest.
            Some(known) if keeps_values(known.data_type(), field.data_type()) => *known = nullable(field),
            Some(_) => {}
            None => fields.push(nullable(field)),
        }
    }
    for told in Told::ALL {
        let column = told.name(prefix);
        let taken = fields.iter().any(|field| *field.name() == column);
        ensure!(!taken, ColumnTakenSnafu { column, prefix });
        fields.push(Arc::new(Field::new(column, DataType::UInt64, false)));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// An entry may lack any column, so each may be null.
fn nullable(field: &FieldRef) -> FieldRef {
    Arc::new(field.as_ref().clone().with_nullable(true))
}

/// Makes rows of a table out of those of entries.
#[derive(Debug)]
pub(crate) struct Adapter {
    /// What comes out.
    schema: SchemaRef,
    /// For each column that comes out, what the table tells of it itself.
    told: Vec<Option<Told>>,
    /// The schema of the last entry, and where each column comes from.
    seen: Option<(SchemaRef, Vec<Source>)>,
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The table itself.
    Told(Told),
    /// The entry has no such column.
    Nowhere,
    /// The entry's column of this number.
    As(usize),
    /// The same, converted.
    Converted(usize),
}

impl Adapter {
    /// For these columns, a part of a table's.
    pub(crate) fn new(schema: SchemaRef, prefix: &str) -> Self {
        let told = |field: &FieldRef| Told::ALL.into_iter().find(|told| told.name(prefix) == *field.name());
        let told = schema.fields().iter().map(told).collect();
        Self { schema, told, seen: None }
    }

    /// The rows of `batch`, which belongs to an entry and has so many rows of it before it.
    pub(crate) fn adapt(
        &mut self,
        at: Position,
        epoch: Epoch,
        rows_before: u64,
        batch: &RecordBatch,
    ) -> Result<RecordBatch, LogError> {
        let rows = batch.num_rows();
        let sources = self.sources(at, &batch.schema())?;
        let columns = sources.iter().zip(self.schema.fields()).map(|(source, field)| match *source {
            Source::Told(told) => Ok(told_column(told, at, epoch, rows_before, rows)),
            Source::Nowhere => Ok(new_null_array(field.data_type(), rows)),
            Source::As(nth) => Ok(batch.column(nth).clone()),
            Source::Converted(nth) => converted(at, field, batch.column(nth)),
        });
        let columns = columns.collect::<Result<Vec<_>, LogError>>()?;
        self.batch(at, columns, rows)
    }

    /// Whether the table knows all that is asked for, so that the log's own columns are not needed.
    pub(crate) fn needs_no_columns(&self) -> bool {
        self.told.iter().all(Option::is_some)
    }

    /// So many rows of an entry, from this one on, of which nothing else is asked for.
    pub(crate) fn tell(
        &self,
        at: Position,
        epoch: Epoch,
        first: u64,
        rows: usize,
    ) -> Result<RecordBatch, LogError> {
        let columns = self.told.iter().flatten().map(|told| told_column(*told, at, epoch, first, rows));
        self.batch(at, columns.collect(), rows)
    }

    fn batch(&self, at: Position, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, LogError> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
        batch.map_err(|error| ValueSnafu { at, column: String::new(), reason: error.to_string() }.build())
    }

    fn sources(&mut self, at: Position, schema: &SchemaRef) -> Result<Vec<Source>, LogError> {
        if let Some((seen, sources)) = &self.seen
            && (Arc::ptr_eq(seen, schema) || seen.fields() == schema.fields())
        {
            return Ok(sources.clone());
        }
        let sources = self.told.iter().zip(self.schema.fields()).map(|(told, field)| match told {
            Some(told) => Ok(Source::Told(*told)),
            None => source(at, field, schema),
        });
        let sources = sources.collect::<Result<Vec<_>, LogError>>()?;
        self.seen = Some((schema.clone(), sources.clone()));
        Ok(sources)
    }
}

fn source(at: Position, field: &Field, schema: &Schema) -> Result<Source, LogError> {
    let column = field.name();
    let mut found = schema.fields().iter().enumerate().filter(|(_, found)| found.name() == column);
    let Some((nth, one)) = found.next() else { return Ok(Source::Nowhere) };
    ensure!(found.next().is_none(), TwoColumnsSnafu { at, column });
    if one.data_type() == field.data_type() {
        return Ok(Source::As(nth));
    }
    let kept = keeps_values(one.data_type(), field.data_type());
    let (found, expected) = (one.data_type().clone(), field.data_type().clone());
    ensure!(kept, ColumnTypeSnafu { at, column, found, expected });
    Ok(Source::Converted(nth))
}

fn converted(at: Position, field: &Field, column: &ArrayRef) -> Result<ArrayRef, LogError> {
    // Not safe: what does not fit is an error, and never a null.
    let options = CastOptions { safe: false, format_options: FormatOptions::new() };
    cast_with_options(column, field.data_type(), &options)
        .map_err(|error| ValueSnafu { at, column: field.name(), reason: error.to_string() }.build())
}

fn told_column(told: Told, at: Position, epoch: Epoch, first: u64, rows: usize) -> ArrayRef {
    Arc::new(match told {
        Told::Position => UInt64Array::from_value(at.get(), rows),
        Told::Epoch => UInt64Array::from_value(epoch.get(), rows),
        Told::Row => UInt64Array::from_iter_values(first..first + rows as u64),
    })
}

/// Whether every value of one type is the same value of another, or else does not fit, which is noticed.
fn keeps_values(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    let text = |kind: &T| matches!(kind, T::Utf8 | T::LargeUtf8 | T::Utf8View);
    let bytes = |kind: &T| matches!(kind, T::Binary | T::LargeBinary | T::BinaryView);
    match (from, to) {
        _ if from == to => true,
        (T::Null, _) => true,
        (T::Dictionary(_, values), to) => keeps_values(values, to),
        (T::Timestamp(from, zone), T::Timestamp(to, other)) => {
            zone == other && fineness(from) <= fineness(to)
        }
        _ if text(from) || bytes(from) => (text(from) && text(to)) || (bytes(from) && bytes(to)),
        _ => match (integer(from), integer(to)) {
            // As many bits and a sign more.
            (Some((signed, bits)), Some((wide_signed, wide_bits))) => {
                bits < wide_bits && (wide_signed || !signed) || (bits == wide_bits && signed == wide_signed)
            }
            (Some((_, bits)), None) => exact_bits(to).is_some_and(|exact| bits <= exact),
            (None, _) => {
                matches!((from, to), (T::Float16, T::Float32 | T::Float64) | (T::Float32, T::Float64))
            }
        },
    }
}

/// Whether an integer is signed, and its bits.
const fn integer(kind: &DataType) -> Option<(bool, u32)> {
    match kind {
        DataType::Int8 => Some((true, 8)),
        DataType::Int16 => Some((true, 16)),
        DataType::Int32 => Some((true, 32)),
        DataType::Int64 => Some((true, 64)),
        DataType::UInt8 => Some((false, 8)),
        DataType::UInt16 => Some((false, 16)),
        DataType::UInt32 => Some((false, 32)),
        DataType::UInt64 => Some((false, 64)),
        _ => None,
    }
}

/// How many bits an integer may have so that a floating-point number is the same number.
const fn exact_bits(kind: &DataType) -> Option<u32> {
    match kind {
        DataType::Float32 => Some(16),
        DataType::Float64 => Some(32),
        _ => None,
    }
}

const fn fineness(unit: &TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    }
}

#[cfg(test)]
mod tests;
