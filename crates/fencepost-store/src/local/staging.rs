//! Files that were written aside and never got their name, because their writer died in between.

use super::LocalDirectory;
use super::error::LocalError;
use super::is_staging_name;
use super::write::again;
use crate::disk::{Disk, Kind};
use object_store::path::Path as ObjectPath;
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

/// A file of its own, not yet an object.
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    pub(crate) location: ObjectPath,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

impl<D: Disk> LocalDirectory<D> {
    /// All such files below `folder`. Names that no object could have are passed over.
    pub(super) async fn staged(&self, folder: ObjectPath) -> Result<Vec<Staged>, LocalError> {
        let (mut found, mut open) = (Vec::new(), vec![folder]);
        while let Some(at) = open.pop() {
            let path = self.path_of_folder(&at);
            let inside = match again(|| self.disk.list(&path)).await {
                Ok(inside) => inside,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(error) => return Err(LocalError::before("cannot list", &path)(error)),
            };
            for named in inside {
                let Some(name) = named.name.to_str() else { continue };
                let full = if at.as_ref().is_empty() { name.to_owned() } else { format!("{at}/{name}") };
                let Ok(location) = ObjectPath::parse(full) else { continue };
                match named.stat.kind {
                    // What a link leads to is not ours to remove.
                    _ if named.is_link => {}
                    Kind::Directory => open.push(location),
                    Kind::File if is_staging_name(name) => {
                        found.push(Staged { location, size: named.stat.size, modified: named.stat.modified });
                    }
                    Kind::File | Kind::Other => {}
                }
            }
        }
        Ok(found)
    }

    /// What time it is by the clock that stamps files in `folder`: of a file that is made for it and removed.
    pub(super) async fn now(&self, folder: &Path) -> Result<SystemTime, LocalError> {
        let (file, staged) = self.create_staged(&folder.join("now")).await?;
        let stat = again(|| self.disk.stat(&file)).await;
        self.unstage(&staged).await;
        Ok(stat.map_err(LocalError::before("cannot ask", &staged))?.modified)
    }

    /// Removes one such file; gone is gone.
    pub(super) async fn remove_staged(&self, path: &Path) -> Result<(), LocalError> {
        match again(|| self.disk.unlink(path)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(LocalError::before("cannot remove", path)(error))
            }
            _ => Ok(()),
        }
    }
}
