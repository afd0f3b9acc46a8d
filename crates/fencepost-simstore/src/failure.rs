//! What callers are told when things go wrong.

use object_store::Error;
use std::fmt;
use std::io;

/// How a request failed, as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The name of a create is taken.
    Exists,
    /// There is no such object.
    NotFound,
    /// The condition of an update does not hold.
    Precondition,
    /// No connection could be made: [`io::ErrorKind::ConnectionRefused`] as source.
    Refused,
    /// No reply came in time: [`io::ErrorKind::TimedOut`] as source.
    TimedOut,
    /// The connection broke: [`io::ErrorKind::ConnectionReset`] as source.
    Reset,
    /// The store answered with this HTTP status: a [`StatusError`] as source.
    Status(u16),
}

impl Failure {
    /// As an error of `object_store`.
    #[must_use]
    pub fn into_error(self, path: &str) -> Error {
        let (path, source) = (path.to_owned(), self.to_string());
        match self {
            Self::Exists => Error::AlreadyExists { path, source: source.into() },
            Self::NotFound => Error::NotFound { path, source: source.into() },
            Self::Precondition => Error::Precondition { path, source: source.into() },
            Self::Refused => generic(io::Error::new(io::ErrorKind::ConnectionRefused, source)),
            Self::TimedOut => generic(io::Error::new(io::ErrorKind::TimedOut, source)),
            Self::Reset => generic(io::Error::new(io::ErrorKind::ConnectionReset, source)),
            Self::Status(status) => generic(StatusError { status }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("already exists"),
            Self::NotFound => f.write_str("not found"),
            Self::Precondition => f.write_str("precondition failed"),
            Self::Refused => f.write_str("connection refused"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Reset => f.write_str("connection reset"),
            Self::Status(status) => write!(f, "HTTP {status}"),
        }
    }
}

/// The source of errors that stand for an HTTP status.
///
/// `object_store` keeps its own type for that to itself. Whoever classifies errors can look for this one instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusError {
    /// The status, such as 503.
    pub status: u16,
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)
    }
}

impl std::error::Error for StatusError {}

fn generic(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Generic { store: "SimStore", source: Box::new(source) }
}
