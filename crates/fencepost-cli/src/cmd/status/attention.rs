//! What somebody should look at.

use super::{ago, lag};
use crate::args::Status;
use crate::output::{counted, is_or_are};
use fencepost::{OnExceed, Overview, Pending};
use indicatif::HumanBytes;
use serde_json::{Value, json};
use std::fmt;
use std::time::{Duration, SystemTime};

/// One thing that needs looking after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Attention {
    /// A stable word for programs.
    kind: &'static str,
    said: String,
}

impl Attention {
    fn new(kind: &'static str, said: impl Into<String>) -> Self {
        Self { kind, said: said.into() }
    }

    pub(super) fn document(&self) -> Value {
        json!({"kind": self.kind, "message": self.said})
    }
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

/// Everything that needs attention, by the thresholds of `args` and by itself.
pub(in super::super) fn attention(args: &Status, overview: &Overview, now: SystemTime) -> Vec<Attention> {
    let mut found = Vec::new();
    let uncovered = &overview.uncovered;
    if args.warn_entries.is_some_and(|limit| uncovered.objects > limit) {
        let said = format!(
            "{} {} above the checkpoint: checkpoint what is safe elsewhere",
            counted(uncovered.objects, "entry"),
            is_or_are(uncovered.objects)
        );
        found.push(Attention::new("entries", said));
    }
    if args.warn_bytes.is_some_and(|limit| uncovered.bytes > limit) {
        let said = format!(
            "{} are above the checkpoint: checkpoint what is safe elsewhere",
            HumanBytes(uncovered.bytes)
        );
        found.push(Attention::new("bytes", said));
    }
    if let (Some(limit), Some(oldest)) = (args.warn_age, uncovered.oldest)
        && age(now, oldest) > limit
    {
        let said = format!("the oldest entry above the checkpoint was written {}", ago(now, oldest));
        found.push(Attention::new("age", said));
    }
    for (cursor, held) in overview.cursors.iter().zip(&overview.held_by_cursors) {
        let name = &cursor.name;
        if cursor.broken {
            let said = format!(
                "cursor {name} was broken at {}, since it was over its leash: its consumer is told when it comes back; \
                 make it anew with `cursor create`, or drop it",
                cursor.position
            );
            found.push(Attention::new("cursor_broken", said));
            continue;
        }
        if let Some(exceeded) = cursor.exceeded(held, now) {
            let then = match cursor.leash.map(|leash| leash.on_exceed()) {
                Some(OnExceed::Break) => "the next collection breaks it",
                _ => "it goes on holding",
            };
            found.push(Attention::new("cursor_over_leash", format!("cursor {name}: {exceeded}; {then}")));
        }
        if cursor.half_made {
            let said = format!(
                "cursor {name} was never finished, and holds the log: open it again, or drop it with `cursor drop`"
            );
            found.push(Attention::new("cursor_half_made", said));
        }
        if cursor.position < overview.boundary {
            let said = format!(
                "cursor {name} is at {}, but entries up to {} may be gone: its consumer learns this when it continues",
                cursor.position, overview.boundary
            );
            found.push(Attention::new("cursor_overtaken", said));
        }
        if args.warn_lag.is_some_and(|limit| lag(cursor, overview) > limit) {
            let said =
                format!("cursor {name} is {} behind the tail", counted(lag(cursor, overview), "position"));
            found.push(Attention::new("cursor_lag", said));
        }
    }
    if let Some(pending) = &overview.pending {
        found.extend(waiting(args, pending, now));
    }
    found.extend(gap(overview, now));
    found
}

/// SSTables that nobody compacts.
fn waiting(args: &Status, pending: &Pending, now: SystemTime) -> Vec<Attention> {
    let mut found = Vec::new();
    let generations = pending.generations;
    if args.warn_pending.is_some_and(|limit| generations > limit) {
        let said = format!(
            "{generations} SSTables wait to be compacted, and each query reads them: see to the compactor"
        );
        found.push(Attention::new("pending", said));
    }
    if args.warn_pending_bytes.is_some_and(|limit| pending.bytes > limit) {
        let said =
            format!("the SSTables that wait to be compacted take {} in memory", HumanBytes(pending.bytes));
        found.push(Attention::new("pending_bytes", said));
    }
    if let (Some(limit), Some(oldest)) = (args.warn_pending_age, pending.oldest)
        && age(now, oldest) > limit
    {
        let said = format!("the oldest SSTable that waits to be compacted was written {}", ago(now, oldest));
        found.push(Attention::new("pending_age", said));
    }
    found
}

/// An entry above a position that is missing. While a writer is alive, appends are on their way.
fn gap(overview: &Overview, now: SystemTime) -> Option<Attention> {
    let missing = overview.tail.next();
    if overview.highest <= missing || is_alive(overview, now) {
        return None;
    }
    let said = format!(
        "position {missing} is missing below an entry at {}, and no live writer can still append there: run `verify`",
        overview.highest
    );
    Some(Attention::new("gap", said))
}

/// Whether the lease was renewed within twice its time to live.
fn is_alive(overview: &Overview, now: SystemTime) -> bool {
    overview.lease.as_ref().is_some_and(|status| {
        let ttl = Duration::from_millis(status.lease.ttl_ms);
        !status.lease.released && age(now, status.renewed) <= ttl.saturating_mul(2)
    })
}

fn age(now: SystemTime, then: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}
