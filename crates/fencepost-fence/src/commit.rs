//! A manifest commit: create the next version, then find out who won (P-2 to P-6).

use crate::rounds::Rounds;
use crate::{CreateReply, FindLatest, GaveUp, ReadReply, Reply, Request, Rule, Tick, rules};
use fencepost_format::{Epoch, Manifest, Nonce, Position, ShardId, ShardStatus, Version};

/// What a commit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Take the next epoch (P-10).
    Claim {
        /// The shard, for its first manifest.
        shard: ShardId,
        /// Claim only if the manifest still has this epoch (P-11).
        only_if: Option<Epoch>,
    },
    /// Move `R` under an epoch that is held (P-30, P-32).
    Checkpoint {
        /// The epoch held.
        epoch: Epoch,
        /// The highest version that the holder knows to have been the latest: nothing below it can be (P-66).
        known: Version,
        /// The new `R`; already known to lie outside zones and at or below the acknowledged tail.
        replay_after: Position,
        /// The acknowledged tail, for `H` (P-33).
        tail: Position,
    },
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommitOutcome {
    /// It is the latest manifest.
    Won(Manifest),
    /// Nothing to do: `R` was there already. The latest manifest.
    Unchanged(Manifest),
    /// A higher epoch holds the shard, or another than the one to be claimed.
    Superseded {
        /// The epoch found.
        by: Epoch,
    },
    /// The shard is sealed; it refuses claims (P-10).
    Sealed,
    /// It ended without an answer.
    GaveUp(GaveUp),
}

/// One manifest commit in progress.
///
/// A part of other [machines](crate::Machine): poll a request, answer it with [`handle`](Self::handle), until that returns the outcome; one request at a time. Costs, when nobody
/// interferes: four LISTs, four GETs and one PUT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    change: Change,
    nonce: Nonce,
    deadline: Tick,
    step: Step,
    asked: bool,
    attempt: u32,
    /// How often it started over. It paces the next search, as the attempts of one request do.
    rounds: Rounds,
    /// Whether any attempt at the version being created may have landed unseen.
    uncertain: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Find(FindLatest),
    Create(Manifest),
    ReadBack(Manifest),
    Confirm(Manifest, FindLatest),
}

impl Commit {
    /// Starts a commit that gives up at `deadline`. The nonce must be fresh.
    #[must_use]
    pub const fn new(change: Change, nonce: Nonce, deadline: Tick) -> Self {
        let step = Step::Find(FindLatest::new(deadline));
        Self {
            change,
            nonce,
            deadline,
            step,
            asked: false,
            attempt: 0,
            rounds: Rounds::NONE,
            uncertain: false,
        }
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Find(find) | Step::Confirm(_, find) => find.poll_request(),
            Step::Create(_) | Step::ReadBack(_) if self.asked => None,
            Step::Create(manifest) => {
                self.asked = true;
                Some(Request::CreateManifest { manifest: manifest.clone(), attempt: self.attempt })
            }
            Step::ReadBack(manifest) => {
                self.asked = true;
                Some(Request::ReadManifest { version: manifest.version, attempt: self.attempt })
            }
        }
    }

    /// Takes an answer; `Some` ends the commit. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) -> Option<CommitOutcome> {
        match &mut self.step {
            Step::Find(find) => match find.handle(now, reply)? {
                Ok(latest) => self.propose(latest),
                Err(gave_up) => Some(CommitOutcome::GaveUp(gave_up)),
            },
            Step::Create(manifest) => match reply {
                Reply::ManifestCreated(version, reply) if *version == manifest.version => {
                    self.handle_created(now, *reply)
                }
                _ => None,
            },
            Step::ReadBack(ours) => match reply {
                Reply::Manifest(version, read) if *version == ours.version => {
                    self.handle_read_back(now, read)
                }
                _ => None,
            },
            Step::Confirm(ours, find) => match find.handle(now, reply)? {
                Ok(latest) => {
                    let ours = ours.clone();
                    self.decide(now, ours, latest)
                }
                Err(_) => Some(CommitOutcome::GaveUp(GaveUp::Unknown)),
            },
        }
    }

    /// P-2, P-7: what to create on top of the latest manifest, with everything in it that this code does not know.
    fn propose(&mut self, latest: Option<Manifest>) -> Option<CommitOutcome> {
        let mut next = match (&self.change, latest) {
            (Change::Claim { shard, .. }, None) => Manifest::initial(*shard),
            (Change::Claim { .. }, Some(latest)) => latest,
            // P-32: a shard without manifests has no holder; ours went missing.
            (Change::Checkpoint { epoch, .. }, None) => {
                let gave_up = GaveUp::RolledBack { ours: *epoch, found: Epoch::NONE };
                return Some(CommitOutcome::GaveUp(gave_up));
            }
            (Change::Checkpoint { .. }, Some(latest)) => latest,
        };
        match self.change {
            Change::Claim { only_if, .. } => {
                if next.status != ShardStatus::Active && rules::on(Rule::RefuseSealed) {
                    return Some(CommitOutcome::Sealed);
                }
                if only_if.is_some_and(|watched| watched != next.writer_epoch)
                    && rules::on(Rule::ClaimWatchedEpoch)
                {
                    return Some(CommitOutcome::Superseded { by: next.writer_epoch });
                }
                if rules::on(Rule::ClaimNextEpoch) || next.writer_epoch.is_none() {
                    next.writer_epoch = next.writer_epoch.next();
                }
            }
            Change::Checkpoint { epoch, known, replay_after, tail } => {
                if next.writer_epoch > epoch && rules::on(Rule::EpochAtCheckpoint) {
                    return Some(CommitOutcome::Superseded { by: next.writer_epoch });
                }
                if next.writer_epoch < epoch {
                    let gave_up = GaveUp::RolledBack { ours: epoch, found: next.writer_epoch };
                    return Some(CommitOutcome::GaveUp(gave_up));
                }
                if next.version < known {
                    let gave_up = GaveUp::WentBack { known, found: next.version };
                    return Some(CommitOutcome::GaveUp(gave_up));
                }
                if replay_after <= next.replay_after && rules::on(Rule::CheckpointMonotone) {
                    return Some(CommitOutcome::Unchanged(next));
                }
                next.replay_after = replay_after;
                next.last_seen = next.last_seen.max(tail);
            }
        }
        // F-15: only Lance's versions have no nonce.
        next.lance_before |= !next.version.is_none() && next.nonce.is_none();
        next.version = next.version.next();
        next.nonce = Some(self.nonce);
        self.uncertain = false;
        self.go(Step::Create(next))
    }

    fn handle_created(&mut self, now: Tick, reply: CreateReply) -> Option<CommitOutcome> {
        let Step::Create(ours) = &self.step else { unreachable!("called while creating") };
        let ours = ours.clone();
        match reply {
            CreateReply::Done if rules::on(Rule::ConfirmCommit) => self.confirm(ours),
            CreateReply::Done => Some(CommitOutcome::Won(ours)),
            CreateReply::Exists => {
                // The attempts go on counting: a store may say "exists" and "absent" in turn for ever, and that must be paced.
                self.step = Step::ReadBack(ours);
                self.asked = false;
                None
            }
            CreateReply::Unknown => {
                self.uncertain = true;
                self.again(now, GaveUp::Unknown)
            }
            CreateReply::NotDone { again } => {
                let end = if self.uncertain { GaveUp::Unknown } else { GaveUp::NotDone };
                if again { self.again(now, end) } else { Some(CommitOutcome::GaveUp(end)) }
            }
        }
    }

    /// P-5.
    fn handle_read_back(&mut self, now: Tick, read: &ReadReply<Manifest>) -> Option<CommitOutcome> {
        let Step::ReadBack(ours) = &self.step else { unreachable!("called while reading back") };
        let ours = ours.clone();
        match read {
            ReadReply::Found(there) if there.nonce == Some(self.nonce) => {
                if rules::on(Rule::ConfirmCommit) {
                    self.confirm(ours)
                } else {
                    Some(CommitOutcome::Won(ours))
                }
            }
            ReadReply::Found(_) => self.start_over(now),
            ReadReply::Absent => {
                self.step = Step::Create(ours);
                self.again(now, GaveUp::Unknown)
            }
            ReadReply::Damaged => Some(CommitOutcome::GaveUp(GaveUp::DamagedManifest(ours.version))),
            ReadReply::Unknown => self.again(now, GaveUp::Unknown),
        }
    }

    /// P-3 and P-4: who won?
    fn decide(&mut self, now: Tick, ours: Manifest, latest: Option<Manifest>) -> Option<CommitOutcome> {
        let Some(latest) = latest else { return self.start_over(now) };
        if latest.version == ours.version && latest.nonce == ours.nonce {
            return Some(CommitOutcome::Won(ours));
        }
        if latest.writer_epoch > ours.writer_epoch && rules::on(Rule::FencedByManifest) {
            return Some(CommitOutcome::Superseded { by: latest.writer_epoch });
        }
        self.start_over(now)
    }

    fn confirm(&mut self, ours: Manifest) -> Option<CommitOutcome> {
        let find = FindLatest::new(self.deadline);
        self.go(Step::Confirm(ours, find))
    }

    /// Others commit while we try; each round of theirs is progress for the log, so only the deadline ends it.
    fn start_over(&mut self, now: Tick) -> Option<CommitOutcome> {
        if now >= self.deadline {
            return Some(CommitOutcome::GaveUp(GaveUp::Unknown));
        }
        self.rounds = self.rounds.next();
        let find = FindLatest::after(self.deadline, self.rounds);
        self.go(Step::Find(find))
    }

    fn go(&mut self, step: Step) -> Option<CommitOutcome> {
        self.step = step;
        self.asked = false;
        self.attempt = 0;
        None
    }

    fn again(&mut self, now: Tick, end: GaveUp) -> Option<CommitOutcome> {
        if now >= self.deadline {
            return Some(CommitOutcome::GaveUp(end));
        }
        self.attempt += 1;
        self.asked = false;
        None
    }

    /// The version that is being created or confirmed, for messages.
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        match &self.step {
            Step::Find(_) => None,
            Step::Create(ours) | Step::ReadBack(ours) | Step::Confirm(ours, _) => Some(ours.version),
        }
    }
}

#[cfg(test)]
mod tests;
