//! Standbys as operators run them: one waits for a log's writer to die, takes over, and goes on with stdin or
//! with a command of its own.

use super::support::{Running, Scratch, command, feed, run};
use rustix::process::Signal;
use std::process::Stdio;

/// A command that gets its rows from us.
fn fed(scratch: &Scratch, verb: &str, more: &[&str]) -> (Running, std::process::ChildStdin) {
    let log = scratch.log();
    let args = [verb, &log, "--rows-per-entry", "1", "--infer-rows", "1", "--format", "ndjson"];
    let mut command =
        command(args.iter().chain(["--lease-ttl", "1s", "--json", "--verbose-acks"].iter()).chain(more));
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let stdin = running.stdin();
    (running, stdin)
}

/// It takes the log although it has no rows yet: who only appends does so with its first row.
#[test]
fn a_standby_takes_over_from_a_killed_writer_before_it_has_rows() {
    let scratch = Scratch::new();
    let (holder, mut rows) = fed(&scratch, "append", &[]);
    feed(&mut rows, 0, 3);
    let mut told = vec![holder.hear()];
    let (standby, mut more) = fed(&scratch, "standby", &[]);
    standby.hear_stderr("waiting: epoch 1");
    told.extend(holder.kill());
    let held = standby.hear();
    assert_eq!(held["holds"], 2, "{held}");
    assert!(held["waited_ms"].as_u64().unwrap() > 0);
    feed(&mut more, 10, 3);
    assert_eq!(standby.hear()["rows"], 1);
    drop(more);
    let (code, said, stderr) = standby.wait();
    assert_eq!(code, Some(0), "{stderr}");
    let last = said.last().unwrap();
    assert_eq!((&last["rows"], &last["epoch"], &last["closed"]), (&3.into(), &2.into(), &true.into()));
    let found = scratch.read_numbers(1);
    assert!(found.ends_with(&[10, 11, 12]), "{found:?}");
    assert!(found.len() >= told.len() + 3, "{told:?} were acknowledged, and {found:?} are there");
}

#[test]
fn what_the_command_of_a_standby_prints_is_appended() {
    let scratch = Scratch::new();
    let script =
        r#"echo "{\"epoch\":$FENCEPOST_EPOCH,\"n\":1}"; echo oops >&2; echo "{\"epoch\":7,\"n\":2}""#;
    let standby = run(["standby", &scratch.log(), "--json", "--", "sh", "-c", script]).ok();
    assert_eq!(standby.json()["command"]["code"], 0, "{}", standby.text());
    assert_eq!(standby.json()["rows"], 2);
    assert!(standby.stderr.contains("oops"), "{}", standby.stderr);
    let rows = run(["tail", &scratch.log()]).ok().lines();
    assert_eq!((&rows[0]["epoch"], &rows[1]["n"]), (&1.into(), &2.into()));
}

/// The log is closed all the same, so whoever comes next need not wait.
#[test]
fn a_command_that_fails_fails_its_standby_and_keeps_its_rows() {
    let scratch = Scratch::new();
    let args = ["standby", &scratch.log(), "--json", "--", "sh", "-c", r#"echo "{\"n\":1}"; exit 3"#];
    let failed = run(args).fails(1, "the command `sh` failed");
    assert_eq!(failed.json()["command"]["code"], 3, "{}", failed.text());
    assert_eq!(scratch.read_numbers(1), [1]);
    assert_eq!(run(["status", &scratch.log(), "--json"]).ok().json()["lease"]["released"], true);
    run(["standby", &scratch.log(), "--", "no-such-program"]).fails(3, "`no-such-program` cannot be run");
}

/// A command that was the leader ends with the leadership, and does not go on beside the new one.
#[test]
fn a_standby_that_is_fenced_ends_its_command() {
    let scratch = Scratch::new();
    let beat = scratch.path("beat");
    // It prints nothing after its first row, so nothing that it does meets the successor.
    let script = format!(
        r#"trap 'echo ended > {0}; exit 0' TERM; echo "{{\"n\":1}}"; while :; do sleep 0.05; done"#,
        beat.display()
    );
    let log = scratch.log();
    let args = ["standby", &log, "--json", "--verbose-acks", "--lease-ttl", "1s", "--", "sh", "-c", &script];
    let standby = Running::start(command(args));
    assert_eq!(standby.hear()["holds"], 1);
    assert_eq!(standby.hear()["position"], 2);
    run(["fence", &log, "--yes"]).ok();
    let (code, _, stderr) = standby.wait();
    assert_eq!(code, Some(5), "{stderr}");
    assert_eq!(std::fs::read_to_string(&beat).unwrap().trim(), "ended");
    assert_eq!(scratch.read_numbers(1), [1]);
}

#[test]
fn a_standby_that_is_stopped_lets_its_command_end_and_appends_its_last_rows() {
    let scratch = Scratch::new();
    let script = r#"trap 'echo "{\"n\":2}"; exit 0' TERM; echo "{\"n\":1}"; while :; do sleep 0.05; done"#;
    let log = scratch.log();
    let args = ["standby", &log, "--json", "--verbose-acks", "--infer-rows", "1", "--", "sh", "-c", script];
    let standby = Running::start(command(args));
    assert_eq!(standby.hear()["holds"], 1);
    assert_eq!(standby.hear()["position"], 2);
    standby.signal(Signal::TERM);
    let (code, said, stderr) = standby.wait();
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(said.last().unwrap()["acknowledged_rows"], 2, "{said:?}");
    assert_eq!(scratch.read_numbers(1), [1, 2]);
}
