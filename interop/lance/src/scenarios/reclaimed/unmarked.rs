//! A compactor as lance-context has one: it deletes keys, appends rows, takes the SSTable out of the manifest under the
//! holder's epoch, and never sets a marker. Killed before it deletes the folder, it leaves it for ever (P-89).

use super::naive::{drop_names, folders};
use super::{all_found, flushed, reclaim, title};
use crate::Result;
use crate::report::{Played, Report};
use crate::table::Table;
use fencepost::{NothingToReclaim, Object, Policy, Verdict};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) async fn play(report: &mut Report) {
    for how in [How::NoAge, How::Pruned, How::ClockFree] {
        let name = "keys deleted, rows appended, names taken out, no marker";
        report.play(title(name, how.name(), 0), drained_by_others(how)).await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    NoAge,
    /// Older manifests go as well, as far as nothing needs them.
    Pruned,
    ClockFree,
}

impl How {
    const fn name(self) -> &'static str {
        match self {
            Self::NoAge => "--drained, no age",
            Self::Pruned => "--drained, keeps 1 manifest",
            Self::ClockFree => "--drained, clock-free",
        }
    }

    fn policy(self) -> Policy {
        let policy = Policy::new();
        match self {
            Self::NoAge => policy.with_lance_flush_age(Duration::ZERO),
            Self::Pruned => {
                let policy = policy.with_lance_flush_age(Duration::ZERO);
                policy.with_manifests_keep(1).with_manifests_age(Duration::ZERO)
            }
            Self::ClockFree => policy.with_clock_free(true),
        }
    }
}

async fn drained_by_others(how: How) -> Result<Played> {
    let (mut lsm, mut writer) = flushed(3).await?;
    let shard = lsm.shard(0);
    lsm.read_to_compact(0, 2).await?.append(lsm.dataset().await?).await?;
    drop_names(&shard, &[1, 2]).await?;
    lsm.check(&[&writer]).await?;
    // It was killed here. The reclaim has nothing to say about folders that the manifest does not name.
    lsm.clean_up().await?;
    let report = reclaim(&shard).await?;
    if report.nothing != Some(NothingToReclaim::AllHeld) || report.held.len() != 1 {
        return Err(format!("a table without a marker was reclaimed: {report:?}").into());
    }
    lsm.fill(&writer, 1).await?;
    // Without being asked, a collection leaves them, whatever their age. The second one finds what the first one left of
    // the manifests.
    collect(&shard, how.policy()).await?;
    let verdicts = collect(&shard, how.policy()).await?;
    if folders(&shard).await?.len() != 4 {
        return Err(format!("a folder was deleted that nobody asked for: {verdicts:?}").into());
    }
    let mut note = format!("unasked: {verdicts:?}");
    if how == How::ClockFree {
        let verdicts = collect(&shard, how.policy().with_drained(true)).await?;
        if verdicts.contains_key("deleted") {
            return Err(
                format!("deleted although a flush of this epoch may be under way: {verdicts:?}").into()
            );
        }
        note.push_str(&format!("; asked, before another epoch: {verdicts:?}"));
        writer.crash().await?;
        writer = lsm.writer(0).await?;
    }
    let verdicts = collect(&shard, how.policy().with_drained(true)).await?;
    if verdicts.get("deleted") != Some(&2) || folders(&shard).await?.len() != 2 {
        return Err(format!("asked to, it keeps them: {verdicts:?}").into());
    }
    note.push_str(&format!("; asked: {verdicts:?}"));
    lsm.check(&[&writer]).await?;
    lsm.fill(&writer, 1).await?;
    lsm.check(&[&writer]).await?;
    writer.crash().await?;
    lsm.check_replayed().await?;
    Ok(all_found(&lsm, note))
}

/// Collects once, and counts what became of the folders.
async fn collect(shard: &Table, policy: Policy) -> Result<BTreeMap<&'static str, usize>> {
    let collected = Box::pin(shard.wal().await?.collector().with_policy(policy).run()).await?;
    if !collected.report.failed.is_empty() {
        return Err(format!("not deleted: {:?}", collected.report.failed).into());
    }
    let mut counts = BTreeMap::new();
    for (object, verdict) in &collected.plan.verdicts {
        if matches!(object, Object::SsTable(_)) {
            let verdict = match verdict {
                Verdict::Delete => "deleted",
                Verdict::Keep(reason) => reason.name(),
            };
            *counts.entry(verdict).or_default() += 1;
        }
    }
    Ok(counts)
}
