//! What kind of failure an error is: what a program can do about it, whatever it was doing.

use super::{AppendError, Cause, CheckpointError, OpenWriterError, ReadError, SubmitError, WalError};
use crate::{CollectError, InspectError, PlanError, RepairError, TableError};
use fencepost_fence::GaveUp;
use fencepost_format::FormatError;
use fencepost_store::{Failure, OpenError, ProbeError, StoreError};
use std::fmt;

/// What kind of failure an error is. Every error of this crate has one: `kind()`.
///
/// It says what a program can do. What became of the data is in the error itself, such as
/// [`AppendError::is_definite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another writer has the shard now. Stand down, or open again to take it over.
    Fenced,
    /// Somebody holds the shard, or it takes no writers. Wait, or take it over.
    Held,
    /// Whether a write took place is not known. Read the log before writing the same again.
    Unknown,
    /// The store does not answer, or refuses. Try again once it answers.
    Unavailable,
    /// There is no log, no bucket or no folder at that place. Check the place.
    Missing,
    /// The position was collected. Go on at the first one that can be read, if that is acceptable.
    Truncated,
    /// Something in the log is damaged or lost, or a bucket was rolled back. `fencepost verify` says what.
    Damaged,
    /// What was asked for is not possible, such as rows that cannot be encoded. Ask for something else.
    Invalid,
    /// The store does not keep the promises that a log needs. Do not keep a log on it.
    Unsafe,
    /// A fault of this program. Please report it.
    Internal,
}

impl ErrorKind {
    /// A stable word, for JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fenced => "fenced",
            Self::Held => "held",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::Missing => "missing",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::Invalid => "invalid",
            Self::Unsafe => "unsafe",
            Self::Internal => "internal",
        }
    }

    /// Of a request to the store that failed.
    #[must_use]
    pub fn of_store(error: &StoreError) -> Self {
        match error.failure() {
            Failure::NoBucket => Self::Missing,
            Failure::TooLarge { .. } => Self::Damaged,
            Failure::BadPath | Failure::BadRange => Self::Internal,
            _ => Self::Unavailable,
        }
    }

    /// Of bytes that are not what they should be.
    #[must_use]
    pub const fn of_format(error: &FormatError) -> Self {
        match error {
            FormatError::Refused { .. } | FormatError::NotRecords { .. } => Self::Invalid,
            _ => Self::Damaged,
        }
    }

    /// Of an operation that ended without a result. `cause` is what the store said last.
    pub(crate) fn of_end(why: GaveUp, cause: Option<&Cause>) -> Self {
        match why {
            GaveUp::DamagedEntry(_)
            | GaveUp::LostEntry { .. }
            | GaveUp::DamagedManifest(_)
            | GaveUp::RolledBack { .. }
            | GaveUp::WentBack { .. } => Self::Damaged,
            GaveUp::Unknown => Self::Unknown,
            GaveUp::Unread | GaveUp::NotDone | GaveUp::MissingManifest(_) => match cause {
                Some(cause @ Cause::Store { .. }) => cause.kind(),
                _ => Self::Unavailable,
            },
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Cause {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store { source } => ErrorKind::of_store(source),
            Self::Format { source } => ErrorKind::of_format(source),
            Self::OtherShard { .. } | Self::Lost { .. } => ErrorKind::Damaged,
            Self::ListedNotThere { .. } | Self::Gone { .. } | Self::TornDown => ErrorKind::Unavailable,
        }
    }
}

impl WalError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { source: OpenError::Missing { .. } | OpenError::NotADirectory { .. } }
            | Self::NoShard { .. } => ErrorKind::Missing,
            Self::Open { source: OpenError::Directory { .. } } => ErrorKind::Unavailable,
            Self::Open { source: OpenError::Unflushable { .. } } => ErrorKind::Unsafe,
            Self::Open { .. } | Self::ManyShards { .. } | Self::Table { .. } => ErrorKind::Invalid,
            Self::MaybeTable { source, .. } | Self::Listing { source } => ErrorKind::of_store(source),
            Self::FirstShard { why: None, .. } => ErrorKind::Damaged,
            Self::FirstShard { cause: Some(cause), .. } => cause.kind(),
            Self::FirstShard { .. } => ErrorKind::Unavailable,
        }
    }
}

impl OpenWriterError {
    /// What kind of failure it is. Never [`ErrorKind::Unknown`]: no row of the caller's was sent yet.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Fenced { .. } => ErrorKind::Fenced,
            Self::Held { .. } | Self::Sealed => ErrorKind::Held,
            Self::ManifestsLost { .. } => ErrorKind::Damaged,
            Self::Store { source } => ErrorKind::of_store(source),
            Self::Unsafe { source: ProbeError::Failed { source } } => ErrorKind::of_store(source),
            Self::Unsafe { .. } => ErrorKind::Unsafe,
            Self::LeaseUnread { cause, .. } => cause.as_ref().map_or(ErrorKind::Unavailable, Cause::kind),
            Self::GaveUp { why: GaveUp::Unknown, .. } => ErrorKind::Unavailable,
            Self::GaveUp { why, cause } => ErrorKind::of_end(*why, cause.as_ref()),
        }
    }
}

impl SubmitError {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.why.kind()
    }
}

impl AppendError {
    /// What kind of failure it is: [`ErrorKind::Unknown`] whenever the rows may be in the log all the same,
    /// except if a successor is known, which is [`ErrorKind::Fenced`] in any case.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Fenced { .. } => ErrorKind::Fenced,
            Self::Obstructed { definite: true, .. } => ErrorKind::Damaged,
            Self::Obstructed { .. } | Self::Unknown { .. } | Self::RolledBack { .. } => ErrorKind::Unknown,
            Self::NotDone { .. } | Self::Stopped { .. } => ErrorKind::Unavailable,
            Self::Closed | Self::TooLarge { .. } | Self::Refused { .. } => ErrorKind::Invalid,
        }
    }
}

impl CheckpointError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::AboveTail { .. } | Self::Closed => ErrorKind::Invalid,
            Self::Fenced { .. } => ErrorKind::Fenced,
            Self::GaveUp { why, cause } => ErrorKind::of_end(*why, cause.as_ref()),
        }
    }
}

impl ReadError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Truncated { .. } | Self::CursorBroken { .. } => ErrorKind::Truncated,
            Self::NoLog { .. } => ErrorKind::Missing,
            Self::ManifestsLost { .. } => ErrorKind::Damaged,
            Self::NoCursor { .. } => ErrorKind::Invalid,
            Self::GaveUp { why, cause, .. } | Self::Cursor { why, cause, .. } => {
                ErrorKind::of_end(*why, cause.as_ref())
            }
            Self::Rows { source } => ErrorKind::of_format(source),
            Self::Store { source } => ErrorKind::of_store(source),
        }
    }
}

impl CollectError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoLog { .. } => ErrorKind::Missing,
            Self::Store { source, .. } => ErrorKind::of_store(source),
            Self::Manifest { .. } | Self::ManifestsLost { .. } => ErrorKind::Damaged,
            Self::ListedNotThere { .. } | Self::Unanswered { .. } => ErrorKind::Unavailable,
        }
    }
}

impl InspectError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source } => source.kind(),
            Self::Plan { source } => source.kind(),
        }
    }
}

impl PlanError {
    /// What kind of failure it is: what was asked for is not the matter there.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl RepairError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAiling { .. } | Self::LeftAlone { .. } => ErrorKind::Invalid,
            Self::NotDone { source, .. } => ErrorKind::of_store(source),
            Self::Unknown { .. } => ErrorKind::Unknown,
        }
    }
}

impl TableError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::List { source } | Self::Read { source, .. } => ErrorKind::of_store(source),
            Self::Gone { .. } => ErrorKind::Unavailable,
            Self::Format { source } => ErrorKind::of_format(source),
        }
    }
}
