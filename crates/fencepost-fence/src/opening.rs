//! Opening a shard for writing: claims the next epoch, then fences the one before.
// P-10 to P-18.

use crate::{
    Change, Commit, CommitOutcome, Fence, FenceEvent, GaveUp, Machine, Opened, Params, Reply, Request, Rule,
    Tick, Window, rules,
};
use fencepost_format::{EntryHeader, Epoch, Nonce, Position, ShardId};
use std::collections::VecDeque;

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
    Claim(Commit),
    Fence(Fence),
    Ended,
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
        let commit = Commit::new(Change::Claim { shard, only_if }, nonce, now.plus(params.retry_timeout));
        // P-60: whoever waited for a lease to expire knows no more than others. Without that rule: nothing
        // can be in flight.
        let trusts_lease = only_if.is_some() && !rules::on(Rule::LeaseIsNoProof);
        let params = if trusts_lease { Params { window: Window::for_models(1), ..params } } else { params };
        Self { params, nonce, step: Step::Claim(commit), events: VecDeque::new() }
    }

    /// As [`Fence::suspects`].
    #[must_use]
    pub const fn suspects(&self) -> Option<Position> {
        match &self.step {
            Step::Fence(fence) => fence.suspects(),
            Step::Claim(_) | Step::Ended => None,
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
                self.step = Step::Fence(Fence::new(self.params, now, &manifest, self.nonce));
            }
            CommitOutcome::Superseded { by } => self.end(OpeningEvent::Fenced { by }),
            CommitOutcome::Sealed => self.end(OpeningEvent::Sealed),
            CommitOutcome::GaveUp(gave_up) => self.end(OpeningEvent::GaveUp(gave_up)),
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
            Step::Claim(commit) => commit.poll_request(),
            Step::Fence(fence) => fence.poll_request(),
            Step::Ended => None,
        }
    }

    fn handle(&mut self, now: Tick, reply: Reply) {
        match &mut self.step {
            Step::Claim(commit) => {
                if let Some(outcome) = commit.handle(now, &reply) {
                    self.claimed(now, outcome);
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
