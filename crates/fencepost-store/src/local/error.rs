//! Why an operation on a directory failed, and on which side of the one step that matters.

use crate::text::Escaped;
use object_store::Error;
use snafu::Snafu;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a request to a directory failed.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum LocalError {
    /// The name of a create is taken.
    #[snafu(display("{} exists", path.display()))]
    Taken { path: PathBuf, source: io::Error },
    /// Nothing was changed under the object's name; or it was to be read.
    #[snafu(display("{step} {}: {source}", path.display()))]
    Before { step: &'static str, path: PathBuf, source: io::Error },
    /// The object may be visible, and may or may not survive a power cut.
    #[snafu(display("{step} {}: {source}", path.display()))]
    After { step: &'static str, path: PathBuf, source: io::Error },
    /// The file system lacks what a log needs. Nothing was changed under the object's name.
    // P-74.
    #[snafu(display("{problem} {}: {source}; {advice}", path.display(), advice = ADVICE))]
    Unfit { problem: &'static str, path: PathBuf, source: io::Error },
    /// There is nothing in the range that was asked for.
    #[snafu(display("cannot read {}: {source}", path.display()))]
    Range { path: PathBuf, source: io::Error },
    /// There is no such object.
    #[snafu(display("no file {}", path.display()))]
    Absent { path: PathBuf, source: io::Error },
}

impl LocalError {
    /// A step that failed before anything was visible, at whatever path.
    pub(crate) fn before(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Before { step, path: path.into(), source }
    }

    /// A directory above could not be flushed, or not be made.
    pub(crate) fn above(step: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.into();
        match is_unfit(&source) && step == CANNOT_FLUSH_DIRECTORY {
            true => Self::Unfit { problem: NO_FLUSHES, path, source },
            false => Self::Before { step, path, source },
        }
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        match error {
            LocalError::Taken { path, source } => {
                Self::AlreadyExists { path: path.display().to_string(), source: source.into() }
            }
            LocalError::Absent { path, source } => {
                Self::NotFound { path: path.display().to_string(), source: source.into() }
            }
            other => Self::Generic { store: "LocalDirectory", source: other.into() },
        }
    }
}

/// Whether the operating system says that a file system cannot do this at all, today or later.
/// [P-74](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-74).
pub(crate) fn is_unfit(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported)
}

/// Whether link(2) said that there are no hard links here. SUBTLE: `EPERM` of a file that was made a moment
/// ago means just that (vfat answers so), while `EACCES` speaks of permissions; both have one kind.
pub(crate) fn is_without_links(error: &io::Error) -> bool {
    const EPERM: i32 = 1;
    is_unfit(error)
        || error.kind() == ErrorKind::CrossesDevices
        || cfg!(unix) && error.raw_os_error() == Some(EPERM)
}

/// The name of an object that no file can have.
pub(crate) fn bad_name(location: &str, problem: &'static str) -> LocalError {
    let source = io::Error::new(ErrorKind::InvalidFilename, problem);
    LocalError::Before { step: "cannot use the name", path: Escaped(location).to_string().into(), source }
}

pub(crate) const CANNOT_FLUSH_DIRECTORY: &str = "cannot flush directory";
pub(crate) const NO_LINKS: &str =
    "the file system has no hard links, which exclusive creates need: cannot link";
pub(crate) const NO_FLUSHES: &str = "the file system cannot flush directories, so a power cut could destroy acknowledged objects: cannot flush";
const ADVICE: &str = "keep the log on another file system";
