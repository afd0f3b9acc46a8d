//! Manifests, folders, flushers and collections, and their steps.

use super::collect::{look, plan};
use super::shard::{Shard, Version};
use super::{Bounds, DELETED, LANDED_LATE, REFUSED_ZOMBIE, SsTableModel};
use fencepost_gc::Collection;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A party, between two of its requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Party {
    /// It has not claimed yet.
    Waiting,
    /// It holds this epoch, or did, and this is the generation of its memtable.
    Open { epoch: u64, generation: u64 },
    /// It has read this version as the latest, which does not fence it.
    Checked { epoch: u64, generation: u64, version: u64 },
    /// It has written this folder, and creates the version above this one.
    Written { epoch: u64, generation: u64, version: u64, folder: u8 },
    /// It is fenced.
    Fenced,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The party claims.
    Claim(usize),
    /// It looks at the manifest before it flushes.
    Check(usize),
    /// It writes a folder.
    Write(usize),
    /// It writes a folder, or a part of it, and fails: it will try again.
    Fail(usize),
    /// It creates the next version and is answered.
    Commit(usize),
    /// Its create, or the reply, is lost: it will try again. The create may land at any later time.
    Lose(usize),
    /// A create that was lost lands.
    Land(usize),
    /// A compactor takes the oldest SSTable out of the manifest.
    Compact,
    /// All versions but the latest are pruned.
    Prune,
    /// A collection begins: it reads the latest manifest.
    Look,
    /// It does the rest of its reading, and decides.
    Decide(usize),
    /// A deletion is carried out.
    Delete(u8),
}

/// The shard and its parties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    manifests: BTreeMap<u64, Version>,
    folders: BTreeMap<u8, u64>,
    made: u8,
    parties: Vec<Party>,
    flushes_left: Vec<u8>,
    /// Creates that were lost: the version, what is in it, and the folder that they are about.
    late: Vec<(u64, Version, u8)>,
    collections: Vec<Arc<Collection>>,
    condemned: BTreeSet<u8>,
    deleted: BTreeSet<u8>,
    /// Folders that the latest manifest named at some time.
    ever_named: BTreeSet<u8>,
    failures_left: u8,
    losses_left: u8,
    compactions_left: u8,
    prunings_left: u8,
    collections_left: u8,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        // Lance's `initialize_shard`.
        let first = Version { epoch: 0, next: 1, sstables: Vec::new() };
        Self {
            manifests: [(1, first)].into(),
            folders: BTreeMap::new(),
            made: 0,
            parties: vec![Party::Waiting; bounds.flushes.len()],
            flushes_left: bounds.flushes.to_vec(),
            late: Vec::new(),
            collections: Vec::new(),
            condemned: BTreeSet::new(),
            deleted: BTreeSet::new(),
            ever_named: BTreeSet::new(),
            failures_left: bounds.failures,
            losses_left: bounds.losses,
            compactions_left: bounds.compactions,
            prunings_left: bounds.prunings,
            collections_left: bounds.collections,
        }
    }

    pub(super) fn named_are_there(&self) -> bool {
        self.latest().1.sstables.iter().all(|(folder, _)| !self.deleted.contains(folder))
    }

    pub(super) fn compacted_are_there(&self) -> bool {
        self.ever_named.is_disjoint(&self.deleted)
    }

    fn latest(&self) -> (u64, &Version) {
        let (version, body) = self.manifests.last_key_value().expect("the latest is never pruned");
        (*version, body)
    }

    pub(super) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        let more_folders = self.made < bounds.folders;
        for (index, party) in self.parties.iter().enumerate() {
            match party {
                // In their order: all others are the same with names exchanged.
                Party::Waiting if index == 0 || self.parties[index - 1] != Party::Waiting => {
                    actions.push(Action::Claim(index));
                }
                Party::Open { .. } if self.flushes_left[index] > 0 => actions.push(Action::Check(index)),
                Party::Checked { .. } if more_folders => {
                    actions.push(Action::Write(index));
                    if self.failures_left > 0 {
                        actions.push(Action::Fail(index));
                    }
                }
                Party::Written { .. } => {
                    actions.push(Action::Commit(index));
                    if self.losses_left > 0 {
                        actions.push(Action::Lose(index));
                    }
                }
                Party::Waiting | Party::Open { .. } | Party::Checked { .. } | Party::Fenced => {}
            }
        }
        actions.extend((0..self.late.len()).map(Action::Land));
        if self.compactions_left > 0 && !self.latest().1.sstables.is_empty() {
            actions.push(Action::Compact);
        }
        if self.prunings_left > 0 && self.manifests.len() > 1 {
            actions.push(Action::Prune);
        }
        if self.collections_left > 0 && !self.folders.is_empty() {
            actions.push(Action::Look);
        }
        actions.extend((0..self.collections.len()).map(Action::Decide));
        actions.extend(self.condemned.iter().copied().map(Action::Delete));
    }

    pub(super) fn act(&mut self, model: &SsTableModel, action: Action) {
        match action {
            Action::Claim(index) => {
                let (version, body) = self.latest();
                let claim = Version { epoch: body.epoch + 1, ..body.clone() };
                self.parties[index] = Party::Open { epoch: claim.epoch, generation: claim.next };
                self.put(version + 1, claim);
            }
            Action::Check(index) => self.check(index),
            Action::Write(index) => {
                let Party::Checked { epoch, generation, version } = self.parties[index] else {
                    unreachable!("it has checked")
                };
                let folder = self.make_folder(generation);
                self.parties[index] = Party::Written { epoch, generation, version, folder };
            }
            Action::Fail(index) => {
                let Party::Checked { epoch, generation, .. } = self.parties[index] else {
                    unreachable!("it has checked")
                };
                self.failures_left -= 1;
                self.make_folder(generation);
                self.parties[index] = Party::Open { epoch, generation };
            }
            Action::Commit(index) => self.commit(model, index),
            Action::Lose(index) => {
                let Party::Written { epoch, generation, version, folder } = self.parties[index] else {
                    unreachable!("it has written")
                };
                self.losses_left -= 1;
                // On top of a version that is pruned now, nobody knows any more what it would say; and then
                // it lands below the latest.
                if let Some(body) = self.manifests.get(&version) {
                    self.late.push((version + 1, flushed(body, epoch, folder, generation), folder));
                    self.late.sort();
                }
                self.parties[index] = Party::Open { epoch, generation };
            }
            Action::Land(index) => {
                let (version, body, folder) = self.late.remove(index);
                if !self.manifests.contains_key(&version) {
                    self.put(version, body);
                } else if self.deleted.contains(&folder) {
                    model.reached.note(REFUSED_ZOMBIE);
                }
            }
            Action::Compact => {
                self.compactions_left -= 1;
                let (version, body) = self.latest();
                let mut body = body.clone();
                body.sstables.remove(0);
                self.put(version + 1, body);
            }
            Action::Prune => {
                self.prunings_left -= 1;
                let latest = self.latest().0;
                self.manifests.retain(|version, _| *version == latest);
            }
            Action::Look => {
                self.collections_left -= 1;
                let collection = look(&self.shard(), model.bounds.clock_free);
                self.collections.push(Arc::new(collection));
            }
            Action::Decide(index) => {
                let collection = Arc::unwrap_or_clone(self.collections.remove(index));
                let condemned = plan(collection, &self.shard());
                self.condemned.extend(condemned);
            }
            Action::Delete(folder) => {
                self.condemned.remove(&folder);
                self.folders.remove(&folder);
                self.deleted.insert(folder);
                model.reached.note(DELETED);
            }
        }
    }

    fn check(&mut self, index: usize) {
        let Party::Open { epoch, generation } = self.parties[index] else { unreachable!("it is open") };
        let (version, latest) = self.latest();
        self.parties[index] = if latest.epoch > epoch {
            Party::Fenced
        } else if latest.next > generation {
            // An earlier attempt has landed.
            self.flushes_left[index] -= 1;
            Party::Open { epoch, generation: generation + 1 }
        } else {
            Party::Checked { epoch, generation, version }
        };
    }

    fn commit(&mut self, model: &SsTableModel, index: usize) {
        let Party::Written { epoch, generation, version, folder } = self.parties[index] else {
            unreachable!("it has written")
        };
        let base = self.manifests.get(&version).cloned();
        let (latest_version, latest) = self.latest();
        if let (Some(base), false) = (base, self.manifests.contains_key(&(version + 1))) {
            self.flushes_left[index] -= 1;
            self.parties[index] = Party::Open { epoch, generation: generation + 1 };
            return self.put(version + 1, flushed(&base, epoch, folder, generation));
        }
        // The version exists: on top of the latest then, with no look at its generation. (Where it was pruned
        // meanwhile, real Lance creates it below the latest and takes that for a win. That needs no collector
        // of ours, and puts no folder into the latest manifest.)
        if latest.epoch > epoch {
            if self.deleted.contains(&folder) {
                model.reached.note(REFUSED_ZOMBIE);
            }
            self.parties[index] = Party::Fenced;
            return;
        }
        if latest.sstables.iter().any(|(_, of)| *of == generation) {
            model.reached.note(LANDED_LATE);
        }
        self.parties[index] = Party::Written { epoch, generation, version: latest_version, folder };
    }

    fn make_folder(&mut self, generation: u64) -> u8 {
        let folder = self.made;
        self.made += 1;
        self.folders.insert(folder, generation);
        folder
    }

    fn put(&mut self, version: u64, body: Version) {
        self.manifests.insert(version, body);
        let named: Vec<_> = self.latest().1.sstables.iter().map(|(folder, _)| *folder).collect();
        self.ever_named.extend(named);
    }

    fn shard(&self) -> Shard<'_> {
        Shard { manifests: &self.manifests, folders: &self.folders }
    }
}

/// What a flush commits on top of a version.
fn flushed(base: &Version, epoch: u64, folder: u8, generation: u64) -> Version {
    let mut sstables = base.sstables.clone();
    sstables.push((folder, generation));
    Version { epoch, next: generation + 1, sstables }
}
