//! `inspect --html`: the data of the page that draws a log.
//!
//! The page shows what `inspect` found: positions along the axis, colour by epoch, fence entries, the replay
//! point, boundary and cursors, and what a collection now would take. Its data are columns, written as runs
//! of equal values, since most neighbours are alike: 100,000 entries of different sizes take about a
//! megabyte.

use fencepost::{CursorStatus, InspectedEntry, Inspection, Position, Wal, kind_name};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The data of the page.
pub(super) fn document(location: &str, wal: &Wal, found: &Inspection, cursors: &[CursorStatus]) -> Value {
    let manifest = &found.manifest;
    let first = found.entries.first().map_or(Position::FIRST, |entry| entry.position);
    let cursors: Vec<_> = cursors
        .iter()
        .map(|cursor| {
            let lag = found.tail.get().saturating_sub(cursor.position.get());
            json!({"name": cursor.name.to_string(), "position": cursor.position.get().to_string(), "lag": lag})
        })
        .collect();
    let columns = Columns::of(&found.entries);
    json!({
        "location": location,
        "shard": wal.shard().to_string(),
        "first": first.get().to_string(),
        "manifest": {
            "version": manifest.version.get(), "writer_epoch": manifest.writer_epoch.get(),
            "replay_after": manifest.replay_after.get().to_string(), "status": super::status(manifest.status),
        },
        "boundary": found.boundary.get().to_string(),
        "tail": found.tail.get().to_string(),
        "cursors": cursors,
        "kinds": KINDS.map(|(word, _)| word),
        "words": KINDS.iter().map(|(word, say)| ((*word).to_owned(), Value::from(*say))).collect::<serde_json::Map<_, _>>(),
        "states": columns.states.words(),
        "epochs": columns.epochs.words(),
        "reasons": columns.reasons,
        "problems": columns.problems,
        "entries": {
            "count": found.entries.len(), "step": columns.step, "kind": columns.kind, "epoch": columns.epoch, "bytes": columns.bytes,
            "rows": columns.rows, "state": columns.state, "reason": columns.reason,
        },
    })
}

/// Numbers, as runs: value, times, value, times, and so on.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Runs(Vec<i64>);

impl Runs {
    fn push(&mut self, value: u64) {
        self.push_signed(i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn push_signed(&mut self, value: i64) {
        match self.0.as_mut_slice() {
            [.., last, times] if *last == value => *times += 1,
            _ => self.0.extend([value, 1]),
        }
    }
}

/// Words that are told by their number, in the order in which they came.
#[derive(Debug)]
struct Words<T>(Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Words<T> {
    /// There are few: epochs at the most, and the newest is asked for most often.
    fn number(&mut self, word: T) -> u64 {
        let at = self.0.iter().rposition(|known| *known == word).unwrap_or_else(|| {
            self.0.push(word);
            self.0.len() - 1
        });
        at as u64
    }

    fn words(&self) -> &[T] {
        &self.0
    }
}

/// Why an entry stays, in a word and in a sentence; no word for one that would go.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Why {
    name: Option<&'static str>,
    sentence: String,
}

#[derive(Debug, Default)]
struct Columns {
    step: Runs,
    kind: Runs,
    epoch: Runs,
    bytes: Runs,
    rows: Runs,
    state: Runs,
    reason: Runs,
    states: Words<&'static str>,
    epochs: Words<u64>,
    reasons: Vec<Why>,
    /// What is wrong with an entry, by its number.
    problems: BTreeMap<usize, String>,
}

impl Columns {
    fn of(entries: &[InspectedEntry]) -> Self {
        let mut columns = Self::default();
        let mut reasons = Words::default();
        let mut before = entries.first().map_or(0, |entry| entry.position.get());
        for (nth, entry) in entries.iter().enumerate() {
            columns.step.push(entry.position.get() - before);
            before = entry.position.get();
            columns.bytes.push(entry.bytes);
            match &entry.content {
                Ok(content) => {
                    let word = kind_name(content.header.kind);
                    columns
                        .kind
                        .push(KINDS.iter().position(|(kind, _)| *kind == word).unwrap_or(UNREADABLE) as u64);
                    columns.epoch.push(columns.epochs.number(content.header.epoch.get()));
                    columns.rows.push(content.rows);
                }
                Err(problem) => {
                    columns.kind.push(UNREADABLE as u64);
                    columns.epoch.push_signed(-1);
                    columns.rows.push(0);
                    columns.problems.insert(nth, problem.clone());
                }
            }
            columns.state.push(columns.states.number(entry.state.name()));
            let reason = entry.kept_because.as_ref();
            columns.reason.push(reasons.number(Why {
                name: reason.map(fencepost::Reason::name),
                sentence: reason.map(ToString::to_string).unwrap_or_default(),
            }));
        }
        columns.reasons = reasons.0;
        columns
    }
}

/// The kinds of entries, and what a person calls them.
const KINDS: [(&str, &str); 6] = [
    ("data", "data"),
    ("fence", "fence entry"),
    ("filler", "filler"),
    ("close", "close entry"),
    ("tombstone", "given up by a repair"),
    ("?", "unreadable"),
];
const UNREADABLE: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind without a word would be drawn as something that cannot be read.
    #[test]
    fn every_kind_of_entry_has_a_word() {
        use fencepost::EntryKind as Kind;
        for kind in [Kind::Data, Kind::Fence, Kind::Filler, Kind::Close, Kind::Tombstone] {
            assert!(KINDS.iter().any(|(name, _)| *name == kind_name(kind)), "{kind:?}");
        }
        assert_eq!(KINDS[UNREADABLE].0, "?");
    }

    #[test]
    fn runs_of_equal_numbers_are_told_once() {
        let mut runs = Runs::default();
        for value in [1, 1, 1, 64, 1] {
            runs.push(value);
        }
        assert_eq!(runs, Runs(vec![1, 3, 64, 1, 1, 1]));
    }
}
