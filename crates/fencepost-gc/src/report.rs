//! The progress of a collection, and its report.

use crate::{Inventory, LeashOutcome, Object, OverLeash, Plan};
use fencepost_fence::FencedOff;
use fencepost_format::Position;
use std::collections::BTreeMap;

/// The progress of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// All folders are listed.
    Listed {
        /// How many entries there are.
        entries: u64,
    },
    /// Entries are being read.
    Reading {
        /// How many were read.
        read: u64,
        /// How many there are to read.
        of: u64,
    },
    /// The boundary is published.
    Published {
        /// The boundary's position.
        boundary: Position,
    },
    /// Objects are being deleted.
    Deleting {
        /// How many were tried so far.
        tried: u64,
        /// How many there are to delete.
        of: u64,
    },
}

/// The result of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Report {
    /// Whether the collection only planned: then all numbers say what would happen.
    pub plan_only: bool,
    /// The current boundary; [`Position::NONE`] if there is none.
    pub boundary: Position,
    /// No entry above this was deleted.
    pub bound: Position,
    /// The deleted objects.
    pub deleted: Deleted,
    /// How many of the entries to be deleted were stale entries: refused appends of dead writers.
    // P-56.
    pub stale_entries: u64,
    /// How many of the entries to be deleted stood below an earlier boundary: either they landed late, or an
    /// earlier collection was cut off. It cannot be known which.
    // P-56.
    pub swept: u64,
    /// Damage: where acknowledged entries were fenced off by a loss. Nothing from there upward was deleted.
    // P-101.
    pub fenced_off: Vec<FencedOff>,
    /// How many of the entries to be deleted may be fenced off in this way, and were accepted.
    pub accepted: u64,
    /// The cursors that are over their leash, and what became of each.
    // P-162, P-163.
    pub over_leash: Vec<(OverLeash, LeashOutcome)>,
    /// How many objects stay, by the [name](crate::Reason::name) of the reason.
    pub kept: BTreeMap<&'static str, u64>,
    /// The objects that were not deleted, or are not known to be deleted, and why. The next pass tries again.
    pub failed: Vec<(Object, String)>,
    /// Paths that are not understood.
    pub not_understood: Vec<String>,
}

impl Report {
    /// The report of a plan; nothing is deleted yet.
    pub(crate) fn of(plan: &Plan) -> Self {
        let not_understood = plan.verdicts.keys().filter_map(|object| match object {
            Object::Other(path) => Some(path.clone()),
            _ => None,
        });
        Self {
            boundary: plan.boundary,
            bound: plan.bound,
            stale_entries: plan.stale_entries,
            swept: plan.swept,
            fenced_off: plan.fenced_off.clone(),
            accepted: plan.accepted,
            over_leash: plan.over_leash.clone(),
            kept: plan.kept(),
            not_understood: not_understood.collect(),
            ..Self::default()
        }
    }

    /// Counts all that a plan deletes.
    pub(crate) fn count_all(&mut self, plan: &Plan, inventory: &Inventory) {
        for run in plan.deleted_runs() {
            self.deleted.entries += run.count();
            self.deleted.entry_bytes = self.deleted.entry_bytes.saturating_add(run.bytes);
        }
        let others = plan.verdicts.iter().filter(|(_, verdict)| verdict.is_delete());
        others.for_each(|(object, _)| self.count(object, inventory));
    }

    pub(crate) fn count(&mut self, object: &Object, inventory: &Inventory) {
        let (objects, bytes) = match object {
            Object::Entry(at) => (1, inventory.entries.get(*at).map_or(0, |entry| entry.bytes)),
            Object::SsTable(name) => {
                let folder = inventory.sstables.get(name).copied().flatten().unwrap_or_default();
                (folder.objects, folder.bytes)
            }
            _ => (1, 0),
        };
        self.deleted.count(object, objects, bytes);
    }
}

/// How many objects were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deleted {
    /// Entries.
    pub entries: u64,
    /// Bytes of these entries.
    pub entry_bytes: u64,
    /// Manifests.
    pub manifests: u64,
    /// Boundary documents.
    pub boundaries: u64,
    /// Lease documents.
    pub leases: u64,
    /// Openers' records.
    pub openings: u64,
    /// Receipts, of which most collections have two.
    pub receipts: u64,
    /// Documents of reclaims.
    pub reclaims: u64,
    /// Folders of flushes that failed, and of SSTables that were taken out of the manifest.
    pub sstables: u64,
    /// The objects in these folders.
    pub sstable_objects: u64,
    /// Their bytes.
    pub sstable_bytes: u64,
}

impl Deleted {
    /// The number of all objects, counting each object in a folder.
    #[must_use]
    pub const fn objects(&self) -> u64 {
        self.entries
            + self.manifests
            + self.boundaries
            + self.leases
            + self.openings
            + self.receipts
            + self.reclaims
            + self.sstable_objects
    }

    fn count(&mut self, object: &Object, objects: u64, bytes: u64) {
        match object {
            Object::Entry(_) => {
                self.entries += 1;
                self.entry_bytes = self.entry_bytes.saturating_add(bytes);
            }
            Object::Manifest(_) => self.manifests += 1,
            Object::Boundary(_) => self.boundaries += 1,
            Object::Lease(_) => self.leases += 1,
            Object::Opening(_) => self.openings += 1,
            Object::Receipt(_) => self.receipts += 1,
            Object::Reclaim(_) => self.reclaims += 1,
            Object::SsTable(_) => {
                self.sstables += 1;
                self.sstable_objects = self.sstable_objects.saturating_add(objects);
                self.sstable_bytes = self.sstable_bytes.saturating_add(bytes);
            }
            Object::Forgotten(_) | Object::Cursor(_) | Object::Other(_) => {
                unreachable!("a plan never deletes these")
            }
        }
    }
}
