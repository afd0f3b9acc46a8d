//! A reader that waits for more.

use super::{Reader, ResumePoint, Step};
use crate::{LogEntry, ReadError, telemetry};
use backon::BackoffBuilder;
use fencepost_fence::{Glance, Verify};
use fencepost_format::{Epoch, Manifest, Position, ShardStatus, SoundEntry};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::time::Duration;

/// Follows a log as it grows.
///
/// While nothing comes it polls, first every 20 ms and then more and more slowly, down to once a second. Each
/// poll is one request: a GET of the next position, and every fifth time a glance instead, in turn a HEAD of the
/// position above that and a LIST of the manifests. Only if that shows something new does a whole look follow
/// (a GET, a HEAD, and a manifest search of two LISTs and two GETs), which shows whether an entry was lost, or
/// collected. A whole idle day costs about 78,000 GETs and HEADs and 8,600 LISTs, or $0.07 on S3. [`ReadOptions::with_poll`](crate::ReadOptions::with_poll) changes that.
#[derive(Debug)]
pub struct Tail {
    pub(super) reader: Reader,
    poll_min: Duration,
    poll_max: Duration,
    idle: u32,
}

/// An event of a tail.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever follows a log must say what becomes of each event")]
pub enum TailEvent<E = LogEntry> {
    /// The next data entry.
    Entry(E),
    /// The tail passed an entry that a repair gave up: it was lost, damaged or unreadable, and its rows are not
    /// handed out.
    // P-102.
    GivenUp {
        /// The entry's position.
        at: Position,
    },
    /// Nothing more yet.
    Waiting(TailState),
}

/// Why there is nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever follows a log must say why nothing comes")]
pub enum TailState {
    /// Not yet: the writer of this epoch holds the shard and may append here at any time.
    NotYet {
        /// The next position.
        at: Position,
        /// The epoch of that writer.
        epoch: Epoch,
    },
    /// The writer closed the log. Another may open it.
    Closed {
        /// The next position.
        at: Position,
        /// The epoch that closed it.
        epoch: Epoch,
    },
    /// A successor has claimed the shard: the log is fenced, or about to be. It continues with the
    /// successor's fence entry.
    Fenced {
        /// The next position.
        at: Position,
        /// The successor's epoch.
        by: Epoch,
    },
    /// The shard is sealed. Nothing will come.
    Sealed {
        /// The next position.
        at: Position,
    },
}

impl Tail {
    pub(super) const fn new(reader: Reader, (poll_min, poll_max): (Duration, Duration)) -> Self {
        Self { reader, poll_min, poll_max, idle: 0 }
    }

    /// The next data entry, however long it takes.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] if the position was collected meanwhile, and others.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Result<LogEntry, ReadError> {
        loop {
            match self.poll().await? {
                TailEvent::Entry(entry) => return Ok(entry),
                TailEvent::GivenUp { at } => self.reader.given_up.push(at),
                TailEvent::Waiting(_) => self.pause().await,
            }
        }
    }

    /// The positions that [`next`](Self::next) has passed since the last call and whose entries a repair gave up.
    /// [`poll`](Self::poll) reports them by itself.
    pub fn take_given_up(&mut self) -> Vec<Position> {
        self.reader.take_given_up()
    }

    /// The next data entry if it is there, otherwise why it is not. Does not wait.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn poll(&mut self) -> Result<TailEvent, ReadError> {
        self.poll_with(Reader::hand_out).await
    }

    pub(super) async fn poll_with<E>(
        &mut self,
        hand_out: impl Fn(&mut Reader, SoundEntry) -> Result<E, ReadError>,
    ) -> Result<TailEvent<E>, ReadError> {
        let verify = match self.idle {
            0 => Verify::Always,
            idle if idle.is_multiple_of(2 * GLANCE_EVERY) => Verify::IfSeen(Glance::Manifest),
            idle if idle.is_multiple_of(GLANCE_EVERY) => Verify::IfSeen(Glance::Above),
            _ => Verify::IfMoved,
        };
        self.reader.resume(verify);
        loop {
            match self.reader.step().await? {
                Step::Entry(Some(entry)) => {
                    self.idle = 0;
                    telemetry::polled("entry");
                    return hand_out(&mut self.reader, entry).map(TailEvent::Entry);
                }
                Step::Entry(None) => self.idle = 0,
                Step::GivenUp(at) => {
                    self.idle = 0;
                    return Ok(TailEvent::GivenUp { at });
                }
                Step::AtTail(at, manifest) => {
                    self.idle = self.idle.saturating_add(1);
                    telemetry::polled("nothing");
                    return Ok(TailEvent::Waiting(self.state(at, &manifest)));
                }
                Step::End => unreachable!("a tail has no last position"),
            }
        }
    }

    /// Waits for the time that is due between two polls.
    pub async fn pause(&mut self) {
        let pauses = backon::ExponentialBuilder::new()
            .with_min_delay(self.poll_min)
            .with_max_delay(self.poll_max)
            .without_max_times();
        let nth = usize::try_from(self.idle.saturating_sub(1).min(16)).unwrap_or(16);
        tokio::time::sleep(pauses.build().nth(nth).unwrap_or(self.poll_max)).await;
    }

    /// The place where a new tail would continue. Entries that were handed out are below it.
    #[must_use]
    pub fn resume_point(&self) -> ResumePoint {
        self.reader.resume_point()
    }

    /// The requests that this tail has made.
    #[must_use]
    pub fn requests(&self) -> crate::RequestCounts {
        self.reader.requests()
    }

    /// The entries as a stream that never ends by itself. The tail stays: it says where to [go
    /// on](Self::resume_point).
    pub fn stream(&mut self) -> BoxStream<'_, Result<LogEntry, ReadError>> {
        let entries =
            futures::stream::try_unfold(self, |tail| async move { Ok(Some((tail.next().await?, tail))) });
        entries.boxed()
    }

    /// The entries as a stream that never ends by itself.
    pub fn into_stream(self) -> BoxStream<'static, Result<LogEntry, ReadError>> {
        let next = async |mut tail: Self| Ok(Some((tail.next().await?, tail)));
        futures::stream::try_unfold(self, next).boxed()
    }

    fn state(&self, at: Position, manifest: &Manifest) -> TailState {
        let epoch = manifest.writer_epoch;
        let seen = self.reader.resume_point().highest;
        if manifest.status != ShardStatus::Active {
            TailState::Sealed { at }
        } else if epoch > seen && !seen.is_none() {
            TailState::Fenced { at, by: epoch }
        } else if self.reader.is_after_close() {
            TailState::Closed { at, epoch }
        } else {
            TailState::NotYet { at, epoch }
        }
    }
}

const GLANCE_EVERY: u32 = 5;
