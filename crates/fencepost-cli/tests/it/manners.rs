//! What scripts rely on: help, exit codes, one JSON document on stdout.

use super::support::{Scratch, run};

#[test]
fn help_lists_the_exit_codes() {
    let help = run(["--help"]).ok().text();
    for words in [
        "Exit codes",
        "130",
        "was collected",
        "FENCEPOST_LOG",
        "append",
        "tail",
        "inspect",
        "verify",
        "checkpoint",
        "gc",
        "doctor",
        "demo",
    ] {
        assert!(help.contains(words), "`{words}` is not in: {help}");
    }
    assert!(!help.contains("demo-writer"));
}

#[test]
fn wrong_use_has_code_two() {
    run(["tail"]).fails(2, "LOG");
    run(["tail", "x", "--from", "0"]).fails(2, "positions go from 1");
    run(["append", "x", "--takeover", "maybe"]).fails(2, "maybe");
    run(["gc", "run", "x", "--retain-age", "soon"]).fails(2, "soon");
    run(["tail", "x", "--cursor", "../y"]).fails(2, "a name has");
    run(["tail", "x", "--from", "5", "--to", "2"]).fails(2, "--to 2 is below --from 5");
    run(["gc", "watch", "x", "--every", "0s"]).fails(2, "at least 1s");
    run(["append", "x", "--line-bytes-max", "100MB"]).fails(2, "KiB");
}

#[test]
fn failures_are_json_too() {
    let scratch = Scratch::new();
    let failed = run(["tail", &scratch.log(), "--json"]).fails(4, "does not exist");
    let report = failed.json();
    assert_eq!((&report["error"]["code"], &report["error"]["kind"]), (&4.into(), &"no_log".into()));
}

#[test]
fn a_base_with_several_shards_asks_which() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 3);
    let (a, b) = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222");
    for shard in [a, b] {
        let report = run(["append", &scratch.log(), "--shard", shard, "--from", &file, "--json"]).ok().json();
        assert_eq!(report["shard"], shard);
    }
    let asked = run(["tail", &scratch.log()]).fails(4, a);
    assert!(asked.stderr.contains(b), "{}", asked.stderr);
    assert_eq!(run(["tail", &scratch.log(), "--shard", b]).ok().lines().len(), 3);
}

#[test]
fn logs_go_to_stderr_and_only_when_asked_for() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 3);
    let quiet = run(["append", &scratch.log(), "--from", &file]).ok();
    assert_eq!(quiet.stderr, "");
    assert!(quiet.text().starts_with("3 rows in 1 entry"), "{}", quiet.text());
    let mut told = super::support::command(["append", &scratch.log(), "--from", &file, "--json"]);
    let told = told.env("FENCEPOST_LOG", "info").output().unwrap();
    assert!(String::from_utf8_lossy(&told.stderr).contains("claimed"));
    assert_eq!(String::from_utf8_lossy(&told.stdout).lines().count(), 1);
}
