//! What is counted, measured and told of a log: every metric is recorded here, and every event that somebody may
//! want to be woken by is told here. The rest of the crate calls one function for each thing that happens.
//!
//! Nothing here decides anything.

mod meter;
mod writer;

pub(crate) use meter::Stopwatch;
pub(crate) use writer::{Parked, WriterMeter};

use crate::metrics as m;
use crate::{AppendError, CheckpointError, CollectError, Collected, OpenWriterError, Overview, ReadError};
use fencepost_fence::{GaveUp, Opened, Stop};
use fencepost_format::{CursorName, Epoch, Position, ShardId, Version};
use fencepost_gc::{Deleted, LeashOutcome, Mode};
use meter::{counter, histogram, shard_gauge};
use std::time::{SystemTime, UNIX_EPOCH};

/// The target of the events that are told once for each thing that went wrong or changed hands. Each has a field
/// `event` and one `shard`; the book lists them.
pub const EVENTS: &str = "fencepost::events";

/// An epoch was claimed.
pub(crate) fn claimed(shard: ShardId, epoch: Epoch, version: Version, replay_after: Position) {
    counter(&m::CLAIMS, &[]).increment(1);
    tracing::info!(target: EVENTS, event = "claimed", %shard, %epoch, %version, %replay_after, "claimed");
}

/// A data entry was replayed by an opening.
pub(crate) fn recovered() {
    counter(&m::RECOVERED_ENTRIES, &[]).increment(1);
}

/// A writer is ready.
pub(crate) fn opened(shard: ShardId, opened: &Opened, since_claim: Stopwatch) {
    counter(&m::OPENS, &[("outcome", "opened")]).increment(1);
    let after = if opened.clean_fence { "close" } else { "crash" };
    counter(&m::TAKEOVERS, &[("after", after)]).increment(1);
    since_claim.record(&histogram(&m::OPEN_SECONDS, &[]));
    let Opened { epoch, fence, .. } = opened;
    tracing::info!(target: EVENTS, event = "opened", %shard, %epoch, %fence, after, "open");
}

/// No writer was opened.
pub(crate) fn not_opened(shard: ShardId, why: &OpenWriterError) {
    let kind = why.kind().name();
    counter(&m::OPENS, &[("outcome", kind)]).increment(1);
    match why {
        OpenWriterError::Fenced { by } => {
            tracing::warn!(target: EVENTS, event = "fenced", %shard, %by, "fenced while it was opened");
        }
        OpenWriterError::GaveUp { why: GaveUp::LostEntry { at, .. }, .. } => gap(shard, *at, None),
        _ => tracing::warn!(target: EVENTS, event = "refused", %shard, kind, %why, "no writer was opened"),
    }
}

/// A writer stopped by itself, with so many entries on their way.
pub(crate) fn stopped(shard: ShardId, epoch: Epoch, stop: Stop, why: &AppendError, entries: usize) {
    let reason = match stop {
        Stop::Fenced { .. } => "fenced",
        Stop::Obstructed { .. } => "obstructed",
        Stop::Unknown { .. } => "unknown",
        Stop::RolledBack { .. } => "rolled_back",
        Stop::NotDone { .. } => "not_done",
    };
    counter(&m::WRITER_STOPS, &[("reason", reason)]).increment(1);
    counter(&m::APPEND_FAILURES, &[("reason", reason)]).increment(entries as u64);
    let at = stop.at();
    if let Stop::Fenced { by, .. } = stop {
        tracing::warn!(target: EVENTS, event = "fenced", %shard, %epoch, %by, %at, entries, "the writer stopped: {why}");
    } else {
        tracing::warn!(target: EVENTS, event = "poisoned", %shard, %epoch, reason, %at, entries, "the writer stopped: {why}");
    }
}

/// A checkpoint that was asked for ended.
pub(crate) fn checkpointed(epoch: Epoch, begun: Stopwatch, result: &Result<Position, CheckpointError>) {
    let outcome = result.as_ref().map_or_else(|error| error.kind().name(), |_| "done");
    counter(&m::CHECKPOINTS, &[("outcome", outcome)]).increment(1);
    begun.record(&histogram(&m::CHECKPOINT_SECONDS, &[]));
    if let Err(why) = result {
        tracing::warn!(target: EVENTS, event = "refused", %epoch, kind = outcome, %why, "no checkpoint");
    }
}

/// The lease was written, or was not.
pub(crate) fn lease_written(done: bool) {
    counter(&m::LEASE_RENEWALS, &[("outcome", if done { "done" } else { "failed" })]).increment(1);
}

/// Somebody passed an entry that a repair gave up.
pub(crate) fn given_up(shard: ShardId, by: &'static str, position: Position) {
    counter(&m::GIVEN_UP, &[("by", by)]).increment(1);
    tracing::warn!(target: EVENTS, event = "given_up", %shard, by, %position, "passed an entry that was given up");
}

/// A reader handed out an entry.
pub(crate) fn read() {
    counter(&m::READER_ENTRIES, &[]).increment(1);
}

/// A reader that follows the log looked for more.
pub(crate) fn polled(found: &'static str) {
    counter(&m::READER_POLLS, &[("found", found)]).increment(1);
}

/// A reader failed, for the first time. `hold` is the cursor that should have kept what it reads.
pub(crate) fn read_failed(shard: ShardId, hold: Option<&CursorName>, why: &ReadError) {
    let kind = why.kind().name();
    counter(&m::READER_ERRORS, &[("kind", kind)]).increment(1);
    match (why, hold) {
        (ReadError::Truncated { at, first }, Some(cursor)) => {
            tracing::warn!(target: EVENTS, event = "hold_lost", %shard, %cursor, %at, %first, "what the cursor held is gone");
        }
        (ReadError::CursorBroken { position, first, .. }, Some(cursor)) => {
            tracing::warn!(target: EVENTS, event = "hold_lost", %shard, %cursor, at = %position, %first, "the cursor was broken, and what it held is gone");
        }
        (ReadError::GaveUp { why: GaveUp::LostEntry { at, .. }, .. }, _) => gap(shard, *at, None),
        _ => tracing::info!(target: EVENTS, event = "read_failed", %shard, kind, %why, "a reader failed"),
    }
}

/// A cursor was to be moved.
pub(crate) fn cursor_moved(shard: ShardId, cursor: &CursorName, result: Result<(), &ReadError>) {
    let outcome = if result.is_ok() { "done" } else { "failed" };
    counter(&m::CURSOR_MOVES, &[("outcome", outcome)]).increment(1);
    if let Err(why) = result {
        tracing::warn!(target: EVENTS, event = "cursor_unmoved", %shard, %cursor, %why, "the cursor may hold at its old place");
    }
}

/// A collection ended, in whatever way.
pub(crate) fn collection_ended(
    shard: ShardId,
    mode: Mode,
    begun: Stopwatch,
    result: &Result<Collected, CollectError>,
) {
    let mode = match mode {
        Mode::PlanOnly => "plan",
        Mode::Delete => "run",
    };
    let outcome = result.as_ref().map_or_else(|error| error.kind().name(), |_| "done");
    counter(&m::GC_RUNS, &[("mode", mode), ("outcome", outcome)]).increment(1);
    begun.record(&histogram(&m::GC_SECONDS, &[("mode", mode)]));
    if let Err(why) = result {
        tracing::warn!(target: EVENTS, event = "not_collected", %shard, mode, kind = outcome, %why, "no collection");
    }
}

/// What a collection found above a checkpoint at `replay_after`, and did.
pub(crate) fn collected(shard: ShardId, mode: Mode, replay_after: Position, collected: &Collected) {
    let Collected { report, losses, .. } = collected;
    let of_shard = |metric, value: u64| shard_gauge(metric, shard).set(value as f64);
    of_shard(&m::GC_BOUNDARY, report.boundary.get());
    of_shard(&m::GC_HELD_BACK, report.bound.distance_to(replay_after));
    of_shard(&m::GC_KEPT, report.kept.values().sum());
    let silent: Vec<_> = collected.plan.claims.unsettled().map(|claim| claim.silent_for.as_secs()).collect();
    of_shard(&m::GC_CLAIMS, silent.len() as u64);
    of_shard(&m::GC_CLAIM_AGE, silent.into_iter().max().unwrap_or(0));
    of_shard(&m::LOST, losses.lost.len() as u64);
    of_shard(&m::FENCED_OFF, report.fenced_off.len() as u64);
    let count = |of| report.over_leash.iter().filter(|(_, outcome)| *outcome == of).count() as u64;
    of_shard(&m::GC_OVER_LEASH, count(LeashOutcome::Warned) + count(LeashOutcome::NotMarked));
    for (over, outcome) in &report.over_leash {
        let (cursor, position, why) = (&over.name, over.position, over.exceeded);
        let outcome = match (mode, outcome) {
            (Mode::Delete, LeashOutcome::Broken) => "broken",
            (Mode::PlanOnly, LeashOutcome::Broken) => "to_be_broken",
            (_, LeashOutcome::Warned) => "warned",
            (_, LeashOutcome::NotMarked) => "not_marked",
        };
        tracing::warn!(target: EVENTS, event = "over_leash", %shard, %cursor, %position, outcome, "a cursor is over its leash: {why}");
    }
    for lost in &losses.lost {
        gap(shard, lost.first, Some(lost.last));
    }
    for off in &report.fenced_off {
        tracing::warn!(target: EVENTS, event = "fenced_off", %shard, at = %off.at, by = %off.by, proof = %off.proof, "acknowledged entries were fenced off by a loss");
    }
    if mode == Mode::PlanOnly {
        return;
    }
    if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
        shard_gauge(&m::GC_SUCCESS, shard).set(now.as_secs_f64());
    }
    counter(&m::GC_FAILED, &[]).increment(report.failed.len() as u64);
    counter(&m::GC_STALE, &[]).increment(report.stale_entries);
    counter(&m::CURSORS_BROKEN, &[]).increment(count(LeashOutcome::Broken));
    let deleted = &report.deleted;
    for (class, objects) in classes(deleted) {
        counter(&m::GC_DELETED, &[("class", class)]).increment(objects);
    }
    counter(&m::GC_DELETED_BYTES, &[]).increment(deleted.entry_bytes.saturating_add(deleted.sstable_bytes));
    let (objects, failed, bound, boundary) =
        (deleted.objects(), report.failed.len(), report.bound, report.boundary);
    tracing::info!(target: EVENTS, event = "collected", %shard, deleted = objects, failed, %bound, %boundary, "collected");
}

fn classes(deleted: &Deleted) -> [(&'static str, u64); 8] {
    [
        ("entry", deleted.entries),
        ("manifest", deleted.manifests),
        ("boundary", deleted.boundaries),
        ("lease", deleted.leases),
        ("opening", deleted.openings),
        ("receipt", deleted.receipts),
        ("reclaim", deleted.reclaims),
        ("sstable", deleted.sstable_objects),
    ]
}

/// Somebody looked at how a log stands.
pub(crate) fn looked(shard: ShardId, found: &Overview) {
    let set = |metric, value: u64| shard_gauge(metric, shard).set(value as f64);
    set(&m::LOG_TAIL, found.tail.get());
    set(&m::LOG_CHECKPOINT, found.manifest.replay_after.get());
    set(&m::GC_BOUNDARY, found.boundary.get());
    set(&m::LOG_ENTRIES, found.entries.objects);
    set(&m::LOG_BYTES, found.entries.bytes);
    set(&m::LOG_UNCOVERED_ENTRIES, found.uncovered.objects);
    set(&m::LOG_UNCOVERED_BYTES, found.uncovered.bytes);
    let holding = || found.cursors.iter().filter(|cursor| !cursor.broken);
    set(&m::LOG_CURSORS, holding().count() as u64);
    let lags = holding().map(|cursor| cursor.position.distance_to(found.tail));
    set(&m::LOG_CURSOR_LAG, lags.max().unwrap_or(0));
    let pending = found.pending.as_ref();
    set(&m::LOG_SSTABLES, pending.map_or(0, |pending| pending.named));
    set(&m::LOG_PENDING, pending.map_or(0, |pending| pending.generations));
    set(&m::LOG_PENDING_BYTES, pending.map_or(0, |pending| pending.bytes));
    let oldest = pending.and_then(|pending| pending.oldest);
    let age = oldest.and_then(|oldest| SystemTime::now().duration_since(oldest).ok());
    set(&m::LOG_PENDING_AGE, age.unwrap_or_default().as_secs());
}

/// Acknowledged entries are missing.
fn gap(shard: ShardId, first: Position, last: Option<Position>) {
    let last = last.unwrap_or(first);
    tracing::error!(target: EVENTS, event = "gap", %shard, %first, %last, "acknowledged entries are lost");
}
