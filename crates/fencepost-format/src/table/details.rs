//! What the index of the MemWAL says: how far each shard was compacted into the table, and how far indexes
//! have caught up.

use super::TableManifest;
use crate::error::damaged;
use crate::manifest::wire::{Field, walk};
use crate::{FormatError, Generation, ShardId};
use std::collections::{BTreeMap, BTreeSet};

/// Lance's `MemWalIndexDetails`, as far as it says what became of SSTables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MemWalDetails {
    /// For each shard, the latest generation that was compacted into the table. A missing shard has none.
    pub compacted: BTreeMap<ShardId, Generation>,
    /// The indexes that memtables maintain, and that readers may look for in SSTables. If `maintains_all`,
    /// all of the table's.
    pub maintained: BTreeSet<String>,
    /// Whether memtables maintain all indexes of the table that they can.
    pub maintains_all: bool,
    /// For each index and each shard, the generation up to which the index covers what was compacted. A
    /// missing one is not known.
    pub caught_up: BTreeMap<String, BTreeMap<ShardId, Generation>>,
}

/// Reads the index section into `manifest`.
pub(super) fn read_indexes(
    object: &str,
    section: &[u8],
    base: u64,
    manifest: &mut TableManifest,
) -> Result<(), FormatError> {
    walk(object, section, base, |field| {
        if field.number == INDICES {
            read_index(field, manifest)?;
        }
        Ok(true)
    })?;
    Ok(())
}

fn read_index(field: &Field<'_>, manifest: &mut TableManifest) -> Result<(), FormatError> {
    let (mut name, mut details) = (String::new(), None);
    field.message(|inner| {
        match inner.number {
            INDEX_NAME => name = inner.string()?,
            // The bytes of other indexes' details may be many; they are passed over.
            INDEX_DETAILS => details = Some((inner.bytes()?, inner.value_offset())),
            _ => {}
        }
        Ok(true)
    })?;
    if name != MEM_WAL_INDEX {
        if !name.starts_with(SYSTEM_PREFIX) {
            manifest.indexes.insert(name);
        }
        return Ok(());
    }
    if manifest.mem_wal.is_some() {
        return Err(damaged(field.object, field.offset, format!("a second index {MEM_WAL_INDEX}")));
    }
    let Some((any, at)) = details else {
        return Err(damaged(field.object, field.offset, format!("the index {MEM_WAL_INDEX} has no details")));
    };
    manifest.mem_wal = Some(read_any(field.object, any, at)?);
    Ok(())
}

/// The details are packed with a name of their type.
fn read_any(object: &str, any: &[u8], base: u64) -> Result<MemWalDetails, FormatError> {
    let (mut kind, mut details) = (String::new(), MemWalDetails::default());
    walk(object, any, base, |field| {
        match field.number {
            ANY_TYPE => kind = field.string()?,
            ANY_VALUE => details = read_details(field)?,
            _ => {}
        }
        Ok(true)
    })?;
    match kind.to_ascii_lowercase().ends_with(DETAILS_TYPE) {
        true => Ok(details),
        false => Err(damaged(
            object,
            base,
            format!("the details of the MemWAL are a {:?}", kind.escape_debug().to_string()),
        )),
    }
}

fn read_details(field: &Field<'_>) -> Result<MemWalDetails, FormatError> {
    let mut details = MemWalDetails::default();
    field.message(|inner| {
        match inner.number {
            MAINTAINED => {
                details.maintained.insert(inner.string()?);
            }
            COMPACTED => read_progress(inner, &mut details.compacted)?,
            CATCH_UP => {
                let (index, shards) = read_catch_up(inner)?;
                if details.caught_up.insert(index, shards).is_some() {
                    return Err(damaged(inner.object, inner.offset, "an index whose progress is told twice"));
                }
            }
            MAINTAINS_ALL => details.maintains_all = inner.uint64()? != 0,
            _ => {}
        }
        Ok(true)
    })?;
    Ok(details)
}

fn read_catch_up(field: &Field<'_>) -> Result<(String, BTreeMap<ShardId, Generation>), FormatError> {
    let (mut index, mut shards) = (String::new(), BTreeMap::new());
    field.message(|inner| {
        match inner.number {
            CATCH_UP_INDEX => index = inner.string()?,
            CATCH_UP_SHARDS => read_progress(inner, &mut shards)?,
            _ => {}
        }
        Ok(true)
    })?;
    Ok((index, shards))
}

/// One shard and its generation. Of a shard that is named twice, the lower generation counts: it promises less.
fn read_progress(field: &Field<'_>, shards: &mut BTreeMap<ShardId, Generation>) -> Result<(), FormatError> {
    let (mut shard, mut generation) = (None, Generation::default());
    field.message(|inner| {
        match inner.number {
            PROGRESS_SHARD => {
                inner.message(|id| {
                    if id.number == UUID_BYTES {
                        shard = Some(ShardId::from_bytes(id.sixteen_bytes()?));
                    }
                    Ok(true)
                })?;
            }
            PROGRESS_GENERATION => generation = Generation(inner.uint64()?),
            _ => {}
        }
        Ok(true)
    })?;
    let shard = shard.ok_or_else(|| damaged(field.object, field.offset, "progress of no shard"))?;
    shards.entry(shard).and_modify(|known| *known = generation.min(*known)).or_insert(generation);
    Ok(())
}

const MEM_WAL_INDEX: &str = "__lance_mem_wal";
const SYSTEM_PREFIX: &str = "__";
const DETAILS_TYPE: &str = "lance.table.memwalindexdetails";

// Of `IndexSection` and `IndexMetadata`.
const INDICES: u32 = 1;
const INDEX_NAME: u32 = 3;
const INDEX_DETAILS: u32 = 6;
// Of `google.protobuf.Any`.
const ANY_TYPE: u32 = 1;
const ANY_VALUE: u32 = 2;
// Of `MemWalIndexDetails`.
const MAINTAINED: u32 = 8;
const COMPACTED: u32 = 9;
const CATCH_UP: u32 = 10;
const MAINTAINS_ALL: u32 = 12;
// Of `IndexCatchupProgress`, `CompactedSsTable` and `UUID`.
const CATCH_UP_INDEX: u32 = 1;
const CATCH_UP_SHARDS: u32 = 2;
const PROGRESS_SHARD: u32 = 1;
const PROGRESS_GENERATION: u32 = 2;
const UUID_BYTES: u32 = 1;
