//! Deleting what a plan says, batch after batch.
// P-55, P-9.

use crate::{CollectRequest, Inventory, Object, Plan, Report};
use std::collections::VecDeque;

/// The deletions that are not done yet. One batch is out at a time.
///
/// * Entries upward, in batches. A batch is carried out in any order; readers never look below the boundary.
/// * What failed flushes left, one folder after the other.
/// * Manifests upward, one by one, and no further after a failure: a version above a gap is what a reader
///   that starts from an old hint, as Lance's do, would not find.
/// * Boundaries and leases last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Deletion {
    open: VecDeque<Object>,
    out: Option<Vec<Object>>,
    done: Vec<Object>,
    batch: u32,
    total: u64,
    report: Report,
}

impl Deletion {
    pub(super) fn new(plan: &Plan) -> Self {
        let open: VecDeque<_> = plan.deletions().cloned().collect();
        let total = open.len() as u64;
        Self { open, out: None, done: Vec::new(), batch: 0, total, report: Report::of(plan) }
    }

    pub(super) fn poll(&mut self, batch_max: usize) -> Option<CollectRequest> {
        if self.out.is_some() {
            return None;
        }
        let first = self.open.front()?;
        let like_first = self.open.iter().take_while(|object| kind(object) == kind(first)).count();
        let count = if matches!(first, Object::Manifest(_) | Object::SsTable(_)) {
            1
        } else {
            like_first.min(batch_max)
        };
        let objects: Vec<_> = self.open.drain(..count).collect();
        self.out = Some(objects.clone());
        self.batch += 1;
        Some(CollectRequest::Delete { batch: self.batch, objects })
    }

    /// Takes an answer and tells how many were tried so far; `None` if nobody asked.
    pub(super) fn handle(&mut self, batch: u32, failed: Vec<(Object, String)>) -> Option<u64> {
        if batch != self.batch {
            return None;
        }
        let mut objects = self.out.take()?;
        if failed.iter().any(|(object, _)| matches!(object, Object::Manifest(_))) {
            self.open.retain(|object| !matches!(object, Object::Manifest(_)));
        }
        objects.retain(|object| !failed.iter().any(|(of, _)| of == object));
        self.done.extend(objects);
        self.report.failed.extend(failed);
        Some(self.total - self.open.len() as u64)
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The report, once everything was tried.
    pub(super) fn report(&mut self, inventory: &Inventory) -> Option<Report> {
        if !self.open.is_empty() || self.out.is_some() {
            return None;
        }
        let mut report = std::mem::take(&mut self.report);
        for object in &self.done {
            report.count(object, inventory);
        }
        Some(report)
    }
}

/// Objects of the same kind may stand in one batch.
const fn kind(object: &Object) -> u8 {
    match object {
        Object::Entry(_) => 0,
        Object::Manifest(_) => 1,
        Object::Boundary(_) | Object::Lease(_) => 2,
        Object::SsTable(_) => 4,
        Object::Forgotten(_) | Object::Cursor(_) | Object::Other(_) => 3,
    }
}
