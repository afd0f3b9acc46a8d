//! The requests and replies between the core and its driver.

use crate::{NewEntry, Rule, rules};
use fencepost_format::{EntryHeader, Epoch, Manifest, Position, Version};

/// A moment on the driver's clock, in milliseconds from any origin.
///
/// The clock must count suspended time: on Linux `CLOCK_BOOTTIME`, not `CLOCK_MONOTONIC`.
// P-23.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The moment `millis` later. It saturates, so a clock at its end never wraps to its beginning.
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this; 0 if the clock went back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// How many undecided positions a writer may have at once.
///
/// The protocol fixes it: [`Window::PROTOCOL`]. All writers of a log must agree on it, because each opener
/// fills as many positions as its predecessor could still write to. A writer may use less of it
/// ([`Window::ONE`]). Other values exist only for models.
// P-17.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window(u64);

impl Window {
    /// 64.
    pub const PROTOCOL: Self = Self(64);

    /// One append at a time.
    // P-27.
    pub const ONE: Self = Self(1);

    /// A window of another size, for models and their tests.
    ///
    /// # Panics
    /// If `positions` is 0.
    #[must_use]
    pub const fn for_models(positions: u64) -> Self {
        assert!(positions > 0, "a window of no positions appends nothing");
        Self(positions)
    }

    /// The number of positions.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Whether a writer has several appends in flight.
///
/// Lance's opener takes the first absent position for the tail. If our writer has several appends in flight,
/// one may be missing below another for a moment. An opener of Lance's that looks just then never sees the
/// append that is acknowledged there a moment later.
// P-27.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pipelining {
    /// A whole window, unless the log [may lie in a Lance table](crate::Params::in_table) or Lance has ever
    /// written a manifest of this shard.
    #[default]
    UnlessLance,
    /// A whole window. The caller guarantees that Lance does not open the shard while the writer lives.
    Always,
    /// One append at a time, for a shard that Lance may open for the first time while the writer lives.
    Never,
}

impl Pipelining {
    /// How much of `window` a writer uses that has claimed with this manifest.
    #[must_use]
    pub fn of(self, window: Window, in_table: bool, claimed: &Manifest) -> Window {
        let lance_may_come = (in_table || claimed.lance_before) && rules::on(Rule::OneBesideLance);
        match self {
            Self::UnlessLance if lance_may_come => Window::ONE,
            Self::Never => Window::ONE,
            Self::UnlessLance | Self::Always => window,
        }
    }
}

/// A request of the core. The driver performs it and answers with the [`Reply`] of the same name.
///
/// `attempt` counts from 0. Before an attempt above 0, the driver waits as its retry policy says; the core
/// only watches the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// LIST the manifests and answer with the highest version.
    ListManifests {
        /// Which try this is.
        attempt: u32,
    },
    /// GET one manifest.
    ReadManifest {
        /// The manifest's version.
        version: Version,
        /// Which try this is.
        attempt: u32,
    },
    /// Create a manifest under its version, if absent. Try again with the same bytes only.
    CreateManifest {
        /// The object, its version in it.
        manifest: Manifest,
        /// Which try this is.
        attempt: u32,
    },
    /// GET one entry.
    ReadEntry {
        /// The position.
        at: Position,
        /// Which try this is.
        attempt: u32,
    },
    /// LIST the collectors' boundaries and answer with the highest.
    ListBoundaries {
        /// Which try this is.
        attempt: u32,
    },
    /// Read the position of the cursor that [holds](crate::Walk::held_by_cursor) this reader's place: its
    /// consumer has finished with everything up to there.
    ReadCursor {
        /// Which try this is.
        attempt: u32,
    },
    /// Find out what is at a position, without its rows, if it has our trailer.
    // P-91.
    PeekEntry {
        /// The position.
        at: Position,
        /// Which try this is.
        attempt: u32,
    },
    /// Create an entry, if absent: a `Data` entry with the rows that the driver holds for this position, or
    /// an entry without rows.
    CreateEntry {
        /// The entry's identity: position, kind, epoch and nonce.
        entry: NewEntry,
        /// Which try this is.
        attempt: u32,
    },
}

impl Request {
    /// Which try this is, from 0.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        match self {
            Self::ListManifests { attempt }
            | Self::ReadManifest { attempt, .. }
            | Self::CreateManifest { attempt, .. }
            | Self::ReadEntry { attempt, .. }
            | Self::ListBoundaries { attempt }
            | Self::ReadCursor { attempt }
            | Self::PeekEntry { attempt, .. }
            | Self::CreateEntry { attempt, .. } => *attempt,
        }
    }

    /// The reply to a request that nobody waits for any longer: anything may be true.
    #[must_use]
    pub const fn unanswered(&self) -> Reply {
        match self {
            Self::ListManifests { .. } => Reply::Listed(ReadReply::Unknown),
            Self::ReadManifest { version, .. } => Reply::Manifest(*version, ReadReply::Unknown),
            Self::CreateManifest { manifest, .. } => {
                Reply::ManifestCreated(manifest.version, CreateReply::Unknown)
            }
            Self::ReadEntry { at, .. } => Reply::Entry(*at, ReadReply::Unknown),
            Self::ListBoundaries { .. } => Reply::Boundary(ReadReply::Unknown),
            Self::ReadCursor { .. } => Reply::Cursor(ReadReply::Unknown),
            Self::PeekEntry { at, .. } => Reply::Peeked(*at, ReadReply::Unknown),
            Self::CreateEntry { entry, .. } => Reply::EntryCreated(entry.position, CreateReply::Unknown),
        }
    }
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// To [`Request::ListManifests`]: the highest version seen (`NONE` if there is none).
    Listed(ReadReply<Version>),
    /// To [`Request::ReadManifest`].
    Manifest(Version, ReadReply<Manifest>),
    /// To [`Request::CreateManifest`].
    ManifestCreated(Version, CreateReply),
    /// To [`Request::ReadEntry`].
    Entry(Position, ReadReply<EntryHeader>),
    /// To [`Request::ListBoundaries`]: the highest boundary seen (`NONE` if there is none).
    Boundary(ReadReply<Position>),
    /// To [`Request::ReadCursor`]: absent if the cursor was removed.
    Cursor(ReadReply<Position>),
    /// To [`Request::PeekEntry`]; found without a header means an object without our trailer.
    Peeked(Position, ReadReply<Option<EntryHeader>>),
    /// To [`Request::CreateEntry`].
    EntryCreated(Position, CreateReply),
}

/// The outcome of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreateReply {
    /// This request created it.
    Done,
    /// The store says that the name is taken. The object may be ours; there may even be none.
    Exists,
    /// This request certainly did nothing and never will.
    NotDone {
        /// Whether the store advises to try again.
        again: bool,
    },
    /// It may have happened, or may yet happen.
    Unknown,
}

/// The outcome of a read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadReply<T> {
    /// It is there.
    Found(T),
    /// The store says that it is not there.
    Absent,
    /// It is there, but cannot be understood. The driver knows the details.
    Damaged,
    /// No answer, or an error: anything may be true.
    Unknown,
}

impl<T> ReadReply<T> {
    /// The same answer, whose object stays where it is.
    #[must_use]
    pub const fn as_ref(&self) -> ReadReply<&T> {
        match self {
            Self::Found(there) => ReadReply::Found(there),
            Self::Absent => ReadReply::Absent,
            Self::Damaged => ReadReply::Damaged,
            Self::Unknown => ReadReply::Unknown,
        }
    }

    /// The same answer about something else.
    pub(crate) fn map<U>(self, found: impl FnOnce(T) -> U) -> ReadReply<U> {
        match self {
            Self::Found(there) => ReadReply::Found(found(there)),
            Self::Absent => ReadReply::Absent,
            Self::Damaged => ReadReply::Damaged,
            Self::Unknown => ReadReply::Unknown,
        }
    }
}

/// Why a machine gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GaveUp {
    /// A read was not answered until the deadline. It changed nothing.
    Unread,
    /// A create was not answered until the deadline: it may have happened, or may yet happen.
    Unknown,
    /// A create was refused, for certain.
    NotDone,
    /// The object at this position is there, but cannot be understood.
    DamagedEntry(Position),
    /// The entry at a position above `replay_after` is gone, though another entry proves that it was there.
    // P-92.
    LostEntry {
        /// Where it was.
        at: Position,
        /// What proves it.
        proof: Position,
    },
    /// The manifest of this version is there, but cannot be understood.
    DamagedManifest(Version),
    /// Listings showed the manifest of this version until the deadline, but each read found it absent.
    // P-67.
    MissingManifest(Version),
    /// The manifest's epoch is lower than an epoch that this party held: the bucket was rolled back.
    RolledBack {
        /// The epoch that this party holds or held.
        ours: Epoch,
        /// The epoch in the manifest now.
        found: Epoch,
    },
    /// The latest manifest is older than one that this party knows to have been the latest, or another under the
    /// same version: the bucket was rolled back.
    WentBack {
        /// The version known.
        known: Version,
        /// The version found.
        found: Version,
    },
}
