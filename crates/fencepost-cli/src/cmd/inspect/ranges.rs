//! Entries as lines: neighbours that are alike share one.

use super::written_by;
use fencepost::{EntryKind, EntryState, InspectedEntry, Position, Reason, kind_name};
use indicatif::{HumanBytes, HumanCount};
use std::fmt::Write as _;

/// Entries that stand one after another and are alike.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    first: Position,
    last: Position,
    like: Likeness,
    rows: u64,
    bytes: u64,
    /// Whether it is the fence entry of a writer whose predecessor had closed.
    clean_fence: bool,
}

/// What entries of one line have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Likeness {
    kind: &'static str,
    epoch: String,
    by: &'static str,
    state: &'static str,
    kept: &'static str,
}

impl Range {
    fn of(entry: &InspectedEntry) -> Self {
        let (kind, epoch, rows) = match &entry.content {
            Ok(content) => (kind_name(content.header.kind), content.header.epoch.to_string(), content.rows),
            Err(_) => ("?", String::new(), 0),
        };
        let kept = match (&entry.kept_because, entry.state) {
            (None, _) => "would go",
            // Whatever is live is kept for being it.
            (Some(_), EntryState::Live) => "",
            (Some(reason), _) => Reason::name(reason),
        };
        let like = Likeness { kind, epoch, by: written_by(entry), state: entry.state.name(), kept };
        let kind = entry.content.as_ref().map(|content| content.header.kind);
        let clean_fence = kind == Ok(EntryKind::CleanFence);
        Self { first: entry.position, last: entry.position, like, rows, bytes: entry.bytes, clean_fence }
    }

    /// Takes the other in, if it stands directly behind and is alike.
    fn absorb(&mut self, other: &Self) -> bool {
        let joins = self.last.next() == other.first && self.like == other.like;
        if joins {
            self.last = other.last;
            self.rows += other.rows;
            self.bytes += other.bytes;
        }
        joins
    }

    /// A writer that opened and closed without a row in between, as `checkpoint` does.
    fn visit(&self, close: &Self) -> Option<Self> {
        let is_visit = self.clean_fence
            && self.first == self.last
            && close.first == close.last
            && self.last.next() == close.first
            && close.like == Likeness { kind: "close", ..self.like.clone() };
        is_visit.then(|| Self {
            last: close.last,
            like: Likeness { kind: VISIT, ..self.like.clone() },
            bytes: self.bytes + close.bytes,
            ..*self
        })
    }

    /// Takes another visit in, of a later epoch.
    fn absorb_visit(&mut self, other: &Self) -> bool {
        let epoch = self.like.epoch.clone();
        let joins = self.like.kind == VISIT
            && self.last.next() == other.first
            && self.like == Likeness { epoch: epoch.clone(), ..other.like.clone() };
        if joins {
            let first = epoch.split("..").next().unwrap_or_default();
            self.like.epoch = format!("{first}..{}", other.like.epoch);
            self.last = other.last;
            self.bytes += other.bytes;
        }
        joins
    }

    fn cells(&self) -> [String; 9] {
        let entries = self.last.get() - self.first.get() + 1;
        let Likeness { kind, epoch, by, state, kept } = &self.like;
        let positions =
            if entries == 1 { self.first.to_string() } else { format!("{}..{}", self.first, self.last) };
        [
            positions,
            (*kind).to_owned(),
            epoch.clone(),
            HumanCount(entries).to_string(),
            HumanCount(self.rows).to_string(),
            HumanBytes(self.bytes).to_string(),
            (*by).to_owned(),
            (*state).to_owned(),
            (*kept).to_owned(),
        ]
    }
}

/// A line for each run of entries that are alike, or for each entry.
pub(super) fn lines(entries: &[InspectedEntry], each: bool) -> String {
    let mut ranges: Vec<Range> = Vec::new();
    for range in entries.iter().map(Range::of) {
        let joined = !each && ranges.last_mut().is_some_and(|last| last.absorb(&range));
        if !joined {
            ranges.push(range);
        }
    }
    table(&if each { ranges } else { fold_visits(&ranges) })
}

fn fold_visits(ranges: &[Range]) -> Vec<Range> {
    let mut folded: Vec<Range> = Vec::new();
    let mut rest = ranges;
    while let [first, others @ ..] = rest {
        let visit = others.first().and_then(|close| first.visit(close));
        rest = if visit.is_some() { &others[1..] } else { others };
        match visit {
            Some(visit) if folded.last_mut().is_some_and(|last| last.absorb_visit(&visit)) => {}
            Some(visit) => folded.push(visit),
            None => folded.push(Range { like: first.like.clone(), ..*first }),
        }
    }
    folded
}

fn table(ranges: &[Range]) -> String {
    let mut widths = HEADER.map(str::len);
    for range in ranges {
        for (width, cell) in widths.iter_mut().zip(range.cells()) {
            *width = (*width).max(cell.len());
        }
    }
    let mut text = String::new();
    let header = HEADER.map(ToOwned::to_owned);
    for cells in std::iter::once(header).chain(ranges.iter().map(Range::cells)) {
        let mut line = String::new();
        for ((cell, width), is_number) in cells.iter().zip(widths).zip(IS_NUMBER) {
            let _ =
                if is_number { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writers that opened and closed, and did nothing.
const VISIT: &str = "fence, close";
const HEADER: [&str; 9] =
    ["position", "kind", "epoch", "entries", "rows", "bytes", "by", "state", "a collection now"];
const IS_NUMBER: [bool; 9] = [false, false, true, true, true, true, false, false, false];
