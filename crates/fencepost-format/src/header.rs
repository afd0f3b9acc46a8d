//! The header of an entry: everything that the protocol needs to know, without the rows.

use crate::{Epoch, Generation, Nonce, Position};

/// The purpose of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Rows.
    Data,
    /// The first entry of an epoch whose predecessor did not close: a *guarding fence*. It is kept for ever,
    /// because late appends of the predecessor must collide with it.
    Fence,
    /// The first entry of an epoch whose predecessor closed, or that had no predecessor. It blocks nobody and
    /// may be deleted.
    CleanFence,
    /// An entry that fills a position in the window above a fence entry, so that no late append of the
    /// predecessor lands there.
    Filler,
    /// The last entry of an epoch, written when nothing of its writer was in flight any more.
    Close,
    /// A replacement for a lost or damaged entry that an operator gave up. It is kept for ever, since the
    /// entry that it replaces may have been a guarding fence.
    // P-93.
    Tombstone,
}

impl EntryKind {
    /// Whether readers hand this entry to their users.
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, Self::Data)
    }

    /// Whether this is the first entry of its epoch: a guarding fence or a clean fence.
    #[must_use]
    pub const fn begins_epoch(self) -> bool {
        matches!(self, Self::Fence | Self::CleanFence)
    }

    /// Whether late appends of a dead writer may have to collide with this entry, so that it is never deleted.
    // P-51, P-93.
    #[must_use]
    pub const fn is_kept_for_ever(self) -> bool {
        matches!(self, Self::Fence | Self::Tombstone)
    }
}

/// An entry as the protocol sees it: plain data, cheap to copy, without the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryHeader {
    /// The entry's position.
    pub position: Position,
    /// The epoch of the writer that wrote it.
    pub epoch: Epoch,
    /// The entry's purpose. Entries by Lance are `Data` or, for its fence sentinels, `Fence`.
    pub kind: EntryKind,
    /// The writer's nonce; `None` for entries by Lance, which have no trailer.
    pub nonce: Option<Nonce>,
    /// The memtable generation, if Lance noted one. Our entries have none.
    pub generation: Option<Generation>,
}

impl EntryHeader {
    /// Whether Lance wrote it: then it has no trailer.
    #[must_use]
    pub const fn is_by_lance(&self) -> bool {
        self.nonce.is_none()
    }

    /// Whether its rows are in an SSTable of Lance's that was flushed before generation `below` began,
    /// whatever `replay_after` says.
    // P-44.
    #[must_use]
    pub fn is_flushed(&self, below: Generation) -> bool {
        self.generation.is_some_and(|generation| generation < below)
    }
}
