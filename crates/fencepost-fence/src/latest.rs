//! Finding the latest manifest: list, probe forward, list again. Or one look at what was the latest a moment ago.
// P-1, P-110 to P-112.

use crate::question::Question;
use crate::rounds::Rounds;
use crate::{Attempt, GaveUp, ReadReply, Reply, Request, Rule, Tick, rules};
use fencepost_format::{Manifest, Nonce, Version};

/// A search for the latest manifest.
///
/// A part of other [machines](crate::Machine): poll requests, answer them with [`handle`](Self::handle), until
/// that returns the outcome. No request is out any more then. Where manifests exist it costs two LISTs and two
/// GETs in three round trips: the latest, and the absent one after it at the same time. Where there are none, one
/// of each. What it finds was the latest at some moment since it began.
///
/// Parts of the core that know more ask for less: a *warm look* at a version that its asker read or created a
/// moment ago takes one round trip if that is still the latest; a search to *build on*, whose outcome the create
/// on top of it will check, takes two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FindLatest {
    deadline: Tick,
    step: Step,
    best: Option<Manifest>,
    ends: Ends,
    /// How often a version was listed and then not there. It paces the next listing, as the attempts of one
    /// request do.
    rounds: Rounds,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// One look at what was the latest a moment ago, and at the one after it.
    // P-111.
    Warm {
        known: Known,
        listed: Question<Version>,
        this: Question<Manifest>,
        next: Question<Manifest>,
    },
    List(Attempt),
    /// A listed version, which must be there or was pruned since, and the one after it.
    // P-110.
    Pair {
        version: Version,
        this: Question<Manifest>,
        next: Question<Manifest>,
    },
    /// The one after the best so far.
    Probe(Version, Attempt),
    /// SUBTLE: what was read under a listed version need not be what was listed. While the search stalled,
    /// that version may have been pruned together with those above it, and a late create may have landed on
    /// its place. Pruning leaves the newest version, so a listing tells: if it shows none above, none was
    /// ever pruned here.
    ListAgain(Attempt),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ends {
    /// With a version after which nothing stands.
    // P-112.
    AfterProbing,
    /// With a second LIST.
    AfterSecondList,
}

/// A manifest that was the latest a moment ago: a version number alone may be that of another by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    pub(crate) version: Version,
    /// `None`: Lance's, and no look recognises it.
    pub(crate) nonce: Option<Nonce>,
}

impl Known {
    pub(crate) const fn of(manifest: &Manifest) -> Self {
        Self { version: manifest.version, nonce: manifest.nonce }
    }

    /// Whether this is that manifest.
    pub(crate) fn is(&self, manifest: &Manifest) -> bool {
        let same = manifest.nonce == self.nonce || !rules::on(Rule::WarmLookKnowsNonce);
        self.nonce.is_some() && manifest.version == self.version && same
    }
}

/// What the search found: the latest manifest, or `None` where the shard has none yet.
pub type Found = Result<Option<Manifest>, GaveUp>;

impl FindLatest {
    /// Starts a search that gives up at `deadline`.
    #[must_use]
    pub const fn new(deadline: Tick) -> Self {
        let step = Step::List(Attempt::until(deadline));
        Self { deadline, step, best: None, ends: Ends::AfterSecondList, rounds: Rounds::NONE }
    }

    /// A search whose outcome is only built on: a create on top of it, confirmed afterwards, tells whether it was
    /// the latest. It makes no second LIST. Others of the same party that came to nothing pace its first request.
    // P-112.
    pub(crate) const fn to_build_on(deadline: Tick, rounds: Rounds) -> Self {
        let step = Step::List(Attempt::after(deadline, rounds));
        Self { deadline, step, best: None, ends: Ends::AfterProbing, rounds }
    }

    /// What is left of a search that found this to build on, but is to be concluded from after all.
    // P-112.
    pub(crate) const fn to_conclude_from(deadline: Tick, found: Manifest) -> Self {
        let step = Step::ListAgain(Attempt::until(deadline));
        Self { deadline, step, best: Some(found), ends: Ends::AfterSecondList, rounds: Rounds::NONE }
    }

    /// Whether `known`, which was the latest a moment ago, still is. Takes a LIST and two GETs at the same time; if it
    /// is not, this becomes a search for what is.
    // P-111.
    #[must_use]
    pub const fn look(deadline: Tick, known: &Manifest) -> Self {
        Self::warm(deadline, Known::of(known))
    }

    /// A look at a manifest that was the latest a moment ago. It becomes a search if that is not so any more.
    // P-111.
    pub(crate) const fn warm(deadline: Tick, known: Known) -> Self {
        let step = Step::Warm {
            known,
            listed: Question::until(deadline),
            this: Question::until(deadline),
            next: Question::until(deadline),
        };
        Self { deadline, step, best: None, ends: Ends::AfterSecondList, rounds: Rounds::NONE }
    }

    /// Whether its outcome is only [built on](Self::to_build_on).
    pub(crate) fn is_to_build_on(&self) -> bool {
        self.ends == Ends::AfterProbing
    }

    /// How many answers are awaited.
    pub(crate) const fn out(&self) -> usize {
        match &self.step {
            Step::Warm { listed, this, next, .. } => {
                listed.is_out() as usize + this.is_out() as usize + next.is_out() as usize
            }
            Step::Pair { this, next, .. } => this.is_out() as usize + next.is_out() as usize,
            Step::List(attempt) | Step::Probe(_, attempt) | Step::ListAgain(attempt) => {
                attempt.is_out() as usize
            }
        }
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Warm { known, listed, this, next } => {
                if let Some(attempt) = listed.ask() {
                    return Some(Request::ListManifests { attempt });
                }
                ask_pair(known.version, this, next)
            }
            Step::List(attempt) | Step::ListAgain(attempt) => {
                Some(Request::ListManifests { attempt: attempt.ask()? })
            }
            Step::Pair { version, this, next } => ask_pair(*version, this, next),
            Step::Probe(version, attempt) => {
                Some(Request::ReadManifest { version: *version, attempt: attempt.ask()? })
            }
        }
    }

    /// Takes an answer; `Some` ends the search. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) -> Option<Found> {
        match (&mut self.step, reply) {
            (Step::Warm { listed, .. }, Reply::Listed(reply)) => {
                listed.take_once(reply.clone());
                self.looked()
            }
            (Step::Warm { known, this, .. }, Reply::Manifest(of, read)) if *of == known.version => {
                this.take_once(read.clone());
                self.looked()
            }
            (Step::Warm { known, next, .. }, Reply::Manifest(of, read)) if *of == known.version.next() => {
                next.take_once(read.clone());
                self.looked()
            }
            (Step::List(_), Reply::Listed(listed)) => self.handle_listed(now, listed),
            (Step::ListAgain(_), Reply::Listed(listed)) => self.handle_listed_again(now, listed),
            (Step::Pair { version, this, .. }, Reply::Manifest(of, read)) if of == version => {
                this.take(now, read.clone());
                self.read_pair(now)
            }
            (Step::Pair { version, next, .. }, Reply::Manifest(of, read)) if *of == version.next() => {
                next.take(now, read.clone());
                self.read_pair(now)
            }
            (Step::Probe(version, _), Reply::Manifest(of, read)) if of == version => {
                let version = *version;
                self.probed(now, version, read)
            }
            _ => None,
        }
    }

    /// Anything but "the highest is exactly the known one, and nothing stands after it" starts a search. What was
    /// listed is its first LIST.
    // P-111.
    fn looked(&mut self) -> Option<Found> {
        let Step::Warm { known, listed, this, next } = &self.step else { return None };
        let (listed, this, next) = (listed.answer()?, this.answer()?, next.answer()?);
        let highest = *listed == ReadReply::Found(known.version) || !rules::on(Rule::WarmLookLists);
        let last = *next == ReadReply::Absent || !rules::on(Rule::WarmLookProbes);
        if let ReadReply::Found(manifest) = this
            && highest
            && last
            && known.is(manifest)
        {
            return Some(Ok(Some(manifest.clone())));
        }
        match listed {
            ReadReply::Found(version) if !version.is_none() => self.read(*version),
            _ => self.go(Step::List(Attempt::until(self.deadline))),
        }
    }

    fn handle_listed(&mut self, now: Tick, listed: &ReadReply<Version>) -> Option<Found> {
        match listed {
            ReadReply::Found(version) if !version.is_none() => self.read(*version),
            ReadReply::Found(_) | ReadReply::Absent => self.probe(Version::FIRST),
            ReadReply::Damaged | ReadReply::Unknown => self.again(now),
        }
    }

    fn handle_listed_again(&mut self, now: Tick, listed: &ReadReply<Version>) -> Option<Found> {
        let best = self.best.as_ref().map_or(Version::NONE, |best| best.version);
        match listed {
            ReadReply::Found(version) if *version > best => self.read(*version),
            ReadReply::Found(_) | ReadReply::Absent => Some(Ok(self.best.take())),
            ReadReply::Damaged | ReadReply::Unknown => self.again(now),
        }
    }

    fn read_pair(&mut self, now: Tick) -> Option<Found> {
        let Step::Pair { version, this, next } = &self.step else { return None };
        let (version, this, next) = (*version, this.answer()?.clone(), next.answer()?.clone());
        match this {
            ReadReply::Found(manifest) => self.best = Some(manifest),
            ReadReply::Absent => return self.start_over(now, version),
            ReadReply::Damaged => return Some(Err(GaveUp::DamagedManifest(version))),
            ReadReply::Unknown => return Some(Err(GaveUp::Unread)),
        }
        if !rules::on(Rule::ProbeManifests) {
            return Some(Ok(self.best.take()));
        }
        match next {
            ReadReply::Unknown => Some(Err(GaveUp::Unread)),
            next => self.probed(now, version.next(), &next),
        }
    }

    fn probed(&mut self, now: Tick, version: Version, read: &ReadReply<Manifest>) -> Option<Found> {
        match read {
            ReadReply::Found(manifest) => {
                self.best = Some(manifest.clone());
                self.probe(version.next())
            }
            ReadReply::Absent
                if self.best.is_some()
                    && self.ends == Ends::AfterSecondList
                    && rules::on(Rule::ListManifestsTwice) =>
            {
                self.go(Step::ListAgain(Attempt::until(self.deadline)))
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
        if now >= self.deadline {
            return Some(Err(GaveUp::MissingManifest(version)));
        }
        self.rounds = self.rounds.next();
        self.go(Step::List(Attempt::after(self.deadline, self.rounds)))
    }

    fn read(&mut self, version: Version) -> Option<Found> {
        let (this, next) = (Question::until(self.deadline), Question::until(self.deadline));
        self.go(Step::Pair { version, this, next })
    }

    fn probe(&mut self, version: Version) -> Option<Found> {
        self.go(Step::Probe(version, Attempt::until(self.deadline)))
    }

    fn go(&mut self, step: Step) -> Option<Found> {
        self.step = step;
        None
    }

    fn again(&mut self, now: Tick) -> Option<Found> {
        if now >= self.deadline {
            return Some(Err(GaveUp::Unread));
        }
        match &mut self.step {
            Step::List(attempt) | Step::Probe(_, attempt) | Step::ListAgain(attempt) => attempt.again(),
            Step::Warm { .. } | Step::Pair { .. } => unreachable!("these count their attempts themselves"),
        }
        None
    }
}

fn ask_pair(
    version: Version,
    this: &mut Question<Manifest>,
    next: &mut Question<Manifest>,
) -> Option<Request> {
    if let Some(attempt) = this.ask() {
        return Some(Request::ReadManifest { version, attempt });
    }
    Some(Request::ReadManifest { version: version.next(), attempt: next.ask()? })
}

#[cfg(test)]
mod tests;
