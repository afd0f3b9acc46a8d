//! Why a log was not copied, or no log made of a copy.

use crate::error::caused;
use crate::{Cause, ErrorKind, ReadError, SealError, WalError};
use fencepost_fence::RestoreRefused;
use fencepost_format::{FormatError, Position, ShardId};
use fencepost_store::{Escaped, StoreError};
use snafu::Snafu;

/// Why a log was not copied. The log is as it was.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum ExportError {
    /// The log cannot be read.
    #[snafu(transparent)]
    Read {
        /// Why.
        source: ReadError,
    },
    /// A request failed.
    #[snafu(transparent)]
    Store {
        /// The store's error.
        source: StoreError,
    },
    /// The document of the export is too large.
    #[snafu(transparent)]
    Format {
        /// Why.
        source: FormatError,
    },
    /// An entry that is to be copied is not there, or not as it should be.
    #[snafu(display(
        "position {at} cannot be copied: {cause}. `verify` says more; `repair` gives such an entry up"
    ))]
    Entry {
        /// Its position.
        at: Position,
        /// What is wrong.
        #[snafu(source)]
        cause: Cause,
    },
    /// A collection has deleted entries that were to be copied.
    #[snafu(display(
        "a collection went up to position {boundary} while the log was copied; export it again"
    ))]
    Collected {
        /// The boundary.
        boundary: Position,
    },
    /// Lance writes to this shard, and its SSTables belong to the table.
    #[snafu(display(
        "Lance writes to this shard, so a copy of its log alone is no copy of its rows; copy the table"
    ))]
    Lance,
    /// Something else lies where the copy is to go.
    #[snafu(display(
        "{place}: {} is there already, and is not of this copy; choose another place",
        Escaped(object)
    ))]
    Occupied {
        /// The place.
        place: String,
        /// The object.
        object: String,
    },
    /// An object could not be written.
    #[snafu(display(
        "{object} was not written{}; run it again once the store answers, it goes on where it was",
        cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}"))
    ))]
    NotWritten {
        /// The object.
        object: String,
        /// The last thing that went wrong.
        cause: Option<StoreError>,
    },
}

impl ExportError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source } => source.kind(),
            Self::Store { source } => ErrorKind::of_store(source),
            Self::Format { source } => ErrorKind::of_format(source),
            Self::Entry { cause, .. } => cause.kind(),
            Self::Lance | Self::Occupied { .. } => ErrorKind::Invalid,
            Self::Collected { .. } => ErrorKind::Unavailable,
            Self::NotWritten { cause, .. } => {
                cause.as_ref().map_or(ErrorKind::Unavailable, ErrorKind::of_store)
            }
        }
    }
}

/// Why no log was made of a copy. What was written so far is a sealed shard that is not whole, or nothing; the same
/// import goes on with it when it is tried again.
#[derive(Debug, Snafu)]
#[snafu(module)]
#[non_exhaustive]
pub enum ImportError {
    /// There is no export at that place, or one that is not whole.
    #[snafu(display("{place}: no export here, or one that was broken off: export.json is missing"))]
    NoExport {
        /// The place.
        place: String,
    },
    /// The copy must not take the place of the log that it was made of.
    #[snafu(display("{}", refused_text(why)))]
    Refused {
        /// Why.
        why: RestoreRefused,
    },
    /// The log that was copied could not be looked at, so nobody knows whether something writes there.
    #[snafu(display("the log that was copied could not be looked at: {source}"))]
    Source {
        /// Why.
        source: ReadError,
    },
    /// The place of the new log could not be looked at.
    #[snafu(display("the place of the new log could not be looked at: {source}"))]
    Look {
        /// Why.
        source: ReadError,
    },
    /// All entries are there, and the seal that kept writers away until then was not lifted.
    #[snafu(display(
        "all entries are there, but the seal that keeps writers away until then was not lifted: {source}"
    ))]
    Lift {
        /// Why.
        source: SealError,
    },
    /// The epochs are used up.
    #[snafu(display("there is no epoch left to begin with"))]
    NoEpoch,
    /// A log is there already.
    #[snafu(display(
        "{place}: there is a log already, shard {shard}; import to a place without one, or name a shard"
    ))]
    Occupied {
        /// The place.
        place: String,
        /// Its shard.
        shard: ShardId,
    },
    /// An entry of the export is missing or damaged.
    #[snafu(display("the export is damaged at position {at}{}", caused(cause)))]
    Damaged {
        /// Its position.
        at: Position,
        /// What is wrong; `None` if it is missing.
        cause: Option<Cause>,
    },
    /// The export's document cannot be understood.
    #[snafu(transparent)]
    Format {
        /// Why.
        source: FormatError,
    },
    /// The place of the new log cannot be used.
    #[snafu(transparent)]
    Place {
        /// Why.
        source: WalError,
    },
    /// A request failed.
    #[snafu(transparent)]
    Store {
        /// The store's error.
        source: StoreError,
    },
    /// An object could not be written.
    #[snafu(display("the log was not made: {source}"))]
    Write {
        /// Why.
        source: ExportError,
    },
}

impl ImportError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoExport { .. } => ErrorKind::Missing,
            Self::Refused { .. } => ErrorKind::Held,
            Self::Source { source } | Self::Look { source } => source.kind(),
            Self::Lift { source } => source.kind(),
            Self::NoEpoch | Self::Occupied { .. } => ErrorKind::Invalid,
            Self::Damaged { cause, .. } => cause.as_ref().map_or(ErrorKind::Damaged, Cause::kind),
            Self::Format { source } => ErrorKind::of_format(source),
            Self::Place { source } => source.kind(),
            Self::Store { source } => ErrorKind::of_store(source),
            Self::Write { source } => source.kind(),
        }
    }
}

fn refused_text(why: &RestoreRefused) -> String {
    match why {
        RestoreRefused::NotSealed { epoch } => format!(
            "the log that was copied still takes writers (epoch {epoch}): rows that they are told are in the log would not be in this copy. \
             Seal it, export it again, and import that"
        ),
        RestoreRefused::CopiedBefore { copied, sealed } => format!(
            "the log that was copied (epoch {copied}) went on until it was sealed under epoch {sealed}: rows from in between would not be in this copy. \
             Export it again, and import that"
        ),
        RestoreRefused::NotFound => {
            "the log that was copied is not to be found, so nobody knows whether something still writes there. \
             Name its place if it has moved; or vouch that it is gone and that no process can write there any more"
                .to_owned()
        }
    }
}
