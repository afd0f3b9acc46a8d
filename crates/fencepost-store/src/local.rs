//! Directories as stores, durable to the last directory entry.
//!
//! `object_store` has such a store too. This one differs where a log would lose something:
//!
//! * *Nothing is answered that a power cut could take back.* Not "done" before file, directory and the
//!   directories above are flushed, whoever made them (P-72); not "exists" and not "found" either, since
//!   others build on these (P-72, P-73). See [`write`] and [`read`].
//! * *It tells when a create failed.* A full disk before the link that publishes the object means not
//!   written; an error afterwards, from the flush of the directory, means perhaps. See [`error`].
//! * *It stands on a [seam](crate::disk)*, so that a simulated disk can have its power cut beneath it.
//!
//! Deletions are not flushed: after a power cut an object may be back.

mod directories;
pub(crate) mod error;
mod read;
mod staging;
mod write;

pub(crate) use directories::make_durable;
pub(crate) use error::LocalError;
pub(crate) use staging::Staged;

use crate::disk::{Disk, RealDisk};
use error::bad_name;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// A directory as a store.
#[derive(Debug, Clone)]
pub struct LocalDirectory<D> {
    disk: D,
    root: Arc<Path>,
    /// Directories whose own entries, and those of all above, are known to be on disk.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
    /// Files that this process flushed and could not mark.
    settled: Arc<Mutex<HashSet<Identity>>>,
}

/// Which file it is, and when it was last changed.
type Identity = ((u64, u64), (i64, i64));

impl LocalDirectory<RealDisk> {
    /// The directory must exist.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let root = fs::canonicalize(root)
            .map_err(|error| Error::Generic { store: "LocalDirectory", source: error.into() })?;
        Ok(Self::on(RealDisk, &root))
    }
}

impl<D: Disk> LocalDirectory<D> {
    /// A directory of any disk, by its absolute path. It must exist.
    pub fn on(disk: D, root: &Path) -> Self {
        Self { disk, root: root.into(), durable: Arc::default(), settled: Arc::default() }
    }

    fn path_of_folder(&self, folder: &ObjectPath) -> PathBuf {
        folder.parts().fold(self.root.to_path_buf(), |path, part| path.join(part.as_ref()))
    }

    fn path_of(&self, object: &ObjectPath) -> Result<PathBuf, LocalError> {
        match object.filename() {
            None => Err(bad_name("", "an object needs a name")),
            Some(name) if is_staging_name(name) => Err(bad_name(
                object.as_ref(),
                "names that end in # and a number are reserved for files being written",
            )),
            Some(_) => Ok(self.path_of_folder(object)),
        }
    }

    /// Runs a write to its end, even if the caller's future is dropped: that outcome is unknown.
    async fn write(&self, to: &ObjectPath, payload: PutPayload, mode: PutMode) -> Result<PutResult> {
        let (this, path) = (self.clone(), self.path_of(to)?);
        let work = async move {
            match mode {
                PutMode::Create => this.create(&path, &payload).await,
                _ => this.overwrite(&path, &payload).await,
            }
        };
        self.disk.run(work).await??;
        Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
    }

    async fn delete_one(&self, location: ObjectPath) -> Result<ObjectPath> {
        let (this, path) = (self.clone(), self.path_of(&location)?);
        let work = async move {
            match write::again(|| this.disk.unlink(&path)).await {
                Ok(()) => Ok(()),
                Err(source) if source.kind() == ErrorKind::NotFound => {
                    Err(LocalError::Absent { path, source })
                }
                Err(source) => Err(LocalError::before("cannot remove", &path)(source)),
            }
        };
        self.disk.run(work).await??;
        Ok(location)
    }

    /// Removes the directories at and below `folder` that hold nothing, the deepest first. Returns whether
    /// `folder` is gone.
    pub(crate) async fn remove_empty(&self, folder: &ObjectPath) -> bool {
        let (this, path) = (self.clone(), self.path_of_folder(folder));
        self.disk.run(async move { this.remove_empty_at(&path).await }).await.unwrap_or(false)
    }

    /// Files below `folder` that were written aside and never got their name.
    pub(crate) async fn staged_below(&self, folder: ObjectPath) -> Result<Vec<Staged>> {
        let this = self.clone();
        Ok(self.disk.run(async move { this.staged(folder).await }).await??)
    }

    /// What time it is by the clock that stamps the files in the root.
    pub(crate) async fn clock(&self) -> Result<SystemTime> {
        let this = self.clone();
        Ok(self.disk.run(async move { this.now(&this.root.clone()).await }).await??)
    }

    /// Removes one file that was written aside.
    pub(crate) async fn remove_staging_file(&self, location: &ObjectPath) -> Result<()> {
        let (this, path) = (self.clone(), self.path_of_folder(location));
        Ok(self.disk.run(async move { this.remove_staged(&path).await }).await??)
    }

    fn list_from(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        let open = vec![prefix.cloned().unwrap_or_default()];
        let directories = stream::try_unfold((self.clone(), open), |(this, mut open)| async move {
            let Some(at) = open.pop() else { return Ok::<_, Error>(None) };
            let reading = this.disk.run(this.clone().read_directory(at));
            let (folders, objects) = reading.await??;
            open.extend(folders);
            Ok(Some((stream::iter(objects.into_iter().map(Ok)), (this, open))))
        });
        directories.try_flatten().boxed()
    }

    fn unsupported(&self, operation: &str) -> Error {
        Error::NotImplemented { operation: operation.into(), implementer: self.to_string() }
    }
}

impl<D> fmt::Display for LocalDirectory<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalDirectory({})", self.root.display())
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<D: Disk> ObjectStore for LocalDirectory<D> {
    async fn put_opts(&self, to: &ObjectPath, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        match opts.mode {
            PutMode::Update(_) => Err(self.unsupported("a conditional update")),
            _ if !opts.attributes.is_empty() => Err(self.unsupported("attributes")),
            mode => self.write(to, payload, mode).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        _: &ObjectPath,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(self.unsupported("a multipart upload"))
    }

    async fn get_opts(&self, from: &ObjectPath, options: GetOptions) -> Result<GetResult> {
        let path = self.path_of(from)?;
        self.disk.run(self.clone().find(from.clone(), path, options)).await?
    }

    async fn get_ranges(&self, from: &ObjectPath, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        let mut read = Vec::with_capacity(ranges.len());
        for range in ranges {
            let options = GetOptions::new().with_range(Some(range.clone()));
            read.push(self.get_opts(from, options).await?.bytes().await?);
        }
        Ok(read)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<ObjectPath>>,
    ) -> BoxStream<'static, Result<ObjectPath>> {
        let this = self.clone();
        let delete = move |location: Result<ObjectPath>| {
            let this = this.clone();
            async move { this.delete_one(location?).await }
        };
        locations.map(delete).buffered(DELETIONS_AT_ONCE).boxed()
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_from(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&ObjectPath>,
        offset: &ObjectPath,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let offset = offset.clone();
        self.list_from(prefix).try_filter(move |meta| std::future::ready(meta.location > offset)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> Result<ListResult> {
        let at = prefix.cloned().unwrap_or_default();
        let (common_prefixes, objects) = self.disk.run(self.clone().read_directory(at)).await??;
        Ok(ListResult { common_prefixes, objects, extensions: Default::default() })
    }

    async fn copy_opts(&self, _: &ObjectPath, _: &ObjectPath, _: CopyOptions) -> Result<()> {
        Err(self.unsupported("a copy"))
    }

    async fn rename_opts(&self, _: &ObjectPath, _: &ObjectPath, _: RenameOptions) -> Result<()> {
        Err(self.unsupported("a renaming"))
    }
}

/// Whether a file of that name was written aside, by us or by `object_store`, and is no object.
fn is_staging_name(name: &str) -> bool {
    let number = name.split_once('#').map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

const DELETIONS_AT_ONCE: usize = 10;

#[cfg(test)]
mod tests;
