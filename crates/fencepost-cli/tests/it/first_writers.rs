//! Two processes that both find no log.

use super::support::{Run, Scratch, command};

/// P-68: they once made a shard each, both acknowledged, and afterwards every command said "2 shards".
/// Whoever comes second waits for the first one's lease.
#[test]
fn two_first_writers_make_one_log() {
    for round in 0..6 {
        let scratch = Scratch::new();
        let log = scratch.log();
        let files = [scratch.numbers("a.ndjson", 0, 20), scratch.numbers("b.ndjson", 100, 20)];
        let both = files.map(|file| {
            let args = ["append", &log, "--from", &file, "--lease-ttl", "1s", "--rows-per-entry", "5"];
            command(args).spawn().unwrap()
        });
        for child in both {
            Run::new(child.wait_with_output().unwrap()).ok();
        }
        let shards = std::fs::read_dir(scratch.path("log").join("_mem_wal")).unwrap().count();
        assert_eq!(shards, 1, "round {round}");
        let mut rows = scratch.read_numbers(1);
        rows.sort_unstable();
        assert_eq!(rows, (0..20).chain(100..120).collect::<Vec<_>>(), "round {round}");
    }
}
