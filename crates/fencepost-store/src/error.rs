//! The error of all requests: the operation, the object, what became of the request, and whether to try again.

use crate::text::{Escaped, redact};
use snafu::Snafu;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A request that failed.
///
/// It names operation, object and time taken. Texts of the client beneath are kept as
/// [source](std::error::Error::source) after taking out what could be a credential: queries and user names of
/// URLs, and the bodies of refusals, which on some stores repeat the request's headers. Cloning is cheap.
#[derive(Clone, Debug, Snafu)]
#[snafu(display(
    "{} of `{}`: {}{} (after {:.1?})",
    details.operation,
    Escaped(&details.object),
    details.failure,
    details.reason.map_or_else(String::new, |reason| format!(": {reason}")),
    details.elapsed
))]
pub struct StoreError {
    details: Arc<Details>,
    source: Cause,
}

impl StoreError {
    pub(crate) fn new(operation: Operation, object: &str, elapsed: Duration, failure: Failure) -> Self {
        Self::because(operation, object, elapsed, failure, &failure.to_string())
    }

    /// An error that somebody found who uses the store [beneath](crate::LogStore::beneath): what was asked of which
    /// object, how long it was tried, and the client's text, from which secrets are taken out.
    pub fn because(
        operation: Operation,
        object: &str,
        elapsed: Duration,
        failure: Failure,
        cause: &str,
    ) -> Self {
        let reason = if failure == Failure::Unreachable { unreachable_reason(cause) } else { None };
        let details = Details { operation, object: object.into(), elapsed, failure, reason, hedged: false };
        Self { details: Arc::new(details), source: Cause { text: redact(cause).into() } }
    }

    /// Makes the error indefinite: an earlier attempt, hidden from us, may have been carried out.
    pub(crate) fn hedged(mut self) -> Self {
        Arc::make_mut(&mut self.details).hedged = true;
        self
    }

    /// Whether the request was certainly not carried out and never will be.
    ///
    /// `false` leaves everything open: a write may have happened, may happen later, or may never happen.
    pub fn is_definite(&self) -> bool {
        self.details.failure.is_definite() && !self.details.hedged
    }

    /// Whether the same request may succeed later although nobody changes anything.
    pub fn is_retryable(&self) -> bool {
        self.details.failure.is_retryable()
    }

    /// The kind of failure, as a value to match on.
    pub fn failure(&self) -> Failure {
        self.details.failure
    }

    /// The operation that failed.
    pub fn operation(&self) -> Operation {
        self.details.operation
    }

    /// The object or prefix, relative to the store's root, verbatim. Escape it before printing it to a
    /// terminal.
    pub fn object(&self) -> &str {
        &self.details.object
    }

    /// Time from the start of the last attempt to its failure.
    pub fn elapsed(&self) -> Duration {
        self.details.elapsed
    }
}

/// An operation on a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Create an object, if absent.
    Create,
    /// Write an object, replacing any that is there.
    Overwrite,
    /// Read an object or a part of it.
    Get,
    /// Read an object's metadata.
    Head,
    /// List the objects under a prefix.
    List,
    /// Delete an object.
    Delete,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Overwrite => "overwrite",
            Self::Get => "get",
            Self::Head => "head",
            Self::List => "list",
            Self::Delete => "delete",
        })
    }
}

/// The kinds of failure that callers can tell apart.
///
/// Each kind answers two questions: is the outcome definite, and is it worth trying again? Where a cause is not
/// known for certain, the kind is an indefinite one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The name cannot be used with this store, or the store holds a name that its client cannot express.
    BadPath,
    /// The range lies outside the object.
    BadRange,
    /// The object is larger than the caller allowed. Its body was not read.
    TooLarge {
        /// The object's size in bytes.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// Credentials are missing, wrong, expired or not sufficient; or the file system denies access.
    Denied,
    /// The bucket, container or directory does not exist.
    NoBucket,
    /// The store or its client does not support the operation (or was configured not to).
    Unsupported,
    /// No space, or no quota, is left on the device.
    Full,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The store refused the request.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The store, or a server before it, redirected the request, and the redirect was not followed. A request
    /// answered with 301, 307 or 308 was not carried out; others may have been, especially with 303.
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// The store asks to slow down and did not look at the request (HTTP 429).
    Throttled,
    /// No connection could be made, so nothing was sent.
    Unreachable,
    /// The store met a competing request for the same name (HTTP 409).
    Conflict,
    /// No reply within the time allowed.
    TimedOut,
    /// The store failed while it worked on the request (HTTP 5xx, 503 included).
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// The connection, or the task that did the work, ended before a reply.
    Interrupted,
    /// The operating system reported an error, other than those above, or one that may have come after the
    /// object became visible.
    Io,
    /// The reply could not be understood.
    Malformed,
    /// Nothing in the error says what happened.
    Unrecognised,
}

impl Failure {
    /// Whether the request was certainly not carried out. See [`StoreError::is_definite`].
    pub fn is_definite(&self) -> bool {
        match self {
            Self::BadPath
            | Self::BadRange
            | Self::TooLarge { .. }
            | Self::Denied
            | Self::NoBucket
            | Self::Unsupported
            | Self::Full
            | Self::ReadOnly
            | Self::Refused { .. }
            | Self::Throttled
            | Self::Unreachable => true,
            Self::Redirected { status } => matches!(status, 301 | 307 | 308),
            Self::Conflict
            | Self::TimedOut
            | Self::Server { .. }
            | Self::Interrupted
            | Self::Io
            | Self::Malformed
            | Self::Unrecognised => false,
        }
    }

    /// Whether the store or the disk refuses to return an object that it has: a permission is missing, the
    /// object was archived, or its sectors are bad. It concerns reads, and says nothing about the object's
    /// bytes.
    pub fn withholds(&self) -> bool {
        matches!(self, Self::Denied | Self::Refused { .. } | Self::Unsupported | Self::Io)
    }

    /// Whether the same request may succeed later. See [`StoreError::is_retryable`].
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled
            | Self::Unreachable
            | Self::Conflict
            | Self::TimedOut
            | Self::Server { .. }
            | Self::Interrupted
            | Self::Io
            | Self::Malformed
            | Self::Unrecognised => true,
            Self::BadPath
            | Self::BadRange
            | Self::TooLarge { .. }
            | Self::Denied
            | Self::NoBucket
            | Self::Unsupported
            | Self::Full
            | Self::ReadOnly
            | Self::Refused { .. } => false,
            // A page in the way may go away by itself; what has moved for good will not come back.
            Self::Redirected { status } => !matches!(status, 301 | 308),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::TooLarge { size, limit } => {
                return write!(f, "the object has {size} bytes, and at most {limit} are allowed");
            }
            Self::Refused { status } => return write!(f, "the store refused the request (HTTP {status})"),
            Self::Redirected { status } => {
                return write!(
                    f,
                    "the request was redirected elsewhere (HTTP {status}) and not followed; check endpoint and region"
                );
            }
            Self::Server { status } => return write!(f, "the store failed (HTTP {status})"),
            Self::BadPath => "the name cannot be used with this store",
            Self::BadRange => "the range lies outside the object",
            Self::Denied => "access denied; check credentials and permissions",
            Self::NoBucket => "the bucket, container or directory does not exist",
            Self::Unsupported => "the store does not support this operation",
            Self::Full => "no space left on the device",
            Self::ReadOnly => "the file system is read-only",
            Self::Throttled => "the store asks to slow down",
            Self::Unreachable => "no connection to the store could be made",
            Self::Conflict => "a competing request was under way",
            Self::TimedOut => "no reply in time",
            Self::Interrupted => "the connection or task ended before a reply",
            Self::Io => "the operating system reported an error",
            Self::Malformed => "the reply could not be understood",
            Self::Unrecognised => "the cause is not known",
        };
        f.write_str(text)
    }
}

#[derive(Clone, Debug)]
struct Details {
    operation: Operation,
    object: Box<str>,
    elapsed: Duration,
    failure: Failure,
    /// More of it, for people.
    reason: Option<&'static str>,
    hedged: bool,
}

/// Why no connection was made, by the words of the client: nothing else tells these apart.
fn unreachable_reason(cause: &str) -> Option<&'static str> {
    let cause = cause.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if says(&["dns error", "failed to lookup address", "name or service not known", "no such host"]) {
        Some("there is no such host; check the endpoint")
    } else if says(&["certificate", "handshake", "tls", "invalidcontenttype", "corrupt message"]) {
        Some("TLS failed; check the endpoint's scheme and its certificate")
    } else if says(&["connection refused"]) {
        Some("the connection was refused; nothing listens at that address")
    } else if says(&["no route to host", "network is unreachable"]) {
        Some("no route leads to that host")
    } else if says(&["timed out", "timeout"]) {
        Some("the host did not answer in time")
    } else {
        None
    }
}

/// The client's own words, redacted.
#[derive(Clone, Debug, Snafu)]
#[snafu(display("{text}"))]
struct Cause {
    text: Arc<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_for_no_connection_are_told_apart() {
        for (cause, reason) in [
            (
                "error sending request: client error (Connect): dns error: failed to lookup address information",
                "no such host",
            ),
            ("client error (Connect): tcp connect error: Connection refused (os error 111)", "was refused"),
            ("client error (Connect): invalid peer certificate: UnknownIssuer", "TLS failed"),
            ("client error (Connect): received corrupt message of type InvalidContentType", "TLS failed"),
            ("client error (Connect): operation timed out", "did not answer in time"),
        ] {
            let of = |failure| {
                StoreError::because(Operation::Get, "a", Duration::ZERO, failure, cause).to_string()
            };
            assert!(of(Failure::Unreachable).contains(reason), "{}", of(Failure::Unreachable));
            assert!(!of(Failure::Interrupted).contains(reason), "{}", of(Failure::Interrupted));
        }
    }

    /// What each kind means for its caller: the whole contract in one table.
    #[test]
    fn each_failure_is_definite_or_not_and_passes_or_not() {
        let (yes, no) = (true, false);
        let redirected = |status| Failure::Redirected { status };
        for (failure, definite, passes) in [
            (Failure::BadPath, yes, no),
            (Failure::BadRange, yes, no),
            (Failure::TooLarge { size: 2, limit: 1 }, yes, no),
            (Failure::Denied, yes, no),
            (Failure::NoBucket, yes, no),
            (Failure::Unsupported, yes, no),
            (Failure::Full, yes, no),
            (Failure::ReadOnly, yes, no),
            (Failure::Refused { status: 400 }, yes, no),
            (Failure::Throttled, yes, yes),
            (Failure::Unreachable, yes, yes),
            (redirected(301), yes, no),
            (redirected(302), no, yes),
            (redirected(303), no, yes),
            (redirected(307), yes, yes),
            (redirected(308), yes, no),
            (Failure::Conflict, no, yes),
            (Failure::TimedOut, no, yes),
            (Failure::Server { status: 503 }, no, yes),
            (Failure::Interrupted, no, yes),
            (Failure::Io, no, yes),
            (Failure::Malformed, no, yes),
            (Failure::Unrecognised, no, yes),
        ] {
            assert_eq!((failure.is_definite(), failure.is_retryable()), (definite, passes), "{failure:?}");
        }
    }
}
