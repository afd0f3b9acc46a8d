//! All logs and tables below a place: `ls --below`, `gc run --below`, `gc watch --below`.

use super::support::{Scratch, run, run_with};
use serde_json::Value;
use std::fs;

/// Logs at `a`, `team/b` and `team/deep/c`, with ten rows of which all are checkpointed, among folders that are none.
fn fleet() -> Scratch {
    let scratch = Scratch::new();
    for log in ["a", "team/b", "team/deep/c"] {
        let log = scratch.path(log).display().to_string();
        let rows: String = (0..10).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        run_with(["append", &log, "--rows-per-entry", "1"], rows.as_bytes()).ok();
        run(["checkpoint", &log, "tail"]).ok();
    }
    // A Lance table without a log, with a folder inside that must not be looked into, and an empty folder.
    fs::create_dir_all(scratch.path("team/plain.lance/_versions")).unwrap();
    fs::create_dir_all(scratch.path("team/plain.lance/data/_mem_wal")).unwrap();
    fs::create_dir_all(scratch.path("empty/folder")).unwrap();
    scratch
}

fn root(scratch: &Scratch) -> String {
    scratch.path("").display().to_string()
}

fn logs(document: &Value) -> Vec<&str> {
    document["shards"].as_array().unwrap().iter().map(|shard| shard["log"].as_str().unwrap()).collect()
}

#[test]
fn all_logs_below_a_place_are_listed() {
    let scratch = fleet();
    let listed = run(["ls", &root(&scratch), "--below", "--json"]).ok().json();
    assert_eq!(logs(&listed), ["a", "team/b", "team/deep/c"]);
    assert_eq!(listed["shards"][1]["replay_after"], listed["shards"][2]["replay_after"]);
    let text = run(["ls", &root(&scratch), "--below"]).ok().text();
    let first: Vec<_> = text.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(first, ["log", "a", "team/b", "team/deep/c"], "{text}");

    let shallow = run(["ls", &root(&scratch), "--below", "--depth", "2", "--json"]).ok().json();
    assert_eq!(logs(&shallow), ["a", "team/b"]);
    let none = run(["ls", &scratch.path("empty").display().to_string(), "--below"]);
    none.fails(4, "no log and no table with one below");
    run(["ls", &root(&scratch), "--depth", "2"]).fails(2, "--below");
}

/// One that cannot be collected keeps no other waiting, and is named.
#[test]
fn all_logs_below_a_place_are_collected() {
    let scratch = fleet();
    let manifests = scratch.path("team/b/_mem_wal");
    let shard = fs::read_dir(&manifests).unwrap().next().unwrap().unwrap().path();
    for manifest in fs::read_dir(shard.join("manifest")).unwrap() {
        let path = manifest.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "binpb") {
            fs::write(path, "no manifest").unwrap();
        }
    }
    let planned = run(["gc", "run", &root(&scratch), "--below", "--dry-run", "--json"]);
    assert_eq!(planned.json()["totals"]["shards_failed"], 1);
    let done = run(["gc", "run", &root(&scratch), "--below", "--json"]);
    let done = done.json();
    assert_eq!(logs(&done), ["a", "team/b", "team/deep/c"]);
    let deleted: Vec<_> = [0, 2].map(|at| done["shards"][at]["deleted"].as_u64().unwrap()).into();
    assert!(deleted.iter().all(|deleted| *deleted >= 10), "{deleted:?}");
    assert_eq!(done["shards"][1]["error"]["kind"], "damaged");

    let watched = run(["gc", "watch", &root(&scratch), "--below", "--rounds", "1"]).fails(6, "");
    let text = watched.text();
    assert!(text.contains("team/b, shard ") && text.contains("round 1: 3 shards, 1 failed"), "{text}");
}

/// A folder that may not be listed may have logs below: that is told, and the others are done.
#[test]
fn a_file_in_the_place_of_a_folder_is_no_folder() {
    let scratch = fleet();
    fs::write(scratch.path("team/file"), "text").unwrap();
    fs::create_dir_all(scratch.path("team/odd/_mem_wal/no-shard")).unwrap();
    let listed = run(["ls", &root(&scratch), "--below", "--json"]).ok().json();
    assert_eq!(logs(&listed), ["a", "team/b", "team/deep/c"]);
}
