//! A store that takes entries and forgets them, so that a bench measures the log and not a map of bytes.

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts requests, and the bytes of what is put. Bodies of entries (`….arrow`) are dropped once they are
/// counted; everything else is kept in memory, so that a log can be opened here.
///
/// Each name is taken to be new: use it under one writer, which never writes an entry twice.
#[derive(Clone, Debug, Default)]
pub struct SinkStore {
    kept: Arc<InMemory>,
    counts: Arc<Counts>,
    latency: Duration,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    put_bytes: AtomicU64,
}

impl SinkStore {
    /// Each entry takes so long, and none waits for another. Timers tick in milliseconds.
    #[must_use]
    pub fn with_latency(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }

    /// How many requests there were.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// How many bytes were put.
    #[must_use]
    pub fn put_bytes(&self) -> u64 {
        self.counts.put_bytes.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for SinkStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SinkStore")
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for SinkStore {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.count();
        self.counts.put_bytes.fetch_add(payload.content_length() as u64, Ordering::Relaxed);
        if to.as_ref().ends_with(".arrow") {
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            return Ok(PutResult { e_tag: None, version: None, extensions: Default::default() });
        }
        self.kept.put_opts(to, payload, options).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.count();
        self.kept.get_opts(from, options).await
    }

    async fn get_ranges(&self, from: &Path, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.count();
        self.kept.get_ranges(from, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.count();
        self.kept.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count();
        self.kept.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.count();
        self.kept.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.count();
        self.kept.list_with_delimiter(prefix).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.kept.put_multipart_opts(to, options).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.kept.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.kept.rename_opts(from, to, options).await
    }
}
