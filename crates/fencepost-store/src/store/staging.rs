//! What writers left behind that died between writing a file and giving it its name.

use super::{Failed, LogStore};
use crate::error::{Operation, StoreError};
use object_store::path::Path;
use std::time::{Duration, SystemTime};

/// A file that was written aside in a local directory, to become an object.
///
/// A writer at work has one for a moment. One that is old has no writer any more: it was killed, or its
/// machine lost power. Nobody will give it a name, no listing shows it, and it takes its space until somebody
/// [deletes](LogStore::delete_staging_files) it.
// P-75.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StagingFile {
    /// Its name relative to the store's root: that of the object, `#` and a number.
    pub path: Path,
    /// Size in bytes.
    pub size: u64,
    /// When it was last written, by the store's clock.
    pub last_modified: SystemTime,
}

/// What became of the staging files below a prefix.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StagingSweep {
    /// Those that are gone.
    pub deleted: Vec<StagingFile>,
    /// Those that were too young.
    pub kept: Vec<StagingFile>,
    /// Those that could not be deleted, each with the reason.
    pub failed: Vec<(StagingFile, StoreError)>,
}

impl StagingSweep {
    /// How many bytes were freed.
    pub fn bytes_freed(&self) -> u64 {
        self.deleted.iter().map(|file| file.size).sum()
    }
}

impl LogStore {
    /// Lists the staging files below `prefix`, at any depth, in no particular order.
    ///
    /// Only local directories opened by [`open`](Self::open) have any; of other stores the answer is empty.
    /// Counts as no request.
    ///
    /// # Errors
    /// [`StoreError`] if a directory cannot be read: nothing is said of it then.
    pub async fn staging_files(&self, prefix: impl AsRef<str>) -> Result<Vec<StagingFile>, StoreError> {
        let prefix = prefix.as_ref();
        let location = self.locate(Operation::List, prefix)?;
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let once = || async {
            let found = self.attempt(Operation::List, prefix, directory.staged_below(location.clone()));
            found.await.map_err(|failed| unexpected(failed, Operation::List, prefix))
        };
        let named = |staged: crate::local::Staged| {
            let (size, last_modified) = (staged.size, staged.modified);
            Some(StagingFile { path: self.relative(staged.location)?, size, last_modified })
        };
        Ok(self.repeat(once).await?.into_iter().filter_map(named).collect())
    }

    /// Deletes the staging files below `prefix` that were last written at least `min_age` ago, by the clock
    /// that stamps them, not by that of this machine. What is deleted can never become an object, not even if
    /// its writer is still at work: no two such files ever have the same name. A writer that stalled for
    /// longer is told that its create was definitely not done, because its file is gone, and stops. Ages of a
    /// day spare it that, and zero is right where nobody writes.
    ///
    /// Where there are none, nothing is written; else a file is made and removed in the store's root, to ask
    /// for the time. Counts as no request.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be listed, or the time cannot be asked for. What could not be deleted is
    /// in the answer.
    pub async fn delete_staging_files(
        &self,
        prefix: impl AsRef<str>,
        min_age: Duration,
    ) -> Result<StagingSweep, StoreError> {
        let prefix = prefix.as_ref();
        let found = self.staging_files(prefix).await?;
        let mut sweep = StagingSweep::default();
        let Some(directory) = self.directory.as_ref().filter(|_| !found.is_empty()) else { return Ok(sweep) };
        let asked = self.attempt(Operation::List, prefix, directory.clock());
        let now = asked.await.map_err(|failed| unexpected(failed, Operation::List, prefix))?;
        for file in found {
            // One that seems to be from the future is young.
            if now.duration_since(file.last_modified).map_or(true, |age| age < min_age) {
                sweep.kept.push(file);
                continue;
            }
            let name = file.path.as_ref().to_owned();
            let location = self.locate(Operation::Delete, &name)?;
            let removal = self.attempt(Operation::Delete, &name, directory.remove_staging_file(&location));
            match removal.await {
                Ok(()) => sweep.deleted.push(file),
                Err(failed) => sweep.failed.push((file, unexpected(failed, Operation::Delete, &name))),
            }
        }
        Ok(sweep)
    }
}

/// Directories are listed and files removed without anything being taken or absent.
fn unexpected(failed: Failed, operation: Operation, object: &str) -> StoreError {
    match failed {
        Failed::Error(error) => error,
        Failed::Exists | Failed::Absent => {
            StoreError::new(operation, object, Duration::ZERO, crate::Failure::Unrecognised)
        }
    }
}
