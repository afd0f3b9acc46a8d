//! The manifest of a Lance table, as far as it says what became of SSTables.
//!
//! Only read, never written. The layout is Lance's public table format, <https://lance.org/format/table/>,
//! with the messages `Manifest`, `IndexSection`, `IndexMetadata` and `MemWalIndexDetails` of its
//! `table.proto`; the numbers of their fields are at the end of this file.
//!
//! ```text
//! ┌───────────────────────────┬──────────────────────┬───────────────────────┬──────────────┬───────┬──────┐
//! │ length, IndexSection, and │ length, Transaction  │ length, Manifest      │ where the    │ 2 × 2 │ LANC │
//! │ whatever else             │                      │ (index_section = …)   │ length is: 8 │ bytes │      │
//! └───────────────────────────┴──────────────────────┴───────────────────────┴──────────────┴───────┴──────┘
//! ```

mod details;
mod facts;
mod name;
mod tag;

pub use details::MemWalDetails;
pub use facts::TableWriter;
pub use name::{parse_detached_manifest_name, parse_table_manifest_name};
pub use tag::decode_table_tag;

use crate::FormatError;
use crate::error::damaged;
use crate::manifest::wire::walk;
use std::collections::BTreeSet;
use std::ops::Range;

/// The largest table manifest that is read, in bytes: 64 MiB. Those of tables with very many fragments are larger.
pub const TABLE_MANIFEST_BYTES_MAX: usize = 64 << 20;

/// The facts of a Lance table's manifest about its MemWAL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TableManifest {
    /// The table's version.
    pub version: u64,
    /// The names of the table's indexes, without Lance's own, which begin with two underscores.
    pub indexes: BTreeSet<String>,
    /// The details of the index of the MemWAL; `None` if the table has none.
    pub mem_wal: Option<MemWalDetails>,
    /// The library that wrote this version; `None` if it does not say.
    pub writer: Option<TableWriter>,
    /// Whether the version names any fragment, in its list or in a tree. Of a tree, only the root is looked at.
    pub has_fragments: bool,
    /// The first other place that the version takes data files from and that lies in a folder `_mem_wal`.
    pub base_in_mem_wal: Option<String>,
    /// The name of the first column, at any depth, that holds blobs.
    pub blob_column: Option<String>,
}

impl TableManifest {
    /// Reads the manifest whose object is named after `expected`.
    ///
    /// Passes over the manifest once; memory is that of the indexes' names and of the details, however many
    /// fragments, columns and base paths there are.
    ///
    /// # Errors
    /// [`FormatError::Damaged`]; [`FormatError::Misplaced`] if the version in it is not `expected`;
    /// [`FormatError::Newer`] if it has a feature that a reader must know and this one does not;
    /// [`FormatError::TooLarge`] above [`TABLE_MANIFEST_BYTES_MAX`].
    pub fn decode(object: &str, expected: u64, bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > TABLE_MANIFEST_BYTES_MAX {
            return Err(FormatError::TooLarge {
                object: object.to_owned(),
                offset: 0,
                what: "the table's manifest in bytes",
                size: bytes.len() as u64,
                limit: TABLE_MANIFEST_BYTES_MAX as u64,
            });
        }
        let body = manifest_message(object, bytes)?;
        let (mut version, mut index_section, mut flags) = (0, None, (0, body.start as u64));
        let mut manifest = Self::default();
        walk(object, &bytes[body.clone()], body.start as u64, |field| {
            match field.number {
                VERSION => version = field.uint64()?,
                INDEX_SECTION => index_section = Some((field.uint64()?, field.offset)),
                READER_FEATURES => flags = (field.uint64()?, field.offset),
                _ => facts::note(field, &mut manifest)?,
            }
            Ok(true)
        })?;
        if version != expected {
            return Err(FormatError::Misplaced {
                object: object.to_owned(),
                offset: body.start as u64,
                what: "version",
                found: version,
                expected,
            });
        }
        if flags.0 & !READER_FEATURES_KNOWN != 0 {
            let what = format!(
                "the table's feature {} (which readers must know)",
                (flags.0 & !READER_FEATURES_KNOWN).trailing_zeros()
            );
            return Err(FormatError::Newer { object: object.to_owned(), offset: flags.1, what: what.into() });
        }
        manifest.version = version;
        if let Some((at, said_at)) = index_section {
            // The sections come before the message that tells where they are.
            let limit = body.start - PREFIX;
            let section = length_prefixed(bytes, at, limit).ok_or_else(|| {
                damaged(
                    object,
                    said_at,
                    format!("an index section at byte {at} does not fit before the manifest at {limit}"),
                )
            })?;
            details::read_indexes(object, &bytes[section.clone()], section.start as u64, &mut manifest)?;
        }
        Ok(manifest)
    }
}

/// Where the message is whose place the last bytes tell.
fn manifest_message(object: &str, bytes: &[u8]) -> Result<Range<usize>, FormatError> {
    let foot = bytes
        .len()
        .checked_sub(FOOTER)
        .ok_or_else(|| damaged(object, 0_u64, "too short for a table's manifest"))?;
    if !bytes.ends_with(MAGIC) {
        return Err(damaged(
            object,
            (bytes.len() - MAGIC.len()) as u64,
            "not a table's manifest: it does not end with LANC",
        ));
    }
    let at = u64::from_le_bytes(bytes[foot..foot + 8].try_into().expect("a range of eight bytes"));
    match length_prefixed(bytes, at, foot) {
        Some(message) if message.end == foot => Ok(message),
        _ => {
            Err(damaged(object, foot as u64, format!("the message at byte {at} does not end at the footer")))
        }
    }
}

/// The message behind a length of four bytes at `at`, which must end at or below `limit`.
fn length_prefixed(bytes: &[u8], at: u64, limit: usize) -> Option<Range<usize>> {
    let at = usize::try_from(at).ok()?;
    let start = at.checked_add(PREFIX).filter(|start| *start <= limit)?;
    let length = u32::from_le_bytes(bytes[at..start].try_into().expect("a range of four bytes"));
    let end = start.checked_add(length as usize).filter(|end| *end <= limit)?;
    Some(start..end)
}

const MAGIC: &[u8] = b"LANC";
/// The place of the message, two numbers of the format's version, and the magic.
const FOOTER: usize = 16;
const PREFIX: usize = 4;

// Of `Manifest`.
const VERSION: u32 = 3;
const INDEX_SECTION: u32 = 6;
const READER_FEATURES: u32 = 9;
/// The features that readers of Lance 14.0.2's format must know: bits 0 to 9, 12, 13 and 16. None of them
/// concerns what is read here.
const READER_FEATURES_KNOWN: u64 = 0x3ff | 1 << 12 | 1 << 13 | 1 << 16;

#[cfg(test)]
mod tests;
