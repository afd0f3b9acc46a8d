//! The first shard of a base: who finds none makes one, and all who come at the same time make the same.
// P-68.

use crate::{Create, CreateAnswer, CreateAsk, CreateFate, CreateReply, GaveUp, ReadReply, Rule, Tick, rules};
use fencepost_format::ShardId;

/// A party that found no shard and wants one.
///
/// Poll a request, answer it with [`handle`](Self::handle), until that returns an outcome. One request at a
/// time; where nobody else comes it costs one create.
///
/// SUBTLE: the id is drawn at random and kept in an object, instead of being fixed. With a fixed one, two
/// logs would become one where their bases are copied together, and a stalled writer of a log that was
/// deleted would append to the one made after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FirstShardRace {
    ours: ShardId,
    create: Create,
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
        Self { ours, create: Create::until(deadline) }
    }

    /// The next request, if one is due.
    pub const fn poll_request(&mut self) -> Option<FirstShardRequest> {
        let Some(ask) = self.create.ask() else { return None };
        Some(match ask {
            CreateAsk::Create(attempt) => FirstShardRequest::Create { shard: self.ours, attempt },
            CreateAsk::ReadBack(attempt) => FirstShardRequest::Read { attempt },
        })
    }

    /// Takes the answer; `Some` ends it: the shard that all take. Answers to questions that were not asked
    /// are ignored.
    pub fn handle(&mut self, now: Tick, reply: &FirstShardReply) -> Option<Result<ShardId, NoFirstShard>> {
        let answer = match reply {
            FirstShardReply::Created(reply) => CreateAnswer::Created(*reply),
            FirstShardReply::Read(read) => CreateAnswer::Read(read.as_ref()),
        };
        let exists = answer == CreateAnswer::Created(CreateReply::Exists);
        if exists && !rules::on(Rule::AdoptFirstShard) && self.create.awaits(&answer) {
            return Some(Ok(self.ours));
        }
        match self.create.handle(now, answer) {
            CreateFate::Pending => None,
            CreateFate::Created => Some(Ok(self.ours)),
            // The winner's, or our own after an answer that was lost.
            CreateFate::There(shard) => Some(Ok(*shard)),
            CreateFate::Damaged => Some(Err(NoFirstShard::Damaged)),
            CreateFate::GaveUp(gave_up) => Some(Err(NoFirstShard::GaveUp(gave_up))),
        }
    }
}

#[cfg(test)]
mod tests;
