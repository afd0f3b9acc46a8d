//! The object store as models and simulator see it: every request is atomic, and the state is plain data.

use fencepost_fence::{CreateReply, CursorDocuments, LeaseView, ReadReply, Reply, Request};
use fencepost_format::{
    CursorDecision, EntryHeader, Epoch, Manifest, Nonce, OpeningRecord, Position, Version,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every object of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    entries: BTreeMap<Position, EntryHeader>,
    manifests: BTreeMap<Version, Arc<Manifest>>,
    /// Boundary documents, with the fence entries that they say are kept.
    pub boundaries: BTreeMap<Position, BTreeSet<Position>>,
    /// The documents of the cursors of each name.
    pub cursors: BTreeMap<u8, CursorDocuments>,
    /// What is decided about a cursor.
    pub decisions: BTreeMap<(u8, Nonce), CursorDecision>,
    /// Leases by epoch; the only objects that are overwritten (P-71).
    pub leases: BTreeMap<Epoch, LeaseView>,
    /// What openers left for collectors.
    pub openings: BTreeMap<Epoch, OpeningRecord>,
}

impl Store {
    /// The entry at a position.
    #[must_use]
    pub fn entry(&self, at: Position) -> Option<&EntryHeader> {
        self.entries.get(&at)
    }

    /// All entries, upward.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &EntryHeader> {
        self.entries.values()
    }

    /// Creates an entry if absent.
    pub fn create_entry(&mut self, entry: EntryHeader) -> CreateReply {
        if self.entries.contains_key(&entry.position) {
            return CreateReply::Exists;
        }
        self.entries.insert(entry.position, entry);
        CreateReply::Done
    }

    /// Deletes an entry, and says what it was.
    pub fn delete_entry(&mut self, at: Position) -> Option<EntryHeader> {
        self.entries.remove(&at)
    }

    /// A manifest by its version.
    #[must_use]
    pub fn manifest(&self, version: Version) -> Option<&Arc<Manifest>> {
        self.manifests.get(&version)
    }

    /// All manifests, upward.
    pub fn manifests(&self) -> impl DoubleEndedIterator<Item = &Arc<Manifest>> {
        self.manifests.values()
    }

    /// The manifest of the highest version.
    #[must_use]
    pub fn latest(&self) -> Option<&Arc<Manifest>> {
        self.manifests.values().next_back()
    }

    /// `replay_after` of the latest manifest.
    #[must_use]
    pub fn replay_after(&self) -> Position {
        self.latest().map_or(Position::NONE, |manifest| manifest.replay_after)
    }

    /// `writer_epoch` of the latest manifest.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.latest().map_or(Epoch::NONE, |manifest| manifest.writer_epoch)
    }

    /// Creates a manifest if absent.
    pub fn create_manifest(&mut self, manifest: Arc<Manifest>) -> CreateReply {
        if self.manifests.contains_key(&manifest.version) {
            return CreateReply::Exists;
        }
        self.manifests.insert(manifest.version, manifest);
        CreateReply::Done
    }

    /// Deletes a manifest.
    pub fn delete_manifest(&mut self, version: Version) -> bool {
        self.manifests.remove(&version).is_some()
    }

    /// The highest boundary.
    #[must_use]
    pub fn boundary(&self) -> Position {
        self.boundaries.keys().next_back().copied().unwrap_or(Position::NONE)
    }

    /// Publishes a boundary, if absent.
    pub fn publish_boundary(&mut self, at: Position, guarding_fences: BTreeSet<Position>) -> CreateReply {
        if self.boundaries.contains_key(&at) {
            return CreateReply::Exists;
        }
        self.boundaries.insert(at, guarding_fences);
        CreateReply::Done
    }

    /// Answers a read; `None` for a create.
    #[must_use]
    pub fn read(&self, request: &Request) -> Option<Reply> {
        Some(match request {
            Request::ListManifests { .. } => Reply::Listed(found(self.manifests.keys().next_back().copied())),
            Request::ReadManifest { version, .. } => {
                let there = self.manifest(*version).map(|manifest| Manifest::clone(manifest));
                Reply::Manifest(*version, found(there))
            }
            Request::ReadEntry { at, .. } => Reply::Entry(*at, found(self.entry(*at).copied())),
            Request::ListBoundaries { .. } => Reply::Boundary(ReadReply::Found(self.boundary())),
            // Where readers have cursors, there is one consumer.
            Request::ReadCursor { .. } => Reply::Cursor(found(self.cursor(0))),
            Request::PeekEntry { at, .. } => {
                let ours = |entry: &EntryHeader| Some(*entry).filter(|entry| !entry.is_by_lance());
                Reply::Peeked(*at, found(self.entry(*at).map(ours)))
            }
            Request::CreateManifest { .. } | Request::CreateEntry { .. } => return None,
        })
    }
}

fn found<T>(there: Option<T>) -> ReadReply<T> {
    there.map_or(ReadReply::Absent, ReadReply::Found)
}
