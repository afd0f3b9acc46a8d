//! `doctor` on stores that are at hand.

use super::support::{Running, Scratch, command, run};
use rustix::process::Signal;
use std::fs;

#[test]
fn a_directory_is_safe_and_empty_afterwards() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.log()).unwrap();
    fs::write(scratch.path("log/mine"), "stays").unwrap();
    let report = run(["doctor", &scratch.log(), "--quick", "--json"]).ok().json();
    assert_eq!((&report["verdict"], &report["backend"]), (&"safe".into(), &"local".into()), "{report}");
    let checks = report["checks"].as_array().unwrap();
    for id in ["create_twice", "create_race", "list_under_change", "clock", "fsync", "large_object"] {
        let check = checks.iter().find(|check| check["id"] == id).unwrap();
        assert_eq!(check["outcome"], "passed", "{check}");
    }
    assert!(report["latency_ms"]["create"]["p99"].as_f64().unwrap() > 0.0);
    assert!(report["left_behind"].as_array().unwrap().is_empty());
    let left: Vec<_> = fs::read_dir(scratch.log()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine"]);
}

#[test]
fn people_get_a_table_and_a_verdict() {
    let few = ["doctor", "memory://surgery/some/prefix", "--quick", "--put-price", "0.4"];
    let text = run(few).ok().text();
    for words in ["create_race", "ok", "0.40 USD", "--put-price", "safe for a log: nothing wrong was seen"] {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
}

#[test]
fn only_what_was_asked_for_is_done() {
    let report = run(["doctor", "memory://x", "--only", "create_twice,clock", "--json"]).ok().json();
    let ids: Vec<_> = report["checks"].as_array().unwrap().iter().map(|check| check["id"].clone()).collect();
    assert_eq!(ids, ["create_twice", "clock"]);
    run(["doctor", "memory://x", "--only", "everything"]).fails(2, "create_race");
    run(["doctor", "memory://x", "--put-price=-1"]).fails(2, "a price");
}

#[test]
fn a_place_that_is_none_is_refused() {
    let scratch = Scratch::new();
    run(["doctor", &scratch.log()]).fails(4, "does not exist");
    assert!(!scratch.path("log").exists(), "whoever only looks makes nothing");
    run(["doctor", "s3://"]).fails(4, "names no bucket");
}

/// A directory of the kernel takes no files, not even from root. Nothing is learned of such a store, and that
/// is no verdict.
#[cfg(target_os = "linux")]
#[test]
fn a_store_that_cannot_be_written_to_is_not_judged() {
    let report = run(["doctor", "/proc/self", "--quick", "--json"]);
    assert_eq!(report.code, Some(1), "{}", report.text());
    assert_eq!(report.json()["verdict"], "undecided");
}

/// The examination takes a while; a signal in its middle makes it clean up and say so.
#[test]
fn interrupted_it_cleans_up() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.log()).unwrap();
    let args = ["doctor", &scratch.log(), "--json", "--list-objects", "100000"];
    let running = Running::start(command(args));
    let made =
        || fs::read_dir(scratch.log()).unwrap().flatten().any(|folder| folder.path().join("pages").exists());
    while !made() {
        std::thread::yield_now();
    }
    running.signal(Signal::INT);
    let (code, said, stderr) = running.wait();
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("Ctrl-C"), "{stderr}");
    assert_eq!((&said[0]["stopped"], &said[0]["verdict"]), (&true.into(), &"undecided".into()));
    assert_eq!(fs::read_dir(scratch.log()).unwrap().count(), 0, "{}", said[0]["left_behind"]);
}
