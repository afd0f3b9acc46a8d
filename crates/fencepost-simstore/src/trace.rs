//! What happened, in order, for people and for comparing two runs.

use crate::counts::Happened;
use crate::random::{FNV_START, fnv};
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Virtual time since the store's first request.
    pub at: Duration,
    /// Whose request it is, or who made a note.
    pub client: Arc<str>,
    /// Which request it is about, counted through all clients from 1.
    pub request: Option<u64>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A client sent a request.
    Sent(String),
    /// Its effect came, with this outcome; not for the first time if `again`.
    Landed {
        /// What came of it.
        outcome: String,
        /// Whether it had landed before.
        again: bool,
    },
    /// Its caller was told this.
    Answered(String),
    /// Its caller gave up.
    Left,
    /// Something out of the ordinary.
    Happened(Happened),
    /// A note by the test, or a command to the store.
    Note(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, micros) = (self.at.as_secs(), self.at.subsec_micros());
        write!(f, "{secs:>9}.{micros:06} {:<12} ", self.client)?;
        match self.request {
            Some(id) => write!(f, "#{id:<6} ")?,
            None => f.write_str("        ")?,
        }
        match &self.what {
            What::Sent(request) => write!(f, "-> {request}"),
            What::Landed { outcome, again: false } => write!(f, " * {outcome}"),
            What::Landed { outcome, again: true } => write!(f, " * (again) {outcome}"),
            What::Answered(reply) => write!(f, "<- {reply}"),
            What::Left => f.write_str("<- (gone)"),
            What::Happened(what) => write!(f, " ! {}", what.text()),
            What::Note(note) => write!(f, " # {note}"),
        }
    }
}

/// Everything that happened so far.
///
/// Print it for a person; compare the [hashes](Self::hash) of two runs to see that they were the same.
#[derive(Clone, Debug)]
pub struct Trace {
    events: Vec<Event>,
    kept: bool,
    hash: u64,
    length: u64,
}

impl Trace {
    pub(crate) const fn new(kept: bool) -> Self {
        Self { events: Vec::new(), kept, hash: FNV_START, length: 0 }
    }

    /// The events, unless the store was told not to keep them.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events there were, kept or not.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing happened.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// A checksum of all events, kept or not; the same on every platform.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn push(&mut self, event: Event) {
        let mut line = Line(self.hash);
        let _ = write!(line, "{event}");
        self.hash = line.0;
        self.length += 1;
        if self.kept {
            self.events.push(event);
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

/// Hashes what is written to it.
struct Line(u64);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = fnv(self.0, text.as_bytes());
        Ok(())
    }
}
