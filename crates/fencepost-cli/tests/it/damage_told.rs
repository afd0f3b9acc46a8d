//! Damage is told by whoever meets it, by the real command: collections, readers, and those who only look.

use super::support::{Scratch, numbers, run};
use serde_json::json;

/// Entries 2 to 7 with rows 0 to 5, a close entry at 8.
fn log() -> Scratch {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 6);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    scratch
}

/// P-100: collecting goes on below the checkpoint, says what it met, and ends with the code of damage.
#[test]
fn a_collection_names_what_is_lost_and_deletes_no_proof() {
    let scratch = log();
    run(["checkpoint", &scratch.log(), "3", "--takeover", "now"]).ok();
    std::fs::remove_file(scratch.entry(5)).unwrap();
    let object = scratch.entry(5).file_name().unwrap().to_str().unwrap().to_owned();
    for command in [["gc", "plan"], ["gc", "run"]] {
        let told = run([command[0], command[1], &scratch.log()]);
        assert_eq!(told.code, Some(6), "{command:?}: {}", told.stderr);
        let text = told.text();
        let line = text.lines().find(|line| line.starts_with("DAMAGED")).unwrap();
        assert!(line.contains(&object) && line.contains("position 5 is lost"), "{line}");
        assert!(line.contains("`verify`") && line.contains("`repair`"), "{line}");
        let told = run([command[0], command[1], &scratch.log(), "--json"]);
        assert_eq!(told.code, Some(6));
        let damage = told.json()["damage"][0].clone();
        assert_eq!(
            (&damage["kind"], &damage["first"], &damage["last"], damage["proof"].as_u64()),
            (&json!("lost"), &json!(5), &json!(5), Some(8)),
            "{damage}"
        );
        assert!(damage["object"].as_str().unwrap().ends_with(&object), "{damage}");
    }
    assert!(!scratch.entry(2).exists(), "what is covered went");
    assert!((6..=9).all(|at| scratch.entry(at).exists()), "nothing above the checkpoint did");
    assert!(run(["inspect", &scratch.log()]).ok().text().contains("position 5 is lost"));
    run(["verify", &scratch.log()]).fails(6, "");
    run(["repair", &scratch.log(), "--accept-gap", "5", "--yes"]).ok();
    assert_eq!(run(["gc", "run", &scratch.log(), "--json"]).ok().json()["damage"], json!([]));
}

/// P-102: whoever passes what was given up says so, a consumer with a cursor too.
#[test]
fn a_reader_says_where_an_entry_was_given_up() {
    let scratch = log();
    std::fs::remove_file(scratch.entry(3)).unwrap();
    run(["repair", &scratch.log(), "--accept-gap", "3", "--yes"]).ok();
    let out = scratch.path("rows.csv").display().to_string();
    let ways: [&[&str]; 5] = [
        &[],
        &["--from", "2"],
        &["--cursor", "consumer"],
        &["--follow", "--to", "7"],
        &["--format", "csv", "--output", &out],
    ];
    for way in ways {
        let read = run(["tail", &scratch.log()].into_iter().chain(way.iter().copied())).ok();
        assert_eq!(read.stderr.matches("a repair gave up position 3").count(), 1, "{way:?}: {}", read.stderr);
    }
    let read = run(["tail", &scratch.log(), "--json"]).ok();
    assert_eq!(numbers(&read), [0, 2, 3, 4, 5]);
    assert!(read.stderr.contains("\"given_up\":[3]"), "{}", read.stderr);
    let above = run(["tail", &scratch.log(), "--from", "4", "--json"]).ok();
    assert!(above.stderr.contains("\"given_up\":[]"), "{}", above.stderr);
}

/// P-101: an opener that did not look above a lost entry put its fence entry there. What was acknowledged
/// above it is no refused write; it stays until its rows are saved, and somebody says so.
#[test]
fn what_a_loss_fenced_off_stays_until_it_is_accepted() {
    let scratch = log();
    let kept: Vec<_> = (4..=8).map(|at| (at, std::fs::read(scratch.entry(at)).unwrap())).collect();
    (3..=8).for_each(|at| std::fs::remove_file(scratch.entry(at)).unwrap());
    let file = scratch.numbers("more.ndjson", 100, 1);
    run(["append", &scratch.log(), "--from", &file, "--takeover", "now"]).ok();
    // As if only 3 had been lost. Beside, not over what is there: a file of a log is never changed.
    for (at, bytes) in &kept {
        std::fs::remove_file(scratch.entry(*at)).unwrap();
        std::fs::write(scratch.entry(*at), bytes).unwrap();
    }
    let verified = run(["verify", &scratch.log()]);
    assert_eq!(verified.code, Some(6));
    assert_eq!(verified.text().matches("an entry of an earlier epoch was").count(), 1, "{}", verified.text());
    assert!(verified.text().contains("--accept-fenced-off 8"), "{}", verified.text());
    assert_eq!(numbers(&run(["tail", &scratch.log()]).ok()), [0, 100], "nobody reads them");

    run(["checkpoint", &scratch.log(), "tail", "--takeover", "now"]).ok();
    for _ in 0..2 {
        let told = run(["gc", "run", &scratch.log()]);
        assert_eq!(told.code, Some(6));
        assert!(told.text().contains("--accept-fenced-off 8"), "{}", told.text());
        assert!(!told.text().contains("refused writes"), "{}", told.text());
        assert!((3..=8).all(|at| scratch.entry(at).exists()) && !scratch.entry(2).exists());
    }
    let plan = run(["gc", "plan", &scratch.log(), "--json"]);
    let damage = &plan.json()["damage"][0];
    assert_eq!(
        (&damage["kind"], &damage["first"], &damage["proof"]),
        (&json!("fenced_off"), &json!(3), &json!(8))
    );

    let done = run(["gc", "run", &scratch.log(), "--accept-fenced-off", "8", "--json"]).ok().json();
    assert_eq!(
        (&done["damage"], &done["stale_entries"], &done["accepted"]),
        (&json!([]), &json!(0), &json!(5)),
        "{done}"
    );
    assert!((4..=8).all(|at| !scratch.entry(at).exists()));
    run(["verify", &scratch.log()]).ok();
    run(["gc", "run", &scratch.log()]).ok();
}

/// P-75: files that never became objects are counted by whoever looks, and are no damage.
#[test]
fn what_killed_writers_left_is_counted_by_whoever_looks() {
    let scratch = log();
    for command in ["inspect", "verify"] {
        assert!(!run([command, &scratch.log()]).ok().text().contains("killed writers"));
    }
    let mut left = scratch.entry(99).into_os_string();
    left.push("#1");
    std::fs::write(&left, vec![0; 5_000]).unwrap();
    for command in ["inspect", "verify"] {
        let text = run([command, &scratch.log()]).ok().text();
        assert!(text.contains("killed writers left 1 file with 4.88 KiB"), "{text}");
        assert!(text.contains("`gc run`"), "{text}");
        let document = run([command, &scratch.log(), "--json"]).ok().json();
        let files = &document["staging_files"];
        assert_eq!(
            (&files["found"], &files["found_bytes"], &files["deleted"]),
            (&json!(1), &json!(5_000), &json!(0))
        );
    }
    assert_eq!(run(["verify", &scratch.log(), "--json"]).ok().json()["ok"], json!(true));
    assert!(std::path::Path::new(&left).exists());
}

/// Whoever went on behind the acknowledged rows had most of the others twice.
#[test]
fn after_damage_amid_an_append_rows_are_looked_for_before_they_are_sent_again() {
    let scratch = Scratch::new();
    let one = scratch.numbers("one.ndjson", 0, 1);
    run(["append", &scratch.log(), "--from", &one]).ok();
    std::fs::copy(scratch.entry(2), scratch.entry(20)).unwrap();
    let file = scratch.numbers("rows.ndjson", 1_000, 61);
    let args = ["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1", "--json"];
    let failed = run(args).fails(6, "position 20 holds an entry");
    let report = failed.json();
    assert!(report["acknowledged_rows"].as_u64().unwrap() < 61, "{report}");
    let unsure = report["unknown_rows"].as_u64().unwrap() > 0;
    assert!(unsure, "{report}");
    assert!(
        failed.stderr.contains("look for them") && !failed.stderr.contains("--skip"),
        "{}",
        failed.stderr
    );
}
