//! Reports which of Lance's SSTables the table no longer needs. Nothing is deleted because of it.

use fencepost_format::{Generation, ShardId, TableManifest};
use std::fmt;

/// Whether an SSTable could be deleted, according to its table's manifest.
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
    /// Its rows are in the table, and every index covers them.
    CouldGo,
}

impl Compaction {
    /// Judges the SSTable of this generation.
    ///
    /// The indexes that memtables maintain must have caught up, since readers may look for them in an
    /// SSTable. An index whose progress is not known counts as behind, as it does for Lance.
    #[must_use]
    pub fn of(table: &TableManifest, shard: ShardId, generation: Generation) -> Self {
        let Some(mem_wal) = &table.mem_wal else { return Self::NoMemWal };
        let compacted = mem_wal.compacted.get(&shard).copied();
        if compacted.is_none_or(|compacted| compacted < generation) {
            return Self::NotCompacted { compacted };
        }
        let indexes = if mem_wal.maintains_all { &table.indexes } else { &mem_wal.maintained };
        for index in indexes {
            let caught_up = mem_wal.caught_up.get(index).and_then(|shards| shards.get(&shard)).copied();
            if caught_up.is_none_or(|caught_up| caught_up < generation) {
                return Self::IndexBehind { index: index.clone(), caught_up };
            }
        }
        Self::CouldGo
    }

    /// A stable name, for JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoMemWal => "no_mem_wal",
            Self::NotCompacted { .. } => "not_compacted",
            Self::IndexBehind { .. } => "index_behind",
            Self::CouldGo => "could_go",
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
            Self::CouldGo => f.write_str(
                "It was compacted into the table, and every index has caught up: it could be deleted.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fencepost_format::MemWalDetails;

    fn shard() -> ShardId {
        ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").unwrap()
    }

    fn table(change: impl FnOnce(&mut MemWalDetails)) -> TableManifest {
        let mut table = TableManifest::default();
        table.indexes = ["by_id", "by_name"].map(str::to_owned).into();
        let mut mem_wal = MemWalDetails::default();
        mem_wal.compacted.insert(shard(), Generation(3));
        change(&mut mem_wal);
        table.mem_wal = Some(mem_wal);
        table
    }

    fn check(table: &TableManifest, expect: [&str; 3]) {
        let found = [2, 3, 4].map(|generation| Compaction::of(table, shard(), Generation(generation)).name());
        assert_eq!(found, expect, "{table:?}");
    }

    #[test]
    fn what_was_compacted_could_go_once_the_maintained_indexes_have_caught_up() {
        check(&table(|_| ()), ["could_go", "could_go", "not_compacted"]);
        check(&table(|mem_wal| mem_wal.compacted.clear()), ["not_compacted"; 3]);
        check(&TableManifest::default(), ["no_mem_wal"; 3]);
        let maintained = |mem_wal: &mut MemWalDetails| {
            mem_wal.maintained.insert("by_id".to_owned());
        };
        check(&table(maintained), ["index_behind", "index_behind", "not_compacted"]);
        let behind = table(|mem_wal| {
            maintained(mem_wal);
            mem_wal.caught_up.insert("by_id".to_owned(), [(shard(), Generation(2))].into());
        });
        check(&behind, ["could_go", "index_behind", "not_compacted"]);
        let other_shard = table(|mem_wal| {
            maintained(mem_wal);
            mem_wal.caught_up.insert("by_id".to_owned(), [(ShardId::default(), Generation(9))].into());
        });
        check(&other_shard, ["index_behind", "index_behind", "not_compacted"]);
    }

    /// Then all of the table's indexes count, whatever the list says.
    #[test]
    fn where_all_indexes_are_maintained_each_must_have_caught_up() {
        let one = |mem_wal: &mut MemWalDetails| {
            mem_wal.maintains_all = true;
            mem_wal.caught_up.insert("by_id".to_owned(), [(shard(), Generation(3))].into());
        };
        let behind = Compaction::of(&table(one), shard(), Generation(3));
        assert_eq!(behind, Compaction::IndexBehind { index: "by_name".to_owned(), caught_up: None });
        let both = table(|mem_wal| {
            one(mem_wal);
            mem_wal.caught_up.insert("by_name".to_owned(), [(shard(), Generation(3))].into());
        });
        check(&both, ["could_go", "could_go", "not_compacted"]);
    }

    #[test]
    fn names_of_indexes_are_printed_escaped() {
        let behind =
            Compaction::IndexBehind { index: "a\u{1b}[2J".to_owned(), caught_up: Some(Generation(1)) };
        assert!(behind.to_string().contains(r#""a\u{1b}[2J""#), "{behind}");
    }
}
