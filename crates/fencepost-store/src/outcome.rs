//! The outcomes of requests. Only here and in [`classify`] do errors of `object_store` get a meaning.

pub(crate) mod classify;

use crate::error::{Failure, StoreError};
use object_store::PutPayload;
use snafu::Snafu;
use std::fmt;
use std::time::Duration;

/// The outcome of a write: done, or why not, with the payload handed back.
pub type PutOutcome = Result<PutDone, PutRefused>;

/// The object is written, and durable as far as the store promises.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutDone {
    /// Time from the start of the attempt to the reply.
    pub elapsed: Duration,
}

/// A write that is not known to be done. Hands the payload back for another attempt; keeping it costs no
/// copy.
#[derive(Debug, Snafu)]
#[snafu(display("{why}"))]
#[non_exhaustive]
pub struct PutRefused {
    /// The bytes that were to be written.
    pub payload: PutPayload,
    /// The outcome of the write.
    #[snafu(source)]
    pub why: Refusal,
}

/// Why a write is not known to be done. These are all the cases, and callers should match each.
#[derive(Clone, Debug, Snafu)]
#[expect(clippy::exhaustive_enums, reason = "callers must match each case")]
pub enum Refusal {
    /// The store says that the name is taken.
    ///
    /// By whom is open: it may be the caller's own object from an earlier attempt (one made by a client
    /// beneath included), and on some stores there may be *nothing* at the name, when the answer was to two
    /// requests racing. So always read back before drawing a conclusion.
    #[snafu(display("the name is taken"))]
    Exists,
    /// Certainly not written by this call, now or later.
    #[snafu(display("not written"))]
    NotDone {
        /// Whether to try again.
        retry: Retry,
        /// What went wrong.
        source: StoreError,
    },
    /// The object may be there, may appear later, or may never appear.
    ///
    /// Reading "absent" afterwards proves nothing: the request may still be on its way. Only occupying the
    /// name settles the matter, by the same create again or by another one.
    #[snafu(display("it is not known whether it was written"))]
    Unknown {
        /// What went wrong. Its [`is_retryable`](StoreError::is_retryable) says if another attempt is worth
        /// while.
        source: StoreError,
    },
}

impl Refusal {
    /// The error behind it; none for [`Exists`](Self::Exists).
    pub fn error(&self) -> Option<&StoreError> {
        match self {
            Self::Exists => None,
            Self::NotDone { source, .. } | Self::Unknown { source } => Some(source),
        }
    }

    /// A definite error as not done, any other as unknown.
    pub(crate) fn from_error(source: StoreError) -> Self {
        match (source.is_definite(), source.is_retryable()) {
            (true, true) => Self::NotDone { retry: Retry::Later, source },
            (true, false) => Self::NotDone { retry: Retry::Never, source },
            (false, _) => Self::Unknown { source },
        }
    }
}

/// Whether another attempt of something that was not done can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers must match each case")]
pub enum Retry {
    /// It may, after a pause: the store was not reached, or asked to slow down.
    Later,
    /// It will not until somebody changes something: permissions, disk space, the name, the store.
    Never,
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Later => "try again later",
            Self::Never => "trying again does not help",
        })
    }
}

/// The outcome of a read.
///
/// A failed read is [`Unknown`](Self::Unknown), never [`Absent`](Self::Absent): a log that took a time-out or
/// a denied request for the end of the log would lose the rest.
#[derive(Clone, Debug)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "callers must match each case")]
pub enum ReadOutcome<T> {
    /// It is there.
    Found(T),
    /// The store says that there is no such object.
    Absent,
    /// Nothing can be said about the object, or ([`Failure::TooLarge`]) nothing was read of it.
    Unknown(StoreError),
}

impl<T> ReadOutcome<T> {
    /// For `?`: `Some` if found, `None` if absent, otherwise the error.
    ///
    /// # Errors
    /// The error of [`Unknown`](Self::Unknown).
    pub fn into_result(self) -> Result<Option<T>, StoreError> {
        match self {
            Self::Found(found) => Ok(Some(found)),
            Self::Absent => Ok(None),
            Self::Unknown(error) => Err(error),
        }
    }

    /// Applies `f` to what was found.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> ReadOutcome<U> {
        match self {
            Self::Found(found) => ReadOutcome::Found(f(found)),
            Self::Absent => ReadOutcome::Absent,
            Self::Unknown(error) => ReadOutcome::Unknown(error),
        }
    }

    /// Whether the store said that there is no such object.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the object was found larger than the caller allowed.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Unknown(error) if matches!(error.failure(), Failure::TooLarge { .. }))
    }

    pub(crate) fn from_result(result: Result<Option<T>, StoreError>) -> Self {
        match result {
            Ok(Some(found)) => Self::Found(found),
            Ok(None) => Self::Absent,
            Err(error) => Self::Unknown(error),
        }
    }
}
