//! Advisory leases, which say who may be presumed alive.
//!
//! A lease spares two eager writers a ping-pong of claims, and tells a standby when to step in. Nothing else
//! rests on it: a writer that claims against a live lease is safe, only impolite.
// P-60 to P-63, P-113.

use crate::rounds::Rounds;
use crate::{Basis, FindLatest, GaveUp, ReadReply, Reply, Request, Rule, Tick, rules};
use fencepost_format::{Epoch, Manifest};

/// The contents of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseView {
    /// A counter that rises with every renewal.
    pub counter: u64,
    /// How long the counter may stand still, in milliseconds.
    pub ttl: u64,
    /// The holder closed.
    pub released: bool,
}

/// A request of a holder: overwrite the lease object of its own epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HolderRequest {
    /// The holder's epoch, which names the object.
    pub epoch: Epoch,
    /// The contents to write.
    pub lease: LeaseView,
}

/// The holder of an epoch, which renews its lease in the background.
// P-61.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaseHolder {
    epoch: Epoch,
    ttl: u64,
    counter: u64,
    due: Tick,
    writing: bool,
    released: bool,
    ended: bool,
}

impl LeaseHolder {
    /// A holder whose first write is due at once. `ttl` in milliseconds.
    #[must_use]
    pub const fn new(epoch: Epoch, ttl: u64, now: Tick) -> Self {
        Self { epoch, ttl, counter: 0, due: now, writing: false, released: false, ended: false }
    }

    /// The write that is due, if one is.
    pub fn poll_request(&mut self, now: Tick) -> Option<HolderRequest> {
        if self.writing || self.ended || (now < self.due && !self.released) {
            return None;
        }
        self.writing = true;
        self.counter += 1;
        let lease = LeaseView { counter: self.counter, ttl: self.ttl, released: self.released };
        Some(HolderRequest { epoch: self.epoch, lease })
    }

    /// The write ended, well or not; the next one is due a third of the ttl later.
    pub fn handle_written(&mut self, now: Tick, request: &HolderRequest) {
        self.writing = false;
        self.ended = request.lease.released;
        self.due = now.plus(self.ttl / 3);
    }

    /// Releases the lease: the next write says so, is due at once, and is the last.
    pub const fn release(&mut self) {
        self.released = true;
    }

    /// When to poll again.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Tick> {
        if self.writing || self.ended { None } else { Some(self.due) }
    }
}

/// How a candidate treats a holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Takeover {
    /// Claim at once, whoever holds the lease.
    Now,
    /// Wait until the lease is released or has stood still for its ttl.
    #[default]
    Expired,
    /// Claim only if nobody holds the lease; otherwise say who does.
    Free,
}

/// A request of a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObserverRequest {
    /// Of the manifest search; answered with [`LeaseObserver::handle`].
    Manifest(Request),
    /// LIST the leases and answer with the highest epoch that has one (`NONE` if none has);
    /// [`LeaseObserver::handle_leases`].
    ListLeases,
    /// GET the lease of this epoch; answered with [`LeaseObserver::handle_lease`].
    ReadLease(Epoch),
}

/// A candidate's conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Claim now; with an epoch, only if the manifest still has that one.
    // P-11.
    Claim {
        /// The epoch whose lease was watched.
        only_if: Option<Epoch>,
    },
    /// Somebody holds the lease ([`Takeover::Free`]).
    Held {
        /// The holder's epoch.
        epoch: Epoch,
        /// Its lease.
        lease: LeaseView,
    },
    /// The manifest could not be read.
    GaveUp(GaveUp),
    /// The lease of this epoch could not be read until the retry timeout ended.
    // P-65.
    Unread(Epoch),
}

/// A candidate that watches the lease.
// P-62, P-64, P-65.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaseObserver {
    takeover: Takeover,
    retry_timeout: u64,
    step: Step,
    /// What the manifest search found.
    basis: Basis,
    /// Whether that was the latest for certain.
    // P-112.
    certain: bool,
    /// The lease that is read before it is known which one counts.
    newest: Newest,
    /// For a lease that is not there: how long that must last.
    // P-64.
    ttl_default: u64,
    /// Lance wrote the latest manifest, and it knows no leases: one that is absent will not come.
    is_lances: bool,
    /// Since when the lease of `epoch` looked like this; `None`: absent.
    seen: Option<Seen>,
    /// When the first of the reads was put that were not answered since.
    unread: Option<Tick>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Seen {
    lease: Option<LeaseView>,
    since: Tick,
}

/// The lease of the highest epoch that has one. It is read beside the manifest, since it is as a rule the one that
/// counts.
// P-113.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Newest {
    /// The leases are to be listed.
    List,
    Listing,
    /// This one is to be read.
    Read(Epoch),
    /// `asked`: when the question was put.
    Reading(Epoch, Tick),
    Answered(Epoch, Tick, ReadReply<LeaseView>),
    /// Nobody asks.
    Over,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Find(FindLatest),
    /// `asked`: when the question was put.
    Read {
        epoch: Epoch,
        asked: Option<Tick>,
    },
    Wait {
        epoch: Epoch,
        until: Tick,
    },
    Concluded,
}

impl LeaseObserver {
    /// A candidate. `ttl_default` (milliseconds) is how long it waits for the lease of an epoch that has none
    /// yet, and `retry_timeout` how long for an answer.
    #[must_use]
    pub const fn new(takeover: Takeover, now: Tick, retry_timeout: u64, ttl_default: u64) -> Self {
        let step = Step::Find(FindLatest::to_build_on(now.plus(retry_timeout), Rounds::NONE));
        let newest = if matches!(takeover, Takeover::Now) { Newest::Over } else { Newest::List };
        Self {
            takeover,
            retry_timeout,
            step,
            basis: Basis::Search,
            certain: false,
            newest,
            ttl_default,
            is_lances: false,
            seen: None,
            unread: None,
        }
    }

    /// What a claim is made on top of, once it concluded.
    // P-112.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.basis.clone()
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self, now: Tick) -> Option<ObserverRequest> {
        if let Step::Wait { epoch, until } = self.step
            && now >= until
        {
            self.step = Step::Read { epoch, asked: None };
        }
        let request = match &mut self.step {
            Step::Find(find) => find.poll_request().map(ObserverRequest::Manifest),
            Step::Read { epoch, asked } if asked.is_none() => {
                *asked = Some(now);
                Some(ObserverRequest::ReadLease(*epoch))
            }
            Step::Read { .. } | Step::Wait { .. } | Step::Concluded => None,
        };
        match (request, &self.newest, &self.step) {
            (Some(request), _, _) => Some(request),
            (None, Newest::List, Step::Find(_)) => {
                self.newest = Newest::Listing;
                Some(ObserverRequest::ListLeases)
            }
            (None, Newest::Read(epoch), Step::Find(_)) => {
                let epoch = *epoch;
                self.newest = Newest::Reading(epoch, now);
                Some(ObserverRequest::ReadLease(epoch))
            }
            (None, _, _) => None,
        }
    }

    /// When to poll again.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Tick> {
        if let Step::Wait { until, .. } = self.step { Some(until) } else { None }
    }

    /// Takes an answer of the manifest search.
    pub fn handle(&mut self, now: Tick, reply: &Reply) -> Option<Verdict> {
        let Step::Find(find) = &mut self.step else { return None };
        let to_build_on = find.is_to_build_on();
        let found = find.handle(now, reply)?;
        self.certain = !to_build_on;
        let manifest = match found {
            Ok(manifest) => manifest,
            Err(gave_up) => return self.conclude(Verdict::GaveUp(gave_up)),
        };
        let epoch = manifest.as_ref().map_or(Epoch::NONE, |manifest| manifest.writer_epoch);
        self.is_lances = manifest.as_ref().is_some_and(|manifest| manifest.nonce.is_none());
        self.basis = manifest.map_or(Basis::Nothing, Basis::Latest);
        if self.takeover == Takeover::Now {
            return self.conclude(Verdict::Claim { only_if: None });
        }
        if epoch.is_none() {
            return self.conclude(Verdict::Claim { only_if: Some(epoch) });
        }
        self.watch(now, epoch)
    }

    /// Takes the listing of the leases.
    // P-113.
    pub fn handle_leases(&mut self, highest: &ReadReply<Epoch>) {
        if self.newest == Newest::Listing {
            self.newest = match highest {
                ReadReply::Found(epoch) if !epoch.is_none() => Newest::Read(*epoch),
                // Then it is read when the epoch is known.
                ReadReply::Found(_) | ReadReply::Absent | ReadReply::Damaged | ReadReply::Unknown => {
                    Newest::Over
                }
            };
        }
    }

    /// Takes the lease of the epoch asked for.
    pub fn handle_lease(&mut self, now: Tick, of: Epoch, read: &ReadReply<LeaseView>) -> Option<Verdict> {
        if let Newest::Reading(epoch, asked) = self.newest
            && epoch == of
        {
            self.newest = Newest::Answered(epoch, asked, read.clone());
            return None;
        }
        let Step::Read { epoch, asked: Some(asked) } = self.step else { return None };
        if epoch != of { None } else { self.read(now, epoch, asked, read) }
    }

    /// What follows from the lease of the manifest's epoch. A claim is made on top of what was found, and shows
    /// whether that was the latest. Nothing shows it of a refusal, and nobody waits for a writer of long ago.
    // P-112.
    fn read(&mut self, now: Tick, epoch: Epoch, asked: Tick, read: &ReadReply<LeaseView>) -> Option<Verdict> {
        let claims = match read {
            ReadReply::Found(lease) => lease.released,
            ReadReply::Absent | ReadReply::Damaged => self.is_lances || !rules::on(Rule::AwaitLease),
            ReadReply::Unknown => false,
        };
        if claims {
            return self.conclude(Verdict::Claim { only_if: Some(epoch) });
        }
        if let (false, Basis::Latest(found)) = (self.certain, &self.basis) {
            let deadline = now.plus(self.retry_timeout);
            self.step = Step::Find(FindLatest::to_conclude_from(deadline, Manifest::clone(found)));
            self.newest = Newest::Answered(epoch, asked, read.clone());
            return None;
        }
        let lease = match read {
            ReadReply::Found(lease) => Some(*lease),
            ReadReply::Absent | ReadReply::Damaged => None,
            ReadReply::Unknown => return self.handle_unread(now, epoch, asked),
        };
        self.unread = None;
        if let Some(lease) = lease.filter(|_| self.takeover == Takeover::Free) {
            return self.conclude(Verdict::Held { epoch, lease });
        }
        let ttl = lease.map_or(self.ttl_default, |lease| lease.ttl);
        match self.seen {
            Some(seen) if seen.lease == lease => {
                // SUBTLE: until the question was put, not until it was answered. A late answer shows an early
                // state.
                if asked.since(seen.since) >= ttl {
                    return self.conclude(Verdict::Claim { only_if: Some(epoch) });
                }
            }
            _ => self.seen = Some(Seen { lease, since: now }),
        }
        self.wait(now, epoch, pause_of(ttl));
        None
    }

    /// What was not answered is no sign of life and none of death.
    // P-65.
    fn handle_unread(&mut self, now: Tick, epoch: Epoch, asked: Tick) -> Option<Verdict> {
        let since = *self.unread.get_or_insert(asked);
        let left = self.retry_timeout.saturating_sub(now.since(since));
        if left == 0 {
            return self.conclude(Verdict::Unread(epoch));
        }
        self.wait(now, epoch, pause_of(self.ttl_default).min(left));
        None
    }

    /// The claim came too late: another candidate has the shard now. Watch that one.
    pub fn superseded(&mut self, now: Tick, by: Epoch) {
        (self.is_lances, self.basis, self.certain) = (false, Basis::Search, true);
        if self.takeover == Takeover::Now {
            self.certain = false;
            self.step = Step::Find(FindLatest::to_build_on(now.plus(self.retry_timeout), Rounds::NONE));
        } else {
            // What was read of its lease before counts as little as the epoch did then.
            if matches!(self.newest, Newest::Answered(..)) {
                self.newest = Newest::Over;
            }
            let verdict = self.watch(now, by);
            assert!(verdict.is_none(), "nothing was read of it yet");
        }
    }

    /// The epoch whose lease is being watched.
    #[must_use]
    pub const fn watched(&self) -> Option<Epoch> {
        match self.step {
            Step::Read { epoch, .. } | Step::Wait { epoch, .. } => Some(epoch),
            Step::Find(_) | Step::Concluded => None,
        }
    }

    /// Watches the lease of `epoch`, and concludes from what was read of it, if that is so already.
    // P-113.
    fn watch(&mut self, now: Tick, epoch: Epoch) -> Option<Verdict> {
        (self.seen, self.unread) = (None, None);
        self.step = Step::Read { epoch, asked: None };
        match self.newest.clone() {
            Newest::Reading(of, asked) if of == epoch => {
                self.newest = Newest::Over;
                self.step = Step::Read { epoch, asked: Some(asked) };
            }
            Newest::Answered(of, asked, read) if of == epoch => {
                self.newest = Newest::Over;
                return self.read(now, epoch, asked, &read);
            }
            // Another's, that may become the one that counts.
            Newest::Reading(..) | Newest::Answered(..) => {}
            Newest::List | Newest::Listing | Newest::Read(_) | Newest::Over => self.newest = Newest::Over,
        }
        None
    }

    fn wait(&mut self, now: Tick, epoch: Epoch, pause: u64) {
        self.step = Step::Wait { epoch, until: now.plus(pause) };
    }

    fn conclude(&mut self, verdict: Verdict) -> Option<Verdict> {
        self.step = Step::Concluded;
        Some(verdict)
    }
}

/// Between two looks: four of them in each ttl.
const fn pause_of(ttl: u64) -> u64 {
    if ttl < 4 { 1 } else { ttl / 4 }
}

#[cfg(test)]
mod tests;
