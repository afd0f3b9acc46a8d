//! What all versions of a table say of its SSTables, folded into what matters.
// P-83.

use fencepost_format::{Generation, ShardId, TableManifest, TableWriter};
use std::collections::{BTreeMap, BTreeSet};

/// The versions of a table that exist, as far as they decide which SSTables could go.
///
/// Begin with the latest version and [note](Self::note) every other one, in any order. What a reader, a tag or a
/// restore may still open is an existing version, so each of them counts. Memory: for each shard, one number for
/// each generation that some version has it compacted to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableHistory {
    latest: TableManifest,
    versions: u64,
    lowest: u64,
    /// For each shard that was compacted in the latest version, the generations below it that other versions have it
    /// compacted to (0 for none), and the highest version that does.
    behind: BTreeMap<ShardId, BTreeMap<Generation, u64>>,
    unread: Option<String>,
    without_fragments: Option<u64>,
    base_in_mem_wal: Option<(u64, String)>,
    blobs: Option<(u64, String)>,
    not_trusted: Option<(u64, Option<TableWriter>)>,
    tags: BTreeMap<u64, BTreeSet<String>>,
}

impl TableHistory {
    /// A table of which the latest version is known.
    #[must_use]
    pub fn new(latest: TableManifest) -> Self {
        let mut history = Self {
            versions: 1,
            lowest: latest.version,
            behind: BTreeMap::new(),
            unread: None,
            without_fragments: None,
            base_in_mem_wal: None,
            blobs: None,
            not_trusted: None,
            tags: BTreeMap::new(),
            latest: TableManifest::default(),
        };
        history.note_facts(&latest);
        history.latest = latest;
        history
    }

    /// Notes another version that exists.
    pub fn note(&mut self, version: &TableManifest) {
        self.versions += 1;
        self.lowest = self.lowest.min(version.version);
        self.note_facts(version);
        for (shard, compacted) in self.latest.mem_wal.iter().flat_map(|mem_wal| &mem_wal.compacted) {
            let has = version.mem_wal.as_ref().and_then(|mem_wal| mem_wal.compacted.get(shard)).copied();
            let has = has.unwrap_or_default();
            if has < *compacted {
                let highest = self.behind.entry(*shard).or_default().entry(has).or_insert(version.version);
                *highest = version.version.max(*highest);
            }
        }
    }

    /// Notes a version, by its path, that exists and could not be read or understood. Then nothing could go.
    pub fn note_unread(&mut self, object: String) {
        self.versions += 1;
        self.unread.get_or_insert(object);
    }

    /// Notes that a tag names this version. It changes no verdict, only what is said.
    pub fn note_tag(&mut self, version: u64, tag: String) {
        self.tags.entry(version).or_default().insert(tag);
    }

    /// Whether nothing could go, whatever versions that were not noted yet say: of each shard, some version has
    /// nothing compacted.
    #[must_use]
    pub fn holds_everything(&self) -> bool {
        let mut shards = self.latest.mem_wal.iter().flat_map(|mem_wal| mem_wal.compacted.keys());
        let has_none = |shard| self.behind.get(shard).is_some_and(|by| by.contains_key(&Generation(0)));
        self.unread.is_some() || shards.all(has_none)
    }

    /// The latest version.
    #[must_use]
    pub const fn latest(&self) -> &TableManifest {
        &self.latest
    }

    /// How many versions were noted, the latest among them.
    #[must_use]
    pub const fn versions(&self) -> u64 {
        self.versions
    }

    /// The lowest version that was noted.
    #[must_use]
    pub const fn lowest(&self) -> u64 {
        self.lowest
    }

    fn note_facts(&mut self, version: &TableManifest) {
        let number = version.version;
        if !version.has_fragments {
            self.without_fragments.get_or_insert(number);
        }
        if let Some(path) = &version.base_in_mem_wal {
            self.base_in_mem_wal.get_or_insert_with(|| (number, path.clone()));
        }
        if let Some(column) = &version.blob_column {
            self.blobs.get_or_insert_with(|| (number, column.clone()));
        }
        if !version.writer.as_ref().is_some_and(|writer| writer.is_lance_since(MARKERS_TRUSTED_SINCE)) {
            self.not_trusted.get_or_insert_with(|| (number, version.writer.clone()));
        }
    }

    /// The highest version that has less of this shard than the latest, and not this generation; how far it has it,
    /// and which tags name it.
    pub(super) fn behind(
        &self,
        shard: ShardId,
        generation: Generation,
    ) -> Option<(u64, Option<Generation>, BTreeSet<String>)> {
        let below = self.behind.get(&shard)?.range(..generation);
        let (has, version) = below.max_by_key(|(_, version)| **version)?;
        let tags = self.tags.get(version).cloned().unwrap_or_default();
        Some((*version, (has.0 > 0).then_some(*has), tags))
    }

    pub(super) fn unread(&self) -> Option<&String> {
        self.unread.as_ref()
    }

    pub(super) const fn without_fragments(&self) -> Option<u64> {
        self.without_fragments
    }

    pub(super) const fn base_in_mem_wal(&self) -> Option<&(u64, String)> {
        self.base_in_mem_wal.as_ref()
    }

    pub(super) const fn blobs(&self) -> Option<&(u64, String)> {
        self.blobs.as_ref()
    }

    pub(super) const fn not_trusted(&self) -> Option<&(u64, Option<TableWriter>)> {
        self.not_trusted.as_ref()
    }
}

/// The first release of Lance's in which a compactor that comes late with an old marker fails, rows and all. Before,
/// it wrote its rows under the marker of another one, and a marker could stand for rows that were never copied.
pub(super) const MARKERS_TRUSTED_SINCE: (u64, u64, u64) = (11, 0, 0);
