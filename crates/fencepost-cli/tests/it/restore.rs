//! Backup and restore with real processes: a writer that was stopped while its log was moved learns, when it
//! wakes, that its log is another's.

use super::support::{Running, Scratch, command, feed, run, run_with};
use rustix::process::Signal;
use std::process::Stdio;

fn writer(log: &str) -> (Running, std::process::ChildStdin) {
    let args = ["append", log, "--rows-per-entry", "1", "--infer-rows", "1", "--json", "--verbose-acks"];
    let mut command = command(args);
    command.stdin(Stdio::piped()).args(["--flush-interval", "20ms"]);
    let mut running = Running::start(command);
    let stdin = running.stdin();
    (running, stdin)
}

fn numbers_in(log: &str) -> Vec<u64> {
    super::support::numbers(&run(["tail", log]).ok())
}

/// P-151 to P-153.
#[test]
fn a_writer_that_slept_through_a_restore_acknowledges_nothing_that_is_lost() {
    let scratch = Scratch::new();
    let (log, copy, new) = (scratch.log(), scratch.path("copy"), scratch.path("new"));
    let (copy, new) = (copy.display().to_string(), new.display().to_string());
    let (old, mut rows) = writer(&log);
    feed(&mut rows, 0, 4);
    let mut told: Vec<_> = (0..4).map(|_| old.hear()["rows"].as_u64().unwrap()).collect();
    old.signal(Signal::STOP);

    // A backup of a log that goes on is no successor of it.
    let backup = scratch.path("backup").display().to_string();
    let live = run(["export", &log, &backup, "--json"]).ok().json();
    assert_eq!((&live["sealed"], &live["entries"]), (&false.into(), &5.into()), "{live}");
    run(["import", &backup, &new]).fails(5, "still takes writers");

    let sealed = run(["export", &log, &copy, "--seal", "--takeover", "now", "--json"]).ok().json();
    assert_eq!(sealed["sealed"], true, "{sealed}");
    run(["import", &backup, &new]).fails(5, "went on until it was sealed");
    let made = run(["import", &copy, &new, "--json"]).ok().json();
    // One more than the jump: what lifts the seal of the new shard takes an epoch.
    assert_eq!(made["epoch"], sealed["epoch"].as_u64().unwrap() + (1 << 20) + 1, "{made}");
    assert_ne!(made["shard"], made["from_shard"]);

    // It wakes with rows to append, and none of them is acknowledged anywhere.
    feed(&mut rows, 4, 3);
    old.signal(Signal::CONT);
    drop(rows);
    let (code, said, stderr) = old.wait();
    assert_eq!(code, Some(5), "{stderr}");
    told.extend(said.iter().filter(|line| line["position"].is_u64()).map(|_| 1));
    assert_eq!(told.len(), 4, "{said:?}");
    assert_eq!(numbers_in(&new), [0, 1, 2, 3]);

    let appended = run_with(["append", &new, "--json"], b"{\"n\":9}\n").ok().json();
    assert!(appended["epoch"].as_u64() > made["epoch"].as_u64(), "{appended}");
    assert_eq!(numbers_in(&new), [0, 1, 2, 3, 9]);
    run(["verify", &new]).ok();
    run(["import", &copy, &new]).fails(3, "there is a log already");
    run_with(["append", &log], b"{\"n\":10}\n").fails(5, "sealed");
}

/// P-152.
#[test]
fn a_backup_of_a_log_that_is_gone_comes_back_on_somebodys_word() {
    let scratch = Scratch::new();
    let (log, backup) = (scratch.log(), scratch.path("backup").display().to_string());
    run_with(["append", &log], b"{\"n\":0}\n{\"n\":1}\n").ok();
    run(["export", &log, &backup]).ok();
    run(["import", &backup, &scratch.path("new").display().to_string(), "--source-gone"])
        .fails(5, "still takes writers");
    std::fs::remove_dir_all(&log).unwrap();
    let new = scratch.path("new").display().to_string();
    run(["import", &backup, &new]).fails(5, "not to be found");
    run(["import", &backup, &new, "--source-gone"]).ok();
    assert_eq!(numbers_in(&new), [0, 1]);
}

#[test]
fn a_copy_that_is_damaged_or_not_whole_makes_no_log() {
    let scratch = Scratch::new();
    let (log, copy) = (scratch.log(), scratch.path("copy"));
    let (place, new) = (copy.display().to_string(), scratch.path("new").display().to_string());
    run_with(["append", &log, "--rows-per-entry", "1"], b"{\"n\":0}\n{\"n\":1}\n").ok();
    run(["export", &log, &place, "--seal"]).ok();
    run(["export", &log, &place]).fails(3, "is there already");
    let entry = copy.join("entries/00000000000000000003.arrow");
    let sound = std::fs::read(&entry).unwrap();
    let mut torn = sound.clone();
    torn[40] ^= 1;
    std::fs::write(&entry, &torn).unwrap();
    run(["import", &place, &new]).fails(6, "damaged at position 3");
    std::fs::remove_file(&entry).unwrap();
    run(["import", &place, &new]).fails(6, "damaged at position 3");
    // What is there is no log yet: a reader is told that there is more, and no writer comes in.
    run(["tail", &new]).fails(6, "lost");
    run_with(["append", &new], b"{\"n\":2}\n").fails(5, "sealed");
    // Mended, it goes on where it was.
    std::fs::write(&entry, &sound).unwrap();
    run(["import", &place, &new]).ok();
    assert_eq!(numbers_in(&new), [0, 1]);
    std::fs::remove_file(copy.join("export.json")).unwrap();
    run(["import", &place, &scratch.path("newer").display().to_string()]).fails(4, "broken off");
}

/// The log was sealed, and then there was no place for the copy.
#[test]
fn a_log_is_not_sealed_for_a_copy_that_cannot_be_made() {
    let scratch = Scratch::new();
    let (log, copy) = (scratch.log(), scratch.path("copy").display().to_string());
    run_with(["append", &log], b"{\"n\":0}\n").ok();
    run(["export", &log, &copy]).ok();
    let refused = run(["export", &log, &copy, "--seal"]).fails(3, "is there already");
    assert!(!refused.stderr.contains("sealed"), "{}", refused.stderr);
    run_with(["append", &log], b"{\"n\":1}\n").ok();
    // What only copying finds out comes after the seal, which is said.
    std::fs::remove_file(scratch.path("copy/export.json")).unwrap();
    std::fs::write(scratch.path("copy/entries/00000000000000000002.arrow"), "another's").unwrap();
    let failed = run(["export", &log, &copy, "--seal"]).fails(3, "is there already");
    assert!(
        failed.stderr.contains("The log is sealed now") && failed.stderr.contains("`unseal`"),
        "{}",
        failed.stderr
    );
    run_with(["append", &log], b"{\"n\":2}\n").fails(5, "sealed");
    run(["unseal", &log]).ok();
    run_with(["append", &log], b"{\"n\":2}\n").ok();
    assert_eq!(numbers_in(&log), [0, 1, 2]);
}
