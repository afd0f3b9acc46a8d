//! The first shard of a base: who finds none makes one, and all who come at the same time make the same (P-68).

use crate::{CreateReply, GaveUp, ReadReply, Rule, Tick, rules};
use fencepost_format::ShardId;

/// A party that found no shard and wants one.
///
/// Poll a request, answer it with [`handle`](Self::handle), until that returns an outcome. One request at a time; where nobody else
/// comes it costs one create.
///
/// SUBTLE: the id is drawn at random and kept in an object, instead of being fixed. With a fixed one, two logs would become one where
/// their bases are copied together, and a stalled writer of a log that was deleted would append to the one made after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FirstShardRace {
    ours: ShardId,
    step: Step,
    attempt: u32,
    asked: bool,
    deadline: Tick,
    /// Whether any create may have landed, or may yet land, unseen.
    uncertain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Create,
    ReadBack,
}

/// What such a party wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstShardRequest {
    /// Create the object that names the first shard, if absent; answered with [`FirstShardReply::Created`].
    Create {
        /// The shard to name.
        shard: ShardId,
        /// Which try this is.
        attempt: u32,
    },
    /// GET that object; answered with [`FirstShardReply::Read`].
    Read {
        /// Which try this is.
        attempt: u32,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FirstShardReply {
    /// To [`FirstShardRequest::Create`].
    Created(CreateReply),
    /// To [`FirstShardRequest::Read`].
    Read(ReadReply<ShardId>),
}

/// How it ended without a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoFirstShard {
    /// The object is there and cannot be understood.
    Damaged,
    /// No answer until the deadline, or the create was refused.
    GaveUp(GaveUp),
}

impl FirstShardRace {
    /// A party that would name `ours`, fresh and random, and gives up at `deadline`.
    #[must_use]
    pub const fn new(ours: ShardId, deadline: Tick) -> Self {
        Self { ours, step: Step::Create, attempt: 0, asked: false, deadline, uncertain: false }
    }

    /// The next request, if one is due.
    pub const fn poll_request(&mut self) -> Option<FirstShardRequest> {
        if std::mem::replace(&mut self.asked, true) {
            return None;
        }
        let attempt = self.attempt;
        Some(match self.step {
            Step::Create => FirstShardRequest::Create { shard: self.ours, attempt },
            Step::ReadBack => FirstShardRequest::Read { attempt },
        })
    }

    /// Takes the answer; `Some` ends it: the shard that all take. Answers to questions that were not asked are ignored.
    pub fn handle(&mut self, now: Tick, reply: &FirstShardReply) -> Option<Result<ShardId, NoFirstShard>> {
        match (self.step, reply) {
            (Step::Create, FirstShardReply::Created(reply)) => self.handle_created(now, *reply),
            (Step::ReadBack, FirstShardReply::Read(read)) => self.handle_read(now, read),
            _ => None,
        }
    }

    fn handle_created(&mut self, now: Tick, reply: CreateReply) -> Option<Result<ShardId, NoFirstShard>> {
        match reply {
            CreateReply::Done => Some(Ok(self.ours)),
            // The winner's, or our own after an answer that was lost.
            CreateReply::Exists if rules::on(Rule::AdoptFirstShard) => self.again(now, Step::ReadBack),
            CreateReply::Exists => Some(Ok(self.ours)),
            CreateReply::Unknown => {
                self.uncertain = true;
                self.again(now, Step::Create)
            }
            CreateReply::NotDone { again: true } => self.again(now, Step::Create),
            CreateReply::NotDone { again: false } => self.give_up(GaveUp::NotDone),
        }
    }

    fn handle_read(&mut self, now: Tick, read: &ReadReply<ShardId>) -> Option<Result<ShardId, NoFirstShard>> {
        match read {
            ReadReply::Found(shard) => Some(Ok(*shard)),
            // Nothing stood in the way: some stores report a conflict where nothing is.
            ReadReply::Absent => self.again(now, Step::Create),
            ReadReply::Damaged => Some(Err(NoFirstShard::Damaged)),
            ReadReply::Unknown => self.again(now, Step::ReadBack),
        }
    }

    fn again(&mut self, now: Tick, step: Step) -> Option<Result<ShardId, NoFirstShard>> {
        if now >= self.deadline {
            return self.give_up(if step == Step::Create { GaveUp::NotDone } else { GaveUp::Unread });
        }
        // The first look at what exists need not wait.
        self.attempt = if self.step == Step::Create && step == Step::ReadBack && self.attempt == 0 {
            0
        } else {
            self.attempt + 1
        };
        self.step = step;
        self.asked = false;
        None
    }

    const fn give_up(&self, why: GaveUp) -> Option<Result<ShardId, NoFirstShard>> {
        let why = if self.uncertain { GaveUp::Unknown } else { why };
        Some(Err(NoFirstShard::GaveUp(why)))
    }
}

#[cfg(test)]
mod tests;
