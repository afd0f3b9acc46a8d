//! A file that is there whole, or not at all.

use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Written beside the name it is for, which it takes at the end. If it never comes to that, whatever had the name
/// before still has it.
#[derive(Debug)]
pub(crate) struct Beside {
    file: NamedTempFile,
    target: PathBuf,
}

impl Beside {
    /// Begins a file that will be called `path`; where that is a link, the file that it leads to.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let target = match path.canonicalize() {
            Ok(whole) => whole,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error),
        };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".fencepost-").suffix(".part");
        let permissions = match std::fs::metadata(&target) {
            Ok(there) => Some(there.permissions()),
            Err(_) => usual_permissions(),
        };
        if let Some(permissions) = permissions.clone() {
            builder.permissions(permissions);
        }
        let file = builder.tempfile_in(folder)?;
        if let Some(permissions) = permissions.filter(|_| target.exists()) {
            file.as_file().set_permissions(permissions)?;
        }
        Ok(Self { file, target })
    }

    /// To write to.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.as_file().try_clone()
    }

    /// Gives the file its name, once it is on the disk.
    pub(crate) fn take_name(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target)?;
        if let Some(folder) = self.target.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// Those of a file that anybody makes. A temporary file has its owner's only.
#[cfg(unix)]
fn usual_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    // What the user's mask leaves of it.
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
const fn usual_permissions() -> Option<Permissions> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_never_takes_its_name_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, "before").unwrap();
        let beside = Beside::new(&path).unwrap();
        beside.file().unwrap().write_all(b"half").unwrap();
        drop(beside);
        assert_eq!(
            (std::fs::read(&path).unwrap(), files(folder.path())),
            (b"before".to_vec(), vec!["rows.csv".to_owned()])
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_permissions_and_a_link_its_file() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("rows.csv"), folder.path().join("link"));
        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        symlink("rows.csv", &link).unwrap();
        let beside = Beside::new(&link).unwrap();
        beside.file().unwrap().write_all(b"after").unwrap();
        beside.take_name().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(files(folder.path()), ["link", "rows.csv"]);
    }
}
