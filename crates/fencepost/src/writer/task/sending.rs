//! Placing groups in the log, and sending what the core asks for.

use super::{Task, Undecided, fail};
use crate::shard::{Io, Performed};
use crate::telemetry::Stopwatch;
use crate::writer::group::{Group, LARGE_BYTES, Pressure};
use crate::{AppendError, PutRate};
use fencepost_fence::{CreateReply, Machine, Request, Tick};
use fencepost_format::Position;
use fencepost_store::Backend;
use futures::FutureExt;
use object_store::PutPayload;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval};

impl Task {
    /// Gives positions to groups that are due, while window and pace allow.
    pub(super) fn fill_window(&mut self) {
        if let Some(refusal) = self.ledger.refusal() {
            for group in self.groups.drain() {
                self.ledger.lose_waiting(&refusal);
                fail(group.waiters, &refusal);
            }
            return;
        }
        let now = self.io.environment.now();
        while self.may_put
            && self.core.window().has_room()
            && self.groups.due(self.pressure()).is_some_and(|due| due <= now)
        {
            let Some(group) = self.groups.pop() else { break };
            self.place(now, group);
        }
    }

    pub(super) fn pressure(&self) -> Pressure {
        if self.ledger.has_flushes() || self.close.is_some() || self.commands.is_closed() {
            Pressure::Hurry
        } else if self.unanswered < self.depth.limit() {
            Pressure::Ordinary
        } else if self.unanswered < self.depth.limit_max() {
            Pressure::Deep
        } else {
            Pressure::Full
        }
    }

    fn place(&mut self, now: Tick, mut group: Group) {
        let at = self.core.window().next();
        let sealed = self.assembler.assemble(at, &mut group.batches);
        if sealed.is_err() && group.batches.len() > 1 {
            // Each was found to fit an entry of its own.
            return self.groups.part(group);
        }
        let Group { permits, waiters, begun, .. } = group;
        let first = self.ledger.place(waiters.len());
        match sealed {
            Ok(chunks) => {
                let submitted = self.core.submit(now);
                assert_eq!(submitted, Some(at), "the window had room, and positions come in order");
                let payload = PutPayload::from_iter(chunks);
                self.meter.placed(payload.content_length(), waiters.len());
                let placed = Stopwatch::start();
                self.unanswered += 1;
                // How long a large one takes tells of its bytes, not of the others.
                let tells = payload.content_length() < LARGE_BYTES as usize;
                let sent = Some((tells.then(Instant::now), self.unanswered));
                let undecided = Undecided { payload, first, waiters, begun, placed, sent, _memory: permits };
                self.undecided.insert(at, undecided);
                if let Some(pace) = &mut self.pace {
                    pace.reset();
                    self.may_put = false;
                }
            }
            Err(error) => {
                let refused = AppendError::Refused { reason: error.to_string() };
                self.ledger.lose(first, &refused);
                fail(waiters, &refused);
            }
        }
        self.ledger.reach(self.core.window().next().prev());
    }

    pub(super) fn send_requests(&mut self) {
        while let Some(request) = self.core.poll_request() {
            let rows = match &request {
                Request::CreateEntry { entry, attempt } if entry.kind.is_data() => {
                    self.ledger.note_attempt(*attempt);
                    self.meter.sent(*attempt);
                    self.undecided.get(&entry.position).map(|undecided| undecided.payload.clone())
                }
                _ => None,
            };
            let io = Arc::clone(&self.io);
            self.requests.push(match (request, rows) {
                (Request::CreateEntry { entry, attempt }, Some(rows)) => {
                    let is_large = rows.content_length() > SENT_HERE_BYTES_MAX;
                    let create = async move { io.append(entry.position, attempt, rows).await };
                    if is_large { apart(create).boxed() } else { create.boxed() }
                }
                (request, rows) => async move { io.perform_with(request, rows).await }.boxed(),
            });
        }
    }

    /// The first answer about an entry makes room for another. How long a PUT takes, only one that succeeds tells.
    pub(super) fn note_answer(&mut self, at: Position, reply: CreateReply) {
        let sent = self.undecided.get_mut(&at).and_then(|undecided| undecided.sent.take());
        let Some((sent, in_flight)) = sent else { return };
        self.unanswered -= 1;
        if let Some(sent) = sent.filter(|_| reply == CreateReply::Done) {
            self.depth.answered(in_flight, sent.elapsed());
        }
    }
}

/// Performs a request in a task of its own: to sign a large body, or to copy it, takes a while, in which this
/// task could not acknowledge anything.
async fn apart(request: impl Future<Output = Performed> + Send + 'static) -> Performed {
    match tokio::spawn(request).await {
        Ok(performed) => performed,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Nobody aborts requests but a runtime that is being torn down, and this task goes with it.
        Err(_) => std::future::pending().await,
    }
}

/// Bodies up to this size are sent by the writer's own task.
const SENT_HERE_BYTES_MAX: usize = 64 << 10;

/// The pacemaker of a capped writer.
pub(super) fn pace(io: &Io, rate: PutRate) -> Option<Interval> {
    let per_second = match rate {
        PutRate::Unlimited => return None,
        PutRate::AtMost(rate) => rate.get(),
        PutRate::Default if matches!(io.store.backend(), Backend::S3 | Backend::Gcs | Backend::Azure) => {
            CLOUD_PUTS_PER_SECOND
        }
        PutRate::Default => return None,
    };
    // Reset after each PUT, so it never has ticks to make up for.
    Some(tokio::time::interval((Duration::from_secs(1) / per_second).max(Duration::from_millis(1))))
}

const CLOUD_PUTS_PER_SECOND: u32 = 100;
