//! Writes: attempted once, whatever happens.

use super::{Failed, LogStore};
use crate::counts::Class;
use crate::error::Operation;
use crate::options::ClientRetries;
use crate::outcome::{PutDone, PutOutcome, PutRefused, Refusal};
use object_store::{PutMode, PutPayload};
use tokio::time::Instant;

impl LogStore {
    /// Writes an object if there is none of that name. This is the one operation that a log's safety rests
    /// on.
    ///
    /// Costs one PUT, attempted once: a second attempt whose first one landed would be told that the name is
    /// taken, and only the caller can tell its own object from another's. Multipart uploads are never used,
    /// so the object appears whole or not at all, and its size is bounded by what the store takes in one
    /// request (5 GiB on S3).
    ///
    /// # Errors
    /// [`Refusal`] tells the cases apart; the payload comes back in each.
    ///
    /// # Cancel safety
    /// Dropping the future does not take the write back. Its outcome is then unknown.
    pub async fn create(&self, path: impl AsRef<str>, payload: PutPayload) -> PutOutcome {
        self.put(Operation::Create, path.as_ref(), payload).await
    }

    /// Writes an object, whatever is there. Only for hints and advisory objects such as leases.
    ///
    /// Nothing that matters may be written with it: a request that was delayed on its way, or repeated by a
    /// client, lands late and *wins* over what was written since. Costs one PUT, attempted once.
    ///
    /// # Errors
    /// As [`create`](Self::create), but never [`Refusal::Exists`]. A not-done answer is definite here only
    /// if the client beneath does not retry.
    ///
    /// # Cancel safety
    /// As [`create`](Self::create).
    pub async fn put_overwrite(&self, path: impl AsRef<str>, payload: PutPayload) -> PutOutcome {
        self.put(Operation::Overwrite, path.as_ref(), payload).await
    }

    async fn put(&self, operation: Operation, path: &str, payload: PutPayload) -> PutOutcome {
        let location = match self.locate_object(operation, path) {
            Ok(location) => location,
            // Nothing was sent by anybody, so this stays definite whatever the client.
            Err(error) => return Err(PutRefused { payload, why: Refusal::from_error(error) }),
        };
        let mode = match operation {
            Operation::Create => PutMode::Create,
            _ => PutMode::Overwrite,
        };
        self.count(Class::Put, 1);
        let started = Instant::now();
        let request = self.inner.put_opts(&location, payload.clone(), mode.into());
        let why = match self.attempt(operation, path, request).await {
            Ok(_) => return Ok(PutDone { elapsed: started.elapsed() }),
            Err(Failed::Exists) => Refusal::Exists,
            Err(Failed::Absent) => unreachable!("a write's answer is never `Absent`"),
            Err(Failed::Error(error)) if self.client_retries == ClientRetries::Possible => {
                Refusal::from_error(error.hedged())
            }
            Err(Failed::Error(error)) => Refusal::from_error(error),
        };
        Err(PutRefused { payload, why })
    }
}
