//! The kinds of faults, by the names under which they are counted.

use crate::kind::Kind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What can go wrong in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The connection ends before the server sees the request.
    CutBefore,
    /// The connection ends in the middle of the request.
    CutRequest,
    /// The connection ends in the middle of the reply.
    CutReply,
    /// The server carried the request out, and the reply is lost.
    LoseReply,
    /// The request arrives late, but the client still waits.
    Delay,
    /// Request and reply crawl.
    Throttle,
    /// A create is kept back for seconds up to minutes and delivered then, whatever became of its client.
    HoldPut,
    /// Answered 409 in the server's stead.
    Answer409,
    /// Answered 429 in the server's stead.
    Answer429,
    /// Answered 500 in the server's stead.
    Answer500,
    /// Answered 503 in the server's stead.
    Answer503,
    /// Carried out by the server, and answered 500 all the same.
    LieWith500,
    /// Answered 403 for a while, as when credentials have expired.
    Expired,
    /// Answered 507 in the server's stead, as when its disk is full.
    DiskFull,
    /// A client with a secret that the server does not know.
    WrongSecret,
    /// A client to whom the server's name means nothing.
    NoSuchHost,
    /// The writer is killed with signal 9.
    KillWriter,
    /// The writer is stopped, and woken after a takeover, a checkpoint and a collection.
    FreezeWriter,
    /// The writer, in a network namespace of its own, is cut off from everybody: packets vanish silently.
    Partition,
    /// The collector is killed with signal 9.
    KillCollector,
    /// The consumer is killed with signal 9.
    KillConsumer,
    /// The server is stopped for longer than a request may take.
    FreezeServer,
    /// The server is killed with signal 9 under load, and started again.
    KillServer,
}

impl FaultKind {
    /// All there are.
    pub const ALL: [Self; 23] = [
        Self::CutBefore,
        Self::CutRequest,
        Self::CutReply,
        Self::LoseReply,
        Self::Delay,
        Self::Throttle,
        Self::HoldPut,
        Self::Answer409,
        Self::Answer429,
        Self::Answer500,
        Self::Answer503,
        Self::LieWith500,
        Self::Expired,
        Self::DiskFull,
        Self::WrongSecret,
        Self::NoSuchHost,
        Self::KillWriter,
        Self::FreezeWriter,
        Self::Partition,
        Self::KillCollector,
        Self::KillConsumer,
        Self::FreezeServer,
        Self::KillServer,
    ];

    /// Whether it makes sense on a server of this kind.
    #[must_use]
    pub const fn suits(self, server: Kind) -> bool {
        match self {
            Self::KillServer => server.facts().survives_kill,
            Self::WrongSecret => server.facts().checks_signatures,
            _ => true,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = serde_json::to_value(self).map_err(|_| fmt::Error)?;
        f.write_str(name.as_str().unwrap_or_default())
    }
}

/// How often each kind was scheduled, and how often it really happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Scheduled by plans.
    pub scheduled: BTreeMap<FaultKind, u64>,
    /// Seen to happen.
    pub happened: BTreeMap<FaultKind, u64>,
}

impl Tally {
    /// One more of this kind was scheduled.
    pub fn schedule(&mut self, kind: FaultKind) {
        *self.scheduled.entry(kind).or_default() += 1;
    }

    /// One more of this kind happened.
    pub fn happen(&mut self, kind: FaultKind) {
        *self.happened.entry(kind).or_default() += 1;
    }

    /// Kinds that were scheduled and never happened: they prove nothing.
    #[must_use]
    pub fn never_happened(&self) -> Vec<FaultKind> {
        self.scheduled.keys().filter(|kind| !self.happened.contains_key(kind)).copied().collect()
    }

    /// How many faults happened.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.happened.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_that_was_scheduled_and_never_happened_is_named() {
        let mut tally = Tally::default();
        tally.schedule(FaultKind::Delay);
        tally.schedule(FaultKind::HoldPut);
        tally.happen(FaultKind::Delay);
        assert_eq!(tally.never_happened(), [FaultKind::HoldPut]);
    }

    #[test]
    fn servers_that_forget_are_not_killed() {
        assert!(!FaultKind::KillServer.suits(Kind::Azurite));
        assert!(FaultKind::KillServer.suits(Kind::Seaweedfs));
    }

    #[test]
    fn names_are_those_of_the_json() {
        assert_eq!(FaultKind::LieWith500.to_string(), "lie_with500");
    }
}
