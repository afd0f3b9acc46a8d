//! Models: every state that a few parties can reach, over the production machines.

pub mod cursors;
pub mod first_shard;
mod folders;
pub mod lance;
pub mod lease;
pub mod log;
pub mod manifest;
pub mod reclaim;
pub mod restore;
pub mod sstables;
pub mod suite;

use serde::Serialize;
use stateright::{Checker, Expectation, HasDiscoveries, Model, Path, Property};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What a search found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The model and its bounds.
    pub name: String,
    /// How many different states were met.
    pub states: usize,
    /// How many steps the longest path had.
    pub depth: usize,
    /// Seconds that it took.
    pub seconds: f64,
    /// Every promise that did not hold, with the steps that led there.
    pub broken: Vec<Counterexample>,
    /// The dangerous states that were to be met.
    pub reached: Vec<String>,
    /// Those that were not. A search that misses one proves nothing.
    pub missed: Vec<String>,
}

/// A promise that did not hold, and how that came about.
#[derive(Clone, Debug, Serialize)]
pub struct Counterexample {
    /// The promise.
    pub promise: String,
    /// The steps.
    pub trace: Vec<String>,
}

impl Finding {
    /// Whether all promises held and all that was to be met was met.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty() && self.missed.is_empty()
    }
}

/// Searches all states of a model, depth first, and stops at the first broken promise.
///
/// With `states_max`, the search is cut off after about as many steps.
pub fn search<M>(name: &str, model: M, states_max: Option<usize>) -> Finding
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let began = Instant::now();
    let mut builder = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    if let Some(states_max) = states_max {
        builder = builder.target_state_count(states_max);
    }
    let checker = builder.spawn_dfs();
    tell_progress(name, began, &checker);
    let checker = checker.join();
    let mut discoveries = checker.discoveries();
    let properties: Vec<Property<M>> = checker.model().properties();
    let (mut broken, mut reached, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for property in properties {
        let found = discoveries.remove(property.name);
        match (property.expectation, found) {
            (Expectation::Always, Some(path)) => {
                let steps = path.into_actions();
                let trace = steps.iter().map(|step| format!("{step:?}")).collect();
                broken.push(Counterexample { promise: property.name.to_owned(), trace });
            }
            (Expectation::Always, None) | (Expectation::Eventually, _) => {}
            (Expectation::Sometimes, Some(_)) => reached.push(property.name.to_owned()),
            (Expectation::Sometimes, None) => missed.push(property.name.to_owned()),
        }
    }
    Finding {
        name: name.to_owned(),
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        seconds: seconds(began.elapsed()),
        broken,
        reached,
        missed,
    }
}

/// Says on stderr, once a minute until the search has ended, how many states were met.
fn tell_progress<M: Model>(name: &str, began: Instant, checker: &impl Checker<M>) {
    const EACH: Duration = Duration::from_secs(60);
    let (mut nap, mut told) = (Duration::from_millis(1), Duration::ZERO);
    while !checker.is_done() {
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(500));
        if began.elapsed() >= told + EACH {
            told += EACH;
            let states = checker.unique_state_count();
            eprintln!("{name}: {states} states, {} deep, after {} s", checker.max_depth(), told.as_secs());
        }
    }
}

/// Searches breadth first for a promise that is expected not to hold; a search that finds it kept fails. The
/// steps that lead there are the fewest. `what` says what it means that it does not hold.
pub(crate) fn search_for<M>(name: &str, model: M, promise: &'static str, what: &str) -> Finding
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let began = Instant::now();
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let trace = checker.discovery(promise).map(Path::into_actions).unwrap_or_default();
    let trace: Vec<_> = trace.iter().map(|step| format!("{step:?}")).collect();
    let (reached, missed) = if trace.is_empty() {
        (Vec::new(), vec![what.to_owned()])
    } else {
        (vec![format!("{what} after {} steps: {}", trace.len(), trace.join(", "))], Vec::new())
    };
    Finding {
        name: name.to_owned(),
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        seconds: seconds(began.elapsed()),
        broken: Vec::new(),
        reached,
        missed,
    }
}

/// What a search has met so far, by all its threads: up to 32 things, by their numbers.
///
/// Beside the states and not in them: what once happened would otherwise tell states apart that are the same.
#[derive(Debug, Default)]
pub(crate) struct Marks(AtomicU32);

impl Marks {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn note(&self, number: u32) {
        if !self.has(number) {
            self.0.fetch_or(1 << number, Ordering::Relaxed);
        }
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.0.load(Ordering::Relaxed) & (1 << number) != 0
    }
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000.0).round() / 1_000.0
}
