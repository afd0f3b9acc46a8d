//! Damaged entries: each is named, none is stepped over, and nothing else is lost.

use super::support::{Run, Scratch, run};

/// Damages the entry at position 4, expects every command to say so with code 6, then puts it back.
#[track_caller]
fn check(saying: &str, damage: impl FnOnce(&Scratch, Vec<u8>) -> Vec<u8>) {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 6);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    let path = scratch.entry(4);
    let sound = std::fs::read(&path).unwrap();
    std::fs::write(&path, damage(&scratch, sound.clone())).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();

    let read = run(["tail", &scratch.log(), "--json"]).fails(6, saying);
    assert!(
        read.stderr.contains(name) && read.stderr.contains("byte "),
        "object and offset: {}",
        read.stderr
    );
    assert!(read.stderr.contains("position 4"), "{}", read.stderr);
    let rows = read.text().lines().filter(|line| line.contains("\"n\"")).count();
    assert_eq!(rows, 2, "what comes before is handed out, nothing after");

    let verified = run(["verify", &scratch.log(), "--json"]);
    assert_eq!(verified.code, Some(6));
    let problems = verified.json()["problems"].as_array().unwrap().clone();
    assert!(verified.json()["ok"] == false && !problems.is_empty());
    assert!(problems[0]["object"].as_str().unwrap().ends_with(name), "{problems:?}");
    assert!(problems[0]["offset"].is_u64(), "{problems:?}");

    let appended = run(["append", &scratch.log(), "--from", &file, "--takeover", "now"]).fails(6, saying);
    assert!(appended.text().is_empty());
    let found = run(["inspect", &scratch.log(), "--json"]).ok().json();
    assert!(
        found["entries"][3]["problem"].is_string() && found["entries"][3]["kept_because"].is_string(),
        "{found}"
    );

    std::fs::write(&path, sound).unwrap();
    assert_eq!(scratch.read_numbers(1), (0..6).collect::<Vec<_>>());
    run(["append", &scratch.log(), "--from", &file, "--takeover", "now"]).ok();
    assert_eq!(scratch.read_numbers(1).len(), 12);
}

#[test]
fn a_text_file_is_no_entry() {
    check("", |_, _| b"Dear diary, today somebody put a text file where an entry belongs.\n".to_vec());
}

#[test]
fn an_empty_file_is_no_entry() {
    check("", |_, _| Vec::new());
}

#[test]
fn a_cut_entry_is_noticed() {
    check("", |_, mut sound| {
        sound.truncate(sound.len() * 2 / 3);
        sound
    });
}

#[test]
fn an_entry_cut_by_a_few_bytes_is_noticed() {
    check("", |_, mut sound| {
        sound.truncate(sound.len() - 5);
        sound
    });
}

#[test]
fn a_flipped_bit_is_noticed() {
    check("", |_, mut sound| {
        let middle = sound.len() / 2;
        sound[middle] ^= 0x10;
        sound
    });
}

#[test]
fn a_copy_of_another_entry_is_noticed() {
    check("position", |scratch, _| std::fs::read(scratch.entry(3)).unwrap());
}

#[test]
fn names_and_texts_of_a_hostile_bucket_never_reach_a_terminal_raw() {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 2);
    run(["append", &scratch.log(), "--from", &file, "--holder", "\u{1b}[2Jevil\u{9b}31m"]).ok();
    std::fs::write(scratch.shard().join("wal/\u{9b}2Jname\u{202e}"), b"x").unwrap();
    std::fs::write(scratch.shard().join("manifest/\u{9b}31m"), b"x").unwrap();
    let commands: [&[&str]; 6] = [
        &["verify"],
        &["verify", "--json"],
        &["inspect"],
        &["gc", "plan"],
        &["gc", "plan", "--json"],
        &["gc", "run", "--dry-run"],
    ];
    for command in commands {
        let log = scratch.log();
        let mut command = super::support::command(command.iter().copied().chain([log.as_str()]));
        let said = Run::new(command.env("FENCEPOST_LOG", "trace").output().unwrap());
        let said = format!("{}{}", said.text(), said.stderr);
        assert_clean(&said);
    }
    // A name that no client of a store can express stops the listing.
    std::fs::write(scratch.shard().join("wal/\u{1b}[2Jname"), b"x").unwrap();
    let said = run(["verify", &scratch.log()]).fails(1, "\\u{1b}[2Jname");
    assert_clean(&said.stderr);
}

/// A file of that size takes no room on the disk, and a reader that believes it takes all memory there is.
#[test]
fn huge_objects_are_refused_by_their_size() {
    let huge = 1 << 40;
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 6);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    run(["tail", &scratch.log(), "--cursor", "c"]).ok();
    let grow = |path: &std::path::Path| {
        let object = std::fs::File::options().create(true).append(true).open(path).unwrap();
        object.set_len(huge).unwrap();
    };
    let refused = |saying: &str| {
        for command in [&["tail"][..], &["verify"], &["append", "--from", &file, "--takeover", "now"]] {
            let log = scratch.log();
            let mut limited = std::process::Command::new("sh");
            // In KiB. Whoever reads even a hundredth of it dies of it.
            limited.args(["-c", "ulimit -v 8000000; exec \"$@\"", "sh", super::support::PROGRAM]);
            limited.arg(command[0]).arg(&log).args(&command[1..]).args(["--retry-timeout", "2s"]);
            let said = Run::new(limited.output().unwrap());
            assert_eq!(said.code, Some(6), "{command:?}: {}", said.stderr);
            assert!(
                said.stderr.contains(saying) || said.text().contains(saying),
                "{command:?}: {}",
                said.stderr
            );
        }
    };
    let entry = scratch.entry(4);
    let sound = std::fs::read(&entry).unwrap();
    grow(&entry);
    refused("1099511627776 bytes");
    std::fs::write(&entry, sound).unwrap();
    assert_eq!(scratch.read_numbers(1), (0..6).collect::<Vec<_>>());
    let manifest = scratch.shard().join("manifest").join(format!("{:064b}.binpb", 9_u64.reverse_bits()));
    grow(&manifest);
    refused("1099511627776 bytes");
}

#[track_caller]
fn assert_clean(said: &str) {
    assert!(!said.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{said:?}");
}
