//! `gc log` and `gc receipt`: what collections did, from what they left in the log.

use crate::args::{GcLog, GcReceipt};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::table::{Align, table};
use fencepost::{Cause, Nonce, Receipt, ReceiptLeash, ReceiptListed, ReceiptObjects, ReceiptPlan, Wal};
use futures::StreamExt;
use indicatif::HumanBytes;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

/// `gc log`.
pub(super) async fn list(args: &GcLog, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let mut listed = wal.receipts().await.map_err(|error| Failure::of(Exit::Failed, &error))?;
    listed.drain(..listed.len().saturating_sub(args.last.get()));
    let reads = listed.iter().map(|of| {
        let receipt = wal.receipt_listed(of);
        async move { (of, receipt.await) }
    });
    let mut receipts: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
    // Deleted since they were listed.
    receipts.retain(|(_, read)| !matches!(read, Ok(Receipt { plan: None, end: None, .. })));
    if json {
        let documents = receipts.iter().map(|(of, read)| match read {
            Ok(receipt) => document(receipt, false),
            Err(cause) => document_unread(of, cause),
        });
        let documents: Vec<_> = documents.collect();
        output::json(&json!({"shard": wal.shard().to_string(), "receipts": documents}))?;
    } else if receipts.is_empty() {
        output::line("no receipts: no collection has deleted anything lately")?;
    } else {
        let rows = receipts.iter().map(|(of, read)| match read {
            Ok(receipt) => cells(receipt),
            Err(_) => cells_unread(of),
        });
        let rows: Vec<_> = rows.collect();
        output::line(&printable(table(&COLUMNS, &rows).trim_end()))?;
        for (of, cause) in receipts.iter().filter_map(|(of, read)| Some((of, read.as_ref().err()?))) {
            output::line(&printable(&format!("receipt {}: {cause}", of.id)))?;
        }
    }
    if receipts.iter().any(|(_, read)| read.is_err()) { Err(Failure::said(Exit::Failed)) } else { Ok(()) }
}

/// `gc receipt`.
pub(super) async fn show(args: &GcReceipt, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let Some(receipt) = read(&wal, args.id).await? else {
        let message = format!("no receipt {} here", args.id);
        return Err(Failure::new(Exit::Input, message).with_advice("`gc log` lists them.".to_owned()));
    };
    if json {
        return output::json(&document(&receipt, true));
    }
    output::line(&printable(&text(&receipt)))
}

async fn read(wal: &Wal, id: Nonce) -> Result<Option<Receipt>, Failure> {
    wal.receipt(id).await.map_err(|cause| Failure::of(Exit::Failed, &cause))
}

const COLUMNS: [(&str, Align); 6] = [
    ("planned", Align::Left),
    ("receipt", Align::Left),
    ("deleted", Align::Right),
    ("of", Align::Right),
    ("through", Align::Right),
    ("ended", Align::Left),
];

fn cells(receipt: &Receipt) -> Vec<String> {
    let unknown = || "?".to_owned();
    let deleted = receipt.end.as_ref().map_or_else(unknown, |end| end.deleted.to_string());
    let (of, through) = receipt.plan.as_ref().map_or_else(
        || (unknown(), unknown()),
        |plan| (plan.delete.count.to_string(), plan.from.bound.to_string()),
    );
    vec![when(&receipt.listed), receipt.listed.id.to_string(), deleted, of, through, ended(receipt)]
}

fn cells_unread(listed: &ReceiptListed) -> Vec<String> {
    let unknown = || "?".to_owned();
    vec![when(listed), listed.id.to_string(), unknown(), unknown(), unknown(), "cannot be read".to_owned()]
}

fn when(listed: &ReceiptListed) -> String {
    // Names in a bucket are anybody's.
    if listed.time >= YEAR_10_000 {
        return format!("{} ms", listed.time);
    }
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(listed.time)).to_string()
}

fn ended(receipt: &Receipt) -> String {
    match &receipt.end {
        None => "cut off, or under way".to_owned(),
        Some(end) if end.failed > 0 => format!("{} not deleted", end.failed),
        Some(_) => "well".to_owned(),
    }
}

fn text(receipt: &Receipt) -> String {
    let mut text =
        format!("receipt {}, planned {}: {}", receipt.listed.id, when(&receipt.listed), ended(receipt));
    match &receipt.plan {
        None => text.push_str("\nits plan is gone, or could not be written"),
        Some(plan) => plan_text(&mut text, plan),
    }
    if let Some(end) = &receipt.end {
        text.push_str(&format!(
            "\ndeleted: {} objects, {} of entries, with {} requests in {:?}",
            end.deleted,
            HumanBytes(end.entry_bytes),
            end.requests,
            Duration::from_millis(end.elapsed_ms)
        ));
        for failure in &end.failures {
            text.push_str(&format!("\nnot deleted: {}: {}", failure.object, failure.why));
        }
    }
    text
}

fn plan_text(text: &mut String, plan: &ReceiptPlan) {
    let from = &plan.from;
    text.push_str(&format!(
        "\nconcluded from manifest {} (epoch {}, checkpoint {}) and boundary {}; {} entries listed, {} read",
        from.version, from.epoch, from.replay_after, from.boundary, from.entries_listed, from.entries_read
    ));
    for cursor in &from.cursors {
        text.push_str(&format!(
            "\ncursor {} held what is above position {}",
            cursor.name, cursor.holds_above
        ));
    }
    text.push_str(&format!("\nto delete, up to position {}: {}", from.bound, objects(&plan.delete)));
    if plan.stale_entries > 0 {
        text.push_str(&format!("\namong them {} refused writes of dead writers", plan.stale_entries));
    }
    for at in &plan.fenced_off {
        text.push_str(&format!("\nDAMAGED: a loss fenced off what is above position {at}"));
    }
    for over in &plan.over_leash {
        let ReceiptLeash { name, position, exceeded, outcome } = over;
        text.push_str(&format!(
            "\ncursor {name} at position {position} was over its leash ({outcome}): {exceeded}"
        ));
    }
    for kept in &plan.keep {
        text.push_str(&format!("\nkept, {}: {}", kept.reason, objects(&kept.objects)));
    }
    if plan.shortened {
        text.push_str("\nranges are left out, since there were too many; the counts are complete");
    }
}

/// How many, and which.
fn objects(objects: &ReceiptObjects) -> String {
    let mut text = objects.count.to_string();
    let kinds = [
        ("entries", &objects.entries),
        ("manifests", &objects.manifests),
        ("boundaries", &objects.boundaries),
        ("leases", &objects.leases),
        ("openers' records", &objects.openings),
    ];
    for (kind, ranges) in kinds.iter().filter(|(_, ranges)| !ranges.is_empty()) {
        let shown = ranges
            .iter()
            .take(RANGES_SHOWN)
            .map(|[first, last]| if first == last { first.to_string() } else { format!("{first}..{last}") });
        text.push_str(&format!("; {kind} {}", shown.collect::<Vec<_>>().join(" ")));
        if ranges.len() > RANGES_SHOWN {
            text.push_str(&format!(" and {} ranges more", ranges.len() - RANGES_SHOWN));
        }
    }
    for other in &objects.others {
        text.push_str(&format!("; {other}"));
    }
    text
}

fn document(receipt: &Receipt, whole: bool) -> Value {
    let plan = receipt.plan.as_ref().map(|plan| {
        if whole {
            serde_json::to_value(plan).expect("numbers, strings and lists always become JSON")
        } else {
            json!({"delete": {"count": plan.delete.count}, "from": plan.from})
        }
    });
    json!({
        "id": receipt.listed.id.to_string(), "time_ms": receipt.listed.time, "ended": receipt.listed.ended,
        "plan": plan, "end": receipt.end,
    })
}

fn document_unread(listed: &ReceiptListed, cause: &Cause) -> Value {
    json!({
        "id": listed.id.to_string(), "time_ms": listed.time, "ended": listed.ended, "plan": null, "end": null,
        "error": cause.to_string(),
    })
}

/// How many receipts are read at the same time.
const AT_ONCE: usize = 16;
/// A screen holds no more; `--json` has all.
const RANGES_SHOWN: usize = 12;
/// In milliseconds since 1970.
const YEAR_10_000: u64 = 253_402_300_800_000;
