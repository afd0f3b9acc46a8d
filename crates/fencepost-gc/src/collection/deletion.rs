//! Deleting what a plan says, batch after batch.
// P-55, P-9.

use crate::{CollectRequest, Inventory, Object, Plan, Report};
use fencepost_format::Position;
use std::collections::{BTreeMap, VecDeque};

/// The deletions that are not done yet.
///
/// * Entries upward, in batches, several at the same time. They are carried out in any order; readers never look
///   below the boundary.
/// * Then what failed flushes left, one folder after the other.
/// * Manifests upward, one by one, and no further after a failure: a version above a gap is what a reader
///   that starts from an old hint, as Lance's do, would not find.
/// * Boundaries, leases, openers' records and receipts last: a pass that is cut off may need the records again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Deletion {
    /// The entries, as runs with both ends.
    entries: VecDeque<(Position, Position)>,
    others: VecDeque<Object>,
    out: BTreeMap<u32, Vec<Object>>,
    batch: u32,
    tried: u64,
    total: u64,
    report: Report,
}

impl Deletion {
    pub(super) fn new(plan: &Plan) -> Self {
        let others = plan.verdicts.iter().filter(|(_, verdict)| verdict.is_delete());
        Self {
            entries: plan.deleted_runs().map(|run| (run.first, run.last)).collect(),
            others: others.map(|(object, _)| object.clone()).collect(),
            out: BTreeMap::new(),
            batch: 0,
            tried: 0,
            total: plan.deletions_count(),
            report: Report::of(plan),
        }
    }

    pub(super) fn poll(&mut self, batch_max: usize, in_flight_max: usize) -> Option<CollectRequest> {
        let objects = if self.entries.is_empty() {
            if !self.out.is_empty() {
                return None;
            }
            self.next_others(batch_max)?
        } else if self.out.len() < in_flight_max {
            self.next_entries(batch_max)
        } else {
            return None;
        };
        self.batch += 1;
        self.out.insert(self.batch, objects.clone());
        Some(CollectRequest::Delete { batch: self.batch, objects })
    }

    fn next_entries(&mut self, batch_max: usize) -> Vec<Object> {
        let mut objects = Vec::new();
        while objects.len() < batch_max
            && let Some((first, last)) = self.entries.front_mut()
        {
            objects.push(Object::Entry(*first));
            if first == last {
                self.entries.pop_front();
            } else {
                *first = first.next();
            }
        }
        objects
    }

    fn next_others(&mut self, batch_max: usize) -> Option<Vec<Object>> {
        let first = self.others.front()?;
        let alone = matches!(first, Object::Manifest(_) | Object::SsTable(_));
        let like_first = self.others.iter().take_while(|object| kind(object) == kind(first)).count();
        let count = if alone { 1 } else { like_first.min(batch_max) };
        Some(self.others.drain(..count).collect())
    }

    /// Takes an answer and tells how many were tried so far; `None` if nobody asked.
    pub(super) fn handle(
        &mut self,
        batch: u32,
        failed: Vec<(Object, String)>,
        inventory: &Inventory,
    ) -> Option<u64> {
        let objects = self.out.remove(&batch)?;
        self.tried += objects.len() as u64;
        if failed.iter().any(|(object, _)| matches!(object, Object::Manifest(_))) {
            let before = self.others.len();
            self.others.retain(|object| !matches!(object, Object::Manifest(_)));
            self.tried += (before - self.others.len()) as u64;
        }
        let is_done = |object: &&Object| !failed.iter().any(|(of, _)| of == *object);
        for object in objects.iter().filter(is_done) {
            self.report.count(object, inventory);
        }
        self.report.failed.extend(failed);
        Some(self.tried)
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The report, once everything was tried.
    pub(super) fn report(&mut self) -> Option<Report> {
        let is_done = self.entries.is_empty() && self.others.is_empty() && self.out.is_empty();
        is_done.then(|| std::mem::take(&mut self.report))
    }
}

/// Objects of the same kind may stand in one batch.
const fn kind(object: &Object) -> u8 {
    match object {
        Object::Entry(_) => 0,
        Object::Manifest(_) => 1,
        Object::Boundary(_)
        | Object::Lease(_)
        | Object::Opening(_)
        | Object::Receipt(_)
        | Object::Reclaim(_) => 2,
        Object::SsTable(_) => 4,
        Object::Forgotten(_) | Object::Cursor(_) | Object::Other(_) => 3,
    }
}
