//! The versions of a shard's manifest, for people who look at its past.

use crate::{ReadError, Wal};
use fencepost_fence::{GaveUp, ReadReply};
use fencepost_format::{Manifest, Position, Version, parse_manifest_name};
use std::time::SystemTime;

/// A version of the manifest that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestVersion {
    /// Its number.
    pub version: Version,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written, by the store's clock.
    pub written: SystemTime,
}

impl Wal {
    /// The versions of the manifest that a listing shows, upward. Old ones are pruned by collections.
    ///
    /// Costs one LIST for each thousand versions.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub async fn manifest_versions(&self) -> Result<Vec<ManifestVersion>, ReadError> {
        let io = self.io.scoped();
        let found = io.list_named(io.paths.manifest_dir(), parse_manifest_name).await?.into_iter();
        let versions = found.map(|(version, object)| ManifestVersion {
            version,
            bytes: object.size,
            written: object.last_modified,
        });
        Ok(versions.collect())
    }

    /// One version of the manifest; `None` if it is not there. Which is the latest, [`manifest`](Self::manifest)
    /// says.
    ///
    /// Costs one GET.
    ///
    /// # Errors
    /// [`ReadError::GaveUp`] if it cannot be read or understood.
    pub async fn manifest_at(&self, version: Version) -> Result<Option<Manifest>, ReadError> {
        let read = self.io.scoped().manifest_at(version).await;
        let why = match read.reply {
            ReadReply::Found(manifest) => return Ok(Some(manifest)),
            ReadReply::Absent => return Ok(None),
            ReadReply::Damaged => GaveUp::DamagedManifest(version),
            ReadReply::Unknown => GaveUp::Unread,
        };
        Err(ReadError::GaveUp { at: Position::NONE, why, cause: read.cause })
    }
}
