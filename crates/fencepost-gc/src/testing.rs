//! Helpers of the tests: logs as short texts, and a store in memory.

mod world;

use crate::{Inventory, Known, Listed, ManifestFacts, StoreTime};
use fencepost_format::{
    CursorDocument, CursorName, EntryHeader, EntryKind, Epoch, Generation, Nonce, Position, Version,
};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
pub(crate) use world::{ManifestBody, World, run, step};

/// A log from words such as `3:p2`: at position 3 a fence entry of epoch 2.
///
/// Kinds: `d`ata, `p`ost, `h`andover, `f`iller, `c`lose; upper case for an entry by Lance. `3:?` cannot be
/// read, `3:_` was not.
pub(crate) fn inventory(entries: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for word in entries.split_whitespace() {
        let (at, what) = word.split_once(':').unwrap();
        let at = Position::new(at.parse().unwrap());
        inventory.entries.insert(at, Listed { bytes: 100, modified: StoreTime(0) });
        match what {
            "_" => {}
            "?" => drop(inventory.known.insert(at, Known::Unreadable)),
            what => drop(inventory.known.insert(at, Known::Header(header(at, what)))),
        }
    }
    inventory
}

/// The header that a word such as `p2` stands for.
pub(crate) fn header(position: Position, what: &str) -> EntryHeader {
    let (kind, epoch) = what.split_at(1);
    let by_lance = kind.chars().all(|c| c.is_ascii_uppercase());
    let kind = match kind.to_ascii_lowercase().as_str() {
        "d" => EntryKind::Data,
        "p" => EntryKind::Fence,
        "h" => EntryKind::CleanFence,
        "f" => EntryKind::Filler,
        "c" => EntryKind::Close,
        "t" => EntryKind::Tombstone,
        other => panic!("{other} is no kind"),
    };
    let nonce = (!by_lance).then_some(Nonce(7));
    EntryHeader { position, epoch: Epoch::new(epoch.parse().unwrap()), kind, nonce, generation: None }
}

/// The documents of a cursor that was made at the beginning and stands at `at` now.
pub(crate) fn cursor_documents(at: u64) -> [CursorDocument; 3] {
    let nonce = Nonce(1);
    [
        CursorDocument::Cursor(nonce, Position::NONE.into()),
        CursorDocument::Decision(nonce),
        CursorDocument::Position(nonce, Position::new(at).into()),
    ]
}

/// Facts of a manifest by fencepost with `last_seen` at `replay_after`.
pub(crate) fn facts(epoch: u64, replay_after: u64) -> ManifestFacts {
    ManifestFacts {
        version: Version::new(100),
        epoch: Epoch::new(epoch),
        replay_after: Position::new(replay_after),
        last_seen: Position::new(replay_after),
        generation: Generation(1),
        by_lance: false,
        lance_before: false,
    }
}

/// The states that a search has met, by their hashes.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<u64>);

impl Seen {
    /// Notes a state; `false` if it was met before.
    pub(crate) fn insert(&mut self, state: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        self.0.insert(hasher.finish())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

pub(crate) trait InventoryExt: Sized {
    fn with_guarding_fences(self, fences: &[u64]) -> Self;
    fn with_cursor(self, name: &str, at: u64) -> Self;
    fn with_boundary(self, at: u64) -> Self;
    fn with_age(self, at: u64, modified: u64) -> Self;
    fn with_manifests(self, versions: impl IntoIterator<Item = (u64, u64)>) -> Self;
}

impl InventoryExt for Inventory {
    fn with_guarding_fences(mut self, fences: &[u64]) -> Self {
        self.guarding_fences.extend(fences.iter().map(|at| Position::new(*at)));
        self
    }

    fn with_cursor(mut self, name: &str, at: u64) -> Self {
        for document in cursor_documents(at) {
            self.note_cursor(CursorName::parse(name).unwrap(), document);
        }
        self
    }

    fn with_boundary(mut self, at: u64) -> Self {
        self.boundaries.insert(Position::new(at), StoreTime(0));
        self
    }

    fn with_age(mut self, at: u64, modified: u64) -> Self {
        let at = Position::new(at);
        let listed = self.entries.get(at).unwrap();
        self.entries.insert(at, Listed { modified: StoreTime(modified), ..listed });
        self
    }

    fn with_manifests(mut self, versions: impl IntoIterator<Item = (u64, u64)>) -> Self {
        self.manifests
            .extend(versions.into_iter().map(|(version, at)| (Version::new(version), StoreTime(at))));
        self
    }
}
