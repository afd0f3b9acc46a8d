//! The parties of the core ring: what they begin, what their clients wish for, and how their machines go on.

use super::event::{Answer, Asked, Event};
use super::plan::RETRY_TIMEOUT;
use super::{Chance, Fault, Ring};
use crate::world::writer::Note;
use crate::world::{Begin, Oracle, Reader, Store, Writer};
use fencepost_fence::{Machine, Tick, Verify, Window};
use fencepost_format::{Nonce, Position};
use fencepost_gc::{CollectParams, CollectRequest, Collection, Mode, Object, Policy};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Party {
    pub(super) role: Role,
    pub(super) chance: Chance,
    pub(super) net: Chance,
    pub(super) clock: Clock,
    pub(super) asleep_until: u64,
    pub(super) dead: bool,
    pub(super) calls: u64,
    pub(super) waiting: BTreeSet<u64>,
    /// When it is to be told of a deadline.
    pub(super) deadline: Option<u64>,
    pub(super) appends_left: u64,
    pub(super) wishes_left: u64,
}

#[derive(Debug)]
pub(super) enum Role {
    Writer(Option<Writer>),
    Reader(Option<Reader>),
    Collector(Option<Collection>),
}

/// A party's clock: its own origin and rate, and jumps forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) origin: u64,
    pub(super) per_mille: u64,
}

impl Clock {
    pub(super) const fn tick(self, now: u64) -> Tick {
        Tick(self.origin + now / 1_000 * self.per_mille / 1_000)
    }

    /// When this clock will show `tick`, at the latest.
    const fn when(self, tick: Tick, now: u64) -> u64 {
        let left = tick.since(self.tick(now));
        now + (left * 1_000 / self.per_mille + 1) * 1_000
    }
}

impl Ring {
    pub(super) fn begin(&mut self, index: usize) {
        let deadline = Tick(u64::MAX);
        let (params, policy) = (
            self.params,
            Policy::new()
                .with_manifests_keep(self.plan.manifests_keep)
                .with_window_for_models(Window::for_models(self.plan.window)),
        );
        let policy = policy.with_manifests_age(Duration::ZERO);
        let party = &mut self.parties[index];
        let now = party.clock.tick(self.now);
        match &mut party.role {
            Role::Writer(writer) => {
                *writer = Some(Writer::open(params, now, Nonce(index as u128 + 1), None));
            }
            Role::Reader(reader) => *reader = Some(Reader::new(deadline, Begin::Checkpoint)),
            Role::Collector(collection) => {
                let params = CollectParams {
                    retry_timeout: RETRY_TIMEOUT,
                    reads_in_flight: 4,
                    batch: 5,
                    deletes_in_flight: 2,
                };
                *collection = Some(Collection::new(params, now, policy, Mode::Delete));
            }
        }
        self.settle(index);
        self.plan_wish(index);
    }

    pub(super) fn plan_wish(&mut self, index: usize) {
        let calm = self.calm;
        let party = &mut self.parties[index];
        if party.wishes_left > 0 && !calm {
            party.wishes_left -= 1;
            let at = self.now + party.chance.delay(false);
            self.schedule(at, Event::Wake { party: index });
        }
    }

    pub(super) fn wake(&mut self, index: usize) {
        let (crashes, stalls) = (self.plan.has(Fault::Crashes), self.plan.has(Fault::Stalls));
        let rate = self.plan.fault_rate;
        let (calm, at_now, jumps) = (self.calm, self.now, self.plan.has(Fault::Clocks));
        let party = &mut self.parties[index];
        if !calm && crashes && party.chance.happens(rate / 2) {
            party.dead = true;
            return self.note(|| format!("party {index} dies"));
        }
        if !calm && stalls && party.chance.happens(rate) {
            party.asleep_until = at_now + party.chance.delay(true) + party.chance.delay(true);
        }
        if !calm && jumps && party.chance.happens(rate) {
            party.clock.origin += party.chance.between(0, 100_000_000);
        }
        let now = party.clock.tick(at_now);
        match &mut party.role {
            Role::Writer(Some(writer)) => {
                if let Some(core) = writer.core() {
                    let (from, to) = (core.replay_after().get(), writer.acked().get());
                    match party.chance.between(0, 9) {
                        0..=2 if to > from => {
                            let p = party.chance.between(from, to + 1);
                            writer.checkpoint(now, Position::new(p));
                        }
                        3 => writer.close(now),
                        _ => append(writer, now, &mut party.appends_left),
                    }
                }
            }
            Role::Reader(Some(reader)) => reader.resume(now, Verify::Always),
            Role::Writer(None) | Role::Reader(None) | Role::Collector(_) => {}
        }
        self.settle(index);
        self.plan_wish(index);
    }

    pub(super) fn time_out(&mut self, index: usize) {
        let party = &mut self.parties[index];
        party.deadline = None;
        if let Role::Writer(Some(writer)) = &mut party.role {
            writer.time_out(party.clock.tick(self.now));
        }
        self.settle(index);
    }

    pub(super) fn tell(&mut self, index: usize, answer: Answer) {
        let party = &mut self.parties[index];
        let now = party.clock.tick(self.now);
        match (&mut party.role, answer) {
            (Role::Writer(Some(writer)), Answer::Core(reply)) => writer.handle(now, reply),
            (Role::Reader(Some(reader)), Answer::Core(reply)) => reader.handle(self.params, now, reply),
            (Role::Collector(Some(collection)), Answer::Collect(reply)) => collection.handle(now, reply),
            _ => unreachable!("answers are of the kind that was asked for"),
        }
        self.settle(index);
    }

    /// Lets a party's machines run until they wait for somebody.
    pub(super) fn settle(&mut self, index: usize) {
        let calm = self.calm;
        let (mut wanted, mut notes) = (Vec::new(), Vec::new());
        let party = &mut self.parties[index];
        let now = party.clock.tick(self.now);
        let mut timer = None;
        match &mut party.role {
            Role::Writer(Some(writer)) => loop {
                if let Some(note) = writer.poll_note(self.params, &self.store, &mut self.oracle) {
                    notes.push(note);
                    // Nobody waits for it, so half of them are lost.
                    if let Some(record) = writer.take_record().filter(|record| record.nonce.0 % 2 == 0) {
                        self.store.openings.entry(record.epoch).or_insert(record);
                    }
                    if calm || matches!(note, Note::Opened) {
                        append(writer, now, &mut party.appends_left);
                    }
                    continue;
                }
                match writer.poll_request(self.plan.window, &mut self.oracle) {
                    Some(request) => wanted.push(Asked::Core(request)),
                    None => {
                        timer = writer.core().and_then(|core| core.poll_timeout());
                        break;
                    }
                }
            },
            Role::Reader(Some(reader)) => loop {
                reader.take_events(&self.store, &mut self.oracle);
                let Some(request) = reader.poll_request() else { break };
                wanted.push(Asked::Core(request));
            },
            Role::Collector(Some(collection)) => {
                while collection.poll_event().is_some() {}
                while let Some(request) = collection.poll_request() {
                    if let CollectRequest::Delete { objects, .. } = &request {
                        condemn(&self.store, &mut self.oracle, objects);
                    }
                    wanted.push(Asked::Collect(request));
                }
            }
            Role::Writer(None) | Role::Reader(None) | Role::Collector(None) => {}
        }
        if let Some(tick) = timer {
            let at = party.clock.when(tick, self.now);
            if party.deadline.is_none_or(|pending| at < pending) {
                party.deadline = Some(at);
                self.schedule(at, Event::Deadline { party: index });
            }
        }
        for note in &notes {
            self.note(|| format!("party {index}: {note:?}"));
        }
        if notes.iter().any(|note| !matches!(note, Note::Replayed)) {
            self.judge();
        }
        for asked in wanted {
            self.send(index, asked);
        }
    }
}

fn append(writer: &mut Writer, now: Tick, left: &mut u64) {
    while *left > 0 && writer.append(now).is_some() {
        *left -= 1;
    }
}

fn condemn(store: &Store, oracle: &mut Oracle, objects: &[Object]) {
    for object in objects {
        if let Object::Entry(at) = object {
            oracle.condemned(store, *at);
        }
    }
}
