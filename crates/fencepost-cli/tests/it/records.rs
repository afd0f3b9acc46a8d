//! Plain bytes: lines, and inputs that are one record.

use super::support::{Scratch, run, run_with};
use serde_json::json;

fn append(scratch: &Scratch, format: &str, input: &[u8]) {
    run_with(["append", &scratch.log(), "--format", format], input).ok();
}

fn tail(scratch: &Scratch, format: &str) -> Vec<u8> {
    run(["tail", &scratch.log(), "--format", format]).ok().stdout
}

#[test]
fn lines_come_back_as_they_were() {
    let scratch = Scratch::new();
    let text = b"one\n\n  three \r\n\xff\xfe not UTF-8\n";
    append(&scratch, "lines", text);
    assert_eq!(tail(&scratch, "lines"), text);
    // The last line is one whether it ends or not.
    append(&scratch, "lines", b"more");
    assert_eq!(tail(&scratch, "lines"), [&text[..], b"more\n"].concat());
    let said = run(["status", &scratch.log(), "--json"]).json();
    assert!(said.is_object());
}

#[test]
fn lines_are_skipped_by_number_and_can_be_read_in_other_formats() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log(), "--format", "lines", "--skip", "1"], b"a\nb\n").ok();
    assert_eq!(tail(&scratch, "lines"), b"b\n");
    let rows = run(["tail", &scratch.log()]).ok().lines();
    assert_eq!(rows, [json!({"timestamp": null, "key": null, "value": "62"})]);
}

#[test]
fn a_raw_input_is_one_record() {
    let scratch = Scratch::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    append(&scratch, "raw", &bytes);
    assert_eq!(tail(&scratch, "raw"), bytes);
    let said = run(["append", &scratch.log(), "--format", "raw", "--from", &file(&scratch, b"")]).ok();
    assert!(said.text().contains("the input has no rows"));
    // No line break tells where it would end.
    run(["tail", &scratch.log(), "--format", "lines"]).fails(9, "has a line break in it");
}

fn file(scratch: &Scratch, bytes: &[u8]) -> String {
    let path = scratch.path("input");
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn rows_with_columns_of_their_own_are_no_lines() {
    let scratch = Scratch::new();
    append(&scratch, "lines", b"a\n");
    let numbers = scratch.numbers("n.ndjson", 1, 1);
    run(["append", &scratch.log(), "--from", &numbers]).ok();
    let failed = run(["tail", &scratch.log(), "--format", "lines"]).fails(9, "are no records");
    assert_eq!(failed.stdout, b"a\n", "what came before was written");
}

#[test]
fn what_is_too_long_or_makes_no_sense_is_refused_before_the_log_is_touched() {
    let scratch = Scratch::new();
    let log = scratch.log();
    let long = ["append", &log, "--format", "lines", "--line-bytes-max", "3"];
    run_with(long, b"long line\n").fails(3, "line 1: it has more than 3 bytes");
    run_with(["append", &log, "--format", "raw", "--types", "a=text"], b"x")
        .fails(2, "are for CSV and NDJSON");
    assert!(!std::path::Path::new(&log).exists());
}
