//! Parquet as other programs write it: values and metadata come out as they are in the file, or the file is
//! refused.

use super::support::{Scratch, run};
use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowWriter, encode_arrow_schema};
use parquet::data_type::{Int96, Int96Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A timestamp as Spark writes it: days since 1970, and nanoseconds of the day.
fn spark(days: i64, nanos: u64) -> Int96 {
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, (days + 2_440_588) as u32);
    value
}

/// Writes row groups of `t`, a timestamp, and `l`, a list of timestamps, which has each value of `t` twice.
fn write_spark(path: &Path, groups: &[&[Option<Int96>]]) {
    let schema = "message m { optional int96 t; optional group l (LIST) { repeated group list { optional int96 element; } } }";
    let (schema, properties) =
        (Arc::new(parse_message_type(schema).unwrap()), Arc::new(WriterProperties::new()));
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for rows in groups {
        let mut group = writer.next_row_group().unwrap();
        let values: Vec<_> = rows.iter().flatten().copied().collect();
        let defined: Vec<_> = rows.iter().map(|row| i16::from(row.is_some())).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int96Type>().write_batch(&values, Some(&defined), None).unwrap();
        column.close().unwrap();
        let twice: Vec<_> = values.iter().flat_map(|value| [*value; 2]).collect();
        let defined: Vec<_> = defined.iter().flat_map(|level| [*level + 2; 2]).collect();
        let repeated: Vec<_> = rows.iter().flat_map(|_| [0, 1]).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int96Type>().write_batch(&twice, Some(&defined), Some(&repeated)).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The unit in which a file with these rows comes out, and the text of each row.
fn through(groups: &[&[Option<Int96>]]) -> (TimeUnit, Vec<String>) {
    let scratch = Scratch::new();
    let file = scratch.path("spark.parquet");
    write_spark(&file, groups);
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    let rows = run(["tail", &scratch.log()]).ok().lines();
    let rows = rows.iter().map(|row| {
        assert_eq!(row["l"][0], row["t"]);
        assert_eq!(row["l"][1], row["t"]);
        row["t"].as_str().unwrap_or("null").to_owned()
    });
    let rows = rows.collect();
    let stream = run(["tail", &scratch.log(), "--format", "arrow"]).ok().stdout;
    let schema = StreamReader::try_new(stream.as_slice(), None).unwrap().schema();
    let DataType::Timestamp(unit, None) = schema.field(0).data_type() else { panic!("{schema}") };
    let DataType::List(inner) = schema.field(1).data_type() else { panic!("{schema}") };
    assert_eq!(inner.data_type(), schema.field(0).data_type());
    (*unit, rows)
}

/// In nanoseconds the first was 1816-03-29, and the second 1754-08-30.
#[test]
fn timestamps_of_96_bits_keep_their_values() {
    let noon = 12 * 3_600 * 1_000_000_000;
    let (year_9999, year_1) = (spark(2_932_896, noon + 1_000), spark(-719_162, 0));
    let rows: &[_] = &[Some(year_9999), None, Some(year_1)];
    let (unit, texts) = through(&[rows]);
    assert_eq!(unit, TimeUnit::Microsecond);
    assert_eq!(texts, ["9999-12-31T12:00:00.000001", "null", "0001-01-01T00:00:00"]);
    // What nanoseconds hold is in nanoseconds, as it always was. The last row group decides as well.
    let fine: &[_] = &[Some(spark(0, 1)), Some(spark(-1, noon))];
    assert_eq!(
        through(&[fine]),
        (
            TimeUnit::Nanosecond,
            vec!["1970-01-01T00:00:00.000000001".to_owned(), "1969-12-31T12:00:00".to_owned()]
        )
    );
    let (unit, texts) = through(&[&[Some(spark(0, noon))], rows]);
    assert_eq!((unit, texts.len()), (TimeUnit::Microsecond, 4));
    // Further than any calendar goes, where microseconds end as well.
    let scratch = Scratch::new();
    let file = scratch.path("spark.parquet");
    write_spark(&file, &[&[Some(spark(200_000_000, 0))]]);
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    let stream = run(["tail", &scratch.log(), "--format", "arrow"]).ok().stdout;
    let batch = StreamReader::try_new(stream.as_slice(), None).unwrap().next().unwrap().unwrap();
    let millis: ArrayRef =
        Arc::new(arrow::array::TimestampMillisecondArray::from(vec![17_280_000_000_000_000]));
    assert_eq!(batch.column(0), &millis);
}

#[test]
fn timestamps_of_96_bits_without_a_common_unit_are_refused_with_their_place() {
    let scratch = Scratch::new();
    let file = scratch.path("spark.parquet");
    write_spark(&file, &[&[Some(spark(0, 1)), None], &[None, Some(spark(2_932_896, 0))]]);
    let refused = run(["append", &scratch.log(), "--from", file.to_str().unwrap()]);
    refused.fails(3, "row 4, column `t`: with this timestamp no unit holds");
    assert!(!scratch.path("log").exists());
}

/// pandas keeps there which column is its index, and GeoParquet what the bytes mean.
#[test]
fn what_parquet_says_beside_the_columns_is_kept() {
    let scratch = Scratch::new();
    let file = scratch.path("in.parquet");
    let schema = write_with(&file, "geo", "{\"version\":\"1.1.0\"}");
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    let stream = run(["tail", &scratch.log(), "--format", "arrow"]).ok().stdout;
    assert_eq!(StreamReader::try_new(stream.as_slice(), None).unwrap().schema(), schema);
}

/// pandas notes how many rows a file has.
#[test]
fn rows_whose_schemas_differ_in_metadata_alone_come_out_together() {
    let scratch = Scratch::new();
    let file = scratch.path("in.parquet");
    let first = write_with(&file, "pandas", "1");
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    write_with(&file, "pandas", "2");
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    for (format, note) in [("csv", false), ("ndjson", false), ("parquet", true), ("arrow", true)] {
        let run = run(["tail", &scratch.log(), "--format", format]).ok();
        assert_eq!(run.stderr.contains("has other metadata than before"), note, "{format}: {}", run.stderr);
        if format == "arrow" {
            let reader = StreamReader::try_new(run.stdout.as_slice(), None).unwrap();
            assert_eq!(reader.schema(), first);
            assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 4);
        }
    }
}

/// Two rows, with something said beside the columns.
fn write_with(path: &Path, key: &str, value: &str) -> Arc<Schema> {
    let of = |key: &str, value: &str| HashMap::from([(key.to_owned(), value.to_owned())]);
    let field = Field::new("a", DataType::Int32, false).with_metadata(of("k", "v"));
    let schema = Arc::new(Schema::new_with_metadata(vec![field], of(key, value)));
    let column: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let batch = RecordBatch::try_new(schema.clone(), vec![column]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema.clone(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    schema
}

/// As pyarrow writes seconds: Parquet has no such unit, so the columns are of milliseconds, and what the file says
/// about Arrow has the zone. They came out in UTC.
#[test]
fn timestamps_of_a_unit_that_parquet_does_not_have_keep_their_zone() {
    let scratch = Scratch::new();
    let file = scratch.path("in.parquet");
    let zone = Some(Arc::from("Europe/Berlin"));
    let schema = |unit| {
        let moment = DataType::Timestamp(unit, zone.clone());
        let field = |name: &str, data_type: &DataType| Field::new(name, data_type.clone(), true);
        let list = DataType::List(Arc::new(field("element", &moment)));
        let object = DataType::Struct(vec![field("t", &moment)].into());
        Arc::new(Schema::new(vec![field("t", &moment), field("l", &list), field("o", &object)]))
    };
    let written = schema(TimeUnit::Millisecond);
    let moments: ArrayRef = Arc::new(
        arrow::array::TimestampMillisecondArray::from(vec![1_719_835_200_000]).with_timezone("Europe/Berlin"),
    );
    let DataType::List(item) = written.field(1).data_type() else { unreachable!("written above") };
    let DataType::Struct(fields) = written.field(2).data_type() else { unreachable!("written above") };
    let list = arrow::array::ListArray::new(
        item.clone(),
        arrow::buffer::OffsetBuffer::from_lengths([1]),
        moments.clone(),
        None,
    );
    let object = arrow::array::StructArray::new(fields.clone(), vec![moments.clone()], None);
    let batch =
        RecordBatch::try_new(written.clone(), vec![moments, Arc::new(list), Arc::new(object)]).unwrap();
    let said =
        KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), encode_arrow_schema(&schema(TimeUnit::Second)));
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![said])).build();
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true).with_properties(properties);
    let mut writer =
        ArrowWriter::try_new_with_options(File::create(&file).unwrap(), written.clone(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();

    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    let row = run(["tail", &scratch.log()]).ok().json();
    for found in [&row["t"], &row["l"][0], &row["o"]["t"]] {
        assert_eq!(found, "2024-07-01T14:00:00+02:00");
    }
    let stream = run(["tail", &scratch.log(), "--format", "arrow"]).ok().stdout;
    let found = StreamReader::try_new(stream.as_slice(), None).unwrap().schema();
    assert_eq!(found.fields(), written.fields());
}
