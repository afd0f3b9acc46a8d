//! The state of the cursor model, and what each action does to it.

use super::{Bounds, CROSSED, CursorModel, HELD, TRUNCATED};
use crate::ring::collector;
use crate::world::{Broken, Store};
use fencepost_fence::{CreateReply, ReadReply, Tick, cursor_holds};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Manifest, Nonce, Position, ShardId, Version};
use fencepost_gc::{
    CollectParams, CollectReply, CollectRequest, Collection, Inventory, Mode, Object, Part, Policy,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, where, or to what")]
pub enum Action {
    /// The owner moves `R` one up.
    Checkpoint,
    /// A collection begins: it finds the manifest.
    Collect,
    /// A collection's next request is performed.
    Step { collection: usize },
    /// An object that a collection meant to delete is gone.
    Delete { at: Position },
    /// A boundary that a collection meant to delete is gone.
    DropBoundary { at: Position },
    /// A consumer writes its cursor.
    Write { consumer: usize, at: Position },
    /// A consumer looks at the boundary.
    Look { consumer: usize },
    /// A consumer writes the next document of its cursor.
    Move { consumer: usize },
    /// A consumer deletes the document that it moved on from.
    Sweep { consumer: usize },
}

/// The store, collections, consumers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    store: Arc<Store>,
    collections: Vec<Arc<Collecting>>,
    collections_left: u32,
    condemned: BTreeSet<Position>,
    condemned_boundaries: BTreeSet<Position>,
    consumers: Vec<Consumer>,
    moves_left: u32,
    broken: BTreeSet<Broken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Collecting {
    collection: Collection,
    request: Option<CollectRequest>,
    /// The first page of the listing under way.
    page: Option<Inventory>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Consumer {
    Absent,
    /// The cursor is written, and the boundary not looked at.
    Written(Position),
    /// It was told that its place is kept.
    Kept(Position),
    /// It moved on from the first place to the second, and both are written.
    Moving(Position, Position),
    /// It was told that it came too late.
    Late,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        let mut store = Store::default();
        let (epoch, nonce) = (Epoch::FIRST, Some(Nonce(1)));
        for position in (1..=bounds.entries).map(Position::new) {
            let kind = EntryKind::Data;
            store.create_entry(EntryHeader { position, epoch, kind, nonce });
        }
        let initial = Manifest::initial(ShardId::default());
        let version = Version::FIRST;
        store.create_manifest(Arc::new(Manifest { version, writer_epoch: epoch, nonce, ..initial }));
        Self {
            store: Arc::new(store),
            collections: Vec::new(),
            collections_left: bounds.collections,
            condemned: BTreeSet::new(),
            condemned_boundaries: BTreeSet::new(),
            consumers: vec![Consumer::Absent; bounds.consumers],
            moves_left: bounds.moves,
            broken: BTreeSet::new(),
        }
    }

    /// The promises that do not hold.
    #[must_use]
    pub const fn broken(&self) -> &BTreeSet<Broken> {
        &self.broken
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
        for (consumer, state) in self.consumers.iter().enumerate() {
            match state {
                Consumer::Absent => {
                    // Consumers are alike: they come in order.
                    if consumer == 0 || self.consumers[consumer - 1] != Consumer::Absent {
                        let starts = (0..bounds.entries).map(Position::new);
                        actions.extend(starts.map(|at| Action::Write { consumer, at }));
                    }
                }
                Consumer::Written(_) => actions.push(Action::Look { consumer }),
                Consumer::Kept(_) if self.moves_left > 0 => actions.push(Action::Move { consumer }),
                Consumer::Moving(..) => actions.push(Action::Sweep { consumer }),
                Consumer::Kept(_) | Consumer::Late => {}
            }
        }
    }

    pub(super) fn act(&mut self, model: &CursorModel, action: Action) {
        let store = Arc::make_mut(&mut self.store);
        match action {
            Action::Checkpoint => {
                let latest = Manifest::clone(store.latest().expect("there is a manifest"));
                let (version, replay_after) = (latest.version.next(), latest.replay_after.next());
                store.delete_manifest(latest.version);
                store.create_manifest(Arc::new(Manifest { version, replay_after, ..latest }));
            }
            Action::Collect => {
                self.collections_left -= 1;
                let params = CollectParams { patience: u64::MAX / 2, ..CollectParams::default() };
                let collection = Collection::new(params, NOW, Policy::new(), Mode::Delete);
                self.collections.push(Arc::new(Collecting { collection, request: None, page: None }));
                self.go_on(model, self.collections.len() - 1);
            }
            Action::Step { collection } => self.step(model, collection),
            Action::Delete { at } => {
                store.delete_entry(at);
                self.judge(at);
            }
            Action::DropBoundary { at } => drop(store.boundaries.remove(&at)),
            Action::Write { consumer, at } => {
                store.cursors.entry(consumer as u8).or_default().insert(at);
                self.consumers[consumer] = Consumer::Written(at);
            }
            Action::Look { consumer } => {
                let Consumer::Written(at) = self.consumers[consumer] else {
                    unreachable!("it has not looked yet")
                };
                if cursor_holds(at, store.boundary()) {
                    self.consumers[consumer] = Consumer::Kept(at);
                    self.judge_all();
                } else {
                    store.cursors.remove(&(consumer as u8));
                    self.consumers[consumer] = Consumer::Late;
                    model.reached.note(TRUNCATED);
                }
            }
            Action::Move { consumer } => {
                let Consumer::Kept(at) = self.consumers[consumer] else { unreachable!("it is kept") };
                self.moves_left -= 1;
                store.cursors.entry(consumer as u8).or_default().insert(at.next());
                self.consumers[consumer] = Consumer::Moving(at, at.next());
            }
            Action::Sweep { consumer } => {
                let Consumer::Moving(from, to) = self.consumers[consumer] else {
                    unreachable!("it is moving")
                };
                store.cursors.entry(consumer as u8).or_default().remove(&from);
                self.consumers[consumer] = Consumer::Kept(to);
            }
        }
        self.collections.sort_by_key(|collecting| format!("{:?}", collecting.request));
    }

    /// Performs what a collection asked for; listings of cursors in two strides.
    fn step(&mut self, model: &CursorModel, index: usize) {
        let store = Arc::make_mut(&mut self.store);
        let collecting = Arc::make_mut(&mut self.collections[index]);
        let request = collecting.request.take().expect("a collection here waits for something");
        let reply = match &request {
            CollectRequest::List { part: part @ (Part::Cursors | Part::Documents), .. } => {
                let Some(mut first) = collecting.page.take() else {
                    collecting.page = Some(page(store, *part, 0));
                    collecting.request = Some(request);
                    return;
                };
                let second = page(store, *part, 1);
                for (name, at) in second.cursors {
                    first.note_cursor(name, at);
                }
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
        let crossed = self.consumers.iter().any(|consumer| matches!(consumer, Consumer::Written(_)));
        if crossed && matches!(reply, CollectReply::Published(_, CreateReply::Done)) {
            model.reached.note(CROSSED);
        }
        collecting.collection.handle(NOW, reply);
        self.go_on(model, index);
    }

    /// Performs at one go what only concerns what never changes: manifests, entries and headers.
    fn go_on(&mut self, model: &CursorModel, index: usize) {
        let store = Arc::make_mut(&mut self.store);
        let collecting = Arc::make_mut(&mut self.collections[index]);
        loop {
            while let Some(event) = collecting.collection.poll_event() {
                if let fencepost_gc::CollectEvent::Planned(plan) = event
                    && plan.bound < plan.boundary
                {
                    model.reached.note(HELD);
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

    /// Everything above the place of a consumer that was told that it is kept.
    fn judge_all(&mut self) {
        let highest = self.store.entries().next_back().map_or(Position::NONE, |entry| entry.position);
        for consumer in &self.consumers {
            let (Consumer::Kept(at) | Consumer::Moving(_, at)) = consumer else { continue };
            let mut above = (at.get() + 1..=highest.get()).map(Position::new);
            if above.any(|at| self.store.entry(at).is_none()) {
                self.broken.insert(Broken::DeletedAboveBound);
            }
        }
    }
}

/// Cursors on even or on odd positions; everything else is on the first page.
fn page(store: &Store, part: Part, page: u64) -> Inventory {
    let mut shown = store.clone();
    for documents in shown.cursors.values_mut() {
        documents.retain(|at| at.get() % 2 == page);
    }
    collector::list(&shown, part, None)
}

const NOW: Tick = Tick(0);
