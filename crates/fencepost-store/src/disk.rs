//! The file operations that a log in a directory rests on, and no others.
//!
//! [`RealDisk`] asks the operating system. In tests a simulated disk takes its place, which forgets what was
//! not flushed when its power is cut. So what is put to power cuts is the very code that ships.

mod real;

pub use real::RealDisk;
pub(crate) use real::at_once;

use bytes::Bytes;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::SystemTime;
use tokio::task::JoinError;

/// A file system. Each operation is one of the operating system's, with its errors, and is attempted once.
pub trait Disk: Clone + fmt::Debug + Send + Sync + 'static {
    /// An open file.
    type File: Send + Sync + 'static;

    /// Carries out `work`, which uses this disk, to its end, even if the returned future is dropped.
    fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Result<T, JoinError>> + Send;

    /// A number that nobody was given before, in this process or in another, now or earlier. Files that are
    /// written aside are named with it.
    fn unique(&self) -> u64;

    /// Makes a file that was not there, for writing.
    fn create(&self, path: &Path) -> impl Future<Output = io::Result<Self::File>> + Send;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> impl Future<Output = io::Result<Self::File>> + Send;

    /// Writes behind what was written. Returns how many bytes it took, which may be fewer than there are.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Reads up to `length` bytes from `offset`; fewer only at the file's end.
    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        length: usize,
    ) -> impl Future<Output = io::Result<Bytes>> + Send;

    /// Waits until a file's bytes are on the disk.
    fn flush(&self, file: &Self::File, why: Flush) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until a directory's entries are on the disk.
    fn flush_directory(&self, path: &Path, why: Flush) -> impl Future<Output = io::Result<()>> + Send;

    /// What is known of an open file.
    fn stat(&self, file: &Self::File) -> impl Future<Output = io::Result<Stat>> + Send;

    /// As [`stat`](Self::stat), by name. Links are followed.
    fn stat_name(&self, path: &Path) -> impl Future<Output = io::Result<Stat>> + Send;

    /// Gives a file a second name, which must not be taken.
    fn link(&self, from: &Path, to: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Gives a file another name, whatever had it.
    fn rename(&self, from: &Path, to: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Takes a name from a file.
    fn unlink(&self, path: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes one directory.
    fn make_directory(&self, path: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Removes an empty directory.
    fn remove_directory(&self, path: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// What is in a directory, in any order. What goes away meanwhile may be missing.
    fn list(&self, path: &Path) -> impl Future<Output = io::Result<Vec<Named>>> + Send;

    /// Notes at a file that it and its entry are on the disk. The note may get lost, and must not be found at
    /// a copy.
    fn mark(&self, file: &Self::File) -> impl Future<Output = io::Result<()>> + Send;

    /// Whether a file was [marked](Self::mark), as far as can be told.
    fn is_marked(&self, file: &Self::File) -> impl Future<Output = bool> + Send;

    /// As [`is_marked`](Self::is_marked), by name.
    fn is_name_marked(&self, path: &Path) -> impl Future<Output = bool> + Send;
}

/// What a flush is for. The operating system is not told; a simulated disk can leave out one kind, to see who
/// notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "test-util",
    expect(clippy::exhaustive_enums, reason = "a simulated disk must answer each")
)]
pub enum Flush {
    /// The bytes of a new file, before it gets its name.
    Contents,
    /// The directory, after a new file got its name.
    Entry,
    /// The directories above, whoever made them.
    Above,
    /// File and directory of an object that stands in a create's way.
    Exists,
    /// File and directory of an object that is read.
    Read,
    /// The directory of an object that is listed.
    Listed,
}

#[cfg(feature = "test-util")]
impl Flush {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Contents, Self::Entry, Self::Above, Self::Exists, Self::Read, Self::Listed];
}

/// What a file system knows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "test-util", expect(clippy::exhaustive_structs, reason = "other disks make it"))]
pub struct Stat {
    /// What sort of thing it is.
    pub kind: Kind,
    /// Which file it is, among all of this disk. Numbers may come again once the file is gone.
    pub number: (u64, u64),
    /// How many names it has.
    pub links: u64,
    /// Size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
    /// When anything about it was last changed, in seconds and nanoseconds; only good for telling whether it
    /// did change.
    pub changed: (i64, i64),
}

/// What sort of thing a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "test-util",
    expect(clippy::exhaustive_enums, reason = "a simulated disk must answer each")
)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A device, a socket or the like.
    Other,
}

/// Something in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "test-util", expect(clippy::exhaustive_structs, reason = "other disks make it"))]
pub struct Named {
    /// Its name in the directory.
    pub name: OsString,
    /// Whether the name is a symbolic link to what `stat` tells of.
    pub is_link: bool,
    /// What is known of it.
    pub stat: Stat,
}
