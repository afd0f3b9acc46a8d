//! One entry by its position, whether it counts or not.

use crate::{LogEntry, ReadError, Wal};
use fencepost_format::{Entry, Position};

impl Wal {
    /// The entry that stands at `at`, whatever it is: a fence entry, a filler, or rows of a dead writer that
    /// no reader hands out. `None` if the position is empty.
    ///
    /// For looking at a log and for saving rows out of one that was damaged. It says nothing about whether
    /// the entry belongs to the log: [`reader`](Self::reader) does. Costs one GET.
    ///
    /// # Errors
    /// [`ReadError::Store`] if it could not be read, [`ReadError::Rows`] if it cannot be understood.
    pub async fn entry_at(&self, at: Position) -> Result<Option<LogEntry>, ReadError> {
        let io = self.io.scoped();
        let path = io.paths.entry(at);
        let Some(object) = io.entry_object(at).await.into_result()? else { return Ok(None) };
        Ok(Some(Entry::decode(&path, at, &object.bytes, io.limits)?.into()))
    }
}
