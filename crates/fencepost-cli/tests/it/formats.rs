//! The same rows come back, in each of the four formats.

use super::support::{Scratch, run, run_with};
use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, NullArray,
    RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Nested, dictionary, null and timestamp columns; `from` makes batches differ.
fn batch(from: i64, rows: i64) -> RecordBatch {
    let numbers = || from..from + rows;
    let tags = numbers().map(|n| {
        (n % 3 != 0).then(|| (0..n % 4).map(|tag| (tag != 2).then_some(tag as i32)).collect::<Vec<_>>())
    });
    let inner: ArrayRef =
        Arc::new(numbers().map(|n| (n % 5 != 0).then(|| format!("x{n}"))).collect::<StringArray>());
    let weight: ArrayRef = Arc::new(Float64Array::from_iter_values(numbers().map(|n| n as f64 / 4.0)));
    let cities: DictionaryArray<Int32Type> =
        numbers().map(|n| (n % 7 != 0).then_some(["Ulm", "Köln", "Bonn"][n as usize % 3])).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(numbers()))),
        (
            "name",
            Arc::new(
                numbers()
                    .map(|n| (n % 2 == 0).then(|| format!("row {n}, \"quoted\"\nand more")))
                    .collect::<StringArray>(),
            ),
        ),
        ("flag", Arc::new(numbers().map(|n| (n % 3 != 1).then_some(n % 2 == 0)).collect::<BooleanArray>())),
        ("tags", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(tags))),
        (
            "point",
            Arc::new(StructArray::from(vec![
                (Arc::new(Field::new("label", DataType::Utf8, true)), inner),
                (Arc::new(Field::new("weight", DataType::Float64, true)), weight),
            ])),
        ),
        ("city", Arc::new(cities)),
        ("nothing", Arc::new(NullArray::new(rows as usize))),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from_iter(
                    numbers().map(|n| (n % 6 != 0).then_some(n * 1_234_567)),
                )
                .with_timezone("UTC"),
            ),
        ),
        ("local", Arc::new(TimestampNanosecondArray::from_iter_values(numbers().map(|n| n * 987_654_321)))),
        ("small", Arc::new(Int32Array::from_iter_values(numbers().map(|n| n as i32)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

fn batches() -> Vec<RecordBatch> {
    vec![batch(0, 10_000), batch(10_000, 500), batch(10_500, 1)]
}

fn write_parquet(path: &Path, batches: &[RecordBatch]) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batches[0].schema(), None).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
}

fn read_parquet(path: &Path) -> Vec<RecordBatch> {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

#[track_caller]
fn assert_same(found: &[RecordBatch], expected: &[RecordBatch]) {
    let schema = expected[0].schema();
    assert_eq!(found[0].schema(), schema);
    assert_eq!(concat_batches(&schema, found).unwrap(), concat_batches(&schema, expected).unwrap());
}

#[test]
fn parquet_comes_back_as_it_was() {
    let scratch = Scratch::new();
    let (file, out) = (scratch.path("in.parquet"), scratch.path("out.parquet"));
    write_parquet(&file, &batches());
    let report = run(["append", &scratch.log(), "--from", file.to_str().unwrap(), "--json"]).ok().json();
    assert_eq!(report["rows"], 10_501);
    run(["tail", &scratch.log(), "--format", "parquet", "--output", out.to_str().unwrap()]).ok();
    assert_same(&read_parquet(&out), &batches());
    // To a pipe as well, and as a stream.
    std::fs::write(&out, run(["tail", &scratch.log(), "--format", "parquet"]).ok().stdout).unwrap();
    assert_same(&read_parquet(&out), &batches());
    let stream = run(["tail", &scratch.log(), "--format", "arrow"]).ok().stdout;
    let streamed: Vec<_> =
        StreamReader::try_new(stream.as_slice(), None).unwrap().map(Result::unwrap).collect();
    assert_same(&streamed, &batches());
}

#[test]
fn parquet_through_a_pipe_is_spooled() {
    let scratch = Scratch::new();
    let (file, out) = (scratch.path("in"), scratch.path("out.parquet"));
    write_parquet(&file, &batches());
    run_with(["append", &scratch.log()], &std::fs::read(&file).unwrap()).ok();
    run(["tail", &scratch.log(), "--format", "parquet", "-o", out.to_str().unwrap()]).ok();
    assert_same(&read_parquet(&out), &batches());
}

#[test]
fn arrow_comes_back_as_it_was_from_file_and_stream() {
    for stream in [true, false] {
        let scratch = Scratch::new();
        let file = scratch.path("in.arrow");
        // Files cannot have a dictionary that changes between batches, so this one has a single batch.
        let batches = if stream { batches() } else { vec![batch(0, 10_501)] };
        if stream {
            let mut writer =
                StreamWriter::try_new(File::create(&file).unwrap(), &batches[0].schema()).unwrap();
            batches.iter().for_each(|batch| writer.write(batch).unwrap());
            writer.finish().unwrap();
        } else {
            let mut writer = FileWriter::try_new(File::create(&file).unwrap(), &batches[0].schema()).unwrap();
            batches.iter().for_each(|batch| writer.write(batch).unwrap());
            writer.finish().unwrap();
        }
        run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
        let out = run(["tail", &scratch.log(), "--format", "arrow"]).ok().stdout;
        let found: Vec<_> =
            StreamReader::try_new(out.as_slice(), None).unwrap().map(Result::unwrap).collect();
        assert_same(&found, &batches);
        // What came out goes in again, by its content.
        let again = Scratch::new();
        run_with(["append", &again.log()], &out).ok();
        let second = run(["tail", &again.log(), "--format", "arrow"]).ok().stdout;
        let second: Vec<_> =
            StreamReader::try_new(second.as_slice(), None).unwrap().map(Result::unwrap).collect();
        assert_same(&second, &batches);
    }
}

#[test]
fn ndjson_says_all_that_json_can() {
    let scratch = Scratch::new();
    let file = scratch.path("in.parquet");
    write_parquet(&file, &[batch(0, 50)]);
    run(["append", &scratch.log(), "--from", file.to_str().unwrap()]).ok();
    let first = run(["tail", &scratch.log()]).ok();
    let row = &first.lines()[8];
    assert_eq!(row["name"], "row 8, \"quoted\"\nand more");
    assert_eq!(row["point"], serde_json::json!({"label": "x8", "weight": 2.0}));
    assert_eq!((&row["city"], &row["nothing"]), (&"Bonn".into(), &serde_json::Value::Null));
    assert_eq!(first.lines()[7]["tags"], serde_json::json!([0, 1, null]));
    assert_eq!(row["at"], "1970-01-01T00:00:09.876536Z");
    // What came out goes in again, and comes out the same.
    let again = Scratch::new();
    run_with(["append", &again.log()], &first.stdout).ok();
    assert_eq!(run(["tail", &again.log()]).ok().lines(), first.lines());
}

#[test]
fn csv_comes_back_as_it_was() {
    let scratch = Scratch::new();
    let text = "id,name,score,at\n1,\"a, \"\"b\"\"\nc\",1.5,2024-01-01T00:00:00\n2,,,2024-01-02T03:04:05\n3,Köln,2.25,\n";
    run_with(["append", &scratch.log(), "--format", "csv", "--rows-per-entry", "2"], text.as_bytes()).ok();
    assert_eq!(run(["tail", &scratch.log(), "--format", "csv"]).ok().text(), text);
    let rows = run(["tail", &scratch.log()]).ok().lines();
    assert_eq!(
        (&rows[0]["id"], &rows[1]["name"], &rows[2]["score"]),
        (&1.into(), &serde_json::Value::Null, &2.25.into())
    );
}

#[test]
fn csv_refuses_nested_columns_and_names_them() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"a\":[1],\"b\":{\"c\":1},\"d\":2}\n").ok();
    let refused = run(["tail", &scratch.log(), "--format", "csv"]).fails(9, "`a`");
    assert!(refused.stderr.contains("`b`") && !refused.stderr.contains("`d`"), "{}", refused.stderr);
}

#[test]
fn a_change_of_schema_is_named_with_its_position() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"a\":1}\n").ok();
    run_with(["append", &scratch.log()], b"{\"a\":\"text\"}\n").ok();
    assert_eq!(run(["tail", &scratch.log()]).ok().lines().len(), 2);
    for format in ["csv", "arrow", "parquet"] {
        // Fence entry, data, close; fence entry, data.
        let refused = run(["tail", &scratch.log(), "--format", format]).fails(9, "position 5");
        assert!(
            refused.stderr.contains("--to 4") && refused.stderr.contains("--from 5"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(run(["tail", &scratch.log(), "--format", "csv", "--to", "4"]).ok().text(), "a\n1\n");
    assert_eq!(run(["tail", &scratch.log(), "--format", "csv", "--from", "5"]).ok().text(), "a\ntext\n");
}

#[test]
fn later_rows_that_do_not_fit_are_an_error_and_the_first_ones_stay() {
    let scratch = Scratch::new();
    let mut text: String = (0..1_500).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    text.push_str("{\"n\":1500,\"new\":true}\n");
    let args = ["append", &scratch.log(), "--rows-per-entry", "100", "--json"];
    let failed = run_with(args, text.as_bytes()).fails(3, "--infer-rows");
    assert_eq!(failed.json()["acknowledged_rows"], 1_500);
    assert!(failed.stderr.contains("--skip 1500"), "{}", failed.stderr);
    assert_eq!(scratch.read_numbers(1), (0..1_500).collect::<Vec<_>>());
    let args = ["append", &scratch.log(), "--infer-rows", "2000", "--skip", "1500", "--json"];
    assert_eq!(run_with(args, text.as_bytes()).ok().json()["rows"], 1);
}
