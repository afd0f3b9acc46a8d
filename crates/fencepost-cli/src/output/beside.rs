//! A file that is there whole, or not at all.

use std::fs::{File, Metadata, OpenOptions, Permissions};
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

/// What to write to for `path`, and what gives it that name at the end. Pipes and devices are written to as
/// they are, and so is the file that this process has for its stdout: whoever gave it that has it open.
pub(crate) fn open(path: &Path) -> io::Result<(File, Option<Beside>)> {
    match std::fs::metadata(path) {
        Ok(there) if !there.is_file() => Ok((OpenOptions::new().write(true).open(path)?, None)),
        Ok(there) if is_stdout(&there) => Ok((stdout()?, None)),
        _ => {
            let beside = Beside::new(path)?;
            Ok((beside.file()?, Some(beside)))
        }
    }
}

impl Beside {
    /// Begins a file that will be called `path`; where that is a link, the file that it leads to.
    fn new(path: &Path) -> io::Result<Self> {
        let target = end_of_links(path)?;
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
    fn file(&self) -> io::Result<File> {
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

/// Where `path` leads; a last link that leads to nothing yet is followed too.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match std::fs::read_link(path) {
            Ok(to) => end_of_links(&path.parent().unwrap_or_else(|| Path::new("")).join(to)),
            Err(_) => Ok(path.to_owned()),
        },
        found => found,
    }
}

#[cfg(unix)]
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(unix)]
fn is_stdout(there: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let ours = stdout().and_then(|stdout| stdout.metadata());
    ours.is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn stdout() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
const fn is_stdout(_: &Metadata) -> bool {
    false
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

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_is_not_there_yet_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("rows.csv", folder.path().join("link")).unwrap();
        let (mut file, beside) = open(&folder.path().join("link")).unwrap();
        file.write_all(b"rows").unwrap();
        beside.unwrap().take_name().unwrap();
        assert_eq!(std::fs::read(folder.path().join("rows.csv")).unwrap(), b"rows");
        assert_eq!(files(folder.path()), ["link", "rows.csv"]);
    }

    /// Replacing it would take the device, or the pipe, from everybody.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_to_and_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("device")).unwrap();
        let (mut file, beside) = open(&folder.path().join("device")).unwrap();
        assert!(beside.is_none());
        assert_eq!(file.write_all(b"rows").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
