//! Memory is bounded by options, whatever the input: many rows, wide ones, long ones, large batches.

use super::support::{Run, Scratch, command, run};
use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, RunArray, StringArray};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

mod long {
    use super::*;

    /// The file has some 250 MB decoded: a program that holds it whole, once as rows and once encoded, is
    /// found out.
    #[test]
    fn a_million_rows_take_bounded_memory_in_and_out() {
        let scratch = Scratch::new();
        let (file, out) = (scratch.path("in.parquet"), scratch.path("out.parquet"));
        write(&file);
        let append = ["append", &scratch.log(), "--from", file.to_str().unwrap(), "--json"];
        let (peak, stdout) = peak_of_good(&append);
        let report: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
        assert_eq!(report["rows"], ROWS);
        assert_eq!(report["requests"]["put"], report["entries"]);
        assert!(peak < PEAK_KIB_MAX, "append took {peak} KiB");
        let tail = ["tail", &scratch.log(), "--format", "parquet", "-o", out.to_str().unwrap(), "--json"];
        let (peak, stdout) = peak_of_good(&tail);
        let report: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
        assert_eq!(report["rows"], ROWS);
        assert!(peak < PEAK_KIB_MAX, "tail took {peak} KiB");
    }

    #[test]
    fn a_row_that_does_not_end_is_refused_before_it_is_in_memory() {
        let scratch = Scratch::new();
        for (name, begin) in [("long.csv", "a\n"), ("quoted.csv", "a\n\"\n"), ("long.ndjson", "{\"a\":\"")] {
            let file = scratch.path(name);
            std::fs::write(&file, begin.to_owned() + &"x".repeat(100 << 20)).unwrap();
            let args = ["append", &scratch.log(), "--from", file.to_str().unwrap()];
            let (peak, failed) = peak_of(&args);
            failed.fails(3, "--line-bytes-max");
            assert!(peak < PEAK_KIB_MAX, "{name} took {peak} KiB");
            let (peak, failed) = peak_of(&[&args[..], &["--line-bytes-max", "1000000"]].concat());
            failed.fails(3, "a row of more than 1000000 bytes");
            assert!(peak < SMALL_KIB_MAX, "{name} took {peak} KiB");
            std::fs::remove_file(file).unwrap();
        }
        assert!(!scratch.path("log").exists());
    }
}

fn write(path: &std::path::Path) {
    let batch = |from: i64| {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + BATCH));
        let texts = (from..from + BATCH).map(|n| format!("{n:0>220}"));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
    };
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch(0).schema(), None).unwrap();
    for from in (0..ROWS).step_by(BATCH as usize) {
        writer.write(&batch(from)).unwrap();
        if from % 100_000 == 0 {
            writer.flush().unwrap();
        }
    }
    writer.close().unwrap();
}

/// Each of the columns was once given room for thousands of rows: 2.6 GB for 500 kB.
#[test]
fn wide_rows_take_memory_by_what_is_in_them() {
    let scratch = Scratch::new();
    let columns = || 0..WIDE;
    let line = |cell: &dyn Fn(usize) -> String| columns().map(cell).collect::<Vec<_>>().join(",");
    let csv =
        [line(&|n| format!("c{n}")), line(&|n| n.to_string()), line(&|n| (n + 1).to_string())].join("\n");
    let object = |add: usize| format!("{{{}}}\n", line(&|n| format!("\"c{n}\":{}", n + add)));
    for (name, text) in [("wide.csv", csv), ("wide.ndjson", object(0) + &object(1))] {
        let file = scratch.path(name);
        std::fs::write(&file, text).unwrap();
        let log = scratch.path(&format!("{name}.log")).display().to_string();
        let (peak, stdout) = peak_of_good(&["append", &log, "--from", file.to_str().unwrap(), "--json"]);
        let report: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
        assert_eq!(report["rows"], 2);
        assert!(peak < PEAK_KIB_MAX, "{name} took {peak} KiB");
        let row = run(["tail", &log]).ok().lines().pop().unwrap();
        assert_eq!(row["c19999"], 20_000);
    }
}

/// What a row takes beside its text was not counted: 8,000,000 rows of two bytes were half a gigabyte.
#[test]
fn tiny_rows_that_decide_about_types_are_bounded_as_well() {
    let scratch = Scratch::new();
    let file = scratch.path("tiny.ndjson");
    std::fs::write(&file, "{}\n".repeat(2_000_000)).unwrap();
    let args = ["append", &scratch.log(), "--from", file.to_str().unwrap(), "--infer-rows", "2000000"];
    let (peak, _) = peak_of_good(&args);
    assert!(peak < SMALL_KIB_MAX, "it took {peak} KiB");
}

/// 0.9 MB of text were 4.7 GB of nulls, and then refused.
#[test]
fn fields_that_objects_leave_out_are_bounded_too() {
    let scratch = Scratch::new();
    let file = scratch.path("nulls.ndjson");
    let keys: Vec<_> = (0..1_000).map(|key| format!("\"k{key}\":0")).collect();
    let row = format!("{{\"a\":[{{{}}}{}]}}\n", keys.join(","), ",{}".repeat(300_000));
    std::fs::write(&file, row).unwrap();
    let args = ["append", &scratch.log(), "--from", file.to_str().unwrap(), "--batch-bytes-max", "33554432"];
    let (peak, failed) = peak_of(&args);
    failed.fails(3, "line 1: `a[").fails(3, "--batch-bytes-max");
    assert!(peak < SMALL_KIB_MAX, "it took {peak} KiB");
    assert!(!scratch.path("log").exists());
}

/// Compressed, it is a file of some kilobytes.
#[test]
fn a_batch_that_is_too_large_is_refused_before_it_is_in_memory() {
    let scratch = Scratch::new();
    let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; 40 << 20]));
    let batch = RecordBatch::try_from_iter([("n", zeros)]).unwrap();
    let zstd = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
    for (name, stream) in [("stream.arrow", true), ("file.arrow", false)] {
        let path = scratch.path(name);
        let file = File::create(&path).unwrap();
        if stream {
            let mut writer = StreamWriter::try_new_with_options(file, &batch.schema(), zstd.clone()).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
        } else {
            let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), zstd.clone()).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
        }
        let (peak, failed) = peak_of(&["append", &scratch.log(), "--from", path.to_str().unwrap()]);
        failed.fails(3, "--batch-bytes-max");
        assert!(peak < SMALL_KIB_MAX, "{name} took {peak} KiB");
    }
}

/// A text that a dictionary, or a run, holds once is written many times: 1 MB became 1.9 GB in memory, and of
/// longer ones more than an array of texts holds.
#[test]
fn values_that_are_there_once_are_not_written_out_all_at_once() {
    let scratch = Scratch::new();
    let value: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1_000_000)]));
    let words: ArrayRef = Arc::new(DictionaryArray::new(Int32Array::from(vec![0; 120]), value.clone()));
    let runs: ArrayRef = Arc::new(RunArray::try_new(&Int32Array::from(vec![120]), &value).unwrap());
    for (name, column) in [("words", words), ("runs", runs)] {
        let batch = RecordBatch::try_from_iter([(name, column)]).unwrap();
        let (file, log) = (scratch.path("once.arrow"), scratch.path(name).display().to_string());
        let mut writer = FileWriter::try_new(File::create(&file).unwrap(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        run(["append", &log, "--from", file.to_str().unwrap()]).ok();
        for format in ["ndjson", "parquet"] {
            let (peak, _) = peak_of_good(&["tail", &log, "--format", format, "--output", "/dev/null"]);
            assert!(peak < SMALL_KIB_MAX, "{name} as {format} took {peak} KiB");
        }
    }
}

fn peak_of_good(args: &[&str]) -> (u64, String) {
    let (peak, run) = peak_of(args);
    assert!(peak > 0, "the kernel did not tell");
    (peak, run.ok().text())
}

/// The largest resident set in KiB, as the kernel remembers it, and what was said. A run may end before
/// anybody asks.
fn peak_of(args: &[&str]) -> (u64, Run) {
    let mut child = command(args).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    (peak, Run::new(child.wait_with_output().unwrap()))
}

const ROWS: i64 = 1_000_000;
const BATCH: i64 = 10_000;
const WIDE: usize = 20_000;
const PEAK_KIB_MAX: u64 = 400 << 10;
const SMALL_KIB_MAX: u64 = 100 << 10;
