//! Telling whoever waits what has become of their appends and checkpoints.

use super::{Task, Undecided};
use crate::writer::{Appended, Waiter};
use crate::{AppendError, Cause, CheckpointError, telemetry};
use fencepost_fence::{AppendEvent, CheckpointOutcome, Stop, WriterEvent};
use fencepost_format::Position;
use std::sync::Arc;

impl Task {
    pub(super) fn handle(&mut self, event: WriterEvent) {
        match event {
            WriterEvent::Append(AppendEvent::Acknowledged { through }) => self.acknowledge(through),
            WriterEvent::Append(AppendEvent::Failed { from, stop }) => self.stop(from, stop),
            WriterEvent::Append(AppendEvent::Closed) => self.acknowledge(self.core.window().acked()),
            WriterEvent::Checkpoint(outcome) => self.checkpointed(outcome),
        }
    }

    fn acknowledge(&mut self, through: Position) {
        self.idle.note_acknowledged();
        let above = self.undecided.split_off(&through.next());
        let decided = std::mem::replace(&mut self.undecided, above);
        self.ledger.acknowledge(decided.values().map(|append| append.payload.content_length() as u64).sum());
        // First, so that whoever sees an acknowledgement finds it in the status too.
        self.publish();
        for (position, undecided) in decided {
            let Undecided { payload, waiters, begun, .. } = &undecided;
            self.meter.acknowledged(*begun, payload.content_length(), waiters.len());
            for waiter in undecided.waiters {
                let _ = waiter.send(Ok(Appended { position }));
            }
        }
    }

    fn stop(&mut self, from: Position, stop: Stop) {
        if let Some(cause) = self.cause.take() {
            self.stopped_by = Some(Arc::new(cause));
        }
        let cause = self.stopped_by.clone();
        let last = explain(stop, stop.at(), from, &cause);
        let entries = self.undecided.range(from..).count();
        telemetry::stopped(self.io.paths.shard(), self.core.epoch(), stop, &last, entries);
        self.fail_for_good(last);
        for (at, undecided) in self.undecided.split_off(&from) {
            let why = explain(stop, at, from, &cause);
            self.ledger.lose(undecided.first, &why);
            fail(undecided.waiters, &why);
        }
    }

    /// Remembers why, and lets the lease go: whoever comes next need not wait. Comes before anybody is told,
    /// so that they find it in the status too.
    pub(super) fn fail_for_good(&mut self, failure: AppendError) {
        self.ledger.stop(failure);
        self.publish();
        if let Some(renewal) = self.renewal.take() {
            self.errands.spawn(renewal.release());
        }
    }

    fn checkpointed(&mut self, outcome: CheckpointOutcome) {
        let result = match outcome {
            CheckpointOutcome::At { replay_after, version } => {
                let io = self.io.clone();
                while self.errands.try_join_next().is_some() {}
                self.errands.spawn(async move { io.write_hint(version).await });
                Ok(replay_after)
            }
            CheckpointOutcome::Fenced { by } => {
                if let Some(stop) = self.core.stopped() {
                    self.fail_for_good(explain(stop, stop.at(), stop.at(), &None));
                }
                Err(CheckpointError::Fenced { by })
            }
            CheckpointOutcome::GaveUp(why) => {
                let cause = self.io.cause_of(why, self.cause.take());
                Err(CheckpointError::GaveUp { why, cause })
            }
        };
        if let Some(done) = self.checkpoint.take() {
            self.publish();
            let _ = done.send(result);
        }
    }

    pub(super) fn settle_flushes(&mut self) {
        for (done, result) in self.ledger.settle(self.core.window().acked()) {
            let _ = done.send(result);
        }
    }
}

/// Why an append at `at` failed. `met` is where the writer met what stopped it: from there on appends failed.
fn explain(stop: Stop, at: Position, met: Position, cause: &Option<Arc<Cause>>) -> AppendError {
    match stop {
        Stop::Fenced { by, .. } => AppendError::Fenced { by, at: met, definite: stop.is_definite(at) },
        Stop::Obstructed { at: obstacle } => {
            AppendError::Obstructed { at: obstacle, definite: stop.is_definite(at) }
        }
        Stop::Unknown { at } => AppendError::Unknown { at, cause: cause.clone() },
        Stop::NotDone { at } => AppendError::NotDone { at, cause: cause.clone() },
        Stop::RolledBack { at, why } => AppendError::RolledBack { at, why },
    }
}

pub(super) fn fail(waiters: Vec<Waiter>, error: &AppendError) {
    for waiter in waiters {
        let _ = waiter.send(Err(error.clone()));
    }
}
