//! What a Lance table says of the SSTables of its MemWAL: which could go, and what holds back the others.

use super::lance::{copy, fixture};
use super::support::{Scratch, run};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A copy of the table that has an index of its MemWAL.
pub(crate) fn whole_table() -> Scratch {
    let scratch = Scratch::new();
    copy(&fixture("../lance-14.0.2-table"), &scratch.path("log"));
    scratch
}

/// The same after a cleanup that left versions 4 and 5.
pub(crate) fn cleaned_table() -> Scratch {
    let scratch = whole_table();
    (1..=3).for_each(|old| std::fs::remove_file(version(&scratch, old)).unwrap());
    scratch
}

pub(crate) fn version(scratch: &Scratch, version: u64) -> PathBuf {
    scratch.path("log").join("_versions").join(format!("{:020}.manifest", u64::MAX - version))
}

fn plan(scratch: &Scratch) -> Value {
    run(["gc", "plan", &scratch.log(), "--json"]).ok().json()
}

/// What is said of the SSTables of both shards, by generation.
fn compactions(plan: &Value) -> Vec<Vec<&str>> {
    let shards = plan["shards"].as_array().unwrap().iter();
    shards
        .map(|shard| {
            let mut sstables: Vec<_> = sstables(shard)
                .map(|object| {
                    let generation = object["object"].as_str().unwrap().rsplit_once('_').unwrap().1;
                    (generation, object["compaction"]["state"].as_str().unwrap_or("unsaid"))
                })
                .collect();
            sstables.sort_unstable();
            sstables.into_iter().map(|(_, state)| state).collect()
        })
        .collect()
}

fn sstables(shard: &Value) -> impl Iterator<Item = &Value> {
    let objects = shard["objects"].as_array().unwrap().iter();
    objects.filter(|object| object["kept_because"] == "sstable")
}

/// The one SSTable of which the index has caught up is in this state.
fn expected(first: &'static str) -> Vec<Vec<&'static str>> {
    vec![vec![first, "index_behind", "not_compacted"], vec!["index_behind", "not_compacted", "not_compacted"]]
}

/// Lance's table says of one shard that generations 1 and 2 were compacted, of the other 1; the index has
/// caught up to 1 of the first. Version 4 has generation 1, too.
#[test]
fn what_was_compacted_into_the_table_is_told_and_not_deleted() {
    let scratch = cleaned_table();
    let before = plan(&scratch);
    assert_eq!(compactions(&before), expected("could_go"));
    assert_eq!(
        before["table"],
        json!({
            "manifest": "_versions/18446744073709551610.manifest", "version": 5, "mem_wal": true,
            "versions": 2, "versions_read": 2, "lowest": 4, "problem": null,
        })
    );
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(text.contains("every index has caught up: it could be deleted"), "{text}");
    assert!(text.contains(r#"the index "by_id" has caught up only to generation 1"#), "{text}");
    assert!(
        text.contains("610.manifest and 1 other versions of the table tell which SSTables were compacted"),
        "{text}"
    );
    let done = run(["gc", "run", &scratch.log(), "--json", "--min-age", "0s"]).ok().json();
    assert_eq!(done["totals"]["deleted_objects"]["sstables"], 0);
    assert!(done.get("table").is_none(), "only a plan asks for it");
    assert_eq!(compactions(&plan(&scratch)), expected("could_go"));

    // The same under the names of Lance's first scheme, next to a hint.
    let versions = scratch.path("log").join("_versions");
    for old in 4..=5 {
        std::fs::rename(version(&scratch, old), versions.join(format!("{old}.manifest"))).unwrap();
    }
    std::fs::write(versions.join("latest_version_hint.json"), r#"{"version":5}"#).unwrap();
    let plan = plan(&scratch);
    assert_eq!(compactions(&plan), expected("could_go"));
    assert_eq!(plan["table"]["manifest"], "_versions/5.manifest");
}

/// P-83: a reader may have any version of the table that exists, so each must have the rows.
#[test]
fn an_older_version_of_the_table_that_lacks_the_rows_holds_them() {
    let scratch = whole_table();
    let held = plan(&scratch);
    assert_eq!(compactions(&held), expected("table_version_behind"));
    // One version without anything of any shard is enough to know.
    assert_eq!((&held["table"]["versions"], &held["table"]["versions_read"]), (&json!(5), &json!(2)));
    let of_first = sstables(&held["shards"][0]).map(|object| &object["compaction"]["table_version"]);
    assert_eq!(of_first.filter(|version| !version.is_null()).collect::<Vec<_>>(), [&json!(1)]);

    (1..=2).for_each(|old| std::fs::remove_file(version(&scratch, old)).unwrap());
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    let said = "Version 3 of the table has nothing of this shard; a cleanup of old versions would let it go.";
    assert!(text.contains(said), "{text}");

    let tags = scratch.path("log").join("_refs/tags");
    std::fs::create_dir_all(&tags).unwrap();
    std::fs::write(tags.join("q3.json"), r#"{"branch":null,"version":3,"manifestSize":1}"#).unwrap();
    std::fs::write(tags.join("other.json"), r#"{"branch":"b","version":3,"manifestSize":1}"#).unwrap();
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(text.contains(r#"has nothing of this shard, and is kept by the tag "q3"."#), "{text}");
    std::fs::write(tags.join("bad.json"), "not json").unwrap();
    let told = plan(&scratch);
    let problem = told["table"]["problem"].as_str().unwrap();
    assert!(problem.contains("_refs/tags/bad.json"), "{problem}");
    assert_eq!(compactions(&told), expected("table_version_behind"));

    std::fs::remove_file(version(&scratch, 3)).unwrap();
    assert_eq!(compactions(&plan(&scratch)), expected("could_go"));
}

/// P-83: what could not be read may lack the rows, and so may a version beside the table's history.
#[test]
fn a_version_that_is_not_understood_holds_everything() {
    let scratch = cleaned_table();
    let sound = std::fs::read(version(&scratch, 4)).unwrap();
    std::fs::write(version(&scratch, 4), &sound[..sound.len() - 1]).unwrap();
    let told = plan(&scratch);
    assert_eq!(compactions(&told), expected("table_version_unread"));
    assert!(told["table"]["problem"].as_str().unwrap().contains("611.manifest"), "{told}");
    std::fs::write(version(&scratch, 4), &sound).unwrap();
    for foreign in ["d9223372036854775999.manifest", "5.manifest-0f", "sub/5.manifest"] {
        let path = scratch.path("log").join("_versions").join(foreign);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "no manifest").unwrap();
        let text = run(["gc", "plan", &scratch.log()]).ok().text();
        let said = format!("_versions/{foreign} may be a version of the table, and could not be read");
        assert!(text.contains(&said), "{text}");
        assert_eq!(compactions(&plan(&scratch)), expected("table_version_unread"));
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(compactions(&plan(&scratch)), expected("could_go"));
}

/// A table whose latest version cannot be read is told of, and fails nothing.
#[test]
fn a_table_that_cannot_be_read_is_a_problem_and_no_failure() {
    let scratch = whole_table();
    let latest = version(&scratch, 5);
    let sound = std::fs::read(&latest).unwrap();
    std::fs::write(&latest, &sound[..sound.len() - 1]).unwrap();
    let told = plan(&scratch);
    let problem = told["table"]["problem"].as_str().unwrap();
    assert!(
        problem.contains("18446744073709551610.manifest, byte 696") && problem.contains("LANC"),
        "{problem}"
    );
    assert_eq!(compactions(&told), [["unsaid"; 3], ["unsaid"; 3]]);
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(text.contains("it is not known which SSTables were compacted: "), "{text}");
    run(["gc", "run", &scratch.log()]).ok();
    std::fs::remove_dir_all(scratch.path("log").join("_versions")).unwrap();
    assert_eq!(plan(&scratch)["table"], Value::Null);
    assert!(run(["gc", "plan", &scratch.log()]).ok().text().contains("there is no table here"));
}

/// Each query reads what waits, so somebody must see it grow before processes run out of memory.
#[test]
fn sstables_that_wait_to_be_compacted_are_counted_and_warned_of() {
    let scratch = whole_table();
    let log = scratch.log();
    let status = |shard: &str, more: &[&str]| {
        let args = ["status", &log, "--shard", shard, "--json"];
        run(args.into_iter().chain(more.iter().copied()))
    };
    let (first, second) = ("5e3982e7-0881-4b06-a045-82968ecdc515", "c0b8147f-c795-49cf-ba66-32b379971999");
    let pending = status(first, &[]).ok().json()["pending"].clone();
    assert_eq!(
        [&pending["sstables"], &pending["generations"], &pending["compacted"], &pending["problem"]],
        [&json!(3), &json!(1), &json!(2), &Value::Null]
    );
    // One row each, as Lance accounted for it.
    assert_eq!(pending["rows"], 1);
    assert!(pending["bytes"].as_u64().unwrap() > 0 && pending["oldest"].is_u64(), "{pending}");
    let text = run(["status", &log, "--shard", second]).ok().text();
    assert!(text.contains("sstables    2 of 3 wait to be compacted, with "), "{text}");

    status(second, &["--warn-pending", "2", "--warn-pending-bytes", "1000000", "--warn-pending-age", "9y"])
        .ok();
    let warned =
        status(second, &["--warn-pending", "1", "--warn-pending-bytes", "0", "--warn-pending-age", "0s"]);
    assert_eq!(warned.code, Some(11));
    let told = warned.json();
    let kinds: Vec<_> = told["attention"].as_array().unwrap().iter().map(|need| &need["kind"]).collect();
    assert_eq!(kinds, ["pending", "pending_bytes", "pending_age"]);

    // Without a table that says otherwise, all of them wait.
    let latest = version(&scratch, 5);
    std::fs::write(&latest, "cut").unwrap();
    let pending = status(first, &[]).ok().json()["pending"].clone();
    assert_eq!((&pending["generations"], &pending["compacted"]), (&json!(3), &Value::Null));
    assert!(pending["problem"].as_str().unwrap().contains("610.manifest"), "{pending}");
    std::fs::remove_dir_all(scratch.path("log").join("_versions")).unwrap();
    let pending = status(first, &[]).ok().json()["pending"].clone();
    assert_eq!((&pending["generations"], &pending["problem"]), (&json!(3), &Value::Null));
}
