//! Checkpoint, plan, collect, inspect, verify: the operator's round.

use super::support::{Scratch, run};
use serde_json::{Value, json};

/// Three epochs: the first is closed, the second dies, the third is closed.
fn log() -> Scratch {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 10);
    let append = ["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"];
    run(append).ok();
    run(append).ok();
    // As if the second had died before it could close: fence entry 1, rows 2-11, close 12, fence entry 13,
    // rows 14-23, close 24.
    std::fs::remove_file(scratch.entry(24)).unwrap();
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1", "--takeover", "now"]).ok();
    scratch
}

fn entry(inspection: &Value, position: u64) -> &Value {
    inspection["entries"].as_array().unwrap().iter().find(|entry| entry["position"] == position).unwrap()
}

#[test]
fn inspect_shows_every_entry_and_why_it_stays() {
    let scratch = log();
    let found = run(["inspect", &scratch.log(), "--json"]).ok().json();
    assert_eq!(found["manifest"]["writer_epoch"], 3);
    assert_eq!(found["manifest"]["status"], "active");
    assert_eq!((&found["boundary"], &found["tail"]), (&json!(0), &json!(24 + 63 + 11)));
    let expected = json!({
        "position": 24, "kind": "fence", "epoch": 3, "generation": null, "batches": 0, "rows": 0,
        "bytes": entry(&found, 24)["bytes"], "written_by": "fencepost", "state": "live", "kept_because": "live",
    });
    assert_eq!(entry(&found, 24), &expected);
    assert_eq!(entry(&found, 25)["kind"], "filler");
    assert_eq!(entry(&found, 12)["kind"], "close");
    assert_eq!((&entry(&found, 2)["kind"], &entry(&found, 2)["rows"]), (&json!("data"), &json!(1)));
    let table = run(["inspect", &scratch.log()]).ok().text();
    assert!(table.contains("filler") && table.contains("a collection now"), "{table}");
}

/// A window of fillers is one line, and a large log no wall of text.
#[test]
fn neighbours_that_are_alike_share_a_line() {
    let scratch = log();
    let text = |options: &[&str]| {
        let log = scratch.log();
        run(["inspect", &log].iter().chain(options)).ok().text()
    };
    let folded = text(&[]);
    assert!(folded.contains("25..87    filler") || folded.contains("25..87   filler"), "{folded}");
    assert!(folded.lines().count() < 20 && !folded.contains("live  live"), "{folded}");
    assert!(folded.lines().all(|line| line.chars().count() <= 100 && line == line.trim_end()), "{folded}");
    assert_eq!(text(&["--each"]).lines().count(), 4 + 98);
    let some = text(&["--from", "20", "--to", "30", "--last", "2", "--each"]);
    assert!(some.contains("2 of 98 entries:") && some.contains("\n29 ") && some.contains("\n30 "), "{some}");
    let document = run(["inspect", &scratch.log(), "--last", "3", "--json"]).ok().json();
    assert_eq!(document["entries"].as_array().unwrap().len(), 3);
}

#[test]
fn a_collection_deletes_what_its_plan_said_and_keeps_the_guarding_fence() {
    let scratch = log();
    let landed = run(["checkpoint", &scratch.log(), "tail", "--json"]).ok().json();
    let plan = run(["gc", "plan", &scratch.log(), "--json"]).ok().json();
    let kept: Vec<_> = plan["objects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|object| object["kept_because"] == "guarding_fence")
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["object"], "entry 24");
    assert!(kept[0]["why"].as_str().unwrap().contains("collide"));
    let dry = run(["gc", "run", &scratch.log(), "--dry-run", "--json"]).ok().json();
    let before = run(["inspect", &scratch.log(), "--json"]).ok().json();
    let would_go =
        before["entries"].as_array().unwrap().iter().filter(|entry| entry["kept_because"].is_null()).count();
    let done = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(done["deleted"], dry["deleted"]);
    assert_eq!(done["deleted_objects"]["entries"], would_go);
    assert_eq!(done["boundary"], landed["replay_after"]);
    assert_eq!(done["kept"]["guarding_fence"], 1);
    assert_eq!(done["stale_entries"], 0);
    assert!(done["requests"]["delete"].as_u64().unwrap() > 0);
    let after = run(["inspect", &scratch.log(), "--json"]).ok().json();
    assert_eq!(entry(&after, 24)["kept_because"], "guarding_fence");
    assert!(after["entries"].as_array().unwrap().iter().all(|entry| !entry["kept_because"].is_null()));
    let again = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(again["deleted_objects"]["entries"], 0);
    assert_eq!(run(["verify", &scratch.log(), "--json"]).ok().json()["ok"], true);
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(text.contains("keep    entry 24: Late appends of a dead writer must collide with it"), "{text}");
}

/// A plan is a page, not a sentence for each object.
#[test]
fn objects_that_fare_alike_share_a_line_of_the_plan() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "23"]).ok();
    let text = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(text.contains("delete  entries 1..23 (23)\n"), "{text}");
    assert!(text.contains("keep    entries 24..100 (77): It lies above the replay point"), "{text}");
    assert!(text.lines().count() < 20, "{text}");
}

#[test]
fn what_was_collected_is_an_error_that_says_where_to_go_on() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "11"]).ok();
    run(["gc", "run", &scratch.log()]).ok();
    let refused = run(["tail", &scratch.log(), "--from", "2", "--json"]).fails(8, "--from 12");
    assert_eq!(refused.stdout.len(), refused.text().trim_end().len() + 1);
    assert_eq!((&refused.json()["at"], &refused.json()["first"]), (&json!(2), &json!(12)));
    assert_eq!(scratch.read_numbers(12).len(), 20);
}

#[test]
fn a_checkpoint_says_where_it_landed() {
    let scratch = log();
    // Within the fence range of the fence entry at 24.
    let landed = run(["checkpoint", &scratch.log(), "30", "--json"]).ok().json();
    assert_eq!((&landed["asked"], &landed["replay_after"]), (&json!(30), &json!(23)));
    let landed = run(["checkpoint", &scratch.log(), "5", "--json"]).ok().json();
    assert_eq!(landed["replay_after"], 23);
    let epoch = || run(["inspect", &scratch.log(), "--json"]).ok().json()["manifest"]["writer_epoch"].clone();
    let before = epoch();
    run(["checkpoint", &scratch.log(), "9999"]).fails(3, "position 9999 is not in the log");
    assert_eq!(epoch(), before, "nothing was claimed for it");
}

#[test]
fn a_consumer_goes_on_where_it_was_and_holds_the_log() {
    let scratch = log();
    let first = run(["tail", &scratch.log(), "--cursor", "copy", "--to", "5"]).ok();
    assert_eq!(first.lines().len(), 4);
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    let done = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(done["bound"], 5, "the consumer has not passed what is above");
    assert_eq!(done["deleted_objects"]["entries"], 5);
    let second = run(["tail", &scratch.log(), "--cursor", "copy"]).ok();
    assert_eq!(second.lines().len(), 26);
    assert_eq!(run(["tail", &scratch.log(), "--cursor", "copy"]).ok().lines().len(), 0);
    let done = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert!(done["deleted_objects"]["entries"].as_u64().unwrap() > 80, "{done}");
}

/// Whose consumer is gone holds the log for ever, unless somebody can let go of it by name.
#[test]
fn cursors_are_listed_and_dropped_by_name() {
    let scratch = log();
    run(["tail", &scratch.log(), "--cursor", "copy", "--to", "5"]).ok();
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    let listed = run(["cursor", "list", &scratch.log(), "--json"]).ok().json();
    let checkpoint = listed["checkpoint"].as_u64().unwrap();
    let tail = listed["tail"].as_u64().unwrap();
    let copy = &listed["cursors"][0];
    assert_eq!(
        (&copy["name"], &copy["position"], &copy["holds"], &copy["lag"], &copy["half_made"]),
        (&json!("copy"), &json!(5), &json!(checkpoint - 5), &json!(tail - 5), &json!(false))
    );
    assert_eq!(copy["held"]["objects"], json!(checkpoint - 5));
    let text = run(["cursor", "list", &scratch.log()]).ok().text();
    assert!(
        text.contains("copy: done with everything up to position 5, ") && text.contains("it holds back"),
        "{text}"
    );
    run(["cursor", "drop", &scratch.log(), "other"]).fails(3, "no cursor other");
    run(["cursor", "drop", &scratch.log(), "copy"]).ok();
    assert_eq!(run(["cursor", "list", &scratch.log(), "--json"]).ok().json()["cursors"], json!([]));
    let done = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert!(done["deleted_objects"]["entries"].as_u64().unwrap() > 80, "{done}");
}

/// Cursors are made, looked at, moved and dropped by people as well as by consumers.
#[test]
fn a_cursor_is_made_shown_moved_and_dropped_from_the_command_line() {
    let scratch = log();
    let log = scratch.log();
    let cursor = |args: &[&str]| run(["cursor"].into_iter().chain(args.iter().copied()));
    let made = cursor(&["create", &log, "later", "--at", "7", "--json"]).ok().json();
    assert_eq!((&made["created"], &made["position"]), (&json!("later"), &json!(7)));
    cursor(&["create", &log, "later"]).fails(3, "there is a cursor later already, at position 7");
    cursor(&["create", &log, "above", "--at", "5000"]).fails(3, "above the tail");
    let shown = cursor(&["show", &log, "later"]).ok().text();
    assert!(
        shown.contains("position    7; next is 8") && shown.contains("it holds what is above"),
        "{shown}"
    );
    cursor(&["show", &log, "other"]).fails(3, "there is no cursor other");

    cursor(&["move", &log, "later", "6"]).fails(3, "cursors do not move back");
    cursor(&["move", &log, "other", "9"]).fails(3, "there is no cursor other");
    run(["checkpoint", &log, "tail"]).ok();
    let dry = cursor(&["move", &log, "later", "20", "--dry-run", "--json"]).ok().json();
    assert_eq!((&dry["position"], &dry["frees"]), (&json!(7), &json!(13)));
    assert_eq!(cursor(&["show", &log, "later", "--json"]).ok().json()["position"], json!(7), "that was dry");
    let moved = cursor(&["move", &log, "later", "20"]).ok().text();
    assert!(moved.contains("moved: cursor later; it holds what is above position 20"), "{moved}");
    run(["gc", "run", &log]).ok();
    assert_eq!(run(["tail", &log, "--cursor", "later", "--to", "21"]).ok().lines().len(), 1);

    cursor(&["create", &log, "late", "--at", "3"]).fails(8, "the first position that can be read is 21");
    let dry = cursor(&["drop", &log, "later", "--dry-run", "--json"]).ok().json();
    assert!(dry["frees"].as_u64().unwrap() > 0, "{dry}");
    cursor(&["show", &log, "later"]).ok();
    cursor(&["drop", &log, "later"]).ok();
    cursor(&["show", &log, "later"]).fails(3, "there is no cursor later");
}

/// "Now" is not the newest object's time: a log that nobody writes to grows older too.
#[test]
fn ages_pass_on_a_log_that_nobody_writes_to() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    // Everything is as old as if it had been written an hour ago, at one moment.
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    let mut folders = vec![scratch.shard()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::fs::File::options().write(true).open(path).unwrap().set_modified(hour_ago).unwrap();
            }
        }
    }
    let kept = run(["gc", "run", &scratch.log(), "--retain-age", "2h", "--json"]).ok().json();
    assert_eq!(kept["deleted_objects"]["entries"], 0, "{kept}");
    let gone = run(["gc", "run", &scratch.log(), "--retain-age", "30m", "--json"]).ok().json();
    assert!(gone["deleted_objects"]["entries"].as_u64().unwrap() > 80, "{gone}");
}

/// A writer that is killed between writing a file and giving it its name leaves it for ever, unless somebody
/// deletes it.
#[test]
fn what_killed_writers_left_is_counted_and_deleted_by_age() {
    let scratch = log();
    let mut left = scratch.entry(99).into_os_string();
    left.push("#1");
    std::fs::write(&left, vec![0; 5_000]).unwrap();
    let plan = run(["gc", "plan", &scratch.log(), "--json"]).ok().json();
    assert_eq!(plan["staging_files"]["found_bytes"], 5_000);
    assert_eq!(plan["not_understood"], json!([]));
    let young = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(
        (&young["staging_files"]["found"], &young["staging_files"]["deleted"]),
        (&json!(1), &json!(0))
    );
    let old = run(["gc", "run", &scratch.log(), "--min-age", "0s", "--json"]).ok().json();
    assert_eq!(old["staging_files"]["deleted_bytes"], 5_000, "{old}");
    assert!(!std::path::Path::new(&left).exists());
}

#[test]
fn retention_keeps_the_newest_covered_entries() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "23"]).ok();
    let done = run(["gc", "run", &scratch.log(), "--retain-entries", "13", "--json"]).ok().json();
    assert_eq!((&done["bound"], &done["kept"]["retention"]), (&json!(10), &json!(13)));
    let done = run(["gc", "run", &scratch.log(), "--retain-age", "1h", "--json"]).ok().json();
    assert_eq!(done["deleted_objects"]["entries"], 0);
}

/// What went, why the rest stayed, and how it ended can be read afterwards.
#[test]
fn a_run_leaves_a_receipt_that_can_be_listed_and_shown() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    let ran = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    let id = ran["receipt"].as_str().unwrap();
    let listed = run(["gc", "log", &scratch.log(), "--json"]).ok().json();
    assert_eq!(listed["receipts"][0]["id"], id);
    assert_eq!(listed["receipts"][0]["end"]["deleted"], ran["deleted"]);
    let table = run(["gc", "log", &scratch.log()]).ok().text();
    assert!(table.contains(id) && table.contains("well"), "{table}");
    let shown = run(["gc", "receipt", &scratch.log(), id, "--json"]).ok().json();
    assert_eq!(shown["plan"]["from"]["bound"], ran["bound"]);
    let kept =
        shown["plan"]["keep"].as_array().unwrap().iter().find(|kept| kept["reason"] == "guarding_fence");
    assert_eq!(kept.unwrap()["objects"]["entries"], json!([[24, 24]]));
    let text = run(["gc", "receipt", &scratch.log(), id]).ok().text();
    assert!(text.contains("kept, guarding_fence: 1; entries 24"), "{text}");
    run(["gc", "receipt", &scratch.log(), &format!("{:032x}", 0xab)]).fails(3, "no receipt");
    run(["gc", "receipt", &scratch.log(), "ab"]).fails(2, "32 hexadecimal digits");
    run(["gc", "log", &scratch.log(), "--last", "0"]).fails(2, "--last");
    run(["gc", "receipt", &scratch.log(), "no-id"]).fails(2, "ID");
    let idle = run(["gc", "run", &scratch.log(), "--json"]).ok().json();
    assert_eq!(idle["receipt"], Value::Null);
}

/// It is listed beside the others, by name, and says what is wrong with it.
#[test]
fn a_receipt_that_cannot_be_read_hides_none_of_the_others() {
    let scratch = log();
    let run_once = || run(["gc", "run", &scratch.log(), "--always-receipt", "--json"]).ok().json();
    let ids = [run_once(), run_once()].map(|ran| ran["receipt"].as_str().unwrap().to_owned());
    let receipts = std::fs::read_dir(scratch.shard().join("fencepost/receipts")).unwrap();
    let mut receipts = receipts.map(|file| file.unwrap().path());
    let spoilt = receipts.find(|file| file.display().to_string().contains(&ids[0])).unwrap();
    std::fs::write(&spoilt, "{").unwrap();
    let table = run(["gc", "log", &scratch.log()]).fails(1, "").text();
    assert!(ids.iter().all(|id| table.contains(id)) && table.contains("cannot be read"), "{table}");
    let listed = run(["gc", "log", &scratch.log(), "--json"]).fails(1, "").json();
    let errors = listed["receipts"].as_array().unwrap().iter().filter(|receipt| !receipt["error"].is_null());
    assert_eq!(errors.count(), 1, "{listed}");
}

/// It is tried ever more seldom, and all the same the watch ends with its code: nothing says that it is well again.
#[test]
fn a_shard_that_fails_stops_no_other_and_is_not_forgotten_while_it_rests() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    let bad = scratch.path("log/_mem_wal/7debbde1-e1d9-4394-bce8-e538dd1f6586");
    std::fs::create_dir_all(bad.join("manifest")).unwrap();
    let manifest = format!("{:064b}.binpb", 1_u64.reverse_bits());
    std::fs::write(bad.join("manifest").join(manifest), "garbage").unwrap();
    let watch = ["gc", "watch", &scratch.log(), "--rounds", "3", "--every", "1s", "--json"];
    let watched = run(watch).fails(6, "").text();
    let rounds: Vec<Value> = watched.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rounds: Vec<_> = rounds.iter().filter(|round| !round["round"].is_null()).collect();
    assert!(rounds[0]["deleted"].as_u64().unwrap() > 90, "{watched}");
    assert_eq!((&rounds[0]["failed"], &rounds[1]["failed"]), (&json!(1), &json!(1)));
    assert_eq!((&rounds[2]["failed"], &rounds[2]["rested"]), (&json!(0), &json!(1)));
}

/// One round is what `gc run` does, and one line.
#[test]
fn a_watch_collects_round_after_round() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    let watched =
        run(["gc", "watch", &scratch.log(), "--rounds", "2", "--every", "1s", "--json"]).ok().text();
    let rounds: Vec<Value> = watched.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&rounds[0]["round"], &rounds[0]["shards"], &rounds[0]["failed"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(rounds[0]["deleted"].as_u64().unwrap() > 90, "{watched}");
    assert_eq!((&rounds[1]["round"], &rounds[1]["deleted"]), (&json!(2), &json!(0)));
}
