//! Why a collection ended without a result.

use crate::shard::Io;
use crate::{Cause, ReadError};
use fencepost_fence::GaveUp;
use fencepost_store::StoreError;
use snafu::Snafu;

/// A collection that ended without a result. Nothing was deleted.
#[derive(Debug, Snafu)]
#[non_exhaustive]
pub enum CollectError {
    /// There is no manifest: this is not a shard, or nobody has opened it yet.
    #[snafu(display(
        "{root}: no log here, because there is no manifest; nothing was deleted. Check the path"
    ))]
    NoLog {
        /// The shard's folder.
        root: String,
    },
    /// There is no manifest, but there are entries or a boundary: there was a log.
    #[snafu(display(
        "{root}: the manifests of this log are lost; nothing was deleted. Put them back, from older versions of the bucket or a copy"
    ))]
    ManifestsLost {
        /// The shard's folder.
        root: String,
    },
    /// The store did not answer properly until the retry timeout ended.
    #[snafu(display("{root}: {what}; nothing was deleted. Collect again once the store answers: {source}"))]
    Store {
        /// The shard's folder.
        root: String,
        /// Which step ended the collection.
        what: &'static str,
        /// The last failure seen.
        source: StoreError,
    },
    /// The latest manifest exists, but cannot be understood.
    #[snafu(display("{root}: the latest manifest cannot be understood; nothing was deleted. {source}"))]
    Manifest {
        /// The shard's folder.
        root: String,
        /// What is wrong with it, and what to do.
        source: Cause,
    },
    /// Every listing shows a manifest, and every read says that it is not there.
    #[snafu(display(
        "{object}: the store lists it, but a read says that it is not there; nothing was deleted. The store's listings are wrong"
    ))]
    ListedNotThere {
        /// The manifest.
        object: String,
    },
    /// It ended without an error from the store.
    #[snafu(display("{root}: {what}; nothing was deleted. Collect again"))]
    Unanswered {
        /// The shard's folder.
        root: String,
        /// Which step ended the collection.
        what: &'static str,
    },
}

impl CollectError {
    /// Whether the same collection may succeed later although nobody changes anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store { source, .. } => source.is_retryable(),
            Self::Unanswered { .. } | Self::ListedNotThere { .. } => true,
            Self::NoLog { .. } | Self::ManifestsLost { .. } | Self::Manifest { .. } => false,
        }
    }
}

/// What it means that there is no manifest.
pub(super) async fn no_manifest(io: &Io) -> CollectError {
    let root = io.paths.root();
    match io.no_manifest().await {
        ReadError::ManifestsLost { .. } => CollectError::ManifestsLost { root },
        ReadError::Store { source } => {
            CollectError::Store { root, what: "it is not known whether there was a log", source }
        }
        _ => CollectError::NoLog { root },
    }
}

/// `last`: the last thing that went wrong.
pub(super) fn give_up(io: &Io, why: GaveUp, last: Option<Cause>) -> CollectError {
    let root = io.paths.root();
    let what = match why {
        GaveUp::Unread => "a list or read was not answered",
        GaveUp::Unknown => "it is not known whether the boundary was published",
        GaveUp::NotDone => "the boundary could not be published",
        GaveUp::DamagedManifest(_) => "the latest manifest cannot be understood",
        GaveUp::MissingManifest(_) => "the latest manifest is listed, but not there",
        GaveUp::DamagedEntry(_)
        | GaveUp::LostEntry { .. }
        | GaveUp::RolledBack { .. }
        | GaveUp::WentBack { .. } => "internal error: unexpected end of a collection",
    };
    match (why, io.cause_of(why, last)) {
        (GaveUp::MissingManifest(_), Some(Cause::ListedNotThere { object })) => {
            CollectError::ListedNotThere { object }
        }
        (GaveUp::DamagedManifest(_), Some(source)) => CollectError::Manifest { root, source },
        (_, Some(Cause::Store { source })) => CollectError::Store { root, what, source },
        _ => CollectError::Unanswered { root, what },
    }
}
