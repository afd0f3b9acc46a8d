//! `gc plan`, `gc run`, `gc claims` and `gc forget`.

pub(super) mod claims;
pub(super) mod damage;
pub(super) mod leashes;
mod objects;
mod receipts;
mod reclaim;
mod report;
mod table;
mod watch;

use crate::args::{Gc, GcAges, GcArgs, GcRun};
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use crate::place::{Fleet, Member};
use crate::progress;
use fencepost::{CollectEvent, Collected, Collector, Policy, Receipts, RequestBudget, Wal};
use futures::StreamExt;
use indicatif::HumanBytes;
use table::Table;

pub(super) async fn run(gc: Gc, json: bool) -> Result<(), Failure> {
    match gc {
        Gc::Plan(args) => each_shard(&args, Task::Plan, Receipts::Never, json).await,
        Gc::Run(run) if run.sstables => reclaim_and_collect(&run, json).await,
        Gc::Run(run) if run.dry_run => each_shard(&run.args, Task::DryRun, Receipts::Never, json).await,
        Gc::Run(run) => {
            let receipts = if run.always_receipt { Receipts::All } else { Receipts::OfDeletions };
            each_shard(&run.args, Task::Run, receipts, json).await
        }
        Gc::Watch(args) => watch::run(&args, json).await,
        Gc::Log(args) => receipts::list(&args, json).await,
        Gc::Receipt(args) => receipts::show(&args, json).await,
        Gc::Claims(args) => claims::list(&args, json).await,
        Gc::Forget(args) => claims::forget(&args, json).await,
    }
}

/// Takes what may go out of the manifests first. A shard that could not be reclaimed is collected all the same.
async fn reclaim_and_collect(run: &GcRun, json: bool) -> Result<(), Failure> {
    let fleet = run.args.place.open_fleet(&run.args.below).await?;
    let failed = reclaim::each_shard(&fleet.members, run, json).await?;
    let (task, receipts) = match run.dry_run {
        true => (Task::DryRun, Receipts::Never),
        false if run.always_receipt => (Task::Run, Receipts::All),
        false => (Task::Run, Receipts::OfDeletions),
    };
    each_of(&fleet, &run.args, task, receipts, json).await?;
    failed.map_or(Ok(()), |exit| Err(Failure::said(exit)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Plan,
    DryRun,
    Run,
}

impl GcAges {
    /// The policy, before anything is retained.
    fn policy(&self) -> Policy {
        let policy = Policy::new().with_manifests_age(self.min_age);
        policy
            .with_lance_opener_age(self.min_age)
            .with_lance_flush_age(self.min_age)
            .with_clock_free(self.clock_free)
    }
}

/// How to collect, whichever shard.
struct Settings {
    policy: Policy,
    budget: Option<RequestBudget>,
    receipts: Receipts,
}

impl Settings {
    fn new(args: &GcArgs, receipts: Receipts) -> Self {
        let mut policy = args.retry_timeout.policy().with_retain_entries(args.retain_entries);
        if let Some(age) = args.retain_age {
            policy = policy.with_retain_age(age);
        }
        policy = policy.with_drained(args.drained);
        if let Some(through) = args.accept_fenced_off {
            policy = policy.with_fenced_off_accepted(through);
        }
        Self { policy, budget: args.requests_per_second.map(RequestBudget::per_second), receipts }
    }

    fn collector(&self, wal: &Wal) -> Collector {
        let collector = wal.collector().with_policy(self.policy.clone()).with_receipts(self.receipts);
        match &self.budget {
            Some(budget) => collector.with_request_budget(budget.clone()),
            None => collector,
        }
    }
}

/// One report for the only shard, or one for each and their sums. A shard that fails does not keep the others
/// waiting.
async fn each_shard(args: &GcArgs, task: Task, receipts: Receipts, json: bool) -> Result<(), Failure> {
    let fleet = args.place.open_fleet(&args.below).await?;
    each_of(&fleet, args, task, receipts, json).await
}

async fn each_of(
    fleet: &Fleet,
    args: &GcArgs,
    task: Task,
    receipts: Receipts,
    json: bool,
) -> Result<(), Failure> {
    let settings = Settings::new(args, receipts);
    let only = match fleet.members.as_slice() {
        [Member { wal, .. }] if !args.below.below => wal,
        _ => return all_shards(fleet, &settings, args.shards_at_once.get(), task, json).await,
    };
    let found = collect(&settings.collector(only), task, json).await?;
    let mut table = Table::default();
    if task == Task::Plan {
        table.look(only, &found).await;
    }
    if json {
        let mut document = document(only, &found, &table, task);
        if task == Task::Plan {
            document["table"] = table.document();
        }
        output::json(&document)?;
    } else {
        output::line(&printable(&text(only, &found, &table, task)))?;
        told_of(&table)?;
    }
    damage::exit(&found).map_or(Ok(()), |exit| Err(Failure::said(exit)))
}

/// Several at the same time, told of in the order of their names. What was found of a shard is held no longer than
/// until it was told.
async fn all_shards(
    fleet: &Fleet,
    settings: &Settings,
    at_once: usize,
    task: Task,
    json: bool,
) -> Result<(), Failure> {
    let (mut documents, mut worst, mut table) = (Vec::new(), None, Table::default());
    for (log, failure) in &fleet.unseen {
        if !json {
            output::line(&printable(&format!("{log}: not looked into: {}", failure.message)))?;
        }
        let mut document = failure.to_json();
        document["log"] = log.as_str().into();
        documents.push(document);
        worst = worst.or(Some(failure.exit));
    }
    let collections = fleet.members.iter().map(|member| {
        let collector = settings.collector(&member.wal);
        async move { (member, collect_quietly(&collector, task).await) }
    });
    let mut collections = futures::stream::iter(collections).buffered(at_once);
    while let Some((member, collected)) = collections.next().await {
        let wal = &member.wal;
        if !json {
            output::line(&printable(&member.name()))?;
        }
        let mut told = match collected {
            Ok(found) => {
                if task == Task::Plan {
                    table.look(wal, &found).await;
                }
                if !json {
                    output::line(&printable(&text(wal, &found, &table, task)))?;
                }
                worst = worst.or_else(|| damage::exit(&found));
                document(wal, &found, &table, task)
            }
            Err(failure) => {
                if !json {
                    output::line(&printable(&format!("not collected: {}", failure.message)))?;
                }
                worst = worst.or(Some(failure.exit));
                report::failed(wal, &failure)
            }
        };
        member.name_in(&mut told);
        documents.push(told);
    }
    let mut all = report::document_of_all(documents);
    if json {
        if task == Task::Plan {
            all["table"] = table.document();
        }
        output::json(&all)?
    } else {
        output::line(&report::summary_of_all(&all))?;
        told_of(&table)?;
    }
    worst.map_or(Ok(()), |exit| Err(Failure::said(exit)))
}

/// One of several at the same time: a bar for each would be noise.
async fn collect_quietly(collector: &Collector, task: Task) -> Result<Collected, Failure> {
    Ok(match task {
        Task::Run => collector.run().await?,
        Task::Plan | Task::DryRun => collector.plan().await?,
    })
}

fn told_of(table: &Table) -> Result<(), Failure> {
    table.line().map_or(Ok(()), |line| output::line(&printable(&line)))
}

fn document(wal: &Wal, found: &Collected, table: &Table, task: Task) -> serde_json::Value {
    if task == Task::Plan {
        report::document_with_objects(wal, found, table)
    } else {
        report::document(wal, found)
    }
}

fn text(wal: &Wal, found: &Collected, table: &Table, task: Task) -> String {
    let mut text = String::new();
    if task == Task::Plan {
        text.push_str(&objects::lines(wal, found, table));
    }
    text.push_str(&report::summary(found));
    damage::lines(wal, found).iter().for_each(|line| text.push_str(&format!("\n{line}")));
    text
}

async fn collect(collector: &Collector, task: Task, json: bool) -> Result<Collected, Failure> {
    if task != Task::Run {
        return Ok(collector.plan().await?);
    }
    let bar = progress::bar("objects");
    let mut planned = Ok(());
    let watch = |event: &CollectEvent| match event {
        CollectEvent::Planned(plan) => {
            bar.set_length(plan.deletions_count());
            if !json {
                let (objects, bytes) = (plan.deletions_count(), HumanBytes(plan.entry_bytes));
                planned = output::line(&format!(
                    "deleting {}, {bytes} of entries, up to position {}",
                    counted(objects, "object"),
                    plan.bound
                ));
            }
        }
        CollectEvent::Progress(fencepost::Progress::Deleting { tried, .. }) => bar.set_position(*tried),
        _ => {}
    };
    let found = collector.run_with(watch).await?;
    bar.finish_and_clear();
    planned?;
    Ok(found)
}
