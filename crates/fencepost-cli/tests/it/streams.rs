//! Rows of a stream are durable as they flow, and a command that is asked to end takes along what it has read.

use super::support::{Running, Scratch, command, run};
use rustix::process::Signal;
use std::io::Write;
use std::process::{ChildStdin, Stdio};

/// An `append` of what is written to it.
fn appending(scratch: &Scratch, format: &str, args: &[&str]) -> (Running, ChildStdin) {
    let log = scratch.log();
    let all = ["append", &log, "--format", format, "--json", "--verbose-acks"].into_iter();
    let mut command = command(all.chain(args.iter().copied()));
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let stdin = running.stdin();
    (running, stdin)
}

/// They waited for 1,000 rows, or for the end of the stream.
#[test]
fn rows_are_acknowledged_while_the_stream_is_open() {
    for (format, header) in [("csv", "n,text\n"), ("ndjson", "")] {
        let row = |n: u64| match format {
            "csv" => format!("{n},row {n}\n"),
            _ => format!("{{\"n\":{n},\"text\":\"row {n}\"}}\n"),
        };
        let scratch = Scratch::new();
        let (running, mut rows) = appending(&scratch, format, &["--flush-interval", "20ms"]);
        rows.write_all(header.as_bytes()).unwrap();
        for n in 0..3 {
            // The beginning of the next row as well: half a row is none.
            let next = row(n + 1);
            rows.write_all(row(n).split_at(usize::from(n > 0)).1.as_bytes()).unwrap();
            rows.write_all(&next.as_bytes()[..1]).unwrap();
            assert_eq!(running.hear()["rows"], 1, "{format}");
            assert_eq!(scratch.read_numbers(1).len() as u64, n + 1);
        }
        rows.write_all(row(3).split_at(1).1.as_bytes()).unwrap();
        drop(rows);
        let (code, said, stderr) = running.wait();
        assert_eq!((code, &said.last().unwrap()["rows"]), (Some(0), &4.into()), "{stderr}");
        assert_eq!(scratch.read_numbers(1), [0, 1, 2, 3]);
    }
}

#[test]
fn rows_go_out_at_once_when_there_are_enough() {
    let scratch = Scratch::new();
    let (running, mut rows) =
        appending(&scratch, "ndjson", &["--flush-interval", "1h", "--group-bytes", "1000"]);
    // The first rows decide about the types: so many that nobody waits for more.
    let text: String = (0..1_100).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    rows.write_all(text.as_bytes()).unwrap();
    let mut heard = 0;
    while heard < 1_000 {
        heard += running.hear()["rows"].as_u64().unwrap();
    }
    assert!(heard <= 1_100);
    drop(rows);
    assert_eq!(running.wait().0, Some(0));
    assert_eq!(scratch.read_numbers(1).len(), 1_100);
}

/// What was read was lost, though the program that wrote it had been rid of it.
#[test]
fn a_signal_takes_along_what_was_read() {
    for signal in [Signal::INT, Signal::TERM] {
        let scratch = Scratch::new();
        let (running, mut rows) = appending(&scratch, "csv", &["--flush-interval", "20ms"]);
        rows.write_all(b"n\n0\n").unwrap();
        running.hear();
        drop(running);
        // Now with rows that wait for others, and half a row.
        let args = ["--flush-interval", "1h", "--infer-rows", "1", "--takeover", "now"];
        let (running, mut rows) = appending(&scratch, "csv", &args);
        rows.write_all(b"n\n1\n2\n3\n44").unwrap();
        wait_until_read(&running, &rows);
        running.signal(signal);
        let (code, said, stderr) = running.wait();
        assert_eq!(code, Some(130), "{stderr}");
        let report = said.last().unwrap();
        assert_eq!((&report["acknowledged_rows"], &report["closed"]), (&3.into(), &true.into()), "{report}");
        assert!(stderr.contains("3 rows are acknowledged and in the log"), "{stderr}");
        assert_eq!(scratch.read_numbers(1), [0, 1, 2, 3]);
    }
}

/// Even rows that were to decide the schema, before there is a log.
#[test]
fn a_signal_before_the_log_is_open_takes_along_what_was_read() {
    let scratch = Scratch::new();
    let (running, mut rows) = appending(&scratch, "ndjson", &["--flush-interval", "1h"]);
    rows.write_all(b"{\"n\":0}\n{\"n\":1}\n{\"n\":").unwrap();
    wait_until_read(&running, &rows);
    running.signal(Signal::INT);
    let (code, said, stderr) = running.wait();
    assert_eq!((code, &said.last().unwrap()["acknowledged_rows"]), (Some(130), &2.into()), "{stderr}");
    assert_eq!(scratch.read_numbers(1), [0, 1]);
}

#[test]
fn an_arrow_stream_is_durable_batch_by_batch() {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use arrow::ipc::writer::StreamWriter;
    let scratch = Scratch::new();
    let (running, rows) = appending(&scratch, "arrow", &[]);
    let batch = |n: i64| {
        let column: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![n]));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    };
    let mut writer = StreamWriter::try_new(rows, &batch(0).schema()).unwrap();
    for n in 0..3 {
        writer.write(&batch(n)).unwrap();
        writer.get_mut().flush().unwrap();
        assert_eq!(running.hear()["rows"], 1);
    }
    running.signal(Signal::INT);
    assert_eq!(running.wait().0, Some(130));
    assert_eq!(scratch.read_numbers(1), [0, 1, 2]);
    assert_eq!(run(["verify", &scratch.log()]).ok().code, Some(0));
}

/// Until nothing is left in the pipe, and the signals are caught.
fn wait_until_read(running: &Running, pipe: &ChildStdin) {
    let status = format!("/proc/{}/status", running.pid().as_raw_nonzero());
    loop {
        let left = rustix::io::ioctl_fionread(pipe).unwrap();
        let status = std::fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        // SIGINT is the second, SIGTERM the fifteenth.
        if left == 0 && caught >> 1 & 1 == 1 && caught >> 14 & 1 == 1 {
            return;
        }
        std::thread::yield_now();
    }
}
