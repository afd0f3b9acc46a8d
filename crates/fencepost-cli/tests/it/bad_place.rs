//! Places that do not work: each gives a clear message and its exit code, and loses nothing.

use super::support::{PROGRAM, Scratch, run};
use std::path::Path;
use std::process::Command;

#[test]
fn a_url_without_a_bucket_is_refused() {
    for command in ["append", "tail", "inspect", "verify"] {
        run([command, "s3://"]).fails(4, "names no bucket");
    }
    run(["tail", "ftp://x/y"]).fails(4, "scheme `ftp` is not known");
}

/// It was the root directory.
#[test]
fn a_file_url_without_a_path_is_refused() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 1);
    for place in ["file://", "file://localhost"] {
        run(["append", place, "--from", &file]).fails(4, "names no directory");
    }
}

#[test]
fn a_missing_input_makes_no_log() {
    let scratch = Scratch::new();
    let missing = scratch.path("missing.csv");
    run(["append", &scratch.log(), "--from", missing.to_str().unwrap()]).fails(3, "missing.csv");
    assert!(!Path::new(&scratch.log()).exists());
    run(["append", &scratch.log(), "--from", scratch.path(".").to_str().unwrap()]).fails(3, "directory");
}

#[test]
fn a_missing_log_is_not_made_by_those_who_only_look() {
    let scratch = Scratch::new();
    for command in [&["tail"][..], &["inspect"], &["verify"], &["gc", "plan"], &["gc", "run"]] {
        let log = scratch.log();
        run(command.iter().copied().chain([log.as_str()])).fails(4, "does not exist");
    }
    run(["checkpoint", &scratch.log(), "1"]).fails(4, "does not exist");
    assert!(!Path::new(&scratch.log()).exists());
    std::fs::create_dir(scratch.log()).unwrap();
    run(["tail", &scratch.log()]).fails(4, "no log here");
    let shard = "00000000-0000-4000-8000-000000000000";
    run(["tail", &scratch.log(), "--shard", shard]).fails(4, shard);
}

#[test]
fn input_that_is_something_else_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.path("rows.parquet");
    std::fs::write(&path, "not at all a Parquet file").unwrap();
    let from = path.to_str().unwrap();
    run(["append", &scratch.log(), "--from", from]).fails(3, "rows.parquet");
    run(["append", &scratch.log(), "--from", from, "--format", "arrow"])
        .fails(3, "rows.parquet`: it begins with `not `, as no Arrow stream does");
    run(["append", &scratch.log(), "--from", from, "--format", "ndjson"]).fails(3, "rows.parquet");
    assert!(!Path::new(&scratch.log()).exists());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 10);
    // A file where a directory would have to be, and file systems of the kernel that take no files, not even
    // from root.
    run(["append", &format!("{file}/log"), "--from", &file]).fails(4, "rows.ndjson");
    for place in ["/proc/log", "/sys/log"] {
        run(["append", place, "--from", &file]).fails(4, place.rsplit_once('/').unwrap().0);
    }
}

/// A small disk of its own where that is allowed; elsewhere a limit on the size of files, which stops writes
/// in the same place.
#[test]
fn a_full_disk_is_named_and_nothing_acknowledged_is_lost() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 300_000);
    let Some(disk) = SmallDisk::mount(scratch.path("disk")) else {
        return file_size_limit(&scratch, &file);
    };
    let log = disk.0.join("log").display().to_string();
    let append = ["append", &log, "--from", &file, "--rows-per-entry", "5000", "--takeover", "now", "--json"];
    let full = run(append).fails(1, "no space left");
    let report = full.json();
    let acknowledged = report["acknowledged_rows"].as_u64().unwrap();
    assert!(acknowledged > 0 && acknowledged < 300_000, "{report}");
    assert_eq!(report["unknown_rows"], 0, "a full disk is a definite answer");
    assert!(full.stderr.contains(&format!("--skip {acknowledged}")), "{}", full.stderr);
    disk.grow();
    let found = run(["tail", &log]).ok().lines();
    assert_eq!(found.len() as u64, acknowledged);
    let skip = acknowledged.to_string();
    run(append.iter().copied().chain(["--skip", &skip])).ok();
    let found = run(["tail", &log]).ok().lines();
    assert!(found.iter().zip(0..300_000).all(|(row, n)| row["n"] == n) && found.len() == 300_000);
    disk.make_read_only();
    run(append).fails(1, "the file system is read-only");
    assert_eq!(run(["tail", &log]).ok().lines().len(), 300_000, "reading needs no writing");
}

fn file_size_limit(scratch: &Scratch, file: &str) {
    let small = scratch.numbers("small.ndjson", 0, 100);
    run(["append", &scratch.log(), "--from", &small]).ok();
    // Entries of 200,000 bytes, files of at most 64 blocks of 512 or 1,024.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$@\"";
    let args = [
        "append",
        &scratch.log(),
        "--from",
        file,
        "--group-bytes",
        "1000000",
        "--linger",
        "1s",
        "--retry-timeout",
        "1s",
    ];
    let output = Command::new("sh").args(["-c", script, "sh", PROGRAM]).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 7)), "{stderr}");
    assert!(stderr.contains("No row was acknowledged") && !stderr.contains("panicked"), "{stderr}");
    assert_eq!(scratch.read_numbers(1), (0..100).collect::<Vec<_>>());
}

/// A file system of one megabyte.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: std::path::PathBuf) -> Option<Self> {
        std::fs::create_dir(&at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "fencepost-test"]).arg(&at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    fn grow(&self) {
        self.remount("remount,size=64m");
    }

    fn make_read_only(&self) {
        self.remount("remount,ro");
    }

    fn remount(&self, options: &str) {
        assert!(Command::new("mount").args(["-o", options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
