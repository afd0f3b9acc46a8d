//! Why a step could not even be carried out. What a check *finds* is a [`Finding`](crate::finding::Finding).

use std::io;
use std::path::PathBuf;

use snafu::Snafu;

#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum Error {
    #[snafu(display("cannot start `{command}`: {source}"))]
    Start { command: String, source: io::Error },

    #[snafu(display("`{command}` failed: {stderr}"))]
    Failed { command: String, stderr: String },

    #[snafu(display("cannot read {}: {source}", path.display()))]
    Read { path: PathBuf, source: io::Error },

    #[snafu(display("cannot write {}: {source}", path.display()))]
    Write { path: PathBuf, source: io::Error },

    #[snafu(display("cannot list the files of the workspace: {source}"))]
    Walk { source: ignore::Error },

    #[snafu(display("cannot read the workspace's metadata: {source}"))]
    Metadata { source: cargo_metadata::Error },

    #[snafu(display("{} is not valid TOML: {source}", path.display()))]
    Toml { path: PathBuf, source: toml_edit::TomlError },

    #[snafu(display("{message}"))]
    Unusable { message: String },
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
