//! `gc run --sstables`: taking compacted SSTables out of the manifest, before the collection.

use crate::args::GcRun;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, is_or_are, printable};
use crate::place::Member;
use fencepost::{NothingToReclaim, ReclaimPlan, ReclaimReport, Wal};
use serde_json::{Value, json};

/// Reclaims each shard, one after the other, and tells of it: in JSON, as a document of its own, before that of the
/// collection. A shard that fails does not keep the others waiting; the first such failure is told.
pub(super) async fn each_shard(members: &[Member], run: &GcRun, json: bool) -> Result<Option<Exit>, Failure> {
    let (mut documents, mut worst) = (Vec::new(), None);
    for member in members {
        let wal = &member.wal;
        let reclaimer = wal.reclaimer();
        let done = if run.dry_run { reclaimer.plan().await } else { reclaimer.run().await };
        match done {
            Ok(report) if json => {
                let mut document = document(wal, &report);
                member.name_in(&mut document);
                documents.push(document);
            }
            Ok(report) => {
                for line in lines(wal, &report) {
                    output::line(&printable(&line))?;
                }
            }
            Err(error) => {
                let failure = Failure::from(error);
                if json {
                    let mut document = failure.to_json();
                    document["shard"] = wal.shard().to_string().into();
                    member.name_in(&mut document);
                    documents.push(document);
                } else {
                    output::line(&printable(&format!("not reclaimed: {}", failure.message)))?;
                }
                worst = worst.or(Some(failure.exit));
            }
        }
    }
    if json {
        output::json(&json!({"reclaims": documents}))?;
    }
    Ok(worst)
}

fn document(wal: &Wal, report: &ReclaimReport) -> Value {
    let names = |folders: &std::collections::BTreeSet<fencepost::SsTableName>| {
        folders.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let held = report.held.iter().map(|(name, hold)| {
        json!({
            "sstable": name.to_string(), "state": hold.name(), "why": hold.to_string(),
            "table_version": hold.table_version(),
        })
    });
    json!({
        "shard": wal.shard().to_string(),
        "reclaim": report.plan.as_ref().map(|plan| plan.number),
        "resumed": report.resumed,
        "planned": report.plan.as_ref().map(|plan| names(&plan.folders)),
        "drained": report.end.as_ref().map(|end| names(&end.folders)),
        "manifest": report.end.as_ref().map(|end| end.manifest.get()),
        "held": held.collect::<Vec<_>>(),
        "nothing": report.nothing.map(word),
        "requests": crate::place::requests(report.requests),
    })
}

const fn word(nothing: NothingToReclaim) -> &'static str {
    match nothing {
        NothingToReclaim::NoSsTables => "no_sstables",
        NothingToReclaim::NotActive => "not_active",
        NothingToReclaim::NoTable => "no_table",
        NothingToReclaim::AllHeld => "all_held",
        _ => "unknown",
    }
}

fn lines(wal: &Wal, report: &ReclaimReport) -> Vec<String> {
    let shard = wal.shard();
    let mut lines = Vec::new();
    if let Some(plan) = &report.plan {
        lines.push(match &report.end {
            None if report.resumed => format!("shard {shard}: {} was cut off, and would be finished", named(plan)),
            None => format!("shard {shard}: {} would be taken out of the manifest", named(plan)),
            Some(end) if end.folders.is_empty() => {
                format!("shard {shard}: {} was given up, since something holds it by now", named(plan))
            }
            Some(end) => format!(
                "shard {shard}: {} of {} {} out of the manifest, as of version {}, and deleted once nobody goes by an older one",
                counted(end.folders.len() as u64, "SSTable"),
                named(plan),
                is_or_are(end.folders.len() as u64),
                end.manifest,
            ),
        });
    }
    match report.nothing {
        Some(NothingToReclaim::NoTable) => {
            lines.push(format!("shard {shard}: nothing to reclaim: there is no table here"))
        }
        Some(NothingToReclaim::NotActive) => {
            lines.push(format!("shard {shard}: nothing is reclaimed of a sealed shard"))
        }
        Some(NothingToReclaim::NoSsTables) => {
            lines.push(format!("shard {shard}: nothing to reclaim: the manifest names no SSTable"))
        }
        _ => {}
    }
    lines.extend(report.held.iter().map(|(name, hold)| format!("shard {shard}: {name} stays: {hold}")));
    lines
}

fn named(plan: &ReclaimPlan) -> String {
    format!("reclaim {} with {}", plan.number, counted(plan.folders.len() as u64, "SSTable"))
}
