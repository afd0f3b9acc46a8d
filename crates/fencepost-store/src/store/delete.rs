//! Deletes: in bulk, each object with an answer of its own.

use super::{Backend, Failed, LogStore};
use crate::counts::Class;
use crate::error::{Operation, StoreError};
use futures::{StreamExt, stream};
use object_store::path::Path;

/// What became of one object that was to be deleted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deletion {
    /// Its name, as given.
    pub path: Path,
    /// `Ok` if it is gone, also when it was not there. After an error it may or may not be gone.
    pub result: Result<(), StoreError>,
}

impl LogStore {
    /// Deletes objects and answers for each, in the order given.
    ///
    /// An object that is not there counts as deleted, so running the same deletion twice, or two at once, is
    /// harmless. Failures that may pass are tried again for the objects concerned only.
    ///
    /// Costs, on S3, one request for each 1,000 names; elsewhere, one for each name (see
    /// [`RequestCounts`](crate::RequestCounts)). On local disks deletions are not flushed: after a power cut
    /// an object may be back. On buckets with versioning or soft delete, deleting hides an object and frees
    /// nothing.
    ///
    /// # Cancel safety
    /// Dropping the future stops somewhere: any of the objects may be gone. Delete again.
    pub async fn delete<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> Vec<Deletion> {
        let mut deletions: Vec<Deletion> = Vec::new();
        let mut open: Vec<(usize, Path)> = Vec::new();
        for (index, path) in paths.into_iter().enumerate() {
            let path = path.as_ref();
            let result =
                self.locate_object(Operation::Delete, path).map(|location| open.push((index, location)));
            // A name that is no valid path is kept as far as it can be shown; its error has it verbatim.
            deletions.push(Deletion { path: Path::parse(path).unwrap_or_else(|_| Path::from(path)), result });
        }

        let mut retry_timeout = self.begin_retrying();
        while !open.is_empty() {
            let mut failed = Vec::new();
            for batch in open.chunks(self.backend.batch()) {
                let results = self.delete_batch(batch, &deletions).await;
                for ((index, location), result) in batch.iter().zip(results) {
                    if result.is_err() {
                        failed.push((*index, location.clone()));
                    }
                    deletions[*index].result = result;
                }
            }
            // What cannot pass is left alone; the rest decides together how long to go on.
            failed
                .retain(|(index, _)| deletions[*index].result.as_ref().is_err_and(StoreError::is_retryable));
            open = failed;
            let Some((first, _)) = open.first() else { break };
            let first = deletions[*first].result.as_ref().expect_err("only failures are kept");
            match retry_timeout.pause_after(first) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => break,
            }
        }
        deletions
    }

    /// How many requests it takes to delete so many objects: see [`delete`](Self::delete).
    #[must_use]
    pub fn delete_cost(&self, objects: u64) -> u64 {
        self.backend.billed(objects)
    }

    /// Removes the empty directories that a local store keeps at and below `folder`, best effort: what is not
    /// empty stays, and so does what cannot be removed. Stores without directories have none, nor do local
    /// ones that this crate did not open. No request.
    pub async fn remove_empty_folders(&self, folder: &str) {
        let Some(directory) = &self.directory else { return };
        let Ok(location) = self.locate_object(Operation::Delete, folder) else { return };
        let _ = directory.remove_empty(&location).await;
    }

    /// Sends one batch and gives each of its objects a result.
    async fn delete_batch(
        &self,
        batch: &[(usize, Path)],
        deletions: &[Deletion],
    ) -> Vec<Result<(), StoreError>> {
        self.count(Class::Delete, self.backend.billed(batch.len() as u64));
        let locations: Vec<_> = batch.iter().map(|(_, location)| Ok(location.clone())).collect();
        let mut answers = self.inner.delete_stream(stream::iter(locations).boxed());

        let name = |at: usize| deletions[batch[at.min(batch.len() - 1)].0].path.as_ref();
        let mut seen = Vec::with_capacity(batch.len());
        while seen.len() <= batch.len() {
            let next =
                self.attempt(Operation::Delete, name(seen.len()), async { answers.next().await.transpose() });
            match next.await {
                Ok(None) => break,
                Ok(Some(path)) => seen.push(Ok(Some(path))),
                Err(Failed::Absent) => seen.push(Ok(None)),
                Err(Failed::Exists) => unreachable!("a deletion's answer is never `Exists`"),
                Err(Failed::Error(error)) => {
                    // Without an answer in time there is no point in waiting for the next.
                    let hung = error.failure() == crate::Failure::TimedOut;
                    seen.push(Err(error));
                    if hung {
                        break;
                    }
                }
            }
        }
        align(batch, seen, |at, error| {
            StoreError::because(Operation::Delete, name(at), error.elapsed(), error.failure(), &cause(error))
        })
    }
}

/// Gives each object of a batch its own answer.
///
/// SUBTLE: answers come in the order asked, one for each object, *unless* a whole batch failed: then one
/// error stands for all of them. With a full set of answers, the place says which object is meant. Otherwise
/// objects that were named as deleted are, and the first error goes to all others.
fn align(
    batch: &[(usize, Path)],
    seen: Vec<Result<Option<Path>, StoreError>>,
    rename: impl Fn(usize, &StoreError) -> StoreError,
) -> Vec<Result<(), StoreError>> {
    if seen.len() == batch.len() {
        return seen.into_iter().enumerate().map(|(at, r)| r.map(drop).map_err(|e| rename(at, &e))).collect();
    }
    let missing = || StoreError::new(Operation::Delete, "", Default::default(), crate::Failure::Malformed);
    let error = seen.iter().find_map(|answer| answer.as_ref().err()).cloned().unwrap_or_else(missing);
    let deleted: std::collections::HashSet<&Path> =
        seen.iter().filter_map(|answer| answer.as_ref().ok()?.as_ref()).collect();
    let one = |(at, (_, location)): (usize, &(usize, Path))| match deleted.contains(location) {
        true => Ok(()),
        false => Err(rename(at, &error)),
    };
    batch.iter().enumerate().map(one).collect()
}

fn cause(error: &StoreError) -> String {
    std::error::Error::source(error).map_or_else(String::new, ToString::to_string)
}

impl Backend {
    /// Most names handed to the client at once: as many as it puts into one request, or a number that a
    /// failure may concern without much being repeated.
    fn batch(self) -> usize {
        match self {
            Self::S3 | Self::Other => 1000,
            Self::Azure => 256,
            Self::Gcs | Self::Memory | Self::Local => 100,
        }
    }

    /// What a batch of `names` is billed as.
    fn billed(self, names: u64) -> u64 {
        match self {
            Self::S3 => names.div_ceil(1000),
            _ => names,
        }
    }
}
