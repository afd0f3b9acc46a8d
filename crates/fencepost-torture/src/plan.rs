//! What a round has in store, decided by a seed and nothing else.
//!
//! Kinds of faults are dealt like cards, several a round, until the deck is empty; then it is shuffled again.
//! So a few rounds meet every kind.

use crate::fault::FaultKind;
use crate::kind::Kind;
use crate::proxy::{Fault, Which};
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::time::Duration;

/// The plans of a run, one after the other.
#[derive(Clone, Debug)]
pub struct Plans {
    server: Kind,
    partitions: bool,
    random: ChaCha8Rng,
    deck: Vec<FaultKind>,
}

/// One round.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What happens, in order of time since the writer's first acknowledgement.
    pub events: Vec<(Duration, Event)>,
    /// Whether faults of the proxy are armed before the writer opens.
    pub from_the_start: bool,
    /// How the first writer's input ends, if nothing happens to it: by itself, after so long.
    pub length: Duration,
    /// Whether the log is checkpointed after the round.
    pub checkpoint: bool,
    /// Whether it is collected then.
    pub collect: bool,
    /// Pause between two rows.
    pub pace: Duration,
    /// How long the writers try a request again that has no answer. The hasty ones come to say that they
    /// cannot know.
    pub retry_timeout: Duration,
}

/// Something that happens to somebody.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The proxy gets a fault.
    Proxy {
        /// What.
        kind: FaultKind,
        /// To whom.
        which: Which,
        /// How often.
        times: u32,
        /// For how long.
        time: Duration,
    },
    /// A process or the server suffers.
    Party {
        /// What.
        kind: FaultKind,
        /// For how long. Servers are stopped and writers cut off for so much longer than a request may take.
        time: Duration,
    },
    /// A collection begins, through the proxy.
    Collect,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the plan was")?;
        for (at, event) in &self.events {
            write!(f, " [{} ms: {event:?}]", at.as_millis())?;
        }
        write!(f, ", faults from the start: {}", self.from_the_start)
    }
}

impl Event {
    /// The fault of the proxy that this is, if it is one.
    #[must_use]
    pub fn as_proxy_fault(&self) -> Option<Fault> {
        match *self {
            Self::Proxy { kind, which, times, time } => Some(Fault { kind, which, times, time }),
            _ => None,
        }
    }

    /// The kind of fault that this is, if it is one.
    #[must_use]
    pub const fn kind(&self) -> Option<FaultKind> {
        match self {
            Self::Proxy { kind, .. } | Self::Party { kind, .. } => Some(*kind),
            Self::Collect => None,
        }
    }
}

impl Plans {
    /// The plans for `server` that `seed` decides.
    #[must_use]
    pub fn new(server: Kind, seed: u64) -> Self {
        Self { server, partitions: false, random: ChaCha8Rng::seed_from_u64(seed), deck: Vec::new() }
    }

    /// Whether this machine can cut a party off. Default: no.
    #[must_use]
    pub const fn with_partitions(mut self, partitions: bool) -> Self {
        self.partitions = partitions;
        self
    }

    /// The next round.
    pub fn deal(&mut self) -> Plan {
        let length = self.millis(600, 1_600);
        let mut events = vec![(self.within(length), Event::Collect), (self.within(length), Event::Collect)];
        let mut dealt: Vec<FaultKind> = Vec::new();
        let count = self.random.random_range(2..=4);
        for _ in 0..count {
            let kind = self.draw();
            // The writer dies once, and the server has one mishap a round, or a round would take minutes.
            if !dealt.iter().any(|other| exclude(*other, kind)) {
                dealt.push(kind);
            } else {
                self.deck.insert(0, kind);
            }
        }
        for kind in dealt {
            let event = self.event(kind);
            events.push((self.within(length), event));
        }
        events.sort_by_key(|(at, _)| *at);
        Plan {
            events,
            from_the_start: self.random.random_bool(0.25),
            length,
            checkpoint: self.random.random_bool(0.6),
            collect: self.random.random_bool(0.3),
            pace: self.millis(8, 25),
            retry_timeout: Duration::from_secs(if self.random.random_bool(0.5) { 3 } else { 30 }),
        }
    }

    /// These were dealt and did not happen: they come next.
    pub fn put_back(&mut self, kinds: impl IntoIterator<Item = FaultKind>) {
        self.deck.extend(kinds);
    }

    fn draw(&mut self) -> FaultKind {
        if self.deck.is_empty() {
            let can = |kind: &FaultKind| self.partitions || *kind != FaultKind::Partition;
            self.deck =
                FaultKind::ALL.into_iter().filter(|kind| kind.suits(self.server)).filter(can).collect();
            self.deck.shuffle(&mut self.random);
        }
        self.deck.pop().unwrap_or(FaultKind::CutBefore)
    }

    fn event(&mut self, kind: FaultKind) -> Event {
        use FaultKind as K;
        match kind {
            K::WrongSecret | K::NoSuchHost | K::KillWriter | K::FreezeWriter | K::KillConsumer => {
                Event::Party { kind, time: Duration::ZERO }
            }
            K::Partition => Event::Party { kind, time: self.millis(200, 3_000) },
            // Some die while they look around, others while they delete.
            K::KillCollector => Event::Party { kind, time: self.millis(5, 80) },
            K::FreezeServer => Event::Party { kind, time: self.millis(200, 600) },
            K::KillServer => Event::Party { kind, time: self.millis(0, 500) },
            K::HoldPut => {
                let long = self.random.random_bool(0.3);
                let time = if long { self.millis(10_000, 150_000) } else { self.millis(500, 4_000) };
                Event::Proxy { kind, which: Which::Entry, times: self.random.random_range(1..=3), time }
            }
            _ => {
                let which = [Which::Any, Which::Put, Which::Entry];
                let which = which.choose(&mut self.random).copied().unwrap_or(Which::Any);
                let time = self.millis(50, 800);
                Event::Proxy { kind, which, times: self.random.random_range(1..=6), time }
            }
        }
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.random.random_range(from..to))
    }

    fn within(&mut self, length: Duration) -> Duration {
        length.mul_f64(self.random.random_range(0.05..0.75))
    }
}

/// Whether two kinds do not go together in one round.
fn exclude(one: FaultKind, other: FaultKind) -> bool {
    use FaultKind as K;
    let server = |kind| matches!(kind, K::FreezeServer | K::KillServer);
    let writer = |kind| matches!(kind, K::FreezeWriter | K::KillWriter | K::Partition);
    one == other || (server(one) && server(other)) || (writer(one) && writer(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn plans(server: Kind, seed: u64, rounds: usize) -> Vec<Plan> {
        let mut plans = Plans::new(server, seed).with_partitions(true);
        (0..rounds).map(|_| plans.deal()).collect()
    }

    #[test]
    fn same_seed_deals_the_same_plans() {
        assert_eq!(plans(Kind::Ministack, 7, 20), plans(Kind::Ministack, 7, 20));
        assert_ne!(plans(Kind::Ministack, 7, 20), plans(Kind::Ministack, 8, 20));
    }

    #[test]
    fn nobody_is_cut_off_where_that_cannot_be_done() {
        let mut plans = Plans::new(Kind::Ministack, 1);
        let dealt = (0..50).flat_map(|_| plans.deal().events).filter_map(|(_, event)| event.kind());
        assert!(!dealt.collect::<Vec<_>>().contains(&FaultKind::Partition));
    }

    /// A dozen rounds is what continuous integration has time for.
    #[test]
    fn dozen_rounds_schedule_every_kind_that_suits() {
        for server in [Kind::Ministack, Kind::Moto, Kind::Seaweedfs, Kind::Azurite] {
            for seed in 0..50 {
                let plans = plans(server, seed, 12);
                let events = plans.iter().flat_map(|plan| &plan.events);
                let dealt: BTreeSet<_> = events.filter_map(|(_, event)| event.kind()).collect();
                let suits = FaultKind::ALL.into_iter().filter(|kind| kind.suits(server));
                assert!(dealt.len() * 10 >= suits.count() * 9, "{server}, seed {seed}: {dealt:?}");
                assert!(dealt.iter().all(|kind| kind.suits(server)));
            }
        }
    }
}
