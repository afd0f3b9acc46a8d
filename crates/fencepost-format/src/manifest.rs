//! A shard's manifest: who owns the shard, and from where its log must be replayed.

pub(crate) mod wire;

use bytes::Bytes;

use crate::error::damaged;
use crate::{Epoch, FormatError, Generation, Nonce, Position, ShardId, Version};
pub use wire::UnknownFields;

/// The largest manifest that is read or written, in bytes: 16 MiB.
pub const MANIFEST_BYTES_MAX: usize = 16 << 20;

/// One version of a shard's manifest, Lance's `ShardManifest`.
///
/// Plain data. To make the next version, clone and change it. Everything that this code does not know travels
/// along in the `unknown` fields, and so do the SSTables, which only Lance writes.
///
/// ```
/// use fencepost_format::{Epoch, Manifest, Nonce, ShardId, Version};
///
/// let empty = Manifest::initial(ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").unwrap());
/// let claim = Manifest {
///     version: empty.version.next(),
///     writer_epoch: empty.writer_epoch.next(),
///     nonce: Some(Nonce(7)),
///     ..empty
/// };
/// let bytes = claim.encode();
/// assert_eq!(Manifest::decode("manifest/1000…", Version::FIRST, &bytes).unwrap(), claim);
/// ```
// F-14.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Manifest {
    /// The version, from which its object's name is made. [`Version::NONE`] only before anything was written.
    pub version: Version,
    /// The epoch that owns the shard; [`Epoch::NONE`] if nobody has claimed it yet.
    pub writer_epoch: Epoch,
    /// The replay point: everything up to this position is safe elsewhere, and replay begins one above it.
    pub replay_after: Position,
    /// A position that was in the log when the manifest was written: a hint for Lance's search of the tail.
    pub last_seen: Position,
    /// The generation that Lance's next SSTable gets.
    pub current_generation: Generation,
    /// Lance's SSTables.
    pub sstables: Vec<SsTable>,
    /// The sharding rule that the shard was made by; 0 for none.
    pub shard_spec_id: u32,
    /// The shard's id. Lance writes it always; the caller compares it with the folder's name.
    pub shard_id: Option<ShardId>,
    /// The values of the sharding rule's fields, in the order found (Lance's order changes between versions).
    pub shard_fields: Vec<ShardField>,
    /// Whether the shard accepts claims.
    pub status: ShardStatus,
    /// The nonce of the commit that wrote this version; `None` if Lance did.
    ///
    /// A commit draws a fresh one: two claimants would otherwise write the same bytes and, after a lost reply,
    /// both take them for their own.
    // F-15.
    pub nonce: Option<Nonce>,
    /// Whether Lance wrote any version before this one: then it may open the shard again. It has no meaning
    /// where the nonce is missing, since Lance wrote this version itself.
    // F-15.
    pub lance_before: bool,
    /// The nonce of the drain that wrote this version: it differs from the one before only in that SSTables are missing.
    ///
    /// It says nothing about whose version this is: [`nonce`](Self::nonce) does. A program that does not know this field
    /// may carry it on into versions of its own.
    // F-40.
    pub drain: Option<Nonce>,
    /// Fields that this code does not know.
    pub unknown: UnknownFields,
    /// Fields inside the message that holds the shard's id that this code does not know.
    pub shard_id_unknown: UnknownFields,
}

impl Manifest {
    /// The manifest of a shard that has none yet: version 0, epoch 0, generation 1, nothing to replay.
    ///
    /// It is never written; the first claim writes version 1 on top of it.
    #[must_use]
    pub fn initial(shard: ShardId) -> Self {
        Self {
            version: Version::NONE,
            writer_epoch: Epoch::NONE,
            replay_after: Position::NONE,
            last_seen: Position::NONE,
            current_generation: Generation(1),
            sstables: Vec::new(),
            shard_spec_id: 0,
            shard_id: Some(shard),
            shard_fields: Vec::new(),
            status: ShardStatus::Active,
            nonce: None,
            lance_before: false,
            drain: None,
            unknown: UnknownFields::default(),
            shard_id_unknown: UnknownFields::default(),
        }
    }

    /// Reads the manifest whose object is named after `expected`.
    ///
    /// Protobuf has no checksum: flipped bits that still parse are not noticed here.
    ///
    /// # Errors
    /// [`FormatError::Damaged`], [`FormatError::Misplaced`] if the version in it is not `expected`, and
    /// [`FormatError::TooLarge`] above [`MANIFEST_BYTES_MAX`].
    // F-17.
    pub fn decode(object: &str, expected: Version, bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(FormatError::TooLarge {
                object: object.to_owned(),
                offset: 0,
                what: "the manifest in bytes",
                size: bytes.len() as u64,
                limit: MANIFEST_BYTES_MAX as u64,
            });
        }
        let manifest = wire::decode(object, bytes)?;
        if manifest.version.is_none() {
            return Err(damaged(object, 0_u64, "the manifest states no version"));
        }
        if manifest.version != expected {
            return Err(FormatError::Misplaced {
                object: object.to_owned(),
                offset: 0,
                what: "version",
                found: manifest.version.get(),
                expected: expected.get(),
            });
        }
        Ok(manifest)
    }

    /// The bytes to store. What Lance wrote and [`decode`](Self::decode) read comes out byte for byte.
    ///
    /// # Panics
    /// For [`Version::NONE`], under which nothing is stored.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        assert!(!self.version.is_none(), "version 0 stands for no manifest and is never stored");
        wire::encode(self).into()
    }
}

/// One of Lance's SSTables, as the manifest lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SsTable {
    /// Its generation.
    pub generation: Generation,
    /// Its folder, relative to the shard's.
    pub path: String,
    /// Its other fields: sizes and counts.
    pub unknown: UnknownFields,
}

impl SsTable {
    /// The payload of its rows in bytes, as the memtable accounted for them: an estimate. `None` if Lance did not say.
    #[must_use]
    pub fn in_memory_bytes(&self) -> Option<u64> {
        self.unknown.uint64(IN_MEMORY_BYTES)
    }

    /// The rows in it, older duplicates of a primary key among them. `None` if Lance did not say.
    #[must_use]
    pub fn physical_rows(&self) -> Option<u64> {
        self.unknown.uint64(PHYSICAL_ROWS)
    }
}

const IN_MEMORY_BYTES: u32 = 3;
const PHYSICAL_ROWS: u32 = 4;

/// The value of one field of the sharding rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShardField {
    /// The field's id.
    pub key: String,
    /// The value, as Arrow's little-endian scalar.
    pub value: Bytes,
    /// Fields that this code does not know.
    pub unknown: UnknownFields,
}

/// Whether a shard accepts claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ShardStatus {
    /// It accepts claims.
    #[default]
    Active,
    /// It accepts none: a drop of the table is under way, or was broken off.
    Sealed,
    /// A state that this code does not know. Treat as sealed.
    Unknown(i32),
}

impl ShardStatus {
    /// Whether a writer may claim the shard. Not in a state that this code does not know.
    #[must_use]
    pub const fn accepts_claims(self) -> bool {
        matches!(self, Self::Active)
    }
}

#[cfg(test)]
mod tests;
