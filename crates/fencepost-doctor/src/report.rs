//! The report of an examination.

use super::check::Check;
use super::price::Price;
use fencepost_store::{Backend, RequestCounts};
use std::fmt;
use std::time::Duration;

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing wrong was seen.
    Passed,
    /// Something that does not endanger a log, but that its owner should know.
    Warning,
    /// The store broke a promise that a log needs.
    Failed,
    /// There is nothing to check on this kind of store, or it cannot be seen.
    NotApplicable,
    /// The check could not be carried out.
    Unknown,
}

impl Outcome {
    /// A stable word for programs.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotApplicable => "not_applicable",
            Self::Unknown => "unknown",
        }
    }
}

/// One check's result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckResult {
    /// Which check.
    pub check: Check,
    /// The outcome.
    pub outcome: Outcome,
    /// What the check saw, or why it saw nothing.
    pub seen: String,
    /// After a failure or a warning: what a log on this store would lose.
    pub lost: Option<&'static str>,
    /// How long it took.
    pub took: Duration,
}

/// The verdict on a store as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing wrong was seen.
    Safe,
    /// Safe for a log, with something that its owner should know.
    SafeWithWarnings,
    /// Do not keep a log on it.
    Unsafe,
    /// Nothing wrong was seen, but something essential could not be checked.
    Undecided,
}

impl Verdict {
    /// A stable word for programs.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::SafeWithWarnings => "safe_with_warnings",
            Self::Unsafe => "unsafe",
            Self::Undecided => "undecided",
        }
    }
}

/// How times are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Percentiles {
    /// How many were timed.
    pub samples: usize,
    /// Half took no longer.
    pub p50: Duration,
    /// Nine in ten took no longer.
    pub p90: Duration,
    /// 99 in a hundred took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Percentiles {
    /// Returns `None` for no samples.
    pub(super) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { samples: times.len(), p50: at(50)?, p90: at(90)?, p99: at(99)?, max: at(100)? })
    }
}

/// Times of requests made one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// Creates of 4 KiB.
    pub create: Percentiles,
    /// Reads of them.
    pub read: Percentiles,
}

/// The findings of an examination.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The store, as it describes itself.
    pub store: String,
    /// Which kind it is, as far as known.
    pub backend: Backend,
    /// The folder in which the suite's objects were.
    pub folder: String,
    /// Each check's result, in the order of the run.
    pub checks: Vec<CheckResult>,
    /// How long requests take, if that was measured.
    pub latency: Option<Latency>,
    /// What creates cost, if that is known.
    pub price: Option<Price>,
    /// All requests that were made.
    pub requests: RequestCounts,
    /// Objects and folders of the suite that may still be there.
    pub left_behind: Vec<String>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// The result of one check, if it was asked for.
    #[must_use]
    pub fn of(&self, check: Check) -> Option<&CheckResult> {
        self.checks.iter().find(|result| result.check == check)
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.with(Outcome::Failed)
    }

    /// The checks that warn.
    pub fn warnings(&self) -> impl Iterator<Item = &CheckResult> {
        self.with(Outcome::Warning)
    }

    fn with(&self, outcome: Outcome) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(move |result| result.outcome == outcome)
    }

    /// Unsafe if any check failed; else undecided if an essential one could not be carried out.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.failures().next().is_some() {
            return Verdict::Unsafe;
        }
        if self.stopped || self.with(Outcome::Unknown).any(|result| result.check.is_essential()) {
            return Verdict::Undecided;
        }
        let warned = self.warnings().next().is_some() || !self.left_behind.is_empty();
        if warned { Verdict::SafeWithWarnings } else { Verdict::Safe }
    }

    /// The verdict in sentences, one to a line, for people.
    #[must_use]
    pub fn conclusion(&self) -> String {
        let mut lines = match self.verdict() {
            Verdict::Safe => vec!["safe for a log: nothing wrong was seen".to_owned()],
            Verdict::SafeWithWarnings => vec!["safe for a log, with warnings:".to_owned()],
            Verdict::Unsafe => vec!["NOT safe for a log:".to_owned()],
            Verdict::Undecided => {
                vec!["it could not be found out whether it is safe for a log:".to_owned()]
            }
        };
        if self.stopped {
            lines.push("  it was stopped before its end".to_owned());
        }
        let named = |outcome| self.with(outcome).map(|result| format!("  {result}"));
        lines.extend(named(Outcome::Failed));
        lines.extend(named(Outcome::Warning));
        if self.verdict() == Verdict::Undecided {
            lines.extend(named(Outcome::Unknown));
        }
        if !self.left_behind.is_empty() {
            lines.push(format!("  left behind, delete it by hand: {}", self.left_behind.join(", ")));
        }
        lines.join("\n")
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.seen)?;
        match self.lost {
            Some(lost) => write!(f, "; {lost}"),
            None => Ok(()),
        }
    }
}

/// What a check hands back.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) outcome: Outcome,
    pub(super) text: String,
    pub(super) lost: Option<&'static str>,
}

impl Seen {
    pub(super) fn passed(text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Passed, text: text.into(), lost: None }
    }

    pub(super) fn not_applicable(text: impl Into<String>) -> Self {
        Self { outcome: Outcome::NotApplicable, text: text.into(), lost: None }
    }

    pub(super) fn unknown(text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unknown, text: text.into(), lost: None }
    }

    pub(super) fn warning(text: impl Into<String>, lost: &'static str) -> Self {
        Self { outcome: Outcome::Warning, text: text.into(), lost: Some(lost) }
    }

    pub(super) fn failed(text: impl Into<String>, lost: &'static str) -> Self {
        Self { outcome: Outcome::Failed, text: text.into(), lost: Some(lost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sample() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        let found = Percentiles::of(times).unwrap();
        let millis = [found.p50, found.p90, found.p99, found.max].map(|time| time.as_millis());
        assert_eq!((found.samples, millis), (200, [100, 180, 198, 200]));
        assert_eq!(Percentiles::of(vec![Duration::ZERO]).unwrap().p99, Duration::ZERO);
        assert!(Percentiles::of(Vec::new()).is_none());
    }
}
