use super::*;
use object_store::Error as E;
use std::path::PathBuf;

fn source(text: &str) -> Box<dyn Error + Send + Sync> {
    text.into()
}

fn generic(error: impl Error + Send + Sync + 'static) -> E {
    E::Generic { store: "test", source: Box::new(error) }
}

#[test]
fn what_the_client_says_depends_on_what_was_asked() {
    let path = String::new;
    let exists = || E::AlreadyExists { path: path(), source: source("") };
    let precondition = || E::Precondition { path: path(), source: source("") };
    let not_found = || E::NotFound { path: path(), source: source("") };
    let cases = [
        (Operation::Create, exists(), Answer::Exists),
        (Operation::Create, precondition(), Answer::Exists),
        (Operation::Create, not_found(), Answer::Failed(Failure::NoBucket)),
        (Operation::Overwrite, exists(), Answer::Failed(Failure::Conflict)),
        (Operation::Overwrite, precondition(), Answer::Failed(Failure::Unrecognised)),
        (Operation::Overwrite, not_found(), Answer::Failed(Failure::NoBucket)),
        (Operation::Get, not_found(), Answer::Absent),
        (Operation::Head, not_found(), Answer::Absent),
        (Operation::Delete, not_found(), Answer::Absent),
        (Operation::List, not_found(), Answer::Failed(Failure::NoBucket)),
        (
            Operation::Create,
            E::PermissionDenied { path: path(), source: source("") },
            Answer::Failed(Failure::Denied),
        ),
        (
            Operation::Get,
            E::Unauthenticated { path: path(), source: source("") },
            Answer::Failed(Failure::Denied),
        ),
        (Operation::Create, E::NotSupported { source: source("") }, Answer::Failed(Failure::Unsupported)),
        (
            Operation::Create,
            E::NotImplemented { operation: path(), implementer: path() },
            Answer::Failed(Failure::Unsupported),
        ),
    ];
    for (operation, error, expected) in cases {
        assert_eq!(classify(operation, &error), expected, "{operation}: {error}");
    }
}

/// The same error of the operating system is a proof before the link and none after it.
#[test]
fn a_full_disk_is_definite_only_before_the_link() {
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let path = PathBuf::from("x");
    let before = LocalError::Before { step: "cannot write", path: path.clone(), source: full() };
    let after = LocalError::After { step: "cannot flush", path, source: full() };
    let meaning = |error: E| classify(Operation::Create, &error);
    assert_eq!(meaning(generic(before)), Answer::Failed(Failure::Full));
    assert_eq!(meaning(generic(after)), Answer::Failed(Failure::Io));
    assert_eq!(meaning(generic(full())), Answer::Failed(Failure::Io), "from a store that does not say when");
    assert!(Failure::Full.is_definite() && !Failure::Io.is_definite());
}

#[test]
fn causes_are_found_however_deep() {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    let wrapped = io::Error::other(io::Error::other(refused));
    assert_eq!(classify(Operation::Create, &generic(wrapped)), Answer::Failed(Failure::Unreachable));
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    assert_eq!(classify(Operation::Create, &generic(reset)), Answer::Failed(Failure::Interrupted));
    let other = E::Generic { store: "test", source: source("no idea") };
    assert_eq!(classify(Operation::Create, &other), Answer::Failed(Failure::Unrecognised));
}

#[tokio::test]
async fn a_task_that_died_is_unknown() {
    let task = tokio::spawn(std::future::pending::<()>());
    task.abort();
    let error = E::JoinError { source: task.await.unwrap_err() };
    assert_eq!(classify(Operation::Create, &error), Answer::Failed(Failure::Interrupted));
}

/// The client calls a closed connection "request not sent". It may have been sent and carried out.
#[cfg(feature = "cloud")]
#[test]
fn of_transport_errors_only_a_failed_connect_is_definite() {
    use object_store::client::{HttpError, HttpErrorKind as K};
    let kinds = [
        (K::Connect, Failure::Unreachable),
        (K::Request, Failure::Interrupted),
        (K::Timeout, Failure::TimedOut),
        (K::Interrupted, Failure::Interrupted),
        (K::Decode, Failure::Malformed),
        (K::Unknown, Failure::Interrupted),
    ];
    for (kind, expected) in kinds {
        let error = HttpError::new(kind, io::Error::other("x"));
        assert_eq!(classify(Operation::Create, &generic(error)), Answer::Failed(expected), "{kind:?}");
        assert_eq!(expected.is_definite(), kind == K::Connect);
    }
}
