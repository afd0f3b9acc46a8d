//! The one loop that drives a machine of the core: it performs what is asked for, several requests at a time,
//! and hands on what is told.
//!
//! Openings, readers, cursors, collections, lease watches and searches differ in what they do with an event,
//! and in nothing else. (A writer's task listens to its callers at the same time, and has a loop of its own.)

use crate::shard::{Performed, Room};
use crate::{Cause, Environment};
use fencepost_fence::{Machine, Output, Tick};
use fencepost_format::{Position, SoundEntry};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A machine, the requests that are out for it, and what the core does not look at.
pub(crate) struct Driver<M: Machine> {
    pub(crate) machine: M,
    environment: Environment,
    /// Never locked: whoever has the driver has it alone. It makes a `Sync` driver of futures that need not
    /// be `Sync`.
    running: Mutex<Running<M::Reply>>,
    /// What was read and is not handed out yet, with the room that it takes.
    entries: BTreeMap<Position, (SoundEntry, Option<Room>)>,
    /// Nobody asks for entries below any more.
    entries_from: Position,
    cause: Option<Cause>,
}

/// What is out: requests of the machine, and what goes beside it and has no answer.
type Running<R> = FuturesUnordered<BoxFuture<'static, Option<Performed<R>>>>;

impl<M: Machine> Driver<M> {
    pub(crate) fn new(machine: M, environment: &Environment) -> Self {
        let (running, entries) = (Mutex::default(), BTreeMap::new());
        let entries_from = Position::NONE;
        Self { machine, environment: environment.clone(), running, entries, entries_from, cause: None }
    }

    /// The next event; `None` if the machine ended, or rests until it is asked for more.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: what is out stays out, and the next call takes the answers.
    pub(crate) async fn next<F>(&mut self, perform: impl Fn(M::Request) -> F) -> Option<M::Event>
    where
        F: Future<Output = Performed<M::Reply>> + Send + 'static,
    {
        loop {
            let due = match self.machine.poll_output() {
                Output::Event(event) => return Some(event),
                Output::Request(request) => {
                    let performing = perform(request);
                    self.running().push(Box::pin(async move { Some(performing.await) }));
                    continue;
                }
                Output::Wait(due) => due,
            };
            let now = self.environment.now();
            let running = self.running();
            tokio::select! {
                biased;
                Some(done) = running.next(), if !running.is_empty() => {
                    if let Some(performed) = done {
                        self.take(performed);
                    }
                }
                () = until(due.unwrap_or(now), now), if due.is_some() => {
                    self.machine.handle_timeout(self.environment.now());
                }
                else => return None,
            }
        }
    }

    /// The next event of a machine that ends with one.
    pub(crate) async fn outcome<F>(&mut self, perform: impl Fn(M::Request) -> F) -> M::Event
    where
        F: Future<Output = Performed<M::Reply>> + Send + 'static,
    {
        self.next(perform).await.expect("a machine that has not ended waits for an answer")
    }

    /// Does this too, while the machine goes on. It ends with the driver, done or not.
    pub(crate) fn beside(&mut self, doing: impl Future<Output = ()> + Send + 'static) {
        self.running().push(Box::pin(async move {
            doing.await;
            None
        }));
    }

    fn running(&mut self) -> &mut Running<M::Reply> {
        self.running.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&mut self, performed: Performed<M::Reply>) {
        let Performed { reply, entry, room, cause } = performed;
        let wanted = entry.filter(|entry| entry.header().position >= self.entries_from);
        self.entries.extend(wanted.map(|entry| (entry.header().position, (entry, room))));
        self.cause = cause.or_else(|| self.cause.take());
        self.machine.handle(self.environment.now(), reply);
    }

    /// Drops what is out, before the machine is asked for something else.
    ///
    /// SUBTLE: an answer says what was so when it was given. One to a question of before may look like one to
    /// a question that was put since, such as what the boundary is now that a cursor stands.
    pub(crate) fn drop_requests(&mut self) {
        self.running().clear();
        self.cause = None;
    }

    /// The entry at `at`, which the machine has just told of. Those below it are dropped.
    pub(crate) fn take_entry(&mut self, at: Position) -> Option<SoundEntry> {
        let entry = self.entries.remove(&at);
        self.want_entries_from(at);
        entry.map(|(entry, _)| entry)
    }

    /// Drops the entries below `at`, those too that are still to come.
    pub(crate) fn want_entries_from(&mut self, at: Position) {
        self.entries_from = at;
        self.entries = self.entries.split_off(&at);
    }

    /// Drops everything that was read ahead.
    pub(crate) fn drop_entries(&mut self) {
        self.entries.clear();
    }

    /// The last thing that went wrong.
    pub(crate) fn take_cause(&mut self) -> Option<Cause> {
        self.cause.take()
    }
}

impl<M: Machine + fmt::Debug> fmt::Debug for Driver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// A machine that tells nothing on the way: its only event is its outcome.
pub(crate) trait Search {
    type Request;
    type Reply;
    type Outcome;

    fn poll_request(&mut self) -> Option<Self::Request>;
    fn handle(&mut self, now: Tick, reply: Self::Reply) -> Option<Self::Outcome>;
}

/// A [`Search`] as a [`Machine`].
#[derive(Debug)]
pub(crate) struct Searching<S: Search> {
    pub(crate) search: S,
    outcome: Option<S::Outcome>,
}

impl<S: Search> Searching<S> {
    pub(crate) const fn new(search: S) -> Self {
        Self { search, outcome: None }
    }
}

impl<S: Search> Machine for Searching<S> {
    type Request = S::Request;
    type Reply = S::Reply;
    type Event = S::Outcome;

    fn poll_event(&mut self) -> Option<S::Outcome> {
        self.outcome.take()
    }

    fn poll_request(&mut self) -> Option<S::Request> {
        self.search.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: S::Reply) {
        self.outcome = self.search.handle(now, reply);
    }
}

/// Sleeps until `due`.
pub(crate) async fn until(due: Tick, now: Tick) {
    tokio::time::sleep(Duration::from_millis(due.since(now))).await;
}

#[cfg(test)]
mod tests;
