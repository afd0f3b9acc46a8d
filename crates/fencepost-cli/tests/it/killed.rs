//! kill -9 at any moment: every acknowledged row is there, once, in order.

use super::support::{Dice, Running, Scratch, command, run};
use std::thread::sleep;
use std::time::Duration;

mod long {
    use super::*;

    /// One log, a hundred writers that die. Each takes the log over from the last one, so that dead writers'
    /// entries, fence entries and fillers pile up as they would in a year of crashes.
    #[test]
    fn a_hundred_killed_writers_lose_nothing() {
        let scratch = Scratch::new();
        let mut dice = Dice(20);
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            let file = scratch.numbers("rows.ndjson", round * ROUND, 3_000);
            let args = [
                "append",
                &scratch.log(),
                "--from",
                &file,
                "--rows-per-entry",
                "1",
                "--takeover",
                "now",
                "--json",
                "--verbose-acks",
            ];
            let writer = Running::start(command(args));
            // Half of them die while they append, however long they take to open on a machine that is busy;
            // of the others some while they open.
            let appends = round % 2 == 0 && writer.hear()["rows"] == 1;
            sleep(Duration::from_millis(dice.below(if appends { 200 } else { 500 })));
            let said = writer.kill();
            let more = said.iter().filter(|ack| ack["rows"] == 1).count() as u64;
            acknowledged.push(more + u64::from(appends));
            if round % 10 == 9 {
                // Nothing is collected; this only spares the next openers the replay of everything.
                run(["checkpoint", &scratch.log(), "tail", "--takeover", "now"]).ok();
            }
        }
        let rows = scratch.read_numbers(1);
        let mut rows = rows.iter().copied().peekable();
        for (round, acknowledged) in (0..ROUNDS).zip(&acknowledged) {
            // What is there of this round is a prefix without holes, and holds all that was acknowledged.
            let mut found = 0;
            while rows.next_if_eq(&(round * ROUND + found)).is_some() {
                found += 1;
            }
            assert!(found >= *acknowledged, "round {round}: {acknowledged} acknowledged, {found} found");
        }
        assert_eq!(rows.next(), None, "a row out of order or twice");
        let writers = acknowledged.iter().filter(|rows| **rows > 0).count();
        assert!(writers > 20, "only {writers} writers came to acknowledge anything: {acknowledged:?}");
        let report = run(["verify", &scratch.log(), "--json"]);
        assert_eq!(report.ok().json()["ok"], true);
    }
}

const ROUNDS: u64 = 100;
/// Rows of one round differ from those of all others.
const ROUND: u64 = 1_000_000;
