//! Opening a shard for writing: claims the next epoch, then fences the one before.
// P-10 to P-18, P-114.

use crate::{
    Basis, Change, Commit, CommitOutcome, Fence, FenceEvent, GaveUp, Machine, Opened, Params, Reply, Request,
    Rule, Tick, Window, rules,
};
use fencepost_format::{EntryHeader, Epoch, Manifest, Nonce, Position, ShardId};
use std::collections::{BTreeSet, VecDeque};

/// A writer that is being opened.
///
/// A [`Machine`]. Dropping it at any point is safe: at worst an epoch was claimed that nobody uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opening {
    params: Params,
    nonce: Nonce,
    step: Step,
    events: VecDeque<OpeningEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Claim(Commit, Option<Early>),
    /// The claim is won, and answers to what was read in vain are still out.
    Claimed(Manifest, Early),
    Fence(Fence),
    Ended,
}

/// What is read while the claim is being made.
///
/// SUBTLE: it counts only if the claim that wins is the one that it was read beside. Then no other commit came
/// between the manifest that was read and the claim: the checkpoint did not move, so nothing that was read had been
/// collected and nothing below it was. If the claim starts over, all is void, and so is each answer to a question of
/// before: the next reading begins when all have come.
// P-114.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Early {
    fence: Fence,
    out: BTreeSet<(Asked, Position)>,
    void: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Asked {
    Read,
    Peek,
}

impl Early {
    fn poll_request(&mut self) -> Option<Request> {
        if self.void {
            return None;
        }
        let request = self.fence.poll_request()?;
        self.out.extend(match &request {
            Request::ReadEntry { at, .. } => Some((Asked::Read, *at)),
            Request::PeekEntry { at, .. } => Some((Asked::Peek, *at)),
            _ => None,
        });
        Some(request)
    }

    /// Takes an answer, if it is one to what it asked.
    fn handle(&mut self, now: Tick, reply: &Reply) {
        let question = match reply {
            Reply::Entry(at, _) => (Asked::Read, *at),
            Reply::Peeked(at, _) => (Asked::Peek, *at),
            _ => return,
        };
        if self.out.remove(&question) && !self.void {
            self.fence.handle(now, reply);
        }
    }

    /// Whether nothing of it will ever be heard again.
    fn is_over(&self) -> bool {
        self.void && self.out.is_empty()
    }
}

/// An event of an opening.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OpeningEvent {
    /// The epoch is claimed, and the replay begins above `replay_after`. It is time to write the hint and the
    /// lease.
    Claimed {
        /// The claimed manifest's version.
        version: fencepost_format::Version,
        /// The epoch.
        epoch: Epoch,
        /// `replay_after`.
        replay_after: Position,
    },
    /// An entry of the replay, in order; provisional until [`OpeningEvent::Opened`].
    Replayed {
        /// The entry. The driver holds its rows.
        header: EntryHeader,
        /// Whether its rows are to be replayed: data, no stale entry, and not flushed by Lance already.
        // P-40, P-44.
        deliver: bool,
    },
    /// Open for appends.
    Opened(Opened),
    /// Another epoch has the shard; nothing was written that counts.
    Fenced {
        /// The epoch that was seen.
        by: Epoch,
    },
    /// The shard is sealed and takes no writers.
    Sealed,
    /// It ended without an answer. Opening again is safe.
    GaveUp(GaveUp),
}

impl Opening {
    /// Starts opening `shard`. The nonce must be fresh; it marks the claim and every entry of the epoch.
    ///
    /// With `only_if`, the claim is made only while the manifest has that epoch.
    // P-11.
    #[must_use]
    pub fn new(params: Params, now: Tick, shard: ShardId, nonce: Nonce, only_if: Option<Epoch>) -> Self {
        Self::upon(params, now, shard, nonce, only_if, Basis::Search)
    }

    /// The same on top of what was read a moment ago, by a [candidate](crate::LeaseObserver::basis) say.
    // P-112.
    #[must_use]
    pub fn upon(
        params: Params,
        now: Tick,
        shard: ShardId,
        nonce: Nonce,
        only_if: Option<Epoch>,
        basis: Basis,
    ) -> Self {
        let change = Change::Claim { shard, only_if };
        let commit = Commit::upon(change, nonce, now.plus(params.retry_timeout), basis);
        // P-60: whoever waited for a lease to expire knows no more than others. Without that rule: nothing
        // can be in flight.
        let trusts_lease = only_if.is_some() && !rules::on(Rule::LeaseIsNoProof);
        let params = if trusts_lease { Params { window: Window::for_models(1), ..params } } else { params };
        let mut opening = Self { params, nonce, step: Step::Claim(commit, None), events: VecDeque::new() };
        opening.read_early(now);
        opening
    }

    /// As [`Fence::suspects`].
    #[must_use]
    pub const fn suspects(&self) -> Option<Position> {
        match &self.step {
            Step::Fence(fence) => fence.suspects(),
            Step::Claim(..) | Step::Claimed(..) | Step::Ended => None,
        }
    }

    fn claimed(&mut self, now: Tick, outcome: CommitOutcome) {
        match outcome {
            CommitOutcome::Won(manifest) | CommitOutcome::Unchanged(manifest) => {
                self.events.push_back(OpeningEvent::Claimed {
                    version: manifest.version,
                    epoch: manifest.writer_epoch,
                    replay_after: manifest.replay_after,
                });
                let early = match &mut self.step {
                    Step::Claim(_, early) => early.take().filter(|early| !early.is_over()),
                    Step::Claimed(..) | Step::Fence(_) | Step::Ended => None,
                };
                match early {
                    Some(early) if early.void => self.step = Step::Claimed(manifest, early),
                    early => self.begin(now, &manifest, early),
                }
            }
            CommitOutcome::Superseded { by } => self.end(OpeningEvent::Fenced { by }),
            CommitOutcome::Sealed => self.end(OpeningEvent::Sealed),
            CommitOutcome::GaveUp(gave_up) => self.end(OpeningEvent::GaveUp(gave_up)),
        }
    }

    /// Begins to fence with what was read early, or anew.
    fn begin(&mut self, now: Tick, manifest: &Manifest, early: Option<Early>) {
        let fence = early.map_or_else(
            || Fence::new(self.params, now, manifest, self.nonce),
            |Early { mut fence, .. }| {
                fence.go_on(now, manifest);
                fence
            },
        );
        self.step = Step::Fence(fence);
        self.forward_events();
    }

    /// Reads beside a claim that is being made, as long as that is the one that was read beside.
    // P-114.
    fn read_early(&mut self, now: Tick) {
        let Step::Claim(commit, early) = &mut self.step else { return };
        match (commit.proposed(), &mut *early) {
            (None, Some(early)) => early.void |= rules::on(Rule::ReadUponItsClaim),
            (None, None) => {}
            (Some(_), Some(early)) if !early.is_over() => {}
            (Some(claiming), _) => {
                let fence = Fence::ahead_of(self.params, now, claiming, self.nonce);
                *early = Some(Early { fence, out: BTreeSet::new(), void: false });
            }
        }
    }

    fn forward_events(&mut self) {
        while let Step::Fence(fence) = &mut self.step
            && let Some(event) = fence.poll_event()
        {
            match event {
                FenceEvent::Replayed { header, deliver } => {
                    self.events.push_back(OpeningEvent::Replayed { header, deliver });
                }
                FenceEvent::Opened(opened) => self.end(OpeningEvent::Opened(opened)),
                FenceEvent::Fenced { by } => self.end(OpeningEvent::Fenced { by }),
                FenceEvent::GaveUp(gave_up) => self.end(OpeningEvent::GaveUp(gave_up)),
            }
        }
    }

    fn end(&mut self, event: OpeningEvent) {
        self.step = Step::Ended;
        self.events.push_back(event);
    }
}

impl Machine for Opening {
    type Request = Request;
    type Reply = Reply;
    type Event = OpeningEvent;

    fn poll_event(&mut self) -> Option<OpeningEvent> {
        self.events.pop_front()
    }

    fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Claim(commit, early) => {
                commit.poll_request().or_else(|| early.as_mut().and_then(Early::poll_request))
            }
            Step::Fence(fence) => fence.poll_request(),
            Step::Claimed(..) | Step::Ended => None,
        }
    }

    fn handle(&mut self, now: Tick, reply: Reply) {
        match &mut self.step {
            Step::Claim(commit, early) => {
                if let Some(early) = early {
                    early.handle(now, &reply);
                }
                if let Some(outcome) = commit.handle(now, &reply) {
                    self.claimed(now, outcome);
                }
                self.read_early(now);
            }
            Step::Claimed(manifest, early) => {
                early.handle(now, &reply);
                if early.is_over() {
                    let manifest = manifest.clone();
                    self.begin(now, &manifest, None);
                }
            }
            Step::Fence(fence) => {
                fence.handle(now, &reply);
                self.forward_events();
            }
            Step::Ended => {}
        }
    }
}

#[cfg(test)]
mod tests;
