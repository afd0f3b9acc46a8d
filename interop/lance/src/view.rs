//! What a user finds in the end, through Lance and through us.

use crate::Result;
use crate::lance_writer::{LanceWriter, Mode};
use crate::ledger::Ledger;
use crate::our_writer;
use crate::rows;
use crate::table::Table;
use std::collections::BTreeMap;

/// The rows of a table by both libraries.
#[derive(Debug)]
pub(crate) struct View {
    /// SSTables, and what a fresh memtable-mode writer replays.
    pub(crate) by_lance: Vec<i64>,
    /// The same SSTables, and what our reader finds above the checkpoint.
    pub(crate) by_us: Vec<i64>,
}

impl View {
    /// Looks first with our reader, which writes nothing, and then opens a writer of Lance's.
    pub(crate) async fn of(table: &Table) -> Result<Self> {
        let mut by_us = our_writer::live(&table.wal().await?).await?;
        by_us.extend(sstable_rows(table).await?);
        let lance = Box::pin(LanceWriter::open(table, Mode::Memtable)).await?;
        let mut by_lance = lance.in_memory().await?;
        lance.crash().await?;
        // Replaying a long log fills SSTables, so these are read afterwards.
        by_lance.extend(sstable_rows(table).await?);
        Ok(Self { by_lance, by_us })
    }

    /// Holds what was found against what was promised.
    pub(crate) fn against(&self, ledger: &Ledger) -> Tally {
        let (by_lance, by_us) = (counts(&self.by_lance), counts(&self.by_us));
        let mut tally = Tally::default();
        for id in ledger.acknowledged() {
            let saved = ledger.saved().contains(&id);
            let found = by_lance.contains_key(&id) && by_us.contains_key(&id);
            if saved || found { tally.found += 1 } else { tally.lost.push(id) }
        }
        let twice = |counts: &BTreeMap<i64, usize>| counts.values().filter(|times| **times > 1).count();
        tally.twice = twice(&by_lance).max(twice(&by_us));
        tally.refused_but_found = ledger.refused().iter().filter(|id| by_lance.contains_key(id)).count();
        tally
    }
}

/// What became of acknowledged rows.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Rows that both libraries find, or that a consumer has.
    pub(crate) found: usize,
    /// The others.
    pub(crate) lost: Vec<i64>,
    /// Rows that one of the libraries finds more than once.
    pub(crate) twice: usize,
    /// Rows that Lance finds although their writer was told that they were not written.
    pub(crate) refused_but_found: usize,
}

/// The rows in the SSTables that the latest manifest names.
pub(crate) async fn sstable_rows(table: &Table) -> Result<Vec<i64>> {
    let Some(manifest) = table.manifests().refresh_latest().await? else { return Ok(Vec::new()) };
    let mut ids = Vec::new();
    for sstable in &manifest.sstables {
        let uri = format!("{}/_mem_wal/{}/{}", table.uri, table.shard, sstable.path);
        let rows = lance::Dataset::open(&uri).await?.scan().project(&[rows::ID])?.try_into_batch().await?;
        ids.extend(rows::ids(&rows));
    }
    Ok(ids)
}

fn counts(ids: &[i64]) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(*id).or_default() += 1;
    }
    counts
}
