//! Directories as stores, durable to the last directory entry.
//!
//! [`LocalFileSystem`] with fsync on does almost all of it, and is used for all but creates. Two things it
//! does not do:
//!
//! * *Directories made by somebody else.* It flushes the directories it makes. A writer that finds a
//!   directory made a moment ago by another one relies on a flush that may not have happened yet, so after a
//!   power cut the whole directory, acknowledged objects included, may be gone. Here every process flushes
//!   each directory on the way to an object once before it uses it.
//! * *Telling when a create failed.* A full disk before the link that publishes the object means not written;
//!   an error afterwards, from the flush of the directory, means perhaps. Its errors do not tell the two
//!   apart.

use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use snafu::{IntoError, Snafu};
use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A directory as a store.
#[derive(Debug, Clone)]
pub(crate) struct LocalDirectory {
    inner: LocalFileSystem,
    root: Arc<Path>,
    /// Directories below the root whose own entries are known to be on disk.
    durable: Arc<Mutex<HashSet<PathBuf>>>,
}

/// Why a create failed, and on which side of the one step that matters.
#[derive(Debug, Snafu)]
pub(crate) enum CreateError {
    /// The name is taken.
    #[snafu(display("{} exists", path.display()))]
    Taken { path: PathBuf, source: io::Error },
    /// Nothing was visible under the object's name.
    #[snafu(display("{step} {}: {source}", path.display()))]
    BeforeLink { step: &'static str, path: PathBuf, source: io::Error },
    /// The object may be visible, and may or may not survive a power cut.
    #[snafu(display("{step} {}: {source}", path.display()))]
    AfterLink { step: &'static str, path: PathBuf, source: io::Error },
}

impl LocalDirectory {
    /// The directory must exist.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let inner = LocalFileSystem::new_with_prefix(root)?.with_fsync(true);
        // Links resolved, as in the paths that `inner` makes.
        let root = fs::canonicalize(root).map_err(|error| object_store::Error::Generic {
            store: "LocalDirectory",
            source: error.into(),
        })?;
        Ok(Self { inner, root: root.into(), durable: Arc::default() })
    }

    async fn create(&self, location: &ObjectPath, payload: PutPayload) -> Result<PutResult> {
        let path = self.inner.path_to_filesystem(location).map_err(|error| {
            let step = "cannot use the name";
            let source = io::Error::new(ErrorKind::InvalidFilename, error);
            let error: CreateError = BeforeLinkSnafu { step, path: location.as_ref() }.into_error(source);
            object_store::Error::Generic { store: "LocalDirectory", source: error.into() }
        })?;
        let this = self.clone();
        // Once started this runs to its end, even if the caller's future is dropped: that outcome is unknown.
        tokio::task::spawn_blocking(move || this.create_blocking(&path, &payload)).await??;
        Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
    }

    fn create_blocking(&self, path: &Path, payload: &PutPayload) -> Result<()> {
        let done = self.prepare_parents(path).and_then(|()| publish(path, payload));
        done.map_err(|error| match error {
            CreateError::Taken { path, source } => {
                let path = path.display().to_string();
                object_store::Error::AlreadyExists { path, source: source.into() }
            }
            other => object_store::Error::Generic { store: "LocalDirectory", source: other.into() },
        })
    }

    /// Removes the directories at and below `folder` that hold nothing, the deepest first. Returns whether `folder` is gone.
    pub(crate) fn remove_empty(&self, folder: &ObjectPath) -> bool {
        let Ok(path) = self.inner.path_to_filesystem(folder) else { return false };
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| !known.starts_with(&path));
        remove_empty(&path);
        !path.exists()
    }

    /// Makes the directories above `path` and sees to it, once per process, that they are on disk.
    fn prepare_parents(&self, path: &Path) -> std::result::Result<(), CreateError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        if self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(parent) {
            return Ok(());
        }
        make_durable(parent, &self.root).map_err(|(path, source)| CreateError::BeforeLink {
            step: "cannot make directory",
            path,
            source,
        })?;
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(parent.to_owned());
        Ok(())
    }
}

/// Makes `directory` and what is missing above it, then flushes each directory from it up to `top` and the
/// one that holds `top`'s entry, whoever made them.
pub(crate) fn make_durable(directory: &Path, top: &Path) -> std::result::Result<(), (PathBuf, io::Error)> {
    fs::create_dir_all(directory).map_err(|error| (directory.to_owned(), error))?;
    for at in directory.ancestors().filter(|at| !at.as_os_str().is_empty()) {
        if top.parent() == Some(at) {
            // Above the store. Its owner may not let us read it, which is no reason to refuse to work.
            return match flush_directory(at) {
                Err(error) if error.kind() != ErrorKind::PermissionDenied => Err((at.to_owned(), error)),
                _ => Ok(()),
            };
        }
        flush_directory(at).map_err(|error| (at.to_owned(), error))?;
    }
    Ok(())
}

/// Writes the bytes aside, flushes them, and links them to their name, which fails if the name is taken.
fn publish(path: &Path, payload: &PutPayload) -> std::result::Result<(), CreateError> {
    let (file, staged) = stage(path)?;
    let linked = write_and_flush(file, payload)
        .map_err(|source| ("cannot write", source))
        .and_then(|()| fs::hard_link(&staged, path).map_err(|source| ("cannot link", source)));
    let _ = fs::remove_file(&staged); // A leftover is hidden from listings and harms nobody.
    match linked {
        Ok(()) => {}
        Err(("cannot link", source)) if source.kind() == ErrorKind::AlreadyExists => {
            return Err(TakenSnafu { path }.into_error(source));
        }
        // SUBTLE: on a network file system a link may be made and its reply lost. These kinds are refusals.
        Err((step, source)) if step == "cannot write" || LINK_REFUSALS.contains(&source.kind()) => {
            return Err(BeforeLinkSnafu { step, path }.into_error(source));
        }
        Err((step, source)) => return Err(AfterLinkSnafu { step, path }.into_error(source)),
    }
    path.parent().map_or(Ok(()), flush_directory).map_err(|source| {
        let step = "cannot flush the directory of";
        AfterLinkSnafu { step, path }.into_error(source)
    })
}

/// Opens a new file beside `path`, named so that `LocalFileSystem` does not list it.
fn stage(path: &Path) -> std::result::Result<(File, PathBuf), CreateError> {
    for attempt in 1_u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{attempt}"));
        let staged = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&staged) {
            Ok(file) => return Ok((file, staged)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => {
                let step = "cannot create";
                return Err(BeforeLinkSnafu { step, path: staged }.into_error(source));
            }
        }
    }
    unreachable!("a directory cannot hold four billion leftovers of one object");
}

/// Never follows a link, and never removes what is not empty.
fn remove_empty(path: &Path) {
    let below = fs::read_dir(path).into_iter().flatten().flatten();
    for entry in below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove_empty(&entry.path());
    }
    let _ = fs::remove_dir(path);
}

fn write_and_flush(mut file: File, payload: &PutPayload) -> io::Result<()> {
    payload.iter().try_for_each(|chunk| file.write_all(chunk))?;
    file.sync_all()
}

/// Flushes a directory's entries. Where directories cannot be opened (Windows) there is nothing to do.
fn flush_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Errors of link(2) after which no link was made.
const LINK_REFUSALS: [ErrorKind; 6] = [
    ErrorKind::PermissionDenied,
    ErrorKind::StorageFull,
    ErrorKind::QuotaExceeded,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::TooManyLinks,
    ErrorKind::NotFound,
];

impl fmt::Display for LocalDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalDirectory({})", self.root.display())
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for LocalDirectory {
    async fn put_opts(&self, to: &ObjectPath, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        if opts.mode == PutMode::Create && opts.attributes.is_empty() {
            return self.create(to, payload).await;
        }
        self.inner.put_opts(to, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        to: &ObjectPath,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, opts).await
    }

    async fn get_opts(&self, from: &ObjectPath, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(from, options).await
    }

    async fn get_ranges(&self, from: &ObjectPath, ranges: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        self.inner.get_ranges(from, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<ObjectPath>>,
    ) -> BoxStream<'static, Result<ObjectPath>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&ObjectPath>,
        offset: &ObjectPath,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &ObjectPath, to: &ObjectPath, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &ObjectPath, to: &ObjectPath, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests;
