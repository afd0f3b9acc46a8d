//! A store that takes its time.

use super::Op;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Adds a fixed time to each request, half of it before the store sees the request and half of it after, by
/// tokio's clock, so that a paused clock makes it exact and free. Requests do not wait for each other.
///
/// The time is by kind of request; a listing and a bulk deletion take it once, pages or not.
#[derive(Clone, Debug)]
pub struct LatencyStore {
    inner: Arc<dyn ObjectStore>,
    times: Vec<(Op, Duration)>,
    rest: Duration,
}

impl LatencyStore {
    /// Every request takes `time` longer.
    pub fn new(inner: Arc<dyn ObjectStore>, time: Duration) -> Self {
        Self { inner, times: Vec::new(), rest: time }
    }

    /// Requests of kind `op` take `time` instead.
    #[must_use]
    pub fn with(mut self, op: Op, time: Duration) -> Self {
        self.times.retain(|(known, _)| *known != op);
        self.times.push((op, time));
        self
    }

    fn half(&self, op: Op) -> Duration {
        self.times.iter().find(|(known, _)| *known == op).map_or(self.rest, |(_, time)| *time) / 2
    }

    async fn around<T>(&self, op: Op, request: impl Future<Output = T> + Send) -> T {
        tokio::time::sleep(self.half(op)).await;
        let result = request.await;
        tokio::time::sleep(self.half(op)).await;
        result
    }

    fn listing(
        &self,
        items: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let time = self.half(Op::List) * 2;
        let slept = async move {
            tokio::time::sleep(time).await;
            Ok::<_, object_store::Error>(items)
        };
        slept.into_stream().try_flatten().boxed()
    }
}

impl fmt::Display for LatencyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LatencyStore({})", self.inner)
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for LatencyStore {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.around(Op::Put, self.inner.put_opts(to, payload, options)).await
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.around(Op::of_get(&options), self.inner.get_opts(from, options)).await
    }

    async fn get_ranges(&self, from: &Path, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.around(Op::Get, self.inner.get_ranges(from, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        let all = async move {
            let deleted = this.inner.delete_stream(locations).collect::<Vec<_>>();
            stream::iter(this.around(Op::Delete, deleted).await)
        };
        all.into_stream().flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listing(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.around(Op::List, self.inner.list_with_delimiter(prefix)).await
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
