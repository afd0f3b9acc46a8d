//! Named cursors: how far a consumer got, so that a collector keeps what it still needs.
// P-53, P-54, P-95 to P-97, P-160 to P-165.

use crate::drive::Driver;
use crate::shard::{BrokenCursor, CursorListed, Io};
use crate::{Amount, LogEntry, ReadError, ReadFrom, ReadOptions, ResumePoint, Wal, telemetry};
use fencepost_fence::{CursorCore, CursorEvent, CursorFound};
use fencepost_format::{Consumed, CursorName, Epoch, Exceeded, Leash, Position};
use std::time::SystemTime;

/// A consumer's cursor: everything up to its position was consumed, everything above is kept for it.
///
/// It holds for ever, until it is moved or [removed](Self::remove), by whoever knows its
/// [name](Wal::remove_cursor): a consumer that is gone pins the log. A [leash](CursorOptions::with_leash) limits that: a
/// collection may then break the cursor, and whoever has it is told ([`ReadError::CursorBroken`]). One consumer at a time has a use for it;
/// two that move the same cursor are both told that all went well, and the log keeps what is above the higher
/// place.
#[derive(Debug)]
pub struct Cursor {
    io: Io,
    name: CursorName,
    driver: Driver<CursorCore>,
    /// How it ended without our doing: it was broken, or removed.
    lost: Option<CursorEvent>,
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
    /// Its leash, if it has one.
    pub leash: Option<Leash>,
    /// Whether it was broken: then it holds nothing, and `position` is where it stood.
    // P-163.
    pub broken: bool,
    /// When it was made or moved last, by the store's clock.
    pub moved: Option<SystemTime>,
}

impl CursorStatus {
    /// The limit of its leash that it is over at this moment, if it holds this much. For people and monitors: a
    /// collection judges for itself, by the store's clock alone.
    // P-161.
    #[must_use]
    pub fn exceeded(&self, held: &Amount, now: SystemTime) -> Option<Exceeded> {
        let leash = self.leash.filter(|_| !self.broken)?;
        let oldest = held.oldest?;
        let age = |since: SystemTime| {
            let age = now.duration_since(since).unwrap_or_default();
            u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
        };
        let still = self.moved.map_or(0, |moved| age(oldest.max(moved)));
        leash.exceeded(still, age(oldest), held.objects, held.bytes)
    }

    /// Of several of one name, which is rare, the lowest that holds.
    fn of(name: CursorName, listed: &CursorListed) -> Option<Self> {
        let holds = || listed.documents.cursors().filter(|found| !found.broken);
        let broken = || listed.documents.cursors().max_by_key(CursorFound::held);
        let found = holds().min_by_key(CursorFound::held).or_else(broken)?;
        Some(Self {
            name,
            position: found.held(),
            half_made: !found.broken && listed.documents.is_in_the_making(),
            leash: found.leash,
            broken: found.broken,
            moved: listed.moved.get(&found.nonce).copied(),
        })
    }
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

/// How a cursor is opened, and what a new one is like.
///
/// ```
/// use fencepost::{CursorOptions, CursorStart, Leash, OnExceed};
/// use std::time::Duration;
///
/// let week = Duration::from_secs(7 * 86_400);
/// let leash = Leash::new().with_expire(week).with_bytes(10 << 30).with_on_exceed(OnExceed::Break);
/// let options = CursorOptions::new().with_start(CursorStart::Checkpoint).with_leash(leash);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[must_use]
pub struct CursorOptions {
    start: CursorStart,
    leash: Option<Leash>,
    remakes: bool,
}

impl CursorOptions {
    /// A new cursor begins at the checkpoint, and holds for ever.
    pub const fn new() -> Self {
        Self { start: CursorStart::Checkpoint, leash: None, remakes: false }
    }

    /// Where a new cursor begins. Default: at the [checkpoint](CursorStart::Checkpoint).
    pub const fn with_start(mut self, start: CursorStart) -> Self {
        self.start = start;
        self
    }

    /// The leash of a new cursor. Default: none, so it holds for ever. A cursor that is there keeps the leash that it
    /// has, or has none.
    ///
    /// Making it costs one PUT more, and each move one LIST. Tighter: a dead consumer costs less storage. Looser: a
    /// live one may be away longer.
    // P-160.
    pub const fn with_leash(mut self, leash: Leash) -> Self {
        self.leash = Some(leash);
        self
    }

    /// If the cursor was broken, make it anew at the start. Default: that is an error. For a consumer that knows, and
    /// can do without what may be gone.
    // P-165.
    pub const fn with_broken_remade(mut self) -> Self {
        self.remakes = true;
        self
    }
}

impl<T: Into<CursorStart>> From<T> for CursorOptions {
    fn from(start: T) -> Self {
        Self::new().with_start(start.into())
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
    /// [`ReadError::CursorBroken`] if it was broken, unless it is to be [made
    /// anew](CursorOptions::with_broken_remade).
    ///
    /// # Cancel safety
    /// Dropping the future may leave a new cursor behind, which holds the log. Opening it again makes it
    /// anew; [removing](Self::remove_cursor) it ends it.
    pub async fn cursor(
        &self,
        name: CursorName,
        options: impl Into<CursorOptions>,
    ) -> Result<Cursor, ReadError> {
        let (io, CursorOptions { start, leash, remakes }) = (self.io.scoped(), options.into());
        let start = match start {
            CursorStart::Checkpoint => io.manifest().await?.replay_after.into(),
            CursorStart::After(consumed) => consumed,
        };
        let core =
            CursorCore::open(io.environment.now(), io.params.retry_timeout, io.environment.nonce(), start);
        let core = leash.into_iter().fold(core, CursorCore::with_leash);
        let core = if remakes { core.with_broken_remade() } else { core };
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
    /// that can be had. [`ReadError::CursorBroken`] if it was broken.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing, but a half made cursor may have been given up.
    // P-97.
    pub async fn existing_cursor(&self, name: CursorName) -> Result<Cursor, ReadError> {
        let io = self.io.scoped();
        let core = CursorCore::existing(io.environment.now(), io.params.retry_timeout);
        let mut cursor = Cursor::new(io, name, core);
        cursor.drive().await?;
        Ok(cursor)
    }

    /// The cursors of this log, in the order of their names. Costs one LIST.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub async fn cursors(&self) -> Result<Vec<CursorStatus>, ReadError> {
        let found = self.io.list_cursors().await?;
        Ok(found.into_iter().filter_map(|(name, listed)| CursorStatus::of(name, &listed)).collect())
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
        Self { io, name, driver, lost: None }
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
    /// Costs one PUT and one DELETE; with a leash, also one LIST.
    ///
    /// # Errors
    /// With a leash: [`ReadError::CursorBroken`] and [`ReadError::NoCursor`], at every further call too. It holds
    /// nothing then.
    ///
    /// [`ReadError::Cursor`]: the cursor holds at its old place, and perhaps at the new one too. That may also become so later: a consumer
    /// that dies now and comes back may find the cursor at its old place, and what it had said it was done
    /// with collected all the same ([`ReadError::Truncated`] up to that place at most). Opening the cursor
    /// once more then finds the new place.
    ///
    /// # Cancel safety
    /// As after an error.
    // P-43.
    pub async fn advance(&mut self, to: impl Into<Consumed>) -> Result<(), ReadError> {
        self.still_there().await?;
        self.driver.drop_requests();
        self.driver.machine.advance(self.io.environment.now(), to.into());
        let moved = self.drive().await.map(drop);
        telemetry::cursor_moved(self.io.paths.shard(), &self.name, moved.as_ref().copied());
        moved
    }

    /// Lets go of the log: the cursor is deleted. Costs one LIST and the deletions.
    ///
    /// # Errors
    /// [`ReadError::Cursor`]: it may still hold. [`ReadError::CursorBroken`] and [`ReadError::NoCursor`] if a move was
    /// told so: then it is no longer ours to remove.
    pub async fn remove(mut self) -> Result<(), ReadError> {
        self.still_there().await?;
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
            event @ (CursorEvent::Missing | CursorEvent::Broken { .. }) => {
                self.lost = Some(event);
                Err(self.lost_error(event).await)
            }
            event => Ok(event),
        }
    }

    async fn still_there(&self) -> Result<(), ReadError> {
        match self.lost {
            Some(event) => Err(self.lost_error(event).await),
            None => Ok(()),
        }
    }

    /// What became of it, and what can still be had.
    // P-165.
    async fn lost_error(&self, event: CursorEvent) -> ReadError {
        let first = match self.io.boundary().await {
            Ok(boundary) => boundary.next(),
            Err(error) => return error.into(),
        };
        let name = self.name.clone();
        let CursorEvent::Broken { nonce, at } = event else { return ReadError::NoCursor { name, first } };
        let BrokenCursor { at: position, mark } = self.io.read_mark(&name, nonce, at).await;
        ReadError::CursorBroken { name, position, first, mark }
    }
}
