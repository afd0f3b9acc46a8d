//! Copying a log to another place, and making a log of the copy.
// P-151 to P-153.

mod error;
mod import;

pub use error::{ExportError, ImportError};
pub use import::{Import, Imported};

use crate::inspect::tail;
use crate::same::{NotThere, create_same};
use crate::shard::Io;
use crate::{Cause, Wal};
use bytes::Bytes;
use fencepost_format::{
    DOCUMENT_BYTES_MAX, Export, Manifest, Position, ShardStatus, SoundEntry, export_entry_name,
};
use fencepost_store::LogStore;
use futures::{StreamExt, TryStreamExt};

/// A copy of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// What was copied.
    pub export: Export,
    /// The first position above the copy, if something stands above that one: an append was on its way, or an entry
    /// is lost.
    pub gap: Option<Position>,
}

impl Wal {
    /// Copies the log above its checkpoint, as it stands now, to the root of `to`. `source` says for people, and for
    /// the import, where this log is.
    ///
    /// The log goes on meanwhile. If it is [sealed](Self::seal), the copy has all that was ever acknowledged above the
    /// checkpoint, and may take the log's place ([`Import`]). If not, it has all that was acknowledged before this
    /// began. `progress` is told how many entries of how many were copied, and their bytes.
    ///
    /// Each entry is checked: its checksum, its position, its framing. Costs one GET and one PUT for each entry, up
    /// to sixteen at the same time, and some ten requests. An export that was broken off goes on where it was: what
    /// is there already must have the same bytes.
    ///
    /// # Errors
    /// [`ExportError`]; the log is as it was.
    ///
    /// # Cancel safety
    /// Dropping the future leaves a copy without its document, which nothing takes for an export.
    // P-151.
    pub async fn export(
        &self,
        to: &LogStore,
        source: &str,
        mut progress: impl FnMut(u64, u64, u64) + Send,
    ) -> Result<Exported, ExportError> {
        let io = self.io.scoped();
        let manifest = self.exportable(&io, to).await?;
        let cursors = self.cursors().await?;
        // After the manifest: whatever was acknowledged when this began is in the unbroken run that it shows.
        let listed = io.list_entries().await?;
        let from = manifest.replay_after;
        let through = tail(&manifest, listed.iter().map(|(at, _)| *at));
        let highest = listed.last().map_or(Position::NONE, |(at, _)| *at);
        let gap = (highest > through.next()).then(|| through.next());
        let of = from.distance_to(through);
        let copies = (from.get() + 1..=through.get()).map(Position::new).map(|at| {
            let io = &io;
            async move {
                let bytes = self.sound_entry(io, at).await?;
                let size = bytes.len() as u64;
                put_same(to, &export_entry_name(at), bytes).await?;
                Ok::<_, ExportError>(size)
            }
        });
        let ahead = usize::try_from(io.params.read_ahead).unwrap_or(1).clamp(1, AHEAD_MAX);
        let (mut done, mut total) = (0_u64, 0_u64);
        let mut copied = std::pin::pin!(futures::stream::iter(copies).buffered(ahead));
        while let Some(bytes) = copied.try_next().await? {
            (done, total) = (done + 1, total + bytes);
            progress(done, of, total);
        }
        // SUBTLE: at or below a boundary stands what may have landed late (P-45). None above the checkpoint at which
        // the copy begins means that nothing was collected there by now, so all that was read belongs there.
        let boundary = io.boundary().await?;
        if boundary > from {
            return Err(ExportError::Collected { boundary });
        }
        let export = Export {
            shard: self.shard(),
            source: source.to_owned(),
            nonce: io.environment.nonce(),
            epoch: manifest.writer_epoch,
            replay_after: from,
            through,
            // P-150: nobody was told anything since.
            sealed: manifest.status == ShardStatus::Sealed,
            bytes: total,
            cursors: cursors
                .iter()
                .filter(|cursor| !cursor.broken)
                .map(|cursor| (cursor.name.to_string(), cursor.position))
                .collect(),
        };
        let document = export.encode()?;
        put_same(to, Export::NAME, document).await?;
        Ok(Exported { export, gap })
    }

    /// Whether [`export`](Self::export) may begin: `to` has no other copy, and Lance does not write to this shard. For
    /// those who seal the log first. Costs one GET, and reads the manifest.
    ///
    /// # Errors
    /// [`ExportError`]; nothing was changed.
    pub async fn check_export(&self, to: &LogStore) -> Result<(), ExportError> {
        self.exportable(&self.io.scoped(), to).await.map(|_| ())
    }

    /// The manifest of a log that may be copied to `to`.
    async fn exportable(&self, io: &Io, to: &LogStore) -> Result<Manifest, ExportError> {
        let before = to.get_up_to(Export::NAME, DOCUMENT_BYTES_MAX as u64).await;
        if before.into_result()?.is_some() {
            return Err(ExportError::Occupied { place: to.to_string(), object: Export::NAME.to_owned() });
        }
        let manifest = io.manifest().await?;
        if manifest.nonce.is_none() || manifest.lance_before || !manifest.sstables.is_empty() {
            return Err(ExportError::Lance);
        }
        Ok(manifest)
    }

    /// The bytes of an entry that is as it should be.
    async fn sound_entry(&self, io: &Io, at: Position) -> Result<Bytes, ExportError> {
        let object = io.paths.entry(at);
        let read = io.entry_object(at).await.into_result();
        let cause = match read {
            Ok(Some(found)) => match SoundEntry::check(&object, at, found.bytes.clone(), io.limits) {
                Ok(_) => return Ok(found.bytes),
                Err(error) => error.into(),
            },
            Ok(None) => Cause::Gone { object },
            Err(error) => error.into(),
        };
        Err(ExportError::Entry { at, cause })
    }
}

/// Creates an object, which may be there already with the same bytes.
async fn put_same(to: &LogStore, path: &str, bytes: Bytes) -> Result<(), ExportError> {
    let created = create_same(to, path, bytes, ATTEMPTS).await;
    created.map_err(|why| match why {
        NotThere::Occupied => ExportError::Occupied { place: to.to_string(), object: path.to_owned() },
        NotThere::NotWritten { cause } => ExportError::NotWritten { object: path.to_owned(), cause },
        NotThere::Unread { cause } => cause.into(),
    })
}

/// How often one object is tried.
const ATTEMPTS: u32 = 8;
/// How many entries are copied at the same time at most: each is held in memory whole.
const AHEAD_MAX: usize = 16;
