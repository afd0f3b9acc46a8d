//! What a collection did or would do, in JSON and in words, for one shard and for several.

use super::super::staging;
use super::table::Table;
use super::{claims, damage, leashes};
use crate::failure::Failure;
use crate::output::counted;
use crate::place::requests;
use fencepost::{Collected, Object, SsTableFolder, Verdict, Wal};
use indicatif::HumanBytes;
use serde_json::{Map, Value, json};

/// With the verdict on each object.
pub(super) fn document_with_objects(wal: &Wal, found: &Collected, table: &Table) -> Value {
    let objects = found.plan.objects().map(|(object, verdict)| {
        let reason = match verdict {
            Verdict::Delete => None,
            Verdict::Keep(reason) => Some((reason.name(), reason.to_string())),
        };
        let mut document = json!({
            "object": object.to_string(),
            "path": object.path(wal.paths()),
            "delete": verdict.is_delete(),
            "kept_because": reason.as_ref().map(|(name, _)| name),
            "why": reason.as_ref().map(|(_, why)| why),
        });
        if let Some(SsTableFolder { objects, bytes, .. }) = folder(&object, found) {
            (document["objects"], document["bytes"]) = (objects.into(), bytes.into());
        }
        if let Some(compaction) = table.compaction(wal, &object, verdict) {
            document["compaction"] = json!({
                "state": compaction.name(), "why": compaction.to_string(),
                "table_version": compaction.table_version(),
            });
        }
        document
    });
    let mut document = document(wal, found);
    document["objects"] = objects.collect();
    document
}

/// What is in the folder of an SSTable, if that was looked into.
fn folder(object: &Object, found: &Collected) -> Option<SsTableFolder> {
    let Object::SsTable(name) = object else { return None };
    found.plan.sstables.get(name).copied()
}

/// An object, and how much it is if it is a folder.
pub(super) fn with_size(object: &Object, found: &Collected) -> String {
    match folder(object, found) {
        Some(SsTableFolder { objects, bytes, .. }) => {
            format!("{object} ({objects} objects, {})", HumanBytes(bytes))
        }
        None => object.to_string(),
    }
}

/// The reports of several shards, and their sums.
pub(super) fn document_of_all(shards: Vec<Value>) -> Value {
    let mut totals = Map::new();
    totals.insert("shards".to_owned(), shards.len().into());
    for key in ["deleted", "bytes", "sstable_objects", "sstable_bytes", "stale_entries", "swept", "accepted"]
    {
        let sum: u64 = shards.iter().filter_map(|shard| shard[key].as_u64()).sum();
        totals.insert(key.to_owned(), sum.into());
    }
    for key in ["kept", "requests", "deleted_objects"] {
        let mut sums: Map<String, Value> = Map::new();
        for (name, count) in shards.iter().filter_map(|shard| shard[key].as_object()).flatten() {
            let sum = sums.get(name).and_then(Value::as_u64).unwrap_or(0) + count.as_u64().unwrap_or(0);
            sums.insert(name.clone(), sum.into());
        }
        totals.insert(key.to_owned(), sums.into());
    }
    let failed = shards.iter().filter(|shard| shard.get("error").is_some()).count();
    totals.insert("shards_failed".to_owned(), failed.into());
    json!({"shards": shards, "totals": totals})
}

/// The sums in words.
pub(super) fn summary_of_all(document: &Value) -> String {
    let totals = &document["totals"];
    let number = |key: &str| totals[key].as_u64().unwrap_or(0);
    format!(
        "{} shards, {} failed: {} objects, {} of entries",
        number("shards"),
        number("shards_failed"),
        number("deleted"),
        HumanBytes(number("bytes")),
    )
}

/// A shard that could not be collected.
pub(super) fn failed(wal: &Wal, failure: &Failure) -> Value {
    let mut document = failure.to_json();
    document["shard"] = wal.shard().to_string().into();
    document
}

/// A report for programs.
pub(super) fn document(wal: &Wal, found: &Collected) -> Value {
    let report = &found.report;
    let deleted = &report.deleted;
    let failed = report.failed.iter().map(|(object, why)| json!({"object": object.to_string(), "why": why}));
    json!({
        "shard": wal.shard().to_string(),
        "dry_run": report.plan_only,
        "deleted": deleted.objects(),
        "kept": report.kept,
        "requests": requests(found.requests),
        "boundary": report.boundary.get(),
        "bound": report.bound.get(),
        "stale_entries": report.stale_entries,
        "swept": report.swept,
        "bytes": deleted.entry_bytes,
        "deleted_objects": {
            "entries": deleted.entries, "manifests": deleted.manifests,
            "boundaries": deleted.boundaries, "leases": deleted.leases, "openings": deleted.openings,
            "receipts": deleted.receipts, "reclaims": deleted.reclaims, "sstables": deleted.sstables,
        },
        "sstable_objects": deleted.sstable_objects,
        "sstable_bytes": deleted.sstable_bytes,
        "staging_files": staging::document(&found.staging),
        "failed": failed.collect::<Vec<_>>(),
        "not_understood": report.not_understood,
        "damage": damage::documents(wal, found),
        "damage_unknown": found.losses.failed,
        "accepted": report.accepted,
        "over_leash": leashes::documents(found),
        "claims": claims::documents(&found.plan.claims),
        "receipt": found.receipt.id.map(|id| id.to_string()),
        "receipt_failed": found.receipt.failed,
    })
}

/// The same for people.
pub(super) fn summary(found: &Collected) -> String {
    let report = &found.report;
    let deleted = &report.deleted;
    let verb = if report.plan_only { "would be deleted" } else { "deleted" };
    let mut text = format!(
        "{verb}: {} ({} with {}",
        counted(deleted.objects(), "object"),
        counted(deleted.entries, "entry"),
        HumanBytes(deleted.entry_bytes),
    );
    let others = [
        (deleted.manifests, "manifest", ""),
        (deleted.boundaries, "boundary", ""),
        (deleted.leases, "lease", ""),
        (deleted.openings, "record", " of openers"),
        (deleted.receipts, "part", " of receipts"),
        (deleted.reclaims, "document", " of reclaims"),
    ];
    for (count, noun, of) in others.into_iter().filter(|(count, ..)| *count > 0) {
        text.push_str(&format!(", {}{of}", counted(count, noun)));
    }
    text.push(')');
    if deleted.sstables > 0 {
        text.push_str(&format!(
            "\namong them {} objects with {} in {} folders of SSTables",
            deleted.sstable_objects,
            HumanBytes(deleted.sstable_bytes),
            deleted.sstables,
        ));
    }
    if report.stale_entries > 0 {
        text.push_str(&format!("\namong them {} refused writes of dead writers", report.stale_entries));
    }
    if report.accepted > 0 {
        text.push_str(&format!(
            "\namong them {} entries that a loss had fenced off, as --accept-fenced-off allows",
            report.accepted
        ));
    }
    if report.swept > 0 {
        text.push_str(&format!(
            "\namong them {} below an earlier boundary: late arrivals, or objects that an earlier collection did not get to",
            report.swept
        ));
    }
    let staging = &found.staging;
    if staging.found > 0 {
        text.push_str(&format!(
            "\nfiles left by killed writers: {} with {}, of which {} with {} are deleted",
            staging.found,
            HumanBytes(staging.found_bytes),
            staging.deleted,
            HumanBytes(staging.deleted_bytes),
        ));
    }
    for why in &staging.failed {
        text.push_str(&format!("\nnot deleted: {why}; the next run tries again"));
    }
    let kept: Vec<_> = report.kept.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    text.push_str(&format!(
        "\nkept: {}",
        if kept.is_empty() { "nothing".to_owned() } else { kept.join(", ") }
    ));
    text.push_str(&format!(
        "\nno entry above position {} was touched; requests: {}",
        report.bound,
        found.requests.total()
    ));
    for claim in &found.plan.claims.all {
        if let Some(line) = claims::what_it_holds(claim) {
            text.push_str(&format!("\n{line}"));
        }
    }
    for line in leashes::lines(found) {
        text.push_str(&format!("\n{line}"));
    }
    if let Some(id) = found.receipt.id {
        text.push_str(&format!("\nreceipt {id}"));
    }
    if let Some(why) = &found.receipt.failed {
        text.push_str(&format!("\nits receipt could not be written: {why}"));
    }
    for (object, why) in &report.failed {
        text.push_str(&format!("\nnot deleted: {object}: {why}; the next run tries again"));
    }
    for path in &report.not_understood {
        text.push_str(&format!("\nunknown object, left alone: {path}"));
    }
    text
}
