//! Looking at a log: every entry, its state, and why it stays.

use crate::shard::Io;
use crate::{Cause, CollectError, Collected, ReadError, Wal};
use fencepost_fence::RulingEpoch;
use fencepost_format::{EntryHeader, EntryKind, EntrySummary, EntryTail, Manifest, Position, decode_header};
use fencepost_gc::{Object, Reason, Verdict};
use fencepost_store::ReadOutcome;
use snafu::Snafu;

/// A log as it was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The latest manifest.
    pub manifest: Manifest,
    /// The collectors' boundary.
    pub boundary: Position,
    /// The last position of the unbroken run of entries above the checkpoint; the checkpoint if there is none.
    pub tail: Position,
    /// Every entry that a LIST showed, by position.
    pub entries: Vec<InspectedEntry>,
    /// What a collection now would do with each object.
    pub plan: Collected,
}

/// One entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InspectedEntry {
    /// Where it stands.
    pub position: Position,
    /// Bytes of the object.
    pub bytes: u64,
    /// What was read of it.
    pub content: Result<EntryContent, String>,
    /// Whether it counts.
    pub state: EntryState,
    /// Why a collection now would keep it; `None` if it would go.
    pub kept_because: Option<Reason>,
}

/// What an entry says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryContent {
    /// Kind, epoch, whose it is, and Lance's memtable generation.
    pub header: EntryHeader,
    /// Batches in it.
    pub batches: u64,
    /// Rows in it.
    pub rows: u64,
}

impl EntryContent {
    pub(crate) const fn of(summary: &EntrySummary) -> Self {
        Self { header: summary.header, batches: summary.batches, rows: summary.rows }
    }
}

/// Whether an entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryState {
    /// Above the checkpoint: replayed by whoever opens the log.
    Live,
    /// At or below the checkpoint: safe elsewhere.
    Covered,
    /// A dead writer's, above the checkpoint and above an entry of a later epoch there: nobody reads it.
    Stale,
}

impl EntryState {
    /// A stable name, for JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Covered => "covered",
            Self::Stale => "stale_entry",
        }
    }
}

/// Why a log could not be looked at.
#[derive(Debug, Snafu)]
#[non_exhaustive]
pub enum InspectError {
    /// Manifest, boundary or entries could not be read.
    #[snafu(transparent)]
    Read {
        /// Why not.
        source: ReadError,
    },
    /// The plan could not be made.
    #[snafu(transparent)]
    Plan {
        /// Why not.
        source: CollectError,
    },
}

impl Wal {
    /// Looks at every entry and finds out what a collection would do with it. Writes nothing.
    ///
    /// Costs what a dry run of a collection costs, two manifest searches, some LISTs, and a GET for each
    /// entry: of the last 64 bytes of large ones, of small ones and those of Lance's the whole.
    ///
    /// # Errors
    /// [`InspectError`]. An entry that is damaged is no error; it is in the result.
    pub async fn inspect(&self) -> Result<Inspection, InspectError> {
        let io = self.io.scoped();
        io.manifest().await?;
        let plan = self.collector().plan().await?;
        let boundary = io.boundary().await.map_err(ReadError::from)?;
        let entries = io.list_entries().await.map_err(ReadError::from)?;
        let contents = io.read_all(entries, content).await;
        // P-49: after the entries, since nothing is concluded from what lies at or below `replay_after` by now.
        let manifest = io.manifest().await?;
        let tail = tail(&manifest, contents.iter().map(|(listed, _)| listed.0));
        let mut ruling = RulingEpoch::NONE;
        let entries = contents.into_iter().map(|((position, bytes), content)| {
            let content = content.map_err(|cause| cause.to_string());
            let state = state(&manifest, position, content.as_ref().ok(), &mut ruling);
            let kept_because = match plan.plan.verdict(&Object::Entry(position)) {
                Some(Verdict::Delete) => None,
                Some(Verdict::Keep(reason)) => Some(reason.clone()),
                // It came between the two listings, so it is above the tail of the first.
                None => Some(Reason::Live),
            };
            InspectedEntry { position, bytes, content, state, kept_because }
        });
        let entries = entries.collect();
        Ok(Inspection { manifest, boundary, tail, entries, plan })
    }
}

/// The last position of the unbroken run above the checkpoint.
pub(crate) fn tail(manifest: &Manifest, positions: impl Iterator<Item = Position>) -> Position {
    let above = positions.filter(|at| *at > manifest.replay_after);
    above.fold(manifest.replay_after, |tail, at| if at == tail.next() { at } else { tail })
}

fn state(
    manifest: &Manifest,
    at: Position,
    content: Option<&EntryContent>,
    ruling: &mut RulingEpoch,
) -> EntryState {
    // P-49: what lies there may have landed late, a fence entry of an epoch that never opened among it.
    if at <= manifest.replay_after {
        return EntryState::Covered;
    }
    let is_stale = content.is_some_and(|content| !ruling.pass(&content.header));
    if is_stale { EntryState::Stale } else { EntryState::Live }
}

/// Kind, epoch and counts, from as few bytes as tell them.
async fn content(io: &Io, at: Position, bytes: u64) -> Result<EntryContent, Cause> {
    if bytes > WHOLE_BYTES_MAX
        && let Some(EntryTail::Ours(trailer)) = io.entry_tail(at, bytes).await?
    {
        let (batches, rows) = (u64::from(trailer.batches), trailer.rows);
        return Ok(EntryContent { header: trailer.header(), batches, rows });
    }
    let path = io.paths.entry(at);
    match io.entry_object(at).await {
        ReadOutcome::Found(object) => {
            Ok(EntryContent::of(&decode_header(&path, at, &object.bytes, io.limits)?))
        }
        ReadOutcome::Absent => Err(Cause::Gone { object: path }),
        ReadOutcome::Unknown(error) => Err(error.into()),
    }
}

/// The stable name of a kind, for JSON.
#[must_use]
pub const fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Data => "data",
        EntryKind::Fence | EntryKind::CleanFence => "fence",
        EntryKind::Filler => "filler",
        EntryKind::Close => "close",
        EntryKind::Tombstone => "tombstone",
    }
}

const WHOLE_BYTES_MAX: u64 = 64 << 10;
