//! Tables that Lance writes: the fixture shards collected, several shards at once, claims and their release.

use super::support::{Scratch, run};
use fencepost::{Epoch, Manifest, Position, Version};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(crate) fn fixture(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fencepost-format/testdata/lance-14.0.2").join(set)
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(item.file_name());
        if item.path().is_dir() {
            copy(&item.path(), &to);
        } else {
            std::fs::copy(item.path(), to).unwrap();
        }
    }
}

/// A copy of a fixture, to collect.
fn table(set: &str) -> Scratch {
    let scratch = Scratch::new();
    copy(&fixture(set).join("_mem_wal"), &scratch.path("log").join("_mem_wal"));
    scratch
}

/// Why each entry stays; those that go are missing.
fn kept(plan: &Value) -> Vec<(String, String)> {
    let objects = plan["objects"].as_array().unwrap().iter();
    let entries = objects.filter(|object| object["object"].as_str().unwrap().starts_with("entry "));
    let kept = entries.filter(|object| object["delete"] == false);
    kept.map(|object| {
        let text = |key: &str| object[key].as_str().unwrap().to_owned();
        (text("object"), text("kept_because"))
    })
    .collect()
}

fn words(pairs: &[(u64, &str)]) -> Vec<(String, String)> {
    let mut words: Vec<_> =
        pairs.iter().map(|(at, why)| (format!("entry {at}"), (*why).to_owned())).collect();
    words.sort();
    words
}

fn sorted(mut kept: Vec<(String, String)>) -> Vec<(String, String)> {
    kept.sort();
    kept
}

/// P-50, P-57: nothing of f1, f2 and f4 is covered, so nothing goes.
#[test]
fn fixtures_without_a_checkpoint_lose_nothing() {
    for (set, entries) in [("f2", 12), ("f4", 3)] {
        let scratch = table(set);
        let plan = run(["gc", "plan", &scratch.log(), "--json"]).ok().json();
        assert!(kept(&plan).iter().all(|(_, why)| why == "live"), "{set}: {plan}");
        assert!(kept(&plan).len() >= entries, "{set}");
        assert_eq!(run(["gc", "run", &scratch.log(), "--json"]).ok().json()["deleted"], 0, "{set}");
    }
}

/// P-52, P-57, P-58: f3 has two writers in memtable mode, R = H = 18, a sentinel at 11, and a live tail.
#[test]
fn of_a_flushed_fixture_the_covered_rows_go() {
    let scratch = table("f3");
    let plan = run(["gc", "plan", &scratch.log(), "--json"]).ok().json();
    let expected = [
        (1, "guarding_fence"),
        (8, "lance_evidence"),
        (11, "guarding_fence"),
        (18, "lance_tail_guard"),
        (19, "live"),
        (20, "live"),
        (21, "live"),
    ];
    let found = sorted(kept(&plan));
    assert_eq!(found, words(&expected));
    let before = size_of(&scratch.shard().join("wal"));
    let done = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(done["deleted_objects"]["entries"].as_u64().unwrap() as usize, 21 - found.len());
    assert_eq!(size_of(&scratch.shard().join("wal")), before - done["bytes"].as_u64().unwrap());
    assert!(scratch.shard().join("517a104b_gen_2").is_dir(), "SSTables are not touched");
    assert_eq!(run(["gc", "run", &scratch.log(), "--json"]).ok().json()["deleted_objects"]["entries"], 0);
    // What is not covered is still read, in order.
    assert_eq!(run(["tail", &scratch.log()]).ok().lines().len(), 4 + 6 + 2);
}

fn size_of(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// Without `--shard` all shards of a table are collected: a report for each, and sums.
#[test]
fn all_shards_of_a_table_are_collected() {
    let scratch = table("f1");
    copy(&fixture("f3").join("_mem_wal"), &scratch.path("log").join("_mem_wal"));
    let plan = run(["gc", "plan", &scratch.log(), "--json"]).ok().json();
    let shards = plan["shards"].as_array().unwrap();
    assert_eq!(shards.len(), 3);
    assert!(shards.iter().all(|shard| shard["objects"].is_array() && shard["shard"].is_string()));
    let deleted: u64 = shards.iter().map(|shard| shard["deleted"].as_u64().unwrap()).sum();
    assert_eq!((&plan["totals"]["deleted"], &plan["totals"]["shards"]), (&json!(deleted), &json!(3)));
    assert!(deleted > 10);
    let done = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(done["totals"]["deleted"], deleted);
    let text = run(["gc", "run", &scratch.log()]).ok().text();
    assert!(
        text.contains("shard defc7fc9-3dfb-42a4-92c6-bf78aeff6dd9") && text.contains("3 shards, 0 failed"),
        "{text}"
    );
}

/// One shard that cannot be collected is named, and does not keep the others waiting.
#[test]
fn a_shard_that_fails_is_named_and_the_others_are_collected() {
    let scratch = table("f3");
    let empty = "00000000-0000-4000-8000-000000000000";
    std::fs::create_dir_all(scratch.path("log").join("_mem_wal").join(empty).join("wal")).unwrap();
    std::fs::write(scratch.path("log").join("_mem_wal").join(empty).join("wal/x"), "x").unwrap();
    let done = run(["gc", "run", &scratch.log(), "--json"]);
    assert_eq!(done.code, Some(4));
    let done = done.json();
    assert_eq!(
        (&done["totals"]["shards_failed"], &done["shards"][0]["error"]["kind"]),
        (&json!(1), &json!("no_log"))
    );
    assert!(done["totals"]["deleted"].as_u64().unwrap() > 10);
}

/// Writes one more manifest version as Lance would, on top of the latest of f3 or of an earlier call.
fn manifest(scratch: &Scratch, version: u64, change: impl FnOnce(&mut Manifest)) {
    let path = |version: u64| {
        scratch.shard().join("manifest").join(format!("{:064b}.binpb", version.reverse_bits()))
    };
    let bytes = std::fs::read(path(version - 1)).unwrap();
    let mut manifest = Manifest::decode("manifest", Version::new(version - 1), &bytes).unwrap();
    manifest.version = Version::new(version);
    change(&mut manifest);
    std::fs::write(path(version), manifest.encode()).unwrap();
}

/// P-58, P-59: epoch 3 claimed and wrote no fence entry; epoch 4 claimed and flushed. Epoch 3 may still
/// replay everything above 18, until an operator says that it does not.
#[test]
fn a_claim_that_holds_entries_back_is_listed_and_forgotten() {
    let scratch = table("f3");
    manifest(&scratch, 8, |claim| claim.writer_epoch = Epoch::new(3));
    manifest(&scratch, 9, |claim| claim.writer_epoch = Epoch::new(4));
    manifest(&scratch, 10, |flush| {
        (flush.replay_after, flush.last_seen) = (Position::new(21), Position::new(21))
    });
    let clock_free = ["gc", "plan", &scratch.log(), "--clock-free", "--json"];
    let plan = run(clock_free).ok().json();
    let held = |plan: &Value| kept(plan).into_iter().filter(|(_, why)| why == "lance_opener").count();
    assert_eq!(held(&plan), 3, "{plan}");
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(text.contains("keep    entries 19..21 (3): Lance's opener of epoch 3 was superseded"), "{text}");

    let claim = scratch.shard().join("manifest").join(format!("{:064b}.binpb", 8_u64.reverse_bits()));
    let claim = std::fs::File::options().append(true).open(claim).unwrap();
    let two_hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7_200);
    claim.set_modified(two_hours_ago).unwrap();
    assert_eq!(run(["gc", "claims", &scratch.log(), "--warn-age", "1h"]).code, Some(11));
    run(["gc", "claims", &scratch.log(), "--warn-age", "9y"]).ok();
    let claims = run(["gc", "claims", &scratch.log(), "--json"]).ok().json();
    let third =
        claims["claims"].as_array().unwrap().iter().find(|claim| claim["epoch"] == 3).unwrap().clone();
    assert_eq!(
        (&third["state"], &third["version"], &third["replay_after"]),
        (&json!("unsettled"), &json!(8), &json!(18))
    );
    assert_eq!(third["holds"], json!({"after": 18, "through": null}));
    assert!(third["age_seconds"].is_u64());

    run(["gc", "forget", &scratch.log(), "4"]).fails(3, "holds the shard");
    run(["gc", "forget", &scratch.log(), "2"]).fails(3, "settled");
    run(["gc", "forget", &scratch.log(), "7"]).fails(3, "no claim of epoch 7");
    run(["gc", "forget", &scratch.log(), "0"]).fails(2, "epochs go from 1");
    let record = scratch.shard().join("fencepost/gc/forgotten-00000000000000000003.json");
    let dry = run(["gc", "forget", &scratch.log(), "3", "--dry-run", "--json"]).ok().json();
    assert_eq!((&dry["recorded"], record.exists()), (&json!(false), false));
    run(["gc", "forget", &scratch.log(), "3"]).ok();
    let text = std::fs::read_to_string(&record).unwrap();
    assert_eq!(text, r#"{"format":1,"epoch":3,"version":8,"replay_after":18}"#);
    run(["gc", "forget", &scratch.log(), "3"]).ok();
    assert_eq!(std::fs::read_to_string(&record).unwrap(), text, "never overwritten");

    let claims = run(["gc", "claims", &scratch.log()]).ok().text();
    assert!(claims.contains("epoch 3, manifest 8") && claims.contains("forgotten"), "{claims}");
    let plan = run(clock_free).ok().json();
    assert_eq!((held(&plan), &plan["kept"]["forgotten_record"]), (0, &json!(1)));
    let done = run(["gc", "run", &scratch.log(), "--clock-free", "--json"]).ok().json();
    assert_eq!(done["deleted_objects"]["manifests"], 0);
    assert!(record.exists() && !scratch.entry(20).exists());
    // Row 19 is what shows that epoch 2 came to write, 21 is where Lance finds the tail.
    assert!(scratch.entry(19).exists() && scratch.entry(21).exists());
}

/// A claim that was silent for long enough is let go, unless the collection is clock-free.
#[test]
fn a_silent_claim_is_let_go_after_the_minimum_age() {
    let scratch = table("f3");
    manifest(&scratch, 8, |claim| claim.writer_epoch = Epoch::new(3));
    manifest(&scratch, 9, |claim| claim.writer_epoch = Epoch::new(4));
    manifest(&scratch, 10, |flush| {
        (flush.replay_after, flush.last_seen) = (Position::new(21), Position::new(21))
    });
    let held = |more: &[&str]| {
        let log = scratch.log();
        let plan = run(["gc", "plan", &log, "--json"].iter().chain(more)).ok().json();
        plan["kept"]["lance_opener"].as_u64().unwrap_or(0)
    };
    assert_eq!(
        [held(&[]), held(&["--min-age", "0s"]), held(&["--min-age", "0s", "--clock-free"])],
        [3, 0, 3]
    );
}

/// P-80, P-81: a flush of generation 2 failed, another one is in the manifest; of generation 5 only an
/// attempt is there.
#[test]
fn what_failed_flushes_left_is_told_of_and_deleted() {
    let scratch = table("f3");
    for (folder, file) in [
        ("00000000_gen_2", "data/a.lance"),
        ("00000000_gen_2", "_versions/1.manifest"),
        ("00000000_gen_5", "data/b.lance"),
    ] {
        let path = scratch.shard().join(folder).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "0123456789").unwrap();
    }
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    let young = "keep    SSTable 00000000_gen_2 (2 objects, 20 B): It is young: the flush that wrote it may be under way.";
    assert!(text.contains(young), "{text}");
    assert!(text.contains("keep    SSTable 517a104b_gen_2: Manifest 7 names it"), "{text}");
    let folders = |plan: &Value| -> Vec<_> {
        let objects = plan["objects"].as_array().unwrap().iter();
        let folders = objects.filter(|object| object["object"].as_str().unwrap().starts_with("SSTable 0"));
        folders
            .map(|folder| {
                (
                    folder["delete"].clone(),
                    folder["kept_because"].clone(),
                    folder["objects"].clone(),
                    folder["bytes"].clone(),
                )
            })
            .collect()
    };
    let plan = run(["gc", "plan", &scratch.log(), "--json", "--min-age", "0s"]).ok().json();
    let not_flushed = (json!(false), json!("sstable_not_flushed"), json!(1), json!(10));
    assert_eq!(folders(&plan), [(json!(true), Value::Null, json!(2), json!(20)), not_flushed]);
    // Epoch 2 was claimed when generation 3 came next.
    let clock_free = run(["gc", "plan", &scratch.log(), "--json", "--clock-free"]).ok().json();
    assert_eq!(folders(&clock_free), folders(&plan));
    let done = run(["gc", "run", &scratch.log(), "--json", "--clock-free"]).ok().json();
    let counts = ["sstable_objects", "sstable_bytes"].map(|key| done[key].as_u64().unwrap());
    assert_eq!((done["deleted_objects"]["sstables"].as_u64().unwrap(), counts), (1, [2, 20]));
    assert!(
        !scratch.shard().join("00000000_gen_2").exists() && scratch.shard().join("00000000_gen_5").exists()
    );
    assert!(scratch.shard().join("517a104b_gen_2").is_dir(), "SSTables are not touched");
}
