//! [`SimClient`]: one party's connection to the store.

mod object_store_impl;
mod upload;

use crate::faults::Faults;
use crate::request::{Reply, Request};
use crate::shared::Shared;
use crate::state::{State, Wait};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// One party's connection to a [`SimStore`](crate::SimStore): an `ObjectStore`, with switches for what
/// happens to that party.
///
/// Cloning gives another handle of the same client.
#[derive(Clone, Debug)]
pub struct SimClient {
    shared: Arc<Shared>,
    name: Arc<str>,
}

impl SimClient {
    pub(crate) const fn new(shared: Arc<Shared>, name: Arc<str>) -> Self {
        Self { shared, name }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives it faults of its own, instead of the store's.
    pub fn set_faults(&self, faults: Faults) {
        self.command("faults changed", |state, name, _| state.client(name).faults = Some(faults));
    }

    /// Cuts its connection: requests do not arrive and replies do not return, and it is told what it is told
    /// of lost replies.
    pub fn cut(&self) {
        self.command("cut off", |state, name, _| state.client(name).cut = true);
    }

    /// Mends its connection.
    pub fn heal(&self) {
        self.command("healed", |state, name, _| state.client(name).cut = false);
    }

    /// Freezes it, as a stopped process: its requests do not leave, and replies wait. What has left goes on.
    ///
    /// A request that is made now leaves at the thaw, even if its caller has given up by then.
    pub fn freeze(&self) {
        self.command("frozen", |state, name, _| state.client(name).frozen = true);
    }

    /// Lets it go on after a freeze.
    pub fn thaw(&self) {
        self.command("thawed", |state, name, now| state.thaw(now, name));
    }

    /// Kills it: nothing that it does from now on reaches the store, and nobody hears a reply. Each of its
    /// requests that has not taken effect yet still does so, when it is due, with probability `landing`.
    pub fn kill(&self, landing: f64) {
        self.command("killed", |state, name, now| state.kill(now, name, landing));
    }

    fn command(&self, text: &str, run: impl FnOnce(&mut State, &Arc<str>, Duration)) {
        let (mut state, now) = self.shared.lock();
        state.drain(now);
        state.note(now, &self.name, text);
        run(&mut state, &self.name, now);
        drop(state);
        self.shared.changed.notify_waiters();
    }

    /// Sends a request and waits for its reply. The effect does not depend on anybody waiting.
    async fn request(&self, request: Request) -> Reply {
        let id = {
            let (mut state, now) = self.shared.lock();
            state.send(now, &self.name, request)
        };
        // Whoever waits for a held request wants to know.
        self.shared.changed.notify_waiters();
        let mut waiting = Waiting { client: self, id: Some(id) };
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let wait = {
                let (mut state, now) = self.shared.lock();
                state.poll(now, id)
            };
            match wait {
                Wait::Over(reply) => {
                    waiting.id = None;
                    return reply;
                }
                Wait::ForChange => changed.await,
                Wait::Until(due) => {
                    let due = self.shared.instant(due);
                    tokio::select! {
                        biased;
                        () = tokio::time::sleep_until(due) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }
}

impl fmt::Display for SimClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimStore({})", self.name)
    }
}

/// Notes that a caller gave up, if it did.
struct Waiting<'a> {
    client: &'a SimClient,
    id: Option<u64>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let (mut state, now) = self.client.shared.lock();
            state.drain(now);
            state.leave(now, id);
        }
    }
}
