//! What can happen next.

use fencepost_format::{EntryHeader, Position};
use std::fmt;

/// One step of somebody, or of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, where, or to what")]
pub enum Action {
    /// The next writer begins to open.
    Open,
    /// The create of a writer's claim reaches the store, and the rest of its commit follows.
    Claim { writer: usize },
    /// A writer performs one of the reads that it wants.
    Read { writer: usize, which: usize },
    /// A create reaches the store.
    Land { flight: usize, how: Landing },
    /// A copy of a create lands, long after the create itself reached the store.
    Duplicate { entry: EntryHeader },
    /// A create's sender hears nothing; it lands later, or never.
    TimeOut { flight: usize },
    /// The store says "exists" and has not even tried.
    Conflict { flight: usize },
    /// A writer starts a checkpoint.
    Checkpoint { writer: usize, at: Position },
    /// A writer starts to close.
    Close { writer: usize },
    /// A writer's deadlines pass.
    GiveUp { writer: usize },
    /// A writer dies.
    Crash { writer: usize },
    /// What an opener tells collectors lands.
    Record { record: usize },
    /// A record of before a restore is there.
    OldRecord,
    /// A collector reads the manifest.
    CollectorLooks,
    /// A collector lists, reads, publishes its boundary and plans.
    CollectorPlans { collector: usize },
    /// A collector deletes something that it once planned to delete.
    Delete { at: Position },
    /// A reader begins in the middle.
    ReaderBegins { at: Position },
    /// The reader performs its next read.
    ReaderReads,
    /// The reader's listing misses the boundary that one before it showed.
    ReaderIsMisled,
    /// The consumer leaves a cursor where it is, and looks at the boundary.
    ConsumerMarks,
    /// The consumer begins again from its cursor.
    ConsumerReturns,
    /// The store loses an entry.
    Lose { at: Position },
    /// An entry of Lance's appears whose generation was flushed before.
    Flushed { at: Position },
    /// A foreign program writes an entry at the tail.
    Stranger { at: Position },
}

/// What becomes of a create that reaches the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Landing {
    /// Its sender is told, if it still waits.
    Told,
    /// Its reply is lost.
    Lost,
    /// It lands unseen, and somebody between its sender and the store tries again by himself.
    Again,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
