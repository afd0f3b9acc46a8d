//! Errors: what is wrong with an object, at which byte, and what to do about it.

use std::borrow::Cow;

use snafu::Snafu;

/// Why bytes could not be read as, or made into, an object of a log.
///
/// Nothing here says whether an object *exists*: an error from this crate always means that bytes were there and
/// were not what they should be. Readers must never skip such an object silently.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes are cut off, flipped, foreign or contradict each other. Do not trust any part of the object.
    #[snafu(display("{object}, byte {offset}: {reason}; {}", self.advice()))]
    Damaged {
        /// The object's name, as the caller gave it.
        object: String,
        /// Where in the object.
        offset: u64,
        /// What is wrong there.
        reason: Cow<'static, str>,
    },
    /// The bytes are sound, but of a format version, kind or flag that this code does not know.
    #[snafu(display("{object}, byte {offset}: {what} is newer than this program; {}", self.advice()))]
    Newer {
        /// The object's name, as the caller gave it.
        object: String,
        /// Where in the object.
        offset: u64,
        /// Which part is newer.
        what: Cow<'static, str>,
    },
    /// The bytes are sound but belong somewhere else: a copy under a wrong name.
    #[snafu(display(
        "{object}, byte {offset}: the object says that it is {what} {found}, but its name says {expected}; {}",
        self.advice()
    ))]
    Misplaced {
        /// The object's name, as the caller gave it.
        object: String,
        /// Where in the object it says so.
        offset: u64,
        /// Which number disagrees: `position`, `version`, `epoch` and so on.
        what: &'static str,
        /// What the bytes say.
        found: u64,
        /// What the name says.
        expected: u64,
    },
    /// Reading or writing it would take more than the limits allow.
    #[snafu(display("{object}, byte {offset}: {what} is {size}, above the limit of {limit}; {}", self.advice()))]
    TooLarge {
        /// The object's name, as the caller gave it.
        object: String,
        /// Where in the object the size is stated.
        offset: u64,
        /// Which size.
        what: &'static str,
        /// The size found; its unit is that of the limit.
        size: u64,
        /// The limit it exceeds.
        limit: u64,
    },
    /// Arrow refused a message of the entry's stream.
    #[cfg(feature = "codec")]
    #[snafu(display("{object}, byte {offset}: {source}; {}", self.advice()))]
    Arrow {
        /// The object's name, as the caller gave it.
        object: String,
        /// Where the refused message begins.
        offset: u64,
        /// What Arrow said.
        source: arrow_schema::ArrowError,
    },
    /// The entry is sound, but its rows are no records: they have other columns.
    #[cfg(feature = "codec")]
    #[snafu(display("{object}: it has {columns}, so its rows are no records; {}", self.advice()))]
    NotRecords {
        /// The object's name, as the caller gave it.
        object: String,
        /// Which columns it has.
        columns: String,
    },
    /// The batches to be written cannot become an entry. Nothing was written.
    #[snafu(display("batches refused: {reason}; {}", self.advice()))]
    Refused {
        /// The reason.
        reason: Cow<'static, str>,
    },
}

impl FormatError {
    /// Says what an operator or caller can do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "keep the object as it is and restore it from a copy",
            Self::Newer { .. } => "upgrade this program before it reads or collects here",
            Self::Misplaced { .. } => "find out who copied or renamed it, and put the right object back",
            Self::TooLarge { .. } => {
                "raise the limit if the size is expected, or treat the object as damaged"
            }
            #[cfg(feature = "codec")]
            Self::Arrow { .. } => "keep the object as it is and restore it from a copy",
            #[cfg(feature = "codec")]
            Self::NotRecords { .. } => "read it as Arrow batches",
            Self::Refused { .. } => "nothing was written; change the batches and submit them again",
        }
    }

    /// The object that the error is about; `None` if it is about batches that are no object yet.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        match self {
            Self::Damaged { object, .. }
            | Self::Newer { object, .. }
            | Self::Misplaced { object, .. }
            | Self::TooLarge { object, .. } => Some(object),
            #[cfg(feature = "codec")]
            Self::Arrow { object, .. } | Self::NotRecords { object, .. } => Some(object),
            Self::Refused { .. } => None,
        }
    }

    /// The byte in the object that the error is about.
    #[must_use]
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Damaged { offset, .. }
            | Self::Newer { offset, .. }
            | Self::Misplaced { offset, .. }
            | Self::TooLarge { offset, .. } => Some(*offset),
            #[cfg(feature = "codec")]
            Self::Arrow { offset, .. } => Some(*offset),
            #[cfg(feature = "codec")]
            Self::NotRecords { .. } => None,
            Self::Refused { .. } => None,
        }
    }

    /// Whether the object itself is sound, and only this program's version or limits are in the way.
    #[must_use]
    pub const fn is_limit_of_reader(&self) -> bool {
        matches!(self, Self::Newer { .. } | Self::TooLarge { .. })
    }
}

/// Shorthand for the most common error.
pub(crate) fn damaged(
    object: &str,
    offset: impl TryInto<u64>,
    reason: impl Into<Cow<'static, str>>,
) -> FormatError {
    FormatError::Damaged {
        object: object.to_owned(),
        offset: offset.try_into().unwrap_or(u64::MAX),
        reason: reason.into(),
    }
}
