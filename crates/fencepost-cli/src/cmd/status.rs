//! `status`: one screen on how a log stands, and whether somebody has to look after it.

pub(super) mod attention;

use crate::args::Status;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use attention::attention;
use fencepost::{Amount, CursorStatus, Overview, Pending, Wal};
use humantime::format_duration;
use indicatif::{HumanBytes, HumanCount};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) async fn run(args: Status, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let overview = wal.overview().await?;
    let now = SystemTime::now();
    let needed = attention(&args, &overview, now);
    if json {
        let mut document = document(&wal, &overview);
        document["attention"] = needed.iter().map(attention::Attention::document).collect();
        output::json(&document)?;
    } else {
        let mut text = text(&wal, &overview, now);
        needed.iter().for_each(|need| text.push_str(&format!("attention   {need}\n")));
        output::line(printable(&text).trim_end())?;
    }
    if needed.is_empty() { Ok(()) } else { Err(Failure::said(Exit::Attention)) }
}

/// What programs are told of a shard.
pub(super) fn document(wal: &Wal, overview: &Overview) -> Value {
    let Overview { manifest, tail, highest, boundary, collected, cursors, lease, .. } = overview;
    let lease = lease.as_ref().map(|status| {
        json!({
            "epoch": status.lease.epoch.get(), "holder": status.lease.holder, "ttl_ms": status.lease.ttl_ms,
            "released": status.lease.released, "renewed": seconds(Some(status.renewed)),
        })
    });
    let cursors: Vec<_> = cursors
        .iter()
        .zip(&overview.held_by_cursors)
        .map(|(cursor, held)| {
            json!({
                "name": cursor.name.as_str(), "position": cursor.position.get(), "lag": lag(cursor, overview),
                "half_made": cursor.half_made, "broken": cursor.broken, "held": amount(held),
            })
        })
        .collect();
    json!({
        "shard": wal.shard().to_string(),
        "writer_epoch": manifest.writer_epoch.get(),
        "manifest_version": manifest.version.get(),
        "checkpoint": manifest.replay_after.get(),
        "tail": tail.get(),
        "highest": highest.get(),
        "boundary": boundary.get(),
        "collected": seconds(*collected),
        "entries": amount(&overview.entries),
        "above_checkpoint": amount(&overview.uncovered),
        "cursors": cursors,
        "lease": lease,
        "pending": overview.pending.as_ref().map(pending),
    })
}

fn pending(pending: &Pending) -> Value {
    json!({
        "sstables": pending.named, "generations": pending.generations, "rows": pending.rows,
        "bytes": pending.bytes, "oldest": seconds(pending.oldest),
        "compacted": pending.compacted.map(|compacted| compacted.0),
        "problem": pending.table_unread.as_ref().map(ToString::to_string),
    })
}

fn amount(amount: &Amount) -> Value {
    json!({"objects": amount.objects, "bytes": amount.bytes, "oldest": seconds(amount.oldest)})
}

/// Seconds since 1970, as monitors count.
fn seconds(time: Option<SystemTime>) -> Option<u64> {
    Some(time?.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// How many positions the consumer has not passed yet.
pub(super) fn lag(cursor: &CursorStatus, overview: &Overview) -> u64 {
    cursor.position.distance_to(overview.tail)
}

fn text(wal: &Wal, overview: &Overview, now: SystemTime) -> String {
    let Overview { manifest, tail, boundary, collected, cursors, entries, uncovered, .. } = overview;
    let oldest =
        uncovered.oldest.map_or_else(String::new, |oldest| format!(", the oldest {}", ago(now, oldest)));
    let last = collected.map_or_else(|| "never".to_owned(), |at| ago(now, at));
    let mut text = format!(
        "shard       {}\nwriter      epoch {}, {}\ntail        {tail}\n\
         checkpoint  {}; above it {} with {}{oldest}\n\
         collected   up to {boundary}, {last}\n\
         entries     {} with {}\n",
        wal.shard(),
        manifest.writer_epoch,
        writer(overview, now),
        manifest.replay_after,
        counted(uncovered.objects, "entry"),
        HumanBytes(uncovered.bytes),
        HumanCount(entries.objects),
        HumanBytes(entries.bytes),
    );
    if let Some(pending) = &overview.pending {
        let oldest =
            pending.oldest.map_or_else(String::new, |oldest| format!(", the oldest {}", ago(now, oldest)));
        text.push_str(&format!(
            "sstables    {} of {} wait to be compacted, with {} in memory{oldest}\n",
            pending.generations,
            pending.named,
            HumanBytes(pending.bytes),
        ));
        if let Some(problem) = &pending.table_unread {
            text.push_str(&format!("            perhaps fewer: {problem}\n"));
        }
    }
    for (cursor, held) in cursors.iter().zip(&overview.held_by_cursors) {
        let CursorStatus { name, position, broken, .. } = cursor;
        let state = if *broken { ", broken" } else { "" };
        text.push_str(&format!(
            "cursor      {name} at {position}, {} behind the tail{}{state}\n",
            lag(cursor, overview),
            held_by(held, now),
        ));
    }
    text
}

fn held_by(held: &Amount, now: SystemTime) -> String {
    let Some(oldest) = held.oldest else { return String::new() };
    let (entries, bytes) = (counted(held.objects, "entry"), HumanBytes(held.bytes));
    format!(", holds {entries} with {bytes}, the oldest {}", ago(now, oldest))
}

fn writer(overview: &Overview, now: SystemTime) -> String {
    let Some(status) = &overview.lease else {
        return "which shows no lease, so it is not known whether it is alive".to_owned();
    };
    let (holder, since) = (&status.lease.holder, ago(now, status.renewed));
    if status.lease.released {
        format!("closed {since} by {holder}; nobody writes")
    } else {
        let ttl = format_duration(Duration::from_millis(status.lease.ttl_ms));
        format!("held by {holder}; lease renewed {since}, time to live {ttl}")
    }
}

/// `3m 20s ago`, by the store's clock and ours, which may differ.
pub(super) fn ago(now: SystemTime, then: SystemTime) -> String {
    let elapsed = now.duration_since(then).unwrap_or_default();
    // Two units are enough.
    let exact = format_duration(Duration::from_secs(elapsed.as_secs())).to_string();
    let units: Vec<_> = exact.split(' ').take(2).collect();
    format!("{} ago", units.join(" "))
}
