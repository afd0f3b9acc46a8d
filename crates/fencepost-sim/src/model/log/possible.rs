//! What can happen in a state.

use super::action::Landing;
use super::state::{Party, State};
use super::{Action, Bounds, LogModel, Reading};
use crate::world::Reader;
use fencepost_fence::{Request, proven_below};
use fencepost_format::{EntryHeader, Epoch, Position};
use std::sync::Arc;

/// Whether it was handed something and may be handed more.
fn is_on_its_way(reader: &Reader) -> bool {
    reader.delivered() > 0 && !reader.has_ended()
}

impl State {
    pub(super) fn actions(&self, model: &LogModel, actions: &mut Vec<Action>) {
        if !self.broken.is_empty() {
            return;
        }
        let bounds = &model.bounds;
        if self.writers.len() < bounds.appends.len() {
            actions.push(Action::Open);
        }
        for (writer, party) in self.writers.iter().enumerate() {
            self.writer_actions(bounds, writer, party, actions);
        }
        for flight in 0..self.flights.len() {
            self.flight_actions(flight, actions);
        }
        let is_read = self.collections_left > 0 || !self.collections.is_empty();
        actions.extend((0..self.records.len()).filter(|_| is_read).map(|record| Action::Record { record }));
        if self.faults.old_records > 0 && is_read && self.store.epoch() > Epoch::FIRST {
            actions.push(Action::OldRecord);
        }
        if self.collections_left > 0 && self.store.replay_after() > Position::NONE {
            actions.push(Action::CollectorLooks);
        }
        actions.extend((0..self.collections.len()).map(|collector| Action::CollectorPlans { collector }));
        let due = self.condemned.iter().filter(|at| self.store.entry(**at).is_some() && self.is_wanted(**at));
        actions.extend(due.map(|&at| Action::Delete { at }));
        if self.faults.duplicates > 0 {
            let free = self.echoes.iter().filter(|entry| self.store.entry(entry.position).is_none());
            actions.extend(free.map(|&entry| Action::Duplicate { entry }));
        }
        self.reader_actions(bounds, actions);
        // Whoever looked before the loss could not see it, and its fence entry may be on its way.
        let opens = self.writers.iter().any(|party| party.writer.is_opening());
        let fences = self.flights.iter().any(|flight| flight.entry.kind.begins_epoch());
        if self.faults.lost_entries > 0 && (self.faults.lost_unseen || (!opens && !fences)) {
            let window = model.params.window;
            let above = |at: Position| {
                let above = self.store.entries().filter(move |entry| entry.position > at);
                above.take_while(move |entry| entry.position <= at.plus(window.get()))
            };
            let proven = |at: &Position| above(*at).any(|entry| proven_below(entry, window) >= *at);
            // What a lost fence entry kept out can land: the protocol has nothing left to tell it by.
            let counts = |entry: &&EntryHeader| entry.kind.is_data() || !self.faults.lost_unseen;
            let live = self.store.entries().filter(counts).map(|entry| entry.position);
            let live = live.filter(|at| *at > self.store.replay_after()).filter(proven);
            actions.extend(live.map(|at| Action::Lose { at }));
        }
        if self.faults.strangers > 0 && self.store.epoch() > Epoch::FIRST {
            actions.push(Action::Stranger { at: self.tail() });
        }
        if self.faults.flushed > 0 && !self.store.epoch().is_none() {
            let covered = (1..=self.store.replay_after().get()).map(Position::new);
            // At the tail where no writer of ours is at work.
            let rests = |party: &Arc<Party>| !party.writer.is_opening() && party.appends_left == 0;
            let all_rest = self.flights.is_empty() && self.writers.iter().all(rests);
            let tail = Some(self.tail()).filter(|_| all_rest);
            let places = covered.filter(|at| self.store.entry(*at).is_none()).chain(tail);
            actions.extend(places.map(|at| Action::Flushed { at }));
        }
    }

    /// The first absent position above `replay_after`.
    fn tail(&self) -> Position {
        let mut at = self.store.replay_after().next();
        while self.store.entry(at).is_some() {
            at = at.next();
        }
        at
    }

    /// Whether somebody is about to touch this position. Nobody can tell when it was deleted before that.
    fn is_wanted(&self, at: Position) -> bool {
        let reads = |read: &Request| matches!(read, Request::ReadEntry { at: of, .. } | Request::PeekEntry { at: of, .. } if *of == at);
        self.flights.iter().any(|flight| flight.entry.position == at)
            || (self.faults.duplicates > 0 && self.echoes.iter().any(|entry| entry.position == at))
            || self.writers.iter().any(|party| party.reads.iter().any(reads))
            || self.reader.iter().any(|party| party.reads.iter().any(reads))
    }

    fn reader_actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        match (bounds.reading, &self.reader) {
            (Reading::Nobody, _) => {}
            (Reading::Anywhere, None) => {
                let places = (2..=bounds.positions).map(Position::new);
                actions.extend(places.map(|at| Action::ReaderBegins { at }));
            }
            (Reading::Checkpoint | Reading::Consumer, None) => actions.push(Action::ReaderReads),
            (reading, Some(party)) => {
                if !party.reads.is_empty() || party.rests {
                    actions.push(Action::ReaderReads);
                }
                if let Some(Request::ListBoundaries { .. }) = party.reads.last()
                    && party.was_shown
                    && self.faults.lags > 0
                {
                    actions.push(Action::ReaderIsMisled);
                }
                match party.cursor {
                    Some(_) => actions.push(Action::ConsumerReturns),
                    None if reading == Reading::Consumer && is_on_its_way(&party.reader) => {
                        actions.push(Action::ConsumerMarks);
                    }
                    None => {}
                }
            }
        }
    }

    fn writer_actions(&self, bounds: &Bounds, writer: usize, party: &Party, actions: &mut Vec<Action>) {
        // A look above the tail is performed at one moment, and is one step.
        let peek = party.reads.iter().position(is_peek);
        let steps =
            (0..party.reads.len()).filter(|which| Some(*which) == peek || !is_peek(&party.reads[*which]));
        actions.extend(steps.map(|which| Action::Read { writer, which }));
        if party.claim.is_some() {
            actions.push(Action::Claim { writer });
        }
        if party.writer.gone().is_some() {
            return;
        }
        if self.faults.crashes > 0 {
            actions.push(Action::Crash { writer });
        }
        let Some(core) = party.writer.core() else { return };
        if party.checkpoints_left > 0 {
            let tail = party.writer.acked();
            // Around the tail is where it goes wrong for writers. A reader that begins in the middle may
            // stand anywhere.
            let lowest = if bounds.reading == Reading::Anywhere { Position::NONE } else { tail.minus(2) };
            let places = (lowest.get() + 1..=tail.next().get()).map(Position::new);
            let places = places.filter(|at| *at > core.replay_after());
            actions.extend(places.map(|at| Action::Checkpoint { writer, at }));
        }
        if bounds.closes && !party.closes && core.stopped().is_none() {
            actions.push(Action::Close { writer });
        }
        if self.faults.give_ups > 0 && core.window().undecided() > 0 {
            actions.push(Action::GiveUp { writer });
        }
    }

    fn flight_actions(&self, index: usize, actions: &mut Vec<Action>) {
        let flight = &self.flights[index];
        if index > 0 && self.flights[index - 1] == *flight {
            return;
        }
        let free = self.store.entry(flight.entry.position).is_none();
        let mut land = |how| actions.push(Action::Land { flight: index, how });
        if flight.sender.is_none() {
            if free {
                land(Landing::Told);
            }
            return;
        }
        land(Landing::Told);
        if self.faults.duplicates > 0 && free {
            land(Landing::Again);
        }
        if self.faults.losses > 0 {
            if free {
                land(Landing::Lost);
            }
            actions.push(Action::TimeOut { flight: index });
        }
        if self.faults.conflicts > 0 {
            actions.push(Action::Conflict { flight: index });
        }
    }
}

pub(super) const fn is_peek(request: &Request) -> bool {
    matches!(request, Request::PeekEntry { .. })
}
