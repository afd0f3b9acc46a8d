//! Reading: what is found is on the disk before it is handed out.
//!
//! An entry whose writer has not flushed it yet, or died before it could, is there to be seen. A successor
//! that reads it, goes on above it and acknowledges would be left with a hole by a power cut, and a reader
//! would have been handed rows that never were. So what is not known to be flushed is flushed by whoever
//! finds it.
//!
//! A [mark](Disk::mark) at the file, made after the flush, spares that; so in the good case it costs nothing.
//! Files without one: what a writer is just flushing, or died over; what others than this crate wrote; and
//! all files, where the file system knows no marks.
// P-73.

use super::error::{LocalError, is_unfit};
use super::write::again;
use super::{LocalDirectory, is_staging_name};
use crate::disk::{Disk, Flush, Kind, Stat};
use futures::{StreamExt, stream};
use object_store::path::Path as ObjectPath;
use object_store::{Error, GetOptions, GetResult, GetResultPayload, ObjectMeta, Result};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

impl<D: Disk> LocalDirectory<D> {
    /// Opens an object, sees to it that it is on the disk, and returns its bytes unread.
    pub(super) async fn find(
        self,
        location: ObjectPath,
        path: PathBuf,
        options: GetOptions,
    ) -> Result<GetResult> {
        let (file, stat) = self.open(&path).await?;
        self.settle(&file, &stat, &path, Flush::Read).await?;
        let meta = meta(location, &stat);
        options.check_preconditions(&meta)?;
        let range = match options.range {
            Some(range) => range.as_range(meta.size).map_err(|error| {
                let source = io::Error::new(ErrorKind::InvalidInput, error);
                LocalError::Range { path: path.clone(), source }
            })?,
            None => 0..meta.size,
        };
        let payload = match options.head || range.is_empty() {
            true => stream::empty().boxed(),
            false => stream::once(self.read(file, path, range.clone())).boxed(),
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes: Default::default(),
            extensions: Default::default(),
        })
    }

    async fn read(
        self,
        mut file: D::File,
        path: PathBuf,
        range: std::ops::Range<u64>,
    ) -> Result<bytes::Bytes> {
        let disk = self.disk.clone();
        let work = async move {
            let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
            loop {
                match disk.read(&mut file, range.start, length).await {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    read => return read,
                }
            }
        };
        let read: io::Result<_> = self.disk.run(work).await?;
        Ok(read.map_err(LocalError::before("cannot read", &path))?)
    }

    async fn open(&self, path: &Path) -> std::result::Result<(D::File, Stat), LocalError> {
        let absent = |source: io::Error| match source.kind() {
            ErrorKind::NotFound => LocalError::Absent { path: path.into(), source },
            _ => LocalError::before("cannot open", path)(source),
        };
        let file = again(|| self.disk.open(path)).await.map_err(absent)?;
        let stat = again(|| self.disk.stat(&file)).await.map_err(absent)?;
        match stat.kind {
            // A directory is the place of other objects, and none itself.
            Kind::Directory => Err(absent(ErrorKind::NotFound.into())),
            _ => Ok((file, stat)),
        }
    }

    /// As [`settle`](Self::settle), by name. What went away meanwhile is settled.
    pub(super) async fn settle_name(&self, path: &Path, why: Flush) -> std::result::Result<(), LocalError> {
        match self.open(path).await {
            Ok((file, stat)) => self.settle(&file, &stat, path, why).await,
            Err(LocalError::Absent { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sees to it that a file that was found is on the disk, with its name.
    /// [P-72](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-72),
    /// [P-73](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-73).
    async fn settle(
        &self,
        file: &D::File,
        stat: &Stat,
        path: &Path,
        why: Flush,
    ) -> std::result::Result<(), LocalError> {
        let known = || self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = (stat.number, stat.changed);
        if self.disk.is_marked(file).await || (cfg!(unix) && known().contains(&identity)) {
            return Ok(());
        }
        let file_flushed = unless_unfit(again(|| self.disk.flush(file, why)).await, why).map_err(
            LocalError::before("it is not known whether the object is on the disk: cannot flush", path),
        )?;
        let entry_flushed = match path.parent() {
            Some(directory) => self.flush_found(directory, why).await?,
            None => true,
        };
        if !(file_flushed && entry_flushed) {
            return Ok(());
        }
        // A mark is void while the file has another name.
        if stat.links > 1 || self.disk.mark(file).await.is_err() {
            let mut known = known();
            if known.len() >= SETTLED_MAX {
                known.clear();
            }
            known.insert(identity);
        }
        Ok(())
    }

    /// Flushes a directory in which something was found, and those above. Returns whether that can be done here.
    async fn flush_found(&self, directory: &Path, why: Flush) -> std::result::Result<bool, LocalError> {
        let flushed = again(|| self.disk.flush_directory(directory, why)).await;
        let flushed = unless_unfit(flushed, why).map_err(LocalError::before(
            "it is not known whether the object is on the disk: cannot flush directory",
            directory,
        ))?;
        match self.flush_above(directory).await {
            Err(LocalError::Unfit { .. }) if why != Flush::Exists => Ok(false),
            above => above.map(|()| flushed),
        }
    }

    /// What is directly in a directory: folders, and objects that are on the disk. One that does not exist
    /// holds nothing.
    pub(super) async fn read_directory(self, at: ObjectPath) -> Result<(Vec<ObjectPath>, Vec<ObjectMeta>)> {
        let path = self.path_of_folder(&at);
        let found = match again(|| self.disk.list(&path)).await {
            Ok(found) => found,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Vec::new()
            }
            Err(error) => return Err(LocalError::before("cannot list", &path)(error).into()),
        };
        let (mut folders, mut objects, mut unmarked) = (Vec::new(), Vec::new(), false);
        for named in found {
            let name = named.name.to_str().ok_or_else(|| {
                let source = io::Error::new(
                    ErrorKind::InvalidFilename,
                    format!("the name `{}` is not UTF-8", named.name.to_string_lossy().escape_debug()),
                );
                Error::from(LocalError::Before { step: "cannot list", path: path.clone(), source })
            })?;
            let is_file = named.stat.kind == Kind::File;
            if is_file && is_staging_name(name) || named.stat.kind == Kind::Other {
                continue;
            }
            let location = ObjectPath::parse(match at.as_ref() {
                "" => name.to_owned(),
                at => format!("{at}/{name}"),
            })?;
            if !is_file {
                folders.push(location);
                continue;
            }
            unmarked = unmarked || !self.disk.is_name_marked(&path.join(name)).await;
            objects.push(meta(location, &named.stat));
        }
        if unmarked {
            self.flush_found(&path, Flush::Listed).await?;
        }
        Ok((folders, objects))
    }
}

/// Whether it was flushed; false if a file system cannot flush this at all and somebody only reads. Then it
/// is read-only, or has no writer of ours, who would have been refused.
fn unless_unfit(flushed: io::Result<()>, why: Flush) -> io::Result<bool> {
    match flushed {
        Err(error)
            if why != Flush::Exists
                && (is_unfit(&error) || error.kind() == ErrorKind::ReadOnlyFilesystem) =>
        {
            Ok(false)
        }
        flushed => flushed.map(|()| true),
    }
}

fn meta(location: ObjectPath, stat: &Stat) -> ObjectMeta {
    let Stat { number: (_, number), size, modified, .. } = *stat;
    let nanos = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let e_tag = Some(format!("\"{number:x}-{nanos:x}-{size:x}\""));
    ObjectMeta { location, last_modified: modified.into(), size, e_tag, version: None }
}

/// Files whose identity is remembered where they cannot be marked; some 40 bytes each.
pub(super) const SETTLED_MAX: usize = 1 << 16;
