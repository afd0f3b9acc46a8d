//! `inspect --graph`: the log as a strip on the terminal.
//!
//! Each column stands for as many neighbouring entries as must share one. Positions that hold nothing share a
//! column too, however many they are.

mod columns;
mod style;

use crate::output::{counted, printable};
use columns::{Column, columns};
use fencepost::{CursorStatus, EntryKind, EntryState, InspectedEntry, Inspection, Position};
use indicatif::{HumanBytes, HumanCount};
use std::fmt::Write as _;
pub(super) use style::Style;

/// An entry, as far as it is drawn.
#[derive(Clone, Copy, Debug)]
struct Item {
    position: Position,
    bytes: u64,
    shape: Shape,
    /// Unknown of what cannot be read.
    epoch: Option<u64>,
    goes: bool,
}

/// What an entry looks like. Where several share a column, the greatest is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Data,
    Filler,
    Close,
    Fence,
    Stale,
    Tombstone,
    Unreadable,
}

impl Item {
    fn of(entry: &InspectedEntry) -> Self {
        let (shape, epoch) = match &entry.content {
            Err(_) => (Shape::Unreadable, None),
            Ok(content) => {
                let shape = match content.header.kind {
                    _ if entry.state == EntryState::Stale => Shape::Stale,
                    EntryKind::Data => Shape::Data,
                    EntryKind::Filler => Shape::Filler,
                    EntryKind::Close => Shape::Close,
                    EntryKind::Fence | EntryKind::CleanFence => Shape::Fence,
                    EntryKind::Tombstone => Shape::Tombstone,
                };
                (shape, Some(content.header.epoch.get()))
            }
        };
        let goes = entry.kept_because.is_none();
        Self { position: entry.position, bytes: entry.bytes, shape, epoch, goes }
    }
}

/// A place in the log that is pointed at.
#[derive(Debug)]
struct Mark {
    letter: char,
    at: Position,
    says: String,
}

/// The strip of these entries, with a legend.
pub(super) fn strip(
    entries: &[InspectedEntry],
    found: &Inspection,
    cursors: &[CursorStatus],
    style: Style,
) -> String {
    let items: Vec<Item> = entries.iter().map(Item::of).collect();
    draw(&items, &marks(found, cursors), style)
}

fn marks(found: &Inspection, cursors: &[CursorStatus]) -> Vec<Mark> {
    let mark = |letter, at: Position, says: &str| Mark { letter, at, says: format!("{says} {at}") };
    let mut marks = vec![
        mark('C', found.manifest.replay_after, "checkpoint"),
        mark('T', found.tail, "tail"),
        mark('B', found.boundary, "boundary"),
    ];
    // The slowest hold the most.
    let mut slowest: Vec<&CursorStatus> = cursors.iter().collect();
    slowest.sort_by_key(|cursor| cursor.position);
    for (letter, cursor) in ('1'..='9').zip(&slowest) {
        let CursorStatus { name, position, .. } = cursor;
        let lag = HumanCount(position.distance_to(found.tail));
        let says = format!("cursor {} at {position}, {lag} behind the tail", printable(name.as_str()));
        marks.push(Mark { letter, at: *position, says });
    }
    if slowest.len() > 9 {
        let says = format!("{} more cursors are higher", HumanCount(slowest.len() as u64 - 9));
        marks.push(Mark { letter: '+', at: slowest[9].position, says });
    }
    marks
}

fn draw(items: &[Item], marks: &[Mark], style: Style) -> String {
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return "no entries\n".to_owned();
    };
    let room = style.width.saturating_sub(LABEL).max(10);
    let (columns, each) = columns(items, room);
    let mut text = String::new();
    let mut line = |label: &str, cells: &str| {
        let _ = writeln!(text, "{}", format!("{label:<LABEL$}{cells}").trim_end());
    };
    line("position", &ends(first.position, last.position, columns.len()));
    line("epoch", &epochs(&columns));
    let sizes = || items.iter().map(|item| item.bytes);
    let (smallest, largest) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
    line("size", &style.cells(&columns, |column| style.size(column, smallest, largest)));
    line("kind", &style.cells(&columns, |column| style.kind(column)));
    line("gc", &columns.iter().map(|column| style.fate(column)).collect::<String>());
    line("", &pointers(&columns, marks, items));
    text.push('\n');
    text.push_str(&legend(items, &columns, marks, each, style));
    text
}

/// The first and the last position, at the ends of their line.
fn ends(first: Position, last: Position, width: usize) -> String {
    let (first, last) = (first.to_string(), last.to_string());
    let blanks = width.saturating_sub(first.len() + last.len()).max(2);
    if first == last { first } else { format!("{first}{}{last}", " ".repeat(blanks)) }
}

/// The number of each epoch where it begins, if there is room.
fn epochs(columns: &[Column]) -> String {
    let (mut line, mut known) = (String::new(), None);
    for (nth, column) in columns.iter().enumerate() {
        let Some(epoch) = column.epoch.filter(|epoch| known != Some(*epoch)) else { continue };
        known = Some(epoch);
        // No two numbers touch.
        if line.is_empty() || line.len() < nth {
            line.push_str(&" ".repeat(nth - line.len()));
            line.push_str(&epoch.to_string());
        }
    }
    line
}

/// A letter below the column of each place. Of those that share one, the first is drawn.
fn pointers(columns: &[Column], marks: &[Mark], items: &[Item]) -> String {
    let mut line = vec![' '; columns.len()];
    for mark in marks.iter().rev() {
        let below = items.partition_point(|item| item.position <= mark.at);
        // What is below everything that is drawn has no column.
        let Some(last) = below.checked_sub(1) else { continue };
        let column = columns.iter().position(|column| column.items.contains(&last));
        if let Some(cell) = column.and_then(|nth| line.get_mut(nth)) {
            *cell = mark.letter;
        }
    }
    line.into_iter().collect()
}

fn legend(items: &[Item], columns: &[Column], marks: &[Mark], each: u64, style: Style) -> String {
    let bytes = items.iter().map(|item| item.bytes).sum();
    let goes = items.iter().filter(|item| item.goes).count() as u64;
    let mut sums = vec![
        format!("{} with {}", counted(items.len() as u64, "entry"), HumanBytes(bytes)),
        format!("a collection now would delete {}", HumanCount(goes)),
    ];
    if each > 1 {
        sums.push(format!("a column: {} entries, mean size", HumanCount(each)));
    }
    let mut text = wrapped(&sums, style.width);
    let mut parts: Vec<String> = style.kinds(columns);
    parts.extend(style.fates());
    parts.extend(marks.iter().map(|mark| format!("{} {}", mark.letter, mark.says)));
    text.push_str(&wrapped(&parts, style.width));
    text
}

/// Parts side by side, as many as fit a line.
fn wrapped(parts: &[String], width: usize) -> String {
    let (mut text, mut used) = (String::new(), 0);
    for part in parts {
        let wide = console::measure_text_width(part);
        let joins = used > 0 && used + 3 + wide <= width;
        if used > 0 {
            text.push_str(if joins { "   " } else { "\n" });
        }
        used = if joins { used + 3 + wide } else { wide };
        text.push_str(part);
    }
    text.push('\n');
    text
}

const LABEL: usize = 10;

#[cfg(test)]
mod tests;
