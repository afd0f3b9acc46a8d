//! Signals and closed pipes end a run in order.

use super::support::{Running, Scratch, command, run};
use rustix::process::Signal;
use std::io::Write;
use std::process::Stdio;

#[test]
fn an_interrupted_append_closes_what_is_acknowledged() {
    for signal in [Signal::INT, Signal::TERM] {
        let scratch = Scratch::new();
        let file = scratch.numbers("rows.ndjson", 0, 200_000);
        let args =
            ["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1", "--json", "--verbose-acks"];
        let append = Running::start(command(args));
        append.hear();
        append.signal(signal);
        let (code, said, stderr) = append.wait();
        assert_eq!(code, Some(130), "{stderr}");
        let report = said.last().unwrap();
        assert_eq!(report["closed"], true, "{report}");
        let acknowledged = report["acknowledged_rows"].as_u64().unwrap();
        assert!(acknowledged < 200_000);
        assert_eq!(scratch.read_numbers(1), (0..acknowledged).collect::<Vec<_>>());
        // It closed, so the next one need not wait or fence.
        let small = scratch.numbers("small.ndjson", 0, 1);
        let report = run(["append", &scratch.log(), "--from", &small, "--json"]).ok().json();
        assert!(report["open_requests"]["put"].as_u64().unwrap() < 5, "{report}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_a_tail_quietly() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 100_000);
    run(["append", &scratch.log(), "--from", &file]).ok();
    for format in ["ndjson", "csv", "arrow", "parquet"] {
        let mut child = command(["tail", &scratch.log(), "--format", format]).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
    let mut child = command(["inspect", &scratch.log()]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_follower_sees_rows_as_they_come_and_says_when_the_log_rests() {
    let scratch = Scratch::new();
    let log = scratch.log();
    let mut first =
        command(["append", &log, "--rows-per-entry", "1", "--infer-rows", "1", "--json", "--verbose-acks"]);
    let mut first = Running::start({
        first.stdin(Stdio::piped());
        first
    });
    let mut rows = first.stdin();
    rows.write_all(b"{\"n\":0}\n{\"n\":1}\n").unwrap();
    first.hear();
    let follower = Running::start(command(["tail", &log, "--follow"]));
    assert_eq!(follower.hear()["n"], 0);
    follower.hear_stderr("epoch 1 has the log");
    rows.write_all(b"{\"n\":2}\n{\"n\":3}\n").unwrap();
    for n in 1..=2 {
        assert_eq!(follower.hear()["n"], n);
    }
    drop(rows);
    first.wait();
    assert_eq!(follower.hear()["n"], 3);
    follower.hear_stderr("epoch 1 closed the log");
    let more = scratch.numbers("more.ndjson", 4, 1);
    run(["append", &log, "--from", &more]).ok();
    assert_eq!(follower.hear()["n"], 4);
    follower.hear_stderr("epoch 2 closed the log");
    follower.signal(Signal::INT);
    assert_eq!(follower.wait().0, Some(0));
}
