//! A cursor that keeps a snapshot from being collected.

use crate::error::{CursorTakenSnafu, LogError};
use fencepost::{Cursor, CursorName, CursorStart, Position, ReadError, Wal};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Handle;

/// A cursor of a query's own. It goes with the last one who reads by it.
#[derive(Debug)]
pub(crate) struct Hold {
    name: CursorName,
    cursor: Mutex<Option<Cursor>>,
    /// Where it is removed if nobody released it.
    runtime: Handle,
}

impl Hold {
    /// Makes the cursor just below `first`, or below the first position that is left if a collection is quicker.
    ///
    /// Must be called within a runtime of tokio's.
    pub(crate) async fn take(
        wal: &Wal,
        name: CursorName,
        mut first: Position,
    ) -> Result<(Self, Position), HoldError> {
        let taken = |name| HoldError::Log(CursorTakenSnafu { name }.build());
        if wal.cursors().await?.iter().any(|there| there.name == name) {
            return Err(taken(name));
        }
        loop {
            match wal.cursor(name.clone(), CursorStart::from(first.prev())).await {
                // Made by somebody else since, and moved: it is theirs.
                Ok(cursor) if cursor.position() != first.prev() => return Err(taken(name)),
                Ok(cursor) => {
                    let cursor = Mutex::new(Some(cursor));
                    return Ok((Self { name, cursor, runtime: Handle::current() }, first));
                }
                // Each time the boundary has moved on, which it cannot do above the checkpoint.
                Err(ReadError::Truncated { first: left, .. }) if left > first => first = left,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) const fn name(&self) -> &CursorName {
        &self.name
    }

    /// Lets go of the log. Nothing happens the second time.
    pub(crate) async fn release(&self) -> Result<(), ReadError> {
        match self.cursor() {
            Some(cursor) => cursor.remove().await,
            None => Ok(()),
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Some(cursor) = self.cursor() else { return };
        let name = self.name.clone();
        self.runtime.spawn(async move {
            if let Err(why) = cursor.remove().await {
                tracing::warn!(cursor = %name, %why, "a query's cursor was not removed: it holds the log until it is");
            }
        });
    }
}

/// Why there is no hold.
pub(crate) enum HoldError {
    Log(LogError),
    Read(ReadError),
}

impl From<ReadError> for HoldError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}
