//! Manifests: listed, read, created, and hinted at.

use super::answer::{created, listed, read_as};
use super::queries::named;
use super::{Io, Performed};
use crate::Cause;
use fencepost_fence::{ReadReply, Reply};
use fencepost_format::{MANIFEST_BYTES_MAX, Manifest, Version, encode_version_hint, parse_manifest_name};
use fencepost_store::LogStore;

impl Io {
    pub(super) async fn list_manifests(&self) -> Performed {
        let versions = named(&self.once(), self.paths.manifest_dir(), parse_manifest_name).await;
        let highest = versions.map(|versions| versions.last().map_or(Version::NONE, |(version, _)| *version));
        listed(highest).map(Reply::Listed)
    }

    /// A manifest version, by one attempt.
    pub(super) async fn read_manifest(&self, version: Version) -> Performed<ReadReply<Manifest>> {
        self.read_manifest_in(&self.once(), version).await
    }

    /// A manifest version, for who asks once.
    pub(crate) async fn manifest_at(&self, version: Version) -> Performed<ReadReply<Manifest>> {
        self.read_manifest_in(&self.store, version).await
    }

    /// Whether something may stand at a version. "No" is no proof: one attempt, and what it can't answer counts as
    /// nothing.
    // P-115.
    pub(crate) async fn may_have_manifest(&self, version: Version) -> bool {
        let read = self.read_manifest(version).await.reply;
        matches!(read, ReadReply::Found(_) | ReadReply::Damaged)
    }

    async fn read_manifest_in(&self, store: &LogStore, version: Version) -> Performed<ReadReply<Manifest>> {
        let path = self.paths.manifest(version);
        let outcome = store.get_up_to(&path, MANIFEST_BYTES_MAX as u64).await;
        read_as(outcome, |bytes| self.checked_manifest(&path, version, &bytes))
    }

    /// Decodes a manifest; one that names another shard was copied here from somewhere else.
    fn checked_manifest(&self, path: &str, version: Version, bytes: &[u8]) -> Result<Manifest, Cause> {
        let manifest = Manifest::decode(path, version, bytes)?;
        match manifest.shard_id {
            Some(found) if found != self.paths.shard() => {
                Err(Cause::OtherShard { object: path.to_owned(), found, expected: self.paths.shard() })
            }
            _ => Ok(manifest),
        }
    }

    pub(super) async fn create_manifest(&self, manifest: &Manifest) -> Performed {
        let path = self.paths.manifest(manifest.version);
        let outcome = self.store.create(path, manifest.encode().into()).await;
        created(outcome).map(|reply| Reply::ManifestCreated(manifest.version, reply))
    }

    /// Writes the version hint, for Lance's readers only; nobody minds if that fails. An overwrite, as only
    /// hints and leases may be.
    // P-8, P-71.
    pub(crate) async fn write_hint(&self, version: Version) {
        let hint = encode_version_hint(version);
        if let Err(refused) = self.store.put_overwrite(self.paths.version_hint(), hint.into()).await {
            tracing::debug!(shard = %self.paths.shard(), why = %refused.why, "the version hint was not written");
        }
    }
}
