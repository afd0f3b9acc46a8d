//! `inspect`: the manifest and every entry, and what a collection would do with it.

mod graph;
mod page;
mod ranges;

use super::gc::damage;
use super::staging;
use crate::args::Inspect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use crate::page::LOG;
use fencepost::{InspectedEntry, Inspection, ShardStatus, Wal, kind_name};
use serde_json::{Value, json};

pub(super) async fn run(args: Inspect, json: bool) -> Result<(), Failure> {
    if args.graph && json {
        let why = "`--graph` is for people, and `--json` for programs: choose one of them";
        return Err(Failure::new(Exit::Usage, why));
    }
    let wal = args.place.open().await?;
    let found = wal.inspect().await?;
    if let Some(path) = &args.html {
        let mut cursors = wal.cursors().await?;
        cursors.retain(|cursor| !cursor.broken);
        let data = page::document(&args.place.log, &wal, &found, &cursors);
        if !LOG.write(path, &data)? {
            return Ok(());
        }
        let entries = found.entries.len();
        return if json {
            output::json(&json!({"html": path.display().to_string(), "entries": entries}))
        } else {
            output::line(&printable(&format!(
                "{} drawn in {}",
                counted(entries as u64, "entry"),
                path.display()
            )))
        };
    }
    if args.graph {
        let mut cursors = wal.cursors().await?;
        cursors.retain(|cursor| !cursor.broken);
        let style = graph::Style::of_stdout(args.width);
        return output::line(graph::strip(shown(&args, &found.entries), &found, &cursors, style).trim_end());
    }
    if json { output::json(&document(&args, &wal, &found)) } else { print(&args, &wal, &found) }
}

/// The entries that were asked for.
fn shown<'a>(args: &Inspect, entries: &'a [InspectedEntry]) -> &'a [InspectedEntry] {
    let from = args.from.map_or(0, |from| entries.partition_point(|entry| entry.position < from));
    let to = args.to.map_or(entries.len(), |to| entries.partition_point(|entry| entry.position <= to));
    let shown = entries.get(from..to).unwrap_or_default();
    let last = args.last.and_then(|last| usize::try_from(last).ok()).unwrap_or(usize::MAX);
    &shown[shown.len().saturating_sub(last)..]
}

fn document(args: &Inspect, wal: &Wal, found: &Inspection) -> Value {
    let manifest = &found.manifest;
    let sstables = manifest.sstables.iter();
    let sstables: Vec<_> =
        sstables.map(|table| json!({"generation": table.generation.0, "path": table.path})).collect();
    let entries: Vec<_> = shown(args, &found.entries).iter().map(entry).collect();
    json!({
        "shard": wal.shard().to_string(),
        "manifest": {
            "version": manifest.version.get(),
            "writer_epoch": manifest.writer_epoch.get(),
            "replay_after": manifest.replay_after.get(),
            "last_seen": manifest.last_seen.get(),
            "current_generation": manifest.current_generation.0,
            "status": status(manifest.status),
            "sstables": sstables,
        },
        "boundary": found.boundary.get(),
        "tail": found.tail.get(),
        "entries": entries,
        "damage": damage::documents(wal, &found.plan),
        "damage_unknown": found.plan.losses.failed,
        "staging_files": staging::document(&found.plan.staging),
    })
}

fn entry(entry: &InspectedEntry) -> Value {
    let kept_because = entry.kept_because.as_ref().map(fencepost::Reason::name);
    let mut document = json!({
        "position": entry.position.get(), "kind": null, "epoch": null, "generation": null, "batches": null, "rows": null,
        "bytes": entry.bytes, "written_by": null, "state": entry.state.name(), "kept_because": kept_because,
    });
    match &entry.content {
        Ok(content) => {
            document["kind"] = kind_name(content.header.kind).into();
            document["epoch"] = content.header.epoch.get().into();
            document["generation"] = content.header.generation.map(|generation| generation.0).into();
            document["batches"] = content.batches.into();
            document["rows"] = content.rows.into();
            document["written_by"] = written_by(entry).into();
        }
        Err(problem) => document["problem"] = problem.as_str().into(),
    }
    document
}

fn written_by(entry: &InspectedEntry) -> &'static str {
    match &entry.content {
        Ok(content) if content.header.is_by_lance() => "lance",
        Ok(_) => "fencepost",
        Err(_) => "",
    }
}

pub(super) fn status(status: ShardStatus) -> String {
    match status {
        ShardStatus::Active => "active".to_owned(),
        ShardStatus::Sealed => "sealed".to_owned(),
        ShardStatus::Unknown(number) => format!("unknown ({number})"),
        _ => "unknown".to_owned(),
    }
}

fn print(args: &Inspect, wal: &Wal, found: &Inspection) -> Result<(), Failure> {
    let (manifest, shown) = (&found.manifest, shown(args, &found.entries));
    let mut text = format!(
        "shard {}, {}\nmanifest {}: epoch {}, replay after position {}, last seen position {}, generation {}\nboundary at position {}, tail at position {}\n",
        wal.shard(),
        status(manifest.status),
        manifest.version,
        manifest.writer_epoch,
        manifest.replay_after,
        manifest.last_seen,
        manifest.current_generation.0,
        found.boundary,
        found.tail,
    );
    for table in &manifest.sstables {
        text.push_str(&format!("SSTable of generation {}: {}\n", table.generation.0, table.path));
    }
    let of = shown.len();
    if of < found.entries.len() {
        text.push_str(&format!("{of} of {} entries:\n", found.entries.len()));
    }
    text.push_str(&ranges::lines(shown, args.each));
    let problems = shown.iter().filter_map(|entry| entry.content.as_ref().err());
    for problem in problems {
        text.push_str(&format!("{problem}\n"));
    }
    damage::lines(wal, &found.plan).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if let Some(line) = staging::line(&found.plan.staging) {
        text.push_str(&format!("{line}\n"));
    }
    output::line(printable(&text).trim_end())
}
