//! The contents of a shard, as far as they were listed and read.

use crate::{Entries, SsTableFolder};
use fencepost_fence::CursorDocuments;
use fencepost_format::{
    CursorDocument, CursorName, EntryHeader, Epoch, Generation, Manifest, Nonce, OpeningRecord, Position,
    ReceiptName, ReclaimEnd, ReclaimName, ReclaimPart, SsTableName, Version,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A moment on the *store's* clock, in milliseconds since 1970: the `last_modified` of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreTime(pub u64);

impl StoreTime {
    /// Time from `earlier` to this; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// An entry as a listing shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listed {
    /// The object's size.
    pub bytes: u64,
    /// When it was written.
    pub modified: StoreTime,
}

/// Knowledge about an entry beyond its listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// It was read.
    Header(EntryHeader),
    /// It exists, but could not be read or understood: it stays.
    // P-51.
    Unreadable,
}

impl Known {
    /// The header, if it was read.
    #[must_use]
    pub const fn header(&self) -> Option<&EntryHeader> {
        match self {
            Self::Header(header) => Some(header),
            Self::Unreadable => None,
        }
    }
}

/// The facts of one manifest version that matter to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManifestFacts {
    /// The version.
    pub version: Version,
    /// The writer's epoch (`writer_epoch`).
    pub epoch: Epoch,
    /// The replay point (`replay_after`).
    pub replay_after: Position,
    /// The last position seen (`last_seen`).
    pub last_seen: Position,
    /// The generation that Lance's next SSTable gets.
    pub generation: Generation,
    /// Whether Lance wrote it: then it has no nonce.
    pub by_lance: bool,
    /// Whether Lance wrote any version before it.
    pub lance_before: bool,
}

impl From<&Manifest> for ManifestFacts {
    fn from(manifest: &Manifest) -> Self {
        Self {
            version: manifest.version,
            epoch: manifest.writer_epoch,
            replay_after: manifest.replay_after,
            last_seen: manifest.last_seen,
            generation: manifest.current_generation,
            by_lance: manifest.nonce.is_none(),
            lance_before: manifest.lance_before,
        }
    }
}

/// A reclaim, as listings and its own documents show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReclaimListed {
    /// Whether it has a plan.
    pub planned: bool,
    /// Whether it has an end.
    pub ended: bool,
    /// When the newest of its documents was written.
    pub modified: StoreTime,
    /// What it took out of the manifest, if its end was read.
    pub folders: Option<BTreeSet<SsTableName>>,
}

/// Everything that a collection knows about a shard.
///
/// It also answers each of the collection's listings. Then only the fields of the listed folder are filled, and
/// [`absorb`](Self::absorb) joins the answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Inventory {
    /// The entries that were listed.
    pub entries: Entries,
    /// Knowledge about these entries. An entry that is missing here was not read, and stays unless openers' records
    /// vouch for it.
    pub known: BTreeMap<Position, Known>,
    /// The manifest versions that were listed.
    pub manifests: BTreeMap<Version, StoreTime>,
    /// The facts of older manifest versions, as far as they were read; `None` if a version could not be read.
    pub claims: BTreeMap<Version, Option<ManifestFacts>>,
    /// The epochs that an operator had forgotten.
    // P-59.
    pub forgotten: BTreeSet<Epoch>,
    /// The published boundaries; the highest counts.
    pub boundaries: BTreeMap<Position, StoreTime>,
    /// Which of them this pass published itself.
    pub published_now: Option<Position>,
    /// The boundary that counted before the cursors were last read; [`Position::NONE`] if that is not known.
    pub published_before: Position,
    /// Our fence entries that the document of the highest boundary names as kept: they are needed, and need
    /// not be read again.
    pub guarding_fences: BTreeSet<Position>,
    /// The documents of each cursor, by its name.
    pub cursors: BTreeMap<CursorName, CursorDocuments>,
    /// When each cursor was made or moved last.
    // P-161.
    pub cursor_moves: BTreeMap<(CursorName, Nonce), StoreTime>,
    /// Paths in the folder of cursors that are not understood. Each may be a cursor, so while there is one,
    /// no entry is deleted.
    pub cursors_not_understood: BTreeSet<String>,
    /// The leases, by epoch.
    pub leases: BTreeMap<Epoch, StoreTime>,
    /// The epochs whose openers left a record.
    // P-135.
    pub openings: BTreeSet<Epoch>,
    /// These records, as far as they were read and understood.
    pub opening_records: BTreeMap<Epoch, OpeningRecord>,
    /// The receipts of collections.
    pub receipts: BTreeSet<ReceiptName>,
    /// The folders of Lance's SSTables and of failed flushes, with the contents of those that were listed.
    pub sstables: BTreeMap<SsTableName, Option<SsTableFolder>>,
    /// The folders that manifests name as SSTables, verbatim: the generation, and the highest version that
    /// names it.
    pub named: BTreeMap<String, (Generation, Version)>,
    /// The manifest versions that were read for the SSTables that they name; `false` if a version could not
    /// be read.
    pub names_read: BTreeMap<Version, bool>,
    /// The versions among these that only took SSTables out.
    // P-86.
    pub drains: BTreeSet<Version>,
    /// The reclaims that have documents, by number.
    pub reclaims: BTreeMap<u64, ReclaimListed>,
    /// What reclaims took out of the manifest, and the lowest version from which on no manifest named it then.
    pub drained: BTreeMap<SsTableName, Version>,
    /// Other paths that are not understood. These objects stay and are reported.
    pub not_understood: BTreeSet<String>,
    /// The newest `last_modified` of listed objects that have no time of their own above: cursors, and what is not
    /// understood.
    pub newest_other: StoreTime,
}

impl Inventory {
    /// Adds the results of another listing. Cursors [are never forgotten](CursorDocuments::absorb).
    pub fn absorb(&mut self, part: Self) {
        self.entries.absorb(part.entries);
        self.known.extend(part.known);
        self.manifests.extend(part.manifests);
        self.claims.extend(part.claims);
        self.forgotten.extend(part.forgotten);
        self.boundaries.extend(part.boundaries);
        self.guarding_fences.extend(part.guarding_fences);
        for (name, documents) in part.cursors {
            self.cursors.entry(name).or_default().absorb(documents);
        }
        for (cursor, moved) in part.cursor_moves {
            self.note_move(cursor, moved);
        }
        self.cursors_not_understood.extend(part.cursors_not_understood);
        self.leases.extend(part.leases);
        self.openings.extend(part.openings);
        self.opening_records.extend(part.opening_records);
        self.receipts.extend(part.receipts);
        for (name, folder) in part.sstables {
            let known = self.sstables.entry(name).or_default();
            *known = folder.or(*known);
        }
        self.names_read.extend(part.names_read);
        for (path, named) in part.named {
            self.note_named(path, named);
        }
        self.drains.extend(part.drains);
        for (number, listed) in part.reclaims {
            let known = self.reclaims.entry(number).or_default();
            *known = ReclaimListed {
                planned: known.planned || listed.planned,
                ended: known.ended || listed.ended,
                modified: known.modified.max(listed.modified),
                folders: listed.folders.or_else(|| known.folders.take()),
            };
        }
        for (name, version) in part.drained {
            self.note_drained(name, version);
        }
        self.not_understood.extend(part.not_understood);
        self.newest_other = self.newest_other.max(part.newest_other);
    }

    /// Notes one document of a cursor.
    pub fn note_cursor(&mut self, name: CursorName, document: CursorDocument) {
        self.cursors.entry(name).or_default().insert(document);
    }

    /// Notes one document of a cursor, and when it was written.
    pub fn note_cursor_at(&mut self, name: CursorName, document: CursorDocument, modified: StoreTime) {
        if matches!(document, CursorDocument::Cursor(..) | CursorDocument::Position(..)) {
            self.note_move((name.clone(), document.nonce()), modified);
        }
        self.newest_other = self.newest_other.max(modified);
        self.note_cursor(name, document);
    }

    fn note_move(&mut self, cursor: (CursorName, Nonce), moved: StoreTime) {
        let known = self.cursor_moves.entry(cursor).or_default();
        *known = moved.max(*known);
    }

    /// Notes the SSTables that a manifest names.
    pub fn note_sstables(&mut self, manifest: &Manifest) {
        self.names_read.insert(manifest.version, true);
        if manifest.drain.is_some() {
            self.drains.insert(manifest.version);
        }
        for sstable in &manifest.sstables {
            self.note_named(sstable.path.clone(), (sstable.generation, manifest.version));
        }
    }

    /// Notes a document of a reclaim.
    pub fn note_reclaim(&mut self, name: ReclaimName, modified: StoreTime) {
        let known = self.reclaims.entry(name.number).or_default();
        match name.part {
            ReclaimPart::Plan => known.planned = true,
            ReclaimPart::End => known.ended = true,
        }
        known.modified = known.modified.max(modified);
    }

    /// Notes what a reclaim took out of the manifest.
    pub fn note_reclaimed(&mut self, end: &ReclaimEnd) {
        self.reclaims.entry(end.number).or_default().folders = Some(end.folders.clone());
        end.folders.iter().for_each(|name| self.note_drained(*name, end.manifest));
    }

    /// If it was taken out more than once, the last time counts.
    fn note_drained(&mut self, name: SsTableName, version: Version) {
        let known = self.drained.entry(name).or_insert(version);
        *known = version.max(*known);
    }

    fn note_named(&mut self, path: String, named: (Generation, Version)) {
        let known = self.named.entry(path).or_insert(named);
        *known = if named.1 > known.1 { named } else { *known };
    }

    /// A moment that the store's clock has certainly reached: the newest `last_modified` of all objects listed.
    ///
    /// It is a lower bound: ages come out too small, so more is kept, never less. The local clock plays no part.
    #[must_use]
    pub fn now(&self) -> StoreTime {
        let entries = self.entries.iter().map(|(_, entry)| entry.modified);
        let others =
            self.manifests.values().chain(self.boundaries.values()).chain(self.leases.values()).copied();
        let folders = self.sstables.values().flatten().map(|folder| folder.modified);
        let folders = folders.chain(self.reclaims.values().map(|reclaim| reclaim.modified));
        entries.chain(others).chain(folders).max().unwrap_or_default().max(self.newest_other)
    }

    /// The boundary that counts; [`Position::NONE`] if none was published.
    #[must_use]
    pub fn published(&self) -> Position {
        self.boundaries.last_key_value().map_or(Position::NONE, |(&at, _)| at)
    }

    /// The boundary that others published; [`Position::NONE`] for none. Entries at or below it may have
    /// landed after a collection.
    #[must_use]
    pub fn published_by_others(&self) -> Position {
        let others = self.boundaries.keys().rev().find(|&&at| self.published_now != Some(at));
        others.copied().unwrap_or_default()
    }

    /// The highest entry.
    #[must_use]
    pub fn highest(&self) -> Position {
        self.entries.highest()
    }

    /// Forgets an entry that turned out to be gone.
    pub fn forget(&mut self, at: Position) {
        self.entries.remove(at);
        self.known.remove(&at);
    }
}
