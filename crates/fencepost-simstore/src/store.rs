//! [`SimStore`]: the store as a whole, for whoever runs the simulation.

use crate::client::SimClient;
use crate::clock::StoreClock;
use crate::counts::Counts;
use crate::faults::{Fault, Faults};
use crate::held::{Held, Rule};
use crate::lies::Lies;
use crate::matching::Match;
use crate::shared::Shared;
use crate::state::State;
use crate::trace::Trace;
use bytes::Bytes;
use object_store::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How a [`SimStore`] is made.
#[derive(Clone, Debug)]
#[must_use]
pub struct SimOptions {
    faults: Faults,
    lies: Lies,
    clock: StoreClock,
    page: usize,
    bulk: usize,
    trace: bool,
}

impl Default for SimOptions {
    fn default() -> Self {
        let (faults, lies, clock) = (Faults::none(), Lies::none(), StoreClock::new());
        Self { faults, lies, clock, page: 1_000, bulk: 1_000, trace: true }
    }
}

impl SimOptions {
    /// A store without latency and faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How requests fare, of clients that have no [faults of their own](SimClient::set_faults).
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Which promises the store breaks. Default: none.
    pub const fn with_lies(mut self, lies: Lies) -> Self {
        self.lies = lies;
        self
    }

    /// The store's clock. Default: right, from 1 January 2026.
    pub const fn with_clock(mut self, clock: StoreClock) -> Self {
        self.clock = clock;
        self
    }

    /// How many names a page of a listing has. Default: 1,000, as on S3; at least 1.
    pub const fn with_page(mut self, names: usize) -> Self {
        self.page = if names == 0 { 1 } else { names };
        self
    }

    /// How many names one request deletes. Default: 1,000, as on S3; at least 1.
    pub const fn with_bulk(mut self, names: usize) -> Self {
        self.bulk = if names == 0 { 1 } else { names };
        self
    }

    /// Whether to keep the trace's events. Default: yes. Its hash is kept anyway.
    pub const fn with_trace(mut self, keep: bool) -> Self {
        self.trace = keep;
        self
    }
}

/// An object store in memory that obeys, and misbehaves on command. See the [front page](crate).
///
/// Cloning shares everything. Requests are made through its [clients](Self::client).
#[derive(Clone, Debug)]
pub struct SimStore {
    pub(crate) shared: Arc<Shared>,
}

impl SimStore {
    /// An empty store. The seed decides everything that is left to chance.
    #[must_use]
    pub fn new(seed: u64, options: SimOptions) -> Self {
        let SimOptions { faults, lies, clock, page, bulk, trace } = options;
        let state = State::new(seed, page, bulk, clock, lies, faults, trace);
        Self { shared: Arc::new(Shared::new(state)) }
    }

    /// The client of that name: an `ObjectStore`. Clients share the objects and have luck, faults and
    /// connections of their own.
    #[must_use]
    pub fn client(&self, name: &str) -> SimClient {
        SimClient::new(Arc::clone(&self.shared), name.into())
    }

    /// Virtual time since the store was first used.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.shared.lock().1
    }

    /// Stops all faults and rules, heals all partitions, thaws all clients and releases all held requests:
    /// what is right must work from now on. Latencies stay, killed clients stay dead, and what was late or
    /// will come twice still comes.
    pub fn quiet(&self) {
        let (mut state, now) = self.shared.lock();
        state.quiet = true;
        let names: Vec<_> = state.clients.keys().cloned().collect();
        for name in names {
            state.client(&name).cut = false;
            state.thaw(now, &name);
        }
        let held: Vec<_> =
            state.holds.values_mut().flat_map(|hold| std::mem::take(&mut hold.waiting)).collect();
        state.holds.clear();
        for sent in held {
            state.release(now, sent);
        }
        let author = "store".into();
        state.note(now, &author, "quiet");
        drop(state);
        self.shared.changed.notify_waiters();
    }

    /// Lets faults and rules happen again after [`quiet`](Self::quiet).
    pub fn unquiet(&self) {
        self.shared.lock().0.quiet = false;
    }

    /// Crashes the store: everything on its way is lost. A store with [forgetful
    /// crashes](Lies::with_forgetful_crashes) also loses what it had acknowledged lately.
    pub fn crash(&self) {
        let (mut state, now) = self.shared.lock();
        state.crash(now);
        state.note(now, &"store".into(), "crash");
        drop(state);
        self.shared.changed.notify_waiters();
    }

    /// Lands everything that is on its way now, in the order in which it would have come, and returns how
    /// many that were.
    pub fn land_pending(&self) -> usize {
        let (mut state, now) = self.shared.lock();
        let landed = state.drain_all(now);
        drop(state);
        self.shared.changed.notify_waiters();
        landed
    }

    /// How many requests are on their way: late, duplicates, or simply slow.
    #[must_use]
    pub fn pending(&self) -> usize {
        let (mut state, now) = self.shared.lock();
        state.drain(now);
        state.pending()
    }

    /// Lets `fault` happen to the requests that match, before chance is asked. Earlier rules go first.
    pub fn on(&self, matches: Match, fault: Fault) -> Rule {
        Rule::new(Arc::clone(&self.shared), matches, fault)
    }

    /// Holds back the requests that match, after they left their client: they land when they are released,
    /// whoever waits.
    pub fn hold(&self, matches: Match) -> Held {
        Held::new(Arc::clone(&self.shared), matches)
    }

    /// Writes a note into the trace.
    pub fn note(&self, author: &str, text: impl Into<String>) {
        let (mut state, now) = self.shared.lock();
        state.note(now, &author.into(), text);
    }

    /// What happened how often.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.lock().0.counts.clone()
    }

    /// What happened, in order.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let (mut state, now) = self.shared.lock();
        state.drain(now);
        state.trace.clone()
    }

    /// The objects as they are now, past all faults and without a request.
    #[must_use]
    pub fn objects(&self) -> Vec<(Path, Bytes)> {
        let (mut state, now) = self.shared.lock();
        state.drain(now);
        state.objects.map().iter().map(|(path, object)| (path.clone(), object.bytes.clone())).collect()
    }
}
