//! Who writes, and the whole name of an entry that is to be created.

use fencepost_format::{EntryHeader, EntryKind, Epoch, Nonce, Position};

/// One writer of a log: the epoch that it holds, and the nonce that marks its claim and every entry of the epoch.
///
/// The nonce is what tells two writers apart when the bucket was rolled back and an epoch was claimed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WriterId {
    /// The epoch held.
    pub epoch: Epoch,
    /// The nonce in every entry of it.
    pub nonce: Nonce,
}

impl WriterId {
    /// The name of an entry of this writer.
    #[must_use]
    pub const fn entry(self, position: Position, kind: EntryKind) -> NewEntry {
        NewEntry { position, kind, writer: self }
    }

    /// Whether this writer wrote the entry.
    #[must_use]
    pub fn wrote(self, entry: &EntryHeader) -> bool {
        entry.epoch == self.epoch && entry.nonce == Some(self.nonce)
    }
}

/// An entry that is to be created: everything about it but its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewEntry {
    /// The position.
    pub position: Position,
    /// Its purpose. Only [`Data`](EntryKind::Data) has rows; the driver holds them by position.
    pub kind: EntryKind,
    /// The writer that writes it.
    pub writer: WriterId,
}

impl NewEntry {
    /// The header that a reader finds once the entry is there.
    #[must_use]
    pub const fn header(&self) -> EntryHeader {
        let Self { position, kind, writer: WriterId { epoch, nonce } } = *self;
        EntryHeader { position, epoch, kind, nonce: Some(nonce), generation: None }
    }
}
