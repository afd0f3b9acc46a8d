//! What a collection saves: a shard with 10,000 flushed entries, before and after.

use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::report::{Kept, Played, Report, Sizes, Title};
use crate::table::Table;
use fencepost::Verdict;
use std::collections::BTreeMap;

pub(super) async fn play(report: &mut Report) {
    let mut sizes = None;
    let title = Title {
        family: "size",
        name: format!("{FLUSHED} flushed entries, {LIVE} live ones"),
        collector: "fencepost",
        loses: 0,
    };
    report.play(title, collect(&mut sizes)).await;
    report.note_sizes(sizes);
}

async fn collect(sizes: &mut Option<Sizes>) -> Result<Played> {
    let (table, mut ledger) = (Table::in_memory().await?, Ledger::default());
    let first = LanceWriter::open(&table, Mode::Memtable).await?;
    first.put_all(&mut ledger, FLUSHED / 2).await?;
    first.crash().await?;
    let second = LanceWriter::open(&table, Mode::Memtable).await?;
    second.put_all(&mut ledger, FLUSHED / 2).await?;
    second.flush().await?;
    second.put_all(&mut ledger, LIVE).await?;
    let before = table.sizes().await?;
    let collected = Box::pin(table.wal().await?.collector().run()).await?;
    let after = table.sizes().await?;
    second.crash().await?;

    let paths = table.wal().await?.paths().clone();
    let mut kept: BTreeMap<&str, Kept> = BTreeMap::new();
    for (object, verdict) in collected.plan.objects() {
        let Verdict::Keep(reason) = verdict else { continue };
        let entry = kept.entry(reason.name()).or_insert_with(|| Kept {
            reason: reason.name().to_owned(),
            objects: 0,
            bytes: 0,
            why: reason.to_string(),
        });
        entry.objects += 1;
        entry.bytes += after.get(&object.path(&paths)).copied().unwrap_or_default();
    }
    *sizes = Some(Sizes {
        entries_before: count(&before, is_entry),
        entry_bytes_before: bytes(&before, is_entry),
        bytes_before: bytes(&before, is_ours_to_collect),
        entries_after: count(&after, is_entry),
        entry_bytes_after: bytes(&after, is_entry),
        bytes_after: bytes(&after, is_ours_to_collect),
        kept: kept.into_values().collect(),
    });
    let note = format!("deleted {} entries", collected.report.deleted.entries);
    Ok(Played::Table { table, ledger, note })
}

fn count(sizes: &BTreeMap<String, u64>, of: impl Fn(&str) -> bool) -> usize {
    sizes.keys().filter(|path| of(path)).count()
}

fn bytes(sizes: &BTreeMap<String, u64>, of: impl Fn(&str) -> bool) -> u64 {
    sizes.iter().filter(|(path, _)| of(path)).map(|(_, bytes)| bytes).sum()
}

fn is_entry(path: &str) -> bool {
    path.contains("/wal/")
}

/// SSTables are Lance's business.
fn is_ours_to_collect(path: &str) -> bool {
    !path.contains("_gen_")
}

const FLUSHED: usize = 10_000;
const LIVE: usize = 10;
