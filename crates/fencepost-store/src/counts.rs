//! Requests, counted the way stores bill them.

use std::ops::{Add, AddAssign, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many requests were made, by the classes that stores bill.
///
/// Every attempt counts, retries by this crate included and failed ones too (most stores bill those as well);
/// retries made by a client beneath, where there are any, cannot be seen. Counted when an attempt is sent:
///
/// * `put`, `get`, `head`: one per attempt. A ranged read is a `get`.
/// * `list`: one per page. Clients do not show pages, so they are reckoned from the number of items: 1,000 to
///   a page on S3 and GCS and where the kind of store is not known, 5,000 on Azure, and one page for all in
///   memory and on local disks. An empty listing is one. Right whenever the store fills its pages, as they
///   do.
/// * `delete`: S3 takes 1,000 names in one request, which counts one. Azure batches as well but bills each
///   name, and all others get a request per name, so there each name counts one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RequestCounts {
    /// Creates and overwrites.
    pub put: u64,
    /// Reads of an object or a part of it.
    pub get: u64,
    /// Requests for metadata only.
    pub head: u64,
    /// Pages of listings.
    pub list: u64,
    /// Deletions; see the type's description for what is one.
    pub delete: u64,
}

impl RequestCounts {
    /// The sum of all classes.
    pub fn total(&self) -> u64 {
        self.put + self.get + self.head + self.list + self.delete
    }

    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            put: f(self.put, other.put),
            get: f(self.get, other.get),
            head: f(self.head, other.head),
            list: f(self.list, other.list),
            delete: f(self.delete, other.delete),
        }
    }
}

impl Add for RequestCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }
}

impl AddAssign for RequestCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for RequestCounts {
    type Output = Self;

    /// What was counted since an `earlier` snapshot. Stops at zero, so that snapshots in the wrong order are
    /// harmless.
    fn sub(self, earlier: Self) -> Self {
        self.zip(earlier, u64::saturating_sub)
    }
}

/// The classes, as arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    Put,
    Get,
    Head,
    List,
    Delete,
}

/// Counts for itself and for all it was derived from.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    cells: [AtomicU64; 5],
    parent: Option<Arc<Self>>,
}

impl Counter {
    pub(crate) fn child_of(parent: &Arc<Self>) -> Self {
        Self { cells: Default::default(), parent: Some(Arc::clone(parent)) }
    }

    pub(crate) fn add(&self, class: Class, requests: u64) {
        let mut counter = Some(self);
        while let Some(at) = counter {
            at.cells[class as usize].fetch_add(requests, Ordering::Relaxed);
            counter = at.parent.as_deref();
        }
    }

    pub(crate) fn snapshot(&self) -> RequestCounts {
        let [put, get, head, list, delete] = &self.cells;
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        RequestCounts {
            put: read(put),
            get: read(get),
            head: read(head),
            list: read(list),
            delete: read(delete),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_counts_for_its_parents_too() {
        let root = Arc::new(Counter::default());
        let child = Arc::new(Counter::child_of(&root));
        let grandchild = Counter::child_of(&child);
        root.add(Class::Put, 1);
        child.add(Class::Get, 2);
        grandchild.add(Class::Delete, 3);
        assert_eq!(grandchild.snapshot(), RequestCounts { delete: 3, ..Default::default() });
        assert_eq!(child.snapshot(), RequestCounts { get: 2, delete: 3, ..Default::default() });
        assert_eq!(root.snapshot(), RequestCounts { put: 1, get: 2, delete: 3, ..Default::default() });
    }

    #[test]
    fn snapshots_add_and_subtract() {
        let early = RequestCounts { put: 2, list: 1, ..Default::default() };
        let late = RequestCounts { put: 5, list: 1, head: 4, ..Default::default() };
        assert_eq!(late - early, RequestCounts { put: 3, head: 4, ..Default::default() });
        assert_eq!((late - early) + early, late);
        assert_eq!(early - late, RequestCounts::default());
        assert_eq!(late.total(), 10);
    }
}
