//! A manifest commit: create the next version, then find out who won.
// P-2 to P-6, P-112.

use crate::latest::Known;
use crate::rounds::Rounds;
use crate::{
    Create, CreateAnswer, CreateAsk, CreateFate, FindLatest, GaveUp, Reply, Request, Rule, Tick, rules,
};
use fencepost_format::{Epoch, Manifest, Nonce, Position, ShardId, ShardStatus, Version};

/// What a commit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Take the next epoch.
    // P-10.
    Claim {
        /// The shard, for its first manifest.
        shard: ShardId,
        /// Claim only if the manifest still has this epoch.
        // P-11.
        only_if: Option<Epoch>,
    },
    /// Move `replay_after` under an epoch that is held.
    // P-30, P-32.
    Checkpoint {
        /// The epoch held.
        epoch: Epoch,
        /// The highest version that the holder knows to have been the latest: nothing below it can be.
        // P-66.
        known: Version,
        /// The nonce in that version; `None` if Lance wrote it.
        // P-111.
        nonce: Option<Nonce>,
        /// The new `replay_after`; already known to lie outside fence ranges and at or below the acknowledged
        /// tail.
        replay_after: Position,
        /// The acknowledged tail, for `last_seen`.
        // P-33.
        tail: Position,
    },
    /// Let nobody claim the shard any more, under an epoch that is held and closed.
    // P-150.
    Seal {
        /// The epoch held.
        epoch: Epoch,
    },
    /// Let the shard be claimed again, by a claim that nobody writes under.
    // P-150.
    Unseal,
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommitOutcome {
    /// It is the latest manifest.
    Won(Manifest),
    /// Nothing to do: `replay_after` was there already. The latest manifest.
    Unchanged(Manifest),
    /// A higher epoch holds the shard, or another than the one to be claimed.
    Superseded {
        /// The epoch found.
        by: Epoch,
    },
    /// The shard is sealed; it refuses claims.
    // P-10.
    Sealed,
    /// It ended without an answer.
    GaveUp(GaveUp),
}

/// What a claim is made on top of.
// P-112.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// What its own search finds.
    Search,
    /// There was no manifest a moment ago.
    Nothing,
    /// This one was the latest a moment ago.
    Latest(Manifest),
}

/// One manifest commit in progress.
///
/// A part of other [machines](crate::Machine): poll a request, answer it with [`handle`](Self::handle), until
/// that returns the outcome. Costs, when nobody interferes: two LISTs, four GETs and one PUT. For a checkpoint
/// that is three round trips: a look at the latest manifest, the PUT, and a look at what was put. A claim has one
/// more, or one less if its manifest [was read](Self::upon) already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    change: Change,
    nonce: Nonce,
    deadline: Tick,
    step: Step,
    /// How often it started over. It paces the next search, as the attempts of one request do.
    rounds: Rounds,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Find(FindLatest),
    Create(Manifest, Create),
    Confirm(Manifest, FindLatest),
}

/// Whether what was found is known to have been the latest, or will show when the create is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certain {
    Yes,
    No,
}

impl Commit {
    /// Starts a commit that gives up at `deadline`. The nonce must be fresh.
    #[must_use]
    pub const fn new(change: Change, nonce: Nonce, deadline: Tick) -> Self {
        let find = match change {
            Change::Claim { .. } | Change::Seal { .. } | Change::Unseal => {
                FindLatest::to_build_on(deadline, Rounds::NONE)
            }
            Change::Checkpoint { known: version, nonce, .. } => {
                FindLatest::warm(deadline, Known { version, nonce })
            }
        };
        Self { change, nonce, deadline, step: Step::Find(find), rounds: Rounds::NONE }
    }

    /// Starts a commit on top of what was read a moment ago, as if its own search had found it.
    // P-112.
    #[must_use]
    pub fn upon(change: Change, nonce: Nonce, deadline: Tick, basis: Basis) -> Self {
        let mut commit = Self::new(change, nonce, deadline);
        let read = match basis {
            Basis::Search => return commit,
            Basis::Nothing => None,
            Basis::Latest(manifest) => Some(manifest),
        };
        commit.step = match (commit.next_upon(read.clone()), read) {
            (Ok(next), _) => Step::Create(next, Create::until(deadline)),
            (Err(_), Some(read)) => Step::Find(FindLatest::to_conclude_from(deadline, read)),
            (Err(_), None) => Step::Find(FindLatest::new(deadline)),
        };
        commit
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<Request> {
        match &mut self.step {
            Step::Find(find) | Step::Confirm(_, find) => find.poll_request(),
            Step::Create(manifest, create) => Some(match create.ask()? {
                CreateAsk::Create(attempt) => Request::CreateManifest { manifest: manifest.clone(), attempt },
                CreateAsk::ReadBack(attempt) => Request::ReadManifest { version: manifest.version, attempt },
            }),
        }
    }

    /// Takes an answer; `Some` ends the commit. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &Reply) -> Option<CommitOutcome> {
        match &mut self.step {
            Step::Find(find) => match find.handle(now, reply)? {
                Ok(latest) => {
                    let certain = if find.is_to_build_on() { Certain::No } else { Certain::Yes };
                    self.propose(latest, certain)
                }
                Err(gave_up) => Some(CommitOutcome::GaveUp(gave_up)),
            },
            Step::Create(ours, _) => match reply {
                Reply::ManifestCreated(version, reply) if *version == ours.version => {
                    self.handle_create(now, CreateAnswer::Created(*reply))
                }
                Reply::Manifest(version, read) if *version == ours.version => {
                    self.handle_create(now, CreateAnswer::Read(read.as_ref()))
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

    /// Creates the next version on top of the latest, or ends. What would end it must be certain: no confirmation
    /// follows.
    // P-112.
    fn propose(&mut self, latest: Option<Manifest>, certain: Certain) -> Option<CommitOutcome> {
        let refusal = match self.next_upon(latest.clone()) {
            Ok(next) => return self.go(Step::Create(next, Create::until(self.deadline))),
            Err(refusal) => *refusal,
        };
        match (certain, latest) {
            (Certain::No, Some(latest)) if rules::on(Rule::SearchToRefuse) => {
                self.go(Step::Find(FindLatest::to_conclude_from(self.deadline, latest)))
            }
            // A search that finds none is whole without a second LIST.
            (Certain::No | Certain::Yes, _) => Some(refusal),
        }
    }

    /// What to create on top of the latest manifest, with everything in it that this code does not know.
    // P-2, P-7.
    fn next_upon(&self, latest: Option<Manifest>) -> Result<Manifest, Box<CommitOutcome>> {
        let mut next = match (&self.change, latest) {
            (Change::Claim { shard, .. }, None) => Manifest::initial(*shard),
            (Change::Claim { .. }, Some(latest)) => latest,
            // P-32: a shard without manifests has no holder; ours went missing.
            (Change::Checkpoint { epoch, .. } | Change::Seal { epoch }, None) => {
                let gave_up = GaveUp::RolledBack { ours: *epoch, found: Epoch::NONE };
                return Err(Box::new(CommitOutcome::GaveUp(gave_up)));
            }
            // Nothing is sealed where nothing is.
            (Change::Unseal, None) => return Err(Box::new(CommitOutcome::Superseded { by: Epoch::NONE })),
            (Change::Checkpoint { .. } | Change::Seal { .. } | Change::Unseal, Some(latest)) => latest,
        };
        match self.change {
            Change::Claim { only_if, .. } => {
                if next.status != ShardStatus::Active && rules::on(Rule::RefuseSealed) {
                    return Err(Box::new(CommitOutcome::Sealed));
                }
                if only_if.is_some_and(|watched| watched != next.writer_epoch)
                    && rules::on(Rule::ClaimWatchedEpoch)
                {
                    return Err(Box::new(CommitOutcome::Superseded { by: next.writer_epoch }));
                }
                if rules::on(Rule::ClaimNextEpoch) || next.writer_epoch.is_none() {
                    next.writer_epoch = next.writer_epoch.next();
                }
            }
            Change::Checkpoint { epoch, known, nonce, replay_after, tail } => {
                holds(epoch, next.writer_epoch, Rule::EpochAtCheckpoint)?;
                // Another's version 7, say, of after the bucket went back to 5.
                let replaced = nonce.is_some() && next.nonce != nonce && rules::on(Rule::WarmLookKnowsNonce);
                if next.version < known || (next.version == known && replaced) {
                    let gave_up = GaveUp::WentBack { known, found: next.version };
                    return Err(Box::new(CommitOutcome::GaveUp(gave_up)));
                }
                if replay_after <= next.replay_after && rules::on(Rule::CheckpointMonotone) {
                    return Err(Box::new(CommitOutcome::Unchanged(next)));
                }
                next.replay_after = replay_after;
                next.last_seen = next.last_seen.max(tail);
            }
            Change::Seal { epoch } => {
                holds(epoch, next.writer_epoch, Rule::SealOwnEpoch)?;
                if next.status != ShardStatus::Active {
                    return Err(Box::new(CommitOutcome::Unchanged(next)));
                }
                next.status = ShardStatus::Sealed;
            }
            Change::Unseal => match next.status {
                ShardStatus::Active => return Err(Box::new(CommitOutcome::Unchanged(next))),
                ShardStatus::Sealed => {
                    next.status = ShardStatus::Active;
                    next.writer_epoch = next.writer_epoch.next();
                }
                // Whoever set a state that this code does not know, knows how to end it.
                _ => return Err(Box::new(CommitOutcome::Sealed)),
            },
        }
        // F-15: only Lance's versions have no nonce.
        next.lance_before |= !next.version.is_none() && next.nonce.is_none();
        next.version = next.version.next();
        next.nonce = Some(self.nonce);
        next.drain = None;
        Ok(next)
    }

    /// Ours, or another's?
    // P-5.
    fn handle_create(&mut self, now: Tick, answer: CreateAnswer<&Manifest>) -> Option<CommitOutcome> {
        let Step::Create(ours, create) = &mut self.step else { unreachable!("called while creating") };
        match create.handle(now, answer) {
            CreateFate::Pending => None,
            CreateFate::There(there) if there.nonce != Some(self.nonce) => self.start_over(now),
            CreateFate::Created | CreateFate::There(_) => {
                let ours = ours.clone();
                if rules::on(Rule::ConfirmCommit) {
                    self.confirm(ours)
                } else {
                    Some(CommitOutcome::Won(ours))
                }
            }
            CreateFate::Damaged => Some(CommitOutcome::GaveUp(GaveUp::DamagedManifest(ours.version))),
            CreateFate::GaveUp(gave_up) => Some(CommitOutcome::GaveUp(gave_up)),
        }
    }

    /// Who won?
    // P-3 and P-4.
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
        let find = FindLatest::warm(self.deadline, Known::of(&ours));
        self.go(Step::Confirm(ours, find))
    }

    /// Others commit while we try; each round of theirs is progress for the log, so only the deadline ends it.
    fn start_over(&mut self, now: Tick) -> Option<CommitOutcome> {
        if now >= self.deadline {
            return Some(CommitOutcome::GaveUp(GaveUp::Unknown));
        }
        self.rounds = self.rounds.next();
        let find = FindLatest::to_build_on(self.deadline, self.rounds);
        self.go(Step::Find(find))
    }

    fn go(&mut self, step: Step) -> Option<CommitOutcome> {
        self.step = step;
        None
    }

    /// The version that is being created or confirmed, for messages.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.proposed().map(|ours| ours.version)
    }

    /// The manifest that is being created or confirmed.
    #[must_use]
    pub const fn proposed(&self) -> Option<&Manifest> {
        match &self.step {
            Step::Find(_) => None,
            Step::Create(ours, _) | Step::Confirm(ours, _) => Some(ours),
        }
    }
}

/// Whether a commit under `epoch` may stand on a manifest of `latest`: only the holder of the latest epoch commits
/// under it.
// P-32, P-150.
fn holds(epoch: Epoch, latest: Epoch, rule: Rule) -> Result<(), Box<CommitOutcome>> {
    if latest > epoch && rules::on(rule) {
        return Err(Box::new(CommitOutcome::Superseded { by: latest }));
    }
    if latest < epoch {
        return Err(Box::new(CommitOutcome::GaveUp(GaveUp::RolledBack { ours: epoch, found: latest })));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
