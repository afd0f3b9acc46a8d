//! Directories: made, flushed up to the root of the store, and removed when they are empty.

use super::LocalDirectory;
use super::error::{CANNOT_FLUSH_DIRECTORY, LocalError};
use super::write::again;
use crate::disk::{Disk, Flush, Kind};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::PoisonError;

impl<D: Disk> LocalDirectory<D> {
    /// Makes the directories above `path` and sees to it, once per process, that those above the last one are
    /// on disk. The last one is flushed once the object is in it.
    pub(super) async fn prepare_parents(&self, path: &Path) -> Result<(), LocalError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        if self.is_durable(parent) {
            return Ok(());
        }
        make_all(&self.disk, parent).await.map_err(LocalError::before("cannot make directory", parent))?;
        self.flush_above(parent).await
    }

    /// Flushes the directories above `directory` up to the root, once per process.
    pub(super) async fn flush_above(&self, directory: &Path) -> Result<(), LocalError> {
        if self.is_durable(directory) {
            return Ok(());
        }
        if let Some(above) = directory.parent() {
            flush_up(&self.disk, above, &self.root).await?;
        }
        self.now_durable(directory);
        Ok(())
    }

    fn is_durable(&self, directory: &Path) -> bool {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(directory)
    }

    fn now_durable(&self, directory: &Path) {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.to_owned());
    }

    /// Removes the directories at and below `path` that hold nothing, the deepest first. Returns whether
    /// `path` is gone.
    pub(super) async fn remove_empty_at(&self, path: &Path) -> bool {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| !known.starts_with(path));
        let mut found = vec![path.to_owned()];
        let mut at = 0;
        while let Some(directory) = found.get(at) {
            let directory = directory.clone();
            for named in self.disk.list(&directory).await.unwrap_or_default() {
                if named.stat.kind == Kind::Directory && !named.is_link {
                    found.push(directory.join(named.name));
                }
            }
            at += 1;
        }
        let mut gone = false;
        for directory in found.iter().rev() {
            // What is not empty is refused.
            gone = match again(|| self.disk.remove_directory(directory)).await {
                Ok(()) => true,
                Err(error) => error.kind() == ErrorKind::NotFound,
            };
        }
        gone
    }
}

/// Makes `directory` and what is missing above it, then flushes each directory from it up to `top` and the
/// one that holds `top`'s entry, whoever made them.
pub(crate) async fn make_durable<D: Disk>(disk: &D, directory: &Path, top: &Path) -> Result<(), LocalError> {
    make_all(disk, directory).await.map_err(LocalError::before("cannot make directory", directory))?;
    flush_up(disk, directory, top).await
}

async fn flush_up<D: Disk>(disk: &D, directory: &Path, top: &Path) -> Result<(), LocalError> {
    for at in directory.ancestors().filter(|at| !at.as_os_str().is_empty()) {
        let above = top.parent() == Some(at);
        match again(|| disk.flush_directory(at, Flush::Above)).await {
            // Above the store. Its owner may not let us read it, which is no reason to refuse to work.
            Err(error) if above && error.kind() == ErrorKind::PermissionDenied => {}
            Err(error) => return Err(LocalError::above(CANNOT_FLUSH_DIRECTORY, at, error)),
            Ok(()) => {}
        }
        if above {
            break;
        }
    }
    Ok(())
}

/// Makes a directory and those above it that are missing. Somebody else may do so at the same moment.
///
/// What is still missing once the directory above it is there cannot be made at all: `/proc` answers so.
async fn make_all<D: Disk>(disk: &D, directory: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    let mut at = directory;
    let mut descending = true;
    loop {
        match again(|| disk.make_directory(at)).await {
            Err(error) if error.kind() == ErrorKind::NotFound && descending => match at.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => {
                    missing.push(at);
                    at = parent;
                    continue;
                }
                _ => return Err(error),
            },
            // There already; or a file is in the way.
            Err(error) => match again(|| disk.stat_name(at)).await {
                Ok(stat) if stat.kind == Kind::Directory => {}
                _ => return Err(error),
            },
            Ok(()) => {}
        }
        descending = false;
        match missing.pop() {
            Some(below) => at = below,
            None => return Ok(()),
        }
    }
}
