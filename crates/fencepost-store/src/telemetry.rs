//! Counts and times of requests, for the recorder that the program installed. Without the feature `metrics` all
//! of this is nothing. The facade lists the names together with its own.

use crate::counts::Class;
use crate::error::{Failure, Operation};
use std::time::Duration;

/// So many requests of a class were sent.
#[cfg(feature = "metrics")]
pub(crate) fn sent(class: Class, requests: u64) {
    let class = match class {
        Class::Put => "put",
        Class::Get => "get",
        Class::Head => "head",
        Class::List => "list",
        Class::Delete => "delete",
    };
    metrics::counter!("fencepost_store_requests_total", "class" => class).increment(requests);
}

/// A request was answered, or given up. Listings and deletions answer in parts, which says little about time.
#[cfg(feature = "metrics")]
pub(crate) fn ended(operation: Operation, elapsed: Duration) {
    if !matches!(operation, Operation::List | Operation::Delete) {
        let operation = operation_name(operation);
        metrics::histogram!("fencepost_store_request_seconds", "operation" => operation).record(elapsed);
    }
}

/// A request failed.
#[cfg(feature = "metrics")]
pub(crate) fn failed(operation: Operation, failure: &Failure) {
    let (operation, failure) = (operation_name(operation), failure_name(failure));
    let failures =
        metrics::counter!("fencepost_store_failures_total", "operation" => operation, "failure" => failure);
    failures.increment(1);
}

#[cfg(feature = "metrics")]
const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Overwrite => "overwrite",
        Operation::Get => "get",
        Operation::Head => "head",
        Operation::List => "list",
        Operation::Delete => "delete",
    }
}

#[cfg(feature = "metrics")]
const fn failure_name(failure: &Failure) -> &'static str {
    match failure {
        Failure::BadPath => "bad_path",
        Failure::BadRange => "bad_range",
        Failure::TooLarge { .. } => "too_large",
        Failure::Denied => "denied",
        Failure::NoBucket => "no_bucket",
        Failure::Unsupported => "unsupported",
        Failure::Full => "full",
        Failure::ReadOnly => "read_only",
        Failure::Refused { .. } => "refused",
        Failure::Redirected { .. } => "redirected",
        Failure::Throttled => "throttled",
        Failure::Unreachable => "unreachable",
        Failure::Conflict => "conflict",
        Failure::TimedOut => "timed_out",
        Failure::Server { .. } => "server",
        Failure::Interrupted => "interrupted",
        Failure::Io => "io",
        Failure::Malformed => "malformed",
        Failure::Unrecognised => "unrecognised",
    }
}

#[cfg(not(feature = "metrics"))]
pub(crate) const fn sent(_: Class, _: u64) {}

#[cfg(not(feature = "metrics"))]
pub(crate) const fn ended(_: Operation, _: Duration) {}

#[cfg(not(feature = "metrics"))]
pub(crate) const fn failed(_: Operation, _: &Failure) {}
