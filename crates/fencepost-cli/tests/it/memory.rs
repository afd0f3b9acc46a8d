//! A million rows pass through in bounded memory.

use super::support::{Scratch, command};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

/// The file has some 250 MB decoded: a program that holds it whole, once as rows and once encoded, is found out.
#[test]
fn a_million_rows_take_bounded_memory_in_and_out() {
    let scratch = Scratch::new();
    let (file, out) = (scratch.path("in.parquet"), scratch.path("out.parquet"));
    write(&file);
    let append = ["append", &scratch.log(), "--from", file.to_str().unwrap(), "--json"];
    let (peak, stdout) = peak_of(&append);
    let report: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
    assert_eq!(report["rows"], ROWS);
    assert_eq!(report["requests"]["put"], report["entries"]);
    assert!(peak < PEAK_KIB_MAX, "append took {peak} KiB");
    let tail = ["tail", &scratch.log(), "--format", "parquet", "-o", out.to_str().unwrap(), "--json"];
    let (peak, stdout) = peak_of(&tail);
    let report: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
    assert_eq!(report["rows"], ROWS);
    assert!(peak < PEAK_KIB_MAX, "tail took {peak} KiB");
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

/// The largest resident set in KiB, as the kernel remembers it, and what was printed.
fn peak_of(args: &[&str]) -> (u64, String) {
    let mut child = command(args).stderr(Stdio::inherit()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success());
    assert!(peak > 0, "the kernel did not tell");
    (peak, std::io::read_to_string(child.stdout.take().unwrap()).unwrap())
}

const ROWS: i64 = 1_000_000;
const BATCH: i64 = 10_000;
const PEAK_KIB_MAX: u64 = 400 << 10;
