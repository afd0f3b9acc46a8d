//! Named cursors: how far a consumer got, so that a collector keeps what it still needs (P-53, P-54).

use crate::io::{Io, Performed, highest_boundary};
use crate::{ReadError, ReadFrom, ResumePoint, Wal};
use fencepost_fence::{GaveUp, ReadReply, Reply};
use fencepost_format::{CursorName, Epoch, Position};
use fencepost_store::{Listed, ReadOutcome, Refusal};

/// A consumer's cursor: everything up to its position was consumed, everything above is kept for it.
///
/// It holds for ever, until it is moved or [removed](Self::remove): a consumer that is gone pins the log.
#[derive(Debug)]
pub struct Cursor {
    io: Io,
    name: CursorName,
    position: Position,
    /// Where documents may stand that a broken-off [`advance`](Self::advance) left behind. They would hold the log for ever.
    stale: Vec<Position>,
}

impl Wal {
    /// Opens the cursor `name`: where it was left, or else at `start` (the last position consumed; for a new consumer of everything that is
    /// still there, the checkpoint).
    ///
    /// Costs two LISTs, and one PUT if the cursor is new. Documents that a crash in [`Cursor::advance`] left are deleted.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] if the log was collected past it; a new cursor is then not left behind.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a new cursor behind; opening it again finds it.
    pub async fn cursor(&self, name: CursorName, start: Position) -> Result<Cursor, ReadError> {
        let io = self.io.scoped();
        let mut stale = positions(&io, &name).await?;
        let found = stale.iter().copied().max();
        let position = found.unwrap_or(start);
        stale.retain(|&at| at != position);
        let mut cursor = Cursor { io, name, position, stale };
        if found.is_none() {
            cursor.write(start).await?;
        }
        cursor.sweep().await?;
        // P-54: the cursor is written; has a collector gone past it?
        let boundary = boundary(&cursor.io).await?;
        if boundary > cursor.position {
            let at = cursor.position.next();
            if found.is_none() {
                cursor.remove().await?;
            }
            return Err(ReadError::Truncated { at, first: boundary.next() });
        }
        Ok(cursor)
    }
}

impl Cursor {
    /// The last position consumed.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Where a reader for this consumer begins.
    #[must_use]
    pub fn read_from(&self) -> ReadFrom {
        // P-43: the reader finds out which epoch rules below.
        let point = ResumePoint { next: self.position.next(), highest: Epoch::NONE };
        ReadFrom::Cursor { name: self.name.clone(), point }
    }

    /// Moves on: everything up to `position` was consumed. Moving back or staying does nothing.
    ///
    /// The new place is written before the old one is deleted, so something holds the log at every moment. Costs one PUT and one DELETE.
    ///
    /// # Errors
    /// [`ReadError::Store`]: the cursor holds at its old place, and perhaps at the new one too. That may also become so later: a consumer
    /// that dies now and comes back may find the cursor at its old place, and what it had said it was done with
    /// collected all the same ([`ReadError::Truncated`] up to `position` at most). Opening the cursor once more then finds the new place.
    ///
    /// # Cancel safety
    /// As after an error.
    pub async fn advance(&mut self, position: Position) -> Result<(), ReadError> {
        if position <= self.position {
            return Ok(());
        }
        // Until it is known to be written, it may be or come to be.
        self.stale.push(position);
        self.write(position).await?;
        self.stale.retain(|&at| at != position);
        self.stale.push(std::mem::replace(&mut self.position, position));
        self.sweep().await
    }

    /// Lets go of the log: the cursor is deleted, wherever it was left. Costs one LIST and the deletions.
    ///
    /// # Errors
    /// [`ReadError::Store`]: it may still hold.
    pub async fn remove(self) -> Result<(), ReadError> {
        let all = positions(&self.io, &self.name).await?;
        self.delete(all).await
    }

    async fn write(&self, position: Position) -> Result<(), ReadError> {
        let document = fencepost_format::Cursor { name: self.name.clone(), position };
        let path = self.io.paths.cursor(&self.name, position);
        for _ in 0..CREATES_MAX {
            match self.io.store.put_new(&path, document.encode().into()).await.map_err(|refused| refused.why)
            {
                Ok(_) => return Ok(()),
                // The name says everything: whoever wrote it wrote the same. But some stores say so of a name where nothing stands.
                Err(Refusal::Exists) => match self.io.store.head(&path).await {
                    ReadOutcome::Found(_) => return Ok(()),
                    ReadOutcome::Absent => {}
                    ReadOutcome::Unknown(source) => return Err(source.into()),
                },
                Err(Refusal::NotDone { source, .. } | Refusal::Unknown { source }) => {
                    return Err(source.into());
                }
            }
        }
        Err(ReadError::GaveUp { at: position.next(), why: GaveUp::Unknown, cause: None })
    }

    async fn sweep(&mut self) -> Result<(), ReadError> {
        self.delete(self.stale.iter().copied()).await?;
        self.stale.clear();
        Ok(())
    }

    async fn delete(&self, positions: impl IntoIterator<Item = Position>) -> Result<(), ReadError> {
        let paths = positions.into_iter().map(|position| self.io.paths.cursor(&self.name, position));
        for deletion in self.io.store.delete(paths).await {
            deletion.result?;
        }
        Ok(())
    }
}

/// Where the cursor's documents stand; a crash in `advance` leaves two.
async fn positions(io: &Io, name: &CursorName) -> Result<Vec<Position>, ReadError> {
    let listed = io.store.list_all(io.paths.cursor_dir(name)).await?;
    Ok(listed.iter().filter_map(|object| Some(io.paths.parse_cursor(object.path.as_ref())?.1)).collect())
}

/// Where the cursor stands now, for a reader that it keeps something for (P-46). Costs one LIST.
pub(super) async fn read_cursor(io: &Io, name: &CursorName) -> Performed {
    let listed = match io.once().list_all(io.paths.cursor_dir(name)).await {
        Ok(listed) => listed,
        Err(error) => return Performed::failed(Reply::Cursor(ReadReply::Unknown), error.into()),
    };
    let place = |object: &Listed| Some(io.paths.parse_cursor(object.path.as_ref())?.1);
    let highest = listed.iter().filter_map(place).max();
    Performed::plain(Reply::Cursor(highest.map_or(ReadReply::Absent, ReadReply::Found)))
}

/// The boundary that counts. Costs one LIST.
pub(crate) async fn boundary(io: &Io) -> Result<Position, ReadError> {
    let listed = io.store.list_all(io.paths.gc_dir()).await?;
    Ok(highest_boundary(&listed))
}

/// How often a create is tried that meets "exists" where nothing stands.
const CREATES_MAX: u32 = 5;
