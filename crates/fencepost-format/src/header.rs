//! What the protocol needs to know of an entry, without its rows.

use crate::{Epoch, Generation, Nonce, Position};

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Rows.
    Data,
    /// The first entry of an epoch whose predecessor did not close: a *needed post*, kept for ever, because it is
    /// what the predecessor's late appends collide with.
    Post,
    /// The first entry of an epoch whose predecessor closed, or that had none: it blocks nobody and may be deleted.
    Handover,
    /// Fills the window above a post, so that no late append of the predecessor finds room there.
    Filler,
    /// The last entry of an epoch whose writer had nothing in flight any more.
    Close,
    /// Stands where an entry was given up: lost or damaged, and an operator said to go on without it (P-93). Kept for ever, since what it
    /// replaces may have been a needed post.
    Tombstone,
}

impl EntryKind {
    /// Whether readers hand this entry to their users.
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, Self::Data)
    }

    /// Whether this is the first entry of its epoch: a post, needed or of a handover.
    #[must_use]
    pub const fn begins_epoch(self) -> bool {
        matches!(self, Self::Post | Self::Handover)
    }

    /// Whether late appends of a dead writer may have to collide with this entry, so that it is never deleted (P-51, P-93).
    #[must_use]
    pub const fn is_kept_for_ever(self) -> bool {
        matches!(self, Self::Post | Self::Tombstone)
    }
}

/// An entry as the protocol sees it: plain data, cheap to copy, without the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryHeader {
    /// Where it stands.
    pub position: Position,
    /// Whose it is.
    pub epoch: Epoch,
    /// What it is for. Entries by Lance are `Data` or, for its fence sentinels, `Post`.
    pub kind: EntryKind,
    /// The writer's nonce; `None` for entries by Lance, which have no trailer.
    pub nonce: Option<Nonce>,
    /// The memtable generation that Lance noted, if it did; entries of ours have none.
    pub generation: Option<Generation>,
}

impl EntryHeader {
    /// Whether Lance wrote it (it has no trailer of ours).
    #[must_use]
    pub const fn is_by_lance(&self) -> bool {
        self.nonce.is_none()
    }

    /// Whether its rows are in an SSTable of Lance's that was flushed before generation `below` began, whatever `R` says (P-44).
    #[must_use]
    pub fn is_flushed(&self, below: Generation) -> bool {
        self.generation.is_some_and(|generation| generation < below)
    }
}
