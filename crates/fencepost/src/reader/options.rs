//! The options of a reader.

use super::{ReadFrom, ResumePoint};
use crate::Position;
use std::time::Duration;

/// What to read, and how far ahead.
///
/// A [`ReadFrom`] alone is an option too, with the defaults for the rest.
///
/// ```
/// use fencepost::{Position, ReadFrom, ReadOptions};
///
/// let all = ReadOptions::new();
/// let ten = ReadOptions::from(ReadFrom::Position(Position::new(11))).with_end(Position::new(20));
/// let gently = ReadOptions::from(ReadFrom::Checkpoint).with_read_ahead_bytes(1 << 20);
/// # let _ = (all, ten, gently);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct ReadOptions {
    pub(crate) start: ReadFrom,
    pub(crate) end: Option<Position>,
    pub(crate) read_ahead: Option<u64>,
    pub(crate) read_ahead_bytes: Option<u64>,
    pub(crate) poll: (Duration, Duration),
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            start: ReadFrom::Checkpoint,
            end: None,
            read_ahead: None,
            read_ahead_bytes: None,
            poll: (POLL_MIN, POLL_MAX),
        }
    }
}

impl From<ReadFrom> for ReadOptions {
    fn from(start: ReadFrom) -> Self {
        Self { start, ..Self::default() }
    }
}

impl From<ResumePoint> for ReadOptions {
    fn from(point: ResumePoint) -> Self {
        ReadFrom::Resume(point).into()
    }
}

impl ReadOptions {
    /// Everything above the checkpoint; each default is explained at its setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where to begin. Default: [`ReadFrom::Checkpoint`].
    pub fn with_start(mut self, start: ReadFrom) -> Self {
        self.start = start;
        self
    }

    /// The last position to read; `None`, the default, reads to the end of the log. A [tail](crate::Tail) goes
    /// on above it.
    pub fn with_end(mut self, end: impl Into<Option<Position>>) -> Self {
        self.end = end.into();
        self
    }

    /// How many entries to fetch ahead at most, at least 1. Default: [as the log
    /// says](crate::WalBuilder::with_read_ahead).
    pub fn with_read_ahead(mut self, entries: u64) -> Self {
        self.read_ahead = Some(entries.max(1));
        self
    }

    /// How many bytes of entries to hold that were fetched, or are being fetched, and not handed out. Default:
    /// [as the log says](crate::WalBuilder::with_read_ahead_bytes).
    pub const fn with_read_ahead_bytes(mut self, bytes: u64) -> Self {
        self.read_ahead_bytes = Some(bytes);
        self
    }

    /// The shortest and the longest pause of a tail between polls, at least 1 ms. Default: 20 ms and 1 s.
    ///
    /// Shorter: entries are seen sooner, and idle readers cost more requests.
    pub fn with_poll(mut self, min: Duration, max: Duration) -> Self {
        let min = min.max(Duration::from_millis(1));
        self.poll = (min, max.max(min));
        self
    }
}

const POLL_MIN: Duration = Duration::from_millis(20);
const POLL_MAX: Duration = Duration::from_secs(1);
