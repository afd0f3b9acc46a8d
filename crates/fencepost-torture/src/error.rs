//! Why a check could not be carried out, or what it found wrong.

use snafu::Snafu;
use std::io;
use std::time::Duration;

/// Everything that stops a server's checks.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum Error {
    /// Files, sockets and processes of this machine.
    #[snafu(display("{what}: {source}"))]
    Io {
        /// What was being done.
        what: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// A package cannot be installed: no registry, no installer, no space.
    #[snafu(display("cannot install {package}: {message}"))]
    Install {
        /// Name and version.
        package: String,
        /// The installer's last words.
        message: String,
    },
    /// A server was started and takes no objects.
    #[snafu(display("{server} took no object within {waited:?} ({last}); its output is in {log}"))]
    NotReady {
        /// The server.
        server: String,
        /// How long it was asked.
        waited: Duration,
        /// The last answer.
        last: String,
        /// The file with its output.
        log: String,
    },
    /// A signed request of ours did not get through.
    #[snafu(display("{what}: {message}"))]
    Request {
        /// Method and address.
        what: String,
        /// The client's words.
        message: String,
    },
    /// A command that must succeed did not.
    #[snafu(display("`{line}` ended with {code:?}: {stderr}"))]
    Command {
        /// The command line.
        line: String,
        /// Its exit code, none if a signal ended it.
        code: Option<i32>,
        /// What it said on stderr.
        stderr: String,
    },
    /// A check found what must not be.
    #[snafu(display("{what}"))]
    Wrong {
        /// The finding.
        what: String,
    },
}

/// Results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether it was the installation, which a machine without registries may be forgiven.
    #[must_use]
    pub const fn is_install(&self) -> bool {
        matches!(self, Self::Install { .. })
    }
}

/// A finding as an error.
pub(crate) fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::Wrong { what: what.into() })
}
