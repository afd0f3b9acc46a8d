//! Named cursors: how far a consumer got, so that a collector keeps what it still needs.
// P-53, P-54, P-95 to P-97.

use crate::drive::Driver;
use crate::shard::Io;
use crate::{LogEntry, ReadError, ReadFrom, ReadOptions, ResumePoint, Wal, telemetry};
use fencepost_fence::{CursorCore, CursorDocuments, CursorEvent};
use fencepost_format::{Consumed, CursorName, Epoch, Position};

/// A consumer's cursor: everything up to its position was consumed, everything above is kept for it.
///
/// It holds for ever, until it is moved or [removed](Self::remove), by whoever knows its
/// [name](Wal::remove_cursor): a consumer that is gone pins the log. One consumer at a time has a use for it;
/// two that move the same cursor are both told that all went well, and the log keeps what is above the higher
/// place.
#[derive(Debug)]
pub struct Cursor {
    io: Io,
    name: CursorName,
    driver: Driver<CursorCore>,
}

/// A cursor as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CursorStatus {
    /// Its name.
    pub name: CursorName,
    /// Nothing above this is collected.
    pub position: Position,
    /// Whether it is still in the making, or was left half made by a process that died. It holds the log all
    /// the same, until it is opened or removed.
    pub half_made: bool,
}

impl From<ResumePoint> for Consumed {
    fn from(point: ResumePoint) -> Self {
        Self { position: point.next.prev(), epoch: point.highest }
    }
}

impl From<&LogEntry> for Consumed {
    /// Up to and including this entry. Its epoch is the highest up to there, or it would not have been handed out.
    // P-40.
    fn from(entry: &LogEntry) -> Self {
        Self { position: entry.position(), epoch: entry.epoch() }
    }
}

/// Where a cursor that is new begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CursorStart {
    /// At the checkpoint: all that a writer which opens now would replay is to be consumed. Finding it costs a
    /// manifest search: two LISTs, two GETs.
    #[default]
    Checkpoint,
    /// Above what was consumed already.
    After(Consumed),
}

impl From<Consumed> for CursorStart {
    fn from(consumed: Consumed) -> Self {
        Self::After(consumed)
    }
}

impl From<Position> for CursorStart {
    /// Above this position. Its epoch is found out, which costs up to 63 GETs.
    // P-96.
    fn from(position: Position) -> Self {
        Self::After(position.into())
    }
}

impl From<ResumePoint> for CursorStart {
    fn from(point: ResumePoint) -> Self {
        Self::After(point.into())
    }
}

impl From<&LogEntry> for CursorStart {
    fn from(entry: &LogEntry) -> Self {
        Self::After(entry.into())
    }
}

impl Wal {
    /// Opens the cursor `name`: where it was left, or else at `start`: above what was consumed last, or, for a
    /// new consumer of everything that is still there, at the [checkpoint](CursorStart::Checkpoint).
    ///
    /// Costs one LIST and one GET, and one LIST more if it has not moved yet. If it is new, two PUTs and two
    /// LISTs and, where the [epoch](Consumed::epoch) is not told, a manifest search and up to 63 GETs. What a
    /// crash left of a cursor of this name is deleted.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] if the cursor is new and the log was collected past it; nothing is left
    /// behind then. A cursor that was there holds what is above it, so it is opened, whatever was collected.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a new cursor behind, which holds the log. Opening it again makes it
    /// anew; [removing](Self::remove_cursor) it ends it.
    pub async fn cursor(&self, name: CursorName, start: impl Into<CursorStart>) -> Result<Cursor, ReadError> {
        let (io, start) = (self.io.scoped(), start.into());
        let start = match start {
            CursorStart::Checkpoint => io.manifest().await?.replay_after.into(),
            CursorStart::After(consumed) => consumed,
        };
        let core =
            CursorCore::open(io.environment.now(), io.params.retry_timeout, io.environment.nonce(), start);
        let mut cursor = Cursor::new(io, name, core);
        loop {
            match cursor.drive().await? {
                CursorEvent::Held(position) => {
                    let epoch =
                        if start.epoch.is_none() { self.highest_up_to(position).await } else { start.epoch };
                    cursor.driver.machine.grant(cursor.io.environment.now(), epoch);
                }
                CursorEvent::Truncated { at, first } => return Err(ReadError::Truncated { at, first }),
                _ => return Ok(cursor),
            }
        }
    }

    /// Opens the cursor `name` where it was left; if there is none, none is made. For a consumer that knows
    /// that it had one: [`cursor`](Self::cursor) would begin anew and miss what was between.
    ///
    /// Costs one LIST and one GET, and one LIST more if it has not moved yet.
    ///
    /// # Errors
    /// [`ReadError::NoCursor`] if there is none, or only one that was left half made. It names the first position
    /// that can be had.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing, but a half made cursor may have been given up.
    // P-97.
    pub async fn existing_cursor(&self, name: CursorName) -> Result<Cursor, ReadError> {
        let io = self.io.scoped();
        let core = CursorCore::existing(io.environment.now(), io.params.retry_timeout);
        let mut cursor = Cursor::new(io, name, core);
        if cursor.drive().await? == CursorEvent::Missing {
            let first = cursor.io.boundary().await?.next();
            return Err(ReadError::NoCursor { name: cursor.name, first });
        }
        Ok(cursor)
    }

    /// The cursors of this log, in the order of their names. Costs one LIST.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub async fn cursors(&self) -> Result<Vec<CursorStatus>, ReadError> {
        let found = self.io.list_cursors().await?;
        let status = |(name, documents): (CursorName, CursorDocuments)| {
            let position = documents.held()?;
            Some(CursorStatus { name, position, half_made: documents.is_in_the_making() })
        };
        Ok(found.into_iter().filter_map(status).collect())
    }

    /// Removes a cursor, wherever it was left and in whatever state: it no longer holds anything. Returns
    /// whether there was one, or anything left of one. Costs one LIST and the deletions.
    ///
    /// A consumer that still has it is not told. It may find that what it has not read yet was collected
    /// ([`ReadError::Truncated`]).
    ///
    /// # Errors
    /// [`ReadError::Cursor`]: it may still hold. Removing it again is safe.
    pub async fn remove_cursor(&self, name: &CursorName) -> Result<bool, ReadError> {
        let io = self.io.scoped();
        let core = CursorCore::removal(io.environment.now(), io.params.retry_timeout);
        let mut cursor = Cursor::new(io, name.clone(), core);
        let removed = cursor.drive().await?;
        Ok(removed == CursorEvent::Removed { found: true })
    }

    /// The highest epoch up to a position that a cursor holds; [`Epoch::NONE`] if it can't be told, or does
    /// not matter.
    ///
    /// A reader that starts there would find out the same; this spares it.
    // P-43.
    async fn highest_up_to(&self, position: Position) -> Epoch {
        if position.is_none() {
            return Epoch::NONE;
        }
        let from = ReadFrom::Position(position.next());
        let Ok(mut reader) = self.reader(ReadOptions::from(from).with_end(position)).await else {
            return Epoch::NONE;
        };
        // However that ends: the reader knows an epoch only if it read everything below.
        let _ = reader.next().await;
        reader.resume_point().highest
    }
}

impl Cursor {
    fn new(io: Io, name: CursorName, core: CursorCore) -> Self {
        let driver = Driver::new(core, &io.environment);
        Self { io, name, driver }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &CursorName {
        &self.name
    }

    /// The last position consumed.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.driver.machine.consumed().position
    }

    /// What was consumed, with the highest epoch up to there if that is known.
    #[must_use]
    pub const fn consumed(&self) -> Consumed {
        self.driver.machine.consumed()
    }

    /// Where a reader for this consumer begins, with the highest epoch below if that is known.
    // P-96.
    #[must_use]
    pub fn read_from(&self) -> ReadFrom {
        let Consumed { position, epoch } = self.driver.machine.consumed();
        let point = ResumePoint { next: position.next(), highest: epoch };
        ReadFrom::Cursor { name: self.name.clone(), point }
    }

    /// Moves on: everything up to `to` was consumed. Moving back or staying does nothing.
    ///
    /// Say it with the [entry](LogEntry) that was consumed, or with a reader's [resume
    /// point](crate::Reader::resume_point): then the next reader knows the epoch from the cursor. After a
    /// bare position it has to read up to 63 entries below.
    ///
    /// The new place is written before the old one is deleted, so something holds the log at every moment.
    /// Costs one PUT and one DELETE.
    ///
    /// # Errors
    /// [`ReadError::Cursor`]: the cursor holds at its old place, and perhaps at the new one too. That may also become so later: a consumer
    /// that dies now and comes back may find the cursor at its old place, and what it had said it was done
    /// with collected all the same ([`ReadError::Truncated`] up to that place at most). Opening the cursor
    /// once more then finds the new place.
    ///
    /// # Cancel safety
    /// As after an error.
    // P-43.
    pub async fn advance(&mut self, to: impl Into<Consumed>) -> Result<(), ReadError> {
        self.driver.drop_requests();
        self.driver.machine.advance(self.io.environment.now(), to.into());
        let moved = self.drive().await.map(drop);
        telemetry::cursor_moved(self.io.paths.shard(), &self.name, moved.as_ref().copied());
        moved
    }

    /// Lets go of the log: the cursor is deleted. Costs one LIST and the deletions.
    ///
    /// # Errors
    /// [`ReadError::Cursor`]: it may still hold.
    pub async fn remove(mut self) -> Result<(), ReadError> {
        self.driver.drop_requests();
        self.driver.machine.remove(self.io.environment.now());
        self.drive().await.map(drop)
    }

    /// Performs what the core asks for until something happens.
    async fn drive(&mut self) -> Result<CursorEvent, ReadError> {
        let perform = |request| self.io.clone().perform_cursor(self.name.clone(), request);
        match self.driver.outcome(perform).await {
            CursorEvent::GaveUp(why) => {
                let cause = self.driver.take_cause();
                Err(ReadError::Cursor { name: self.name.clone(), why, cause })
            }
            event => Ok(event),
        }
    }
}
