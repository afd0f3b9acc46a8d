//! Which entries share a column.

use super::{Item, Shape};
use std::ops::Range;

/// One column of the strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its entries, by number; none of them where positions hold nothing.
    pub(super) items: Range<usize>,
    pub(super) bytes_mean: u64,
    pub(super) shape: Option<Shape>,
    pub(super) epoch: Option<u64>,
    /// How many of its entries would go.
    pub(super) goes: usize,
}

impl Column {
    fn gap(at: usize) -> Self {
        Self { items: at..at, bytes_mean: 0, shape: None, epoch: None, goes: 0 }
    }

    fn of(all: &[Item], range: Range<usize>) -> Self {
        let items = &all[range.clone()];
        let bytes: u64 = items.iter().map(|item| item.bytes).sum();
        // Rare things are never hidden by data; fillers are many, and only drawn where they are the most.
        let fillers = items.iter().filter(|item| item.shape == Shape::Filler).count();
        let rare = items.iter().map(|item| item.shape).filter(|shape| *shape > Shape::Filler).max();
        let common = if fillers * 2 > items.len() { Shape::Filler } else { Shape::Data };
        // A fence entry begins what the rest of the column belongs to.
        let epoch = items.iter().rev().find_map(|item| item.epoch);
        let goes = items.iter().filter(|item| item.goes).count();
        let bytes_mean = bytes / items.len().max(1) as u64;
        Self { items: range, bytes_mean, shape: Some(rare.unwrap_or(common)), epoch, goes }
    }
}

/// Columns for all entries, at most `room` of them, and how many entries share one at the most.
pub(super) fn columns(items: &[Item], room: usize) -> (Vec<Column>, u64) {
    let mut runs = runs(items);
    // So many gaps that they would take the room of what there is: they are not shown.
    if runs.len() > room / 3 {
        runs = std::iter::once(0..items.len()).collect();
    }
    let needs = |each: usize| runs.iter().map(|run| run.len().div_ceil(each)).sum::<usize>() + runs.len() - 1;
    // The columns become fewer as more entries share one.
    let (mut low, mut high) = (1, items.len().max(1));
    while low < high {
        let middle = low.midpoint(high);
        if needs(middle) <= room { high = middle } else { low = middle + 1 }
    }
    let mut columns = Vec::new();
    for (nth, run) in runs.iter().enumerate() {
        if nth > 0 {
            columns.push(Column::gap(run.start));
        }
        let starts = run.clone().step_by(low);
        columns.extend(starts.map(|start| Column::of(items, start..run.end.min(start + low))));
    }
    (columns, low as u64)
}

/// Entries that stand directly one after another.
fn runs(items: &[Item]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 1..=items.len() {
        if at == items.len() || items[at - 1].position.next() != items[at].position {
            runs.push(start..at);
            start = at;
        }
    }
    runs
}
