//! Shards that a later Lance or a later fencepost has written to, and shards that are sealed: what is not
//! known is kept, named and left alone.

use super::support::{Scratch, run};
use fencepost::{Manifest, Position, ShardStatus, Version};
use std::path::PathBuf;

/// A log with six rows at positions 2 to 7, closed at 8.
fn log() -> (Scratch, String) {
    let scratch = Scratch::new();
    let file = scratch.numbers("rows.ndjson", 0, 6);
    run(["append", &scratch.log(), "--from", &file, "--rows-per-entry", "1"]).ok();
    (scratch, file)
}

fn manifest_path(scratch: &Scratch, version: u64) -> PathBuf {
    scratch.shard().join("manifest").join(format!("{:064b}.binpb", version.reverse_bits()))
}

fn latest(scratch: &Scratch) -> Manifest {
    let version = (1..).take_while(|version| manifest_path(scratch, *version).exists()).last().unwrap();
    let bytes = std::fs::read(manifest_path(scratch, version)).unwrap();
    Manifest::decode("manifest", Version::new(version), &bytes).unwrap()
}

/// Writes the next version by another hand: with more bytes behind, as fields of a later format are.
fn commit(scratch: &Scratch, change: impl FnOnce(&mut Manifest), more: &[u8]) {
    let mut manifest = latest(scratch);
    manifest.version = manifest.version.next();
    change(&mut manifest);
    let bytes = [manifest.encode().to_vec(), more.to_vec()].concat();
    std::fs::write(manifest_path(scratch, manifest.version.get()), bytes).unwrap();
}

/// P-7, F-16: a claim, a checkpoint and a close by us rewrite the manifest, and lose nothing of a later Lance's.
#[test]
fn unknown_fields_of_a_manifest_survive_a_writers_life() {
    let (scratch, file) = log();
    // Field 900, a text; field 901, a number.
    let more = [b"\xa2\x38\x05later".as_slice(), b"\xa8\x38\x2a"].concat();
    commit(&scratch, |_| (), &more);
    let before = latest(&scratch);
    assert_eq!(before.unknown.iter().map(|(number, _)| number).collect::<Vec<_>>(), [900, 901]);
    run(["append", &scratch.log(), "--from", &file, "--takeover", "now"]).ok();
    run(["checkpoint", &scratch.log(), "4", "--takeover", "now"]).ok();
    let after = latest(&scratch);
    assert!(after.version.get() >= before.version.get() + 3 && after.writer_epoch > before.writer_epoch);
    assert_eq!((after.replay_after, &after.unknown), (Position::new(4), &before.unknown));
}

/// P-10: also in a state that only a later Lance knows. Nothing is written, and readers and collections go on.
#[test]
fn a_sealed_shard_is_refused_and_still_read_and_collected() {
    for status in [ShardStatus::Sealed, ShardStatus::Unknown(7)] {
        let (scratch, file) = log();
        run(["checkpoint", &scratch.log(), "4", "--takeover", "now"]).ok();
        commit(&scratch, |manifest| manifest.status = status, &[]);
        let (before, objects) =
            (latest(&scratch), std::fs::read_dir(scratch.shard().join("wal")).unwrap().count());
        let refused = run(["append", &scratch.log(), "--from", &file, "--takeover", "now"]);
        refused.fails(5, "the shard is sealed and takes no writers");
        run(["checkpoint", &scratch.log(), "tail", "--takeover", "now"]).fails(5, "sealed");
        assert_eq!(latest(&scratch), before);
        assert_eq!(std::fs::read_dir(scratch.shard().join("wal")).unwrap().count(), objects);
        assert_eq!(scratch.read_numbers(5), [3, 4, 5]);
        if status == ShardStatus::Sealed {
            assert!(
                run(["gc", "run", &scratch.log(), "--json"]).ok().json()["deleted"].as_u64().unwrap() > 0
            );
        } else {
            // What may go in such a state nobody here knows.
            let failed = run(["gc", "run", &scratch.log()]).fails(6, "the shard's status 7");
            assert!(
                failed.stderr.contains("nothing was deleted") && failed.stderr.contains(".binpb"),
                "{}",
                failed.stderr
            );
            assert_eq!(std::fs::read_dir(scratch.shard().join("wal")).unwrap().count(), objects);
        }
    }
}

/// F-9, P-13, P-51: an entry of a later fencepost's is sound, and not to be judged by this one.
#[test]
fn an_entry_of_a_later_format_is_named_kept_and_never_stepped_over() {
    let (scratch, file) = log();
    run(["checkpoint", &scratch.log(), "6", "--takeover", "now"]).ok();
    let later = |position: u64| {
        let path = scratch.entry(position);
        let mut bytes = std::fs::read(&path).unwrap();
        let trailer = bytes.len() - 64;
        bytes[trailer + 4] = 2;
        let crc = crc32c::crc32c(&bytes[trailer..trailer + 60]);
        bytes[trailer + 60..].copy_from_slice(&crc.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
        path.file_name().unwrap().to_str().unwrap().to_owned()
    };
    let (covered, live) = (later(3), later(7));
    // A collection reads what no opener vouches for.
    std::fs::remove_dir_all(scratch.shard().join("fencepost/openings")).unwrap();
    let plan = run(["gc", "plan", &scratch.log()]).ok().text();
    assert!(plan.contains("keep    entry 3: It could not be read or understood"), "{plan}");
    run(["gc", "run", &scratch.log()]).ok();
    assert!(scratch.entry(3).exists() && scratch.entry(7).exists() && !scratch.entry(2).exists());
    let verified = run(["verify", &scratch.log(), "--json"]).json();
    assert!(verified["problems"].to_string().contains(&covered), "{verified}");
    // In front of the live one everything ends.
    let read = run(["tail", &scratch.log(), "--json"]).fails(6, "newer than this program");
    assert!(read.stderr.contains(&live) && read.stderr.contains("upgrade this program"), "{}", read.stderr);
    let entries = || std::fs::read_dir(scratch.shard().join("wal")).unwrap().count();
    let before = entries();
    let refused = run(["append", &scratch.log(), "--from", &file, "--takeover", "now"]).fails(6, &live);
    assert!(refused.text().is_empty());
    assert_eq!(entries(), before, "nothing was appended behind it, no fence entry either");
}
