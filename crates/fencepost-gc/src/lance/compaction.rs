//! Reports which of Lance's SSTables the table no longer needs. Nothing is deleted because of it.

use super::TableHistory;
use fencepost_fence::{Rule, rules};
use fencepost_format::{Generation, ShardId, TableManifest, TableWriter};
use std::collections::BTreeSet;
use std::fmt;

/// Whether an SSTable could be deleted, according to its table's manifests, or what holds it back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Compaction {
    /// The table has no index of its MemWAL, so nothing records what was compacted.
    NoMemWal,
    /// Its rows are not in the table yet.
    NotCompacted {
        /// The latest generation of the shard that is in the table.
        compacted: Option<Generation>,
    },
    /// Its rows are in the table, but this index of the table does not cover them yet: readers need the
    /// SSTable's own index.
    IndexBehind {
        /// The index.
        index: String,
        /// The generation up to which the index covers the shard, if that is known.
        caught_up: Option<Generation>,
    },
    /// This version of the table exists and could not be read or understood. It may lack the rows.
    TableVersionUnread {
        /// The path of its manifest, or of what may be one.
        object: String,
    },
    /// A version of the table that exists does not have its rows: whoever opens, tags or restores that version
    /// needs the SSTable.
    TableVersionBehind {
        /// The version.
        version: u64,
        /// The latest generation of the shard that it has.
        compacted: Option<Generation>,
        /// The tags that keep this version.
        tags: BTreeSet<String>,
    },
    /// A version of the table has no fragments. Earlier releases of Lance published such versions by mistake when they
    /// noted a compaction: then SSTables hold the last copy of their rows.
    TableWithoutFragments {
        /// The version.
        version: u64,
    },
    /// A version of the table takes data files from a folder of the MemWAL, perhaps from this one.
    TableBasePath {
        /// The version.
        version: u64,
        /// The path.
        path: String,
    },
    /// The table has a column of blobs. A compactor may have left them where they were, and refer to them.
    TableHasBlobs {
        /// The version.
        version: u64,
        /// The column.
        column: String,
    },
    /// A version of the table was written by a Lance before 11.0.0, or by something else: then the table may say of
    /// rows that they were compacted that never were.
    MarkerNotTrusted {
        /// The version.
        version: u64,
        /// What wrote it, if that is known.
        writer: Option<TableWriter>,
    },
    /// Its rows are in every version of the table, and every index covers them.
    CouldGo,
}

impl Compaction {
    /// Judges the SSTable of this generation: the first of these conditions, in their order, that holds it back.
    ///
    /// The indexes that memtables maintain must have caught up in the latest version, since readers may look for them
    /// in an SSTable. An index whose progress is not known counts as behind, as it does for Lance.
    // P-83.
    #[must_use]
    pub fn of(table: &TableHistory, shard: ShardId, generation: Generation) -> Self {
        Self::in_latest(table.latest(), shard, generation).unwrap_or_else(|| {
            let held = Self::in_any(table, shard, generation);
            held.unwrap_or(Self::CouldGo)
        })
    }

    fn in_latest(table: &TableManifest, shard: ShardId, generation: Generation) -> Option<Self> {
        let Some(mem_wal) = &table.mem_wal else { return Some(Self::NoMemWal) };
        let compacted = mem_wal.compacted.get(&shard).copied();
        if compacted.is_none_or(|compacted| compacted < generation) {
            return Some(Self::NotCompacted { compacted });
        }
        let indexes = if mem_wal.maintains_all { &table.indexes } else { &mem_wal.maintained };
        for index in indexes {
            let caught_up = mem_wal.caught_up.get(index).and_then(|shards| shards.get(&shard)).copied();
            if caught_up.is_none_or(|caught_up| caught_up < generation) {
                return Some(Self::IndexBehind { index: index.clone(), caught_up });
            }
        }
        None
    }

    fn in_any(table: &TableHistory, shard: ShardId, generation: Generation) -> Option<Self> {
        if let Some(object) = table.unread() {
            return Some(Self::TableVersionUnread { object: object.clone() });
        }
        if let Some((version, compacted, tags)) = table.behind(shard, generation)
            && rules::on(Rule::EveryTableVersion)
        {
            return Some(Self::TableVersionBehind { version, compacted, tags });
        }
        if let Some(version) = table.without_fragments()
            && rules::on(Rule::TableHasFragments)
        {
            return Some(Self::TableWithoutFragments { version });
        }
        if let Some((version, path)) = table.base_in_mem_wal().cloned() {
            return Some(Self::TableBasePath { version, path });
        }
        if let Some((version, column)) = table.blobs().cloned() {
            return Some(Self::TableHasBlobs { version, column });
        }
        let (version, writer) = table.not_trusted().cloned()?;
        Some(Self::MarkerNotTrusted { version, writer })
    }

    /// A stable name, for JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoMemWal => "no_mem_wal",
            Self::NotCompacted { .. } => "not_compacted",
            Self::IndexBehind { .. } => "index_behind",
            Self::TableVersionUnread { .. } => "table_version_unread",
            Self::TableVersionBehind { .. } => "table_version_behind",
            Self::TableWithoutFragments { .. } => "table_without_fragments",
            Self::TableBasePath { .. } => "table_base_path",
            Self::TableHasBlobs { .. } => "table_has_blobs",
            Self::MarkerNotTrusted { .. } => "marker_not_trusted",
            Self::CouldGo => "could_go",
        }
    }

    /// The version of the table that holds it back, if one does.
    #[must_use]
    pub const fn table_version(&self) -> Option<u64> {
        match self {
            Self::TableVersionBehind { version, .. }
            | Self::TableWithoutFragments { version }
            | Self::TableBasePath { version, .. }
            | Self::TableHasBlobs { version, .. }
            | Self::MarkerNotTrusted { version, .. } => Some(*version),
            Self::NoMemWal
            | Self::NotCompacted { .. }
            | Self::IndexBehind { .. }
            | Self::TableVersionUnread { .. }
            | Self::CouldGo => None,
        }
    }
}

impl fmt::Display for Compaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMemWal => {
                f.write_str("The table has no index of its MemWAL, so nothing records what was compacted.")
            }
            Self::NotCompacted { compacted: None } => {
                f.write_str("Nothing of this shard was compacted into the table yet.")
            }
            Self::NotCompacted { compacted: Some(Generation(compacted)) } => {
                write!(f, "The table has this shard up to generation {compacted}.")
            }
            Self::IndexBehind { index, caught_up: None } => {
                write!(f, "It was compacted, but it is not known how far the index {index:?} has caught up.")
            }
            Self::IndexBehind { index, caught_up: Some(Generation(caught_up)) } => {
                write!(
                    f,
                    "It was compacted, but the index {index:?} has caught up only to generation {caught_up}."
                )
            }
            Self::TableVersionUnread { object } => {
                write!(f, "{object} may be a version of the table, and could not be read: it may lack these rows.")
            }
            Self::TableVersionBehind { version, compacted, tags } => {
                write!(f, "Version {version} of the table ")?;
                match compacted {
                    None => f.write_str("has nothing of this shard")?,
                    Some(Generation(compacted)) => write!(f, "has this shard up to generation {compacted}")?,
                }
                if tags.is_empty() {
                    f.write_str("; a cleanup of old versions would let it go.")
                } else {
                    let tags: Vec<_> = tags.iter().map(|tag| format!("{tag:?}")).collect();
                    write!(f, ", and is kept by the tag {}.", tags.join(", "))
                }
            }
            Self::TableWithoutFragments { version } => {
                write!(
                    f,
                    "Version {version} of the table has no fragments: its SSTables may hold the last copy of their rows."
                )
            }
            Self::TableBasePath { version, path } => {
                write!(f, "Version {version} of the table has data files in {path:?}, inside a MemWAL.")
            }
            Self::TableHasBlobs { version, column } => {
                write!(
                    f,
                    "The column {column:?} holds blobs (version {version} of the table): the table may refer to those of this SSTable."
                )
            }
            Self::MarkerNotTrusted { version, writer: Some(writer) } => {
                write!(
                    f,
                    "Version {version} of the table was written by {writer}, and only since Lance 11.0.0 can be trusted what a table says was compacted."
                )
            }
            Self::MarkerNotTrusted { version, writer: None } => {
                write!(f, "It is not known what wrote version {version} of the table, so what it says was compacted is not trusted.")
            }
            Self::CouldGo => f.write_str(
                "It was compacted into every version of the table, and every index has caught up: it could be deleted.",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
