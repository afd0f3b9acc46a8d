//! `gc plan` and `gc run`.

use crate::args::{Gc, GcArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, printable};
use crate::place::requests;
use crate::progress;
use fencepost::{CollectEvent, Collected, Collector, Policy, Verdict, Wal};
use indicatif::HumanBytes;
use serde_json::{Value, json};

pub(super) async fn run(gc: Gc, json: bool) -> Result<(), Failure> {
    match gc {
        Gc::Plan(args) => plan(&args, json).await,
        Gc::Run(run) => collect(&run.args, run.dry_run, json).await,
    }
}

async fn open(args: &GcArgs) -> Result<(Wal, Collector), Failure> {
    let wal = args.place.open(None).await?;
    let mut policy = Policy::new().with_retain_entries(args.retain_entries);
    if let Some(age) = args.retain_age {
        policy = policy.with_retain_age(age);
    }
    let collector = wal.collector().with_policy(policy);
    Ok((wal, collector))
}

async fn plan(args: &GcArgs, json: bool) -> Result<(), Failure> {
    let (wal, collector) = open(args).await?;
    let found = collector.plan().await?;
    if json {
        let objects = found.plan.verdicts.iter().map(|(object, verdict)| {
            let reason = match verdict {
                Verdict::Delete => None,
                Verdict::Keep(reason) => Some((reason.name(), reason.to_string())),
            };
            json!({
                "object": object.to_string(),
                "path": object.path(wal.paths()),
                "delete": verdict.is_delete(),
                "kept_because": reason.as_ref().map(|(name, _)| name),
                "why": reason.as_ref().map(|(_, why)| why),
            })
        });
        let mut document = document(&found);
        document["objects"] = objects.collect();
        return output::json(&document);
    }
    let mut text = String::new();
    for (object, verdict) in &found.plan.verdicts {
        match verdict {
            Verdict::Delete => text.push_str(&format!("delete  {object}\n")),
            Verdict::Keep(reason) => text.push_str(&format!("keep    {object}: {reason}\n")),
        }
    }
    text.push_str(&summary(&found));
    output::line(&printable(&text))
}

async fn collect(args: &GcArgs, dry_run: bool, json: bool) -> Result<(), Failure> {
    let (_, collector) = open(args).await?;
    let bar = progress::bar("objects");
    let mut planned = Ok(());
    let watch = |event: &CollectEvent| match event {
        CollectEvent::Planned(plan) => {
            bar.set_length(plan.deletions().count() as u64);
            if !json && !dry_run {
                let (objects, bytes) = (plan.deletions().count(), HumanBytes(plan.entry_bytes));
                planned = output::line(&format!(
                    "deleting {objects} objects, {bytes} of entries, up to position {}",
                    plan.bound
                ));
            }
        }
        CollectEvent::Progress(fencepost::Progress::Deleting { tried, .. }) => bar.set_position(*tried),
        _ => {}
    };
    let found = if dry_run { collector.plan_with(watch).await? } else { collector.run_with(watch).await? };
    bar.finish_and_clear();
    planned?;
    if json {
        output::json(&document(&found))?;
    } else {
        output::line(&printable(&summary(&found)))?;
    }
    if found.report.failed.is_empty() { Ok(()) } else { Err(Failure::said(Exit::Failed)) }
}

fn document(found: &Collected) -> Value {
    let report = &found.report;
    let deleted = &report.deleted;
    let failed = report.failed.iter().map(|(object, why)| json!({"object": object.to_string(), "why": why}));
    json!({
        "dry_run": report.plan_only,
        "deleted": deleted.objects(),
        "kept": report.kept,
        "requests": requests(found.requests),
        "boundary": report.boundary.get(),
        "bound": report.bound.get(),
        "leftovers": report.leftovers,
        "bytes": deleted.entry_bytes,
        "deleted_objects": {
            "entries": deleted.entries, "manifests": deleted.manifests,
            "boundaries": deleted.boundaries, "leases": deleted.leases,
        },
        "failed": failed.collect::<Vec<_>>(),
        "not_understood": report.not_understood,
    })
}

fn summary(found: &Collected) -> String {
    let report = &found.report;
    let deleted = &report.deleted;
    let verb = if report.plan_only { "would be deleted" } else { "deleted" };
    let mut text = format!(
        "{verb}: {} objects ({} entries with {}, {} manifests, {} boundaries, {} leases)",
        deleted.objects(),
        deleted.entries,
        HumanBytes(deleted.entry_bytes),
        deleted.manifests,
        deleted.boundaries,
        deleted.leases,
    );
    if report.leftovers > 0 {
        text.push_str(&format!("\namong them {} refused writes of dead writers", report.leftovers));
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
    for (object, why) in &report.failed {
        text.push_str(&format!("\nnot deleted: {object}: {why}; the next run tries again"));
    }
    for path in &report.not_understood {
        text.push_str(&format!("\nnot understood, and left alone: {path}"));
    }
    text
}
