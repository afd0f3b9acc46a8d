//! Advisory leases, which say who may be presumed alive.
//!
//! A lease spares two eager writers a ping-pong of claims, and tells a standby when to step in. Nothing else
//! rests on it: a writer that claims against a live lease is safe, only impolite.
// P-60 to P-63.

use crate::{FindLatest, GaveUp, ReadReply, Reply, Request, Rule, Tick, rules};
use fencepost_format::Epoch;

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
        let step = Step::Find(FindLatest::new(now.plus(retry_timeout)));
        Self { takeover, retry_timeout, step, ttl_default, is_lances: false, seen: None, unread: None }
    }

    /// What it concludes without asking anybody: [`Takeover::Now`] claims at once.
    #[must_use]
    pub fn verdict_at_once(&self) -> Option<Verdict> {
        (self.takeover == Takeover::Now).then_some(Verdict::Claim { only_if: None })
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self, now: Tick) -> Option<ObserverRequest> {
        if let Step::Wait { epoch, until } = self.step
            && now >= until
        {
            self.step = Step::Read { epoch, asked: None };
        }
        match &mut self.step {
            Step::Find(find) => find.poll_request().map(ObserverRequest::Manifest),
            Step::Read { epoch, asked } if asked.is_none() => {
                *asked = Some(now);
                Some(ObserverRequest::ReadLease(*epoch))
            }
            Step::Read { .. } | Step::Wait { .. } | Step::Concluded => None,
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
        match find.handle(now, reply)? {
            Ok(Some(manifest)) if !manifest.writer_epoch.is_none() => {
                self.is_lances = manifest.nonce.is_none();
                self.watch(manifest.writer_epoch);
                None
            }
            Ok(_) => self.conclude(Verdict::Claim { only_if: Some(Epoch::NONE) }),
            Err(gave_up) => self.conclude(Verdict::GaveUp(gave_up)),
        }
    }

    /// Takes the lease of the epoch asked for.
    pub fn handle_lease(&mut self, now: Tick, read: &ReadReply<LeaseView>) -> Option<Verdict> {
        let Step::Read { epoch, asked: Some(asked) } = self.step else { return None };
        let lease = match read {
            ReadReply::Found(lease) => Some(*lease),
            ReadReply::Absent | ReadReply::Damaged => None,
            ReadReply::Unknown => return self.handle_unread(now, epoch, asked),
        };
        self.unread = None;
        match lease {
            Some(LeaseView { released: true, .. }) => {
                return self.conclude(Verdict::Claim { only_if: Some(epoch) });
            }
            None if self.is_lances || !rules::on(Rule::AwaitLease) => {
                return self.conclude(Verdict::Claim { only_if: Some(epoch) });
            }
            Some(lease) if self.takeover == Takeover::Free => {
                return self.conclude(Verdict::Held { epoch, lease });
            }
            Some(_) | None => {}
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
        self.is_lances = false;
        self.watch(by);
        if self.takeover == Takeover::Now {
            self.step = Step::Find(FindLatest::new(now.plus(self.retry_timeout)));
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

    fn watch(&mut self, epoch: Epoch) {
        (self.seen, self.unread) = (None, None);
        self.step = Step::Read { epoch, asked: None };
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
