//! The state of the cursor model, and what each action does to it.

use super::consumer::{Consumer, is_done, is_write};
use super::marks::{is_marked, marked_of};
use super::{Bounds, CursorModel, Reached, pages};
use crate::ring::collector;
use crate::world::{Broken, Store};
use fencepost_fence::{CursorEvent, CursorRequest, Machine, ReadReply, Tick, Window};
use fencepost_format::{
    EntryHeader, EntryKind, Epoch, Leash, Manifest, Nonce, OnExceed, Position, ShardId, Version,
};
use fencepost_gc::{
    CollectParams, CollectReply, CollectRequest, Collection, Inventory, Mode, Object, Part, Policy,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, where, or to what")]
pub enum Action {
    /// The owner moves `replay_after` up, past a fence range at one go.
    Checkpoint,
    /// A collection begins: it finds the manifest.
    Collect,
    /// A collection's next request is performed.
    Step { collection: usize },
    /// An object that a collection meant to delete is gone.
    Delete { at: Position },
    /// A boundary that a collection meant to delete is gone.
    DropBoundary { at: Position },
    /// A consumer begins to open its cursor.
    Open { consumer: usize, at: Position },
    /// A consumer's next request is performed.
    Act { consumer: usize },
    /// A consumer says that it is done with one entry more.
    Move { consumer: usize },
    /// A consumer dies. What it had sent may land later.
    Die { consumer: usize },
    /// What a dead consumer had sent lands.
    Land { late: usize },
    /// Somebody begins to remove the cursor 0.
    Remove,
    /// The removal's next request is performed.
    GoOnRemoving,
}

/// The store, collections, consumers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    store: Arc<Store>,
    collections: Vec<Arc<Collecting>>,
    collections_left: u32,
    condemned: BTreeSet<Position>,
    condemned_boundaries: BTreeSet<Position>,
    pub(super) consumers: Vec<Party>,
    /// The highest position that any consumer of a name ever said it was done with.
    said: BTreeMap<u8, Position>,
    removal: Option<Arc<Consumer>>,
    late: Vec<(u8, CursorRequest)>,
    moves_left: u32,
    deaths_left: u32,
    removals_left: u32,
    /// The cursors that were ever marked.
    pub(super) marked: BTreeSet<(u8, Nonce)>,
    broken: BTreeSet<Broken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Collecting {
    collection: Collection,
    request: Option<CollectRequest>,
    /// The first page of the listing under way.
    page: Option<Inventory>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Absent,
    Alive(Arc<Consumer>),
    /// What it was told is still a promise: its cursor stands.
    Dead {
        name: u8,
        kept: Option<Position>,
        /// The cursors that it lived on.
        on: BTreeSet<Nonce>,
    },
}

impl Party {
    fn promise(&self) -> Option<(u8, Position)> {
        match self {
            Self::Absent => None,
            Self::Alive(consumer) => Some((consumer.name, consumer.kept?)),
            Self::Dead { name, kept, .. } => Some((*name, (*kept)?)),
        }
    }
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        let mut store = Store::default();
        let nonce = Some(Nonce(1));
        for number in 1..=bounds.entries {
            let (kind, epoch) = match bounds.fence {
                Some(fence) if number == fence => (EntryKind::Fence, 2),
                Some(fence) if number > fence && number < fence + WINDOW => (EntryKind::Filler, 2),
                Some(fence) if number > fence => (EntryKind::Data, 2),
                _ => (EntryKind::Data, 1),
            };
            store.create_entry(EntryHeader {
                position: Position::new(number),
                epoch: Epoch::new(epoch),
                kind,
                nonce,
                generation: None,
            });
        }
        let initial = Manifest::initial(ShardId::default());
        let version = Version::FIRST;
        store.create_manifest(Arc::new(Manifest { version, writer_epoch: Epoch::new(2), nonce, ..initial }));
        Self {
            store: Arc::new(store),
            collections: Vec::new(),
            collections_left: bounds.collections,
            condemned: BTreeSet::new(),
            condemned_boundaries: BTreeSet::new(),
            consumers: vec![Party::Absent; bounds.consumers.len()],
            said: BTreeMap::new(),
            removal: None,
            late: Vec::new(),
            moves_left: bounds.moves,
            deaths_left: bounds.deaths,
            removals_left: bounds.removals,
            marked: BTreeSet::new(),
            broken: BTreeSet::new(),
        }
    }

    /// The promises that do not hold.
    #[must_use]
    pub const fn broken(&self) -> &BTreeSet<Broken> {
        &self.broken
    }

    /// How often openers began anew: each time with the next nonce.
    pub(super) fn restarts(&self) -> u128 {
        let cursors = self.store.cursors.values().flat_map(|documents| documents.cursors());
        cursors.map(|cursor| cursor.nonce.0 % 10).max().unwrap_or(0)
    }

    pub(super) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        if !self.broken.is_empty() {
            return;
        }
        if self.store.replay_after().get() < bounds.entries {
            actions.push(Action::Checkpoint);
        }
        if self.collections_left > 0 && !self.store.replay_after().is_none() {
            actions.push(Action::Collect);
        }
        actions.extend((0..self.collections.len()).map(|collection| Action::Step { collection }));
        let there = self.condemned.iter().filter(|at| self.store.entry(**at).is_some());
        actions.extend(there.map(|&at| Action::Delete { at }));
        let there = self.condemned_boundaries.iter().filter(|at| self.store.boundaries.contains_key(at));
        actions.extend(there.map(|&at| Action::DropBoundary { at }));
        // Its consumer does not know, and goes on.
        let is_broken = |alive: &Consumer| {
            !self.marked.is_empty() && is_marked(&self.marked, alive.name, &alive.lives_on())
        };
        for (consumer, party) in self.consumers.iter().enumerate() {
            match party {
                // Consumers are alike: they come in order.
                Party::Absent if consumer == 0 || self.consumers[consumer - 1] != Party::Absent => {
                    let starts = bounds.starts.iter().map(|at| Position::new(*at));
                    actions.extend(starts.map(|at| Action::Open { consumer, at }));
                }
                Party::Alive(alive) => {
                    if alive.request().is_some() {
                        actions.push(Action::Act { consumer });
                    } else if (alive.kept.is_some() || is_broken(alive))
                        && self.moves_left > 0
                        && alive.position().get() < bounds.entries
                    {
                        actions.push(Action::Move { consumer });
                    }
                    if self.deaths_left > 0 && alive.request().is_some() {
                        actions.push(Action::Die { consumer });
                    }
                }
                Party::Absent | Party::Dead { .. } => {}
            }
        }
        actions.extend((0..self.late.len()).map(|late| Action::Land { late }));
        match &self.removal {
            None if self.removals_left > 0 && !self.store.cursors.is_empty() => actions.push(Action::Remove),
            Some(_) => actions.push(Action::GoOnRemoving),
            None => {}
        }
    }

    pub(super) fn act(&mut self, model: &CursorModel, action: Action) {
        match action {
            Action::Checkpoint => self.checkpoint(&model.bounds),
            Action::Collect => {
                self.collections_left -= 1;
                let params = CollectParams { retry_timeout: u64::MAX / 2, ..CollectParams::default() };
                let policy = Policy::new().with_window_for_models(Window::for_models(WINDOW));
                let collection = Collection::new(params, NOW, policy, Mode::Delete);
                self.collections.push(Arc::new(Collecting { collection, request: None, page: None }));
                self.go_on(model, self.collections.len() - 1);
            }
            Action::Step { collection } => self.step(model, collection),
            Action::Delete { at } => {
                Arc::make_mut(&mut self.store).delete_entry(at);
                self.judge(at);
            }
            Action::DropBoundary { at } => {
                Arc::make_mut(&mut self.store).boundaries.remove(&at);
                model.note(Reached::BoundaryDeleted);
            }
            Action::Open { consumer, at } => {
                let name = model.bounds.consumers[consumer];
                let leash = model
                    .bounds
                    .leash
                    .map(|most| Leash::new().with_entries(most).with_on_exceed(OnExceed::Break));
                let mut opening = Consumer::opening(name, consumer, at, leash);
                opening.broken_before = self.marked_of(name);
                self.consumers[consumer] = Party::Alive(Arc::new(opening));
            }
            Action::Act { consumer } => self.consumer(model, consumer),
            Action::Move { consumer } => {
                let Party::Alive(alive) = &mut self.consumers[consumer] else { unreachable!("it is alive") };
                self.moves_left -= 1;
                let alive = Arc::make_mut(alive);
                alive.broken_before = marked_of(&self.marked, alive.name);
                alive.advance();
                let said = self.said.entry(alive.name).or_default();
                *said = alive.position().next().max(*said);
            }
            Action::Die { consumer } => {
                self.deaths_left -= 1;
                let Party::Alive(alive) = &self.consumers[consumer] else { unreachable!("it is alive") };
                let (name, kept, on) = (alive.name, alive.kept, alive.lives_on());
                self.late.extend(
                    alive.request().filter(|request| is_write(request)).map(|sent| (name, sent.clone())),
                );
                self.late.sort_by_key(|sent| format!("{sent:?}"));
                self.consumers[consumer] = Party::Dead { name, kept, on };
            }
            Action::Land { late } => {
                let (name, request) = self.late.remove(late);
                Arc::make_mut(&mut self.store).perform_cursor(name, &request);
                model.note(Reached::LandedLate);
            }
            Action::Remove => {
                self.removals_left -= 1;
                self.removal = Some(Arc::new(Consumer::removing(0)));
            }
            Action::GoOnRemoving => self.go_on_removing(),
        }
        self.collections.sort_by_key(|collecting| format!("{:?}", collecting.request));
    }

    fn checkpoint(&mut self, bounds: &Bounds) {
        let store = Arc::make_mut(&mut self.store);
        let latest = Manifest::clone(store.latest().expect("there is a manifest"));
        let (version, mut replay_after) = (latest.version.next(), latest.replay_after.next());
        // P-31.
        if bounds.fence == Some(replay_after.get()) {
            replay_after = replay_after.plus(WINDOW - 1);
        }
        store.delete_manifest(latest.version);
        // P-33: `last_seen` moves along, or a collection that read only ours would guard Lance's search for
        // the tail.
        let last_seen = latest.last_seen.max(replay_after);
        store.create_manifest(Arc::new(Manifest { version, replay_after, last_seen, ..latest }));
    }

    fn consumer(&mut self, model: &CursorModel, index: usize) {
        let Party::Alive(alive) = &mut self.consumers[index] else { unreachable!("it is alive") };
        let alive = Arc::make_mut(alive);
        let store = Arc::make_mut(&mut self.store);
        let are_several = model.bounds.consumers.len() > 1;
        let mut is_over = false;
        let was_open = !alive.lives_on().is_empty();
        for event in alive.act(store) {
            match event {
                CursorEvent::Opened(consumed) => {
                    if store.boundary() > consumed.position {
                        model.note(Reached::OpenedBelowBoundary);
                    }
                    let ours =
                        |nonce: u128| (10 * (index as u128 + 1)..10 * (index as u128 + 2)).contains(&nonce);
                    let made =
                        store.cursors.get(&alive.name).into_iter().flat_map(|documents| documents.cursors());
                    if made.into_iter().all(|found| !ours(found.nonce.0)) {
                        model.note(Reached::Reopened);
                    }
                    let is_whole = !is_marked(&self.marked, alive.name, &alive.lives_on());
                    alive.kept = (!alive.removed && is_whole).then_some(consumed.position);
                    if alive.lives_on().is_subset(&alive.broken_before) {
                        self.broken.insert(Broken::BreakNotTold);
                    }
                    if index > 0 && !self.marked.is_empty() && is_whole {
                        model.note(Reached::Remade);
                    }
                }
                CursorEvent::Advanced(consumed) => {
                    alive.kept = alive.kept.map(|_| consumed.position);
                    if alive.lives_on().is_subset(&alive.broken_before) {
                        self.broken.insert(Broken::BreakNotTold);
                    }
                }
                CursorEvent::Broken { .. } => {
                    model.note(if was_open { Reached::ToldAtMove } else { Reached::ToldAtOpening });
                    is_over = true;
                }
                CursorEvent::Truncated { .. } => {
                    model.note(Reached::Truncated);
                    is_over = true;
                }
                CursorEvent::Removed { .. } | CursorEvent::Missing | CursorEvent::GaveUp(_) => is_over = true,
                CursorEvent::Held(_) => {}
            }
        }
        if let Some(CursorRequest::Delete { documents, .. }) = alive.request()
            && are_several
            && documents.iter().any(|document| document.nonce().0 / 10 != index as u128 + 1)
        {
            model.note(Reached::GivenUp);
        }
        if is_over {
            let Party::Alive(alive) = &self.consumers[index] else { unreachable!("it was alive") };
            self.consumers[index] = Party::Dead { name: alive.name, kept: None, on: BTreeSet::new() };
        }
        self.judge_all();
    }

    /// From the removal's beginning to its end, nothing is promised for cursors of this name any more.
    fn go_on_removing(&mut self) {
        let removal = self.removal.as_mut().expect("it is under way");
        let (name, events) = {
            let removal = Arc::make_mut(removal);
            (removal.name, removal.act(Arc::make_mut(&mut self.store)))
        };
        for party in &mut self.consumers {
            match party {
                Party::Alive(alive) if alive.name == name => {
                    let alive = Arc::make_mut(alive);
                    (alive.kept, alive.removed) = (None, true);
                }
                Party::Dead { name: of, kept, .. } if *of == name => *kept = None,
                _ => {}
            }
        }
        if !events.is_empty() {
            self.removal = None;
        }
    }

    /// Performs what a collection asked for; listings of documents in two strides.
    fn step(&mut self, model: &CursorModel, index: usize) {
        let store = Arc::make_mut(&mut self.store);
        let collecting = Arc::make_mut(&mut self.collections[index]);
        let request = collecting.request.take().expect("a collection here waits for something");
        let reply = match &request {
            CollectRequest::List { part: part @ Part::Documents, .. } => {
                let Some(mut first) = collecting.page.take() else {
                    collecting.page = Some(pages::inventory(store, *part, 0));
                    collecting.request = Some(request);
                    return;
                };
                first.absorb(pages::inventory(store, *part, 1));
                CollectReply::Listed(*part, ReadReply::Found(first))
            }
            CollectRequest::Delete { batch, objects } => {
                for object in objects {
                    match object {
                        Object::Entry(at) => drop(self.condemned.insert(*at)),
                        Object::Boundary(at) => drop(self.condemned_boundaries.insert(*at)),
                        _ => {}
                    }
                }
                // It does not wait: from here on, every deletion may happen at any time.
                let unknown = |object: &Object| (object.clone(), String::new());
                CollectReply::Deleted { batch: *batch, failed: objects.iter().map(unknown).collect() }
            }
            request => collector::answer(store, request).expect("anything but a deletion is answered"),
        };
        if let CollectReply::Published(at, created) = &reply
            && is_done(*created)
        {
            let looks = |party: &Party| matches!(party, Party::Alive(alive) if matches!(alive.request(), Some(CursorRequest::Boundary { .. })));
            if self.consumers.iter().any(looks) {
                model.note(Reached::Crossed);
            }
            if is_in_fence_range(&model.bounds, *at) {
                self.broken.insert(Broken::BoundInsideFenceRange);
            }
        }
        collecting.collection.handle(NOW, reply);
        if let CollectRequest::BreakCursor { nonce, .. } = request {
            self.note_mark(model, nonce);
        }
        self.go_on(model, index);
    }

    /// Performs at one go what only concerns what never changes: manifests, entries and headers.
    fn go_on(&mut self, model: &CursorModel, index: usize) {
        let store = Arc::make_mut(&mut self.store);
        let collecting = Arc::make_mut(&mut self.collections[index]);
        loop {
            while let Some(event) = collecting.collection.poll_event() {
                if let fencepost_gc::CollectEvent::Planned(plan) = event {
                    if plan.bound < plan.boundary {
                        model.note(Reached::Held);
                    }
                    let held = store.cursors.values().filter_map(fencepost_fence::CursorDocuments::held);
                    if held.into_iter().any(|at| is_in_fence_range(&model.bounds, at)) {
                        model.note(Reached::CursorInFenceRange);
                    }
                }
            }
            let Some(request) = collecting.collection.poll_request() else {
                self.collections.remove(index);
                return;
            };
            let alone = match &request {
                CollectRequest::Manifest(_) | CollectRequest::ReadHeader { .. } => true,
                CollectRequest::List { part, .. } => matches!(part, Part::Entries | Part::Manifests),
                _ => false,
            };
            if !alone {
                collecting.request = Some(request);
                return;
            }
            let reply = collector::answer(store, &request).expect("anything but a deletion is answered");
            collecting.collection.handle(NOW, reply);
        }
    }

    fn judge(&mut self, at: Position) {
        if at > self.store.replay_after() {
            self.broken.insert(Broken::DeletedAboveBound);
        }
        if self.store.entries().next_back().is_none_or(|entry| entry.position < at) {
            self.broken.insert(Broken::HighestDeleted);
        }
        self.judge_all();
    }

    /// Everything above the place of a consumer that was told that it is kept. What anybody said of that name
    /// counts (P-54).
    fn judge_all(&mut self) {
        let highest = self.store.entries().next_back().map_or(Position::NONE, |entry| entry.position);
        for (name, at) in self.consumers.iter().filter_map(Party::promise) {
            let at = self.said.get(&name).map_or(at, |said| at.max(*said));
            let mut above = (at.get() + 1..=highest.get()).map(Position::new);
            if above.any(|at| self.store.entry(at).is_none()) {
                self.broken.insert(Broken::DeletedAboveBound);
            }
        }
    }
}

/// Whether a bound at `at` would rest inside the fence range.
fn is_in_fence_range(bounds: &Bounds, at: Position) -> bool {
    bounds.fence.is_some_and(|fence| (fence..fence + WINDOW - 1).contains(&at.get()))
}

const NOW: Tick = Tick(0);
const WINDOW: u64 = 3;
