//! From a path or URL to a store.

#[cfg(feature = "cloud")]
mod cloud;
mod location;
mod memory;

use crate::disk::{RealDisk, at_once};
use crate::local::{LocalDirectory, LocalError, make_durable};
use crate::options::{ClientRetries, StoreOptions};
use crate::store::{Backend, LogStore};
use location::Location;
use object_store::path::Path as ObjectPath;
use snafu::Snafu;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl LogStore {
    /// Opens a store by path or URL. Makes no request.
    ///
    /// | location | store |
    /// |---|---|
    /// | `dir`, `./dir`, `/abs/dir`, `file:///abs/dir` | a local directory, flushed to disk at every write |
    /// | `memory://name/prefix` | memory of this process, shared by all who open the same name; never freed |
    /// | `s3://bucket/prefix`, `s3a://` | S3 and what speaks its protocol |
    /// | `gs://bucket/prefix` | Google Cloud Storage |
    /// | `az://container/prefix`, `abfs[s]://container@account.dfs.core.windows.net/prefix` | Azure |
    /// | `https://` addresses of S3 buckets, R2 buckets and Azure containers | as their names say |
    ///
    /// Credentials, endpoints and the like come from the environment variables that `object_store` reads
    /// (`AWS_*`, `GOOGLE_*`, `AZURE_*`); [options](StoreOptions::with_client_option) override them. Plain
    /// HTTP is refused unless they allow it (`AWS_ALLOW_HTTP=true`). Azure's emulator is chosen by
    /// `AZURE_STORAGE_USE_EMULATOR=true`; its address is read from `AZURITE_BLOB_STORAGE_URL` and nowhere
    /// else.
    ///
    /// The client's own retries are off, so that one call is one attempt and a refusal means what it says. A
    /// local directory is made if it is missing (unless [told not to](StoreOptions::create_missing)). Buckets
    /// are not: that one is missing shows at the first request, as
    /// [`Failure::NoBucket`](crate::Failure::NoBucket).
    ///
    /// Blocks the thread for a few file operations on local directories.
    ///
    /// # Errors
    /// [`OpenError`], which says what to write instead.
    pub fn open(location: &str, options: StoreOptions) -> Result<Self, OpenError> {
        let location = Location::parse(location)?;
        if !matches!(location, Location::Cloud { .. }) && !options.client_options.is_empty() {
            let (key, _) = options.client_options[0].clone();
            return UnknownOptionSnafu { key, store: "local directories and memory" }.fail();
        }
        let mut directory = None;
        #[cfg(feature = "cloud")]
        let mut endpoint = None;
        #[cfg(feature = "cloud")]
        let mut bucket = None;
        let (inner, root, backend): (Arc<dyn object_store::ObjectStore>, _, _) = match location {
            Location::Directory(path) => {
                let opened = directory.insert(open_directory(&path, options.create_missing)?);
                (Arc::new(opened.clone()), ObjectPath::ROOT, Backend::Local)
            }
            Location::Memory { name, prefix } => (memory::named(&name), prefix, Backend::Memory),
            #[cfg(feature = "cloud")]
            Location::Cloud { url, backend, prefix } => {
                let built = cloud::build(&url, backend, &options)?;
                endpoint = built.endpoint;
                {
                    bucket = built.bucket;
                }
                (built.store, prefix, backend)
            }
            #[cfg(not(feature = "cloud"))]
            Location::Cloud { url, .. } => return NoCloudSnafu { scheme: url.scheme() }.fail(),
        };
        let client_retries = options.client_retries.unwrap_or(ClientRetries::Off);
        let store = Self::assemble(inner, root, backend, client_retries, options).with_directory(directory);
        #[cfg(feature = "cloud")]
        let store = store.with_endpoint(endpoint);
        #[cfg(feature = "cloud")]
        let store = store.with_bucket(bucket);
        Ok(store)
    }
}

fn open_directory(path: &Path, create: bool) -> Result<LocalDirectory<RealDisk>, OpenError> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_dir() => return NotADirectorySnafu { path }.fail(),
        Ok(_) if create => flush(path)?,
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && create => flush(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return MissingSnafu { path }.fail(),
        Err(source) => return Err(OpenError::Directory { path: path.into(), source }),
    }
    LocalDirectory::new(path)
        .map_err(|error| OpenError::Directory { path: path.into(), source: io::Error::other(error) })
}

/// Makes the directory and those above it that are missing, and flushes them: an entry in a directory that a
/// power cut takes away is not durable.
fn flush(path: &Path) -> Result<(), OpenError> {
    let existing = path.ancestors().skip(1).find(|at| at.exists());
    let top = existing
        .map_or(path, |existing| path.ancestors().take_while(|at| *at != existing).last().unwrap_or(path));
    at_once(make_durable(&RealDisk, path, top)).map_err(|error| match error {
        LocalError::Unfit { path, source, .. } => OpenError::Unflushable { path, source },
        LocalError::Before { path, source, .. } => OpenError::Directory { path, source },
        other => OpenError::Directory { path: path.into(), source: io::Error::other(other) },
    })
}

/// Why a store cannot be opened, and what to do about it.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum OpenError {
    /// The location is neither a path nor a URL of a kind that is known.
    #[snafu(display(
        "`{location}`: scheme `{scheme}` is not known; use a directory, file:///, memory://, s3://, gs:// or az://"
    ))]
    UnknownScheme {
        /// What was given, without credentials.
        location: String,
        /// The part before the colon.
        scheme: String,
    },
    /// The URL names no bucket.
    #[snafu(display("`{location}` names no bucket; write {scheme}://BUCKET or {scheme}://BUCKET/PREFIX"))]
    NoBucket {
        /// What was given, without credentials.
        location: String,
        /// The part before the colon.
        scheme: String,
    },
    /// The location cannot be used as it is written.
    #[snafu(display("`{location}`: {problem}"))]
    BadLocation {
        /// What was given, without credentials.
        location: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// A client option that the store does not have.
    #[snafu(display("there is no option `{key}` for {store}"))]
    UnknownOption {
        /// The option's name.
        key: String,
        /// For which sort of store.
        store: &'static str,
    },
    /// The directory does not exist, and the options say not to create it.
    #[snafu(display("directory `{}` does not exist; check the path, or create the directory", path.display()))]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The path is a file.
    #[snafu(display("`{}` is not a directory; give the directory that holds the log", path.display()))]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory cannot be created, read or flushed.
    #[snafu(display("cannot use directory `{}`; create it, with permission to read and write", path.display()))]
    Directory {
        /// The directory, or the one above it that is in the way.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file system cannot flush directories, so nothing in them is durable.
    #[snafu(display(
        "the file system of `{}` cannot flush directories ({source}), so an acknowledged append could be gone after a power cut; keep \
         the log on another file system",
        path.display()
    ))]
    Unflushable {
        /// The directory.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The client refused its settings.
    #[snafu(display(
        "`{location}`: the client cannot be set up: {message}; check its options and environment variables"
    ))]
    Client {
        /// What was given, without credentials.
        location: String,
        /// The client's words, without credentials.
        message: String,
    },
    /// This build has no cloud stores.
    #[snafu(display("{scheme}:// needs the feature `cloud`, which this build lacks"))]
    NoCloud {
        /// The part before the colon.
        scheme: String,
    },
}
