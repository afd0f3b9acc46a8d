//! The event loop of the core ring.

use super::event::{Event, both};
use super::party::{Clock, Party, Role};
use super::plan::RETRY_TIMEOUT;
use super::{Chance, Fault, Plan};
use crate::world::{Broken, Oracle, Store};
use fencepost_fence::{Params, Pipelining, Window};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How a seed ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The promises that were broken.
    pub broken: BTreeSet<Broken>,
    /// What kept the log from healing once faults had stopped.
    pub unhealed: Option<&'static str>,
    /// A hash of everything that happened, in order.
    pub hash: u64,
    /// How many events there were.
    pub events: u64,
    /// How many appends were acknowledged.
    pub acked: usize,
    /// What happened, if asked for.
    pub trace: Vec<String>,
}

impl Verdict {
    /// Whether nothing was broken and the log healed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty() && self.unhealed.is_none()
    }
}

/// A world that runs from its plan.
#[derive(Debug)]
pub struct Ring {
    pub(super) plan: Plan,
    pub(super) params: Params,
    pub(super) now: u64,
    pub(super) queue: BinaryHeap<Reverse<(u64, u64)>>,
    pub(super) events: Vec<Option<Event>>,
    pub(super) store: Store,
    pub(super) oracle: Oracle,
    pub(super) parties: Vec<Party>,
    pub(super) broken: BTreeSet<Broken>,
    pub(super) calm: bool,
    pub(super) hasher: DefaultHasher,
    pub(super) count: u64,
    pub(super) trace: Option<Vec<String>>,
}

impl Ring {
    /// A world that nothing has happened in yet.
    #[must_use]
    pub fn new(plan: Plan, traced: bool) -> Self {
        let window = Window::for_models(plan.window);
        let params = Params {
            window,
            pipelining: Pipelining::UnlessLance,
            in_table: false,
            read_ahead: plan.read_ahead,
            retry_timeout: RETRY_TIMEOUT,
        };
        let mut ring = Self {
            params,
            now: 0,
            queue: BinaryHeap::new(),
            events: Vec::new(),
            store: Store::default(),
            oracle: Oracle::default(),
            parties: Vec::new(),
            broken: BTreeSet::new(),
            calm: false,
            hasher: DefaultHasher::new(),
            count: 0,
            trace: traced.then(Vec::new),
            plan,
        };
        for stream in 0..ring.plan.writers {
            ring.join(Role::Writer(None), 100 + stream);
        }
        for stream in 0..ring.plan.readers {
            ring.join(Role::Reader(None), 200 + stream);
        }
        for stream in 0..ring.plan.collections {
            ring.join(Role::Collector(None), 300 + stream);
        }
        ring
    }

    fn join(&mut self, role: Role, stream: u64) {
        let mut chance = Chance::new(self.plan.seed, 2 * stream);
        let net = Chance::new(self.plan.seed, 2 * stream + 1);
        let odd = self.plan.has(Fault::Clocks) && !self.calm;
        let clock = Clock {
            origin: if odd { chance.between(0, 1 << 40) } else { 0 },
            per_mille: if odd { chance.pick(&[100, 900, 1_000, 1_100, 10_000]) } else { 1_000 },
        };
        let begins = self.now + if self.calm { 0 } else { chance.between(0, self.plan.span) };
        let appends_left = if self.calm { 2 } else { chance.between(0, self.plan.appends) };
        let wishes_left = if self.calm { 0 } else { chance.between(0, 24) };
        let party = self.parties.len();
        self.parties.push(Party {
            role,
            chance,
            net,
            clock,
            asleep_until: 0,
            dead: false,
            calls: 0,
            waiting: BTreeSet::new(),
            deadline: None,
            appends_left,
            wishes_left,
        });
        self.schedule(begins, Event::Begin { party });
    }

    /// Runs chaos, then calm, and judges.
    #[must_use]
    pub fn run(mut self) -> Verdict {
        self.drain(self.plan.events);
        self.judge();
        let unhealed = if self.broken.is_empty() { self.heal() } else { None };
        Verdict {
            broken: self.broken,
            unhealed,
            hash: self.hasher.finish(),
            events: self.count,
            acked: self.oracle.acked().len(),
            trace: self.trace.unwrap_or_default(),
        }
    }

    /// Handles events until there are none, too many, or a promise is broken.
    fn drain(&mut self, events: u64) {
        let end = self.count + events;
        while self.count < end && self.broken.is_empty() {
            let Some(Reverse((at, number))) = self.queue.pop() else { return };
            let event = self.events[number as usize].take().expect("every event is handled once");
            self.now = self.now.max(at);
            self.count += 1;
            self.handle(event);
        }
    }

    /// Faults stop: nobody of old goes on, what is on its way still arrives, and the log must serve.
    fn heal(&mut self) -> Option<&'static str> {
        self.calm = true;
        self.parties.iter_mut().for_each(|party| party.dead = true);
        for round in 0..CALM_ROUNDS {
            let acked = self.oracle.acked().len();
            let writer = self.parties.len();
            self.join(Role::Writer(None), 400 + round);
            self.drain(CALM_EVENTS);
            self.judge();
            if !self.broken.is_empty() {
                return None;
            }
            let fresh = self.oracle.acked().len() - acked;
            self.parties[writer].dead = true;
            if fresh == 2 {
                return self.read_back();
            }
        }
        Some("a fresh writer did not get its appends through")
    }

    fn read_back(&mut self) -> Option<&'static str> {
        let reader = self.parties.len();
        self.join(Role::Reader(None), 500);
        self.drain(CALM_EVENTS);
        self.judge();
        let Role::Reader(Some(reader)) = &self.parties[reader].role else { return Some("no reader came up") };
        let content = crate::world::oracle::content(&self.store, self.store.replay_after());
        (reader.delivered() != content.len()).then_some("a fresh reader did not see the whole log")
    }

    pub(super) fn schedule(&mut self, at: u64, event: Event) {
        self.queue.push(Reverse((at, self.events.len() as u64)));
        self.events.push(Some(event));
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>14} µs  {}", now, what()));
        }
    }

    fn handle(&mut self, event: Event) {
        (self.now, &event).hash(&mut self.hasher);
        if let Some(party) = event.party() {
            let asleep_until = self.parties[party].asleep_until;
            if self.parties[party].dead {
                return;
            }
            if asleep_until > self.now && !self.calm {
                return self.schedule(asleep_until, event);
            }
        }
        if !self.is_moot(&event) {
            self.note(|| format!("{event:?}"));
        }
        match event {
            Event::Begin { party } => self.begin(party),
            Event::Wake { party } => self.wake(party),
            Event::Deadline { party } => self.time_out(party),
            Event::Arrive { party, call, asked, reply, honest } => {
                self.arrive(party, call, asked, reply, honest)
            }
            Event::Page { party, call, asked, reply, first } => {
                let second = self.page(&asked, 1);
                let answer = both(first, second);
                self.reply(party, call, answer, reply);
            }
            Event::Delete { at } => self.delete(&at),
            Event::Answered { party, call, answer } => {
                if self.parties[party].waiting.remove(&call) {
                    self.tell(party, answer);
                }
            }
        }
    }

    /// Whether it is a reply that nobody waits for any more.
    fn is_moot(&self, event: &Event) -> bool {
        matches!(event, Event::Answered { party, call, .. } if !self.parties[*party].waiting.contains(call))
    }

    pub(super) fn judge(&mut self) {
        self.broken = self.oracle.judge(&self.store, self.params.window);
        for party in &self.parties {
            match &party.role {
                Role::Writer(Some(writer)) if !writer.agrees(&self.store, &self.oracle) => {
                    self.broken.insert(Broken::ViewsDiffer);
                }
                Role::Reader(Some(reader)) if !reader.agrees(&self.store, &self.oracle) => {
                    self.broken.insert(Broken::ReaderPassedHole);
                }
                _ => {}
            }
        }
    }
}

const CALM_ROUNDS: u64 = 12;
const CALM_EVENTS: u64 = 2_000;
