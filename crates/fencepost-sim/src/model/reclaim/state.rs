//! The parties of the model, and their steps.

use super::collect::{look, plan};
use super::reclaims::{begin, stride};
use super::world::{Table, World, bit, sstable};
use super::{Bounds, REACHED_DELETION, REACHED_DRAIN, REACHED_FINISH, REACHED_SECOND_TRY, ReclaimModel};
use fencepost_format::{Epoch, Generation};
use fencepost_gc::{Collection, Reclaim};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A writer of Lance's, between two of its requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Writer {
    /// It has not claimed yet.
    Waiting,
    /// It holds this epoch, or did. The version that it last created, and the generation of its memtable.
    Open { epoch: Epoch, knows: u64, generation: u64 },
    /// It has written this folder, and is to commit it.
    Written { epoch: Epoch, knows: u64, generation: u64, folder: u8 },
    /// It is fenced.
    Fenced,
}

/// A compactor that has read SSTables: the rows and the marker that it will commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Compactor {
    rows: u8,
    marker: u64,
    /// How many restores were left when it read: one that comes between makes its commit fail.
    restores_left: u8,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The writer claims.
    Claim(usize),
    /// It writes a folder.
    Write(usize),
    /// It commits the folder.
    Commit(usize),
    /// It commits the folder and does not hear of it: it will commit it once more.
    CommitUnheard(usize),
    /// A compactor reads what the manifest names and the table does not have.
    Read,
    /// A compactor commits rows and marker, or fails.
    Merge(usize),
    /// A compactor appends rows without a marker, and takes the oldest SSTable out of the manifest.
    DrainUnmarked,
    /// All versions of the table but the latest are deleted.
    CleanUp,
    /// A version of the table is restored.
    Restore(u64),
    /// A version without fragments is published, with a marker.
    Blank,
    /// A reclaim begins.
    Begin,
    /// It makes its next request, and is answered.
    Reclaim(usize),
    /// It stops for ever.
    Crash(usize),
    /// A collection begins: it reads the latest manifest.
    Look,
    /// It does the rest of its reading, and decides.
    Decide(usize),
    /// A deletion is carried out.
    Delete(u8),
}

/// The store and its parties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) world: World,
    writers: Vec<Writer>,
    flushes_left: Vec<u8>,
    compactors: Vec<Compactor>,
    reclaims: Vec<Arc<Reclaim>>,
    collections: Vec<Arc<Collection>>,
    condemned: BTreeSet<u8>,
    unheard_left: u8,
    compactions_left: u8,
    unmarked_left: u8,
    cleanups_left: u8,
    restores_left: u8,
    blanks_left: u8,
    reclaims_left: u8,
    crashes_left: u8,
    collections_left: u8,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            world: World::new(),
            writers: vec![Writer::Waiting; bounds.flushes.len()],
            flushes_left: bounds.flushes.to_vec(),
            compactors: Vec::new(),
            reclaims: Vec::new(),
            collections: Vec::new(),
            condemned: BTreeSet::new(),
            unheard_left: bounds.unheard,
            compactions_left: bounds.compactions,
            unmarked_left: bounds.unmarked,
            cleanups_left: bounds.cleanups,
            restores_left: bounds.restores,
            blanks_left: bounds.blanks,
            reclaims_left: bounds.reclaims,
            crashes_left: bounds.crashes,
            collections_left: bounds.collections,
        }
    }

    /// P-86: the reader of the epoch's holder goes by what the holder last created.
    pub(super) fn holder_finds_all(&self) -> bool {
        let holds = self.world.latest().writer_epoch;
        self.writers.iter().all(|writer| match writer {
            Writer::Open { epoch, knows, .. } | Writer::Written { epoch, knows, .. } if *epoch == holds => {
                self.world.all_there(&self.world.manifests[knows])
            }
            _ => true,
        })
    }

    /// The generations that the latest manifest names and the table lacks.
    fn to_compact(&self) -> Option<Compactor> {
        let above = self.world.latest_table().compacted;
        let named: Vec<_> =
            World::named(self.world.latest()).filter(|(_, generation)| *generation > above).collect();
        let marker = named.iter().map(|(_, generation)| *generation).max()?;
        // A folder that is missing is an error: then nothing is committed.
        let all_there = named.iter().all(|(folder, _)| !self.world.deleted.contains(folder));
        let rows = named.iter().fold(0, |rows, (_, generation)| rows | bit(*generation));
        all_there.then_some(Compactor { rows, marker, restores_left: self.restores_left })
    }

    pub(super) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        for (index, writer) in self.writers.iter().enumerate() {
            match writer {
                // In their order: all others are the same with names exchanged.
                Writer::Waiting if index == 0 || self.writers[index - 1] != Writer::Waiting => {
                    actions.push(Action::Claim(index));
                }
                Writer::Open { .. } if self.flushes_left[index] > 0 => actions.push(Action::Write(index)),
                Writer::Written { epoch, .. } => {
                    actions.push(Action::Commit(index));
                    if self.unheard_left > 0 && *epoch == self.world.latest().writer_epoch {
                        actions.push(Action::CommitUnheard(index));
                    }
                }
                Writer::Waiting | Writer::Open { .. } | Writer::Fenced => {}
            }
        }
        if self.compactions_left > 0 && self.to_compact().is_some() {
            actions.push(Action::Read);
        }
        actions.extend((0..self.compactors.len()).map(Action::Merge));
        if self.unmarked_left > 0 && !self.world.latest().sstables.is_empty() {
            actions.push(Action::DrainUnmarked);
        }
        if self.cleanups_left > 0 && self.world.table.len() > 1 {
            actions.push(Action::CleanUp);
        }
        if self.restores_left > 0 {
            let older = self.world.table.keys().rev().skip(1);
            actions.extend(older.map(|version| Action::Restore(*version)));
        }
        // After a reclaim nothing could save what such a version loses.
        if self.blanks_left > 0
            && self.reclaims_left == bounds.reclaims
            && self.world.latest().current_generation > Generation(1)
        {
            actions.push(Action::Blank);
        }
        if self.reclaims_left > 0 && !self.world.latest().sstables.is_empty() {
            actions.push(Action::Begin);
        }
        for index in 0..self.reclaims.len() {
            actions.push(Action::Reclaim(index));
            if self.crashes_left > 0 {
                actions.push(Action::Crash(index));
            }
        }
        if self.collections_left > 0 && !self.world.folders.is_empty() {
            actions.push(Action::Look);
        }
        actions.extend((0..self.collections.len()).map(Action::Decide));
        actions.extend(self.condemned.iter().map(|folder| Action::Delete(*folder)));
    }

    pub(super) fn act(&mut self, model: &ReclaimModel, action: Action) {
        match action {
            Action::Claim(index) => {
                let knows = self.world.commit(|next| next.writer_epoch = next.writer_epoch.next());
                let latest = self.world.latest();
                let (epoch, generation) = (latest.writer_epoch, latest.current_generation.0);
                self.writers[index] = Writer::Open { epoch, knows, generation };
            }
            Action::Write(index) => {
                let Writer::Open { epoch, knows, generation } = self.writers[index] else {
                    unreachable!("only who is open writes")
                };
                let folder = self.world.made;
                self.world.made += 1;
                self.world.folders.insert(folder, generation);
                self.writers[index] = Writer::Written { epoch, knows, generation, folder };
            }
            Action::Commit(index) => self.commit(index, true),
            Action::CommitUnheard(index) => {
                self.unheard_left -= 1;
                self.commit(index, false);
            }
            Action::Read => {
                self.compactions_left -= 1;
                let read = self.to_compact().expect("there is something to compact");
                self.compactors.push(read);
                self.compactors.sort_unstable();
            }
            Action::Merge(index) => {
                let Compactor { rows, marker, restores_left } = self.compactors.remove(index);
                let latest = self.world.latest_table();
                // Strictly greater, or the whole commit fails.
                if marker > latest.compacted && restores_left == self.restores_left {
                    self.world.publish(Table {
                        compacted: marker,
                        rows: latest.rows | rows,
                        has_fragments: true,
                    });
                }
            }
            Action::DrainUnmarked => {
                self.unmarked_left -= 1;
                let latest = self.world.latest_table();
                let (_, oldest) =
                    World::named(self.world.latest()).next().expect("the manifest names an SSTable");
                self.world.publish(Table { rows: latest.rows | bit(oldest), ..latest });
                self.world.commit(|next| drop(next.sstables.remove(0)));
            }
            Action::CleanUp => {
                self.cleanups_left -= 1;
                let latest = *self.world.table.keys().last().expect("there is one");
                self.world.table.retain(|version, _| *version == latest);
            }
            Action::Restore(version) => {
                self.restores_left -= 1;
                let restored = self.world.table[&version];
                self.world.publish(restored);
            }
            Action::Blank => {
                self.blanks_left -= 1;
                let compacted = self.world.latest().current_generation.0 - 1;
                self.world.publish(Table { compacted, rows: 0, has_fragments: false });
            }
            Action::Begin => {
                self.reclaims.push(Arc::new(begin(self.reclaims_left)));
                self.reclaims_left -= 1;
            }
            Action::Reclaim(index) => {
                let did = stride(Arc::make_mut(&mut self.reclaims[index]), &mut self.world);
                for (happened, mark) in [
                    (did.drained, REACHED_DRAIN),
                    (did.lost, REACHED_SECOND_TRY),
                    (did.finished_another, REACHED_FINISH),
                ] {
                    if happened {
                        model.reached.note(mark);
                    }
                }
                if self.reclaims[index].is_ended() {
                    self.reclaims.remove(index);
                }
            }
            Action::Crash(index) => {
                self.crashes_left -= 1;
                self.reclaims.remove(index);
            }
            Action::Look => {
                self.collections_left -= 1;
                self.collections.push(Arc::new(look(&self.world, model.bounds.drained)));
            }
            Action::Decide(index) => {
                let collection = Arc::unwrap_or_clone(self.collections.remove(index));
                let condemned = plan(collection, &self.world);
                self.condemned.extend(condemned.difference(&self.world.deleted));
            }
            Action::Delete(folder) => {
                model.reached.note(REACHED_DELETION);
                self.condemned.remove(&folder);
                self.world.folders.remove(&folder);
                self.world.deleted.insert(folder);
            }
        }
    }

    fn commit(&mut self, index: usize, heard: bool) {
        let Writer::Written { epoch, generation, folder, .. } = self.writers[index] else {
            unreachable!("only what was written is committed")
        };
        if self.world.latest().writer_epoch > epoch {
            self.writers[index] = Writer::Fenced;
            return;
        }
        let next_generation = self.world.latest().current_generation.0.max(generation + 1);
        // Whoever creates a version has read the one below it.
        let base = self.world.latest().version.get();
        let version = self.world.commit(|next| {
            next.sstables.push(sstable(folder, generation));
            next.current_generation = Generation(next_generation);
        });
        if heard {
            self.flushes_left[index] -= 1;
            self.writers[index] = Writer::Open { epoch, knows: version, generation: next_generation };
        } else {
            self.writers[index] = Writer::Written { epoch, knows: base, generation, folder };
        }
    }
}
