//! The Lance table around a log: what its own manifests say of the log's SSTables.

mod history;

pub use history::{TableVersions, read_table_versions};

use fencepost_format::{FormatError, TABLE_MANIFEST_BYTES_MAX, TableManifest, parse_table_manifest_name};
use fencepost_store::{LogStore, ReadOutcome, StoreError};
use futures::TryStreamExt;
use snafu::{ResultExt, Snafu};

/// Why a table's manifest or tag could not be read. A collection does not need it, and goes on.
#[derive(Debug, Snafu)]
#[non_exhaustive]
pub enum TableError {
    /// The table's versions could not be listed.
    #[snafu(display("the table's versions could not be listed: {source}"))]
    List {
        /// What the store said.
        source: StoreError,
    },
    /// The manifest could not be read, or is larger than 64 MiB.
    #[snafu(display("{path}: the table's manifest could not be read: {source}"))]
    Read {
        /// The manifest.
        path: String,
        /// What the store said.
        source: StoreError,
    },
    /// The manifest is gone: either a cleanup ran at this moment, or somebody deleted it who should not have.
    #[snafu(display("{path}: the table's manifest was deleted meanwhile; try again"))]
    Gone {
        /// The manifest.
        path: String,
    },
    /// The manifest, or a tag, was read, but cannot be understood.
    #[snafu(display("the table cannot be understood: {source}"))]
    Format {
        /// What is wrong with it, and where.
        source: FormatError,
    },
}

/// The latest manifest of the Lance table at the root of `store`, with its path; `None` if there is no table,
/// or one with no version.
///
/// The latest is the highest version that a listing shows, under either of Lance's naming schemes. Detached
/// versions do not count. Costs one LIST of the versions, of which only the highest is remembered, and one
/// GET of up to 64 MiB.
///
/// # Errors
/// [`TableError`].
pub async fn read_table(store: &LogStore) -> Result<Option<(String, TableManifest)>, TableError> {
    let mut versions = store.list(VERSIONS_DIR);
    let mut latest: Option<(u64, String)> = None;
    while let Some(object) = versions.try_next().await.context(ListSnafu)? {
        let path = object.path.as_ref();
        let Some(version) = version(path) else { continue };
        if latest.as_ref().is_none_or(|(highest, _)| version > *highest) {
            latest = Some((version, path.to_owned()));
        }
    }
    let Some((version, path)) = latest else { return Ok(None) };
    match read_version(store, &path, version).await? {
        Some(manifest) => Ok(Some((path, manifest))),
        None => GoneSnafu { path }.fail(),
    }
}

/// One version of the table; `None` if it is gone.
async fn read_version(
    store: &LogStore,
    path: &str,
    version: u64,
) -> Result<Option<TableManifest>, TableError> {
    match store.get_up_to(path, TABLE_MANIFEST_BYTES_MAX as u64).await {
        ReadOutcome::Found(object) => {
            TableManifest::decode(path, version, &object.bytes).map(Some).context(FormatSnafu)
        }
        ReadOutcome::Absent => Ok(None),
        ReadOutcome::Unknown(source) => Err(TableError::Read { path: path.to_owned(), source }),
    }
}

/// Whether the root of `store` is a Lance table: Lance may open the log then. Costs one LIST, or some more
/// below a folder full of foreign objects; what may pass is repeated.
///
/// # Errors
/// What the store said at last.
// P-27.
pub(crate) async fn is_table(store: &LogStore) -> Result<bool, StoreError> {
    store.any_below(VERSIONS_DIR, |object| version(object.path.as_ref()).is_some()).await
}

/// The version that the object at this path is the manifest of, directly in the folder of versions.
fn version(path: &str) -> Option<u64> {
    parse_table_manifest_name(path.strip_prefix(VERSIONS_DIR)?.strip_prefix('/')?)
}

const VERSIONS_DIR: &str = "_versions";
