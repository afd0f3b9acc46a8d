//! The demonstration shows what it promises, both ways.

use super::support::{Scratch, run};
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
