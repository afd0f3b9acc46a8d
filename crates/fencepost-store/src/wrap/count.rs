//! A store that counts, to check counts with.

use super::Op;
use crate::counts::{Class, Counter, RequestCounts};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Counts calls as a store sees them: a listing is one however many pages it has, and each name deleted is
/// one. Cloning it shares the counts.
#[derive(Clone, Debug)]
pub struct CountStore {
    inner: Arc<dyn ObjectStore>,
    counter: Arc<Counter>,
}

impl CountStore {
    /// Around a store.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, counter: Arc::default() }
    }

    /// What was counted so far.
    pub fn counts(&self) -> RequestCounts {
        self.counter.snapshot()
    }
}

impl fmt::Display for CountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountStore({})", self.inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for CountStore {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.counter.add(Class::Put, 1);
        self.inner.put_opts(to, payload, options).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        let class = if Op::of_get(&options) == Op::Head { Class::Head } else { Class::Get };
        self.counter.add(class, 1);
        self.inner.get_opts(from, options).await
    }

    async fn get_ranges(&self, from: &Path, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.counter.add(Class::Get, ranges.len() as u64);
        self.inner.get_ranges(from, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let counter = Arc::clone(&self.counter);
        self.inner.delete_stream(locations.inspect(move |_| counter.add(Class::Delete, 1)).boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.counter.add(Class::List, 1);
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.counter.add(Class::List, 1);
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.counter.add(Class::List, 1);
        self.inner.list_with_delimiter(prefix).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, options).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}
