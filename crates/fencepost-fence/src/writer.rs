//! An open epoch: the append window and the checkpoints of its holder.
// P-20 to P-35.

use crate::latest::Known;
use crate::{
    AppendEvent, AppendWindow, Change, Commit, CommitOutcome, FenceRanges, GaveUp, Machine, Opened, Params,
    Reply, Request, Rule, Stop, Tick, WriterId, rules,
};
use fencepost_format::{Epoch, Manifest, Nonce, Position, Version};
use std::collections::VecDeque;

/// The state of an open writer.
///
/// A [`Machine`] that is also fed with [`submit`](Self::submit), [`checkpoint`](Self::checkpoint) and
/// [`begin_close`](Self::begin_close).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WriterCore {
    params: Params,
    writer: WriterId,
    window: AppendWindow,
    fence_ranges: FenceRanges,
    replay_after: Position,
    /// The manifest of the highest version known to have been the latest.
    known: Known,
    commit: Option<Commit>,
    events: VecDeque<WriterEvent>,
}

/// An event of a writer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WriterEvent {
    /// An event of the append window.
    Append(AppendEvent),
    /// The checkpoint in progress has ended.
    Checkpoint(CheckpointOutcome),
}

/// How a checkpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckpointOutcome {
    /// `replay_after` has this position now, in this manifest. It may be lower than asked for, or higher.
    // P-31, P-30.
    At {
        /// `replay_after`.
        replay_after: Position,
        /// The latest manifest's version.
        version: Version,
    },
    /// A successor has the shard.
    Fenced {
        /// Its epoch.
        by: Epoch,
    },
    /// It ended without an answer: `replay_after` may or may not have moved. Trying again is safe.
    GaveUp(GaveUp),
}

/// Why a checkpoint was refused before it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckpointRefused {
    /// The position is above the acknowledged tail.
    // P-30.
    AboveTail {
        /// The acknowledged tail.
        tail: Position,
    },
    /// A successor has the shard and decides about checkpoints.
    Fenced {
        /// Its epoch.
        by: Epoch,
    },
    /// An earlier checkpoint found that the bucket was rolled back. Another writer may hold this epoch now.
    // P-66.
    RolledBack(GaveUp),
    /// Another one is in progress.
    // P-32.
    Busy,
}

impl WriterCore {
    /// The writer of an epoch that was just opened.
    #[must_use]
    pub fn new(params: Params, opened: &Opened) -> Self {
        let window = params.pipelining.of(params.window, params.in_table, &opened.manifest);
        let used = Params { window, ..params };
        let writer = WriterId { epoch: opened.epoch, nonce: opened.nonce };
        Self {
            params,
            writer,
            window: AppendWindow::new(used, writer, opened.next),
            fence_ranges: opened.fence_ranges.clone(),
            replay_after: opened.manifest.replay_after,
            known: Known::of(&opened.manifest),
            commit: None,
            events: VecDeque::new(),
        }
    }

    /// The append window.
    #[must_use]
    pub const fn window(&self) -> &AppendWindow {
        &self.window
    }

    /// The writer's epoch.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.writer.epoch
    }

    /// The epoch held, and the nonce in every entry of it.
    #[must_use]
    pub const fn id(&self) -> WriterId {
        self.writer
    }

    /// `replay_after` as this writer last knew it.
    #[must_use]
    pub const fn replay_after(&self) -> Position {
        self.replay_after
    }

    /// The highest version of the manifest that this writer knows to have been the latest.
    #[must_use]
    pub const fn known(&self) -> Version {
        self.known.version
    }

    /// The fence ranges above `replay_after`.
    #[must_use]
    pub const fn fence_ranges(&self) -> &FenceRanges {
        &self.fence_ranges
    }

    /// Why the writer stopped, if it did.
    #[must_use]
    pub const fn stopped(&self) -> Option<Stop> {
        self.window.stopped()
    }

    /// Takes the next position for an append; `None` if the window is full or the writer is not open.
    pub fn submit(&mut self, now: Tick) -> Option<Position> {
        self.window.submit(now)
    }

    /// Stops taking appends and, once nothing is undecided, appends the close entry.
    pub fn begin_close(&mut self, now: Tick) {
        self.window.begin_close(now);
    }

    /// Starts a checkpoint at `p`, rounded down to lie outside fence ranges. The nonce must be fresh.
    ///
    /// # Errors
    /// [`CheckpointRefused`]: nothing was started.
    pub fn checkpoint(&mut self, now: Tick, p: Position, nonce: Nonce) -> Result<(), CheckpointRefused> {
        if let Some(by) = self.window.superseded_by() {
            return Err(CheckpointRefused::Fenced { by });
        }
        if let Some(Stop::RolledBack { why, .. }) = self.window.stopped() {
            return Err(CheckpointRefused::RolledBack(why));
        }
        let tail = self.window.acked();
        if p > tail && rules::on(Rule::CheckpointBelowTail) {
            return Err(CheckpointRefused::AboveTail { tail });
        }
        if self.commit.is_some() {
            return Err(CheckpointRefused::Busy);
        }
        let replay_after = if rules::on(Rule::CheckpointOutsideFenceRanges) {
            self.fence_ranges.round_down(p, self.params.window)
        } else {
            p
        };
        let (epoch, Known { version: known, nonce: by }) = (self.writer.epoch, self.known);
        let change = Change::Checkpoint { epoch, known, nonce: by, replay_after, tail };
        self.commit = Some(Commit::new(change, nonce, now.plus(self.params.retry_timeout)));
        Ok(())
    }

    fn committed(&mut self, outcome: CommitOutcome) {
        let outcome = match outcome {
            CommitOutcome::Won(manifest) | CommitOutcome::Unchanged(manifest) => self.moved(&manifest),
            CommitOutcome::Superseded { by } => {
                self.window.superseded(by);
                CheckpointOutcome::Fenced { by }
            }
            CommitOutcome::Sealed => unreachable!("only claims are refused by a sealed shard"),
            CommitOutcome::GaveUp(gave_up) => {
                if matches!(gave_up, GaveUp::RolledBack { .. } | GaveUp::WentBack { .. }) {
                    self.window.rolled_back(gave_up);
                }
                CheckpointOutcome::GaveUp(gave_up)
            }
        };
        self.events.push_back(WriterEvent::Checkpoint(outcome));
    }

    fn moved(&mut self, manifest: &Manifest) -> CheckpointOutcome {
        (self.replay_after, self.known) = (manifest.replay_after, Known::of(manifest));
        self.fence_ranges.forget_through(manifest.replay_after, self.params.window);
        CheckpointOutcome::At { replay_after: manifest.replay_after, version: manifest.version }
    }
}

impl Machine for WriterCore {
    type Request = Request;
    type Reply = Reply;
    type Event = WriterEvent;

    fn poll_event(&mut self) -> Option<WriterEvent> {
        self.window.poll_event().map(WriterEvent::Append).or_else(|| self.events.pop_front())
    }

    fn poll_request(&mut self) -> Option<Request> {
        let entry = self.window.poll_request();
        entry.or_else(|| match &mut self.commit {
            Some(commit) => commit.poll_request(),
            None => self.window.poll_manifest_request(),
        })
    }

    fn poll_timeout(&self) -> Option<Tick> {
        self.window.poll_timeout()
    }

    fn handle(&mut self, now: Tick, reply: Reply) {
        match reply {
            Reply::Entry(..) | Reply::EntryCreated(..) => self.window.handle(now, &reply),
            Reply::Listed(_) | Reply::Manifest(..) | Reply::ManifestCreated(..) => match &mut self.commit {
                Some(commit) => {
                    if let Some(outcome) = commit.handle(now, &reply) {
                        self.commit = None;
                        self.committed(outcome);
                    }
                }
                None => self.window.handle(now, &reply),
            },
            // Others ask for these.
            Reply::Boundary(_) | Reply::Cursor(_) | Reply::Peeked(..) => {}
        }
    }

    fn handle_timeout(&mut self, now: Tick) {
        self.window.handle_timeout(now);
    }
}

#[cfg(test)]
mod tests;
