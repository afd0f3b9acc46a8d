//! The names of objects: bit-reversed for entries and manifests, padded decimals for our own documents.

use std::fmt;

use crate::{
    CursorDocument, Epoch, Nonce, Position, ReceiptName, ReclaimName, ShardId, SsTableName, Version,
};

/// The object name of the entry at `position`: `101000….arrow` for position 5.
///
/// The bits of the number are reversed so that consecutive entries land in different partitions of an object
/// store; the order of a listing therefore says nothing about the order of the log.
///
/// # Panics
/// For [`Position::NONE`], which no object has.
#[must_use]
pub fn entry_name(position: Position) -> String {
    bit_reversed_name(position.get(), ENTRY_EXTENSION)
}

/// The position that an entry's object name stands for.
///
/// It is strict: 64 characters `0` or `1` and `.arrow`, a number from 1 to [`ID_MAX`](crate::ID_MAX). For anything
/// else it returns `None`: such an object is not an entry.
// F-1.
#[must_use]
pub fn parse_entry_name(name: &str) -> Option<Position> {
    parse_bit_reversed_name(name, ENTRY_EXTENSION).and_then(Position::try_new)
}

/// The object name of the manifest of `version`: `101000….binpb` for version 5.
///
/// # Panics
/// For [`Version::NONE`], which no object has.
#[must_use]
pub fn manifest_name(version: Version) -> String {
    bit_reversed_name(version.get(), MANIFEST_EXTENSION)
}

/// The version that a manifest's object name stands for; strict as [`parse_entry_name`] is.
// F-1.
#[must_use]
pub fn parse_manifest_name(name: &str) -> Option<Version> {
    parse_bit_reversed_name(name, MANIFEST_EXTENSION).and_then(Version::try_new)
}

/// The position in the name of a boundary document, `boundary-00000000000000000042.json`.
// F-20.
#[must_use]
pub fn parse_boundary_name(name: &str) -> Option<Position> {
    parse_decimal_name(name.strip_prefix("boundary-")?).and_then(Position::try_new)
}

/// The epoch in the name of the record of a forgotten claim, `forgotten-00000000000000000042.json`. Never
/// [`Epoch::NONE`].
// F-24.
#[must_use]
pub fn parse_forgotten_name(name: &str) -> Option<Epoch> {
    let epoch = parse_decimal_name(name.strip_prefix("forgotten-")?).and_then(Epoch::try_new);
    epoch.filter(|epoch| !epoch.is_none())
}

/// The epoch in the name of a lease document, `00000000000000000042.json`. Never [`Epoch::NONE`].
// F-22.
#[must_use]
pub fn parse_lease_name(name: &str) -> Option<Epoch> {
    parse_decimal_name(name).and_then(Epoch::try_new).filter(|epoch| !epoch.is_none())
}

/// The epoch in the name of an opener's record, `00000000000000000042.json`. Never [`Epoch::NONE`].
// F-35.
#[must_use]
pub fn parse_opening_name(name: &str) -> Option<Epoch> {
    parse_lease_name(name)
}

/// The name of a consumer's cursor: 1 to 64 characters of `a-z A-Z 0-9 . _ -`, not beginning with a dot.
///
/// Such a name is one path segment in every store and on every file system. Do not use two names that differ
/// only in case: they are two cursors, except on file systems that ignore case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorName(String);

impl CursorName {
    /// Checks `name`; `None` if it breaks the rules above.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let fits = (1..=CURSOR_NAME_BYTES_MAX).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        fits.then(|| Self(name.to_owned()))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CursorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CursorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CursorName({})", self.0)
    }
}

/// The paths of everything in one shard, relative to the root of the store.
///
/// ```
/// use fencepost_format::{Position, ShardId, ShardPaths};
///
/// let shard = ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").unwrap();
/// let paths = ShardPaths::new("tables/orders.lance", shard);
/// assert_eq!(paths.root(), "tables/orders.lance/_mem_wal/5e3982e7-0881-4b06-a045-82968ecdc515");
/// assert!(paths.entry(Position::new(5)).contains("/wal/10100000"));
/// ```
// F-2.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShardPaths {
    base: String,
    shard: ShardId,
}

impl ShardPaths {
    /// The paths of `shard` of the table at `base`. Slashes at either end of `base` don't matter; it may be empty.
    #[must_use]
    pub fn new(base: &str, shard: ShardId) -> Self {
        Self { base: base.trim_matches('/').to_owned(), shard }
    }

    /// The table's folder, without slashes at either end; empty for the root of the store.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The shard.
    #[must_use]
    pub const fn shard(&self) -> ShardId {
        self.shard
    }

    /// The folder that holds the shards of the table at `base`: `{base}/_mem_wal`.
    #[must_use]
    pub fn shards_dir(base: &str) -> String {
        match base.trim_matches('/') {
            "" => MEM_WAL_DIR.to_owned(),
            base => format!("{base}/{MEM_WAL_DIR}"),
        }
    }

    /// The document that says which shard is the first one at `base`: `{base}/_fencepost/first-shard.json`.
    #[must_use]
    pub fn first_shard(base: &str) -> String {
        match base.trim_matches('/') {
            "" => FIRST_SHARD.to_owned(),
            base => format!("{base}/{FIRST_SHARD}"),
        }
    }

    /// The shard's folder: `{base}/_mem_wal/{uuid}`.
    #[must_use]
    pub fn root(&self) -> String {
        format!("{}/{}", Self::shards_dir(&self.base), self.shard)
    }

    /// The folder of manifests.
    #[must_use]
    pub fn manifest_dir(&self) -> String {
        self.under("manifest")
    }

    /// The manifest of `version`.
    ///
    /// # Panics
    /// For [`Version::NONE`].
    #[must_use]
    pub fn manifest(&self, version: Version) -> String {
        self.under(&format!("manifest/{}", manifest_name(version)))
    }

    /// The hint for Lance's readers.
    #[must_use]
    pub fn version_hint(&self) -> String {
        self.under("manifest/version_hint.json")
    }

    /// The folder of entries.
    #[must_use]
    pub fn wal_dir(&self) -> String {
        self.under("wal")
    }

    /// The entry at `position`.
    ///
    /// # Panics
    /// For [`Position::NONE`].
    #[must_use]
    pub fn entry(&self, position: Position) -> String {
        self.under(&format!("wal/{}", entry_name(position)))
    }

    /// The folder of one of Lance's SSTables.
    #[must_use]
    pub fn sstable_dir(&self, name: SsTableName) -> String {
        self.under(&name.to_string())
    }

    /// The folder of the collector's documents.
    #[must_use]
    pub fn gc_dir(&self) -> String {
        self.under("fencepost/gc")
    }

    /// The collection boundary at `position`.
    #[must_use]
    pub fn boundary(&self, position: Position) -> String {
        self.under(&format!("fencepost/gc/boundary-{:020}.json", position.get()))
    }

    /// The record that an operator had `epoch` forgotten.
    #[must_use]
    pub fn forgotten(&self, epoch: Epoch) -> String {
        self.under(&format!("fencepost/gc/forgotten-{:020}.json", epoch.get()))
    }

    /// The folder of receipts.
    #[must_use]
    pub fn receipts_dir(&self) -> String {
        self.under("fencepost/receipts")
    }

    /// A receipt.
    #[must_use]
    pub fn receipt(&self, name: &ReceiptName) -> String {
        format!("{}/{}", self.receipts_dir(), name.object_name())
    }

    /// A document of a reclaim.
    // F-41, F-42.
    #[must_use]
    pub fn reclaim(&self, name: &ReclaimName) -> String {
        self.under(&format!("fencepost/gc/{}", name.object_name()))
    }

    /// The object that a collection writes to learn the store's time.
    // F-26.
    #[must_use]
    pub fn stamp(&self) -> String {
        self.under("fencepost/gc/stamp.json")
    }

    /// The folder that has one folder for each cursor.
    #[must_use]
    pub fn cursors_dir(&self) -> String {
        self.under("fencepost/cursors")
    }

    /// The folder of one cursor's documents.
    #[must_use]
    pub fn cursor_dir(&self, name: &CursorName) -> String {
        self.under(&format!("fencepost/cursors/{name}"))
    }

    /// A document of the cursor `name`.
    #[must_use]
    pub fn cursor(&self, name: &CursorName, document: &CursorDocument) -> String {
        self.under(&format!("fencepost/cursors/{name}/{}", document.object_name()))
    }

    /// The cursor's name and the document that a path below [`cursors_dir`](Self::cursors_dir) stands for.
    #[must_use]
    pub fn parse_cursor(&self, path: &str) -> Option<(CursorName, CursorDocument)> {
        let rest = path.strip_prefix(&self.cursors_dir())?.strip_prefix('/')?;
        let (name, document) = rest.split_once('/')?;
        Some((CursorName::parse(name)?, CursorDocument::parse(document)?))
    }

    /// The folder of lease documents.
    #[must_use]
    pub fn lease_dir(&self) -> String {
        self.under("fencepost/lease")
    }

    /// The lease of `epoch`'s holder.
    #[must_use]
    pub fn lease(&self, epoch: Epoch) -> String {
        self.under(&format!("fencepost/lease/{:020}.json", epoch.get()))
    }

    /// The folder of openers' records.
    #[must_use]
    pub fn openings_dir(&self) -> String {
        self.under("fencepost/openings")
    }

    /// The record of the opener of `epoch`.
    #[must_use]
    pub fn opening_record(&self, epoch: Epoch) -> String {
        self.under(&format!("fencepost/openings/{:020}.json", epoch.get()))
    }

    /// The folder of the objects that repairs set aside.
    #[must_use]
    pub fn set_aside_dir(&self) -> String {
        self.under("fencepost/damaged")
    }

    /// The copy of the damaged bytes of the entry at `position`, made before a tombstone replaces the entry.
    // F-25.
    #[must_use]
    pub fn set_aside(&self, position: Position, nonce: Nonce) -> String {
        format!("{}/{:020}-{:032x}.arrow", self.set_aside_dir(), position.get(), nonce.0)
    }

    fn under(&self, rest: &str) -> String {
        format!("{}/{rest}", self.root())
    }
}

fn bit_reversed_name(number: u64, extension: &str) -> String {
    assert!(number > 0, "0 means none, and nothing is stored under it");
    format!("{:064b}{extension}", number.reverse_bits())
}

fn parse_bit_reversed_name(name: &str, extension: &str) -> Option<u64> {
    let digits = name.strip_suffix(extension)?;
    let binary = digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0' | b'1'));
    let number = u64::from_str_radix(binary.then_some(digits)?, 2).ok()?.reverse_bits();
    (number > 0).then_some(number)
}

fn parse_decimal_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let decimal = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then_some(digits)?.parse().ok()
}

const ENTRY_EXTENSION: &str = ".arrow";
const MANIFEST_EXTENSION: &str = ".binpb";
const MEM_WAL_DIR: &str = "_mem_wal";
const FIRST_SHARD: &str = "_fencepost/first-shard.json";
const CURSOR_NAME_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests;
