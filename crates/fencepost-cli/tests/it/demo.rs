//! The demonstration shows what it promises, both ways.

use super::support::{Running, Scratch, command, run};
use rustix::process::{Pid, Signal, test_kill_process};
use std::time::{Duration, Instant};

#[test]
fn the_stalled_process_is_refused_and_nothing_is_missing() {
    let started = Instant::now();
    let shown = run(["demo", "--json"]).ok().json();
    assert_eq!(shown["shown"], true);
    assert_eq!(shown["stalled_append"], "refused");
    assert_eq!(shown["missing_rows"].as_array().unwrap().len(), 0);
    assert_eq!(shown["repeated_rows"], 0);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn the_naive_way_loses_an_acknowledged_append() {
    let started = Instant::now();
    let shown = run(["demo", "--naive", "--json"]).ok().json();
    assert_eq!(shown["shown"], true);
    assert_eq!(shown["stalled_append"], "acknowledged");
    assert_eq!(shown["missing_rows"].as_array().unwrap().len(), 10);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn the_story_is_told_and_its_log_can_be_kept() {
    let scratch = Scratch::new();
    let kept = scratch.log();
    let told = run(["demo", "--keep", &kept]).ok().text();
    for words in ["SIGSTOP", "take over", "checkpoint", "collect", "wake", "refused", "exactly once"] {
        assert!(told.contains(words), "`{words}` is not in: {told}");
    }
    run(["verify", &kept]).ok();
    run(["demo", "--keep", &kept]).fails(4, "not empty");
}

/// A process that is stopped takes no other signal, so it stayed for ever.
#[test]
fn the_second_process_ends_with_the_story() {
    for signal in [Signal::INT, Signal::TERM] {
        let demo = Running::start(command(["demo", "--json"]));
        let line = demo.hear_stderr("opens a log");
        let second: i32 = line.split(' ').find_map(|word| word.parse().ok()).unwrap();
        demo.signal(signal);
        let (code, _, stderr) = demo.wait();
        // Or it was at its end already.
        assert!(matches!(code, Some(130 | 0)), "{code:?}: {stderr}");
        test_kill_process(Pid::from_raw(second).unwrap()).unwrap_err();
    }
}

/// Even if the first one is killed, and can wake nobody.
#[cfg(target_os = "linux")]
#[test]
fn the_second_process_ends_when_the_first_is_killed() {
    use super::support::PROGRAM;
    use rustix::process::kill_process;
    use std::process::{Command, Stdio};

    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("log")).unwrap();
    let mut first = Command::new("sh");
    let script = "exec 3<&0; \"$0\" demo-writer \"$1\" 0 1 <&3 & echo \"{\\\"pid\\\":$!}\"; wait";
    first.args(["-c", script, PROGRAM, &scratch.log()]);
    first.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut first = Running::start(first);
    let _stdin = first.stdin();
    let second = i32::try_from(first.hear()["pid"].as_i64().unwrap()).unwrap();
    while first.hear()["stalled"] != true {}
    kill_process(Pid::from_raw(second).unwrap(), Signal::STOP).unwrap();
    first.signal(Signal::KILL);
    // The pipe ends when both have ended.
    first.hear_the_end();
}
