//! Cursors with a leash, from the command line.

use super::support::{Scratch, run};
use serde_json::json;

/// A hundred rows, an entry each, all of them checkpointed: positions 2 to 101.
fn log() -> Scratch {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 100);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    run(["checkpoint", &scratch.log(), "101"]).ok();
    scratch
}

/// Nobody is left to read it: the bucket is freed, and whoever comes after all is told.
// P-163 to P-165.
#[test]
fn a_cursor_over_its_leash_is_broken_and_its_consumer_is_told() {
    let scratch = log();
    let log = scratch.log();
    let cursor = |args: &[&str]| run(["cursor"].into_iter().chain(args.iter().copied()));
    let leash = ["--entries", "50", "--budget", "1GiB", "--expire", "7d", "--on-exceed", "break"];
    cursor(&["create", &log, "copy", "--at", "40"].iter().chain(&leash).copied().collect::<Vec<_>>()).ok();
    let shown = cursor(&["show", &log, "copy"]).ok().text();
    assert!(
        shown
            .contains("leash       standing still for 7 d, 50 entries, 1073741824 bytes; beyond that, break")
            && shown.contains("state       over its leash: it holds 61 entries, its leash allows 50"),
        "{shown}"
    );
    run(["status", &log]).fails(11, "");
    let planned = run(["gc", "plan", &log]).fails(11, "").text();
    assert!(
        planned.contains("would be broken: cursor copy at position 40: it holds 61 entries"),
        "{planned}"
    );
    assert!(scratch.entry(50).exists());

    let collected = run(["gc", "run", &log, "--json"]).fails(11, "").json();
    let over = json!([{
        "cursor": "copy", "position": 40, "limit": "entries", "is": 61, "allowed": 50, "outcome": "broken",
    }]);
    assert_eq!((&collected["over_leash"], &collected["bound"]), (&over, &json!(101)));
    assert!(!scratch.entry(50).exists());
    let receipt = run(["gc", "receipt", &log, collected["receipt"].as_str().unwrap()]).ok().text();
    assert!(
        receipt.contains("cursor copy at position 40 was over its leash (broken): it holds 61 entries"),
        "{receipt}"
    );

    let tail = ["tail", &log, "--cursor", "copy"];
    run(tail).fails(8, "cursor copy was broken at position 40 at 2");
    run(tail).fails(8, "the first position that can be read for certain is 102");
    run(tail).fails(8, "cursor create LOG copy --at 101");
    cursor(&["move", &log, "copy", "60"]).fails(8, "cursor copy was broken");
    let listed = cursor(&["list", &log]).ok().text();
    assert!(listed.contains("copy: BROKEN at position 40"), "{listed}");
    let status = run(["status", &log, "--json"]).fails(11, "").json();
    assert_eq!(status["attention"][0]["kind"], "cursor_broken");
    run(["gc", "run", &log]).ok();

    cursor(&["create", &log, "copy", "--at", "60"]).fails(8, "102");
    cursor(&["create", &log, "copy", "--at", "101"]).ok();
    let listed = cursor(&["list", &log, "--json"]).ok().json();
    assert_eq!(
        (&listed["cursors"][0]["broken"], &listed["cursors"][0]["leash"]),
        (&json!(false), &json!(null))
    );
    run(["status", &log]).ok();
}

/// By default a leash gives up nothing.
// P-162.
#[test]
fn a_leash_warns_unless_it_is_told_to_break() {
    let scratch = log();
    let log = scratch.log();
    run(["cursor", "create", &log, "copy", "--at", "40", "--entries", "50"]).ok();
    for _ in 0..2 {
        let collected = run(["gc", "run", &log]).fails(11, "").text();
        assert!(collected.contains("over its leash: cursor copy at position 40"), "{collected}");
    }
    assert!(scratch.entry(50).exists());
    let status = run(["status", &log, "--json"]).fails(11, "").json();
    assert_eq!(status["attention"][0]["kind"], "cursor_over_leash");
    assert_eq!(run(["tail", &log, "--cursor", "copy"]).ok().lines().len(), 61);
    run(["gc", "run", &log]).ok();
}

/// What breaks what is a choice that is made with a limit.
#[test]
fn a_leash_needs_a_limit() {
    let scratch = log();
    let create = ["cursor", "create", &scratch.log(), "copy"];
    run(create.iter().chain(&["--on-exceed", "break"])).fails(2, "--on-exceed");
    run(create.iter().chain(&["--budget", "1GB"])).fails(2, "units are B, KiB, MiB, GiB and TiB");
}
