//! Says what a command waits for, within two seconds or so: the store's own words, how long it will go on,
//! and how to shorten that.

use crate::output::note_line;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How long this command tries, for what it says.
pub(crate) fn set_limits(request_timeout: Duration, retry_timeout: Duration) {
    let _ = LIMITS.set((request_timeout, retry_timeout));
}

/// Whether an event is of a wait.
pub(crate) fn is_of_a_wait(metadata: &Metadata<'_>) -> bool {
    metadata.target() == fencepost::WAITING
}

/// Hears of waits and tells people, not too often.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// Since when attempts have failed, one after another.
    since: Option<Instant>,
    last: Option<Instant>,
    said: Option<Instant>,
}

impl Heard {
    /// Whether this is to be said. An attempt that fails once is not worth a word.
    fn hear(&mut self, now: Instant, is_long: bool) -> bool {
        let is_new = self.last.is_none_or(|last| now.duration_since(last) > QUIET);
        self.last = Some(now);
        let since = if is_new { now } else { self.since.unwrap_or(now) };
        self.since = Some(since);
        let lasts = is_long || now.duration_since(since) >= FAILING;
        let says = lasts && self.said.is_none_or(|said| now.duration_since(said) >= AGAIN);
        if says {
            self.said = Some(now);
        }
        says
    }
}

impl<S: Subscriber> Layer<S> for Waiting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let says = self.0.lock().unwrap_or_else(PoisonError::into_inner).hear(Instant::now(), told.is_long);
        if says {
            let limits = LIMITS.get().map_or_else(String::new, |(request, retry_timeout)| {
                format!(
                    "; each request may take {} (--request-timeout), and failures are retried for {} (--retry-timeout)",
                    humantime::format_duration(*request),
                    humantime::format_duration(*retry_timeout)
                )
            });
            note_line(format_args!("waiting for the store: {}{limits}", told.message));
        }
    }
}

#[derive(Default)]
struct Told {
    message: String,
    is_long: bool,
}

impl Visit for Told {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.is_long |= field.name() == "long" && value;
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        }
    }
}

static LIMITS: OnceLock<(Duration, Duration)> = OnceLock::new();
/// How long attempts have to fail before that is said.
const FAILING: Duration = Duration::from_millis(700);
/// Not more often than this.
const AGAIN: Duration = Duration::from_secs(10);
/// A failure after so long is not of the same wait.
const QUIET: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_once_it_lasts_and_then_now_and_again() {
        let (start, mut heard) = (Instant::now(), Heard::default());
        let mut at = |millis: u64, long| heard.hear(start + Duration::from_millis(millis), long);
        assert!(!at(0, false) && !at(100, false), "tried again at once");
        assert!(at(1_000, false));
        assert!(!at(5_000, false) && !at(6_000, true), "said already");
        assert!(at(11_000, false));
        assert!(!at(60_000, false), "another wait");
        assert!(at(60_010, true), "a request that has no answer for long");
    }
}
