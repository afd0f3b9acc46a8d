//! The judge: what everybody was told, and whether it can all be true of one log.
//!
//! It knows no epochs, fence entries or checkpointing rules. A log is rows at positions; everything that a
//! party is told is a statement about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which, for telling failures apart.
    pub promise: &'static str,
    /// The particulars.
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.how)
    }
}

/// How much was seen, so that a run in which nothing happens does not count as proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Appends that were acknowledged.
    pub acked: u64,
    /// Appends whose failure was definite.
    pub refused: u64,
    /// Appends of unknown outcome that are in the log after all.
    pub unknown_in: u64,
    /// Appends of unknown outcome that are not.
    pub unknown_out: u64,
    /// Writers opened.
    pub opened: u64,
    /// Openings that failed.
    pub not_opened: u64,
    /// Writers that were fenced.
    pub fenced: u64,
    /// Checkpoints that moved.
    pub checkpoints: u64,
    /// Stretches of log that readers read.
    pub reads: u64,
    /// Readers told of a truncation.
    pub truncated: u64,
    /// Collections that ended well.
    pub collections: u64,
    /// Entries that these deleted.
    pub deleted: u64,
    /// Histories checked for linearizability.
    pub histories: u64,
}

impl Tally {
    /// By name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 13] {
        [
            ("appends acknowledged", self.acked),
            ("appends refused for certain", self.refused),
            ("appends of unknown outcome, in the log", self.unknown_in),
            ("appends of unknown outcome, not in the log", self.unknown_out),
            ("writers opened", self.opened),
            ("openings failed", self.not_opened),
            ("writers fenced", self.fenced),
            ("checkpoints", self.checkpoints),
            ("reads", self.reads),
            ("truncations reported", self.truncated),
            ("collections", self.collections),
            ("entries collected", self.deleted),
            ("histories checked", self.histories),
        ]
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a += b;
        sum(&mut self.acked, other.acked);
        sum(&mut self.refused, other.refused);
        sum(&mut self.unknown_in, other.unknown_in);
        sum(&mut self.unknown_out, other.unknown_out);
        sum(&mut self.opened, other.opened);
        sum(&mut self.not_opened, other.not_opened);
        sum(&mut self.fenced, other.fenced);
        sum(&mut self.checkpoints, other.checkpoints);
        sum(&mut self.reads, other.reads);
        sum(&mut self.truncated, other.truncated);
        sum(&mut self.collections, other.collections);
        sum(&mut self.deleted, other.deleted);
        sum(&mut self.histories, other.histories);
    }
}

/// What became of a submission, as its owner was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing, or that nobody knows.
    Unknown,
    Acked(u64),
    /// That it is not in the log and never will be.
    Refused,
}

/// Everything that was said.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// Submissions by number, with the writer that they were handed to. Numbers rise in the order of submission.
    submitted: BTreeMap<u64, (u64, Told)>,
    /// What stands at a position, according to anybody.
    content: BTreeMap<u64, Vec<u64>>,
    /// "Between these, both included, there are these entries and no others."
    stretches: Vec<(String, u64, u64, BTreeSet<u64>)>,
    /// What owners put somewhere safe before they moved the checkpoint.
    safe: BTreeMap<u64, Vec<u64>>,
    truncations: Vec<(String, u64, u64)>,
    moved: Vec<(String, u64)>,
    /// The highest position acknowledged so far.
    highest_acked: u64,
    writers: u64,
    broken: Vec<Broken>,
    /// How much was seen.
    pub tally: Tally,
}

impl Oracle {
    /// A number for the next submission of `writer`.
    pub fn submit(&mut self, writer: u64) -> u64 {
        let id = self.submitted.len() as u64 + 1;
        self.submitted.insert(id, (writer, Told::Unknown));
        id
    }

    /// A writer's owner was told that it is durable at a position.
    pub fn acked(&mut self, id: u64, at: u64) {
        self.tally.acked += 1;
        self.highest_acked = self.highest_acked.max(at);
        if let Some((_, told)) = self.submitted.get_mut(&id) {
            *told = Told::Acked(at);
        }
    }

    /// A writer's owner was told that it is not in the log.
    pub fn refused(&mut self, id: u64) {
        self.tally.refused += 1;
        if let Some((_, told)) = self.submitted.get_mut(&id) {
            *told = Told::Refused;
        }
    }

    /// A number for a writer that was opened.
    pub fn opened(&mut self) -> u64 {
        self.tally.opened += 1;
        self.writers += 1;
        self.writers
    }

    /// Whether any writer was ever opened.
    #[must_use]
    pub const fn any_opened(&self) -> bool {
        self.writers > 0
    }

    /// The highest position acknowledged so far.
    #[must_use]
    pub const fn highest_acked(&self) -> u64 {
        self.highest_acked
    }

    /// Whether a writer was opened so far, and the highest position acknowledged.
    #[must_use]
    pub const fn so_far(&self) -> (bool, u64) {
        (self.any_opened(), self.highest_acked)
    }

    /// Somebody saw exactly these entries in a stretch of the log, both ends included.
    pub fn saw(&mut self, who: &str, from: u64, to: u64, entries: &BTreeMap<u64, Vec<u64>>) {
        if to < from && entries.is_empty() {
            return;
        }
        for (&at, rows) in entries {
            self.stands(who, at, rows);
            if at < from || at > to {
                self.breaks(
                    "reads stay in their range",
                    format!("{who} read {from} to {to} and got position {at}"),
                );
            }
        }
        self.stretches.push((who.to_owned(), from, to, entries.keys().copied().collect()));
    }

    /// Somebody saw these rows at a position.
    pub fn stands(&mut self, who: &str, at: u64, rows: &[u64]) {
        match self.content.get(&at) {
            Some(other) if other != rows => {
                let how = format!("{who} saw {rows:?} at {at}, others saw {other:?}");
                self.breaks("all see the same log", how);
            }
            Some(_) => {}
            None => drop(self.content.insert(at, rows.to_vec())),
        }
    }

    /// A reader came to the tail at `tail`, having asked after everything up to `acked` was acknowledged.
    pub fn came_to_tail(&mut self, who: &str, from: u64, tail: u64, acked: u64) {
        self.tally.reads += 1;
        if acked >= from && acked >= tail {
            let how = format!("{who} found the end at {tail}, but {acked} had been acknowledged before");
            self.breaks("readers see what was acknowledged before", how);
        }
    }

    /// An owner put what is up to a position somewhere safe.
    pub fn made_safe(&mut self, view: impl IntoIterator<Item = (u64, Vec<u64>)>) {
        self.safe.extend(view);
    }

    /// A checkpoint was confirmed.
    pub fn checkpointed(&mut self, who: &str, at: u64) {
        self.tally.checkpoints += 1;
        self.moved.push((who.to_owned(), at));
    }

    /// A reader was told that a position is gone.
    pub fn truncated(&mut self, who: &str, at: u64, first: u64) {
        self.tally.truncated += 1;
        self.truncations.push((who.to_owned(), at, first));
    }

    /// Notes a broken promise.
    pub fn breaks(&mut self, promise: &'static str, how: String) {
        self.broken.push(Broken { promise, how });
    }

    /// What was broken so far.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// The rows of the log in order, given where the checkpoint is and what a reader finds above it.
    fn log(&self, replay_after: u64, above: &BTreeMap<u64, Vec<u64>>) -> BTreeMap<u64, Vec<u64>> {
        let mut log: BTreeMap<_, _> =
            self.safe.range(..=replay_after).map(|(&at, rows)| (at, rows.clone())).collect();
        log.extend(above.iter().map(|(&at, rows)| (at, rows.clone())));
        log
    }

    /// Judges everything that was said, now that the checkpoint is at `replay_after` and a reader finds `above`.
    pub fn judge(&mut self, replay_after: u64, above: &BTreeMap<u64, Vec<u64>>) {
        let log = self.log(replay_after, above);
        for (at, rows) in &log {
            self.stands("the final log", *at, rows);
        }
        let mut found: BTreeMap<u64, u64> = BTreeMap::new();
        for (&at, rows) in &log {
            for &id in rows {
                if let Some(before) = found.insert(id, at) {
                    self.breaks(
                        "appends are in the log at most once",
                        format!("{id} stands at {before} and {at}"),
                    );
                }
            }
        }
        self.judge_appends(&log, &found);
        self.judge_readers(&log, replay_after);
    }

    fn judge_appends(&mut self, log: &BTreeMap<u64, Vec<u64>>, found: &BTreeMap<u64, u64>) {
        let mut broken = Vec::new();
        let mut gone: BTreeSet<u64> = BTreeSet::new();
        let mut last: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
        for (&id, &(writer, told)) in &self.submitted {
            let place = found.get(&id);
            match (told, place) {
                (Told::Acked(at), place) if place != Some(&at) => {
                    let how = format!("{id} was acknowledged at {at} and stands at {place:?}");
                    broken.push(("acknowledged appends are in the log", how));
                }
                (Told::Refused, Some(at)) => {
                    broken.push((
                        "refused appends are not in the log",
                        format!("{id} was refused and stands at {at}"),
                    ));
                }
                (Told::Unknown, Some(_)) => self.tally.unknown_in += 1,
                (Told::Unknown, None) => self.tally.unknown_out += 1,
                _ => {}
            }
            match place {
                Some(&at) => {
                    let index =
                        log.get(&at).and_then(|rows| rows.iter().position(|row| *row == id)).unwrap_or(0);
                    if last.insert(writer, (at, index)).is_some_and(|before| before >= (at, index)) {
                        broken.push((
                            "each writer's appends are in order",
                            format!("{id} stands at {at}, before an earlier one"),
                        ));
                    }
                    if gone.contains(&writer) {
                        broken.push((
                            "of each writer there is a prefix",
                            format!("{id} is there and an earlier one is not"),
                        ));
                    }
                }
                None => drop(gone.insert(writer)),
            }
        }
        for (promise, how) in broken {
            self.breaks(promise, how);
        }
        for (at, id) in
            log.iter().flat_map(|(at, rows)| rows.iter().map(move |id| (*at, *id))).collect::<Vec<_>>()
        {
            if !self.submitted.contains_key(&id) {
                self.breaks("nothing is in the log that nobody appended", format!("{id} at {at}"));
            }
        }
    }

    fn judge_readers(&mut self, log: &BTreeMap<u64, Vec<u64>>, replay_after: u64) {
        let mut broken = Vec::new();
        for (who, from, to, seen) in &self.stretches {
            let there: BTreeSet<u64> =
                if from <= to { log.range(from..=to).map(|(&at, _)| at).collect() } else { BTreeSet::new() };
            if there != *seen {
                let (skipped, extra) = (there.difference(seen), seen.difference(&there));
                let (skipped, extra): (Vec<_>, Vec<_>) = (skipped.collect(), extra.collect());
                let how =
                    format!("{who} read {from} to {to}: skipped {skipped:?}, saw {extra:?} in addition");
                broken.push(("reads are stretches of the log", how));
            }
        }
        for (who, at, first) in &self.truncations {
            if *at > replay_after || *first > replay_after + 1 || first <= at {
                let how = format!("{who}: {at} gone, {first} first, and the checkpoint is at {replay_after}");
                broken.push(("only what is below the checkpoint is truncated", how));
            }
        }
        for (who, at) in &self.moved {
            if *at > replay_after {
                let how = format!("{who} was told {at}, and it is at {replay_after}");
                broken.push(("the checkpoint does not go back", how));
            }
        }
        for (promise, how) in broken {
            self.breaks(promise, how);
        }
    }
}
