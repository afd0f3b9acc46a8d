//! What is in the store: manifests and folders of a shard, versions of its table, documents of reclaims.

use fencepost_format::{
    Generation, Manifest, MemWalDetails, ReclaimEnd, ReclaimPlan, ShardId, SsTable, SsTableName,
    TableManifest, TableWriter,
};
use fencepost_gc::TableHistory;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A version of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Table {
    /// The marker.
    pub(super) compacted: u64,
    /// The generations whose rows it has, as bits.
    pub(super) rows: u8,
    pub(super) has_fragments: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) manifests: BTreeMap<u64, Arc<Manifest>>,
    /// By number, each with its generation.
    pub(super) folders: BTreeMap<u8, u64>,
    pub(super) made: u8,
    pub(super) deleted: BTreeSet<u8>,
    pub(super) table: BTreeMap<u64, Table>,
    pub(super) plans: BTreeMap<u64, Arc<ReclaimPlan>>,
    pub(super) ends: BTreeMap<u64, Arc<ReclaimEnd>>,
}

impl World {
    pub(super) fn new() -> Self {
        // Lance's `initialize_shard`, and a table with some rows.
        let first = Manifest::initial(ShardId::default());
        let first = Manifest { version: first.version.next(), ..first };
        Self {
            manifests: [(1, Arc::new(first))].into(),
            folders: BTreeMap::new(),
            made: 0,
            deleted: BTreeSet::new(),
            table: [(1, Table { compacted: 0, rows: 0, has_fragments: true })].into(),
            plans: BTreeMap::new(),
            ends: BTreeMap::new(),
        }
    }

    pub(super) fn latest(&self) -> &Arc<Manifest> {
        self.manifests.last_key_value().expect("manifests are never pruned here").1
    }

    pub(super) fn latest_table(&self) -> Table {
        *self.table.last_key_value().expect("the latest version stays").1
    }

    /// Creates the next version, as Lance does: no nonce, and no field that it does not know.
    pub(super) fn commit(&mut self, change: impl FnOnce(&mut Manifest)) -> u64 {
        let mut next = Manifest::clone(self.latest());
        next.version = next.version.next();
        (next.nonce, next.drain) = (None, None);
        change(&mut next);
        let version = next.version.get();
        self.manifests.insert(version, Arc::new(next));
        version
    }

    pub(super) fn publish(&mut self, version: Table) {
        let next = self.table.last_key_value().map_or(0, |(version, _)| *version) + 1;
        self.table.insert(next, version);
    }

    pub(super) fn named(manifest: &Manifest) -> impl Iterator<Item = (u8, u64)> {
        manifest.sstables.iter().map(|sstable| {
            let name = SsTableName::parse(&sstable.path).expect("all folders have Lance's names here");
            (u8::try_from(name.hash).expect("folders have small numbers here"), sstable.generation.0)
        })
    }

    fn is_there(&self, folder: u8) -> bool {
        !self.deleted.contains(&folder)
    }

    pub(super) fn all_there(&self, manifest: &Manifest) -> bool {
        Self::named(manifest).all(|(folder, _)| self.is_there(folder))
    }

    pub(super) fn named_are_there(&self) -> bool {
        self.all_there(self.latest())
    }

    /// P-83, P-85: a reader of any version that exists, with the latest manifest, finds every generation.
    pub(super) fn nothing_is_missed(&self) -> bool {
        let latest = self.latest();
        let named: Vec<_> = Self::named(latest).collect();
        let flushed = 1..latest.current_generation.0;
        let in_sstable =
            |generation: u64| named.iter().any(|(folder, of)| *of == generation && self.is_there(*folder));
        self.table.values().all(|table| {
            flushed.clone().all(|generation| table.rows & bit(generation) != 0 || in_sstable(generation))
        })
    }

    /// P-84: what a drain of ours took out, some plan has.
    pub(super) fn drains_were_planned(&self) -> bool {
        let drains = self.manifests.values().filter(|manifest| manifest.drain.is_some());
        let planned = |name: &SsTableName| self.plans.values().any(|plan| plan.folders.contains(name));
        drains.into_iter().all(|drain| {
            let before = &self.manifests[&drain.version.prev().get()];
            let left: BTreeSet<_> = drain.sstables.iter().map(|sstable| &sstable.path).collect();
            let mut gone = before.sstables.iter().filter(|sstable| !left.contains(&sstable.path));
            gone.all(|sstable| SsTableName::parse(&sstable.path).is_some_and(|name| planned(&name)))
        })
    }

    /// What the production reading of the table finds.
    pub(super) fn history(&self) -> TableHistory {
        let mut versions = self.table.iter().rev().map(|(version, table)| manifest(*version, *table));
        let mut history = TableHistory::new(versions.next().expect("the latest version stays"));
        versions.for_each(|version| history.note(&version));
        history
    }
}

fn manifest(version: u64, table: Table) -> TableManifest {
    let mut writer = TableWriter::default();
    (writer.library, writer.version) = ("lance".to_owned(), "14.0.2".to_owned());
    let mut mem_wal = MemWalDetails::default();
    if table.compacted > 0 {
        mem_wal.compacted.insert(ShardId::default(), Generation(table.compacted));
    }
    let mut manifest = TableManifest::default();
    manifest.version = version;
    manifest.mem_wal = Some(mem_wal);
    manifest.writer = Some(writer);
    manifest.has_fragments = table.has_fragments;
    manifest
}

pub(super) fn sstable(folder: u8, generation: u64) -> SsTable {
    SsTable {
        generation: Generation(generation),
        path: name(folder, generation).to_string(),
        ..SsTable::default()
    }
}

pub(super) fn name(folder: u8, generation: u64) -> SsTableName {
    SsTableName { generation: Generation(generation), hash: folder.into() }
}

pub(super) const fn bit(generation: u64) -> u8 {
    1 << generation
}
