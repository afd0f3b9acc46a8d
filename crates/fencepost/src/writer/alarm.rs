//! The one timer of a writer's task, set anew as seldom as will do.

use fencepost_fence::Tick;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Rings at or before the moment it is set to.
///
/// With every entry, the moment at which something is due moves on, mostly to a later one. A timer that rings too
/// early costs one turn of the loop now and then; one that is moved each time costs a lock each time.
#[derive(Debug)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    at: Option<Tick>,
}

impl Alarm {
    pub(super) const fn new() -> Self {
        Self { sleep: None, at: None }
    }

    /// Sees to it that it rings at `due`, if not before.
    pub(super) fn set(&mut self, now: Tick, due: Option<Tick>) {
        let Some(due) = due else {
            self.at = None;
            return;
        };
        if self.at.is_some_and(|at| at <= due) {
            return;
        }
        let wait = Duration::from_millis(due.since(now));
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(Instant::now() + wait),
            None => self.sleep = Some(Box::pin(sleep(wait))),
        }
        self.at = Some(due);
    }

    /// Waits until it rings; for ever, if it is not set.
    pub(super) async fn rings(&mut self) {
        match &mut self.sleep {
            Some(sleep) if self.at.is_some() => sleep.as_mut().await,
            _ => std::future::pending().await,
        }
        self.at = None;
    }
}
