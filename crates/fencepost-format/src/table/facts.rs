//! Facts of one table version that decide whether an SSTable may go, beside what the index of the MemWAL says.
// P-83.

use super::TableManifest;
use crate::FormatError;
use crate::manifest::wire::Field;
use std::fmt;

/// The library that wrote a table version.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct TableWriter {
    /// Its name; `lance` for Lance's own.
    pub library: String,
    /// Its version, without what marks a pre-release.
    pub version: String,
    /// What marks a pre-release, as in `beta.3`; empty if it is none.
    pub prerelease: String,
}

impl TableWriter {
    /// Whether it is a release of Lance's at or above this one (major, minor, patch). A pre-release comes before its
    /// release. Anything that is not understood is not.
    #[must_use]
    pub fn is_lance_since(&self, floor: (u64, u64, u64)) -> bool {
        let mut numbers = self.version.splitn(3, '.').map(str::parse);
        let (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        let release: (u64, u64, u64) = (major, minor, patch);
        let reaches = if self.prerelease.is_empty() { release >= floor } else { release > floor };
        self.library == "lance" && reaches
    }
}

impl fmt::Display for TableWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.library.escape_debug(), self.version.escape_debug())?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease.escape_debug())?;
        }
        Ok(())
    }
}

/// Notes one field of the message `Manifest`.
pub(super) fn note(field: &Field<'_>, manifest: &mut TableManifest) -> Result<(), FormatError> {
    match field.number {
        FIELDS if manifest.blob_column.is_none() => manifest.blob_column = blob_column(field)?,
        // An empty message is a fragment too: the one with the number 0 and no files.
        FRAGMENTS => manifest.has_fragments = true,
        WRITER => manifest.writer = Some(writer(field)?),
        BASE_PATHS if manifest.base_in_mem_wal.is_none() => {
            manifest.base_in_mem_wal = base_in_mem_wal(field)?;
        }
        FRAGMENT_TREE => manifest.has_fragments |= tree_has_fragments(field)?,
        _ => {}
    }
    Ok(())
}

/// The name of this column, if it holds blobs. Columns of all depths stand side by side.
fn blob_column(field: &Field<'_>) -> Result<Option<String>, FormatError> {
    let (mut name, mut is_blob) = (String::new(), false);
    field.message(|inner| {
        match inner.number {
            COLUMN_NAME => name = inner.string()?,
            COLUMN_EXTENSION => is_blob |= inner.bytes()? == BLOB_V2,
            COLUMN_METADATA => {
                let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
                inner.message(|pair| {
                    match pair.number {
                        1 => key = pair.bytes()?,
                        2 => value = pair.bytes()?,
                        _ => {}
                    }
                    Ok(true)
                })?;
                is_blob |= key == BLOB_KEY || (key == EXTENSION_KEY && value == BLOB_V2);
            }
            _ => {}
        }
        Ok(true)
    })?;
    Ok(is_blob.then_some(name))
}

fn writer(field: &Field<'_>) -> Result<TableWriter, FormatError> {
    let mut writer = TableWriter::default();
    field.message(|inner| {
        match inner.number {
            WRITER_LIBRARY => writer.library = inner.string()?,
            WRITER_VERSION => writer.version = inner.string()?,
            WRITER_PRERELEASE => writer.prerelease = inner.string()?,
            _ => {}
        }
        Ok(true)
    })?;
    Ok(writer)
}

/// The path of this place, if any folder in it is called like the MemWAL's.
fn base_in_mem_wal(field: &Field<'_>) -> Result<Option<String>, FormatError> {
    let mut path = String::new();
    field.message(|inner| {
        if inner.number == BASE_PATH {
            path = inner.string()?;
        }
        Ok(true)
    })?;
    Ok(path.split('/').any(|folder| folder == MEM_WAL_FOLDER).then_some(path))
}

/// Whether a tree of fragments holds any: it has a root object, or children of its own. What only its list of
/// later changes may hold does not count.
fn tree_has_fragments(field: &Field<'_>) -> Result<bool, FormatError> {
    let mut has = false;
    field.message(|layout| {
        if layout.number == TREE {
            layout.message(|tree| {
                match tree.number {
                    TREE_INLINE_ROOT => {
                        tree.message(|root| {
                            has |= root.number == ROOT_CHILDREN;
                            Ok(true)
                        })?;
                    }
                    TREE_ROOT_UUID => has |= !tree.bytes()?.is_empty(),
                    _ => {}
                }
                Ok(true)
            })?;
        }
        Ok(true)
    })?;
    Ok(has)
}

const MEM_WAL_FOLDER: &str = "_mem_wal";
const BLOB_KEY: &[u8] = b"lance-encoding:blob";
const EXTENSION_KEY: &[u8] = b"ARROW:extension:name";
const BLOB_V2: &[u8] = b"lance.blob.v2";

// Of `Manifest`.
const FIELDS: u32 = 1;
const FRAGMENTS: u32 = 2;
const WRITER: u32 = 13;
const BASE_PATHS: u32 = 18;
const FRAGMENT_TREE: u32 = 22;
// Of `Field`, in `file.proto`.
const COLUMN_NAME: u32 = 2;
const COLUMN_EXTENSION: u32 = 9;
const COLUMN_METADATA: u32 = 10;
// Of `WriterVersion` and `BasePath`.
const WRITER_LIBRARY: u32 = 1;
const WRITER_VERSION: u32 = 2;
const WRITER_PRERELEASE: u32 = 3;
const BASE_PATH: u32 = 4;
// Of `FragmentTreeMetadata`, `FragmentTree` and `FragmentTreeRoot`.
const TREE: u32 = 1;
const TREE_INLINE_ROOT: u32 = 1;
const TREE_ROOT_UUID: u32 = 2;
const ROOT_CHILDREN: u32 = 1;
