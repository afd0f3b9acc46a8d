//! The state of the Lance model and what each action does.

use super::ours::{Heard, Ours};
use super::party::{Did, Kind, Party, Phase, Row};
use super::{Bounds, LanceModel, Reached, collect};
use crate::world::Store;
use fencepost_fence::CreateReply;
use fencepost_format::{Manifest, Nonce, Position, ShardId};
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
    /// One of the requests of a writer of ours is performed.
    OursSteps { writer: usize, which: usize },
    /// A writer of ours checkpoints.
    OursCheckpoints { writer: usize, at: Position },
    /// A party that looks for the tail reads the latest manifest, which has another `last_seen` than its own.
    Refresh { party: usize },
    /// A party flushes what it has.
    Flush { party: usize },
    /// Somebody tails the shard, and moves `last_seen` on to an entry that he read.
    Tail { at: Position },
    /// A reclaim creates its version on top of the latest.
    Drain,
    /// A foreign hand moves `last_seen` back to an entry that is there, before any collection.
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
    pub(super) store: Arc<Store>,
    pub(super) parties: Vec<Arc<Party>>,
    pub(super) ours: Vec<Arc<Ours>>,
    pub(super) collections: Vec<Arc<Collection>>,
    pub(super) collections_left: u8,
    pub(super) tailings_left: u8,
    pub(super) drains_left: u8,
    pub(super) hints_left: u8,
    pub(super) condemned: BTreeSet<Position>,
    pub(super) acked: BTreeSet<Row>,
    pub(super) refused: BTreeSet<Row>,
    pub(super) applied: BTreeSet<Row>,
    pub(super) broken: BTreeSet<Broken>,
}

/// A promise that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Broken {
    /// An acknowledged row is in no SSTable, and will not be replayed.
    Lost,
    /// A row that was refused for certain is in an SSTable, was checkpointed, or will be read by us.
    RefusedIsInLog,
    /// An opener of ours says that an entry is lost; none ever is here.
    FalseDamage,
}

impl Broken {
    /// The promise, as a sentence.
    #[must_use]
    pub const fn promise(self) -> &'static str {
        match self {
            Self::Lost => "an acknowledged row is in an SSTable or replayable",
            Self::RefusedIsInLog => "a row that was refused for certain is in no SSTable and not in the log",
            Self::FalseDamage => crate::world::Broken::FalseDamage.promise(),
        }
    }

    /// What it means that it does not hold.
    pub(super) const fn as_found(self) -> &'static str {
        match self {
            Self::Lost => "an acknowledged row is lost",
            Self::RefusedIsInLog => "a row that was refused for certain is there",
            Self::FalseDamage => "an entry is called lost that is not",
        }
    }
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            store: Arc::default(),
            parties: Vec::new(),
            ours: Vec::new(),
            collections: Vec::new(),
            collections_left: bounds.collections,
            tailings_left: bounds.tailings,
            drains_left: bounds.drains,
            hints_left: bounds.hints,
            condemned: BTreeSet::new(),
            acked: BTreeSet::new(),
            refused: BTreeSet::new(),
            applied: BTreeSet::new(),
            broken: BTreeSet::new(),
        }
    }

    pub(super) fn act(&mut self, model: &LanceModel, action: Action) {
        match action {
            Action::Claim(kind) => self.claim(model, kind),
            Action::Step { party } => self.step(model, party, false),
            Action::OursSteps { writer, which } => {
                let (ours, store) = self.ours_at(writer);
                let heard = ours.step(store, which);
                self.hear(model, heard);
            }
            Action::OursCheckpoints { writer, at } => {
                let (ours, store) = self.ours_at(writer);
                let heard = ours.checkpoint(store, at);
                self.hear(model, heard);
            }
            Action::Refresh { party } => self.step(model, party, true),
            Action::Flush { party } => self.flush(party),
            Action::Tail { at } => {
                self.tailings_left -= 1;
                self.commit(|next| next.last_seen = at);
            }
            Action::Drain => {
                self.drains_left -= 1;
                let latest = self.store.latest().expect("somebody has claimed");
                let next = fencepost_gc::drain(latest, &BTreeSet::new(), DRAIN);
                let done = Arc::make_mut(&mut self.store).create_manifest(Arc::new(next));
                assert_eq!(done, CreateReply::Done, "versions are never taken twice here");
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
                if decided.says_damaged {
                    self.broken.insert(Broken::FalseDamage);
                }
                self.condemned.extend(decided.condemned);
            }
            Action::Delete { at } => drop(Arc::make_mut(&mut self.store).delete_entry(at)),
        }
        self.collections.sort_by_key(|collection| collection.facts().map(|facts| facts.version));
        self.judge();
    }

    /// How many have claimed.
    pub(super) fn claims(&self) -> usize {
        self.parties.len() + self.ours.len()
    }

    fn claim(&mut self, model: &LanceModel, kind: Kind) {
        let index = self.claims();
        let plan = model.bounds.parties[index];
        if matches!(kind, Kind::Ours | Kind::OursOneByOne) {
            let (ours, heard) = Ours::claim(Arc::make_mut(&mut self.store), index, plan);
            self.ours.push(Arc::new(ours));
            return self.hear(model, heard);
        }
        self.commit(|next| next.writer_epoch = next.writer_epoch.next());
        let latest = self.store.latest().expect("just committed");
        let mut party = Party::claimed(kind, latest.writer_epoch, (latest.replay_after, latest.last_seen));
        (_, party.appends, party.flushes) = plan;
        if kind == Kind::WalOnlyOpened {
            while !matches!(party.phase, Phase::Open(_)) {
                party.step(Arc::make_mut(&mut self.store), false);
            }
        }
        self.parties.push(Arc::new(party));
    }

    fn ours_at(&mut self, writer: usize) -> (&mut Ours, &mut Store) {
        (Arc::make_mut(&mut self.ours[writer]), Arc::make_mut(&mut self.store))
    }

    fn hear(&mut self, model: &LanceModel, mut heard: Heard) {
        self.acked.append(&mut heard.acked);
        self.refused.append(&mut heard.refused);
        self.applied.append(&mut heard.applied);
        if heard.found_loss {
            self.broken.insert(Broken::FalseDamage);
        }
        if heard.fenced {
            model.note(Reached::OursFenced);
        }
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
        // Lance knows no nonces, and keeps no fields that it does not know.
        (next.nonce, next.drain) = (None, None);
        change(&mut next);
        let done = Arc::make_mut(&mut self.store).create_manifest(Arc::new(next));
        assert_eq!(done, CreateReply::Done, "versions are never taken twice here");
    }
}

/// Of no writer.
const DRAIN: Nonce = Nonce(0xd);
