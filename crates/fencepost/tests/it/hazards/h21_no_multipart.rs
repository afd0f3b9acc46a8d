//! Hazard 21: parts of a multipart upload that nobody finished, and stores where copies and renames are not
//! atomic. Everything of a log goes by single creates, however large.

use crate::support::{append_all, batch, options, rows, wal_on};
use fencepost::{Position, ReadFrom};
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::sync::{Arc, Mutex};

/// Notes each create and each overwrite, and fails the test at whatever is neither.
#[derive(Clone, Debug, Default)]
struct Strict {
    inner: Arc<InMemory>,
    overwritten: Arc<Mutex<Vec<String>>>,
}

/// P-71: what is overwritten is the hint and the lease, and nothing else.
#[tokio::test(start_paused = true)]
async fn h21_everything_goes_by_single_creates() {
    let store = Strict::default();
    let wal = wal_on(Arc::new(store.clone())).await;
    let options = options().with_store_probe(false).with_lease_ttl(Some(std::time::Duration::from_secs(5)));
    let writer = wal.open_writer(options).await.unwrap();
    append_all(&writer, [1]).await;
    writer.append(&[batch(0..3 << 20)]).await.unwrap();
    assert_eq!(writer.status().requests.put, 2, "24 MiB in one PUT");
    writer.checkpoint(Position::new(2)).await.unwrap();
    wal.cursor(fencepost::CursorName::parse("c").unwrap(), Position::new(2)).await.unwrap();
    wal.collector().run().await.unwrap();
    assert_eq!(rows(&wal, ReadFrom::Checkpoint).await.unwrap().len(), 3 << 20);
    writer.close().await.unwrap();
    let overwritten = store.overwritten.lock().unwrap().clone();
    assert!(!overwritten.is_empty());
    let harmless = |path: &String| path.ends_with("/version_hint.json") || path.contains("/fencepost/lease/");
    assert!(overwritten.iter().all(harmless), "{overwritten:?}");
}

impl std::fmt::Display for Strict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a store that takes single creates only")
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for Strict {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match options.mode {
            PutMode::Create => {}
            PutMode::Overwrite => self.overwritten.lock().unwrap().push(to.to_string()),
            PutMode::Update(_) => panic!("{to}: a conditional update, which local directories do not have"),
        }
        self.inner.put_opts(to, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        panic!("{to}: a multipart upload")
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(from, options).await
    }

    async fn get_ranges(&self, from: &Path, ranges: &[std::ops::Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.inner.get_ranges(from, ranges).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, _: CopyOptions) -> Result<()> {
        panic!("a copy of {from} to {to}")
    }

    async fn rename_opts(&self, from: &Path, to: &Path, _: RenameOptions) -> Result<()> {
        panic!("a renaming of {from} to {to}")
    }
}
