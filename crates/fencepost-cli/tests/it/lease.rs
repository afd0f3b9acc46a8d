//! Standbys: one waits for a holder that died and takes over unasked, and none takes over from one that lives.

use super::support::{Running, Scratch, command, run};
use rustix::process::Signal;
use std::io::Write;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A writer that gets its rows from us, one by one.
fn writer(scratch: &Scratch, ttl: &str) -> (Running, std::process::ChildStdin) {
    let log = scratch.log();
    let args = [
        "append",
        &log,
        "--rows-per-entry",
        "1",
        "--infer-rows",
        "1",
        "--lease-ttl",
        ttl,
        "--json",
        "--verbose-acks",
    ];
    let mut command = command(args);
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let stdin = running.stdin();
    (running, stdin)
}

/// The decoder hands a row out once it sees that another follows.
fn feed(stdin: &mut impl Write, from: u64, rows: u64) {
    for n in from..from + rows {
        writeln!(stdin, "{{\"n\":{n}}}").unwrap();
        stdin.flush().unwrap();
        sleep(Duration::from_millis(20));
    }
}

/// Nothing was claimed, and the holder goes on.
#[test]
fn a_standby_waits_no_longer_than_it_was_told_to() {
    let scratch = Scratch::new();
    let (holder, mut rows) = writer(&scratch, "5s");
    feed(&mut rows, 0, 2);
    assert_eq!(holder.hear()["rows"], 1);
    let file = scratch.numbers("more.ndjson", 10, 1);
    let refused = run(["append", &scratch.log(), "--from", &file, "--wait-timeout", "300ms"]);
    assert!(
        refused.stderr.contains("waiting: epoch 1") && refused.stderr.contains("--wait-timeout"),
        "{}",
        refused.stderr
    );
    refused.fails(5, "holds the lease");
    drop(rows);
    assert_eq!(holder.wait().0, Some(0));
    assert_eq!(scratch.read_numbers(1), [0, 1]);
}

#[test]
fn a_standby_acknowledges_within_fifteen_seconds_of_its_holders_death() {
    let scratch = Scratch::new();
    let (holder, mut rows) = writer(&scratch, "5s");
    feed(&mut rows, 0, 3);
    assert_eq!(holder.hear()["rows"], 1);
    let (standby, mut more) = writer(&scratch, "5s");
    feed(&mut more, 10, 3);
    let waiting = standby.hear_stderr("waiting");
    assert!(waiting.contains("epoch 1") && waiting.contains("5000 ms"), "{waiting}");
    let died = Instant::now();
    holder.kill();
    assert_eq!(standby.hear()["rows"], 1);
    let took = died.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    drop(more);
    let (code, said, stderr) = standby.wait();
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(said.last().unwrap()["epoch"], 2);
    let found = scratch.read_numbers(1);
    assert!(found.ends_with(&[10, 11, 12]) && found.starts_with(&[0]), "{found:?}");
}

#[test]
fn eager_writers_take_turns_only_when_a_holder_lets_go() {
    let scratch = Scratch::new();
    let (first, mut rows) = writer(&scratch, "1s");
    feed(&mut rows, 0, 3);
    assert_eq!(first.hear()["rows"], 1);
    let (second, mut more) = writer(&scratch, "1s");
    feed(&mut more, 100, 3);
    second.hear_stderr("waiting");
    // Four times as long as a dead holder would be waited for.
    let until = Instant::now() + Duration::from_secs(4);
    let mut n = 3;
    while Instant::now() < until {
        feed(&mut rows, n, 5);
        n += 5;
    }
    drop(rows);
    let (code, said, stderr) = first.wait();
    assert_eq!((code, &said.last().unwrap()["epoch"]), (Some(0), &1.into()), "{stderr}");
    drop(more);
    let (code, said, stderr) = second.wait();
    assert_eq!((code, &said.last().unwrap()["epoch"]), (Some(0), &2.into()), "{stderr}");
    let found = scratch.read_numbers(1);
    assert_eq!(found, (0..n).chain(100..103).collect::<Vec<_>>());
}

#[test]
fn a_held_log_is_refused_to_whoever_asks_for_a_free_one() {
    let scratch = Scratch::new();
    let (holder, mut rows) = writer(&scratch, "10s");
    feed(&mut rows, 0, 3);
    assert_eq!(holder.hear()["rows"], 1);
    let file = scratch.numbers("rows.ndjson", 0, 1);
    let refused = run(["append", &scratch.log(), "--from", &file, "--takeover", "free", "--json"]);
    assert_eq!(refused.fails(5, "holds the lease").json()["error"]["kind"], "held");
    holder.signal(Signal::INT);
    let (code, said, stderr) = holder.wait();
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(said.last().unwrap()["closed"], true);
    run(["append", &scratch.log(), "--from", &file, "--takeover", "free"]).ok();
}

/// It tried for five seconds more, and said nothing.
#[test]
fn a_standby_that_is_asked_to_end_while_it_waits_ends_at_once() {
    let scratch = Scratch::new();
    let (holder, mut rows) = writer(&scratch, "30s");
    feed(&mut rows, 0, 3);
    assert_eq!(holder.hear()["rows"], 1);
    for signal in [Signal::INT, Signal::TERM] {
        let (standby, mut more) = writer(&scratch, "30s");
        feed(&mut more, 10, 3);
        standby.hear_stderr("waiting");
        let asked = Instant::now();
        standby.signal(signal);
        let (code, _, stderr) = standby.wait();
        let took = asked.elapsed();
        assert_eq!(code, Some(130), "{stderr}");
        assert!(stderr.contains("before the log was open"), "{stderr}");
        // Its stdin is open all the while.
        drop(more);
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
}

/// P-115: its stdin is open, and no row comes that could be refused.
#[test]
fn an_append_that_idles_ends_when_another_writer_takes_the_log() {
    let scratch = Scratch::new();
    let (holder, mut rows) = writer(&scratch, "1s");
    feed(&mut rows, 0, 2);
    assert_eq!((holder.hear()["rows"].clone(), holder.hear()["rows"].clone()), (1.into(), 1.into()));
    run(["fence", &scratch.log(), "--yes"]).ok();
    let (code, _, stderr) = holder.wait();
    assert_eq!(code, Some(5), "{stderr}");
    assert!(stderr.contains("fenced: epoch 2") && stderr.contains("2 rows are acknowledged"), "{stderr}");
    drop(rows);
    assert_eq!(scratch.read_numbers(1), [0, 1]);
}
