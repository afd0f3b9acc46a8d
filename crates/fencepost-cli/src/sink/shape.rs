//! Which columns a format can carry, and as what.
//!
//! Everything is decided from the types before a byte is written. Where a format knows a column's values in
//! another type only, they are cast to it, which fails rather than change a value. Dictionaries, runs and
//! views of lists are ways to lay values out in memory; in formats that don't know them, the values
//! themselves are written.

use super::OutputFormat;
use crate::shown::shown;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Field, FieldRef, Fields,
    IntervalUnit, Schema, SchemaRef, TimeUnit,
};
use arrow::error::ArrowError;
use arrow::util::display::FormatOptions;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a format makes of a schema.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    format: OutputFormat,
    written: SchemaRef,
}

impl Shape {
    /// As `format` will write it, or each column that it cannot carry, and why.
    pub(super) fn of(format: OutputFormat, schema: &SchemaRef) -> Result<Self, Vec<String>> {
        if format == OutputFormat::Arrow {
            return Ok(Self { format, written: schema.clone() });
        }
        let (fields, mut problems) = all(schema.fields(), format);
        if schema.fields().is_empty() && format != OutputFormat::Ndjson {
            problems.push("rows without columns".to_owned());
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let written = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        Ok(Self { format, written })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.written
    }

    /// The rows in the types that are written.
    ///
    /// An error is about a value that does not fit.
    pub(super) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        if self.format == OutputFormat::Arrow {
            return RecordBatch::try_new_with_options(
                self.written.clone(),
                batch.columns().to_vec(),
                &options,
            );
        }
        let columns = batch.columns().iter().zip(self.written.fields());
        let columns = columns.map(|(column, field)| {
            let column = exact_cast(column, field.data_type())?;
            if self.format == OutputFormat::Parquet {
                check_digits(&column)?;
            }
            Ok(column)
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, ArrowError>>()?;
        RecordBatch::try_new_with_options(self.written.clone(), columns, &options)
    }
}

/// The fields as they are written, and what is wrong with them.
fn all(fields: &Fields, format: OutputFormat) -> (Vec<FieldRef>, Vec<String>) {
    let (mut written, mut problems, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for field in fields {
        let name = field.name();
        if !names.insert(name) {
            problems.push(format!("two columns named {}", shown(name)));
        }
        match kept(field, format).and_then(|to| castable(field.data_type(), to)) {
            Ok(to) => written.push(Arc::new(field.as_ref().clone().with_data_type(to))),
            Err(why) => problems.push(format!("{} ({}): {why}", shown(name), short(field.data_type()))),
        }
    }
    (written, problems)
}

/// A type as text, cut where nobody reads on. Names of fields within it may be anybody's.
fn short(data_type: &DataType) -> String {
    let mut text = String::new();
    for c in data_type.to_string().chars().take(TYPE_CHARS + 1) {
        // Names within a type stand between quotation marks.
        if c == '"' { text.push(c) } else { text.extend(c.escape_debug()) }
    }
    match text.char_indices().nth(TYPE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

const TYPE_CHARS: usize = 100;

type Why = &'static str;

fn castable(from: &DataType, to: DataType) -> Result<DataType, Why> {
    if *from == to || can_cast_types(from, &to) {
        Ok(to)
    } else {
        Err("it cannot be converted to what this format needs")
    }
}

/// The type in which values of this one are written.
fn kept(field: &Field, format: OutputFormat) -> Result<DataType, Why> {
    use DataType as T;
    let child = |field: &FieldRef| -> Result<FieldRef, Why> {
        Ok(Arc::new(field.as_ref().clone().with_data_type(kept(field, format)?)))
    };
    let of = |data_type: &DataType| kept(&Field::new("", data_type.clone(), true), format);
    let nested = |data_type: DataType| match format {
        OutputFormat::Csv => Err("nested"),
        _ => Ok(data_type),
    };
    let parquet = format == OutputFormat::Parquet;
    match field.data_type() {
        T::Union(..) => Err("a union"),
        T::Dictionary(_, values) if parquet && is_of_bytes(values) => Ok(field.data_type().clone()),
        T::Dictionary(_, values) => of(values),
        T::RunEndEncoded(_, values) => of(values.data_type()),
        T::List(values) | T::ListView(values) => nested(T::List(child(values)?)),
        T::LargeList(values) | T::LargeListView(values) => nested(T::LargeList(child(values)?)),
        T::FixedSizeList(_, 0) if parquet => Err("lists of length zero"),
        T::FixedSizeList(values, size) => nested(T::FixedSizeList(child(values)?, *size)),
        T::Struct(fields) if parquet && fields.is_empty() => Err("a struct without fields"),
        T::Struct(fields) => {
            let mut names = BTreeSet::new();
            if !fields.iter().all(|field| names.insert(field.name())) {
                return Err("two fields of a struct with the same name");
            }
            // Each field once: twice at every level would be without end where structs are nested deeply.
            let written = fields.iter().map(|field| -> Result<FieldRef, Why> {
                let to = castable(field.data_type(), kept(field, format)?)?;
                Ok(Arc::new(field.as_ref().clone().with_data_type(to)))
            });
            nested(T::Struct(written.collect::<Result<_, Why>>()?))
        }
        T::Map(entries, sorted) => {
            let T::Struct(fields) = entries.data_type() else { return Err("a map without entries") };
            let key_is_text = fields
                .first()
                .is_some_and(|key| matches!(kept(key, format), Ok(T::Utf8 | T::LargeUtf8 | T::Utf8View)));
            if format == OutputFormat::Ndjson && !key_is_text {
                return Err("a map whose keys are not texts");
            }
            nested(T::Map(child(entries)?, *sorted))
        }
        // Parquet has neither of these units, and no reader but Arrow's would know what the bare numbers mean.
        T::Timestamp(TimeUnit::Second, zone) if parquet => {
            Ok(T::Timestamp(TimeUnit::Millisecond, zone.clone()))
        }
        T::Time32(TimeUnit::Second) if parquet => Ok(T::Time32(TimeUnit::Millisecond)),
        T::Date64 if parquet => Ok(T::Timestamp(TimeUnit::Millisecond, None)),
        T::Interval(IntervalUnit::MonthDayNano) if parquet => Err("an interval with nanoseconds"),
        T::FixedSizeBinary(0) if parquet => Err("values of zero bytes"),
        T::Decimal32(_, scale)
        | T::Decimal64(_, scale)
        | T::Decimal128(_, scale)
        | T::Decimal256(_, scale)
            if parquet && *scale < 0 =>
        {
            Err("a decimal with a negative scale")
        }
        other => Ok(other.clone()),
    }
}

/// Values whose dictionaries Parquet's writer takes as they are.
const fn is_of_bytes(values: &DataType) -> bool {
    use DataType as T;
    matches!(values, T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Binary | T::LargeBinary | T::BinaryView)
}

fn exact_cast(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == to {
        return Ok(column.clone());
    }
    let options = CastOptions { safe: false, format_options: FormatOptions::new() };
    cast_with_options(column, to, &options)
}

/// Whether every decimal has as many digits as its type says. Parquet's writer cuts off what is more.
fn check_digits(column: &ArrayRef) -> Result<(), ArrowError> {
    use DataType as T;
    match column.data_type() {
        T::Decimal32(precision, _) => {
            column.as_primitive::<Decimal32Type>().validate_decimal_precision(*precision)
        }
        T::Decimal64(precision, _) => {
            column.as_primitive::<Decimal64Type>().validate_decimal_precision(*precision)
        }
        T::Decimal128(precision, _) => {
            column.as_primitive::<Decimal128Type>().validate_decimal_precision(*precision)
        }
        T::Decimal256(precision, _) => {
            column.as_primitive::<Decimal256Type>().validate_decimal_precision(*precision)
        }
        T::List(_) => check_digits(column.as_list::<i32>().values()),
        T::LargeList(_) => check_digits(column.as_list::<i64>().values()),
        T::FixedSizeList(..) => check_digits(column.as_fixed_size_list().values()),
        T::Struct(_) => column.as_struct().columns().iter().try_for_each(check_digits),
        T::Map(..) => column.as_map().entries().columns().iter().try_for_each(check_digits),
        _ => Ok(()),
    }
}
