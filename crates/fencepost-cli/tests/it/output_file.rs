//! `tail --output FILE`: the file is there whole, or as it was before.

use super::support::{PROGRAM, Run, Scratch, run, run_with};
use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs;

/// A log whose columns change, so that formats with one schema fail in the middle.
fn changing() -> Scratch {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"a\":1}\n").ok();
    run_with(["append", &scratch.log()], b"{\"a\":\"text\"}\n").ok();
    fs::create_dir(scratch.path("out")).unwrap();
    fs::write(scratch.path("out/rows"), "before").unwrap();
    scratch
}

fn tail_to_file(scratch: &Scratch, more: &[&str]) -> Run {
    let (log, file) = (scratch.log(), scratch.path("out/rows").display().to_string());
    run(["tail", &log, "--output", &file].iter().chain(more))
}

/// What is in the folder of the output, and in the file.
fn left(scratch: &Scratch) -> (usize, String) {
    let files = fs::read_dir(scratch.path("out")).unwrap().count();
    (files, String::from_utf8_lossy(&fs::read(scratch.path("out/rows")).unwrap()).into_owned())
}

#[test]
fn a_file_is_as_it_was_after_a_failure() {
    let scratch = changing();
    for format in ["csv", "arrow", "parquet"] {
        let failed = tail_to_file(&scratch, &["--format", format]).fails(9, "The file is unchanged.");
        assert!(
            failed.stderr.contains("position 5") && failed.stderr.contains("--from 5"),
            "{}",
            failed.stderr
        );
        assert_eq!(left(&scratch), (1, "before".to_owned()), "{format}");
    }
    tail_to_file(&scratch, &["--to", "99", "--from", "98"]).ok();
    assert_eq!(left(&scratch), (1, String::new()), "no rows are a whole file too");
    tail_to_file(&scratch, &["--format", "csv", "--from", "5"]).ok();
    assert_eq!(left(&scratch), (1, "a\ntext\n".to_owned()));
}

/// Whoever redirects stdout has the file open: what is in it stays.
#[cfg(target_os = "linux")]
#[test]
fn the_file_that_stdout_is_is_written_to_and_not_replaced() {
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"a\":1}\n").ok();
    for options in [["tail", "--output"], ["inspect", "--html"]] {
        let file = scratch.path("log.txt");
        fs::write(&file, "before\n").unwrap();
        let stdout = fs::OpenOptions::new().append(true).open(&file).unwrap();
        let mut command = std::process::Command::new(PROGRAM);
        command.args([options[0], &scratch.log(), options[1], "/dev/fd/1"]).stdout(stdout);
        assert!(command.status().unwrap().success());
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("before\n") && text.len() > 10, "{text}");
    }
}

#[test]
fn a_file_is_as_it_was_where_the_log_cannot_be_read() {
    let scratch = changing();
    let entry = scratch.entry(5);
    let mut bytes = fs::read(&entry).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&entry, bytes).unwrap();
    let failed = tail_to_file(&scratch, &[]);
    assert!(!matches!(failed.code, Some(0)), "{}", failed.stderr);
    assert_eq!(left(&scratch), (1, "before".to_owned()));
}

/// Whoever reads the file has nothing before it has its name, so the cursor must not be ahead of it.
#[test]
fn a_cursor_waits_for_the_file() {
    let scratch = changing();
    tail_to_file(&scratch, &["--format", "csv", "--cursor", "copy"]).fails(9, "position 5");
    let rest = run(["tail", &scratch.log(), "--cursor", "copy"]).ok();
    assert_eq!(rest.lines().len(), 2, "nothing was passed");
    let scratch = changing();
    tail_to_file(&scratch, &["--cursor", "copy"]).ok();
    assert_eq!(left(&scratch), (1, "{\"a\":1}\n{\"a\":\"text\"}\n".to_owned()));
    assert_eq!(run(["tail", &scratch.log(), "--cursor", "copy"]).ok().text(), "");
}

/// On a pipe there is no going back.
#[test]
fn stdout_keeps_what_came_before_a_failure() {
    let scratch = changing();
    let failed =
        run(["tail", &scratch.log(), "--format", "csv"]).fails(9, "The rows before it were written.");
    assert_eq!(failed.text(), "a\n1\n");
}

/// Rows before the one that cannot be written are there, and it is named.
#[test]
fn the_first_value_that_cannot_be_written_is_named() {
    let scratch = Scratch::new();
    let numbers = (0..3_000).map(|n| if n == 2_500 { f64::NAN } else { f64::from(n) }).collect::<Vec<_>>();
    let ones = vec![1; numbers.len()];
    let columns: Vec<(&str, arrow::array::ArrayRef)> = vec![
        ("one", std::sync::Arc::new(arrow::array::Int32Array::from(ones))),
        ("number", std::sync::Arc::new(arrow::array::Float64Array::from(numbers))),
    ];
    let batch = arrow::array::RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    run_with(["append", &scratch.log()], &writer.into_inner().unwrap()).ok();
    let failed = run(["tail", &scratch.log(), "--json"]).fails(9, "row 2501 of its entry, column `number`");
    let text = failed.text();
    let (rows, document) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(rows.lines().count(), 2_500);
    assert!(rows.ends_with("{\"one\":1,\"number\":2499.0}"), "{rows:.100}");
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    assert_eq!(
        (&document["row"], &document["column"], &document["error"]["code"]),
        (&2501.into(), &"number".into(), &9.into())
    );
}

#[test]
fn no_rows_are_a_file_of_their_kind() {
    let scratch = changing();
    tail_to_file(&scratch, &["--from", "90", "--format", "arrow"]).ok();
    let bytes = fs::read(scratch.path("out/rows")).unwrap();
    assert_eq!(StreamReader::try_new(bytes.as_slice(), None).unwrap().count(), 0);
    tail_to_file(&scratch, &["--from", "90", "--format", "parquet"]).ok();
    let bytes = bytes::Bytes::from(fs::read(scratch.path("out/rows")).unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}

#[test]
fn a_followed_log_goes_to_a_new_file_as_it_comes() {
    let scratch = changing();
    tail_to_file(&scratch, &["--follow", "--to", "5"]).fails(2, "exists already");
    assert_eq!(left(&scratch), (1, "before".to_owned()));
    fs::remove_file(scratch.path("out/rows")).unwrap();
    tail_to_file(&scratch, &["--follow", "--to", "5"]).ok();
    assert_eq!(left(&scratch), (1, "{\"a\":1}\n{\"a\":\"text\"}\n".to_owned()));
}

/// A device is not replaced by a file of its name.
#[test]
fn a_device_is_written_to() {
    let scratch = changing();
    run(["tail", &scratch.log(), "--output", "/dev/null"]).ok();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let shown = std::process::Command::new("sh")
        .args(["-c", "exec \"$0\" tail \"$1\" --output /dev/stdout | cat", PROGRAM, &scratch.log()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "{\"a\":1}\n{\"a\":\"text\"}\n");
}

#[test]
fn a_null_and_an_empty_text_can_be_told_apart_in_csv() {
    let scratch = Scratch::new();
    let rows = "{\"a\":\"\",\"b\":1}\n{\"a\":null,\"b\":2}\n{\"a\":\"NULL\",\"b\":null}\n";
    run_with(["append", &scratch.log()], rows.as_bytes()).ok();
    let csv = |more: &[&str]| run(["tail", &scratch.log(), "--format", "csv"].iter().chain(more));
    assert_eq!(csv(&[]).ok().text(), "a,b\n\"\",1\n,2\nNULL,\n");
    assert_eq!(csv(&["--null", "NULL"]).ok().text(), "a,b\n\"\",1\nNULL,2\n\"NULL\",NULL\n");
    csv(&["--null", "a,b"]).fails(2, "cannot contain commas");

    // A line with nothing on it is passed over by readers.
    let scratch = Scratch::new();
    run_with(["append", &scratch.log()], b"{\"a\":1}\n{\"a\":null}\n").ok();
    let csv = |more: &[&str]| run(["tail", &scratch.log(), "--format", "csv"].iter().chain(more));
    let refused = csv(&[]).fails(9, "--null");
    assert!(refused.stderr.contains("row 2 of its entry, column `a`"), "{}", refused.stderr);
    assert_eq!(csv(&["--null", "-"]).ok().text(), "a\n1\n-\n");
}
