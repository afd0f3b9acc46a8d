//! What is missing above the checkpoint, and what can be said of it.
// P-90, P-92.

use super::{Problem, ProblemKind, Verification};
use crate::ReadError;
use crate::shard::Io;
use fencepost_fence::{FencedOff, Gap, losses};
use fencepost_format::{Manifest, Position};

impl Verification {
    /// What proves something was read by now. So what is missing is looked for once more, and the manifest
    /// after that.
    // P-92.
    pub(super) async fn check_missing(&mut self, io: &Io, before: &Manifest) -> Result<(), ReadError> {
        (self.survey.replay_after, self.survey.epoch) = (before.replay_after, before.writer_epoch);
        let first = losses(&self.survey.entries, before.replay_after, io.params.window);
        if first.gaps.is_empty() && first.fenced_off.is_empty() {
            return Ok(());
        }
        for (at, _) in io.list_entries().await? {
            self.survey.entries.entry(at).or_insert(None);
        }
        let latest = io.manifest().await?;
        (self.survey.replay_after, self.survey.epoch) = (latest.replay_after, latest.writer_epoch);
        let found = losses(&self.survey.entries, latest.replay_after, io.params.window);
        for gap in found.gaps {
            let problem = missing(io, gap);
            if gap.proof.is_some() { self.problems.push(problem) } else { self.notes.push(problem) }
        }
        self.problems.extend(found.fenced_off.into_iter().map(|off| fenced_off(io, off)));
        Ok(())
    }
}

impl Verification {
    /// Up to `last_seen` everything was there when a manifest of ours was made: by a checkpoint, or for an import whose
    /// entries are still to come. A log that ends before that has lost its end, which no entry proves.
    // P-33, P-153.
    pub(super) async fn check_seen(&mut self, io: &Io, latest: &Manifest) -> Result<(), ReadError> {
        let end = |entries: &mut dyn Iterator<Item = Position>| entries.max().unwrap_or(Position::NONE);
        let seen = latest.last_seen.max(latest.replay_after);
        let known = end(&mut self.survey.entries.keys().copied()).max(latest.replay_after);
        if latest.nonce.is_none() || known >= seen {
            return Ok(());
        }
        // After the manifest: it may have been made after the first listing.
        let listed = io.list_entries().await?;
        let known = end(&mut listed.into_iter().map(|(at, _)| at)).max(latest.replay_after);
        let covered = io.manifest().await?.replay_after;
        if known < seen && covered < seen {
            let (first, object) = (known.max(covered).next(), io.paths.manifest(latest.version));
            let what = format!(
                "it says that entries were there up to position {seen}, and {} missing. If this is an import, run it \
                 again to its end; otherwise restore them from a copy or an older version of the bucket",
                range(first, seen)
            );
            self.problems.push(Problem { object, offset: None, what, kind: ProblemKind::Other });
        }
        Ok(())
    }
}

fn missing(io: &Io, Gap { first, last, proof }: Gap) -> Problem {
    let which = range(first, last);
    let (what, kind) = match proof {
        Some(proof) => (
            format!(
                "{which} lost: position {proof} proves that entries were there. Restore them from a copy or an older version of the bucket, or \
                 give them up. Until then nothing reads or writes past them, and nothing is deleted"
            ),
            ProblemKind::Lost { first, last, proof },
        ),
        None => (
            format!(
                "{which} missing, and position {} is there. A writer that dies with several appends in flight leaves such a gap, and nothing \
                 proves that more was there. The next writer's fence entry closes it",
                last.next()
            ),
            ProblemKind::Gap { first, last },
        ),
    };
    Problem { object: io.paths.entry(first), offset: None, what, kind }
}

fn fenced_off(io: &Io, FencedOff { at, by, proof }: FencedOff) -> Problem {
    let what = format!(
        "epoch {by} wrote it where an entry of an earlier epoch was, as position {proof} proves: that entry was lost, and the writer that opened then took \
         the gap for the end of the log. The entries from {} to {proof} were acknowledged, and no reader sees them; `inspect` lists them as \
         stale entries. Save their rows, checkpoint past {proof}, and collect with `gc run --accept-fenced-off {proof}`",
        at.next()
    );
    Problem { object: io.paths.entry(at), offset: None, what, kind: ProblemKind::FencedOff { at, proof } }
}

fn range(first: Position, last: Position) -> String {
    if first == last { format!("position {first} is") } else { format!("positions {first} to {last} are") }
}
