//! `ls --html`: the data of the page that draws many shards. A list of cells for each, to be short.

use super::super::status::attention::attention;
use super::super::status::lag;
use super::holder;
use crate::args::{Ls, Status};
use crate::place::Member;
use fencepost::{CursorStatus, Overview, ReadError, with_sources};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The data of the page.
pub(super) fn document(
    args: &Ls,
    looked: &[(&Member, Result<Overview, ReadError>)],
    now: SystemTime,
) -> Value {
    // Only what needs attention by itself: nobody gave a limit.
    let limits = Status {
        place: args.place.clone(),
        warn_entries: None,
        warn_bytes: None,
        warn_age: None,
        warn_lag: None,
        warn_pending: None,
        warn_pending_bytes: None,
        warn_pending_age: None,
    };
    let shards: Vec<Value> =
        looked.iter().map(|(member, found)| cells(&limits, member, found, now)).collect();
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    json!({"location": args.place.log, "now": seconds, "columns": COLUMNS, "shards": shards})
}

fn cells(limits: &Status, member: &Member, found: &Result<Overview, ReadError>, now: SystemTime) -> Value {
    let shard = match member.log.as_str() {
        "" => member.wal.shard().to_string(),
        log => format!("{log}/{}", member.wal.shard()),
    };
    let overview = match found {
        Ok(overview) => overview,
        Err(error) => {
            let message = with_sources(error);
            return json!([shard, null, null, null, null, null, null, null, null, null, "", message]);
        }
    };
    let Overview { manifest, uncovered, entries, cursors, collected, .. } = overview;
    let slowest = cursors.iter().filter(|cursor| !cursor.broken).max_by_key(|cursor| lag(cursor, overview));
    let since = |then: Option<SystemTime>| {
        let then = then?;
        Some(now.duration_since(then).unwrap_or_default().as_secs())
    };
    let needs: Vec<String> = attention(limits, overview, now).iter().map(ToString::to_string).collect();
    json!([
        shard,
        manifest.writer_epoch.get(),
        uncovered.objects,
        uncovered.bytes,
        since(uncovered.oldest),
        slowest.map(|cursor| lag(cursor, overview)),
        slowest.map(|CursorStatus { name, .. }| name.as_str()),
        entries.objects,
        entries.bytes,
        since(*collected),
        holder(overview, now),
        needs.join("; "),
    ])
}

const COLUMNS: [&str; 12] = [
    "shard",
    "epoch",
    "above",
    "above_bytes",
    "age",
    "lag",
    "slowest",
    "entries",
    "bytes",
    "collected",
    "writer",
    "attention",
];
