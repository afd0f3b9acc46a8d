//! Writing: aside, flushed, then given its name, and the name flushed.
//!
//! A create is *done* once four things were done in this order: the bytes were written to a file of their own
//! and flushed; the file was linked to the object's name, which fails if that is taken; the directory was
//! flushed; and so were those above it, by this process. *Exists* says no less: whoever linked the object
//! that is in the way may have died before its flush, or have had it fail, and the caller may go on to find
//! its own bytes there and call them durable. So it is flushed first.
//!
//! A file whose flush failed is never used again. Its pages may count as clean now, and a second flush would
//! succeed without writing anything. Another attempt writes another file.
// P-72.

use super::LocalDirectory;
use super::error::{CANNOT_FLUSH_DIRECTORY, LocalError, NO_FLUSHES, NO_LINKS, is_unfit, is_without_links};
use crate::disk::{Disk, Flush};
use object_store::PutPayload;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

impl<D: Disk> LocalDirectory<D> {
    /// Writes an object unless its name is taken.
    /// [P-72](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-72).
    pub(super) async fn create(&self, path: &Path, payload: &PutPayload) -> Result<(), LocalError> {
        self.prepare_parents(path).await?;
        let (file, staged) = self.stage(path, payload).await?;
        let linked = match again(|| self.disk.link(&staged, path)).await {
            // SUBTLE: on a network file system a link may be made and its reply lost, and a second request
            // finds it: ours all the same.
            Err(error) if !is_refusal(&error) && self.is_same(&file, path).await => Ok(()),
            linked => linked,
        };
        self.unstage(&staged).await;
        match linked {
            Ok(()) => self.flush_entry(&file, path).await,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.settle_name(path, Flush::Exists).await?;
                Err(LocalError::Taken { path: path.into(), source: error })
            }
            Err(source) if is_without_links(&source) => {
                Err(LocalError::Unfit { problem: NO_LINKS, path: path.into(), source })
            }
            Err(source) if is_refusal(&source) => Err(LocalError::before("cannot link", path)(source)),
            Err(source) => Err(LocalError::After { step: "cannot link", path: path.into(), source }),
        }
    }

    /// Writes an object, whatever was there.
    pub(super) async fn overwrite(&self, path: &Path, payload: &PutPayload) -> Result<(), LocalError> {
        self.prepare_parents(path).await?;
        let (file, staged) = self.stage(path, payload).await?;
        if let Err(source) = again(|| self.disk.rename(&staged, path)).await {
            self.unstage(&staged).await;
            return Err(LocalError::After { step: "cannot rename to", path: path.into(), source });
        }
        self.flush_entry(&file, path).await
    }

    /// Writes the bytes to a new file beside `path`, and flushes it. Leaves nothing behind if that fails.
    async fn stage(&self, path: &Path, payload: &PutPayload) -> Result<(D::File, PathBuf), LocalError> {
        let (mut file, staged) = self.create_staged(path).await?;
        let written = match self.write_all(&mut file, payload).await {
            Ok(()) => again(|| self.disk.flush(&file, Flush::Contents)).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok((file, staged)),
            Err(source) => {
                self.unstage(&staged).await;
                Err(LocalError::before("cannot write", path)(source))
            }
        }
    }

    /// Opens a new file beside `path`, named so that no listing shows it.
    ///
    /// SUBTLE: its name was never another file's. A collector removes what a stalled writer left; had
    /// somebody else been given the name since, the stalled writer would link, and acknowledge, that other
    /// file, half written.
    pub(super) async fn create_staged(&self, path: &Path) -> Result<(D::File, PathBuf), LocalError> {
        loop {
            let mut name = path.as_os_str().to_owned();
            name.push(format!("#{}", self.disk.unique()));
            let staged = PathBuf::from(name);
            match again(|| self.disk.create(&staged)).await {
                Ok(file) => return Ok((file, staged)),
                // Left by somebody who counted otherwise.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LocalError::before("cannot create", &staged)(error)),
            }
        }
    }

    /// What cannot be removed is hidden from listings, harms nobody, and is collected later.
    pub(super) async fn unstage(&self, staged: &Path) {
        let _ = again(|| self.disk.unlink(staged)).await;
    }

    pub(super) async fn write_all(&self, file: &mut D::File, payload: &PutPayload) -> io::Result<()> {
        for chunk in payload.iter() {
            let mut left = &chunk[..];
            while !left.is_empty() {
                match self.disk.write(file, left).await {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(taken) => left = &left[taken..],
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Flushes the directory of a file that was given its name, and marks the file.
    async fn flush_entry(&self, file: &D::File, path: &Path) -> Result<(), LocalError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        let flushed = again(|| self.disk.flush_directory(parent, Flush::Entry)).await;
        flushed.map_err(|source| LocalError::After {
            step: if is_unfit(&source) { NO_FLUSHES } else { CANNOT_FLUSH_DIRECTORY },
            path: parent.into(),
            source,
        })?;
        // Spares readers a flush. Without the mark they flush for themselves.
        let _ = self.disk.mark(file).await;
        Ok(())
    }

    async fn is_same(&self, file: &D::File, path: &Path) -> bool {
        let number = |stat: io::Result<crate::disk::Stat>| stat.ok().map(|stat| stat.number);
        let (ours, theirs) = (self.disk.stat(file).await, self.disk.stat_name(path).await);
        cfg!(unix) && number(ours).is_some_and(|ours| number(theirs) == Some(ours))
    }
}

/// Carries out an operation again while it is interrupted by a signal.
pub(super) async fn again<T, F: Future<Output = io::Result<T>>>(once: impl Fn() -> F) -> io::Result<T> {
    loop {
        match once().await {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Whether no link was made. Not so of "exists", which a repeated request may meet.
fn is_refusal(error: &io::Error) -> bool {
    is_without_links(error)
        || matches!(
            error.kind(),
            ErrorKind::PermissionDenied
                | ErrorKind::StorageFull
                | ErrorKind::QuotaExceeded
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::TooManyLinks
                | ErrorKind::NotFound
        )
}
