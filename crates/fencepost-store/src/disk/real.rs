//! The operating system's disk.

use super::{Disk, Flush, Kind, Named, Stat};
use bytes::Bytes;
use futures::FutureExt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use tokio::task::JoinError;

/// The operating system's disk. Each operation blocks until it is done, and its future is ready.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "test-util", expect(clippy::exhaustive_structs, reason = "it has no state"))]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = File;

    /// On a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, JoinError> {
        tokio::task::spawn_blocking(|| at_once(work)).await
    }

    /// Counts from a random number of 64 bits, so that processes do not meet.
    fn unique(&self) -> u64 {
        static NEXT: LazyLock<AtomicU64> =
            LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(process::id())));
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    async fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    async fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    async fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    async fn read(&self, file: &mut File, offset: u64, length: usize) -> io::Result<Bytes> {
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(length);
        file.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    async fn flush(&self, file: &File, _: Flush) -> io::Result<()> {
        file.sync_all()
    }

    /// Where directories cannot be opened (Windows) there is nothing to do.
    async fn flush_directory(&self, path: &Path, _: Flush) -> io::Result<()> {
        if cfg!(unix) { File::open(path).and_then(|directory| directory.sync_all()) } else { Ok(()) }
    }

    async fn stat(&self, file: &File) -> io::Result<Stat> {
        file.metadata().map(|metadata| stat(&metadata))
    }

    async fn stat_name(&self, path: &Path) -> io::Result<Stat> {
        fs::metadata(path).map(|metadata| stat(&metadata))
    }

    async fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    async fn unlink(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    async fn make_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    async fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<Named>> {
        list(path)
    }

    async fn mark(&self, file: &File) -> io::Result<()> {
        marks::set(file)
    }

    async fn is_marked(&self, file: &File) -> bool {
        marks::is_set(file)
    }

    async fn is_name_marked(&self, path: &Path) -> bool {
        marks::is_name_set(path)
    }
}

/// The output of work on a real disk.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("operations of the real disk block and never wait")
}

/// Links are followed. One that leads nowhere is passed over, like a file that went away meanwhile.
fn list(path: &Path) -> io::Result<Vec<Named>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_link = entry.file_type()?.is_symlink();
        match fs::metadata(entry.path()) {
            Ok(metadata) => found.push(Named { name: entry.file_name(), is_link, stat: stat(&metadata) }),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn stat(metadata: &Metadata) -> Stat {
    let kind = match metadata.file_type() {
        it if it.is_dir() => Kind::Directory,
        it if it.is_file() => Kind::File,
        _ => Kind::Other,
    };
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let (number, links, changed) = identity(metadata);
    Stat { kind, number, links, size: metadata.len(), modified, changed }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> ((u64, u64), u64, (i64, i64)) {
    use std::os::unix::fs::MetadataExt;
    ((metadata.dev(), metadata.ino()), metadata.nlink(), (metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> ((u64, u64), u64, (i64, i64)) {
    ((0, 0), 1, (0, 0))
}

/// Marks are extended attributes. They hold the file's own number, so that one that was copied along with the
/// bytes is void.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod marks {
    use super::stat;
    use rustix::fs::{XattrFlags, fgetxattr, fsetxattr, getxattr};
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::path::Path;

    pub(super) fn set(file: &File) -> io::Result<()> {
        Ok(fsetxattr(file, NAME, &value(&file.metadata()?), XattrFlags::empty())?)
    }

    pub(super) fn is_set(file: &File) -> bool {
        let mut found = [0; LENGTH];
        fgetxattr(file, NAME, &mut found[..]).is_ok_and(|length| length == LENGTH)
            && file.metadata().is_ok_and(|metadata| vouches(&found, &metadata))
    }

    pub(super) fn is_name_set(path: &Path) -> bool {
        let mut found = [0; LENGTH];
        getxattr(path, NAME, &mut found[..]).is_ok_and(|length| length == LENGTH)
            && fs::metadata(path).is_ok_and(|metadata| vouches(&found, &metadata))
    }

    /// A file with a second name may stand here by that name alone, which nobody flushed.
    fn vouches(found: &[u8; LENGTH], metadata: &Metadata) -> bool {
        *found == value(metadata) && stat(metadata).links == 1
    }

    fn value(metadata: &Metadata) -> [u8; LENGTH] {
        let (device, number) = stat(metadata).number;
        let mut value = [0; LENGTH];
        value[..8].copy_from_slice(&device.to_le_bytes());
        value[8..].copy_from_slice(&number.to_le_bytes());
        value
    }

    const NAME: &str = "user.fencepost.flushed";
    const LENGTH: usize = 16;
}

/// Elsewhere no file can be marked. Where directories need no flush, everything counts as if it were.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod marks {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(super) fn set(_: &File) -> io::Result<()> {
        if cfg!(unix) { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
    }

    pub(super) fn is_set(_: &File) -> bool {
        cfg!(not(unix))
    }

    pub(super) fn is_name_set(_: &Path) -> bool {
        cfg!(not(unix))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};

    /// Tools that copy attributes along with bytes copy the mark, and flush nothing.
    /// [P-73](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-73).
    #[test]
    fn a_mark_that_was_copied_is_void() {
        let home = tempfile::tempdir().unwrap();
        let (path, copy) = (home.path().join("a"), home.path().join("b"));
        let (file, other) = (File::create(&path).unwrap(), File::create(&copy).unwrap());
        assert!(!at_once(RealDisk.is_marked(&file)));
        if at_once(RealDisk.mark(&file)).is_err() {
            return; // This file system has no attributes, so nothing can be copied.
        }
        assert!(at_once(RealDisk.is_marked(&file)) && at_once(RealDisk.is_name_marked(&path)));
        let mut mark = [0; 16];
        assert_eq!(fgetxattr(&file, "user.fencepost.flushed", &mut mark[..]).unwrap(), mark.len());
        fsetxattr(&other, "user.fencepost.flushed", &mark, XattrFlags::empty()).unwrap();
        assert!(!at_once(RealDisk.is_marked(&other)) && !at_once(RealDisk.is_name_marked(&copy)));
    }
}
