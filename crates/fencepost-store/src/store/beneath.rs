//! What an examination of a store needs beyond what a log does.

#[cfg(feature = "cloud")]
use crate::bucket::BucketSetting;
#[cfg(feature = "cloud")]
use crate::counts::Class;
use crate::error::{Operation, StoreError};
use crate::store::LogStore;
use object_store::ObjectStore;
use object_store::path::Path;
use std::sync::Arc;

impl LogStore {
    /// The store beneath, for requests that no log makes. They are not counted, and have no root.
    #[must_use]
    pub fn beneath(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    /// The name by which the store [beneath](Self::beneath) knows an object.
    ///
    /// # Errors
    /// [`Failure::BadPath`](crate::Failure::BadPath) if this is no valid name.
    pub fn absolute(&self, relative: &str) -> Result<Path, StoreError> {
        self.locate_object(Operation::Head, relative)
    }

    /// Whether this is a bucket that can be asked about itself.
    #[cfg(feature = "cloud")]
    #[must_use]
    pub const fn has_settings(&self) -> bool {
        self.bucket.is_some()
    }

    /// Reads one setting of the bucket, such as `lifecycle`; `None` if this is no bucket, or one that was opened
    /// elsewhere. Costs one GET, which is not repeated. Nothing is known before the first listing, which tells where
    /// the bucket is.
    #[cfg(feature = "cloud")]
    pub async fn setting(&self, name: &str) -> Option<BucketSetting> {
        let bucket = self.bucket.clone()?;
        self.count(Class::Get, 1);
        let asked = tokio::time::timeout(self.options.request_timeout, bucket.setting(name)).await;
        Some(asked.unwrap_or_else(|_| BucketSetting::Unknown("no reply in time".to_owned())))
    }

    /// Removes the empty directories that a local store keeps at and below the root. Returns whether the root
    /// is gone; stores that this crate did not open, and those without directories, have none that it knows
    /// of.
    pub async fn remove_empty_directories(&self) -> bool {
        let Some(directory) = &self.directory else { return true };
        directory.remove_empty(&self.root).await
    }
}
