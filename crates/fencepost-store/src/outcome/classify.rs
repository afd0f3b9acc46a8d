//! From an error of `object_store` to an [`Answer`].
//!
//! The rule: an answer is definite only if its error proves it; whatever is not listed here proves nothing.
//! What proves something, and why:
//!
//! | seen | means | because |
//! |---|---|---|
//! | `AlreadyExists`, and `Precondition` on a create | exists | what stores answer to a create's condition (409, 412, 304) |
//! | 409 that names a conflict in flight | unknown | nothing need stand at the name; needs [`ReplyConnector`] |
//! | `NotFound` on a read | absent | unless the reply names the bucket as missing |
//! | `NotFound` on a write | not done | it is the bucket or container that is missing |
//! | `PermissionDenied`, `Unauthenticated` | not done | checked before anything is written |
//! | `NotImplemented`, `NotSupported`, 501 | not done | nothing was sent, or the store knows no such request |
//! | no connection (refused, no such host, TLS) | not done | nothing was sent |
//! | 429 | not done | a rate limiter stands before the work |
//! | 503, any code | **unknown** | MinIO, for one, answers it when a write misses its quorum, after writing in part |
//! | other 5xx, time-outs, connection lost | unknown | the reply is missing, not the effect |
//! | closed connection (`HttpErrorKind::Request`) | unknown | counted as "not sent" by the client, but a request whose reply was cut looks the same |
//! | 301, 307, 308 | not done | it is to be asked elsewhere, and was not |
//! | other redirects | unknown | a 303 is what a server answers that *has* done it |
//! | a reply that the store cannot have given | unknown | nobody knows what became of the request; see `connector/stranger.rs` |
//! | 400, 413 and the like | not done | the request as such was refused |
//! | local disk full, read-only, denied | not done | only when seen before the link that publishes; see `local.rs` |
//!
//! [`ReplyConnector`]: crate::ReplyConnector

use crate::error::{Failure, Operation};
use crate::local::LocalError;
use std::error::Error;
use std::io;

/// What a failed request says about the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The name of a create is taken.
    Exists,
    /// There is no such object.
    Absent,
    /// Neither; this went wrong.
    Failed(Failure),
}

/// What `error`, the result of `operation`, says.
pub(crate) fn classify(operation: Operation, error: &object_store::Error) -> Answer {
    use object_store::Error as E;
    let failure = match (operation, error) {
        (Operation::Create, E::AlreadyExists { .. } | E::Precondition { .. }) => return Answer::Exists,
        (Operation::Get | Operation::Head | Operation::Delete, E::NotFound { .. }) => return Answer::Absent,
        (_, E::NotFound { .. }) => Failure::NoBucket,
        (_, E::AlreadyExists { .. }) => Failure::Conflict,
        (_, E::PermissionDenied { .. } | E::Unauthenticated { .. }) => Failure::Denied,
        (_, E::NotImplemented { .. } | E::NotSupported { .. }) => Failure::Unsupported,
        (_, E::InvalidPath { .. }) => Failure::BadPath,
        (_, E::JoinError { .. }) => Failure::Interrupted,
        (_, other) => by_cause(other),
    };
    Answer::Failed(failure)
}

/// The first cause in the chain that is known to say something, the most telling kind first.
fn by_cause(error: &object_store::Error) -> Failure {
    if let Some(local) = find::<LocalError>(error) {
        return match local {
            LocalError::Before { source, .. } => local_failure(source),
            LocalError::Unfit { .. } => Failure::Unsupported,
            LocalError::Range { .. } => Failure::BadRange,
            LocalError::After { .. } | LocalError::Taken { .. } | LocalError::Absent { .. } => Failure::Io,
        };
    }
    #[cfg(feature = "cloud")]
    if let Some(failure) = http::failure(error) {
        return failure;
    }
    let io = find_where(error, |io: &io::Error| io.kind() != io::ErrorKind::Other);
    io.map_or(Failure::Unrecognised, |io| match io.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Unreachable,
        io::ErrorKind::TimedOut => Failure::TimedOut,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Failure::Interrupted,
        // SUBTLE: not a proof here. A disk-full error of a local write may come from the flush of the
        // directory, after the link that made the object visible.
        _ => Failure::Io,
    })
}

/// The meaning of an error of the operating system that came before anything was visible.
fn local_failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::Full,
        io::ErrorKind::ReadOnlyFilesystem => Failure::ReadOnly,
        io::ErrorKind::PermissionDenied => Failure::Denied,
        // A name too long; or a file where the name wants a directory (`AlreadyExists` from making it).
        io::ErrorKind::InvalidFilename
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::AlreadyExists => Failure::BadPath,
        io::ErrorKind::NotFound => Failure::NoBucket,
        _ => Failure::Io,
    }
}

/// The outermost error of type `writer_epoch` in the chain of sources.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    find_where(error, |_| true)
}

/// The outermost error of type `writer_epoch` that is `wanted`, looking into what `io::Error` wraps as well.
fn find_where<'a, E: Error + 'static>(
    error: &'a (dyn Error + 'static),
    wanted: impl Fn(&E) -> bool,
) -> Option<&'a E> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref().filter(|found| wanted(found)) {
            return Some(found);
        }
        at = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // `io::Error::source` skips the error that it wraps.
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

#[cfg(feature = "cloud")]
mod http {
    use super::find;
    use crate::connector::ReplyError;
    use crate::error::Failure;
    use object_store::client::{HttpError, HttpErrorKind};

    pub(super) fn failure(error: &object_store::Error) -> Option<Failure> {
        if let Some(reply) = find::<ReplyError>(error) {
            return Some(by_status(reply.status, reply.code.as_deref()));
        }
        find::<HttpError>(error).map(|http| match http.kind() {
            HttpErrorKind::Connect => Failure::Unreachable,
            HttpErrorKind::Timeout => Failure::TimedOut,
            // A stranger's words among them: see `connector/stranger.rs`.
            HttpErrorKind::Decode => Failure::Malformed,
            _ => Failure::Interrupted,
        })
    }

    fn by_status(status: u16, code: Option<&str>) -> Failure {
        match (status, code) {
            (400, Some("ExpiredToken" | "TokenRefreshRequired" | "InvalidToken")) => Failure::Denied,
            (400, Some("RequestTimeout")) | (408, _) => Failure::TimedOut,
            (401 | 403, _) => Failure::Denied,
            (404, _) => Failure::NoBucket,
            (409, _) => Failure::Conflict,
            (416, _) => Failure::BadRange,
            (429, _) => Failure::Throttled,
            (501, _) => Failure::Unsupported,
            (300..=399, _) => Failure::Redirected { status },
            (400 | 405 | 411 | 413 | 414 | 415 | 417 | 431 | 451, _) => Failure::Refused { status },
            _ => Failure::Server { status },
        }
    }
}

#[cfg(test)]
mod tests;
