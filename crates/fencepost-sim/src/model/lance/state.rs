//! The state of the Lance model, what can happen in it, and its judgement.

use super::party::{Did, Kind, Party, Phase, Row};
use super::{Bounds, LanceModel, Reached, collect};
use crate::world::Store;
use fencepost_fence::CreateReply;
use fencepost_format::{Manifest, Position, ShardId};
use fencepost_gc::Collection;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One step of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, or to what")]
pub enum Action {
    /// The next party claims.
    Claim(Kind),
    /// A party makes its next request.
    Step { party: usize },
    /// A party that looks for the tail reads the latest manifest, which has another `H` than its own.
    Refresh { party: usize },
    /// A party flushes what it has.
    Flush { party: usize },
    /// Somebody tails the shard, and moves `H` on to an entry that he read.
    Tail { at: Position },
    /// A foreign hand moves `H` back to an entry that is there, before any collection.
    MisleadHint { at: Position },
    /// A collector reads the manifest.
    CollectorLooks,
    /// A collector lists, reads and plans.
    CollectorPlans { collector: usize },
    /// A collector deletes something that it once planned to delete.
    Delete { at: Position },
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    store: Arc<Store>,
    parties: Vec<Arc<Party>>,
    collections: Vec<Arc<Collection>>,
    collections_left: u8,
    tailings_left: u8,
    hints_left: u8,
    condemned: BTreeSet<Position>,
    acked: BTreeSet<Row>,
    applied: BTreeSet<Row>,
    lost: bool,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            store: Arc::default(),
            parties: Vec::new(),
            collections: Vec::new(),
            collections_left: bounds.collections,
            tailings_left: bounds.tailings,
            hints_left: bounds.hints,
            condemned: BTreeSet::new(),
            acked: BTreeSet::new(),
            applied: BTreeSet::new(),
            lost: false,
        }
    }

    /// Whether an acknowledged row is in no SSTable, and will not be replayed.
    pub(super) const fn has_lost(&self) -> bool {
        self.lost
    }

    pub(super) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        if self.lost {
            return;
        }
        if let Some((kind, ..)) = bounds.parties.get(self.parties.len()) {
            actions.push(Action::Claim(*kind));
        }
        let latest = self.store.latest();
        for (index, party) in self.parties.iter().enumerate() {
            if party.can_step() {
                actions.push(Action::Step { party: index });
                let begins = matches!(
                    party.phase,
                    Phase::Fencing(super::discover::Discover::Begin)
                        | Phase::Seeking(super::discover::Discover::Begin)
                );
                if begins && latest.is_some_and(|latest| latest.last_seen != party.hint) {
                    actions.push(Action::Refresh { party: index });
                }
            }
            // A long replay may flush before its end.
            let can_flush = matches!(party.phase, Phase::Open(_) | Phase::Replaying(_));
            if can_flush && party.flushes > 0 && self.store.epoch() == party.epoch && !party.memory.is_empty()
            {
                actions.push(Action::Flush { party: index });
            }
        }
        if let Some(latest) = latest {
            let there: Vec<_> = self.store.entries().map(|entry| entry.position).collect();
            let (back, on): (Vec<_>, Vec<_>) = there.into_iter().partition(|at| *at < latest.last_seen);
            if self.tailings_left > 0 {
                let on = on.into_iter().filter(|at| *at > latest.last_seen);
                actions.extend(on.map(|at| Action::Tail { at }));
            }
            // Once something was deleted, a hint that is moved back misleads whatever was kept.
            if self.hints_left > 0 && self.condemned.is_empty() && self.collections.is_empty() {
                actions.extend(back.into_iter().map(|at| Action::MisleadHint { at }));
            }
        }
        if self.collections_left > 0 && !self.store.replay_after().is_none() {
            actions.push(Action::CollectorLooks);
        }
        actions.extend((0..self.collections.len()).map(|collector| Action::CollectorPlans { collector }));
        let due = self.condemned.iter().filter(|at| self.store.entry(**at).is_some() && self.is_wanted(**at));
        actions.extend(due.map(|&at| Action::Delete { at }));
    }

    /// Whether somebody's next step could tell that the entry is gone.
    fn is_wanted(&self, at: Position) -> bool {
        !self.collections.is_empty() || self.parties.iter().any(|party| party.looks_at(at))
    }

    pub(super) fn act(&mut self, model: &LanceModel, action: Action) {
        match action {
            Action::Claim(kind) => self.claim(&model.bounds, kind),
            Action::Step { party } => self.step(model, party, false),
            Action::Refresh { party } => self.step(model, party, true),
            Action::Flush { party } => self.flush(party),
            Action::Tail { at } => {
                self.tailings_left -= 1;
                self.commit(|next| next.last_seen = at);
            }
            Action::MisleadHint { at } => {
                self.hints_left -= 1;
                self.commit(|next| next.last_seen = at);
            }
            Action::CollectorLooks => {
                self.collections_left -= 1;
                self.collections.extend(collect::look(&self.store).map(Arc::new));
            }
            Action::CollectorPlans { collector } => {
                let collection = Arc::unwrap_or_clone(self.collections.remove(collector));
                // What a plan writes is a boundary, which nobody of Lance's looks at.
                let mut store = Store::clone(&self.store);
                let decided = collect::plan(collection, &mut store, model.bounds.without);
                if decided.held_for_opener {
                    model.note(Reached::HeldForOpener);
                }
                self.condemned.extend(decided.condemned);
            }
            Action::Delete { at } => drop(Arc::make_mut(&mut self.store).delete_entry(at)),
        }
        self.collections.sort_by_key(|collection| collection.facts().map(|facts| facts.version));
        self.judge();
    }

    fn claim(&mut self, bounds: &Bounds, kind: Kind) {
        self.commit(|next| next.writer_epoch = next.writer_epoch.next());
        let latest = self.store.latest().expect("just committed");
        let mut party = Party::claimed(kind, latest.writer_epoch, (latest.replay_after, latest.last_seen));
        (_, party.appends, party.flushes) = bounds.parties[self.parties.len()];
        self.parties.push(Arc::new(party));
    }

    fn step(&mut self, model: &LanceModel, index: usize, fresh: bool) {
        let store = Arc::make_mut(&mut self.store);
        let party = Arc::make_mut(&mut self.parties[index]);
        let replay_after = party.replay_after;
        let did = party.step(store, fresh);
        let superseded = self.store.epoch() > self.parties[index].epoch;
        let collected = |at: Position| self.condemned.contains(&at);
        match did {
            Did::Nothing => {}
            Did::Posted(at) if at <= self.store.replay_after() => model.note(Reached::SentinelBelowReplay),
            Did::Posted(_) => {}
            Did::Acked(row) => drop(self.acked.insert(row)),
            Did::OpenerFenced => {
                model.note(Reached::OpenerFenced);
                if self.condemned.iter().any(|at| *at > replay_after) {
                    model.note(Reached::OpenedAfterCollection);
                }
            }
            Did::WriterFenced => {
                model.note(Reached::WriterFenced);
                if superseded && !self.condemned.is_empty() {
                    model.note(Reached::WokeAfterCollection);
                }
            }
            Did::Opened(at) if collected(at) => model.note(Reached::OpenedAfterCollection),
            Did::Opened(_) => {}
        }
    }

    fn flush(&mut self, index: usize) {
        let party = Arc::make_mut(&mut self.parties[index]);
        let (Phase::Open(next) | Phase::Replaying(next)) = party.phase else {
            unreachable!("only who has replayed something flushes")
        };
        party.flushes -= 1;
        self.applied.append(&mut party.memory);
        let through = next.prev();
        self.commit(|manifest| {
            manifest.replay_after = through;
            manifest.last_seen = manifest.last_seen.max(through);
        });
    }

    fn commit(&mut self, change: impl FnOnce(&mut Manifest)) {
        let latest = self.store.latest();
        let mut next =
            latest.map_or_else(|| Manifest::initial(ShardId::default()), |latest| Manifest::clone(latest));
        next.version = next.version.next();
        change(&mut next);
        let done = Arc::make_mut(&mut self.store).create_manifest(Arc::new(next));
        assert_eq!(done, CreateReply::Done, "versions are never taken twice here");
    }

    /// What a fresh opener replays: everything from `R + 1` to the first absent position.
    fn judge(&mut self) {
        let replayable = |row: &Row| {
            let from = self.store.replay_after();
            row.0 > from
                && (from.get() + 1..=row.0.get()).all(|at| self.store.entry(Position::new(at)).is_some())
                && self.store.entry(row.0).is_some_and(|entry| entry.epoch == row.1)
        };
        self.lost = !self.acked.iter().all(|row| self.applied.contains(row) || replayable(row));
        // Rows that are applied stay so, and who is fenced or done never asks again.
        self.acked.retain(|row| !self.applied.contains(row));
        self.applied.clear();
        for party in &mut self.parties {
            let superseded = self.store.epoch() > party.epoch;
            if superseded && party.flushes > 0 {
                Arc::make_mut(party).flushes = 0;
            }
            let idle = party.flushes == 0 && !party.can_step();
            if (idle || party.flushes == 0) && !party.memory.is_empty() {
                Arc::make_mut(party).memory.clear();
            }
            if idle && party.phase != Phase::Fenced {
                Arc::make_mut(party).fenced();
            }
        }
    }
}
