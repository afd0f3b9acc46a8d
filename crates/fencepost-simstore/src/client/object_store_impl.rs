//! The trait.

use super::SimClient;
use super::upload::Upload;
use crate::Failure;
use crate::counts::Happened;
use crate::object::{Object, quoted};
use crate::request::{Reply, Request};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, RenameTargetMode, Result,
};
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for SimClient {
    async fn put_opts(&self, to: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.put(to, payload.into(), options.mode, options.attributes).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::new(self.clone(), to.clone(), options.attributes)))
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        let object = self.object(from, options.head).await?;
        let meta = object.meta(from.clone());
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => within(range, meta.size)?,
            None => 0..meta.size,
        };
        let bytes = slice(&object.bytes, &range);
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed()),
            meta,
            range,
            attributes: object.attributes,
            extensions: Default::default(),
        })
    }

    async fn get_ranges(&self, from: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let object = self.object(from, false).await?;
        let size = object.bytes.len() as u64;
        let part =
            |range: &Range<u64>| Ok(slice(&object.bytes, &within(&GetRange::Bounded(range.clone()), size)?));
        ranges.iter().map(part).collect()
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let bulk = self.shared.lock().0.bulk;
        let client = self.clone();
        let batches = locations.ready_chunks(bulk).then(move |batch| {
            let client = client.clone();
            async move { stream::iter(client.delete_batch(batch).await) }
        });
        batches.flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.pages(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.pages(prefix, Some(offset.clone()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let root = prefix.cloned().unwrap_or_default();
        let mut folders = BTreeSet::new();
        let mut objects = Vec::new();
        for meta in self.pages(prefix, None).try_collect::<Vec<_>>().await? {
            let Some(mut rest) = meta.location.prefix_match(&root) else { continue };
            let Some(first) = rest.next() else { continue };
            if rest.next().is_some() {
                folders.insert(root.clone().join(first));
            } else {
                drop(rest);
                objects.push(meta);
            }
        }
        Ok(ListResult {
            objects,
            common_prefixes: folders.into_iter().collect(),
            extensions: Default::default(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let create = options.mode == CopyMode::Create;
        match self.request(Request::Copy { from: from.clone(), to: to.clone(), create }).await {
            Reply::Done => Ok(()),
            other => Err(failed(other, if create { to } else { from })),
        }
    }

    /// A copy and a deletion, as on stores that know no renaming.
    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => CopyMode::Overwrite,
            RenameTargetMode::Create => CopyMode::Create,
        };
        self.copy_opts(from, to, CopyOptions::new().with_mode(mode)).await?;
        let deleted = self.delete_batch(vec![Ok(from.clone())]).await;
        deleted.into_iter().try_for_each(|deleted| deleted.map(drop))
    }
}

impl SimClient {
    pub(super) async fn put(
        &self,
        to: &Path,
        payload: Bytes,
        mode: PutMode,
        attributes: Attributes,
    ) -> Result<PutResult> {
        match self.request(Request::Put { path: to.clone(), payload, mode, attributes }).await {
            Reply::Written { e_tag } => {
                Ok(PutResult { e_tag: Some(quoted(e_tag)), version: None, extensions: Default::default() })
            }
            other => Err(failed(other, to)),
        }
    }

    async fn object(&self, from: &Path, head: bool) -> Result<Object> {
        match self.request(Request::Get { path: from.clone(), head }).await {
            Reply::Found(object) => Ok(object),
            other => Err(failed(other, from)),
        }
    }

    /// Deletes as one request. If that fails as a whole, one error stands for all, as with the clients of
    /// `object_store`.
    async fn delete_batch(&self, batch: Vec<Result<Path>>) -> Vec<Result<Path>> {
        let (paths, mut results) = (batch.iter().flatten().cloned().collect::<Vec<_>>(), Vec::new());
        results.extend(batch.into_iter().filter(Result::is_err));
        let Some(first) = paths.first().cloned() else { return results };
        match self.request(Request::Delete { paths }).await {
            Reply::Deleted(names) => results.extend(names.into_iter().map(|(path, deleted)| match deleted {
                true => Ok(path),
                false => Err(Failure::Status(500).into_error(path.as_ref())),
            })),
            other => results.push(Err(failed(other, &first))),
        }
        results
    }

    /// A listing, page by page. Each page is a request and shows what is there when it takes effect.
    fn pages(&self, prefix: Option<&Path>, after: Option<Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.map(ToString::to_string).unwrap_or_default();
        let start = Some(Listing { client: self.clone(), prefix, after, changes: None });
        let pages = stream::try_unfold(start, |listing| async move {
            let Some(mut listing) = listing else { return Ok(None) };
            let (objects, more) = listing.next_page().await?;
            let page = stream::iter(objects.into_iter().map(Ok));
            Ok::<_, Error>(Some((page, more.then_some(listing))))
        });
        pages.try_flatten().boxed()
    }
}

struct Listing {
    client: SimClient,
    prefix: String,
    after: Option<Path>,
    /// How much had changed at the last page.
    changes: Option<u64>,
}

impl Listing {
    async fn next_page(&mut self) -> Result<(Vec<ObjectMeta>, bool)> {
        let gap = match self.changes {
            Some(_) => self.client.shared.lock().0.page_gap(&self.client.name),
            None => Duration::ZERO,
        };
        if gap > Duration::ZERO {
            tokio::time::sleep(gap).await;
        }
        let request = Request::List { prefix: self.prefix.clone(), after: self.after.clone() };
        match self.client.request(request).await {
            Reply::Page { objects, more, changes } => {
                if self.changes.is_some_and(|before| before != changes) {
                    self.client.shared.lock().0.counts.note(Happened::ListedWhileChanging, 1);
                }
                self.changes = Some(changes);
                self.after = objects.last().map(|meta| meta.location.clone()).or_else(|| self.after.take());
                Ok((objects, more))
            }
            other => Err(failed(other, &Path::from(self.prefix.as_str()))),
        }
    }
}

fn failed(reply: Reply, path: &Path) -> Error {
    match reply {
        Reply::Failed(failure) => failure.into_error(path.as_ref()),
        other => unreachable!("a reply of another kind: {other}"),
    }
}

fn within(range: &GetRange, size: u64) -> Result<Range<u64>> {
    range.as_range(size).map_err(|source| Error::Generic { store: "SimStore", source: Box::new(source) })
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    let at = |offset: u64| usize::try_from(offset).expect("an offset into memory");
    bytes.slice(at(range.start)..at(range.end))
}
