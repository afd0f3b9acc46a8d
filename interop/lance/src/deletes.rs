//! Who deletes covered entries: nobody, collectors that know too little, or ours.

use crate::Result;
use crate::table::Table;
use std::collections::BTreeSet;

/// A collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    /// The naive one: everything at or below the replay point.
    AllCovered,
    /// The same, but it keeps the first entry of every epoch.
    AllButFirsts,
    /// The same, and it keeps the highest entry too.
    AllButFirstsAndHighest,
    /// The one that fencepost ships, with its defaults.
    Ours,
}

impl Deletes {
    /// Its name in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AllCovered => "naive",
            Self::AllButFirsts => "naive, keeps epochs' firsts",
            Self::AllButFirstsAndHighest => "naive, keeps firsts and highest",
            Self::Ours => "fencepost",
        }
    }

    /// Collects once, and says what went.
    pub(crate) async fn run(self, table: &Table) -> Result<String> {
        if self == Self::Ours {
            let collected = Box::pin(table.wal().await?.collector().run()).await?;
            if !collected.report.failed.is_empty() {
                return Err(format!("not deleted: {:?}", collected.report.failed).into());
            }
            let kept: Vec<_> =
                collected.report.kept.iter().map(|(why, objects)| format!("{objects} {why}")).collect();
            return Ok(format!("deleted {}, kept {}", collected.report.deleted.entries, kept.join(", ")));
        }
        let (replay_after, _) = table.replay_and_last_seen().await?;
        let keeps = self.keeps(table).await?;
        let covered = table.positions().await?.into_keys().filter(|at| *at <= replay_after);
        let goes: Vec<_> = covered.filter(|at| !keeps.contains(at)).collect();
        let deleted = goes.len();
        table.delete(goes).await?;
        Ok(format!("deleted {deleted}"))
    }

    async fn keeps(self, table: &Table) -> Result<BTreeSet<u64>> {
        let mut keeps = BTreeSet::new();
        if self == Self::AllCovered {
            return Ok(keeps);
        }
        let entries = table.entries().await?;
        let mut epochs = BTreeSet::new();
        keeps.extend(
            entries.iter().filter(|entry| epochs.insert(entry.writer_epoch)).map(|e| e.entry_position),
        );
        if self == Self::AllButFirstsAndHighest {
            keeps.extend(entries.last().map(|entry| entry.entry_position));
        }
        Ok(keeps)
    }
}
