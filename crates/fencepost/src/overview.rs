//! How a log stands, found out without reading an entry.

mod pending;

pub use pending::Pending;

use crate::inspect::tail;
use crate::{CursorStatus, ReadError, Wal, telemetry};
use fencepost_format::{Lease, Manifest, Position};
use fencepost_store::Listed;
use std::time::SystemTime;

/// How a log stands: what its manifest, its lease, its cursors and the listings of its folders tell.
///
/// The parts are read one after another while others write, so they may be of different moments. Nothing may
/// be concluded from it that safety rests on; it is for people and monitors.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Overview {
    /// The latest manifest.
    pub manifest: Manifest,
    /// The last position of the unbroken run of entries above the checkpoint; the checkpoint if there is none.
    pub tail: Position,
    /// The highest position that has an entry; [`Position::NONE`] if no entry is left.
    pub highest: Position,
    /// All entries that are there.
    pub entries: Amount,
    /// Those above the checkpoint: whoever opens the log next replays them.
    pub uncovered: Amount,
    /// The collectors' boundary: entries up to it may be gone.
    pub boundary: Position,
    /// When that boundary was published, by the store's clock: the last collection that found something to delete.
    pub collected: Option<SystemTime>,
    /// The cursors, in the order of their names.
    pub cursors: Vec<CursorStatus>,
    /// What each of them keeps though the checkpoint covers it, in the same order. Other rules may keep it too.
    pub held_by_cursors: Vec<Amount>,
    /// What the holder of the manifest's epoch says about itself, if it says anything.
    pub lease: Option<LeaseStatus>,
    /// Lance's SSTables that wait to be compacted into the table; `None` if the manifest names no SSTable.
    pub pending: Option<Pending>,
}

/// So many objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Amount {
    /// How many.
    pub objects: u64,
    /// Their size in bytes, all together.
    pub bytes: u64,
    /// When the oldest of them was written, by the store's clock.
    pub oldest: Option<SystemTime>,
}

/// The lease of an epoch, and when it was renewed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LeaseStatus {
    /// The lease. Its holder's name is free text: escape it before it is printed.
    pub lease: Lease,
    /// When it was renewed last, by the store's clock.
    pub renewed: SystemTime,
}

impl Amount {
    fn of<'a>(objects: impl Iterator<Item = &'a Listed>) -> Self {
        objects.fold(Self::default(), |sum, object| Self {
            objects: sum.objects + 1,
            bytes: sum.bytes.saturating_add(object.size),
            oldest: Some(sum.oldest.map_or(object.last_modified, |oldest| oldest.min(object.last_modified))),
        })
    }
}

impl Wal {
    /// The latest manifest: who may write, up to where the log is safe elsewhere, and what Lance keeps there.
    ///
    /// Costs two LISTs and two GETs.
    ///
    /// # Errors
    /// [`ReadError::NoLog`] if nobody ever wrote to this shard, or [`ReadError::GaveUp`].
    pub async fn manifest(&self) -> Result<Manifest, ReadError> {
        self.io.scoped().manifest().await
    }

    /// The checkpoint: everything up to and including this position is safe elsewhere. [`Position::NONE`] if
    /// there is none yet.
    ///
    /// Costs two LISTs and two GETs.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest).
    pub async fn checkpoint_position(&self) -> Result<Position, ReadError> {
        Ok(self.manifest().await?.replay_after)
    }

    /// The first position that no collection has passed: whoever reads from here on gets all that is still there.
    ///
    /// A collection may pass it at any moment; a [cursor](Self::cursor) just below holds it. Costs one LIST.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    // P-53.
    pub async fn first_position(&self) -> Result<Position, ReadError> {
        Ok(self.io.scoped().boundary().await?.next())
    }

    /// The last position of the unbroken run of entries above the checkpoint; the checkpoint if there is none.
    ///
    /// No entry is read: an append that is on its way may be above it, and an entry below it may turn out to
    /// be a dead writer's when it is read. An entry that was lost more than a window below the tail is not
    /// noticed. However long the log is, that costs two searches for the manifest (four LISTs, four GETs), one
    /// LIST and some 90 HEADs, in twelve round trips. Where Lance wrote the last entries, it is read from a
    /// listing: one LIST for each thousand entries.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest), and [`ReadError::Store`].
    // P-126 to P-128.
    pub async fn tail_position(&self) -> Result<Position, ReadError> {
        let io = self.io.scoped();
        if let Some(tail) = io.find_tail().await? {
            return Ok(tail);
        }
        let entries = io.list_entry_objects().await?;
        let manifest = io.manifest().await?;
        Ok(tail(&manifest, entries.iter().map(|(at, _)| *at)))
    }

    /// How the log stands, for people and monitors. No entry is read.
    ///
    /// Costs two LISTs and two GETs for the manifest; one LIST for each thousand entries; and one LIST each
    /// of the folders of boundaries, cursors and leases, and one GET. Where the manifest names SSTables of Lance's,
    /// also two LISTs and one GET, of up to 64 MiB.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest), and [`ReadError::Store`].
    pub async fn overview(&self) -> Result<Overview, ReadError> {
        let io = self.io.scoped();
        let entries = io.list_entry_objects().await?;
        // After the entries, so that what lies above the checkpoint is not taken for more than it is.
        let manifest = io.manifest().await?;
        let boundary = io.boundary_object().await?;
        let lease = io.find_lease(manifest.writer_epoch).await?;
        let above = entries.iter().filter(|(at, _)| *at > manifest.replay_after);
        let cursors = self.cursors().await?;
        let held_by = |cursor: &CursorStatus| {
            if cursor.broken {
                return Amount::default();
            }
            let held = cursor.position.next()..=manifest.replay_after;
            Amount::of(entries.iter().filter(|(at, _)| held.contains(at)).map(|(_, object)| object))
        };
        let pending = pending::pending(&io, &manifest).await;
        let overview = Overview {
            tail: tail(&manifest, entries.iter().map(|(at, _)| *at)),
            highest: entries.last().map_or(Position::NONE, |(at, _)| *at),
            entries: Amount::of(entries.iter().map(|(_, object)| object)),
            uncovered: Amount::of(above.map(|(_, object)| object)),
            boundary: boundary.as_ref().map_or(Position::NONE, |(at, _)| *at),
            collected: boundary.map(|(_, object)| object.last_modified),
            held_by_cursors: cursors.iter().map(held_by).collect(),
            cursors,
            lease: lease.map(|(lease, renewed)| LeaseStatus { lease, renewed }),
            pending,
            manifest,
        };
        telemetry::looked(self.shard(), &overview);
        Ok(overview)
    }
}
