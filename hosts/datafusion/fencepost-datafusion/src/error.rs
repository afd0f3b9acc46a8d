//! Why a log could not be asked.

use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use fencepost::{CursorName, ErrorKind, Position, ReadError};
use snafu::Snafu;
use std::error::Error;

/// Why a log could not be opened as a table, or why a query over it ended without its answer.
///
/// In a query it comes as [`DataFusionError::External`], perhaps in others: [`find`](Self::find) finds it.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum LogError {
    /// The log could not be read. [`ReadError::Truncated`] names the position that was collected while the query ran.
    #[snafu(display("{log}, of which positions {first} to {last} are asked: {source}"))]
    Read {
        /// The log.
        log: String,
        /// The first position of the snapshot.
        first: Position,
        /// The last position of the snapshot.
        last: Position,
        /// What ended the reading.
        #[snafu(source(from(ReadError, Box::new)))]
        source: Box<ReadError>,
    },
    /// The snapshot could not be taken.
    #[snafu(display("{log}: {source}"))]
    Snapshot {
        /// The log.
        log: String,
        /// What went wrong.
        #[snafu(source(from(ReadError, Box::new)))]
        source: Box<ReadError>,
    },
    /// What comes in above the snapshot could not be read. [`ReadError::Truncated`] names the position that was
    /// collected before the query came to it.
    #[snafu(display("{log}, as it grows: {source}"))]
    Follow {
        /// The log.
        log: String,
        /// What ended the reading.
        #[snafu(source(from(ReadError, Box::new)))]
        source: Box<ReadError>,
    },
    /// The log ends before the end of the snapshot: what was there is not there any more.
    #[snafu(display(
        "{log}: the log reached position {last} when the snapshot was taken, and ends before position {at} now; \
         it was deleted or rolled back"
    ))]
    Shorter {
        /// The log.
        log: String,
        /// The first position that is not there.
        at: Position,
        /// The last position of the snapshot.
        last: Position,
    },
    /// A column has another type in this entry than in the table, and its values cannot be converted without a loss.
    #[snafu(display(
        "position {at}: column {column:?} is {found} there, but {expected} in the table; ask for positions with one \
         type of it, or for other columns"
    ))]
    ColumnType {
        /// The entry's position.
        at: Position,
        /// The column.
        column: String,
        /// Its type in the entry.
        found: DataType,
        /// Its type in the table.
        expected: DataType,
    },
    /// A value does not fit the type that its column has in the table.
    #[snafu(display("position {at}: column {column:?}: {reason}"))]
    Value {
        /// The entry's position.
        at: Position,
        /// The column.
        column: String,
        /// Why not.
        reason: String,
    },
    /// Two columns of an entry have the same name.
    #[snafu(display(
        "position {at}: two columns are named {column:?}, so the name does not say which is meant"
    ))]
    TwoColumns {
        /// The entry's position.
        at: Position,
        /// The name.
        column: String,
    },
    /// The log has a column with the name of one that the table adds.
    #[snafu(display(
        "the log has a column named {column:?}, which the table adds itself; choose another prefix than {prefix:?} \
         for what it adds"
    ))]
    ColumnTaken {
        /// The column.
        column: String,
        /// The prefix of the columns that the table adds.
        prefix: String,
    },
    /// There is a cursor with the name that the query was to hold the log by. It is its consumer's, and was left
    /// alone.
    #[snafu(display(
        "there is a cursor {name} already, which may be another consumer's; choose a name for this query"
    ))]
    CursorTaken {
        /// The name.
        name: CursorName,
    },
}

impl LogError {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } | Self::Snapshot { source, .. } | Self::Follow { source, .. } => {
                source.kind()
            }
            Self::Shorter { .. } => ErrorKind::Damaged,
            Self::CursorTaken { .. } => ErrorKind::Held,
            Self::ColumnType { .. }
            | Self::Value { .. }
            | Self::TwoColumns { .. }
            | Self::ColumnTaken { .. } => ErrorKind::Invalid,
        }
    }

    /// The position that was collected before it was read, and the first one that can be read, if that is the reason.
    #[must_use]
    pub fn collected(&self) -> Option<(Position, Position)> {
        let (Self::Read { source, .. } | Self::Snapshot { source, .. } | Self::Follow { source, .. }) = self
        else {
            return None;
        };
        match **source {
            ReadError::Truncated { at, first } => Some((at, first)),
            _ => None,
        }
    }

    /// The error of a log that made a query fail, if that is what it failed of.
    #[must_use]
    pub fn find(error: &DataFusionError) -> Option<&Self> {
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

impl From<LogError> for DataFusionError {
    fn from(error: LogError) -> Self {
        Self::External(Box::new(error))
    }
}
