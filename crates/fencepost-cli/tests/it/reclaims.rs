//! `gc run --sstables` and `--drained`, on a table that Lance wrote.

use super::lance_table::{cleaned_table, version, whole_table};
use super::support::{Scratch, run};
use fencepost::{Epoch, Manifest, Version};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const FIRST: &str = "5e3982e7-0881-4b06-a045-82968ecdc515";

fn shard(scratch: &Scratch) -> PathBuf {
    scratch.path("log").join("_mem_wal").join(FIRST)
}

fn manifest_path(scratch: &Scratch, version: u64) -> PathBuf {
    shard(scratch).join("manifest").join(format!("{:064b}.binpb", version.reverse_bits()))
}

fn manifest(scratch: &Scratch, version: u64) -> Manifest {
    let bytes = std::fs::read(manifest_path(scratch, version)).unwrap();
    Manifest::decode("manifest", Version::new(version), &bytes).unwrap()
}

/// Writes the version after `before`, as Lance would: without the fields that it does not know.
fn commit(scratch: &Scratch, before: u64, change: impl FnOnce(&mut Manifest)) {
    let mut next = manifest(scratch, before);
    (next.version, next.nonce, next.drain) = (Version::new(before + 1), None, None);
    change(&mut next);
    std::fs::write(manifest_path(scratch, before + 1), next.encode()).unwrap();
}

fn latest(scratch: &Scratch) -> u64 {
    (1..).take_while(|version| manifest_path(scratch, *version).exists()).last().unwrap()
}

/// The folder of generation 1, which could go.
fn folder(scratch: &Scratch) -> PathBuf {
    let name =
        manifest(scratch, latest(scratch)).sstables.into_iter().find(|sstable| sstable.generation.0 == 1);
    shard(scratch).join(name.unwrap().path)
}

fn gc_run(scratch: &Scratch, more: &[&str]) -> (Value, Value) {
    let log = scratch.log();
    let args = ["gc", "run", &log, "--shard", FIRST, "--json"];
    let done = run(args.into_iter().chain(more.iter().copied())).ok();
    let lines = done.lines();
    (lines[0].clone(), lines.last().unwrap().clone())
}

fn kept_because(scratch: &Scratch, folder: &Path, more: &[&str]) -> Value {
    let log = scratch.log();
    let args = ["gc", "plan", &log, "--shard", FIRST, "--json"];
    let plan = run(args.into_iter().chain(more.iter().copied())).ok().json();
    let name = format!("SSTable {}", folder.file_name().unwrap().to_str().unwrap());
    let objects = plan["objects"].as_array().unwrap().iter();
    objects
        .filter(|object| object["object"] == name)
        .map(|object| object["kept_because"].clone())
        .next()
        .unwrap()
}

/// P-84 to P-88, without a clock: plan, drain, end; the folder goes once a later epoch has committed.
#[test]
fn a_compacted_sstable_leaves_the_manifest_first_and_the_store_later() {
    let scratch = cleaned_table();
    let (folder, before) = (folder(&scratch), latest(&scratch));
    let documents = shard(&scratch).join("fencepost/gc");
    let document = |part: &str| documents.join(format!("reclaim-00000000000000000001-{part}.json"));

    let (would, _) = gc_run(&scratch, &["--sstables", "--dry-run"]);
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert_eq!(would["reclaims"][0]["planned"], json!([name]));
    assert_eq!(would["reclaims"][0]["drained"], Value::Null);
    let held = would["reclaims"][0]["held"].as_array().unwrap();
    let held: Vec<_> = held.iter().map(|held| held["state"].as_str().unwrap()).collect();
    assert_eq!(held.len(), 2);
    assert!(held.contains(&"index_behind") && held.contains(&"not_compacted"), "{held:?}");
    assert!(latest(&scratch) == before && !document("plan").exists());

    let (did, collected) = gc_run(&scratch, &["--sstables", "--clock-free"]);
    assert_eq!(
        (&did["reclaims"][0]["drained"], &did["reclaims"][0]["manifest"]),
        (&json!([name]), &json!(before + 1))
    );
    assert_eq!(collected["deleted_objects"]["sstables"], 0);
    let drain = manifest(&scratch, before + 1);
    assert!(drain.drain.is_some() && drain.nonce.is_none(), "it is no version of ours");
    assert_eq!(
        drain.sstables,
        manifest(&scratch, before)
            .sstables
            .into_iter()
            .filter(|sstable| sstable.path != name)
            .collect::<Vec<_>>()
    );
    assert!(document("plan").exists() && document("end").exists() && folder.exists());
    assert_eq!(kept_because(&scratch, &folder, &["--clock-free"]), "sstable_of_epoch");

    // The next pass finds nothing more to reclaim.
    let (again, _) = gc_run(&scratch, &["--sstables", "--clock-free"]);
    assert_eq!((&again["reclaims"][0]["nothing"], latest(&scratch)), (&json!("all_held"), before + 1));

    // Another writer of Lance's claims on top of the drain.
    commit(&scratch, before + 1, |claim| claim.writer_epoch = claim.writer_epoch.next());
    let (_, collected) = gc_run(&scratch, &["--clock-free"]);
    assert_eq!(collected["deleted_objects"]["sstables"], 1);
    assert!(!folder.exists());
    // The documents stay: they are young, and among the newest.
    let plan = run(["gc", "plan", &scratch.log(), "--shard", FIRST, "--json"]).ok().json();
    assert_eq!(plan["kept"]["reclaim_record"], 2);
}

/// P-86: the holder goes by its own last version until it commits.
#[test]
fn a_drain_that_nobody_has_built_on_keeps_the_folder() {
    let scratch = cleaned_table();
    let before = latest(&scratch);
    // The epoch was claimed above the generation, so no flush of it is under way.
    commit(&scratch, before, |claim| claim.writer_epoch = Epoch::new(claim.writer_epoch.get() + 1));
    let folder = folder(&scratch);
    gc_run(&scratch, &["--sstables", "--clock-free"]);
    assert!(folder.exists());
    assert_eq!(kept_because(&scratch, &folder, &["--clock-free"]), "sstable_drained");
    let text = run(["gc", "plan", &scratch.log(), "--shard", FIRST, "--clock-free"]).ok().text();
    assert!(text.contains("It was taken out of the shard's manifest by version"), "{text}");
    commit(&scratch, before + 2, |_| ());
    gc_run(&scratch, &["--clock-free"]);
    assert!(!folder.exists());
}

/// P-86: otherwise it goes by age.
#[test]
fn a_drain_that_is_old_enough_lets_the_folder_go() {
    let scratch = cleaned_table();
    let folder = folder(&scratch);
    gc_run(&scratch, &["--sstables"]);
    assert!(folder.exists());
    assert_eq!(kept_because(&scratch, &folder, &[]), "young_sstable");
    gc_run(&scratch, &["--min-age", "0s"]);
    assert!(!folder.exists());
}

/// P-83: nothing is written while an older version of the table lacks the rows.
#[test]
fn with_an_older_version_of_the_table_nothing_is_reclaimed() {
    let scratch = whole_table();
    let before = latest(&scratch);
    let (did, _) = gc_run(&scratch, &["--sstables"]);
    assert_eq!(did["reclaims"][0]["nothing"], "all_held");
    assert!(
        latest(&scratch) == before
            && !shard(&scratch).join("fencepost/gc/reclaim-00000000000000000001-plan.json").exists()
    );
    let text = run(["gc", "run", &scratch.log(), "--shard", FIRST, "--sstables"]).ok().text();
    assert!(text.contains("stays: Version 1 of the table has nothing of this shard"), "{text}");
    std::fs::write(version(&scratch, 5), "cut").unwrap();
    let failed = run(["gc", "run", &scratch.log(), "--shard", FIRST, "--sstables"]);
    assert_eq!(failed.code, Some(6));
    assert!(
        failed.text().contains("the table cannot be read, so nothing more was taken out"),
        "{}",
        failed.text()
    );
    assert_eq!(latest(&scratch), before);
}

/// P-89: whoever drains by himself, without a marker, leaves folders that no rule of a table's knows.
#[test]
fn what_others_took_out_of_the_manifest_goes_only_if_asked_for() {
    let scratch = whole_table();
    let (folder, before) = (folder(&scratch), latest(&scratch));
    commit(&scratch, before, |drain| drop(drain.sstables.remove(0)));
    commit(&scratch, before + 1, |_| ());
    assert_eq!(kept_because(&scratch, &folder, &["--min-age", "0s"]), "sstable");
    gc_run(&scratch, &["--min-age", "0s"]);
    assert!(folder.exists());
    assert_eq!(kept_because(&scratch, &folder, &["--drained"]), "young_sstable");
    let (_, collected) = gc_run(&scratch, &["--drained", "--min-age", "0s"]);
    assert_eq!(collected["deleted_objects"]["sstables"], 1);
    assert!(!folder.exists());
}
