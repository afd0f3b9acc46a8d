//! What writers on a local directory left that were killed between writing a file and giving it its name.
// P-75.

use super::Io;
use fencepost_store::StagingFile;
use std::time::Duration;

/// Files that never became objects. No listing of objects shows them, and nobody reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Staging {
    /// How many there were.
    pub found: u64,
    /// Their bytes.
    pub found_bytes: u64,
    /// How many were deleted: those that were older than the minimum age of
    /// [manifests](fencepost_gc::Policy::with_manifests_age). None in a dry run.
    pub deleted: u64,
    /// Their bytes.
    pub deleted_bytes: u64,
    /// What could not be listed or deleted, and why. The next pass tries again.
    pub failed: Vec<String>,
}

impl Io {
    /// Counts the files below the shard's folder. Costs no request of a store: only local directories have
    /// such files.
    pub(crate) async fn count_staging(&self) -> Staging {
        let mut staging = Staging::default();
        match self.store.staging_files(self.paths.root()).await {
            Ok(found) => staging.note_found(&found),
            Err(error) => staging.failed.push(error.to_string()),
        }
        staging
    }

    /// Counts them, and deletes those that are older than `min_age`.
    pub(crate) async fn sweep_staging(&self, min_age: Duration) -> Staging {
        let mut staging = Staging::default();
        match self.store.delete_staging_files(self.paths.root(), min_age).await {
            Ok(sweep) => {
                staging.note_found(&sweep.kept);
                staging.note_found(&sweep.deleted);
                staging.deleted = sweep.deleted.len() as u64;
                staging.deleted_bytes = sweep.bytes_freed();
                for (file, error) in &sweep.failed {
                    staging.note_found(std::slice::from_ref(file));
                    staging.failed.push(error.to_string());
                }
            }
            Err(error) => staging.failed.push(error.to_string()),
        }
        staging
    }
}

impl Staging {
    fn note_found(&mut self, files: &[StagingFile]) {
        self.found += files.len() as u64;
        self.found_bytes += files.iter().map(|file| file.size).sum::<u64>();
    }
}
