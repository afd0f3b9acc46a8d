//! How much memory may be full of entries that were read ahead.

use fencepost_format::Position;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A budget in bytes for the entries of one reader, or of one replay: those that are being read, and those that
/// were read and are not handed out yet.
///
/// The core says how many entries may be read ahead; it does not know how large they are. A read waits here
/// until there is room for an entry as large as the last ones were. If it turns out larger than that, it waits
/// once more before its body is read. The read of the lowest position never waits, since nothing is handed out
/// before it: so there is always progress, however large an entry is, and at most one is held beyond the
/// budget.
#[derive(Clone, Debug)]
pub(crate) struct ReadBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bytes_max: u64,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    /// How large an entry probably is.
    expected: u64,
    /// The reads that are not answered yet, whether they wait here or not.
    open: BTreeSet<(Position, u64)>,
    reads: u64,
}

impl ReadBudget {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let (state, changed) = (Mutex::default(), Notify::new());
        Self(Arc::new(Shared { bytes_max, state, changed }))
    }

    /// Room for the entry at `at`, once there is some.
    pub(crate) async fn reserve(&self, at: Position) -> Room {
        let id = {
            let mut state = self.0.state();
            state.reads += 1;
            let id = (at, state.reads);
            state.open.insert(id);
            id
        };
        let room = Room { shared: self.0.clone(), id, bytes: AtomicU64::new(0) };
        room.grow_to(None).await;
        room
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one entry. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    shared: Arc<Shared>,
    id: (Position, u64),
    /// Changes only while the state is locked.
    bytes: AtomicU64,
}

impl Room {
    /// Makes it fit an entry of `size` bytes, before they are read.
    pub(crate) async fn fit(&self, size: u64) {
        {
            let mut state = self.shared.state();
            // Rises at once and falls slowly, so that one small entry among large ones changes little.
            state.expected = size.max(state.expected - state.expected / 8);
        }
        self.grow_to(Some(size)).await;
    }

    /// The entry is here, or will not come: the next one is the lowest now.
    pub(crate) fn answered(&self) {
        self.shared.state().open.remove(&self.id);
        self.shared.changed.notify_waiters();
    }

    /// Waits until there is room for `size` bytes; `None` for as many as are expected.
    async fn grow_to(&self, size: Option<u64>) {
        loop {
            let changed = self.shared.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if self.try_grow_to(size) {
                return;
            }
            changed.await;
        }
    }

    fn try_grow_to(&self, size: Option<u64>) -> bool {
        let mut state = self.shared.state();
        let (held, wanted) = (self.bytes.load(Ordering::Relaxed), size.unwrap_or(state.expected));
        let used = (state.used - held).saturating_add(wanted);
        let is_lowest = state.open.first() == Some(&self.id);
        if used > self.shared.bytes_max && wanted > held && !is_lowest {
            return false;
        }
        state.used = used;
        self.bytes.store(wanted, Ordering::Relaxed);
        drop(state);
        if wanted < held {
            self.shared.changed.notify_waiters();
        }
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            state.used -= self.bytes.load(Ordering::Relaxed);
            state.open.remove(&self.id);
        }
        self.shared.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn at(position: u64) -> Position {
        Position::new(position)
    }

    /// Room for an entry of a known size, if it need not wait.
    fn read(budget: &ReadBudget, position: u64, size: u64) -> Option<Room> {
        let room = budget.reserve(at(position)).now_or_never()?;
        room.fit(size).now_or_never()?;
        room.answered();
        Some(room)
    }

    #[test]
    fn entries_that_fit_do_not_wait_and_what_is_handed_out_makes_room() {
        let budget = ReadBudget::new(100);
        let (first, _second) = (read(&budget, 1, 50).unwrap(), read(&budget, 2, 50).unwrap());
        let mut third = std::pin::pin!(budget.reserve(at(3)));
        let mut fourth = std::pin::pin!(budget.reserve(at(4)));
        let third = third.as_mut().now_or_never().expect("the lowest that is out never waits");
        assert!(fourth.as_mut().now_or_never().is_none(), "as large as the others, it would not fit");
        drop(first);
        assert!(fourth.as_mut().now_or_never().is_none(), "the third has taken that place");
        drop(third);
        assert!(fourth.now_or_never().is_some());
    }

    /// However large an entry is: what is needed next is read.
    #[test]
    fn the_lowest_that_is_out_never_waits() {
        let budget = ReadBudget::new(100);
        let low = budget.reserve(at(1)).now_or_never().unwrap();
        let high = budget.reserve(at(2)).now_or_never().unwrap();
        assert!(high.fit(1_000).now_or_never().is_none());
        assert!(low.fit(5_000).now_or_never().is_some());
        assert!(high.fit(1_000).now_or_never().is_none());
        low.answered();
        assert!(high.fit(1_000).now_or_never().is_some(), "now it is the lowest");
    }

    /// Its size was not foreseen: its body is read when there is room.
    #[test]
    fn an_entry_larger_than_expected_waits_before_its_body_is_read() {
        let budget = ReadBudget::new(100);
        let low = budget.reserve(at(1)).now_or_never().unwrap();
        let high = budget.reserve(at(2)).now_or_never().unwrap();
        low.fit(60).now_or_never().unwrap();
        let mut fits = std::pin::pin!(high.fit(60));
        assert!(fits.as_mut().now_or_never().is_none());
        drop(low);
        assert!(fits.now_or_never().is_some());
    }

    /// A read that is given up gives back what it had, and is no longer the lowest.
    #[test]
    fn a_read_that_is_dropped_leaves_nothing_behind() {
        let budget = ReadBudget::new(100);
        let held = read(&budget, 1, 100).unwrap();
        let low = budget.reserve(at(2)).now_or_never().unwrap();
        let mut waits = Box::pin(budget.reserve(at(3)));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(waits);
        drop((low, held));
        let state = budget.0.state();
        assert_eq!((state.used, state.open.len()), (0, 0));
    }
}
