//! Making a log of a copy.
// P-152, P-153.

use super::error::ImportError;
use super::put_same;
use crate::table::is_table;
use crate::{Cause, Environment, ReadError, Unsealed, Wal, find_shards};
use fencepost_fence::{Copied, Source, may_fill, may_restore, restored_epoch};
use fencepost_format::{
    DOCUMENT_BYTES_MAX, DecodeLimits, Epoch, Export, FirstShard, Manifest, Position, ShardId, ShardPaths,
    ShardStatus, SoundEntry, Version, export_entry_name,
};
use fencepost_store::LogStore;
use futures::{StreamExt, TryStreamExt};

/// A copy that is to become a log.
#[derive(Debug)]
#[must_use]
pub struct Import {
    from: LogStore,
    export: Export,
    limits: DecodeLimits,
}

/// A log that was made of a copy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Imported {
    /// Its shard.
    pub shard: ShardId,
    /// The epoch that it begins with; its first writer takes the next.
    pub epoch: Epoch,
    /// How many entries were copied.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Import {
    /// Finds the export at the root of `from`. Costs one GET.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn open(from: LogStore) -> Result<Self, ImportError> {
        let found = from.get_up_to(Export::NAME, DOCUMENT_BYTES_MAX as u64).await.into_result()?;
        let Some(found) = found else { return Err(ImportError::NoExport { place: from.to_string() }) };
        let export = Export::decode(&found.bytes)?;
        Ok(Self { from, export, limits: DecodeLimits::DEFAULT })
    }

    /// What it says of itself.
    #[must_use]
    pub const fn export(&self) -> &Export {
        &self.export
    }

    /// Makes a new log of the copy at the root of `to`.
    ///
    /// `source` is the log that was copied, or `None` if it is not to be found; `vouched` then says that somebody
    /// who must know vouches that no process can write there any more. The log is made only if nothing that was, or
    /// ever will be, acknowledged in the source can be missing from it: the source is sealed, was sealed when it was
    /// copied, and was not unsealed since; or it is gone, on that word.
    ///
    /// The new log has a shard of its own, whose name no process knows that wrote to the old one. Its positions and
    /// its checkpoint are those of the copy, so resume points of consumers go on. Its epochs begin far above those of
    /// the old one, so a number that other systems compare never comes twice. `progress` is as in
    /// [`Wal::export`].
    ///
    /// The new shard is sealed until all entries are there, so nobody opens a part of a log. Costs one GET and one PUT
    /// for each entry, and some twenty requests. An import that was broken off goes on where it was.
    ///
    /// # Errors
    /// [`ImportError`]: there is no new log, or one that is sealed and not whole.
    ///
    /// # Cancel safety
    /// Dropping the future leaves a sealed shard that is not whole; the same import goes on with it.
    // P-152, P-153.
    pub async fn make(
        &self,
        source: Option<&Wal>,
        vouched: bool,
        to: &LogStore,
        shard: Option<ShardId>,
        mut progress: impl FnMut(u64, u64, u64) + Send,
    ) -> Result<Imported, ImportError> {
        let Self { from, export, limits } = self;
        let copied = Copied { epoch: export.epoch, sealed: export.sealed };
        may_restore(copied, look(source, vouched).await?).map_err(|why| ImportError::Refused { why })?;
        let epoch = restored_epoch(export.epoch).ok_or(ImportError::NoEpoch)?;
        let wal = self.place(to, shard).await?;
        let paths = wal.paths();
        // First, and sealed: whoever comes to this place opens nothing before it is whole.
        let manifest = Manifest {
            version: Version::FIRST,
            status: ShardStatus::Sealed,
            writer_epoch: epoch,
            replay_after: export.replay_after,
            last_seen: export.through,
            nonce: Some(export.nonce),
            ..Manifest::initial(paths.shard())
        };
        let written = put_same(to, &paths.manifest(Version::FIRST), manifest.encode()).await;
        written.map_err(|source| ImportError::Write { source })?;
        let of = export.replay_after.distance_to(export.through);
        let positions = (export.replay_after.get() + 1..=export.through.get()).map(Position::new);
        let copies = positions.map(|at| async move {
            let name = export_entry_name(at);
            let damaged = |cause| ImportError::Damaged { at, cause };
            let found = from.get_up_to(&name, limits.object_bytes_max()).await.into_result();
            let found = found.map_err(|error| damaged(Some(Cause::from(error))))?;
            let bytes = found.ok_or_else(|| damaged(None))?.bytes;
            SoundEntry::check(&name, at, bytes.clone(), *limits)
                .map_err(|error| damaged(Some(Cause::from(error))))?;
            let size = bytes.len() as u64;
            put_same(to, &paths.entry(at), bytes).await.map_err(|source| ImportError::Write { source })?;
            Ok::<_, ImportError>(size)
        });
        let (mut done, mut total) = (0_u64, 0_u64);
        let mut copies = std::pin::pin!(futures::stream::iter(copies).buffered(AHEAD));
        while let Some(bytes) = copies.try_next().await? {
            (done, total) = (done + 1, total + bytes);
            progress(done, of, total);
        }
        // Whoever imports the same at the same time has put the same bytes, and may have lifted the seal first.
        let epoch = match wal.unseal().await.map_err(|source| ImportError::Lift { source })? {
            Unsealed::Lifted(epoch) => epoch,
            Unsealed::NotSealed => epoch.next(),
        };
        Ok(Imported { shard: paths.shard(), epoch, entries: done, bytes: total })
    }

    /// Where the new log goes: a base without a log, or a shard that was named and is not there.
    async fn place(&self, to: &LogStore, shard: Option<ShardId>) -> Result<Wal, ImportError> {
        let named = shard.is_some();
        let shard = shard.unwrap_or_else(|| self.export.restored_shard());
        let occupied = |shard| ImportError::Occupied { place: to.to_string(), shard };
        // P-153: a writer of the old log may know this name.
        if shard == self.export.shard {
            return Err(occupied(shard));
        }
        if !named {
            if let Some(other) = find_shards(to).await?.into_iter().find(|other| *other != shard) {
                return Err(occupied(other));
            }
            if is_table(to).await? {
                return Err(crate::error::TableSnafu { base: to.to_string() }.build().into());
            }
            // P-68: whoever comes to an empty base at this moment takes this shard, too.
            let first = FirstShard { shard }.encode();
            let object = ShardPaths::first_shard("");
            if let Err(source) = put_same(to, &object, first).await {
                let found = to.get_up_to(&object, DOCUMENT_BYTES_MAX as u64).await.into_result()?;
                let other = found.and_then(|found| FirstShard::decode(&object, &found.bytes).ok());
                return Err(match other {
                    Some(other) => occupied(other.shard),
                    None => ImportError::Write { source },
                });
            }
        }
        let wal = Wal::in_store(to.clone()).with_environment(Environment::system()).with_shard(shard);
        let wal = wal.open().await?;
        let latest = match wal.manifest().await {
            Ok(manifest) => Some(manifest),
            Err(ReadError::NoLog { .. }) => None,
            Err(source) => return Err(ImportError::Look { source }),
        };
        if may_fill(self.export.nonce, latest.as_ref()) { Ok(wal) } else { Err(occupied(shard)) }
    }
}

/// What stands where the log was.
async fn look(source: Option<&Wal>, vouched: bool) -> Result<Source, ImportError> {
    let Some(source) = source else { return Ok(Source::Nothing { vouched }) };
    match source.manifest().await {
        Ok(Manifest { writer_epoch, status, .. }) => Ok(Source::There { epoch: writer_epoch, status }),
        Err(ReadError::NoLog { .. } | ReadError::ManifestsLost { .. }) => Ok(Source::Nothing { vouched }),
        // A read that failed says nothing about what is there.
        Err(source) => Err(ImportError::Source { source }),
    }
}

/// How many entries are copied at the same time.
const AHEAD: usize = 16;
