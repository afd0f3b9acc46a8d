//! The way out of damage, by the real command: `verify` names it and the next command, `repair` plans and
//! does it, and the log goes on.

use super::support::{Scratch, numbers, run};
use serde_json::json;

/// Entries 2 to 7, rows 0 to 5 in 2 to 7, a close entry at 8.
fn log() -> Scratch {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 6);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    scratch
}

fn repair(scratch: &Scratch, options: &[&str]) -> super::support::Run {
    let log = scratch.log();
    run(["repair", &log].into_iter().chain(options.iter().copied()))
}

fn append(scratch: &Scratch) -> super::support::Run {
    let file = scratch.numbers("more.ndjson", 100, 1);
    run(["append", &scratch.log(), "--from", &file, "--takeover", "now"])
}

/// A repair that was cut off is done again in the same words.
#[test]
fn a_repair_goes_on_where_it_was_cut_off() {
    let scratch = log();
    std::fs::remove_file(scratch.entry(3)).unwrap();
    repair(&scratch, &["--accept-gap", "3", "--yes"]).ok();
    std::fs::remove_file(scratch.entry(4)).unwrap();
    let planned = repair(&scratch, &["--accept-gap", "3..4"]).ok();
    assert!(planned.text().contains("position 3: already given up"), "{}", planned.text());
    let done = repair(&scratch, &["--accept-gap", "3..4", "--yes", "--json"]).ok().json();
    assert_eq!(
        (&done["given_up_before"], &done["given_up"][0]["position"]),
        (&json!([3]), &json!(4)),
        "{done}"
    );
    repair(&scratch, &["--accept-gap", "3..4", "--yes"]).ok();
    repair(&scratch, &["--yes"]).fails(2, "--accept-gap");
    run(["verify", &scratch.log()]).ok();
}

/// P-90 to P-93: from the loss to a log that goes on.
#[test]
fn a_lost_entry_is_named_given_up_and_passed() {
    let scratch = log();
    std::fs::remove_file(scratch.entry(3)).unwrap();
    append(&scratch).fails(6, "position 3 is lost");
    assert_eq!(
        run(["tail", &scratch.log()]).fails(6, "position 3 is lost").lines().len(),
        1,
        "the row before it"
    );
    let verified = run(["verify", &scratch.log()]);
    assert_eq!(verified.code, Some(6));
    let name = scratch.entry(3).file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(verified.text().matches(&name).count(), 1, "{}", verified.text());
    assert!(verified.text().contains("fencepost repair LOG --accept-gap 3"), "{}", verified.text());
    let problem = run(["verify", &scratch.log(), "--json"]).json()["problems"][0].clone();
    assert_eq!(
        (&problem["kind"], &problem["first"], &problem["proof"]),
        (&json!("lost"), &json!(3), &json!(8))
    );

    // Asking, and a plan, change nothing.
    assert!(repair(&scratch, &[]).ok().text().contains("--accept-gap 3 --yes"));
    assert!(repair(&scratch, &["--accept-gap", "3"]).ok().text().contains("nothing was changed"));
    assert!(!scratch.entry(3).exists());
    for refused in [["--accept-gap", "4"], ["--skip-damaged", "3"], ["--accept-gap", "3..4"]] {
        repair(&scratch, &[refused[0], refused[1], "--yes"]).fails(3, "Nothing was changed");
    }
    let done = repair(&scratch, &["--accept-gap", "3", "--yes", "--json"]).ok().json();
    assert_eq!(
        (&done["given_up"][0]["position"], &done["given_up"][0]["done"]),
        (&json!(3), &json!(true)),
        "{done}"
    );

    assert!(run(["verify", &scratch.log()]).ok().text().contains("a repair gave up the entry at position 3"));
    append(&scratch).ok();
    assert_eq!(numbers(&run(["tail", &scratch.log()]).ok()), [0, 2, 3, 4, 5, 100]);
    run(["checkpoint", &scratch.log(), "tail"]).ok();
    run(["gc", "run", &scratch.log()]).ok();
    assert!(scratch.entry(3).exists() && !scratch.entry(4).exists());
    append(&scratch).ok();
    assert_eq!(numbers(&run(["tail", &scratch.log()]).ok()), [100]);
}

/// P-94.
#[test]
fn a_damaged_entry_is_given_up_and_its_bytes_are_kept() {
    let scratch = log();
    let path = scratch.entry(4);
    let mut damaged = std::fs::read(&path).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    std::fs::write(&path, &damaged).unwrap();
    let verified = run(["verify", &scratch.log()]);
    assert_eq!(verified.code, Some(6));
    assert!(verified.text().contains("fencepost repair LOG --skip-damaged 4"), "{}", verified.text());
    let done = repair(&scratch, &["--skip-damaged", "4", "--yes", "--json"]).ok().json();
    let aside = done["given_up"][0]["set_aside"].as_str().unwrap();
    assert_eq!(std::fs::read(std::path::Path::new(&scratch.log()).join(aside)).unwrap(), damaged);
    append(&scratch).ok();
    assert_eq!(scratch.read_numbers(1), [0, 1, 3, 4, 5, 100]);
    assert_eq!(run(["verify", &scratch.log(), "--json"]).ok().json()["given_up"], json!([4]));
}

/// A writer that was killed with appends in flight leaves a gap that proves nothing: no damage, and no code 6.
#[test]
fn the_gap_of_a_killed_writer_is_no_damage() {
    let scratch = log();
    for gone in [6, 8] {
        std::fs::remove_file(scratch.entry(gone)).unwrap();
    }
    let verified = run(["verify", &scratch.log(), "--json"]).ok().json();
    assert_eq!((&verified["ok"], &verified["notes"][0]["kind"]), (&json!(true), &json!("gap")), "{verified}");
    assert!(repair(&scratch, &[]).ok().text().contains("nothing to give up"));
    append(&scratch).ok();
    assert_eq!(scratch.read_numbers(1), [0, 1, 2, 3, 100]);
}
