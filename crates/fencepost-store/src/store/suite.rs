//! What the conformance suite needs of a store beyond what a log does.

use super::LogStore;
use object_store::ObjectStore;
use object_store::path::Path;
use std::sync::Arc;
use std::time::Duration;

impl LogStore {
    /// The same store with a counter of its own that gives up failing reads after `budget` at the latest.
    pub(crate) fn impatient(&self, budget: Duration) -> Self {
        self.scoped().with_retry_timeout(self.retry_timeout.min(budget))
    }

    /// The store beneath, for requests that no log makes.
    pub(crate) fn beneath(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    /// Whether this is a bucket that can be asked about itself.
    #[cfg(feature = "cloud")]
    pub(crate) const fn has_settings(&self) -> bool {
        self.bucket.is_some()
    }

    /// Reads one setting of the bucket; `None` if this is no bucket, or one that was opened elsewhere. Costs
    /// one GET.
    #[cfg(feature = "cloud")]
    pub(crate) async fn setting(&self, name: &str) -> Option<crate::bucket::Setting> {
        let bucket = self.bucket.clone()?;
        self.count(crate::counts::Class::Get, 1);
        let asked = tokio::time::timeout(self.options.request_timeout, bucket.setting(name)).await;
        Some(asked.unwrap_or_else(|_| crate::bucket::Setting::Unknown("no reply in time".to_owned())))
    }

    /// The name that the store beneath knows an object of the suite by.
    pub(crate) fn absolute(&self, relative: &str) -> Path {
        Path::parse(format!("{}/{relative}", self.root))
            .expect("the suite's names are valid below a valid root")
    }

    /// Removes the empty directories that a local store keeps at and below the root. Returns whether the root
    /// is gone; stores that this crate did not open, and those without directories, have none that it knows
    /// of.
    pub(crate) async fn remove_empty_directories(&self) -> bool {
        let Some(directory) = &self.directory else { return true };
        directory.remove_empty(&self.root).await
    }
}
