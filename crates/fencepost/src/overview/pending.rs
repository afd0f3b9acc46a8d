//! Lance's SSTables that wait to be compacted into the table.

use crate::shard::Io;
use crate::table::{TableError, read_table};
use fencepost_format::{Generation, Manifest, SsTable};
use futures::TryStreamExt;
use std::sync::Arc;
use std::time::SystemTime;

/// The SSTables that a shard's manifest names, and how many of them wait to be compacted.
///
/// Each query of the table reads those that wait, so a compactor that stands still shows here long before queries
/// run out of memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pending {
    /// How many SSTables the manifest names.
    pub named: u64,
    /// How many of them are not known to be compacted: all of them if the table cannot be read, or does not say.
    pub generations: u64,
    /// The rows in these, older duplicates of a key among them. SSTables of which Lance did not say are left out.
    pub rows: u64,
    /// Their payload in memory in bytes, as Lance accounted for it. SSTables of which Lance did not say are left out.
    pub bytes: u64,
    /// When the oldest of these was written, by the store's clock; `None` if that is not known.
    pub oldest: Option<SystemTime>,
    /// The latest generation of the shard that is in the table; `None` if there is none, or nobody says.
    pub compacted: Option<Generation>,
    /// Why the table could not be read.
    pub table_unread: Option<Arc<TableError>>,
}

/// What the manifest names, compared with what the table has; `None` if it names nothing.
pub(super) async fn pending(io: &Io, manifest: &Manifest) -> Option<Pending> {
    if manifest.sstables.is_empty() {
        return None;
    }
    let (compacted, table_unread) = match read_table(&io.store).await {
        Ok(table) => (table.and_then(|(_, table)| table.mem_wal), None),
        Err(error) => (None, Some(Arc::new(error))),
    };
    let compacted = compacted.and_then(|mem_wal| mem_wal.compacted.get(&io.paths.shard()).copied());
    let waiting = || {
        let is_waiting =
            |sstable: &&SsTable| compacted.is_none_or(|compacted| sstable.generation > compacted);
        manifest.sstables.iter().filter(is_waiting)
    };
    let sum = |of: fn(&SsTable) -> Option<u64>| waiting().filter_map(of).fold(0, u64::saturating_add);
    let oldest = match waiting().min_by_key(|sstable| sstable.generation) {
        Some(oldest) => written(io, oldest).await,
        None => None,
    };
    Some(Pending {
        named: manifest.sstables.len() as u64,
        generations: waiting().count() as u64,
        rows: sum(SsTable::physical_rows),
        bytes: sum(SsTable::in_memory_bytes),
        oldest,
        compacted,
        table_unread,
    })
}

/// When its own manifest was written, by which Lance knows it for whole; `None` if that cannot be found out.
async fn written(io: &Io, sstable: &SsTable) -> Option<SystemTime> {
    let folder = format!("{}/{}/_versions", io.paths.root(), sstable.path);
    let mut objects = io.store.list(folder);
    let mut oldest = None;
    while let Some(object) = objects.try_next().await.ok()? {
        let modified = object.last_modified;
        oldest = Some(oldest.map_or(modified, |oldest: SystemTime| oldest.min(modified)));
    }
    oldest
}
