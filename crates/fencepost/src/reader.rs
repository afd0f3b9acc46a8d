//! Readers: a range of the log, or its tail as it grows.

mod content;
mod cursor;
mod options;
mod records;
mod tail;

pub use cursor::{Cursor, CursorOptions, CursorStart, CursorStatus};
pub use options::ReadOptions;
pub use records::RecordsEntry;
pub use tail::{Tail, TailEvent, TailState};

use crate::drive::Driver;
use crate::shard::{BrokenCursor, Io};
use crate::{Epoch, LogEntry, Position, ReadError, Wal, telemetry};
use fencepost_fence::{Start, Verify, Walk, WalkEvent};
use fencepost_format::{CursorName, EntryHeader, EntryKind, FormatError, Manifest, SoundEntry};
use futures::StreamExt;
use futures::stream::BoxStream;

/// The place at which a reader begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadFrom {
    /// Just above the checkpoint: a writer that opens now would replay the same.
    #[default]
    Checkpoint,
    /// At this position. The reader first reads up to 63 positions below it, to know which epoch rules there.
    // P-43.
    Position(Position),
    /// Where an earlier reader stopped.
    Resume(ResumePoint),
    /// Where a consumer with a cursor has got to: see [`Cursor::read_from`].
    Cursor {
        /// The cursor, which keeps entries from being collected.
        name: CursorName,
        /// What comes next for the consumer.
        point: ResumePoint,
    },
}

/// The place where a reader stopped: enough to continue without reading anything twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "callers store it and put it together again")]
pub struct ResumePoint {
    /// The position to be read next.
    pub next: Position,
    /// The highest epoch below it; [`Epoch::NONE`] if it is not known, and the next reader finds it out.
    // P-43.
    pub highest: Epoch,
}

impl Wal {
    /// A reader of what is in the log now: from a [place](ReadFrom), or as [`ReadOptions`] say.
    ///
    /// Costs a manifest search (two LISTs, two GETs) where the start needs the checkpoint.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn reader(&self, options: impl Into<ReadOptions>) -> Result<Reader, ReadError> {
        let ReadOptions { start, end, read_ahead, read_ahead_bytes, .. } = options.into();
        let mut io = self.io.scoped();
        io.params.read_ahead = read_ahead.unwrap_or(io.params.read_ahead);
        io.read_ahead_bytes = read_ahead_bytes.unwrap_or(io.read_ahead_bytes);
        let io = io.reading();
        let mut cursor = None;
        let start = match start {
            ReadFrom::Checkpoint => {
                let latest = io.manifest().await?;
                Start::AfterReplay {
                    replay_after: latest.replay_after,
                    flushed_below: latest.current_generation,
                }
            }
            ReadFrom::Position(next) => anywhere(&io, next).await?,
            ReadFrom::Resume(point) => point.start(&io).await?,
            ReadFrom::Cursor { name, point } => {
                cursor = Some(name);
                point.start(&io).await?
            }
        };
        let mut walk = Walk::new(io.params, io.environment.now(), start, end);
        if cursor.is_some() {
            walk = walk.held_by_cursor();
        }
        let driver = Driver::new(walk, &io.environment);
        let (broken, last, failed, kept, given_up) = (None, None, None, None, Vec::new());
        let mut reader = Reader { io, driver, cursor, broken, last, failed, kept, given_up };
        // What is read below only tells which epoch rules.
        reader.driver.want_entries_from(reader.resume_point().next);
        Ok(reader)
    }

    /// A reader that waits at the tail for more.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn tail(&self, options: impl Into<ReadOptions>) -> Result<Tail, ReadError> {
        let mut options = options.into();
        options.end = None;
        let poll = options.poll;
        Ok(Tail::new(self.reader(options).await?, poll))
    }
}

/// Reads entries in order, several GETs in flight.
///
/// It skips no row silently. Stale entries of dead writers do not count; from the checkpoint, neither do
/// entries that Lance flushed. A position that was collected is an error.
// P-40, P-44, P-42.
#[derive(Debug)]
pub struct Reader {
    io: Io,
    driver: Driver<Walk>,
    /// The cursor that keeps what is read.
    cursor: Option<CursorName>,
    /// Whether it was broken; known once what it should have kept was found to be gone.
    broken: Option<Option<BrokenCursor>>,
    last: Option<EntryHeader>,
    /// Why the walk ended, if not at its end: said again at every further call.
    failed: Option<WalkEvent>,
    /// An entry whose rows cannot be decoded. Every further call comes back to it.
    kept: Option<SoundEntry>,
    /// Where it passed an entry that somebody gave up, and nobody was told yet.
    // P-102.
    given_up: Vec<Position>,
}

/// One step of a reader.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An entry was passed; here it is if its rows are to be handed out.
    Entry(Option<SoundEntry>),
    /// A position was passed whose entry somebody gave up.
    // P-93.
    GivenUp(Position),
    /// Nothing more yet.
    AtTail(Position, Manifest),
    /// The last position asked for was passed.
    End,
}

impl Reader {
    /// The next data entry; `None` at the end of the log, or after the last position asked for.
    ///
    /// After `None` at the tail, a further call looks again. Costs one GET for each entry.
    ///
    /// # Errors
    /// [`ReadError`]; every further call returns it again. Then make a new reader from
    /// [`resume_point`](Self::resume_point), which is where this one failed: nothing is skipped.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Result<Option<LogEntry>, ReadError> {
        self.resume(Verify::Always);
        loop {
            match self.step().await? {
                Step::Entry(Some(entry)) => return self.hand_out(entry).map(Some),
                Step::Entry(None) => {}
                Step::GivenUp(at) => self.given_up.push(at),
                Step::AtTail(..) | Step::End => return Ok(None),
            }
        }
    }

    /// The positions passed since the last call whose entries a repair gave up, upward. These entries were lost,
    /// damaged or unreadable, and their rows are not handed out.
    ///
    /// Call it whenever [`next`](Self::next) returns, also at the end: the answer covers the positions
    /// between the entry before and the one returned. Each position is reported once and takes some bytes
    /// until then. A consumer that resumes from a [cursor](Cursor) or a [`ResumePoint`] below the position is
    /// told again.
    // P-102.
    pub fn take_given_up(&mut self) -> Vec<Position> {
        std::mem::take(&mut self.given_up)
    }

    /// The entries as a stream that ends where [`next`](Self::next) would say `None`. The reader stays: it
    /// says where to [go on](Self::resume_point), what was [given up](Self::take_given_up) and what it
    /// [cost](Self::requests).
    pub fn stream(&mut self) -> BoxStream<'_, Result<LogEntry, ReadError>> {
        let entries = futures::stream::try_unfold(self, |reader| async move {
            Ok(reader.next().await?.map(|entry| (entry, reader)))
        });
        entries.boxed()
    }

    /// The entries as a stream that ends where [`next`](Self::next) would return `None`. It does not report
    /// positions that were [given up](Self::take_given_up).
    pub fn into_stream(self) -> BoxStream<'static, Result<LogEntry, ReadError>> {
        let next = async |mut reader: Self| Ok(reader.next().await?.map(|entry| (entry, reader)));
        futures::stream::try_unfold(self, next).boxed()
    }

    /// The place where a new reader would continue. Entries that were handed out are below it.
    #[must_use]
    pub fn resume_point(&self) -> ResumePoint {
        if let Some(kept) = &self.kept {
            let EntryHeader { position, epoch, .. } = kept.header();
            return ResumePoint { next: position, highest: epoch };
        }
        match self.driver.machine.cursor() {
            Start::Cursor { next, highest } => ResumePoint { next, highest },
            Start::AfterReplay { .. } | Start::Anywhere { .. } => {
                unreachable!("a walk's own cursor is a cursor")
            }
        }
    }

    /// The requests that this reader has made.
    #[must_use]
    pub fn requests(&self) -> crate::RequestCounts {
        self.io.store.counts()
    }

    /// The last entry passed, of whatever kind.
    pub(crate) const fn last_passed(&self) -> Option<EntryHeader> {
        self.last
    }

    pub(crate) fn resume(&mut self, verify: Verify) {
        self.driver.machine.resume(self.io.environment.now(), verify);
    }

    /// The next event of the walk.
    pub(crate) async fn step(&mut self) -> Result<Step, ReadError> {
        if let Some(kept) = self.kept.clone() {
            return Ok(Step::Entry(Some(kept)));
        }
        if let Some(failed) = self.failed.clone() {
            self.find_break().await;
            return self.take_or_lost(failed).await;
        }
        let perform = |request| self.io.clone().perform_read(request, self.cursor.clone());
        match self.driver.next(perform).await {
            Some(event) => {
                if let WalkEvent::Truncated { .. } = event {
                    // Whoever drops this future now is told by the next one.
                    self.failed = Some(event.clone());
                    self.find_break().await;
                }
                self.take_or_lost(event).await.inspect_err(|why| {
                    telemetry::read_failed(self.io.paths.shard(), self.cursor.as_ref(), why);
                })
            }
            // Resting or ended, and nobody resumed it.
            None => Ok(Step::End),
        }
    }

    /// What its cursor should have kept is gone, or something else ended it: was the cursor broken?
    // P-164.
    async fn find_break(&mut self) {
        if let (Some(name), None, Some(WalkEvent::Truncated { .. })) =
            (&self.cursor, self.broken, &self.failed)
        {
            self.broken = Some(self.io.broken_cursor(name).await);
        }
    }

    /// As [`take`](Self::take), and tells a log that is not there from one whose manifests are lost.
    // P-116.
    async fn take_or_lost(&mut self, event: WalkEvent) -> Result<Step, ReadError> {
        match self.take(event) {
            Err(ReadError::NoLog { .. }) => Err(self.io.no_manifest().await),
            taken => taken,
        }
    }

    fn take(&mut self, event: WalkEvent) -> Result<Step, ReadError> {
        if matches!(event, WalkEvent::Truncated { .. } | WalkEvent::NoLog | WalkEvent::GaveUp(_)) {
            self.failed = Some(event.clone());
        }
        match event {
            WalkEvent::Entry { header, deliver } => {
                let entry = self.driver.take_entry(header.position);
                self.last = Some(header);
                if header.kind == EntryKind::Tombstone {
                    telemetry::given_up(self.io.paths.shard(), "reader", header.position);
                    return Ok(Step::GivenUp(header.position));
                }
                Ok(Step::Entry(entry.filter(|_| deliver)))
            }
            WalkEvent::Tail { at, manifest } => {
                self.driver.drop_entries();
                Ok(Step::AtTail(at, manifest))
            }
            WalkEvent::End => Ok(Step::End),
            WalkEvent::Truncated { at, first } => Err(match (&self.cursor, self.broken.flatten()) {
                (Some(name), Some(BrokenCursor { at: position, mark })) => {
                    ReadError::CursorBroken { name: name.clone(), position, first, mark }
                }
                _ => ReadError::Truncated { at, first },
            }),
            WalkEvent::NoLog => Err(ReadError::NoLog { shard: self.io.paths.shard() }),
            WalkEvent::GaveUp(why) => {
                let cause = self.io.cause_of(why, self.driver.take_cause());
                Err(ReadError::GaveUp { at: self.resume_point().next, why, cause })
            }
        }
    }

    /// The rows of the entry just passed.
    pub(crate) fn hand_out(&mut self, entry: SoundEntry) -> Result<LogEntry, ReadError> {
        self.hand_out_as(entry, SoundEntry::decode).map(LogEntry::from)
    }

    /// The entry just passed, as what `decode` makes of it.
    fn hand_out_as<T>(
        &mut self,
        entry: SoundEntry,
        decode: impl FnOnce(&SoundEntry) -> Result<T, FormatError>,
    ) -> Result<T, ReadError> {
        match decode(&entry) {
            Ok(decoded) => {
                telemetry::read();
                self.kept = None;
                Ok(decoded)
            }
            Err(error) => {
                let why = error.into();
                if self.kept.is_none() {
                    telemetry::read_failed(self.io.paths.shard(), self.cursor.as_ref(), &why);
                    self.kept = Some(entry);
                }
                Err(why)
            }
        }
    }

    /// Whether the log was closed at the last entry passed.
    pub(crate) fn is_after_close(&self) -> bool {
        self.last_passed()
            .is_some_and(|last| last.kind == EntryKind::Close && last.epoch >= self.resume_point().highest)
    }
}

impl ResumePoint {
    async fn start(self, io: &Io) -> Result<Start, ReadError> {
        let Self { next, highest } = self;
        if highest.is_none() { anywhere(io, next).await } else { Ok(Start::Cursor { next, highest }) }
    }
}

/// At `next`, without knowing which epoch rules there.
// P-43.
async fn anywhere(io: &Io, next: Position) -> Result<Start, ReadError> {
    let next = next.max(Position::FIRST);
    Ok(Start::Anywhere { next, replay_after: io.manifest().await?.replay_after })
}
