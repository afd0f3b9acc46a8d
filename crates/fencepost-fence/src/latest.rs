//! Finding the latest manifest: list, probe forward, list again.
// P-1.

use crate::rounds::Rounds;
use crate::{Attempt, GaveUp, ReadReply, Reply, Request, Rule, Tick, rules};
use fencepost_format::{Manifest, Version};

/// A search for the latest manifest.
///
/// A part of other [machines](crate::Machine): poll a request, answer it with [`handle`](Self::handle), until
/// that returns the outcome. One request at a time. Where manifests exist it costs two LISTs and two GETs:
/// the latest and the absent one after it. Where there are none, one of each. What it finds was the latest at
/// some moment since it began.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FindLatest {
    step: Step,
    best: Option<Manifest>,
    /// How often a version was listed and then not there. It paces the next listing, as the attempts of one
    /// request do.
    rounds: Rounds,
    attempt: Attempt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    List,
    /// A listed version: it must be there, or was pruned since.
    Read(Version),
    /// The one after the best so far.
    Probe(Version),
    /// SUBTLE: what was read under a listed version need not be what was listed. While the search stalled,
    /// that version may have been pruned together with those above it, and a late create may have landed on
    /// its place. Pruning leaves the newest version, so a listing tells: if it shows none above, none was
    /// ever pruned here.
    ListAgain,
}

/// What the search found: the latest manifest, or `None` where the shard has none yet.
pub type Found = Result<Option<Manifest>, GaveUp>;

impl FindLatest {
    /// Starts a search that gives up at `deadline`.
    #[must_use]
    pub const fn new(deadline: Tick) -> Self {
        Self::after(deadline, Rounds::NONE)
    }

    /// A search after others of the same party that came to nothing, which pace its first request.
    pub(crate) const fn after(deadline: Tick, rounds: Rounds) -> Self {
        Self { step: Step::List, best: None, rounds, attempt: Attempt::after(deadline, rounds) }
    }

    /// Whether an answer is awaited.
    pub(crate) const fn is_out(&self) -> bool {
        self.attempt.is_out()
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        let attempt = self.attempt.ask()?;
        Some(match self.step {
            Step::List | Step::ListAgain => Request::ListManifests { attempt },
            Step::Read(version) | Step::Probe(version) => Request::ReadManifest { version, attempt },
        })
    }

    /// Takes the answer; `Some` ends the search. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) -> Option<Found> {
        match (self.step, reply) {
            (Step::List, Reply::Listed(listed)) => self.handle_listed(now, listed),
            (Step::ListAgain, Reply::Listed(listed)) => self.handle_listed_again(now, listed),
            (Step::Read(version) | Step::Probe(version), Reply::Manifest(of, read)) if *of == version => {
                self.handle_read(now, version, read)
            }
            _ => None,
        }
    }

    fn handle_listed(&mut self, now: Tick, listed: &ReadReply<Version>) -> Option<Found> {
        match listed {
            ReadReply::Found(version) if !version.is_none() => self.go(Step::Read(*version)),
            ReadReply::Found(_) | ReadReply::Absent => self.go(Step::Probe(Version::FIRST)),
            ReadReply::Damaged | ReadReply::Unknown => self.again(now),
        }
    }

    fn handle_listed_again(&mut self, now: Tick, listed: &ReadReply<Version>) -> Option<Found> {
        let best = self.best.as_ref().map_or(Version::NONE, |best| best.version);
        match listed {
            ReadReply::Found(version) if *version > best => self.go(Step::Read(*version)),
            ReadReply::Found(_) | ReadReply::Absent => Some(Ok(self.best.take())),
            ReadReply::Damaged | ReadReply::Unknown => self.again(now),
        }
    }

    fn handle_read(&mut self, now: Tick, version: Version, read: &ReadReply<Manifest>) -> Option<Found> {
        match read {
            ReadReply::Found(manifest) => {
                self.best = Some(manifest.clone());
                if rules::on(Rule::ProbeManifests) {
                    self.go(Step::Probe(version.next()))
                } else {
                    Some(Ok(self.best.take()))
                }
            }
            ReadReply::Absent if matches!(self.step, Step::Read(_)) => self.start_over(now, version),
            ReadReply::Absent if self.best.is_some() && rules::on(Rule::ListManifestsTwice) => {
                self.go(Step::ListAgain)
            }
            ReadReply::Absent => Some(Ok(self.best.take())),
            ReadReply::Damaged => Some(Err(GaveUp::DamagedManifest(version))),
            ReadReply::Unknown => self.again(now),
        }
    }

    /// `version` was listed and is not there. Pruned in between, as a rule, and newer ones exist. But a store
    /// may go on listing what it does not have: then the deadline ends it.
    // P-67.
    fn start_over(&mut self, now: Tick, version: Version) -> Option<Found> {
        if self.attempt.is_late(now) {
            return Some(Err(GaveUp::MissingManifest(version)));
        }
        self.rounds = self.rounds.next();
        self.step = Step::List;
        self.attempt = Attempt::after(self.attempt.deadline(), self.rounds);
        None
    }

    fn go(&mut self, step: Step) -> Option<Found> {
        self.step = step;
        self.attempt.restart();
        None
    }

    fn again(&mut self, now: Tick) -> Option<Found> {
        if self.attempt.is_late(now) {
            return Some(Err(GaveUp::Unread));
        }
        self.attempt.again();
        None
    }
}

#[cfg(test)]
mod tests;
